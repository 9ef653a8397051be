"""Sequences of extra context tokens: what goes over the wire, in which order,
what both sides say, and that messages pass afterwards."""

import unittest

from realm.extra import MUTUAL, NOT_MUTUAL, ExtraCase, Server, kinds
from wire import gss

OFFER = 1 << 28                         # ap-options bit 3


def request(token):
    """The AP-REQ in a token, of SPNEGO too."""
    if token[:1] == b"\xa1" or gss.unwrap(token)[0] == gss.SPNEGO:
        message = gss.spnego(token)
        token = message.mech_token if isinstance(message, gss.NegTokenInit) \
            else message.response
    return gss.Krb5Token(token).message()


class Sequences(ExtraCase):
    """Ours with ours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = Server(cls)
        cls.challenge = Server(cls, replay_protection="challenge")
        cls.off = Server(cls, extra_context_tokens=False,
                         replay_protection="challenge")

    def test_one_token(self):
        # REQ: XT-66, XT-01, XT-10
        ours, theirs, exchange = self.plain.play(ask=NOT_MUTUAL)
        self.complete(ours, theirs, offered="no", protection="none",
                      tokens="1")
        self.assertEqual(kinds(exchange), ["AP-REQ"])
        self.assertEqual(request(exchange.token(">1")).options & OFFER, 0)

    def test_two_tokens(self):
        # REQ: XT-68, XT-01, XT-09
        for mech in ("krb5", "spnego"):
            ours, theirs, exchange = self.plain.play(mech=mech)
            self.complete(ours, theirs, offered="yes", protection="none",
                          tokens="2", confirmed="no")
            self.assertEqual(kinds(exchange), ["AP-REQ", "AP-REP"])
            self.assertEqual(request(exchange.token(">1")).options & OFFER,
                             OFFER)

    def test_three_tokens(self):
        # REQ: XT-73, XT-21, XT-63, XT-85, XT-06, XT-08, XT-36, XT-47, XT-49
        for mech in ("krb5", "spnego"):
            ours, theirs, exchange = self.challenge.play(mech=mech)
            self.complete(ours, theirs, offered="yes", tokens="3",
                          protection="challenge", confirmed="yes",
                          recovered="no")
            wanted = ["AP-REQ", "KRB-ERROR2 continue", "AP-REQ"]
            self.assertEqual(kinds(exchange)[:3], wanted)
            if mech == "krb5":
                self.assertEqual(kinds(exchange), wanted)
                answer = gss.Krb5Token(exchange.token("<1"))
                self.assertEqual(answer.tok_id, gss.AP_REP)
            first, second = request(exchange.token(">1")), \
                request(exchange.token(">2"))
            self.assertTrue(first.mutual)
            self.assertFalse(second.mutual)
            self.assertEqual(first.ticket_raw, second.ticket_raw)
            self.assertEqual(second.options & OFFER, OFFER)
            # MUTUAL is said on both sides all the same
            self.assertEqual(ours.flags & 2, 2)
            self.assertEqual((ours.tokens, ours.confirmed), ("3", "yes"))

    def test_not_mutual_is_not_offered(self):
        # REQ: XT-01, XT-04
        ours, theirs, exchange = self.challenge.play(ask=NOT_MUTUAL)
        self.complete(ours, theirs, offered="no", protection="none",
                      tokens="1")
        self.assertEqual(kinds(exchange), ["AP-REQ"])

    def test_off_is_as_upstream(self):
        """Neither side of an exchange that does not want it sees any of
        it."""
        # REQ: XT-01, XT-04, XT-10
        client = self.realm.new_client(gssapi={"extra_context_tokens": False})
        client.kinit("user", password=self.realm.password)
        for server, who, offers in ((self.off, self.client, OFFER),
                                    (self.challenge, client, 0)):
            ours, theirs, exchange = server.play(client=who)
            self.complete(ours, theirs, offered="no", protection="none",
                          tokens="2")
            self.assertEqual(kinds(exchange), ["AP-REQ", "AP-REP"])
            self.assertEqual(request(exchange.token(">1")).options & OFFER,
                             offers)

    def test_dce_style_is_not_offered(self):
        # REQ: XT-01
        ours, theirs, exchange = self.challenge.play(ask=MUTUAL + ",dce")
        self.complete(ours, theirs, offered="no", protection="none")
        self.assertEqual(kinds(exchange),
                         ["AP-REQ (raw)", "AP-REP (raw)", "AP-REP (raw)"])

    def test_channel_bindings(self):
        # REQ: XT-48
        for mech in ("krb5", "spnego"):
            bound = Server(type(self), "--bindings=one",
                           replay_protection="challenge")
            ours, theirs, _ = bound.play(mech=mech, args=("--bindings=one",))
            self.complete(ours, theirs, protection="challenge")
            _, theirs, _ = bound.play(mech=mech, args=("--bindings=two",))
            self.assertEqual((theirs.outcome, theirs.major & 0xffff0000),
                             ("gss-error", 4 << 16), theirs)
            ours, theirs, _ = bound.play(mech=mech, args=("--bindings=one",))
            self.complete(ours, theirs, protection="challenge")


    def test_delegated_credential(self):
        """It goes over once, with the first request."""
        # REQ: XT-73, XT-49
        client = self.realm.new_client()
        client.kinit("user", "--forwardable", password=self.realm.password)
        for mech in ("krb5", "spnego"):
            ours, theirs, exchange = self.challenge.play(
                client=client, mech=mech, ask=MUTUAL + ",deleg")
            self.complete(ours, theirs, protection="challenge", tokens="3",
                          deleg="yes")
            self.assertGreater(len(exchange.token(">1")),
                               len(exchange.token(">2")) + 500)


class Errors(ExtraCase):
    """An acceptor that has another key than the ticket's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good_keytab, cls.keytab = cls.keytab, cls.wrong_keytab()
        cls.wrong = Server(cls, replay_protection="challenge")
        cls.keytab = cls.good_keytab
        cls.good = Server(cls, replay_protection="challenge")
        cls.legacy = cls.realm.new_client(
            gssapi={"extra_context_tokens": False})

    @classmethod
    def wrong_keytab(cls):
        """The service's name and version, and not its key."""
        path = cls.realm.dir / "wrong.keytab"
        cls.client.run("ktutil", "-k", "FILE:%s" % path, "add", "-p",
                       cls.realm.service, "-V", "1", "-e",
                       "aes256-cts-hmac-sha1-96", "-r")
        return path

    def setUp(self):
        super().setUp()
        self.legacy.kinit("user", password=self.realm.password)

    def refused(self, ours, theirs, exchange, *answer):
        self.nobody(theirs)
        self.assertFalse(ours.complete, ours)
        self.assertEqual(kinds(exchange), ["AP-REQ", *answer])
        ours, theirs, _ = self.good.play()
        self.complete(ours, theirs)

    def test_offered(self):
        """It could be the ticket: a new one is as bad."""
        # REQ: XT-70, XT-05, XT-07, XT-45, XT-50, XT-61
        for mech in ("krb5", "spnego"):
            ours, theirs, exchange = self.wrong.play(mech=mech)
            self.assertEqual(ours.error_token, "received")
            self.assertEqual(ours.minor, theirs.minor)
            self.refused(ours, theirs, exchange, "KRB-ERROR2 continue",
                         "AP-REQ", "KRB-ERROR2 final")

    def test_not_offered(self):
        # REQ: XT-69, XT-04
        ours, theirs, exchange = self.wrong.play(client=self.legacy)
        self.assertEqual(ours.minor, theirs.minor)
        self.refused(ours, theirs, exchange, "KRB-ERROR 41")

    def test_not_mutual(self):
        # REQ: XT-67
        ours, theirs, exchange = self.wrong.play(ask=NOT_MUTUAL)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), ["AP-REQ"])


class Policies(ExtraCase):
    """[gssapi] replay_protection, each word."""

    def cell(self, policy, *, unpatched=False, **gssapi):
        """The acceptor's line of a good exchange, and whether a replay of
        its tokens is taken."""
        server = Server(type(self), replay_protection=policy, **gssapi)
        client = self.realm.new_client(
            gssapi={"extra_context_tokens": not unpatched})
        client.kinit("user", password=self.realm.password)
        ours, theirs, exchange = server.play(client=client)
        self.complete(ours, theirs)
        tokens = [t.data for t in exchange.tokens if t.direction == ">"]
        _, line = server.tell(*tokens)
        return theirs.protection, line.src != "-"

    def test_every_cell(self):
        # REQ: XT-85, XT-88, XT-55
        for policy, offered, legacy in (
                ("off", ("none", True), ("none", True)),
                ("challenge", ("challenge", False), ("none", True)),
                ("cache", ("cache", False), ("cache", False)),
                ("auto", ("challenge", False), ("cache", False)),
                ("require", ("challenge", False), ("cache", False)),
                ("nonsense", ("challenge", False), ("cache", False))):
            with self.subTest(policy=policy):
                self.assertEqual(self.cell(policy), offered)
                self.assertEqual(self.cell(policy, unpatched=True), legacy)

    def test_service_of_its_own(self):
        # REQ: XT-88
        self.assertEqual(self.cell(
            "off", acceptor={"host": {"replay_protection": "challenge"}}),
            ("challenge", False))
        self.assertEqual(self.cell(
            "require", acceptor={"nfs": {"replay_protection": "off"}}),
            ("challenge", False))

    def test_no_cache_to_use(self):
        """auto goes on, require does not."""
        # REQ: XT-88
        client = self.realm.new_client(gssapi={"extra_context_tokens": False})
        client.kinit("user", password=self.realm.password)
        self.rcache_dir.rename(self.rcache_dir.with_suffix(".away"))
        try:
            ours, theirs, _ = Server(
                type(self), replay_protection="auto").play(client=client)
            self.complete(ours, theirs, protection="none")
            server = Server(type(self), replay_protection="require")
            _, theirs, _ = server.play(client=client)
            self.nobody(theirs)
            # who answers a challenge needs no cache
            ours, theirs, _ = server.play()
            self.complete(ours, theirs, protection="challenge")
        finally:
            self.rcache_dir.with_suffix(".away").rename(self.rcache_dir)

    def test_challenged_requests_stay_out_of_the_cache(self):
        # REQ: XT-86
        def size():
            return sum(f.stat().st_size for f in self.rcache_dir.iterdir())
        server = Server(type(self), replay_protection="require")
        before = size()
        ours, theirs, _ = server.play()
        self.complete(ours, theirs, protection="challenge")
        self.assertEqual(size(), before)


if __name__ == "__main__":
    unittest.main()
