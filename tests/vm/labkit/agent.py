"""Commands inside the guest, over a virtio-serial port. The other end is guest/agent."""

import base64
import dataclasses
import socket
import time


class AgentError(Exception):
    """The guest does not answer."""


@dataclasses.dataclass
class Result:
    status: int
    out: str
    err: str

    def __str__(self):
        return f'status {self.status}\n{self.out}{self.err}'


class Agent:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.buffer = b''
        # A number that no earlier listener used: what it left unread is told from the answer to us.
        self.number = time.monotonic_ns()

    def close(self):
        self.socket.close()

    def line(self, deadline):
        while b'\n' not in self.buffer:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self.socket.recv(1 << 20)
            except TimeoutError:
                raise AgentError('the guest does not answer in time') from None
            except ConnectionError:
                data = b''
            if not data:
                raise AgentError('the guest is gone')
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line.decode()

    def run(self, command, timeout):
        deadline = time.monotonic() + timeout
        self.number += 1
        self.send(command)
        while True:
            words = self.line(deadline).split(' ')
            if len(words) == 4 and words[0] == str(self.number):
                out, err = (base64.b64decode(word[1:]).decode(errors='replace') for word in words[2:])
                return Result(int(words[1]), out, err)

    def send(self, command):
        text = base64.b64encode(command.encode()).decode()
        self.socket.settimeout(30)
        self.socket.sendall(f'{self.number} {text}\n'.encode())
