"""The rules of [MS-KILE] 3.4.5 for our acceptor, from an initiator in Python
(wire/ap.py) that makes its own tickets: which keys open them, what is said
when none does, and that nothing else is said.

The keytab has two old keys of the service, of which the newer one has the
version of the current key, and keys of other services.  After each refusal an
exchange is good.
"""

import os
import struct
import time
import unittest

from realm import keytab
from realm.extra import Server
from realm.talk import Call
from wire import ap, der, enc, gss, krb
from wire import krb_error2 as k2
from wire.ap_case import (
    BADKEYVER, FAILURE, GENERIC, HOURS, K, KRB5_BASE, MODIFIED, N, NOKEY,
    NOT_US, ApCase, S, SKEW)

BAD_SIG, DEFECTIVE = 6 << 16, 9 << 16
TAMPERED = 31                           # a checksum's, in libkrb5
KU_CHECKSUM, KU_CRED = 10, 14           # RFC 4120 7.5.1
AES128_CKSUM, AES256_CKSUM = 15, 16     # RFC 3962 7
UNKNOWN = 77                            # a version that is not in the keytab


class KileCase(ApCase):
    """Keys that the keytab has, and an acceptor that insists on a name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def entry(principal, kvno, etype=18):
            return keytab.Entry(principal, kvno, etype, os.urandom(
                32 if etype == 18 else 16))

        name, kvno = cls.key.principal, cls.key.kvno
        host = name.split("@")[0].split("/")[1]
        realm = name.split("@")[1]
        cls.restricted = "RestrictedKrbHost/" + host
        cls.same_version = entry(name, kvno)
        cls.old = entry(name, kvno + 5)
        cls.old128 = entry(name, kvno + 5, 17)
        cls.other = entry("nfs/%s@%s" % (host, realm), kvno)
        cls.account = entry("%s$@%s" % (host.split(".")[0].upper(), realm), 3)
        keytab.append(cls.keytab, cls.same_version, cls.old, cls.old128,
                      cls.other, cls.account)
        cls.named = Server(cls, "--service=" + name.split("@")[0].replace(
            "/", "@"))

    def taken(self, server, tokens="2", **ticket):
        """An exchange with a ticket of the initiator's making is good, with
        an offer of extra tokens and without."""
        for options in (ap.WANT_MUTUAL, ap.WANT_MUTUAL | ap.OFFER):
            who = self.initiator(options=options, **ticket)
            with Call(server) as call:
                who.take_ap_rep(call.ask(who.token()))
                call.initiate_messages(who.messages())
            self.established(call.line, tokens=tokens)

    def error(self, who, server, **token):
        """The KRB-ERROR for an initiator that does not offer."""
        with Call(server) as call:
            answer = gss.Krb5Token(call.ask(who.token(**token)))
            self.assertEqual(answer.tok_id, gss.KRB_ERROR)
            error = answer.message()
        self.refused(call.line, FAILURE)
        self.assertEqual(call.line.minor, KRB5_BASE + error.code)
        return error

    def said(self, ticket, code, server, **token):
        """What is said of a request, without and with an offer: the code and
        the level at which it can be said, no text and no data.  The octets
        of the KRB-ERROR without its time."""
        plain = self.initiator(options=ap.WANT_MUTUAL, **ticket)
        error = self.error(plain, server, **token)
        self.assertEqual((error.code, error.e_text, error.e_data),
                         (code, None, None), ticket)
        who = self.initiator(**ticket)
        with Call(server) as call:
            error2 = who.open_error2(call.ask(who.token(**token)))[1]
        self.check_common(error2)       # there is no text
        self.assertEqual((error2.code, error2.which), (code, N), ticket)
        self.assertEqual((call.line.result, call.line.src), ("failed", "-"))
        self.good_on(server)
        return error, len(error2.names)

    def good_on(self, server):
        """An exchange of two tokens."""
        self.taken(server)


class Keys(KileCase):
    """Which keys are tried."""

    def servers(self):
        return self.plain, self.named

    def test_older_keys(self):
        """By their version, by another, and by none."""
        # REQ: KI-05
        for server in self.servers():
            for key in (self.key, self.old, self.old128, self.same_version):
                for kvno in (key.kvno, UNKNOWN, self.key.kvno, None):
                    with self.subTest(kvno=kvno, etype=key.etype):
                        self.taken(server, key=key.key, etype=key.etype,
                                   kvno=kvno)

    def test_two_keys_of_a_version(self):
        # REQ: KI-06
        for server in self.servers():
            self.assertEqual(self.same_version.kvno, self.key.kvno)
            self.taken(server, key=self.same_version.key)
            self.taken(server, key=self.key.key)

    def test_version_modulo_256(self):
        # REQ: KI-05
        for server in self.servers():
            self.taken(server, key=self.old.key, kvno=self.old.kvno + 256)

    def test_clock_skew_with_an_older_key(self):
        """The first AP-REQ can be read, and the second agrees with it."""
        # REQ: KI-05
        for server in self.servers():
            who = self.initiator(key=self.old.key)
            with Call(server) as call:
                error2 = self.wants_more(who, call.ask(who.token(
                    when=time.time() - 2 * HOURS)), SKEW, K)
                reply = who.take_ap_rep(call.ask(who.token()))
                self.assertEqual((reply.subkey, reply.seq),
                                 (error2.subkey, error2.seq))
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="4", recovered="yes")

    def test_challenge_with_an_older_key(self):
        """The ticket comes twice."""
        # REQ: KI-05
        who = self.initiator(key=self.old.key, kvno=UNKNOWN)
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
            call.send(who.confirmed_token())
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="3", protection="challenge")

    def test_authenticator_with_an_older_key(self):
        """It can be told under the session key which part is wrong."""
        # REQ: KI-08, KI-05
        for server in self.servers():
            for kvno in (self.key.kvno, UNKNOWN):
                who = self.initiator(key=self.old.key, kvno=kvno)
                with Call(server) as call:
                    self.wants_more(who, call.ask(who.token(spoil=True)),
                                    MODIFIED, S)
                    who.take_ap_rep(call.ask(who.token()))
                    call.initiate_messages(who.messages())
                self.established(call.line, tokens="4", recovered="yes")

    def test_other_services(self):
        """Their keys open nothing for who insists on a name."""
        # REQ: KI-05, KI-07
        self.taken(self.plain, key=self.other.key)
        self.said({"key": self.other.key}, MODIFIED, self.named)

    def test_computer(self):
        """The computer's key opens RestrictedKrbHost, no other service's."""
        # REQ: KI-14
        self.taken(self.plain, sname=self.restricted, key=self.account.key,
                   kvno=self.account.kvno)
        self.taken(self.plain, sname=self.restricted, kvno=UNKNOWN)
        for key in (self.other.key, os.urandom(32)):
            self.said({"sname": self.restricted, "key": key}, MODIFIED,
                      self.plain)
        allowed = Server(type(self), "--service=nfs@" +
                         self.restricted.split("/")[1],
                         restricted_krb_host=True)
        refusing = Server(type(self), "--service=nfs@" +
                          self.restricted.split("/")[1])
        for server, code in ((allowed, None), (refusing, MODIFIED)):
            who = self.initiator(options=ap.WANT_MUTUAL,
                                 sname=self.restricted)
            if code:
                self.assertEqual(self.error(who, server).code, code)
                continue
            with Call(server) as call:
                who.take_ap_rep(call.ask(who.token()))
                call.initiate_messages(who.messages())
            self.established(call.line)


class Silence(KileCase):
    """What is said, and what is not."""

    def same(self, tickets, code, server, **token):
        """The same answer to each of them."""
        found = set()
        for ticket in tickets:
            error, names = self.said(ticket, code, server, **token)
            found.add((error.code, error.e_text, error.e_data, names))
        self.assertEqual(len(found), 1, found)

    def test_tickets_that_no_key_opens(self):
        """Nobody learns which keys were tried, or how many there are."""
        # REQ: KI-07, KI-21
        wrong = os.urandom(32)
        for server in (self.plain, self.named):
            self.same([
                {"spoil": True}, {"key": wrong},
                {"key": wrong, "kvno": self.old.kvno},
                {"key": wrong, "kvno": None},
                {"key": self.old.key, "spoil": True},
                {"key": wrong, "kvno": self.old.kvno, "etype": 17},
                {"key": wrong, "kvno": self.key.kvno + 256}],
                MODIFIED, server)
            self.same([{"key": wrong, "kvno": UNKNOWN},
                       {"spoil": True, "kvno": UNKNOWN},
                       {"key": os.urandom(16), "kvno": UNKNOWN}],
                      BADKEYVER, server)

    def test_names_that_are_not_there(self):
        # REQ: KI-21
        unknown = {"sname": "ftp/server.ext.test"}
        wrong = dict(unknown, key=os.urandom(32))
        self.same([wrong, dict(wrong, kvno=UNKNOWN), dict(wrong, kvno=None),
                   dict(wrong, etype=17)], NOT_US, self.plain)

    def test_enctype_without_key(self):
        # REQ: KI-21
        for server in (self.plain, self.named):
            self.same([{"etype": etype, "key": os.urandom(32)}
                       for etype in (19, 20, 25, 0, 99)], NOKEY, server)

    def test_des(self):
        """For the computer it is no enctype, whatever keys there are."""
        # REQ: KI-20, KI-21
        for server in (self.plain, self.named):
            for name in ({}, {"sname": self.restricted},
                         {"sname": "host/another.ext.test"}):
                self.same([dict(name, etype=etype, kvno=kvno)
                           for etype in (1, 2, 3)
                           for kvno in (self.key.kvno, UNKNOWN)],
                          MODIFIED, server)

    def test_times(self):
        """A request that was opened: the answer's text is not there either,
        and the skew's data is Windows'."""
        # REQ: KI-21, KI-09
        who = self.initiator(options=ap.WANT_MUTUAL)
        with Call(self.plain) as call:
            answer = gss.Krb5Token(call.ask(who.token(
                when=time.time() - 2 * HOURS))).message()
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.assertEqual((answer.code, answer.e_text, answer.e_data),
                         (SKEW, None, bytes.fromhex("3005a103020102")))
        self.established(call.line)
        for ticket in ({"start": -10 * HOURS, "end": -2 * HOURS},):
            error = self.error(self.initiator(options=ap.WANT_MUTUAL,
                                              **ticket), self.plain)
            self.assertEqual((error.e_text, error.e_data), (None, None))
        self.good_on(self.plain)

    def test_user_to_user(self):
        """There is no session key: told apart from a key that is missing by
        nobody but the log."""
        # REQ: KI-22, KI-21
        who = self.initiator(options=ap.WANT_MUTUAL | gss.USE_SESSION_KEY)
        error = self.error(who, self.plain)
        self.assertEqual((error.code, error.e_text, error.e_data),
                         (NOKEY, None, None))
        self.good_on(self.plain)

    def test_what_is_no_request(self):
        """Nothing is said at all."""
        # REQ: KI-04
        good = self.initiator(options=ap.WANT_MUTUAL)
        for token in (b"\x6e", good.token()[:-1], good.ap_req()[:40],
                      krb.krb_error(60, "EXT.TEST"),
                      gss.krb5_token(gss.KRB_ERROR,
                                     krb.krb_error(60, "EXT.TEST"))):
            with self.subTest(token=token[:8].hex()):
                with Call(self.plain) as call:
                    self.assertIsNone(call.ask(token))
                self.refused(call.line, DEFECTIVE)
        self.good_on(self.plain)


class Checksums(KileCase):
    """Authenticators whose checksum is not that of RFC 4121."""

    def checksum(self, who, data=b"", usage=KU_CHECKSUM):
        """An ordinary one, in the session key."""
        etype, key = who.credential.session
        return (AES256_CKSUM if etype == 18 else AES128_CKSUM,
                enc.checksum(key, usage, data))

    def test_over_nothing(self):
        """As Samba makes it; ap-options ask for the AP-REP then."""
        # REQ: KI-13
        for etype in (18, 17):
            for server in (self.plain, self.named):
                who = self.initiator(options=ap.WANT_MUTUAL,
                                     session=ap.new_key(etype))
                with Call(server) as call:
                    who.take_ap_rep(call.ask(who.token(
                        checksum=self.checksum(who))))
                self.assertEqual(call.line.outcome, "established", call.line)
                self.assertEqual(call.line.flags & 63,
                                 ap.MUTUAL | ap.REPLAY | ap.SEQUENCE)

    def test_wrong(self):
        """Over something, of another usage, changed, short, and of a type
        without a key."""
        # REQ: KI-13
        for options in (ap.WANT_MUTUAL, ap.WANT_MUTUAL | ap.OFFER):
            who = self.initiator(options=options)
            kind, octets = self.checksum(who)
            for code, checksum in (
                    (TAMPERED, self.checksum(who, b"x")),
                    (TAMPERED, self.checksum(who, usage=11)),
                    (TAMPERED, (kind, octets[:-1] + bytes([octets[-1] ^ 1]))),
                    (TAMPERED, (kind, octets[:-1])), (TAMPERED, (kind, b"")),
                    (TAMPERED, (7, bytes(16))), (TAMPERED, (14, bytes(20))),
                    (GENERIC, (AES128_CKSUM, octets)),
                    (GENERIC, (99, octets))):
                with self.subTest(checksum=checksum):
                    with Call(self.plain) as call:
                        answer = call.ask(who.token(checksum=checksum))
                        if options & ap.OFFER:
                            self.is_final(who, answer, code, K)
                        else:
                            error = gss.Krb5Token(answer).message()
                            self.assertEqual((error.code, error.e_text),
                                             (code, None))
                    self.refused(call.line, BAD_SIG)
        self.good_on(self.plain)


class Delegation(KileCase):
    """KRB-CRED in the checksum of RFC 4121 4.1.1."""

    def krb_cred(self, who, key):
        """A ticket of who's, delegated."""
        session, ticket = who.credential.session, who.credential.ticket
        info = der.seq(
            der.ctx(0, ap.key_der(session)),
            der.ctx(1, der.kstring(who.credential.realm)),
            der.ctx(2, krb.name(who.credential.client)),
            der.ctx(6, der.gtime(int(time.time()) + 3600)),
            der.ctx(8, der.kstring(self.realm.name)),
            der.ctx(9, krb.name("krbtgt/" + self.realm.name)))
        part = der.app(29, der.seq(der.ctx(0, der.seq(info)),
                                   der.ctx(2, der.gtime(int(time.time()))),
                                   der.ctx(3, der.integer(0))))
        return der.app(22, der.seq(
            der.ctx(0, der.integer(5)), der.ctx(1, der.integer(22)),
            der.ctx(2, der.seq(ticket)),
            der.ctx(3, krb.encrypted_data(key[1], KU_CRED, part, key[0]))))

    def delegate(self, which):
        """The acceptor's line when KRB-CRED is in that key of who's."""
        who = self.initiator(options=ap.WANT_MUTUAL)
        cred = self.krb_cred(who, which(who))
        flags = ap.ALL | ap.DELEG
        checksum = ap.checksum_8003(flags, more=struct.pack(
            "<HH", 1, len(cred)) + cred)
        with Call(self.plain) as call:
            answer = call.ask(who.token(checksum=(ap.CKSUM_8003, checksum)))
            if gss.describe(answer) == "AP-REP":
                who.take_ap_rep(answer)
                call.initiate_messages(who.messages())
        return call.line

    def test_either_key(self):
        # REQ: KI-03
        for which in (lambda who: who.credential.session,
                      lambda who: who.subkey):
            line = self.delegate(which)
            self.established(line)
            self.assertTrue(line.flags & ap.DELEG, line)

    def test_another_key(self):
        # REQ: KI-03
        line = self.delegate(lambda who: ap.new_key())
        self.refused(line, FAILURE)
        self.good_on(self.plain)


if __name__ == "__main__":
    unittest.main()
