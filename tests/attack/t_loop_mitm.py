"""A man in the middle of the loop programs: every kind of interference, over
krb5 and SPNEGO, mutual and not.  Each case asserts what both sides say, and
that the same acceptor process takes a good exchange right afterwards.

Plain framing, tokens of an exchange that is good (krb5, mutual):

    >1 AP-REQ   <1 AP-REP   >2 wrap   <2 wrap   <3 MIC   >3 MIC

not mutual without <1, so that <1 is the wrap.  SPNEGO has the same number of
tokens, with krb5's inside.
"""

import re
import socket
import time
import unittest

from realm import RealmCase
from realm.loop import Acceptor, initiate
from wire import der, framing, gss, krb, mitm
from wire.mitm import (claim, close, drop, edit, extend, flip, flags, hold,
                       inject, put, raw, reflect, repeat, split,
                       stall, substitute, truncate)

MUTUAL = "mutual,replay,sequence,conf,integ"
DCE = MUTUAL + ",dce"
NOT_MUTUAL = "replay,sequence,conf,integ"

# GSS major status, the routine error
BAD_MECH, BAD_SIG, NO_CONTEXT = 1 << 16, 6 << 16, 8 << 16
DEFECTIVE_TOKEN, FAILURE = 9 << 16, 13 << 16

ACCEPTOR_TIMEOUT, LONG, SHORT = 3, 9, 1     # seconds


class MitmCase(RealmCase):
    """An acceptor and a man in the middle for the whole class."""

    framing = "plain"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        realm.client.kinit("user", password=realm.password)
        cls.keytab = realm.ext_keytab(realm.service)
        cls.acceptor = Acceptor(
            realm.client, "--keytab=FILE:%s" % cls.keytab,
            "--timeout=%d" % ACCEPTOR_TIMEOUT, "--framing=" + cls.framing)
        cls.acceptor.__enter__()
        cls.addClassCleanup(cls.acceptor.stop)
        cls.man = mitm.Mitm(
            cls.acceptor.port,
            framing=mitm.fr.LENGTH if cls.framing == "plain"
            else mitm.fr.GSS_SAMPLE)
        cls.man.__enter__()
        cls.addClassCleanup(cls.man.__exit__, None, None, None)
        cls.count = 0

    def setUp(self):
        super().setUp()
        self.client = self.realm.client
        self.client.kinit("user", password=self.realm.password)
        self.client.kgetcred(self.realm.service)

    def play(self, script, mech="krb5", ask=MUTUAL, timeout=LONG, times=1):
        """Run exchanges under a script: ([initiator's Line], [acceptor's],
        [Exchange])."""
        cls = type(self)
        self.man.script = script
        ours = initiate(
            self.client, self.man.port, "--mech=" + mech,
            "--service=host@server." + self.realm.domain, "--flags=" + ask,
            "--timeout=%d" % timeout, "--framing=" + self.framing,
            "--count=%d" % times, timeout=60 + 2 * times)
        theirs, exchanges = [], []
        for _ in range(times):
            cls.count += 1
            theirs.append(self.acceptor.line(cls.count))
            exchanges.append(self.man.next(30))
        if not callable(script):
            for exchange in exchanges:
                self.assertEqual(exchange.unused, set(), exchange.dump())
        return ours, theirs, exchanges

    def once(self, script, *args, **kw):
        """play() of one exchange: (Line, Line, Exchange)."""
        return [found[0] for found in self.play(script, *args, **kw)]

    def good(self, mech="krb5", ask=MUTUAL):
        """An exchange nobody interferes with; its Exchange."""
        ours, theirs, exchange = self.once({}, mech, ask)
        for line in (ours, theirs):
            self.assertTrue(line.complete, line)
            self.assertEqual((line.messages, line.error_token),
                             ("ok", "none"), line)
        self.assertEqual(theirs.src, "user@EXT.TEST")
        return exchange

    def failed(self, line, outcome, **fields):
        """The line says so."""
        self.assertEqual((line.result, line.outcome), ("failed", outcome),
                         line)
        for name, value in fields.items():
            self.assertEqual(getattr(line, name), value, "%s of %s" % (
                name, line))

    def refused(self, line, *majors):
        """A GSS error that is one of these routine errors."""
        self.failed(line, "gss-error")
        if majors:
            self.assertIn(line.major & 0xffff0000, majors, line)


MODES = [(mech, ask) for mech in ("krb5", "spnego")
         for ask in (MUTUAL, NOT_MUTUAL)]


class GoodTest(MitmCase):
    """What is passed on is understood, and left as it is."""

    def test_tokens_are_what_they_should_be(self):
        for mech, ask in MODES:
            exchange = self.good(mech, ask)
            first = exchange.token(">1")
            if mech == "spnego":
                init = gss.spnego(first)
                self.assertEqual(init.token(), first)
                self.assertIn(gss.KRB5, init.mech_types)
                resp = gss.spnego(exchange.token("<1"))
                self.assertEqual(resp.token(), exchange.token("<1"))
                self.assertEqual(resp.state, gss.ACCEPT_COMPLETED)
                first = init.mech_token
            request = gss.Krb5Token(first).message()
            self.assertEqual(request.mutual, ask == MUTUAL)
            self.assertEqual(request.sname, "host/server.ext.test")
            self.assertEqual(gss.Krb5Token(first).inner[:1], b"\x6e")

    def test_pieces_and_changes_without_a_meaning(self):
        # REQ: GL-40
        for mech, ask in MODES:
            for where in (">1", "<1", ">2"):
                ours, theirs, _ = self.once({where: split(1)}, mech, ask)
                self.assertTrue(ours.complete and theirs.complete,
                                (ours, theirs))


class LossTest(MitmCase):
    """Who waits for a token that does not come gives up."""

    def test_first_token_is_lost(self):
        # REQ: GL-14, GL-21
        for mech in ("krb5", "spnego"):
            ours, theirs, _ = self.once({">1": drop()}, mech, timeout=SHORT)
            self.failed(ours, "transport", transport="timeout", sent=1)
            self.failed(theirs, "transport", transport="closed", received=0)
            ours, theirs, _ = self.once({">1": drop()}, mech)
            self.failed(ours, "transport", transport="closed", sent=1)
            self.failed(theirs, "transport", transport="timeout", received=0)
            self.good(mech)

    def test_answer_is_lost(self):
        # REQ: GL-14, GL-21
        for mech in ("krb5", "spnego"):
            ours, theirs, _ = self.once({"<1": drop()}, mech, timeout=SHORT)
            self.failed(ours, "transport", transport="timeout", received=0)
            self.failed(theirs, "established", messages="failed")
            ours, theirs, _ = self.once({"<1": drop()}, mech)
            self.failed(ours, "transport", transport="closed")
            self.failed(theirs, "established", messages="failed")
            self.good(mech)

    def test_first_token_is_lost_when_none_is_waited_for(self):
        """The initiator is complete; its message comes first, then."""
        ours, theirs, _ = self.once({">1": drop()}, ask=NOT_MUTUAL)
        self.failed(ours, "established", messages="failed", received=0)
        self.refused(theirs, DEFECTIVE_TOKEN, BAD_MECH)
        self.good(ask=NOT_MUTUAL)

    def test_both_are_left_alone(self):
        # REQ: GL-14, GL-21
        ours, theirs, _ = self.once({">1": stall()}, timeout=SHORT)
        self.failed(ours, "transport", transport="timeout")
        self.failed(theirs, "transport", transport="timeout")
        ours, theirs, _ = self.once({"<1": stall()}, timeout=SHORT)
        self.failed(ours, "transport", transport="timeout")
        self.failed(theirs, "established", messages="failed")
        self.good()

    def test_end_of_the_connection(self):
        for script, ours_says, theirs_says in (
                ({">1": [drop(), close()]}, "closed", "closed"),
                ({">1": [raw(b"\0\0"), close()]}, "closed", "truncated"),
                ({">1": [claim(700), close(">")]}, "closed", "truncated")):
            ours, theirs, _ = self.once(script)
            self.failed(ours, "transport", transport=ours_says)
            self.failed(theirs, "transport", transport=theirs_says)
        ours, theirs, _ = self.once({"<1": [raw(b"\0"), close()]})
        self.failed(ours, "transport", transport="truncated")
        self.failed(theirs, "established", messages="failed")
        self.good()

    def test_length_is_not_believed(self):
        # REQ: GL-40
        for size in (0xffffffff, 0x80000000, 0x7fffffff, (1 << 20) + 1):
            ours, theirs, _ = self.once({">1": claim(size)})
            self.failed(theirs, "transport", transport="too-long")
            self.failed(ours, "transport")
            self.assertIn(ours.transport, ("closed", "system"), ours)
            ours, theirs, _ = self.once({"<1": claim(size)})
            self.failed(ours, "transport", transport="too-long")
            self.failed(theirs, "established", messages="failed")
        with open("/proc/%d/status" % self.acceptor.daemon.pid) as file:
            status = file.read()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))
        self.assertLess(peak, 1 << 20)
        self.good()


class ChangeTest(MitmCase):
    """Tokens that are changed on their way."""

    def test_answer_cut_at_every_length(self):
        for mech in ("krb5", "spnego"):
            size = len(self.good(mech).token("<1"))
            ours, theirs, _ = self.play(
                lambda index, first=self.count:
                {"<1": truncate(index - first)}, mech, times=size)
            for line in ours:
                self.refused(line, DEFECTIVE_TOKEN, BAD_MECH)
            for line in theirs:
                self.failed(line, "established", messages="failed")
            self.good(mech)

    def test_request_cut(self):
        """Every length up to 80 and then every 29th.  No octets at all are
        a question for the mechanisms of SPNEGO."""
        for mech in ("krb5", "spnego"):
            size = len(self.good(mech).token(">1"))
            lengths = [*range(1, 80), *range(80, size, 29), size - 1]
            ours, theirs, _ = self.play(
                lambda index, first=self.count:
                {">1": truncate(lengths[index - first])}, mech,
                times=len(lengths))
            for line in theirs:
                self.refused(line, DEFECTIVE_TOKEN, BAD_MECH, FAILURE)
            for line in ours:
                self.assertFalse(line.complete, line)
            self.good(mech)

    def test_empty_tokens(self):
        # REQ: GL-08, GL-15
        for mech in ("krb5", "spnego"):
            ours, theirs, exchange = self.once({">1": truncate(0)}, mech)
            self.refused(ours, DEFECTIVE_TOKEN, BAD_MECH)
            self.failed(theirs, "transport", transport="closed", sent=1)
            self.assertEqual(gss.unwrap(exchange.token("<1"))[0], gss.SPNEGO)
            ours, theirs, _ = self.once({"<1": truncate(0)}, mech)
            self.refused(ours, DEFECTIVE_TOKEN)
            self.failed(theirs, "established", messages="failed")
            self.good(mech)

    def test_longer_tokens(self):
        for mech in ("krb5", "spnego"):
            for tail in (b"\0", b"x" * 1000):
                ours, theirs, _ = self.once({">1": extend(tail)}, mech)
                self.refused(theirs, DEFECTIVE_TOKEN, BAD_MECH)
                self.assertFalse(ours.complete, ours)
                ours, theirs, _ = self.once({"<1": extend(tail)}, mech)
                self.assertFalse(ours.complete and not theirs.complete,
                                 (ours, theirs))
            self.good(mech)

    def test_flipped_bits(self):
        """Of the ticket, the authenticator and the encrypted part.  The
        acceptor says so, and the initiator has another try, untouched."""
        exchange = self.good()
        request = exchange.token(">1")
        message = gss.Krb5Token(request).message()
        for cipher in (message.ticket.cipher, message.authenticator.cipher):
            where = request.index(cipher) + len(cipher) // 2
            ours, theirs, _ = self.once(
                lambda index, at=where: {">1": flip(at, 0x10)})
            for line in (ours, theirs):
                self.assertTrue(line.complete, line)
                self.assertEqual((line.tokens, line.recovered), ("4", "yes"),
                                 line)
        ours, theirs, _ = self.once({"<1": flip(-5)})
        self.refused(ours)
        self.failed(theirs, "established", messages="failed")
        self.good()

    def test_messages(self):
        for script in ({">2": flip(-1)}, {">2": put(0, b"\4\4")},
                       {">2": truncate(16)}, {">2": truncate(3)},
                       {">2": truncate(0)}):
            ours, theirs, _ = self.once(script)
            self.failed(theirs, "established", messages="failed")
            self.failed(ours, "established", messages="failed")
        for script in ({"<2": flip(-1)}, {"<3": flip(-1)},
                       {"<3": truncate(15)}):
            ours, theirs, _ = self.once(script)
            self.failed(ours, "established", messages="failed")
            self.failed(theirs, "established", messages="failed")
        self.good()

    def test_messages_in_another_order(self):
        """The acceptor's answer and its MIC change places; the sequence
        number of a MIC that nobody made is not believed."""
        ours, theirs, _ = self.once({"<2": hold("<3")})
        self.failed(ours, "established", messages="failed")
        ours, theirs, _ = self.once({">3": put(12, b"\x7f")})
        self.failed(theirs, "established", messages="failed")
        self.assertIn(theirs.message_major & 0xffff0000,
                      (BAD_SIG, DEFECTIVE_TOKEN, FAILURE), theirs)
        ours, theirs, _ = self.once({">2": repeat()})
        self.failed(theirs, "established", messages="failed")
        self.good()


class SubstituteTest(MitmCase):
    """Tokens of others."""

    def test_reflection(self):
        """The initiator gets its own token back."""
        for mech in ("krb5", "spnego"):
            ours, theirs, _ = self.once({">1": reflect()}, mech)
            self.refused(ours, DEFECTIVE_TOKEN, BAD_MECH)
            self.failed(theirs, "transport", transport="closed", received=0)
            ours, theirs, _ = self.once(
                {"<1": substitute(lambda e: e.token(">1"))}, mech)
            self.refused(ours, DEFECTIVE_TOKEN, BAD_MECH)
            self.failed(theirs, "established", messages="failed")
            self.good(mech)

    def test_message_is_reflected(self):
        ours, theirs, _ = self.once(
            {"<2": substitute(lambda e: e.token(">2"))})
        self.failed(ours, "established", messages="failed")
        self.failed(theirs, "established", messages="failed")
        self.good()

    def test_answer_of_another_exchange(self):
        for mech in ("krb5", "spnego"):
            old = self.good(mech).token("<1")
            ours, theirs, _ = self.once({"<1": substitute(old)}, mech)
            self.refused(ours)
            self.failed(theirs, "established", messages="failed")
            self.good(mech)

    def test_answer_to_another_mechanism(self):
        inner = self.good("krb5").token("<1")
        outer = self.good("spnego").token("<1")
        ours, _, _ = self.once({"<1": substitute(outer)}, "krb5")
        self.refused(ours, DEFECTIVE_TOKEN, BAD_MECH)
        ours, _, _ = self.once({"<1": substitute(inner)}, "spnego")
        self.refused(ours, DEFECTIVE_TOKEN, BAD_MECH)
        self.good()

    def test_replay_of_the_first_token(self):
        """KNOWN: an old AP-REQ is accepted within the clock skew, for there
        is no replay cache; the one who replays it cannot go on, though."""
        old = self.good().token(">1")
        ours, theirs, _ = self.once({">1": substitute(old)})
        self.refused(ours)
        self.assertEqual(theirs.outcome, "established", theirs)
        self.failed(theirs, "established", messages="failed")
        self.good()

    def test_name_of_the_service_in_the_ticket(self):
        """KNOWN: it is not protected, the key is: an acceptor that takes
        any key of its keytab takes the ticket."""
        def rename(token):
            return token.replace(b"server.ext.test", b"others.ext.test")
        ours, theirs, _ = self.once({">1": edit(rename)})
        self.assertTrue(ours.complete and theirs.complete, (ours, theirs))
        self.assertEqual(theirs.src, "user@EXT.TEST")
        self.good()


class ForgedErrorTest(MitmCase):
    """An error token is not authentic: it may end an exchange, and no more."""

    def test_skew_leaves_nothing_behind(self):
        # REQ: XT-94
        cache = (self.client.dir / "ccache").read_bytes()
        for offset in (-90000, -1000, 1000, 90000):
            token = gss.error_token(krb.SKEW, "EXT.TEST",
                                    stime=time.time() + offset)
            ours, theirs, exchange = self.once({"<1": substitute(token)})
            self.assertFalse(ours.complete, ours)
            self.failed(theirs, "established", messages="failed")
            self.assertEqual((self.client.dir / "ccache").read_bytes(),
                             cache, "the error is in the cache")
            self.assertLessEqual(len(exchange.of(">")), 2)
        self.good()

    def test_skew_for_ever(self):
        """One retry and no more."""
        # REQ: XT-94
        token = gss.error_token(krb.SKEW, "EXT.TEST")
        ours, _, exchange = self.once({"<1": [
            substitute(token), inject("<", token), inject("<", token)]})
        self.assertFalse(ours.complete, ours)
        self.assertLessEqual(len(exchange.of(">")), 2, exchange.dump())
        self.good()

    def test_other_errors_end_it(self):
        for code in (krb.MODIFIED, krb.BAD_INTEGRITY, krb.GENERIC, 34, 32,
                     999999, -1):
            token = gss.error_token(code, "EXT.TEST")
            ours, theirs, exchange = self.once({"<1": substitute(token)})
            self.refused(ours)
            self.assertEqual(ours.error_token, "received")
            self.assertEqual(len(exchange.of(">")), 1, exchange.dump())
            self.failed(theirs, "established", messages="failed")
        self.good()

    def test_error_instead_of_the_request(self):
        token = gss.error_token(krb.SKEW, "EXT.TEST")
        ours, theirs, _ = self.once({">1": substitute(token)})
        self.refused(theirs, DEFECTIVE_TOKEN, FAILURE)
        self.assertFalse(ours.complete, ours)
        self.good()


class LateTest(MitmCase):
    """Tokens for an acceptor that is established already."""

    def late(self, token, mech="krb5"):
        """The token comes after the last message; the acceptor's Line."""
        ours, theirs, exchange = self.once({">3": inject(">", token)}, mech)
        self.assertTrue(ours.complete, ours)
        self.assertTrue(theirs.complete, theirs)
        self.assertEqual(exchange.seen()[-1], "<4", exchange.dump())
        self.assertEqual(gss.describe(exchange.token("<4")), "MIC")
        return theirs

    def test_late_tokens_are_refused_and_the_context_survives(self):
        # REQ: GL-13, GL-28, GL-30, GL-38
        for mech in ("krb5", "spnego"):
            for token in (lambda e: e.token(">1"), lambda e: e.token("<1"),
                          lambda e: e.token(">2"),
                          lambda e: e.token(">1")[:40],
                          gss.error_token(krb.SKEW, "EXT.TEST"),
                          gss.error_token(krb.MODIFIED, "EXT.TEST"),
                          gss.krb5_token(gss.OLD_DELETE, bytes(16)),
                          gss.krb5_token(gss.OLD_DELETE, b""),
                          gss.NegTokenResp(gss.REJECT).token(),
                          b"\4\4\0\xff\xff\xff\xff\xff" + bytes(20),
                          b"", b"x", b"\x60\x84\xff\xff\xff\xff"):
                theirs = self.late(token, mech)
                self.assertEqual(theirs.late, "refused", theirs)
        self.good()


class SampleTest(MitmCase):
    """MIT's framing, where a late token may come at any time."""

    framing = "mit"

    def test_repeated_first_token(self):
        # REQ: GL-13, GL-20, GL-28, GL-38
        for mech in ("krb5", "spnego"):
            for times in (2, 5):
                ours, theirs, _ = self.once({">1": repeat(times)}, mech)
                self.assertTrue(ours.complete, ours)
                self.assertTrue(theirs.complete, theirs)
                self.assertEqual((theirs.late, theirs.messages),
                                 ("refused", "ok"), theirs)
            self.good(mech)

    def test_first_token_comes_again_among_the_messages(self):
        # REQ: GL-28, GL-38
        for token in (lambda e: e.token(">1"), lambda e: e.token("<1"),
                      gss.error_token(krb.SKEW, "EXT.TEST"), b""):
            ours, theirs, _ = self.once({">2": inject(
                ">", token, first=True, octet=mitm.fr.CONTEXT)})
            self.assertTrue(ours.complete, ours)
            self.assertTrue(theirs.complete, theirs)
            self.assertEqual((theirs.late, theirs.messages),
                             ("refused", "ok"), theirs)
        self.good()

    def test_flags_of_a_frame(self):
        ours, theirs, _ = self.once({">1": flags(mitm.fr.DATA)})
        self.failed(theirs, "transport", transport="unexpected")
        self.assertFalse(ours.complete, ours)
        self.good()

    def test_length_is_not_believed(self):
        # REQ: GL-40
        ours, theirs, _ = self.once({">1": claim(0xffffffff)})
        self.failed(theirs, "transport", transport="too-long")
        self.assertFalse(ours.complete, ours)
        self.good()


class SpnegoTest(MitmCase):
    """What a man in the middle can do to the negotiation."""

    def spnego(self, script, ask=MUTUAL):
        """once() with SPNEGO."""
        return self.once(script, "spnego", ask)

    def test_reordered_list_is_noticed(self):
        """A mechanism nobody has, in front: krb5 is not the preferred one
        any more, and the MIC over the list tells."""
        # REQ: GL-37
        def unknown_first(token):
            init = gss.spnego(token)
            return gss.edit(token, mech_types=["1.3.6.1.4.1.99999.1"] +
                            init.mech_types, mech_token=b"junk")
        for ask in (MUTUAL, NOT_MUTUAL):
            ours, theirs, exchange = self.spnego(
                {">1": edit(unknown_first)}, ask)
            self.assertFalse(ours.complete, (ours, exchange.dump()))
            self.assertFalse(theirs.complete, (theirs, exchange.dump()))
            self.good("spnego", ask)

    def test_shortened_list_with_the_same_first(self):
        """KNOWN: RFC 4178 5 lets the MIC be left out when the first
        mechanism is the one that is used, so a list that is cut behind it
        is not noticed, nor does it change what is used."""
        def only_first(token):
            init = gss.spnego(token)
            return gss.edit(token, mech_types=init.mech_types[:1])
        ours, theirs, exchange = self.spnego({">1": edit(only_first)})
        self.assertEqual(ours.complete, theirs.complete, exchange.dump())
        self.good("spnego")

    def test_mic_is_stripped(self):
        """krb5 is not the first mechanism, so there have to be MICs; a
        request for one, and the MIC itself, are taken out."""
        # REQ: GL-37
        def late_krb5(token):
            init = gss.spnego(token)
            return gss.edit(token, mech_types=["1.3.6.1.4.1.99999.1"] +
                            init.mech_types)

        def strip(token):
            if not token.startswith(b"\xa1"):
                return token
            resp = gss.spnego(token)
            state = resp.state
            if state in (gss.REQUEST_MIC, gss.ACCEPT_INCOMPLETE):
                state = gss.ACCEPT_COMPLETED if resp.mech_list_mic else \
                    gss.ACCEPT_INCOMPLETE
            return gss.edit(token, mech_list_mic=None, state=state)
        ours, theirs, exchange = self.spnego(
            lambda index: {">1": edit(late_krb5), "<1": edit(strip),
                           ">2": edit(strip), "<2": edit(strip)})
        self.assertFalse(theirs.complete, (theirs, exchange.dump()))
        self.assertFalse(ours.complete, (ours, exchange.dump()))
        self.good("spnego")

    def test_garbage_for_a_mic(self):
        # REQ: GL-37
        def with_mic(token):
            return gss.edit(token, mech_list_mic=b"\4\4\1" + b"\xff" * 5 +
                            bytes(20))
        ours, theirs, exchange = self.spnego({"<1": edit(with_mic)})
        self.assertFalse(ours.complete, (ours, exchange.dump()))
        self.good("spnego")
        ours, theirs, exchange = self.spnego({">1": edit(with_mic)})
        self.assertFalse(theirs.complete, (theirs, exchange.dump()))
        self.good("spnego")

    def test_states(self):
        """The acceptor's answer with another negState."""
        for state in (gss.REJECT, None):
            ours, theirs, exchange = self.spnego(
                {"<1": edit(lambda t, s=state: gss.edit(t, state=s))})
            self.refused(ours, DEFECTIVE_TOKEN, BAD_MECH, FAILURE)
            self.failed(theirs, "established", messages="failed")
        ours, theirs, exchange = self.spnego({"<1": edit(
            lambda t: gss.edit(t, state=gss.REQUEST_MIC))})
        self.assertFalse(ours.complete, (ours, exchange.dump()))
        for state in (gss.ACCEPT_INCOMPLETE, 4, 127):
            # KNOWN: with the mechanism's last token, and no MIC needed,
            # these (two are not defined) are taken for accept-completed;
            # the mechanism has shown who the acceptor is
            ours, theirs, _ = self.spnego(
                {"<1": edit(lambda t, s=state: gss.edit(t, state=s))})
            self.assertTrue(ours.complete and theirs.complete)
        self.good("spnego")

    def test_mechanism_that_was_not_offered(self):
        for mech in (gss.SPNEGO, "1.3.6.1.4.1.99999.1"):
            ours, _, _ = self.spnego({"<1": edit(
                lambda t, m=mech: gss.edit(t, mech=m))})
            self.refused(ours, DEFECTIVE_TOKEN, BAD_MECH)
        self.good("spnego")

    def test_forged_skew_inside(self):
        # REQ: XT-94
        cache = (self.client.dir / "ccache").read_bytes()
        token = gss.error_token(krb.SKEW, "EXT.TEST", stime=10 ** 9)
        for state in (gss.ACCEPT_INCOMPLETE, gss.REJECT):
            ours, _, _ = self.spnego({"<1": edit(
                lambda t, s=state: gss.edit(t, state=s, response=token))})
            self.assertFalse(ours.complete, ours)
            self.assertEqual((self.client.dir / "ccache").read_bytes(), cache)
        self.good("spnego")


class StrangerTest(MitmCase):
    """Somebody who has no ticket and no key, and talks to the acceptor."""

    def tell(self, *tokens):
        """Send tokens, one for each answer; a token may be a function of
        the answers so far.  ([answer], the acceptor's Line)."""
        cls = type(self)
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
        cls.count += 1
        return answers, self.acceptor.line(cls.count)

    def nobody(self, line, *majors):
        """The acceptor has refused, and names no one."""
        self.refused(line, *majors)
        self.assertEqual((line.flags, line.src), (0, "-"), line)

    def test_response_without_a_token_authenticates_nobody(self):
        """Unpatched, the second token made gss_accept_sec_context() return
        GSS_S_COMPLETE with a context in which no mechanism had run."""
        # REQ: GL-37
        offers = {
            "no first token": gss.NegTokenInit([gss.KRB5]),
            "two mechanisms": gss.NegTokenInit([gss.KRB5_MS, gss.KRB5])}
        responses = {
            "empty": gss.NegTokenResp(),
            "accept-completed": gss.NegTokenResp(gss.ACCEPT_COMPLETED),
            "accept-incomplete": gss.NegTokenResp(gss.ACCEPT_INCOMPLETE),
            "a made-up MIC": gss.NegTokenResp(
                gss.ACCEPT_COMPLETED,
                mech_list_mic=b"\4\4\1" + b"\xff" * 5 + bytes(20)),
            "a token of no octets": gss.NegTokenResp(response=b"")}
        self.assertEqual(gss.NegTokenResp().token(), b"\xa1\x02\x30\x00")
        for offer, first in offers.items():
            for response, second in responses.items():
                with self.subTest(offer=offer, response=response):
                    answers, line = self.tell(first.token(), second.token())
                    self.assertEqual(
                        gss.spnego(answers[0]).state, gss.ACCEPT_INCOMPLETE)
                    self.nobody(line, DEFECTIVE_TOKEN)
        self.good("spnego")

    def test_response_comes_first(self):
        # REQ: GL-37
        for token in (gss.NegTokenResp(), gss.NegTokenResp(
                gss.ACCEPT_COMPLETED)):
            _, line = self.tell(token.token())
            self.nobody(line, DEFECTIVE_TOKEN, BAD_MECH)
        self.good("spnego")

    def test_reflected_answer_in_dce_style(self):
        """The acceptor's AP-REP is encrypted as the initiator's is and has the
        same number.  Unpatched, a recorded AP-REQ and an echo established a
        context in the name of the one who was recorded."""
        # REQ: GL-33
        ours, theirs, exchange = self.once({}, ask=DCE)
        self.assertTrue(ours.complete and theirs.complete, (ours, theirs))
        request = exchange.token(">1")
        self.assertEqual(gss.describe(request), "AP-REQ (raw)")
        answers, line = self.tell(request, lambda answers: answers[0])
        self.assertEqual(gss.describe(answers[0]), "AP-REP (raw)")
        self.nobody(line, DEFECTIVE_TOKEN)
        self.good(ask=DCE)

    def test_reflected_answer_in_another_envelope(self):
        """The octets around the cipher text are nobody's to vouch for: the
        key version, say, which may be there or not."""
        # REQ: GL-33
        exchange = self.once({}, ask=DCE)[2]

        def reflect(answers):
            reply = der.parse(answers[0]).inner()
            part = krb.EncryptedData(reply[2])
            return der.app(15, der.seq(
                der.ctx(0, der.integer(5)), der.ctx(1, der.integer(15)),
                der.ctx(2, der.seq(
                    der.ctx(0, der.integer(part.etype)),
                    der.ctx(1, der.integer(1)),
                    der.ctx(2, der.octets(part.cipher))))))
        answers, line = self.tell(exchange.token(">1"), reflect)
        self.nobody(line, DEFECTIVE_TOKEN)
        self.good(ask=DCE)

    def test_first_answer_does_not_do_for_another_exchange(self):
        """The number in it is the other exchange's."""
        # REQ: GL-33
        exchange = self.once({}, ask=DCE)[2]
        third = exchange.token(">2")
        self.assertEqual(gss.describe(third), "AP-REP (raw)")
        _, line = self.tell(exchange.token(">1"), third)
        self.nobody(line, DEFECTIVE_TOKEN)
        self.good(ask=DCE)


if __name__ == "__main__":
    unittest.main()
