"""Threads that make contexts at the same time, with credentials and a replay
cache that they share, and helgrind, which tells two of them that get at the
same place without a lock.  HELGRIND_EXCHANGES (2) a thread and mode."""

import os
import subprocess
import tempfile
import unittest

from realm import install, loop

VALGRIND = install.valgrind()
FOUND = 9


@unittest.skipUnless(VALGRIND, "no valgrind")
class Threads(unittest.TestCase):

    def helgrind(self, *argv, **more):
        """What the program says; its exit status is FOUND for a race."""
        env = dict(os.environ, **loop.library_env(install.under_test()),
                   **more)
        with tempfile.TemporaryDirectory() as directory:
            return subprocess.run(
                [VALGRIND, "--tool=helgrind", "--quiet",
                 "--error-exitcode=%d" % FOUND, *argv], cwd=directory,
                env=env, check=False, timeout=3600, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_a_race_is_told(self):
        done = self.helgrind(loop.built("race", "tests", "ext", "assure"))
        self.assertEqual(done.returncode, FOUND, done.stdout)
        self.assertIn("Possible data race", done.stdout)

    def test_contexts(self):
        done = self.helgrind(
            loop.program("test_extra_threads"),
            os.environ.get("HELGRIND_EXCHANGES", "2"), "4",
            **install.preload(loop.built("try_lock.so", "tests", "ext",
                                         "assure")))
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])
        self.assertIn("8 cases, 0 failed", done.stdout)


if __name__ == "__main__":
    unittest.main()
