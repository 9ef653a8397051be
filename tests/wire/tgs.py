"""TGS exchanges: crafted requests, and tickets that were issued opened."""

import time

from . import der, enc, krb

# key usages (RFC 4120 7.5.1)
KU_TICKET, KU_AD_SESSION, KU_AD_SUBKEY = 2, 4, 5
KU_TGS_CKSUM, KU_TGS_AUTH = 6, 7
KU_TGS_REP_SESSION, KU_TGS_REP_SUBKEY = 8, 9
KU_AP_AUTH = 11

# authorization data
AD_IF_RELEVANT, AD_KDC_ISSUED, AD_AND_OR, AD_MANDATORY_FOR_KDC = 1, 4, 5, 8
AD_INITIAL_VERIFIED_CAS, AD_FX_ARMOR = 9, 71
AD_CAMMAC, AD_AUTH_INDICATOR = 96, 97
AD_WIN2K_PAC, AD_SIGNTICKET = 128, 512

POLICY = 12                             # KDC_ERR_POLICY


def authdata(*elements):
    """DER of AuthorizationData from (type, octets)."""
    return der.seq(*(der.seq(der.ctx(0, der.integer(kind)),
                             der.ctx(1, der.octets(value)))
                     for kind, value in elements))


def if_relevant(*elements):
    """(type, octets) of an AD-IF-RELEVANT."""
    return AD_IF_RELEVANT, authdata(*elements)


def read_authdata(node):
    """AuthorizationData to [(type, octets)]; [] for None."""
    return [] if node is None else [(n[0].int(), n[1].octets()) for n in node]


def flatten(elements):
    """All (type, octets), those inside of AD-IF-RELEVANT too."""
    out = []
    for kind, value in elements:
        out.append((kind, value))
        if kind == AD_IF_RELEVANT:
            out += flatten(read_authdata(der.parse(value)))
    return out


class Ticket:
    """A ticket: opened with its server's key when that is given."""

    def __init__(self, raw, key=None):
        self.raw = raw
        node = der.parse(raw).expect(1, der.APPLICATION).inner()
        self.realm = node[1].text()
        self.enc_part = krb.EncryptedData(node[3])
        self.part = None
        if key is not None:
            self.part = der.parse(self.enc_part.decrypt(key, KU_TICKET)) \
                .expect(3, der.APPLICATION).inner()

    @property
    def authdata(self):
        """[(type, octets)] of an opened ticket."""
        return read_authdata(self.part[10])

    @property
    def has_authdata(self):
        """True if the field is there, empty or not."""
        return self.part[10] is not None


class Credential:
    """A ticket and its session key."""

    def __init__(self, rep, part):
        self.ticket = rep.ticket_raw
        self.key = part[0][1].octets()
        self.crealm, self.cname = rep.crealm, rep.cname


def get_tgt(realm, client="user", password=None):
    """A TGT by password, from a realm of the fixture."""
    key = enc.string_to_key(password or realm.password, realm.name + client)
    request = krb.as_req(krb.req_body(realm.name, client, etypes=(18,)),
                         [krb.pa_enc_timestamp(key)])
    rep = krb.send_kdc(realm.port, request, "tcp")
    if not isinstance(rep, krb.KdcRep):
        raise AssertionError(rep)
    return Credential(rep, rep.decrypt(key))


def authenticator(cred, usage, checksum=None, subkey=None):
    """EncryptedData of an Authenticator; checksum: (type, octets)."""
    now = time.time()
    plain = der.app(2, der.seq(
        der.ctx(0, der.integer(5)),
        der.ctx(1, der.kstring(cred.crealm)),
        der.ctx(2, krb.name(cred.cname)),
        None if checksum is None else der.ctx(3, der.seq(
            der.ctx(0, der.integer(checksum[0])),
            der.ctx(1, der.octets(checksum[1])))),
        der.ctx(4, der.integer(int(now * 1e6) % 1000000)),
        der.ctx(5, der.gtime(now)),
        None if subkey is None else der.ctx(6, der.seq(
            der.ctx(0, der.integer(18)), der.ctx(1, der.octets(subkey))))))
    return krb.encrypted_data(cred.key, usage, plain)


def ap_req(cred, usage=KU_AP_AUTH, checksum=None, subkey=None):
    """AP-REQ."""
    return der.app(14, der.seq(
        der.ctx(0, der.integer(5)), der.ctx(1, der.integer(14)),
        der.ctx(2, der.flags(0)), der.ctx(3, cred.ticket),
        der.ctx(4, authenticator(cred, usage, checksum, subkey))))


class Request:
    """TGS-REQ with a TGT of get_tgt().

    ad: the octets of enc-authorization-data before encryption, or None;
    subkey: 32 octets, or None; ad_key and ad_usage say how they are
    encrypted when not as RFC 4120 wants.  server may be None; realm is the
    server's, if not the client's; additional: DER of further tickets, [b""]
    a list of none.
    """

    def __init__(self, tgt, server, ad=None, subkey=None, ad_key=None,
                 ad_usage=None, options=0, realm=None, additional=(),
                 etypes=(18,)):
        self.tgt, self.subkey = tgt, subkey
        if ad is not None:
            usage = ad_usage or (KU_AD_SUBKEY if subkey else KU_AD_SESSION)
            ad = krb.encrypted_data(ad_key or subkey or tgt.key, usage, ad)
        body = der.seq(
            der.ctx(0, der.flags(options)),
            der.ctx(2, der.kstring(realm or tgt.crealm)),
            None if server is None else der.ctx(3, krb.name(server)),
            der.ctx(5, der.gtime(time.time() + 3600)),
            der.ctx(7, der.integer(krb.nonce())),
            der.ctx(8, der.seq(*map(der.integer, etypes))),
            der.ctx(10, ad),
            der.ctx(11, der.seq(*additional)) if additional else None)
        mac = enc.checksum(tgt.key, KU_TGS_CKSUM, body)
        self.message = der.app(krb.TGS_REQ, der.seq(
            der.ctx(1, der.integer(5)), der.ctx(2, der.integer(krb.TGS_REQ)),
            der.ctx(3, krb.method_data_der([(krb.PA_TGS_REQ, ap_req(
                tgt, KU_TGS_AUTH, (16, mac), subkey))])),
            der.ctx(4, body)))

    def open(self, rep):
        """The Credential in an answer."""
        if self.subkey:
            plain = rep.enc_part.decrypt(self.subkey, KU_TGS_REP_SUBKEY)
        else:
            plain = rep.enc_part.decrypt(self.tgt.key, KU_TGS_REP_SESSION)
        return Credential(rep, der.parse(plain).inner())
