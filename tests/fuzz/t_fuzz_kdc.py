"""A few seconds of changed requests to a KDC, behind their encryption and
signatures, with AddressSanitizer and UndefinedBehaviorSanitizer.  run_fuzz.py
runs longer, with libFuzzer."""

import unittest

from fuzz import fuzz_kdc


class Fuzz(unittest.TestCase):

    def test_kdc(self):
        """No crash, no leak, nothing granted that has to be refused."""
        # REQ: PF-15, PF-16, PF-20, RK-33, RK-34
        fuzz_kdc.TARGET.run_briefly(self, 10)


if __name__ == "__main__":
    unittest.main()
