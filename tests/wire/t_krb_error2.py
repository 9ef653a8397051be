"""KRB-ERROR2 between libkrb5 and an implementation that shares no code."""

import calendar
import random
import subprocess
import unittest

from realm import loop
from wire import der, enc
from wire import krb_error2 as k2

# Heimdal reads no time in or after the year 3901.
HEIMDAL_TIME_END = calendar.timegm((3901, 1, 1, 0, 0, 0))

KEYS = {"subkey": k2.SUBKEY, "session": k2.SESSION}


class Tool:
    """krb_error2_tool: a line, a line."""

    def __init__(self):
        path = loop.built("krb_error2_tool", "tests", "ext", "krb-error2")
        self.proc = subprocess.Popen(
            [path], env=loop.install.base_env(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, universal_newlines=True, bufsize=1)

    def __call__(self, command, **words):
        """{name: value} of its answer; a word "error" when it refused."""
        line = [command] + ["%s=%s" % (name, self.word(value))
                            for name, value in words.items()]
        print(" ".join(line), file=self.proc.stdin, flush=True)
        answer = self.proc.stdout.readline().split()
        if not answer:
            raise AssertionError("the tool died of: %s" % " ".join(line))
        if answer[0] == "error":
            return {"error": answer[1]}
        return dict(word.split("=", 1) for word in answer[1:])

    @staticmethod
    def word(value):
        """A value as the tool reads it."""
        if value is None or value == b"":
            return "-"
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, tuple):
            return "%d:%s" % (value[0], value[1].hex())
        return value

    def close(self):
        """Its exit status: a sanitizer has a say."""
        self.proc.stdin.close()
        self.proc.stdout.close()
        return self.proc.wait(timeout=60)


class ToolCase(unittest.TestCase):
    """A tool for each class, and fields as both sides name them."""

    @classmethod
    def setUpClass(cls):
        cls.tool = Tool()

    @classmethod
    def tearDownClass(cls):
        if cls.tool.close() != 0:
            raise AssertionError("the tool failed")

    def decode(self, octets, sender="acceptor", **keys):
        """What the library makes of a PDU."""
        return self.tool("decode", sender=sender, pdu=octets,
                         **(keys or KEYS))

    def assert_good(self):
        """The library still takes a good PDU."""
        answer = self.decode(dict((name, octets) for name, _, octets
                                  in k2.vectors())["subkey"])
        self.assertEqual(answer.get("code"), "0", answer)

    def assert_fields(self, answer, **wanted):
        """Numbers, octets and None for what must not be there."""
        got = {}
        for name, value in wanted.items():
            got[name] = answer.get(name)
            if isinstance(value, int) and got[name] is not None:
                got[name] = int(got[name])
            if isinstance(value, bytes) and got[name] is not None:
                got[name] = bytes.fromhex(got[name])
        self.assertEqual(got, wanted, answer)


class VectorTest(unittest.TestCase):
    """The octets that the C tests have are those of this side."""

    def test_vectors_h(self):
        # REQ: XT-12, XT-13
        path = loop.install.ROOT / "tests" / "krb-error2" / "vectors.h"
        self.assertEqual(path.read_text(), k2.vectors_h())

    def test_they_can_be_read(self):
        found = {name: octets for name, _, octets in k2.vectors()}
        self.assertEqual(found["null"][:2].hex(), "7f37")
        null = k2.Error2(found["null"])
        self.assertEqual((null.which, null.code, null.tgt),
                         (k2.KEY_NULL, 69, k2.ticket()))
        confirm = k2.Error2(found["subkey"], (k2.SUBKEY, k2.SESSION))
        self.assertEqual((confirm.code, confirm.subkey, confirm.seq),
                         (0, k2.ACCEPTOR_SUBKEY, 0xfedcba98))
        with self.assertRaises(k2.RuleBroken):
            k2.Error2(found["subkey"], (None, k2.SESSION))


class LibraryReads(ToolCase):
    """Made here, read by the library."""

    def test_every_key(self):
        # REQ: XT-13, XT-14, XT-15, XT-19, XT-27, XT-28
        ad = k2.authdata(k2.if_relevant((99, b"x")))
        for which, key in ((0, None), (1, k2.SUBKEY), (2, k2.SESSION)):
            confirmed = k2.CONFIRMED if which == 1 else k2.COMMON
            pdu = k2.pdu(k2.part(code=37, text="zu sp\u00e4t".encode(),
                                 ad=ad, tgt=k2.ticket(), **confirmed),
                         key, which)
            with self.subTest(which=which):
                self.assert_fields(
                    self.decode(pdu), key=which, code=37, seq=4275878552
                    if which == 1 else None, challenge=k2.CHALLENGE,
                    stime=k2.STIME, susec=k2.SUSEC,
                    text="zu sp\u00e4t".encode(), ad=ad, tgt=k2.ticket(),
                    acceptor=k2.ACCEPTOR_SUBKEY[1] if which == 1 else None)
                for sender in ("initiator",):
                    answer = self.decode(pdu, sender)
                    self.assertEqual(answer.get("error"), "MISPLACED_FIELD"
                                     if which == 1 else None)

    def test_values(self):
        # REQ: XT-17, XT-18, XT-20, XT-21, XT-22
        for name, values in (
                ("code", (0, 1, 69, -1, 2 ** 31 - 1, -2 ** 31)),
                ("susec", (0, 127, 128, 65535, 999999)),
                ("seq", (0, 127, 128, 2 ** 31, 2 ** 32 - 1)),
                ("stime", (0, 1, 951782400, 2 ** 31, 4102444799))):
            for value in values:
                with self.subTest(field=name, value=value):
                    fields = dict(k2.CONFIRMED, **{name: value})
                    self.assert_fields(self.decode(
                        k2.pdu(k2.part(**fields), k2.SUBKEY)),
                        **{name: value})
        for size in (1, 127, 128, 255, 256, 1024):
            self.assert_fields(self.decode(k2.pdu(k2.part(
                bytes([size & 255]) * size))),
                challenge=bytes([size & 255]) * size)
        for flags in (-1, 0, 1, 2, 127, 128, 65536):
            self.assert_fields(self.decode(k2.pdu(k2.part(flags=flags))),
                               **{"continue": 1 if flags == 1 else 0})

    def test_what_is_ignored(self):
        # REQ: XT-24, XT-25, XT-26, XT-29
        plain = self.decode(k2.pdu(k2.part(**k2.CONFIRMED), k2.SUBKEY))
        typed = der.seq(der.seq(der.ctx(0, der.integer(1)),
                                der.ctx(1, der.octets(b"x"))))
        addresses = der.seq(der.seq(der.ctx(0, der.integer(2)),
                                    der.ctx(1, der.octets(bytes(4)))))
        for name, fields in (
                ("e-data", dict(e_data=b"anything")),
                ("e-typed-data", dict(typed=typed)),
                ("your-addresses", dict(addresses=addresses)),
                ("[13]", dict(more=der.ctx(13, der.null()))),
                ("[13] and [99]", dict(more=der.ctx(13, der.null()) +
                                       der.ctx(99, der.octets(bytes(300))))),
                ("all", dict(e_data=b"", typed=typed, addresses=addresses,
                             more=der.ctx(30, der.null())))):
            with self.subTest(name):
                fields.update(k2.CONFIRMED)
                self.assertEqual(self.decode(k2.pdu(k2.part(**fields),
                                                    k2.SUBKEY)), plain)

    def test_rules(self):
        # REQ: XT-13, XT-16, XT-17, XT-19, XT-20
        confirmed = k2.part(**k2.CONFIRMED)
        bare = k2.part(**k2.COMMON)
        for name, pdu, error in (
                ("pvno", k2.pdu(confirmed, k2.SUBKEY, pvno=4), "BADVERSION"),
                ("msg-type", k2.pdu(confirmed, k2.SUBKEY, msg_type=30),
                 "MSG_TYPE"),
                ("enc-part-key 3", k2.pdu(confirmed, k2.SUBKEY, 3),
                 "MSG_TYPE"),
                ("etype 0 with key", k2.pdu(confirmed, k2.SUBKEY, etype=0),
                 "BAD_ENCTYPE"),
                ("etype 18 without", k2.pdu(bare, etype=18), "BAD_ENCTYPE"),
                ("key of none", k2.pdu(bare, None, 1), "BAD_ENCTYPE"),
                ("kvno", k2.pdu(confirmed, k2.SUBKEY, kvno=1),
                 "MISPLACED_FIELD"),
                ("kvno without key", k2.pdu(bare, kvno=0),
                 "MISPLACED_FIELD"),
                ("usage 12", k2.pdu(confirmed, k2.SUBKEY, usage=12),
                 "BAD_INTEGRITY"),
                ("usage 519", k2.pdu(confirmed, k2.SUBKEY, usage=519),
                 "BAD_INTEGRITY"),
                ("no subkey", k2.pdu(bare, k2.SUBKEY), "MISSING_FIELD"),
                ("subkey in the clear", k2.pdu(confirmed),
                 "MISPLACED_FIELD"),
                ("subkey in the session key",
                 k2.pdu(confirmed, k2.SESSION, 2), "MISPLACED_FIELD"),
                ("subkey without seq", k2.pdu(k2.part(
                    subkey=k2.ACCEPTOR_SUBKEY), k2.SUBKEY), "MISSING_FIELD"),
                ("seq without subkey", k2.pdu(k2.part(seq=1)),
                 "MISPLACED_FIELD"),
                ("no challenge", k2.pdu(k2.part(b"")), "MIN_CONSTRAINT"),
                ("challenge of 1025", k2.pdu(k2.part(bytes(1025))),
                 "MAX_CONSTRAINT"),
                ("susec", k2.pdu(k2.part(susec=1000000)), "MAX_CONSTRAINT"),
                ("trailing octet", k2.pdu(bare) + b"\0", "EXTRA_DATA"),
                ("trailing octet inside", k2.pdu(bare + b"\0"),
                 "EXTRA_DATA"),
                ("tag 56 outside", b"\x7f\x38" + k2.pdu(bare)[2:],
                 "MSG_TYPE")):
            with self.subTest(name):
                self.assertEqual(self.decode(pdu), {"error": error})
                self.assert_good()
                keys = (k2.SUBKEY, k2.SESSION)
                with self.assertRaises(ValueError):
                    k2.Error2(pdu, keys)

    def test_same_verdict_on_mutations(self):
        # REQ: XT-13, XT-29
        # Octets replaced, taken out and put in, authentic all of them: what
        # one side takes the other takes, and reads the same.
        rng = random.Random(2)
        base = k2.part(code=37, text=b"text", tgt=k2.ticket(),
                       ad=k2.authdata(k2.challenge(b"c")),
                       more=der.ctx(13, der.null()), **k2.CONFIRMED)
        taken = 0
        for turn in range(800):
            octets = self.mutate(rng, bytearray(base))
            pdu = self.wrap_subkey(octets)
            answer = self.decode(pdu)
            try:
                mine = k2.Error2(pdu, (k2.SUBKEY, k2.SESSION))
                if mine.stime >= HEIMDAL_TIME_END:
                    continue
            except ValueError as err:
                mine = err
            with self.subTest(turn=turn, octets=octets.hex()):
                self.assertEqual("error" in answer,
                                 isinstance(mine, ValueError),
                                 "%s, %s" % (answer, mine))
                if "error" in answer:
                    continue
                taken += 1
                self.assert_fields(answer, challenge=mine.challenge,
                                   code=mine.code, seq=mine.seq,
                                   stime=mine.stime, susec=mine.susec,
                                   tgt=mine.tgt, ad=mine.ad,
                                   acceptor=mine.subkey[1])
        self.assertGreater(taken, 130)
        self.assertLess(taken, 670)
        self.assert_good()

    @staticmethod
    def mutate(rng, octets):
        """One octet or two of them changed, gone or new."""
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randrange(len(octets))
            if rng.random() < 0.7:
                octets[at] = rng.randrange(256)
            elif rng.random() < 0.5:
                del octets[at]
            else:
                octets.insert(at, rng.randrange(256))
        return bytes(octets)

    def wrap_subkey(self, inside):
        """A PDU in an AES key; fast: AES in Python is not."""
        if not hasattr(self, "keys"):
            self.keys = enc.usage_keys(k2.SUBKEY[1], k2.KEY_USAGE)
        return k2.pdu(inside, k2.SUBKEY, confounder=bytes(16))


class LibraryWrites(ToolCase):
    """Made by the library, read here."""

    def encode(self, **words):
        """A PDU of the library's."""
        words = dict(dict(challenge=k2.CHALLENGE, stime=k2.STIME,
                          susec=k2.SUSEC, code=0, sender="acceptor"),
                     **words)
        answer = self.tool("encode", **words)
        self.assertNotIn("error", answer, words)
        return bytes.fromhex(answer["pdu"])

    def refused(self, **words):
        """The error of one that it does not make."""
        words = dict(dict(challenge=k2.CHALLENGE, stime=k2.STIME,
                          susec=k2.SUSEC, code=0, sender="acceptor"),
                     **words)
        return self.tool("encode", **words).get("error")

    def test_same_octets_without_encryption(self):
        # REQ: XT-12, XT-16, XT-18, XT-28
        for words, fields in (
                ({}, {"flags": 0}),
                ({"continue": 1, "code": 69, "tgt": k2.ticket()},
                 {"flags": 1, "code": 69, "tgt": k2.ticket()}),
                ({"continue": 0, "code": -5, "text": b"why"},
                 {"flags": 0, "code": -5, "text": b"why"}),
                ({"ad": k2.authdata(k2.challenge(b"x" * 200))},
                 {"flags": 0, "ad": k2.authdata(k2.challenge(b"x" * 200))})):
            with self.subTest(**words):
                want = k2.pdu(k2.part(**dict(k2.COMMON, **fields)))
                self.assertEqual(self.encode(**words).hex(), want.hex())

    def test_key_is_the_best_that_there_is(self):
        # REQ: XT-14, XT-15, XT-19, XT-20
        acceptor = dict(acceptor=k2.ACCEPTOR_SUBKEY, seq=0xfedcba98)
        keys = (k2.SUBKEY, k2.SESSION)
        got = k2.Error2(self.encode(subkey=k2.SUBKEY, session=k2.SESSION,
                                    **acceptor), keys)
        self.assertEqual((got.which, got.subkey, got.seq),
                         (k2.KEY_SUBKEY, k2.ACCEPTOR_SUBKEY, 0xfedcba98))
        got = k2.Error2(self.encode(session=k2.SESSION), keys)
        self.assertEqual((got.which, got.subkey, got.seq),
                         (k2.KEY_SESSION, None, None))
        got = k2.Error2(self.encode(session=k2.SESSION, **acceptor),
                        (None, k2.SESSION))
        self.assertEqual((got.which, got.seq), (k2.KEY_SESSION, 0xfedcba98))
        got = k2.Error2(self.encode(), keys)
        self.assertEqual((got.which, got.subkey), (k2.KEY_NULL, None))
        got = k2.Error2(self.encode(subkey=k2.SUBKEY, sender="initiator",
                                    ad=k2.authdata(k2.challenge(b"q"))),
                        keys, k2.INITIATOR)
        self.assertEqual((got.which, got.flags, k2.elements(got.ad)),
                         (k2.KEY_SUBKEY, 0, [k2.challenge(b"q")]))

    def test_what_is_not_sent(self):
        # REQ: XT-19, XT-24, XT-25, XT-26
        acceptor = dict(acceptor=k2.ACCEPTOR_SUBKEY, seq=1)
        self.assertEqual(self.refused(subkey=k2.SUBKEY), "MISSING_FIELD")
        self.assertEqual(self.refused(**acceptor), "MISPLACED_FIELD")
        self.assertEqual(self.refused(subkey=k2.SUBKEY, sender="initiator",
                                      **acceptor), "MISPLACED_FIELD")
        self.assertEqual(self.refused(challenge=b""), "MIN_CONSTRAINT")
        self.assertEqual(self.refused(challenge=bytes(1025)),
                         "MAX_CONSTRAINT")
        self.assertEqual(self.refused(susec=-1), "MIN_CONSTRAINT")
        got = k2.Error2(self.encode(
            code=60, text=b"a\x1b[31m\xff\xe2\x80\xaeb",
            ad=k2.authdata(k2.challenge(b"q")), tgt=k2.ticket()))
        self.assertEqual(got.text, b"a?[31m??b")
        self.assertEqual(got.names, ["challenge", "stime", "susec", "code",
                                     "flags", "text", "ad", "tgt"])


class Authdata(ToolCase):
    """The elements, both ways, and the verdict on the options."""

    def read(self, octets):
        """What the library reads."""
        return self.tool("read", ad=octets)

    def test_same_octets(self):
        # REQ: XT-02, XT-34
        for etypes in (None, (18,), (18, 17, 20, 19, 16, 23)):
            for kerb in (None, 0, 0x4000, 0xffffffff):
                for options in (None, 0, 0x30000000, 0xffffffff):
                    for challenge in (None, b"c", bytes(32), bytes(1024)):
                        self.build_and_read(etypes, kerb, options, challenge)
        self.assertEqual(
            self.tool("ticket", challenge=b"abc")["ad"],
            k2.authdata(k2.if_relevant(k2.challenge(b"abc"))).hex())

    def build_and_read(self, etypes, kerb, options, challenge):
        """One combination."""
        numbers = etypes and ",".join(map(str, etypes))
        inner = [e for e in (
            None if etypes is None else k2.etypes(*etypes),
            None if kerb is None else k2.kerb_ap_options(kerb),
            None if options is None else k2.ap_options(options)) if e]
        outer = [k2.if_relevant(*inner)] if inner else []
        if challenge is not None:
            outer.append(k2.challenge(challenge))
        want = k2.authdata(*outer)
        answer = self.tool("build", etypes=numbers, kerb=kerb,
                           options=options, challenge=challenge)
        self.assertEqual(answer, {"ad": want.hex()})
        self.assert_fields(self.read(want), kerb=kerb, options=options,
                           etypes=numbers, challenge=challenge,
                           critical=None)

    def test_rules(self):
        # REQ: XT-43, XT-44
        c, o = k2.challenge(b"c"), k2.ap_options(1)
        nested = c
        for _ in range(10):
            nested = k2.if_relevant(nested)
        for name, ad, error in (
                ("twice", k2.authdata(c, c), "MSG_TYPE"),
                ("both forms", k2.authdata(k2.if_relevant(c), c),
                 "MSG_TYPE"),
                ("options twice", k2.authdata(k2.if_relevant(o),
                                              k2.if_relevant(o)),
                 "MSG_TYPE"),
                ("too deep", k2.authdata(nested), "BAD_FORMAT"),
                ("no OCTET STRING", k2.authdata((-5, b"c" * 32)), "BAD_ID"),
                ("behind it", k2.authdata((-5, c[1] + b"\0")), "EXTRA_DATA"),
                ("options of 24 bits", k2.authdata((-6, der.bits(bytes(3)))),
                 "BAD_LENGTH"),
                ("options behind", k2.authdata((-6, o[1] + b"\0")),
                 "EXTRA_DATA"),
                ("container", k2.authdata((1, b"\x30\x01")), "OVERRUN"),
                ("behind the container", k2.authdata((1, b"\x30\0\0")),
                 "EXTRA_DATA")):
            with self.subTest(name):
                self.assertEqual(self.read(ad), {"error": error})
                self.assert_fields(self.read(k2.authdata(c)), challenge=b"c")
        self.assert_fields(self.read(k2.authdata((99, b""), c)), critical=99,
                           challenge=b"c")
        self.assert_fields(self.read(k2.authdata(k2.if_relevant((99, b"")),
                                                 c)), critical=None)

    def test_verdict(self):
        # REQ: XT-01, XT-03
        mutual, offer = k2.MUTUAL_REQUIRED, k2.CONTINUE_NEEDED_OK
        for clear, real, verdict in (
                (offer, None, "offered"), (mutual, None, "not-offered"),
                (offer | mutual, offer | mutual, "offered"),
                (offer | mutual, mutual, "not-offered"),
                (mutual, offer | mutual, "modified"),
                (offer, offer | mutual, "modified"),
                (offer | 1, offer, "modified")):
            ad = None if real is None else k2.authdata(k2.if_relevant(
                k2.ap_options(real)))
            answer = self.tool("options", ap_req=k2.ap_req(clear))
            self.assert_fields(answer, options=clear)
            self.assert_fields(self.tool("judge", clear=clear, ad=ad),
                               verdict=verdict)
        self.assert_fields(self.tool("judge", clear=offer, ad=k2.authdata(
            k2.if_relevant(k2.etypes(18)))), verdict="not-offered")
        for bits, value in ((der.bits(b"\x30"), 0x30000000),
                            (der.bits(b"\x20", 5), 0x20000000),
                            (der.bits(b"\x30\0\0\0\x80"), 0x30000000)):
            self.assert_fields(self.tool("options", ap_req=k2.ap_req(bits)),
                               options=value)


if __name__ == "__main__":
    unittest.main()
