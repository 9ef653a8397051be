"""test_context and test_ntlm of lib/gssapi: the exchange within one process,
with mechanisms that are real, and with the step mechanism of 1 to 6 tokens
(tests/loop/stepmech.c) under SPNEGO.  What a mechanism may do beyond that is
in tests/loop/test_context_loop.c and test_ntlm_loop.c.
"""

import pathlib
import re
import tempfile
import unittest

from realm import RealmCase, install
from realm.install import base_env, build_dir, preload, under_test
from realm.loop import built, library_env
from realm.process import run

VALGRIND = install.valgrind()
STEP = build_dir() / "obj/tests/ext/loop/.libs"
# STEPMECH_MINOR_FAULT and _PEER
FAULT, PEER = "mech-code: %d" % 0x53540001, "mech-code: %d" % 0x53540002
DIGESTS = "ntlm-v2 ntlm-v1-session ntlm-v1"
# options, tokens of the exchange, calls of gss_init_sec_context
KRB5 = (((), 1, 1), (("--mutual-auth",), 2, 2),
        (("--mutual-auth", "--dce-style"), 3, 2))


def lost(log, besides=None):
    """Stacks of what a program lost by valgrind's log, without those of
    `besides`."""
    text = log.read_text()
    if not re.search("definitely lost:|no leaks are possible", text):
        raise AssertionError(text)
    return [part for part in re.split(r"\n==\d+== \n", text)
            if "definitely lost in" in part and
            not (besides and besides in part)]


def valgrind(log):
    """What to put before a program."""
    return (VALGRIND, "--leak-check=full", "--num-callers=40",
            "--errors-for-leak-kinds=none", "--error-exitcode=99",
            "--log-file=%s" % log)


class ProgramCase(RealmCase):
    """A realm with a keytab and an initiator's credentials."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keytab = cls.realm.ext_keytab(cls.realm.service)

    def setUp(self):
        super().setUp()
        self.realm.client.kinit("user", password=self.realm.password)

    def env(self, **more):
        """Of a program."""
        client = self.realm.client
        return {**client.env, **library_env(client.inst),
                "KRB5_KTNAME": "FILE:%s" % self.keytab, **more}

    def program(self, name, *args, argv0=(), env=None, **kw):
        """Run one of lib/gssapi."""
        return run([*argv0, built(name, "lib", "gssapi"), *args],
                   self.env(**(env or {})), timeout=120, **kw)

    def context(self, *args, **kw):
        """test_context with the realm's service."""
        return self.program(
            "test_context", *args, "--name-type=krb5-principal-name",
            self.realm.full(self.realm.service), **kw)


class ContextTest(ProgramCase):
    """test_context."""

    def refused(self, *args, mech="krb5"):
        """An exchange that the acceptor refuses for want of its key; what
        was said."""
        done = self.context("--mech-type=" + mech, *args, expect_code=1, env={
            "KRB5_KTNAME": "FILE:%s/none" % self.realm.dir})
        return done.stderr.splitlines()

    def test_numbers_of_tokens(self):
        # REQ: GL-05, GL-06, GL-07, GL-39
        for mech in ("krb5", "spnego"):
            for args, tokens, loops in KRB5:
                if mech == "spnego" and tokens == 3:
                    continue
                if mech == "spnego":
                    loops = 2           # there is always an answer
                args = ("--mech-type=" + mech, "--ret-mech-type=krb5", *args)
                done = self.context(*args, "-v", "--wrapunwrap",
                                    "--getverifymic",
                                    "--max-loops=%d" % loops)
                self.assertIn("num loops %d\n" % loops, done.stdout)
                self.assertIn("resulting mech: krb5", done.stdout)
                self.assertEqual(done.stderr, "")

    def test_max_loops(self):
        # REQ: GL-39
        done = self.context("--mutual-auth", "--max-loops=1", expect_code=1)
        self.assertIn("num loops 2 was lager then max loops 1", done.stderr)
        self.context("--mutual-auth", "--max-loops=2")

    def test_the_retry_after_clock_skew(self):
        """The acceptor's error token, with GSS_S_CONTINUE_NEEDED."""
        # REQ: GL-09, GL-18, GL-39
        done = self.context("--mutual-auth", "-v", "--max-loops=3",
                            "--server-time-offset=3600")
        self.assertIn("num loops 3\n", done.stdout)
        # the cache has the server's time now
        self.realm.client.kinit("user", password=self.realm.password)
        self.context("--mutual-auth", "--max-loops=2")

    def test_the_initiator_is_given_the_error_token(self):
        # REQ: GL-09, GL-18, GL-32, GL-39
        for mech in ("krb5", "spnego"):
            for args in ((), ("--mutual-auth",)):
                said = self.refused(*args, mech=mech)
                self.assertIn("test_context: accept_sec_context: gss-code: ",
                              said[0])
                if mech == "spnego" or args:
                    self.assertEqual(len(said), 2, said)
                    self.assertIn("gss-code: ", said[1])
                self.context("--mech-type=" + mech, *args)

    @unittest.skipUnless(VALGRIND, "no valgrind")
    def test_nothing_is_lost(self):
        # REQ: GL-34, GL-39
        log = self.realm.dir / "valgrind"
        for args, _, _ in KRB5:
            self.context(*args, argv0=valgrind(log))
            self.assertEqual(lost(log), [], args)
        self.context("--mutual-auth", argv0=valgrind(log), expect_code=1,
                     env={"KRB5_KTNAME": "FILE:%s/none" % self.realm.dir})
        self.assertEqual(lost(log), [])


class StepTest(unittest.TestCase):
    """test_context with the step mechanism under SPNEGO; no realm."""

    @classmethod
    def setUpClass(cls):
        if not (STEP / "mech_config.so").exists():
            raise unittest.SkipTest("tests/ext/loop is not built")

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)
        (self.dir / "mech").write_text(
            "step 2.25.1 %s -\n" % (STEP / "stepmech.so"))
        (self.dir / "krb5.conf").write_text("[libdefaults]\n")

    def exchange(self, step, *args, argv0=(), **kw):
        """Run it with the step mechanism so configured."""
        none = "FILE:%s/none" % self.dir
        env = dict(base_env(), **library_env(under_test()),
                   STEPMECH=step, STEPMECH_CONFIG=str(self.dir / "mech"),
                   KRB5_CONFIG=str(self.dir / "krb5.conf"),
                   KRB5CCNAME=none, KRB5_KTNAME=none,
                   GSSAPI_SPNEGO_NAME="host@step.test",
                   **preload(STEP / "mech_config.so"))
        return run([*argv0, built("test_context", "lib", "gssapi"), "-v",
                    "--mech-type=spnego", *args, "service@step.test"], env,
                   timeout=120, **kw)

    def test_numbers_of_tokens(self):
        # REQ: GL-06, GL-07, GL-37, GL-39
        for tokens in range(1, 7):
            mutual = ["--mutual-auth"] if tokens > 1 else []
            done = self.exchange("tokens=%d" % tokens, "--wrapunwrap",
                                 "--getverifymic", *mutual)
            loops = int(re.search(r"num loops (\d+)", done.stdout)[1])
            self.assertIn(loops, (tokens // 2 + 1, tokens // 2 + 2), tokens)
            self.assertEqual(done.stderr, "")

    def test_flags(self):
        # REQ: GL-22, GL-39
        done = self.exchange("tokens=1", "--mutual-auth", expect_code=1)
        self.assertEqual(done.stderr,
                         "test_context: the context lacks flags: 0x2\n")
        done = self.exchange("tokens=2 mic=no", expect_code=1)
        self.assertEqual(done.stderr,
                         "test_context: the context lacks flags: 0x30\n")
        self.exchange("tokens=2", "--mutual-auth")

    def test_the_acceptors_error_token(self):
        # REQ: GL-09, GL-18, GL-32, GL-39
        for fault, tokens in (("accept:1", 2), ("accept:1", 6),
                              ("accept:2", 4), ("accept:2", 6),
                              ("accept:3", 6)):
            done = self.exchange("tokens=%d fault=%s:errtoken" % (
                tokens, fault), "--mutual-auth", expect_code=1)
            said = done.stderr.splitlines()
            self.assertEqual(len(said), 2, done)
            self.assertRegex(said[0], "accept_sec_context: .*" + FAULT)
            self.assertRegex(said[1], "init_sec_context: .*" + PEER)
            self.exchange("tokens=%d" % tokens, "--mutual-auth")

    @unittest.skipUnless(VALGRIND, "no valgrind")
    def test_nothing_is_lost(self):
        """But the step mechanism's sets, as stepmech.c says."""
        # REQ: GL-34, GL-39
        log = self.dir / "valgrind"
        for tokens in range(2, 7):
            self.exchange("tokens=%d" % tokens, argv0=valgrind(log))
            self.assertEqual(lost(log, " make_set ("), [], tokens)
        for fault in ("accept:1:errtoken", "accept:2:errtoken",
                      "accept:2:error", "init:2:error", "init:2:keepctx"):
            self.exchange("tokens=4 fault=" + fault, argv0=valgrind(log),
                          expect_code=1)
            self.assertEqual(lost(log, " make_set ("), [], fault)


class NtlmTest(ProgramCase):
    """test_ntlm, with the KDC's digest service behind the acceptor."""

    realm_args = {"kdc": {"enable-digest": True, "digests_allowed": DIGESTS}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        realm.add("digest/EXT.TEST")
        realm.add("foo", password="digestpassword")
        realm.modify(realm.service, "--attributes=+allow-digest")
        cls.acceptor = realm.new_client()
        cls.acceptor.kinit(realm.service, keytab=cls.keytab)

    def acceptor_env(self):
        """What the acceptor needs."""
        return {"NTLM_ACCEPTOR_CCACHE": self.acceptor.ccache}

    def ntlm(self, **kw):
        """Run it."""
        return self.program("test_ntlm", env=self.acceptor_env(), **kw)

    def test_good(self):
        # REQ: GL-39
        done = self.ntlm()
        self.assertEqual(len(re.findall("^src_name: foo@", done.stdout,
                                        re.M)), 2, done)
        self.assertEqual(done.stderr, "")

    def test_refused(self):
        # REQ: GL-34, GL-39
        self.realm.kadmin("passwd", "-p", "other", "foo")
        done = self.ntlm(expect_code=1)
        self.assertIn("test_ntlm: accept_sec_context v1 2: gss-code: ",
                      done.stderr)
        self.realm.kadmin("passwd", "-p", "digestpassword", "foo")
        self.ntlm()

    @unittest.skipUnless(VALGRIND, "no valgrind")
    def test_nothing_is_lost(self):
        """By the program; the mechanism's acceptor is another matter."""
        # REQ: GL-34, GL-39
        log = self.realm.dir / "valgrind"
        self.ntlm(argv0=valgrind(log))
        self.assertEqual(lost(log, " gss_accept_sec_context ("), [])


if __name__ == "__main__":
    unittest.main()
