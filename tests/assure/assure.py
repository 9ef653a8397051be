#!/usr/bin/env python3
"""Attack by machine, for hours: make assure.

Runs the parts below one after the other, shows how far each is, and ends with
one table.  A part that has ended well is not run again until the tree is
another; one that was interrupted goes on where it stopped (the mutants, the
fuzzers' corpora).

usage: assure.py [--hours H] [--again] [--table FILE] [PART...]

H (default 4) is shared out among the parts that can take any time.  --table
puts the table into FILE between its two marks.  PART is one of

    faults    every allocation fails once: exchanges, the KDC, PKINIT; files
              that are damaged; KDCs that end, clocks that jump
    threads   contexts made at the same time, under helgrind
    load      good and bad requests for half an hour
    fuzz      each target of tests/fuzz
    mutants   each check of ours is taken away: does a test fail?
    asan      everything built with sanitizers, and all tests (an hour)
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
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


class Part:
    """A command, the share of the time that it gets, and what of its output
    is told.

    The command is a list; {seconds} is its time.  `facts` are expressions
    whose first group is a number; those of several lines are added up.
    """

    def __init__(self, name, commands, facts, share=0, env=None):
        self.name = name
        self.commands = commands
        self.facts = facts
        self.share = share
        self.env = env or {}


def python(name, *args):
    """A script of tests/."""
    return [sys.executable, str(TESTS / name), *args]


def program(name):
    """A C program of the build."""
    return [str(install.build_dir() / "obj/tests/ext/assure" / name)]


def suite(name):
    """A suite, alone."""
    return python("run.py", "--jobs", "1", "--timeout", "36000", name)


def parts():
    """All of them, in their order."""
    faults = {"faults": r"(\d+) faults, \d+ findings",
              "findings": r"\d+ faults, (\d+) findings"}
    fuzz = {"runs": r"(\d+) runs in", "places": r"runs in \d+ s, (\d+) places",
            "findings": r"(FOUND SOMETHING)"}
    every = {"FAULT_STRIDE": "1"}
    asan = install.build_dir() / "assure" / "asan"
    return [
        Part("faults", [program("test_faults_gss"),
                        program("test_faults_files"),
                        program("test_faults_acceptor"),
                        suite("assure/t_faults_kdc"),
                        suite("assure/t_faults_pkinit"),
                        suite("assure/t_faults_between")], faults, env=every),
        Part("threads", [suite("assure/t_threads")],
             {"passed": r"^(\d+) passed", "failed": r"passed, (\d+) failed"},
             env={"HELGRIND_EXCHANGES": "50"}),
        Part("load", [python("soak/soak_load.py", "1800")],
             {"requests": r"(\d+) requests, \d+ findings",
              "findings": r"\d+ requests, (\d+) findings"}),
        Part("fuzz", [python("fuzz/run_fuzz.py", "{seconds}")], fuzz, 1),
        Part("mutants", [python("assure/mutate_checks.py", "--build",
                                "--seconds", "{seconds}", "--each", "20")],
             {"mutants": r"^all +(\d+)", "killed": r"^all +\d+ +(\d+)",
              "survived": r"^all(?: +\d+){2} +(\d+)",
              "with a reason": r"^all(?: +\d+){3} +(\d+)",
              "to do": r"^all(?: +\d+){4} +(\d+)"}, 2),
        Part("asan", [["./build.sh", "check-ext", "--asan", "--build-dir",
                       str(asan)]],
             {"passed": r"^(\d+) passed", "failed": r"passed, (\d+) failed"}),
    ]


def tree():
    """What the tree is: the commit, and a mark if it was changed."""
    def git(*args):
        return subprocess.run(["git", *args], cwd=install.ROOT, check=False,
                              stdout=subprocess.PIPE).stdout.decode().strip()
    return git("rev-parse", "--short=12", "HEAD") + (
        "+" if git("status", "--porcelain") else "")


def run_part(part, seconds, log):
    """(exit status, output)."""
    env = dict(os.environ, BUILD_DIR=str(install.build_dir()), **part.env)
    env.setdefault("HEIMDAL_PREFIX",
                   str(install.under_test().bindirs[0].parent))
    each = str(seconds // max(1, len(part.commands)))
    worst, lines = 0, []
    with open(log, "w") as out:
        for command in part.commands:
            child = subprocess.Popen(
                [word.replace("{seconds}", each) for word in command],
                cwd=install.ROOT, env=env, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace")
            for line in child.stdout:
                out.write(line)
                out.flush()
                lines.append(line)
                sys.stdout.write("%s | %s" % (part.name, line))
                sys.stdout.flush()
            worst = max(worst, abs(child.wait()))
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
    parser.add_argument("--hours", type=float, default=4)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--table", type=Path)
    args = parser.parse_args()
    directory = install.build_dir() / "assure"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "state.json"
    state = json.loads(path.read_text()) if path.exists() else {}
    unknown = set(args.part) - {part.name for part in parts()}
    if unknown:
        parser.error("no such part: %s" % ", ".join(sorted(unknown)))
    wanted = [p for p in parts() if not args.part or p.name in args.part]
    shares = sum(part.share for part in wanted) or 1
    now = tree()
    for number, part in enumerate(wanted, 1):
        done = state.get(part.name)
        if done and done["tree"] == now and done["status"] == 0 and \
                not args.again:
            print("[%d/%d] %s: done before" % (number, len(wanted),
                                               part.name))
            continue
        print("[%d/%d] %s" % (number, len(wanted), part.name), flush=True)
        began = time.monotonic()
        status, text = run_part(
            part, int(args.hours * 3600 * part.share / shares),
            directory / ("%s.log" % part.name))
        state[part.name] = {"status": status, "tree": now,
                            "seconds": int(time.monotonic() - began),
                            "facts": facts_of(part, text)}
        path.write_text(json.dumps(state, indent=1))
    lines = list(table(state))
    print("\n".join(lines))
    if args.table:
        put_table(args.table, lines)
    return 0 if all(state.get(p.name, {"status": 1})["status"] == 0
                    for p in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
