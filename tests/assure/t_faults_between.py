"""Between any two messages the KDC is killed and begins anew, or a clock
jumps: what was begun is done or has an error with a name, and the next one
works.  The same between two tokens of an exchange, with either side's clock.
With FAULT_STRIDE=1, which `make assure` sets, other jumps too."""

import os
import re
import unittest

from realm import Realm, Relay, krb524 as tool
from realm.extra import ExtraCase, Server, spoil
from realm.loop import other_clock
from wire import mitm

HOUR = 3600
JUMPS = (HOUR, -HOUR, *((30 * 24 * HOUR, 300, -300) if os.environ.get(
    "FAULT_STRIDE") == "1" else ()))
PATIENT = {"libdefaults": {"kdc_timeout": 1, "max_retries": 8}}
NAMED = re.compile(
    r"Clock skew too great|Ticket expired|Ticket not yet valid|"
    r"Certificate expired|certificate has expired|Client's entry in database|"
    r"Preauthentication (information )?(failed|expired)|"
    r"time skew|Client not trusted|Pre-authentication has expired|"
    r"Requested effective lifetime|Validity time|minor -17653\d{5}|"
    r"unable to reach any KDC|"         # libkrb5 waits by the same clock
    r"Matching credential not found")   # the cache was read after the jump


class Clock:
    """A clock that can jump: of all programs with its environment."""

    def __init__(self, path):
        self.path = path
        self.set(0)

    @property
    def env(self):
        """For a program."""
        return other_clock(str(self.path))

    def set(self, ahead):
        """So many seconds ahead from now on."""
        new = self.path.with_suffix(".new")
        new.write_text("%d\n" % ahead)
        os.replace(new, self.path)


class ClockRealm(Realm):
    """A realm whose KDC's clock can jump."""

    clock = None

    def daemon_env(self, conf=None):
        env = super().daemon_env(conf)
        self.clock = self.clock or Clock(self.dir / "kdc.clock")
        env.update(self.clock.env)
        return env


class BetweenCase(ExtraCase):
    """A client that asks through a relay, which meddles at one message."""

    realm_args = {"pkinit": True, "kdc": {
        "enable-524": True, "use_2b": {tool.CELL + "@EXT.TEST": True}}}

    @classmethod
    def make_realm(cls):
        return cls.enter_for_class(ClockRealm(**cls.realm_args))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(tool.CELL)
        cls.relay = cls.enter_for_class(Relay(cls.realm.port))
        cls.asking = cls.new_asking()
        cls.server = Server(cls)
        cls.key = cls.realm.newest_key(cls.realm.service)

    @classmethod
    def new_asking(cls, **sections):
        """A client of the relay; its clock can jump."""
        realms = {"EXT.TEST": {"krb524_server": "127.0.0.1:%d" %
                               cls.relay.port}}
        client = cls.realm.new_client(kdc=cls.relay.port, realms=realms,
                                      **dict(PATIENT, **sections))
        client.clock = Clock(client.dir / "clock")
        client.more_env.update(client.clock.env)
        return client

    # -- what is done: each is (what there has to be before, the deed), and
    # -- the deed returns None, or what it says of its failure

    def nothing(self):
        """A login needs nothing."""
        self.asking.kdestroy()

    def tgt(self):
        """There is a TGT."""
        self.asking.kinit("user", password=self.realm.password)

    def bad_ticket(self):
        """There is a ticket that the acceptor does not take."""
        self.tgt()
        spoil(self.asking, self.key, start=-10 * HOUR, end=-HOUR)

    def said(self, result):
        return None if result.ok else result.output

    def log_in(self):
        return self.said(self.asking.kinit(
            "user", password=self.realm.password, expect_code=None))

    def pkinit(self):
        return self.said(self.asking.kinit(
            "user", cert=self.realm.cert(), expect_code=None))

    def ticket(self):
        return self.said(self.asking.kgetcred(self.realm.service,
                                              expect_code=None))

    def convert(self):
        try:
            got = tool.convert(self.asking)
        except AssertionError as no_ticket:
            return str(no_ticket)
        return None if got.error is None else got.text

    def exchange(self):
        """With a ticket, or from the one that is bad to the end."""
        ours, theirs, _ = self.server.play(client=self.asking)
        self.assertEqual(ours.complete, theirs.complete)
        return None if ours.complete else "minor %d" % ours.minor

    def deeds(self):
        """(name, preparation, deed)"""
        return (("login", self.nothing, self.log_in),
                ("PKINIT", self.nothing, self.pkinit),
                ("ticket", self.tgt, self.ticket),
                ("krb524", self.tgt, self.convert),
                ("exchange", self.tgt, self.exchange),
                ("recovery", self.bad_ticket, self.exchange))

    def setUp(self):
        super().setUp()
        self.relay.hook = None

    def count(self, prepare, deed):
        """Messages to and from the KDC that a deed takes."""
        prepare()
        self.relay.clear()
        self.assertIsNone(deed())
        return len(self.relay.messages)

    def meddle(self, at, what):
        """Call what before the at-th message is passed on; what it returns
        is passed on instead."""
        seen = iter(range(1000))

        def hook(_direction, data):
            return what(data) if next(seen) == at else data
        self.relay.hook = hook

    def each(self, what, judge):
        """Each deed with what at each message, then judge(its name, what it
        has said)."""
        for name, prepare, deed in self.deeds():
            total = self.count(prepare, deed)
            self.assertGreaterEqual(total, 2, name)
            for at in range(total):
                prepare()
                self.meddle(at, what)
                with self.subTest(deed=name, message="%d of %d" % (
                        at + 1, total)):
                    said = deed()
                    self.relay.hook = None
                    judge(deed, said)


class Restart(BetweenCase):
    """The KDC is killed, and begins anew."""

    realm_args = dict(BetweenCase.realm_args, kdc=dict(
        BetweenCase.realm_args["kdc"], pkinit_require_freshness=True))

    def restart(self):
        self.realm.crash()
        self.realm.start()
        self.relay.upstream = self.realm.port

    def next_works(self, deed):
        self.assertIsNone(deed(), "the next one")

    def test_between(self):
        """It knows nothing that the next one does not: nothing fails."""
        # REQ: PF-17
        def between(data):
            self.restart()
            return data

        def judge(deed, said):
            self.assertIsNone(said)
            self.next_works(deed)
        self.each(between, judge)

    def test_with_the_message(self):
        """A message is lost as well: it is sent again, unless it was on a
        stream, which is at its end."""
        # REQ: PF-17
        def lose(_data):
            self.restart()

        def judge(deed, said):
            if said is not None:
                self.assertIn("unable to reach any KDC", said)
                self.assertEqual(self.relay.messages[-1].transport, "tcp")
            self.next_works(deed)
        self.each(lose, judge)


class Jump(BetweenCase):
    """A clock jumps, and jumps back."""

    def jumps(self, clock, ahead):
        def jump(data):
            clock.set(ahead)
            return data

        def judge(deed, said):
            if said is not None:
                self.assertRegex(said, NAMED)
            clock.set(0)
            self.tgt()
            self.assertIsNone(deed(), "the next one")
        self.each(jump, judge)

    def test_of_the_kdc(self):
        # REQ: XT-89
        for ahead in JUMPS:
            with self.subTest(ahead=ahead):
                self.jumps(self.realm.clock, ahead)

    def test_of_the_client(self):
        # REQ: XT-89
        for ahead in JUMPS:
            with self.subTest(ahead=ahead):
                self.jumps(self.asking.clock, ahead)


class Tokens(BetweenCase):
    """A clock jumps between two tokens, and back after the exchange or with
    the next token."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.acceptors = Clock(cls.realm.dir / "acceptor.clock")
        cls.servers = {
            policy: Server(cls, ahead=cls.acceptors.path,
                           replay_protection=policy)
            for policy in ("off", "challenge", "require")}

    def kinds(self):
        """(name, server, preparation)"""
        for policy, server in self.servers.items():
            yield policy, server, self.tgt
            yield policy + ", recovery", server, self.bad_ticket

    def play(self, server, script=None):
        """What the failure is called, None if both are complete; and the
        exchange.  The side whose token is the last one is established before
        the other has refused it: it learns of that by the first message."""
        ours, theirs, exchange = server.play(script, client=self.asking)
        self.assertEqual(ours.complete, theirs.complete, exchange.dump())
        if ours.complete:
            return None, exchange
        minor = "minor %d" % (ours.minor or theirs.minor)
        self.assertRegex(minor, NAMED, exchange.dump())
        return minor, exchange

    def at_each(self, clock, ahead, back):
        """Jump with each token, and back with the next one or after all."""
        def jump(seconds):
            def action(_exchange, _token, outs):
                clock.set(seconds)
                return outs
            return action

        for name, server, prepare in self.kinds():
            prepare()
            failed, whole = self.play(server)
            self.assertIsNone(failed, name)
            tokens = [mitm.address(token) for token in whole.tokens]
            for at, token in enumerate(tokens):
                script = {token: jump(ahead)}
                if back and at + 1 < len(tokens):
                    script[tokens[at + 1]] = jump(0)
                prepare()
                with self.subTest(kind=name, token=token):
                    self.play(server, script)
                clock.set(0)
                with self.subTest(kind=name, token=token, next=True):
                    self.assertIsNone(self.play(server)[0])

    def test_of_the_acceptor(self):
        # REQ: XT-89
        for ahead in JUMPS:
            for back in (False, True):
                with self.subTest(ahead=ahead, back=back):
                    self.at_each(self.acceptors, ahead, back)

    def test_of_the_initiator(self):
        # REQ: XT-89
        for ahead in JUMPS:
            for back in (False, True):
                with self.subTest(ahead=ahead, back=back):
                    self.at_each(self.asking.clock, ahead, back)


if __name__ == "__main__":
    unittest.main()
