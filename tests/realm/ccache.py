"""FILE credential caches, version 4 (the format that Heimdal and MIT share):
credentials and configuration entries."""

import struct

_VERSION = b"\x05\x04"
_CONF_REALM, _CONF_NAME = "X-CACHECONF:", "krb5_ccache_conf_data"


def _data(octets):
    return struct.pack(">I", len(octets)) + octets


def _principal(realm, *parts):
    return struct.pack(">II", 1, len(parts)) + b"".join(
        _data(text.encode()) for text in (realm, *parts))


def _entry(client, server, key, start, end, ticket, authtime=None):
    """Of two principals, a key (etype, octets) and a ticket."""
    return b"".join((
        client, server, struct.pack(">H", key[0] & 0xffff), _data(key[1]),
        struct.pack(">4I", start if authtime is None else authtime, start,
                    end, 0),
        struct.pack(">BI", 0, 0),               # is_skey, ticket flags
        struct.pack(">II", 0, 0),               # addresses, authdata
        _data(ticket), _data(b"")))


def credential(client, server, realm, key, ticket, start, end,
               authtime=None):
    """The octets of a credential; key is (etype, octets)."""
    return _entry(_principal(realm, *client.split("/")),
                  _principal(realm, *server.split("/")), key, start, end,
                  ticket, authtime)


def make(path, client, realm, *credentials):
    """A cache of a client with these credentials."""
    path.touch(mode=0o600)
    path.write_bytes(_VERSION + struct.pack(">H", 0) +
                     _principal(realm, *client.split("/")) +
                     b"".join(credentials))


def _check(octets):
    if octets[:2] != _VERSION:
        raise ValueError("version %s" % octets[:2].hex())


def _credentials_at(octets):
    """Where the first credential begins."""
    _check(octets)
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


def add_config(path, client, name, server, value):
    """Append an entry: `value` is known as `name` about a server.

    client and server are principals with their realm; client is the
    cache's.
    """
    user, realm = client.split("@")
    with open(path, "r+b") as file:
        _check(file.read(2))
        file.seek(0, 2)
        file.write(_entry(
            _principal(realm, *user.split("/")),
            _principal(_CONF_REALM, _CONF_NAME, name, server),
            (0, b""), 0, 0x7fffffff, value))


class _Cursor:
    """Where a cache is being read."""

    def __init__(self, octets, at):
        self.octets, self.at = octets, at

    def number(self, fmt):
        """One of struct's."""
        value, = struct.unpack_from(fmt, self.octets, self.at)
        self.at += struct.calcsize(fmt)
        return value

    def data(self):
        """Octets behind their length."""
        size = self.number(">I")
        self.at += size
        return self.octets[self.at - size:self.at]

    def principal(self):
        """As text."""
        self.number(">I")
        count = self.number(">I")
        realm, *parts = (self.data().decode() for _ in range(count + 1))
        return "%s@%s" % ("/".join(parts), realm)


def session_key(path, server):
    """(etype, octets): the session key of the ticket for server."""
    octets = path.read_bytes()
    cursor = _Cursor(octets, _credentials_at(octets))
    while cursor.at < len(octets):
        cursor.principal()
        found = cursor.principal()
        key = cursor.number(">H"), cursor.data()
        cursor.at += 16 + 5                     # times, is_skey, flags
        for _ in range(2):                      # addresses, authdata
            for _ in range(cursor.number(">I")):
                cursor.number(">H")
                cursor.data()
        cursor.data()
        cursor.data()
        if found == server:
            return key
    raise KeyError(server)
