"""User-to-user authentication where it need not be: bob's acceptor has a key
for the ticket, too, and [gssapi] prefer_user2user; or SPNEGO has nothing else
to offer to who has no ordinary ticket."""

import unittest

from realm.extra import NOT_MUTUAL, Server, kinds
from realm.user2user import BOB, KRB5_BASE, MUST_USE_U2U, U2UCase
from wire import gss

FOUR = ["AP-REQ", "KRB-ERROR2 continue", "AP-REQ", "AP-REP"]
NTLM = "1.3.6.1.4.1.311.2.2.10"
HOUR = 3600


class Prefer(U2UCase):
    """bob's keys are in the keytab, and the KDC gives tickets for him."""

    attributes = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keytab = cls.realm.ext_keytab(BOB)
        cls.server = cls.with_tgt()
        cls.prefers = cls.with_tgt(prefer_user2user=True)

    @classmethod
    def with_tgt(cls, *args, **gssapi):
        """An acceptor that has the key and the TGT."""
        return Server(cls, *args, acceptor_ccache=cls.bob.ccache, **gssapi)

    def by_ticket(self, server, tokens="2", **kw):
        """The ticket is taken."""
        ours, theirs, exchange = self.play(server, **kw)
        self.complete(ours, theirs, tokens=tokens, user2user="no")
        return exchange

    def test_the_ticket_is_taken(self):
        """As a default."""
        # REQ: XT-82, XT-68
        self.by_ticket(self.server)

    def test_four_tokens(self):
        """The TGT is not for everybody to see, since there is a key."""
        # REQ: XT-82, XT-14
        for mech in ("krb5", "spnego"):
            exchange = self.good(self.prefers, mech=mech)
            self.assertEqual(kinds(exchange)[:4], FOUR)
        answer = gss.Krb5Token(self.good(self.prefers).tokens[1].data)
        self.assertEqual(answer.inner[:32].count(
            b"\xa2\x03\x0a\x01\x01"), 1)        # enc-part-key: the subkey

    def test_per_service(self):
        # REQ: XT-82
        def prefer(service, wanted):
            return {"acceptor": {service: {"prefer_user2user": wanted}}}
        self.good(self.with_tgt(**prefer("bob", True)))
        self.by_ticket(self.with_tgt(**prefer("host", True)))
        self.by_ticket(self.with_tgt(prefer_user2user=True,
                                     **prefer("bob", False)))

    def test_replay_protection(self):
        # REQ: XT-82, XT-85
        for policy in ("challenge", "cache", "require"):
            self.good(self.with_tgt(prefer_user2user=True,
                                    replay_protection=policy))

    def test_who_does_not_offer(self):
        # REQ: XT-82, XT-10
        alice = self.login("alice", gssapi={"extra_context_tokens": False})
        exchange = self.by_ticket(self.prefers, client=alice)
        self.assertEqual(kinds(exchange), ["AP-REQ", "AP-REP"])

    def test_without_mutual_authentication(self):
        """Nothing would settle the keys anew: the ticket."""
        # REQ: XT-82, XT-66, XT-72
        self.by_ticket(self.prefers, "1", ask=NOT_MUTUAL)
        named = self.login("alice", gssapi={
            "extra_tokens_without_mutual": "bob"})
        self.by_ticket(self.prefers, "3", ask=NOT_MUTUAL, client=named)

    def test_no_tgt(self):
        """None, one of another, and a cache that is not there."""
        # REQ: XT-82, XT-84
        for values in ({}, {"acceptor_ccache": self.login("mallory").ccache},
                       {"acceptor_ccache": "FILE:/no/such/cache"}):
            self.by_ticket(Server(type(self), prefer_user2user=True,
                                  **values))

    def test_clock_skew(self):
        """That is the error; then the ticket is as good as another."""
        # REQ: XT-82, XT-50
        ours, theirs, _ = self.play(
            self.with_tgt(prefer_user2user=True, ahead=HOUR),
            client=self.login("alice"))
        self.complete(ours, theirs, tokens="4", recovered="yes",
                      user2user="no")

    def test_bindings(self):
        # REQ: XT-48
        server = self.with_tgt("--bindings=one", prefer_user2user=True)
        self.good(server, args=("--bindings=one",))
        ours, theirs, exchange = self.play(server, args=("--bindings=two",))
        self.assertFalse(ours.complete)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), ["AP-REQ", "KRB-ERROR2 final"])

    def test_configuration(self):
        # REQ: XT-82
        def check(**gssapi):
            client = self.realm.new_client(gssapi=gssapi)
            return client.run("verify_krb5_conf", client.conf,
                              expect_code=None).output
        plain = check()
        self.assertEqual(check(
            prefer_user2user=True, extra_tokens_without_mutual="*/* *",
            acceptor={"bob": {"prefer_user2user": False}}), plain)
        for word in ({"prefer_user2user": "perhaps"},
                     {"acceptor": {"bob": {"prefer_user2user": "perhaps"}}}):
            self.assertIn("prefer_user2user", check(**word))

    def test_a_recording(self):
        # REQ: XT-85
        exchange = self.good(self.prefers)
        _, line = self.prefers.tell(exchange.token(">1"), exchange.token(">2"))
        self.nobody(line)
        self.good(self.prefers)


class Spnego(U2UCase):
    """The KDC gives user-to-user tickets alone for bob."""

    def test_kerberos_alone(self):
        # REQ: XT-80, XT-64
        exchange = self.good(mech="spnego")
        self.assertEqual(kinds(exchange)[:4], FOUR)
        first = gss.spnego(exchange.token(">1"))
        self.assertEqual(first.mech_types, [gss.KRB5])

    def test_six_tokens(self):
        # REQ: XT-76
        server = Server(type(self), ahead=HOUR,
                        acceptor_ccache=self.bob.ccache)
        self.good(server, tokens="6", mech="spnego",
                  client=self.login("alice"))

    def test_without_mutual_authentication(self):
        """The error is Kerberos', and nothing is sent; or there are five
        tokens."""
        # REQ: XT-80, XT-75
        self.nothing_sent(mech="spnego", ask=NOT_MUTUAL)
        named = self.login("alice", gssapi={
            "extra_tokens_without_mutual": "bob"})
        ours, theirs, _ = self.play(mech="spnego", ask=NOT_MUTUAL,
                                    client=named)
        self.complete(ours, theirs, tokens="5", user2user="yes")

    def test_switched_off(self):
        # REQ: XT-10
        alice = self.login("alice", gssapi={"extra_context_tokens": False})
        self.nothing_sent(mech="spnego", client=alice)

    def test_something_else_to_offer(self):
        """That is offered, as before, and no AP-REQ without a ticket."""
        # REQ: XT-80
        self.realm.add("u2u/server.ext.test", attributes="disallow-svr")
        alice = self.login("alice")
        users = alice.dir / "ntlm-users"
        users.write_text("EXT:alice:secret\n")
        alice.more_env["NTLM_USER_FILE"] = str(users)
        ours, theirs, exchange = self.play(
            mech="spnego", client=alice, service="u2u@server.ext.test")
        self.assertFalse(ours.complete)
        self.assertFalse(theirs.complete)
        first = gss.spnego(exchange.token(">1"))
        self.assertEqual(first.mech_types, [NTLM])
        self.realm.log.assert_ordered([r"TGS-REQ alice@.* for u2u/server"])

    def test_somebody_else(self):
        """The error of the KDC, as ever, for who is not there at all."""
        ours, theirs, exchange = self.play(mech="spnego", service="nobody")
        self.assertFalse(ours.complete)
        self.assertNotEqual(ours.minor - KRB5_BASE, MUST_USE_U2U)
        self.assertEqual(kinds(exchange), [])
        self.good(mech="spnego")


if __name__ == "__main__":
    unittest.main()
