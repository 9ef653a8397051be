"""An acceptor whose clock is wrong: the initiator has the KDC tell it the
time.  Real clocks are off, by a library before the acceptor's."""

import shutil
import unittest

import peers
from realm import Realm, install
from realm.extra import ExtraCase, Server, kinds
from realm.logs import Log
from realm.mit_kdc import MitRealm
from realm.realms import Realms
from wire import gss
from wire import krb_error2 as k2

HOUR, DAY = 3600, 24 * 3600
NEAR = 5                                # seconds that a test may take
EXPIRED, NOT_YET_VALID, SKEW = 32, 33, 37
PATH = {"A.TEST": {"C.TEST": ["B.TEST"]}}
FOUR = ["AP-REQ", "KRB-ERROR2 continue", "AP-REQ", "AP-REP"]
REFUSED = ["AP-REQ", "KRB-ERROR2 continue", "AP-REQ", "KRB-ERROR2 final"]


class ClockCase(ExtraCase):
    """An acceptor for each clock."""

    def begin(self, *args):
        """A TGT and a ticket, and the octets of the cache."""
        self.client.kdestroy()
        self.client.kinit("user", *args, password=self.realm.password)
        self.client.kgetcred(self.realm.service)
        return self.cache()

    def cache(self):
        """What the initiator remembers."""
        return (self.client.dir / "ccache").read_bytes()

    def corrected(self, server, ahead, mech="krb5", client=None, **fields):
        """Four tokens, and both sides say so."""
        ours, theirs, exchange = server.play(mech=mech, client=client)
        self.complete(ours, theirs, tokens="4", recovered="yes",
                      protection="challenge", **fields)
        self.assertEqual(kinds(exchange)[:4], FOUR)
        self.assertAlmostEqual(int(theirs.clock), -ahead, delta=NEAR)
        self.assertEqual(ours.clock, "0")
        return exchange

    def check(self, server, ahead, *args, mechs=("krb5", "spnego")):
        """Each context costs four tokens: nobody remembers anything."""
        for mech in mechs:
            before = self.begin(*args)
            for _ in range(2):
                self.corrected(server, ahead, mech)
            self.assertEqual(self.cache(), before)

    def check_late(self, server, ahead):
        """The acceptor takes the ticket, so the next context begins with
        its time (adr/0008), and costs two; its clock is not corrected."""
        for mech in ("krb5", "spnego"):
            self.begin()
            self.corrected(server, ahead, mech)
            for _ in range(2):
                ours, theirs, _ = server.play(mech=mech)
                self.complete(ours, theirs, tokens="2", clock="0")

    def refused(self, server, tokens=REFUSED):
        """The acceptor does not take it, and names nobody."""
        ours, theirs, exchange = server.play()
        self.assertFalse(ours.complete, ours)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), tokens)
        return ours


class Clock(ClockCase):
    """Our KDC."""

    def test_behind(self):
        """The ticket is not yet valid."""
        # REQ: XT-89, XT-54
        self.check(Server(type(self), ahead=-HOUR), -HOUR)

    def test_ahead(self):
        """The ticket is good, the Authenticator late."""
        # REQ: XT-89, XT-56
        self.check_late(Server(type(self), ahead=HOUR), HOUR)

    def test_set_right(self):
        """What was remembered of a clock is no more true."""
        # REQ: XT-89, XT-56
        self.begin()
        self.corrected(Server(type(self), ahead=HOUR), HOUR)
        right = Server(type(self))
        for tokens in "42":
            ours, theirs, _ = right.play()
            self.complete(ours, theirs, tokens=tokens, clock="0")

    def test_ahead_of_the_tickets_end(self):
        """The ticket has expired."""
        # REQ: XT-89, XT-53
        self.check(Server(type(self), ahead=HOUR), HOUR,
                   "--lifetime=20m")

    def test_with_each_policy(self):
        # REQ: XT-89, XT-55
        for policy in ("challenge", "auto", "require", "cache"):
            with self.subTest(policy=policy):
                server = Server(type(self), ahead=-HOUR,
                                replay_protection=policy)
                self.begin()
                ours, theirs, _ = server.play()
                self.complete(ours, theirs, tokens="4", recovered="yes")
                self.assertAlmostEqual(int(theirs.clock), HOUR, delta=NEAR)

    def test_small_difference(self):
        """What clockskew lets pass costs nothing."""
        # REQ: XT-89
        for ahead in (-240, 240):
            self.begin()
            ours, theirs, _ = Server(type(self), ahead=ahead).play()
            self.complete(ours, theirs, tokens="2", clock="0")

    def test_delegation(self):
        """The credential goes with the new ticket."""
        # REQ: XT-89, XT-62
        self.begin("--forwardable")
        server = Server(type(self), ahead=-HOUR)
        ours, theirs, _ = server.play(
            ask="mutual,deleg,replay,sequence,conf,integ")
        self.complete(ours, theirs, tokens="4", deleg="yes")

    def test_bound(self):
        """A day is the default, and 0 is none."""
        # REQ: XT-89
        for ahead, config in ((-DAY - HOUR, {}), (DAY + HOUR, {}),
                              (HOUR, {"max_correctable_skew": "50 min"}),
                              (-HOUR, {"max_correctable_skew": "50 min"}),
                              (HOUR, {"max_correctable_skew": 0})):
            with self.subTest(ahead=ahead, **config):
                before = self.begin()
                server = Server(type(self), ahead=ahead, **config)
                for _ in range(2):
                    self.refused(server)
                self.assertEqual(self.cache(), before)
        for ahead, config in ((-DAY + HOUR, {}),
                              (-2 * DAY, {"max_correctable_skew": "3 d"})):
            self.begin()
            self.corrected(Server(type(self), ahead=ahead, **config), ahead)

    def test_without_extra_tokens(self):
        """Off, a clock that is behind is as fatal as it was."""
        # REQ: XT-10, XT-89
        self.begin()
        legacy = Server(type(self), ahead=-HOUR, extra_context_tokens=False)
        ours, theirs, exchange = legacy.play()
        self.assertFalse(ours.complete, ours)
        self.assertEqual((theirs.result, theirs.src), ("failed", "-"))
        self.assertEqual(kinds(exchange), ["AP-REQ", "KRB-ERROR 33"])
        ours, theirs, _ = Server(type(self)).play()
        self.complete(ours, theirs, tokens="2", clock="0")

    def test_no_kdc(self):
        """Without a KDC the acceptor's own time has to do, if the ticket is
        valid then (D12)."""
        # REQ: XT-56, XT-89
        self.begin()
        away = self.realm.new_client(kdc=1)
        shutil.copy(self.client.dir / "ccache", away.dir / "ccache")
        for ahead, good in ((HOUR, True), (-HOUR, False)):
            ours, theirs, _ = Server(type(self), ahead=ahead).play(
                client=away)
            if good:
                self.complete(ours, theirs, tokens="4", recovered="yes",
                              clock="0")
            else:
                self.assertFalse(ours.complete)
                self.nobody(theirs)

    def test_the_log_says_so(self):
        """The administrator has a clock to set."""
        # REQ: XT-89
        for ahead, words in ((HOUR, "ahead of"), (-HOUR, "behind")):
            log = Log(self.realm.dir / "krb5.log")
            self.begin()
            log.mark()
            self.corrected(Server(type(self), ahead=ahead), ahead)
            log.assert_ordered([r"gss acceptor: the clock of this host is "
                                r"3[56]\d\d seconds %s the KDC's of EXT.TEST"
                                % words])

    def test_what_goes_over(self):
        """The ticket of the second request is another, and the same keys
        and numbers go on after SKEW."""
        # REQ: XT-89, XT-38
        self.begin()
        exchange = self.corrected(Server(type(self), ahead=HOUR), HOUR)
        first, second = (gss.Krb5Token(exchange.token(where)).message()
                         for where in (">1", ">2"))
        self.assertNotEqual(first.ticket.cipher, second.ticket.cipher)
        # AD-IF-RELEVANT{-5} and its 32 octets, in the ticket's padding-free
        # cipher, beside what the KDC has put there before
        self.assertGreater(len(second.ticket.cipher),
                           len(first.ticket.cipher) + 32)
        self.realm.log.assert_ordered(["TGS-REQ user@EXT.TEST"])


class UnpatchedKdc(ClockCase):
    """It copies what the client asks for."""

    @classmethod
    def make_realm(cls):
        return cls.enter_for_class(Realm(inst=peers.heimdal_unpatched()))

    def test_both(self):
        # REQ: XT-89
        under_test = install.under_test()
        self.client = self.realm.new_client(under_test)
        for ahead in (-HOUR, HOUR):
            server = Server(type(self), ahead=ahead, inst=under_test)
            self.begin()
            self.corrected(server, ahead, client=self.client)


class MitKdc(ClockCase):
    """So does MIT's."""

    initiator_name = "user@MIT.TEST"

    @classmethod
    def make_realm(cls):
        return cls.enter_for_class(MitRealm(peers.mit()))

    def test_both(self):
        # REQ: XT-89
        self.check(Server(type(self), ahead=-HOUR), -HOUR)
        self.check_late(Server(type(self), ahead=HOUR), HOUR)


class OtherRealms(ClockCase):
    """The ticket has come through two KDCs of others, of which each may have
    been asked to put the challenge into what it gives."""

    initiator_name = "user@A.TEST"

    @classmethod
    def make_realm(cls):
        cls.realms = cls.enter_for_class(Realms(
            [("A.TEST", "B.TEST"), ("B.TEST", "C.TEST")],
            own={"A.TEST": {"capaths": PATH}, "B.TEST": {"capaths": PATH},
                 "C.TEST": {"capaths": PATH}}))
        return cls.realms["C.TEST"]

    def setUp(self):
        """The test's client is the initiator."""

    def check_way(self, **sections):
        """There and back again."""
        self.client = self.realms.client("A.TEST", **sections)
        for ahead in (-HOUR, HOUR):
            server = Server(type(self), capaths=PATH, ahead=ahead)
            self.client.kinit("user@A.TEST", password=self.realm.password)
            self.client.kgetcred(self.realm.service)
            self.corrected(server, ahead, client=self.client)

    def test_by_capaths(self):
        # REQ: XT-89
        self.check_way(capaths=PATH)

    def test_by_referrals(self):
        # REQ: XT-89
        self.check_way(capaths=None)


class User2User(ClockCase):
    """The ticket in the session key of the acceptor's TGT can tell the time,
    too: six tokens, the most there may be."""

    SIX = FOUR[:2] + FOUR

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add("bob", password=cls.realm.password,
                      attributes="disallow-svr")
        cls.bob = cls.realm.new_client()
        cls.bob.kinit("bob", password=cls.realm.password)

    def test_six_tokens(self):
        # REQ: XT-89, XT-76, XT-50
        self.client.kinit("user", password=self.realm.password)
        for mech, ahead in (("krb5", HOUR), ("krb5", -60 * 15)):
            server = Server(type(self), ahead=ahead,
                            acceptor_ccache=self.bob.ccache)
            ours, theirs, exchange = server.play(mech=mech,
                                                 args=("--service=bob",))
            self.complete(ours, theirs, tokens="6", recovered="yes",
                          user2user="yes", protection="challenge")
            self.assertEqual(kinds(exchange)[:6], self.SIX)
            self.assertAlmostEqual(int(theirs.clock), -ahead, delta=NEAR)
            error = gss.Krb5Token(exchange.token("<1"))
            self.assertEqual(k2.Error2(error.inner, (None, None)).code, 69)


if __name__ == "__main__":
    unittest.main()
