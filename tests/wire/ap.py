"""The AP exchange (RFC 4120 3.2, 5.5) and the tokens of RFC 4121: tickets,
AP-REQ, AP-REP, MIC and Wrap tokens, made and read with AES in plain Python.

Both ends of an exchange for tests that hold a service's key: Initiator makes
its own tickets and asks no KDC, Acceptor opens what it gets.  Each value that
goes into a message can be given, so that a test can make it wrong.

    who = Initiator(issue(key, "user"))
    answer = send(who.token())
    who.take_ap_rep(answer)
    send(who.messages().mic(b"text"))
"""

import collections
import hashlib
import os
import struct
import time

from . import der, enc, gss, krb
from . import krb_error2 as k2

# key usages (RFC 4120 7.5.1, RFC 4121 2)
KU_TICKET, KU_AUTHENTICATOR, KU_AP_REP = 2, 11, 12
KU_ACCEPTOR_SEAL, KU_ACCEPTOR_SIGN = 22, 23
KU_INITIATOR_SEAL, KU_INITIATOR_SIGN = 24, 25

# flags of GSS
DELEG, MUTUAL, REPLAY, SEQUENCE, CONF, INTEG = 1, 2, 4, 8, 16, 32
DCE_STYLE, IDENTIFY = 0x1000, 0x2000
ALL = MUTUAL | REPLAY | SEQUENCE | CONF | INTEG

# ap-options
OFFER = k2.CONTINUE_NEEDED_OK
WANT_MUTUAL = k2.MUTUAL_REQUIRED

# flags of a message (RFC 4121 4.2.2)
SENT_BY_ACCEPTOR, SEALED, ACCEPTOR_SUBKEY = 1, 2, 4

CKSUM_8003 = 0x8003
NOT_BOUND = bytes(16)

SAME = object()                         # as the object has it


class ApError(ValueError):
    """What came is not what RFC 4120 or RFC 4121 say."""


# -- pieces ---------------------------------------------------------------

def new_key(etype=enc.AES256):
    """A random key, (etype, octets)."""
    return etype, os.urandom(32 if etype == enc.AES256 else 16)


def key_der(key):
    """EncryptionKey; None stays None."""
    return None if key is None else der.seq(
        der.ctx(0, der.integer(key[0])), der.ctx(1, der.octets(key[1])))


def read_key(node):
    """(etype, octets) of an EncryptionKey; None for None."""
    return None if node is None else (node[0].int(), node[1].octets())


def _number(value):
    return None if value is None else der.integer(value)


def _read_number(node):
    return None if node is None else node.int()


def _name(node):
    """PrincipalName to "a/b"."""
    return "/".join(part.text() for part in node[1])


def _time(value):
    return None if value is None else der.gtime(value)


def bindings(data):
    """The MD5 of channel bindings that are application data alone (RFC 4121
    4.1.1.2)."""
    return hashlib.md5(bytes(16) + struct.pack("<I", len(data)) +
                       data).digest()


# -- tickets --------------------------------------------------------------

# what an initiator has of a ticket; ticket is its DER
Credential = collections.namedtuple("Credential",
                                    "ticket session client realm")


def issue(service, client="user", realm=None, session=None, start=-300,
          end=3600, kvno=SAME, key=None, etype=None, sname=None, flags=0,
          ad=None, renew=None, spoil=False, transited=b"", tr_type=0,
          addresses=None, vno=5):
    """A ticket for a service whose key we hold (a keytab's entry), as its
    KDC would make it.

    start and end count from now, start None is left out; key is used in
    place of the service's; spoil: the last octet of the cipher text is another.  transited: the
    realms between, as RFC 4120 3.3.3.2 writes them, in an encoding of tr_type
    (1 is that one).  addresses: [(type, octets)] it may be used from.
    """
    name, service_realm = service.principal.split("@")
    realm = realm or service_realm
    session = session or new_key()
    now = int(time.time())
    part = der.app(3, der.seq(
        der.ctx(0, der.flags(flags)), der.ctx(1, key_der(session)),
        der.ctx(2, der.kstring(realm)), der.ctx(3, krb.name(client)),
        der.ctx(4, der.seq(der.ctx(0, der.integer(tr_type)),
                           der.ctx(1, der.octets(transited)))),
        der.ctx(5, der.gtime(now + min(start or 0, end))),
        der.ctx(6, None if start is None else der.gtime(now + start)),
        der.ctx(7, der.gtime(now + end)),
        der.ctx(8, _time(renew)),
        None if addresses is None else der.ctx(9, der.seq(
            *(der.seq(der.ctx(0, der.integer(kind)),
                      der.ctx(1, der.octets(value)))
              for kind, value in addresses))),
        der.ctx(10, ad)))
    cipher = enc.encrypt(key or service.key, KU_TICKET, part)
    if spoil:
        cipher = cipher[:-1] + bytes([cipher[-1] ^ 1])
    ticket = der.app(1, der.seq(
        der.ctx(0, der.integer(vno)), der.ctx(1, der.kstring(service_realm)),
        der.ctx(2, krb.name(sname or name)),
        der.ctx(3, der.seq(
            der.ctx(0, der.integer(service.etype if etype is None
                                   else etype)),
            der.ctx(1, _number(service.kvno if kvno is SAME else kvno)),
            der.ctx(2, der.octets(cipher))))))
    return Credential(ticket, session, client, realm)


def empty_ticket(service):
    """The Ticket of an initiator that has none (section 7 of the document on
    extra context tokens)."""
    name, realm = service.principal.split("@")
    return der.app(1, der.seq(
        der.ctx(0, der.integer(5)), der.ctx(1, der.kstring(realm)),
        der.ctx(2, krb.name(name)),
        der.ctx(3, der.seq(der.ctx(0, der.integer(0)),
                           der.ctx(2, der.octets(b""))))))


class Ticket:
    """A ticket opened with the service's key."""

    def __init__(self, octets, key):
        node = der.parse(octets).expect(1, der.APPLICATION).inner()
        self.sname, self.realm = _name(node[2]), node[1].text()
        sealed = krb.EncryptedData(node[3])
        self.etype, self.kvno = sealed.etype, sealed.kvno
        part = der.parse(sealed.decrypt(key, KU_TICKET)).expect(
            3, der.APPLICATION).inner()
        self.session = read_key(part[1])
        self.crealm, self.client = part[2].text(), _name(part[3])
        self.transited = part[4][1].octets()
        self.authtime, self.endtime = part[5].time(), part[7].time()
        self.starttime = part[6].time() if part[6] else self.authtime
        self.ad = k2.elements(part[10].raw) if part[10] else []


# -- AP-REQ ---------------------------------------------------------------

def checksum_8003(flags, bound=NOT_BOUND, more=b"", length=16):
    """The octets of RFC 4121 4.1.1."""
    return struct.pack("<I", length) + bound + struct.pack("<I", flags) + more


def authenticator(client, realm, when, usec, checksum=None, subkey=None,
                  seq=None, ad=None, vno=5):
    """Authenticator; checksum is (type, octets), ad DER."""
    return der.app(2, der.seq(
        der.ctx(0, der.integer(vno)), der.ctx(1, der.kstring(realm)),
        der.ctx(2, krb.name(client)),
        None if checksum is None else der.ctx(3, der.seq(
            der.ctx(0, der.integer(checksum[0])),
            der.ctx(1, der.octets(checksum[1])))),
        der.ctx(4, der.integer(usec)), der.ctx(5, der.gtime(when)),
        der.ctx(6, key_der(subkey)), der.ctx(7, _number(seq)),
        der.ctx(8, ad)))


def ap_req(options, ticket, sealed, etype=enc.AES256, pvno=5, msg_type=14):
    """AP-REQ; ticket is DER, sealed the cipher text."""
    return der.app(14, der.seq(
        der.ctx(0, der.integer(pvno)), der.ctx(1, der.integer(msg_type)),
        der.ctx(2, der.flags(options)), der.ctx(3, ticket),
        der.ctx(4, der.seq(der.ctx(0, der.integer(etype)),
                           der.ctx(2, der.octets(sealed))))))


class Request:
    """A framed AP-REQ, opened with the service's key."""

    def __init__(self, token, service_key):
        outer = gss.Krb5Token(token)
        if outer.mech != gss.KRB5 or outer.tok_id != gss.AP_REQ:
            raise ApError("token %s of %s" % (outer.tok_id.hex(), outer.mech))
        body = der.parse(outer.inner).expect(14, der.APPLICATION).inner()
        if (body[0].int(), body[1].int()) != (5, 14):
            raise ApError("version or message type")
        self.options = body[2].flags()
        self.ticket_raw = body[3].raw
        self.ticket = Ticket(self.ticket_raw, service_key)
        self._read(der.parse(krb.EncryptedData(body[4]).decrypt(
            self.ticket.session[1], KU_AUTHENTICATOR)).expect(
                2, der.APPLICATION).inner())

    def _read(self, part):
        if part[0].int() != 5:
            raise ApError("authenticator-vno %d" % part[0].int())
        self.realm, self.client = part[1].text(), _name(part[2])
        self.usec, self.when = part[4].int(), part[5].time()
        self.subkey, self.seq = read_key(part[6]), _read_number(part[7])
        self.flags = self.bound = None
        if part[3] is not None:
            kind, octets = part[3][0].int(), part[3][1].octets()
            if kind != CKSUM_8003 or octets[:4] != b"\x10\0\0\0":
                raise ApError("checksum %x %s" % (kind, octets[:4].hex()))
            self.bound = octets[4:20]
            self.flags, = struct.unpack_from("<I", octets, 20)
            self.delegated = octets[24:]
        self.elements = k2.elements(part[8].raw) if part[8] else []
        self.relevant = [e for kind, value in self.elements
                         if kind == k2.AD_IF_RELEVANT
                         for e in k2.elements(value)]

    def _one(self, elements, kind):
        found = [value for k, value in elements if k == kind]
        if len(found) > 1:
            raise ApError("%d is there %d times" % (kind, len(found)))
        return found[0] if found else None

    @property
    def sealed_options(self):
        """What AD-AP-OPTIONS in AD-IF-RELEVANT says, or None."""
        value = self._one(self.relevant, k2.AD_AP_OPTIONS)
        return None if value is None else der.parse(value).flags()

    @property
    def challenge(self):
        """What AD-CONTINUE-CHALLENGE says, or None."""
        value = self._one(self.elements, k2.AD_CONTINUE_CHALLENGE)
        return None if value is None else der.parse(value).octets()

    @property
    def keys(self):
        """For krb_error2.Error2."""
        return self.subkey, self.ticket.session


# -- AP-REP ---------------------------------------------------------------

def ap_rep(key, when, usec, subkey=None, seq=None, usage=KU_AP_REP, tag=27,
           pvno=5, msg_type=15):
    """AP-REP in the ticket's session key."""
    part = der.app(tag, der.seq(
        der.ctx(0, der.gtime(when)), der.ctx(1, der.integer(usec)),
        der.ctx(2, key_der(subkey)), der.ctx(3, _number(seq))))
    return der.app(15, der.seq(
        der.ctx(0, der.integer(pvno)), der.ctx(1, der.integer(msg_type)),
        der.ctx(2, krb.encrypted_data(key[1], usage, part, key[0]))))


class Reply:
    """An AP-REP, opened with the session key."""

    def __init__(self, octets, session):
        body = der.parse(octets).expect(15, der.APPLICATION).inner()
        if (body[0].int(), body[1].int()) != (5, 15):
            raise ApError("version or message type")
        part = der.parse(krb.EncryptedData(body[2]).decrypt(
            session[1], KU_AP_REP)).expect(27, der.APPLICATION).inner()
        self.when, self.usec = part[0].time(), part[1].int()
        self.subkey, self.seq = read_key(part[2]), _read_number(part[3])


# -- messages (RFC 4121 4.2) ----------------------------------------------

class Messages:
    """MIC and Wrap tokens of one end.

    key is the one both ends use; send and receive are the next sequence
    numbers.
    """

    def __init__(self, acceptor, key, by_acceptor_subkey, send, receive):
        self.acceptor, self.key = acceptor, key
        self.by_acceptor_subkey = by_acceptor_subkey
        self.send, self.receive = send, receive

    def _flags(self, from_acceptor, sealed=False):
        return (SENT_BY_ACCEPTOR if from_acceptor else 0) | \
            (SEALED if sealed else 0) | \
            (ACCEPTOR_SUBKEY if self.by_acceptor_subkey else 0)

    @staticmethod
    def _usage(sign, from_acceptor):
        if sign:
            return KU_ACCEPTOR_SIGN if from_acceptor else KU_INITIATOR_SIGN
        return KU_ACCEPTOR_SEAL if from_acceptor else KU_INITIATOR_SEAL

    def _next(self, seq):
        if seq is SAME:
            seq, self.send = self.send, self.send + 1
        return seq

    def mic(self, text, seq=SAME, flags=None, usage=None, key=None):
        """A MIC token of text."""
        flags = self._flags(self.acceptor) if flags is None else flags
        head = gss.MIC + bytes([flags]) + b"\xff" * 5 + struct.pack(
            ">Q", self._next(seq))
        return head + enc.checksum(
            (key or self.key)[1], usage or self._usage(True, self.acceptor),
            text + head)

    def check_mic(self, text, token):
        """ApError unless the token is the peer's next MIC of text."""
        peer = not self.acceptor
        wanted = gss.MIC + bytes([self._flags(peer)]) + b"\xff" * 5 + \
            struct.pack(">Q", self.receive)
        if token[:16] != wanted:
            raise ApError("MIC %s, not %s" % (token[:16].hex(),
                                              wanted.hex()))
        if token[16:] != enc.checksum(
                self.key[1], self._usage(True, peer), text + token[:16]):
            raise ApError("checksum of a MIC")
        self.receive += 1

    def wrap(self, text, seq=SAME, flags=None, usage=None):
        """A sealed Wrap token of text."""
        flags = self._flags(self.acceptor, True) if flags is None else flags
        head = gss.WRAP + bytes([flags]) + b"\xff" + bytes(4) + struct.pack(
            ">Q", self._next(seq))
        return head + enc.encrypt(
            self.key[1], usage or self._usage(False, self.acceptor),
            text + head)

    def unwrap(self, token):
        """The text in the peer's next Wrap token, which has to be sealed."""
        peer = not self.acceptor
        wanted = gss.WRAP + bytes([self._flags(peer, True)]) + b"\xff"
        if token[:4] != wanted:
            raise ApError("Wrap %s, not %s" % (token[:4].hex(),
                                               wanted.hex()))
        extra, turned, seq = struct.unpack_from(">HHQ", token, 4)
        if seq != self.receive:
            raise ApError("number %d, not %d" % (seq, self.receive))
        body = token[16:]
        turned %= len(body)
        plain = enc.decrypt(self.key[1], self._usage(False, peer),
                            body[turned:] + body[:turned])
        if plain[-16:] != token[:6] + bytes(2) + token[8:16]:
            raise ApError("header inside of a Wrap")
        self.receive += 1
        return plain[:len(plain) - 16 - extra]


# -- the two ends ---------------------------------------------------------

class Initiator:
    """One exchange of an initiator with a credential of issue().

    The values here go into each AP-REQ: options into the clear and into
    AD-AP-OPTIONS, flags and bound into the checksum.  challenge is the
    newest of the acceptor's; subkey and seq are the same in all of them.
    """

    def __init__(self, credential, subkey=None, seq=None, flags=ALL,
                 options=OFFER | WANT_MUTUAL, bound=NOT_BOUND):
        self.credential = credential
        self.subkey = subkey or new_key()
        self.seq = 1 + int.from_bytes(os.urandom(3), "big") \
            if seq is None else seq
        self.flags, self.options, self.bound = flags, options, bound
        self.challenge = None
        self.acceptor_subkey = self.acceptor_seq = self.stamp = None

    def elements(self, options=SAME, challenge=SAME, etypes=(18, 17),
                 relevant=(), more=()):
        """[(type, octets)] of the Authenticator: options, challenge None for
        none of that; relevant goes into AD-IF-RELEVANT, more behind."""
        options = self.options if options is SAME else options
        challenge = self.challenge if challenge is SAME else challenge
        inside = [k2.etypes(*etypes)] if etypes else []
        if options is not None:
            inside.append(k2.ap_options(options))
        inside += relevant
        out = [k2.if_relevant(*inside)] if inside else []
        if challenge is not None:
            out.append(k2.challenge(challenge))
        return out + list(more)

    def ap_req(self, clear=SAME, options=SAME, credential=None, when=None,
               subkey=SAME, seq=SAME, flags=SAME, bound=SAME, ad=None,
               client=None, usage=KU_AUTHENTICATOR, spoil=False,
               checksum=SAME, **elements):
        """DER of an AP-REQ.

        options is for both, clear for the ap-options in the clear only; ad
        is the list of elements in place of elements(**elements); spoil: the
        last octet of the Authenticator is another.
        """
        credential = credential or self.credential
        options = self.options if options is SAME else options
        elements.setdefault("options", options)
        if ad is None:
            ad = self.elements(**elements)
        if checksum is SAME:
            checksum = CKSUM_8003, checksum_8003(
                self.flags if flags is SAME else flags,
                self.bound if bound is SAME else bound)
        now = time.time() if when is None else when
        self.stamp = int(now), int.from_bytes(os.urandom(4),
                                              "big") % 1000000
        plain = authenticator(
            client or credential.client, credential.realm, *self.stamp,
            checksum=checksum,
            subkey=self.subkey if subkey is SAME else subkey,
            seq=self.seq if seq is SAME else seq,
            ad=k2.authdata(*ad) if ad else None)
        sealed = enc.encrypt(credential.session[1], usage, plain)
        if spoil:
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        return ap_req(options if clear is SAME else clear, credential.ticket,
                      sealed, credential.session[0])

    def token(self, **values):
        """A framed AP-REQ."""
        return gss.krb5_token(gss.AP_REQ, self.ap_req(**values))

    def confirmed_token(self, **values):
        """The AP-REQ after a KRB-ERROR2 without error: neither of its two
        ways to ask for mutual authentication."""
        values.setdefault("options", self.options & ~WANT_MUTUAL)
        values.setdefault("flags", self.flags & ~MUTUAL)
        return self.token(**values)

    def error_token(self, code=60, key=SAME, which=None, challenge=SAME,
                    flags=k2.FINAL, ad=SAME, tok_id=gss.KRB_ERROR, **part):
        """A KRB-ERROR2 of the initiator that quotes the challenge."""
        if ad is SAME:
            quoted = self.challenge if challenge is SAME else challenge
            ad = None if quoted is None else \
                k2.authdata(k2.challenge(quoted))
        part.setdefault("challenge", os.urandom(32))
        part.setdefault("stime", int(time.time()))
        return gss.krb5_token(tok_id, k2.pdu(
            k2.part(code=code, flags=flags, ad=ad, **part),
            self.subkey if key is SAME else key, which))

    def open_error2(self, token):
        """(token ID, krb_error2.Error2) of a framed KRB-ERROR2."""
        outer = gss.Krb5Token(token)
        return outer.tok_id, k2.Error2(
            outer.inner, (self.subkey, self.credential.session))

    def take_error2(self, token):
        """open_error2(), and the challenge and keys are taken from it."""
        tok_id, error2 = self.open_error2(token)
        self.challenge = error2.challenge
        if error2.subkey is not None:
            self.acceptor_subkey, self.acceptor_seq = \
                error2.subkey, error2.seq
        return tok_id, error2

    def take_ap_rep(self, token):
        """Check an AP-REP against the last AP-REQ, and take its keys."""
        outer = gss.Krb5Token(token)
        if outer.tok_id != gss.AP_REP:
            raise ApError("token %s" % outer.tok_id.hex())
        reply = Reply(outer.inner, self.credential.session)
        if (reply.when, reply.usec) != self.stamp:
            raise ApError("AP-REP to another AP-REQ")
        self.acceptor_subkey, self.acceptor_seq = reply.subkey, reply.seq
        return reply

    def messages(self):
        """Messages of the context."""
        return Messages(False, self.acceptor_subkey or self.subkey,
                        self.acceptor_subkey is not None, self.seq,
                        self.seq if self.acceptor_seq is None
                        else self.acceptor_seq)


class Acceptor:
    """One exchange of an acceptor that holds the service's key."""

    def __init__(self, service_key):
        self.service_key = service_key
        self.subkey, self.seq = new_key(), 1 + int.from_bytes(
            os.urandom(3), "big")
        self.first = self.last = self.challenge = None

    def take(self, token):
        """The AP-REQ, a Request; the first one's keys count."""
        self.last = Request(token, self.service_key)
        self.first = self.first or self.last
        return self.last

    def error2(self, code=0, which=k2.KEY_SUBKEY, flags=k2.CONTINUE_NEEDED,
               tok_id=None, key=SAME, challenge=None, subkey=SAME, seq=SAME,
               stime=None, usage=k2.KEY_USAGE, etype=None, kvno=None,
               pvno=5, msg_type=k2.MSG_TYPE, **part):
        """A framed KRB-ERROR2; subkey and seq are there for KEY_SUBKEY
        alone, unless given."""
        self.challenge = os.urandom(32) if challenge is None else challenge
        if subkey is SAME:
            subkey = self.subkey if which == k2.KEY_SUBKEY else None
        if seq is SAME:
            seq = None if subkey is None else self.seq
        if key is SAME:
            key = (None, self.first.subkey, self.first.ticket.session)[which]
        if tok_id is None:
            tok_id = gss.AP_REP if flags == k2.CONTINUE_NEEDED \
                else gss.KRB_ERROR
        inside = k2.part(challenge=self.challenge, stime=int(
            time.time() if stime is None else stime), subkey=subkey, seq=seq,
            code=code, flags=flags, **part)
        return gss.krb5_token(tok_id, k2.pdu(
            inside, key, which, usage=usage, etype=etype, kvno=kvno,
            pvno=pvno, msg_type=msg_type))

    def ap_rep(self, when=None, usec=None, subkey=SAME, seq=SAME, key=None,
               **values):
        """A framed AP-REP to the last AP-REQ."""
        last = self.last
        return gss.krb5_token(gss.AP_REP, ap_rep(
            key or last.ticket.session, last.when if when is None else when,
            last.usec if usec is None else usec,
            self.subkey if subkey is SAME else subkey,
            self.seq if seq is SAME else seq, **values))

    def open_error2(self, token):
        """(token ID, krb_error2.Error2) of the initiator's error token."""
        outer = gss.Krb5Token(token)
        return outer.tok_id, k2.Error2(
            outer.inner, (self.first.subkey, self.first.ticket.session),
            k2.INITIATOR)

    def messages(self):
        """Messages of the context."""
        return Messages(True, self.subkey, True, self.seq, self.first.seq)
