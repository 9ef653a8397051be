"""FILE credential caches, version 4 (the format that Heimdal and MIT share)."""

import struct


def _data(octets):
    return struct.pack(">I", len(octets)) + octets


def _principal(name, realm):
    parts = name.split("/")
    return struct.pack(">II", 1, len(parts)) + _data(realm.encode()) + \
        b"".join(_data(p.encode()) for p in parts)


def credential(client, server, realm, key, ticket, start, end):
    """The octets of a credential; key is (etype, octets)."""
    return b"".join((
        _principal(client, realm), _principal(server, realm),
        struct.pack(">H", key[0]), _data(key[1]),
        struct.pack(">IIII", start, start, end, 0), b"\0",
        struct.pack(">III", 0, 0, 0), _data(ticket), _data(b"")))


def _credentials_at(octets):
    """Where the first credential begins."""
    if octets[:2] != b"\x05\x04":
        raise ValueError("version %s" % octets[:2].hex())
    at = 4 + struct.unpack_from(">H", octets, 2)[0]
    count = struct.unpack_from(">I", octets, at + 4)[0]
    at += 8
    for _ in range(count + 1):
        at += 4 + struct.unpack_from(">I", octets, at)[0]
    return at


def put_first(path, octets):
    """Put a credential in front of all others, where it is found first."""
    cache = path.read_bytes()
    at = _credentials_at(cache)
    path.write_bytes(cache[:at] + octets + cache[at:])
