"""The station loses its power: QEMU is killed, and the writes that a cache could have lost are lost. X2, S7.

MPSI_LAB_KILLS=n changes how often it is killed and booted again, MPSI_LAB_CUTS=n how many other moments of the same
writes are tried, MPSI_LAB_SEED=n the moments.
"""

import os
import random
import shutil
import time

from labkit import writes
from labkit.case import LabCase, default_folder
from labkit.guest import Guest
from labkit.station import HOME, STORE, Station

KILLS = int(os.environ.get('MPSI_LAB_KILLS', 2))
CUTS = int(os.environ.get('MPSI_LAB_CUTS', 10))
SEED = int(os.environ.get('MPSI_LAB_SEED', time.time()))
SIZE = 64 << 20
LONGEST_S = 12


class PowerLoss(LabCase):
    own_guest = True

    def setUp(self):
        self.folder = default_folder().with_name(default_folder().name + '-power')
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        self.image, self.log = self.folder / 'store.img', self.folder / 'store.log'
        for path, size in ((self.image, SIZE), (self.log, 0)):
            with open(path, 'wb') as file:
                file.truncate(size)
        self.lottery = random.Random(SEED)
        self.acknowledged = []  # (serial number, length of the log when the answer came)
        print(f'    seed {SEED}')

    def tearDown(self):
        if hasattr(self, 'guest'):
            self.guest.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def boot(self, **node):
        self.guest = Guest.boot(self.folder, store=node)
        self.station = Station(self.guest)

    def register(self, serial):
        self.station.do('carlos', 'media', 'register', '--kind', 'tape', '--serial', serial, '--classification', 'CONFIDENCIAL',
                        '--category', 'MEDIA', '--owner', 'marta', '--expires', '2099-12-31', '--retention', '400')

    def work_until_it_fails(self, seconds, name):
        """Registers media; the power goes at a random moment, in the middle of whatever is done then."""
        end, number = time.monotonic() + seconds, 0
        while time.monotonic() < end - 1:
            self.register(f'{name}-{number}')
            self.acknowledged.append((f'{name}-{number}', self.log.stat().st_size))
            number += 1
        self.station.start_act('last', 'carlos', 'media', 'register', '--kind', 'tape', '--serial', f'{name}-LAST', '--classification',
                               'CONFIDENCIAL', '--category', 'MEDIA', '--owner', 'marta', '--expires', '2099-12-31', '--retention', '400')
        time.sleep(self.lottery.random())
        self.guest.kill()

    def check_store(self, guest, folder, acknowledged):
        """The ledger verifies, and what was acknowledged is there."""
        verify = self.station.command('elena', 'ledger', 'verify').replace(STORE, folder)
        guest.check(verify)
        there = guest.check(f"sqlite3 {folder}/registry.db 'SELECT serial FROM medium'").split()
        self.assertEqual([serial for serial in acknowledged if serial not in there], [], 'acknowledged, and lost')

    def test_killed_and_booted_again(self):
        self.boot(**writes.logged_node('store', self.image, self.log))
        self.guest.check(f'mkfs.ext4 -q /dev/vda && mkdir -p {HOME} && mount /dev/vda {HOME}')
        self.station.install()
        first = self.log.stat().st_size
        self.work_until_it_fails(self.lottery.uniform(3, LONGEST_S), 'FIRST')
        shutil.copy(self.log, self.folder / 'first.log')
        logged = list(self.acknowledged)
        for kill in range(KILLS):
            # What the host's kernel was given stays: of a killed QEMU only the guest's memory is lost.
            self.boot(**{'driver': 'raw', 'node-name': 'store', 'file': {'driver': 'file', 'filename': str(self.image)}})
            self.guest.check(f'mount /dev/vda {HOME}')
            self.check_store(self.guest, STORE, [serial for serial, _ in self.acknowledged])
            if kill < KILLS - 1:
                self.work_until_it_fails(self.lottery.uniform(2, LONGEST_S / 2), f'AGAIN{kill}')
        self.other_moments(self.folder / 'first.log', first, logged)
        print(f'    {KILLS} kills, {CUTS} other moments, {len(self.acknowledged)} acknowledged acts')

    def other_moments(self, log, first, acknowledged):
        """The same writes, cut off elsewhere, with a cache that lost part of what no flush had asked for."""
        data, entries = writes.read_log(log)
        start = sum(entry.end <= first for entry in entries)
        for number in range(CUTS):
            count = self.lottery.randint(start, len(entries))
            reached = entries[count - 1].end
            image = self.folder / 'cut.img'
            writes.after_power_loss(data, entries, count, image, SIZE, self.lottery.random())
            medium = self.guest.plug('scsi', image, f'CUT{number}')
            device = medium.device
            self.guest.check(f'mkdir -p /mnt/cut; mount {device} /mnt/cut')
            with self.subTest(seed=SEED, cut=number, write=count, of=len(entries)):
                self.check_store(self.guest, '/mnt/cut/store', [serial for serial, length in acknowledged if length <= reached])
            self.guest.check('umount /mnt/cut')
            self.guest.unplug(medium)
