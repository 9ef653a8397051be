"""Errors that cost one more round trip and would have cost the connection:
each provoked for real, with extra context tokens and without."""

import os
import shutil
import time
import unittest

from realm import ccache
from realm.extra import MUTUAL, ExtraCase, Server, kinds
from realm.loop import initiate
from wire import ap

HOUR = 3600
AES256 = 18
FOUR = ["AP-REQ", "KRB-ERROR2 continue", "AP-REQ", "AP-REP"]


class Recovery(ExtraCase):
    """The credential cache has a ticket that the acceptor does not take."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(cls)
        cls.key = next(e for e in cls.realm.keys(cls.realm.service)
                       if e.etype == AES256)
        cls.legacy = cls.realm.new_client(
            gssapi={"extra_context_tokens": False})

    def setUp(self):
        super().setUp()
        self.legacy.kinit("user", password=self.realm.password)

    def spoil(self, who, **ticket):
        """Put a ticket into the cache that says something else than the
        cache does."""
        now = int(time.time())
        bad = ap.issue(self.key, **ticket)
        ccache.put_first(who.dir / "ccache", ccache.credential(
            "user", "host/server.ext.test", "EXT.TEST", bad.session,
            bad.ticket, now - 60, now + 8 * HOUR))

    def recovers(self, **ticket):
        """With extra tokens it is mended, and the next context begins with
        the new ticket; without them the connection fails each time."""
        self.spoil(self.legacy, **ticket)
        for _ in range(2):
            ours, theirs, _ = self.server.play(client=self.legacy)
            self.assertEqual((theirs.result, theirs.src), ("failed", "-"))
            self.assertFalse(ours.complete, ours)
        for mech in ("krb5", "spnego"):
            self.spoil(self.client, **ticket)
            ours, theirs, exchange = self.server.play(mech=mech)
            self.complete(ours, theirs, tokens="4", recovered="yes",
                          protection="challenge")
            self.assertEqual(kinds(exchange)[:4], FOUR)
            ours, theirs, _ = self.server.play()
            self.complete(ours, theirs, tokens="2")

    def test_expired(self):
        # REQ: XT-53, XT-62, XT-74
        self.recovers(start=-10 * HOUR, end=-HOUR)

    def test_not_yet_valid(self):
        # REQ: XT-54, XT-62, XT-74
        self.recovers(start=HOUR, end=10 * HOUR)

    def test_other_key(self):
        # REQ: XT-61, XT-74
        self.recovers(key=os.urandom(32))

    def test_other_version(self):
        # REQ: XT-57, XT-74
        self.recovers(key=os.urandom(32), kvno=77)

    def test_error_without_a_remedy(self):
        """The cache is left as it was."""
        # REQ: XT-65, XT-94
        self.spoil(self.client, client="somebody")
        before = (self.client.dir / "ccache").read_bytes()
        ours, theirs, exchange = self.server.play()
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), ["AP-REQ", "KRB-ERROR2 final"])
        self.assertEqual((self.client.dir / "ccache").read_bytes(), before)

    def test_no_kdc(self):
        """A ticket that cannot be had is told to the acceptor, and the old
        one stays."""
        # REQ: XT-32, XT-53
        away = self.realm.new_client(kdc=1)
        shutil.copy(self.client.dir / "ccache", away.dir / "ccache")
        self.spoil(away, start=-10 * HOUR, end=-HOUR)
        before = (away.dir / "ccache").read_bytes()
        ours, theirs, exchange = self.server.play(client=away)
        self.assertFalse(ours.complete)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), [
            "AP-REQ", "KRB-ERROR2 continue", "KRB-ERROR2 final"])
        self.assertEqual((away.dir / "ccache").read_bytes(), before)


class Rotation(ExtraCase):
    """A service gets a new key, and forgets the old one."""

    CLIENTS = 200

    def fleet(self, client, server, count):
        """How many of count users with a ticket under the old key get
        through, and the tokens that took."""
        good, tokens = 0, set()
        kept = (client.dir / "ccache").read_bytes()
        for _ in range(count):
            (client.dir / "ccache").write_bytes(kept)
            line = initiate(
                client, server.acceptor.port, "--mech=krb5",
                "--service=host@server." + self.realm.domain,
                "--flags=" + MUTUAL, "--timeout=9")[0]
            server.count += 1
            good += line.complete
            if line.complete:
                tokens.add(line.tokens)
        return good, tokens

    def test_fleet_after_key_rotation(self):
        # REQ: XT-57
        legacy = self.realm.new_client(gssapi={"extra_context_tokens": False})
        legacy.kinit("user", password=self.realm.password)
        legacy.kgetcred(self.realm.service)
        self.realm.change_keys(self.realm.service, keep_old=False)
        type(self).keytab = self.realm.ext_keytab(self.realm.service,
                                                  self.realm.dir / "new.kt")
        server = Server(type(self), "--quiet")
        found = [self.fleet(who, server, self.CLIENTS)
                 for who in (legacy, self.client)]
        print("%d clients with a ticket under the old key: %d get through "
              "without extra tokens, %d with, in %s tokens" % (
                  self.CLIENTS, found[0][0], found[1][0], found[1][1]))
        self.assertEqual(found, [(0, set()), (self.CLIENTS, {"4"})])
        ours, theirs, _ = server.play(client=self.client)
        self.complete(ours, theirs)


if __name__ == "__main__":
    unittest.main()
