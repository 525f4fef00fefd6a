"""Re-encryption by the station's own unprivileged worker, cut off by what really happens: the medium pulled out, mpsid killed,
the power gone. C5, C9, S7, C10.

MPSI_LAB_ROTATIONS=n changes how often each kind of cut is made (from 2 on, on USB too), MPSI_LAB_SEED=n the moments.
"""

import os
import random
import shutil
import time

from labkit import scenarios
from labkit.case import LabCase, default_folder
from labkit.guest import Guest
from labkit.liar import Liar
from labkit.station import HOME, STORE, Desk, Station, make_store

MIB = 1 << 20
ROTATIONS = int(os.environ.get('MPSI_LAB_ROTATIONS', 1))
SEED = int(os.environ.get('MPSI_LAB_SEED', time.time()))


class Rotating(LabCase):
    """What its scenarios have in common: a medium with content, and how one tells that it is still the same."""

    def opened(self, medium, number):
        self.station.do('ana', 'encrypt', 'unlock', number, medium.device)
        return f'/dev/mapper/mpsi-{number}'

    def filled(self, medium, number):
        """Encrypts it and puts files on it; returns what they are."""
        self.station.do('ana', 'encrypt', 'run', number, medium.device, '--confirm', number, '--no-fill')
        if isinstance(self.station, Desk):
            self.station.wait_log(f'{medium.device} {number}: accepted')
        node = self.opened(medium, number)
        self.guest.check(f'''mkfs.ext4 -q {node} && mkdir -p /mnt/medium && mount {node} /mnt/medium
            for i in 1 2 3 4 5 6; do head -c 2000000 /dev/urandom >/mnt/medium/study-$i; done
            umount /mnt/medium; sync''')
        content = self.content(node)
        self.station.do('ana', 'encrypt', 'lock', number)
        return content

    def content(self, node):
        return self.guest.check(f'''mkdir -p /mnt/medium && mount -o ro,noload {node} /mnt/medium && (cd /mnt/medium && sha256sum study-*)
            umount /mnt/medium''')

    def key_is_new(self, number, versions):
        keys = self.guest.check(f'''sqlite3 -cmd ".timeout 5000" {STORE}/registry.db \\
            "SELECT group_concat(state) FROM (SELECT state FROM crypto_key WHERE medium = '{number}' ORDER BY version)"''').split(',')
        self.assertEqual(keys.count('live'), 1, keys)
        self.assertEqual(keys[-1], 'live')
        self.assertGreater(len(keys), versions)

    def changes_begun(self, number):
        return sum(event['subject'] == number for event in self.station.events('encryption.change-started'))

    def start_rotation(self, medium, number):
        """Returns when the change is on record, how long after its start: before that there is nothing to go on with."""
        began, started = self.changes_begun(number), time.monotonic()
        self.station.start_act('rotate', 'ana', 'encrypt', 'rotate', number, medium.device, '--kind', 'volume')
        while self.changes_begun(number) == began and time.monotonic() < started + 60:
            time.sleep(0.2)
        return time.monotonic() - started


class Rotation(Rotating):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest.unplug_all()
        cls.guest.put('/etc/mpsi/mpsi.conf', '[gate]\nbuses = usb nvme scsi\n')
        cls.station = Desk(cls.guest)
        cls.station.install()
        cls.lottery = random.Random(SEED)
        print(f'    seed {SEED}')

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

    def tearDown(self):
        self.guest.unplug_all()

    def begin(self):
        self.station.start('--config', '/etc/mpsi/mpsi.conf')
        self.station.do('sara', 'key', 'unlock')

    def encrypted(self, bus):
        """A medium with content, and what its content is."""
        medium = self.plug(bus, f'{self.serial_number(bus)}.img', 40 * MIB)
        self.station.wait_log(f'{medium.device}.*read only C3')
        number = self.station.register(medium.device)
        return medium, number, self.filled(medium, number)

    def wait_rekeyed(self, number, count, timeout=180):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            done = [event for event in self.station.events('encryption.changed')
                    if event['subject'] == number and event['data']['reason'] == 'rekeyed']
            if len(done) >= count:
                return
            time.sleep(1)
        self.fail(f'{number} is not re-encrypted:\n{self.station.log()}')

    def rotate(self, medium, number):
        began = time.monotonic()
        self.station.do('ana', 'encrypt', 'rotate', number, medium.device, '--kind', 'volume', timeout=300)
        return time.monotonic() - began

    def check_after(self, medium, number, content, versions):
        # Not by the journal: a verdict that was on record before the cut is no news.
        self.guest.wait(f'[ "$(blockdev --getro {medium.device})" = 0 ]')
        self.assertEqual(self.content(self.opened(medium, number)), content)
        self.station.do('ana', 'encrypt', 'lock', number)
        self.key_is_new(number, versions)
        self.station.verify()

    def test_by_the_unprivileged_worker(self):
        """C5: over the socket, by an account without rights; every file is as before."""
        medium, number, content = self.encrypted('scsi')
        self.station.forget_log()
        self.rotate(medium, number)
        self.check_after(medium, number, content, 1)

    def cut_and_resumed(self, bus, cut):
        medium, number, content = self.encrypted(bus)
        whole = self.rotate(medium, number)
        for round_ in range(1, ROTATIONS + 1):
            moment = self.lottery.uniform(whole * 0.2, whole * 0.8)
            with self.subTest(seed=SEED, bus=bus, round=round_, moment=round(moment, 2)):
                time.sleep(max(0, moment - self.start_rotation(medium, number)))
                medium = cut(medium)
                self.wait_rekeyed(number, round_ + 1)
                self.check_after(medium, number, content, round_ + 1)
        self.guest.unplug(medium)

    def test_mpsid_is_killed(self):
        """C5 S7: kill -9 of the station; started and unlocked again, it goes on by itself."""
        def cut(medium):
            self.guest.check('pkill -KILL mpsid; sleep 1')
            self.begin()
            return medium
        self.cut_and_resumed('usb', cut)

    def test_pulled_out(self):
        """C5 S7: pulled out in the middle; plugged in again, it goes on by itself."""
        def cut(medium):
            self.guest.unplug(medium)
            time.sleep(2)
            self.station.forget_log()
            return self.guest.plug(medium.bus, medium.path, medium.serial)
        for bus in ('nvme', 'usb') if ROTATIONS > 1 else ('nvme',):
            self.cut_and_resumed(bus, cut)


class PowerLoss(Rotating):
    """C5 S7: the machine dies in the middle, and with it what the disk's cache had not handed on."""
    own_guest = True

    def setUp(self):
        self.folder = default_folder().with_name(default_folder().name + '-rotate')
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        self.lottery = random.Random(SEED)
        self.store = self.folder / 'store.img'
        with open(self.store, 'wb') as file:
            file.truncate(64 * MIB)
        self.lost = 0

    def tearDown(self):
        if hasattr(self, 'guest'):
            self.guest.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def boot(self):
        self.guest = Guest.boot(self.folder, store={'driver': 'raw', 'node-name': 'store',
                                                    'file': {'driver': 'file', 'filename': str(self.store)}})
        self.station = Station(self.guest)
        self.guest.check(f'mkdir -p {HOME}; blkid /dev/vda || mkfs.ext4 -q /dev/vda; mount /dev/vda {HOME}')
        self.guest.put('/run/store.tar.gz', make_store(self.guest.folder))
        self.guest.check('tar -C /lab -xzf /run/store.tar.gz secrets')

    def plug_in(self):
        self.liar = Liar(self.image, cached=True, seed=self.lottery.random())
        medium = self.guest.plug('scsi', self.image, 'ROTATED', bytes_per_second=1 << 30, liar=self.liar)
        self.guest.check(f'blockdev --setrw {medium.device}')
        return medium

    def cut(self, medium, number, moment):
        """Rotates, and cuts the power that many seconds after it is on record. False when it was over before."""
        self.start_rotation(medium, number)
        time.sleep(moment)
        over = self.station.is_finished('rotate')
        self.guest.kill()
        self.boot()
        self.liar.close()
        self.lost += self.liar.lost
        return not over

    def test_in_mid_reencryption(self):
        self.boot()
        self.station.install()
        self.image, cuts, rounds = self.guest.image('disk.img', 40 * MIB), 0, 0
        medium = self.plug_in()
        number = self.station.register(medium.device, '--kind', 'ssd')
        content = self.filled(medium, number)
        self.guest.throttle(medium, 24 * MIB)
        whole = 20
        if ROTATIONS > 1:
            recorded, began = self.start_rotation(medium, number), time.monotonic()
            self.station.finished_act('rotate', 300)
            whole, rounds = time.monotonic() - began, 1
            print(f'    begun after {recorded:.1f} s, ended {whole:.1f} s later', flush=True)
        while cuts < ROTATIONS:  # each moment is in the message: nothing goes on after a failure
            moment, rounds = self.lottery.uniform(0, whole), rounds + 1
            cuts += self.cut(medium, number, moment)
            medium = self.plug_in()
            where = f'seed {SEED}, round {rounds}, cut after {moment:.2f} s'
            result = self.station.act('ana', 'encrypt', 'rotate', number, medium.device, '--kind', 'volume', timeout=300)
            self.assertEqual(result.status, 0, f'{where}: {result}')
            self.assertEqual(self.content(self.opened(medium, number)), content, where)
            self.station.do('ana', 'encrypt', 'lock', number)
            self.key_is_new(number, rounds)
            self.station.verify()
            self.guest.throttle(medium, 24 * MIB)
        print(f'    {cuts} power losses within {whole:.0f} s, {self.lost} sectors lost from its cache')
        self.assertTrue(self.lost or cuts < 10, 'none of them came while it was writing')
