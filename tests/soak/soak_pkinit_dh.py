#!/usr/bin/env python3
"""Thousands of PKINIT logins in Diffie-Hellman mode, with and against MIT.

One shared secret in 256 begins with a zero octet; a peer that derives the key
without it fails that login.  Three legs:

  mit-client   MIT's kinit and our KDC
  mit-kdc      our kinit and MIT's KDC
  wire         a client made here and our KDC; it sees the secrets, so the
               summary says how many were short

Exit status 0 when no login of any leg failed, 77 when MIT krb5 is not to be
had.  Not part of `check`: minutes, not seconds.
"""

import argparse
import contextlib
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import peers                                        # noqa: E402
from realm import Realm, RunError                   # noqa: E402
from realm.mit_kdc import MitRealm                  # noqa: E402
from wire import der, krb, pkinit                   # noqa: E402


def kinit(client, cert):
    """Log in; None, or what went wrong."""
    result = client.kinit("user", cert=cert, expect_code=None)
    return None if result.ok else str(result)


class MitClient:
    """MIT's kinit and our KDC."""

    short = None

    def __init__(self, stack):
        self.realm = stack.enter_context(Realm(pkinit=True))
        self.client = self.realm.new_client(peers.mit())

    def login(self):
        return kinit(self.client, self.realm.cert())


class MitKdc:
    """Our kinit and MIT's KDC."""

    short = None

    def __init__(self, stack):
        self.realm = stack.enter_context(MitRealm(peers.mit(), pkinit=True))

    def login(self):
        return kinit(self.realm.client, self.realm.cert())


class Wire:
    """A client made here, which counts short secrets, and our KDC."""

    def __init__(self, stack):
        self.realm = stack.enter_context(Realm(pkinit=True))
        self.short = 0

    def login(self):
        request = pkinit.Request(self.realm.name, "user", self.realm.cert())
        reply = krb.send_kdc(self.realm.port, request.message)
        if reply.msg_type != krb.AS_REP:
            return repr(reply)
        info = der.parse(reply.pa(krb.PA_PK_AS_REP)).inner()
        content = pkinit.econtent(info.field(0).content,
                                  pkinit.OID_DH_KEY_DATA)
        public = der.parse(der.parse(content)[0].bits()).int()
        secret = request.dh.secret(public)
        self.short += secret[0] == 0
        try:
            request.open(reply)
        except ValueError as err:
            return "secret %s...: %s" % (secret[:4].hex(), err)
        return None


LEGS = {"mit-client": MitClient, "mit-kdc": MitKdc, "wire": Wire}


class Progress:
    """A live line on a terminal, a plain line every ten seconds otherwise."""

    def __init__(self, leg, count):
        self.leg, self.count = leg, count
        self.began = self.told = time.monotonic()

    def tell(self, done, failed, last=False):
        """Say how far the leg is."""
        now = time.monotonic()
        live = sys.stdout.isatty()
        if not last and now - self.told < (0.2 if live else 10):
            return
        self.told = now
        print("%s%-10s %d of %d, %d failed, %.0f s" % (
            "\r" if live else "", self.leg, done, self.count, failed,
            now - self.began), end="\n" if last or not live else "",
            flush=True)


def run_leg(name, count):
    """Run a leg; (failures, line of the summary)."""
    failures = []
    with contextlib.ExitStack() as stack:
        leg = LEGS[name](stack)
        progress = Progress(name, count)
        for done in range(1, count + 1):
            error = leg.login()
            if error:
                failures.append(error)
                if len(failures) <= 3:
                    print("\nlogin %d of %s failed: %s" % (done, name, error),
                          file=sys.stderr)
            progress.tell(done, len(failures), last=done == count)
    short = "about %.0f by chance" % (count / 256) if leg.short is None \
        else "%d" % leg.short
    return failures, "%-10s %d logins, %d failed; short secrets: %s" % (
        name, count, len(failures), short)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000,
                        help="logins of each leg (2000)")
    parser.add_argument("legs", nargs="*", metavar="LEG",
                        help="%s (all)" % ", ".join(LEGS))
    args = parser.parse_args()
    unknown = set(args.legs) - set(LEGS)
    if unknown or args.count < 1:
        parser.error("no such leg: %s" % ", ".join(sorted(unknown))
                     if unknown else "--count takes a positive number")

    failed, summary = 0, []
    try:
        for name in args.legs or LEGS:
            failures, line = run_leg(name, args.count)
            failed += len(failures)
            summary.append(line)
    except unittest.SkipTest as reason:
        print("skipped: %s" % reason)
        return 77
    except RunError as err:
        print(err, file=sys.stderr)
        return 1
    print("\n".join(summary))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
