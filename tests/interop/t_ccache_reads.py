"""FILE credential caches as libkrb5 reads them: what is made of each is what
the base makes of it, and an initiator needs few system calls for it.

CCACHE_CHANGES=3 changes each octet three times, for a long run.
"""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import peers
from realm import RealmCase, install
from realm.loop import built, library_env

HEIMDAL = ("libgssapi.so.3", "libkrb5.so.26")
MOST = 40                               # MIT krb5 1.20 makes 69
CACHES = 3000                           # there are more of them


def environment(inst):
    """To run a program that is linked with libkrb5 with that of inst."""
    env = dict(os.environ, KRB5_CONFIG="/dev/null", **library_env(inst))
    if inst.lib_path:
        env["LD_LIBRARY_PATH"] = ":".join(inst.lib_path)
    return env


def outcomes(inst):
    """The lines of ccache_outcomes."""
    with tempfile.TemporaryDirectory() as directory:
        run = subprocess.run(
            [built("ccache_outcomes", "tests", "ext", "loop"),
             str(Path(directory) / "cache"),
             os.environ.get("CCACHE_CHANGES", "1")],
            env=environment(inst), stdout=subprocess.PIPE, timeout=1200,
            check=True, universal_newlines=True)
    return run.stdout.splitlines()


class OutcomesTest(unittest.TestCase):
    """Versions 1 to 4; whole, cut after each octet, each octet changed."""

    def test_each_cache_is_read_as_by_the_base(self):
        base = outcomes(peers.heimdal_unpatched())
        ours = outcomes(install.under_test())
        self.assertGreater(len(base), CACHES)
        self.assertEqual(len(ours), len(base))
        other = [pair for pair in zip(base, ours) if pair[0] != pair[1]]
        self.assertEqual(other, [])
        whole = [line for line in ours if " list: 3 " in line]
        self.assertGreaterEqual(len(whole), 4)


class SystemCallsTest(RealmCase):
    """Of a gss_init_sec_context() whose ticket is in the cache."""

    def calls(self, cache, inst):
        """So many, without those of a log."""
        client = self.realm.new_client(logging=None)
        run = subprocess.run(
            [built("bench_initiate", "tests", "ext", "loop"), *HEIMDAL, cache,
             self.realm.full(self.realm.service)],
            env=dict(client.env, **library_env(inst)), check=True,
            input="3\nsyscalls\n", stdout=subprocess.PIPE, timeout=60,
            universal_newlines=True)
        calls = int(run.stdout.split()[-1])
        if calls < 0:
            self.skipTest("system calls cannot be counted here")
        return calls

    def test_an_initiator_makes_few_and_other_tickets_do_not_count(self):
        client, service = self.realm.client, self.realm.service
        client.kinit("user", password=self.realm.password)
        client.kgetcred(service)
        calls = self.calls(client.ccache, install.under_test())
        self.assertTrue(0 < calls <= MOST, calls)
        for number in range(10):
            self.realm.add("host/other%d.test" % number)
            client.kgetcred("host/other%d.test" % number)
        more = self.calls(client.ccache, install.under_test())
        self.assertTrue(calls <= more <= calls + 6, (calls, more))


if __name__ == "__main__":
    unittest.main()
