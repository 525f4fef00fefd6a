"""Media on real buses: hot-plug, verdicts, unplugging in the middle. C3, S6, S7, X2."""

import time
import unittest

from labkit import scenarios
from labkit.case import LabCase

BUSES = ('usb', 'nvme', 'scsi')


class OnAllBuses(LabCase):
    """An organisation with drive bays: NVMe and SCSI are watched too."""

    def setUp(self):
        super().setUp()
        scenarios.watch_buses(self.guest, 'usb nvme scsi')
        self.station.install()

    def tearDown(self):
        self.station.stop()
        scenarios.restore_configuration(self.guest)


class HotPlug(OnAllBuses):

    def test_unregistered_is_read_only_on_every_bus(self):
        """C3: nobody registered it: read-only, and on record with the serial number that the device itself has."""
        self.station.start()
        for bus in BUSES:
            with self.subTest(bus=bus):
                medium = self.plug(bus, serial=self.serial_number(bus))
                self.station.wait_log(f'{medium.device}.*read only C3')
                self.assert_read_only(medium.device)
                self.assertEqual(set(self.station.judgements(medium.serial)), {('read-only', 'C3')})
                self.guest.unplug(medium)
                self.assertEqual(set(medium.path.read_bytes()), {0}, 'something was written')
        self.station.verify()

    def test_plugged_in_again_is_judged_again(self):
        """C3: a verdict is for one insertion."""
        self.station.start()
        for _ in range(2):
            medium = self.plug('usb')
            self.station.wait_log(f'{medium.device}.*read only C3')
            self.assert_read_only(medium.device)
            self.guest.unplug(medium)
            self.station.forget_log()
        judged = [event['data'] for event in self.station.events('device.judged') if event['data']['serial'] == medium.serial]
        self.assertEqual(len({data['insertion'] for data in judged}), 2)
        self.assertEqual({(data['verdict'], data['rule']) for data in judged}, {('read-only', 'C3')})

    def test_registered_and_encrypted_is_let_in(self):
        """C3: known again by its own header after it was unplugged, on another bus too."""
        self.station.start()
        medium = self.plug('usb', size=32 << 20)
        self.station.wait_log(f'{medium.device}.*read only C3')
        number = self.station.register(medium.device)
        self.station.wait_log(f'{number}: read only C3')
        self.assert_read_only(medium.device)
        self.station.encrypt(number, medium.device)
        self.station.wait_log(f'{number}: accepted')
        self.assert_writable(medium.device)
        self.guest.unplug(medium)
        self.station.forget_log()
        again = self.guest.plug('usb', medium.path, medium.serial)
        self.station.wait_log(f'{number}: accepted')
        self.assert_writable(again.device)
        self.station.verify()

    def test_two_sticks_with_one_serial_number(self):
        """C3: cheap sticks share it: the second one gains nothing by the first one's being registered."""
        self.station.start()
        first = self.plug('usb', 'first.img', size=32 << 20)
        number = self.station.register(first.device)
        self.station.encrypt(number, first.device)
        self.station.wait_log(f'{number}: accepted')
        self.guest.unplug(first)
        self.station.forget_log()
        second = self.plug('usb', 'second.img', size=32 << 20)
        self.station.wait_log('read only C3\\|refused')
        self.assert_read_only(second.device)

    def test_unplugged_while_it_is_judged(self):
        """A disk that is slow and then gone holds nobody up: mpsid lives, and judges the next one."""
        self.station.start()
        for attempt in range(6):
            medium = self.plug('usb', f'slow{attempt}.img', serial=f'SLOW{attempt}', bytes_per_second=256 << 10)
            time.sleep(0.15 * attempt)
            self.guest.unplug(medium)
        self.assertTrue(self.station.runs(), self.station.log())
        self.station.forget_log()
        medium = self.plug('scsi')
        self.station.wait_log(f'{medium.device}.*read only C3')
        self.assert_read_only(medium.device)
        self.station.verify()

    def test_keyboard_is_left_alone(self):
        self.station.start()
        name = self.guest.plug_keyboard()
        keyboard = self.guest.wait('ls /dev/input/by-id/usb-*-event-kbd')
        authorised = '/sys/bus/usb/devices/*-*[0-9]/authorized'
        self.assertNotIn('0', self.guest.check(f'cat {authorised}').split())
        self.guest.check(f'timeout 1 cat {keyboard} >/dev/null; [ $? -eq 124 ]')
        self.guest.unplug_keyboard(name)
        self.assertEqual(self.station.events('device.judged'), [])

    def test_disk_of_the_system_is_left_alone(self):
        """S6: a disk that the station lives on stays as it is."""
        medium = self.plug('scsi')
        self.guest.check(f'blockdev --setrw {medium.device}; mkfs.ext4 -q {medium.device} && mkdir -p /srv/system && mount {medium.device} /srv/system')
        try:
            self.station.start()
            self.guest.check(f'udevadm trigger --action=change --settle {medium.device}; sleep 1.5')
            self.assertEqual(self.guest.check(f'blockdev --getro {medium.device}'), '0')
            self.guest.check('echo still >/srv/system/writable && sync')
            self.assertEqual(self.station.judgements(medium.serial), [])
        finally:
            self.guest.check('umount /srv/system')


class Wiping(OnAllBuses):
    """A job on a medium that leaves in the middle; what else befalls wipes is in test_wipe.py."""

    def setUp(self):
        super().setUp()
        self.station.start()

    def registered(self, bus, **more):
        medium = self.plug(bus, **more)
        return medium, self.station.register(medium.device, '--kind', 'hdd', classification='INTERNO', category='BASICA')

    def cut_off(self):
        """A wipe whose medium was unplugged in the middle."""
        medium, number = self.registered('usb', bytes_per_second=2 << 20)
        self.station.start_act('wipe', 'ana', 'wipe', 'run', number, '--device', medium.device, '--confirm', number)
        self.station.wait_event('sanitization.started')
        time.sleep(2)  # passes are under way, at two megabytes a second for half a minute
        self.assertFalse(self.station.is_finished('wipe'), 'the wipe was over already')
        self.guest.unplug(medium)
        status, said = self.station.finished_act('wipe')
        self.assertNotEqual(status, 0, said)
        self.assertTrue(self.station.runs(), self.station.log())
        self.station.verify()
        return medium, number


class WipeUnderTheGate(Wiping):
    """S7: the station goes on with it by itself when it judges the medium next."""

    def setUp(self):
        super().setUp()
        medium, _ = self.cut_off()
        self.guest.plug('usb', medium.path, medium.serial)
        self.station.wait_log('the resumed job has ended', 120)

    def test_goes_on_when_the_medium_is_back(self):
        results = [event['data']['result'] for event in self.station.events('sanitization.finished')]
        self.assertEqual(results, ['sanitized'])
