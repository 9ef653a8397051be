#!/usr/bin/env python3
"""The README says of peers and commands what the tests do."""

import fnmatch
import re
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import support                                              # noqa: E402

README = support.README.read_text()


class SupportTest(unittest.TestCase):
    """The table of features and peers."""

    def test_it_is_up_to_date(self):
        self.assertTrue(support.section() in README,
                        "tests/support.py --write writes it anew")

    def test_each_pattern_names_a_suite(self):
        for feature, patterns in support.FEATURES:
            self.assertNotEqual(support.suites(patterns), [], feature)

    def test_no_suite_that_talks_to_a_peer_is_left_out(self):
        named = {path for _, patterns in support.FEATURES
                 for path in support.suites(patterns)}
        left = [path.name for path in sorted(HERE.glob("interop/t_*.py"))
                if path not in named]
        self.assertEqual(left, [])


class CommandTest(unittest.TestCase):
    """`tests/run.py WORD...` in the README finds suites."""

    def test_each_word(self):
        names = ["%s/%s" % (p.parent.name, p.stem) for p in HERE.glob("*/t*")
                 if re.fullmatch(r"t_\w+\.py|test_\w+\.c", p.name)]
        names += ["tests/" + p.stem for p in HERE.glob("t_*.py")]
        found = 0
        for words in re.findall(r"`tests/run\.py ([^`]+)`", README):
            for word in words.split():
                found += 1
                self.assertTrue(any(
                    word in name or fnmatch.fnmatch(name, word)
                    for name in names), word)
        self.assertGreater(found, 15)


if __name__ == "__main__":
    unittest.main()
