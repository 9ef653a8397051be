"""Requests for a KDC's krb524 service that are changed at random, on the
outside and, sealed with the service's own key, on the inside.  The KDC lives,
answers with what the protocol knows, and converts a good ticket after each
lot.

FUZZ_KRB524=N requests (default 1500); FUZZ_SEED=S
"""

import os
import random
import socket
import unittest

from realm import RealmCase, ports
from wire import der, etypes, krb, krb524, rxkad

COUNT = int(os.environ.get("FUZZ_KRB524", "1500"))
SEED = int(os.environ.get("FUZZ_SEED") or 1)
SERVICE = "afs/ext.test"
LOT = 50


class Fuzz(RealmCase):

    realm_args = {"kdc": {
        "enable-524": True,
        "use_2b": {SERVICE + "@EXT.TEST": True},
        "2b_strip": {SERVICE + "@EXT.TEST": True}}}

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.realm.add(SERVICE)
        entry = next(e for e in self.realm.keys(SERVICE)
                     if e.etype == etypes.AES256)
        self.key = rxkad.Key(entry.kvno, entry.etype, entry.key)
        self.good = self.ticket()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.connect((ports.LOOPBACK, self.realm.port))
        self.socket.settimeout(20)

    def ticket(self, **values):
        """A ticket of user."""
        return rxkad.Ticket(
            self.key, "user", realm="EXT.TEST", flags=0, **values,
            caddr=rxkad.addresses((2, bytes([127, 0, 0, 1]))),
            ad=rxkad.authdata((1, rxkad.authdata((99, b"x")))),
            sname=SERVICE.split("/"), end=36000)

    def change(self, octets):
        """One to three times: a bit, an octet, one more, one less, the
        end."""
        for _ in range(self.random.randint(1, 3)):
            if not octets:
                return octets
            at = self.random.randrange(len(octets))
            byte = bytes([self.random.randrange(256)])
            octets = self.random.choice((
                octets[:at] + bytes([octets[at] ^ 1 << byte[0] % 8]) +
                octets[at + 1:],
                octets[:at] + byte + octets[at + 1:],
                octets[:at] + byte + octets[at:],
                octets[:at] + octets[at + 1:],
                octets[:-1 - byte[0] % 8] or octets))
        return octets

    def request(self):
        """A ticket that is changed."""
        if self.random.random() < 0.5:
            return self.change(self.good.whole)
        return self.ticket(part=self.change(self.good.part)).whole

    def settle(self, number):
        """All answers to what was sent before a good ticket, which is known
        by its authtime; they are replies, or errors of four octets, or a
        Kerberos error for what is no ticket any more."""
        last = self.ticket(auth=-1000 - number)
        self.last = der.parse(last.part).inner()[5].raw
        self.socket.send(last.whole)
        found = 0
        while True:
            answer = self.socket.recv(65536)
            if answer[:1] == b"\x7e":   # KRB-ERROR
                der.parse(answer)
                continue
            reply = krb524.Reply(answer)
            if reply.status == 0:
                self.assertEqual(reply.kvno, rxkad.V2B)
                part = self.opened(reply.token)
                self.assertIsNone(part[10])             # stripped
                self.assertIsNone(part[9])
                if part[5].raw == self.last:
                    return found
            found += 1

    def opened(self, token):
        """The EncTicketPart in a token."""
        return der.parse(krb.EncryptedData(der.parse(token)).decrypt(
            self.key.octets, rxkad.KU_TICKET)).inner()

    def test_requests(self):
        # REQ: RK-29, RK-33, RK-34
        print("seed %d" % SEED)
        answered = 0
        for number in range(COUNT // LOT):
            for _ in range(LOT):
                self.socket.send(self.request() or b"\0")
            answered += self.settle(number)
            self.assertTrue(self.realm.running)
        print("%d requests, %d answered" % (COUNT, answered))
        self.assertEqual(krb524.ask(self.realm.port,
                                    self.good.whole).status, 0)


if __name__ == "__main__":
    unittest.main()
