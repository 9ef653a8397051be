"""Channel bindings with MIT krb5 and with an unpatched Heimdal, both roles: an
initiator that is aware of them ([libdefaults] client_aware_channel_bindings)
or not, with the acceptor's bindings, with others, or with none.

The table that the class prints at its end has a line a cell.
"""

import subprocess
import unittest

import peers
from interop.t_spnego_peers import OBJ, library
from realm import RealmCase
from realm.loop import library_env
from realm.table import Table

ASKED = 0x2 | 0x10 | 0x20               # mutual, conf, integ
BOUND, CONTINUE, BAD_BINDINGS = 0x800, 1, 4 << 16


class Side:
    """A spnego_peer process of a client."""

    def __init__(self, client, role, service, mech, bindings, **env):
        self.process = subprocess.Popen(
            [str(OBJ / "spnego_peer"), library(client.inst), role, service,
             str(ASKED), mech, *([bindings] if bindings else [])],
            env=dict(client.env, **library_env(client.inst), **env),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            universal_newlines=True)
        self.major, self.flags = CONTINUE, 0

    def step(self, token):
        """A call with a token, and the token that comes out of it."""
        self.process.stdin.write("step %s\n" % (token.hex() or "-"))
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        self.major, self.flags = int(answer[0]), int(answer[2])
        return bytes.fromhex(answer[3].replace("-", ""))

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class BindingsTest(RealmCase):
    """A realm with a service, and clients of each kind that are aware, or
    are not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table = Table("initiator", "acceptor", "mechanism", "bindings",
                          "result")
        cls.addClassCleanup(cls.table.show)
        cls.service = "host@server." + cls.realm.domain
        cls.keytab = cls.realm.ext_keytab(cls.realm.service)
        cls.clients = {}

    def setUp(self):
        super().setUp()
        self.realm.client.kinit("user", password=self.realm.password)

    def client(self, kind, aware=False):
        """A client that shares the credential cache."""
        if (kind, aware) not in self.clients:
            inst = {"ours": lambda: None, "MIT": peers.mit,
                    "unpatched": peers.heimdal_unpatched}[kind]()
            client = self.realm.new_client(
                inst, libdefaults={"client_aware_channel_bindings": aware})
            client.ccache = self.realm.client.ccache
            self.clients[kind, aware] = client
        return self.clients[kind, aware]

    def exchange(self, one, other, mech, aware, theirs, ours="channel"):
        """(the acceptor's status, its flags)"""
        initiator = Side(self.client(one, aware), "init", self.service, mech,
                         theirs)
        self.addCleanup(initiator.close)
        acceptor = Side(self.client(other), "accept", self.service, mech,
                        ours, KRB5_KTNAME="FILE:%s" % self.keytab,
                        KRB5RCACHENAME="none:")
        self.addCleanup(acceptor.close)
        token = b""
        while acceptor.major == CONTINUE:
            token = initiator.step(token)
            self.assertLessEqual(initiator.major, CONTINUE)
            token = acceptor.step(token)
        if acceptor.major == 0 and initiator.major == CONTINUE:
            initiator.step(token)
            self.assertEqual(initiator.major, 0)
        return acceptor.major, acceptor.flags & BOUND

    def check(self, one, other, cases):
        """cases: (aware, the initiator's bindings, what comes of it)."""
        for mech in ("krb5", "spnego"):
            for aware, theirs, want in cases:
                with self.subTest(mech=mech, aware=aware, bindings=theirs):
                    found = self.exchange(one, other, mech, aware, theirs)
                    self.table.add(
                        one, other, mech, "%s%s" % (
                            theirs or "none", ", aware" if aware else ""),
                        {(0, 0): "accepted", (0, BOUND): "bound",
                         (BAD_BINDINGS, 0): "refused"}.get(found, found))
                    self.assertEqual(found, want)

    CASES = [(False, None, (0, 0)),
             (True, None, (BAD_BINDINGS, 0)),
             (False, "channel", (0, BOUND)),
             (True, "channel", (0, BOUND)),
             (False, "other", (BAD_BINDINGS, 0)),
             (True, "other", (BAD_BINDINGS, 0))]

    def test_ours(self):
        # REQ: KI-17, KI-18, KI-19
        self.check("ours", "ours", self.CASES)

    def test_mit_with_ours(self):
        # REQ: KI-17, KI-19
        self.check("MIT", "ours", self.CASES)

    def test_ours_with_mit(self):
        # REQ: KI-18
        self.check("ours", "MIT", self.CASES)

    def test_unpatched_with_ours(self):
        """It does not know the word."""
        # REQ: KI-17, KI-19
        self.check("unpatched", "ours", [
            (False, None, (0, 0)), (False, "channel", (0, BOUND)),
            (False, "other", (BAD_BINDINGS, 0))])

    def test_ours_with_unpatched(self):
        """It does not look at the word, nor does it say what is bound."""
        # REQ: KI-18
        self.check("ours", "unpatched", [
            (False, None, (0, 0)), (True, None, (0, 0)),
            (True, "channel", (0, 0)), (True, "other", (BAD_BINDINGS, 0))])


if __name__ == "__main__":
    unittest.main()
