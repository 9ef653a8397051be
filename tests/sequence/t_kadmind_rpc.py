"""kadmind's second protocol, RPCSEC_GSS over ONC RPC (kadmin/rpc.c): what
a client is told that fails, and that the next one is served."""

import socket
import struct
import subprocess
import sys
import unittest
from pathlib import Path

from realm import RealmCase
from realm import libgss
from realm.libgss import CONF, DCE_STYLE, INTEG, MUTUAL, REPLAY
from wire import krb, onc
from wire.gss import AP_REQ, KRB_ERROR, Krb5Token, krb5_token

GET_PRINCIPAL, PROC_INIT = 5, 13
VERSION2 = 0x12345702
DEFECTIVE_TOKEN, FAILURE, UNAUTHORIZED = 9 << 16, 13 << 16, 15 << 16
KRB_AP_ERR_SKEW = 37
MASK_ALL = 0x3ffff
TIMEOUT = 15


class Connection:
    """A connection to a kadmind of its own, as inetd would start it."""

    def __init__(self, case):
        realm = case.realm
        self.case = case
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(TIMEOUT)
        with theirs:
            self.child = subprocess.Popen(
                [realm.inst.program("kadmind"), "-c", str(realm.conf), "-r",
                 realm.name, "--keytab=HDBGET:"],
                env=dict(realm.daemon_env(), KRB5_KTNAME=case.keytab),
                stdin=theirs, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE)
        self.xid = self.seq = 0

    def close(self):
        """Hang up; kadmind ends by itself."""
        self.sock.close()
        try:
            _, said = self.child.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.communicate()
            raise
        said = said.decode(errors="replace")
        self.case.assertGreaterEqual(self.child.returncode, 0, said)
        self.case.assertNotIn("Sanitizer", said)

    def send(self, message, size=None):
        """A message, in fragments of size octets."""
        self.sock.sendall(onc.fragments(message, size))

    def _exactly(self, size):
        octets = b""
        while len(octets) < size:
            more = self.sock.recv(size - len(octets))
            if not more:
                raise EOFError("%d of %d octets" % (len(octets), size))
            octets += more
        return octets

    def receive(self):
        """The next reply."""
        size = struct.unpack(">I", self._exactly(4))[0]
        self.case.assertTrue(size & onc.LAST)
        answer = onc.reply(self._exactly(size & ~onc.LAST))
        self.case.assertEqual(answer.xid, self.xid)
        return answer

    def assert_ended(self):
        """kadmind has hung up and ended, not by a signal."""
        try:
            self.case.assertEqual(self.sock.recv(1), b"")
        except ConnectionResetError:    # what it had not read
            pass
        self.case.assertGreaterEqual(self.child.wait(TIMEOUT), 0)

    def token(self, proc, token, size=None):
        """Send a context token; the reply to it."""
        self.xid += 1
        head = onc.header(self.xid, 0, onc.cred(proc))
        self.send(onc.call(head, onc.opaque(token)), size)
        return self.receive()

    def token_res(self, proc, token, size=None):
        """Send a context token; the rpc_gss_init_res, and the verifier."""
        answer = self.token(proc, token, size)
        self.case.assertEqual((answer.state, answer.stat),
                              (onc.ACCEPTED, onc.SUCCESS))
        return onc.init_res(answer.body), answer

    def establish(self, context, size=None):
        """Negotiate until both are done; how many calls it took."""
        calls, token, proc = 0, context.step(b""), onc.INIT
        while token:
            got, answer = self.token_res(proc, token, size)
            calls, proc = calls + 1, onc.CONTINUE_INIT
            self.case.assertIn(got.major, (0, 1))
            token = context.step(got.token) if not context.complete else b""
            if got.major == 0:
                self.case.assertEqual(answer.flavor, onc.GSS)
                context.verify(onc.u32(got.window), answer.verf)
        self.case.assertTrue(context.complete)
        self.case.assertEqual(got.major, 0)
        return calls

    def message(self, context, proc, arguments, kind=onc.DATA, **how):
        """A call on the context: its octets."""
        self.xid += 1
        self.seq += 1
        number = how.get("seq", self.seq)
        head = onc.header(self.xid, proc, onc.cred(
            kind, number, how.get("service", onc.PRIVACY),
            how.get("handle", b"")))
        verf = context.mic(head)        # before the arguments: read so too
        body = onc.opaque(context.wrap(
            onc.u32(how.get("inner", number)) + arguments,
            how.get("conf", True)))
        return onc.call(head, how.get("body", body), how.get("verf", verf))

    def result(self, context, answer, number=None):
        """What an accepted call returned."""
        self.case.assertEqual((answer.state, answer.stat),
                              (onc.ACCEPTED, onc.SUCCESS))
        context.verify(onc.u32(number or self.seq), answer.verf)
        octets, rest = onc.take_opaque(answer.body)
        self.case.assertEqual(rest, b"")
        seq, rest = onc.take_u32(context.unwrap(octets))
        self.case.assertEqual(seq, number or self.seq)
        return rest

    def assert_works(self, context, size=None):
        """A principal can be had."""
        name = self.case.realm.full("user")
        self.send(self.message(context, GET_PRINCIPAL, onc.u32(VERSION2) +
                               onc.opaque(name.encode() + b"\0") +
                               onc.u32(MASK_ALL)), size)
        rest = self.result(context, self.receive())
        version, rest = onc.take_u32(rest)
        code, rest = onc.take_u32(rest)
        self.case.assertEqual((version, code), (VERSION2, 0))
        self.case.assertEqual(onc.take_opaque(rest)[0],
                              name.encode() + b"\0")


class KadmindRpcTest(RealmCase):
    """One administrator, a connection a test and then a good one."""

    # an error that ends the exchange, which extra tokens would mend
    realm_args = {"gssapi": {"extra_context_tokens": False}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        cls.admin = "root/admin"
        cls.service = "kadmin/admin@" + realm.name
        realm.add(cls.admin, password=realm.password)
        if not realm.kadmin("get", "-s", cls.service, expect_code=None).ok:
            realm.add(cls.service)
        cls.keytab = "FILE:%s" % realm.ext_keytab(cls.service)
        (realm.dir / "kadmind.acl").write_text(
            "%s all\n" % realm.full(cls.admin))
        realm.restart()

    def setUp(self):
        super().setUp()
        self.realm.client.kinit(self.admin, password=self.realm.password)
        self.library = self.enter(libgss.Library(self.realm.client))

    def connect(self):
        """A connection that is closed when the test ends."""
        connection = Connection(self)
        self.addCleanup(connection.close)
        return connection

    def initiator(self, flags=MUTUAL | REPLAY, **how):
        """A context for kadmind."""
        return self.library.initiator(self.service, flags, **how)

    def established(self, **how):
        """A connection with a context."""
        connection, context = self.connect(), self.initiator(**how)
        connection.establish(context)
        return connection, context

    def assert_next(self):
        """Another client is served."""
        connection, context = self.established()
        connection.assert_works(context)

    def assert_denied(self, answer, stat=onc.CREDPROBLEM):
        """The call was denied for its credential."""
        self.assertEqual((answer.state, answer.stat), (onc.DENIED, stat))

    # -- good ---------------------------------------------------------

    def test_calls_are_read_from_their_message(self):
        # REQ: GL-39
        connection, context = self.established()
        connection.send(connection.message(context, PROC_INIT,
                                           onc.u32(VERSION2)))
        rest = connection.result(context, connection.receive())
        self.assertEqual(onc.take_u32(rest)[0], VERSION2)
        connection.assert_works(context)
        connection.assert_works(context)
        connection.send(connection.message(context, 0, b"", onc.DESTROY))
        connection.assert_ended()

    def test_arguments_outside_the_protection_are_not_used(self):
        connection, context = self.established()
        message = connection.message(context, GET_PRINCIPAL,
                                     onc.u32(VERSION2))
        connection.sock.sendall(
            onc.fragments(message) + onc.u32(VERSION2) +
            onc.opaque(b"user@EXT.TEST\0") + onc.u32(MASK_ALL))
        connection.assert_ended()
        self.assert_next()

    def test_no_mutual_authentication(self):
        connection, context = self.established(flags=REPLAY)
        connection.assert_works(context)

    def test_a_negotiation_of_three_tokens(self):
        # REQ: GL-17, GL-39
        connection, context = self.connect(), self.initiator(
            MUTUAL | DCE_STYLE)
        self.assertEqual(connection.establish(context), 2)
        connection.send(connection.message(context, PROC_INIT,
                                           onc.u32(VERSION2)))
        connection.result(context, connection.receive())

    def test_fragments(self):
        for size in (1, 20, 24, 1000):
            with self.subTest(size=size):
                connection, context = self.connect(), self.initiator()
                connection.establish(context, size)
                connection.assert_works(context, size)

    # -- the negotiation fails ----------------------------------------

    def test_a_defective_token_is_answered(self):
        # REQ: GL-19, GL-39
        for token in (b"no token at all", krb5_token(AP_REQ, b"junk")):
            with self.subTest(token=token):
                connection = self.connect()
                got, answer = connection.token_res(onc.INIT, token)
                # which of them is the library's affair
                self.assertIn(got.major, (DEFECTIVE_TOKEN, FAILURE))
                self.assertEqual((answer.flavor, answer.verf), (0, b""))
                self.assertEqual((got.handle, got.window), (b"", 0))
                connection.assert_ended()
        self.assert_next()

    def test_an_empty_token_is_answered(self):
        # REQ: GL-10, GL-15, GL-19
        connection = self.connect()
        got, _ = connection.token_res(onc.INIT, b"")
        self.assertNotEqual(got.major, 0)
        self.assert_next()

    @staticmethod
    def clock(cache, octets, seconds):
        """Say in the cache's header that the KDC's clock differs."""
        cache.write_bytes(octets[:2] + struct.pack(
            ">HHHii", 12, 1, 8, seconds, 0) + octets[4:])

    def test_an_error_token_is_passed_on(self):
        # REQ: GL-18, GL-19, GL-39
        client = self.realm.client
        client.run("kgetcred", self.service)
        cache = Path(client.env["KRB5CCNAME"].split(":", 1)[1])
        octets = cache.read_bytes()
        self.assertEqual(octets[:4].hex(), "05040000")
        self.addCleanup(self.clock, cache, octets, 0)
        self.clock(cache, octets, -7200)
        connection, context = self.connect(), self.initiator()
        got, _ = connection.token_res(onc.INIT, context.step(b""))
        self.assertEqual(got.major, 1)
        token = Krb5Token(got.token)
        self.assertEqual(token.tok_id, KRB_ERROR)
        self.assertEqual(krb.read(token.inner).code, KRB_AP_ERR_SKEW)
        self.clock(cache, octets, 0)
        self.assert_next()

    def test_a_context_without_confidentiality_is_refused(self):
        # REQ: GL-22, GL-23, GL-36
        for flags in (MUTUAL, MUTUAL | INTEG):
            with self.subTest(flags=flags):
                connection = self.connect()
                context = self.initiator(flags, ci_flags=False)
                got, answer = connection.token_res(onc.INIT,
                                                   context.step(b""))
                self.assertEqual((got.major, got.minor, got.token),
                                 (UNAUTHORIZED, 0, b""))
                self.assertEqual(answer.flavor, 0)
                connection.assert_ended()
        connection, context = self.established(flags=MUTUAL | INTEG | CONF,
                                               ci_flags=False)
        connection.assert_works(context)

    def test_the_context_has_to_be_complete(self):
        # REQ: GL-23, GL-39
        connection, context = self.connect(), self.initiator(
            MUTUAL | DCE_STYLE)
        got, _ = connection.token_res(onc.INIT, context.step(b""))
        self.assertEqual(got.major, 1)
        context.step(got.token)
        connection.send(connection.message(context, PROC_INIT,
                                           onc.u32(VERSION2)))
        self.assert_denied(connection.receive())
        connection.assert_ended()
        self.assert_next()

    def test_tokens_out_of_order(self):
        # REQ: GL-38
        connection = self.connect()
        self.assert_denied(connection.token(onc.CONTINUE_INIT,
                                            self.initiator().step(b"")))
        connection.assert_ended()
        connection, context = self.connect(), self.initiator(
            MUTUAL | DCE_STYLE)
        got, _ = connection.token_res(onc.INIT, context.step(b""))
        self.assert_denied(connection.token(onc.INIT,
                                            context.step(got.token)))
        connection.assert_ended()
        self.assert_next()

    # -- calls fail ---------------------------------------------------

    def test_a_late_token_leaves_the_context(self):
        # REQ: GL-13, GL-38
        connection, context = self.established()
        for proc in (onc.INIT, onc.CONTINUE_INIT):
            self.assert_denied(connection.token(proc,
                                                self.initiator().step(b"")))
            connection.assert_works(context)
            connection.send(connection.message(
                context, 0, b"", proc,
                body=onc.opaque(self.initiator().step(b""))))
            self.assert_denied(connection.receive())
            connection.assert_works(context)

    def test_calls_that_are_denied(self):
        # REQ: GL-39
        connection, context = self.established()
        for how in ({"verf": context.mic(b"another header")},
                    {"verf": None}, {"verf": b""}, {"verf": b"\4\4"},
                    {"service": 1}, {"service": 2}, {"handle": b"mine"},
                    {"kind": 4}):
            with self.subTest(**how):
                connection.send(connection.message(
                    context, GET_PRINCIPAL, onc.u32(VERSION2), **how))
                self.assert_denied(connection.receive())
                connection.assert_works(context)

    def test_arguments_that_are_garbage(self):
        # REQ: GL-39
        connection, context = self.established()
        for how in ({"inner": 77777}, {"conf": False}, {"body": b""},
                    {"body": onc.opaque(b"")},
                    {"body": onc.opaque(b"no message")}):
            with self.subTest(**how):
                connection.send(connection.message(
                    context, GET_PRINCIPAL, onc.u32(VERSION2), **how))
                answer = connection.receive()
                self.assertEqual((answer.state, answer.stat),
                                 (onc.ACCEPTED, onc.GARBAGE_ARGS))
                connection.assert_works(context)

    def test_an_old_number_gets_no_answer(self):
        # REQ: GL-39
        connection, context = self.established(flags=MUTUAL)
        connection.assert_works(context)
        connection.send(connection.message(context, PROC_INIT,
                                           onc.u32(VERSION2), seq=1))
        connection.assert_works(context)

    def test_another_flavor(self):
        connection = self.connect()
        connection.xid = 1
        connection.send(onc.call(onc.header(1, 0, b"", flavor=300001), b""))
        self.assert_denied(connection.receive(), onc.AUTH_TOOWEAK)
        connection.assert_ended()
        self.assert_next()

    # -- the framing --------------------------------------------------

    def test_messages_are_bounded(self):
        # a header is enough: nobody waits for what it announces
        for head in (onc.u32(0x7fffffff), onc.u32(0xffffffff),
                     onc.u32((1 << 20) + 1),
                     onc.u32(0), onc.u32(8) + bytes(8) + onc.u32(0),
                     onc.u32(8) + bytes(8) + onc.u32(0x7ffffff8)):
            with self.subTest(head=head.hex()):
                connection = self.connect()
                connection.sock.sendall(head)
                connection.assert_ended()
        self.assert_next()

    def test_fragments_are_bounded_together(self):
        connection = self.connect()
        part = onc.u32(65536) + bytes(65536)
        try:
            for _ in range(16):
                connection.sock.sendall(part)
            connection.sock.sendall(onc.u32(1))
        except OSError:
            pass
        connection.assert_ended()
        self.assert_next()


if __name__ == "__main__":
    sys.exit(unittest.main())
