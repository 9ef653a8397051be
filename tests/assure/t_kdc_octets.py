"""What a request costs a KDC of memory for good when one of its octets is
another, which has to be nothing: each octet of each kind of request, to a few
values.  See faults_kdc.c.  OCTET_STRIDE: each so many octets only."""

import os
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "assure"))

import t_kdc_memory                     # noqa: E402

STRIDE = int(os.environ.get("OCTET_STRIDE") or "41")
LONG = 1500                             # octets; of these fewer values


def values(rng, octet, length):
    """Which others an octet gets."""
    found = {octet ^ 1, rng.randrange(256)}
    if length < LONG:
        found |= {octet ^ 2, octet ^ 0x80, 0, 255}
    return sorted(found - {octet})


class Octets(t_kdc_memory.Memory):

    # not again
    test_a_ticket_of_an_enctype_without_a_key = None
    test_a_signer_without_certificate = None
    test_an_issuer_named_in_part = None
    test_changed_requests = None

    def test_each_octet(self):
        rng, asked = random.Random(1), []
        for name, make in self.requests().items():
            request = make()
            for at in range(0, len(request), STRIDE):
                for octet in values(rng, request[at], len(request)):
                    asked.append((
                        "%s: %d, %02x in the place of %02x, in %s" % (
                            name, at, octet, request[at],
                            request[max(0, at - 8):at + 8].hex()),
                        request[:at] + bytes([octet]) + request[at + 1:]))
        self.costs_nothing(asked)


if __name__ == "__main__":
    unittest.main()
