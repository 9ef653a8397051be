"""The KDC leaves its database open: what is written to it counts at once."""

import fcntl
import os
import re
import select
import shutil
import socket
import unittest
from pathlib import Path

from realm import RealmCase, ports, wait_until
from wire import enc, krb


class Database:
    """The database of a realm, as files."""

    def __init__(self, realm):
        self.realm = realm
        self.path = realm.dir / "heimdal.db"

    def open_in(self, pid):
        """Descriptors that a process has of the file with the name."""
        here, found = self.path.stat(), []
        for entry in Path("/proc/%d/fd" % pid).iterdir():
            try:
                there = entry.stat()
            except FileNotFoundError:
                continue
            if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
                found.append(entry.name)
        return sorted(found)

    def keep(self):
        """Ask until the KDC has the database open while it waits."""
        def kept():
            ask(self.realm, "user")
            return self.open_in(self.realm.pid)
        return wait_until("the KDC keeps its database", kept)


def request(name, password=None, realm=None):
    """AS-REQ, with a timestamp if there is a password."""
    body = krb.req_body(realm.name, name, etypes=(18,))
    if password is None:
        return krb.as_req(body)
    key = enc.string_to_key(password, realm.name + name)
    return krb.as_req(body, [krb.pa_enc_timestamp(key)])


def ask(realm, name, password=None):
    """The error's code, 0 for a ticket."""
    answer = krb.send_kdc(realm.port, request(name, password, realm))
    return 0 if isinstance(answer, krb.KdcRep) else answer.code


@unittest.skipUnless(Path("/proc/self/fd").is_dir(), "no /proc")
class KeptTest(RealmCase):
    """Every change is seen by the next request."""

    def setUp(self):
        super().setUp()
        self.database = Database(self.realm)
        self.before = self.database.keep()

    def as_it_was(self):
        """A request that is good still works."""
        self.assertEqual(ask(self.realm, "user", self.realm.password), 0)

    def test_it_stays_open_and_unlocked(self):
        for _ in range(5):
            self.as_it_was()
            self.assertEqual(self.database.open_in(self.realm.pid),
                             self.before)
        with open(self.database.path, "rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_password_changed(self):
        self.realm.add("changed", password="one")
        self.database.keep()
        self.assertEqual(ask(self.realm, "changed", "one"), 0)
        self.database.keep()
        self.realm.kadmin("cpw", "-p", "two", "changed")
        self.assertEqual(ask(self.realm, "changed", "one"),
                         krb.PREAUTH_FAILED)
        self.assertEqual(ask(self.realm, "changed", "two"), 0)
        # and once more, while the file is too new to be kept
        self.realm.kadmin("cpw", "-p", "tri", "changed")
        self.assertEqual(ask(self.realm, "changed", "two"),
                         krb.PREAUTH_FAILED)
        self.assertEqual(ask(self.realm, "changed", "tri"), 0)

    def test_principal_deleted(self):
        self.realm.add("deleted", password="one")
        self.database.keep()
        self.assertEqual(ask(self.realm, "deleted", "one"), 0)
        self.realm.kadmin("delete", "deleted")
        self.assertEqual(ask(self.realm, "deleted", "one"),
                         krb.C_PRINCIPAL_UNKNOWN)
        self.as_it_was()

    def test_replaced_by_rename(self):
        self.realm.add("renamed", password="one")
        copy = self.realm.dir / "copy.db"
        shutil.copy(self.database.path, copy)
        self.realm.kadmin("cpw", "-p", "two", "renamed")
        self.database.keep()
        self.assertEqual(ask(self.realm, "renamed", "two"), 0)
        os.rename(copy, self.database.path)
        self.assertEqual(ask(self.realm, "renamed", "one"), 0)
        self.assertEqual(ask(self.realm, "renamed", "two"),
                         krb.PREAUTH_FAILED)

    def test_loaded(self):
        """As hpropd does it: another file that gets the name."""
        self.realm.add("loaded", password="one")
        dump = self.realm.dir / "dump"
        self.realm.kadmin("dump", "--decrypt", dump)
        self.realm.kadmin("cpw", "-p", "two", "loaded")
        self.database.keep()
        self.assertEqual(ask(self.realm, "loaded", "two"), 0)
        self.realm.kadmin("load", dump)
        self.assertEqual(ask(self.realm, "loaded", "one"), 0)
        self.assertEqual(ask(self.realm, "loaded", "two"), krb.PREAUTH_FAILED)

    def test_removed(self):
        away = self.realm.dir / "away.db"
        os.rename(self.database.path, away)
        self.assertNotEqual(ask(self.realm, "user", self.realm.password), 0)
        self.realm.log.assert_ordered([r"Failed to open database"])
        os.rename(away, self.database.path)
        self.as_it_was()

    def test_truncated(self):
        """Nothing of what was there is told, and the KDC lives."""
        copy = self.database.path.read_bytes()
        os.truncate(self.database.path, 0)
        self.assertNotEqual(ask(self.realm, "user", self.realm.password), 0)
        self.database.path.write_bytes(copy)
        self.as_it_was()

    def test_locked_by_who_writes(self):
        """The KDC waits for a writer, and answers with what was written."""
        self.realm.add("locked", password="one")
        copy = self.database.path.read_bytes()
        self.realm.kadmin("cpw", "-p", "two", "locked")
        self.database.keep()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, \
                open(self.database.path, "r+b") as writer:
            sock.settimeout(30)
            sock.connect((ports.LOOPBACK, self.realm.port))
            fcntl.flock(writer, fcntl.LOCK_EX)
            sock.send(request("locked", "two", self.realm))
            wait_until("the KDC waits for the lock", self.waits)
            writer.write(copy)
            writer.flush()
            self.assertEqual(select.select([sock], [], [], 0)[0], [])
            fcntl.flock(writer, fcntl.LOCK_UN)
            answer = krb.read(sock.recv(65536))
        self.assertEqual(answer.code, krb.PREAUTH_FAILED)
        self.assertEqual(ask(self.realm, "locked", "one"), 0)

    def waits(self):
        """The KDC is in the kernel's list of those that wait for a lock."""
        waiting = re.compile(r"-> FLOCK +ADVISORY +READ +%d " % self.realm.pid)
        return waiting.search(Path("/proc/locks").read_text())


class ProcessesTest(RealmCase):
    """Several processes of one KDC."""

    realm_args = {"kdc": {"num-kdc-processes": 3}, "kdc_args": ()}

    def test_all_of_them_see_a_change(self):
        realm, database = self.realm, Database(self.realm)
        children = Path("/proc/%d/task/%d/children" % (realm.pid, realm.pid))
        if not children.exists():
            self.skipTest("no list of a process's children")
        wait_until("three processes",
                   lambda: len(children.read_text().split()) == 3)
        pids = [int(pid) for pid in children.read_text().split()]
        realm.add("shared", password="one")

        def all_keep():
            for _ in range(10):
                ask(realm, "user")
            return all(database.open_in(pid) for pid in pids)

        wait_until("each process keeps the database", all_keep)
        realm.kadmin("cpw", "-p", "two", "shared")
        for _ in range(20):
            self.assertEqual(ask(realm, "shared", "one"), krb.PREAUTH_FAILED)
            self.assertEqual(ask(realm, "shared", "two"), 0)


if __name__ == "__main__":
    unittest.main()
