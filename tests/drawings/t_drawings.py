"""doc/sequences.md says what goes over the wire.  With --write it is made to.
"""

import difflib
import os
import shutil
import sys
import unittest
from pathlib import Path

from drawings.paper import Paper
from realm import Relay, ccache
from realm.extra import NOT_MUTUAL, ExtraCase, Server, spoil
from realm.user2user import BOB
from wire import exchange, freshness, krb, krb524, tgs
from wire import krb_error2 as k2

DOCUMENT = Path(__file__).resolve().parents[2] / "doc/sequences.md"
HOUR = 3600
NAMED = {"extra_tokens_without_mutual": "*/* *"}
CELL = "afs/ext.test"
DATA = "--send-authdata=" + k2.authdata(k2.if_relevant((77, b"x"))).hex()


class Drawings(ExtraCase):
    """The document, anew."""

    realm_args = {"pkinit": True, "kdc": {
        "enable-524": True, "use_2b": {CELL + "@EXT.TEST": True}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        realm.add(CELL)
        realm.add(BOB, password=realm.password, attributes="disallow-svr")
        cls.key = next(e for e in realm.keys(realm.service) if e.etype == 18)
        cls.bob = realm.new_client()
        cls.bob.kinit(BOB, password=realm.password)
        cls.tgt = ccache.session_key(cls.bob.dir / "ccache",
                                     "krbtgt/EXT.TEST@EXT.TEST")

    # -- scenes ------------------------------------------------------------

    def login(self, realm, hook=None):
        """The messages of a login with PKINIT."""
        with Relay(realm.port, hook) as relay:
            client = realm.new_client(kdc=relay.port,
                                      libdefaults={"kdc_timeout": 30})
            client.kinit("user", cert=realm.cert("user"))
            return list(relay.messages)

    def old_token(self):
        """A hook: the first token that the client gets is too old."""
        stale = [freshness.mint(self.realm.krbtgt_key(), when=1)]

        def hook(direction, data):
            message = krb.read(data)
            if direction == "<" and isinstance(message, krb.KrbError) and \
                    message.pa(krb.PA_AS_FRESHNESS) and stale:
                return exchange.with_token(message, stale.pop(),
                                           "EXT.TEST")
            return data
        return hook

    def freshness(self, paper):
        paper.section("PKINIT freshness")
        paper.scene("A login", "tests/sequence/t_freshness.py")
        paper.kdc(self.login(self.realm))
        paper.scene("The token is too old (who signs with it has had another "
                    "one from the man in the middle)",
                    "tests/attack/t_freshness_attacks.py")
        paper.kdc(self.login(self.realm, self.old_token()))

    def play(self, server, *args, client=None, **kw):
        """An exchange."""
        client = client or self.user()
        return server.play(client=client, args=args, **kw)[2]

    def user(self, **values):
        """A client with a TGT."""
        client = self.realm.new_client(**values)
        client.kinit("user", password=self.realm.password)
        return client

    def spoiled(self, **ticket):
        """One whose ticket is another than it thinks."""
        client = self.user()
        spoil(client, self.key, **ticket)
        return client

    def contexts(self, paper):
        key, tgt = self.key.key, self.tgt[1]
        plain, ahead = Server(self), Server(self, ahead=HOUR)
        challenge = Server(self, replay_protection="challenge")
        to_bob = Server(self, acceptor_ccache=self.bob.ccache)
        held = "tests/sequence/t_sequences.py"

        paper.section("Context tokens")
        for title, played in (
                ("Two: as ever", self.play(plain)),
                ("Two: an error that nothing mends", self.play(
                    plain, client=self.spoiled(client="somebody"))),
                ("Two: authorization data of the acceptor (AP-REP2)",
                 self.play(Server(self, DATA))),
                ("Three: a challenge", self.play(challenge)),
                ("Three: the initiator gives up", self.play(
                    plain, client=self.without_kdc())),
                ("Three: without mutual authentication", self.play(
                    plain, ask=NOT_MUTUAL, client=self.user(gssapi=NAMED))),
                ("Four: the ticket is of a key that is not there",
                 self.play(plain, client=self.spoiled(key=os.urandom(32)))),
                ("Four: the ticket has expired", self.play(
                    plain, client=self.spoiled(start=-10 * HOUR,
                                               end=-HOUR))),
                ("Four: the acceptor's clock is an hour ahead",
                 self.play(ahead)),
                ("Without extra tokens: the retry of Heimdal 7.8", self.play(
                    ahead, client=self.user(
                        gssapi={"extra_context_tokens": False})))):
            paper.scene(title, held)
            paper.contexts(played, key)
        for title, played in (
                ("Four: user-to-user", self.play(to_bob, "--service=" + BOB)),
                ("Six: user-to-user with an acceptor whose clock is an hour "
                 "ahead", self.play(
                     Server(self, acceptor_ccache=self.bob.ccache,
                            ahead=HOUR), "--service=" + BOB))):
            paper.scene(title, "tests/sequence/t_user2user.py")
            paper.contexts(played, tgt)

    def without_kdc(self):
        """A client with an expired ticket, and nobody to get another of."""
        client = self.spoiled(start=-10 * HOUR, end=-HOUR)
        away = self.realm.new_client(kdc=1)
        shutil.copy(client.dir / "ccache", away.dir / "ccache")
        return away

    def krb524(self, paper):
        paper.section("krb524")
        tgt = tgs.get_tgt(self.realm)
        tickets = []
        for service in CELL, self.realm.service.split("@")[0]:
            request = tgs.Request(tgt, service, None, etypes=(18,))
            tickets.append(request.open(krb.send_kdc(
                self.realm.port, request.message, "tcp")).ticket)
        with Relay(self.realm.port) as relay:
            krb524.ask(relay.port, tickets[0])
            krb524.ask(relay.port, tickets[1], "tcp")
            paper.scene("A token, and a service that use_2b does not name",
                        "tests/sequence/t_krb524.py")
            paper.krb524(relay.messages)

    # -- the test ----------------------------------------------------------

    def drawn(self):
        paper = Paper()
        self.freshness(paper)
        self.contexts(paper)
        self.krb524(paper)
        return paper.text()

    def test_the_document_is_up_to_date(self):
        text = self.drawn()
        if WRITE:
            DOCUMENT.write_text(text)
            return
        old = DOCUMENT.read_text()
        self.assertEqual(old, text, "\n".join(difflib.unified_diff(
            old.splitlines(), text.splitlines(), "doc/sequences.md",
            "on the wire", lineterm="")) + "\nmake drawings writes it anew")


WRITE = "--write" in sys.argv

if __name__ == "__main__":
    if WRITE:
        sys.argv.remove("--write")
    unittest.main()
