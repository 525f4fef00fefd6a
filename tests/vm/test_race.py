"""A writer races the plug-in and udisks2 tries to mount: no byte reaches an unregistered medium. C3.

MPSI_LAB_RACES=n changes how often the writer tries on each bus.
"""

import os
import subprocess
import unittest

from labkit import paths, scenarios
from labkit.case import LabCase

RACES = int(os.environ.get('MPSI_LAB_RACES', 10))


class GateCase(LabCase):
    def need_gate(self):
        if scenarios.has_gate(self.guest):
            return
        if (paths.SOURCE / 'udev-rules').exists():
            self.fail('the gate is part of mpsi, and is not installed in the guest')
        self.skipTest('mpsi-gate and its rules are not installed')


class Race(GateCase):
    def race(self, who, bus, times):
        """(bytes that reached the medium, disks opened, writes that the kernel took)"""
        path = self.guest.image('race.img', 4 << 20)
        race = scenarios.Race(self.guest, who)
        try:
            changed = sum(race.plug_in(bus, path, f'RACE{number}') for number in range(times))
        finally:
            opened, written = race.end()
        print(f'    {who} on {bus}, {times} times: {opened} opened, {written} writes taken, {changed} bytes on the medium')
        return changed, opened, written

    def test_writer_gets_through_without_the_gate(self):
        """The writer is one that can win: else the others would show nothing."""
        scenarios.without_gate(self.guest)
        try:
            changed, opened, _ = self.race('unprivileged', 'usb', 1)
        finally:
            scenarios.with_gate(self.guest)
        self.assertGreater(opened, 0)
        self.assertGreater(changed, 0)

    def test_user_in_group_disk_never_gets_a_byte_onto_it(self):
        self.need_gate()
        for bus in ('usb',):
            with self.subTest(bus=bus):
                changed, _, _ = self.race('unprivileged', bus, RACES)
                self.assertEqual(changed, 0)

    def test_root_never_gets_a_byte_onto_it_by_writing_alone(self):
        """Root could open the gate itself; who does not, finds it closed."""
        self.need_gate()
        changed, _, _ = self.race('root', 'usb', RACES)
        self.assertEqual(changed, 0)


class Mounter(GateCase):
    def setUp(self):
        super().setUp()
        self.udisks = scenarios.Udisks(self.guest)

    def tearDown(self):
        self.guest.run('umount /media/*/* /run/media/*/* 2>/dev/null')
        self.udisks.end()

    def stick(self):
        """A stick with a file system on it, as people bring them."""
        path = self.guest.image('holiday.img', 8 << 20)
        subprocess.run(['/sbin/mkfs.ext4', '-q', '-F', '-L', 'holiday', str(path)], check=True)
        return path

    def test_mounts_it_without_the_gate(self):
        """The mounter is one that mounts: else the other would show nothing."""
        scenarios.without_gate(self.guest)
        try:
            medium = self.guest.plug('usb', self.stick(), self.serial_number('usb'))
            device = medium.device
            self.guest.wait(f'udisksctl info -b {device} >/dev/null')
            result = self.udisks.mount(device)
            self.assertEqual(result.status, 0, result)
            self.guest.check(f'umount {device}')
        finally:
            scenarios.with_gate(self.guest)

    def test_can_not_mount_an_unregistered_stick(self):
        self.need_gate()
        path = self.stick()
        before = path.read_bytes()
        medium = self.guest.plug('usb', path, self.serial_number('usb'))
        device = medium.device
        self.guest.check('sleep 1')
        result = self.udisks.mount(device)
        self.assertNotEqual(result.status, 0, result)
        self.assertEqual(self.guest.run(f'findmnt {device}').status, 1)
        self.guest.unplug(medium)
        self.assertEqual(scenarios.differing_bytes(path, before), 0)


if __name__ == '__main__':
    unittest.main()
