"""The same tokens, good and hostile, for OpenAFS's reading of them and for
ours: the verdicts are the same, or the difference is one that is meant.

wire/rxkad_cases.py makes the tokens.  Each difference has a name and a rule
that says where it may be; the rule looks at the token, not at what ours says
of it.  The table of them is at the end of this suite's log.

RXKAD_CASES=N: so many tokens changed at random;  RXKAD_SEED=S
"""

import collections
import os
import tempfile
import time
import unittest

from realm import afs
from realm.process import RunError
from wire import der, etypes, rxkad
from wire.rxkad import V2B, V5
from wire.rxkad_cases import Cases

COUNT = int(os.environ.get("RXKAD_CASES", "4000"))
SEED = int(os.environ.get("RXKAD_SEED", "1"))

# flags of rxkad_2b_server_set_flags(): Kerberos 4, OpenAFS's names, any realms
LIKE_OPENAFS = 0x01 | 0x04 | 0x20
CRASH = "crash"
NEVER = 0xffffffff
_YEAR_3900 = 60904915200


# -- what a token is, read without either ---------------------------------

def _is_strict(case):
    """Strict DER, and no octet behind it."""
    try:
        node = der.parse(case.octets)
        if case.form == V5:
            ticket = node.expect(1, der.APPLICATION).inner()
            ticket.expect(der.SEQUENCE)
            _walk(ticket)
            node = ticket[3]
        node.expect(der.SEQUENCE)
        fields = [(n.cls, n.tag) for n in node]
        if fields not in ([(2, 0), (2, 1), (2, 2)], [(2, 0), (2, 2)]):
            return False
        numbers = [node[tag].int() for _, tag in fields[:-1]]
        node[2].octets()
        return all(-1 << 31 <= n < 1 << 32 for n in numbers)
    except (der.DerError, AttributeError, TypeError):
        return False


def _walk(node):
    """Every element of it is DER."""
    if node.constructed:
        for part in node:
            _walk(part)
    elif (node.cls, node.tag) == (der.UNIVERSAL, der.INTEGER):
        node.int()


def _part(case):
    """The EncTicketPart of a ticket, or None."""
    try:
        return der.read(case.ticket.part)[0].inner()
    except (der.DerError, AttributeError):
        return None


def _names(case):
    """[octets] of the components, and the realm; [] where there is none."""
    part = _part(case)
    try:
        return [n.content for n in part[3][1]], part[2].content
    except (der.DerError, AttributeError, TypeError):
        return [], b""


def _session(case):
    part = _part(case)
    try:
        return part[1][0].int(), part[1][1].octets()
    except (der.DerError, AttributeError, TypeError):
        return 0, b""


def _is_v4(case):
    return case.form not in (V2B, V5)


def _odd_octet(case):
    parts, realm = _names(case)
    return any(o < 0x20 or o in (0x7f, 0x40)
               for text in (*parts, realm) for o in text)


def _too_long(case):
    parts, realm = _names(case)
    return any(len(text) > 63 for text in (*parts, realm))


def _empty(case):
    parts, realm = _names(case)
    return not all((*parts, realm))


def _without_host(case):
    parts, _ = _names(case)
    return len(parts) == 2 and parts[1].startswith(b".")


def _loses_instance(case):
    parts, _ = _names(case)
    return len(parts) == 2 and parts[0] in (b"kadmin", b"zephyr")


def _passed_realms(case):
    try:
        return _part(case)[4][1].octets() != b"" and \
            not _part(case)[0].flags() & rxkad.TRANSITED_POLICY_CHECKED
    except (der.DerError, AttributeError, TypeError):
        return False


def _long_des3(case):
    etype, key = _session(case)
    return etype in etypes.DES3_TYPES and len(key) > 24


def _far_times(case):
    return case.ticket is not None and not 0 <= case.ticket.end <= NEVER


def _sha2(case):
    return case.ticket is not None and case.ticket.key.etype in (19, 20)


def _no_date(case):
    """libasn1 reads a month 13, and a year after 3900, as 1970."""
    try:
        start = _part(case)[6]
        return start.time() > _YEAR_3900
    except (der.DerError, AttributeError, TypeError):
        return True


# OpenAFS accepts, ours does not: (name, ours' codes, rule)
STRICTER = [
    ("Kerberos 4 is off (RK-10)", (rxkad.UNKNOWNKEY,), _is_v4),
    ("octets behind the DER, or no DER (RK-15)",
     (rxkad.ASN1_EXTRA_DATA, rxkad.ASN1_BAD_ID, rxkad.ASN1_BAD_LENGTH,
      rxkad.ASN1_BAD_FORMAT, rxkad.BADTICKET), lambda case: not _is_v4(case) and
     not _is_strict(case)),
    ("a name or realm of more than 63 octets (RK-20)", (rxkad.BADTICKET,),
     _too_long),
    ("an empty name or realm (RK-20)", (rxkad.BADTICKET,), _empty),
    ("@, NUL or a control character in a name (D47)", (rxkad.BADTICKET,),
     _odd_octet),
    ("kadmin/x and zephyr/x would lose the instance (D47)",
     (rxkad.BADTICKET,), _loses_instance),
    ("host/.x would lose the instance (RK-18)", (rxkad.BADTICKET,),
     _without_host),
    ("realms that nobody checked (RK-24, D44)", (rxkad.NOAUTH,),
     _passed_realms),
    ("a Triple DES session key of more than 24 octets (RK-07)",
     (rxkad.BADTICKET,), _long_des3),
    ("a time that AFS has no room for (RK-17)", (rxkad.BADTICKET,),
     _far_times)]
# with version 4 tickets on, OpenAFS's names and any realms
STRICTER_V4 = [
    ("version 4: a name that version 5 may not have either", (
        rxkad.BADTICKET,), _is_v4)]

# ours accepts, OpenAFS does not
LOOSER = [
    ("service keys of RFC 8009 (D41)", (rxkad.UNKNOWNKEY,), _sha2),
    ("a starttime that libasn1 has no date for (RK-17)", (rxkad.BADTICKET,),
     _no_date)]
LOOSER_V4 = [
    ("version 4 under kvno 213, after all (RK-13, D42)",
     (rxkad.ASN1_BAD_ID, rxkad.ASN1_MISSING_FIELD,
      rxkad.ASN1_MISPLACED_FIELD, rxkad.ASN1_OVERRUN), lambda case: case.group == "version 4" and
     case.form == V2B)]


def is_der_error(code):
    """Of the table asn1_err."""
    return code == CRASH or code & ~0xff == rxkad.ASN1


class Table:
    """Verdicts, counted."""

    def __init__(self):
        self.same = collections.Counter()
        self.explained = collections.Counter()
        self.codes = collections.Counter()
        self.unexplained = []

    @staticmethod
    def name(code):
        """Of a code."""
        return "accepted" if code == 0 else rxkad.NAMES.get(code, str(code))

    def show(self, title):
        """The table."""
        print("%s: %d the same (%d accepted, %d refused)" % (
            title, sum(self.same.values()), self.same[True],
            self.same[False]))
        for what, number in self.explained.most_common():
            print("  %6d  %s" % (number, what))
        print("  refused by both, with other codes (OpenAFS's, ours):")
        for (theirs, ours), number in self.codes.most_common():
            print("  %6d  %-21s %s" % (number, theirs, ours))


class Differential(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = int(time.time())
        cls.cases = Cases(cls.now, SEED)
        cls.all = list(cls.cases.all()) + list(cls.cases.mixed(COUNT))
        cls.directory = cls._enter(tempfile.TemporaryDirectory())

    @classmethod
    def _enter(cls, context):
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    def decoder(self, make, *args):
        """One with the keys and the time of the cases."""
        decoder = make(self.directory, *args)
        self.addCleanup(decoder.__exit__, RunError, None, None)
        decoder.keys(self.cases.keys)
        decoder.now(self.now)
        return decoder

    def verdicts(self, flags):
        """(case, OpenAFS's verdict, ours) of all cases."""
        theirs = self.decoder(afs.openafs_decoder)
        ours = self.decoder(afs.our_decoder, flags)
        for case in self.all:
            options = ["dots"] if case.dots else []
            try:
                one = theirs.decode(case.form, case.octets, *options)
            except RunError:
                one = CRASH, None
                theirs = self.decoder(afs.openafs_decoder)
            yield case, one, ours.decode(case.form, case.octets, *options)

    @staticmethod
    def explanation(rules, code, case):
        """The name of the first rule that says it may be."""
        return next((name for name, codes, rule in rules
                     if code in codes and rule(case)), None)

    def compare(self, title, flags, stricter, looser):
        """All verdicts; the table is printed."""
        table = Table()
        for case, theirs, ours in self.verdicts(flags):
            if theirs == ours:
                table.same[ours[0] == 0] += 1
                continue
            if theirs[0] == 0 and ours[0] != 0:
                why = self.explanation(stricter, ours[0], case)
            elif ours[0] == 0 and theirs[0] != 0:
                why = self.explanation(looser, theirs[0], case)
            elif ours[0] == 0:
                why = None              # another identity
            else:
                why = ""
                table.codes[tuple(map(table.name, (theirs[0],
                                                   ours[0])))] += 1
            if why:
                table.explained[why] += 1
            elif why is None:
                table.unexplained.append((case, theirs, ours))
        table.show(title)
        for case, theirs, ours in table.unexplained[:20]:
            print("UNEXPLAINED %s, %s, form %d: OpenAFS %s, ours %s\n  %s" % (
                case.group, case.what, case.form, theirs, ours,
                case.octets.hex()))
        self.assertEqual(len(table.unexplained), 0)
        self.assertGreater(table.same[True], 1000)
        self.assertGreater(table.same[False], 3000)
        return table

    def test_by_default(self):
        """Ours never accepts what OpenAFS refuses, but for newer keys; what
        it refuses beside is named."""
        # REQ: RK-03, RK-07, RK-09, RK-10, RK-11, RK-15, RK-16, RK-17, RK-18
        # REQ: RK-19, RK-20, RK-21, RK-22, RK-23, RK-24
        table = self.compare("by default", 0, STRICTER, LOOSER)
        for why in (STRICTER[0][0], STRICTER[1][0], STRICTER[2][0],
                    LOOSER[0][0]):
            self.assertGreater(table.explained[why], 0, why)

    def test_like_openafs(self):
        """With version 4 on, OpenAFS's names and any realms."""
        # REQ: RK-09, RK-12, RK-13, RK-14
        table = self.compare("like OpenAFS", LIKE_OPENAFS,
                             STRICTER[1:] + STRICTER_V4, LOOSER + LOOSER_V4)
        self.assertGreater(table.explained[LOOSER_V4[0][0]], 0)
        self.assertEqual(table.explained[STRICTER[5][0]], 0)
        self.assertEqual(table.explained[STRICTER[7][0]], 0)

    def test_codes(self):
        """One fault, and not of the DER: the same code."""
        # REQ: RK-15, RK-16, RK-17, RK-18, RK-19
        count = 0
        for case, theirs, ours in self.verdicts(0):
            if case.group not in ("enctypes", "kvnos", "sessions", "times",
                                  "names", "fields", "lengths", "truncated",
                                  "form"):
                continue
            if theirs[0] == 0 or ours[0] == 0 or _sha2(case) or \
                    is_der_error(theirs[0]):
                continue
            if _far_times(case):        # OpenAFS's overflow
                continue
            self.assertEqual(ours[0], theirs[0], (case.group, case.what))
            count += 1
        print("%d refused with the same code" % count)
        self.assertGreater(count, 1000)


if __name__ == "__main__":
    unittest.main()
