"""GSS tokens: the header of RFC 2743 3.1, krb5 (RFC 4121) and SPNEGO (RFC
4178), read and made; nothing of ours that is under test."""

from . import der, krb

KRB5 = "1.2.840.113554.1.2.2"
KRB5_MS = "1.2.840.48018.1.2.2"         # Windows 2000's misprint of it
SPNEGO = "1.3.6.1.5.5.2"
NTLM = "1.3.6.1.4.1.311.2.2.10"

# TOK_ID of RFC 4121 4.1 (context) and RFC 4121 4.2, RFC 1964 1.2 (messages)
AP_REQ, AP_REP, KRB_ERROR = b"\1\0", b"\2\0", b"\3\0"
MIC, WRAP = b"\4\4", b"\5\4"
OLD_MIC, OLD_WRAP, OLD_DELETE = b"\1\1", b"\2\1", b"\1\2"

TOK_NAMES = {AP_REQ: "AP-REQ", AP_REP: "AP-REP", KRB_ERROR: "KRB-ERROR",
             MIC: "MIC", WRAP: "wrap", OLD_MIC: "MIC (1964)",
             OLD_WRAP: "wrap (1964)", OLD_DELETE: "delete (1964)"}

# negState
ACCEPT_COMPLETED, ACCEPT_INCOMPLETE, REJECT, REQUEST_MIC = range(4)
STATE_NAMES = ("accept-completed", "accept-incomplete", "reject",
               "request-mic")

# options of an AP-REQ
USE_SESSION_KEY, MUTUAL_REQUIRED = 0x40000000, 0x20000000

_FRAME = 0                              # [APPLICATION 0]


# -- RFC 2743 3.1 ---------------------------------------------------------

def wrap(mech, body):
    """A token with its header."""
    return der.tlv(_FRAME, der.oid(mech) + body, der.APPLICATION, True)


def unwrap(token):
    """(mechanism, what follows it); DerError without that header."""
    node = der.parse(token)
    if not node.constructed:
        raise der.DerError("%r is no header" % node)
    node.expect(_FRAME, der.APPLICATION)
    mech, end = der.read(node.content)
    return mech.oid(), node.content[end:]


def has_header(token):
    """True for a token that begins with that header."""
    return token[:1] == b"\x60"


# -- krb5 -----------------------------------------------------------------

class ApReq:
    """options, ticket (DER), authenticator."""

    def __init__(self, octets):
        body = der.parse(octets).expect(14, der.APPLICATION).inner()
        self.options = body[2].flags()
        self.ticket_raw = body[3].raw
        self.authenticator = krb.EncryptedData(body[4])
        ticket = body[3].inner()
        self.realm = ticket[1].text()
        self.sname = "/".join(n.text() for n in ticket[2][1])
        self.ticket = krb.EncryptedData(ticket[3])

    @property
    def mutual(self):
        """True when an AP-REP is asked for."""
        return bool(self.options & MUTUAL_REQUIRED)


class ApRep:
    """enc_part."""

    def __init__(self, octets):
        body = der.parse(octets).expect(15, der.APPLICATION).inner()
        self.enc_part = krb.EncryptedData(body[2])


class Krb5Token:
    """A context token of krb5: tok_id, inner (the Kerberos message)."""

    def __init__(self, token):
        self.mech, body = unwrap(token)
        if self.mech not in (KRB5, KRB5_MS):
            raise der.DerError("mechanism %s is not krb5" % self.mech)
        self.tok_id, self.inner = body[:2], body[2:]

    def message(self):
        """ApReq, ApRep or krb.KrbError."""
        if self.tok_id == KRB_ERROR:
            return krb.read(self.inner)
        kinds = {AP_REQ: ApReq, AP_REP: ApRep}
        if self.tok_id not in kinds:
            raise der.DerError("token %s" % self.tok_id.hex())
        return kinds[self.tok_id](self.inner)


def krb5_token(tok_id, inner, mech=KRB5):
    """A context token of krb5 from a Kerberos message."""
    return wrap(mech, tok_id + inner)


def error_token(code, realm, **kw):
    """A KRB-ERROR token, which anybody can make (krb.krb_error)."""
    return krb5_token(KRB_ERROR, krb.krb_error(code, realm, **kw))


# -- SPNEGO ---------------------------------------------------------------

def _octets(node):
    return None if node is None else node.octets()


def _ctx_octets(tag, value):
    return None if value is None else der.ctx(tag, der.octets(value))


class NegTokenInit:
    """The initiator's first token.

    mech_types are dotted OIDs.  token() gives the octets of the values as
    they are now, so a reader is also an editor.
    """

    def __init__(self, mech_types, mech_token=None, mech_list_mic=None,
                 req_flags=None):
        self.mech_types = list(mech_types)
        self.req_flags = req_flags      # raw BIT STRING, or None
        self.mech_token = mech_token
        self.mech_list_mic = mech_list_mic

    @classmethod
    def of(cls, token):
        """Read one."""
        mech, body = unwrap(token)
        if mech != SPNEGO:
            raise der.DerError("mechanism %s is not SPNEGO" % mech)
        choice = der.parse(body).expect(0, der.CONTEXT)
        fields = choice.inner().expect(der.SEQUENCE)
        flags = fields[1]
        return cls([n.oid() for n in fields[0]], _octets(fields[2]),
                   _octets(fields[3]), None if flags is None else flags.raw)

    def mech_list(self):
        """DER of MechTypeList, which a mechListMIC is over."""
        return der.seq(*map(der.oid, self.mech_types))

    def token(self):
        """The octets."""
        return wrap(SPNEGO, der.ctx(0, der.seq(
            der.ctx(0, self.mech_list()), der.ctx(1, self.req_flags),
            _ctx_octets(2, self.mech_token),
            _ctx_octets(3, self.mech_list_mic))))


class NegTokenResp:
    """Every other token; each value may be None."""

    def __init__(self, state=None, mech=None, response=None,
                 mech_list_mic=None):
        self.state = state
        self.mech = mech
        self.response = response
        self.mech_list_mic = mech_list_mic

    @classmethod
    def of(cls, token):
        """Read one."""
        fields = der.parse(token).expect(1, der.CONTEXT).inner()
        fields.expect(der.SEQUENCE)
        state, mech = fields[0], fields[1]
        return cls(None if state is None else state.int(),
                   None if mech is None else mech.oid(),
                   _octets(fields[2]), _octets(fields[3]))

    def token(self):
        """The octets."""
        return der.ctx(1, der.seq(
            None if self.state is None else
            der.ctx(0, der.enumerated(self.state)),
            None if self.mech is None else der.ctx(1, der.oid(self.mech)),
            _ctx_octets(2, self.response),
            _ctx_octets(3, self.mech_list_mic)))


def spnego(token):
    """NegTokenInit or NegTokenResp."""
    return NegTokenInit.of(token) if has_header(token) else \
        NegTokenResp.of(token)


def edit(token, **values):
    """A SPNEGO token with some of its values replaced (None removes)."""
    message = spnego(token)
    for name, value in values.items():
        if not hasattr(message, name):
            raise AttributeError("%s has no %s" % (
                type(message).__name__, name))
        setattr(message, name, value)
    return message.token()


# -- for people -----------------------------------------------------------

def _inner(octets):
    return "-" if octets is None else describe(octets)


def _spnego_text(message):
    mic = "" if message.mech_list_mic is None else " mechListMIC"
    if isinstance(message, NegTokenInit):
        return "negTokenInit of %d: %s%s" % (
            len(message.mech_types), _inner(message.mech_token), mic)
    state = "no state" if message.state is None else \
        STATE_NAMES[message.state] if message.state in range(4) else \
        "state %d" % message.state
    return "negTokenResp %s: %s%s" % (state, _inner(message.response), mic)


def describe(token):
    """What a token is, in a few words; never an error."""
    try:
        if not token:
            return "empty"
        if token[:2] in (MIC, WRAP):
            return TOK_NAMES[token[:2]]
        if token[:1] == b"\xa1" or has_header(token) and \
                unwrap(token)[0] == SPNEGO:
            return _spnego_text(spnego(token))
        if not has_header(token):
            return {b"\x6e": "AP-REQ (raw)", b"\x6f": "AP-REP (raw)"}.get(
                token[:1], "unknown")
        mech, body = unwrap(token)
        if mech not in (KRB5, KRB5_MS):
            return "mechanism %s" % mech
        text = TOK_NAMES.get(body[:2], "token %s" % body[:2].hex())
        if body[2:4] == b"\x7f\x37":
            return "KRB-ERROR2 " + ("final" if body[:2] == KRB_ERROR else
                                    "continue")
        if body[:2] == KRB_ERROR:
            text += " %d" % krb.read(body[2:]).code
        return text
    except (der.DerError, AttributeError, TypeError, IndexError,
            UnicodeDecodeError):
        return "malformed"
