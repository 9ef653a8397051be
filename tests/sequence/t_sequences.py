"""Each sequence of context tokens of the document (section 3.2), from one to
six, between an initiator and an acceptor of ours.  The table that is printed at
the end has the tokens as they went over the wire, and the token with which each
side was complete, or had failed."""

import os
import shutil
import unittest

from realm.extra import MUTUAL, NOT_MUTUAL, ExtraCase, Server, kinds, spoil
from realm.table import Table
from realm.user2user import BOB
from wire import krb_error2 as k2

HOUR = 3600
DATA = "--send-authdata=" + k2.authdata(k2.if_relevant((77, b"x"))).hex()
AP_REQ, AP_REP, AP_REP2 = "AP-REQ", "AP-REP", "AP-REP2"
CONTINUE, FINAL = "K2 continue", "K2 final"
SHORT = {"KRB-ERROR2 continue": CONTINUE, "KRB-ERROR2 final": FINAL}
NAMED = {"extra_tokens_without_mutual": "*/* *"}


class Sequences(ExtraCase):
    """host/server has a key; bob has a TGT alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        cls.table = Table("row", "mutual", "tokens", "initiator", "acceptor",
                          "what they were")
        cls.addClassCleanup(cls.table.show)
        cls.key = next(e for e in realm.keys(realm.service) if e.etype == 18)
        realm.add(BOB, password=realm.password, attributes="disallow-svr")
        cls.bob = realm.new_client()
        cls.bob.kinit(BOB, password=realm.password)
        cls.plain = Server(cls)
        cls.ahead = Server(cls, ahead=HOUR)
        cls.challenge = Server(cls, replay_protection="challenge")

    def setUp(self):
        self.realm.log.mark()

    def client_of(self, **values):
        """Another client with a TGT, who knows nothing of a clock."""
        client = self.realm.new_client(**values)
        client.kinit("user", password=self.realm.password)
        return client

    def to_bob(self, **values):
        """An acceptor with bob's TGT; what play() needs to reach it."""
        return Server(type(self), *values.pop("args", ()),
                      acceptor_ccache=self.bob.ccache, **values), \
            "--service=" + BOB

    @staticmethod
    def done(line, count, initiator):
        """How a side ended, and with which token: a side that waits for none
        is done when it sends, whoever fails when it is told."""
        if not line.complete:
            return "failed" if line.outcome == "gss-error" else "gone"
        sends = count % 2 == (1 if initiator else 0)
        return "complete, %s %d" % ("sends" if sends else "takes", count)

    def row(self, name, tokens, *args, server=None, complete=True, ask=MUTUAL,
            client=None, **fields):
        """Play an exchange, compare, and add a row."""
        server = server or self.plain
        ours, theirs, exchange = server.play(
            client=client or self.client_of(), ask=ask, args=args)
        found = [SHORT.get(kind, kind) for kind in kinds(exchange)]
        # an AP-REP2 looks like the other kind to who has no key
        if tokens[-1] == AP_REP2 and found[-1:] == [CONTINUE]:
            self.assertEqual(theirs.acceptor_authdata, "sent")
            found[-1] = AP_REP2
        self.table.add(
            name, "yes" if "mutual" in ask else "no", str(len(found)),
            self.done(ours, len(found), True),
            self.done(theirs, len(found), False),
            ", ".join(found))
        self.assertEqual(found, tokens, (ours, theirs))
        # without mutual authentication nobody tells the initiator
        told = complete or found[1:] != []
        self.assertEqual(theirs.complete, complete, (ours, theirs))
        self.assertEqual(ours.complete and told, complete, (ours, theirs))
        if complete:
            self.complete(ours, theirs, tokens=str(len(tokens)), **fields)
        self.assertLessEqual(len(found), 6)

    def test_66_one(self):
        # REQ: XT-66
        self.row("XT-66", [AP_REQ], ask=NOT_MUTUAL, offered="no")

    def test_67_one_and_an_error(self):
        """Without an offer the acceptor says nothing (RFC 4121 has nothing
        for it); with one it is KRB-ERROR2."""
        # REQ: XT-67
        for client, tokens in ((self.client_of(), [AP_REQ]),
                               (self.client_of(gssapi=NAMED),
                                [AP_REQ, FINAL])):
            spoil(client, self.key, client="somebody")
            self.row("XT-67", tokens, client=client, ask=NOT_MUTUAL,
                     complete=False)

    def test_68_two(self):
        # REQ: XT-68
        self.row("XT-68", [AP_REQ, AP_REP], confirmed="no")

    def test_69_two_and_the_old_error(self):
        # REQ: XT-69
        client = self.client_of(gssapi={"extra_context_tokens": False})
        spoil(client, self.key, key=os.urandom(32))
        self.row("XT-69", [AP_REQ, "KRB-ERROR 41"], client=client,
                 complete=False)

    def test_70_two_and_an_error(self):
        # REQ: XT-70
        client = self.client_of()
        spoil(client, self.key, client="somebody")
        self.row("XT-70", [AP_REQ, FINAL], client=client, complete=False)

    def test_71_two_and_nothing_to_be_done(self):
        """There is no other ticket: the initiator tells it, and its
        application has GSS_S_FAILURE."""
        # REQ: XT-71
        client = self.client_of()
        spoil(client, self.key, start=-10 * HOUR, end=-HOUR)
        away = self.realm.new_client(kdc=1)
        shutil.copy(client.dir / "ccache", away.dir / "ccache")
        self.row("XT-71", [AP_REQ, CONTINUE, FINAL], client=away,
                 complete=False)

    def test_72_three_without_mutual_authentication(self):
        # REQ: XT-72
        self.row("XT-72", [AP_REQ, CONTINUE, AP_REQ], server=self.ahead,
                 client=self.client_of(gssapi=NAMED), ask=NOT_MUTUAL,
                 recovered="yes")
        self.row("XT-72", [AP_REQ, CONTINUE, AP_REQ], confirmed="yes",
                 client=self.client_of(gssapi=NAMED), ask=NOT_MUTUAL)

    def test_73_three(self):
        # REQ: XT-73
        self.row("XT-73", [AP_REQ, CONTINUE, AP_REQ], server=self.challenge,
                 confirmed="yes")

    def test_74_four(self):
        """With replay protection as well: no fifth token for it."""
        # REQ: XT-74
        client = self.client_of()
        spoil(client, self.key, start=-10 * HOUR, end=-HOUR)
        self.row("XT-74", [AP_REQ, CONTINUE, AP_REQ, AP_REP], client=client,
                 server=self.challenge, recovered="yes",
                 protection="challenge")
        server, service = self.to_bob(replay_protection="challenge")
        self.row("XT-74", [AP_REQ, CONTINUE, AP_REQ, AP_REP], service,
                 server=server, user2user="yes", protection="challenge")

    def test_75_five(self):
        # REQ: XT-75
        for values in ({}, {"ahead": HOUR}):
            server, service = self.to_bob(**values)
            self.row("XT-75", [AP_REQ, CONTINUE, AP_REQ, CONTINUE, AP_REQ],
                     service, server=server, ask=NOT_MUTUAL,
                     client=self.client_of(gssapi=NAMED), user2user="yes",
                     recovered="yes" if values else "no")

    def test_76_six(self):
        # REQ: XT-76
        server, service = self.to_bob(ahead=HOUR)
        self.row("XT-76", [AP_REQ, CONTINUE, AP_REQ, CONTINUE, AP_REQ,
                           AP_REP], service, server=server, user2user="yes",
                 recovered="yes")

    def test_77_ap_rep2(self):
        """Two, four and six tokens, whose last has authorization data of the
        acceptor."""
        # REQ: XT-77, XT-97
        self.row("XT-77", [AP_REQ, AP_REP2], server=Server(type(self), DATA))
        self.row("XT-77", [AP_REQ, CONTINUE, AP_REQ, AP_REP2],
                 server=Server(type(self), DATA, ahead=HOUR),
                 recovered="yes")
        for values, tokens in (({}, 4), ({"ahead": HOUR}, 6)):
            server, service = self.to_bob(args=(DATA,), **values)
            self.row("XT-77", [AP_REQ, CONTINUE] * (tokens // 2 - 1) +
                     [AP_REQ, AP_REP2], service, server=server,
                     user2user="yes")

    def test_78_the_old_way(self):
        # REQ: XT-78
        self.row("XT-78", [AP_REQ, "KRB-ERROR 37", AP_REQ, AP_REP],
                 server=self.ahead, offered="no",
                 client=self.client_of(
                     gssapi={"extra_context_tokens": False}))


if __name__ == "__main__":
    unittest.main()
