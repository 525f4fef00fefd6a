"""What an opening costs beside `cryptsetup open`, in the same guest and on the same medium, by turns: a ratio, since the emulated
machine's own times mean nothing."""

import os
import re
import statistics

from labkit import scenarios
from labkit.guest import Guest
from labkit.station import Desk

TURNS = int(os.environ.get('MPSI_BENCH_TURNS', '5'))


def timed(guest, command):
    """Milliseconds by the guest's clock, and what it printed."""
    out = guest.check(f'began=$EPOCHREALTIME; {command} && ended=$EPOCHREALTIME && echo "took $((${{ended/./}} - ${{began/./}}))"')
    return int(re.search(r'took (\d+)', out)[1]) / 1000


def main(folder):
    guest = Guest(folder)
    guest.run('cryptsetup close bench')  # of one that was cut off
    guest.unplug_all()
    scenarios.watch_buses(guest, 'usb')
    station = Desk(guest)
    station.install()
    station.start('--config', '/etc/mpsi/mpsi.conf')
    try:
        medium = guest.plug('usb', guest.image('bench.img', 24 << 20), 'BENCH-UNLOCK')
        station.wait_log(f'{medium.device}.*read only C3')
        number = station.register(medium.device)
        station.do('ana', 'encrypt', 'run', number, medium.device, '--confirm', number, '--no-fill')
        station.wait_log(f'{medium.device} {number}: accepted')
        # A header of the same cost, with a key that is known, where the gate has no say.
        guest.check('head -c 64 /dev/urandom >/run/bench.key')
        other = guest.plug('scsi', guest.image('bench2.img', 24 << 20), 'BENCH-THEIRS')
        guest.check(f'''udevadm settle
            cryptsetup luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --cipher aes-xts-plain64 \\
                --key-size 256 {other.device} /run/bench.key''')
        ours, theirs, idle = measure(guest, station, number, medium.device, other.device)
        print(f'encrypt unlock over the socket {ours:.0f} ms, cryptsetup open {theirs:.0f} ms, a verb that only reads {idle:.0f} ms'
              f' (medians of {TURNS}): {ours / theirs:.2f} times cryptsetup open, {(ours - idle) / theirs:.2f} without the'
              ' program, the socket and the session')
    finally:
        station.stop()
        guest.unplug_all()
        scenarios.restore_configuration(guest)
        guest.close()


def measure(guest, station, number, device, theirs_at):
    ours, theirs, idle = [], [], []
    has_keyring = guest.run(station.command('ana', 'key', 'unlock')).status == 0
    print('the vault is unlocked in the kernel' if has_keyring else 'each opening asks for the master passphrase (scrypt)')
    for _ in range(TURNS):
        ours.append(timed(guest, station.command('ana', 'encrypt', 'unlock', number, device) + ' >/dev/null'))
        station.do('ana', 'encrypt', 'lock', number)
        theirs.append(timed(guest, f'cryptsetup open --key-file /run/bench.key {theirs_at} bench'))
        guest.check('cryptsetup close bench')
        idle.append(timed(guest, station.command('ana', 'encrypt', 'status') + ' >/dev/null'))
    return tuple(statistics.median(times) for times in (ours, theirs, idle))
