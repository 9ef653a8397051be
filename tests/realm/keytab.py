"""Keytab files (format 0x0502), read and written."""

import collections
import struct

Entry = collections.namedtuple("Entry", "principal kvno etype key")


def _data(buf, pos):
    length, = struct.unpack_from(">H", buf, pos)
    pos += 2
    return buf[pos:pos + length], pos + length


def _entry(buf):
    count, = struct.unpack_from(">H", buf, 0)
    realm, pos = _data(buf, 2)
    parts = []
    for _ in range(count):
        part, pos = _data(buf, pos)
        parts.append(part.decode())
    pos += 4 + 4                        # name type, timestamp
    kvno = buf[pos]
    etype, = struct.unpack_from(">H", buf, pos + 1)
    key, pos = _data(buf, pos + 3)
    if len(buf) - pos >= 4:             # the kvno in 32 bits
        wide, = struct.unpack_from(">I", buf, pos)
        kvno = wide or kvno
    return Entry("%s@%s" % ("/".join(parts), realm.decode()), kvno, etype,
                 key)


def read(path):
    """All entries of a keytab file."""
    with open(path, "rb") as file:
        buf = file.read()
    if buf[:2] != b"\x05\x02":
        raise ValueError("%s: not a keytab of format 0x0502" % path)
    pos = 2
    entries = []
    while pos + 4 <= len(buf):
        size, = struct.unpack_from(">i", buf, pos)
        pos += 4
        if size > 0:
            entries.append(_entry(buf[pos:pos + size]))
        pos += abs(size)
    return entries


def _put(octets):
    return struct.pack(">H", len(octets)) + octets


def _octets(entry):
    name, realm = entry.principal.split("@")
    parts = [part.encode() for part in name.split("/")]
    body = struct.pack(">H", len(parts)) + _put(realm.encode()) + \
        b"".join(map(_put, parts)) + \
        struct.pack(">IIBH", 1, 0, entry.kvno & 0xff, entry.etype) + \
        _put(entry.key) + struct.pack(">I", entry.kvno)
    return struct.pack(">i", len(body)) + body


def write(path, entries):
    """A keytab file with these entries, in their order."""
    path.write_bytes(b"\x05\x02" + b"".join(map(_octets, entries)))
