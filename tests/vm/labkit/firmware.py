"""A disk whose firmware does as it is told (guest/firmware_disk.h), in the guest: target_core_user and tcm_loop."""

import itertools
import zlib

CORE = '/sys/kernel/config/target/core/user_0'
LOOP = '/sys/kernel/config/target/loopback'
NUMBERS = itertools.count()


class FirmwareDisk:
    """Made with its settings (name=value of the C program's configuration), plugged in, pulled out, its power cut."""

    def __init__(self, guest, name, size, **settings):
        self.guest, self.name, self.size = guest, name, size
        self.folder = f'/run/firmware/{name}'
        self.image, self.log_path = f'{self.folder}/image', f'{self.folder}/log'
        self.serial = settings.setdefault('serial', name.upper())
        settings.setdefault('wwn', f'5000c500{zlib.crc32(self.serial.encode()) & 0xffffffff:08x}')
        self.settings = {key.replace('_', '-'): value for key, value in settings.items()}
        self.wwn = f'naa.5001405{zlib.crc32(name.encode()) & 0xffffffff:08x}0'
        self.make()

    def make(self):
        self.guest.check(f'''rm -rf {self.folder}; mkdir -p {self.folder} && truncate -s {self.size} {self.image}
            modprobe target_core_user && modprobe tcm_loop && mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
            {self.configuration()}
            mkdir -p {CORE}/{self.name} {LOOP}/{self.wwn}/tpgt_1
            echo dev_config=lab/{self.name} >{CORE}/{self.name}/control
            echo dev_size={self.size} >{CORE}/{self.name}/control
            echo hw_block_size=512 >{CORE}/{self.name}/control
            echo 0 >{CORE}/{self.name}/attrib/cmd_time_out
            echo 1 >{CORE}/{self.name}/enable || exit 1
            for name in /sys/class/uio/uio*/name; do
                case "$(cat "$name")" in */{self.name}/*) node=/dev/$(basename $(dirname "$name")) ;; esac
            done
            setsid /lab/firmware-disk $node {self.image} {self.folder}/config {self.log_path} >{self.folder}/said 2>&1 &
            echo $! >{self.folder}/pid
            echo {self.wwn} >{LOOP}/{self.wwn}/tpgt_1/nexus && mkdir -p {LOOP}/{self.wwn}/tpgt_1/lun/lun_0''')

    def configuration(self):
        lines = '\n'.join(f'{key}={value}' for key, value in self.settings.items())
        return f"cat >{self.folder}/config <<'.'\n{lines}\n.\n"

    def plug(self):
        """Returns its node."""
        self.guest.check(f'ln -s {CORE}/{self.name} {LOOP}/{self.wwn}/tpgt_1/lun/lun_0/port')
        return self.wait_node()

    def wait_node(self):
        self.device = self.guest.wait(f'''for block in /sys/block/sd*; do
                case "$(udevadm info --query=property "$block" 2>/dev/null)" in
                *ID_SERIAL_SHORT={self.serial}*|*ID_SCSI_SERIAL={self.serial}*) echo "/dev/${{block##*/}}"; exit 0 ;;
                esac
            done; exit 1''')
        return self.device

    def plug_second_path(self):
        """The same disk on another host adapter; returns its node there."""
        other = f'{LOOP}/{self.wwn[:-1]}1'
        return self.guest.check(f'''mkdir -p {other}/tpgt_1 && echo {self.wwn[:-1]}1 >{other}/tpgt_1/nexus && mkdir -p {other}/tpgt_1/lun/lun_0
            ln -s {CORE}/{self.name} {other}/tpgt_1/lun/lun_0/port; udevadm settle
            for block in /sys/block/sd*; do
                [ "/dev/${{block##*/}}" = {self.device} ] && continue
                case "$(udevadm info --query=property "$block" 2>/dev/null)" in
                *ID_SERIAL_SHORT={self.serial}*|*ID_SCSI_SERIAL={self.serial}*) echo "/dev/${{block##*/}}"; exit 0 ;;
                esac
            done; exit 1''')

    def unplug_second_path(self):
        other = f'{LOOP}/{self.wwn[:-1]}1'
        self.guest.check(f'rm -f {other}/tpgt_1/lun/lun_0/port; rmdir {other}/tpgt_1/lun/lun_0 {other}/tpgt_1 {other}; udevadm settle')

    def unplug(self):
        self.guest.check(f'rm -f {LOOP}/{self.wwn}/tpgt_1/lun/lun_0/port')

    def set(self, **settings):
        """For when the power comes back."""
        self.settings.update({key.replace('_', '-'): value for key, value in settings.items()})
        self.guest.check(self.configuration())

    def power_cycle(self, **settings):
        """Cable and power at once, and back again; returns its new node."""
        self.set(**settings)
        self.guest.check(f'kill -HUP $(cat {self.folder}/pid)')
        self.unplug()
        return self.plug()

    def log(self):
        """The commands that change something, in order."""
        return self.guest.check(f'cat {self.log_path}').splitlines()

    def digest(self):
        """What is on it, past everything in between."""
        return self.guest.check(f'sha256sum <{self.image}')

    def fill(self, byte='S'):
        """Something to be erased, in the hidden areas as well."""
        self.guest.check(f"head -c {self.size} /dev/zero | tr '\\0' '{byte}' | dd of={self.image} conv=notrunc status=none bs=1M")

    def count(self, byte='S'):
        """How much of it is still there."""
        return int(self.guest.check(f"tr -dc '{byte}' <{self.image} | wc -c"))

    def remove(self):
        self.guest.run(f'''rm -f {LOOP}/{self.wwn}/tpgt_1/lun/lun_0/port; rmdir {LOOP}/{self.wwn}/tpgt_1/lun/lun_0 {LOOP}/{self.wwn}/tpgt_1 {LOOP}/{self.wwn}
            kill $(cat {self.folder}/pid); rmdir {CORE}/{self.name}; rm -rf {self.folder}''')


def remove_all(guest):
    """What a test that failed left."""
    guest.run(f'''for port in {LOOP}/naa.*/tpgt_1/lun/lun_0/port; do rm -f "$port"; done
        rmdir {LOOP}/naa.*/tpgt_1/lun/lun_0 {LOOP}/naa.*/tpgt_1 {LOOP}/naa.* 2>/dev/null
        for pid in /run/firmware/*/pid; do kill $(cat $pid); done; rmdir {CORE}/*; rm -rf /run/firmware''')
