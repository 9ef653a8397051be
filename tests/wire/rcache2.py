"""A replay cache of the file2 format (MIT krb5 1.18), read and written; from
doc/formats/rcache2.md, with a SipHash of its own; nothing of ours that is
under test."""

import collections
import struct

SEED = 16
TAG = 12
RECORD = 16
LIMIT = 0x7fffffff                      # octets of a file

# octets of the checksum, by enctype
CHECKSUMS = {1: 4, 2: 16, 3: 16, 16: 20, 17: 12, 18: 12, 19: 16, 20: 24,
             23: 16, 24: 16, 25: 16, 26: 16}

_WORD = (1 << 64) - 1

Record = collections.namedtuple("Record", "offset tag stamp")


# -- SipHash-2-4 ----------------------------------------------------------

def _left(word, bits):
    return (word << bits | word >> (64 - bits)) & _WORD


def _rounds(state, count):
    a, b, c, d = state
    for _ in range(count):
        a = (a + b) & _WORD
        b = _left(b, 13) ^ a
        a = _left(a, 32)
        c = (c + d) & _WORD
        d = _left(d, 16) ^ c
        a = (a + d) & _WORD
        d = _left(d, 21) ^ a
        c = (c + b) & _WORD
        b = _left(b, 17) ^ c
        c = _left(c, 32)
    return a, b, c, d


def siphash24(key, data):
    """The 64-bit hash of data under a key of 16 octets."""
    k = struct.unpack("<2Q", key)
    text = struct.unpack(">4Q", b"somepseudorandomlygeneratedbytes")
    state = tuple(k[i % 2] ^ text[i] for i in range(4))
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        state = _rounds(state[:3] + (state[3] ^ word,), 2)
        state = (state[0] ^ word,) + state[1:]
    a, b, c, d = _rounds(state[:2] + (state[2] ^ 255, state[3]), 4)
    return a ^ b ^ c ^ d


# -- tags -----------------------------------------------------------------

def tag_of(enc):
    """The tag of an Authenticator (krb.EncryptedData)."""
    length = CHECKSUMS[enc.etype]
    return enc.cipher[-length:][:TAG].ljust(TAG, b"\0")


# -- the file -------------------------------------------------------------

def tables():
    """(offset, number of records) of each table that a file can have."""
    offset, records = SEED, 1023
    while offset + records * RECORD <= LIMIT:
        yield offset, records
        offset += records * RECORD
        records = 2048 if records == 1023 else records * 2


class Cache:
    """The octets of a file, in `octets`."""

    def __init__(self, octets=b""):
        self.octets = bytearray(octets)

    @classmethod
    def of(cls, path):
        """Read a file."""
        with open(path, "rb") as file:
            return cls(file.read())

    @property
    def seed(self):
        """The key of the hash in the first table."""
        return bytes(self.octets[:SEED])

    def places(self, tag):
        """The pairs of offsets where a tag can be, a pair for each table."""
        for number, (offset, records) in enumerate(tables()):
            key = bytes([(self.seed[0] + number) % 256]) + self.seed[1:]
            place = offset + siphash24(key, tag) % records * RECORD
            yield place, place + RECORD

    def record(self, offset):
        """The Record at offset; None if there never was one."""
        octets = self.octets[offset:offset + RECORD]
        if len(octets) < RECORD:
            return None
        stamp = struct.unpack(">I", octets[TAG:])[0]
        return Record(offset, bytes(octets[:TAG]), stamp) if stamp else None

    def records(self):
        """All Records."""
        found = (self.record(offset) for offset in
                 range(SEED, len(self.octets), RECORD))
        return [record for record in found if record]

    def find(self, tag):
        """The Record with a tag, where a search meets it; or None."""
        for pair in self.places(tag):
            records = [self.record(offset) for offset in pair]
            for record in records:
                if record and record.tag == tag:
                    return record
            if None in records:
                return None
        return None

    def lost(self):
        """Records that a search for their tag does not meet."""
        return [r for r in self.records() if self.find(r.tag) != r]

    def store(self, tag, now, skew, stamp=None):
        """Store a tag; False if it is there."""
        if len(self.octets) < SEED:
            raise ValueError("no seed")
        if self.find(tag):
            return False
        for offset in (o for pair in self.places(tag) for o in pair):
            record = self.record(offset)
            if record is None or now > (record.stamp + skew) % (1 << 32):
                break
        end = offset + RECORD
        self.octets.extend(bytes(max(0, end - len(self.octets))))
        self.octets[offset:end] = tag + struct.pack(">I", stamp or now)
        return True
