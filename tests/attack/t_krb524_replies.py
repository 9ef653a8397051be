"""libkrb5 as a krb524 server sees it that wants to harm it: replies of every
length, with every length in them, that lie about status and version.

A reply that is good works after each of them.
"""

import os
import random
import struct

from realm import Answer, RealmCase, Relay, krb524 as tool
from wire import krb524

TOKEN = bytes(range(7, 107))
GOOD = krb524.success(TOKEN)
EMPTY, TOO_LONG = -1750206202, krb524.KRB5 + 61     # KRB524_DECEMPTY, ...
RANDOM_REPLIES = 150


class HostileCase(RealmCase):
    """A client whose krb524 server is ours.  The realm has no KDC."""

    realm_args = {"start": False}

    def setUp(self):
        super().setUp()
        self.reply = GOOD
        self.server = self.enter(Relay(hook=lambda *_: self.hook()))
        self.client = self.realm.new_client(realms={"EXT.TEST": {
            "krb524_server": "127.0.0.1:%d" % self.server.port}})
        tool.give(self.client)

    def hook(self):
        return None if self.reply is None else Answer(self.reply)

    def convert(self, reply, *args):
        self.reply = reply
        return tool.convert(self.client, "%s@%s" % (tool.CELL, tool.REALM),
                            *args)

    def assert_good(self):
        good = self.convert(GOOD)
        self.assertEqual((good.error, good.kvno, good.ticket, good.mbz),
                         (None, 213, TOKEN, 0))

    def assert_refused(self, code, reply):
        got = self.convert(reply)
        self.assertEqual(got.error, code, got.text)
        self.assertTrue(got.empty)


class LengthTest(HostileCase):
    """Lengths that are not true."""

    def test_of_the_token(self):
        # REQ: RK-36
        for length in (0xffffffff, 0xfffffff4, 0x80000000, 0x7fffffff, 65536,
                       2000, 1251):
            self.assert_refused(TOO_LONG, krb524.success(TOKEN,
                                                         length=length))
        self.assert_refused(EMPTY, krb524.success(TOKEN, length=0))
        self.assert_good()

    def test_of_the_reply(self):
        # REQ: RK-36
        for length in 1, 3, 5, 8, 11, 12, 13, 112, 1265:
            code = EMPTY if length < 4 or not any(GOOD[:4]) else TOO_LONG
            self.assert_refused(code, GOOD[:length])
        for more in 1, 4, 1266, 40000:
            self.assert_refused(TOO_LONG, GOOD + bytes(more))
        self.assert_good()

    def test_a_token_that_goes_beyond_its_room(self):
        # REQ: RK-36
        for length in 1251, 1258, 2000, 8000:
            self.assert_refused(TOO_LONG, krb524.success(
                os.urandom(length), room=length))
        self.assert_good()


class StatusTest(HostileCase):
    """Any number may be there."""

    def test_of_an_error(self):
        # REQ: RK-36
        for status in (krb524.POLICY, krb524.ENCFULL, 1, -1, 2 ** 31 - 1,
                       -2 ** 31, 12):
            self.assert_refused(status, krb524.error(status))
        self.assert_refused(TOO_LONG, krb524.error(krb524.POLICY) + GOOD[4:])
        self.assert_refused(EMPTY, krb524.error(0))
        self.assert_good()

    def test_versions(self):
        # REQ: RK-36
        for kvno in 0, 1, 212, 255, 256, -1, 2 ** 31 - 1, -2 ** 31:
            got = self.convert(krb524.success(TOKEN, kvno=kvno))
            self.assertEqual((got.error, got.kvno), (None, kvno))

    def test_what_is_behind_the_token_goes_nowhere(self):
        # REQ: RK-36
        got = self.convert(krb524.success(TOKEN, fill=b"\x11",
                                          mbz=b"\xff\xff\xff\xff"))
        self.assertEqual((got.error, got.ticket, got.mbz), (None, TOKEN, 0))

    def test_anything(self):
        """Random replies, and good ones of which an octet is another."""
        # REQ: RK-36
        rng = random.Random(524)
        for _ in range(RANDOM_REPLIES):
            reply = bytearray(GOOD)
            if rng.random() < 0.5:
                reply = bytearray(rng.randbytes(rng.randrange(1, 1400)))
            else:
                reply[rng.randrange(12)] = rng.randrange(256)
            got = self.convert(bytes(reply))
            length, = struct.unpack_from(">I", bytes(reply[8:12]).ljust(
                4, b"\0"))
            if got.error is None:
                self.assertEqual((len(reply), len(got.ticket)),
                                 (1266, length))
            else:
                self.assertTrue(got.empty)
        self.assert_good()


class SilenceTest(HostileCase):
    """No answer, or none by datagram."""

    def setUp(self):
        super().setUp()
        self.client = self.realm.new_client(
            realms={"EXT.TEST": {
                "krb524_server": "127.0.0.1:%d" % self.server.port}},
            libdefaults={"kdc_timeout": "1s"})
        tool.give(self.client)

    def transports(self):
        return [m.transport for m in self.server.messages
                if m.direction == ">"]

    def test_a_stream_after_datagrams_get_no_answer(self):
        # REQ: RK-36
        self.only_tcp = True
        got = self.convert(GOOD)
        self.assertEqual((got.error, got.ticket), (None, TOKEN))
        used = self.transports()
        self.assertEqual(used[-1], "tcp")
        self.assertGreater(used.count("udp"), 0)

    def test_no_answer_at_all(self):
        # REQ: RK-36
        got = self.convert(None)
        self.assertEqual(got.error, -1765328228)        # KRB5_KDC_UNREACH
        self.assertTrue(got.empty)
        self.assertEqual(set(self.transports()), {"udp", "tcp"})

    only_tcp = False

    def hook(self):
        if self.only_tcp and self.transports()[-1] == "udp":
            return None
        return super().hook()


