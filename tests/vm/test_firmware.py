"""What mpsi orders a disk's firmware to erase, on a disk that does it, lies, fails or is cut off (guest/firmware_disk.h).
S2, S4, S5, S7. It tests what mpsi makes of the answers; of the firmware of any real disk it proves nothing."""

import json

from labkit import firmware, scenarios
from labkit.case import LabCase
from labkit.station import STORE, Station

MIB = 1 << 20
SIZE = 8 * MIB
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
        for words in ('supported: enhanced erase', 'BLOCK_ERASE_EXT', '14336/16384, HPA is enabled', 'SD0 Sanitize Idle',
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
