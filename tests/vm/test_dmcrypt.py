"""What the tests on loop devices can't show: mappings of dm-crypt, on media that come and go. C2, S6."""

import json

from labkit.case import LabCase

FORMAT = '--batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --cipher aes-xts-plain64 --key-size 256'


class DmCrypt(LabCase):
    def open_medium(self, bus='usb'):
        medium = self.plug(bus, size=32 << 20)
        device = medium.device
        # The gate has closed it where it is installed; here somebody lets it in.
        self.guest.check(f'''blockdev --setrw {device}; printf secret >/run/key; mkdir -p /mnt/medium
            cryptsetup luksFormat {FORMAT} {device} /run/key && cryptsetup open --key-file /run/key {device} medium''')
        return medium

    def close_medium(self):
        self.guest.run('umount /mnt/medium; cryptsetup close medium || dmsetup remove --force medium')

    def tearDown(self):
        self.close_medium()

    def test_format_open_write_and_read_back(self):
        """C2: what is written through the mapping is on the medium, and not in clear."""
        medium = self.open_medium()
        self.guest.check('''mkfs.ext4 -q /dev/mapper/medium && mount /dev/mapper/medium /mnt/medium
            yes 'PACIENTE 0042 DICM' | head -c 1048576 >/mnt/medium/study && umount /mnt/medium && cryptsetup close medium''')
        self.guest.unplug(medium)
        self.assertNotIn(b'PACIENTE', medium.path.read_bytes())
        again = self.guest.plug('usb', medium.path, medium.serial)
        text = self.guest.check(f'''cryptsetup open --readonly --key-file /run/key {again.device} medium
            mount -o ro /dev/mapper/medium /mnt/medium && head -n 1 /mnt/medium/study''')
        self.assertEqual(text, 'PACIENTE 0042 DICM')

    def test_headers_that_cryptsetup_makes_only_with_the_kernel(self):
        """C2, rows 3 to 5, 12: other ciphers, the null cipher, the kernel's own way to write a cipher."""
        medium = self.plug('usb', size=20 << 20)
        self.station.install()
        for cipher, bits, rows in (('serpent-xts-plain64', 512, {3, 5}), ('aes-xts-plain64', 384, {4, 5}),
                                   ('cipher_null-ecb', 256, {12}), ("'capi:xts(aes)-plain64'", 512, {12})):
            with self.subTest(cipher):
                self.guest.check(f'''blockdev --setrw {medium.device}; printf secret >/run/key
                    cryptsetup luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \\
                        --cipher {cipher} --key-size {bits} {medium.device} /run/key''')
                result = self.station.act('ana', '--json', 'encrypt', 'check', medium.device, '--category', 'MEDIA')
                self.assertEqual(result.status, 5, result)
                self.assertEqual({finding['row'] for finding in json.loads(result.out)['findings']}, rows | {8})

    def test_open_medium_is_left_alone(self):
        """S6: a disk under a mapping is in use: neither gated nor wiped under it."""
        medium = self.open_medium('scsi')
        self.station.install()
        self.station.start()
        self.guest.check(f'udevadm trigger --action=change --settle {medium.device}; sleep 1.5')
        self.assertEqual(self.guest.check(f'blockdev --getro {medium.device}'), '0')
        self.assertEqual(self.station.judgements(medium.serial), [])
        number = self.station.register(medium.device, classification='INTERNO', category='BASICA')
        result = self.station.act('ana', 'wipe', 'run', number, '--device', medium.device, '--confirm', number)
        self.assertNotEqual(result.status, 0, result)
        self.assertIn(b'LUKS', medium.path.read_bytes()[:4096])
        self.station.stop()

    def test_unplugged_under_the_mapping(self):
        """A write after the unplugging is not acknowledged, and the mapping can be closed."""
        medium = self.open_medium()
        self.guest.check('mkfs.ext4 -q /dev/mapper/medium && mount /dev/mapper/medium /mnt/medium && sync')
        self.guest.unplug(medium)
        result = self.guest.run('dd if=/dev/zero of=/mnt/medium/late bs=4096 count=16 conv=fsync')
        self.assertNotEqual(result.status, 0, result)
        self.close_medium()
        self.guest.wait('! ls /dev/mapper/medium')
