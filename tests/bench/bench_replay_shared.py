#!/usr/bin/env python3
"""Contexts a second by two processes that share one replay cache.

Two acceptors (tests/loop/bench_accept.c) accept tokens that were made before,
at the same time, with one replay cache file of the format that ours and MIT's
share; also one of ours beside one of MIT's.  With one process, the file is
its own.  Each round has a new file; the pairs take turns.

  ours, MIT         two of the same
  ours with MIT     one of each

Contexts a second: of both together, medians; ratio: to MIT's two, and how far
that of resampled runs is apart (5 % to 95 %).  CPU time and system calls are
those of one context.  Other work on the machine is in all of it.

Exit status 1 when an acceptor refuses a token that is no replay.

usage: bench_replay_shared.py [ROUNDS]  default 40
"""

import statistics
import sys
import tempfile
from pathlib import Path

import sidebyside
from realm import Realm
from realm.loop import built

BATCH = 300                             # contexts of a process in a round
PAIRS = {"MIT": ("MIT", "MIT"), "ours": ("ours", "ours"),
         "ours with MIT": ("ours", "MIT"),
         "MIT, alone": ("MIT",), "ours, alone": ("ours",)}
BASES = {"MIT": "MIT", "ours": "MIT", "ours with MIT": "MIT",
         "MIT, alone": "MIT, alone", "ours, alone": "MIT, alone"}


class Pair:
    """Acceptors that share a replay cache."""

    def __init__(self, realm, implementations, keytab, cache):
        self.cache = cache
        service = realm.full(realm.service)
        self.programs = []
        for one in implementations:
            client = realm.new_client(
                inst=one.inst, logging=None,
                gssapi={"replay_protection": "cache"}
                if one.name == "ours" else {})
            self.programs.append(sidebyside.Program(
                [built("bench_accept", "tests", "ext", "loop"),
                 *one.libraries, realm.client.ccache, "FILE:%s" % keytab,
                 service, service],
                sidebyside.environment(client, one.inst,
                                       KRB5RCACHENAME="file2:%s" % cache)))
        self.rates, self.cpu, self.refused = [], [], 0
        self.round()                    # warm
        self.syscalls = max(int(p.ask("syscalls")[0]) for p in self.programs)
        del self.rates[:], self.cpu[:]

    def round(self):
        """All at the same time, on an empty cache."""
        self.cache.unlink(missing_ok=True)
        for program in self.programs:
            program.ask("batch %d" % BATCH)
        for program in self.programs:
            program.say("go")
        answers = [list(map(int, p.hear())) for p in self.programs]
        self.refused += sum(BATCH - accepted for _, _, accepted in answers)
        self.rates.append(sum(BATCH * 1e9 / wall for wall, _, _ in answers))
        self.cpu.append(sum(cpu for _, cpu, _ in answers) /
                        len(answers) / BATCH)

    def end(self):
        """No more rounds."""
        for program in self.programs:
            program.end()


def pairs(realm, directory):
    """{name: Pair} of what can be had."""
    known = {one.name: one for one in sidebyside.implementations()}
    keytab = realm.ext_keytab(realm.service)
    return {name: Pair(realm, [known[n] for n in names], keytab,
                       Path(directory) / name.replace(" ", "-"))
            for name, names in PAIRS.items() if set(names) <= set(known)}


def figures(found):
    """{name: figures}, JSON's form."""
    out = {}
    for name, pair in found.items():
        one = out[name] = {
            "contexts_per_second": round(statistics.median(pair.rates)),
            "cpu_us": round(statistics.median(pair.cpu) / 1000, 1),
            "syscalls": pair.syscalls, "refused": pair.refused}
        if BASES[name] in found:
            base = found[BASES[name]]
            one.update(sidebyside.compared(pair.rates, base.rates, "rate"))
            one.update(sidebyside.compared(pair.cpu, base.cpu))
    return out


def show(table):
    """A row each."""
    print("%-14s %10s %-24s %9s %-24s %8s" % (
        "", "contexts/s", "to MIT", "CPU us", "to MIT", "syscalls"))
    for name, one in table.items():
        ratios = ["%.3f (%.3f to %.3f)" % (
            one[key + "_ratio"], *one[key + "_ratio_5_95"])
            if key + "_ratio" in one else "-" for key in ("rate", "cpu")]
        print("%-14s %10d %-24s %9.1f %-24s %8d" % (
            name, one["contexts_per_second"], ratios[0], one["cpu_us"],
            ratios[1], one["syscalls"]))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with Realm() as realm, tempfile.TemporaryDirectory() as directory:
        realm.client.kinit("user", password=realm.password)
        realm.client.kgetcred(realm.service)
        found = pairs(realm, directory)
        sidebyside.in_turns(found.values(), rounds, Pair.round)
        for pair in found.values():
            pair.end()
    table = figures(found)
    show(table)
    refused = sum(one["refused"] for one in table.values())
    print("refused: %d" % refused)
    sidebyside.save("bench_replay_shared", {"pairs": table, "plot": [
        sidebyside.plotted("contexts a second, %s" % name, one["rate_ratio"],
                           *one["rate_ratio_5_95"])
        for name, one in table.items()
        if "rate_ratio" in one and BASES[name] != name]})
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
