"""Encrypted media opened for one user: the whole path from the socket to dm-crypt and back. C9, S6, C2, C3, X2."""

import json
import os
import shlex

from labkit import scenarios
from labkit.case import LabCase
from labkit.station import STORE, Desk, as_account

MIB = 1 << 20
OTHER = 'writer'  # a person of the machine who has nothing to do with the medium, and is in the group disk


def at_length(test):
    """What the command-line tests show too, without a kernel that opens anything: only with MPSI_LAB_UNLOCK=all."""
    return test if os.environ.get('MPSI_LAB_UNLOCK') == 'all' else None


class Unlock(LabCase):
    idle = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest.unplug_all()
        cls.configure()
        cls.station = Desk(cls.guest)
        cls.station.install()
        cls.begin()
        # A mere user, who has what is lent to him.
        for words in (('grant', 'luis', 'user'), ('revoke', 'luis', 'operator')):
            cls.station.do('sara', 'person', *words, '--reason', 'another post')

    @classmethod
    def configure(cls):
        cls.guest.put('/etc/mpsi/mpsi.conf', '[gate]\nbuses = usb nvme scsi\n' + (f'[unlock]\nidle = {cls.idle}\n' if cls.idle else ''))

    @classmethod
    def begin(cls):
        """mpsid, and its vault unlocked: nobody is asked for a passphrase then (C9)."""
        cls.station.start('--config', '/etc/mpsi/mpsi.conf')
        cls.station.do('sara', 'key', 'unlock')

    @classmethod
    def tearDownClass(cls):
        cls.station.stop()
        cls.guest.unplug_all()
        scenarios.restore_configuration(cls.guest)
        super().tearDownClass()

    def setUp(self):
        self.guest.unplug_all()
        if not self.station.runs():
            self.begin()
        self.station.forget_log()

    def tearDown(self):
        self.guest.run('umount /mnt/medium')
        self.guest.unplug_all()

    def encrypted(self, bus='usb', category='MEDIA', **more):
        medium = self.plug(bus, f'{self.serial_number(bus)}.img', 24 * MIB)
        self.station.wait_log(f'{medium.device}.*read only C3')
        number = self.station.register(medium.device, category=category, **more)
        self.station.do('ana', 'encrypt', 'run', number, medium.device, '--confirm', number, '--no-fill')
        self.station.wait_log(f'{medium.device} {number}: accepted')
        return medium, number

    def open_medium(self, bus='usb', who='ana'):
        medium, number = self.encrypted(bus)
        self.station.do(who, 'encrypt', 'unlock', number, medium.device)
        return medium, number, f'/dev/mapper/mpsi-{number}'

    def as_user(self, account, command):
        return self.guest.run(as_account(account, f'bash -c {shlex.quote(command)}'))

    def write_as(self, account, node):
        return self.as_user(account, f'mkfs.ext4 -q -E root_owner {node} && echo study | dd of={node} bs=4096 seek=2000 conv=notrunc,fsync')

    def wait_closed(self, number, reason, timeout=30):
        query = (f"SELECT json_extract(data, '$.reason') FROM event WHERE type = 'encryption.closed' AND subject = '{number}' "
                 'ORDER BY seq DESC LIMIT 1')
        try:
            self.guest.wait(f'[ "$(sqlite3 -cmd ".timeout 5000" {STORE}/registry.db {shlex.quote(query)})" = {reason} ]', timeout)
        except AssertionError:
            self.fail(f'{number} is not on record as closed ({reason}):\n{self.station.log()}\n{self.guest.run("dmsetup info").out}')
        self.assertNotEqual(self.guest.run(f'dmsetup info mpsi-{number}').status, 0)


class Openings(Unlock):

    def test_one_user(self):
        """C9: opened over the socket by an ordinary user, who writes and reads it; nobody else does, and nobody sees the key."""
        medium, number, node = self.open_medium()
        result = self.write_as('desk', node)
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.as_user('desk', f'dd if={node} bs=4096 skip=2000 count=1 2>/dev/null | head -c 5').out, 'study')
        for account in (OTHER, 'games', 'mpsi'):
            self.assertNotEqual(self.as_user(account, f'head -c 16 {node}').status, 0, account)
        # On each event the node stays its user's.
        self.guest.check(f'udevadm trigger --action=change --settle $(readlink -f {node})')
        self.assertEqual(self.guest.check(f'stat -Lc "%U %G %a" {node}'), 'desk root 600')
        self.assertNotEqual(self.as_user(OTHER, f'head -c 16 {node}').status, 0)
        table = self.guest.check(f'dmsetup table --showkeys mpsi-{number}')
        self.assertRegex(table, r'crypt aes-xts-plain64 :32:logon:mpsi:\S+ 0 ')
        self.assertNotRegex(table, '[0-9a-f]{32}')
        self.assertNotIn(b'study', medium.path.read_bytes())
        opened = self.station.events('encryption.opened')[-1]
        self.assertEqual((opened['subject'], opened['data']['mode']), (number, 'read-write'))
        self.station.verify()

    @at_length
    def test_what_is_open_is_told(self):
        """C9: for whom and since when; a user sees only what is theirs."""
        medium, number, node = self.open_medium()
        said = self.station.do('carlos', '--json', 'encrypt', 'status')
        row, = [row for row in json.loads(said)['rows'] if row['medium'] == number]
        self.assertEqual((row['person'], row['account'], row['node'], row['open']), ('ana', 'desk', node, True))
        self.assertNotIn(number, self.station.do('luis', 'encrypt', 'status'))
        again = self.station.act('ana', 'encrypt', 'unlock', number, medium.device)
        self.assertEqual(again.status, 7, again)
        self.assertIn(node, str(again))

    def test_lock(self):
        """C9: what was written is there the next time; while it is mounted it is not closed under its user."""
        medium, number, node = self.open_medium()
        self.write_as('desk', node)
        self.guest.check(f'mkdir -p /mnt/medium && mount {node} /mnt/medium && echo words >/mnt/medium/text')
        result = self.station.act('ana', 'encrypt', 'lock', number)
        self.assertEqual(result.status, 75, result)
        self.assertIn('--force', str(result))
        self.guest.check('umount /mnt/medium')
        self.station.do('ana', 'encrypt', 'lock', number)
        self.wait_closed(number, 'lock')
        self.station.do('ana', 'encrypt', 'unlock', number, medium.device)
        self.guest.check(f'mount {node} /mnt/medium && grep words /mnt/medium/text')

    def test_lock_by_force(self):
        """C9: under a mount what is written reaches the medium, then the key is gone and whoever has it open gets errors."""
        medium, number, node = self.open_medium()
        self.write_as('desk', node)
        self.guest.check(f'mkdir -p /mnt/medium && mount {node} /mnt/medium && echo words >/mnt/medium/text')
        self.station.do('ana', 'encrypt', 'lock', number, '--force')
        self.wait_closed(number, 'lock')
        self.assertNotIn('crypt', self.guest.check('dmsetup table'))
        self.assertNotEqual(self.guest.run('echo more >/mnt/medium/more && sync -f /mnt/medium/more').status, 0)
        self.guest.run('umount /mnt/medium')
        self.guest.wait('! dmsetup ls | grep mpsi')
        self.station.do('ana', 'encrypt', 'unlock', number, medium.device)
        self.guest.check(f'mount {node} /mnt/medium && grep words /mnt/medium/text')

    @at_length
    def test_somebody_else_locks(self):
        """C9: who keeps the media may close what others opened; a mere user may not."""
        _, number, _ = self.open_medium()
        self.assertEqual(self.station.act('luis', 'encrypt', 'lock', number).status, 3)
        self.station.do('carlos', 'encrypt', 'lock', number)
        self.wait_closed(number, 'lock')

    def test_removed(self):
        """C9: pulled out, idle or mounted, it is closed at once; plugged in again it opens again."""
        for mounted in (False, True):
            with self.subTest(mounted=mounted):
                medium, number, node = self.open_medium() if not mounted else (medium, number, node)
                if mounted:
                    self.station.do('ana', 'encrypt', 'unlock', number, medium.device)
                    self.guest.check(f'mkfs.ext4 -q {node}; mkdir -p /mnt/medium && mount {node} /mnt/medium && echo words >/mnt/medium/text')
                self.guest.unplug(medium)
                self.wait_closed(number, 'removed')
                self.assertNotIn('crypt', self.guest.check('dmsetup table'))
                self.guest.run('umount /mnt/medium')
                self.station.forget_log()
                medium = self.guest.plug('usb', medium.path, medium.serial)
                self.station.wait_log(f'{medium.device} {number}: accepted')
        self.station.do('ana', 'encrypt', 'unlock', number, medium.device)

    def test_what_let_it_be_open_is_over(self):
        """C9, X4: whoever opened it is blocked meanwhile; what was written is on the medium."""
        medium, number, node = self.open_medium()
        self.write_as('desk', node)
        self.guest.check(f'mkdir -p /mnt/medium && mount {node} /mnt/medium && echo words >/mnt/medium/text')
        self.station.do('sara', 'person', 'block', 'ana', '--reason', 'on leave')
        try:
            self.wait_closed(number, 'verdict')
        finally:
            self.station.do('sara', 'person', 'unblock', 'ana', '--reason', 'back')
        self.guest.run('umount /mnt/medium')
        self.station.do('ana', 'encrypt', 'unlock', number, medium.device)
        self.guest.check(f'mount {node} /mnt/medium && grep words /mnt/medium/text')

    @at_length
    def test_expired(self):
        """L1: what has expired is read, and not written: an opening for writing ends, and the next one is for reading."""
        tomorrow = self.guest.check('date -u -d "+1 day" +%F')
        medium, number = self.encrypted(expires=tomorrow)
        self.station.do('ana', 'encrypt', 'unlock', number, medium.device)
        self.guest.check('date -s "+3 days"')
        try:
            self.station.do('sara', 'person', 'train', 'luis', '--course', 'c', '--until', '2099-12-31', '--hours', '1')  # news
            self.wait_closed(number, 'verdict')
            self.station.wait_log(f'{medium.device} {number}: read only L1')
            self.station.do('ana', 'encrypt', 'unlock', number, medium.device)
            node = f'/dev/mapper/mpsi-{number}'
            self.assertEqual(self.guest.check(f'stat -Lc "%U %a" {node}; blockdev --getro {node}'), 'desk 400\n1')
            self.assertNotEqual(self.as_user('desk', f'chmod 600 {node}; dd if=/dev/zero of={node} bs=4096 count=1 conv=fsync').status, 0)
            opened = self.station.events('encryption.opened')[-1]['data']
            self.assertEqual((opened['mode'], opened['rule']), ('read-only', 'L1'))
            self.station.do('ana', 'encrypt', 'lock', number)
        finally:
            self.guest.check('date -s "-3 days"')

    @at_length
    def test_judged_as_before(self):
        """C3, S6: a medium that is open is no stranger, and no wipe gets at it."""
        medium, number, node = self.open_medium()
        before = self.station.judgements(medium.serial)
        self.guest.check(f'udevadm trigger --action=change --settle {medium.device}; sleep 1.5')
        self.assertEqual(self.station.judgements(medium.serial), before)
        self.assertEqual(self.guest.check(f'blockdev --getro {medium.device}'), '0')
        result = self.station.act('ana', 'wipe', 'run', number, '--device', medium.device, '--confirm', number)
        self.assertEqual(result.status, 5, result)
        self.assertIn('encrypt lock', str(result))

    def test_killed(self):
        """C9: mpsid dies and comes back; the user notices nothing, and it closes on removal all the same."""
        medium, number, node = self.open_medium()
        self.write_as('desk', node)
        self.guest.check('kill -9 $(cat /run/mpsid.pid); sleep 0.5')
        self.station.start('--config', '/etc/mpsi/mpsi.conf')
        self.station.wait_log(f'{number}: is open on')
        self.guest.check('sleep 2')
        self.assertEqual(self.as_user('desk', f'dd if={node} bs=4096 skip=2000 count=1 2>/dev/null | head -c 5').out, 'study')
        self.assertEqual(self.guest.check(f'blockdev --getro {medium.device}'), '0')
        self.guest.unplug(medium)
        self.wait_closed(number, 'removed')

    def test_removed_while_mpsid_is_dead(self):
        """C9: the mapping of a medium that is gone does not outlive the guard's return."""
        medium, number, node = self.open_medium()
        self.guest.check('kill -9 $(cat /run/mpsid.pid); sleep 0.5')
        self.guest.unplug(medium)
        self.station.start('--config', '/etc/mpsi/mpsi.conf')
        self.wait_closed(number, 'removed', 120)

    def test_stopped(self):
        """C9: a station that stops closes what is open, mounted or not, and says so."""
        medium, number, node = self.open_medium()
        self.write_as('desk', node)
        self.guest.check(f'mkdir -p /mnt/medium && mount {node} /mnt/medium && echo words >/mnt/medium/text')
        self.station.stop()
        self.wait_closed(number, 'stop')
        self.assertNotIn('crypt', self.guest.check('dmsetup table'))
        self.guest.run('umount /mnt/medium')

    def test_on_loan(self):
        """C9, U3: whoever has it on loan opens it, for writing too; the others do not."""
        medium, number = self.encrypted()
        due = self.guest.check('date -u -d "+5 days" +%F')
        self.station.do('ana', 'loan', 'request', number, '--to', 'luis', '--reason', 'restore', '--due', due, '--location', 'room 4')
        self.station.do('marta', 'loan', 'approve', number)
        self.station.do('carlos', 'loan', 'out', number, '--seal', f'S-{number[-5:]}', '--device', medium.device,
                        '--supervisor', 'ana')
        self.station.wait_log(f'{medium.device} {number}: read only U3')
        result = self.station.act('ana', 'encrypt', 'unlock', number, medium.device)
        self.assertEqual(result.status, 5, result)
        self.assertIn('C9', str(result))
        self.station.do('luis', 'encrypt', 'unlock', number, medium.device)
        node = f'/dev/mapper/mpsi-{number}'
        self.assertEqual(self.write_as('lp', node).status, 0)
        self.station.do('luis', 'encrypt', 'lock', number)
        # The gate closes it again.
        self.guest.wait(f'[ "$(blockdev --getro {medium.device})" = 1 ]')

    def test_old_header(self):
        """C2, row 11: a header whose number was turned back has no MAC that holds: it is not opened even for reading."""
        from test_verdicts import header_of_before
        medium, number = self.encrypted()
        self.guest.unplug(medium)
        header_of_before(medium.path)
        self.station.forget_log()
        medium = self.guest.plug('usb', medium.path, medium.serial)
        self.station.wait_log(f'{medium.device} {number}: .* C2')
        before = medium.path.read_bytes()
        result = self.station.act('ana', 'encrypt', 'unlock', number, medium.device)
        self.assertNotEqual(result.status, 0, result)
        self.assertIn('authentication', str(result))
        self.assertEqual(self.guest.run('dmsetup ls | grep mpsi').status, 1)
        self.assertEqual(medium.path.read_bytes(), before)

    @at_length
    def test_reading_only(self):
        """C9: asked for reading only, it takes no write from anybody."""
        medium, number = self.encrypted()
        self.station.do('ana', 'encrypt', 'unlock', number, medium.device, '--read-only')
        node = f'/dev/mapper/mpsi-{number}'
        before = medium.path.read_bytes()
        self.assertEqual(self.guest.check(f'stat -Lc "%U %a" {node}; blockdev --getro {node}'), 'desk 400\n1')
        self.assertEqual(self.as_user('desk', f'head -c 16 {node} | wc -c').out.strip(), '16')
        self.assertNotEqual(self.as_user('desk', f'chmod 600 {node}; dd if=/dev/zero of={node} bs=4096 count=1 conv=fsync').status, 0)
        mapped = ('import mmap, os, sys; fd = os.open(sys.argv[1], os.O_RDWR); '
                  'm = mmap.mmap(fd, 4096); m[0:5] = b"abcde"; m.flush(); os.fsync(fd)')
        self.assertNotEqual(self.as_user('desk', f'python3 -c {shlex.quote(mapped)} {node}').status, 0)
        self.guest.check('sync')
        self.assertEqual(medium.path.read_bytes(), before)

    def test_wrong_header(self):
        """C2: another medium's header, and one that was changed, open nothing; failures are counted, and grave ones said."""
        medium, number = self.encrypted()
        self.guest.unplug(medium)
        text = bytearray(medium.path.read_bytes())
        text[0x8000:0x8000 + 64] = bytes(64)  # in the machine's slot
        medium.path.write_bytes(text)
        self.station.forget_log()
        medium = self.guest.plug('usb', medium.path, medium.serial)
        self.station.wait_log(f'{medium.device} {number}: accepted')
        levels = []
        for _ in range(6):
            self.assertNotEqual(self.station.act('ana', 'encrypt', 'unlock', number, medium.device).status, 0)
        failed = [event['data'] for event in self.station.events('encryption.open-failed') if event['subject'] == number]
        self.assertEqual([data['failed'] for data in failed], [1, 2, 3, 4, 5, 6])
        self.assertEqual([data['level'] for data in failed], ['', '', '', 'alert', 'alert', 'critical'])
        self.assertEqual(self.guest.run('dmsetup ls | grep mpsi').status, 1)

    def test_wrong_passphrase(self):
        """C9, X4: it opens nothing, and both counts go up."""
        medium, number = self.encrypted()
        self.station.do('sara', 'key', 'lock')
        self.guest.check('cp /lab/secrets-desk/master /run/right; echo wrong-passphrase-000 >/lab/secrets-desk/master')
        try:
            self.assertEqual(self.station.act('ana', 'encrypt', 'unlock', number, medium.device).status, 3)
        finally:
            self.guest.check('cp /run/right /lab/secrets-desk/master')
        failed = [event['data']['failed'] for event in self.station.events('encryption.open-failed') if event['subject'] == number]
        self.assertEqual(failed, [1])
        self.station.do('ana', 'encrypt', 'unlock', number, medium.device)

    @at_length
    def test_another_medium(self):
        """S6: the ID of one medium and the disk of another."""
        one, number = self.encrypted()
        other = self.plug('usb', 'other.img', 24 * MIB, serial='OTHER-STICK')
        self.station.wait_log(f'{other.device}.*read only C3')
        result = self.station.act('ana', 'encrypt', 'unlock', number, other.device)
        self.assertEqual(result.status, 5, result)


class Idle(Unlock):
    idle = '4s'

    def test_idle(self):
        """C9: not used and not open, it closes by itself; mounted it stays."""
        medium, number, node = self.open_medium()
        self.write_as('desk', node)
        self.guest.check(f'mkdir -p /mnt/medium && mount {node} /mnt/medium; sleep 9; dmsetup info mpsi-{number}')
        self.guest.check('umount /mnt/medium')
        self.wait_closed(number, 'idle', 40)


class Desktop(Unlock):

    def test_udisks(self):
        """C9: the desktop's mounter takes it for no part of the system."""
        udisks = scenarios.Udisks(self.guest)
        try:
            medium, number, node = self.open_medium()
            self.write_as('desk', node)
            said = self.guest.wait(f'udisksctl info -b $(readlink -f {node})')
            self.assertRegex(said, r'HintSystem: +false')
            self.assertRegex(said, r'HintIgnore: +false')
            result = udisks.mount(f'$(readlink -f {node})')
            self.assertEqual(result.status, 0, result)
            self.guest.check(f'udisksctl unmount --no-user-interaction -b $(readlink -f {node})')
            self.assert_one_user_mounts(node)
        finally:
            udisks.end()

    def assert_one_user_mounts(self, node):
        """What polkit says to udisks2 about a mount, asked for by a process of each."""
        # polkit looks in /usr/share and /etc only, whatever the prefix of this installation.
        self.guest.check('''mkdir -p /etc/polkit-1/rules.d; cp /usr/local/share/polkit-1/rules.d/mpsi.rules \\
            /etc/polkit-1/rules.d/; chmod -R a+rX /etc/polkit-1; test -s /etc/polkit-1/rules.d/mpsi.rules; kill $(pidof polkitd); sleep 1; true''')
        self.guest.check('pidof polkitd >/dev/null || { setsid /usr/lib/polkit-1/polkitd --no-debug >/run/polkitd.log 2>&1 & }; sleep 2')
        said = {}
        for account in ('desk', 'games'):
            said[account] = self.guest.run(f"""setpriv --reuid={account} --regid=$(id -g {account}) --init-groups sleep 60 & pid=$!
                for i in {{1..100}}; do [ "$(stat -c %U /proc/$pid)" = {account} ] && break; sleep 0.1; done
                pkcheck --action-id org.freedesktop.udisks2.filesystem-mount --process $pid --detail device $(readlink -f {node})
                status=$?; kill $pid; exit $status""").status
        self.assertEqual(said['desk'], 0, self.guest.run('cat /run/polkitd.log').out)
        self.assertNotEqual(said['games'], 0)
