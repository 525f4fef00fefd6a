"""A disk that hangs in the kernel keeps nobody else waiting, and is looked at again when it answers. C3, X2."""

from labkit import scenarios
from labkit.case import LabCase

FREE = 1 << 30  # bytes a second: no throttle to speak of
HANGS = 1 << 10  # what waits when the throttle is lifted still waits by the old one: a minute for 64 KiB


class DeadDisk(LabCase):

    def setUp(self):
        super().setUp()
        scenarios.watch_buses(self.guest, 'usb nvme scsi')
        self.station.install()

    def tearDown(self):
        self.station.stop()
        scenarios.restore_configuration(self.guest)

    def hang(self, disk):
        """From here on whoever reads it is in D state: more is asked of it at once than it gives in a quarter of an hour."""
        device = disk.device
        self.guest.check('udevadm settle')
        self.guest.throttle(disk, HANGS)
        self.guest.check(f'blockdev --flushbufs {device}; for i in 1 2 3 4; do setsid dd if={device} of=/dev/null bs=64k '
                         f'count=4 iflag=direct >/dev/null 2>&1 & done; sleep 2')
        self.assertEqual(self.guest.check('ps -o stat= -C dd | grep -c ^D'), '4', 'it does not hang')

    def is_read_only(self, device):
        """Whoever opens the node may hang."""
        return self.guest.check(f'cat /sys/block/{device.removeprefix("/dev/")}/ro') == '1'

    def test_others_are_judged_and_served(self):
        self.station.start()
        disk = self.plug('scsi', name='dead.img', size=32 << 20, bytes_per_second=FREE)
        device = disk.device
        self.station.wait_log(f'{device}.*read only C3')
        number = self.station.register(device)
        self.station.wait_log(f'{number}: read only C3')
        self.station.encrypt(number, device)
        self.station.wait_log(f'{number}: accepted')
        self.station.stop()
        self.hang(disk)
        self.station.start()
        stick = self.plug('usb')
        self.station.wait_log(f'{stick.device}.*read only C3')
        self.assert_read_only(stick.device)
        self.assertTrue(self.is_read_only(device), 'the dead disk is open')
        listed = self.station.do('elena', 'device', 'list', timeout=60)
        self.assertIn(stick.device, listed)
        self.assertIn(f'{device}: does not answer', listed)
        # Its look ends without an answer, which is on record.
        self.station.wait_log(f'{device}: does not answer', 60)
        self.station.wait_log(f'{device} {number}: \\(read only\\|refused\\)', 60)
        self.assertTrue(self.is_read_only(device))
        self.assertTrue(self.station.runs())
        # It answers: nobody has to plug it in again.
        self.station.forget_log()
        self.guest.throttle(disk, FREE)
        self.station.wait_log(f'{number}: accepted', 180)
        self.guest.wait(f'grep 0 /sys/block/{device.removeprefix("/dev/")}/ro')
        self.station.verify()
