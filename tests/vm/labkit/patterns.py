"""What a wipe must have left, worked out here by another program than the one that left it: from the record's seed alone."""

import hashlib
import subprocess

# The last writing pass of each technique: its byte, or its number and whether it is the complement of the pass before it.
LAST_PASS = {
    'overwrite-single': 0x55,
    'dod-5220.22-m': (2, False),
    'dod-5220.22-m-ece': (6, False),
    'overwrite-complement': (1, True),
}
# All writing passes of a technique, by number, in the same terms.
PASSES = {
    'overwrite-single': {0: 0x55},
    'dod-5220.22-m': {0: 0x00, 1: 0xff, 2: (2, False)},
    'overwrite-complement': {0: (0, False), 1: (1, True)},
}


def stream(seed, number, complement, size):
    """AES-256 in counter mode, counted from the medium's first byte."""
    key = hashlib.sha256(b'mpsi overwrite'.ljust(16, b'\0') + seed + bytes([number - complement])).hexdigest()
    return subprocess.run(['openssl', 'enc', '-aes-256-ctr', '-K', key, '-iv', '0' * 32], check=True, stdout=subprocess.PIPE,
                          input=(b'\xff' if complement else b'\0') * size).stdout


def content(what, seed, size):
    return bytes([what]) * size if isinstance(what, int) else stream(seed, *what, size)


def left_by(record, size):
    """By sanitization.finished: the bytes of the whole medium."""
    technique, = [name for name in record['techniques'] if name in LAST_PASS]
    return content(LAST_PASS[technique], bytes.fromhex(record['seed']), size)


def differing_sectors(got, expected, sector=512):
    return {at // sector for at in range(0, len(expected), sector) if got[at:at + sector] != expected[at:at + sector]}


def sectors_of(areas, sector=512):
    """Of [[start, length], ...]; areas that are not made of whole sectors are an error."""
    found = set()
    for start, length in areas:
        if start % sector or length % sector:
            raise ValueError(f'no whole sectors: {start}, {length}')
        found |= set(range(start // sector, (start + length) // sector))
    return found
