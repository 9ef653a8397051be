"""What a relay recorded of an AS exchange, message by message."""

from . import der, krb, pkinit


def _distinct(messages):
    """Without what was sent twice in a row (over UDP, then over TCP)."""
    return [m for n, m in enumerate(messages)
            if n == 0 or m != messages[n - 1]]


def requests(relay):
    """The AS-REQs, krb.KdcReq."""
    found = [krb.read(data) for data in _distinct(relay.requests())]
    return [m for m in found if m.msg_type == krb.AS_REQ]


def replies(relay):
    """The answers, without those that only send the client to TCP."""
    found = [krb.read(data) for data in _distinct(relay.replies())]
    return [m for m in found if not (
        isinstance(m, krb.KrbError) and m.code == krb.RESPONSE_TOO_BIG)]


def signed(relay):
    """pkinit.PkAsReq of every AS-REQ that has a PA-PK-AS-REQ."""
    found = [pkinit.PkAsReq.of(req) for req in requests(relay)]
    return [req for req in found if req is not None]


def steps(relay):
    """The requests in words: what is asked for, what is signed.

    "ask", "sign" (no token), "sign+token", with "win" for the variant of
    Windows 2000 and "other" for a request without PKINIT; "(no 150)" where
    PA-AS-FRESHNESS is absent.
    """
    out = []
    for req in requests(relay):
        word = "other"
        asks = req.pa(krb.PA_AS_FRESHNESS) is not None
        if req.pa(krb.PA_PK_AS_REQ_WIN) is not None:
            word = "win"
        elif req.pa(krb.PA_PK_AS_REQ) is not None:
            token = pkinit.PkAsReq.of(req).token
            word = "sign" if token is None else "sign+token"
            word += "" if asks else " (no 150)"
        elif asks:
            word = "ask"
        out.append(word)
    return out


def token_of(error):
    """The token in the METHOD-DATA of a KRB-ERROR, or None.

    Also in TYPED-DATA (the same with other tags): MIT's KDC answers so to a
    PKINIT request that failed.
    """
    if error.padata or not error.e_data:
        return error.pa(krb.PA_AS_FRESHNESS)
    for item in der.parse(error.e_data):
        kind, value = item[0], item[1]
        if kind is not None and kind.int() == krb.PA_AS_FRESHNESS:
            return value.octets()
    return None


def with_token(error, token, realm):
    """A KRB-ERROR like `error` whose token is `token`; None removes it."""
    padata = [(kind, token if kind == krb.PA_AS_FRESHNESS else value)
              for kind, value in error.padata
              if kind != krb.PA_AS_FRESHNESS or token is not None]
    return krb.krb_error(error.code, realm, krb.method_data_der(padata),
                         e_text=error.e_text, stime=error.stime)


def refusal(code, realm, token=None, extra=()):
    """A KRB-ERROR with METHOD-DATA made here (for a stub KDC)."""
    padata = list(extra)
    if token is not None:
        padata.append((krb.PA_AS_FRESHNESS, token))
    return krb.krb_error(code, realm,
                         krb.method_data_der(padata) if padata else None)


def ask(realm, client="user", port=None, transport="udp", padata=(), **body):
    """Ask a KDC for a token; its answer.  `body` goes to krb.req_body."""
    request = krb.as_req(krb.req_body(realm.name, client, **body),
                         [(krb.PA_AS_FRESHNESS, b""), *padata])
    return krb.send_kdc(port or realm.port, request, transport)
