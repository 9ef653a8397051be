"""Where OVERLAY puts the modules: a build in the source tree is possible."""

import re
import unittest
from pathlib import Path

from realm.install import build_dir

ROOT = Path(__file__).resolve().parents[2]
STAGE = build_dir() / "stage"


def targets():
    """The directories that modules get in the Heimdal tree."""
    lines = (line.split("#")[0].split()
             for line in (ROOT / "OVERLAY").read_text().splitlines())
    return [Path(line[1]) for line in lines if line]


def programs(directory):
    """What is linked in a directory: names in variables like bin_PROGRAMS of
    its makefile and of those that are included."""
    path = STAGE / directory / "Makefile.am"
    text = path.read_text() if path.exists() else ""
    for name in re.findall(r"(?m)^include \$\(srcdir\)/(\S+)", text):
        text += (STAGE / directory / name).read_text()
    text = text.replace("\\\n", " ")
    return {word for value in re.findall(
        r"(?m)^\w+_(?:PROGRAMS|SCRIPTS)\s*\+?=(.*)$", text)
            for word in value.split()}


@unittest.skipUnless(STAGE.is_dir(), "no patched tree")
class OverlayTest(unittest.TestCase):
    """Debian's package, for one, is built in the source tree."""

    def test_no_directory_stands_where_a_program_is_linked(self):
        for target in targets():
            self.assertNotIn(target.name, programs(target.parent), target)

    def test_programs_are_found(self):
        self.assertIn("rxkad-token", programs("kuser"))
        self.assertIn("kinit", programs("kuser"))


if __name__ == "__main__":
    unittest.main()
