"""Attacks on exchanges with extra context tokens, by somebody on the wire and
without a key.  After each the same acceptor takes a good exchange."""

import os
import unittest

from realm.extra import ExtraCase, Server, kinds
from realm.install import own_memory
from wire import der, gss, krb_error2
from wire.mitm import edit, extend, substitute

OFFER = 0x10000000
DEFECTIVE_TOKEN, FAILURE = 9 << 16, 13 << 16
REPEAT, MODIFIED = 34, 41


def krb5(code):
    """The minor status of a protocol error."""
    return code - 1765328384


def tokens(exchange, direction=">"):
    """What one side has sent."""
    return [t.data for t in exchange.tokens if t.direction == direction]


def error2(token):
    """(code, enc-part-key) of a KRB-ERROR2, as far as it is in the clear."""
    body = gss.Krb5Token(token).inner
    outer = der.parse(body).expect(55, der.APPLICATION).inner()
    which = outer[2].expect(der.ENUMERATED).int()
    return krb_error2.Error2(body).code if which == 0 else None, which


def set_options(token, options):
    """The AP-REQ of a token with other ap-options."""
    body = gss.unwrap(token)[1]
    ap_req = der.parse(body[2:]).inner()
    return gss.krb5_token(body[:2], der.app(14, der.seq(
        *(der.ctx(i, der.flags(options) if i == 2 else ap_req[i].raw)
          for i in range(5)))))


def forged(code, flags=krb_error2.CONTINUE_NEEDED, token_id=gss.AP_REP, **kw):
    """A KRB-ERROR2 that anybody can make."""
    return gss.krb5_token(token_id, krb_error2.pdu(krb_error2.part(
        code=code, flags=flags, stime=kw.pop("stime", 1800000000), **kw)))


class Replays(ExtraCase):
    """What was recorded."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(cls, replay_protection="challenge")
        cls.other = Server(cls, replay_protection="challenge")
        cls.plain = Server(cls)

    def good(self, server=None):
        ours, theirs, exchange = (server or self.server).play()
        self.complete(ours, theirs)
        return exchange

    def test_unprotected_acceptor_takes_a_replay(self):
        """What the rest is about."""
        first = self.good(self.plain).token(">1")
        _, line = self.plain.tell(first)
        self.assertEqual((line.outcome, line.src),
                         ("established", "user@EXT.TEST"))

    def test_first_token(self):
        """The same acceptor, another process, another host: it gets a
        challenge, and that is all."""
        # REQ: XT-85
        first = self.good().token(">1")
        for server in (self.server, self.other):
            answers, line = server.tell(first)
            self.assertEqual(gss.describe(answers[0]), "KRB-ERROR2 continue")
            self.assertEqual((line.outcome, line.src), ("transport", "-"))
            self.good(server)

    def test_first_and_third_token(self):
        # REQ: XT-43, XT-85
        recorded = tokens(self.good())
        for server in (self.server, self.other):
            answers, line = server.tell(*recorded)
            self.nobody(line)
            self.assertEqual((line.major, line.minor),
                             (FAILURE, krb5(REPEAT)))
            self.assertEqual(gss.describe(answers[1]), "KRB-ERROR2 final")
            self.good(server)

    def test_third_token_first(self):
        """Initial tokens with the answer to a challenge are refused, also by
        acceptors that ask for none."""
        # REQ: XT-44
        third = tokens(self.good())[1]
        for server in (self.server, self.other, self.plain):
            answers, line = server.tell(third)
            self.nobody(line)
            self.assertEqual((line.major, line.minor),
                             (FAILURE, krb5(REPEAT)))
            self.assertEqual(gss.describe(answers[0]), "KRB-ERROR2 final")
            self.good(server)

    def test_first_token_twice(self):
        # REQ: XT-43
        first = self.good().token(">1")
        answers, line = self.server.tell(first, first)
        self.nobody(line)
        self.assertEqual(line.minor, krb5(REPEAT))
        self.assertEqual(gss.describe(answers[1]), "KRB-ERROR2 final")
        self.good()

    def test_challenge_of_another_context(self):
        """Its KRB-ERROR2 for the one that was made."""
        # REQ: XT-43
        theirs = self.good().token("<1")
        ours, line, exchange = self.server.play({"<1": substitute(theirs)})
        self.assertEqual((ours.outcome, ours.major & 0xffff0000),
                         ("gss-error", DEFECTIVE_TOKEN), ours)
        self.assertEqual(kinds(exchange)[:1], ["AP-REQ"])
        self.assertFalse(line.complete)
        self.good()

    def test_third_token_of_another_exchange(self):
        # REQ: XT-43
        third = tokens(self.good())[1]
        ours, line, _ = self.server.play({">2": substitute(third)})
        self.nobody(line)
        self.assertEqual(line.minor, krb5(REPEAT))
        self.good()

    def test_racing_copies(self):
        """A copy of the first token reaches another acceptor first, which
        shares the replay cache: the initiator is told and tries again."""
        # REQ: XT-55, XT-74
        here = Server(type(self), replay_protection="cache")
        there = Server(type(self), replay_protection="cache")

        def first_there(data):
            there.tell(data)
            return data
        ours, line, exchange = here.play({">1": edit(first_there)})
        self.complete(ours, line, tokens="4", recovered="yes")
        self.assertEqual(kinds(exchange), [
            "AP-REQ", "KRB-ERROR2 continue", "AP-REQ", "AP-REP"])
        self.good(here)


class Changes(ExtraCase):
    """What is changed on its way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(cls, replay_protection="challenge")
        cls.plain = Server(cls)

    def good(self):
        for server in (self.server, self.plain):
            ours, theirs, _ = server.play()
            self.complete(ours, theirs)

    def test_offer_is_taken_away(self):
        """The Authenticator says that there was one."""
        # REQ: XT-03
        for server in (self.server, self.plain):
            ours, line, _ = server.play({">1": edit(
                lambda token: set_options(token, 0x20000000))})
            self.nobody(line)
            self.assertEqual(line.minor, krb5(MODIFIED))
            self.assertFalse(ours.complete)
        self.good()

    def test_offer_is_added(self):
        """An initiator that does not offer never gets a KRB-ERROR2."""
        # REQ: XT-03, XT-04
        client = self.realm.new_client(gssapi={"extra_context_tokens": False})
        client.kinit("user", password=self.realm.password)
        ours, line, exchange = self.server.play({">1": edit(
            lambda token: set_options(token, 0x30000000))}, client=client)
        self.complete(ours, line, offered="no", protection="none")
        self.assertEqual(kinds(exchange), ["AP-REQ", "AP-REP"])
        self.good()

    def test_other_options(self):
        # REQ: XT-03
        for options in (0x10000000, 0x30000001, 0xb0000000):
            _, line, _ = self.server.play({">1": edit(
                lambda token, o=options: set_options(token, o))})
            self.nobody(line)
            self.assertEqual(line.minor, krb5(MODIFIED))
        self.good()

    def test_mutual_is_added_to_the_last_request(self):
        """Its Authenticator has the options, too."""
        # REQ: XT-03, XT-96
        _, line, _ = self.server.play({">2": edit(
            lambda token: set_options(token, 0x30000000))})
        self.nobody(line)
        self.assertEqual(line.minor, krb5(MODIFIED))
        self.good()

    def test_reflected_tokens(self):
        # REQ: XT-95
        exchange = self.server.play()[2]
        answers, line = self.server.tell(exchange.token(">1"),
                                         lambda answers: answers[0])
        self.nobody(line)
        self.assertEqual(line.major, DEFECTIVE_TOKEN)
        ours, _, _ = self.server.play({"<1": substitute(
            lambda e: e.token(">1"))})
        self.assertEqual(ours.major, DEFECTIVE_TOKEN, ours)
        self.good()

    def test_every_octet_of_the_challenge_token(self):
        """Whatever is changed in it: the initiator is not complete."""
        # REQ: XT-94
        token = self.server.play()[2].token("<1")
        for offset in range(0, len(token), max(1, len(token) // 24)):
            with self.subTest(offset=offset):
                def change(data, offset=offset):
                    data = bytearray(data)
                    data[offset % len(data)] ^= 1
                    return bytes(data)
                ours, line, _ = self.server.play({"<1": edit(change)})
                self.assertFalse(ours.complete, ours)
                self.assertFalse(line.complete, line)
        self.good()

    def test_longer_and_shorter(self):
        # REQ: XT-08
        for where in ("<1", ">2"):
            for change in (extend(b"\0"), edit(lambda d: d[:-1]),
                           edit(lambda d: gss.unwrap(d)[1][2:])):
                with self.subTest(where=where):
                    ours, line, _ = self.server.play({where: change})
                    self.assertFalse(line.complete, line)
                    if where == "<1":
                        self.assertEqual(ours.major, DEFECTIVE_TOKEN)
        self.good()


class Forgeries(ExtraCase):
    """A KRB-ERROR2 that nobody has signed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(cls, replay_protection="challenge")

    def fails(self, token, client=None):
        """The initiator gives up, and sends no other AP-REQ."""
        ours, line, exchange = self.server.play({"<1": substitute(token)},
                                                client=client)
        self.assertEqual(ours.outcome, "gss-error", ours)
        self.assertFalse(line.complete, line)
        self.assertEqual(line.src, "-")
        sent = [k for k in kinds(exchange) if k.startswith("AP-REQ")]
        self.assertEqual(sent, ["AP-REQ"])
        return ours, exchange

    def test_each_error_code(self):
        """No dropped flag, no lower enctype, nothing stored; one more request
        for those that recovery.c has at this level, which asks for the same.
        The acceptor, which waits, is told, or refuses the request."""
        # REQ: XT-94, XT-32, XT-33, XT-34
        before = (self.client.dir / "ccache").read_bytes()
        for code in [*range(1, 94), 1000, -1, 2 ** 31 - 1]:
            with self.subTest(code=code):
                if code in (31, 36, 39, 40, 41, 44):
                    self.once_more(code)
                    continue
                ours, exchange = self.fails(forged(code))
                self.assertEqual(ours.major, FAILURE)
                self.assertEqual(kinds(exchange)[2:3], ["KRB-ERROR2 final"])
        self.assertEqual((self.client.dir / "ccache").read_bytes(), before)
        ours, theirs, _ = self.server.play()
        self.complete(ours, theirs)

    def once_more(self, code):
        """The challenge was the forger's own."""
        ours, line, exchange = self.server.play(
            {"<1": substitute(forged(code))})
        self.assertEqual(kinds(exchange), [
            "AP-REQ", "KRB-ERROR2 continue", "AP-REQ", "KRB-ERROR2 final"])
        self.assertFalse(ours.complete)
        self.nobody(line)
        first, second = (gss.Krb5Token(t).message().options
                         for t in tokens(exchange))
        self.assertEqual(first, second)

    def test_confirmation_without_a_key(self):
        # REQ: XT-37, XT-94, XT-30
        for flags, token_id in ((1, gss.AP_REP), (0, gss.AP_REP),
                                (0, gss.KRB_ERROR), (1, gss.KRB_ERROR),
                                (7, gss.AP_REP)):
            with self.subTest(flags=flags, token_id=token_id):
                ours, _ = self.fails(forged(0, flags, token_id))
                self.assertEqual(ours.major, DEFECTIVE_TOKEN)
        ours, theirs, _ = self.server.play()
        self.complete(ours, theirs)

    def test_flags_and_token_id_disagree(self):
        # REQ: XT-07
        for flags, token_id in ((1, gss.KRB_ERROR), (0, gss.AP_REP)):
            ours, exchange = self.fails(forged(60, flags, token_id))
            self.assertEqual(ours.major, DEFECTIVE_TOKEN)
        ours, theirs, _ = self.server.play()
        self.complete(ours, theirs)

    def test_final_error_gets_no_answer(self):
        # REQ: XT-33, XT-07
        ours, exchange = self.fails(forged(60, 0, gss.KRB_ERROR))
        self.assertEqual(ours.major, FAILURE)
        self.assertEqual(kinds(exchange)[2:], [])

    def test_initiator_that_did_not_offer(self):
        # REQ: XT-04
        client = self.realm.new_client(gssapi={"extra_context_tokens": False})
        client.kinit("user", password=self.realm.password)
        ours, line, exchange = self.server.play(
            {"<1": substitute(forged(0))}, client=client)
        self.assertEqual((ours.outcome, ours.major),
                         ("gss-error", DEFECTIVE_TOKEN), ours)
        self.assertFalse(line.complete, line)
        self.assertEqual(kinds(exchange), ["AP-REQ", "AP-REP"])

    def test_legacy_error_about_the_clock(self):
        """Tried once as ever; nothing is stored."""
        # REQ: XT-94
        before = (self.client.dir / "ccache").read_bytes()
        token = gss.error_token(37, self.realm.name)
        ours, _, exchange = self.server.play({"<1": substitute(token),
                                              "<2": substitute(token)})
        self.assertFalse(ours.complete)
        self.assertEqual((self.client.dir / "ccache").read_bytes(), before)
        ours, theirs, _ = self.server.play()
        self.complete(ours, theirs)


class Abandoned(ExtraCase):
    """Initiators that do not come back."""

    @own_memory
    def test_memory_is_bounded(self):
        """10,000 contexts that wait for an answer to a challenge are begun
        and dropped."""
        # REQ: XT-71, XT-87
        server = Server(type(self), "--quiet", replay_protection="challenge")
        first = server.play()[2].token(">1")
        pid = server.acceptor.daemon.pid

        def resident():
            with open("/proc/%d/statm" % pid, encoding="ascii") as f:
                return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for count in range(10000):
            server.drop(first)
            if count == 500:
                early = resident()
        self.assertLess(resident() - early, 1 << 20)
        ours, theirs, _ = server.play()
        self.complete(ours, theirs)


if __name__ == "__main__":
    unittest.main()
