"""Each verdict of the gate by its rule, as the kernel, a person at the desk and the ledger see it. C3, S6, S7, L1, U3, U9, T4, C2."""

import hashlib
import os
import re
import struct
import subprocess

from labkit import scenarios
from labkit.case import LabCase
from labkit.station import Desk, as_account

MIB = 1 << 20
BASIC = {'classification': 'INTERNO', 'category': 'BASICA'}  # needs no encryption, so that its verdict is about something else
LUKS_SEQID, LUKS_CHECKSUM = 16, slice(448, 480)


def at_length(test):
    """What decides a row of the gate's table alone, which the unit tests go through: only with MPSI_LAB_VERDICTS=all."""
    return test if os.environ.get('MPSI_LAB_VERDICTS') == 'all' else None


def header_of_before(path):
    """The same header one change earlier: its copies are whole, only their sequence number is lower."""
    with open(path, 'r+b') as file:
        size, = struct.unpack('>Q', file.read(16)[8:])
        for offset in (0, size):
            file.seek(offset)
            header = bytearray(file.read(size))
            seqid, = struct.unpack_from('>Q', header, LUKS_SEQID)
            struct.pack_into('>Q', header, LUKS_SEQID, seqid - 1)
            header[448:512] = bytes(64)
            header[LUKS_CHECKSUM] = hashlib.sha256(header).digest()
            file.seek(offset)
            file.write(header)


class AtTheDesk(LabCase):
    """One station for all of them, whose store is the account mpsi's and whose people come over the socket."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest.unplug_all()
        scenarios.watch_buses(cls.guest, 'usb nvme scsi')
        cls.station = Desk(cls.guest)
        cls.station.install()

    @classmethod
    def tearDownClass(cls):
        cls.station.stop()
        cls.guest.unplug_all()
        scenarios.restore_configuration(cls.guest)
        super().tearDownClass()

    def setUp(self):
        self.guest.unplug_all()
        if not self.station.runs():
            self.station.start()
        self.station.forget_log()

    def tearDown(self):
        self.guest.unplug_all()

    def registered(self, bus='usb', size=8 * MIB, *more, **kind):
        medium = self.plug(bus, f'{self.serial_number(bus)}.img', size)
        self.station.wait_log(f'{medium.device}.*read only C3')
        return medium, self.station.register(medium.device, *more, **(kind or BASIC))

    def plug_again(self, medium, bus=None, serial=None):
        """Out and in: a verdict on a new insertion."""
        if medium.id in self.guest.plugged():
            self.guest.unplug(medium)
        self.station.forget_log()
        return self.guest.plug(bus or medium.bus, medium.path, serial or medium.serial)

    def assert_verdict(self, medium, number, said, fact):
        """What mpsid says, what the kernel does, what the ledger has."""
        self.station.wait_log(f'{medium.device} {number}: {said}')
        if fact[0] == 'accept':
            self.assert_writable(medium.device)
        else:
            self.assert_read_only(medium.device)
        self.assertEqual(self.station.judgements(medium.serial)[-1], fact)

    def mount(self, device):
        return self.guest.run(f'mkdir -p /mnt/medium; mount -t ext4 -o ro,noload {device} /mnt/medium && umount /mnt/medium')

    def assert_held(self, device):
        """The gate's hold comes just after the verdict. A mount that only finds no file system there is told otherwise."""
        self.guest.wait(f'mkdir -p /mnt/medium; mount -t ext4 -o ro,noload {device} /mnt/medium 2>&1 | grep -i busy', 10)


class Verdicts(AtTheDesk):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_weak()
        cls.station.start()
        cls.make_expired()

    @classmethod
    def tearDownClass(cls):
        cls.guest.check('date -s "-3 days"')
        super().tearDownClass()

    @classmethod
    def make_weak(cls):
        """Headers by hand, before anybody judges: a cipher that nobody may use, and half the key that ALTA demands."""
        kdf = '--batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --luks2-keyslots-size 1m'
        cls.weak = {}
        for serial, cipher in (('WEAKCIPHER', 'aes-cbc-essiv:sha256'), ('WEAKKEY', 'aes-xts-plain64')):
            medium = cls.guest.plug('usb', cls.guest.image(f'{serial}.img', 16 * MIB), serial)
            cls.guest.check(f'''blockdev --setrw {medium.device}; echo secret >/run/key
                cryptsetup luksFormat {kdf} --cipher {cipher} --key-size 256 {medium.device} /run/key && sync''')
            cls.guest.unplug(medium)
            cls.weak[serial] = medium

    @classmethod
    def make_expired(cls):
        """Registered until tomorrow; then it is the day after."""
        medium = cls.guest.plug('usb', cls.guest.image('EXPIRED.img', 8 * MIB), 'EXPIRED')
        tomorrow = cls.guest.check('date -u -d "+1 day" +%F')
        cls.expired = medium, cls.station.register(medium.device, expires=tomorrow, **BASIC)
        cls.guest.unplug(medium)
        cls.guest.check('date -s "+3 days"')

    def test_unregistered(self):
        """C3: held, so that not even a read-only mount gets in."""
        medium = self.plug('usb')
        self.guest.unplug(medium)
        self.make_file_system(medium.path)
        medium = self.plug_again(medium)
        self.assert_verdict(medium, '', 'read only C3', ('read-only', 'C3'))
        self.assert_held(medium.device)

    @staticmethod
    def make_file_system(path):
        subprocess.run(['/sbin/mkfs.ext4', '-q', '-F', str(path)], check=True)

    def test_person_at_the_desk_is_told(self):
        """C3: why, and what to do, to whoever asks and is registered; to a stranger nothing."""
        medium = self.plug('usb')
        self.assert_verdict(medium, '', 'read only C3', ('read-only', 'C3'))
        said = self.station.do('ana', 'device', 'list')
        self.assertRegex(said, f'{medium.device} .*{medium.serial} .*read only +C3')
        self.assertIn(f'{medium.device}: it is not registered [C3 · ENS mp.si.2].', said)
        self.assertIn('→ Register it with “media register” and encrypt it with “encrypt run”.', said)
        stranger = self.guest.run(as_account('writer', self.station.command('ana', 'device', 'list').split(' env HOME=/tmp ')[1]))
        self.assertEqual(stranger.status, 3, stranger)
        self.assertNotIn(medium.serial, stranger.out)

    @at_length
    def test_not_encrypted(self):
        """C3: registered, and its category demands encryption. It is not held: whoever may encrypt it has to get at it."""
        medium = self.plug('usb')
        self.guest.unplug(medium)
        self.make_file_system(medium.path)
        medium = self.plug_again(medium)
        self.station.wait_log(f'{medium.device}.*read only C3')
        number = self.station.register(medium.device)
        medium = self.plug_again(medium)
        self.assert_verdict(medium, number, 'read only C3', ('read-only', 'C3'))
        self.assertEqual(self.mount(medium.device).status, 0)

    def test_encrypted(self):
        """C3: accepted for mpsi's own processes, and for nobody who sits at the machine; on NVMe too. S6: its UUID on another."""
        medium, number = self.registered(size=20 * MIB, classification='CONFIDENCIAL', category='MEDIA')
        self.station.encrypt(number, medium.device)
        for bus in ('usb', 'nvme'):
            with self.subTest(bus=bus):
                medium = self.plug_again(medium, bus)
                self.assert_verdict(medium, number, 'accepted', ('accept', ''))
                self.assert_only_mpsi_writes(medium.device)
        with self.subTest('another medium with its header'):
            self.guest.unplug(medium)
            other, _ = self.registered('scsi', 20 * MIB)
            self.guest.unplug(other)
            other.path.write_bytes(medium.path.read_bytes())
            other = self.plug_again(other)
            self.assert_verdict(other, '.*', 'refused S6', ('refuse', 'S6'))
            self.assert_held(other.device)
        with self.subTest('its header of before'):
            header_of_before(medium.path)
            medium = self.plug_again(medium, 'usb')
            self.assert_verdict(medium, number, 'read only C2.*older header', ('read-only', 'C2'))
        self.station.verify()

    def assert_only_mpsi_writes(self, device):
        write = f'dd if=/run/block of={device} bs=4096 count=1 seek=1 oflag=direct conv=notrunc'
        self.assertEqual(self.guest.check(f'stat -c "%U:%G %a" {device}'), 'root:mpsi 660')
        self.guest.check(as_account('mpsi', write))
        for account in ('desk', 'writer'):  # at the screen, and in the group disk
            self.assertIn('Permission denied', self.guest.run(as_account(account, write)).err)

    def test_header_of_before_in_the_highest_category(self):
        """C2, row 11: refused there, and held, and an incident (U9), one however often it comes; on SCSI."""
        medium, number = self.registered('scsi', 20 * MIB, classification='SECRETO', category='ALTA')
        self.station.do('sara', 'encrypt', 'run', number, medium.device, '--confirm', number, '--waiver', 'no HSM here')
        self.station.wait_log(f'{number}: accepted')
        self.assert_writable(medium.device)
        self.guest.unplug(medium)
        header_of_before(medium.path)
        for _ in range(2):
            medium = self.plug_again(medium)
            self.assert_verdict(medium, number, 'refused C2.*older header', ('refuse', 'C2'))
            self.assert_held(medium.device)
            opened = [event['data'] for event in self.station.events('incident.opened') if number in event['data']['media']]
            self.assertEqual([incident['kind'] for incident in opened], ['header'])
            self.guest.unplug(medium)
            self.station.forget_log()

    def test_weak_header(self):
        """C2: a cipher that is not approved; a key below the category."""
        for serial, category, why in (('WEAKCIPHER', 'MEDIA', 'aes-cbc'), ('WEAKKEY', 'ALTA', 'key of 256 bits; 512 wanted')):
            with self.subTest(why):
                medium = self.plug_again(self.weak[serial])
                self.station.wait_log(f'{medium.device}.*read only C3')
                number = self.station.register(medium.device, category=category)
                self.assert_verdict(medium, number, f'refused C2.*{why}', ('refuse', 'C2'))
                medium = self.plug_again(medium)
                self.assert_verdict(medium, number, f'refused C2.*{why}', ('refuse', 'C2'))
                self.assert_held(medium.device)
                self.guest.unplug(medium)

    @at_length
    def test_expired(self):
        """L1."""
        medium, number = self.expired
        medium = self.plug_again(medium)
        self.assert_verdict(medium, number, 'read only L1', ('read-only', 'L1'))

    def test_on_loan(self):
        """U3: until its return is on record."""
        medium, number = self.registered()
        self.assert_verdict(medium, number, 'accepted', ('accept', ''))
        due = self.guest.check('date -u -d "+7 days" +%F')
        self.station.do('ana', 'loan', 'request', number, '--to', 'ana', '--reason', 'restore', '--due', due, '--location', 'room 4')
        self.station.do('marta', 'loan', 'approve', number)
        self.station.do('carlos', 'loan', 'out', number, '--seal', 'S-0091', '--device', medium.device)
        medium = self.plug_again(medium)
        self.assert_verdict(medium, number, 'read only U3', ('read-only', 'U3'))
        self.station.do('carlos', 'loan', 'in', number, '--seal', 'S-0091', '--condition', 'whole', '--device', medium.device)
        self.assert_verdict(medium, number, 'accepted', ('accept', ''))

    @at_length
    def test_in_transit_and_lost(self):
        """T4, U9: on its way it is read-only where it turns up; lost, it is refused."""
        medium, number = self.registered()
        answer = self.station.do('carlos', 'ship', 'create', '--from', 'HQ', '--to', 'Toledo', '--recipient', 'luis', '--media', number,
                                 '--method', 'certified-courier', '--route', 'A-42', '--limit', '48', '--reason', 'off site')
        shipment = re.search(r'\bE\d{6}\b', answer)[0]
        self.station.do('carlos', 'label', 'print', number, '--out', '/tmp/label.svg')
        levels = ('encrypted-medium', 'antistatic-bag', 'foam', 'rigid-container', 'security-seal', 'outer-pack')
        self.station.do('carlos', 'ship', 'pack', shipment, *(f'--level={level}' for level in levels), '--seal', 'S-0092',
                        '--label-checked', '--device', f'{number}={medium.device}')
        self.station.do('marta', 'ship', 'authorise', shipment)
        self.station.do('carlos', 'ship', 'dispatch', shipment, '--seal', 'S-0092', '--place', 'Madrid')
        medium = self.plug_again(medium)
        self.assert_verdict(medium, number, 'read only T4', ('read-only', 'T4'))
        self.station.do('luis', 'ship', 'lost', shipment, '--circumstances', 'it did not arrive')
        self.assert_verdict(medium, number, 'refused U9', ('refuse', 'U9'))
        medium = self.plug_again(medium)
        self.assert_verdict(medium, number, 'refused U9', ('refuse', 'U9'))
        self.assert_held(medium.device)

    @at_length
    def test_retired(self):
        """C3: wiped and out of use."""
        medium, number = self.registered('usb', 8 * MIB, '--kind', 'hdd', **BASIC)
        self.station.do('ana', 'wipe', 'run', number, '--device', medium.device, '--confirm', number)
        self.station.do('carlos', 'media', 'retire', number, '--reason', 'old')
        medium = self.plug_again(medium)
        self.assert_verdict(medium, number, 'read only C3', ('read-only', 'C3'))
