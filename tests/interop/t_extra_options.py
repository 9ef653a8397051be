"""What is configured or set for extra context tokens, and a peer that knows
nothing of them: data of an acceptor, a preference for user-to-user, and tokens
without mutual authentication."""

import unittest

import peers
from realm.extra import MUTUAL, ExtraCase, Server, kinds
from realm.loop import Acceptor
from wire import krb_error2 as k2

SECRET = b"what the acceptor asserts"
SEND = "--send-authdata=" + k2.authdata(k2.if_relevant((77, SECRET))).hex()
NAMED = {"extra_tokens_without_mutual": "host/*"}
TWO = ["AP-REQ", "AP-REP"]
# no SEQUENCE: 7.8's initiator counts wrongly with it, see t_loop_peers
NOT_MUTUAL = "replay,conf,integ"


class Peers(ExtraCase):
    """An acceptor with data and preferences, and others."""

    def other(self, inst, **sections):
        """A client of another installation, with a TGT."""
        client = self.realm.new_client(inst, **sections)
        client.kinit("user", password=self.realm.password)
        return client

    def with_all(self):
        """[gssapi] of an acceptor that has a TGT, and preferences."""
        service = self.realm.new_client()
        service.kinit(self.realm.service, keytab=self.keytab)
        return {"acceptor_ccache": service.ccache, "prefer_user2user": True,
                "replay_protection": "challenge"}

    def test_ours(self):
        """What they would be missing."""
        # REQ: XT-82
        server = Server(type(self), SEND, **self.with_all())
        ours, theirs, _ = server.play()
        self.complete(ours, theirs, user2user="yes", tokens="4",
                      acceptor_authdata="unsent")

    def both(self, ours, theirs, **fields):
        """Both are complete; flags aside, which 7.8 has others of."""
        for line in (ours, theirs):
            self.assertEqual((line.result, line.messages), ("complete", "ok"))
        for name, value in fields.items():
            self.assertEqual(getattr(theirs, name), value, theirs)

    def test_unpatched_initiator(self):
        """Sees what an unpatched acceptor sends."""
        # REQ: XT-97, XT-82, XT-10
        client = self.other(peers.heimdal_unpatched())
        server = Server(type(self), SEND, **self.with_all())
        for mech in ("krb5", "spnego"):
            for ask, tokens in ((MUTUAL, TWO), (NOT_MUTUAL, TWO[:1])):
                ours, theirs, exchange = server.play(client=client, mech=mech,
                                                     ask=ask)
                self.both(ours, theirs, acceptor_authdata="unsent",
                          tokens=str(len(tokens)), user2user="no",
                          offered="no")
                found = [k for k in kinds(exchange) if k != "-"]
                self.assertEqual(found, tokens)

    def test_mit_initiator(self):
        # REQ: XT-97, XT-82, XT-10
        mit = self.other(peers.mit())
        client = self.realm.new_client(gssapi=self.with_all())
        with Acceptor(client, "--keytab=FILE:%s" % self.keytab,
                      "--timeout=20", "--framing=mit", SEND) as acceptor:
            for number, mech in enumerate(("-krb5", "-spnego"), 1):
                done = mit.run("gss-client", "-port", str(acceptor.port),
                               mech, "127.0.0.1",
                               "host@server." + self.realm.domain, "message")
                self.assertIn("Signature verified", done.stdout)
                line = acceptor.line(number)
                self.assertEqual(
                    (line.outcome, line.acceptor_authdata, line.tokens,
                     line.user2user), ("established", "unsent", "2", "no"),
                    line)

    def test_unpatched_acceptor(self):
        """With mutual authentication it is as ever for a target that is
        named; without, it is waited for (doc/admin.md)."""
        # REQ: XT-10, XT-66
        server = Server(type(self), inst=peers.heimdal_unpatched())
        client = self.other(None, gssapi=NAMED)
        ours, theirs, exchange = server.play(client=client)
        self.both(ours, theirs)
        self.assertEqual(kinds(exchange), TWO)
        ours, theirs, exchange = server.play(client=client, ask=NOT_MUTUAL,
                                             args=("--timeout=2",))
        self.assertEqual((ours.outcome, ours.transport),
                         ("transport", "timeout"), ours)
        self.assertEqual(theirs.outcome, "established")
        self.assertEqual(kinds(exchange), ["AP-REQ"])
        ours, theirs, exchange = server.play(ask=NOT_MUTUAL)
        self.both(ours, theirs)

    def test_unpatched_as_initiator_of_an_older_kind(self):
        """An initiator of ours that is switched off is the same."""
        # REQ: XT-97, XT-10
        client = self.other(None, gssapi={"extra_context_tokens": False})
        server = Server(type(self), SEND, **self.with_all())
        ours, theirs, exchange = server.play(client=client)
        self.both(ours, theirs, acceptor_authdata="unsent", tokens="2")
        self.assertEqual(kinds(exchange), TWO)


if __name__ == "__main__":
    unittest.main()
