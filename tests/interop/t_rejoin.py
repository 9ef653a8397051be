"""A computer that has joined its realm anew: its keytab has keys of the same
versions twice, and clients have tickets of the old ones.  Initiators of ours,
of an unpatched Heimdal and of MIT krb5 that know nothing of it; and the name
RestrictedKrbHost, which the keytab lacks, with tickets of a KDC.
"""

import os
import unittest

import peers
from realm import keytab
from realm.extra import ExtraCase, Server, kinds

KINDS = {"ours": lambda: None, "unpatched": peers.heimdal_unpatched,
         "MIT": peers.mit}


class RejoinTest(ExtraCase):
    """Acceptors that take any key, or insist on their name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        cls.clients = {}
        found = keytab.read(cls.keytab)
        cls.keytab = realm.dir / "rejoined.keytab"
        cls.keytab.write_bytes(b"\5\2")
        new = [entry._replace(key=os.urandom(len(entry.key)))
               for entry in found]
        # the old keys behind the new ones, under other versions as well
        keytab.append(cls.keytab, *new, *(entry._replace(
            kvno=entry.kvno + 1) for entry in new), *found)
        cls.servers = [Server(cls), Server(
            cls, "--service=host@server." + realm.domain)]

    def client_of(self, kind):
        """A client that shares the credential cache."""
        if kind not in self.clients:
            client = self.realm.new_client(inst=KINDS[kind]())
            client.ccache = self.realm.client.ccache
            self.clients[kind] = client
        return self.clients[kind]

    def good(self, ours, theirs):
        """Both sides are complete, and messages pass."""
        for line in (ours, theirs):
            self.assertTrue(line.complete, line)
            self.assertEqual(line.messages, "ok", line)
        self.assertEqual(theirs.src, "user@" + self.realm.name)

    def check(self, kind):
        client = self.client_of(kind)
        for server in self.servers:
            for mech in ("krb5", "spnego"):
                with self.subTest(mech=mech):
                    ours, theirs, exchange = server.play(client=client,
                                                         mech=mech)
                    self.good(ours, theirs)
                    self.assertEqual(kinds(exchange)[:2],
                                     ["AP-REQ", "AP-REP"])

    def test_ours(self):
        # REQ: KI-05, KI-06
        self.check("ours")

    def test_unpatched(self):
        # REQ: KI-05, KI-06
        self.check("unpatched")

    def test_mit(self):
        # REQ: KI-05, KI-06
        self.check("MIT")

    def test_restricted(self):
        """The KDC's ticket for a name whose key is the computer's."""
        # REQ: KI-14
        name = "RestrictedKrbHost/server." + self.realm.domain
        self.realm.add(name)
        entries = keytab.read(self.realm.ext_keytab(name))
        host = self.realm.service.split("@")[0]
        keytab.append(self.keytab, *(entry._replace(
            principal="%s@%s" % (host, self.realm.name), kvno=30 + entry.kvno)
                                     for entry in entries))
        for kind in KINDS:
            with self.subTest(kind=kind):
                ours, theirs, _ = self.servers[0].play(
                    client=self.client_of(kind), args=[
                        "--service=RestrictedKrbHost@server." +
                        self.realm.domain])
                self.good(ours, theirs)


if __name__ == "__main__":
    unittest.main()
