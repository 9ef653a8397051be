"""Retries of a PKINIT login leak nothing (valgrind)."""

import re
import unittest

from realm import RealmCase, Relay, install
from wire import exchange, krb

VALGRIND = install.valgrind()


@unittest.skipUnless(VALGRIND, "no valgrind")
class LeakTest(RealmCase):
    """What kinit loses does not grow with the number of tries."""

    realm_args = {"pkinit": True}

    def lost(self, bad_tokens, *args):
        """Octets that a kinit loses whose first tokens are no good."""
        left = [b"no token %d" % n for n in range(bad_tokens)]

        def hook(direction, data):
            if direction == "<" and left:
                error = krb.read(data)
                if isinstance(error, krb.KrbError) and \
                        exchange.token_of(error):
                    return exchange.with_token(error, left.pop(), "EXT.TEST")
            return data
        relay = self.enter(Relay(self.realm.port, hook))
        client = self.realm.new_client(kdc=relay.port, libdefaults={
            "kdc_timeout": 60})
        cert = self.realm.cert()
        client.run(VALGRIND, "--leak-check=full",
                   "--errors-for-leak-kinds=none", "--error-exitcode=99",
                   "--log-file=%s/valgrind" % client.dir,
                   self.realm.inst.program("kinit"), "--no-afslog", *args,
                   "-C", cert.identity, "user@EXT.TEST", timeout=120)
        self.assertEqual(exchange.steps(relay),
                         ["ask"] + ["sign+token"] * (bad_tokens + 1))
        log = (client.dir / "valgrind").read_text()
        found = re.findall(r"definitely lost: ([\d,]+) bytes", log)
        if not found and "no leaks are possible" in log:
            return 0
        return int(found[0].replace(",", ""))

    def test_diffie_hellman(self):
        # REQ: PF-25
        self.assertLessEqual(self.lost(2), self.lost(0))

    def test_rsa(self):
        # REQ: PF-25
        self.assertLessEqual(self.lost(2, "--pk-use-enckey"),
                             self.lost(0, "--pk-use-enckey"))


if __name__ == "__main__":
    unittest.main()
