"""What a request costs a KDC of memory for good, which has to be nothing: good
requests, refused ones, and such as were changed at random; see faults_kdc.c.
MEMORY_REQUESTS: how many of these, LOAD_SEED: which."""

import os
import random
import struct
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "soak"))

import soak_load                        # noqa: E402
from realm import RealmCase, install    # noqa: E402
from wire import der, enc, fast, krb, mutate, tgs   # noqa: E402

REQUESTS = int(os.environ.get("MEMORY_REQUESTS") or "1500")
SEED = os.environ.get("LOAD_SEED") or "1"
REALM, SUBKEY = "EXT.TEST", bytes(range(32))
KU_FAST_REQ_CHKSUM, KU_ENC_CHALLENGE_CLIENT = 50, 54
PA_ENCRYPTED_CHALLENGE = 138
ENC_TKT_IN_SKEY = 0x00000008


def armored(tgt, padata=()):
    """An AS-REQ in FAST (RFC 6113, 5.4.2)."""
    body = krb.req_body(REALM, "user", etypes=(18,))
    key = fast.cf2(SUBKEY, tgt.key, b"subkeyarmor", b"ticketarmor")
    inner = der.seq(der.ctx(0, der.flags(0)),
                    der.ctx(1, krb.method_data_der(list(padata))),
                    der.ctx(2, body))
    armor = der.seq(der.ctx(0, der.integer(1)),
                    der.ctx(1, der.octets(tgs.ap_req(tgt, subkey=SUBKEY))))
    mac = enc.checksum(key, KU_FAST_REQ_CHKSUM, body)
    return krb.as_req(body, [(krb.PA_FX_FAST, der.ctx(0, der.seq(
        der.ctx(0, armor),
        der.ctx(1, der.seq(der.ctx(0, der.integer(16)),
                           der.ctx(1, der.octets(mac)))),
        der.ctx(2, krb.encrypted_data(key, fast.KU_FAST_ENC, inner)))))])


@install.own_memory
class Memory(RealmCase):

    # requests stay good while all of them are made
    realm_args = {"pkinit": True, "libdefaults": {"clockskew": 36000}, "kdc": {
        "enable-524": True, "use_2b": {soak_load.AFS + "@EXT.TEST": True}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(soak_load.AFS)
        cls.tgt = tgs.get_tgt(cls.realm)
        cls.kinds = {kind.name: kind.make
                     for kind in soak_load.kinds(cls.realm)}

    def costs_nothing(self, requests):
        """[(name, octets)]; each is asked three times."""
        path = self.realm.dir / "requests"
        path.write_bytes(b"".join(struct.pack(">I", len(octets)) + octets
                                  for _, octets in requests))
        program = install.build_dir() / "obj/tests/ext/assure/faults_kdc"
        env = dict(self.realm.inst.env(), KRB5_CONFIG=str(self.realm.conf))
        if os.environ.get("FAULT_ONLY"):
            env["FAULT_ONLY"] = os.environ["FAULT_ONLY"]
        done = subprocess.run([str(program), "kept", str(path)], env=env,
                              stdout=subprocess.PIPE, check=False)
        lines = done.stdout.decode(errors="replace").splitlines()
        found = ["%s: %s" % (line, requests[int(line.split()[1])][0])
                 for line in lines if line.startswith("request ")]
        print("\n".join([*lines[-200:], *found]))
        self.assertEqual(found, [])
        self.assertEqual(lines[-1], "%d requests, 0 findings" % len(requests))
        self.assertEqual(done.returncode, 0)

    def requests(self):
        """{name: a function that makes one}"""
        user2user = tgs.Request(self.tgt, "user", options=ENC_TKT_IN_SKEY,
                                additional=(self.tgt.ticket,)).message
        password = enc.string_to_key(self.realm.password, REALM + "user")
        # an encrypted challenge that is none (RFC 6113, 5.4.6)
        challenge = krb.encrypted_data(password, KU_ENC_CHALLENGE_CLIENT,
                                       bytes(20))
        return dict(self.kinds, **{
            "TGS, user-to-user": lambda: user2user,
            "FAST": lambda: armored(self.tgt),
            "FAST, challenge": lambda: armored(self.tgt, [(PA_ENCRYPTED_CHALLENGE, challenge)]),
        })

    def test_a_ticket_of_an_enctype_without_a_key(self):
        ticket = self.tgt.ticket
        etype = der.ctx(0, der.integer(18))
        self.assertEqual(ticket.count(etype), 1)
        tgt = object.__new__(tgs.Credential)
        tgt.__dict__.update(self.tgt.__dict__)
        tgt.ticket = ticket.replace(etype, der.ctx(0, der.integer(99)))
        self.costs_nothing([("", tgs.Request(tgt, "user").message)])

    def test_a_signer_without_certificate(self):
        self.costs_nothing([("", soak_load.signed_by_heavy(2048, 8))])

    def test_an_issuer_named_in_part(self):
        request = self.kinds["AS, PKINIT, token"]()
        # AuthorityKeyIdentifier with the octets of a key
        key, number = b"\x30\x16\x80\x14", b"\x30\x16\x82\x14"
        self.assertEqual(request.count(key), 1)
        self.costs_nothing([("", request.replace(key, number))])

    def test_changed_requests(self):
        print("LOAD_SEED=%s" % SEED)
        rng, kinds = random.Random(SEED), self.requests()
        pool = [(name, make()) for name, make in kinds.items()]
        octets = [request for _, request in pool]
        asked = list(pool)
        while len(asked) < REQUESTS:
            name, request = rng.choice(pool)
            request, how = mutate.mutate(rng, request, octets)
            if 0 < len(request) < 60000:
                asked.append(("%s, %s" % (name, ", ".join(how)), request))
        self.costs_nothing(asked)


if __name__ == "__main__":
    unittest.main()
