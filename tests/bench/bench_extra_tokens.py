#!/usr/bin/env python3
"""What extra context tokens and the replay cache cost each side of a context.

The same program (tests/loop/bench_context.c) makes contexts with the libraries
of each of these, cache and keytab in memory, AES256, mutual authentication:

  unpatched     the distribution's Heimdal, which was built with other flags
  same flags    an unpatched Heimdal under $BENCH_PLAIN_PREFIX, if that is set
  not offered   ours with extra_context_tokens = false
  two tokens    ours, offered, and no replay protection
  three tokens  ours, with a challenge
  cache         ours, with the replay cache
  MIT           with KRB5RCACHENAME=none:
  MIT cache     with its replay cache

Instructions: callgrind, counted only within gss_init_sec_context() and
gss_accept_sec_context(), per context, after a warm-up.  They hardly vary from
run to run.  CPU time, system calls included: one process each, taking turns;
medians, and the ratio to its base with how far that of resampled runs is apart
(1,000 of them, 5 % to 95 %).  Deleting contexts is not in it.

The table is printed, and written to $BUILD_DIR/log/bench_extra_tokens.json.

usage: bench_extra_tokens.py [ROUNDS]    of CPU time, 10 contexts each;
                                         default 300
"""

import collections
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import sidebyside
from sidebyside import HEIMDAL, MIT, spread
import peers
from realm import Realm, install
from realm.loop import built, library_env

WARM_UP, COUNTED, ROUND = 10, 50, 10
SIDES = ("initiator", "acceptor")
FUNCTIONS = ("gss_init_sec_context*", "gss_accept_sec_context*")

# base: whose cost is 1.00
Kind = collections.namedtuple("Kind", "name inst libraries base gssapi cache")

# what is to come out: (kind, base, side, figure, at most)
AIMS = (("not offered", "same flags", "initiator", "instructions", 1.01),
        ("not offered", "same flags", "acceptor", "instructions", 1.01),
        ("two tokens", "same flags", "initiator", "instructions", 0.8),
        ("two tokens", "same flags", "acceptor", "instructions", 0.75),
        ("three tokens", "same flags", "initiator", "instructions", 1.2),
        ("three tokens", "same flags", "acceptor", "instructions", 1.0),
        # two tokens have become cheaper faster than three
        ("three tokens", "two tokens", "acceptor", "instructions", 1.35),
        ("three tokens", "MIT", "acceptor", "instructions", 1.0),
        ("three tokens", "MIT", "acceptor", "cpu_us", 1.0),
        ("three tokens", "MIT cache", "acceptor", "instructions", 1.0),
        ("three tokens", "MIT cache", "acceptor", "cpu_us", 1.0),
        ("cache", "MIT cache", "acceptor", "instructions", 1.0),
        ("cache", "MIT cache", "acceptor", "cpu_us", 1.0))


def kinds():
    """Those that can be had here."""
    ours = install.under_test()
    found = []
    try:
        found.append(Kind("unpatched", peers.heimdal_unpatched(), HEIMDAL,
                          "unpatched", {}, "none:"))
    except unittest.SkipTest as err:
        print(err, file=sys.stderr)
    prefix = os.environ.get("BENCH_PLAIN_PREFIX")
    if prefix:
        found.append(Kind("same flags", install.Install.from_prefix(prefix),
                          HEIMDAL, "same flags", {}, "none:"))
    base = "same flags" if prefix else "not offered"
    found += [
        Kind("not offered", ours, HEIMDAL, base,
             {"extra_context_tokens": False}, "none:"),
        Kind("two tokens", ours, HEIMDAL, base, {}, "none:"),
        Kind("three tokens", ours, HEIMDAL, "two tokens",
             {"replay_protection": "challenge"}, "none:"),
        Kind("cache", ours, HEIMDAL, "two tokens",
             {"replay_protection": "cache"}, "file2:"),
    ]
    try:
        mit = peers.mit()
        found += [Kind("MIT", mit, MIT, "MIT", {}, "none:"),
                  Kind("MIT cache", mit, MIT, "MIT", {}, "file2:")]
    except unittest.SkipTest as err:
        print(err, file=sys.stderr)
    return found


class Bench:
    """bench_context with the libraries and the configuration of a kind."""

    def __init__(self, realm, kind, keytab):
        self.kind = kind
        client = realm.new_client(inst=kind.inst, gssapi=kind.gssapi,
                                  logging=None)
        self.env = dict(client.env, **library_env(kind.inst))
        self.env["KRB5RCACHENAME"] = kind.cache if kind.cache == "none:" else \
            kind.cache + str(client.dir / "rcache2")
        self.argv = [built("bench_context", "tests", "ext", "loop"),
                     *kind.libraries, realm.client.ccache,
                     "FILE:%s" % keytab, realm.full(realm.service)]
        self.tokens = 0
        self.samples = {side: [] for side in SIDES}
        self.instructions = {}
        self._process = None

    def count(self, side):
        """Instructions that a context costs one side."""
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "out"
            subprocess.run(
                ["valgrind", "-q", "--tool=callgrind",
                 "--callgrind-out-file=%s" % out,
                 "--zero-before=bench_begin",
                 "--toggle-collect=%s" % FUNCTIONS[SIDES.index(side)],
                 *self.argv],
                env=self.env, input=b"%d\n%d\n" % (WARM_UP, COUNTED),
                stdout=subprocess.DEVNULL, check=True, timeout=300)
            total = re.search(r"^totals: (\d+)", out.read_text(), re.M)
        self.instructions[side] = int(total.group(1)) / COUNTED

    def turn(self, contexts, keep=True):
        """Make contexts, and keep what they cost."""
        if self._process is None:
            self._process = subprocess.Popen(
                self.argv, env=self.env, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, universal_newlines=True, bufsize=1)
        self._process.stdin.write("%d\n" % contexts)
        fields = self._process.stdout.readline().split()
        if len(fields) != 3:
            raise SystemExit("%s: bench_context failed" % self.kind.name)
        self.tokens = int(fields[2])
        if keep:
            for side, ns in zip(SIDES, fields):
                self.samples[side].append(int(ns) / contexts)

    def end(self):
        """No more turns."""
        self._process.communicate()


def measure(benches, rounds):
    """All turns, and all counts if there is valgrind."""
    for bench in benches:
        bench.turn(10 * ROUND, keep=False)                  # warm
    sidebyside.in_turns(benches, rounds, lambda bench: bench.turn(ROUND))
    for bench in benches:
        bench.end()
    if not shutil.which("valgrind"):
        print("no valgrind: instructions are not counted", file=sys.stderr)
        return
    for bench in benches:
        for side in SIDES:
            bench.count(side)


def results(benches):
    """{kind: {side: figures}}, JSON's form."""
    named = {bench.kind.name: bench for bench in benches}
    out = {}
    for bench in benches:
        base = named[bench.kind.base]
        entry = out[bench.kind.name] = {
            "tokens": bench.tokens, "base": bench.kind.base}
        for side in SIDES:
            ours, theirs = bench.samples[side], base.samples[side]
            median = statistics.median(ours)
            figures = entry[side] = {
                "cpu_us": round(median / 1000, 2),
                "cpu_ratio": round(median / statistics.median(theirs), 3),
                "cpu_ratio_5_95": [round(r, 3) for r in spread(ours, theirs)]}
            if bench.instructions:
                count = bench.instructions[side]
                figures["instructions"] = round(count)
                figures["instructions_ratio"] = round(
                    count / base.instructions[side], 4)
    return out


def aims(found):
    """[(what, ratio, at most)]"""
    out = []
    for name, base, side, figure, most in AIMS:
        if name in found and base in found and figure in found[name][side]:
            out.append(("%s, %s, to %s%s" % (
                name, side, base, " (CPU)" if figure == "cpu_us" else ""),
                round(found[name][side][figure] / found[base][side][figure],
                      4), most))
    if "MIT cache" in found:
        extra = [found[name]["acceptor"]["cpu_us"] -
                 found[base]["acceptor"]["cpu_us"]
                 for name, base in (("cache", "two tokens"),
                                    ("MIT cache", "MIT"))]
        out.append(("what the cache costs, to MIT's (CPU)",
                    round(extra[0] / extra[1], 3), 1))
    return out


def show(found, aimed):
    """The table."""
    print("%-13s tokens  %-10s %-10s %-9s %s" % (
        "", "side", "kinstr.", "CPU us", "ratio to"))
    for name, entry in found.items():
        for side in SIDES:
            figures = entry[side]
            counted = "instructions" in figures
            print("%-13s %-7s %-10s %-10s %-9s %s%.3f (%.3f to %.3f)  %s" % (
                name if side == SIDES[0] else "",
                entry["tokens"] if side == SIDES[0] else "", side,
                "%.1f" % (figures["instructions"] / 1000) if counted else "-",
                "%.1f" % figures["cpu_us"],
                "%.4f, CPU " % figures["instructions_ratio"] if counted
                else "CPU ", figures["cpu_ratio"], *figures["cpu_ratio_5_95"],
                entry["base"]))
    print()
    for what, ratio, most in aimed:
        print("%-45s %.4f, at most %.2f: %s" % (
            what, ratio, most, "yes" if ratio <= most else "NO"))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with Realm() as realm:
        realm.client.kinit("user", password=realm.password)
        realm.client.kgetcred(realm.service)
        keytab = realm.ext_keytab(realm.service)
        benches = [Bench(realm, kind, keytab) for kind in kinds()]
        measure(benches, rounds)
    found = results(benches)
    aimed = aims(found)
    show(found, aimed)
    sidebyside.save("bench_extra_tokens", {
        "kinds": found, "rounds": rounds, "contexts_counted": COUNTED,
        "aims": [{"what": what, "ratio": ratio, "at_most": most}
                 for what, ratio, most in aimed],
        "plot": [sidebyside.plotted_cpu("%s, %s" % (name, side), entry[side],
                                        entry["base"])
                 for name, entry in found.items()
                 if name != entry["base"] for side in SIDES]})


if __name__ == "__main__":
    main()
