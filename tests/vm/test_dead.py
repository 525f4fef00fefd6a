"""A disk that hangs in the kernel keeps nobody else waiting, and is looked at again when it answers. C3, X2."""

from labkit import scenarios
from labkit.case import LabCase

FREE = 1 << 30  # bytes a second: no throttle to speak of
HANGS = 1


class DeadDisk(LabCase):

    def setUp(self):
        super().setUp()
        scenarios.watch_buses(self.guest, 'usb nvme scsi')
        self.station.install()

    def tearDown(self):
        self.station.stop()
        scenarios.restore_configuration(self.guest)

    def plug_and_hang(self):
        """Its node is there and udev is done with it before it hangs: who reads it then is in D state."""
        dead = self.plug('scsi', name='dead.img', bytes_per_second=FREE)
        device = dead.device
        self.guest.check('udevadm settle')
        self.guest.throttle(dead, HANGS)
        # What is in the guest's cache could still be read. The first reads use up what the throttle lets through at once.
        self.guest.check(f'blockdev --flushbufs {device}; for i in 1 2 3 4; do setsid dd if={device} of=/dev/null bs=64k '
                         f'count=16 iflag=direct >/dev/null 2>&1 & done; sleep 2')
        self.assertEqual(self.guest.check("ps -o stat= -C dd | grep -c ^D"), '4', 'it does not hang')
        return dead, device

    def read_only(self, device):
        """Whoever opens the node may hang."""
        return self.guest.check(f'cat /sys/block/{device.removeprefix("/dev/")}/ro') == '1'

    def test_others_are_judged_and_served(self):
        dead, device = self.plug_and_hang()
        self.station.start()
        stick = self.plug('usb')
        self.station.wait_log(f'{stick.device}.*read only C3')
        self.assert_read_only(stick.device)
        self.assertTrue(self.read_only(device), 'the dead disk is open')
        listed = self.station.do('elena', 'device', 'list', timeout=60)
        self.assertIn(stick.device, listed)
        self.assertIn(f'{device}: does not answer', listed)
        self.assertTrue(self.station.runs())
        # It says nothing within its time, which is on record; then it answers, and nobody has to plug it in again.
        self.station.wait_log(f'{device}: does not answer', 60)
        self.station.wait_log(f'{device}.*read only', 60)
        self.guest.throttle(dead, FREE)
        number = self.station.register(device)
        self.station.wait_log(f'{number}: read only C3', 120)
        self.assertTrue(self.read_only(device))
        self.station.verify()
