"""Exchanges with extra context tokens: acceptors with one [gssapi] section or
another, a man in the middle who looks on or interferes, and what the tokens
were."""

import os
import socket
import time

from wire import ap, framing, gss, mitm

from . import RealmCase, ccache
from .loop import Acceptor, initiate, other_clock

MUTUAL = "mutual,replay,sequence,conf,integ"
NOT_MUTUAL = "replay,sequence,conf,integ"
LONG, SHORT = 9, 2                      # seconds
BOUND = 0x800                           # GSS_C_CHANNEL_BOUND_FLAG


def kinds(exchange):
    """What each context token of an exchange was, in order; of SPNEGO what is
    inside."""
    found = []
    for token in exchange.tokens:
        text = gss.describe(token.data)
        if text not in ("wrap", "MIC"):
            found.append(text.rsplit(": ", 1)[-1] if ": " in text else text)
    return found


def spoil(who, service, began=-60, **ticket):
    """Put a ticket into the cache that says something else than the cache
    does, in which it is good for hours; service is a keytab.Entry."""
    now = int(time.time())
    bad = ap.issue(service, **ticket)
    ccache.put_first(who.dir / "ccache", ccache.credential(
        "user", "host/server.ext.test", "EXT.TEST", bad.session, bad.ticket,
        now + began, now + 8 * 3600))


class Server:
    """An acceptor with a [gssapi] section of its own, and the man before
    it."""

    def __init__(self, case, *args, inst=None, capaths=None, ahead=0,
                 **gssapi):
        """ahead: so many seconds is the acceptor's clock."""
        self.case = case
        self.client = case.realm.new_client(inst=inst, gssapi=gssapi,
                                            capaths=capaths or {})
        self.client.more_env["KRB5RCACHEDIR"] = str(case.rcache_dir)
        if ahead:
            self.client.more_env.update(other_clock(ahead))
        self.acceptor = Acceptor(
            self.client, "--keytab=FILE:%s" % case.keytab, "--timeout=4",
            *args)
        self.acceptor.__enter__()
        case.addClassCleanup(self.acceptor.stop)
        self.man = mitm.Mitm(self.acceptor.port)
        self.man.__enter__()
        case.addClassCleanup(self.man.__exit__, None, None, None)
        self.count = 0

    def play(self, script=None, client=None, mech="krb5", ask=MUTUAL,
             args=()):
        """One exchange: (initiator's Line, acceptor's Line, Exchange)."""
        case = self.case
        self.man.script = script or {}
        ours = initiate(
            client or case.client, self.man.port, "--mech=" + mech,
            "--service=host@server." + case.realm.domain, "--flags=" + ask,
            "--timeout=%d" % LONG, *args)[0]
        self.count += 1
        theirs = self.acceptor.line(self.count)
        exchange = self.man.next(30)
        if not callable(self.man.script):
            assert exchange.unused == set(), exchange.dump()
        return ours, theirs, exchange

    def tell(self, *tokens):
        """Send tokens from somebody without a key, one for each answer; a
        token may be a function of the answers so far: ([answer], Line)."""
        parser, answers = framing.Parser(), []
        with socket.create_connection(("127.0.0.1", self.acceptor.port),
                                      timeout=LONG) as stream:
            for token in tokens:
                stream.sendall(framing.frame(
                    token(answers) if callable(token) else token))
                found = []
                while not found:
                    octets = stream.recv(65536)
                    if not octets:
                        break
                    found = parser.feed(octets)
                if not found:
                    break
                answers.append(found[0].data)
            stream.shutdown(socket.SHUT_WR)
            self.count += 1
            return answers, self.acceptor.line(self.count)


    def drop(self, token):
        """Send a token, take the answer, and go."""
        with socket.create_connection(("127.0.0.1", self.acceptor.port),
                                      timeout=LONG) as stream:
            stream.sendall(framing.frame(token))
            stream.recv(65536)
        self.count += 1


class ExtraCase(RealmCase):
    """One realm; a ticket for each test."""

    initiator_name = "user@EXT.TEST"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        cls.rcache_dir = realm.dir / "rcache"
        cls.rcache_dir.mkdir()
        os.chmod(cls.rcache_dir, 0o700)
        realm.client.kinit("user", password=realm.password)
        cls.keytab = realm.ext_keytab(realm.service)
        cls.client = realm.client

    def setUp(self):
        super().setUp()
        self.client.kinit("user", password=self.realm.password)
        self.client.kgetcred(self.realm.service)

    def complete(self, ours, theirs, **fields):
        """Both are, with the same flags, messages pass, and the acceptor's
        line has these fields."""
        for line in (ours, theirs):
            self.assertTrue(line.complete, line)
            self.assertEqual(line.messages, "ok", line)
        self.assertEqual(theirs.src, self.initiator_name)
        # anonymity is no more than a name; bound is the acceptor's alone
        self.assertEqual(ours.flags & ~256, theirs.flags & ~256 & ~BOUND,
                         (ours, theirs))
        for name, value in fields.items():
            self.assertEqual(getattr(theirs, name), value, theirs)

    def nobody(self, line):
        """The acceptor has refused, and names no one."""
        self.assertEqual((line.result, line.outcome, line.flags, line.src),
                         ("failed", "gss-error", 0, "-"), line)
