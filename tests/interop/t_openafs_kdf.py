"""rxkad-kdf: OpenAFS's tkt_DeriveDesKey(), ours, and the tests' own, on the
same keys."""

import os
import random
import tempfile
import unittest

from realm import afs
from wire import etypes, rxkad

SEED = int(os.environ.get("RXKAD_SEED", "2"))
EACH = 400                              # random keys of an enctype
ANY_ENCTYPE = (*range(-300, 301), 0x7fff, 0x10000, 0x7fffffff, -0x80000000)
ANY_LENGTH = (*range(0, 49), 64, 65, 127, 128)


class Kdf(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = cls._enter(tempfile.TemporaryDirectory())
        cls.theirs = cls._enter(afs.openafs_decoder(directory))
        cls.ours = cls._enter(afs.our_decoder(directory))
        cls.random = random.Random(SEED)

    @classmethod
    def _enter(cls, context):
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    def same(self, etype, key):
        """The DES key of ours, or None; the three say the same, but for one
        thing."""
        want = rxkad.derive(etype, key)
        code, out = self.theirs.kdf(etype, key)
        self.assertEqual((out, code == 0), (want, want is not None),
                         ("OpenAFS", etype, key.hex(), code))
        if etype in etypes.DES3_TYPES and len(key) > 24:
            want = None                 # OpenAFS takes any multiple of 8
        code, out = self.ours.kdf(etype, key)
        self.assertEqual((out, code == 0), (want, want is not None),
                         ("ours", etype, key.hex(), code))
        return want

    def test_keys(self):
        """Of every enctype that there is."""
        # REQ: RK-04, RK-05
        for etype, size in etypes.KEY_SIZE.items():
            for _ in range(EACH):
                key = self.random.getrandbits(8 * size).to_bytes(size, "big")
                out = self.same(etype, key)
                if etype in etypes.DES_TYPES:
                    self.assertEqual(out, key)
        print("%d keys of %d enctypes" % (EACH * len(etypes.KEY_SIZE),
                                          len(etypes.KEY_SIZE)))

    def test_every_enctype_and_length(self):
        """None is made of a key that is too short, or of an enctype that has
        none."""
        # REQ: RK-05, RK-07
        made = refused = 0
        for etype in ANY_ENCTYPE:
            for size in ANY_LENGTH if abs(etype) < 30 else (0, 6, 7, 8, 32):
                if self.same(etype, bytes(range(size))) is None:
                    refused += 1
                else:
                    made += 1
        print("%d made, %d refused" % (made, refused))
        self.assertGreater(min(made, refused), 500)


if __name__ == "__main__":
    unittest.main()
