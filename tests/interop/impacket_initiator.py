"""An initiator made of impacket's Kerberos: its context exchange, its ASN.1
and its encryption.  peers.impacket() comes before the import of this."""

import datetime
import struct
import time

from impacket.krb5 import (asn1, ccache, constants, crypto, gssapi,
                           kerberosv5, types)
from pyasn1.codec.der import decoder, encoder
from pyasn1.type.univ import noValue

from wire import gss

KU_CHECKSUM, KU_AUTHENTICATOR, KU_AP_REP = 10, 11, 12
CKSUM_8003, HMAC_AES256 = 0x8003, 16
AD_IF_RELEVANT, AD_KERB_AP_OPTIONS = 1, 143
CBT = struct.pack("<I", 0x4000)         # KERB_AP_OPTIONS_CBT


def checksum_8003(flags, bound=bytes(16)):
    """(type, octets) of RFC 4121 4.1.1."""
    field = gssapi.CheckSumField()
    field["Lgth"], field["Bnd"], field["Flags"] = 16, bound, flags
    return CKSUM_8003, field.getData()


def bindings_aware():
    """[(type, octets)]: KERB_AP_OPTIONS_CBT in AD-IF-RELEVANT."""
    inner = asn1.AD_IF_RELEVANT()
    inner[0] = noValue
    inner[0]["ad-type"], inner[0]["ad-data"] = AD_KERB_AP_OPTIONS, CBT
    return [(AD_IF_RELEVANT, encoder.encode(inner))]


def read_error(token):
    """impacket's KRB_ERROR of a token, and the octets of its e-data."""
    outer = gss.Krb5Token(token)
    assert outer.tok_id == gss.KRB_ERROR, gss.describe(token)
    error = decoder.decode(outer.inner, asn1Spec=asn1.KRB_ERROR())[0]
    return error, error["e-data"].asOctets()


def time_of(value):
    """Seconds of a KerberosTime."""
    return types.KerberosTime.from_asn1(value).replace(
        tzinfo=datetime.timezone.utc).timestamp()


class Initiator:
    """A client's ticket for the realm's service, read from its credential
    cache by impacket, and tokens with it.

    The ticket is not impacket's: its TGS-REQ lacks the checksum that Heimdal's
    KDC wants (RFC 4120 7.5.1).
    """

    def __init__(self, realm, client):
        self.realm = realm.name
        self.user = types.Principal(
            realm.user, type=constants.PrincipalNameType.NT_PRINCIPAL.value)
        cache = ccache.CCache.loadFile(str(client.dir / "ccache"))
        found = cache.getCredential(realm.full(realm.service), anySPN=False)
        tgs = found.toTGS()
        self.tgs, self.cipher, self.key = (
            tgs["KDC_REP"], tgs["cipher"], tgs["sessionKey"])
        self.stamp = None

    def own_first(self, host):
        """(the first token of impacket's own exchange, what own_last()
        wants)"""
        cipher, key, token = kerberosv5.getKerberosType1(
            self.user.components[0], "", self.realm, b"", b"",
            TGS={"KDC_REP": self.tgs, "cipher": self.cipher,
                 "sessionKey": self.key}, targetName=host)
        return token, (cipher, key)

    @staticmethod
    def own_last(state, answer):
        """Its third token, of DCE style."""
        return kerberosv5.getKerberosType3(*state, answer)[2]

    def plain_checksum(self, text=b""):
        """(type, octets) of an ordinary checksum."""
        return HMAC_AES256, crypto.make_checksum(HMAC_AES256, self.key,
                                                 KU_CHECKSUM, text)

    def _authenticator(self, checksum, when, subkey, seq, authdata):
        now = datetime.datetime.utcfromtimestamp(
            int(time.time() if when is None else when))
        self.stamp = now, int(time.monotonic() * 1e6) % 1000000
        part = asn1.Authenticator()
        part["authenticator-vno"], part["crealm"] = 5, self.realm
        asn1.seq_set(part, "cname", self.user.components_to_asn1)
        part["ctime"] = types.KerberosTime.to_asn1(now)
        part["cusec"] = self.stamp[1]
        if checksum is not None:
            asn1.seq_set_dict(part, "cksum", dict(zip(
                ("cksumtype", "checksum"), checksum)))
        if subkey is not None:
            asn1.seq_set_dict(part, "subkey", dict(zip(
                ("keytype", "keyvalue"), subkey)))
        if seq is not None:
            part["seq-number"] = seq
        for kind, octets in authdata:
            asn1.seq_append(part, "authorization-data",
                            {"ad-type": kind, "ad-data": octets})
        return encoder.encode(part)

    def token(self, checksum=None, mutual=True, when=None, subkey=None,
              seq=1, authdata=()):
        """A first token of krb5."""
        ticket = types.Ticket()
        ticket.from_asn1(decoder.decode(
            self.tgs, asn1Spec=asn1.TGS_REP())[0]["ticket"])
        request = asn1.AP_REQ()
        request["pvno"], request["msg-type"] = 5, 14
        request["ap-options"] = constants.encodeFlags(
            [constants.APOptions.mutual_required.value] if mutual else [])
        asn1.seq_set(request, "ticket", ticket.to_asn1)
        request["authenticator"] = noValue
        request["authenticator"]["etype"] = self.cipher.enctype
        request["authenticator"]["cipher"] = self.cipher.encrypt(
            self.key, KU_AUTHENTICATOR, self._authenticator(
                checksum, when, subkey, seq, authdata), None)
        return gss.krb5_token(gss.AP_REQ, encoder.encode(request))

    def open_ap_rep(self, token):
        """(subkey or None, sequence number) in the AP-REP to the last
        token."""
        outer = gss.Krb5Token(token)
        assert outer.tok_id == gss.AP_REP, gss.describe(token)
        reply = decoder.decode(outer.inner, asn1Spec=asn1.AP_REP())[0]
        part = decoder.decode(
            self.cipher.decrypt(self.key, KU_AP_REP,
                                reply["enc-part"]["cipher"].asOctets()),
            asn1Spec=asn1.EncAPRepPart())[0]
        assert (types.KerberosTime.from_asn1(part["ctime"]),
                int(part["cusec"])) == self.stamp
        subkey = None
        if part["subkey"].hasValue():
            subkey = int(part["subkey"]["keytype"]), \
                part["subkey"]["keyvalue"].asOctets()
        return subkey, int(part["seq-number"])
