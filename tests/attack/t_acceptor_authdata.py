"""Attacks on an acceptor's authorization data: somebody in the middle who has
seen exchanges before changes, repeats, reflects and replaces what confirms the
acceptor's key.  An initiator's application never has data that its acceptor did
not send in this exchange.
"""

import unittest

from realm.extra import ExtraCase, Server, kinds
from wire import gss, mitm
from wire import krb_error2 as k2

TYPE, SECRET = 77, b"what the acceptor asserts"
DATA = k2.authdata(k2.if_relevant((TYPE, SECRET)))
LIE = k2.authdata(k2.if_relevant((TYPE, b"a lie")))
SEND, SHOW = "--send-authdata=" + DATA.hex(), "--show-authdata=%d" % TYPE


def forged(ad, flags=k2.FINAL, which=k2.KEY_NULL, code=0, **part):
    """A KRB-ERROR2 of somebody without a key."""
    inside = k2.part(ad=ad, flags=flags, code=code, **part)
    return gss.krb5_token(
        gss.KRB_ERROR if code and flags == k2.FINAL else gss.AP_REP,
        k2.pdu(inside, None, which, etype=18 if which else 0))


class Middle(ExtraCase):
    """An acceptor with data, and one that wants a challenge answered, too."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = Server(cls, SEND)
        cls.challenge = Server(cls, SEND, replay_protection="challenge")
        cls.without = Server(cls)

    def setUp(self):
        """One ticket for all of them."""
        if not (self.client.dir / "ready").exists():
            super().setUp()
            (self.client.dir / "ready").touch()
        self.realm.log.mark()

    def play(self, server, script=None, mech="krb5"):
        """One exchange."""
        return server.play(script=script, mech=mech, args=(SHOW,))

    def good(self, server, mech="krb5"):
        """The data arrive."""
        ours, theirs, exchange = self.play(server, mech=mech)
        self.complete(ours, theirs, acceptor_authdata="sent")
        self.assertEqual(ours.authdata, SECRET.hex())
        return exchange

    def fooled(self, server, what, number="<1", mech="krb5"):
        """Nobody sees anything because of what becomes of a token."""
        ours, _, exchange = self.play(server, {number: what}, mech)
        if mech == "spnego" and ours.complete:  # it was what is around it
            self.assertEqual(ours.authdata, SECRET.hex(), exchange.dump())
            return ours
        self.assertFalse(ours.complete, exchange.dump())
        self.assertEqual(ours.authdata, "-", exchange.dump())
        return ours

    def test_each_octet_changed(self):
        # REQ: XT-97, XT-95
        for server, mech in ((self.plain, "krb5"), (self.challenge, "krb5"),
                             (self.plain, "spnego")):
            size = len(self.good(server, mech).token("<1"))
            for at in range(0, size, 9):
                self.fooled(server, mitm.flip(at), mech=mech)
            for cut in (1, size // 2, size - 1):
                self.fooled(server, mitm.truncate(cut), mech=mech)
            self.fooled(server, mitm.extend(b"\0"), mech=mech)
            self.good(server, mech)

    def test_of_another_exchange(self):
        """Of the same ticket, and of the other acceptor."""
        # REQ: XT-97, XT-94
        for server in (self.plain, self.challenge):
            for source in (self.plain, self.challenge):
                old = self.good(source).token("<1")
                self.fooled(server, mitm.substitute(old))
        self.good(self.plain)

    def test_forgeries(self):
        """Whatever says that it is not encrypted, or is and is not; as an
        error that is recovered from it is not looked at."""
        # REQ: XT-97, XT-94, XT-37
        subkey = {"subkey": (18, bytes(32)), "seq": 1}
        for server in (self.plain, self.without):
            for which in (k2.KEY_NULL, k2.KEY_SUBKEY, k2.KEY_SESSION):
                for flags in (k2.FINAL, k2.CONTINUE_NEEDED):
                    for more in ({}, subkey):
                        self.fooled(server, mitm.substitute(
                            forged(LIE, flags, which, **more)))
        ours, _, exchange = self.play(self.without, {"<1": mitm.substitute(
            forged(LIE, k2.CONTINUE_NEEDED, code=36))})
        self.assertEqual(ours.authdata, "-", exchange.dump())
        self.good(self.plain)

    def test_repeated_and_reflected(self):
        # REQ: XT-97
        exchange = self.good(self.plain)
        _, line = self.plain.tell(exchange.token("<1"))
        self.nobody(line)
        first = exchange.token(">1")
        # a recording gets data, in a key that its sender does not have
        answers, _ = self.plain.tell(first)
        self.assertNotIn(SECRET, answers[0])
        self.assertEqual(gss.describe(answers[0]), "KRB-ERROR2 continue")
        self.fooled(self.plain, mitm.reflect())
        self.good(self.plain)

    def test_the_offer_taken_away(self):
        """So that it is not sent: it is seen, and there is no context."""
        # REQ: XT-97, XT-03
        def strip(data):
            at = data.index(b"\xa2\x07\x03\x05\x00\x30") + 5
            return data[:at] + b"\x20" + data[at + 1:]
        ours, theirs, exchange = self.play(self.plain,
                                           {">1": mitm.edit(strip)})
        self.assertFalse(ours.complete)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange)[1:], ["KRB-ERROR2 final"])
        self.good(self.plain)

    def test_two_acceptors_for_one(self):
        """An error that the middle has made, and the first AP-REQ to another
        acceptor: the context is with that one, whose data these are, and
        nobody else takes the second AP-REQ (doc/protocol.md, 13)."""
        # REQ: XT-97, XT-94, XT-44
        answer = []

        def first_reaches_another(exchange):
            answers, _ = self.plain.tell(exchange.token(">1"))
            answer.extend(answers)
            return forged(None, k2.CONTINUE_NEEDED, code=36,
                          challenge=b"c" * 32)
        ours, theirs, exchange = self.play(self.challenge, {
            "<1": mitm.substitute(first_reaches_another),
            "<2": mitm.substitute(lambda _: answer[0])})
        self.nobody(theirs)
        self.assertEqual((ours.outcome, ours.messages),
                         ("established", "failed"), exchange.dump())
        self.assertEqual(ours.authdata, SECRET.hex())
        self.good(self.plain)


if __name__ == "__main__":
    unittest.main()
