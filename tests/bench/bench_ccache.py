#!/usr/bin/env python3
"""What a FILE credential cache costs an initiator, and a keytab an acceptor, in
system calls and CPU time.

The same programs (tests/loop/bench_initiate.c and bench_accept.c) make first
calls of gss_init_sec_context() with the ticket in a FILE cache, and of
gss_accept_sec_context() with the key in a FILE keytab, with the libraries of
each of these; the ticket, or key, is behind so many others:

  unpatched    the Heimdal under $BENCH_PLAIN_PREFIX, built with the flags of
               ours; without that the distribution's, which has others
  MIT
  ours         as it is by default

System calls are those of one call in a warm process, counted by the program
itself; instructions callgrind's, of a call; CPU time has system calls in it, the
kinds take turns.

Exit status 1 when a call of ours makes more system calls than MIT's.

usage: bench_ccache.py [ROUNDS]         of CPU time, default 60
"""

import statistics
import sys
import tempfile
from pathlib import Path

import sidebyside
from realm import Realm, ccache, keytab
from realm.loop import built

SIZES = (0, 100, 1000, 10000)           # others
TURN = 0.003                            # seconds
COUNTED, SLOW = 10, 0.05                # calls; if one takes SLOW, 1
NOW, LATER = 1000000000, 2100000000     # seconds
AES256 = 18


def fill_cache(path, others):
    """Put so many tickets for others in front."""
    ticket = b"t" * 600
    ccache.put_first(path, b"".join(
        ccache.credential("user", "host/h%05d.ext.test" % number, "EXT.TEST",
                          (AES256, bytes(32)), ticket, NOW, LATER)
        for number in range(others)))


def make_keytab(path, others, right):
    """The right key behind so many others."""
    keytab.write(path, [
        keytab.Entry("host/h%05d.ext.test@EXT.TEST" % number, 1, AES256,
                     bytes(32)) for number in range(others)] + [right])


class Side:
    """A side of one implementation."""

    def __init__(self, name, client, implementation, *arguments):
        program = {"initiator": "bench_initiate", "acceptor": "bench_accept"}
        self.implementation = implementation.name
        self.function = {"initiator": "gss_init_sec_context",
                         "acceptor": "gss_accept_sec_context"}[name]
        self.program = sidebyside.Program(
            [built(program[name], "tests", "ext", "loop"),
             *implementation.libraries, *arguments],
            sidebyside.environment(client, implementation.inst,
                                   KRB5RCACHENAME="none:"))
        self.samples = []
        self.cost = min(self.calls(1) for _ in range(2)) / 1e9
        self.syscalls = int(self.program.ask("syscalls")[0])
        self.turn = max(1, int(TURN / self.cost))

    def calls(self, count):
        """Nanoseconds of each of so many calls."""
        return int(self.program.ask(count)[0]) / count

    def measure(self):
        """A turn."""
        self.samples.append(self.calls(self.turn))

    def figures(self):
        """JSON's form."""
        self.program.end()
        calls = 1 if self.cost > SLOW else COUNTED
        return {"syscalls": self.syscalls, "cpu_us": round(
                    statistics.median(self.samples) / 1000, 1),
                "instructions": self.program.instructions(
                    [self.function], 1, calls)}


def sides(name, realm, clients, others, directory):
    """[Side] of each implementation."""
    service = realm.full(realm.service)
    cache, table = directory / "cache", directory / "keytab"
    cache.write_bytes(Path(realm.client.ccache.split(":", 1)[-1]).read_bytes())
    cache.chmod(0o600)
    if name == "initiator":
        fill_cache(cache, others)
        arguments = ["FILE:%s" % cache, service]
    else:
        right = next(e for e in realm.keys(realm.service)
                     if e.etype == AES256)
        make_keytab(table, others, right)
        arguments = ["FILE:%s" % cache, "FILE:%s" % table, service, "-"]
    return [Side(name, client, one, *arguments) for one, client in clients]


def measure(name, realm, clients, others, rounds):
    """{implementation: figures}"""
    with tempfile.TemporaryDirectory() as directory:
        found = sides(name, realm, clients, others, Path(directory))
        slowest = max(side.cost * side.turn for side in found)
        sidebyside.in_turns(found, max(5, min(rounds, int(1 / slowest))),
                            Side.measure)
        out = {side.implementation: side.figures() for side in found}
    base = next((s for s in found if s.implementation == "MIT"), None)
    if base:
        for side in found:
            out[side.implementation].update(
                sidebyside.compared(side.samples, base.samples))
    return out


def show(name, others, row):
    """The rows of a cell."""
    for number, (kind, one) in enumerate(row.items()):
        head = "%-10s %6d" % (name, others) if number == 0 else " " * 17
        print("%s  %-10s %8d %12s %10.1f  %s" % (
            head, kind, one["syscalls"], one["instructions"] or "-",
            one["cpu_us"], "%.3f (%.3f to %.3f)" % (
                one["cpu_ratio"], *one["cpu_ratio_5_95"])
            if "cpu_ratio" in one else ""))
    sys.stdout.flush()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    table, good = [], True
    with Realm() as realm:
        realm.client.kinit("user", password=realm.password)
        realm.client.kgetcred(realm.service)
        clients = [(one, realm.new_client(inst=one.inst, logging=None))
                   for one in sidebyside.implementations()]
        print("%-10s %6s  %-10s %8s %12s %10s  %s" % (
            "", "others", "", "syscalls", "instr.", "CPU us", "to MIT"))
        for name in ("initiator", "acceptor"):
            for others in SIZES:
                row = measure(name, realm, clients, others, rounds)
                show(name, others, row)
                table.append({"side": name, "others": others, **row})
                if "MIT" in row and row["MIT"]["syscalls"] >= 0:
                    good = good and row["ours"]["syscalls"] <= \
                        row["MIT"]["syscalls"]
    print("more system calls than MIT: %s" % ("no cell" if good else "yes"))
    sidebyside.save("bench_ccache", {"cells": table, "plot": [
        sidebyside.plotted_cpu("%s, %d others" % (row["side"], row["others"]),
                               row["ours"])
        for row in table if "cpu_ratio" in row["ours"]]})
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
