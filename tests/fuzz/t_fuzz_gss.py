"""A few seconds of changed tokens for both sides of GSS-API, behind their
encryption, with AddressSanitizer and UndefinedBehaviorSanitizer.  fuzz_gss.py
runs longer, with libFuzzer."""

import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from fuzz import fuzz_gss, run_fuzz

SECONDS = os.environ.get("FUZZ_SECONDS", "10")
SEED = os.environ.get("FUZZ_SEED") or str(int(time.time()))


class Fuzz(unittest.TestCase):

    def test_gss(self):
        """No crash, no leak, nobody content with less than was asked for."""
        # REQ: XT-08, XT-43, XT-94
        if not run_fuzz.sanitizes("gcc"):
            self.skipTest("no gcc with its sanitizers")
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            program = fuzz_gss.build(directory, "gcc")
            fuzz_gss.write_seeds(directory / "corpus")
            done = subprocess.run(
                [str(program), SECONDS, SEED, *map(
                    str, sorted((directory / "corpus").iterdir()))],
                cwd=name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=fuzz_gss.environment(), check=False, timeout=300)
            kept = directory / "fuzz_main.input"
            size = int.from_bytes(kept.read_bytes()[:8], "little")
            self.assertEqual(done.returncode, 0, "seed %s, input %s\n%s" % (
                SEED, kept.read_bytes()[8:8 + size].hex(),
                done.stdout.decode(errors="replace")[-6000:]))
            print(done.stdout.decode().strip())


if __name__ == "__main__":
    unittest.main()
