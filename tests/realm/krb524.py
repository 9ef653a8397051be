"""krb524_tool: libkrb5 as the client of a krb524 server."""

import time

from wire import ap

from . import ccache, loop
from .process import run

USER, CELL, REALM = "user", "afs/ext.test", "EXT.TEST"


class Converted:
    """What krb524_tool prints: `error` (a code, or None), `text` and a
    member of struct credentials each."""

    def __init__(self, output):
        self.error = self.text = None
        for line in output.splitlines():
            name, value = line.split("=", 1)
            if name == "error":
                code, self.text = value.split(" ", 1)
                self.error = int(code)
            elif name in ("session", "ticket"):
                setattr(self, name, bytes.fromhex(value))
            elif name in ("lifetime", "kvno", "issue_date", "length", "mbz"):
                setattr(self, name, int(value))
            else:
                setattr(self, name, value)

    @property
    def empty(self):
        """Nothing is left in it."""
        return not (any(self.session) or self.ticket or self.length or
                    self.kvno or self.issue_date or self.service or
                    self.pname or self.realm)


def convert(client, service="%s@%s" % (CELL, REALM), *args):
    """Have the client's ticket for a service converted."""
    result = run([loop.built("krb524_tool", "tests", "ext", "krb524"),
                  *args, service],
                 dict(client.env, **loop.library_env(client.inst)),
                 expect_code=None)
    if result.rc not in (0, 1):
        raise AssertionError(result)
    converted = Converted(result.stdout)
    if (result.rc == 0) != (converted.error is None):
        raise AssertionError(result)
    return converted


def give(client, session=None, service=CELL, user=USER, ticket=None,
         start=-60, end=3600, authtime=None):
    """Put a ticket of nobody's into the client's cache; its session key.

    start, end and authtime count from now; start None: there is none.
    """
    session = session or ap.new_key()
    now = int(time.time())
    path = client.dir / "ccache"
    if path.exists():
        path.unlink()
    ccache.make(path, user, REALM, ccache.credential(
        user, service, REALM, session, ticket or b"a ticket",
        0 if start is None else now + start, now + end,
        None if authtime is None else now + authtime))
    return session
