#!/usr/bin/env python3
"""Who has shown a requirement: a row for each, with the peers of the tests that
name it and what came of them in the last run of tests/run.py.

The peer of a test is found where it stands: a C program is its own peer; a
suite below tests/wire has an implementation in Python at the other end, one
that loads impacket has impacket; otherwise the name and the text of the test say
which installations it takes.  A test without any has ours at both ends.  Results
are those of $BUILD_DIR/log/tests.tsv; --run makes them first.

usage: proof.py [AREA...] [--run] [--verbose]        KI by default
Exit status 1 when a row has a test that failed, or none that passed and no
waiver.
"""

import argparse
import ast
import re
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import trace
from realm.install import build_dir

C_PROGRAM, WIRE, OURS = "C program", "wire encoder", "ours"
# what is looked for in a suite, and in a test
OF_SUITE = ((re.compile(r"\bpeers\.impacket\("), "impacket"),)
OF_TEST = ((re.compile(r"(?<![a-z])mit(?![a-z])", re.I), "MIT krb5"),
           (re.compile(r"unpatched"), "unpatched Heimdal"),
           (re.compile(r"(?<![a-z])java(?![a-z])", re.I), "OpenJDK"))
ORDER = (C_PROGRAM, WIRE, OURS, "unpatched Heimdal", "MIT krb5", "OpenJDK",
         "impacket")

# case is None for a whole suite
Proof = namedtuple("Proof", "suite case peers")


def enclosing(tree, line):
    """(class or None, function or None) around a line."""
    found = [None, None]
    for node in ast.walk(tree):
        if getattr(node, "lineno", line + 1) <= line <= \
                getattr(node, "end_lineno", 0):
            if isinstance(node, ast.ClassDef):
                found[0] = node
            elif isinstance(node, ast.FunctionDef):
                found[1] = node
    return found


def peers_of(path, source, function):
    """The peers of a test in a suite."""
    found = {peer for pattern, peer in OF_SUITE if pattern.search(source)}
    if found:
        return found
    if path.parts[0] == "wire":
        return {WIRE}
    text = ast.get_source_segment(source, function) if function else source
    return {peer for pattern, peer in OF_TEST if pattern.search(text)} or \
        {OURS}


def read_place(root, place):
    """The Proof that a marker at file:line stands in."""
    name, line = place.rsplit(":", 1)
    path = Path(name)
    if path.parts[0] != "tests":                # a module's own program
        return Proof(str(path.with_suffix("")), None, {C_PROGRAM})
    path = path.relative_to("tests")
    suite = str(path.with_suffix(""))
    if path.suffix != ".py":
        return Proof(suite, None, {C_PROGRAM})
    source = (root / "tests" / path).read_text()
    group, function = enclosing(ast.parse(source), int(line))
    case = "%s.%s" % (group.name, function.name) if group and function \
        else None
    return Proof(suite, case, peers_of(path, source, function))


def read_results(path):
    """{suite: {case: result}}."""
    found = {}
    if path.exists():
        for line in path.read_text().splitlines()[1:]:
            suite, case, result = line.split("\t")[:3]
            found.setdefault(suite, {})[case] = result
    return found


def result_of(results, proof):
    """pass, fail, skip or "not run"; of several cases the worst."""
    cases = results.get(proof.suite, {})
    got = {result for case, result in cases.items()
           if proof.case is None or case.split(" ")[0] == proof.case or
           case.startswith("setUpClass")}
    for worst in ("fail", "skip", "pass"):
        if worst in got:
            return worst
    return "not run"


def row(results, proofs):
    """(peers of those that passed, {result: how many})"""
    peers, count = set(), {}
    for proof in proofs:
        result = result_of(results, proof)
        count[result] = count.get(result, 0) + 1
        if result == "pass":
            peers |= proof.peers
    return sorted(peers, key=ORDER.index), count


def table(root, areas, results, verbose=False):
    """Print the rows; whether all is well."""
    rows, waived = trace.read_requirements(root / "doc" / "requirements.md")
    places = trace.read_markers(root)
    good = True
    for name, text in rows.items():
        if name.split("-")[0] not in areas:
            continue
        proofs = sorted({(p.suite, p.case or "", tuple(sorted(p.peers)))
                         for p in (read_place(root, place)
                                   for place in places[name])})
        proofs = [Proof(s, c or None, set(p)) for s, c, p in proofs]
        peers, count = row(results, proofs)
        said = ", ".join("%d %s" % (n, what)
                         for what, n in sorted(count.items()))
        if not proofs:
            said = "waived: " + waived[name] if name in waived else "NO TEST"
        print("%-6s %-58s %s" % (name, ", ".join(peers) or "-", said))
        if verbose:
            print("       %s" % text)
            for proof in proofs:
                print("       %-8s %s %s" % (result_of(results, proof),
                                             proof.suite, proof.case or ""))
        good = good and "fail" not in count and \
            (bool(peers) or not proofs and name in waived)
    return good


def suites_of(root, areas):
    """The suites that have a test of these areas."""
    return sorted({read_place(root, place).suite
                   for name, found in trace.read_markers(root).items()
                   if name.split("-")[0] in areas for place in found})


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("areas", nargs="*", default=["KI"])
    parser.add_argument("--run", action="store_true",
                        help="run the suites first")
    parser.add_argument("--verbose", action="store_true",
                        help="name the tests")
    args = parser.parse_args()
    areas = [area.upper() for area in args.areas]
    if args.run:
        subprocess.run([sys.executable, str(trace.ROOT / "tests" / "run.py"),
                        *suites_of(trace.ROOT, areas)], check=False)
    good = table(trace.ROOT, areas, read_results(
        build_dir() / "log" / "tests.tsv"), args.verbose)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
