"""Python at one end of a connection of the loop programs: framed tokens, and
the messages that loop_messages.c exchanges over an established context."""

import contextlib
import socket
import threading

from wire import framing

from .loop import initiate

TEXT = b"a message of the peer"
WAIT = 8                                # seconds for one token


class Wire:
    """A socket with frames."""

    def __init__(self, stream):
        self.stream = stream
        stream.settimeout(WAIT)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._parser, self._frames = framing.Parser(), []

    def send(self, token):
        """One token."""
        self.stream.sendall(framing.frame(token))

    def receive(self):
        """The next token; None when the peer has closed instead."""
        while not self._frames:
            try:
                octets = self.stream.recv(65536)
            except ConnectionError:
                octets = b""
            if not octets:
                return None
            self._frames += self._parser.feed(octets)
        return self._frames.pop(0).data

    def ask(self, token):
        """Send a token; the answer or None."""
        self.send(token)
        return self.receive()

    def initiate_messages(self, messages, text=TEXT):
        """The messages, as the initiator; messages is an ap.Messages."""
        self.send(messages.wrap(text))
        assert messages.unwrap(self.receive()) == text
        messages.check_mic(text, self.receive())
        self.send(messages.mic(text))

    def accept_messages(self, messages):
        """The same, as the acceptor."""
        text = messages.unwrap(self.receive())
        self.send(messages.wrap(text))
        self.send(messages.mic(text))
        messages.check_mic(text, self.receive())


class Call(Wire):
    """A connection to the acceptor of an extra.Server; a context manager,
    after which `line` is what the acceptor said."""

    def __init__(self, server):
        super().__init__(socket.create_connection(
            ("127.0.0.1", server.acceptor.port), timeout=WAIT))
        self.server, self.line = server, None
        server.count += 1
        self.number = server.count

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        with contextlib.suppress(OSError):
            self.stream.shutdown(socket.SHUT_WR)
        try:
            self.line = self.server.acceptor.line(self.number)
        finally:
            self.stream.close()


class Stub:
    """A listening socket behind which a script is the acceptor; a context
    manager."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(WAIT)
        self.port = self.listener.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.listener.close()

    def play(self, client, script, *args):
        """Run loop_initiator against script(Wire): (its Line, what script
        returns).  What script raises is raised here."""
        done = {}

        def serve():
            try:
                stream, _ = self.listener.accept()
                with stream:
                    done["value"] = script(Wire(stream))
            except BaseException as err:  # pylint: disable=broad-except
                done["error"] = err
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            line = initiate(client, self.port, "--timeout=4", *args)[0]
        finally:
            thread.join()
        if "error" in done:
            raise done["error"]
        return line, done["value"]
