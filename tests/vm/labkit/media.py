"""Media that come and go: image files of the host behind USB, NVMe and SCSI devices of the guest."""

import itertools
import os

NUMBERS = itertools.count()

# How each bus is plugged: the device's name for QEMU and where it goes.
BUSES = {
    'usb': {'driver': 'usb-storage', 'bus': 'xhci.0'},
    'nvme': {'driver': 'nvme', 'bus': None},  # a free root port
    'scsi': {'driver': 'scsi-hd', 'bus': 'scsi.0'},
}


def image_node(name, path, direct=False):
    """A raw image; `direct` keeps its writes out of the host's cache."""
    return {'driver': 'raw', 'node-name': name,
            'file': {'driver': 'file', 'filename': str(path), 'cache': {'direct': direct}}}


class Medium:
    """One insertion of one image."""

    def __init__(self, guest, bus, path, serial):
        self.guest, self.bus, self.path, self.serial = guest, bus, path, serial
        self.id = f'medium{os.getpid()}-{next(NUMBERS)}'
        self.node = f'{self.id}-node'
        self.known = self.liar = None

    @property
    def device(self):
        """Its node in the guest, by the serial number that the kernel sees; when udev is done with it."""
        if not self.known:
            self.known = self.guest.device_of(self)
        return self.known


class Media:
    """The part of a guest that has to do with media."""

    def image(self, name, size=32 << 20):
        """An empty image file in the guest's folder."""
        path = self.folder / name
        with open(path, 'wb') as file:
            file.truncate(size)
        return path

    def plug(self, bus, path, serial, faults=None, bytes_per_second=None, liar=None, **properties):
        """Plugs an image in. `faults` are rules of blkdebug, `bytes_per_second` a throttle that can be changed later, `liar` the
        server that stands between guest and image."""
        medium = Medium(self, bus, path, serial)
        medium.liar = liar
        self.qmp.command('blockdev-add', **self.block_node(medium, faults, bytes_per_second))
        device = dict(BUSES[bus], id=medium.id, drive=medium.node, serial=serial, **properties)
        if bus == 'nvme':
            device['bus'] = self.free_port()
        if bus == 'usb':
            device.setdefault('removable', True)
        self.qmp.command('device_add', **device)
        return medium

    def block_node(self, medium, faults, bytes_per_second):
        name = medium.node
        if bytes_per_second:
            self.qmp.command('object-add', **{'qom-type': 'throttle-group', 'id': f'{medium.id}-throttle',
                                              'limits': {'bps-total': bytes_per_second}})
            inner = self.block_file(f'{name}-file', medium, faults)
            return {'driver': 'throttle', 'node-name': name, 'throttle-group': f'{medium.id}-throttle', 'file': inner}
        return self.block_file(name, medium, faults)

    @staticmethod
    def block_file(name, medium, faults):
        if medium.liar:
            return {'driver': 'raw', 'node-name': name, 'file': medium.liar.node()}
        if not faults:
            return image_node(name, medium.path)
        return {'driver': 'raw', 'node-name': name,
                'file': {'driver': 'blkdebug', 'inject-error': faults, 'image': {'driver': 'file', 'filename': str(medium.path)}}}

    def throttle(self, medium, bytes_per_second):
        """0 lets it run free."""
        self.qmp.command('qom-set', path=f'{medium.id}-throttle', property='limits', value={'bps-total': bytes_per_second})

    def free_port(self):
        """A root port without a device."""
        for bus in self.qmp.command('query-pci')[0]['devices']:
            bridge = bus.get('pci_bridge')
            if bus.get('qdev_id', '').startswith('port') and not bridge.get('devices'):
                return bus['qdev_id']
        raise AssertionError('all root ports are taken')

    def unplug(self, medium):
        """Pulled out, whatever the guest does with it at the moment."""
        self.unplug_id(medium.id)

    def unplug_id(self, name):
        self.qmp.command('device_del', id=name)
        self.qmp.wait_deleted(name)
        self.qmp.command('blockdev-del', **{'node-name': f'{name}-node'})

    def plugged(self):
        """The media that are in, whoever plugged them."""
        nodes = self.qmp.command('query-named-block-nodes', flat=True)
        return [node['node-name'].removesuffix('-node') for node in nodes
                if node['node-name'].startswith('medium') and node['node-name'].endswith('-node')]

    def unplug_all(self):
        for name in self.plugged():
            self.unplug_id(name)

    def device_of(self, medium, timeout=30):
        return self.wait(f'''for block in /sys/block/sd* /sys/block/nvme*; do
                case "$(udevadm info --query=property "$block" 2>/dev/null)" in
                *ID_SERIAL_SHORT={medium.serial}*|*ID_SCSI_SERIAL={medium.serial}*) echo "/dev/${{block##*/}}"; exit 0 ;;
                esac
            done; exit 1''', timeout)

    def plug_keyboard(self):
        name = f'keyboard{os.getpid()}-{next(NUMBERS)}'
        self.qmp.command('device_add', driver='usb-kbd', bus='xhci.0', id=name)
        return name

    def unplug_keyboard(self, name):
        self.qmp.command('device_del', id=name)
        self.qmp.wait_deleted(name)
