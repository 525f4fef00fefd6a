"""A disk whose every write and flush is on record (QEMU's blklogwrites, the format of Linux' dm-log-writes), and the
disks that a power loss could have left: what was flushed, and of the rest, whatever the cache happened to hand on."""

import dataclasses
import random
import struct

MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD = 1, 2, 4


def logged_node(name, image, log):
    """A block node that is the image and keeps the log."""
    return {'driver': 'blklogwrites', 'node-name': name, 'log-sector-size': 512,
            'file': {'driver': 'file', 'filename': str(image)}, 'log': {'driver': 'file', 'filename': str(log)}}


@dataclasses.dataclass
class Write:
    sector: int
    sectors: int
    flags: int
    data_at: int  # in the log
    end: int      # of the entry in the log


def read_log(path, size=None):
    """The writes in order, as far as the log went when it was `size` bytes long."""
    log = path.read_bytes()[:size]
    magic, _, _, unit = struct.unpack_from('<QQQI', log)
    if magic != MAGIC:
        raise ValueError(f'{path} is no log of writes')
    writes, at = [], unit
    while at + unit <= len(log):
        sector, sectors, flags, _ = struct.unpack_from('<QQQQ', log, at)
        data = at + unit
        end = data + (0 if flags & DISCARD else sectors * unit)
        if (sectors == 0 and not flags & FLUSH) or end > len(log):
            break
        writes.append(Write(sector * unit, sectors * unit, flags, data, end))
        at = end
    return log, writes


def after_power_loss(log, writes, count, image, size, seed):
    """Makes the image as the loss after `count` writes could have left it."""
    flushed = max((number for number, write in enumerate(writes[:count]) if write.flags & FLUSH), default=0)
    lottery = random.Random(seed)
    with open(image, 'wb') as file:
        file.truncate(size)
        for number, write in enumerate(writes[:count]):
            if number > flushed and not write.flags & FUA and lottery.random() < 0.5:
                continue  # still in the cache
            file.seek(write.sector)
            if not write.flags & DISCARD:
                file.write(log[write.data_at:write.data_at + write.sectors])
