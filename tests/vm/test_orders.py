"""Erases by a disk's firmware on the station: ordered by people without rights, over the socket. S2, S6, S7, X1. What a worker
that was taken over asks for reaches no disk (guest/forger.py speaks in its place)."""

import errno
import json

from labkit import firmware, scenarios
from labkit.case import LabCase
from labkit.station import SOCKET, STORE, Desk, as_account

MIB = 1 << 20
SIZE = 4 * MIB
ALL = 'overwrite,block,crypto'
ATA = {'ata': 1, 'security': 1, 'enhanced': 1, 'ata_sanitize': ALL}
SCSI = {'sanitize': ALL, 'format': 1}
IDENTIFY, UNLOCK, SET_PASSWORD, ERASE_PREPARE, SANITIZE_BLOCK, SCSI_BLOCK = 6, 16, 18, 19, 23, 30  # device/order.h
NO_SUCH = 4711


class OrdersCase(LabCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest.unplug_all()
        firmware.remove_all(cls.guest)
        scenarios.watch_buses(cls.guest, 'usb nvme scsi')
        cls.station = Desk(cls.guest)
        cls.station.install()
        cls.station.start()

    @classmethod
    def tearDownClass(cls):
        cls.station.stop()
        firmware.remove_all(cls.guest)
        scenarios.restore_configuration(cls.guest)
        super().tearDownClass()

    def setUp(self):
        self.number = 0

    def tearDown(self):
        firmware.remove_all(self.guest)

    def disk(self, kind='hdd', classification='PUBLICO', **settings):
        """Plugged in, full of something to be erased, judged and registered."""
        self.number += 1
        name = f"{self.serial_number('od').lower().replace('-', '')}{self.number}"
        disk = firmware.FirmwareDisk(self.guest, name, SIZE, rotation=1 if kind == 'ssd' else 7200, **settings)
        disk.fill()
        disk.plug()
        self.station.wait_log(f'{disk.device}.*read only C3')
        disk.medium = self.station.register(disk.device, '--kind', kind, classification=classification, category='BASICA')
        return disk

    def wipe(self, disk, method=None, verb='run'):
        words = ['--method', method] if method else []
        return self.station.act('ana', '--json', 'wipe', verb, disk.medium, '--device', disk.device, '--confirm', disk.medium, *words, timeout=300)

    def results(self, disk):
        return [event['data']['result'] for event in self.station.events('sanitization.finished') if event['subject'] == disk.medium]


class Ordered(OrdersCase):

    def test_by_an_operator_without_rights(self):
        """S2 S4 X1: asked, ordered and read again over the socket; no process of theirs may send a command itself."""
        for kind, settings, method, log in (('hdd', ATA, 'secure-erase-enhanced', 'ATA F4 00'), ('ssd', SCSI, 'sanitize-block', 'SANITIZE 2')):
            with self.subTest(method=method):
                disk = self.disk(kind, seconds=2, **settings)
                if log.startswith('ATA'):
                    asked = f'hdparm -I {disk.device}'
                    self.assertIn('Model Number', self.guest.run(asked).out, 'nobody can ask it so')
                    self.assertNotIn('Model Number', self.guest.run(as_account('mpsi', asked)).out, 'the account itself may send it')
                answer = json.loads(self.station.do('ana', '--json', 'wipe', 'plan', disk.medium, '--device', disk.device))
                self.assertIn(method, {row['method'] for row in answer['rows'] if row['accepted']})
                result = self.wipe(disk, method)
                self.assertEqual(result.status, 0, result)
                self.assertEqual((self.results(disk)[-1], disk.count()), ('sanitized', 0))
                self.assertTrue(any(line.startswith(log) and 'refused' not in line for line in disk.log()), disk.log())
        self.assert_no_password_anywhere()
        self.station.verify()

    def assert_no_password_anywhere(self):
        left = self.guest.run(f"grep -rlE '\"password\": *\"[0-9a-f]{{32}}\"' {STORE}/work; grep -E '[^0-9a-f][0-9a-f]{{32}}[^0-9a-f]' /run/mpsid.log").out
        self.assertEqual(left, '')

    def test_the_guard_dies_and_comes_back(self):
        """S7: in mid-sanitize; the next guard resumes the job in its starter's name, and it ends whole."""
        disk = self.disk('ssd', seconds=4, **SCSI)
        self.station.start_act('wipe', 'ana', 'wipe', 'run', disk.medium, '--device', disk.device, '--confirm', disk.medium,
                               '--method', 'sanitize-block')
        self.guest.wait(f"grep 'SANITIZE' {disk.log_path}", 90)
        self.station.stop()
        self.station.start()
        self.guest.wait(f"sqlite3 {STORE}/registry.db \"SELECT 1 FROM event WHERE type = 'sanitization.finished' AND subject = '{disk.medium}'\" | grep 1", 90)
        self.assertEqual((self.results(disk)[-1], disk.count()), ('sanitized', 0))


class Nvme(OrdersCase):
    """S2 S4 X1: QEMU's own NVMe disk, which has Format NVM and no Sanitize."""

    def test_formatted_by_an_operator_without_rights(self):
        image = self.guest.image('nvme.img', SIZE)
        image.write_bytes(b'HISTORIA CLINICA' * (SIZE // 16))
        medium = self.guest.plug('nvme', image, self.serial_number('nvme'))
        self.station.wait_log(f'{medium.device}.*read only C3')
        number = self.station.register(medium.device, '--kind', 'ssd', classification='PUBLICO', category='BASICA')
        run = ('ana', 'wipe', 'run', number, '--device', medium.device, '--confirm', number, '--method')
        refused = self.station.act(*run, 'sanitize-block')
        self.assertEqual(refused.status, 5, refused)
        self.assertEqual(image.read_bytes()[:16], b'HISTORIA CLINICA')
        self.station.do(*run, 'format', timeout=300)
        self.station.wait_log('NVMe Format (SES=1) (0)')
        record = [event['data'] for event in self.station.events('sanitization.finished') if event['subject'] == number][-1]
        self.assertEqual((record['result'], record['reached_level'], record['techniques']), ('sanitized', 'clear', ['nvme-format']))
        self.assertEqual(image.read_bytes().count(0), SIZE)


class TakenOver(OrdersCase):
    """X1 S6: what a worker can't have by asking for it."""

    def worker(self):
        """A worker whose client says nothing; its process ID."""
        before = set(self.guest.run('pidof mpsid-worker; pgrep -x mpsid-worker').out.split())
        self.guest.check('setsid ' + as_account('desk', f"python3 -c 'import socket, time; s = socket.socket(socket.AF_UNIX); "
                                                        f"s.connect(\"{SOCKET}\"); time.sleep(60)'") + ' >/dev/null 2>&1 & sleep 0.2')
        return self.guest.wait(f'for pid in $(pgrep -x mpsid-worker); do case " {" ".join(before)} " in *" $pid "*) ;; *) echo $pid; exit 0 ;; esac; done; exit 1')

    def forge(self, disk, order, times=1, path=None, diskseq=None):
        """(what the guard answered, how many commands were sent)"""
        seq = self.guest.check(f'cat /sys/block/{disk.device.removeprefix("/dev/")}/diskseq') if diskseq is None else diskseq
        *results, sent = self.guest.check(f'python3 /lab/forger.py {self.worker()} {path or disk.device} {seq} {order} {times}', 120).split()
        return [int(result) for result in results], int(sent)

    def test_refused(self):
        """Asking is let through; what erases is not, without a job; nor another insertion, the system's disk, or what is in no table."""
        disk = self.disk('ssd', ata=1, security=1, ata_sanitize=ALL)
        self.assertEqual(self.forge(disk, IDENTIFY), ([0], 1))
        for order in (SANITIZE_BLOCK, SCSI_BLOCK, ERASE_PREPARE, SET_PASSWORD, UNLOCK):
            self.assertEqual(self.forge(disk, order)[0], [-errno.EACCES], order)
        self.assertEqual(self.forge(disk, IDENTIFY, diskseq=1)[0], [-errno.ESTALE])
        self.assertEqual(self.forge(disk, NO_SUCH)[0], [-errno.EPERM])
        self.assertEqual(self.forge(disk, 0, path='-')[0], [-errno.EPERM])
        self.assertEqual(self.forge(disk, IDENTIFY, path='/dev/vda')[0], [-errno.EACCES])
        self.assertEqual(self.forge(disk, IDENTIFY, path='/dev/../etc/passwd')[0], [-errno.EACCES])
        self.assertEqual((disk.count(), [line for line in disk.log() if line.startswith(('ATA', 'SANITIZE'))]), (SIZE, []))
        self.station.wait_log('is not sent: no wipe of theirs')

    def test_a_job_of_somebody_elses(self):
        """A job runs, and another person's worker, or one with a job on another disk, orders nothing."""
        busy, other = self.disk('ssd', seconds=30, **SCSI), self.disk('ssd', **SCSI)
        self.station.start_act('wipe', 'ana', 'wipe', 'run', busy.medium, '--device', busy.device, '--confirm', busy.medium,
                               '--method', 'sanitize-block')
        self.guest.wait(f"grep 'SANITIZE' {busy.log_path}", 90)
        self.assertEqual(self.forge(other, SCSI_BLOCK)[0], [-errno.EACCES])
        self.assertEqual(other.count(), SIZE)

    def test_flood(self):
        """X1: asked without end, the guard sends some, and serves everybody else meanwhile."""
        disk = self.disk('ssd', ata=1)
        results, sent = self.forge(disk, IDENTIFY, 400)
        self.assertIn(-errno.EBUSY, results)
        self.assertLessEqual(sent, 400 // 20 * 2, 'more than one at a time')
        self.station.do('ana', 'device', 'list')
