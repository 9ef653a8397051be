"""What is in the AP-REQ of a context token, opened with the service's keys:
RFC 4120 5.5.1, RFC 4121 4.1.1."""

from . import der, gss, tgs

# of the checksum 0x8003
GSS_CHECKSUM = 0x8003
BINDINGS, FLAGS, DELEGATION = slice(4, 20), slice(20, 24), slice(24, 26)


def of_token(token):
    """The gss.ApReq in a first token: krb5's, raw as in DCE style or not,
    or SPNEGO's."""
    if token[:1] == b"\x6e":
        return gss.ApReq(token)
    if gss.unwrap(token)[0] == gss.SPNEGO:
        return of_token(gss.spnego(token).mech_token)
    return gss.Krb5Token(token).message()


class Authenticator:
    """tags (which fields are there), client, checksum_type, checksum,
    subkey_etype, has_sequence, authdata (its DER, or None)."""

    def __init__(self, request, keys):
        """keys: [keytab.Entry] of the service."""
        key, = (k.key for k in keys if k.etype == request.ticket.etype and
                k.kvno == request.ticket.kvno)
        session = tgs.Ticket(request.ticket_raw, key).part[1]
        body = der.parse(request.authenticator.decrypt(
            session[1].octets(), tgs.KU_AP_AUTH)).expect(
                2, der.APPLICATION).inner()
        self.session_etype = session[0].int()
        self.tags = [node.tag for node in body]
        self.client = body[1].text(), [n.text() for n in body[2][1]]
        self.checksum_type = body[3][0].int()
        self.checksum = body[3][1].octets()
        self.subkey_etype = None if body[6] is None else body[6][0].int()
        self.has_sequence = body[7] is not None
        self.authdata = None if body[8] is None else body[8].raw

    @property
    def flags(self):
        """GSS flags of the checksum."""
        return int.from_bytes(self.checksum[FLAGS], "little")

    def elements(self):
        """All (type, octets) of the authorization data."""
        return [] if self.authdata is None else tgs.flatten(
            tgs.read_authdata(der.parse(self.authdata)))
