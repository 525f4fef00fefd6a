"""A disk that misbehaves behind any bus: a server of QEMU's network block protocol over an image file, that fails, drops,
alters or forgets what it is told to. What QEMU's own faults can't do: blkdebug only fails."""

import dataclasses
import random
import socket
import struct
import threading

MAGIC, OPTION, OPTION_REPLY = 0x4e42444d41474943, 0x49484156454f5054, 0x3e889045565a9
REQUEST, REPLY = 0x25609513, 0x67446698
EXPORT_NAME, ABORT, GO = 1, 2, 7
ACK, INFO, UNSUPPORTED = 1, 3, (1 << 31) | 1
FIXED, NO_ZEROES = 1, 2
HAS_FLAGS, SEND_FLUSH = 1, 4
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
EIO = 5
SECTOR = 512


@dataclasses.dataclass
class Fault:
    """What happens to one stretch of sectors: 'drop' and 'alter' what is written, 'write-error', 'read-error'; 'alter-read'."""
    kind: str
    sector: int
    sectors: int = 1
    hits: int = 0

    @property
    def bytes(self):
        return range(self.sector * SECTOR, (self.sector + self.sectors) * SECTOR)

    def meets(self, offset, length):
        return self.bytes.start < offset + length and offset < self.bytes.stop


class Liar:
    """`cached`: it has a cache that loses what no flush asked for, each sector or not, when its power goes. `real_size`: it
    holds less than it says, and begins again at its beginning."""

    def __init__(self, path, faults=(), cached=False, real_size=None, seed=None):
        self.path, self.faults, self.cached, self.real_size = path, list(faults), cached, real_size
        self.lottery = random.Random(seed)
        self.size = path.stat().st_size
        self.file = open(path, 'r+b', buffering=0)
        self.cache = {}  # sector number: what it holds, not on the medium yet
        self.lost = 0
        self.socket_path = path.with_suffix('.nbd')
        self.socket_path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.socket_path))
        self.listener.listen(1)
        threading.Thread(target=self.serve, daemon=True).start()

    def node(self):
        """For the guest's block layer."""
        return {'driver': 'nbd', 'server': {'type': 'unix', 'path': str(self.socket_path)}, 'export': 'disk'}

    def close(self):
        self.listener.close()
        self.socket_path.unlink(missing_ok=True)

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                with client:
                    if self.shake_hands(client):
                        while self.answer(client):
                            pass
            except OSError:
                pass
            self.lose_power()

    def lose_power(self):
        for sector, data in self.cache.items():
            if self.lottery.random() < 0.5:
                self.lost += 1
            else:
                self.store(sector * SECTOR, data)
        self.cache.clear()

    def flush(self):
        for sector, data in self.cache.items():
            self.store(sector * SECTOR, data)
        self.cache.clear()

    def shake_hands(self, client):
        client.sendall(struct.pack('>QQH', MAGIC, OPTION, FIXED | NO_ZEROES))
        receive(client, 4)
        flags = HAS_FLAGS | SEND_FLUSH
        while True:
            _, option, length = struct.unpack('>QII', receive(client, 16))
            receive(client, length)
            if option == EXPORT_NAME:
                client.sendall(struct.pack('>QH', self.size, flags))
                return True
            if option == GO:
                client.sendall(struct.pack('>QIIIHQH', OPTION_REPLY, option, INFO, 12, 0, self.size, flags))
                client.sendall(struct.pack('>QIII', OPTION_REPLY, option, ACK, 0))
                return True
            client.sendall(struct.pack('>QIII', OPTION_REPLY, option, ACK if option == ABORT else UNSUPPORTED, 0))
            if option == ABORT:
                return False

    def answer(self, client):
        magic, _, kind, cookie, offset, length = struct.unpack('>IHHQQI', receive(client, 28))
        error, data = 0, b''
        if magic != REQUEST or kind == DISCONNECT:
            self.flush()  # unplugged in peace
            return False
        if kind == READ:
            error, data = self.read(offset, length)
        elif kind == WRITE:
            error = self.write(offset, receive(client, length))
        elif kind == FLUSH:
            self.flush()
        else:
            error = 22
        client.sendall(struct.pack('>IIQ', REPLY, error, cookie) + data)
        return True

    def met(self, offset, length, *kinds):
        for fault in self.faults:
            if fault.kind in kinds and fault.meets(offset, length):
                fault.hits += 1
                yield fault

    def read(self, offset, length):
        if list(self.met(offset, length, 'read-error')):
            return EIO, b''
        data = bytearray(self.load(offset, length))
        for sector in range(offset // SECTOR, (offset + length) // SECTOR) if self.cache else ():
            if sector in self.cache:
                data[sector * SECTOR - offset:(sector + 1) * SECTOR - offset] = self.cache[sector]
        for fault in self.met(offset, length, 'alter-read'):
            data[max(fault.bytes.start - offset, 0)] ^= 1
        return 0, bytes(data)

    def write(self, offset, data):
        if list(self.met(offset, len(data), 'write-error')):
            return EIO
        data = bytearray(data)
        for fault in self.met(offset, len(data), 'drop', 'alter'):
            first, end = max(fault.bytes.start, offset), min(fault.bytes.stop, offset + len(data))
            if fault.kind == 'drop':
                data[first - offset:end - offset] = self.read(first, end - first)[1]
            else:
                data[self.lottery.randrange(first, end) - offset] ^= 1 << self.lottery.randrange(8)
        if self.cached:
            for at in range(0, len(data), SECTOR):
                self.cache[(offset + at) // SECTOR] = bytes(data[at:at + SECTOR])
        else:
            self.store(offset, data)
        return 0

    def load(self, offset, length):
        if not self.real_size:
            self.file.seek(offset)
            return self.file.read(length)
        return b''.join(self.piece(at) for at in range(offset, offset + length, SECTOR))

    def piece(self, offset):
        self.file.seek(offset % self.real_size)
        return self.file.read(SECTOR)

    def store(self, offset, data):
        step = SECTOR if self.real_size else len(data)
        for at in range(0, len(data), step):
            self.file.seek((offset + at) % (self.real_size or self.size))
            self.file.write(data[at:at + step])


def receive(client, length):
    data = bytearray()
    while len(data) < length:
        piece = client.recv(length - len(data))
        if not piece:
            raise ConnectionError('the guest is gone')
        data += piece
    return bytes(data)
