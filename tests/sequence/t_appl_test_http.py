"""http_client of appl/test and servers that refuse, dawdle or say nonsense."""

import base64
import socket
import threading

from realm import RealmCase
from realm.loop import built, library_env
from realm.ports import LOOPBACK
from realm.process import run

REFUSAL = b"HTTP/1.0 401 No\r\nWWW-Authenticate: Negotiate%s\r\n\r\nno\n"
GOOD = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello\n"


class Server:
    """Gives each connection the next reply, in the pieces it is made of,
    and keeps the requests.  None says nothing."""

    def __init__(self, *replies):
        self.replies, self.requests = replies, []

    def __enter__(self):
        self.listener = socket.create_server((LOOPBACK, 0))
        self.listener.settimeout(30)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join()
        self.listener.close()

    def _serve(self):
        for reply in self.replies:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return          # the client did not come again
            with peer:
                peer.settimeout(30)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.requests.append(self._request(peer))
                if reply is None:
                    try:
                        peer.recv(1)
                    except OSError:
                        pass
                for piece in reply or ():
                    try:
                        peer.sendall(piece)
                    except OSError:
                        break

    @staticmethod
    def _request(peer):
        got = b""
        while b"\r\n\r\n" not in got:
            piece = peer.recv(4096)
            if not piece:
                break
            got += piece
        return got


def octets(reply):
    """A reply of a piece an octet."""
    return [reply[i:i + 1] for i in range(len(reply))]


class HttpClientTest(RealmCase):
    """http_client has a ticket for HTTP/localhost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add("HTTP/localhost")

    def setUp(self):
        super().setUp()
        self.realm.client.kinit("user", password=self.realm.password)

    def fetch(self, server, *args, **kw):
        """Run http_client."""
        client = self.realm.client
        return run([built("http_client", "appl", "test"),
                    "--port=%d" % server.port, *args, "localhost"],
                   dict(client.env, **library_env(client.inst)), **kw)

    def test_a_good_reply_in_one_piece_and_in_many(self):
        # REQ: GL-39, GL-40
        for pieces in ([GOOD], octets(GOOD), [GOOD[:20], GOOD[20:]]):
            with Server(pieces) as server:
                done = self.fetch(server)
                self.assertEqual(done.stdout, "hello\n\n")

    def test_a_long_header(self):
        # REQ: GL-40
        reply = GOOD.replace(b"text/plain", b"x" * 30000)
        with Server([reply]) as server:
            self.fetch(server, expect_msg="hello")
        reply = GOOD.replace(b"text/plain", b"x" * 70000)
        with Server([reply]) as server:
            self.fetch(server, expect_code=1, expect_msg="too long")
        with Server([GOOD]) as server:
            self.fetch(server)

    def test_a_server_that_hangs_up(self):
        # REQ: GL-34, GL-39
        for pieces in ([], [GOOD[:10]], [GOOD[:30]]):
            with Server(pieces) as server:
                self.fetch(server, expect_code=1, expect_msg="hung up")
        with Server([GOOD]) as server:
            self.fetch(server)

    def test_a_silent_server(self):
        # REQ: GL-21, GL-39
        with Server(None) as server:
            self.fetch(server, "--timeout=1", expect_code=1,
                       expect_msg="did not answer in time")
        with Server([GOOD]) as server:
            self.fetch(server)

    def test_negotiation_without_mutual_authentication(self):
        # REQ: GL-06, GL-39
        with Server([REFUSAL % b""], [GOOD]) as server:
            self.fetch(server, "--no-mutual", expect_msg="hello")
        self.assertNotIn(b"Authorization", server.requests[0])
        self.assertIn(b"Authorization: Negotiate YI", server.requests[1])

    def test_a_negotiation_that_fails(self):
        # REQ: GL-09, GL-32, GL-39
        garbage = b" " + base64.b64encode(b"garbage")
        with Server([REFUSAL % b""], [REFUSAL % garbage]) as server:
            self.fetch(server, expect_code=1,
                       expect_msg="gss_init_sec_context")
        with Server([GOOD]) as server:
            self.fetch(server)

    def test_a_good_status_does_not_replace_the_servers_token(self):
        # REQ: GL-22, GL-36
        with Server([REFUSAL % b""], [GOOD]) as server:
            done = self.fetch(server, expect_code=1)
        self.assertNotIn("hello", done.stdout)
