"""One guest: booted, spoken to, cut off. What it is made of lies in a folder of its own on the host, so that the next
process can take it up where this one left it."""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from . import paths, stage
from .agent import Agent, AgentError
from .media import Media
from .qmp import Qmp

# What ends a guest that was forgotten.
LIFETIME_S = 3600
BOOT_S = {'light': 60, 'systemd': 240}
BOOTS = 3
INIT = {'light': '/lab/light', 'systemd': '/lab/systemd'}
PORTS = 4


class GuestError(Exception):
    """It did not boot."""


class Guest(Media):
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.pid = int((self.folder / 'pid').read_text())
        self.qmp = Qmp(self.folder / 'qmp')
        self.agent = Agent(self.folder / 'agent')

    @staticmethod
    def is_running(folder):
        try:
            return not zombie(int((pathlib.Path(folder) / 'pid').read_text()))
        except (OSError, ValueError):
            return False

    def close(self):
        self.agent.close()
        self.qmp.close()

    @staticmethod
    def boot(folder, kind='light', store=None, extra=()):
        """A new guest. `store` is a disk (a block node's description) that outlives it; it is /dev/vda there. An emulated processor
        may lose its timer while it starts, too: then another is tried, which the log tells."""
        for attempt in range(1, BOOTS + 1):
            try:
                return Guest.boot_once(folder, kind, store, extra, attempt * BOOT_S[kind])
            except GuestError as error:
                if attempt == BOOTS:
                    raise
                print(f'    {error}\n    another is booted', file=sys.stderr, flush=True)

    @staticmethod
    def boot_once(folder, kind, store, extra, seconds):
        folder = pathlib.Path(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise GuestError(f'{folder} belongs to somebody else')
        for name in ('qmp', 'agent', 'pid'):
            (folder / name).unlink(missing_ok=True)
        stage.make(folder)
        command = ['timeout', str(LIFETIME_S), 'qemu-system-x86_64', *arguments(folder, kind), *extra]
        if store:
            command += ['-blockdev', json.dumps(store), '-device', f"virtio-blk-pci,drive={store['node-name']},serial=lab-store"]
        with open(folder / 'log', 'ab') as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        guest = wait_for_guest(folder, process)
        try:
            guest.run('true', timeout=seconds)
        except AgentError as error:
            console = (folder / 'console').read_text(errors='replace')
            guest.kill()
            raise GuestError(f'the guest does not boot: {error}\n{console[-4000:]}') from None
        return guest

    @staticmethod
    def of_all(folder):
        """The one that several files of tests share. An emulated processor may lose its timer, and then nothing comes any more:
        the next file gets a new one."""
        guest = Guest(folder)
        try:
            guest.run('true', 30)
            return guest
        except AgentError:
            print('    the guest does not answer: a new one is booted', flush=True)
            guest.kill()
            return Guest.boot(folder)

    def run(self, command, timeout=120):
        """Runs a command in the guest with bash and waits for it."""
        began = time.monotonic()
        result = self.agent.run(command, timeout)
        if os.environ.get('MPSI_LAB_TRACE'):
            print(f'{time.monotonic() - began:7.2f} s  {command[:100]!r} -> {result.status}', file=sys.stderr)
        return result

    def check(self, command, timeout=120):
        """The same for what has to succeed; returns what it printed."""
        result = self.run(command, timeout)
        if result.status != 0:
            raise AssertionError(f'{command}\n{result}')
        return result.out.strip()

    def wait(self, command, timeout=30):
        """Until the command succeeds: the guest is slow, and asks itself rather than being waited for."""
        result = self.run(f'''for ((end = SECONDS + {int(timeout)}; SECONDS <= end;)); do
            said=$({command}
            ) && {{ printf '%s' "$said"; exit 0; }}
            sleep 0.05
            done
            printf '%s' "$said"; exit 1''', timeout + 30)
        if result.status != 0:
            raise AssertionError(f'not within {timeout} s: {command}\n{result}')
        return result.out.strip()

    def put(self, path, data, mode='0644'):
        text = base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()
        self.check(f"mkdir -p $(dirname {path}); base64 -d >{path} <<'.'\n{text}\n.\nchmod {mode} {path}")

    def kill(self):
        """Power loss: QEMU ends at once, and with it what the guest had not handed to its disks."""
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.close()
        while not zombie(self.pid):
            time.sleep(0.02)

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def zombie(pid):
    """It is gone, or only waits for its parent to notice."""
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] == 'Z'
    except OSError:
        return True


def arguments(folder, kind):
    append = (f'console=ttyS0 quiet panic=-1 nokaslr norandmaps mitigations=off tsc=reliable no_timer_check audit=0 apparmor=0 '
              f'usb-storage.delay_use=0 rdinit=/init lab={INIT[kind]}')
    if kind == 'systemd':
        append += ' systemd.unit=multi-user.target systemd.show_status=no'
    words = f'''-M q35 -accel tcg,thread=multi -cpu qemu64 -smp 2 -m 1536M -nodefaults -no-user-config -display none -no-reboot
        -pidfile {folder}/pid -serial file:{folder}/console
        -qmp unix:{folder}/qmp,server=on,wait=off
        -kernel {paths.CACHE}/kernel/vmlinux -initrd {folder}/initrd
        -device virtio-serial-pci -chardev socket,id=agent,path={folder}/agent,server=on,wait=off
        -device virtserialport,chardev=agent,name=agent
        -fsdev local,id=usr,path=/usr,security_model=none,readonly=on,multidevs=remap
        -device virtio-9p-pci,fsdev=usr,mount_tag=usr
        -fsdev local,id=modules,path={paths.CACHE}/kernel/lib/modules,security_model=none,readonly=on
        -device virtio-9p-pci,fsdev=modules,mount_tag=modules
        -device qemu-xhci,id=xhci,p2=8,p3=8 -device virtio-scsi-pci,id=scsi'''.split()
    for port in range(PORTS):
        words += ['-device', f'pcie-root-port,id=port{port},chassis={port + 1},slot={port + 1}']
    return words + ['-append', append]


def wait_for_guest(folder, process):
    while process.poll() is None:
        try:
            return Guest(folder)
        except (OSError, ValueError):
            time.sleep(0.1)
    raise GuestError('QEMU does not start: ' + (folder / 'log').read_text(errors='replace'))
