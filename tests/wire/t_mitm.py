"""The man in the middle, framings, token readers: no Kerberos needed."""

import random
import socket
import struct
import threading
import unittest

from realm import ports
from wire import der, framing, gss, krb, mitm, mutate
from wire.framing import GSS_SAMPLE, LENGTH, frame
from wire.mitm import (Close, Exchange, Mitm, Send, claim, close, drop, edit,
                       extend, flip, hold, inject, passed, put, raw, reflect,
                       repeat, split, stall, substitute, truncate)


class FramingTest(unittest.TestCase):
    """Frames out of a stream, in pieces of any size."""

    def test_pieces_of_every_size(self):
        # REQ: GL-40
        for kind, flags in ((LENGTH, None), (GSS_SAMPLE, 0x42)):
            want = [b"", b"one", b"x" * 300]
            stream = b"".join(frame(data, flags) for data in want)
            for size in range(1, len(stream) + 1):
                parser, got = framing.Parser(kind), []
                for start in range(0, len(stream), size):
                    got += parser.feed(stream[start:start + size])
                self.assertEqual([f.data for f in got], want)
                self.assertEqual({f.flags for f in got}, {flags})
                self.assertEqual(parser.pending, b"")

    def test_cut_at_every_length(self):
        stream = frame(b"four")
        for size in range(len(stream)):
            parser = framing.Parser()
            self.assertEqual(parser.feed(stream[:size]), [])
            self.assertEqual(parser.pending, stream[:size])

    def test_length_is_bounded(self):
        # REQ: GL-40
        for kind, start in ((LENGTH, b""), (GSS_SAMPLE, b"\2")):
            for size in (framing.LIMIT + 1, 0x80000000, 0xffffffff):
                with self.assertRaises(framing.FrameError):
                    framing.Parser(kind).feed(start +
                                              struct.pack(">I", size))
        parser = framing.Parser(limit=4)
        self.assertEqual(len(parser.feed(frame(b"four"))), 1)
        with self.assertRaises(framing.FrameError):
            parser.feed(frame(b"fives"))

    def test_no_such_framing(self):
        with self.assertRaises(ValueError):
            framing.Parser("other")


class ScriptTest(unittest.TestCase):
    """What a script makes of tokens, without sockets."""

    def play(self, script, *steps, kind=LENGTH):
        """Effects of [(direction, data)] as [(direction, data or None)]."""
        self.exchange = Exchange(script, kind)
        flags = None if kind == LENGTH else framing.CONTEXT
        effects = []
        for direction, data in steps:
            effects += self.exchange.feed(direction, frame(data, flags))
        out = []
        for effect in effects:
            if isinstance(effect, Close):
                out.append((effect.direction, None))
            else:
                for got in framing.Parser(kind).feed(effect.octets):
                    out.append((effect.direction, got.data))
        return out

    STEPS = ((">", b"ask"), ("<", b"answer"), (">", b"more"), ("<", b"end"))

    def check(self, script, want):
        for kind in (LENGTH, GSS_SAMPLE):
            self.assertEqual(self.play(script, *self.STEPS, kind=kind), want)
            self.assertEqual(self.exchange.unused, set())

    def test_nothing_said(self):
        self.check({}, list(self.STEPS))
        self.check({"<2": passed()}, list(self.STEPS))
        self.assertEqual(self.exchange.seen(), [">1", "<1", ">2", "<2"])
        self.assertEqual(self.exchange.token(">2"), b"more")
        self.assertEqual(self.exchange.of("<"), [b"answer", b"end"])
        with self.assertRaises(KeyError):
            self.exchange.token(">3")

    def test_each_action(self):
        ask, answer, more, end = self.STEPS
        for script, want in (
                ({"<1": drop()}, [ask, more, end]),
                ({">1": repeat()}, [ask, ask, answer, more, end]),
                ({">1": repeat(3)}, [ask] * 3 + [answer, more, end]),
                ({">1": hold(">2")}, [answer, more, ask, end]),
                ({"<1": hold(">2"), ">1": hold(">2")},
                 [more, ask, answer, end]),
                ({">1": truncate(2)}, [(">", b"as"), answer, more, end]),
                ({">1": truncate(-1)}, [(">", b"as"), answer, more, end]),
                ({">1": truncate(3)}, [(">", b"as"), answer, more, end]),
                ({">1": truncate(0)}, [(">", b""), answer, more, end]),
                ({"<2": extend(b"!")}, [ask, answer, more, ("<", b"end!")]),
                ({"<2": flip(0)}, [ask, answer, more, ("<", b"dnd")]),
                ({"<2": flip(-1, 0x80)},
                 [ask, answer, more, ("<", b"en\xe4")]),
                ({"<2": put(1, b"XY")}, [ask, answer, more, ("<", b"eXY")]),
                ({"<2": put(-1, b"X")}, [ask, answer, more, ("<", b"enX")]),
                ({"<2": edit(bytes.upper)},
                 [ask, answer, more, ("<", b"END")]),
                ({"<1": substitute(b"S")}, [ask, ("<", b"S"), more, end]),
                ({"<1": substitute(lambda e: e.token(">1"))},
                 [ask, ("<", b"ask"), more, end]),
                ({">2": reflect()}, [ask, answer, ("<", b"more"), end]),
                ({">1": inject("<", b"I")},
                 [ask, ("<", b"I"), answer, more, end]),
                ({">1": inject(">", b"I", first=True)},
                 [(">", b"I"), ask, answer, more, end]),
                ({"<2": close()},
                 [ask, answer, more, end, (">", None), ("<", None)]),
                ({"<2": [drop(), close("<")]},
                 [ask, answer, more, ("<", None)]),
                ({"<1": stall()}, [ask]),
                ({"<2": split(1)}, [ask, answer, more, end])):
            with self.subTest(script=list(script)):
                self.check(script, want)

    def test_actions_follow_each_other(self):
        self.check({">1": [repeat(), flip(0)]},
                   [(">", b"`sk")] * 2 + list(self.STEPS[1:]))

    def test_frames_that_lie(self):
        for action, want in ((claim(0xffffffff), b"\xff\xff\xff\xffask"),
                             (claim(2), b"\0\0\0\2ask"),
                             (raw(b"\0\0"), b"\0\0")):
            exchange = Exchange({">1": action})
            self.assertEqual(exchange.feed(">", frame(b"ask")),
                             [Send(">", want, 0)])

    def test_split_writes_pieces(self):
        exchange = Exchange({">1": split(3)})
        self.assertEqual(exchange.feed(">", frame(b"ask")),
                         [Send(">", frame(b"ask"), 3)])

    def test_flags_of_gss_sample(self):
        exchange = Exchange({">1": mitm.flags(framing.DATA)}, GSS_SAMPLE)
        start = frame(b"", framing.NOOP | framing.CONTEXT_NEXT)
        self.assertEqual(exchange.feed(">", start), [Send(">", start, 0)])
        self.assertEqual(exchange.feed(">", frame(b"a", framing.CONTEXT)),
                         [Send(">", frame(b"a", framing.DATA), 0)])
        self.assertEqual(exchange.seen(), [">1"])

    def test_end_of_a_stream(self):
        self.assertEqual(Exchange().ended(">"), [Close(">")])
        exchange = Exchange({">1": stall()})
        exchange.feed(">", frame(b"ask"))
        self.assertEqual(exchange.ended(">"), [])

    def test_script_that_was_not_used_says_so(self):
        exchange = Exchange({"<1": drop(), ">1": drop()})
        exchange.feed(">", frame(b"ask"))
        self.assertEqual(exchange.unused, {"<1"})

    def test_bad_scripts(self):
        for where in ("1", ">", ">0", ">x", "", "!1"):
            with self.assertRaises(ValueError):
                Exchange({where: drop()})
        exchange = Exchange({">1": put(2, b"long")})
        with self.assertRaises(IndexError):
            exchange.feed(">", frame(b"ask"))

    def test_dump(self):
        exchange = Exchange()
        exchange.feed(">", frame(gss.error_token(krb.SKEW, "R")))
        exchange.feed("<", frame(b""))
        self.assertRegex(exchange.dump(), r"(?s)^>1 .*KRB-ERROR 37\n"
                         r"<1 +0 octets  empty$")


class Echo:
    """Answers each frame with its data twice, until the stream ends."""

    def __enter__(self):
        self.got = []
        self._listener = socket.socket()
        self._listener.bind((ports.LOOPBACK, 0))
        self._listener.listen(4)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                sock, _peer = self._listener.accept()
            except OSError:
                return
            with sock:
                parser = framing.Parser()
                for octets in iter(lambda: sock.recv(4096), b""):
                    for got in parser.feed(octets):
                        self.got.append(got.data)
                        sock.sendall(frame(got.data * 2))


class MitmTest(unittest.TestCase):
    """The sockets."""

    def ask(self, port, *tokens, timeout=5):
        """Send tokens one by one and return the answers; None for no
        answer in time, "end" for the end of the stream."""
        answers = []
        with socket.create_connection((ports.LOOPBACK, port), 5) as sock:
            sock.settimeout(timeout)
            parser, ready = framing.Parser(), []
            for token in tokens:
                sock.sendall(frame(token))
                while not ready:
                    try:
                        octets = sock.recv(4096)
                    except socket.timeout:
                        return answers + [None]
                    if not octets:
                        return answers + ["end"]
                    ready = parser.feed(octets)
                answers.append(ready.pop(0).data)
        return answers

    def test_passes_records_and_serves_again(self):
        with Echo() as echo, Mitm(echo.port) as man:
            for index in range(3):
                self.assertEqual(self.ask(man.port, b"a", b"bc"),
                                 [b"aa", b"bcbc"])
                exchange = man.next()
                self.assertEqual(exchange.index, index)
                self.assertEqual(exchange.seen(), [">1", "<1", ">2", "<2"])
                self.assertEqual(exchange.of("<"), [b"aa", b"bcbc"])

    def test_a_script_an_exchange(self):
        scripts = [{"<1": flip(0)}, {}, {">1": [extend(b"!"), split(1)]}]
        with Echo() as echo, Mitm(echo.port, scripts.__getitem__) as man:
            self.assertEqual([self.ask(man.port, b"a") for _ in range(3)],
                             [[b"`a"], [b"aa"], [b"a!a!"]])
            self.assertEqual(man.next().token("<1"), b"aa")

    def test_token_of_an_earlier_exchange(self):
        with Echo() as echo, Mitm(echo.port) as man:
            self.ask(man.port, b"old")
            old = man.next().token("<1")
            man.script = {"<1": substitute(old)}
            self.assertEqual(self.ask(man.port, b"new"), [b"oldold"])
            self.assertEqual(man.next().token("<1"), b"newnew")

    def test_lost_and_stalled_tokens_leave_the_connection_open(self):
        # REQ: GL-14, GL-21
        with Echo() as echo, Mitm(echo.port) as man:
            for script, ends in (({">1": drop()}, True),
                                 ({"<1": drop()}, True),
                                 ({">1": stall()}, False)):
                man.script = script
                self.assertEqual(self.ask(man.port, b"a", timeout=0.3),
                                 [None])
                if ends:                # it does when the client has gone
                    man.next()
            with self.assertRaisesRegex(AssertionError, "not ended"):
                man.next(0.1)

    def test_close_reaches_both(self):
        with Echo() as echo, Mitm(echo.port) as man:
            man.script = {">1": [drop(), close()]}
            self.assertEqual(self.ask(man.port, b"a"), ["end"])
            man.next()
            man.script = {}
            self.assertEqual(self.ask(man.port, b"a"), [b"aa"])
            self.assertEqual(echo.got, [b"a"])

    def test_error_of_a_script_is_not_lost(self):
        with Echo() as echo:
            with self.assertRaises(IndexError):
                with Mitm(echo.port, {">1": put(9, b"x")}) as man:
                    self.ask(man.port, b"a")
            with self.assertRaises(IndexError):
                with Mitm(echo.port, {">1": put(9, b"x")}) as man:
                    self.ask(man.port, b"a")
                    man.next()


class GssTest(unittest.TestCase):
    """Token readers and writers."""

    INIT = gss.NegTokenInit([gss.KRB5_MS, gss.KRB5, gss.NTLM], b"token",
                            b"mic")

    def test_header(self):
        token = gss.wrap(gss.KRB5, b"body")
        self.assertEqual(token.hex(), "600f06092a864886f712010202626f6479")
        self.assertEqual(gss.unwrap(token), (gss.KRB5, b"body"))
        for size in range(len(token)):
            with self.assertRaises(der.DerError):
                gss.unwrap(token[:size])
        for wrong in (token + b"x", b"\x61" + token[1:], b"\x40" + token[1:]):
            with self.assertRaises(der.DerError):
                gss.unwrap(wrong)

    def test_error_token(self):
        token = gss.Krb5Token(gss.error_token(krb.SKEW, "R.TEST",
                                              stime=1426630000))
        self.assertEqual(token.tok_id, gss.KRB_ERROR)
        self.assertEqual((token.message().code, token.message().stime),
                         (37, 1426630000))
        with self.assertRaises(der.DerError):
            gss.Krb5Token(gss.krb5_token(b"\x07\x07", b"")).message()
        with self.assertRaises(der.DerError):
            gss.Krb5Token(gss.wrap(gss.NTLM, b""))

    def test_spnego_both_ways(self):
        for message in (self.INIT, gss.NegTokenInit([gss.KRB5]),
                        gss.NegTokenResp(gss.ACCEPT_INCOMPLETE, gss.KRB5,
                                         b"token", b"mic"),
                        gss.NegTokenResp(gss.REJECT), gss.NegTokenResp()):
            token = message.token()
            self.assertEqual(vars(gss.spnego(token)), vars(message))
            for size in range(len(token)):
                with self.assertRaises(der.DerError):
                    gss.spnego(token[:size])
        # RFC 4178 4.2.2, by hand
        self.assertEqual(gss.NegTokenResp(gss.REJECT).token().hex(),
                         "a1073005a0030a0102")

    def test_edit(self):
        token = gss.edit(self.INIT.token(), mech_list_mic=None,
                         mech_types=[gss.NTLM])
        self.assertEqual(vars(gss.spnego(token)), {
            "mech_types": [gss.NTLM], "mech_token": b"token",
            "mech_list_mic": None, "req_flags": None})
        with self.assertRaises(AttributeError):
            gss.edit(token, state=1)

    def test_describe_is_never_an_error(self):
        token = self.INIT.token()
        self.assertIn("negTokenInit of 3", gss.describe(token))
        rng = random.Random(1)
        for _ in range(2000):
            self.assertIsInstance(gss.describe(
                mutate.mutate(rng, token, [b"", token])[0]), str)


class MutateTest(unittest.TestCase):
    """Random changes."""

    def test_same_seed_same_changes(self):
        token = gss.error_token(krb.SKEW, "R.TEST")
        first, second = ([mutate.mutate(random.Random(seed), token, [token])
                          for seed in range(100)] for _ in range(2))
        self.assertEqual(first, second)
        self.assertGreater(len({data for data, _ in first}), 50)

    def test_every_kind_takes_everything(self):
        pool = [b"", b"\x60", GssTest.INIT.token()]
        for kind in mutate.KINDS:
            changed = 0
            for data in pool:
                for seed in range(50):
                    got = kind(random.Random(seed), data, pool)
                    self.assertIsInstance(got, bytes)
                    changed += got != data
            self.assertTrue(changed, kind.__name__)

    def test_finds_elements_inside_a_token(self):
        token = gss.edit(GssTest.INIT.token(),
                         mech_token=gss.error_token(krb.SKEW, "R"))
        tags = [token[start] for start, _, _ in mutate.elements(token)]
        for tag in (0x60, 0xa0, 0x30, 0x06, 0x04, 0x7e):
            self.assertIn(tag, tags)


if __name__ == "__main__":
    unittest.main()
