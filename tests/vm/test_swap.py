"""A station on a machine that swaps: all that the kernel may write of its programs is written to a real swap disk, again and again, while
a medium is encrypted and opened; then the disk is searched. C10.

MPSI_LAB_SWAP=all re-encrypts it, too, and tries a station that may lock its own secrets and nothing else, where the search has to find something."""

import os
import subprocess

from labkit import scenarios
from labkit.case import LabCase
from labkit.station import Desk

MIB = 1 << 20
PIECE = 16
EVERYTHING = os.environ.get('MPSI_LAB_SWAP') == 'all'
CARELESS = 'a-word-that-nobody-takes-care-of'


def pieces(secret):
    """A key need not lie in one piece: each sixteen bytes of it are looked for."""
    return [secret[at:at + PIECE] for at in range(0, max(len(secret) - PIECE + 1, 1), PIECE)]


def at_length(test):
    return test if EVERYTHING else None


class Swap(LabCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest.unplug_all()
        scenarios.watch_buses(cls.guest, 'usb')  # the swap disk is in a bay that the gate leaves alone
        cls.station = Desk(cls.guest)
        cls.station.install()

    @classmethod
    def tearDownClass(cls):
        cls.station.stop()
        cls.guest.run('pkill pager; swapoff -a')
        cls.guest.unplug_all()
        scenarios.restore_configuration(cls.guest)
        super().tearDownClass()

    def setUp(self):
        self.start_clean()
        self.station.environment = 'prlimit --memlock=unlimited'  # as the unit has it (LimitMEMLOCK)
        self.disk = self.guest.image(f'{self.id().rsplit(".", 1)[1]}.img', 512 * MIB)
        self.swap = self.guest.plug('scsi', self.disk, 'SWAP')
        self.guest.check(f'mkswap {self.swap.device} && swapon {self.swap.device}')

    def tearDown(self):
        self.guest.run('pkill pager')
        self.guest.check('swapoff -a')
        self.guest.unplug_all()

    def page_out(self, *names):
        self.guest.check(f'setsid /lab/pager {" ".join(names)} >/run/pager.out 2>&1 & echo $! >/run/pager.pid')

    def paged_out(self):
        """How often the kernel took something to write."""
        self.guest.check('kill $(cat /run/pager.pid)')
        return int(self.guest.wait('grep . /run/pager.out').split()[0])

    def swapped(self):
        """What reached the disk."""
        self.guest.check('sync')
        return self.disk.read_bytes()

    def test_careless(self):
        """What is looked for would be found: of a program that takes no care it is."""
        self.guest.put('/run/word', CARELESS)
        self.guest.check('''cp $(readlink -f /bin/bash) /run/careless
            /run/careless -c 'word=$(cat /run/word); read -t 60 <> <(:); : $word' >/dev/null 2>&1 & sleep 1''')
        self.page_out('careless')
        self.guest.run('sleep 2')
        self.assertGreater(self.paged_out(), 0)
        swapped = self.swapped()
        self.guest.run('pkill careless')
        self.assertTrue(any(piece in swapped for piece in pieces(CARELESS.encode())))

    def learn(self, medium, number, secrets):
        """The volume key and the secret of the recovery slot, as they are now."""
        folder = self.guest.folder
        self.guest.check('rm -f /tmp/escrow.cms')
        self.station.do('sara', 'key', 'escrow', number, '--out', '/tmp/escrow.cms')
        (folder / 'escrow.cms').write_bytes(bytes.fromhex(self.guest.check('od -An -v -tx1 /tmp/escrow.cms').replace('\n', ' ')))
        recovery = folder / 'store/recovery'
        for name in ('slot', 'volume'):
            (folder / name).unlink(missing_ok=True)
        subprocess.run(['openssl', 'cms', '-decrypt', '-inform', 'DER', '-in', folder / 'escrow.cms', '-recip', recovery / 'recovery.crt',
                        '-inkey', recovery / 'recovery.key', '-passin', f'file:{folder}/secrets/recovery', '-out', folder / 'slot'],
                       check=True)
        self.guest.check('sync')
        subprocess.run(['cryptsetup', 'luksDump', '--batch-mode', '--dump-volume-key', '--key-slot', '1', '--key-file', folder / 'slot',
                        '--volume-key-file', folder / 'volume', medium.path], check=True, stdout=subprocess.DEVNULL)
        for name in ('slot', 'volume'):
            secrets[f'{name} {len(secrets)}'] = (folder / name).read_bytes()

    def life(self):
        """A medium's life: which secrets are on the swap disk, and in how many pieces."""
        secrets = {}
        self.page_out('mpsi')
        self.station.start('--config', '/etc/mpsi/mpsi.conf')
        self.station.do('sara', 'key', 'unlock')
        medium = self.plug('usb', size=40 * MIB)
        self.station.wait_log(f'{medium.device}.*read only C3', 60)
        number = self.station.register(medium.device)
        self.station.do('ana', 'encrypt', 'run', number, medium.device, '--confirm', number, '--no-fill')
        self.station.wait_log(f'{medium.device} {number}: accepted', 60)
        if EVERYTHING:
            self.learn(medium, number, secrets)
            self.station.do('ana', 'encrypt', 'rotate', number, medium.device, '--kind', 'volume', timeout=300)
            self.station.do('ana', 'encrypt', 'unlock', number, medium.device)  # by the vault's key in the kernel
            self.station.do('ana', 'encrypt', 'lock', number)
        self.station.do('sara', 'key', 'lock')
        self.station.do('ana', 'encrypt', 'unlock', number, medium.device)  # by the master passphrase
        self.guest.check(f'head -c 1M /dev/mapper/mpsi-{number} >/dev/null')
        taken, swapped = self.paged_out(), self.swapped()
        self.station.do('ana', 'encrypt', 'lock', number)
        self.learn(medium, number, secrets)
        self.station.stop()
        for path in sorted((self.guest.folder / 'secrets').iterdir()):
            secrets[path.name] = path.read_bytes().strip()
        written = len(swapped) - swapped.count(0)
        print(f'    {taken} areas taken, {written >> 10} KiB on the swap disk searched for {len(secrets)} secrets')
        self.assertGreater(written, MIB)
        self.assertIn(b'mpsid', swapped)
        found = {name: sum(piece in swapped for piece in pieces(secret)) for name, secret in secrets.items()}
        return {name: count for name, count in found.items() if count}

    def test_station(self):
        """C10: no key and no word of anybody is on the swap disk."""
        self.assertEqual(self.life(), {})

    @at_length
    def test_unlocked(self):
        """The same with a station that may lock its own secrets, and no more: copies that libraries make are there."""
        self.station.environment = 'prlimit --memlock=65536 setpriv --bounding-set=-ipc_lock'
        found = self.life()
        print(f'    found: {found}')
        self.assertNotEqual(found, {})
