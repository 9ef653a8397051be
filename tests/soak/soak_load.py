#!/usr/bin/env python3
"""A KDC and an acceptor under load, for minutes: good requests of each kind,
requests that are refused, and good ones changed at random, in turns.

A finding is a process that ends, memory that grows, a good request that is not
answered as it should be, and a request of somebody without any key that costs
more CPU time for an octet than BOUND, or whose answer over UDP is longer than
AMPLIFIED times the request.  What each kind costs is a table at the end: CPU
time of the server's process (schedstat, system calls included), medians of a
turn.

usage: soak_load.py [SECONDS]           default 1800; LOAD_SEED=S
"""

import collections
import contextlib
import hashlib
import os
import random
import socket
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from realm import Realm, pki, ports                     # noqa: E402
from realm.loop import Acceptor                         # noqa: E402
from realm.relay import ask                             # noqa: E402
from realm.talk import Wire                             # noqa: E402
from wire import ap, der, enc, krb, mutate, pkinit, tgs     # noqa: E402

NAME, AFS = "EXT.TEST", "afs/ext.test"
TURN = 10                               # requests of a kind, one after another
AFRESH = 120                            # seconds that signed requests are used
WARM = 0.25                             # of the time: memory is not looked at
BOUND = 20000                           # nanoseconds for an octet
AMPLIFIED = 16
GROWTH = 1024                           # KiB that are no growth
RSA, SHA256, CN = "1.2.840.113549.1.1.1", "2.16.840.1.101.3.4.2.1", "2.5.4.3"
KEY_USAGE = "2.5.29.15"
SHA256_RSA = "1.2.840.113549.1.1.11"
CONTENT_TYPE, DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"

# whose: "good" and "keyed" requests need a key or a password, "open" and
# "refused" ones are anybody's; makes: a function that makes a request;
# fine(answer): whether it is answered as it should be; None: it is not
Kind = collections.namedtuple("Kind", "name whose transport make fine")


# -- what a forger writes ----------------------------------------------------

def heavy_cms(content, bits=16384, signer=7):
    """SignedData whose signer has an RSA key as large as OpenSSL takes: it is
    verified before it is known who has issued the certificate, whose serial
    number is 7."""
    null = der.null()
    modulus = int.from_bytes(os.urandom(bits // 8), "big") | 1 | \
        1 << (bits - 1)
    name = der.seq(der.set_of(der.seq(der.oid(CN), der.utf8("heavy"))))
    algorithm = der.seq(der.oid(SHA256_RSA), null)
    key = der.seq(der.seq(der.oid(RSA), null), der.bits(der.seq(
        der.integer(modulus), der.integer((1 << 64) - 1))))
    now = int(time.time())
    tbs = der.seq(
        der.ctx(0, der.integer(2)), der.integer(7), algorithm, name,
        der.seq(der.gtime(now - 3600), der.gtime(now + 86400)), name, key,
        der.ctx(3, der.seq(der.seq(der.oid(KEY_USAGE), der.octets(
            b"\x03\x02\x07\x80")))))
    certificate = der.seq(tbs, algorithm, der.bits(bytes(256)))
    attributes = der.set_of(
        der.seq(der.oid(CONTENT_TYPE),
                der.set_of(der.oid(pkinit.OID_AUTH_DATA))),
        der.seq(der.oid(DIGEST), der.set_of(der.octets(
            hashlib.sha256(content).digest()))))
    signature = der.seq(
        der.integer(1), der.seq(name, der.integer(signer)),
        der.seq(der.oid(SHA256), null), b"\xa0" + attributes[1:],
        der.seq(der.oid(RSA), null),
        der.octets(b"\x01" + os.urandom(bits // 8 - 2) + b"\x01"))
    return der.seq(der.oid(pkinit.OID_SIGNED_DATA), der.ctx(0, der.seq(
        der.integer(3), der.set_of(der.seq(der.oid(SHA256), null)),
        der.seq(der.oid(pkinit.OID_AUTH_DATA),
                der.ctx(0, der.octets(content))),
        b"\xa0" + der.set_of(certificate)[1:], der.set_of(signature))))


def signed_by_heavy(*args):
    """A PKINIT request of it."""
    request = pkinit.Request(NAME, "user", None)
    return krb.as_req(request.body, [pkinit.pa_pk_as_req(
        heavy_cms(request.auth_pack, *args))])


# -- kinds -------------------------------------------------------------------

class Pool:
    """Requests that take long to make: made now and then, and used again."""

    def __init__(self, make, size=3):
        self.make, self.size = make, size
        self.made, self.when = [], 0

    def __call__(self):
        if time.monotonic() > self.when + AFRESH or not self.made:
            self.made = [self.make() for _ in range(self.size)]
            self.when = time.monotonic()
        self.made.append(self.made.pop(0))
        return self.made[0]


def is_code(*codes):
    """Answers that are an error."""
    def fine(octets):
        answer = krb.read(octets)
        return isinstance(answer, krb.KrbError) and answer.code in codes
    return fine


def is_reply(octets):
    """AS-REP or TGS-REP."""
    return isinstance(krb.read(octets), krb.KdcRep)


def is_token(octets):
    """krb524."""
    return octets[:4] == bytes(4)


def kinds(realm):
    """Those of the KDC."""
    key = enc.string_to_key(realm.password, NAME + "user")
    wrong = enc.string_to_key("wrong", NAME + "user")
    tgt, service = tgs.get_tgt(realm), realm.service.split("@")[0]
    (realm.dir / "other").mkdir()
    other = pki.Authority(realm.dir / "other", name="Another CA")
    entry = realm.newest_key(AFS)
    stranger = entry._replace(key=os.urandom(32))
    cert, forged = realm.cert(), other.client("user@" + NAME)

    def body(client="user"):
        return krb.req_body(NAME, client, etypes=(18,))

    asking = [(krb.PA_AS_FRESHNESS, b"")]

    def signed():
        token = krb.send_kdc(realm.port, krb.as_req(body(), asking)).pa(
            krb.PA_AS_FRESHNESS)
        return pkinit.Request(NAME, "user", cert, token=token).message

    return [
        Kind("AS, no preauth", "open", "udp", lambda: krb.as_req(body()),
             is_code(25)),
        Kind("AS, asks for token", "open", "udp",
             lambda: krb.as_req(body(), asking), is_code(25)),
        Kind("AS, unknown client", "refused", "udp",
             lambda: krb.as_req(body("nobody")), is_code(6)),
        Kind("AS, timestamp", "good", "udp", lambda: krb.as_req(
            body(), [krb.pa_enc_timestamp(key)]), is_reply),
        Kind("AS, timestamp of another key", "refused", "udp",
             lambda: krb.as_req(body(), [krb.pa_enc_timestamp(wrong)]),
             is_code(24)),
        Kind("AS, PKINIT, token", "good", "tcp", Pool(signed), is_reply),
        Kind("AS, PKINIT, unknown CA", "refused", "tcp", Pool(
            lambda: pkinit.Request(NAME, "user", forged).message),
             is_code(31, 70)),
        Kind("AS, PKINIT, RSA key of 16384 bits", "refused", "tcp",
             Pool(signed_by_heavy), is_code(31, 70)),
        Kind("TGS", "good", "udp",
             lambda: tgs.Request(tgt, service).message, is_reply),
        Kind("TGS, ticket under another key", "refused", "udp",
             lambda: tgs.Request(forge(tgt), service).message,
             is_code(31)),
        Kind("TGS, recorded ticket, another session key", "refused", "udp",
             lambda: tgs.Request(without_key(tgt), service).message,
             is_code(31)),
        Kind("krb524", "good", "udp", lambda: ap.issue(entry).ticket,
             is_token),
        Kind("krb524, ticket under another key", "refused", "udp",
             lambda: ap.issue(stranger).ticket, None),
    ]


def forge(credential):
    """A ticket that the KDC did not make."""
    other = object.__new__(type(credential))
    other.__dict__.update(credential.__dict__)
    other.ticket = credential.ticket[:-8] + os.urandom(8)
    return other


def without_key(credential):
    """A ticket that was recorded by somebody who has not got its key."""
    other = object.__new__(type(credential))
    other.__dict__.update(credential.__dict__)
    other.key = os.urandom(32)
    return other


# -- a process under load ----------------------------------------------------

class Process:
    """A server's CPU time and memory."""

    def __init__(self, name, pid):
        self.name, self.pid = name, pid
        self.sizes = []                 # (when, KiB)

    def cpu(self):
        """Nanoseconds so far."""
        return int(Path("/proc/%d/schedstat" % self.pid).read_text()
                   .split()[0])

    def sample(self):
        """Remember how large it is now."""
        text = Path("/proc/%d/status" % self.pid).read_text()
        self.sizes.append(int(text.split("VmRSS:")[1].split()[0]))

    def growth(self):
        """KiB from the first quarter behind WARM to the last, medians."""
        kept = self.sizes[int(len(self.sizes) * WARM):]
        quarter = max(1, len(kept) // 4)
        return int(statistics.median(kept[-quarter:]) -
                   statistics.median(kept[:quarter]))


class Row:
    """What was measured of a kind."""

    def __init__(self, kind):
        self.kind = kind
        self.spent, self.sent, self.got, self.total = [], [], [], 0
        self.most = 0                   # an answer, of its request

    def per_octet(self):
        """Nanoseconds."""
        return statistics.median(self.spent) / statistics.median(self.sent)

    def amplified(self):
        """The longest answer, of its request; without pairs, all of
        them, of all requests."""
        return self.most or sum(self.got) / sum(self.sent)

    def answered(self, requests, answers):
        """Each by the one that has its place."""
        self.sent += map(len, requests)
        self.got += map(len, answers)
        self.total += len(requests)
        self.most = max([self.most, *(
            len(answer) / len(request)
            for request, answer in zip(requests, answers) if request)])

    def line(self):
        """Of the table."""
        return "| %s | %d | %.0f | %.2f | %d | %.1f |" % (
            self.kind.name, statistics.median(self.sent),
            statistics.median(self.spent) / 1000, self.per_octet() / 1000,
            max(self.got, default=0), self.amplified())


class Load:
    """What is sent, and what came of it."""

    def __init__(self, realm, acceptor, rng):
        self.realm, self.acceptor, self.rng = realm, acceptor, rng
        self.kdc = Process("KDC", realm.pid)
        self.server = Process("acceptor", acceptor.daemon.pid)
        self.entry = realm.newest_key(realm.service)
        self.stranger = self.entry._replace(key=os.urandom(32))
        self.rows, self.findings = {}, []
        self.pool = []                  # of what mutations are made
        self.kinds = kinds(realm)
        self.barrier = self.kinds[0]

    def finding(self, text):
        """Say it."""
        self.findings.append(text)
        print("finding: %s" % text, flush=True)

    def row(self, kind):
        """Its row."""
        return self.rows.setdefault(kind.name, Row(kind))

    # -- the KDC

    def turn(self, kind):
        """A few of a kind."""
        made = [kind.make() for _ in range(TURN)]
        row = self.row(kind)
        if kind.fine is None:
            self.unanswered(row, made)
            if any(row.got):
                self.finding("%s: answered" % kind.name)
            return
        before = self.kdc.cpu()
        answers = [ask(self.realm.port, octets, kind.transport, 30)
                   for octets in made]
        row.spent.append((self.kdc.cpu() - before) / TURN)
        row.answered(made, answers)
        bad = [octets for octets in answers if not kind.fine(octets)]
        if bad:
            self.finding("%s: %s" % (kind.name, bad[0][:200].hex()))
        if kind.whose in ("good", "open"):
            self.pool = (self.pool + made)[-100:]

    def unanswered(self, row, made):
        """Requests that need not have an answer; behind them one that has."""
        last = self.barrier.make()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((ports.LOOPBACK, self.realm.port))
            before = self.kdc.cpu()
            for octets in made:
                sock.send(octets)
            answer = ask(self.realm.port, last, timeout=30)
            spent = self.kdc.cpu() - before
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    row.got.append(len(sock.recv(65536)))
        if not self.barrier.fine(answer):
            self.finding("behind %s: %s" % (row.kind.name, answer.hex()))
        spent -= statistics.median(self.row(self.barrier).spent)
        row.spent.append(max(0, spent) / len(made))
        row.sent += map(len, made)
        row.total += len(made)

    def mutated(self, kind):
        """A few of a kind that are changed."""
        made = [mutate.mutate(self.rng, kind.make(), self.pool)[0]
                for _ in range(TURN)]
        self.unanswered(
            self.row(Kind(kind.name + ", changed", "mutated", "udp", None,
                          None)),
            [octets for octets in made if 0 < len(octets) < 60000] or [b"0"])

    # -- the acceptor

    def connect(self):
        """A connection to it."""
        return socket.create_connection(
            (ports.LOOPBACK, self.acceptor.port), 30)

    def contexts(self):
        """Good ones, with messages."""
        row = self.row(Kind("GSS, context and messages", "good", "tcp", None,
                            None))
        before = self.server.cpu()
        for _ in range(TURN):
            who = ap.Initiator(ap.issue(self.entry, "user"))
            with self.connect() as stream:
                wire = Wire(stream)
                token = who.token()
                answer = wire.ask(token)
                if answer is None:
                    self.finding("the acceptor refuses a good token")
                    continue
                who.take_ap_rep(answer)
                wire.initiate_messages(who.messages())
            self.pool = (self.pool + [token])[-100:]
            row.answered([token], [answer])
        row.spent.append((self.server.cpu() - before) / TURN)

    def tokens(self, name, make):
        """First tokens of anybody; the acceptor answers, or goes."""
        row = self.row(Kind(name, "refused", "tcp", None, None))
        made = [make() for _ in range(TURN)]
        before = self.server.cpu()
        for token in made:
            with self.connect() as stream:
                row.answered([token], [Wire(stream).ask(token) or b""])
        row.spent.append((self.server.cpu() - before) / TURN)

    def gss(self):
        """A turn of each."""
        self.contexts()
        self.tokens("GSS, ticket under another key", lambda: ap.Initiator(
            ap.issue(self.stranger, "user")).token())
        self.tokens("GSS, changed", lambda: mutate.mutate(
            self.rng, ap.Initiator(ap.issue(self.entry, "user")).token(),
            self.pool)[0])

    # -- all

    def run(self, seconds):
        """Turns of all of them until the time is over."""
        began = said = time.monotonic()
        rounds = 0
        while rounds < 2 or time.monotonic() < began + seconds:
            for kind in self.kinds:
                self.turn(kind)
                if kind.whose == "good":
                    self.mutated(kind)
            self.gss()
            for process in (self.kdc, self.server):
                process.sample()
            rounds += 1
            if time.monotonic() > said + 60:
                said = time.monotonic()
                print("%d s, %d requests, KDC %d KiB, acceptor %d KiB" % (
                    said - began, self.total(), self.kdc.sizes[-1],
                    self.server.sizes[-1]), flush=True)
            if not self.realm.running or not self.acceptor.daemon.alive:
                self.finding("a process has ended")
                break

    def total(self):
        """Requests sent."""
        return sum(row.total for row in self.rows.values())

    def judge(self):
        """What the figures say."""
        for process in (self.kdc, self.server):
            if process.growth() > GROWTH:
                self.finding("%s: %d KiB more" % (process.name,
                                                  process.growth()))
        for row in self.rows.values():
            if row.kind.whose == "good":
                continue
            if row.per_octet() > BOUND:
                self.finding("%s: %.0f ns for an octet" % (
                    row.kind.name, row.per_octet()))
            if row.kind.transport == "udp" and row.kind.whose != "mutated" \
                    and row.amplified() > AMPLIFIED:
                self.finding("%s: the answer is %.1f times as long" % (
                    row.kind.name, row.amplified()))

    def report(self):
        """Lines."""
        yield "| request | octets | CPU µs | µs for an octet | longest " \
            "answer | of the request |"
        yield "|---|---|---|---|---|---|"
        for row in self.rows.values():
            yield row.line()
        yield ""
        for process in (self.kdc, self.server):
            yield "%s: %d KiB at first, %d KiB at the end, %d KiB of " \
                "growth" % (process.name, process.sizes[0],
                            process.sizes[-1], process.growth())
        worst = max((row for row in self.rows.values()
                     if row.kind.whose != "good"), key=Row.per_octet)
        yield "%d requests, %d findings; dearest for an octet: %s, %.2f " \
            "µs" % (self.total(), len(self.findings), worst.kind.name,
                    worst.per_octet() / 1000)


def load(seconds, seed):
    """All of it: a Load."""
    args = {"enable-524": True, "use_2b": {AFS + "@" + NAME: True}}
    with contextlib.ExitStack() as stack:
        realm = stack.enter_context(Realm(
            NAME, pkinit=True, kdc=args, libdefaults={"clockskew": 3600},
            logging={"krb5": None}))
        realm.add(AFS)
        # what a KDC writes when nothing is said about it
        realm.restart(logging={"kdc": "0-1/FILE:%s" % (realm.dir /
                                                       "kdc.log")})
        acceptor = stack.enter_context(Acceptor(
            realm.client, "--keytab=FILE:%s" % realm.ext_keytab(
                realm.service), "--timeout=2", "--quiet"))
        what = Load(realm, acceptor, random.Random(seed))
        what.run(seconds)
    return what


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 1800
    seed = os.environ.get("LOAD_SEED", str(int(time.time())))
    print("seed %s" % seed)
    what = load(seconds, seed)
    what.judge()
    print("\n".join(what.report()))
    return 1 if what.findings else 0


if __name__ == "__main__":
    sys.exit(main())
