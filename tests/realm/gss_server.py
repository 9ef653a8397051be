"""gss-server of MIT krb5: an acceptor that is not ours."""

import socket
import subprocess
import threading

from wire import framing

from .ports import LOOPBACK
from .process import wait_until


class GssServer:
    """MIT's gss-server behind a socket of ours on loopback, one process a
    connection (-inetd), since by itself it listens everywhere.

    `env` is added to the client's environment.
    """

    def __init__(self, client, keytab, service, *args, env=None):
        self.client = client
        self.env = dict(client.env, **(env or {}))
        self.log = client.dir / "gss-server.log"
        self.argv = [client.inst.program("gss-server"), "-inetd", "-verbose",
                     "-logfile", str(self.log), *args, "-keytab",
                     "FILE:%s" % keytab, service]
        self.ends = []

    def __enter__(self):
        self.log.write_text("")
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                done = subprocess.run(
                    self.argv, env=self.env, stdin=connection,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    timeout=60, check=False)
            self.ends.append(done.returncode)

    def said(self, number):
        """The log once number clients have come and gone."""
        wait_until("client %d of gss-server" % number,
                   lambda: len(self.ends) >= number, 30)
        return self.log.read_text()

    def offer(self, token):
        """Send an initial token; the frames that come back before the
        server closes or waits for a message."""
        parser = framing.Parser(framing.GSS_SAMPLE)
        with socket.create_connection((LOOPBACK, self.port), 60) as sock:
            sock.sendall(framing.frame(b"", framing.NOOP |
                                       framing.CONTEXT_NEXT) +
                         framing.frame(token, framing.CONTEXT))
            frames = []
            while not frames:
                data = sock.recv(65536)
                if not data:
                    break
                frames = parser.feed(data)
        return frames
