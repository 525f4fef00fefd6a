"""What mpsi orders a disk's firmware to erase, on a disk that does it, lies, fails or is cut off (guest/firmware_disk.h).
S2, S4, S5, S7. It tests what mpsi makes of the answers; of the firmware of any real disk it proves nothing.

MPSI_LAB_FIRMWARE=all tries every method in every mode, which takes some minutes; by default a few of each.
"""

import json
import os

from labkit import firmware, scenarios
from labkit.case import LabCase
from labkit.station import STORE, Station

MIB = 1 << 20
SIZE = 4 * MIB
EVERYTHING = os.environ.get('MPSI_LAB_FIRMWARE') == 'all'
ALL = 'overwrite,block,crypto'


class FirmwareCase(LabCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest.unplug_all()
        firmware.remove_all(cls.guest)
        scenarios.watch_buses(cls.guest, 'usb')  # these disks are in a bay that the gate leaves alone
        cls.station = Station(cls.guest)
        cls.station.install()

    @classmethod
    def tearDownClass(cls):
        firmware.remove_all(cls.guest)
        scenarios.restore_configuration(cls.guest)
        super().tearDownClass()

    def setUp(self):
        self.number = 0

    def tearDown(self):
        firmware.remove_all(self.guest)

    def disk(self, **settings):
        """Plugged in, and full of something to be erased."""
        self.number += 1
        disk = firmware.FirmwareDisk(self.guest, f"{self.serial_number('fw').lower().replace('-', '')}{self.number}", SIZE, **settings)
        disk.fill()
        disk.plug()
        return disk


class TheDiskItself(FirmwareCase):
    """Other people's tools see a drive in it, so that what mpsi sees there is no agreement between two halves of one mistake."""

    def test_by_hdparm_and_sg3_utils(self):
        disk = self.disk(ata=1, security=1, enhanced=1, ata_sanitize=ALL, sanitize=ALL, format=1, hpa=1, hpa_hides=2048)
        said = self.guest.check(f'hdparm -I {disk.device}; hdparm -N {disk.device}; hdparm --sanitize-status {disk.device}; sg_opcodes {disk.device}')
        for words in ('supported: enhanced erase', 'BLOCK_ERASE_EXT', f'{SIZE // 512 - 2048}/{SIZE // 512}, HPA is enabled', 'SD0 Sanitize Idle',
                      'Sanitize, cryptographic erase', 'Checksum: correct'):
            self.assertIn(words, said)
        self.guest.check(f'hdparm --user-master u --security-set-pass s {disk.device}; hdparm --user-master u --security-erase s {disk.device}')
        self.assertEqual(disk.count(), 2048 * 512, 'not what the hidden area holds')
        disk.fill()
        self.guest.check(f'sg_sanitize --block --quick --early {disk.device}; sg_requests {disk.device}')
        self.assertEqual(disk.count(), 0)
        device = disk.power_cycle(mode='lies')
        disk.fill()
        self.guest.check(f'hdparm --yes-i-know-what-i-am-doing --sanitize-crypto-scramble {device}; sg_format --format --quick --early {device}; sg_requests {device}')
        self.assertEqual(disk.count(), SIZE)


class Ordered(FirmwareCase):

    def registered(self, kind='hdd', classification='PUBLICO', **settings):
        disk = self.disk(rotation=1 if kind == 'ssd' else 7200, **settings)
        disk.medium = self.station.register(disk.device, '--kind', kind, classification=classification, category='BASICA')
        return disk

    def wipe(self, disk, method=None, verb='run', timeout=300):
        words = ['--method', method] if method else []
        return self.station.act('ana', '--json', 'wipe', verb, disk.medium, '--device', disk.device, '--confirm', disk.medium, *words,
                                timeout=timeout)

    def plan(self, disk):
        """Methods that this disk offers this medium."""
        answer = json.loads(self.station.do('ana', '--json', 'wipe', 'plan', disk.medium, '--device', disk.device))
        return {row['method'] for row in answer['rows'] if row['accepted']}

    def results(self, disk):
        return [event['data']['result'] for event in self.station.events('sanitization.finished') if event['subject'] == disk.medium]

    def assert_never_certified(self, disk, result, about=''):
        self.assertNotEqual(result.status, 0, f'CERTIFIED {about}: {result}')
        self.assertNotIn('sanitized', self.results(disk), about)
        self.assertNotIn('"state": "sanitized"', self.station.do('elena', '--json', 'media', 'show', disk.medium), about)

    def orders(self, disk):
        """What it was told to erase by."""
        return [line for line in disk.log() if line.startswith(('SANITIZE', 'FORMAT', 'ATA F1', 'ATA F4', 'ATA B4'))]


# What each method comes to on the wire: (medium, the disk's abilities, method, the order). The first ones are always tried.
ATA = {'ata': 1, 'security': 1, 'enhanced': 1, 'ata_sanitize': ALL}
SCSI = {'sanitize': ALL, 'format': 1}
METHODS = (
    ('hdd', ATA, 'secure-erase-enhanced', 'ATA F4 00'),
    ('hdd', ATA, 'sanitize-overwrite', 'ATA B4 14'),
    ('ssd', SCSI, 'sanitize-block', 'SANITIZE 2'),
    ('ssd', SCSI, 'sanitize-crypto', 'SANITIZE 3'),
    ('hdd', ATA, 'secure-erase', 'ATA F4 00'),
    ('ssd', ATA, 'sanitize-block', 'ATA B4 12'),
    ('ssd', ATA, 'sanitize-crypto', 'ATA B4 11'),
    ('hdd', SCSI, 'sanitize-overwrite', 'SANITIZE 1'),
    ('hdd', SCSI, 'format', 'FORMAT UNIT'),
)
TRIED = METHODS if EVERYTHING else METHODS[:4]


def disks():
    """The same, by disk: each is wiped by one method after another."""
    groups = {}
    for kind, settings, method, order in TRIED:
        groups.setdefault((kind, 'ata' if settings is ATA else 'scsi'), (settings, []))[1].append((method, order))
    return [(kind, settings, methods) for (kind, _), (settings, methods) in groups.items()]


class Honest(Ordered):

    def test_each_method(self):
        """S2 S4: offered, ordered by its own command, and nothing of what was there is left."""
        for kind, settings, methods in disks():
            disk = self.registered(kind, **settings)
            self.assertLessEqual({method for method, _ in methods}, self.plan(disk))
            for method, order in methods:
                with self.subTest(method=method, disk=settings):
                    disk.fill()
                    before = len(self.orders(disk))
                    result = self.wipe(disk, method)
                    self.assertEqual(result.status, 0, result)
                    self.assertEqual(self.results(disk)[-1], 'sanitized')
                    self.assertLess(disk.count(), SIZE // 100, 'it is still there')
                    self.assertTrue(any(line.startswith(order) and 'refused' not in line for line in self.orders(disk)[before:]),
                                    disk.log())
                    if method.startswith('secure'):
                        self.assertIn('not\tenabled', self.guest.check(f'hdparm -I {disk.device}'), 'a password was left on it')
            disk.remove()

    def test_what_is_not_offered_is_refused(self):
        """S2: by a disk without any of it, and no command is tried all the same."""
        disk = self.registered(ata=1)
        methods = {method for _, _, method, _ in METHODS}
        self.assertFalse(methods & self.plan(disk))
        for method in sorted(methods if EVERYTHING else ['secure-erase']):
            result = self.wipe(disk, method)
            # Some are none of this kind of medium's methods at all (S1); nobody asks the disk about those.
            self.assertRegex(result.out + result.err, '"rule": "S[12]"', method)
            self.assert_never_certified(disk, result, method)
        self.assertEqual((self.orders(disk), disk.count()), ([], SIZE))

    def test_frozen_and_locked(self):
        """S2: frozen since boot, and shut by somebody else's password."""
        disk = self.registered(frozen=1, sanitize_frozen=1, **ATA)
        for method in ('secure-erase', 'sanitize-overwrite') if EVERYTHING else ('secure-erase',):
            self.assert_never_certified(disk, self.wipe(disk, method), method)
        self.assertEqual(disk.count(), SIZE)
        disk.power_cycle(frozen=0, sanitize_frozen=0)
        self.guest.check(f'hdparm --user-master u --security-set-pass other {disk.device}')
        disk.power_cycle()
        self.assert_never_certified(disk, self.wipe(disk, 'secure-erase'), 'locked')
        self.assertEqual(disk.count(), SIZE)


class TwoPaths(Ordered):

    def test_refused_and_wiped_by_one(self):
        """S6: a disk with two nodes is refused by either of them, even by the one that it was registered at; with one it is wiped."""
        disk = self.registered(**SCSI)
        first, second = disk.device, disk.plug_second_path()
        for device in (first, second):
            disk.device = device
            result = self.wipe(disk, 'single')
            self.assertIn('two paths to the same disk', result.out + result.err)
            self.assertIn('"rule": "S6"', result.out + result.err)
            self.assert_never_certified(disk, result)
        self.assertEqual(disk.count(), SIZE)
        disk.unplug_second_path()
        disk.device = first
        result = self.wipe(disk, 'single')
        self.assertEqual((result.status, disk.count()), (0, 0), result)


class Dishonest(Ordered):
    FORGETS = {'mode': 'lies', 'forgets': 1}  # nor does it keep what is written to it, so that nothing is there to survive
    MODES = ({'mode': 'lies'}, {'mode': 'leaves'}, {'mode': 'fails'}, {'mode': 'aborts'}, FORGETS)

    def one(self, kind, settings, method, mode):
        disk = self.registered(kind, **mode, **settings)
        with self.subTest(mode=mode, kind=kind, method=method, disk=settings):
            self.assert_never_certified(disk, self.wipe(disk, method), f'{mode} {method}')
        disk.remove()

    def test_never_certified(self):
        """S4 S5: it says that it is done; it leaves a piece; it fails; it refuses what it offers."""
        if EVERYTHING:
            for mode in self.MODES:
                for kind, settings, method, _ in METHODS:
                    if mode['mode'] == 'leaves' and method == 'sanitize-crypto':
                        continue  # nothing tells what is left from what a new key makes of it, but where a marker was
                    self.one(kind, settings, method, mode)
            return
        self.one('hdd', ATA, 'secure-erase', {'mode': 'lies'})
        self.one('ssd', SCSI, 'sanitize-crypto', self.FORGETS)
        self.one('hdd', SCSI, 'format', {'mode': 'fails'})


class CutOff(Ordered):

    def start(self, disk, method):
        self.station.start_act('wipe', 'ana', 'wipe', 'run', disk.medium, '--device', disk.device, '--confirm', disk.medium,
                               '--method', method)

    def test_security_erase(self):
        """S5 S7: mpsi and the disk lose their power in mid-erase; the disk comes back locked, by a password that is known still."""
        disk = self.registered(seconds=4, **ATA)
        self.start(disk, 'secure-erase')
        self.guest.wait(f"grep 'ATA F3' {disk.log_path}", 90)
        self.guest.check('kill -9 $(pidof mpsi)')
        disk.power_cycle(seconds=1)
        self.assertIn('power on, locked', disk.log())
        result = self.wipe(disk, verb='resume')
        self.assertEqual(result.status, 0, result)
        self.assertEqual((self.results(disk)[-1], disk.count()), ('sanitized', 0))
        self.assertIn('not\tenabled', self.guest.check(f'hdparm -I {disk.device}'))
        left = self.guest.run(f'ls {STORE}/work').out.split()
        self.assertFalse([name for name in left if disk.medium in name and not name.endswith('.lock')], left)

    def test_sanitize(self):
        """S7: a sanitize goes on in the disk when mpsi is gone; whoever resumes it looks at what it left. As long as it works the
        kernel can't ask the disk for its size, and so may take it for empty: it is made to ask anew."""
        disk = self.registered('ssd', seconds=5, **SCSI)
        self.start(disk, 'sanitize-block')
        self.guest.wait(f"grep 'SANITIZE' {disk.log_path}", 90)
        self.guest.check('kill -9 $(pidof mpsi)')
        self.guest.run(f'echo 1 >/sys/block/{disk.device.removeprefix("/dev/")}/device/rescan')
        self.guest.wait(f'sg_requests {disk.device}; grep erased {disk.log_path}')
        result = self.wipe(disk, verb='resume')
        self.assertEqual(result.status, 0, result)
        self.assertEqual((self.results(disk)[-1], disk.count()), ('sanitized', 0))
