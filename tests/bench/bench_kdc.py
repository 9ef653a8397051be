#!/usr/bin/env python3
"""What a request costs the KDC, ours beside an unpatched Heimdal's and MIT's.

A realm of the same name, users and CA for each of

  ours
  same flags    the Heimdal under $BENCH_PLAIN_PREFIX, built with our flags
  unpatched     the distribution's
  MIT           krb5kdc

and the same requests, made here beforehand and no two alike (MIT's KDC answers
a repeated one from memory): nothing of a client is measured, and no KDC sees
another client than the others.  The KDCs take turns with a few requests each,
and the first to have one changes; the CPU time of the KDC's process (schedstat,
nanoseconds, system calls included) is read around each turn.  PKINIT goes over
TCP, everything else over UDP, as clients do it.

Printed: medians, the ratio to MIT's, and how far that of resampled runs is
apart (1,000 of them, 5 % to 95 %); with valgrind, instructions of a request, as
callgrind counts them for one turn of a KDC that is warm.

Logins are sums: by password, a request that is told to pre-authenticate and
one with a timestamp; by PKINIT with freshness, one that asks for a token and a
signed one.  An aim that is missed (AIMS) is a line at the end; exit status 1 if a
login costs more than MIT's.

The table goes to $BUILD_DIR/log/bench_kdc.json, too.  $BENCH_KDC_PROFILES names a
directory in which callgrind's files are kept.

usage: bench_kdc.py [ROUNDS] [KIND...]      default 60, all that can be had
"""

import collections
import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import peers                                                # noqa: E402
import sidebyside                                           # noqa: E402
from bench_extra_tokens import spread                       # noqa: E402
from realm import Realm, install, pki, ports, wait_until    # noqa: E402
from realm.mit_kdc import MitRealm                          # noqa: E402
from realm.relay import ask                                 # noqa: E402
from wire import ap, enc, krb, pkinit, tgs                  # noqa: E402

NAME = "EXT.TEST"
TURN, COUNTED = 4, 8                    # requests of a turn, counted
OLD = 4                                 # hdb-keep-open/README.md
BASE = "MIT"
ENC_TKT_IN_SKEY = 0x00000008            # KDC option of RFC 4120 5.4.1
# a login of ours, of MIT's CPU time: the name of a row and the most it may be
AIMS = {"login, password": 1.0, "login, PKINIT, freshness": 0.5}
LOGINS = {
    "login, password": ("AS, no preauth", "AS, timestamp"),
    "login, PKINIT": ("AS, PKINIT",),
    "login, PKINIT, freshness": ("AS, asks for token", "AS, PKINIT, token"),
}

Kind = collections.namedtuple("Kind", "name realm requests")


# -- requests ----------------------------------------------------------------

def requests(realm, fresh, converts):
    """Makers of the requests of a realm: {row: (transport, maker)}"""
    key = enc.string_to_key(realm.password, NAME + "user")
    cert, tgt = realm.cert(), tgs.get_tgt(realm)
    service = realm.service.split("@")[0]
    own = tgs.get_tgt(realm, "peer")

    def body():
        return krb.req_body(NAME, "user", etypes=(18,))

    def signed(token=None):
        return pkinit.Request(NAME, "user", cert, token=token).message

    rows = {
        "AS, no preauth": ("udp", lambda: krb.as_req(body())),
        "AS, timestamp": ("udp", lambda: krb.as_req(
            body(), [krb.pa_enc_timestamp(key)])),
        "TGS": ("udp", lambda: tgs.Request(tgt, service).message),
        "TGS, user-to-user": ("udp", lambda: tgs.Request(
            tgt, "peer", options=ENC_TKT_IN_SKEY,
            additional=[own.ticket]).message),
        "AS, PKINIT": ("tcp", signed),
    }
    if fresh:
        asking = [(krb.PA_AS_FRESHNESS, b"")]
        token = krb.send_kdc(realm.port, krb.as_req(body(), asking)).pa(
            krb.PA_AS_FRESHNESS)
        rows["AS, asks for token"] = (
            "udp", lambda: krb.as_req(body(), asking))
        rows["AS, PKINIT, token"] = ("tcp", lambda: signed(token))
    if converts:
        entry = next(e for e in realm.keys(service) if e.etype == 18)
        rows["krb524"] = ("udp", lambda: ap.issue(entry).ticket)
    return rows


# -- KDCs --------------------------------------------------------------------

def logging(realm):
    """What a KDC writes to a file when nothing is said about it."""
    return {"kdc": "0-1/FILE:%s" % (realm.dir / "kdc.log")}


def start_heimdal(stack, inst, authority, ours=False):
    """A realm with Heimdal's KDC."""
    knobs = {"enable-524": True, "use_2b": {"host/*": True}} if ours else {}
    realm = stack.enter_context(Realm(
        NAME, pkinit=True, inst=inst, authority=authority, kdc=knobs,
        logging={"krb5": None}))
    realm.add("peer", password=realm.password)
    realm.restart(logging=logging(realm))
    return realm


def start_mit(stack, inst, authority):
    """A realm with MIT's KDC.

    It is told not to write the time of each login to the database, which
    Heimdal's does not do, and which costs as much as the login.
    """
    realm = stack.enter_context(MitRealm(inst, NAME, pkinit=True,
                                         authority=authority,
                                         logging={"krb5": None},
                                         kdc_realm={"database_module": "db"},
                                         kdc_conf={"dbmodules": {"db": {
                                             "db_library": "db2",
                                             "disable_last_success": True,
                                             "disable_lockout": True}}}))
    realm.add("peer", password=realm.password)
    return realm


def kinds(stack, wanted, wrap=lambda inst: inst):
    """The KDCs that can be had, running; wrap(inst) is what is run."""
    authority = pki.authority()
    prefix = os.environ.get("BENCH_PLAIN_PREFIX")
    start = {
        "ours": lambda: start_heimdal(
            stack, wrap(install.under_test()), authority, ours=True),
        "unpatched": lambda: start_heimdal(
            stack, wrap(peers.heimdal_unpatched()), authority),
        BASE: lambda: start_mit(stack, wrap(peers.mit()), authority),
    }
    if prefix:
        start["same flags"] = lambda: start_heimdal(
            stack, wrap(install.Install.from_prefix(prefix)), authority)
    found = []
    for name, begin in start.items():
        if wanted and name not in wanted:
            continue
        try:
            realm = begin()
        except unittest.SkipTest as err:
            print(err, file=sys.stderr)
            continue
        found.append(Kind(name, realm, requests(
            realm, name in ("ours", BASE), name == "ours")))
    return found


# -- CPU time ----------------------------------------------------------------

def cpu_ns(pid):
    """CPU time of a process so far."""
    return int(Path("/proc/%d/schedstat" % pid).read_text().split()[0])


def check(row, kind, octets):
    """A first answer: the one that the row is about."""
    if row == "krb524":
        good = octets[:4] == bytes(4)
    else:
        answer = krb.read(octets)
        good = isinstance(answer, krb.KdcRep) or \
            row in ("AS, no preauth", "AS, asks for token") and \
            answer.code == krb.PREAUTH_REQUIRED
    if not good:
        raise SystemExit("%s, %s: %r" % (kind.name, row, octets))


def send(kind, transport, made):
    """All of them; the last answer."""
    if transport == "tcp":
        for octets in made:
            answer = ask(kind.realm.port, octets, "tcp")
        return answer
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(30)
        sock.connect((ports.LOOPBACK, kind.realm.port))
        for octets in made:
            sock.send(octets)
            answer = sock.recv(65536)
    return answer


def turn(kind, row, count=TURN):
    """CPU nanoseconds of a request."""
    transport, make = kind.requests[row]
    made = [make() for _ in range(count)]
    before = cpu_ns(kind.realm.pid)
    check(row, kind, send(kind, transport, made))
    return (cpu_ns(kind.realm.pid) - before) / count


def leave_alone(realm):
    """Until the database has not been written for a while, as is usual."""
    name = "principal" if isinstance(realm, MitRealm) else "heimdal"
    written = max(path.stat().st_mtime
                  for path in realm.dir.glob(name + "*"))
    wait_until("the database is %s s old" % OLD,
               lambda: time.time() > written + OLD)


def measure(found, rounds):
    """{row: {kind: [nanoseconds]}}"""
    for kind in found:
        leave_alone(kind.realm)
    rows = list(dict.fromkeys(row for kind in found for row in kind.requests))
    taken = {row: {kind.name: [] for kind in found if row in kind.requests}
             for row in rows}
    for number in range(-1, rounds):                        # -1: warm
        first = number % len(found)
        for row in rows:
            for kind in found[first:] + found[:first]:
                if row not in kind.requests:
                    continue
                spent = turn(kind, row)
                if number >= 0:
                    taken[row][kind.name].append(spent)
        if sys.stderr.isatty():
            print("\r%d of %d" % (number + 1, rounds), end="",
                  file=sys.stderr)
    return taken


# -- instructions ------------------------------------------------------------

def under_callgrind(directory):
    """wrap() for kinds: a KDC that callgrind counts."""
    def wrap(inst):
        there = directory / inst.name
        there.mkdir(exist_ok=True)
        for name in ("kdc", "krb5kdc"):
            real = inst.find(name)
            if real:
                script = there / name
                script.write_text(
                    "#!/bin/sh\nexec valgrind -q --tool=callgrind "
                    "--callgrind-out-file=%s/out.%%p '%s' \"$@\"\n" % (
                        there, real))
                script.chmod(0o755)
        return install.Install(
            inst.name, [there, *inst.bindirs], inst.suffixes, inst.lib_path,
            inst.libdefaults)
    return wrap


def control(what, pid):
    """callgrind_control."""
    subprocess.run(["callgrind_control", what, str(pid)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=60)


def config_reads(profile):
    """Instructions in which the configuration is looked at, and who does it:
    {caller: instructions}"""
    text = subprocess.run(
        ["callgrind_annotate", "--auto=no", "--tree=caller",
         "--inclusive=yes", "--threshold=100", profile], check=True,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    out = collections.Counter()
    for block in text.split("\n\n"):
        *callers, last = block.splitlines() or [""]
        if not re.search(r"  \*  .*:krb5_config_get_\w+", last):
            continue
        for line in callers:
            found = re.match(r" *([\d,]+) .*  < .*:(\w+) ", line)
            if found and not found.group(2).startswith("krb5_config_"):
                out[found.group(2)] += int(found.group(1).replace(",", ""))
    return out


def count(kind, row):
    """Instructions of a request, and {who reads the configuration: in it}"""
    turn(kind, row, 2)
    transport, make = kind.requests[row]
    made = [make() for _ in range(COUNTED)]
    control("--zero", kind.realm.pid)
    check(row, kind, send(kind, transport, made))
    control("--dump", kind.realm.pid)
    where = Path(kind.realm.inst.bindirs[0] if not isinstance(
        kind.realm, MitRealm) else kind.realm.mit.bindirs[0])
    newest = max(where.glob("out.%d.*" % kind.realm.pid),
                 key=lambda path: int(path.suffix[1:]))
    total = re.search(r"^(?:totals|summary): (\d+)", newest.read_text(), re.M)
    reads = config_reads(newest)
    return int(total.group(1)) / COUNTED, {
        name: round(spent / COUNTED) for name, spent in reads.items()}


def count_all(names):
    """{row: {kind: instructions}}, and what our KDC reads of the
    configuration, {row: {function: instructions}}; one KDC at a time."""
    out, reads = collections.defaultdict(dict), {}
    keep = os.environ.get("BENCH_KDC_PROFILES")
    for name in names:
        with contextlib.ExitStack() as stack:
            directory = Path(keep or stack.enter_context(
                tempfile.TemporaryDirectory()))
            (kind,) = kinds(stack, [name], under_callgrind(directory))
            leave_alone(kind.realm)
            for row in kind.requests:
                out[row][name], of_this = count(kind, row)
                if name == "ours":
                    reads[row] = of_this
    return out, reads


# -- tables ------------------------------------------------------------------

def add_logins(table):
    """The sums, of what each has all parts of."""
    for login, parts in LOGINS.items():
        for name in table[parts[0]]:
            if all(name in table.get(part, {}) for part in parts):
                values = [table[part][name] for part in parts]
                table.setdefault(login, {})[name] = \
                    list(map(sum, zip(*values))) \
                    if isinstance(values[0], list) else sum(values)


def figures(samples, instructions, row):
    """{kind: figures} of a row, JSON's form."""
    out = {}
    base = samples[row].get(BASE)
    for name, values in samples[row].items():
        one = {"cpu_us": round(statistics.median(values) / 1000, 1),
               "instructions": round(instructions[row][name])
               if instructions else None}
        if base:
            one["cpu_ratio"] = round(
                statistics.median(values) / statistics.median(base), 3)
            one["cpu_ratio_5_95"] = [round(r, 3) for r in spread(values, base)]
            if instructions:
                one["instructions_ratio"] = round(
                    instructions[row][name] / instructions[row][BASE], 3)
        out[name] = one
    return out


def show(table):
    """The table."""
    print("%-26s %-10s %9s  %-24s %12s %7s" % (
        "", "", "CPU us", "to MIT", "instr.", "to MIT"))
    for row, found in table.items():
        for number, (name, one) in enumerate(found.items()):
            ratio = "%.3f (%.3f to %.3f)" % (
                one["cpu_ratio"], *one["cpu_ratio_5_95"]) \
                if "cpu_ratio" in one else ""
            print("%-26s %-10s %9.1f  %-24s %12s %7s" % (
                "" if number else row, name, one["cpu_us"], ratio,
                one["instructions"] or "-",
                one.get("instructions_ratio", "-")))


def above(table, limits):
    """Rows of limits in which ours costs more, for sure."""
    return [row for row, most in limits.items()
            if "cpu_ratio" in table.get(row, {}).get("ours", {}) and
            table[row]["ours"]["cpu_ratio_5_95"][0] > most]


def main():
    rounds, wanted = int((sys.argv[1:] or ["60"])[0]), sys.argv[2:]
    with contextlib.ExitStack() as stack:
        found = kinds(stack, wanted)
        samples = measure(found, rounds)
    instructions, reads = count_all([kind.name for kind in found]) \
        if shutil.which("callgrind_control") else (None, {})
    add_logins(samples)
    if instructions:
        add_logins(instructions)
    table = {row: figures(samples, instructions, row) for row in samples}
    show(table)
    for row, functions in reads.items():
        print("configuration read, %s: %s" % (row, ", ".join(
            "%s %d" % item for item in functions.items()) or "nothing"))
    sidebyside.save("bench_kdc", {"rows": table, "plot": [
        sidebyside.plotted_cpu("KDC, " + row, table[row]["ours"], BASE)
        for row in table if "cpu_ratio" in table[row].get("ours", {})]})
    for row in above(table, AIMS):
        print("missed: %s: %.3f, not %s" % (
            row, table[row]["ours"]["cpu_ratio"], AIMS[row]))
    return int(bool(above(table, dict.fromkeys(AIMS, 1.0))))


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
