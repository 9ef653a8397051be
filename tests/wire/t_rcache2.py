"""The reader and writer of replay caches itself; and against the C one, octet
by octet.  tests/interop/t_replay_mit.py has both against MIT's."""

import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

from realm.install import base_env
from realm.loop import built
from wire import rcache2
from wire.rcache2 import Cache, siphash24

NOW, SKEW = 1000000000, 300
SEED = bytes(range(16))


def number(value):
    """A tag."""
    return value.to_bytes(4, "big") + bytes(8)


class FormatTest(unittest.TestCase):
    """Known answers."""

    def test_siphash(self):
        # the last is the one in the paper, appendix A
        for length, want in ((0, 0x726fdb47dd0e0e31),
                             (8, 0x93f5f5799a932462),
                             (15, 0xa129ca6149be45e5)):
            self.assertEqual(siphash24(SEED, bytes(range(length))), want)

    def test_tables(self):
        tables = list(rcache2.tables())
        self.assertEqual(tables[:4], [(16, 1023), (16384, 2048),
                                      (49152, 4096), (114688, 8192)])
        self.assertEqual(len(tables), 17)
        offset, records = tables[-1]
        self.assertLessEqual(offset + records * 16, 0x7fffffff)

    def test_places(self):
        cache = Cache(SEED)
        for value, want in ((1, 2320), (154, 2336), (811, 23728),
                            (1366, 16368), (2143, 16384)):
            self.assertTrue(cache.store(number(value), NOW, SKEW))
            self.assertEqual(cache.find(number(value)).offset, want)
            self.assertFalse(cache.store(number(value), NOW, SKEW))
        self.assertEqual(cache.lost(), [])

    def test_expiry(self):
        cache = Cache(SEED)
        for value in (1, 154):
            cache.store(number(value), NOW, SKEW)
        self.assertTrue(cache.store(number(811), NOW + SKEW + 1, SKEW))
        self.assertEqual(cache.find(number(811)).offset, 2320)
        self.assertIsNone(cache.find(number(1)))

    def test_lost(self):
        cache = Cache(SEED)
        for value in (1, 154, 811):
            cache.store(number(value), NOW, SKEW)
        cache.octets[2320:2336] = bytes(16)
        self.assertEqual([r.tag for r in cache.lost()], [number(811)])


class BothTest(unittest.TestCase):
    """The same calls of both, from the same seed."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name) / "cache"

    def run_both(self, calls, octets=SEED):
        """Calls are (tag, ctime, now).  What the tool has answered; the file
        must be as ours."""
        cache = Cache(octets)
        self.path.write_bytes(octets)
        self.path.chmod(0o600)
        done = subprocess.run(
            [built("replay_tool", "tests", "ext", "replay"), "store",
             "file2:%s" % self.path, str(SKEW)], env=base_env(),
            input="".join("%s %d %d\n" % (tag.hex(), ctime, now)
                          for tag, ctime, now in calls),
            stdout=subprocess.PIPE, universal_newlines=True, check=True)
        said = done.stdout.splitlines()
        for (tag, ctime, now), answer in zip(calls, said):
            stored = cache.store(tag, now, SKEW,
                                 min(max(ctime, now), now + SKEW))
            self.assertEqual(answer, "stored" if stored else "repeat")
        self.assertEqual(len(said), len(calls))
        self.assertEqual(self.path.read_bytes(), cache.octets)
        self.assertEqual(cache.lost(), [])
        return said

    def test_random_calls(self):
        """Slow and busy times, replays, clients whose clocks are off."""
        # REQ: XT-55
        value = random.randrange(1 << 32)
        print("seed of this run: %d" % value)
        rng = random.Random(value)
        for _ in range(4):
            now, calls, tags = NOW, [], []
            for _ in range(4000):
                now += rng.choice((0, 0, 0, 0, 0, 0, 0, 1, 1, SKEW + 1)) \
                    if rng.random() < .02 else rng.random() < .2
                if tags and rng.random() < .3:
                    tag = rng.choice(tags)
                else:
                    tag = rng.getrandbits(96).to_bytes(12, "big")
                    tags.append(tag)
                calls.append((tag, now + rng.randrange(-400, 400), now))
            said = self.run_both(calls, rng.getrandbits(128).to_bytes(
                16, "big"))
            self.assertEqual(set(said), {"stored", "repeat"})

    def test_seeds_of_all_kinds(self):
        # REQ: XT-55
        calls = [(os.urandom(12), NOW, NOW) for _ in range(1500)]
        # 255: its first octet becomes 0 in the second table
        for seed in (bytes(16), bytes([255]) * 16, os.urandom(16)):
            self.assertEqual(set(self.run_both(calls, seed)), {"stored"})


if __name__ == "__main__":
    unittest.main()
