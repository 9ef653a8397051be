"""Links between our documents lead somewhere."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def documents():
    """The Markdown that is ours."""
    return [p for p in sorted(ROOT.rglob("*.md")) if not any(
        part.startswith(("_", ".")) for part in p.relative_to(ROOT).parts)]


def prose(path):
    """The text without what is code."""
    text = re.sub(r"(?ms)^```.*?^```$", "", path.read_text())
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path):
    """What the headings of a document are called."""
    text = re.sub(r"(?ms)^```.*?^```$", "", path.read_text())
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
            for title in re.findall(r"(?m)^#+ (.*)$", text)}


class LinksTest(unittest.TestCase):
    """[text](place)"""

    def test_each(self):
        count, bad = 0, []
        for path in documents():
            for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
                if re.match(r"[a-z]+:", link):
                    continue
                count += 1
                name, _, anchor = link.partition("#")
                target = path.parent / name if name else path
                if not target.exists() or anchor and \
                        anchor not in anchors(target):
                    bad.append("%s: %s" % (path.relative_to(ROOT), link))
        self.assertEqual(bad, [])
        self.assertGreater(count, 50)


if __name__ == "__main__":
    unittest.main()
