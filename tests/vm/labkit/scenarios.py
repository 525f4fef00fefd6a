"""Scenarios that tests put together: a writer that races the plug-in, a mounter, a store whose power fails."""

import time

RULES = ('/etc/udev/rules.d', '/usr/local/lib/udev/rules.d', '/usr/lib/udev/rules.d')
GATE_RULES = '10-mpsi-gate.rules'
MAPPED = slice(3 * 4096, 4 * 4096)  # what the racer writes through a mapping
RACERS = {'unprivileged': 'setpriv --reuid=writer --regid=writer --init-groups ', 'root': ''}


def has_gate(guest):
    """udev's rules and mpsi-gate are installed in the guest."""
    return guest.run('ls ' + ' '.join(f'{folder}/{GATE_RULES}' for folder in RULES) + ' 2>/dev/null | grep .').status == 0


def without_gate(guest):
    """An empty file of the same name hides the rules, for what shows that a test can fail."""
    guest.check(f'''mkdir -p /run/udev/rules.d; ln -sf /dev/null /run/udev/rules.d/{GATE_RULES}
        ln -sf /dev/null /run/udev/rules.d/90-mpsi-hide.rules; udevadm control --reload''')


def with_gate(guest):
    guest.check(f'rm -f /run/udev/rules.d/{GATE_RULES} /run/udev/rules.d/90-mpsi-hide.rules; udevadm control --reload')


def differing_bytes(path, before):
    """How much of an image is not as it was: the host looks, past whatever the guest believes."""
    return differing(before, path.read_bytes())


def differing(before, after):
    return 0 if after == before else sum(a != b for a, b in zip(after, before))


def watch_buses(guest, buses):
    """The organisation's choice, for the next plug-in."""
    guest.put('/etc/mpsi/mpsi.conf', f'[gate]\nbuses = {buses}\n')


def restore_configuration(guest):
    """As it was installed."""
    guest.check('cp /lab/mpsi.conf /etc/mpsi/mpsi.conf')


class Race:
    """A writer in the guest that tries every disk that comes."""

    def __init__(self, guest, who, seconds=1800):
        self.guest = guest
        guest.check(f'rm -f /run/racer.*; {RACERS[who]}/lab/racer {seconds} >/run/racer.out & echo $! >/run/racer.pid')

    def plug_in(self, bus, path, serial, stays_s=0.3):
        """One plug-in; returns how many bytes of the image changed: at all; after udev was done with the disk, by
        calls; and after that through a mapping."""
        before = path.read_bytes()
        medium = self.guest.plug(bus, path, serial)
        try:
            self.guest.device_of(medium)
            closed = path.read_bytes()
            time.sleep(stays_s)
        finally:
            self.guest.unplug(medium)
        after = path.read_bytes()
        path.write_bytes(before)
        ever, late = differing(before, after), differing(closed, after)
        mapped = differing(closed[MAPPED], after[MAPPED])
        return ever, late - mapped, mapped

    def end(self):
        """What it says of itself: how many disks it could open, how many writes the kernel took."""
        words = self.guest.wait('kill $(cat /run/racer.pid) 2>/dev/null; cat /run/racer.out | grep opened').split()
        return int(words[1]), int(words[3])


class Udisks:
    """The desktop's mounter, with the bus that it needs."""

    def __init__(self, guest):
        self.guest = guest
        guest.check('''mkdir -p /run/dbus; [ -S /run/dbus/system_bus_socket ] || dbus-daemon --system --fork
            pidof udisksd >/dev/null || setsid /usr/libexec/udisks2/udisksd >/run/udisksd.log 2>&1 &''')
        guest.wait('udisksctl status >/dev/null', 60)

    def end(self):
        self.guest.run('kill $(pidof udisksd)')

    def mount(self, device):
        """As root, whom it asks no password: what it refuses, it refuses everybody."""
        return self.guest.run(f'udisksctl mount --no-user-interaction -b {device}')
