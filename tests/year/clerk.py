"""A clerk who does one act after another: lines of JSON to year_driver and back."""
import json
import os
import subprocess


class Broken(Exception):
    """The driver ended, or said what is no answer."""


class Clerk:
    def __init__(self, driver, store):
        env = dict(os.environ, TZ="Europe/Madrid", LC_ALL="C.UTF-8")
        self.process = subprocess.Popen([driver, store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)

    def send(self, at, who, verb, args, **more):
        line = {"at": int(at), "as": who, "verb": verb, "args": args, **more}
        if who is None:
            del line["as"]
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()
        return line

    def receive(self, line):
        text = self.process.stdout.readline()
        if not text:
            raise Broken("the driver ended (%s) at %s" % (self.process.wait(), json.dumps(line)))
        try:
            return json.loads(text)
        except ValueError:
            raise Broken("no JSON: %r after %s" % (text[:400], json.dumps(line)))

    def call(self, at, who, verb, args, **more):
        return self.receive(self.send(at, who, verb, args, **more))

    def close(self):
        self.process.stdin.close()
        self.process.wait()
