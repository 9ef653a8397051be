"""PKINIT freshness (RFC 8070): who sends what, when, and what is logged."""

import itertools
import os
import time

import peers
from realm import Answer, Realm, RealmCase, Relay, wait_until
from realm.conf import merge, render
from wire import enc, exchange, fast, freshness, krb, pkinit

ASK, SIGN, TOKEN = "ask", "sign", "sign+token"
WITHOUT = " (no 150)"

NULL_KEY, CLIENT_REVOKED, PADATA_NOSUPP, CLIENT_NOTYET = 9, 18, 16, 21
WRONG_REALM = 68

# what new principals get
ENCTYPES = ("aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96",
            "des3-cbc-sha1", "arcfour-hmac-md5")

# The KDC is on loopback: a request sent again because of a timeout would
# only blur the sequences.
PATIENT = {"libdefaults": {"kdc_timeout": 30}}


class FreshnessCase(RealmCase):
    """Clients whose messages are recorded."""

    realm_args = {"pkinit": True}

    def via(self, hook=None, stub=False, **sections):
        """(relay, client behind it); with stub the hook is the KDC."""
        relay = self.enter(Relay(None if stub else self.realm.port, hook))
        client = self.realm.new_client(kdc=relay.port,
                                       **merge(PATIENT, sections))
        return relay, client

    def login(self, client, *args, principal="user", **kw):
        """PKINIT with the principal's certificate."""
        return client.kinit(principal, *args,
                            cert=self.realm.cert(principal), **kw)

    def send(self, request, transport="udp"):
        return krb.send_kdc(self.realm.port, request.message, transport)

    def assert_refused(self, answer, code):
        self.assertIsInstance(answer, krb.KrbError)
        self.assertEqual(answer.code, code, answer)

    def assert_accepted(self, request, answer):
        self.assertEqual(answer.msg_type, krb.AS_REP, answer)
        request.open(answer)


def swapping(realm, *tokens):
    """A hook that puts `tokens`, one after the other, in the place of the
    KDC's first ones; None takes the token away."""
    left = list(tokens)

    def hook(direction, data):
        if direction == "<" and left:
            error = krb.read(data)
            if isinstance(error, krb.KrbError) and \
                    exchange.token_of(error) is not None:
                return exchange.with_token(error, left.pop(0), realm.name)
        return data
    return hook


class LoginTest(FreshnessCase):
    """The default: the client asks, signs what it got, and is in."""

    def test_first_request_asks_and_signs_nothing(self):
        # REQ: PF-03, PF-04, PF-05
        relay, client = self.via()
        self.login(client)
        first = exchange.requests(relay)[0]
        self.assertEqual(first.pa(krb.PA_AS_FRESHNESS), b"")
        for kind in (krb.PA_PK_AS_REQ, krb.PA_PK_AS_REQ_WIN,
                     krb.PA_PK_AS_09_BINDING, krb.PA_ENC_TIMESTAMP):
            self.assertNotIn(kind, first.pa_types)
        answer = exchange.replies(relay)[0]
        self.assert_refused(answer, krb.PREAUTH_REQUIRED)
        self.assertGreater(len(exchange.token_of(answer)), 40)

    def test_token_is_signed_octet_for_octet(self):
        # REQ: PF-06, PF-07, PF-08
        relay, client = self.via()
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN])
        given = exchange.token_of(exchange.replies(relay)[0])
        request = exchange.requests(relay)[1]
        self.assertEqual(pkinit.PkAsReq.of(request).token, given)
        self.assertEqual(request.pa(krb.PA_AS_FRESHNESS), b"")
        self.assertEqual(exchange.replies(relay)[1].msg_type, krb.AS_REP)

    def test_one_bit_of_the_token_spoils_the_signature(self):
        # REQ: PF-07, PF-10
        relay, client = self.via()
        self.login(client)
        message = relay.requests()[-1]
        token = pkinit.PkAsReq.of(message).token
        at = message.index(token) + len(token) // 2
        spoilt = message[:at] + bytes([message[at] ^ 1]) + message[at + 1:]
        answer = krb.send_kdc(self.realm.port, spoilt, "tcp")
        self.assert_refused(answer, krb.BAD_INTEGRITY)
        self.assertIsNone(exchange.token_of(answer))
        self.realm.log.assert_absent("freshness token from .* refused")
        answer = krb.send_kdc(self.realm.port, message, "tcp")
        self.assertEqual(answer.msg_type, krb.AS_REP)

    def test_log_tells_the_sequence(self):
        # REQ: PF-01, PF-28
        self.login(self.realm.client)
        self.realm.log.assert_ordered([
            r"AS-REQ user@EXT\.TEST",
            r"Client sent patypes: AS-FRESHNESS, REQ-ENC-PA-REP",
            r"Need to use PA-ENC-TIMESTAMP/PA-PK-AS-REQ",
            r"AS-REQ user@EXT\.TEST",
            r"Client sent patypes: .*AS-FRESHNESS",
            r"PKINIT freshness token received from user@EXT\.TEST, "
            r"\d+ seconds old",
            r"PKINIT pre-authentication succeeded -- user@EXT\.TEST"])
        self.realm.log.assert_absent("no PKINIT freshness token")

    def test_service_tickets_afterwards(self):
        # REQ: PF-31
        self.login(self.realm.client)
        self.realm.client.kgetcred(self.realm.service)
        listed = self.realm.client.klist().stdout
        self.assertIn("krbtgt/EXT.TEST@EXT.TEST", listed)
        self.assertIn(self.realm.service, listed)
        self.realm.log.assert_ordered([r"TGS-REQ user@EXT\.TEST"])

    def test_two_logins_use_two_tokens(self):
        # REQ: PF-14
        relay, client = self.via()
        self.login(client)
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN] * 2)
        first, second = exchange.signed(relay)
        self.assertNotEqual(first.token, second.token)

    def test_rsa_mode(self):
        # REQ: PF-21
        relay, client = self.via()
        self.login(client, "--pk-use-enckey")
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN])
        self.assertIsNone(exchange.signed(relay)[0].dh_public)
        self.login(client)
        self.assertIsNotNone(exchange.signed(relay)[1].dh_public)

    def test_over_tcp_only(self):
        # REQ: PF-03, PF-27
        relay = self.enter(Relay(self.realm.port))
        client = self.realm.new_client(realms={"EXT.TEST": {
            "kdc": "tcp/127.0.0.1:%d" % relay.port}}, **PATIENT)
        self.login(client)
        self.assertEqual({m.transport for m in relay.messages}, {"tcp"})
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN])

    def test_other_target_than_krbtgt(self):
        # REQ: PF-04, PF-17
        relay, client = self.via()
        self.login(client, "--server=kadmin/changepw@EXT.TEST")
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN])
        self.assertEqual(exchange.requests(relay)[1].sname,
                         "kadmin/changepw")
        token = exchange.signed(relay)[0].token
        self.assertLess(abs(freshness.when(self.realm.krbtgt_key(), token) -
                            time.time()), 60)

    def test_password_login_neither_asks_nor_is_disturbed(self):
        # REQ: PF-30
        relay, client = self.via()
        client.kinit("user", password=self.realm.password)
        self.assertEqual(exchange.steps(relay), ["other", "other"])
        self.assertIsNone(exchange.token_of(exchange.replies(relay)[0]))
        self.realm.log.assert_absent("freshness")


class AnswerTest(FreshnessCase):
    """The KDC gives a token to who asks, and changes nothing else."""

    def plain(self, port=None, padata=()):
        return krb.send_kdc(port or self.realm.port, krb.as_req(
            krb.req_body("EXT.TEST", "user"), padata))

    def test_only_who_asks_gets_one(self):
        # REQ: PF-04, PF-05
        asked, unasked = exchange.ask(self.realm), self.plain()
        self.assertEqual((asked.code, unasked.code),
                         (krb.PREAUTH_REQUIRED,) * 2)
        self.assertEqual(asked.e_text, unasked.e_text)
        self.assertEqual(asked.pa_types,
                         unasked.pa_types + [krb.PA_AS_FRESHNESS])

    def test_unasked_answer_is_the_one_of_the_unpatched_kdc(self):
        # REQ: PF-04, PF-30
        other = self.enter(Realm(pkinit=True,
                                 inst=peers.heimdal_unpatched()))
        theirs, ours = self.plain(other.port), self.plain()
        self.assertEqual(ours.code, theirs.code)
        self.assertEqual(ours.e_text, theirs.e_text)
        self.assertEqual(ours.pa_types, theirs.pa_types)
        self.assertEqual(ours.e_data, theirs.e_data)
        asked = exchange.ask(other)
        self.assertEqual(asked.pa_types, theirs.pa_types)

    def test_each_answer_has_a_token_of_its_own(self):
        # REQ: PF-14
        tokens = {exchange.token_of(exchange.ask(self.realm, transport=way))
                  for way in ("udp", "tcp") * 3}
        self.assertEqual(len(tokens), 6)
        for token in tokens:
            self.assertLess(abs(time.time() - freshness.when(
                self.realm.krbtgt_key(), token)), 60)

    def test_content_of_the_request_for_it_does_not_matter(self):
        # REQ: PF-04
        for value in (b"", b"x", bytes(200)):
            error = self.plain(padata=[(krb.PA_AS_FRESHNESS, value)])
            self.assertIsNotNone(exchange.token_of(error))

    def test_kdc_without_pkinit_gives_none(self):
        # REQ: PF-04
        off = self.enter(Realm())
        answer = exchange.ask(off)
        self.assert_refused(answer, krb.PREAUTH_REQUIRED)
        self.assertIsNone(exchange.token_of(answer))
        off.client.kinit("user", password=off.password)

    def test_password_with_150_on_top(self):
        # REQ: PF-30
        key = enc.string_to_key(self.realm.password, "EXT.TESTuser")
        ask = (krb.PA_AS_FRESHNESS, b"")
        rep = self.plain(padata=[ask, krb.pa_enc_timestamp(key)])
        self.assertEqual(rep.msg_type, krb.AS_REP)
        wrong = krb.pa_enc_timestamp(bytes(32))
        with_it = self.plain(padata=[ask, wrong])
        without = self.plain(padata=[wrong])
        self.assertEqual((with_it.code, with_it.pa_types, with_it.e_text),
                         (without.code, without.pa_types, without.e_text))
        self.assertIn(with_it.code, (krb.PREAUTH_FAILED, krb.BAD_INTEGRITY))

    def test_realm_without_a_key_for_tokens(self):
        # REQ: PF-04, PF-11
        bare = self.enter(Realm(pkinit=True))
        bare.kadmin("del_enctype", "krbtgt/EXT.TEST", *ENCTYPES)
        answer = exchange.ask(bare)
        self.assert_refused(answer, krb.PREAUTH_REQUIRED)
        self.assertIsNone(exchange.token_of(answer))
        bare.log.assert_ordered([r"No krbtgt key to make a PKINIT freshness "
                                 r"token with for user@EXT\.TEST"])
        req = pkinit.Request("EXT.TEST", "user", bare.cert(), b"?")
        answer = krb.send_kdc(bare.port, req.message)
        self.assert_refused(answer, krb.PREAUTH_EXPIRED)
        self.assertIsNone(exchange.token_of(answer))
        bare.change_keys("krbtgt/EXT.TEST")
        bare.client.kinit("user", cert=bare.cert())

    def test_realm_whose_first_key_is_none_for_tokens(self):
        """The first that a token may rest on does."""
        # REQ: PF-04, PF-11
        bare = self.enter(Realm(pkinit=True, kadmin={"default_keys": [
            "des3-cbc-sha1:pw-salt", "aes128-cts-hmac-sha1-96:pw-salt",
            "aes256-cts-hmac-sha1-96:pw-salt"]}))
        self.assertEqual([entry.etype for entry in bare.keys(
            "krbtgt/EXT.TEST")], [16, 17, 18])
        token = exchange.token_of(exchange.ask(bare))
        minted = freshness.when(bare.krbtgt_key(17), token)
        self.assertLess(abs(minted - time.time()), 60)
        bare.client.kinit("user", cert=bare.cert())
        bare.log.assert_ordered([r"PKINIT freshness token received from "
                                 r"user@EXT\.TEST, \d+ seconds old"])

    def test_krbtgt_without_a_key_version(self):
        """A token would name no key: there is none."""
        # REQ: PF-04, PF-11
        bare = self.enter(Realm(pkinit=True))
        bare.kadmin("modify", "--kvno=0", "krbtgt/EXT.TEST")
        answer = exchange.ask(bare)
        self.assert_refused(answer, krb.PREAUTH_REQUIRED)
        self.assertIsNone(exchange.token_of(answer))
        bare.log.assert_ordered([r"No krbtgt key to make a PKINIT freshness "
                                 r"token with for user@EXT\.TEST"])
        bare.kadmin("modify", "--kvno=1", "krbtgt/EXT.TEST")
        self.assertIsNotNone(exchange.token_of(exchange.ask(bare)))

    def test_unknown_client_gets_none(self):
        # REQ: PF-04
        answer = exchange.ask(self.realm, "nobody")
        self.assert_refused(answer, krb.C_PRINCIPAL_UNKNOWN)
        self.assertIsNone(exchange.token_of(answer))


class ModeTest(FreshnessCase):
    """pkinit_freshness of the client."""

    def mode(self, value, **kw):
        return self.via(libdefaults={"pkinit_freshness": value}, **kw)

    def test_never_is_the_exchange_of_unpatched_clients(self):
        # REQ: PF-03
        relay, client = self.mode("never")
        self.login(client)
        self.assertEqual(exchange.steps(relay), [SIGN + WITHOUT])
        self.realm.log.assert_ordered([
            r"no PKINIT freshness token received from user@EXT\.TEST$",
            r"PKINIT pre-authentication succeeded"])
        theirs = self.enter(Relay(self.realm.port))
        unpatched = self.realm.new_client(peers.heimdal_unpatched(),
                                          kdc=theirs.port, **PATIENT)
        # how it ends is left to interop: it pads short DH secrets otherwise
        self.login(unpatched, expect_code=None)
        self.assertEqual(exchange.steps(theirs), exchange.steps(relay))
        self.assertEqual([m.pa_types for m in exchange.requests(theirs)],
                         [m.pa_types for m in exchange.requests(relay)])

    def test_always_with_a_kdc_that_gives_one(self):
        # REQ: PF-03, PF-08
        relay, client = self.mode("always")
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN])

    def test_always_fails_without_a_token(self):
        # REQ: PF-26
        relay, client = self.mode("always",
                                  hook=swapping(self.realm, None))
        self.login(client, expect_code=1,
                   expect_msg="The KDC of realm EXT.TEST gave no PKINIT "
                   "freshness token and pkinit_freshness is \"always\"")
        self.assertEqual(exchange.steps(relay), [ASK])
        relay.clear()
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN])

    def test_auto_goes_on_without_a_token(self):
        # REQ: PF-26
        relay, client = self.mode("auto", hook=swapping(self.realm, None))
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK, SIGN])

    def test_an_empty_token_is_none(self):
        # REQ: PF-26
        relay, client = self.mode("auto", hook=swapping(self.realm, b""))
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK, SIGN])

    def test_realms_section_comes_first(self):
        # REQ: PF-03
        relay, client = self.via(
            libdefaults={"pkinit_freshness": "always"},
            realms={"EXT.TEST": {"pkinit_freshness": "never"}})
        self.login(client)
        self.assertEqual(exchange.steps(relay), [SIGN + WITHOUT])

    def test_wrong_value_is_an_error_before_anything_is_sent(self):
        # REQ: PF-03
        for value in ("sometimes", "yes", "Auto"):
            relay, client = self.mode(value)
            self.login(client, expect_code=1,
                       expect_msg='pkinit_freshness is "%s"' % value)
            self.assertEqual(relay.requests(), [])
            client.kinit("user", password=self.realm.password)

    def verify(self, name, **sections):
        path = self.realm.dir / name
        path.write_text(render(merge(merge(
            self.realm.default_sections(), self.realm.sections), sections)))
        return self.realm.client.run("verify_krb5_conf", path,
                                     expect_code=None).output

    def test_verify_krb5_conf(self):
        # REQ: PF-20
        clean = self.verify("good.conf")
        good = [{"libdefaults": {"pkinit_freshness": value}}
                for value in ("auto", "always", "never")]
        good += [
            {"realms": {"EXT.TEST": {"pkinit_freshness": "always"}}},
            {"kdc": {"pkinit_require_freshness": True,
                     "pkinit_freshness_draft_error": False,
                     "pkinit_freshness_lifetime": "5 minutes"}}]
        for sections in good:
            self.assertEqual(
                self.verify("good.conf", **sections), clean, sections)
        for sections, complaint in (
                ({"libdefaults": {"pkinit_freshness": "maybe"}},
                 'pkinit_freshness: "maybe" is not one of auto, always, '
                 'never'),
                ({"realms": {"EXT.TEST": {"pkinit_freshness": "maybe"}}},
                 '"maybe" is not one of auto, always, never'),
                ({"kdc": {"pkinit_require_freshness": "perhaps"}},
                 "pkinit_require_freshness"),
                ({"kdc": {"pkinit_freshness_draft_error": "perhaps"}},
                 "pkinit_freshness_draft_error"),
                ({"kdc": {"pkinit_freshness_lifetime": "soon"}},
                 "pkinit_freshness_lifetime")):
            self.assertIn(complaint, self.verify("bad.conf", **sections))

    def test_kdc_with_a_lifetime_that_is_none_says_so_and_uses_its_own(self):
        # REQ: PF-16
        for value in ("0", "-5"):
            other = self.enter(Realm(pkinit=True, kdc={
                "pkinit_freshness_lifetime": value}))
            old = freshness.mint(other.krbtgt_key(),
                                 when=time.time() - 300)
            req = pkinit.Request("EXT.TEST", "user", other.cert(), old)
            rep = krb.send_kdc(other.port, req.message)
            self.assertEqual(rep.msg_type, krb.AS_REP)


class OpaqueTest(FreshnessCase):
    """The client signs whatever octets it is given."""

    def octets(self, token):
        relay, client = self.via(swapping(self.realm, token))
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN, TOKEN])
        first, second = exchange.signed(relay)
        self.assertEqual(first.token, token)
        refused = exchange.replies(relay)[1]
        self.assert_refused(refused, krb.PREAUTH_EXPIRED)
        self.assertEqual(second.token, exchange.token_of(refused))
        return relay

    def test_any_octets(self):
        # REQ: PF-06, PF-29
        for token in (b"x", b"\0", bytes(64), bytes(range(256)),
                      b"\xa0\x80\x04\0\0", os.urandom(1000)):
            with self.subTest(length=len(token)):
                self.octets(token)

    def test_ten_thousand_octets_go_over_tcp(self):
        # REQ: PF-06, PF-27
        token = os.urandom(10000)
        relay = self.octets(token)
        carried = [m.transport for m in relay.messages
                   if m.direction == ">" and token in m.data]
        self.assertEqual(carried[-1], "tcp")


class RetryTest(FreshnessCase):
    """Refused tokens: again with the new one, and not for ever."""

    def old(self, seconds=3600):
        return freshness.mint(self.realm.krbtgt_key(),
                              when=time.time() - seconds)

    def test_expired_token_costs_one_more_request(self):
        # REQ: PF-11, PF-12, PF-16
        old = self.old()
        relay, client = self.via(swapping(self.realm, old))
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN, TOKEN])
        refused = exchange.replies(relay)[1]
        self.assert_refused(refused, krb.PREAUTH_EXPIRED)
        new = exchange.token_of(refused)
        key = self.realm.krbtgt_key()
        self.assertGreater(freshness.when(key, new), freshness.when(key, old))
        self.realm.log.assert_ordered([
            r"PKINIT freshness token from user@EXT\.TEST refused: too old",
            r"PKINIT freshness token received from user@EXT\.TEST, \d+ "
            r"seconds old",
            r"PKINIT pre-authentication succeeded"])
        client.kgetcred(self.realm.service)

    def test_each_try_has_keys_and_nonces_of_its_own(self):
        # REQ: PF-25
        relay, client = self.via(swapping(self.realm, self.old(), self.old()))
        self.login(client)
        tries = exchange.signed(relay)
        self.assertEqual(len(tries), 3)
        for what in ("nonce", "dh_public", "dh_nonce", "token"):
            self.assertEqual(len({getattr(t, what) for t in tries}), 3, what)

    def test_two_expired_tokens_in_rsa_mode(self):
        # REQ: PF-12, PF-21
        relay, client = self.via(swapping(self.realm, self.old(), self.old()))
        self.login(client, "--pk-use-enckey")
        self.assertEqual(exchange.steps(relay), [ASK] + [TOKEN] * 3)

    def stub(self, code, token=True, **sections):
        """A KDC that refuses every signed request with `code`."""
        numbers = itertools.count()

        def hook(_direction, data):
            req = krb.read(data)
            new = b"token %d" % next(numbers)
            if req.pa(krb.PA_PK_AS_REQ) is None and \
                    req.pa(krb.PA_PK_AS_REQ_WIN) is None:
                return Answer(exchange.refusal(
                    krb.PREAUTH_REQUIRED, "EXT.TEST", new,
                    [(krb.PA_PK_AS_REQ, b"")]))
            return Answer(exchange.refusal(code, "EXT.TEST",
                                           new if token else None))
        return self.via(hook, stub=True, **sections)

    def assert_echoed(self, relay):
        """Each signed request has the token given last."""
        given = None
        for message in relay.messages:
            seen = krb.read(message.data)
            if message.direction == "<":
                given = exchange.token_of(seen)
            elif seen.pa(krb.PA_PK_AS_REQ) is not None:
                self.assertEqual(pkinit.PkAsReq.of(seen).token, given)

    def test_refused_for_ever_with_90(self):
        # REQ: PF-02, PF-12, PF-13
        relay, client = self.stub(krb.PREAUTH_EXPIRED)
        self.login(client, expect_code=1,
                   expect_msg="Preauthentication data has expired")
        self.assertEqual(exchange.steps(relay), [ASK] + [TOKEN] * 3)
        self.assert_echoed(relay)

    def test_refused_for_ever_with_24_and_a_token(self):
        # REQ: PF-12, PF-13, PF-24
        relay, client = self.stub(krb.PREAUTH_FAILED)
        self.login(client, expect_code=1)
        self.assertEqual(exchange.steps(relay), [ASK] + [TOKEN] * 3)
        self.assert_echoed(relay)
        for request in exchange.requests(relay):
            self.assertIn(krb.PA_REQ_ENC_PA_REP, request.pa_types)

    def test_90_without_a_token_asks_again(self):
        # REQ: PF-12
        relay, client = self.via(swapping(self.realm, self.old(), None))
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN, ASK, TOKEN])

    def test_90_without_a_token_for_ever(self):
        # REQ: PF-12
        relay, client = self.stub(krb.PREAUTH_EXPIRED, token=False)
        self.login(client, expect_code=1,
                   expect_msg="Preauthentication data has expired")
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN] * 3)

    def test_24_without_a_token_is_as_without_freshness(self):
        # REQ: PF-13, PF-24
        relay, client = self.stub(krb.PREAUTH_FAILED, token=False)
        self.login(client, expect_code=1)
        off, client = self.stub(krb.PREAUTH_FAILED, token=False,
                                libdefaults={"pkinit_freshness": "never"})
        self.login(client, expect_code=1)
        self.assertEqual(
            [[k for k in m.pa_types if k != krb.PA_AS_FRESHNESS]
             for m in exchange.requests(relay)[1:]],
            [m.pa_types for m in exchange.requests(off)])
        self.assertNotIn("win", exchange.steps(relay))

    def test_25_for_ever_ends(self):
        # REQ: PF-12
        relay, client = self.stub(krb.PREAUTH_REQUIRED)
        self.login(client, expect_code=1)
        # a KDC that gave a token is not asked in the way of Windows 2000
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN])

    def test_swapped_tokens_cost_a_login_at_most(self):
        # REQ: PF-22
        garbage = [os.urandom(80) for _ in range(9)]
        relay, client = self.via(swapping(self.realm, *garbage))
        self.login(client, expect_code=1,
                   expect_msg="PKINIT freshness token not valid, try again "
                   "with a new one")
        self.assertEqual(exchange.steps(relay), [ASK] + [TOKEN] * 3)
        relay.hook = None
        self.login(client)

    def test_first_answer_that_pkinit_may_avoid(self):
        # REQ: PF-26
        for code in (NULL_KEY, krb.ETYPE_NOSUPP, PADATA_NOSUPP,
                     CLIENT_NOTYET, krb.PREAUTH_FAILED):
            with self.subTest(code=code):
                answers = [Answer(exchange.refusal(code, "EXT.TEST"))]
                relay, client = self.via(
                    lambda way, data, left=answers:
                    left.pop() if way == ">" and left else data)
                self.login(client)
                self.assertEqual(exchange.steps(relay), [ASK, SIGN])

    def test_first_answer_without_method_data(self):
        # REQ: PF-26
        # 7.8 signs at once and needs none to go on.
        for e_data in (None, b"", b"no METHOD-DATA"):
            with self.subTest(e_data=e_data):
                answers = [Answer(krb.krb_error(krb.PREAUTH_REQUIRED,
                                                "EXT.TEST", e_data))]
                relay, client = self.via(
                    lambda way, data, left=answers:
                    left.pop() if way == ">" and left else data)
                self.login(client)
                self.assertEqual(exchange.steps(relay), [ASK, SIGN])

    def test_first_answer_that_ends_it(self):
        # REQ: PF-26
        for code in (krb.C_PRINCIPAL_UNKNOWN, CLIENT_REVOKED, krb.GENERIC,
                     krb.PREAUTH_EXPIRED):
            with self.subTest(code=code):
                relay, client = self.via(
                    lambda _way, _data, code=code: Answer(
                        exchange.refusal(code, "EXT.TEST")), stub=True)
                self.login(client, expect_code=1)
                self.assertEqual(exchange.steps(relay), [ASK])

    def test_referral_to_another_realm_starts_anew(self):
        # REQ: PF-14, PF-18
        other = self.enter(Realm("OTHER.TEST", pkinit=True))
        other.modify("user", "--alias=user@EXT.TEST")
        there = self.enter(Relay(other.port))

        def refer(_direction, data):
            if krb.read(data).pa(krb.PA_PK_AS_REQ) is None:
                return Answer(exchange.refusal(
                    krb.PREAUTH_REQUIRED, "EXT.TEST", b"token of EXT.TEST",
                    [(krb.PA_PK_AS_REQ, b"")]))
            return Answer(krb.krb_error(WRONG_REALM, "OTHER.TEST",
                                        client="user"))
        here, client = self.via(refer, stub=True, realms={"OTHER.TEST": {
            "kdc": "127.0.0.1:%d" % there.port}})
        client.kinit("user", "--canonicalize", cert=other.cert())
        self.assertEqual(exchange.steps(here), [ASK, TOKEN])
        self.assertEqual(exchange.steps(there), [ASK, TOKEN])
        self.assertEqual(exchange.signed(there)[0].token,
                         exchange.token_of(exchange.replies(there)[0]))
        self.assertIn("krbtgt/OTHER.TEST@OTHER.TEST", client.klist().stdout)


class DraftTest(FreshnessCase):
    """[kdc] pkinit_freshness_draft_error: 24 where RFC 8070 has 90."""

    realm_args = {"pkinit": True,
                  "kdc": {"pkinit_freshness_draft_error": True}}

    def test_stale_token_gets_24_and_a_new_one(self):
        # REQ: PF-11, PF-13
        key = self.realm.krbtgt_key()
        old = freshness.mint(key, when=time.time() - 3600)
        answer = self.send(pkinit.Request("EXT.TEST", "user",
                                          self.realm.cert(), old))
        self.assert_refused(answer, krb.PREAUTH_FAILED)
        new = pkinit.Request("EXT.TEST", "user", self.realm.cert(),
                             exchange.token_of(answer))
        self.assert_accepted(new, self.send(new))

    def test_client_recovers(self):
        # REQ: PF-12, PF-13, PF-24
        relay, client = self.via(swapping(
            self.realm, b"no token of this KDC", b"nor this"))
        self.login(client)
        self.assertEqual(exchange.steps(relay), [ASK] + [TOKEN] * 3)
        self.assertEqual([m.code for m in exchange.replies(relay)[:3]],
                         [krb.PREAUTH_REQUIRED] + [krb.PREAUTH_FAILED] * 2)
        for request in exchange.requests(relay):
            self.assertIn(krb.PA_REQ_ENC_PA_REP, request.pa_types)


class LaxMixin:
    """Principals that need no pre-authentication, or have no key."""

    lax_steps = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add("lax", password="lax")
        cls.realm.add("keyless", password="keyless")
        cls.realm.kadmin("del_enctype", "keyless", *ENCTYPES)

    def test_without_required_preauthentication(self):
        # REQ: PF-05, PF-26
        relay, client = self.via()
        self.login(client, principal="lax")
        self.assertEqual(exchange.replies(relay)[0].msg_type, krb.AS_REP)
        self.assertEqual(exchange.steps(relay), self.lax_steps)
        client.kgetcred(self.realm.service)

    def test_its_password_login_stays_one_request(self):
        # REQ: PF-05, PF-30
        relay, client = self.via()
        client.kinit("lax", password="lax")
        self.assertEqual(exchange.steps(relay), ["other"])
        rep = exchange.ask(self.realm, "lax")
        self.assertEqual(rep.msg_type, krb.AS_REP)
        self.assertNotIn(krb.PA_AS_FRESHNESS, rep.pa_types)

    def test_without_any_key_it_fails_as_without_freshness(self):
        # REQ: PF-26
        self.assertEqual(self.realm.kadmin(
            "get", "-o", "keytypes", "keyless").stdout.count("aes"), 0)
        for mode, steps in (("auto", [ASK, SIGN]), ("never",
                                                    [SIGN + WITHOUT])):
            relay, client = self.via(libdefaults={"pkinit_freshness": mode})
            self.login(client, principal="keyless", expect_code=1,
                       expect_msg="KDC has no support for encryption type")
            self.assertEqual(exchange.steps(relay), steps)
        self.login(self.realm.client, principal="lax")


class OptionalLaxTest(LaxMixin, FreshnessCase):
    realm_args = {"pkinit": True, "kdc": {"require-preauth": False}}
    lax_steps = [ASK, SIGN]

    def test_always_fails_for_want_of_a_token(self):
        # REQ: PF-26
        # Who needs no pre-authentication is given a ticket, not a token.
        relay, client = self.via(libdefaults={"pkinit_freshness": "always"})
        self.login(client, principal="lax", expect_code=1,
                   expect_msg="gave no PKINIT freshness token")
        self.assertEqual(exchange.steps(relay), [ASK])
        self.login(client)


class RequiredLaxTest(LaxMixin, FreshnessCase):
    realm_args = {"pkinit": True, "kdc": {"require-preauth": False,
                                          "pkinit_require_freshness": True}}
    lax_steps = [ASK, SIGN, TOKEN]


class RequiredTest(FreshnessCase):
    """[kdc] pkinit_require_freshness."""

    realm_args = {"pkinit": True, "kdc": {"pkinit_require_freshness": True,
                                          "allow-anonymous": True}}

    def test_client_that_asks(self):
        # REQ: PF-08, PF-20, PF-21
        relay, client = self.via()
        self.login(client)
        self.login(client, "--pk-use-enckey")
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN] * 2)

    def test_client_that_does_not(self):
        # REQ: PF-19, PF-20, PF-28
        relay, client = self.via(libdefaults={"pkinit_freshness": "never"})
        self.login(client, expect_code=1)
        answer = exchange.replies(relay)[0]
        self.assert_refused(answer, krb.PREAUTH_FAILED)
        self.assertEqual(answer.e_text, "PKINIT freshness token required")
        self.assertNotIn("win", exchange.steps(relay))
        self.realm.log.assert_ordered([
            r"no PKINIT freshness token received from user@EXT\.TEST, one "
            r"is required"])
        self.realm.log.assert_absent("pre-authentication succeeded")
        self.login(self.realm.client)

    def test_refusal_brings_a_token_that_works(self):
        # REQ: PF-11, PF-20, PF-21
        for use_dh in (True, False):
            for way in ("udp", "tcp"):
                for padata in ([], [(krb.PA_AS_FRESHNESS, b"")]):
                    answer = self.send(pkinit.Request(
                        "EXT.TEST", "user", self.realm.cert(),
                        use_dh=use_dh, padata=padata), way)
                    self.assert_refused(answer, krb.PREAUTH_FAILED)
                    self.assertEqual(answer.pa_types_but_keys,
                                     [krb.PA_AS_FRESHNESS])
                    again = pkinit.Request(
                        "EXT.TEST", "user", self.realm.cert(),
                        exchange.token_of(answer), use_dh=use_dh)
                    self.assertEqual(self.send(again, way).msg_type,
                                     krb.AS_REP)

    def test_other_target_than_krbtgt(self):
        # REQ: PF-20
        relay, client = self.via()
        self.login(client, "--server=kadmin/changepw@EXT.TEST")
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN])
        bare = pkinit.Request("EXT.TEST", "user", self.realm.cert(),
                              server="kadmin/changepw")
        self.assert_refused(self.send(bare), krb.PREAUTH_FAILED)

    def test_password_needs_none(self):
        # REQ: PF-30
        self.realm.client.kinit("user", password=self.realm.password)
        self.realm.client.kinit("user", password="wrong", expect_code=1,
                                expect_msg="Password incorrect")

    def test_anonymous_is_exempt_and_does_not_ask(self):
        # REQ: PF-20
        relay, client = self.via()
        client.run("kinit", "--no-afslog", "--anonymous", "@EXT.TEST")
        self.assertIn("WELLKNOWN", client.klist().stdout)
        for request in exchange.requests(relay):
            self.assertIsNone(request.pa(krb.PA_AS_FRESHNESS))
        self.assertEqual([s.token for s in exchange.signed(relay)], [None])
        self.realm.log.assert_absent("freshness")

    def test_anonymous_ticket_with_a_certificate_is_not(self):
        # REQ: PF-20
        relay, client = self.via()
        self.login(client, "--anonymous")
        self.assertEqual(exchange.steps(relay), [ASK, TOKEN])
        self.assertIn("WELLKNOWN", client.klist().stdout)

    def test_windows_2000_variant_is_refused(self):
        # REQ: PF-21
        relay, client = self.via(realms={"EXT.TEST": {"pkinit_win2k": True}})
        self.login(client, expect_code=1)
        self.assertIn("win", exchange.steps(relay))
        self.assertEqual({m.code for m in exchange.replies(relay)},
                         {krb.PREAUTH_FAILED})
        self.realm.log.assert_ordered([
            "PK-INIT request of type PK-INIT-Win2k",
            "no PKINIT freshness token received from .*, one is required"])
        self.login(self.realm.client)


class FastTest(FreshnessCase):
    """Freshness under FAST armor."""

    lifetime = 4
    realm_args = {"pkinit": True, "kdc": {
        "pkinit_require_freshness": True,
        "pkinit_freshness_lifetime": "%d seconds" % lifetime}}

    def setUp(self):
        super().setUp()
        self.key = self.realm.krbtgt_key().key
        self.armor = self.realm.new_client()
        self.armor.kinit("user", password=self.realm.password)

    def armored(self, client):
        self.login(client, "--fast-armor-cache=" + self.armor.ccache)

    def opened(self, relay):
        """[(fast.Armored, answer's hidden padata)] of the exchange."""
        pairs = zip(exchange.requests(relay), exchange.replies(relay))
        return [(inner, inner.open(answer)) for inner, answer in (
            (fast.Armored(req, self.key), answer) for req, answer in pairs)]

    def assert_hidden(self, relay):
        """Outside of the armor there is nothing of PKINIT."""
        for message in exchange.requests(relay) + exchange.replies(relay):
            self.assertFalse({krb.PA_AS_FRESHNESS, krb.PA_PK_AS_REQ,
                              krb.PA_PK_AS_REP} & set(message.pa_types))

    def test_asking_and_token_are_inside(self):
        # REQ: PF-23
        relay, client = self.via()
        self.armored(client)
        self.assert_hidden(relay)
        (ask, given), (sign, _) = self.opened(relay)
        self.assertEqual(ask.pa(krb.PA_AS_FRESHNESS), b"")
        self.assertNotIn(krb.PA_PK_AS_REQ, ask.pa_types)
        signed = pkinit.PkAsReq(sign.pa(krb.PA_PK_AS_REQ))
        self.assertEqual(signed.token, given[krb.PA_AS_FRESHNESS])
        self.assertEqual(
            ask.error(exchange.replies(relay)[0]).code,
            krb.PREAUTH_REQUIRED)
        client.kgetcred(self.realm.service)

    def test_expired_token_does_not_switch_fast_off(self):
        # REQ: PF-22, PF-23, PF-24
        seen = itertools.count()

        def hold(direction, data):
            if direction == ">" and next(seen) == 1:
                ripe = time.time() + self.lifetime + 1
                wait_until("the token is too old",
                           lambda: time.time() >= ripe, interval=0.1)
            return data
        relay, client = self.via(hold)
        self.armored(client)
        self.assert_hidden(relay)
        exchanges = self.opened(relay)
        self.assertEqual(len(exchanges), 3)
        errors = [inner.error(answer).code for (inner, _), answer in
                  zip(exchanges, exchange.replies(relay)[:2])]
        self.assertEqual(errors, [krb.PREAUTH_REQUIRED, krb.PREAUTH_EXPIRED])
        last = pkinit.PkAsReq(exchanges[2][0].pa(krb.PA_PK_AS_REQ))
        self.assertEqual(last.token, exchanges[1][1][krb.PA_AS_FRESHNESS])
        self.realm.log.assert_ordered([
            "freshness token from user@EXT.TEST refused: too old",
            "PKINIT freshness token received from user@EXT.TEST"])

    def test_token_from_outside_of_the_armor_is_not_signed(self):
        # REQ: PF-22, PF-23
        # Who is on the wire but not in the armor answers the first request.
        forged = [exchange.refusal(code, "EXT.TEST", b"chosen by attacker",
                                   [(krb.PA_PK_AS_REQ, b"")])
                  for code in (krb.PREAUTH_REQUIRED, krb.PREAUTH_FAILED,
                               krb.PREAUTH_EXPIRED)]
        for answer in forged:
            left = [Answer(answer)]
            relay, client = self.via(
                lambda way, data, left=left:
                left.pop() if way == ">" and left else data)
            client.kinit("user", "--fast-armor-cache=" + self.armor.ccache,
                         cert=self.realm.cert(), expect_code=None)
            self.assertEqual(left, [])
            for request in exchange.requests(relay):
                if request.pa(krb.PA_PK_AS_REQ):
                    self.fail("signed outside of the armor")
                value = fast.Armored(request, self.key).pa(krb.PA_PK_AS_REQ)
                if value:
                    self.assertNotEqual(pkinit.PkAsReq(value).token,
                                        b"chosen by attacker")
            relay.hook = None
            self.armored(client)

    def test_armored_password_login_is_as_ever(self):
        # REQ: PF-30
        relay, client = self.via()
        client.kinit("user", "--fast-armor-cache=" + self.armor.ccache,
                     password=self.realm.password)
        for inner, hidden in self.opened(relay):
            self.assertNotIn(krb.PA_AS_FRESHNESS, inner.pa_types)
            self.assertNotIn(krb.PA_AS_FRESHNESS, hidden)


if __name__ == "__main__":
    import unittest
    unittest.main()
