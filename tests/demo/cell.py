"""Scenes of an AFS cell: a token from kinit to OpenAFS's protection server,
by our afslog and by the KDC's krb524 service."""

import subprocess

from realm import Realm, afs, afslog, install, ports
from wire import etypes, rxkad

PRINCIPAL = "afs/%s@%s" % (afs.NAME, afs.REALM)
KDC = {"enable-524": True, "use_2b": {PRINCIPAL: True}}


def build():
    """The test programs, which an installation does not have."""
    for directory in ("rxkad", "krb524"):
        subprocess.run(
            ["make", "-C", install.build_dir() / "obj/tests/ext" / directory,
             "check", "TESTS="], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)


def shown(client, token):
    """What rxkad-token says of a token of afslog's."""
    said = client.run("rxkad-token", "inspect", "--kvno=%d" % token.kvno, "-",
                      stdin=token.ticket.hex())
    for line in said.stdout.rstrip().splitlines():
        print("     " + line)
    print()


def logged_in(realm, **sections):
    """admin, who has said the password."""
    client = realm.new_client(**sections)
    client.kinit("admin", password="admin")
    return client


def asked(calls, token):
    """The server's answer to the administrator's question, at each level."""
    return [calls.raw(level, token.key, token.kvno, token.ticket, "list")[0]
            for level in ("clear", "auth", "crypt")]


def by_afslog(realm, calls, check):
    """Nothing but the ticket."""
    client = logged_in(realm)
    token = afslog.afslog(client, "-k", afs.REALM, cell=afs.NAME).token
    print("  kinit admin; afslog -c %s; rxkad-token inspect:\n" % afs.NAME)
    shown(client, token)
    check("OpenAFS's ptserver takes it at levels clear, auth and crypt, and "
          "lists its entries", asked(calls, token) == [0, 0, 0])
    code, _ = calls.anonymous("list")
    check("without a token it does not (%d, PRPERM)" % code, code == afs.PERM)
    bad = bytearray(token.ticket)
    bad[-1] ^= 1
    code, _ = calls.raw("auth", token.key, token.kvno, bytes(bad), "list")
    check("nor with one that has another octet (%d, RXKADBADTICKET)" % code,
          code == rxkad.BADTICKET)


def by_krb524(realm, calls, check):
    """The KDC makes it."""
    client = logged_in(
        realm, appdefaults={"libkafs": {"afs-use-524": "yes"}},
        realms={afs.REALM: {"krb524_server": "%s:%d" % (
            ports.LOOPBACK, realm.port)}})
    realm.log.mark()
    token = afslog.afslog(client, "-k", afs.REALM, cell=afs.NAME).token
    print("  [libkafs] afs-use-524 = yes; the KDC's log:\n")
    lines = [line.split(" ", 1)[1] for line in realm.log.text().splitlines()
             if "krb524" in line]
    for line in lines:
        print("     " + line)
    print()
    shown(client, token)
    check("the KDC's krb524 service has made it", bool(lines))
    check("ptserver takes it at all levels", asked(calls, token) == [0, 0, 0])
    realm.restart(kdc={"use_2b": {PRINCIPAL: False}})
    realm.log.mark()
    token = afslog.afslog(client, "-k", afs.REALM, cell=afs.NAME).token
    said = [line for line in realm.log.text().splitlines() if "krb524" in line]
    check("without [kdc] use_2b the service refuses (%s), and afslog makes "
          "one of the ticket itself" % said[-1].rsplit(": ", 1)[1],
          "2b token" not in said[-1] and asked(calls, token) == [0, 0, 0])


def scenes(title, check):
    """All of them; raises unittest.SkipTest where there is no OpenAFS."""
    build()
    with Realm(afs.REALM, kdc=KDC) as realm:
        realm.add("afs/" + afs.NAME)
        realm.add("admin", password="admin")
        keys = [rxkad.Key(e.kvno, e.etype, e.key)
                for e in realm.keys("afs/" + afs.NAME)
                if e.etype == etypes.AES256]
        title("An AFS cell on this KDC: kinit, afslog, OpenAFS")
        with afs.Cell(keys) as cell, cell.client() as calls:
            by_afslog(realm, calls, check)
            title("The same, converted by the KDC's krb524 service")
            by_krb524(realm, calls, check)
