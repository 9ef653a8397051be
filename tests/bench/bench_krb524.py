#!/usr/bin/env python3
"""What a conversion by the krb524 service costs the KDC, beside the TGS-REQ that the ticket came from.

Same KDC process, same run: conversions of a ticket as it is and of one that is stripped, refusals, and TGS-REQs alternate, and the KDC's own CPU time (schedstat, in nanoseconds) is read around each.
Printed: medians, and their ratio to the TGS-REQ's.  Exit status 1 if a conversion costs more than a TGS-REQ: who may ask for the one may ask for the other.

usage: bench_krb524.py [ROUNDS]     default 100
"""

import os
import socket
import statistics
import sys
from pathlib import Path

import sidebyside
from realm import Realm, ports
from wire import ap, tgs

PLAIN, STRIPPED = "afs/plain.test", "afs/stripped.test"
PER_ROUND = 10                          # what follows the answer is a tenth


def cpu_ns(pid):
    """CPU time of a process so far."""
    return int(Path("/proc/%d/schedstat" % pid).read_text().split()[0])


def requests(realm):
    """{name: octets}; all of them get an answer."""
    keys = {}
    for name in PLAIN, STRIPPED:
        realm.add(name)
        keys[name] = next(e for e in realm.keys(name) if e.etype == 18)
    return {
        "TGS-REQ": tgs.Request(tgs.get_tgt(realm), PLAIN).message,
        "as it is": ap.issue(keys[PLAIN]).ticket,
        "stripped": ap.issue(keys[STRIPPED]).ticket,
        "expired": ap.issue(keys[PLAIN], start=-900, end=-600).ticket,
    }


def measure(realm, rounds):
    """{name: [nanoseconds]}"""
    asked = requests(realm)
    taken = {name: [] for name in asked}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect((ports.LOOPBACK, realm.port))
        for _ in range(rounds):
            for name, octets in asked.items():
                before = cpu_ns(realm.pid)
                for _ in range(PER_ROUND):
                    sock.send(octets)
                    sock.recv(65536)
                taken[name].append((cpu_ns(realm.pid) - before) / PER_ROUND)
    return taken


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with Realm(kdc={"enable-524": True, "use_2b": {"afs/*": True},
                    "2b_strip": {STRIPPED: True}}) as realm:
        taken = measure(realm, rounds)
    medians = {name: statistics.median(values) / 1000
               for name, values in taken.items()}
    base = medians["TGS-REQ"]
    print("CPU of the KDC, microseconds, medians of %d times %d" % (
        rounds, PER_ROUND))
    for name, value in medians.items():
        print("%-10s %8.1f   %.2f of a TGS-REQ" % (name, value, value / base))
    sidebyside.save("bench_krb524", {
        "cpu_us": {name: round(value, 1) for name, value in medians.items()},
        "plot": [sidebyside.plotted("krb524, %s" % name, round(
            value / base, 3), *sidebyside.spread(
                taken[name], taken["TGS-REQ"]), to="TGS-REQ")
                 for name, value in medians.items() if value != base]})
    return int(max(medians.values()) > base)


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
