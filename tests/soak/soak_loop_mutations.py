#!/usr/bin/env python3
"""Thousands of exchanges of the loop programs with a token changed on its
way, by a man in the middle: flipped, cut, spliced, doubled, sent back, or
DER whose lengths say something else.

A finding is a program that crashes, hangs, leaks or says something to a
sanitizer, an exchange without a line, two sides that are both complete but
do not agree, and a good exchange that fails afterwards.  Legs:

  krb5, krb5-one-way, spnego, spnego-one-way

The seed is printed; --first runs one exchange again.  With a build of
--asan, $LOOP_ASAN_OPTIONS is for the loop programs alone.  Exit status 0
without a finding.  Not part of `check`: minutes, not seconds.
"""

import argparse
import contextlib
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from realm import Realm, RunError                       # noqa: E402
from realm.loop import Acceptor, library_env, lines, program     # noqa: E402
from realm.process import run                           # noqa: E402
from wire import mitm, mutate                           # noqa: E402

BOTH, ONE_WAY = "mutual,replay,sequence,conf,integ", \
    "replay,sequence,conf,integ"
LEGS = {"krb5": ("krb5", BOTH), "krb5-one-way": ("krb5", ONE_WAY),
        "spnego": ("spnego", BOTH), "spnego-one-way": ("spnego", ONE_WAY)}
PLACES = (">1", ">1", "<1", "<1", ">2", "<2", "<3", ">3")
BATCH = 100                             # exchanges of one initiator process
REPORTS = ("Sanitizer", "runtime error:")


def script(seed, number, pool):
    """What becomes of exchange `number`, the same for the same seed."""
    rng = random.Random("%s %d" % (seed, number))
    where, how = rng.choice(PLACES), rng.randrange(20)
    if how == 0:
        return {where: mitm.repeat()}
    if how == 1:
        return {where: mitm.reflect()}
    if how == 2:
        return {where: [mitm.drop(), mitm.close()]}
    if how == 3:
        return {where: mitm.inject(rng.choice("<>"), lambda _exchange:
                                   mutate.mutate(rng, b"", pool)[0])}
    if how == 4:
        return {where: mitm.claim(rng.choice((0, 1, 0x7fffffff,
                                              0xffffffff)))}
    return {where: mitm.edit(lambda data: mutate.mutate(rng, data, pool)[0])}


class Leg:
    """One acceptor process and the exchanges with it."""

    def __init__(self, stack, realm, keytab, name, args):
        self.client, self.name, self.args = realm.client, name, args
        self.service = "--service=host@server." + realm.domain
        self.mech, self.ask = LEGS[name]
        self.acceptor = stack.enter_context(Acceptor(
            self.client, "--keytab=FILE:%s" % keytab, "--timeout=2",
            "--quiet"))
        self.man = stack.enter_context(mitm.Mitm(self.acceptor.port))
        self.lines = 0
        self.pool = []
        self.findings = []
        self.both = 0

    def finding(self, number, text):
        """Count it and say so."""
        self.findings.append(text)
        print("%s --seed=%s --first=%d: %s" % (
            self.name, self.args.seed, number, text), flush=True)

    def batch(self, first, count, make_script):
        """Exchanges `first`...; [(ours, theirs, Exchange)]."""
        begun = len(self.man.exchanges)
        self.man.script = lambda index: make_script(first + index - begun)
        done = run([program("loop_initiator"), "--port=%d" % self.man.port,
                    self.service, "--mech=" + self.mech,
                    "--flags=" + self.ask, "--timeout=2", "--quiet",
                    "--count=%d" % count],
                   dict(self.client.env, **library_env(self.client.inst)),
                   expect_code=None, timeout=60 + 10 * count)
        ours = lines(done.stdout)
        if done.rc not in (0, 1) or len(ours) != count or \
                any(text in done.stderr for text in REPORTS):
            self.finding(first, "loop_initiator\n%s" % done)
            return []
        found = []
        for line in ours:
            self.lines += 1
            found.append((line, self.acceptor.line(self.lines),
                          self.man.next(30)))
        return found

    def run(self, first, count):
        """The changed exchanges first... and a good one after each batch."""
        for start in range(first, first + count, BATCH):
            size = min(BATCH, first + count - start)
            results = self.batch(start, size, lambda number: script(
                self.args.seed, number, self.pool))
            for number, (ours, theirs, exchange) in enumerate(results,
                                                              start):
                self.pool = (self.pool + [t.data for t in exchange.tokens
                                          ])[-200:]
                if ours.complete and theirs.complete:
                    self.both += 1
                    if ours.flags != theirs.flags:
                        self.finding(number, "%s\n%s\n%s" % (
                            ours, theirs, exchange.dump(octets=True)))
            for ours, theirs, _ in self.batch(start, 1, lambda _number: {}):
                if not (ours.complete and theirs.complete):
                    self.finding(start, "after it a good exchange fails\n"
                                 "%s\n%s" % (ours, theirs))
            if any(text in self.acceptor.daemon.said() for text in REPORTS):
                self.finding(start, "loop_acceptor\n" +
                             self.acceptor.daemon.said()[-8000:])
                break


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2500,
                        help="exchanges of each leg (2500)")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("legs", nargs="*", metavar="LEG",
                        help="%s (all)" % ", ".join(LEGS))
    args = parser.parse_args()
    if set(args.legs) - set(LEGS) or args.count < 1:
        parser.error("no such leg, or --count is no positive number")
    print("seed %s" % args.seed)

    findings, summary = 0, []
    with Realm() as realm:
        realm.client.kinit("user", password=realm.password)
        realm.client.kgetcred(realm.service)
        keytab = realm.ext_keytab(realm.service)
        options = os.environ.get("LOOP_ASAN_OPTIONS")
        before = os.environ.get("ASAN_OPTIONS", "")
        for name in args.legs or LEGS:
            began = time.monotonic()
            leg = None
            if options:
                os.environ["ASAN_OPTIONS"] = options
            try:
                with contextlib.ExitStack() as stack:
                    leg = Leg(stack, realm, keytab, name, args)
                    leg.run(args.first, args.count)
            except (RunError, AssertionError) as err:
                leg.finding(args.first, str(err))
            finally:
                os.environ["ASAN_OPTIONS"] = before
            findings += len(leg.findings)
            summary.append("%-15s %d exchanges, %d complete on both sides, "
                           "%d findings, %.0f s" % (
                               name, args.count, leg.both, len(leg.findings),
                               time.monotonic() - began))
            print(summary[-1], flush=True)
    print("\n".join(["", *summary]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
