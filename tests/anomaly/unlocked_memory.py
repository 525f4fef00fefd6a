#!/usr/bin/env python3
"""What swap could get of a process: its readable, private pages that could be written and are not locked, to stdout. unlocked_memory.py PID"""

import re
import sys


def areas(pid):
    begin = None
    with open(f'/proc/{pid}/smaps', encoding='utf-8', errors='replace') as smaps:
        for line in smaps:
            match = re.match(r'([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ \S+ *(.*)', line)
            if match:
                begin, end, rights, name = int(match[1], 16), int(match[2], 16), match[3], match[4]
            elif line.startswith('VmFlags:') and begin is not None:
                flags = line.split()[1:]
                if 'rd' in flags and 'lo' not in flags and 'ac' in flags and rights[3] == 'p' and not name.startswith('[v'):
                    yield begin, end
                begin = None


def main(pid):
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for begin, end in areas(pid):
            try:
                memory.seek(begin)
                sys.stdout.buffer.write(memory.read(end - begin))
            except OSError:
                pass  # a guard page, or one that is gone by now


try:
    main(sys.argv[1])
except (FileNotFoundError, ProcessLookupError):
    pass  # a helper process that has ended since it was counted
