"""Wireshark shows what we put on the wire, in captures of real exchanges, and
malformed packets do it no harm.  What it should show is read by the tests'
own code."""

import os
import random
import struct
import time
import unittest
from pathlib import Path

from realm import RealmCase, Relay
from realm.extra import NOT_MUTUAL, ExtraCase, Server, kinds, spoil
from realm.user2user import BOB
from wire import (
    ap_req, der, exchange, freshness, gss, krb, krb524, mutate, pcap, pkinit,
    tgs)
from wire import krb_error2 as k2
from wireshark import tshark

PORT = 5000                             # of gss_loop in the captures
NAMED = {"extra_tokens_without_mutual": "*/* *"}
LUA_ERROR = "_ws.lua.error"
SEED = int(os.environ.get("WIRESHARK_SEED", "8070"))
MUTATIONS = int(os.environ.get("WIRESHARK_PACKETS", "3000"))


def setUpModule():
    tshark.program()


class Freshness(RealmCase):
    """A login with PKINIT, as a relay has recorded it."""

    realm_args = {"pkinit": True, "kdc": {"pkinit_freshness_lifetime": 60}}

    def login(self, hook=None):
        relay = self.enter(Relay(self.realm.port, hook))
        client = self.realm.new_client(kdc=relay.port,
                                       libdefaults={"kdc_timeout": 30})
        client.kinit("user", cert=self.realm.cert())
        return relay

    def test_a_login(self):
        relay = self.login()
        capture = pcap.kdc(relay.messages)
        token, = [t for t in map(exchange.token_of, (
            m for m in exchange.replies(relay)
            if isinstance(m, krb.KrbError))) if t]
        asked = tshark.fields(capture, ["heimdal_ext.freshness_asked"])
        self.assertEqual({a for a, in asked}, {"empty: asks for a token"})
        names = ["freshness_token", "signed_token", "token_etype",
                 "token_kvno"]
        shown = tshark.fields(
            capture, ["heimdal_ext." + name for name in names],
            "heimdal_ext.token_etype")
        given, signed = dict.fromkeys(shown)    # UDP and TCP may say it twice
        self.assertEqual(given, (token.hex(), "", "18", "1"))
        self.assertEqual(signed, ("", token.hex(), "18", "1"))

    def test_an_error_that_wireshark_does_not_know(self):
        """90, whose e-data Wireshark leaves as it is."""
        old = freshness.mint(self.realm.krbtgt_key(), when=1)
        request = pkinit.Request("EXT.TEST", "user", self.realm.cert(),
                                 token=old)
        relay = self.enter(Relay(self.realm.port))
        answer = krb.send_kdc(relay.port, request.message, "tcp")
        self.assertEqual(answer.code, 90)
        shown = tshark.fields(pcap.kdc(relay.messages),
                              ["heimdal_ext.freshness_token",
                               "heimdal_ext.signed_token"])
        self.assertEqual(shown, [("", old.hex()),
                                 (exchange.token_of(answer).hex(), "")])

    def test_a_token_of_another_form(self):
        """Opaque to us: the octets, and nothing made up."""
        capture = pcap.Capture()
        capture.udp(88, exchange.refusal(25, "EXT.TEST", b"\0\0opaque"),
                    False)
        shown = tshark.fields(capture, ["heimdal_ext.freshness_token",
                                        "heimdal_ext.token_etype"],
                              "heimdal_ext.freshness_token")
        self.assertEqual(shown, [(b"\0\0opaque".hex(), "")])


class Contexts(ExtraCase):
    """Exchanges of context tokens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        cls.key = next(e for e in realm.keys(realm.service) if e.etype == 18)
        realm.add(BOB, password=realm.password, attributes="disallow-svr")
        cls.bob = realm.new_client()
        cls.bob.kinit(BOB, password=realm.password)
        cls.challenge = Server(cls, replay_protection="challenge")
        cls.plain = Server(cls)
        cls.played = []

    def play(self, server, *args, client=None, **kw):
        """The exchange; the case keeps it."""
        if client is None:
            client = self.realm.new_client(**kw.pop("values", {}))
            client.kinit("user", password=self.realm.password)
        _ours, _theirs, played = server.play(client=client, args=args, **kw)
        type(self).played.append(played)
        return played

    def capture(self, *exchanges):
        return pcap.tokens(exchanges, PORT)

    def fields(self, exchanges, *names, where="", **kw):
        return tshark.fields(self.capture(*exchanges), names, where,
                             port=PORT, **kw)

    def test_a_challenge(self):
        """Three tokens: the offer, a KRB-ERROR2 in the subkey, the answer."""
        played = self.play(self.challenge)
        self.assertEqual(kinds(played), ["AP-REQ", "KRB-ERROR2 continue",
                                         "AP-REQ"])
        shown = self.fields([played], "heimdal_ext.offer", "krb_error2.key",
                            "krb_error2.etype", "krb_error2.cipher")
        error = gss.unwrap(played.tokens[1].data)[1][2:]
        cipher = der.parse(error).inner()[3][2].octets()
        offer = "continue-needed-ok, in the clear"
        self.assertEqual(shown, [(offer, "", "", ""),
                                 ("", "1", "18", cipher.hex()),
                                 (offer, "", "", "")])

    def test_authorization_data_with_a_keytab(self):
        played = self.play(self.challenge)
        challenge, = [value for kind, value in ap_req.Authenticator(
            ap_req.of_token(played.tokens[2].data),
            self.realm.keys(self.realm.service)).elements()
                      if kind == k2.AD_CONTINUE_CHALLENGE]
        challenge = der.parse(challenge).octets()
        shown = self.fields([played], "heimdal_ext.ap_options",
                            "heimdal_ext.challenge", keytab=self.keytab)
        # mutual-required and continue-needed-ok; then only the latter
        self.assertEqual(shown, [("0030000000", ""),
                                 ("0010000000", challenge.hex())])
        self.assertEqual(self.fields([played], "heimdal_ext.ap_options"), [])

    def test_user_to_user(self):
        """An error that is not encrypted, with a TGT."""
        server = Server(type(self), acceptor_ccache=self.bob.ccache)
        played = self.play(server, "--service=" + BOB)
        self.assertEqual(len(kinds(played)), 4)
        names = ["key", "etype", "challenge", "stime", "susec", "error",
                 "flags"]
        shown, = self.fields([played], *["krb_error2." + n for n in names],
                             where="krb_error2.key")
        error = k2.Error2(gss.unwrap(played.tokens[1].data)[1][2:])
        self.assertEqual(shown, (
            "0", "0", error.challenge.hex(),
            time.strftime("%Y%m%d%H%M%SZ", time.gmtime(error.stime)),
            str(error.susec), "69", "1"))
        # Wireshark's own dissector has the TGT, whose service is krbtgt
        names = self.fields([played], "kerberos.SNameString",
                            where="krb_error2.tgt")
        self.assertEqual(names, [("krbtgt,EXT.TEST",)])

    def test_an_error_and_its_end(self):
        client = self.realm.new_client()
        client.kinit("user", password=self.realm.password)
        spoil(client, self.key, client="somebody")
        played = self.play(self.plain, client=client)
        self.assertEqual(kinds(played), ["AP-REQ", "KRB-ERROR2 final"])
        self.assertEqual(self.fields([played], "krb_error2.key"), [("1",)])

    def test_below_spnego(self):
        played = self.play(self.challenge, mech="spnego")
        shown = self.fields([played], "heimdal_ext.offer", "krb_error2.key")
        self.assertEqual([bool(key) for _offer, key in shown],
                         [False, True, False])

    def test_nothing_of_ours(self):
        """An exchange without the extension has nothing of it."""
        played = self.play(
            self.plain, values={"gssapi": {"extra_context_tokens": False}})
        self.assertEqual(kinds(played), ["AP-REQ", "AP-REP"])
        self.assertEqual(self.fields([played], "heimdal_ext", "krb_error2",
                                     keytab=self.keytab), [])

    def test_without_mutual_authentication(self):
        played = self.play(self.plain, ask=NOT_MUTUAL,
                           values={"gssapi": NAMED})
        shown = self.fields([played], "heimdal_ext.offer", "krb_error2.key")
        self.assertEqual([bool(key) for _offer, key in shown],
                         [False, True, False])

    def test_zz_changed_packets(self):
        """No octets raise an error in Lua."""
        pool = [t.data for played in self.played for t in played.tokens]
        null = self.play(Server(type(self),
                                acceptor_ccache=self.bob.ccache),
                         "--service=" + BOB).tokens[1].data
        Fuzz.run(self, pool + 10 * [null], Fuzz.gss, port=PORT,
                 keytab=self.keytab)


class Afs(RealmCase):
    """krb524 and tokens for rxkad."""

    cell = "afs/ext.test"
    realm_args = {"kdc": {"enable-524": True,
                          "use_2b": {"afs/ext.test@EXT.TEST": True}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(cls.cell)
        tgt = tgs.get_tgt(cls.realm)
        cls.ticket, cls.other = [
            cls.get(tgt, service).ticket for service in (
                cls.cell, "host/server.ext.test")]
        cls.keytab = cls.realm.ext_keytab(cls.cell)
        cls.relay = cls.enter_for_class(Relay(cls.realm.port))
        cls.replies = [
            krb524.ask(cls.relay.port, ticket, transport)
            for transport in ("udp", "tcp")
            for ticket in (cls.ticket, cls.other)]
        cls.token = cls.replies[0].token
        cls.capture = pcap.kdc(cls.relay.messages, 4444)

    @classmethod
    def get(cls, tgt, service):
        request = tgs.Request(tgt, service, None, etypes=(18,))
        return request.open(krb.send_kdc(cls.realm.port, request.message,
                                         "tcp"))

    def test_requests_and_replies(self):
        for where in ("udp", "tcp"):
            shown = tshark.fields(
                self.capture, ["krb524.request", "krb524.status",
                               "krb524.kvno", "krb524.length",
                               "rxkad_token.octets"], where + " and krb524")
            self.assertEqual(shown, [
                (self.ticket.hex(), "", "", "", ""),
                ("", "0", "213", str(len(self.token)), self.token.hex()),
                (self.other.hex(), "", "", "", ""),
                ("", str(krb524.POLICY), "", "", "")], where)

    def test_a_token_with_the_keytab(self):
        """Wireshark opens the ticket that the token is."""
        for capture in (self.capture, pcap.rx_response(self.token, 213),
                        pcap.rx_response(self.ticket, 256)):
            got = tshark.fields(capture, ["kerberos.CNameString"],
                                "rxkad_token and kerberos.CNameString",
                                keytab=self.keytab)
            self.assertEqual(set(got), {("user",)})
            self.assertEqual(tshark.fields(
                capture, ["kerberos.CNameString"],
                "rxkad_token and kerberos.CNameString"), [])

    def test_a_token_in_an_answer_to_a_challenge(self):
        part = krb524.enc_part(self.ticket)
        self.assertEqual(part, self.token)
        for token, number in ((self.token, 213), (self.ticket, 256)):
            shown = tshark.fields(
                pcap.rx_response(token, number),
                ["rxkad_token.octets", "rxkad_token.etype",
                 "rxkad_token.key_version"], "rxkad_token")
            self.assertEqual(shown, [(token.hex(), "18", "1")])
        self.assertEqual(tshark.fields(pcap.rx_response(self.token, 5),
                                       ["rxkad_token.octets"],
                                       "rxkad_token"), [])

    def test_a_length_that_is_not_true(self):
        good = krb524.success(self.token)
        for length in (0, 1251, 0x7fffffff, 0xffffffff):
            capture = pcap.Capture()
            capture.udp(4444, good[:8] + struct.pack(">I", length) +
                        good[12:], False)
            shown = tshark.fields(capture, ["rxkad_token.octets",
                                            "krb524.malformed"], "krb524")
            self.assertEqual([(t, bool(m)) for t, m in shown],
                             [("", True)], length)

    def test_zz_changed_packets(self):
        pool = [m.data for m in self.relay.messages]
        Fuzz.run(self, pool, Fuzz.krb524, keytab=self.keytab)
        Fuzz.run(self, [self.token, self.ticket], Fuzz.rx,
                 keytab=self.keytab)


class Fuzz:
    """Thousands of changed messages in one capture."""

    @staticmethod
    def gss(capture, number, data):
        capture.tcp(PORT, struct.pack(">I", len(data)) + data,
                    client=1024 + number)

    @staticmethod
    def krb524(capture, number, data):
        if len(data) <= 60000:
            capture.udp(4444, data, number % 2 == 0)
        capture.tcp(4444, struct.pack(">I", len(data)) + data,
                    client=1024 + number)

    @staticmethod
    def rx(capture, number, data):
        packet = pcap.rx_response(data, 213 if number % 2 else 256)
        capture.packets += packet.packets

    @staticmethod
    def run(case, pool, add, **kw):
        """tshark reads them all; none makes an error of Lua's."""
        rng = random.Random(SEED)
        capture = pcap.Capture()
        for number in range(MUTATIONS):
            data, _names = mutate.mutate(rng, rng.choice(pool), pool)
            add(capture, number, data)
        case.assertGreaterEqual(len(capture.packets), MUTATIONS)
        shown = tshark.fields(
            capture, ["frame.number", LUA_ERROR, "krb_error2.key",
                      "krb524.status", "rxkad_token.octets"], "frame", **kw)
        case.assertEqual(len(shown), len(capture.packets))
        errors = [line for line in shown if line[1]]
        case.assertEqual(errors[:3], [])
        seen = sum(any(line[2:]) for line in shown)
        case.assertGreater(seen, MUTATIONS // 20, "nothing was dissected")


class Itself(unittest.TestCase):
    """Errors of Lua are found by these tests."""

    def test_an_error_is_found(self):
        script = Path(os.environ.get("TMPDIR", "/tmp")) / "broken.lua"
        script.write_text(
            'local p = Proto("broken", "broken")\n'
            'function p.dissector() local x; return x.y end\n'
            'DissectorTable.get("udp.port"):add(4444, p)\n')
        capture = pcap.Capture()
        capture.udp(4444, b"anything")
        shown = tshark.fields(capture, [LUA_ERROR], script=script)
        self.assertEqual(len(shown), 1)
        self.assertEqual(tshark.fields(capture, [LUA_ERROR]), [])


if __name__ == "__main__":
    unittest.main()
