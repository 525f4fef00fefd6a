"""A worker of mpsid's that was taken over: says to the guard what it is told to, in place of the worker of that process ID, and prints
the guard's answers, each once, and how often it did as it was told. forger.py PID PATH DISKSEQ ORDER [TIMES]; PATH "-": bytes that are no request."""

import ctypes
import os
import signal
import socket
import struct
import sys

PIDFD_OPEN, PIDFD_GETFD, GUARD = 434, 438, 3
AT_ONCE = 20
REQUEST = struct.Struct('=128sqIIQBB6x')
LIBC = ctypes.CDLL(None, use_errno=True)


def guard_of(pid):
    handle = LIBC.syscall(PIDFD_OPEN, pid, 0)
    fd = LIBC.syscall(PIDFD_GETFD, handle, GUARD, 0)
    if fd < 0:
        sys.exit(f'{os.strerror(ctypes.get_errno())}: {pid}')
    return socket.socket(fileno=fd)


def main():
    pid, path, diskseq, order, times = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int((*sys.argv[5:], 1)[0])
    os.kill(pid, signal.SIGSTOP)  # it hears nothing of this
    guard = guard_of(pid)
    guard.settimeout(20)
    asks = os.urandom(REQUEST.size) if path == '-' else REQUEST.pack(path.encode(), diskseq, order, 0, 0, 0, 0)
    results = []
    while len(results) < times:
        at_once = min(AT_ONCE, times - len(results))
        for _ in range(at_once):
            guard.send(asks)
        results += [struct.unpack_from('=i', guard.recv(8192))[0] for _ in range(at_once)]
    print(*sorted(set(results)), sum(result == 0 for result in results))
    os.kill(pid, signal.SIGKILL)


main()
