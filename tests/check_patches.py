#!/usr/bin/env python3
"""Check the patch series and the sources of the modules.

`make check-patches`.  One line per group of checks, what is wrong below
it; the last line is `N passed, N failed, N skipped`.  Nothing outside of
a temporary directory is written.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BANDS = {"00": "security", "01": "build and seams", "02": "base",
         "03": "gssapi", "04": "kdc, PKINIT", "05": "rxkad",
         "06": "cost"}
NO_TEST_NEEDED = ("01",)
FIELDS = ("Description", "Author", "Origin", "Bug", "Forwarded",
          "Applied-Upstream", "Reviewed-by", "Last-Update")
NAME = re.compile(r"^(\d\d)\d\d-[a-z0-9]+(-[a-z0-9.+]+)*\.patch$")

# What may stand where a ban says otherwise: (ban, file): reason.  An entry
# that is not needed any more is a failure.
ALLOWED = {
    ("memcmp", "kdc-freshness/kdc/token.c"):
        "compares the constant header and the DER form, both public",
}

# Bans in C: name, regular expression.  memcmp: a MAC or a token compared in
# a time that depends on it; use ct_memcmp or krb5_data_ct_cmp.
CODE_BANS = (("memcmp", r"\bmemcmp\s*\("),
             ("strcpy", r"\bstrcpy\s*\("), ("strcat", r"\bstrcat\s*\("),
             ("sprintf", r"\bv?sprintf\s*\("), ("//", r"//"))
LINE_BANS = (("marker", r"\b(XXX|TODO|FIXME)\b"),
             ("white space at the end", r"[ \t]+$"))
COLUMNS = "more than 79 columns"
# Bans in every file of the repository.
TEXT_BANS = (
    ("machine path", r"(?<![\w.$}])/(?:work|root|home/\w+)/"),
    # by the first label of the host, so that none is named here either
    ("package registry", r"https?://(?:deb|ftp|snapshot|archive|registry|"
     r"files|proxy|pypi|crates|rubygems)\.\w"),
)


class Report:
    """Groups of checks, printed as they end."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def group(self, title, good, bad, skips=()):
        """Print a group: how many were good, what was bad or skipped."""
        self.passed += good
        self.failed += len(bad)
        self.skipped += len(skips)
        print("%-4s %s: %d checked%s" % (
            "FAIL" if bad else "ok" if good else "skip", title,
            good + len(bad),
            ", %d skipped" % len(skips) if skips else ""))
        for line in bad:
            print("     FAIL " + line)
        for line in skips:
            print("     skipped " + line)

    def each(self, title, things, check):
        """A group: check(thing) gives the list of what is wrong."""
        good, bad = 0, []
        for thing in things:
            wrong = check(thing)
            bad += wrong
            good += not wrong
        self.group(title, good, bad)

    def end(self):
        """The last line; the exit status."""
        print("%d passed, %d failed, %d skipped" % (
            self.passed, self.failed, self.skipped))
        return 1 if self.failed or not self.passed else 0


class Patch:
    """One file: its header's fields, and its lines behind the `---`."""

    def __init__(self, path):
        self.name = path.name
        self.band = path.name[:2]
        self.fields = {}
        self.header_error = ""
        raw = path.read_bytes()
        header, _, body = raw.partition(b"\n---\n")
        self.body = body.decode("latin-1").split("\n")
        try:
            self._parse(header.decode("utf-8"))
        except UnicodeDecodeError as err:
            self.header_error = "the header is not UTF-8: %s" % err
        if not body:
            self.header_error = "no line --- between header and diff"

    def _parse(self, text):
        key = None
        for line in text.split("\n"):
            if line.startswith(" ") and key:
                self.fields[key] += "\n" + line
                continue
            key, colon, value = line.partition(":")
            if not colon or not re.match(r"^[A-Z][A-Za-z-]*$", key):
                self.header_error = "not a field: %r" % line
                return
            if key in self.fields:
                self.header_error = "field %s twice" % key
            self.fields[key] = value.strip()

    def added(self):
        """(path, added line) of the diff."""
        path = ""
        for line in self.body:
            if line.startswith("+++ "):
                path = line[6:]
            elif line.startswith("+"):
                yield path, line[1:]


def read_series(path):
    """The names in a series file, in order."""
    lines = (line.split("#")[0].strip()
             for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def check_listing(series, directory):
    """Each patch listed once, none stray, names and order of the bands."""
    present = {p.name for p in directory.glob("*.patch")}
    bad = ["%s is listed %d times" % (n, series.count(n))
           for n in sorted(set(series)) if series.count(n) > 1]
    bad += ["%s is listed and not there" % n
            for n in series if n not in present]
    bad += ["%s is not listed in series" % n
            for n in sorted(present - set(series))]
    for before, name in zip([""] + series, series):
        if not NAME.match(name) or name[:2] not in BANDS:
            bad.append("%s: not named NNNN-area-words.patch of a band in %s"
                       % (name, " ".join(BANDS)))
        elif name[:4] <= before[:4]:
            bad.append("%s does not come after %s" % (name, before))
    return bad


def check_header(patch):
    """DEP-3, and what we add to it."""
    if patch.header_error:
        return ["%s: %s" % (patch.name, patch.header_error)]
    bad = []
    get = patch.fields.get
    for key in patch.fields:
        if key not in FIELDS and not key.startswith(("X-", "Bug-")):
            bad.append("unknown field " + key)
    if list(patch.fields)[:1] != ["Description"]:
        bad.append("Description does not come first")
    if not re.match(r"^\S.*\n .", get("Description", "")):
        bad.append("Description without a short and a long text")
    if not get("Author") and not get("Origin"):
        bad.append("neither Author nor Origin")
    if get("Author") and not re.match(r"^.+ <\S+@\S+>$", get("Author")):
        bad.append("Author is not Name <mail>")
    if get("Origin") and not re.match(
            r"^(upstream|backport|vendor|other), \S", get("Origin")):
        bad.append("Origin is not upstream|backport|vendor|other, WHERE")
    if not re.match(r"^(no|not-needed|https?://\S+)$", get("Forwarded", "")):
        bad.append("Forwarded is not no, not-needed or a URL")
    if not re.match(r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
                    get("Last-Update", "")):
        bad.append("Last-Update is not YYYY-MM-DD")
    return ["%s: %s" % (patch.name, b) for b in bad]


def check_references(patch):
    """X-Test names tests that exist, X-Req rows that exist."""
    if patch.header_error:
        return []
    bad = []
    tests = patch.fields.get("X-Test", "")
    if not tests and patch.band not in NO_TEST_NEEDED:
        bad.append("%s: no X-Test" % patch.name)
    if tests and not re.match(r"^none, \S+ \S", tests):
        for test in re.split(r"[,\s]+", tests):
            if not find_test(test):
                bad.append("%s: X-Test %s is not there" % (patch.name, test))
    rows = (ROOT / "doc/requirements.md").read_text(encoding="utf-8")
    for row in re.split(r"[,\s]+", patch.fields.get("X-Req", "")):
        if row and not re.search(r"^\| %s \|" % re.escape(row), rows, re.M):
            bad.append("%s: X-Req %s is no row of doc/requirements.md"
                       % (patch.name, row))
    return bad


def find_test(name):
    """A file of the repository, or DIR/PROGRAM of the Heimdal tree."""
    if (ROOT / name).is_file():
        return True
    return any((ROOT / source / (os.path.basename(name) + ".c")).is_file()
               for source, target in overlay()
               if (target + "/").startswith(os.path.dirname(name) + "/"))


def check_form(patch):
    """The look of the diff: diffstat, a/ and b/, no timestamps."""
    bad = []
    if not any(re.match(r"^ \d+ files? changed", line)
               for line in patch.body):
        bad.append("no diffstat")
    for old, new in zip(patch.body, patch.body[1:]):
        if old.startswith("--- ") and new.startswith("+++ "):
            if "\t" in old + new:
                bad.append("a timestamp: " + new)
            elif new == "+++ /dev/null":
                pass
            elif old == "--- /dev/null":
                bad.append("adds a file, which belongs to a module: " + new)
            elif not old.startswith("--- a/") or new != "+++ b/" + old[6:] \
                    or ".." in old.split("/"):
                bad.append("not a/ and b/ of one path: " + old)
    if any(line.startswith(("Index: ", "diff --git ")) for line in
           patch.body):
        bad.append("has Index: or diff --git lines")
    return ["%s: %s" % (patch.name, b) for b in bad]


def code_of(text):
    """C text with comments, strings and characters blanked, line by line.

    A // comment stays: it is what the ban looks for.
    """
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                  blank, text, flags=re.S)


def banned(text, is_code, is_test):
    """(ban, line number) of what is banned in a source file."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        found += [(ban, number) for ban, what in LINE_BANS
                  if re.search(what, line)]
        if is_code and len(line.expandtabs(8)) > 79:
            found.append((COLUMNS, number))
    if is_code:
        for number, line in enumerate(code_of(text).split("\n"), 1):
            found += [(ban, number) for ban, what in CODE_BANS
                      if re.search(what, line)
                      and not (is_test and ban == "memcmp")]
    return found


def excused(ban, name, used):
    """Whether the allow-list has it."""
    used.add((ban, name))
    return (ban, name) in ALLOWED


def check_source(path, used):
    """The bans in a file of a module or of the C tests."""
    name = str(path.relative_to(ROOT))
    is_test = name.startswith("tests/") or path.name.startswith("test_")
    return ["%s:%d: %s" % (name, number, ban) for ban, number in
            banned(path.read_text(encoding="utf-8"),
                   path.suffix in (".c", ".h"), is_test)
            if not excused(ban, name, used)]


def check_added(patch, used):
    """The bans in what a patch adds; the columns are the file's own style,
    and upstream's text stays as it is."""
    if "Origin" in patch.fields:
        return []
    bad = []
    for path, line in patch.added():
        for ban, _ in banned(line, path.endswith((".c", ".h")), False):
            if ban != COLUMNS and not excused(ban, patch.name, used):
                bad.append("%s: %s: %s: %s" % (patch.name, path, ban,
                                               line.strip()))
    return bad


def overlay():
    """(directory here, directory in the Heimdal tree) of OVERLAY."""
    lines = (line.split("#")[0].split()
             for line in (ROOT / "OVERLAY").read_text().splitlines())
    return [tuple(line) for line in lines if line]


def sources():
    """The files that OVERLAY puts into the Heimdal tree."""
    return sorted(p for source, _ in overlay()
                  for p in (ROOT / source).glob("*")
                  if p.suffix in (".c", ".h", ".am", ".m4", ".et", ".asn1",
                                  ".map", ".texi")
                  or re.fullmatch(r"\.[1-8]", p.suffix))


def check_overlay(line, pristine):
    """An OVERLAY line names a directory with files, and hides nothing."""
    source, target = line
    files = [p for p in sources() if p.parent == ROOT / source]
    if not files:
        return ["%s has nothing that a build reads" % source]
    return ["%s/%s would hide a file of the base" % (target, p.name)
            for p in files if (pristine / target / p.name).exists()]


def repository_files():
    """What is, or would be, committed."""
    try:
        out = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], cwd=ROOT, check=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        names = [ROOT / os.fsdecode(n) for n in out.split(b"\0") if n]
    except (OSError, subprocess.CalledProcessError):
        names = [p for p in ROOT.rglob("*") if not any(
            part.startswith(("_build", ".git", "__pycache__"))
            for part in p.relative_to(ROOT).parts)]
    return sorted(p for p in names if p.is_file()
                  and p != Path(__file__).resolve())


def check_text(path, used):
    """No machine paths, no package registries."""
    name = str(path.relative_to(ROOT))
    text = path.read_bytes().decode("utf-8", "replace")
    return ["%s:%d: %s" % (name, number, ban)
            for number, line in enumerate(text.split("\n"), 1)
            for ban, what in TEXT_BANS
            if re.search(what, line) and not excused(ban, name, used)]


def copy_of_series(directory, work):
    """A repository in `work` with scripts/ and a copy of the patches."""
    repo = work / "repo"
    shutil.copytree(directory, repo / "patches")
    shutil.copytree(ROOT / "scripts", repo / "scripts")
    return repo


def run(*argv):
    """(exit status, output) of a command."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def check_applies(report, repo, pristine, work):
    """The series on the pristine tree, no fuzz; True when it applies."""
    tree = work / "applies"
    shutil.copytree(pristine, tree, symlinks=True,
                    ignore=shutil.ignore_patterns(".pc"))
    code, out = run(repo / "scripts/push-series", tree)
    lines = out.rstrip().split("\n")
    pushed = len(read_series(tree / ".series")) if code == 0 else 0
    report.group("applies to the pinned tree without fuzz", pushed,
                 [] if code == 0 else [lines[-1]],
                 [l[len("skipped "):] for l in lines
                  if l.startswith("skipped ")])
    shutil.rmtree(tree)
    return code == 0


def check_refresh(report, repo, directory, pristine):
    """quilt refresh leaves every patch as it is."""
    trees = [pristine]
    more = os.environ.get("HEIMDAL_TREES")
    if more and (Path(more) / "git-7.8.0").is_dir():
        trees.append(Path(more) / "git-7.8.0")
    code, out = run(repo / "scripts/refresh-series", *trees)
    lines = out.rstrip().split("\n")
    bad = ["%s: run `make refresh`" % line for line in lines
           if line.startswith("changed ")]
    skips = [line + "; HEIMDAL_TREES names more trees" for line in lines
             if line.endswith("every tree carries it")]
    if code:
        bad.append(lines[-1])
    count = len(read_series(directory / "series")) - len(skips) - len(bad)
    report.group("quilt refresh changes nothing", max(count, 0), bad, skips)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pristine", type=Path, required=True,
                        help="the unpacked base, BUILD_DIR/pristine")
    parser.add_argument("--series", type=Path,
                        default=ROOT / "patches/series")
    parser.add_argument("--quick", action="store_true",
                        help="do not apply and refresh the series")
    args = parser.parse_args()
    directory = args.series.resolve().parent
    pristine = args.pristine.resolve()
    series = read_series(args.series)
    patches = [Patch(directory / n) for n in dict.fromkeys(series)
               if (directory / n).is_file()]
    report, used = Report(), set()

    wrong = check_listing(series, directory)
    report.group("listed once, in order, none stray",
                 0 if wrong else len(series), wrong)
    report.each("header (DEP-3)", patches, check_header)
    report.each("X-Test and X-Req", patches, check_references)
    report.each("form of the diff", patches, check_form)
    report.each("bans in what patches add", patches,
                lambda p: check_added(p, used))
    report.each("bans in modules and C tests", sources(),
                lambda p: check_source(p, used))
    report.each("no machine path, no package registry", repository_files(),
                lambda p: check_text(p, used))
    report.each("allow-list still needed", sorted(ALLOWED), lambda a:
                [] if a in used else ["%s in %s is not there" % a])
    report.each("OVERLAY", overlay(), lambda l: check_overlay(l, pristine))
    if args.quick:
        return report.end()
    with tempfile.TemporaryDirectory() as tmp:
        repo = copy_of_series(directory, Path(tmp))
        if check_applies(report, repo, pristine, Path(tmp)):
            check_refresh(report, repo, directory, pristine)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
