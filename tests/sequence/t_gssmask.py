"""gssmask and gssmaestro of appl/gssmask: a token a call, also the last one
of a peer that fails, and nothing left of what failed.

gssmask listens on every address; it cannot be told otherwise.
"""

import socket
import struct
import subprocess
import sys
import threading
import unittest

from realm import RealmCase
from realm import libgss
from realm.libgss import CONF, DCE_STYLE, INTEG, MUTUAL, REPLAY
from realm.loop import built, library_env
from realm.ports import LOOPBACK, free_port
from realm.process import Daemon, wait_until
from wire.gss import AP_REQ, krb5_token

(GOODBYE, INIT, ACCEPT, TOAST, ACQUIRE, ENCRYPT, DECRYPT, SIGN, VERIFY,
 CAPABILITIES, TARGET) = range(1, 12)
WRAP, UNWRAP, MONIKER, WRAP_EXT, UNWRAP_EXT = 15, 16, 18, 21, 22
OK, ERROR, CONTINUE, INVALID, MODIFIED = range(5)
ISSERVER, HAS_MONIKER = 1, 16
TIMEOUT = 20


class Wire:
    """Numbers and octets as the protocol has them, on a socket."""

    def __init__(self, sock):
        self.sock = sock

    def exactly(self, size):
        """Octets of the peer; EOFError."""
        octets = b""
        while len(octets) < size:
            more = self.sock.recv(size - len(octets))
            if not more:
                raise EOFError
            octets += more
        return octets

    def number(self):
        """int32."""
        return struct.unpack(">i", self.exactly(4))[0]

    def data(self):
        """Length-encoded octets, or a string with its zero."""
        return self.exactly(self.number())

    def put(self, *values):
        """Numbers, octets, strings."""
        out = b""
        for value in values:
            if isinstance(value, int):
                out += struct.pack(">i", value)
                continue
            if isinstance(value, str):
                value = value.encode() + b"\0"
            out += struct.pack(">i", len(value)) + value
        self.sock.sendall(out)


class MaskCase(RealmCase):
    """A realm with the service of a gssmask."""

    started = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keytab = cls.realm.ext_keytab(cls.realm.service)

    def env(self):
        """Of both programs."""
        client = self.realm.client
        return dict(client.env, **library_env(client.inst),
                    KRB5_KTNAME="FILE:%s" % self.keytab)

    def mask(self):
        """A gssmask of its own; a connection to it, and the daemon."""
        MaskCase.started += 1
        port = free_port()
        out = self.realm.dir / ("mask%d" % MaskCase.started)
        daemon = Daemon([built("gssmask", "appl", "gssmask"), "-p", str(port),
                         "--spn=" + self.realm.service, "--moniker=mask",
                         "--logfile=%s.log" % out], self.env(),
                        str(out) + ".out")
        self.addCleanup(daemon.kill)

        def connect():
            try:
                return socket.create_connection((LOOPBACK, port), TIMEOUT)
            except ConnectionRefusedError:
                return None
        sock = wait_until("gssmask listens", connect)
        self.addCleanup(sock.close)
        return Wire(sock), daemon

    def assert_alive(self, wire):
        """It answers."""
        wire.put(MONIKER)
        self.assertEqual(wire.data(), b"mask\0")

    def goodbye(self, wire, daemon):
        """It ends as it should, having lost nothing."""
        wire.put(GOODBYE)
        wait_until("gssmask ends", lambda: not daemon.alive)
        self.assertEqual(daemon._child.returncode, 0, daemon.said())


class MaskTest(MaskCase):
    """gssmask with a maestro that sends what it should not."""

    FLAGS = MUTUAL | REPLAY | CONF | INTEG

    def setUp(self):
        super().setUp()
        self.realm.client.kinit("user", password=self.realm.password)

    def acquire(self, wire):
        """A credential's handle."""
        wire.put(ACQUIRE, self.realm.full("user"), self.realm.password, 0)
        self.assertEqual(wire.number(), OK)
        return wire.number()

    def init(self, wire, context, cred, token, flags=FLAGS):
        """eInitContext: (context, status, token)."""
        wire.put(INIT, context, cred, flags, self.realm.service, token)
        return wire.number(), wire.number(), wire.data()

    def accept(self, wire, context, token, flags=FLAGS):
        """eAcceptContext: (context, status, token)."""
        wire.put(ACCEPT, context, flags, token)
        result = wire.number(), wire.number(), wire.data()
        wire.number()                   # no credential is delegated
        return result

    def established(self, wire):
        """Initiator's and acceptor's context, both within gssmask."""
        cred = self.acquire(wire)
        ours, status, token = self.init(wire, 0, cred, b"")
        self.assertEqual(status, CONTINUE)
        theirs, status, token = self.accept(wire, 0, token)
        self.assertEqual(status, OK)
        self.assertEqual(self.init(wire, ours, cred, token)[:2], (ours, OK))
        wire.put(TOAST, cred)
        self.assertEqual(wire.number(), OK)
        return ours, theirs

    def messages(self, wire, ours, theirs):
        """A message each way of protection."""
        wire.put(SIGN, ours, 0, 0, b"text")
        self.assertEqual(wire.number(), OK)
        wire.put(VERIFY, theirs, 0, 0, b"text", wire.data())
        self.assertEqual(wire.number(), OK)
        wire.put(WRAP, theirs, 1, 0, b"text")
        self.assertEqual(wire.number(), OK)
        wire.put(UNWRAP, ours, 1, 0, wire.data())
        self.assertEqual((wire.number(), wire.data()), (OK, b"text"))

    def test_good(self):
        # REQ: GL-39
        wire, daemon = self.mask()
        ours, theirs = self.established(wire)
        self.messages(wire, ours, theirs)
        self.goodbye(wire, daemon)

    def test_first_tokens_that_fail(self):
        # REQ: GL-34, GL-39
        wire, daemon = self.mask()
        for token in (b"no token", krb5_token(AP_REQ, b"junk")):
            context, status, answer = self.accept(wire, 0, token)
            self.assertEqual((context, answer), (0, b""))
            self.assertIn(status, (ERROR, INVALID))
        self.messages(wire, *self.established(wire))
        self.goodbye(wire, daemon)

    def test_second_tokens_that_fail(self):
        # REQ: GL-33, GL-34, GL-39
        wire, daemon = self.mask()
        for token in (b"no token", krb5_token(b"\2\0", b"junk")):
            cred = self.acquire(wire)
            ours, status, _ = self.init(wire, 0, cred, b"")
            self.assertEqual(status, CONTINUE)
            context, status, answer = self.init(wire, ours, cred, token)
            self.assertEqual((context, answer), (0, b""))
            self.assertIn(status, (ERROR, INVALID))
            wire.put(TOAST, cred)
            self.assertEqual(wire.number(), OK)
        library = self.enter(libgss.Library(self.realm.client))
        for token in (b"no token", krb5_token(b"\2\0", b"junk")):
            first = library.initiator(self.realm.service,
                                      MUTUAL | DCE_STYLE).step(b"")
            theirs, status, _ = self.accept(wire, 0, first)
            self.assertEqual(status, CONTINUE)
            context, status, answer = self.accept(wire, theirs, token)
            self.assertEqual((context, answer), (0, b""))
            self.assertIn(status, (ERROR, INVALID))
        self.messages(wire, *self.established(wire))
        self.goodbye(wire, daemon)

    def test_calls_out_of_order(self):
        # REQ: GL-39
        wire, daemon = self.mask()
        cred = self.acquire(wire)
        for args in ((0, 0, b""), (0, cred, b"token"), (99, cred, b"token")):
            self.assertEqual(self.init(wire, *args), (0, ERROR, b""))
        ours, status, _ = self.init(wire, 0, cred, b"")
        self.assertEqual(status, CONTINUE)
        self.assertEqual(self.init(wire, ours, cred, b"")[1:], (ERROR, b""))
        self.messages(wire, *self.established(wire))
        self.goodbye(wire, daemon)

    def test_handles_that_are_unknown_or_of_something_else(self):
        # REQ: GL-03, GL-34, GL-39
        wire, daemon = self.mask()
        ours, theirs = self.established(wire)
        cred = self.acquire(wire)
        library = self.enter(libgss.Library(self.realm.client))
        token = library.initiator(self.realm.service, self.FLAGS).step(b"")
        for handle in (99, -1, cred):
            for given in (b"", token):
                self.assertEqual(self.init(wire, handle, cred, given),
                                 (0, ERROR, b""))
                self.assertEqual(self.accept(wire, handle, given),
                                 (0, ERROR, b""))
            for op in (SIGN, WRAP, UNWRAP, ENCRYPT, DECRYPT):
                wire.put(op, handle, 0, 0, b"text")
                self.assertEqual((wire.number(), wire.data()), (ERROR, b""))
            wire.put(VERIFY, handle, 0, 0, b"text", b"mic")
            self.assertEqual(wire.number(), ERROR)
            for op in (WRAP_EXT, UNWRAP_EXT):
                wire.put(op, handle, 1, 0, b"header", b"text", b"trailer")
                self.assertEqual((wire.number(), wire.data()), (ERROR, b""))
        for handle in (99, -1, ours):
            self.assertEqual(self.init(wire, 0, handle, b""),
                             (0, ERROR, b""))
        for handle in (99, -1):
            wire.put(TOAST, handle)
            self.assertEqual(wire.number(), ERROR)
        self.messages(wire, ours, theirs)
        for handle in (ours, theirs, cred):
            for status in (OK, ERROR):      # the second time it is unknown
                wire.put(TOAST, handle)
                self.assertEqual(wire.number(), status)
        self.messages(wire, *self.established(wire))
        self.goodbye(wire, daemon)

    def test_messages_with_headers(self):
        # REQ: GL-39
        wire, daemon = self.mask()
        ours, theirs = self.established(wire)
        wire.put(WRAP_EXT, ours, 1, 0, b"header", b"text", b"trailer")
        self.assertEqual(wire.number(), OK)
        wrapped = wire.data()
        self.assertGreater(len(wrapped), len(b"text"))
        self.assertNotIn(b"text", wrapped)
        wire.put(WRAP_EXT, theirs, 1, 0, b"", b"text", b"")
        self.assertEqual(wire.number(), OK)
        wire.put(UNWRAP, ours, 1, 0, wire.data())
        self.assertEqual((wire.number(), wire.data()), (OK, b"text"))
        # gssmask gives the mechanism no buffer for its header, so it refuses
        wire.put(UNWRAP_EXT, theirs, 1, 0, b"header", wrapped, b"trailer")
        self.assertEqual((wire.number(), wire.data()), (ERROR, b""))
        self.messages(wire, ours, theirs)
        self.goodbye(wire, daemon)

    def test_flags_are_checked(self):
        # REQ: GL-22, GL-23
        wire, daemon = self.mask()
        library = self.enter(libgss.Library(self.realm.client))
        token = library.initiator(self.realm.service, REPLAY).step(b"")
        self.assertEqual(self.accept(wire, 0, token), (0, ERROR, b""))
        token = library.initiator(self.realm.service, REPLAY).step(b"")
        context, status, answer = self.accept(wire, 0, token,
                                              REPLAY | CONF | INTEG)
        self.assertEqual((status, answer), (OK, b""))
        self.assertNotEqual(context, 0)
        self.messages(wire, *self.established(wire))
        self.goodbye(wire, daemon)

    def test_messages_that_fail(self):
        # REQ: GL-39
        wire, daemon = self.mask()
        ours, theirs = self.established(wire)
        wire.put(VERIFY, theirs, 0, 0, b"text", b"no mic")
        self.assertNotEqual(wire.number(), OK)
        for op, context in ((SIGN, 99), (WRAP, 99), (UNWRAP, 99),
                            (UNWRAP, ours)):
            wire.put(op, context, 0, 0, b"text")
            self.assertNotEqual(wire.number(), OK)
            self.assertEqual(wire.data(), b"")
        self.messages(wire, ours, theirs)
        self.goodbye(wire, daemon)

    def test_lengths_are_bounded(self):
        for size in ((1 << 20) + 1, 0x1ffffffe):
            wire, daemon = self.mask()
            wire.put(ACCEPT, 0, 0, size)
            wait_until("gssmask ends", lambda d=daemon: not d.alive)
            self.assertEqual(daemon._child.returncode, 1, daemon.said())
            self.assertIn("krb5_ret_data in_token", daemon.said())
        wire, daemon = self.mask()
        wire.put(ACCEPT, 0, 0, bytes(1 << 20))
        self.assertEqual(wire.number(), 0)


class FakeMask:
    """A gssmask that answers as the test says, and keeps what it got."""

    def __init__(self, name, init=(), accept=()):
        self.name = name
        self.answers = {INIT: list(init), ACCEPT: list(accept)}
        self.tokens = {INIT: [], ACCEPT: []}
        self.toasted = []

    def __enter__(self):
        self.listener = socket.create_server((LOOPBACK, 0))
        self.listener.settimeout(TIMEOUT)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.thread.join()
        self.listener.close()

    def _serve(self):
        sock, _ = self.listener.accept()
        sock.settimeout(TIMEOUT)
        with sock:
            wire = Wire(sock)
            try:
                while self._call(wire, wire.number()):
                    pass
            except (EOFError, OSError):
                pass

    def _call(self, wire, operation):
        if operation == CAPABILITIES:
            wire.put(14, ISSERVER | HAS_MONIKER, "fake")
        elif operation == MONIKER:
            wire.put(self.name)
        elif operation == TARGET:
            wire.put("host/%s@EXT.TEST" % self.name)
        elif operation == ACQUIRE:
            wire.data(), wire.data(), wire.number()
            wire.put(OK, 7)
        elif operation == TOAST:
            self.toasted.append(wire.number())
            wire.put(OK)
        elif operation == INIT:
            wire.exactly(12)
            wire.data()
            self.tokens[INIT].append(wire.data())
            wire.put(*self._next(INIT))
        elif operation == ACCEPT:
            wire.exactly(8)
            self.tokens[ACCEPT].append(wire.data())
            wire.put(*self._next(ACCEPT), 0)
        else:
            return False
        return True

    def _next(self, which):
        return self.answers[which].pop(0) if self.answers[which] else \
            (0, ERROR, b"")


class MaestroTest(MaskCase):
    """gssmaestro with peers that fail; the first contexts are within one."""

    def maestro(self, fake):
        """Run it; what it said."""
        argv = [built("gssmaestro", "appl", "gssmask"),
                "--slaves=%s:%d" % (LOOPBACK, fake.port),
                "--principals=user@EXT.TEST:password"]
        done = subprocess.run(argv, env=self.env(), timeout=TIMEOUT,
                              stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.decode()

    def test_the_initiators_error_token_is_passed_on(self):
        # REQ: GL-04, GL-39
        with FakeMask("mask", [(1, CONTINUE, b"1"), (0, ERROR, b"error")],
                      [(2, CONTINUE, b"2"), (0, ERROR, b"")]) as fake:
            said = self.maestro(fake)
        self.assertIn("iPeer %s:%d failed with 1" % (LOOPBACK, fake.port),
                      said)
        self.assertEqual(fake.tokens[ACCEPT][:2], [b"1", b"error"])
        self.assertEqual(fake.tokens[INIT][1], b"2")

    def test_the_acceptors_error_token_is_passed_on(self):
        # REQ: GL-18, GL-39
        with FakeMask("mask", [(1, CONTINUE, b"1"), (0, ERROR, b"")],
                      [(0, ERROR, b"error")]) as fake:
            said = self.maestro(fake)
        self.assertIn("aPeer %s:%d failed with 1" % (LOOPBACK, fake.port),
                      said)
        self.assertEqual(fake.tokens[INIT][:2], [b"", b"error"])

    def test_contexts_are_toasted(self):
        # REQ: GL-33, GL-34
        with FakeMask("mask", [(1, CONTINUE, b"1"), (0, ERROR, b"")],
                      [(2, CONTINUE, b"2")]) as fake:
            self.maestro(fake)
        self.assertIn(2, fake.toasted)
        with FakeMask("mask", [(1, CONTINUE, b"1")],
                      [(0, ERROR, b"")]) as fake:
            self.maestro(fake)
        self.assertIn(1, fake.toasted)

    def test_a_token_that_is_missing(self):
        # REQ: GL-07, GL-39
        with FakeMask("mask", [(1, CONTINUE, b"")]) as fake:
            said = self.maestro(fake)
        self.assertIn("sent no token", said)
        self.assertEqual(fake.tokens[ACCEPT], [])
        self.assertIn(1, fake.toasted)


if __name__ == "__main__":
    sys.exit(unittest.main())
