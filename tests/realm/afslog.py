"""afslog without AFS: what it gives to a cache manager that kafs_token.so
plays."""

import struct

from . import install, krb524, loop

CELL = "ext.test"


class Token:
    """The argument of VIOCSETTOK, octet by octet (the host's byte order)."""

    def __init__(self, octets):
        self.octets = octets
        length, = struct.unpack_from("=i", octets)
        self.ticket, rest = octets[4:4 + length], octets[4 + length:]
        size, self.kvno, self.key, self.vice_id, self.begin, self.end, \
            primary = struct.unpack_from("=ii8siiii", rest)
        self.cell = rest[32:]
        if (size, primary) != (24, 0) or len(self.ticket) != length:
            raise ValueError("not what VIOCSETTOK takes")


class Result:
    """Of such a program: `token` (or None) and `text`, what it has said."""

    def __init__(self, run, tokens):
        self.rc, self.text = run.rc, run.output
        if len(tokens) > 1:
            raise AssertionError("%d tokens" % len(tokens))
        self.token = tokens[0] if tokens else None


def afslog(client, *args, cell=CELL):
    """Run afslog for a cell."""
    return _result(client, "afslog", *args, "-c", cell)


def settoken5(client, cell=CELL):
    """kafs_settoken5(): a ticket, and no credential cache."""
    return _result(client, loop.built("kafs_settoken5_tool", "tests", "ext",
                                      "krb524"), cell)


def _result(client, *command):
    path = client.dir / "token"
    if path.exists():
        path.unlink()
    library = loop.built("kafs_token.so", "tests", "ext", "krb524")
    run = client.run(*command, expect_code=None, env=dict(
        install.preload(library), KAFS_TOKEN=str(path)))
    if run.rc not in (0, 1):
        raise AssertionError(run)
    lines = path.read_text().split() if path.exists() else []
    return Result(run, [Token(bytes.fromhex(line)) for line in lines])


def give(client, **kw):
    """A ticket for the cell, see krb524.give()."""
    return krb524.give(client, service="afs/" + CELL, **kw)
