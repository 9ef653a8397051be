"""A relay between clients and a KDC that records and can interfere."""

import collections
import socket
import struct
import threading

from . import ports
from .workers import Workers

TO_KDC = ">"
TO_CLIENT = "<"

Message = collections.namedtuple("Message", "direction transport data")


class Answer:
    """Returned by a hook for a request: answer it so, do not ask the KDC."""

    def __init__(self, data):
        self.data = data


def read_exact(sock, count):
    """`count` octets from a stream, None when it ends before."""
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            return None
        data += part
    return data


def read_framed(sock):
    """One message of the TCP transport (4-octet length), None at the end."""
    head = read_exact(sock, 4)
    if head is None:
        return None
    return read_exact(sock, struct.unpack(">I", head)[0])


def ask(port, data, transport="udp", timeout=10):
    """Send one request to a port of loopback and return the answer."""
    if transport == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.connect((ports.LOOPBACK, port))
            sock.send(data)
            return sock.recv(65536)
    with socket.create_connection((ports.LOOPBACK, port), timeout) as sock:
        sock.sendall(struct.pack(">I", len(data)) + data)
        reply = read_framed(sock)
    if reply is None:
        raise ConnectionError("the KDC closed the connection")
    return reply


class Relay:
    """Listens on a free port (UDP and TCP) and passes messages on.

    hook(direction, data), for every message, returns what to pass on
    instead (data itself to leave it), None to drop it or, for a request,
    Answer(reply).  Without a KDC (port None) it is a stub: the hook has to
    answer.  An exception in the hook is raised when the context is left.
    """

    def __init__(self, port=None, hook=None):
        self.upstream = port
        self.hook = hook
        self.messages = []
        self._lock = threading.Lock()
        self._workers = Workers()

    def __enter__(self):
        self._udp, self._tcp = ports.bound_pair()
        self.port = self._tcp.getsockname()[1]
        self._tcp.listen(16)
        for sock, serve in ((self._udp, self._serve_udp),
                            (self._tcp, self._serve_tcp)):
            sock.settimeout(0.1)
            self._workers.spawn(serve)
        return self

    def __exit__(self, kind, value, trace):
        self._workers.finish()
        self._udp.close()
        self._tcp.close()
        if kind is None:
            self._workers.check()

    def requests(self):
        """Data of the messages that came from clients, oldest first."""
        return [m.data for m in self._copy() if m.direction == TO_KDC]

    def replies(self):
        """Data of the messages that came from the KDC (or the stub)."""
        return [m.data for m in self._copy() if m.direction == TO_CLIENT]

    def clear(self):
        """Forget the messages recorded so far."""
        with self._lock:
            self.messages.clear()

    def _copy(self):
        with self._lock:
            return list(self.messages)

    def _record(self, direction, transport, data):
        with self._lock:
            self.messages.append(Message(direction, transport, data))

    def _exchange(self, transport, request):
        """What to answer to a request; None for nothing."""
        self._record(TO_KDC, transport, request)
        if self.hook:
            request = self.hook(TO_KDC, request)
        if request is None:
            return None
        if isinstance(request, Answer):
            self._record(TO_CLIENT, transport, request.data)
            return request.data
        if self.upstream is None:
            raise AssertionError("a stub's hook has to answer")
        try:
            reply = ask(self.upstream, request, transport)
        except (socket.timeout, ConnectionError):
            return None
        self._record(TO_CLIENT, transport, reply)
        return self.hook(TO_CLIENT, reply) if self.hook else reply

    def _serve_udp(self):
        while not self._workers.closing.is_set():
            try:
                request, peer = self._udp.recvfrom(65536)
            except socket.timeout:
                continue
            self._workers.spawn(self._answer_udp, request, peer)

    def _answer_udp(self, request, peer):
        reply = self._exchange("udp", request)
        if reply is not None:
            self._udp.sendto(reply, peer)

    def _serve_tcp(self):
        while not self._workers.closing.is_set():
            try:
                sock, _peer = self._tcp.accept()
            except socket.timeout:
                continue
            self._workers.spawn(self._answer_tcp, sock)

    def _answer_tcp(self, sock):
        with sock:
            sock.settimeout(10)
            try:
                request = read_framed(sock)
                reply = None if request is None else self._exchange(
                    "tcp", request)
                if reply is not None:
                    sock.sendall(struct.pack(">I", len(reply)) + reply)
            except (socket.timeout, ConnectionError):
                pass
