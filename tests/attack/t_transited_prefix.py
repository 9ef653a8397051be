"""A realm that is trusted says which realms a ticket has come through.  What it
says may be refused; it does not end the KDC."""

import types
import unittest

from realm import RealmCase
from wire import ap, krb, tgs

TRUSTED = "OTHER.TEST"
POLICY = 12
DOMAIN_X500_COMPRESS = 1


class TransitedPrefix(RealmCase):
    """The client's realm is the beginning of the KDC's, or the other way
    round, and what is between them is for the KDC to find out."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        name = "krbtgt/EXT.TEST@" + TRUSTED
        cls.realm.add(name)
        cls.cross = next(e for e in cls.realm.keys(name) if e.etype == 18)

    def ask(self, crealm, transited):
        """A ticket for the service, with a TGT of the trusted realm."""
        cred = ap.issue(self.cross, "mallory", realm=crealm,
                        transited=transited, tr_type=DOMAIN_X500_COMPRESS)
        tgt = types.SimpleNamespace(ticket=cred.ticket, key=cred.session[1],
                                    crealm=crealm, cname="mallory")
        request = tgs.Request(tgt, self.realm.service, realm="EXT.TEST")
        return krb.send_kdc(self.realm.port, request.message, "tcp")

    def test_prefix(self):
        """Upstream's KDC is ended by the first."""
        for crealm in ("OTHER", "O", "OTHER.TEST.MORE", "EXT"):
            with self.subTest(crealm=crealm):
                answer = self.ask(crealm, b",")
                self.assertIsInstance(answer, krb.KrbError)
                self.assertEqual(answer.code, POLICY)
                self.assertTrue(self.realm.running)
        self.realm.client.kinit("user", password=self.realm.password)
        self.realm.client.kgetcred(self.realm.service)


if __name__ == "__main__":
    unittest.main()
