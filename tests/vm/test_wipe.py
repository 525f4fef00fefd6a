"""Wipes on real buses: what is certified is on the medium, byte by byte; what is not there is never certified. S4, S5, S6, S7.

MPSI_LAB_WIPE_FAULTS=n disks that fail or lie (100 in a long run), MPSI_LAB_WIPE_CUTS=n power losses in mid-wipe (30),
MPSI_LAB_SEED=n the lottery.
"""

import json
import os
import random
import shutil
import time

from labkit import patterns, scenarios
from labkit.case import LabCase, default_folder
from labkit.guest import Guest
from labkit.liar import SECTOR, Fault, Liar
from labkit.station import HOME, STORE, Desk, Station

FAULTS = int(os.environ.get('MPSI_LAB_WIPE_FAULTS', 4))
CUTS = int(os.environ.get('MPSI_LAB_WIPE_CUTS', 1))
SEED = int(os.environ.get('MPSI_LAB_SEED', time.time()))
MIB = 1 << 20
S5, S6 = 6, 5  # exit statuses: not sanitized, refused


class Wiping(LabCase):
    """One station for all of a class's scenarios; each of them has media of its own."""
    station_kind = Station

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.own_guest:
            return
        cls.guest.unplug_all()
        scenarios.watch_buses(cls.guest, 'usb nvme scsi')
        cls.station = cls.station_kind(cls.guest)
        cls.station.install()
        cls.lottery = random.Random(SEED)

    @classmethod
    def tearDownClass(cls):
        if not cls.own_guest:
            cls.station.stop()
            cls.guest.unplug_all()
            scenarios.restore_configuration(cls.guest)
        super().tearDownClass()

    def setUp(self):
        self.guest.unplug_all()

    def tearDown(self):
        self.guest.unplug_all()

    def registered(self, bus, name='disk.img', size=8 * MIB, classification='INTERNO', **more):
        """A medium of spinning rust in the house's eyes: it is overwritten."""
        medium = self.plug(bus, name, size, **more)
        return medium, self.station.register(medium.device, '--kind', 'hdd', classification=classification, category='BASICA')

    def wipe(self, number, device, *more, who='ana', verb='run'):
        return self.station.act(who, '--json', 'wipe', verb, number, '--device', device, '--confirm', number, *more, timeout=300)

    def finished(self, number):
        """The record of its newest job."""
        return [event['data'] for event in self.station.events('sanitization.finished') if event['subject'] == number][-1]

    def assert_holds_what_the_record_says(self, number, image):
        record, got = self.finished(number), image.read_bytes()
        self.assertEqual((record['result'], record['areas_not_reached'], record['bytes_not_reached']), ('sanitized', [], 0))
        self.assertEqual(record['verification'], {'kind': 'full', 'bytes': len(got), 'differing_bytes': 0})
        self.assertEqual(patterns.differing_sectors(got, patterns.left_by(record, len(got))), set())

    def assert_untouched(self, image, before):
        self.assertEqual(patterns.differing_sectors(image.read_bytes(), before), set(), 'something was written')


class EndToEnd(Wiping):
    station_kind = Desk

    def test_stick_by_an_operator_without_rights(self):
        """S1 S2 S4 X1: encrypted, wiped and read again over the socket; the host finds every byte of the last pass."""
        self.station.start()
        medium = self.plug('usb', 'stick.img', 20 * MIB)
        self.station.wait_log(f'{medium.device}.*read only C3')
        number = self.station.register(medium.device, '--kind', 'ssd')
        self.station.encrypt(number, medium.device)
        result = self.wipe(number, medium.device)
        self.assertEqual(result.status, 0, result)
        self.assert_holds_what_the_record_says(number, medium.path)
        record = self.finished(number)
        self.assertEqual((record['reached_level'], record['finished_by']), ('purge', 'ana'))
        again = self.station.act('luis', '--json', 'wipe', 'verify', number, '--device', medium.device)
        self.assertEqual(again.status, 0, again)
        self.altered_afterwards(medium, number)
        self.station.verify()

    def altered_afterwards(self, medium, number):
        """S4: one bit of it changed somewhere else is found, and the medium is barred from reuse."""
        self.guest.unplug(medium)
        with open(medium.path, 'r+b') as file:
            file.seek(7654321)
            bit = file.read(1)[0] ^ 0x10
            file.seek(7654321)
            file.write(bytes([bit]))
        again = self.guest.plug('usb', medium.path, medium.serial)
        result = self.station.act('luis', '--json', 'wipe', 'verify', number, '--device', again.device)
        self.assertEqual(result.status, S5, result)
        verified = self.station.events('sanitization.verified')[-1]['data']
        self.assertEqual((verified['holds'], verified['areas']), (False, [[7654321 // SECTOR * SECTOR, SECTOR]]))
        self.assertIn('"state": "unsanitized"', self.station.do('elena' if self.station_kind is Station else 'sara', '--json', 'media', 'show', number))


class WithoutMpsid(Wiping):

    def test_unplugged_and_gone_on_with(self):
        """S7: pulled out in the middle; back in another port it goes on where it was, and ends whole."""
        medium, number = self.registered('nvme', size=16 * MIB, bytes_per_second=4 * MIB)
        self.station.start_act('wipe', 'ana', 'wipe', 'run', number, '--device', medium.device, '--confirm', number)
        self.guest.wait(f"grep -q '\"offset\":[1-9]' {STORE}/work/wipe-{number}.json")
        self.guest.unplug(medium)
        status, said = self.station.finished_act('wipe')
        self.assertNotEqual(status, 0, said)
        again = self.guest.plug('scsi', medium.path, medium.serial)
        device = again.device
        second = self.wipe(number, device)
        self.assertNotEqual(second.status, 0, 'a second job beside the unfinished one')
        result = self.wipe(number, device, verb='resume')
        self.assertEqual(result.status, 0, result)
        self.assert_holds_what_the_record_says(number, medium.path)
        resumed = self.station.events('sanitization.resumed')[-1]['data']
        self.assertGreater(resumed['pass'] * 16 * MIB + resumed['offset'], 0, 'from the beginning again')


class Locks(Wiping):
    """S6: what stands between a person's mistake and the wrong disk."""

    def setUp(self):
        super().setUp()
        self.medium, self.number = self.registered('scsi', size=4 * MIB)
        self.guest.check(f'blockdev --setrw {self.medium.device}; mkfs.ext4 -q -E lazy_itable_init=0 {self.medium.device}; sync')
        self.before = self.medium.path.read_bytes()

    def refused(self, device, medium=None, before=None):
        result = self.wipe(self.number, device)
        self.assertEqual(result.status, S6, result)
        self.assertIn('"rule": "S6"', result.out + result.err)
        self.assert_untouched(self.medium.path, before or self.before)
        if medium:
            self.assert_untouched(medium.path, bytes(4 * MIB))
        return str(result)

    def test_another_id_typed_and_mounted(self):
        typed = self.number[:-2] + ('X' if self.number[-2] != 'X' else 'Y') + self.number[-1]
        result = self.station.act('ana', 'wipe', 'run', self.number, '--device', self.medium.device, '--confirm', typed)
        self.assertNotEqual(result.status, 0, result)
        self.assert_untouched(self.medium.path, self.before)
        self.guest.check(f'mkdir -p /mnt/wipe; mount -o ro,noload {self.medium.device} /mnt/wipe')
        try:
            self.assertIn('/mnt/wipe', self.refused(self.medium.device))
        finally:
            self.guest.check('umount /mnt/wipe')

    def test_another_of_the_same_model(self):
        """Swapped for it; and beside it with the same serial number, as cheap ones have: nobody can say which was registered."""
        twin = self.plug('scsi', 'twin.img', 4 * MIB, serial=self.medium.serial)
        other = self.guest.wait(f'ls /dev/sd? | grep -v {self.medium.device} | grep .')
        self.assertIn('claim to be the same medium', self.refused(other, twin))
        self.guest.unplug_all()
        swapped = self.plug('scsi', 'swapped.img', 4 * MIB, serial=self.medium.serial[:-1] + 'Z')
        self.assertIn('is not the registered medium', self.refused(swapped.device, swapped))


class Faults(Wiping):
    """S5: a disk that fails, or says that it has written, is never certified; what it kept is named, no more and no less."""

    def test_fault_of_the_block_layer(self):
        """By QEMU's own faults, at sectors that a request begins with, has in it, and ends with."""
        sectors = (4096, 8191, 12345)
        faults = [{'event': 'none', 'iotype': 'read', 'sector': sector, 'errno': 5} for sector in sectors]
        medium, number = self.registered('scsi', faults=faults)
        result = self.wipe(number, medium.device)
        self.assertEqual(result.status, S5, result)
        record = self.finished(number)
        self.assertEqual(record['result'], 'not-sanitized')
        self.assertEqual(patterns.sectors_of(record['areas_not_reached']), set(sectors))

    def fault(self, sectors):
        """Faults on the first and the last megabyte are met by whoever looks at the disk, which takes time: only when they lie."""
        kind = self.lottery.choice(('drop', 'alter', 'alter-read', 'write-error', 'read-error'))
        edge = 0 if kind in ('drop', 'alter') else 4096
        length = self.lottery.choice((1, 1, 1, 3, 8))
        return Fault(kind, self.lottery.randrange(edge, sectors - edge - length), length)

    def expected(self, liar, got, record):
        """The sectors that must be named: what failed, and what is not there."""
        failed = {sector for fault in liar.faults if fault.kind in ('write-error', 'read-error', 'alter-read')
                  for sector in range(fault.sector, fault.sector + (fault.sectors if fault.kind != 'alter-read' else 1))}
        return failed | patterns.differing_sectors(got, patterns.left_by(record, len(got)))

    def one_fault(self, number_of_run):
        size = self.lottery.choice((6, 8, 10)) * MIB
        bus, name = self.lottery.choice(('scsi', 'nvme', 'usb')), f'liar{number_of_run}.img'
        path = self.guest.image(name, size)
        smaller = self.lottery.random() < 0.1
        faults = [] if smaller else [self.fault(size // SECTOR) for _ in range(self.lottery.randint(1, 3))]
        liar = Liar(path, faults, real_size=size // 2 if smaller else None, seed=self.lottery.random())
        medium = self.guest.plug(bus, path, f'LIAR-{SEED % 100000}-{number_of_run}', liar=liar)
        try:
            number = self.station.register(medium.device, '--kind', 'hdd', category='BASICA',
                                           classification=self.lottery.choice(('PUBLICO', 'INTERNO')) if not smaller else 'INTERNO')
            result = self.wipe(number, medium.device)
            record = self.finished(number)
        finally:
            self.guest.unplug(medium)
            liar.close()
        about = f'{bus} {size // MIB} MiB {faults or "half as big as it says"} {result}'
        got = b''.join(liar.load(at, MIB) for at in range(0, size, MIB))
        expected = self.expected(liar, got, record)
        named = patterns.sectors_of(record['areas_not_reached'])
        path.unlink()
        self.assertTrue(expected, about)
        self.assertEqual((record['result'], result.status), ('not-sanitized', S5), f'CERTIFIED: {about}')
        self.assertEqual(record['bytes_not_reached'], len(expected) * SECTOR, about)
        if record['areas_count'] == len(record['areas_not_reached']):  # the record lists the first thousand
            self.assertEqual(named, expected, about)
        self.assertIn('"state": "unsanitized"', self.station.do('elena', '--json', 'media', 'show', number), about)

    def test_disks_that_fail_or_lie(self):
        print(f'    seed {SEED}')
        for run in range(FAULTS):
            with self.subTest(seed=SEED, run=run):
                self.one_fault(run)
            if run % 10 == 9:
                print(f'    {run + 1} disks', flush=True)
        self.station.verify()
        print(f'    {FAULTS} disks, none of them certified')


class PowerLoss(Wiping):
    """S7: the machine dies in mid-wipe, and with it what the disk's cache had not handed on."""
    own_guest = True
    SIZE = 16 * MIB

    def setUp(self):
        self.folder = default_folder().with_name(default_folder().name + '-wipe')
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        self.lottery = random.Random(SEED)
        self.store = self.folder / 'store.img'
        with open(self.store, 'wb') as file:
            file.truncate(64 * MIB)
        print(f'    seed {SEED}')

    def tearDown(self):
        if hasattr(self, 'guest'):
            self.guest.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def boot(self):
        self.guest = Guest.boot(self.folder, store={'driver': 'raw', 'node-name': 'store',
                                                    'file': {'driver': 'file', 'filename': str(self.store)}})
        self.station = Station(self.guest)
        self.guest.check(f'mkdir -p {HOME}; blkid /dev/vda || mkfs.ext4 -q /dev/vda; mount /dev/vda {HOME}')

    def plug_in(self, path, serial):
        """A disk with a cache, as slow as a tenth of a second for each of the wipe's requests."""
        self.liar = Liar(path, cached=True, seed=self.lottery.random())
        return self.guest.plug(self.lottery.choice(('scsi', 'nvme')), path, serial, bytes_per_second=5 * MIB, liar=self.liar)

    def check_checkpoint(self, number, image):
        """What the point on record promises is on the medium; behind it is this pass or the one before, and nothing else. Returns
        whether there was one: cut off before it, the job starts from its first pass."""
        text = self.guest.run(f'cat {STORE}/work/wipe-{number}.json').out
        if not text:
            return False
        point = json.loads(text)
        passes, got, seed = patterns.PASSES[point['technique']], image.read_bytes(), bytes.fromhex(point['seed'])
        number_of_pass = min(point['pass'], max(passes))
        now = patterns.content(passes[number_of_pass], seed, len(got))
        wrong = patterns.differing_sectors(got, now)
        if number_of_pass == point['pass'] and number_of_pass > 0:
            before = patterns.content(passes[number_of_pass - 1], seed, len(got))
            neither = patterns.differing_sectors(got, before)
            wrong = {sector for sector in wrong if sector * SECTOR < point['offset'] or sector in neither}
        elif number_of_pass == point['pass']:
            wrong = {sector for sector in wrong if sector * SECTOR < point['offset']}
        self.assertEqual(len(wrong), 0, f"the checkpoint promises what is not on the medium: {point}, {sorted(wrong)[:9]}")
        return True

    def cut(self, number, verb, device, path):
        """Starts or resumes it, and cuts the power at a random moment. False when it was over before."""
        self.station.start_act('wipe', 'ana', 'wipe', verb, number, '--device', device, '--confirm', number)
        self.guest.wait(f"sqlite3 -cmd '.timeout 5000' {STORE}/registry.db \"SELECT 1 FROM event WHERE type = 'sanitization.started' "
                        f"AND subject = '{number}'\" | grep 1", 60)
        time.sleep(self.lottery.uniform(0.1, 12))
        over = self.station.is_finished('wipe')
        self.guest.kill()
        self.boot()
        self.liar.close()
        self.lost += self.liar.lost
        if not over:
            self.checked += self.check_checkpoint(number, path)
        return not over

    def one_medium(self, run, cuts):
        """Returns how often it was cut off before it ended."""
        path, serial, done, verb = self.guest.image(f'disk{run}.img', self.SIZE), f'POWER-{run}', 0, 'run'
        medium = self.plug_in(path, serial)
        number = self.station.register(medium.device, '--kind', 'hdd', classification='INTERNO', category='BASICA')
        while done < cuts and self.cut(number, verb, medium.device, path):
            done += 1
            verb = 'resume'
            medium = self.plug_in(path, serial)
            self.assertIn('"state": "unsanitized"', self.station.do('elena', '--json', 'media', 'show', number))
        if done == cuts:
            self.guest.throttle(medium, 0)
            result = self.wipe(number, medium.device, verb=verb)
            self.assertEqual(result.status, 0, result)
            self.guest.unplug(medium)
            self.liar.close()
        self.assert_holds_what_the_record_says(number, path)
        path.unlink()
        return done

    def test_killed_in_mid_wipe(self):
        self.lost = self.checked = 0
        self.boot()
        self.station.install()
        cuts, run = 0, 0
        while cuts < CUTS:
            with self.subTest(seed=SEED, run=run, cuts=cuts):
                cuts += self.one_medium(run, min(self.lottery.randint(1, 3), CUTS - cuts))
            run += 1
            if CUTS > 5:
                print(f'    {cuts} power losses, {self.checked} checkpoints held, {self.lost} sectors lost', flush=True)
        self.station.verify()
        print(f'    {cuts} power losses, {run} disks wiped to their end, {self.checked} checkpoints held against the medium, '
              f'{self.lost} sectors lost from its cache')
