#!/usr/bin/env python3
"""Which requirement of doc/requirements.md has which tests.

A test names what it shows with a marker, `REQ: PF-07` or
`REQ: PF-07, PF-08`, in any comment or docstring below tests/ or in a
module's directory.  Rows without a test stand in the table of waived ones,
with the reason.  Exit status 1 when --strict and a row has neither, and
always for a marker that names no row.
"""

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ID = r"[A-Z]{2}-\d+[a-z]?"
ROW = re.compile(r"\| (%s) \| (.*) \|$" % ID)
MARKER = re.compile(r"REQ:\s*(%s(?:\s*,\s*%s)*)" % (ID, ID))
SUFFIXES = {".py", ".c", ".h", ".sh", ".in"}


def read_requirements(path):
    """({id: description}, {id: reason it is waived}), in the file's order."""
    rows, waived = {}, {}
    for line in path.read_text().splitlines():
        found = ROW.match(line)
        if not found:
            continue
        cells = found.group(2).split(" | ")
        if cells[0].startswith("waived:"):
            waived[found.group(1)] = cells[0][len("waived:"):].strip()
        elif found.group(1) in rows:
            raise SystemExit("%s stands twice in %s" % (found.group(1), path))
        else:
            rows[found.group(1)] = cells[-1]
    return rows, waived


def test_files(root):
    """Files that may hold markers: tests/ and the test_* of the modules."""
    for directory in sorted(p for p in root.iterdir() if p.is_dir()):
        if directory.name.startswith((".", "_")):
            continue
        for path in sorted(directory.rglob("*")):
            is_test = directory.name == "tests" or \
                path.name.startswith("test_")
            if is_test and path.is_file() and path.suffix in SUFFIXES and \
                    path != Path(__file__).resolve():
                yield path


def read_markers(root):
    """{id: [place]}; a place is file:line."""
    places = defaultdict(list)
    for path in test_files(root):
        lines = path.read_text(errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            for found in MARKER.finditer(line):
                for one in re.findall(ID, found.group(1)):
                    places[one].append("%s:%d" % (path.relative_to(root),
                                                  number))
    return places


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--area", help="only these rows, e.g. PF",
                        action="append")
    parser.add_argument("--strict", action="store_true",
                        help="a row without test and waiver is an error")
    args = parser.parse_args()
    rows, waived = read_requirements(ROOT / "doc" / "requirements.md")
    places = read_markers(ROOT)
    unknown = sorted((set(places) | set(waived)) - set(rows))
    areas = [a.upper() for a in args.area or ()]
    missing = tested = excused = 0
    for name, text in rows.items():
        if areas and name.split("-")[0] not in areas:
            continue
        print("%s  %s" % (name, text))
        if places[name]:
            tested += 1
            for place in places[name]:
                print("       test    %s" % place)
        elif name in waived:
            excused += 1
            print("       waived  %s" % waived[name])
        else:
            missing += 1
            print("       NO TEST")
    for name in unknown:
        print("no such requirement: %s %s" % (name, " ".join(places[name])))
    print("%d with a test, %d waived, %d without" % (tested, excused,
                                                     missing))
    return 1 if unknown or (args.strict and missing) else 0


if __name__ == "__main__":
    sys.exit(main())
