"""ONC RPC over TCP (RFC 5531) with RPCSEC_GSS (RFC 2203), as kadmind's
second protocol has it; what makes tokens and messages is the caller's."""

import collections
import struct

KADM, KADM_VERSION, GSS = 2112, 2, 6
DATA, INIT, CONTINUE_INIT, DESTROY = range(4)
PRIVACY = 3
LAST = 0x80000000

ACCEPTED, DENIED = 0, 1
SUCCESS, GARBAGE_ARGS = 0, 4
AUTH_ERROR = 1
AUTH_TOOWEAK, CREDPROBLEM = 5, 13

# stat is accept_stat, or auth_stat of a call that was denied
Reply = collections.namedtuple("Reply", "xid state stat flavor verf body")
InitRes = collections.namedtuple("InitRes", "handle major minor window token")


def u32(*values):
    """Numbers as they stand in XDR."""
    return struct.pack(">%dI" % len(values), *values)


def opaque(octets):
    """opaque<>."""
    return u32(len(octets)) + octets + bytes(-len(octets) % 4)


def take_u32(octets):
    """A number and what follows it."""
    return struct.unpack_from(">I", octets)[0], octets[4:]


def take_opaque(octets):
    """The octets of an opaque<> and what follows it."""
    size, octets = take_u32(octets)
    end = size + -size % 4
    if len(octets) < end:
        raise ValueError("opaque of %d octets in %d" % (size, len(octets)))
    return octets[:size], octets[end:]


def cred(proc, seq=0, service=PRIVACY, handle=b"", version=1):
    """The body of an RPCSEC_GSS credential."""
    return u32(version, proc, seq, service) + opaque(handle)


def header(xid, proc, credential, flavor=GSS):
    """A call up to its credential: what the verifier is over."""
    return u32(xid, 0, 2, KADM, KADM_VERSION, proc, flavor) + \
        opaque(credential)


def call(head, arguments, verf=None):
    """A call; verf None is AUTH_NONE."""
    verifier = u32(0, 0) if verf is None else u32(GSS) + opaque(verf)
    return head + verifier + arguments


def fragments(message, size=None):
    """A message as records on the stream, of size octets each."""
    size = size or len(message)
    parts = [message[i:i + size] for i in range(0, len(message), size)]
    return b"".join(
        u32(len(part) | (LAST if i == len(parts) - 1 else 0)) + part
        for i, part in enumerate(parts))


def reply(octets):
    """Read a reply."""
    xid, octets = take_u32(octets)
    kind, octets = take_u32(octets)
    if kind != 1:
        raise ValueError("message of type %d is no reply" % kind)
    state, octets = take_u32(octets)
    if state == DENIED:
        why, octets = take_u32(octets)
        if why != AUTH_ERROR:
            raise ValueError("denied for %d" % why)
        stat, octets = take_u32(octets)
        return Reply(xid, state, stat, None, b"", octets)
    flavor, octets = take_u32(octets)
    verf, octets = take_opaque(octets)
    stat, octets = take_u32(octets)
    return Reply(xid, state, stat, flavor, verf, octets)


def init_res(octets):
    """rpc_gss_init_res."""
    handle, octets = take_opaque(octets)
    major, octets = take_u32(octets)
    minor, octets = take_u32(octets)
    window, octets = take_u32(octets)
    token, octets = take_opaque(octets)
    if octets:
        raise ValueError("%d octets behind the token" % len(octets))
    return InitRes(handle, major, minor, window, token)
