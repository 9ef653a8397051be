"""Early messages of our initiator to an acceptor of MIT krb5, which takes what
says that it is in the initiator's subkey, without a switch."""

import socket
import unittest

import peers
from realm import RealmCase, libgss
from realm.gss_server import GssServer
from realm.ports import LOOPBACK
from wire import ap, framing, gss

TEXT = b"an early message"


class Mit(RealmCase):
    """gss-server behind our initiator."""

    realm_args = {"gssapi": {"early_prot_ready": True}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mit = cls.realm.new_client(inst=peers.mit())
        cls.server = GssServer(mit, cls.realm.ext_keytab(cls.realm.service),
                               "host@server.ext.test")
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def setUp(self):
        super().setUp()
        self.realm.client.kinit("user", password=self.realm.password)

    def play(self, stream):
        """The first token and a message at once: the answers to both."""
        parser, frames = framing.Parser(framing.GSS_SAMPLE), []
        message = framing.DATA | framing.WRAPPED | framing.ENCRYPTED | \
            framing.SEND_MIC
        with libgss.Library(self.realm.client) as library:
            context = library.initiator("host/server.ext.test", ap.ALL)
            token = context.step(b"")
            self.assertTrue(context.granted & libgss.PROT_READY)
            stream.sendall(
                framing.frame(b"", framing.NOOP | framing.CONTEXT_NEXT) +
                framing.frame(token, framing.CONTEXT) +
                framing.frame(context.wrap(TEXT), message))
            while len(frames) < 2:
                data = stream.recv(65536)
                self.assertTrue(data, "the server has closed")
                frames += parser.feed(data)
            self.assertEqual(gss.describe(frames[0].data), "AP-REP")
            context.step(frames[0].data)
            self.assertTrue(context.complete)
            context.verify(TEXT, frames[1].data)

            stream.sendall(framing.frame(context.wrap(TEXT), message))
            frames = []
            while not frames:
                data = stream.recv(65536)
                self.assertTrue(data, "the server has closed")
                frames += parser.feed(data)
            context.verify(TEXT, frames[0].data)
            stream.sendall(framing.frame(b"", framing.NOOP))

    def test_two_tokens(self):
        # REQ: XT-91
        with socket.create_connection((LOOPBACK, self.server.port),
                                      60) as stream:
            libgss.alone(self.play, stream)


if __name__ == "__main__":
    unittest.main()
