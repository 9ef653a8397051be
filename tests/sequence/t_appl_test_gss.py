"""The GSS programs of appl/test against each other, and against peers that
lie, say nothing, or send what is none of a context.

Their servers listen on every address; they cannot be told otherwise.
"""

import socket
import struct
import threading

from realm import RealmCase
from realm.loop import built, library_env
from realm.ports import LOOPBACK, free_port, tcp_answers
from realm.process import Daemon, run, wait_until

GSSAPI, NT = "gssapi", "nt_gss"
BYTE_ORDER = {GSSAPI: ">I", NT: "<I"}
TOO_LONG = "the length is above the limit"
SILENT = "the peer did not answer in time"
CLOSED = "the peer closed the connection"


def tlv(tag, *parts):
    """DER with short lengths."""
    body = b"".join(parts)
    assert len(body) < 128
    return bytes([tag, len(body)]) + body


# a NegTokenInit that offers a mechanism nobody has (2.25.9)
UNKNOWN_MECH = tlv(0x60, bytes.fromhex("06062b0601050502"), tlv(
    0xa0, tlv(0x30, tlv(0xa0, tlv(0x30, bytes.fromhex("06026909"))))))


class Stub:
    """A server that gives each client the same octets, or none, and keeps
    what the client sent."""

    def __init__(self, octets, hang_up=False):
        self.octets, self.hang_up, self.got = octets, hang_up, []

    def __enter__(self):
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join()

    def _serve(self):
        try:
            peer, _ = self.listener.accept()
        except OSError:
            return              # the client never came
        with peer:
            peer.settimeout(30)
            self.got.append(peer.recv(65536))
            if self.octets:
                peer.sendall(self.octets)
            if self.hang_up:
                return
            while True:
                try:
                    more = peer.recv(65536)
                except OSError:
                    return
                if not more:
                    return
                self.got.append(more)


class ApplCase(RealmCase):
    """A realm with a service on localhost."""

    kind = GSSAPI

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add("host/localhost")
        cls.keytab = cls.realm.ext_keytab("host/localhost")

    def setUp(self):
        super().setUp()
        self.client = self.realm.client
        self.client.kinit("user", password=self.realm.password)
        self.started = 0

    def env(self):
        """Of both programs."""
        return dict(self.client.env, **library_env(self.client.inst),
                    KRB5_KTNAME="FILE:%s" % self.keytab)

    def connect(self, port, *args, **kw):
        """Run the client."""
        return run([built(self.kind + "_client", "appl", "test"),
                    "--port=%d" % port, "--service=host", *args,
                    "localhost"], self.env(), **kw)

    def frame(self, token):
        """A token with its length."""
        return struct.pack(BYTE_ORDER[self.kind], len(token)) + token

    def raw(self, port):
        """A connection to the server."""
        sock = socket.create_connection((LOOPBACK, port))
        sock.settimeout(30)
        return self.enter(sock)

    def nt_serves(self):
        """A new nt_gss_server and a good client.  The server has the last
        word: it reads nothing of the client's messages, as ever, and the
        client may notice that."""
        daemon, port = self.start()

        def served():
            if daemon.alive:
                self.connect(port, expect_code=None)
            return "User is `user@EXT.TEST'" in daemon.said()
        wait_until("nt_gss_server has served a client", served)

    def start(self, *args):
        """Start the server; nothing connects before the test does, for
        nt_gss_server serves one client."""
        self.started += 1
        port = free_port()
        daemon = Daemon(
            [built(self.kind + "_server", "appl", "test"), "--port=%d" % port,
             *args], self.env(),
            self.client.dir / ("server%d-%s.out" % (self.started, self.id())))
        self.addCleanup(daemon.kill)
        return daemon, port


class GssapiServerTest(ApplCase):
    """gssapi_server: one process, one client after the other."""

    def server(self, *args):
        daemon, port = self.start("--keytab=FILE:%s" % self.keytab,
                                  "--service=host", *args)
        daemon.ready("the server answers", lambda: tcp_answers(port))
        return daemon, port

    def assert_serves(self, daemon, port, mech="krb5"):
        """A good client is served by the server, as it always was."""
        before = daemon.said().count("gss_unwrap: hemligt CONF")
        self.connect(port, "--mech=" + mech)
        daemon.ready("the server is done", lambda: daemon.said().count(
            "gss_unwrap: hemligt CONF") == before + 1)

    def test_good_exchanges(self):
        # REQ: GL-05, GL-07, GL-39
        daemon, port = self.server()
        for mech in ("krb5", "spnego", "krb5"):
            self.assert_serves(daemon, port, mech)

    def test_a_length_that_lies_is_refused(self):
        # REQ: GL-39, GL-40
        daemon, port = self.server()
        for length in (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff",
                       b"\x00\x10\x00\x01"):
            sock = self.raw(port)
            sock.sendall(length)
            self.assertEqual(sock.recv(1), b"")
        daemon.ready("three refusals",
                     lambda: daemon.said().count(TOO_LONG) == 3)
        self.assert_serves(daemon, port)

    def test_an_idle_peer_is_dropped(self):
        # REQ: GL-14, GL-39
        daemon, port = self.server("--timeout=1")
        sock = self.raw(port)
        self.assertEqual(sock.recv(1), b"")
        self.assertIn(SILENT, daemon.said())
        self.assert_serves(daemon, port)

    def test_an_error_token_is_sent(self):
        # REQ: GL-09, GL-18, GL-32, GL-39
        daemon, port = self.server()
        sock = self.raw(port)
        sock.sendall(self.frame(UNKNOWN_MECH))
        length, = struct.unpack(">I", sock.recv(4, socket.MSG_WAITALL))
        token = sock.recv(length, socket.MSG_WAITALL)
        self.assertEqual(token[:1], b"\xa1")            # NegTokenResp
        self.assertIn(bytes.fromhex("a0030a0102"), token)   # reject
        self.assertEqual(sock.recv(1), b"")
        self.assertIn("the peer was sent an error token", daemon.said())
        self.assert_serves(daemon, port)

    def test_garbage_ends_the_connection_and_not_the_server(self):
        # REQ: GL-34, GL-39
        daemon, port = self.server()
        for token in (b"", b"\x60", b"garbage" * 100):
            sock = self.raw(port)
            sock.sendall(self.frame(token))
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
        self.assert_serves(daemon, port)


class GssapiClientTest(ApplCase):
    """gssapi_client and servers that are none."""

    def refused(self, octets, why, *args, **kw):
        """The client ends with 1 and says why."""
        with Stub(octets, **kw) as stub:
            self.connect(stub.port, *args, expect_code=1, expect_msg=why)

    def assert_still_works(self):
        """A good exchange."""
        if self.kind == NT:
            self.nt_serves()
            return
        daemon, port = self.start("--keytab=FILE:%s" % self.keytab,
                                  "--service=host")
        daemon.ready("the server answers", lambda: tcp_answers(port))
        self.connect(port)

    def test_a_length_that_lies_is_refused(self):
        # REQ: GL-39, GL-40
        self.refused(b"\xff" * 4, TOO_LONG)
        self.assert_still_works()

    def test_a_silent_server(self):
        # REQ: GL-21, GL-39
        self.refused(b"", SILENT, "--timeout=1")
        self.assert_still_works()

    def test_a_server_that_hangs_up(self):
        # REQ: GL-34, GL-39
        self.refused(b"", CLOSED, hang_up=True)
        self.assert_still_works()

    def test_garbage(self):
        # REQ: GL-32, GL-39
        self.refused(self.frame(b"garbage"), "gss_init_sec_context failed")
        self.assert_still_works()


class NtGssClientTest(GssapiClientTest):
    """The same for the little-endian ones."""

    kind = NT


class NtGssServerTest(ApplCase):
    """nt_gss_server: one client and it ends."""

    kind = NT

    def reach(self):
        """A connection to a new server, once it listens."""
        daemon, port = self.start("--timeout=1")

        def attempt():
            sock = socket.socket()
            sock.settimeout(30)
            if sock.connect_ex((LOOPBACK, port)) == 0:
                return sock
            sock.close()
            return None
        return daemon, self.enter(daemon.ready("it listens", attempt))

    def ends(self, daemon, sock, why):
        """The server hangs up, and said why."""
        try:
            while sock.recv(4096):
                pass
        except ConnectionResetError:
            pass
        self.assertIn(why, daemon.said())

    def test_a_length_that_lies_is_refused(self):
        # REQ: GL-39, GL-40
        daemon, sock = self.reach()
        sock.sendall(b"\xff" * 4)
        self.ends(daemon, sock, TOO_LONG)
        self.nt_serves()

    def test_an_idle_peer_is_dropped(self):
        # REQ: GL-14, GL-39
        daemon, sock = self.reach()
        self.ends(daemon, sock, SILENT)
        self.nt_serves()

    def test_a_token_in_two_pieces(self):
        # REQ: GL-40
        daemon, sock = self.reach()
        frame = self.frame(UNKNOWN_MECH)
        for octet in frame:
            sock.sendall(bytes([octet]))
        self.ends(daemon, sock, "the peer was sent an error token")
        self.nt_serves()

    def test_an_error_token_is_sent(self):
        # REQ: GL-09, GL-18, GL-32, GL-39
        daemon, sock = self.reach()
        sock.sendall(self.frame(UNKNOWN_MECH))
        length, = struct.unpack("<I", sock.recv(4, socket.MSG_WAITALL))
        token = sock.recv(length, socket.MSG_WAITALL)
        self.assertIn(bytes.fromhex("a0030a0102"), token)
        self.ends(daemon, sock, "the peer was sent an error token")
        self.nt_serves()
