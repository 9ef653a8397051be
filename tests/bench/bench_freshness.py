#!/usr/bin/env python3
"""What freshness costs the KDC: CPU of a PKINIT login with it against one without.

Same KDC process, same run: logins of the two kinds alternate, and the KDC's own CPU time (schedstat, in
nanoseconds) is read around each.  A login without freshness is one signed request; with freshness it is
the asking request, the error with the token, and the signed request.  Printed: medians, their ratio, and
how far the ratio of resampled runs is apart (1,000 of them, 5 % to 95 %).  The KDC logs what it logs
without configuration.

usage: bench_freshness.py [ROUNDS]     logins per kind and mode, default 150
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import sidebyside
from realm import Realm
from wire import krb, pkinit

PA_FRESHNESS = 150


def cpu_ns(pid):
    """CPU time of a process so far."""
    return int(Path("/proc/%d/schedstat" % pid).read_text().split()[0])


def ask(realm):
    """The request for a token and the token."""
    body = krb.req_body(realm.name, "user")
    reply = krb.send_kdc(realm.port, krb.as_req(body, [(PA_FRESHNESS, b"")]))
    return reply.pa(PA_FRESHNESS)


def login(realm, cert, use_dh, fresh):
    """One login; CPU nanoseconds that it cost the KDC."""
    before = cpu_ns(realm.pid)
    token = ask(realm) if fresh else None
    asked = cpu_ns(realm.pid) - before
    request = pkinit.Request(realm.name, "user", cert, token=token, use_dh=use_dh)
    before = cpu_ns(realm.pid)
    reply = krb.send_kdc(realm.port, request.message, "tcp")
    if not isinstance(reply, krb.KdcRep):
        raise SystemExit("the KDC refused the login: %r" % reply)
    return asked + cpu_ns(realm.pid) - before


def bar(value, largest, width=40):
    return "#" * max(1, round(width * value / largest))


def measure(realm, mode, use_dh, logins):
    cert = realm.cert()
    samples = {False: [], True: []}
    for kind in (False, True):
        login(realm, cert, use_dh, kind)                    # warm
    for n in range(logins):
        for kind in (False, True) if n % 2 else (True, False):
            samples[kind].append(login(realm, cert, use_dh, kind))
        if sys.stderr.isatty():
            print("\r%s %d of %d" % (mode, n + 1, logins), end="", file=sys.stderr)
    plain, fresh = (statistics.median(samples[k]) / 1000 for k in (False, True))
    low, high = sidebyside.spread(samples[True], samples[False])
    largest = max(plain, fresh)
    print("%-4s without %8.0f us %s" % (mode, plain, bar(plain, largest)))
    print("     with    %8.0f us %s" % (fresh, bar(fresh, largest)))
    print("     ratio   %.3f  (%.3f to %.3f, %d logins each)" % (fresh / plain, low, high, logins))
    return {"cpu_us": {"without": round(plain, 1), "with": round(fresh, 1)},
            "cpu_ratio": round(fresh / plain, 3), "cpu_ratio_5_95": [round(low, 3), round(high, 3)]}


def request_cost(realm, requests=300):
    """What any request without pre-authentication costs, and one that asks for a token."""
    for name, padata in (("plain", []), ("asking", [(PA_FRESHNESS, b"")])):
        costs = []
        for _ in range(requests):
            before = cpu_ns(realm.pid)
            krb.send_kdc(realm.port, krb.as_req(krb.req_body(realm.name, "user"), padata))
            costs.append(cpu_ns(realm.pid) - before)
        print("%-6s request, no pre-authentication: %5.0f us" %
              (name, statistics.median(costs) / 1000))


def token_cost():
    """Mint and verify by the unit test's bench."""
    program = Path(os.environ.get("BUILD_DIR", "_build")) / "obj/kdc/test_freshness"
    if not program.exists():
        print("token: build it first: make -C %s test_freshness" % program.parent)
        return
    print("token:", subprocess.run([program, "--bench", "20000"], check=True, text=True,
                                   stdout=subprocess.PIPE).stdout.strip(), "(CPU, AES256)")


def main():
    logins = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    with Realm(pkinit=True, logging={"krb5": None}) as realm:
        realm.restart(logging={"kdc": "0-1/FILE:%s" % (realm.dir / "kdc.log")})
        modes = {mode: measure(realm, mode, mode == "DH", logins) for mode in ("DH", "RSA")}
        request_cost(realm)
    token_cost()
    sidebyside.save("bench_freshness", {"modes": modes, "plot": [
        sidebyside.plotted_cpu("PKINIT login with freshness, %s" % mode, one, "without")
        for mode, one in modes.items()]})


if __name__ == "__main__":
    main()
