"""A few seconds of changed tokens for librxkad-2b, with AddressSanitizer and
UndefinedBehaviorSanitizer.  run_fuzz.py runs longer, with libFuzzer."""

import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from fuzz import run_fuzz
from realm import install

SECONDS = os.environ.get("FUZZ_SECONDS", "5")
SEED = os.environ.get("FUZZ_SEED") or str(int(time.time()))


class Fuzz(unittest.TestCase):

    def test_rxkad(self):
        """No crash, no leak, no verdict that contradicts itself."""
        # REQ: RK-06, RK-15, RK-20
        if not run_fuzz.sanitizes("gcc"):
            self.skipTest("no gcc with its sanitizers")
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            program = run_fuzz.build(directory, "gcc")
            run_fuzz.write_seeds(directory / "corpus")
            done = subprocess.run(
                [str(program), SECONDS, SEED, *map(
                    str, sorted((directory / "corpus").iterdir()))],
                cwd=name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=dict(install.base_env(), KRB5_CONFIG="/dev/null"),
                check=False, timeout=300)
            kept = directory / "fuzz_main.input"
            size = int.from_bytes(kept.read_bytes()[:8], "little")
            self.assertEqual(done.returncode, 0, "seed %s, input %s\n%s" % (
                SEED, kept.read_bytes()[8:8 + size].hex(),
                done.stdout.decode(errors="replace")))
            print(done.stdout.decode().strip())


if __name__ == "__main__":
    unittest.main()
