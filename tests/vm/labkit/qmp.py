"""QEMU's control socket: commands, and the events that tell when a device is really gone."""

import json
import socket


class QmpError(Exception):
    """QEMU refused a command."""


class Qmp:
    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile('rw', encoding='utf-8')
        self.events = []
        self.read()  # the greeting
        self.command('qmp_capabilities')

    def close(self):
        self.stream.close()
        self.socket.close()

    def read(self):
        line = self.stream.readline()
        if not line:
            raise QmpError('QEMU has closed its control socket')
        return json.loads(line)

    def command(self, name, **arguments):
        request = {'execute': name, 'arguments': {key.replace('_', '-'): value for key, value in arguments.items()}}
        self.stream.write(json.dumps(request) + '\n')
        self.stream.flush()
        while True:
            answer = self.read()
            if 'event' in answer:
                self.events.append(answer)
            elif 'error' in answer:
                raise QmpError(f"{name}: {answer['error']['desc']}")
            else:
                return answer['return']

    def wait_deleted(self, device):
        """The guest has let go of the device (DEVICE_DELETED)."""
        def is_it(event):
            return event['event'] == 'DEVICE_DELETED' and event['data'].get('device') == device
        while not any(is_it(event) for event in self.events):
            answer = self.read()
            if 'event' in answer:
                self.events.append(answer)
        self.events = [event for event in self.events if not is_it(event)]
