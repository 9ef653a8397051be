"""A KDC that is short of memory, once at each place of a request: see
faults_kdc.c.  A few hundred faults of each request; all of them with
FAULT_STRIDE=1, which `make assure` sets."""

import os
import subprocess
import unittest

from realm import RealmCase, install
from wire import etypes, rxkad

SERVICE = "afs/ext.test"
FEW = 150                               # faults of a request, about


@install.own_memory
class Kdc(RealmCase):

    # requests stay good while all of the faults are made
    realm_args = {"libdefaults": {"clockskew": 36000}, "kdc": {
        "enable-524": True,
        "use_2b": {SERVICE + "@EXT.TEST": True},
        "2b_strip": {SERVICE + "@EXT.TEST": True}}}

    def faults(self, kind, octets, total):
        """The findings of the program for one request."""
        program = install.build_dir() / \
            "obj/tests/ext/assure/faults_kdc"
        path = self.realm.dir / "request"
        path.write_bytes(octets)
        env = dict(self.realm.inst.env(), KRB5_CONFIG=str(self.realm.conf))
        env["FAULT_STRIDE"] = os.environ.get("FAULT_STRIDE") or \
            str(max(1, total // FEW))
        if os.environ.get("FAULT_ONLY"):
            env["FAULT_ONLY"] = os.environ["FAULT_ONLY"]
        done = subprocess.run([str(program), kind, str(path)], env=env,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        text = done.stdout.decode(errors="replace")
        print(text)
        self.assertEqual(done.returncode, 0, text[-2000:])
        self.assertRegex(text, r"[1-9]\d* faults, 0 findings")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(SERVICE)

    def ticket(self, **values):
        """A ticket of user, for the service."""
        entry = next(e for e in self.realm.keys(SERVICE)
                     if e.etype == etypes.AES256)
        key = rxkad.Key(entry.kvno, entry.etype, entry.key)
        return rxkad.Ticket(
            key, "user", realm="EXT.TEST", flags=0, sname=SERVICE.split("/"),
            caddr=rxkad.addresses((2, bytes([127, 0, 0, 1]))), **values)

    def test_conversion(self):
        # REQ: RK-31
        self.faults("good", self.ticket(end=36000).whole, 150)

    def test_conversion_refused(self):
        # REQ: RK-34
        self.faults("bad", self.ticket(start=-7200, end=-3600).whole, 100)


if __name__ == "__main__":
    unittest.main()
