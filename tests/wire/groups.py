"""More Diffie-Hellman groups, and moduli files to make Heimdal know them."""

from . import pkinit


def _pi(bits):
    """pi * 2**bits, rounded down (Machin's formula)."""
    guard = 64
    one = 1 << bits + guard

    def arctan_of_inverse(number):
        term, total, divisor, sign = one // number, 0, 1, 1
        while term:
            total += sign * (term // divisor)
            term //= number * number
            divisor, sign = divisor + 2, -sign
        return total

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) >> guard


def modp(bits, addend):
    """A prime of RFC 2409 or RFC 3526 by the formula given there."""
    return pkinit.Group("%x" % (
        2 ** bits - 2 ** (bits - 64) - 1 +
        2 ** 64 * (_pi(bits - 130) + addend)))


GROUP16 = modp(4096, 240904)

# The least safe prime above 2**2048 that is 23 modulo 24, with which 2
# generates the subgroup of prime order.  It has 257 octets and the first of
# them is 1, but all but one in 2**2000 numbers below it have 256 or fewer: as
# good as every shared secret of this group begins with a zero octet.
SHORT_SECRETS = pkinit.Group("%x" % (2 ** 2048 + 10211311))


# The least safe prime above 2**1019 that is 23 modulo 24: one shared secret in
# eight begins with a zero octet.
EIGHTH_SHORT = pkinit.Group("%x" % (2 ** 1019 + 1398399))


def moduli_line(name, group):
    """The line of a group in a moduli file (krb5.conf: moduli)."""
    return "%s %d %X %X %X\n" % (name, group.p.bit_length(), group.p,
                                 group.g, group.q)
