"""Writer for FILE credential caches (version 4): configuration entries."""

import struct

_VERSION = 0x0504
_CONF_REALM, _CONF_NAME = "X-CACHECONF:", "krb5_ccache_conf_data"


def _data(octets):
    return struct.pack(">I", len(octets)) + octets


def _principal(realm, *parts):
    return struct.pack(">II", 1, len(parts)) + b"".join(
        _data(text.encode()) for text in (realm, *parts))


def add_config(path, client, name, server, value):
    """Append an entry: `value` is known as `name` about a server.

    client and server are principals with their realm; client is the
    cache's.
    """
    with open(path, "r+b") as file:
        if struct.unpack(">H", file.read(2)) != (_VERSION,):
            raise ValueError("%s is not of version 4" % path)
        file.seek(0, 2)
        user, realm = client.split("@")
        file.write(b"".join((
            _principal(realm, *user.split("/")),
            _principal(_CONF_REALM, _CONF_NAME, name, server),
            struct.pack(">HI", 0, 0),           # no key
            struct.pack(">4I", 0, 0, 0x7fffffff, 0),
            struct.pack(">BI", 0, 0),           # is_skey, ticket flags
            struct.pack(">II", 0, 0),           # addresses, authdata
            _data(value), _data(b""))))
