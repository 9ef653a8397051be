"""Extra context tokens without mutual authentication, for targets that
[gssapi] extra_tokens_without_mutual names: three tokens, whatever happens."""

import os
import unittest

from realm.extra import NOT_MUTUAL, ExtraCase, Server, kinds, spoil
from wire import gss, mitm

OFFER = 1 << 28                         # ap-options bit 3
HOUR = 3600
THREE = ["AP-REQ", "KRB-ERROR2 continue", "AP-REQ"]
FINAL = ["AP-REQ", "KRB-ERROR2 final"]
NAMED = {"extra_tokens_without_mutual": "host/*"}


def strip_offer(data):
    """The token without its offer in the clear."""
    message = gss.Krb5Token(data).message()
    where = data.index(b"\xa2\x07\x03\x05\x00") + 5
    assert data[where:where + 4] == message.options.to_bytes(4, "big")
    return data[:where] + (message.options ^ OFFER).to_bytes(4, "big") + \
        data[where + 4:]


class NotMutual(ExtraCase):
    """A service with a keytab."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = next(e for e in cls.realm.keys(cls.realm.service)
                       if e.etype == 18)
        cls.server = Server(cls)
        cls.named = cls.realm.new_client(gssapi=NAMED)

    def setUp(self):
        super().setUp()
        self.ready(self.named)

    def ready(self, client):
        """A client with a ticket."""
        client.kinit("user", password=self.realm.password)
        client.kgetcred(self.realm.service)
        return client

    def play(self, server=None, **kw):
        """One exchange without mutual authentication."""
        kw.setdefault("client", self.named)
        return (server or self.server).play(ask=kw.pop("ask", NOT_MUTUAL),
                                            **kw)

    def three(self, server=None, recovered="no", protection="challenge",
              **kw):
        """Three tokens, both complete, and messages pass."""
        ours, theirs, exchange = self.play(server, **kw)
        self.complete(ours, theirs, tokens="3", offered="yes",
                      recovered=recovered, protection=protection,
                      confirmed="no" if recovered == "yes" else "yes")
        self.assertEqual(ours.flags & 2, 0, ours)
        self.assertEqual(kinds(exchange)[:3], THREE)
        if kw.get("mech") != "spnego":
            self.assertEqual(kinds(exchange), THREE)
        return exchange

    def test_three_tokens(self):
        # REQ: XT-72, XT-01
        for mech in ("krb5", "spnego"):
            self.three(mech=mech)
        first = gss.Krb5Token(self.three().token(">1")).message()
        self.assertEqual((first.options & OFFER, first.mutual), (OFFER, False))

    def test_any_policy(self):
        """The acceptor answers whatever it does against replays."""
        # REQ: XT-72, XT-85
        for policy in ("challenge", "auto", "require"):
            self.three(Server(type(self), replay_protection=policy))
        self.three(Server(type(self), replay_protection="cache"),
                   protection="challenge,cache")

    def test_mutual_is_as_ever(self):
        # REQ: XT-68
        ours, theirs, exchange = self.server.play(client=self.named)
        self.complete(ours, theirs, tokens="2", offered="yes")
        self.assertEqual(kinds(exchange), ["AP-REQ", "AP-REP"])

    def test_which_targets(self):
        """Only those that are named."""
        # REQ: XT-66
        for pattern, named in (
                ("host/server.ext.test@EXT.TEST", True), ("*/*@EXT.*", True),
                ("nfs/* host/*", True), (["nfs/*", "host/server*"], True),
                ("*", False), ("host/*@OTHER.TEST", False), ("nfs/*", False),
                ("host/server", False), ("HOST/*", False), ("@ \\", False)):
            client = self.ready(self.realm.new_client(gssapi={
                "extra_tokens_without_mutual": pattern}))
            with self.subTest(pattern=pattern):
                if named:
                    self.three(client=client)
                    continue
                ours, theirs, exchange = self.play(client=client)
                self.complete(ours, theirs, tokens="1", offered="no")
                self.assertEqual(kinds(exchange), ["AP-REQ"])

    def test_switched_off(self):
        # REQ: XT-66
        client = self.ready(self.realm.new_client(gssapi=dict(
            NAMED, extra_context_tokens=False)))
        ours, theirs, _ = self.play(client=client)
        self.complete(ours, theirs, tokens="1", offered="no")

    def test_an_acceptor_that_does_not_answer(self):
        """Is complete, and waited for: this is why a target is named."""
        # REQ: XT-66
        server = Server(type(self), extra_context_tokens=False)
        ours, theirs, exchange = self.play(server, args=("--timeout=2",))
        self.assertEqual((ours.outcome, ours.transport),
                         ("transport", "timeout"), ours)
        self.assertEqual((theirs.outcome, theirs.tokens), ("established",
                                                           "1"), theirs)
        self.assertEqual(kinds(exchange), ["AP-REQ"])

    def test_clock_skew(self):
        """The keys are those of the error."""
        # REQ: XT-72, XT-56
        for mech in ("krb5", "spnego"):
            self.three(Server(type(self), ahead=HOUR), recovered="yes",
                       mech=mech)
        # and what the acceptor said of its clock is not remembered
        ours, theirs, _ = self.server.play(client=self.named)
        self.complete(ours, theirs, tokens="2")

    def test_other_key(self):
        """Nothing is settled with the first ticket."""
        # REQ: XT-72, XT-57, XT-61
        for ticket in ({}, {"kvno": 77}):
            spoil(self.named, self.key, key=os.urandom(32), **ticket)
            self.three(recovered="yes")

    def test_a_refused_ticket(self):
        """No AP-REP would settle the keys anew: final."""
        # REQ: XT-67, XT-70, XT-62
        spoil(self.named, self.key, start=-10 * HOUR, end=-HOUR)
        ours, theirs, exchange = self.play()
        self.assertFalse(ours.complete, ours)
        self.assertEqual(ours.minor, theirs.minor)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), FINAL)
        self.ready(self.named)
        self.three()

    def test_bindings(self):
        # REQ: XT-48
        bound = Server(type(self), "--bindings=one")
        self.three(bound, args=("--bindings=one",))
        ours, theirs, exchange = self.play(bound, args=("--bindings=two",))
        self.assertFalse(ours.complete)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), FINAL)
        self.three(bound, args=("--bindings=one",))

    def test_delegated_credential(self):
        client = self.realm.new_client(gssapi=NAMED)
        client.kinit("user", "--forwardable", password=self.realm.password)
        ours, theirs, _ = self.play(client=client, ask=NOT_MUTUAL + ",deleg")
        self.complete(ours, theirs, tokens="3", deleg="yes")

    def test_a_recording(self):
        # REQ: XT-85
        exchange = self.three()
        _, line = self.server.tell(exchange.token(">1"), exchange.token(">2"))
        self.nobody(line)
        self.three()

    def test_the_offer_is_taken_away(self):
        """Neither is complete: the initiator has one token, and it says that
        somebody is in the middle."""
        # REQ: XT-03, XT-94
        ours, theirs, exchange = self.play(script={
            ">1": mitm.edit(strip_offer)})
        self.assertFalse(ours.complete, ours)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange)[1:], ["KRB-ERROR2 final"])
        self.three()


if __name__ == "__main__":
    unittest.main()
