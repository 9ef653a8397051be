#!/usr/bin/env python3
"""Shows the features at work in a throwaway realm on loopback.

Run by `./build.sh demo`.  Each scene draws the messages as they were on the
wire, says what was checked, and fails the demo when a check does not hold.
Nothing is left behind.
"""

import re
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cell                                                 # noqa: E402
import sequence                                             # noqa: E402
import tokens                                               # noqa: E402
from realm import Realm, Relay                              # noqa: E402
from wire import freshness, krb, pkinit                     # noqa: E402

PREAUTH_FAILED, PREAUTH_EXPIRED = 24, 90


def check(what, holds):
    """Prints and enforces one fact."""
    print("  %s %s" % ("ok  " if holds else "FAIL", what))
    if not holds:
        raise SystemExit("demo: this does not hold: " + what)


def title(text):
    print("\n== %s\n" % text)


def exchange(port, message):
    """Sends one request by hand and draws it with its answer."""
    with Relay(port) as relay:
        reply = krb.send_kdc(relay.port, message, "tcp")
        sequence.draw(relay.messages)
    return reply


def login(realm):
    title("PKINIT login with freshness: kinit -C (RFC 8070)")
    with Relay(realm.port) as relay:
        client = realm.new_client(kdc=relay.port)
        client.kinit("user", cert=realm.cert())
        requests, replies = relay.requests(), relay.replies()
        sequence.draw(relay.messages)
        client.kgetcred(realm.service)
    print()
    given = krb.read(replies[0]).pa(sequence.PA_FRESHNESS)
    signed = pkinit.PkAsReq.of(krb.read(requests[1])).token
    check("the client signed the token that the KDC gave, octet for octet",
          given is not None and signed == given)
    check("the KDC's log: " + found(realm, r"PKINIT freshness token received.*"), True)
    check("the ticket-granting ticket works: a ticket for " + realm.service, True)


def found(realm, pattern):
    """The first line of the KDC's log that matches, without its date."""
    match = re.search(pattern, realm.log.text())
    if not match:
        raise SystemExit("demo: the KDC's log has no line like " + pattern)
    return match.group(0)


def stale(realm):
    title("A request whose token is too old is refused, and told a new token")
    realm.log.mark()
    cert = realm.cert()
    old = freshness.mint(realm.krbtgt_key(), when=int(time.time()) - 3600)
    reply = exchange(realm.port, pkinit.Request(realm.name, "user", cert, token=old).message)
    new = reply.pa(sequence.PA_FRESHNESS)
    print()
    check("refused with 90, a new token in the METHOD-DATA",
          reply.code == PREAUTH_EXPIRED and bool(new) and new != old)
    check("the KDC's log: " + found(realm, r"PKINIT freshness token from .* refused: .*"), True)
    print()
    reply = exchange(realm.port, pkinit.Request(realm.name, "user", cert, token=new).message)
    print()
    check("the same request with the new token is accepted", isinstance(reply, krb.KdcRep))


def stored(realm):
    title("The attack: a request signed in advance, without a token")
    request = pkinit.Request(realm.name, "user", realm.cert()).message
    print("  [kdc] pkinit_require_freshness = false, the default:\n")
    reply = exchange(realm.port, request)
    print()
    check("accepted: whoever stored it logs in without the private key",
          isinstance(reply, krb.KdcRep))
    realm.restart(kdc={"pkinit_require_freshness": True})
    print("\n  [kdc] pkinit_require_freshness = true, the very same octets:\n")
    reply = exchange(realm.port, request)
    print()
    check("refused with 24: the KDC's own token is missing from the signature",
          isinstance(reply, krb.KrbError) and reply.code == PREAUTH_FAILED)
    realm.client.kinit("user", cert=realm.cert())
    check("a client that asks for a token still logs in", True)


def main():
    print("A throwaway realm on loopback.  Arrows are what was on the wire.")
    with Realm(pkinit=True) as realm:
        login(realm)
        stale(realm)
        stored(realm)
    with Realm() as realm:
        tokens.scenes(realm, title, check)
    try:
        cell.scenes(title, check)
    except unittest.SkipTest as err:
        print("  left out: %s" % err)
    print("\nAll of it held.  The realm is gone.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
