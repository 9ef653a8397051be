"""KRB-ERROR2 (AP-REP2) and the authorization data of extra context tokens.

Written from the document and doc/formats/krb-error2.md, with AES in plain
Python: nothing of it is the library's.

`python3 -m wire.krb_error2` in tests/ prints tests/krb-error2/vectors.h.
"""

from . import der, enc, krb

MSG_TYPE, PART_TAG = 55, 56
KEY_USAGE = 520
KEY_NULL, KEY_SUBKEY, KEY_SESSION = 0, 1, 2
FINAL, CONTINUE_NEEDED = 0, 1
ACCEPTOR, INITIATOR = "acceptor", "initiator"

AD_IF_RELEVANT, AD_ETYPES, AD_KERB_AP_OPTIONS = 1, 129, 143
AD_CONTINUE_CHALLENGE, AD_AP_OPTIONS = -5, -6
USE_SESSION_KEY, MUTUAL_REQUIRED = 0x40000000, 0x20000000
CONTINUE_NEEDED_OK = 0x10000000


# -- authorization data ---------------------------------------------------

def authdata(*elements):
    """AuthorizationData from (type, octets)."""
    return der.seq(*(der.seq(der.ctx(0, der.integer(kind)),
                             der.ctx(1, der.octets(value)))
                     for kind, value in elements))


def if_relevant(*elements):
    """The element AD-IF-RELEVANT around elements."""
    return AD_IF_RELEVANT, authdata(*elements)


def etypes(*numbers):
    """The element 129."""
    return AD_ETYPES, der.seq(*map(der.integer, numbers))


def kerb_ap_options(value):
    """The element 143."""
    return AD_KERB_AP_OPTIONS, value.to_bytes(4, "little")


def ap_options(value):
    """The element -6."""
    return AD_AP_OPTIONS, der.flags(value)


def challenge(value):
    """The element -5."""
    return AD_CONTINUE_CHALLENGE, der.octets(value)


def elements(octets):
    """[(type, octets)] of an AuthorizationData."""
    return [(kind.int(), value.octets()) for kind, value in
            (_all(e, 2) for e in der.parse(octets).expect(der.SEQUENCE))]


# -- writing --------------------------------------------------------------

def _key(key):
    """EncryptionKey from (etype, octets)."""
    return der.seq(der.ctx(0, der.integer(key[0])),
                   der.ctx(1, der.octets(key[1])))


def _opt(value, write):
    return None if value is None else write(value)


def part(challenge=bytes(32), stime=0, susec=0, subkey=None, seq=None,
         code=0, flags=CONTINUE_NEEDED, text=None, e_data=None, typed=None,
         addresses=None, ad=None, tgt=None, more=b""):
    """EncKRBErrorPart.

    text is octets; typed, addresses, ad and tgt are DER; more goes behind
    the last field.
    """
    return der.app(PART_TAG, der.seq(
        der.ctx(0, der.octets(challenge)),
        der.ctx(1, der.gtime(stime)),
        der.ctx(2, der.integer(susec)),
        der.ctx(3, _opt(subkey, _key)),
        der.ctx(4, _opt(seq, der.integer)),
        der.ctx(5, der.integer(code)),
        der.ctx(6, der.enumerated(flags)),
        der.ctx(7, _opt(text, lambda t: der.tlv(der.UTF8_STRING, t))),
        der.ctx(8, _opt(e_data, der.octets)),
        der.ctx(9, typed), der.ctx(10, addresses), der.ctx(11, ad),
        der.ctx(12, tgt), more))


def pdu(inside, key=None, which=None, confounder=None, usage=KEY_USAGE,
        etype=None, kvno=None, pvno=5, msg_type=MSG_TYPE):
    """KRB-ERROR2 around an EncKRBErrorPart.

    key is (etype, octets) of AES with SHA-1, or None for no encryption;
    which is enc-part-key.
    """
    if which is None:
        which = KEY_NULL if key is None else KEY_SUBKEY
    cipher = inside
    if key is not None:
        cipher = enc.encrypt(key[1], usage, inside, confounder)
    if etype is None:
        etype = 0 if key is None else key[0]
    return der.app(MSG_TYPE, der.seq(
        der.ctx(0, der.integer(pvno)),
        der.ctx(1, der.integer(msg_type)),
        der.ctx(2, der.enumerated(which)),
        der.ctx(3, der.seq(
            der.ctx(0, der.integer(etype)),
            der.ctx(1, _opt(kvno, der.integer)),
            der.ctx(2, der.octets(cipher))))))


def ticket(realm="EXT.TEST", sname="krbtgt/EXT.TEST", cipher=b"cipher",
           etype=18, kvno=1):
    """A Ticket that nobody opens."""
    return der.app(1, der.seq(
        der.ctx(0, der.integer(5)), der.ctx(1, der.kstring(realm)),
        der.ctx(2, krb.name(sname)),
        der.ctx(3, der.seq(der.ctx(0, der.integer(etype)),
                           der.ctx(1, der.integer(kvno)),
                           der.ctx(2, der.octets(cipher))))))


def ap_req(options, realm="EXT.TEST", sname="host/ext.test"):
    """An AP-REQ that nobody opens; options is the DER or the number."""
    if isinstance(options, int):
        options = der.flags(options)
    return der.app(14, der.seq(
        der.ctx(0, der.integer(5)), der.ctx(1, der.integer(14)),
        der.ctx(2, options), der.ctx(3, ticket(realm, sname)),
        der.ctx(4, der.seq(der.ctx(0, der.integer(18)),
                           der.ctx(2, der.octets(b"cipher"))))))


# -- reading --------------------------------------------------------------

class RuleBroken(ValueError):
    """The PDU is DER, and breaks a rule of section 2.1."""


def _fields(node, names):
    """{name: element}; tags ascend, and only the last may be unknown."""
    found, last = {}, -1
    for field in node.expect(der.SEQUENCE):
        if field.cls != der.CONTEXT or field.tag <= last:
            raise der.DerError("%r is out of order" % field)
        last = field.tag
        if field.tag < len(names):
            found[names[field.tag]] = field.inner()
    return found


def _all(node, count):
    """The elements of the fields [0] to [count - 1], all of them there."""
    found = _fields(node, range(count))
    if list(found) != list(range(count)) or len(list(node)) != count:
        raise der.DerError("%r has other fields than %d" % (node, count))
    return list(found.values())


def _number(node, bits=32):
    """An INTEGER of Kerberos."""
    value = node.expect(der.INTEGER).int()
    if not -1 << bits - 1 <= value < 1 << bits - 1:
        raise der.DerError("%d is out of range" % value)
    return value


def _string(node):
    """A GeneralString; NUL is none of C's."""
    if b"\0" in node.expect(der.GENERAL_STRING).content:
        raise der.DerError("NUL in a string")


def _read_ticket(node):
    """DER of a Ticket, after a look at all of its fields."""
    version, realm, name, sealed = _all(
        node.expect(1, der.APPLICATION).inner(), 4)
    _number(version)
    _string(realm)
    kind, parts = _all(name, 2)
    _number(kind)
    for part_ in parts.expect(der.SEQUENCE):
        _string(part_)
    _read_sealed(sealed)
    return node.raw


def _read_sealed(node):
    """EncryptedData as (etype, kvno, cipher)."""
    found = _fields(node, ("etype", "kvno", "cipher"))
    if len(list(node)) != len(found) or \
            not {"etype", "cipher"} <= set(found):
        raise der.DerError("%r is no EncryptedData" % node)
    return (_number(found["etype"]),
            _number(found["kvno"]) if "kvno" in found else None,
            found["cipher"].octets())


def _read_typed(node, last):
    """SEQUENCE OF typed octets, as e-typed-data and your-addresses are."""
    for item in node.expect(der.SEQUENCE):
        found = _fields(item, ("kind", "value"))
        if "kind" not in found or "value" not in found and last or \
                len(list(item)) != len(found):
            raise der.DerError("%r is no typed value" % item)
        _number(found["kind"])
        if "value" in found:
            found["value"].octets()


PART_FIELDS = ("challenge stime susec subkey seq code flags text e_data typed "
               "addresses ad tgt").split()


class Error2:
    """What a KRB-ERROR2 says.

    keys is (subkey of the initiator, session key), each (etype, octets) or
    None.  ad and tgt are DER.
    """

    def __init__(self, octets, keys=(None, None), sender=ACCEPTOR):
        outer = der.parse(octets).expect(MSG_TYPE, der.APPLICATION).inner()
        found = _fields(outer, ("pvno", "type", "which", "sealed"))
        if len(list(outer)) != 4 or len(found) != 4:
            raise der.DerError("fields are missing or too many")
        if (_number(found["pvno"]), _number(found["type"])) != (5, MSG_TYPE):
            raise RuleBroken("version or message type")
        self.which = found["which"].expect(der.ENUMERATED).int()
        if self.which not in (KEY_NULL, KEY_SUBKEY, KEY_SESSION):
            raise RuleBroken("enc-part-key %d" % self.which)
        self._read_part(self._open(_read_sealed(found["sealed"]), keys))
        self._check_subkey(keys, sender)

    def _open(self, sealed, keys):
        etype, kvno, cipher = sealed
        if kvno is not None:
            raise RuleBroken("kvno is there")
        key = (None,) + tuple(keys)
        key = key[self.which]
        if self.which != KEY_NULL and key is None:
            raise RuleBroken("no such key")
        if etype != (key[0] if key else 0):
            raise RuleBroken("etype %d" % etype)
        return enc.decrypt(key[1], KEY_USAGE, cipher) if key else cipher

    def _read_part(self, octets):
        node = der.parse(octets).expect(PART_TAG, der.APPLICATION).inner()
        found = _fields(node, PART_FIELDS)
        try:
            self.challenge = found["challenge"].octets()
            self.stime = found["stime"].time()
            self.susec = _number(found["susec"])
            self.code = _number(found["code"])
            self.flags = found["flags"].expect(der.ENUMERATED).int()
        except KeyError as err:
            raise der.DerError("%s is missing" % err) from err
        self.subkey = None
        if "subkey" in found:
            kind, value = _all(found["subkey"], 2)
            self.subkey = _number(kind), value.octets()
        self.seq = None
        if "seq" in found:
            self.seq = _number(found["seq"], 34)
            if not 0 <= self.seq < 1 << 32:
                raise der.DerError("seq-number %d" % self.seq)
        self.text = None
        if "text" in found:
            self.text = found["text"].expect(der.UTF8_STRING).content
        if "e_data" in found:
            found["e_data"].octets()
        if "typed" in found:
            _read_typed(found["typed"], False)
        if "addresses" in found:
            _read_typed(found["addresses"], True)
        self.ad = self.tgt = None
        if "ad" in found:
            self.ad = found["ad"].raw
            elements(self.ad)
        if "tgt" in found:
            self.tgt = _read_ticket(found["tgt"])
        self.names = [name for name in PART_FIELDS if name in found]
        if not 1 <= len(self.challenge) <= 1024:
            raise RuleBroken("challenge of %d" % len(self.challenge))
        if not 0 <= self.susec <= 999999:
            raise RuleBroken("susec %d" % self.susec)

    def _check_subkey(self, keys, sender):
        wanted = None                   # either
        if sender == INITIATOR or self.which == KEY_NULL:
            wanted = False
        elif self.which == KEY_SUBKEY:
            wanted = True
        elif keys[0] is not None:
            wanted = False
        there = self.subkey is not None
        if wanted is not None and there != wanted:
            raise RuleBroken("subkey there: %s" % there)
        if there != (self.seq is not None):
            raise RuleBroken("subkey or seq-number alone")


# -- vectors --------------------------------------------------------------

SESSION = 17, bytes(range(0x40, 0x50))
SUBKEY = 18, bytes(range(0x60, 0x80))
ACCEPTOR_SUBKEY = 18, bytes(range(0xa0, 0xc0))
CHALLENGE = bytes(range(32))
STIME, SUSEC = 1767323045, 123456       # 2026-01-02 03:04:05
CONFOUNDER = bytes(range(0xf0, 0x100))

COMMON = dict(challenge=CHALLENGE, stime=STIME, susec=SUSEC)
CONFIRMED = dict(COMMON, subkey=ACCEPTOR_SUBKEY, seq=0xfedcba98)


def vectors():
    """[(name, what it is, octets)]"""
    text = "user-to-user: \u00fc\u2192\U0001f511".encode()
    user2user = part(code=69, text=text, tgt=ticket(), **COMMON)
    confirm = part(code=0, **CONFIRMED)
    skew = part(code=31, flags=FINAL, ad=authdata(if_relevant((99, b"x"))),
                **COMMON)
    first = authdata(if_relevant(
        etypes(18, 17, 23), kerb_ap_options(0x4000),
        ap_options(MUTUAL_REQUIRED | CONTINUE_NEEDED_OK)))
    second = authdata(
        if_relevant(etypes(18, 17), ap_options(CONTINUE_NEEDED_OK)),
        challenge(CHALLENGE))
    return [
        ("null", "error 69 with a TGT, no encryption", pdu(user2user)),
        ("subkey", "no error, in the initiator's subkey",
         pdu(confirm, SUBKEY, KEY_SUBKEY, CONFOUNDER)),
        ("session", "error 31, final, in the session key",
         pdu(skew, SESSION, KEY_SESSION, CONFOUNDER)),
        ("ad_first", "of the Authenticator of a first AP-REQ", first),
        ("ad_second", "of one that quotes the challenge", second),
        ("ad_ticket", "challenge in a ticket",
         authdata(if_relevant(challenge(CHALLENGE)))),
        ("ap_req", "mutual-required and continue-needed-ok in the clear",
         ap_req(MUTUAL_REQUIRED | CONTINUE_NEEDED_OK)),
    ]


def vectors_h():
    """tests/krb-error2/vectors.h."""
    lines = ["/*",
             " * Printed by tests/wire/krb_error2.py, and compared with it",
             " * by tests/wire/t_krb_error2.py.",
             " */", ""]
    for name, what, octets in vectors():
        lines += ["/* %s */" % what, "static const char vector_%s[] =" % name]
        digits = octets.hex()
        lines += ['    "%s"' % digits[i:i + 64]
                  for i in range(0, len(digits), 64)]
        lines[-1] += ";"
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


if __name__ == "__main__":
    print(vectors_h(), end="")
