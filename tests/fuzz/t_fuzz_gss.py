"""A few seconds of changed tokens for both sides of GSS-API, behind their
encryption, with AddressSanitizer and UndefinedBehaviorSanitizer.  run_fuzz.py
runs longer, with libFuzzer."""

import unittest

from fuzz import fuzz_gss


class Fuzz(unittest.TestCase):

    def test_gss(self):
        """No crash, no leak, nobody content with less than was asked for."""
        # REQ: XT-08, XT-43, XT-94
        fuzz_gss.TARGET.run_briefly(self, 10)


if __name__ == "__main__":
    unittest.main()
