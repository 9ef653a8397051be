#!/usr/bin/env python3
"""Attack by machine, for hours: make assure.

Runs the parts below one after the other, shows how far each is, and ends with
one table.  A part that has ended well is not run again until something has
changed that it runs: the modules, patches and build, and what of tests/ it
names; one that was interrupted goes on where it stopped (the mutants, the
fuzzers' corpora).  record.json says what has ended, how and on which tree; with
the mutants' settled.txt and the fuzzers' corpora and spent.json it goes from
one machine to the next.

usage: assure.py [--hours H] [--again] [--tables FILE] [PART...]

Each fuzzer has a processor for H hours (default 1), what it has had before
included.  --tables puts the tables into FILE between their marks.  PART is one
of

    faults    every allocation fails once: exchanges, the KDC, PKINIT; files
              that are damaged; KDCs that end, clocks that jump
    octets    each octet of each kind of request to a KDC is changed: no
              memory is lost
    threads   contexts made at the same time, under helgrind
    load      good and bad requests for half an hour
    fuzz      each target of tests/fuzz
    mutants   each check of ours is taken away: does a test fail?
    asan      everything built with sanitizers, and all tests, Heimdal's too
    coverage  everything built with gcc's counting, and all tests
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from realm import install               # noqa: E402

TESTS = install.TESTS
RECORD = TESTS / "assure" / "record.json"
SHARED = ("realm/*", "wire/*", "ext/*", "security/sec_test.h")
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


class Part:
    """Commands, and what of their output is told.

    A command is a list.  `facts` are expressions whose first group is a
    number; those of several lines are added up.  `table` is what writes a
    table of the part's own, without the document's name.  `tests` are
    patterns of what it runs of tests/, beside SHARED.
    """

    def __init__(self, name, commands, facts, env=None, table=None,
                 tests=("*",)):
        self.name = name
        self.commands = commands
        self.facts = facts
        self.env = env or {}
        self.table = table
        self.tests = ["tests/" + name for name in (*tests, *SHARED)]


def python(name, *args):
    """A script of tests/."""
    return [sys.executable, str(TESTS / name), *args]


def program(name):
    """A C program of the build."""
    return [str(install.build_dir() / "obj/tests/ext/assure" / name)]


def suite(name):
    """A suite, alone."""
    return python("run.py", "--jobs", "1", "--timeout", "36000", name)


def with_sanitizers(command):
    """A command of build.sh."""
    return ["./build.sh", command, "--asan", "--build-dir",
            str(install.build_dir() / "assure" / "asan")]


def parts(hours=1):
    """All of them, in their order."""
    faults = {"faults": r"(\d+) faults, \d+ findings",
              "findings": r"\d+ (?:faults|requests), (\d+) findings",
              "requests": r"(\d+) requests, \d+ findings"}
    fuzz = {"runs": r"(\d+) runs in", "places": r"runs in \d+ s, (\d+) places",
            "findings": r"(FOUND SOMETHING)"}
    every = {"FAULT_STRIDE": "1", "MEMORY_REQUESTS": "100000"}
    mutants = python("assure/mutate_checks.py")
    coverage = python("assure/coverage.py")
    return [
        Part("faults", [program("test_faults_gss"),
                        program("test_faults_files"),
                        program("test_faults_acceptor"),
                        suite("assure/t_faults_kdc"),
                        suite("assure/t_faults_pkinit"),
                        suite("assure/t_faults_between"),
                        suite("assure/t_kdc_memory")], faults, env=every,
             tests=("assure/faults*", "assure/test_faults*",
                    "assure/t_faults*", "assure/t_kdc_memory.py")),
        Part("octets", [suite("assure/t_kdc_octets")],
             {"requests": r"(\d+) requests, \d+ findings",
              "findings": r"\d+ requests, (\d+) findings"},
             env={"OCTET_STRIDE": "1"},
             tests=("assure/faults*", "assure/t_kdc_memory.py",
                    "assure/t_kdc_octets.py", "soak/soak_load.py")),
        Part("threads", [suite("assure/t_threads")],
             {"passed": r"^(\d+) passed", "failed": r"passed, (\d+) failed"},
             env={"HELGRIND_EXCHANGES": "50"},
             tests=("assure/race.c", "assure/t_threads.py")),
        Part("load", [python("soak/soak_load.py", "1800")],
             {"requests": r"(\d+) requests, \d+ findings",
              "findings": r"\d+ requests, (\d+) findings"},
             tests=("soak/*",)),
        Part("fuzz", [python("fuzz/run_fuzz.py", str(int(3600 * hours)))],
             fuzz, tests=("fuzz/*",)),
        Part("mutants", [[*mutants, "--suites", "--each", "20", "--keep"]],
             {"mutants": r"^all +(\d+)", "killed": r"^all +\d+ +(\d+)",
              "survived": r"^all(?: +\d+){2} +(\d+)",
              "with a reason": r"^all(?: +\d+){3} +(\d+)",
              "to do": r"^all(?: +\d+){4} +(\d+)"},
             table=[*mutants, "--table"]),
        Part("asan", [with_sanitizers("check-heimdal"),
                      with_sanitizers("check-ext")],
             {"passed": r"^(?:heimdal|ext) +(\d+)",
              "failed": r"^(?:heimdal|ext) +\d+ +(\d+)"}),
        Part("coverage", [[*coverage, "--build"]],
             {"lines": r"^\| all \| (\d+)",
              "taken": r"^\| all \| \d+ \| (\d+)",
              "branches": r"^\| all (?:\|[^|]+){3}\| (\d+)",
              "branches taken": r"^\| all (?:\|[^|]+){4}\| (\d+)"},
             table=[*coverage, "--table"]),
    ]


def git(*args):
    """(exit status, output)"""
    done = subprocess.run(["git", *args], cwd=install.ROOT, check=False,
                          stdout=subprocess.PIPE)
    return done.returncode, done.stdout.decode().strip()


# what no part depends on: these tables are there
BUT_DOCUMENTS = ("--", ".", ":!doc", ":!tests/assure/record.json",
                 ":!tests/assure/settled.txt", ":!tests/fuzz/spent.json")
BUT_TESTS = (*BUT_DOCUMENTS, ":!tests", ":!packaging", ":!NEWS", ":!*.md")


def tree():
    """What the tree is: the commit, and a mark if it was changed."""
    return git("rev-parse", "--short=12", "HEAD")[1] + (
        "+" if git("status", "--porcelain", *BUT_DOCUMENTS)[1] else "")


def is_as(before, part):
    """Whether what the part runs is still what tree() has said."""
    return not before.endswith("+") and all(
        git("diff", "--quiet", before, *paths)[0] == 0
        for paths in (BUT_TESTS, ("--", *part.tests, *BUT_DOCUMENTS[2:])))


def read_record():
    """{part: how it has ended}"""
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def log_of(name):
    """What a suite has said."""
    return (install.build_dir() / "log" / "tests" /
            (name.replace("/", ".") + ".log")).read_text(errors="replace")


def run_part(part, log):
    """(exit status, output)."""
    env = dict(os.environ, BUILD_DIR=str(install.build_dir()), **part.env)
    env.setdefault("HEIMDAL_PREFIX",
                   str(install.under_test().bindirs[0].parent))
    worst, lines = 0, []
    with open(log, "w") as out:
        for command in part.commands:
            child = subprocess.Popen(
                command, cwd=install.ROOT, env=env, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace")
            for line in child.stdout:
                out.write(line)
                out.flush()
                lines.append(line)
                sys.stdout.write("%s | %s" % (part.name, line))
                sys.stdout.flush()
            worst = max(worst, abs(child.wait()))
            if command[1:2] == [str(TESTS / "run.py")]:
                lines.append(log_of(command[-1]))
    return worst, "".join(lines)


def facts_of(part, text):
    """What the output says, by name."""
    facts = {}
    for name, expression in part.facts.items():
        found = re.findall(expression, text, re.M)
        facts[name] = sum(int(x) if x.isdigit() else 1 for x in found)
    return facts


def table(state):
    """Lines of Markdown."""
    yield "| part | result | tree | time | |"
    yield "|---|---|---|---|---|"
    for part in parts():
        done = state.get(part.name)
        if done is None:
            yield "| %s | not run | | | |" % part.name
            continue
        yield "| %s | %s | %s | %d min | %s |" % (
            part.name, "good" if done["status"] == 0 else "FINDINGS",
            done["tree"], done["seconds"] // 60 + 1, ", ".join(
                "%d %s" % (number, name)
                for name, number in done["facts"].items()))


def put_table(path, lines):
    """Between the marks of a document."""
    text = path.read_text()
    before, rest = text.split(BEGIN)
    path.write_text("%s%s\n%s\n%s%s" % (before, BEGIN, "\n".join(lines), END,
                                        rest.split(END)[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("part", nargs="*")
    parser.add_argument("--hours", type=float, default=1)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--tables", type=Path)
    args = parser.parse_args()
    directory = install.build_dir() / "assure"
    directory.mkdir(parents=True, exist_ok=True)
    state = read_record()
    unknown = set(args.part) - {part.name for part in parts(args.hours)}
    if unknown:
        parser.error("no such part: %s" % ", ".join(sorted(unknown)))
    wanted = [p for p in parts(args.hours)
              if not args.part or p.name in args.part]
    for number, part in enumerate(wanted, 1):
        done = state.get(part.name)
        if done and done["status"] == 0 and not args.again and \
                is_as(done["tree"], part):
            print("[%d/%d] %s: done before" % (number, len(wanted),
                                               part.name))
            continue
        print("[%d/%d] %s" % (number, len(wanted), part.name), flush=True)
        now, began = tree(), time.monotonic()
        status, text = run_part(part, directory / ("%s.log" % part.name))
        # another call may have ended another part meanwhile
        state = {**read_record(), part.name: {
            "status": status, "tree": now,
            "seconds": int(time.monotonic() - began),
            "facts": facts_of(part, text)}}
        RECORD.write_text(json.dumps(state, indent=1) + "\n")
    lines = list(table(state))
    print("\n".join(lines))
    if args.tables:
        put_table(args.tables, lines)
        for part in wanted:
            if part.table:
                run_part(Part(part.name, [[*part.table, str(args.tables)]],
                              {}), directory / ("%s.table" % part.name))
    return 0 if all(state.get(p.name, {"status": 1})["status"] == 0
                    for p in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
