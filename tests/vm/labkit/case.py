"""What every test of the lab has: a guest, booted once for all of a file's scenarios, with nothing left in it."""

import hashlib
import os
import pathlib
import tempfile
import unittest

from . import paths
from .guest import Guest
from .station import Station


def default_folder():
    """Where the guest is that several tests share: one a checkout and user, under a path short enough for sockets."""
    number = hashlib.sha256(str(paths.SOURCE).encode()).hexdigest()[:8]
    fallback = pathlib.Path(tempfile.gettempdir()) / f'mpsi-lab-{os.getuid()}-{number}'
    return pathlib.Path(os.environ.get('MPSI_LAB_DIR', fallback))


class LabCase(unittest.TestCase):
    kind = 'light'
    own_guest = False  # for what ends its guest

    @classmethod
    def setUpClass(cls):
        folder = default_folder()
        cls.shared = not cls.own_guest and cls.kind == 'light' and Guest.is_running(folder)
        if cls.shared:
            cls.guest = Guest.of_all(folder)
        elif not cls.own_guest:
            cls.guest = Guest.boot(folder.with_name(f'{folder.name}-{cls.kind}'), cls.kind)

    @classmethod
    def tearDownClass(cls):
        if cls.shared:
            cls.guest.close()
        elif not cls.own_guest:
            cls.guest.stop()

    def setUp(self):
        if not self.own_guest:
            self.station = Station(self.guest)
            self.start_clean()

    def start_clean(self):
        self.station.stop()
        self.guest.unplug_all()
        self.guest.check('udevadm settle; dmesg --clear')

    def plug(self, bus, name='stick.img', size=16 << 20, serial=None, **more):
        """An image of this test's own, plugged in."""
        path = self.guest.image(name, size)
        return self.guest.plug(bus, path, serial or self.serial_number(bus), **more)

    def serial_number(self, bus):
        """One for each test, so that nothing in the ledger is taken for somebody else's."""
        return f'{bus}-{hashlib.sha256(self.id().encode()).hexdigest()[:10]}'.upper()

    def assert_read_only(self, device):
        self.assertEqual(self.guest.check(f'blockdev --getro {device}'), '1', f'{device} is writable')
        for flag in ('direct', 'dsync'):
            result = self.guest.run(f'dd if=/dev/urandom of={device} bs=4096 count=1 oflag={flag} conv=notrunc')
            self.assertNotEqual(result.status, 0, f'{device} took a write ({flag})')

    def assert_writable(self, device):
        self.assertEqual(self.guest.check(f'blockdev --getro {device}'), '0', f'{device} is read-only')
        self.guest.check(f'''dd if={device} of=/run/block bs=4096 count=1 skip=1 iflag=direct
            dd if=/run/block of={device} bs=4096 count=1 seek=1 oflag=direct conv=notrunc''')
