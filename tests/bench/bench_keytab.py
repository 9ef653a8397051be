#!/usr/bin/env python3
"""What a keytab's size costs an acceptor.

The same program (tests/loop/bench_accept.c) makes first calls of
gss_accept_sec_context() with the libraries of each of these, on a FILE keytab
of AES256 keys, with mutual authentication and without a replay cache:

  unpatched    the Heimdal under $BENCH_PLAIN_PREFIX, built with the flags of
               ours; without that the distribution's, which has others
  ours         as it is by default
  MIT

The right entry is the first, the last or not there; the acceptor's credential
is for any name, or for the principal.  Of the latter MIT wants an entry: where
the right one is absent, there is one of another enctype, and where it is older,
one of another version only, which does not open the ticket.

Instructions are callgrind's, within gss_accept_sec_context(), a call.  CPU time
has system calls in it; the kinds take turns; ratio: to MIT, of medians, and
how far that of resampled runs is apart (5 % to 95 %).

What has to come out: no cell of ours takes more CPU time than MIT's, beyond what
the runs vary; and a key that is not there costs, for each entry, no more than
reading it costs MIT, however large the keytab is.  Exit status 1 when it does
not.  Where a credential names the principal and the key is older, ours
tries it ([MS-KILE] 3.4.5), and MIT does not: those cells may be above.  Cells
with more instructions are named: where the keytab is small or the
right key the first, they are what a context costs without it.

The tables are printed, and written to $BUILD_DIR/log/bench_keytab.json.

usage: bench_keytab.py [SIZE...]            default 1 100 1000 10000
"""

import collections
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import sidebyside
from sidebyside import spread
from realm import Realm, keytab
from realm.loop import built, library_env

AES128, AES256 = 17, 18
SIZES = (1, 100, 1000, 10000)
PLACES = ("first", "last", "absent", "older")
REFUSED = ("absent", "older")
NAMES = ("any", "named")
TURN, BUDGET = 0.004, 0.4               # seconds of a turn, of a cell's turns
TRIED = 16                              # so many keys are tried at most
MANY, FEW, SLOW = 20, 2, 0.02           # calls counted; if one takes SLOW, FEW

Cell = collections.namedtuple("Cell", "name place size")


def make_keytab(path, cell, right):
    """The keytab of a cell; right is the key that opens the ticket."""
    def other(number):
        return keytab.Entry("host/h%05d.ext.test@EXT.TEST" % number, 1,
                            AES256, os.urandom(32))
    entries = [other(number) for number in range(cell.size)]
    if cell.place == "first":
        entries[0] = right
    elif cell.place == "last":
        entries[-1] = right
    elif cell.place == "older":
        entries[0] = right._replace(kvno=right.kvno + 1, key=os.urandom(32))
    elif cell.name == "named":
        entries[0] = right._replace(etype=AES128, key=os.urandom(16))
    keytab.write(path, entries)


class Bench:
    """bench_accept with the libraries of a kind and the keytab of a cell."""

    def __init__(self, realm, client, kind, cell, path):
        self.kind, self.cell = kind, cell
        self.env = dict(client.env, **library_env(kind.inst))
        self.env["KRB5RCACHENAME"] = "none:"
        principal = realm.full(realm.service)
        self.argv = [built("bench_accept", "tests", "ext", "loop"),
                     *kind.libraries, realm.client.ccache, "FILE:%s" % path,
                     principal, principal if cell.name == "named" else "-"]
        self.process = subprocess.Popen(
            self.argv, env=self.env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, universal_newlines=True, bufsize=1)
        self.samples, self.instructions = [], None
        self.cost = min(self.calls(1) for _ in range(3)) / 1e9
        self.turn = max(1, int(TURN / self.cost))

    def calls(self, count):
        """Nanoseconds of each of so many calls."""
        self.process.stdin.write("%d\n" % count)
        ns, _, outcome = self.process.stdout.readline().partition(" ")
        wanted = "refused" if self.cell.place in REFUSED else "accepted"
        if outcome.strip() != wanted:
            raise SystemExit("%s, %s: %r, not %s" % (
                self.kind.name, self.cell, outcome, wanted))
        return int(ns) / count

    def count(self):
        """Instructions of a call."""
        calls = FEW if self.cost > SLOW else MANY
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "out"
            subprocess.run(
                ["valgrind", "-q", "--tool=callgrind",
                 "--callgrind-out-file=%s" % out, "--zero-before=bench_begin",
                 "--toggle-collect=gss_accept_sec_context*", *self.argv],
                env=self.env, input=b"1\n%d\n" % calls,
                stdout=subprocess.DEVNULL, check=True, timeout=600)
            total = re.search(r"^totals: (\d+)", out.read_text(), re.M)
        self.instructions = int(total.group(1)) / calls


def measure(realm, clients, cell, directory):
    """The Benches of a cell, measured in turns."""
    right = next(e for e in realm.keys(realm.service) if e.etype == AES256)
    path = directory / "keytab"
    make_keytab(path, cell, right)
    benches = [Bench(realm, client, kind, cell, path)
               for kind, client in clients]
    slowest = max(bench.cost * bench.turn for bench in benches)
    rounds = max(5, min(100, int(BUDGET / slowest)))
    sidebyside.in_turns(benches, rounds, lambda bench: bench.samples.append(
        bench.calls(bench.turn)))
    for bench in benches:
        bench.process.communicate()
        if shutil.which("valgrind"):
            bench.count()
    return {bench.kind.name: bench for bench in benches}


def figures(benches):
    """{kind: figures} of a cell, JSON's form."""
    base = benches.get("MIT")
    out = {}
    for name, bench in benches.items():
        median = statistics.median(bench.samples)
        out[name] = {"cpu_us": round(median / 1000, 1),
                     "instructions": bench.instructions and
                     round(bench.instructions)}
        if base:
            out[name]["cpu_ratio"] = round(
                median / statistics.median(base.samples), 3)
            out[name]["cpu_ratio_5_95"] = [
                round(r, 3) for r in spread(bench.samples, base.samples)]
            if bench.instructions:
                out[name]["instructions_ratio"] = round(
                    bench.instructions / base.instructions, 3)
    return out


def show_head():
    """The columns."""
    print("%-6s %-7s %6s  %-10s %12s %8s  %10s %7s" % (
        "name", "entry", "size", "", "instr.", "to MIT", "CPU us", "to MIT"))


def show(cell, found):
    """The rows of a cell."""
    for number, (name, one) in enumerate(found.items()):
        head = "%-6s %-7s %6d" % cell if number == 0 else " " * 21
        ratio = "%7.3f (%.3f to %.3f)" % (
            one["cpu_ratio"], *one["cpu_ratio_5_95"]) \
            if "cpu_ratio" in one else ""
        print("%s  %-10s %12s %8s  %10.1f %s" % (
            head, name, one["instructions"] or "-",
            one.get("instructions_ratio", "-"), one["cpu_us"], ratio))
    sys.stdout.flush()


def dearer(table, key):
    """Cells of ours whose ratio to MIT's is above 1 for sure."""
    return ["%s %s %d" % cell for cell, found in table.items()
            if key in found["ours"] and (
                found["ours"][key][0] if key.endswith("5_95")
                else found["ours"][key]) > 1]


def growth(table, name, place, kind, sizes):
    """Instructions an entry, between the two largest of sizes."""
    small, large = sorted(sizes)[-2:]
    one, other = (table[Cell(name, place, size)][kind]["instructions"]
                  for size in (small, large))
    return (other - one) / (large - small)


def show_growth(table, sizes):
    """What an entry more costs where the key is absent; whether that is no
    more than it costs MIT to read it."""
    reading = growth(table, "named", "last", "MIT", sizes)
    print("an entry more, of a key that is not there (to read it costs MIT "
          "%.0f instructions):" % reading)
    good = True
    for name in NAMES:
        ours, theirs, old = (growth(table, name, "absent", kind, sizes)
                             for kind in ("ours", "MIT", "unpatched"))
        good = good and ours <= reading
        print("%-6s ours %.0f, MIT %.0f, unpatched %.0f" % (
            name, ours, theirs, old))
    return good


def main():
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    table, names = {}, sidebyside.implementations()
    with Realm() as realm, tempfile.TemporaryDirectory() as directory:
        realm.client.kinit("user", password=realm.password)
        realm.client.kgetcred(realm.service)
        clients = [(kind, realm.new_client(inst=kind.inst, logging=None))
                   for kind in names]
        show_head()
        for cell in (Cell(name, place, size) for name in NAMES
                     for place in PLACES for size in sizes):
            table[cell] = figures(measure(realm, clients, cell,
                                          Path(directory)))
            show(cell, table[cell])
    good, large = True, [size for size in sizes if size > TRIED]
    if len(names) == 3 and shutil.which("valgrind") and len(large) > 1:
        print()
        good = show_growth(table, large)
    print("more instructions than MIT: %s" % (
        ", ".join(dearer(table, "instructions_ratio")) or "no cell"))
    above = dearer(table, "cpu_ratio_5_95")
    print("more CPU time than MIT: %s" % (", ".join(above) or "no cell"))
    # ours does something there that MIT does not
    above = [cell for cell in above if not cell.startswith("named older")]
    sidebyside.save("bench_keytab", {
        "cells": [{"name": cell.name, "entry": cell.place, "size": cell.size,
                   **found} for cell, found in table.items()],
        "plot": [sidebyside.plotted_cpu("keytab of %d, %s, %s" % (
            cell.size, cell.name, cell.place), found["ours"])
            for cell, found in table.items() if "cpu_ratio" in found["ours"]]})
    return 1 if above or not good else 0


if __name__ == "__main__":
    sys.exit(main())
