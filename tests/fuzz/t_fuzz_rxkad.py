"""A few seconds of changed tokens for librxkad-2b, with AddressSanitizer and
UndefinedBehaviorSanitizer.  run_fuzz.py runs longer, with libFuzzer."""

import unittest

from fuzz import fuzz_rxkad


class Fuzz(unittest.TestCase):

    def test_rxkad(self):
        """No crash, no leak, no verdict that contradicts itself."""
        # REQ: RK-06, RK-15, RK-20
        fuzz_rxkad.TARGET.run_briefly(self, 5)


if __name__ == "__main__":
    unittest.main()
