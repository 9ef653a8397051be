"""A PKINIT login that is short of memory, once at each place of the client's
or the KDC's side: see faults_pkinit.c.  A few of them; all with
FAULT_STRIDE=1, which `make assure` sets."""

import os
import subprocess
import unittest

from realm import RealmCase, install, pki

USER, OTHER = "user@EXT.TEST", "other@EXT.TEST"
FEW = 200                               # faults of a login, about


@install.own_memory
class Pkinit(RealmCase):
    """The realm's KDC does not run: the program is one."""

    realm_args = {"pkinit": True, "start": False,
                  "kdc": {"pkinit_require_freshness": True}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(OTHER)
        cls.conf = cls.realm.client_conf("client.conf")

    def setUp(self):
        """There is no log to mark."""

    def faults(self, side, kind, total, conf=None, principal=USER):
        """The findings of the program; total allocations, about."""
        program = install.build_dir() / "obj/tests/ext/assure/faults_pkinit"
        env = dict(self.realm.inst.env(), HOME=str(self.realm.dir))
        env["FAULT_STRIDE"] = os.environ.get("FAULT_STRIDE") or \
            str(max(1, total // FEW))
        if os.environ.get("FAULT_ONLY"):
            env["FAULT_ONLY"] = os.environ["FAULT_ONLY"]
        done = subprocess.run(
            [str(program), side, kind, str(self.realm.conf),
             str(conf or self.conf), principal, self.realm.cert().identity,
             "FILE:%s" % (self.realm.dir / "ccache")], env=env,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        text = done.stdout.decode(errors="replace")
        print(text)
        self.assertEqual(done.returncode, 0, text[-2000:])
        self.assertRegex(text, r"[1-9]\d* faults, 0 findings")

    def test_client(self):
        # REQ: PF-01
        self.faults("client", "good", 3000)

    def test_kdc(self):
        # REQ: PF-01
        self.faults("kdc", "good", 3000)

    def test_certificate_of_somebody_else(self):
        self.faults("kdc", "bad", 2000, principal=OTHER)

    def test_without_freshness(self):
        # REQ: PF-07
        conf = self.realm.client_conf(
            "stale.conf", libdefaults={"pkinit_freshness": "never"})
        self.faults("kdc", "bad", 2000, conf=conf)

    def test_kdc_that_is_not_trusted(self):
        other = self.realm.dir / "other"
        other.mkdir()
        anchors = pki.Authority(other).anchors
        conf = self.realm.client_conf(
            "distrust.conf", appdefaults={"pkinit_anchors": anchors},
            realms={"EXT.TEST": {"pkinit_anchors": anchors}})
        self.faults("client", "bad", 3000, conf=conf)


if __name__ == "__main__":
    unittest.main()
