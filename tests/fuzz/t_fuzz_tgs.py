"""A few seconds of changed answers of ticket granting servers, with
AddressSanitizer and UndefinedBehaviorSanitizer.  run_fuzz.py runs longer, with
libFuzzer."""

import unittest

from fuzz import fuzz_tgs


class Fuzz(unittest.TestCase):

    def test_tgs(self):
        """No crash, no leak, no end of requests, and no ticket taken that is
        another's or that nobody has made who has the key."""
        # REQ: XT-58
        fuzz_tgs.TARGET.run_briefly(self, 10)


if __name__ == "__main__":
    unittest.main()
