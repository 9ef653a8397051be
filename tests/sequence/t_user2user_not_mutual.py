"""User-to-user authentication without mutual authentication, for targets that
[gssapi] extra_tokens_without_mutual names: five tokens."""

import unittest

from realm.extra import NOT_MUTUAL, Server, kinds
from realm.user2user import BOB, U2UCase
from wire import gss

OFFER = 1 << 28                         # ap-options bit 3
HOUR = 3600
FIVE = ["AP-REQ", "KRB-ERROR2 continue"] * 2 + ["AP-REQ"]


class UserToUser(U2UCase):
    """bob has no key."""

    def setUp(self):
        super().setUp()
        self.named = self.login("alice", gssapi={
            "extra_tokens_without_mutual": "bob"})

    def five(self, server=None, **fields):
        """Five tokens, both complete, and messages pass."""
        ours, theirs, exchange = self.play(server, client=self.named,
                                           ask=NOT_MUTUAL)
        self.complete(ours, theirs, tokens="5", user2user="yes",
                      offered="yes", **fields)
        self.assertEqual(ours.flags & 2, 0, ours)
        self.assertEqual(kinds(exchange), FIVE)
        return exchange

    def test_five_tokens(self):
        # REQ: XT-75
        exchange = self.five(recovered="no", confirmed="yes",
                             protection="challenge")
        first = gss.Krb5Token(exchange.token(">1")).message()
        self.assertEqual((first.options & OFFER, first.mutual), (OFFER, False))

    def test_an_error_in_between(self):
        # REQ: XT-75
        self.five(Server(type(self), ahead=HOUR,
                         acceptor_ccache=self.bob.ccache),
                  recovered="yes", confirmed="no")

    def test_not_named(self):
        # REQ: XT-80
        self.nothing_sent(ask=NOT_MUTUAL)
        self.five()

    def test_policies(self):
        # REQ: XT-75, XT-86
        def size():
            return sum(f.stat().st_size for f in self.rcache_dir.iterdir())
        for policy in ("challenge", "cache", "auto", "require"):
            before = size()
            self.five(Server(type(self), replay_protection=policy,
                             acceptor_ccache=self.bob.ccache))
            self.assertEqual(size(), before)
        self.assertNotIn(BOB, self.named.klist().stdout)


if __name__ == "__main__":
    unittest.main()
