"""A KDC and an acceptor under load for seconds: see soak_load.py, which
`make assure` runs for half an hour."""

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import soak_load                        # noqa: E402
from realm import install               # noqa: E402

SECONDS = int(os.environ.get("LOAD_SECONDS", "4"))
SEED = os.environ.get("LOAD_SEED") or "1"


@install.own_memory
class Load(unittest.TestCase):

    def test_load(self):
        """Nothing grows or ends, good ones are answered, and what a stranger
        asks for costs him octets."""
        print("LOAD_SEED=%s" % SEED)
        what = soak_load.load(SECONDS, SEED)
        what.judge()
        print("\n".join(what.report()))
        self.assertEqual(what.findings, [])
        self.assertGreater(what.total(), 300)


if __name__ == "__main__":
    unittest.main()
