"""Kerberos messages (RFC 4120): readers, and writers for crafted requests."""

import os
import time

from realm.relay import ask

from . import der, enc

# message types
AS_REQ, AS_REP, TGS_REQ, TGS_REP, KRB_ERROR = 10, 11, 12, 13, 30

# pre-authentication data
PA_TGS_REQ, PA_ENC_TIMESTAMP, PA_ETYPE_INFO2 = 1, 2, 19
PA_PK_AS_REQ_WIN, PA_PK_AS_REQ, PA_PK_AS_REP = 15, 16, 17
PA_PK_AS_09_BINDING = 132
PA_FX_COOKIE, PA_FX_FAST = 133, 136
PA_REQ_ENC_PA_REP, PA_AS_FRESHNESS = 149, 150

# error codes
C_PRINCIPAL_UNKNOWN, ETYPE_NOSUPP = 6, 14
PREAUTH_FAILED, PREAUTH_REQUIRED = 24, 25
BAD_INTEGRITY, SKEW, MODIFIED = 31, 37, 41
RESPONSE_TOO_BIG, GENERIC = 52, 60
CLIENT_NOT_TRUSTED, INVALID_SIG, KEY_PARAMETERS_NOT_ACCEPTED = 62, 64, 65
PREAUTH_EXPIRED = 90

NT_PRINCIPAL, NT_SRV_INST, NT_WELLKNOWN = 1, 2, 11

# KDC options
FORWARDABLE, RENEWABLE, CANONICALIZE = 0x40000000, 0x00800000, 0x00010000
REQUEST_ANONYMOUS = 0x00008000          # bit 16 (RFC 8062)


# -- readers --------------------------------------------------------------

def _name(node):
    """PrincipalName to "a/b"."""
    return None if node is None else "/".join(n.text() for n in node[1])


def _opt(node, method):
    return None if node is None else getattr(node, method)()


def pa_list(node):
    """SEQUENCE OF PA-DATA to [(type, value)]; [] for None."""
    if node is None:
        return []
    return [(pa[1].int(), pa[2].octets()) for pa in node]


def method_data(octets):
    """METHOD-DATA to [(type, value)]."""
    return pa_list(der.parse(octets).expect(der.SEQUENCE))


def method_data_der(padata):
    """[(type, value)] to METHOD-DATA (or the list of a request)."""
    return der.seq(*(der.seq(der.ctx(1, der.integer(kind)),
                             der.ctx(2, der.octets(value)))
                     for kind, value in padata))


class EncryptedData:
    """etype, kvno (or None), cipher."""

    def __init__(self, node):
        self.etype = node[0].int()
        self.kvno = _opt(node[1], "int")
        self.cipher = node[2].octets()

    def decrypt(self, key, usage):
        """The plain text."""
        return enc.decrypt(key, usage, self.cipher)


def encrypted_data(key, usage, plain, etype=18, kvno=None):
    """DER of an EncryptedData made with an AES key."""
    return der.seq(der.ctx(0, der.integer(etype)),
                   None if kvno is None else der.ctx(1, der.integer(kvno)),
                   der.ctx(2, der.octets(enc.encrypt(key, usage, plain))))


class _WithPadata:
    """What messages with pre-authentication data share."""

    padata = ()

    def pa(self, kind):
        """Value of the one PA-DATA of a type, or None."""
        found = [value for k, value in self.padata if k == kind]
        if len(found) > 1:
            raise der.DerError("PA-DATA %d is there %d times" % (
                kind, len(found)))
        return found[0] if found else None

    @property
    def pa_types(self):
        """Types in the order they stand."""
        return [kind for kind, _ in self.padata]

    @property
    def pa_types_but_keys(self):
        """Without ETYPE-INFO2, which upstream's master has in each error to
        a pre-authentication that failed."""
        return [kind for kind in self.pa_types if kind != PA_ETYPE_INFO2]


class KrbError(_WithPadata):
    """KRB-ERROR; padata is its METHOD-DATA, [] when e-data is none."""

    msg_type = KRB_ERROR

    def __init__(self, body):
        self.code = body[6].int()
        self.stime = body[4].time()
        self.susec = body[5].int()
        self.crealm = _opt(body[7], "text")
        self.cname = _name(body[8])
        self.realm = body[9].text()
        self.sname = _name(body[10])
        self.e_text = None if body[11] is None else \
            body[11].content.decode(errors="replace")
        self.e_data = _opt(body[12], "octets")
        self.padata = self._method_data()

    def _method_data(self):
        try:
            return method_data(self.e_data) if self.e_data else []
        except (der.DerError, AttributeError):
            return []

    def __repr__(self):
        return "<KRB-ERROR %d %s pa=%s>" % (self.code, self.e_text,
                                            self.pa_types)


class KdcReq(_WithPadata):
    """AS-REQ or TGS-REQ; body_raw is the DER of the req-body."""

    def __init__(self, node):
        self.msg_type = node[2].int()
        self.padata = pa_list(node[3])
        body = node[4]
        self.body_raw = body.raw
        self.options = body[0].flags()
        self.cname = _name(body[1])
        self.realm = body[2].text()
        self.sname = _name(body[3])
        self.till = body[5].time()
        self.nonce = body[7].int()
        self.etypes = [n.int() for n in body[8]]

    def __repr__(self):
        return "<KDC-REQ %d %s pa=%s>" % (self.msg_type, self.cname,
                                          self.pa_types)


class KdcRep(_WithPadata):
    """AS-REP or TGS-REP."""

    def __init__(self, node):
        self.msg_type = node[1].int()
        self.padata = pa_list(node[2])
        self.crealm = node[3].text()
        self.cname = _name(node[4])
        self.ticket_raw = node[5].raw
        self.enc_part = EncryptedData(node[6])

    def __repr__(self):
        return "<KDC-REP %d %s pa=%s>" % (self.msg_type, self.cname,
                                          self.pa_types)

    def decrypt(self, key):
        """EncASRepPart as a Node, opened with the reply key (usage 3)."""
        part = der.parse(self.enc_part.decrypt(key, 3))
        if part.cls != der.APPLICATION or part.tag not in (25, 26):
            raise der.DerError("%r is no EncKDCRepPart" % part)
        return part.inner()


def read(octets):
    """KrbError, KdcReq or KdcRep from a message."""
    outer = der.parse(octets)
    if outer.cls != der.APPLICATION:
        raise der.DerError("%r is no Kerberos message" % outer)
    if outer.tag == KRB_ERROR:
        return KrbError(outer.inner())
    if outer.tag in (AS_REQ, TGS_REQ):
        return KdcReq(outer.inner())
    if outer.tag in (AS_REP, TGS_REP):
        return KdcRep(outer.inner())
    raise der.DerError("message type %d" % outer.tag)


# -- writers --------------------------------------------------------------

def name(text, kind=None):
    """PrincipalName from "a/b" (without realm)."""
    parts = text.split("/")
    if kind is None:
        kind = NT_SRV_INST if parts[0] == "krbtgt" else NT_PRINCIPAL
    return der.seq(der.ctx(0, der.integer(kind)),
                   der.ctx(1, der.seq(*map(der.kstring, parts))))


def nonce():
    """A random 31-bit number."""
    return int.from_bytes(os.urandom(4), "big") >> 1


def req_body(realm, client, server=None, options=FORWARDABLE, till=None,
             number=None, etypes=(18, 17), client_type=None):
    """DER of the KDC-REQ-BODY of an AS-REQ."""
    return der.seq(
        der.ctx(0, der.flags(options)),
        der.ctx(1, name(client, client_type)),
        der.ctx(2, der.kstring(realm)),
        der.ctx(3, name(server or "krbtgt/" + realm)),
        der.ctx(5, der.gtime(till or time.time() + 36000)),
        der.ctx(7, der.integer(nonce() if number is None else number)),
        der.ctx(8, der.seq(*map(der.integer, etypes))))


def as_req(body, padata=()):
    """AS-REQ from a req_body and [(type, value)]."""
    return der.app(AS_REQ, der.seq(
        der.ctx(1, der.integer(5)), der.ctx(2, der.integer(AS_REQ)),
        der.ctx(3, method_data_der(padata)) if padata else None,
        der.ctx(4, body)))


def pa_enc_timestamp(key, when=None, etype=18):
    """(type, value) of PA-ENC-TIMESTAMP."""
    when = time.time() if when is None else when
    plain = der.seq(der.ctx(0, der.gtime(when)), der.ctx(1, der.integer(0)))
    return PA_ENC_TIMESTAMP, encrypted_data(key, 1, plain, etype)


def krb_error(code, realm, e_data=None, e_text=None, client=None,
              stime=None):
    """KRB-ERROR about the realm's krbtgt (for a stub KDC)."""
    return der.app(KRB_ERROR, der.seq(
        der.ctx(0, der.integer(5)), der.ctx(1, der.integer(KRB_ERROR)),
        der.ctx(4, der.gtime(time.time() if stime is None else stime)),
        der.ctx(5, der.integer(0)), der.ctx(6, der.integer(code)),
        der.ctx(7, der.kstring(realm)) if client else None,
        der.ctx(8, name(client)) if client else None,
        der.ctx(9, der.kstring(realm)),
        der.ctx(10, name("krbtgt/" + realm)),
        der.ctx(11, der.kstring(e_text)) if e_text else None,
        der.ctx(12, der.octets(e_data)) if e_data is not None else None))


def send_kdc(port, message, transport="udp", timeout=10):
    """Send a message to a KDC on loopback; its answer, read.

    An answer "too big for UDP" is followed by the same over TCP.
    """
    answer = read(ask(port, message, transport, timeout))
    if transport == "udp" and isinstance(answer, KrbError) and \
            answer.code == RESPONSE_TOO_BIG:
        answer = read(ask(port, message, "tcp", timeout))
    return answer
