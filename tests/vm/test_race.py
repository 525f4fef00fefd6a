"""A writer races the plug-in and udisks2 tries to mount: no byte reaches an unregistered medium. C3.

MPSI_LAB_RACES=n changes how often the writer tries on USB; half as often on NVMe, and on SCSI.
"""

import os
import subprocess
import unittest

from labkit import paths, scenarios
from labkit.case import LabCase

RACES = int(os.environ.get('MPSI_LAB_RACES', 8))


class GateCase(LabCase):
    def need_gate(self):
        if scenarios.has_gate(self.guest):
            return
        if (paths.SOURCE / 'udev-rules').exists():
            self.fail('the gate is part of mpsi, and is not installed in the guest')
        self.skipTest('mpsi-gate and its rules are not installed')


class Race(GateCase):
    def race(self, who, bus, times):
        """(bytes that reached the medium, those that calls wrote after udev was done, disks opened)"""
        path = self.guest.image('race.img', 4 << 20)
        race = scenarios.Race(self.guest, who)
        changed = []
        try:
            changed = [race.plug_in(bus, path, f'RACE{number}') for number in range(times)]
        finally:
            opened, written = race.end()
        ever, late, mapped = (sum(column) for column in zip(*changed))
        print(f'    {who} on {bus}, {times} times: {opened} opened, {written} writes taken, {ever} bytes on the medium; '
              f'late: {late} by calls, {mapped} through a mapping')
        return ever, late, opened

    def tearDown(self):
        scenarios.restore_configuration(self.guest)

    def test_writer_gets_through_without_the_gate(self):
        """The writer is one that can win: else the others would show nothing."""
        scenarios.without_gate(self.guest)
        try:
            ever, late, opened = self.race('unprivileged', 'usb', 1)
        finally:
            scenarios.with_gate(self.guest)
        self.assertGreater(opened, 0)
        self.assertGreater(ever, 0)
        self.assertGreater(late, 0)

    def test_user_in_group_disk_never_gets_a_byte_onto_it(self):
        self.need_gate()
        ever, _, _ = self.race('unprivileged', 'usb', RACES)
        self.assertEqual(ever, 0)

    def test_neither_on_the_buses_of_drive_bays(self):
        self.need_gate()
        scenarios.watch_buses(self.guest, 'usb nvme scsi')
        for bus in ('nvme', 'scsi'):
            with self.subTest(bus=bus):
                ever, _, _ = self.race('unprivileged', bus, max(RACES // 2, 2))
                self.assertEqual(ever, 0)

    def test_what_root_opened_before_the_gate_closed_is_closed_too(self):
        """The kernel makes a node for root before it tells udev: root can be first, but not go on calling write. (A mapping
        that root made by then goes on: the kernel asks nobody when it writes pages back. No gate can stop that.)"""
        self.need_gate()
        _, late, _ = self.race('root', 'usb', max(RACES // 10, 2))
        self.assertEqual(late, 0)


class Closed(GateCase):
    """The gate alone, without mpsid."""

    def setUp(self):
        super().setUp()
        self.need_gate()

    def tearDown(self):
        scenarios.restore_configuration(self.guest)

    def property_of(self, device, name):
        return self.guest.check(f'udevadm info --query=property --property={name} --value {device}')

    def test_read_only_hidden_and_for_mpsi_alone(self):
        scenarios.watch_buses(self.guest, 'usb nvme scsi')
        for bus in ('usb', 'nvme', 'scsi'):
            with self.subTest(bus=bus):
                medium = self.plug(bus, serial=self.serial_number(bus))
                self.assert_read_only(medium.device)
                self.assertEqual(self.property_of(medium.device, 'MPSI_GATE'), 'closed')
                self.assertEqual(self.property_of(medium.device, 'UDISKS_IGNORE'), '1')
                self.assertEqual(self.guest.check(f'stat -c "%a %U %G" {medium.device}'), '660 root mpsi')
                self.guest.unplug(medium)

    def test_gate_that_is_missing_opens_nothing(self):
        """Closed, not open: without its program a stick has no node that anyone but root could open."""
        self.guest.check('mv /usr/local/libexec/mpsi/mpsi-gate /run/mpsi-gate')
        try:
            medium = self.plug('usb')
            mode, owner = self.guest.check(f'stat -c "%a %U" {medium.device}').split()
            self.assertEqual((mode, owner), ('0', 'root'))
        finally:
            self.guest.check('mv /run/mpsi-gate /usr/local/libexec/mpsi/mpsi-gate')

    def test_keyboard_works(self):
        name = self.guest.plug_keyboard()
        self.guest.wait('ls /dev/input/by-id/usb-*-event-kbd')
        self.assertNotIn('0', self.guest.check('cat /sys/bus/usb/devices/*/authorized').split())
        self.guest.unplug_keyboard(name)


class Mounted(GateCase):
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

    def try_to_mount(self):
        path = self.stick()
        before = path.read_bytes()
        medium = self.guest.plug('usb', path, self.serial_number('usb'))
        device = medium.device
        self.guest.check('sleep 2')
        result = self.udisks.mount(device)
        options = self.guest.run(f'findmnt --noheadings --output OPTIONS {device}').out.strip()
        self.guest.run(f'umount {device}')
        self.guest.unplug(medium)
        self.assertEqual(scenarios.differing_bytes(path, before), 0, 'the mounter wrote on it')
        return result, options


class Mounter(Mounted):
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

    def test_writes_nothing_on_an_unregistered_stick(self):
        """The gate alone: the desktop is not shown the stick, and root's mount is read-only."""
        self.need_gate()
        _, options = self.try_to_mount()
        self.assertNotIn('rw', options.split(','))


class MounterUnderMpsid(Mounted):
    """C3: what is not let in can't be mounted, not even read-only by root."""

    def setUp(self):
        super().setUp()
        self.need_gate()
        self.station.install()
        self.station.start()
        self.result, self.options = self.try_to_mount()

    def tearDown(self):
        super().tearDown()
        self.station.stop()

    def test_can_not_mount_an_unregistered_stick(self):
        self.assertNotEqual(self.result.status, 0, self.result)
        self.assertEqual(self.options, '')
