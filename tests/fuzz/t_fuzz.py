"""The fuzz targets on their kept inputs, and on these with every octet changed and at every length."""

import subprocess
import unittest
from pathlib import Path

from realm.install import base_env, build_dir
from realm.process import run

HERE = Path(__file__).resolve().parent


class FuzzTest(unittest.TestCase):

    def target(self, name):
        """The program, built when it is not there."""
        place = build_dir() / "obj/tests/ext/fuzz"
        if not (place / name).exists():
            subprocess.run(["make", "-C", place, name], check=True, stdout=subprocess.DEVNULL)
        return place / name

    def test_rxkad(self):
        # REQ: RK-06, RK-15
        inputs = sorted((HERE / "corpus/rxkad").iterdir())
        self.assertGreaterEqual(len(inputs), 10)
        result = run([self.target("fuzz_rxkad"), "-m", *inputs], base_env(), timeout=300)
        self.assertGreater(int(result.stdout.split()[0]), 10000)


if __name__ == "__main__":
    unittest.main()
