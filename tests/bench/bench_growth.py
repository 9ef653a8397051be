#!/usr/bin/env python3
"""Whether a context costs the same, however many there were before it.

tests/loop/bench_context.c makes 1 to 100,000 contexts in one process, cache and
keytab in memory, with the libraries of an unpatched Heimdal
($BENCH_PLAIN_PREFIX, or the distribution's), of MIT, and ours; ours and MIT's
also with a replay cache, in which all of them are live at the end.

  CPU us       of both sides, a context, in the steps 1, 10, 100, ...
  bytes        that malloc() has given out more than after 100 contexts
  KiB          the process's resident memory

and 10,000 contexts half open at the same time: bytes of an initiator that has
sent its token, and of an acceptor after it; with three tokens, it is half open.

Exit status 1 when a process of ours has kept more than KEPT bytes a context and
NOISE, or
when a context costs more than GROWN times as many instructions as one of the
first when there were 400 before, or GROWN_CACHE times where all contexts are in
a replay cache.  What was freed and is kept for the next is in the bytes, too.

usage: bench_growth.py [CONTEXTS]       default 100000
"""

import collections
import sys

import sidebyside
from realm import Realm
from realm.loop import built

MOST, HALF = 100000, 10000
EARLY, LATE, COUNTED = 10, 400, 20      # contexts before those counted
FUNCTIONS = ("gss_init_sec_context", "gss_accept_sec_context")
KEPT, NOISE = 1, 262144                 # bytes; glibc's free() keeps so much
GROWN, GROWN_CACHE = 1.05, 1.15         # its tables are the more, by log2

Kind = collections.namedtuple("Kind", "name gssapi cache")
KINDS = {
    "unpatched": (Kind("unpatched", {}, "none:"),),
    "MIT": (Kind("MIT", {}, "none:"), Kind("MIT, cache", {}, "file2:")),
    "ours": (Kind("ours", {}, "none:"),
             Kind("ours, three tokens", {"replay_protection": "challenge"},
                  "none:"),
             Kind("ours, cache", {"replay_protection": "cache"}, "file2:"))}


def steps(most):
    """1, 10, 100, ... most: how many contexts there are then."""
    found = [10 ** n for n in range(9) if 10 ** n < most]
    return found + [most]


class Growth:
    """A process that makes contexts."""

    def __init__(self, realm, implementation, kind, keytab):
        self.kind = kind
        client = realm.new_client(inst=implementation.inst, logging=None,
                                  gssapi=kind.gssapi)
        name = kind.cache if kind.cache == "none:" else \
            kind.cache + str(client.dir / "rcache")
        self.program = sidebyside.Program(
            [built("bench_context", "tests", "ext", "loop"),
             *implementation.libraries, realm.client.ccache,
             "FILE:%s" % keytab, realm.full(realm.service)],
            sidebyside.environment(client, implementation.inst,
                                   KRB5RCACHENAME=name))
        self.cache = client.dir / "rcache"
        self.bytes = lambda: int(self.program.ask("bytes")[0])

    def grow(self, most):
        """[{contexts, cpu_us, bytes, rss}]"""
        rows, done, base = [], 0, None
        for total in steps(most):
            ns = sum(map(int, self.program.ask(total - done)[:2]))
            given = self.bytes()
            rows.append({"contexts": total, "cpu_us": round(
                             ns / (total - done) / 1000, 1),
                         "bytes": given, "rss_kib": self.program.rss()})
            done = total
            if total <= 100:
                base = given
        for row in rows:
            row["bytes"] -= base
        return rows

    def half_open(self):
        """What one takes."""
        initiator, acceptor, state = self.program.ask("half %d" % HALF)
        return {"initiator": int(initiator), "acceptor": int(acceptor),
                "acceptor_is": state}

    def instructions(self, before):
        """Of a context, both sides, when the process made so many before."""
        return self.program.instructions(FUNCTIONS, before, COUNTED)

    def early_and_late(self):
        """Instructions of one of the first contexts and of a late one."""
        if self.cache.exists():         # all are in it
            late = self.instructions(EARLY)
            self.cache.unlink()
            return self.instructions(EARLY), late
        return self.instructions(EARLY), self.instructions(LATE)


def show(name, found):
    """The rows of a kind."""
    for number, row in enumerate(found["steps"]):
        print("%-20s %8d %8.1f %10d %8d" % (
            name if number == 0 else "", row["contexts"], row["cpu_us"],
            row["bytes"], row["rss_kib"]))
    half = found["half_open"]
    print("%-20s half open: initiator %d bytes; acceptor %d, %s" % (
        "", half["initiator"], half["acceptor"], half["acceptor_is"]))
    if found.get("early"):
        print("%-20s instructions of an early context: %d, of a late one: %d" %
              ("", found["early"], found["late"]))
    sys.stdout.flush()


def worse(name, found, most):
    """What is grossly wrong with a kind of ours."""
    out = []
    kept = found["steps"][-1]["bytes"]
    if kept > KEPT * most + NOISE:
        out.append("%s keeps %d bytes of %d contexts" % (name, kept, most))
    most_grown = GROWN_CACHE if name.endswith("cache") else GROWN
    if found["early"] and found["late"] > most_grown * found["early"]:
        out.append("%s: %d instructions become %d" % (
            name, found["early"], found["late"]))
    return out


def main():
    most = int(sys.argv[1]) if len(sys.argv) > 1 else MOST
    table, bad = {}, []
    with Realm() as realm:
        realm.client.kinit("user", password=realm.password)
        realm.client.kgetcred(realm.service)
        keytab = realm.ext_keytab(realm.service)
        print("%-20s %8s %8s %10s %8s" % (
            "", "contexts", "CPU us", "bytes", "KiB"))
        for one in sidebyside.implementations():
            for kind in KINDS[one.name]:
                growth = Growth(realm, one, kind, keytab)
                found = table[kind.name] = {"steps": growth.grow(most),
                                            "half_open": growth.half_open()}
                growth.program.end()
                if one.name == "ours":
                    found["early"], found["late"] = growth.early_and_late()
                    bad += worse(kind.name, found, most)
                show(kind.name, found)
    print("growth: %s" % ("; ".join(bad) or "none"))
    sidebyside.save("bench_growth", {"kinds": table, "plot": [
        sidebyside.plotted("%s, context %d" % (name, most),
                           round(found["steps"][-1]["cpu_us"] /
                                 found["steps"][2]["cpu_us"], 3),
                           to="context 100")
        for name, found in table.items() if len(found["steps"]) > 3]})
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
