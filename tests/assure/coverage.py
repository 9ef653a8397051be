#!/usr/bin/env python3
"""Which lines and branches of our C files the tests take.

usage: coverage.py [--build] [--of DIR] [--table FILE] [--missing | --reasons]
                   [FILE...]

--build makes a build with gcc's --coverage in $BUILD_DIR/assure/coverage and
runs all tests with it; `make coverage` does.  What it has
counted is then told for each file of the modules, or for those that FILE is a
part of.  --of DIR reads another build directory.  --missing names the
branches that no test takes; --reasons those of them for which neither
equivalent.txt, where a mutant of the line has one, nor untaken.txt has the
reason.  --table puts the table into FILE between its two marks.

A branch is gcc's: each way that each operand of a condition can go.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assure.mutants import File         # noqa: E402
from assure.mutate_checks import equivalents     # noqa: E402
from realm import install               # noqa: E402

BEGIN, END = "<!-- coverage -->", "<!-- end of coverage -->"


class Counts:
    """Of one source: line -> count, (line, number) -> count."""

    def __init__(self):
        self.lines = collections.Counter()
        self.branches = collections.Counter()

    def add(self, lines):
        """What gcov says of one object of it."""
        for line in lines:
            number = line["line_number"]
            self.lines[number] += line["count"]
            for at, branch in enumerate(line.get("branches", ())):
                self.branches[number, at] += branch["count"]

    @staticmethod
    def _of(counter):
        return sum(1 for count in counter.values() if count), len(counter)

    def row(self):
        """(lines taken, lines, branches taken, branches)"""
        return (*self._of(self.lines), *self._of(self.branches))

    def missing(self):
        """{line: branches of it that are not taken}"""
        found = collections.Counter(
            line for (line, _), count in self.branches.items() if not count)
        return dict(sorted(found.items()))


def modules():
    """{directory in Heimdal's tree: directory here} of OVERLAY."""
    found = {}
    for line in (install.ROOT / "OVERLAY").read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields and not fields[0].startswith("tests/"):
            found[fields[1]] = fields[0]
    return found


def counted(directory):
    """{name here: Counts} of a build directory."""
    known, counts = modules(), collections.defaultdict(Counts)
    for data in sorted((directory / "obj").rglob("*.gcda")):
        done = subprocess.run(
            ["gcov", "--json-format", "--stdout", "--branch-probabilities",
             str(data)], check=False, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        for text in done.stdout.splitlines():
            for file in json.loads(text)["files"]:
                path = os.path.normpath(os.path.join(str(data.parent),
                                                     file["file"]))
                where, _, name = path.partition("/src/")[2].rpartition("/")
                if where in known and name.endswith(".c") and \
                        not name.startswith("test_"):
                    counts["%s/%s" % (known[where], name)].add(file["lines"])
    return counts


def percent(part, whole):
    """As text."""
    return "%d %%" % (100 * part // whole) if whole else "-"


def table(counts):
    """Lines of Markdown."""
    yield "| file | lines | taken | | branches | taken | |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    total = [0] * 4
    for name, count in sorted(counts.items()):
        row = count.row()
        total = [a + b for a, b in zip(total, row)]
        yield "| %s | %d | %d | %s | %d | %d | %s |" % (
            name, row[1], row[0], percent(row[0], row[1]), row[3], row[2],
            percent(row[2], row[3]))
    yield "| all | %d | %d | %s | %d | %d | %s |" % (
        total[1], total[0], percent(total[0], total[1]), total[3], total[2],
        percent(total[2], total[3]))


def put_table(path, lines):
    """Between the marks of a document."""
    before, rest = path.read_text().split(BEGIN)
    path.write_text("%s%s\n%s\n%s%s" % (before, BEGIN, "\n".join(lines), END,
                                        rest.split(END)[1]))


def reasons_of(name, text, untaken, known):
    """(line, its text) -> reason, or None."""
    by_line = {m.line: known[m.key] for m in File(name, text).mutants
               if m.key in known}

    def reason(number, line):
        return untaken.get("%s: %s" % (name, line)) or by_line.get(number)
    return reason


def missing(counts, with_reasons):
    """Lines of text: the branches that no test takes; not those that have a
    reason, unless `with_reasons`."""
    untaken, known = equivalents("untaken.txt"), equivalents()
    for name, count in sorted(counts.items()):
        text = (install.ROOT / name).read_text()
        lines = text.splitlines()
        reason = reasons_of(name, text, untaken, known)
        for number, branches in count.missing().items():
            line = lines[number - 1].strip()
            if with_reasons or not reason(number, line):
                yield "%s:%d: %d: %s" % (name, number, branches, line)


def module_programs(directory):
    """Run the test programs that stand in the modules; whether one fails."""
    failed = False
    for here in modules().values():
        for source in sorted((install.ROOT / here).glob("test_*.c")):
            for path in (directory / "obj").rglob(source.stem):
                if path.parent.name != ".libs" and path.is_file():
                    failed |= subprocess.run(
                        [str(path)], check=False, cwd=path.parent,
                        stdout=subprocess.DEVNULL).returncode != 0
    return failed


def build(directory):
    """Build and test; whether a test fails."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("BUILD_DIR", "HEIMDAL_PREFIX")}
    env["HEIMDAL_SOURCES"] = str(install.build_dir() / "download")
    done = subprocess.run(
        ["./build.sh", "check-ext", "--coverage", "--build-dir",
         str(directory)], cwd=install.ROOT, env=env, check=False)
    for part in ("kdc", "lib/hdb", "lib/gssapi"):
        subprocess.run(["make", "-C", str(directory / "obj" / part), "check",
                        "TESTS="], check=False, stdout=subprocess.DEVNULL)
    return done.returncode != 0 or module_programs(directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="*")
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--of", type=Path)
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--reasons", action="store_true")
    parser.add_argument("--table", type=Path)
    args = parser.parse_args()
    directory = args.of or install.build_dir() / "assure" / "coverage"
    failed = args.build and build(directory)
    counts = {name: count for name, count in counted(directory).items()
              if not args.file or any(part in name for part in args.file)}
    if not counts:
        sys.exit("nothing was counted in %s: take --build" % directory)
    lines = list(table(counts))
    print("\n".join(lines))
    if args.missing or args.reasons:
        for line in missing(counts, args.missing):
            print(line)
    if args.table:
        put_table(args.table, lines)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
