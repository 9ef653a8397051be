"""User-to-user authentication between two users: alice begins, bob has no
long-term key that his acceptor knows, and mostly the KDC gives no ordinary
ticket for him.
"""

import unittest

import peers
from realm.extra import NOT_MUTUAL, Server, kinds
from realm.user2user import BOB, KRB5_BASE, MUST_USE_U2U, U2UCase
from wire import krb_error2 as k2
from wire import gss, mitm, tgs

SERVER_NOMATCH, NOT_US = 26, 35
REPEAT, MODIFIED, NO_TGT, U2U = 34, 41, 67, 69
FOUR = ["AP-REQ", "KRB-ERROR2 continue", "AP-REQ", "AP-REP"]
FINAL = ["AP-REQ", "KRB-ERROR2 final"]
AHEAD = 3600


class MustUse(U2UCase):
    """The KDC gives user-to-user tickets alone for bob."""

    def test_four_tokens(self):
        # REQ: XT-64, XT-74, XT-80, XT-81, XT-83
        before = (self.bob.dir / "ccache").read_bytes()
        for _ in range(3):
            self.assertEqual(kinds(self.good())[:4], FOUR)
        self.assertEqual((self.bob.dir / "ccache").read_bytes(), before)
        self.assertNotIn(BOB, self.client.klist().stdout)

    def test_six_tokens(self):
        """The acceptor's clock is wrong, too."""
        # REQ: XT-76
        server = Server(type(self), ahead=AHEAD,
                        acceptor_ccache=self.bob.ccache)
        self.assertEqual(kinds(self.good(server, tokens="6"))[:6],
                         FOUR[:2] * 2 + FOUR[2:])

    def test_replay_protection(self):
        """The challenge that comes with the TGT is one."""
        # REQ: XT-85
        for policy in ("challenge", "auto", "require", "cache"):
            server = Server(type(self), replay_protection=policy,
                            acceptor_ccache=self.bob.ccache)
            self.good(server)

    def test_bindings(self):
        server = Server(type(self), "--bindings=channel",
                        acceptor_ccache=self.bob.ccache)
        self.good(server, args=("--bindings=channel",))
        ours, theirs, _ = self.play(server, args=("--bindings=another",))
        self.assertFalse(ours.complete)
        self.nobody(theirs)
        self.good(server, args=("--bindings=channel",))

    def test_another_host_service_still_has_its_key(self):
        ours, theirs, exchange = self.server.play()
        self.complete(ours, theirs, tokens="2", user2user="no")
        self.assertEqual(kinds(exchange)[:2], ["AP-REQ", "AP-REP"])

    def test_by_password(self):
        """gss_acquire_cred_with_password(), GSS_C_ACCEPT."""
        # REQ: XT-82
        self.good(Server(type(self), "--service=bob",
                         "--password=" + self.realm.password))

    def test_by_password_for_both(self):
        # REQ: XT-82
        self.good(Server(type(self), "--service=bob", "--both",
                         "--password=" + self.realm.password))

    def test_no_mutual_authentication(self):
        """Nothing is sent."""
        self.nothing_sent(ask=NOT_MUTUAL)
        self.good()


class Renewal(U2UCase):
    """A TGT that ends within five minutes."""

    def tgts(self, *args, ahead=120):
        """(the cache before, after, the TGT that was sent), octets; ahead:
        so much of three minutes is over, for the acceptor."""
        bob = self.login(BOB, "--lifetime=3m", *args)
        server = Server(type(self), ahead=ahead,
                        acceptor_ccache=bob.ccache)
        before = (bob.dir / "ccache").read_bytes()
        answer = gss.Krb5Token(self.good(server).tokens[1].data)
        return before, (bob.dir / "ccache").read_bytes(), \
            k2.Error2(answer.inner).tgt

    def test_is_renewed(self):
        # REQ: XT-81
        before, after, sent = self.tgts("--renewable")
        self.assertNotIn(sent, before)
        self.assertIn(sent, after)
        self.realm.log.assert_ordered([r"TGS-REQ bob@.*\[.*renew.*\]"])

    def test_that_cannot_be(self):
        # REQ: XT-81
        before, after, sent = self.tgts()
        self.assertIn(sent, before)
        self.assertEqual(before, after)

    def test_not_each_time(self):
        """The next one would end as soon."""
        before, after, sent = self.tgts("--renewable", ahead=0)
        self.assertIn(sent, before)
        self.assertEqual(before, after)


class Peers(U2UCase):
    """Acceptors that know nothing of it, and an initiator without a
    ticket."""

    def test_unpatched(self):
        # REQ: XT-80
        for inst in (peers.mit(), peers.heimdal_unpatched()):
            ours, theirs, exchange = self.play(Server(type(self), inst=inst))
            self.assertFalse(ours.complete, ours)
            self.assertFalse(theirs.complete, theirs)
            self.assertEqual(kinds(exchange)[0], "AP-REQ")
            self.assertNotIn("AP-REP", kinds(exchange))
        self.good()


class NoTgt(U2UCase):
    """Acceptors without a TGT that counts."""

    def test_no_cache(self):
        """Nor is there a default one."""
        # REQ: XT-70, XT-81
        server = Server(type(self))
        server.client.kdestroy()
        self.refused(FINAL, NO_TGT, server)

    def test_the_default_cache_is_not_used(self):
        # REQ: XT-81
        server = Server(type(self))
        server.client.kinit(BOB, password=self.realm.password)
        self.refused(FINAL, NO_TGT, server)

    def test_an_expired_one(self):
        # REQ: XT-81
        bob = self.login(BOB, "--lifetime=10m")
        server = Server(type(self), ahead=AHEAD, acceptor_ccache=bob.ccache)
        self.refused(FINAL, NO_TGT, server)
        self.good()

    def test_somebody_elses(self):
        # REQ: XT-84
        server = Server(type(self),
                        acceptor_ccache=self.login("mallory").ccache)
        self.refused(FINAL, NOT_US, server)
        self.good()

    def test_a_cache_of_another_than_the_credentials(self):
        # REQ: XT-84
        realm = self.realm
        server = Server(type(self), "--service=host@server." + realm.domain,
                        acceptor_ccache=self.bob.ccache)
        self.refused(FINAL, NO_TGT, server)
        ours, theirs, _ = server.play()
        self.complete(ours, theirs, tokens="2")

    def test_switched_off(self):
        """As the unpatched acceptor: no KRB-ERROR2."""
        # REQ: XT-10
        server = Server(type(self), extra_context_tokens=False,
                        acceptor_ccache=self.bob.ccache)
        ours, theirs, exchange = self.play(server)
        self.assertFalse(ours.complete)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), ["AP-REQ", "KRB-ERROR 35"])
        self.good()

    def test_an_initiator_that_is_switched_off(self):
        # REQ: XT-10, XT-80
        alice = self.login("alice", gssapi={"extra_context_tokens": False})
        self.nothing_sent(client=alice)
        self.good()


class RealTicket(U2UCase):
    """The KDC gives ordinary tickets for bob, too."""

    attributes = None

    def test_four_tokens(self):
        # REQ: XT-82
        self.assertEqual(kinds(self.good())[:4], FOUR)

    def test_with_spnego(self):
        # REQ: XT-82
        self.assertEqual(kinds(self.good(mech="spnego"))[:4], FOUR)

    def test_by_password(self):
        # REQ: XT-82
        self.good(Server(type(self), "--service=bob",
                         "--password=" + self.realm.password))

    def test_who_does_not_offer(self):
        """Fails as ever."""
        # REQ: XT-10
        alice = self.login("alice", gssapi={"extra_context_tokens": False})
        ours, theirs, exchange = self.play(client=alice)
        self.assertFalse(ours.complete)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), ["AP-REQ", "KRB-ERROR 35"])
        self.good()

    def test_without_a_tgt(self):
        """The error is that of the keytab."""
        server = Server(type(self))
        self.refused(FINAL, NOT_US, server)


class AcceptorData(U2UCase):
    """bob's application has something to say to alice's."""

    attributes = None
    TYPE, TEXT = 77, b"what bob asserts"

    def tell(self, state, tokens, **values):
        """One exchange, and whether it was said."""
        data = k2.authdata(k2.if_relevant((self.TYPE, self.TEXT)))
        server = Server(type(self), "--send-authdata=" + data.hex(),
                        acceptor_ccache=self.bob.ccache, **values)
        ours, theirs, _ = self.play(
            server, client=self.login("alice"),
            args=("--show-authdata=%d" % self.TYPE,))
        self.complete(ours, theirs, tokens=tokens, user2user="yes",
                      acceptor_authdata=state)
        self.assertEqual(ours.authdata,
                         self.TEXT.hex() if state == "sent" else "-")

    def test_in_place_of_the_last_ap_rep(self):
        """Where a ticket has gone before, somebody may know the subkey."""
        # REQ: XT-97, XT-76
        self.tell("unsent", "4")
        self.realm.modify(BOB, "--attributes=disallow-svr")
        self.tell("sent", "4")
        self.tell("sent", "6", ahead=AHEAD)


class Middle(U2UCase):
    """Somebody between alice and bob, who may have a TGT of his own."""

    def forged(self, tgt):
        """A KRB-ERROR2 that anybody can make."""
        inside = k2.part(challenge=bytes(32), stime=0, code=U2U,
                         flags=k2.CONTINUE_NEEDED, tgt=tgt)
        return gss.krb5_token(gss.AP_REP, k2.pdu(inside, None, k2.KEY_NULL))

    def test_mallorys_tgt(self):
        """alice talks to bob or to nobody."""
        # REQ: XT-84
        mallory = tgs.get_tgt(self.realm, "mallory")
        ours, theirs, _ = self.play(script={
            "<1": mitm.substitute(self.forged(mallory.ticket))})
        self.assertFalse(ours.complete)
        self.nobody(theirs)
        self.assertEqual(ours.minor - KRB5_BASE, SERVER_NOMATCH, ours)
        self.realm.log.assert_ordered([r"TGS-REQ alice@.* for bob@"])
        self.good()

    def test_an_older_answer(self):
        """bob's own TGT, of another exchange and of another login: the
        challenge is not the one, or no key opens the ticket."""
        # REQ: XT-84, XT-85
        old = self.good().tokens[1].data
        other = Server(type(self), acceptor_ccache=self.login(BOB).ccache)
        for server, code in ((self.server, REPEAT), (other, MODIFIED)):
            ours, theirs, exchange = self.play(server, script={
                "<1": mitm.substitute(old)})
            self.assertFalse(ours.complete)
            self.nobody(theirs)
            self.assertEqual(kinds(exchange)[2:], FINAL)
            self.assertEqual(theirs.minor - KRB5_BASE, code, theirs)
            self.good(server)

    def test_changes(self):
        """An octet of each token changed: the initiator is not complete, or
        both are and know each other."""
        # REQ: XT-84
        tokens = self.good().tokens[:4]
        for number, which in enumerate((">1", "<1", ">2", "<2")):
            size = len(tokens[number].data)
            for at in range(0, size, size // 12 + 1):
                ours, theirs, exchange = self.play(
                    script={which: mitm.flip(at)})
                self.assertIn(theirs.src, ("-", self.initiator_name))
                if ours.complete:
                    self.complete(ours, theirs, user2user="yes")
                elif which != "<2":
                    self.assertEqual(theirs.src, "-", exchange.dump())
        self.good()

    def test_the_second_request_again(self):
        """To an acceptor that has asked another."""
        # REQ: XT-85
        again = self.good().tokens[2].data
        ours, theirs, _ = self.play(script={">2": mitm.substitute(again)})
        self.assertFalse(ours.complete)
        self.nobody(theirs)
        self.assertEqual(theirs.minor - KRB5_BASE, REPEAT, theirs)
        self.good()


if __name__ == "__main__":
    unittest.main()
