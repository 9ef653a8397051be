"""A few seconds of changed answers of a KDC, and of a krb524 server, with
AddressSanitizer and UndefinedBehaviorSanitizer.  run_fuzz.py runs longer, with
libFuzzer."""

import unittest

from fuzz import fuzz_client


class Fuzz(unittest.TestCase):

    def test_client(self):
        """No crash, no leak, no end of requests, and no reply taken that
        nobody has made who has the key."""
        # REQ: PF-06, PF-12, RK-36
        fuzz_client.TARGET.run_briefly(self, 10)


if __name__ == "__main__":
    unittest.main()
