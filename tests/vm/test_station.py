"""The installed station under real systemd: units, socket, sandbox, restarts. C3, X1, X2."""

import re
import unittest

from labkit import scenarios
from labkit.case import LabCase
from labkit.firmware import FirmwareDisk
from labkit.station import SOCKET, STORE, Desk, Station, as_account

EXPOSURE = 2.0  # of systemd-analyze security: 0 is closed, 10 is open


class UnderSystemd(LabCase):
    kind = 'systemd'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest.wait('systemctl is-system-running | grep -q "running\\|degraded"', 120)
        if '--config' not in cls.guest.run('mpsid --help').out:
            raise unittest.SkipTest('mpsid does not read the configuration yet that its unit names')
        Station(cls.guest).install()
        cls.guest.check(f'chown -R mpsi:mpsi {STORE}; systemctl enable --now mpsid', 60)

    def start_clean(self):
        self.guest.unplug_all()
        self.guest.check('systemctl reset-failed; systemctl start mpsid.service && udevadm settle', 60)

    def log(self):
        return self.guest.run('journalctl --no-pager -u mpsid -n 40').out

    def wait_judged(self, serial, verdict='read-only'):
        query = (f"SELECT 1 FROM event WHERE type = 'device.judged' AND json_extract(data, '$.serial') = '{serial}' "
                 f"AND json_extract(data, '$.verdict') = '{verdict}'")
        try:
            self.guest.wait(f'sqlite3 -cmd ".timeout 5000" -readonly {STORE}/registry.db "{query}" | grep 1')
        except AssertionError:
            self.fail(f'{serial} was not judged {verdict}:\n{self.log()}')

    def test_enabled_and_running_after_its_unit(self):
        self.assertEqual(self.guest.check('systemctl is-active mpsid.service mpsid.socket'), 'active\nactive')
        self.assertEqual(self.guest.check('systemctl is-enabled mpsid.service mpsid.socket'), 'enabled\nenabled')

    def test_sandbox(self):
        for unit in ('mpsid.service', 'mpsid-order@1.service'):
            said = self.guest.check(f'systemd-analyze security --no-pager {unit}', 120)
            exposure = float(re.search(r'Overall exposure level for [^ ]*: ([0-9.]+)', said)[1])
            self.assertLessEqual(exposure, EXPOSURE, said)

    def test_unregistered_stick(self):
        """C3, X2: read-only before anybody sees it, hidden, and on record with its own serial number."""
        medium = self.plug('usb')
        self.assert_read_only(medium.device)
        self.wait_judged(medium.serial)
        self.assert_read_only(medium.device)
        self.assertEqual(self.guest.check(f'udevadm info --query=property --property=UDISKS_IGNORE --value {medium.device}'), '1')

    def test_unregistered_stick_while_mpsid_is_down(self):
        """C3: the gate alone keeps it closed, and mpsid judges it when it comes back."""
        self.guest.check('systemctl stop mpsid.service mpsid.socket')
        medium = self.plug('usb')
        self.assert_read_only(medium.device)
        self.guest.check('systemctl start mpsid', 60)
        self.wait_judged(medium.serial)
        self.assert_read_only(medium.device)

    def test_killed_mpsid_comes_back(self):
        """X2: systemd starts it again; what came in between is judged."""
        before = self.guest.check('systemctl show --property=MainPID --value mpsid')
        self.guest.check('systemctl kill --kill-whom=main --signal=KILL mpsid')
        medium = self.plug('usb')
        self.guest.wait(f'''pid=$(systemctl show --property=MainPID --value mpsid)
            [ "$pid" != 0 ] && [ "$pid" != {before} ] && systemctl is-active mpsid''', 60)
        self.wait_judged(medium.serial)
        self.assert_read_only(medium.device)

    def test_store_is_closed_to_people(self):
        """X1: an unprivileged user talks to the socket, and reads nothing of the store."""
        as_desk = 'setpriv --reuid=desk --regid=desk --init-groups env HOME=/tmp '
        for name in ('', '/registry.db', '/vault.db', '/station.key'):
            self.assertNotEqual(self.guest.run(f'{as_desk} ls {STORE}{name} && {as_desk} cat {STORE}{name}').status, 0)
        self.guest.check('test -S /run/mpsi/socket')

    def test_encrypted_medium_for_one_user(self):
        """C9: the unit's sandbox lets the guard map, the kernel take the key from the keyring, and udev give the node away."""
        desk = Desk(self.guest)
        self.guest.check('systemctl stop mpsid.service')
        desk.install()
        self.guest.check(f'ln -sfn /run/mpsi/socket {SOCKET}; systemctl start mpsid.service', 60)
        medium = self.plug('usb', 'one-user.img', 24 << 20)
        self.wait_judged(medium.serial)
        number = desk.register(medium.device)
        desk.do('ana', 'encrypt', 'run', number, medium.device, '--confirm', number, '--no-fill')
        self.wait_judged(medium.serial, 'accept')
        desk.do('ana', 'encrypt', 'unlock', number, medium.device)
        node = f'/dev/mapper/mpsi-{number}'
        self.assertEqual(self.guest.check(f'stat -Lc "%U %G %a" {node}'), 'desk root 600', self.log())
        self.guest.check(as_account('desk', f'mkfs.ext4 -q {node}'))
        self.assertIn(':32:logon:mpsi:', self.guest.check(f'dmsetup table --showkeys mpsi-{number}'))
        # A service that stops closes it, and says so before it is gone.
        self.guest.check('systemctl stop mpsid.service', 60)
        self.assertNotEqual(self.guest.run(f'dmsetup info mpsi-{number}').status, 0, self.log())
        self.assertEqual([event['data']['reason'] for event in desk.events('encryption.closed')], ['stop'], self.log())
        self.guest.check('systemctl start mpsid.service', 60)

    def test_firmware_erase(self):
        """S2, X1: the guard's unit may not send it, the unit that may does it for a person without rights, and is gone."""
        desk = Desk(self.guest)
        self.guest.check('systemctl stop mpsid.service')
        scenarios.watch_buses(self.guest, 'usb scsi')
        desk.install()
        self.guest.check(f'ln -sfn /run/mpsi/socket {SOCKET}; systemctl start mpsid.service', 60)
        disk = FirmwareDisk(self.guest, 'unit1', 4 << 20, ata=1, security=1, enhanced=1)
        try:
            disk.fill()
            disk.plug()
            self.wait_judged(disk.serial)
            number = desk.register(disk.device, '--kind', 'hdd', classification='PUBLICO', category='BASICA')
            done = self.guest.run(desk.command('ana', 'wipe', 'run', number, '--device', disk.device, '--confirm', number,
                                               '--method', 'secure-erase-enhanced'), 300)
            self.assertEqual(done.status, 0, f'{done}\n{self.log()}\n{disk.log()}\n{self.guest.run("dmesg | tail -n 20").out}')
            self.assertEqual(disk.count(), 0, self.log())
            self.assertEqual(self.guest.check('systemctl --no-legend list-units "mpsid-order@*"'), '')
            self.assertEqual(self.guest.check('stat -c "%a %U" /run/mpsi/order'), '600 root')
        finally:
            disk.remove()
            scenarios.restore_configuration(self.guest)

    def test_udisks_of_the_desktop(self):
        """C3: started by the bus, as on a desk."""
        self.guest.check('systemctl start udisks2', 60)
        medium = self.plug('usb')
        device = medium.device
        self.guest.check(f'udisksctl status; sleep 1; [ "$(blockdev --getro {device})" = 1 ]')
        result = self.guest.run(f'udisksctl info -b {device}')
        if result.status == 0:
            self.assertRegex(result.out, r'HintIgnore: +true')
            self.assertRegex(result.out, r'HintAuto: +false')
