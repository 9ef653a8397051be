"""Random changes to tokens, the same again for the same seed."""

from . import der


def elements(data, start=0, end=None, depth=0):
    """[(where the header begins, where the content begins, end)] of every
    element of DER in data, also in octet strings; what is no DER is left
    out."""
    end = len(data) if end is None else end
    found, pos = [], start
    while pos < end and depth < 24:
        try:
            node, after = der.read(data[:end], pos)
        except der.DerError:
            break
        content = after - len(node.content)
        found.append((pos, content, after))
        if node.constructed or node.tag == der.OCTET_STRING:
            # TOK_ID in a token of krb5 reads as an empty element
            found += elements(data, content, after, depth + 1)
        pos = after
    return found


def flip(rng, data, _pool):
    """One bit."""
    if not data:
        return data
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def octet(rng, data, _pool):
    """One octet, one of the extreme values or any."""
    if not data:
        return data
    changed = bytearray(data)
    changed[rng.randrange(len(data))] = rng.choice(
        (0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))
    return bytes(changed)


def truncate(rng, data, _pool):
    """Cut the end off."""
    return data[:rng.randrange(len(data) + 1)]


def extend(rng, data, _pool):
    """Octets more at the end."""
    return data + bytes(rng.randrange(256)
                        for _ in range(rng.randrange(1, 40)))


def swap(rng, data, _pool):
    """Two pieces change places."""
    if len(data) < 4:
        return data
    a, b, c = sorted(rng.sample(range(len(data) + 1), 3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def duplicate(rng, data, _pool):
    """A piece stands there twice."""
    if len(data) < 2:
        return data
    a, b = sorted(rng.sample(range(len(data) + 1), 2))
    return data[:b] + data[a:b] + data[b:]


def remove(rng, data, _pool):
    """A piece is left out."""
    if len(data) < 2:
        return data
    a, b = sorted(rng.sample(range(len(data) + 1), 2))
    return data[:a] + data[b:]


def splice(rng, data, pool):
    """Begins as this token and ends as another."""
    if not pool:
        return data
    with_ = rng.choice(pool)
    cut = rng.randrange(min(len(data), len(with_)) + 1)
    return data[:cut] + with_[cut:]


def another(rng, data, pool):
    """A token of another exchange or direction."""
    return rng.choice(pool) if pool else data


def noise(rng, _data, _pool):
    """Nothing but random octets."""
    return bytes(rng.randrange(256) for _ in range(rng.randrange(80)))


def length(rng, data, _pool):
    """The length of an element says something else."""
    found = [e for e in elements(data) if e[1] - e[0] >= 2]
    if not found:
        return data
    start, content, end = rng.choice(found)
    size = max(0, end - content + rng.choice(
        (-2, -1, 1, 2, 127, 128, 255, 65535, content - end)))
    head = data[start:start + 1]
    shape = rng.randrange(4)
    if shape == 0:
        head += b"\x80"                 # indefinite
    elif shape == 1:
        head += b"\x84\xff\xff\xff" + bytes([rng.randrange(256)])
    elif size < 0x80 and shape == 2:
        head += bytes([size])
    else:
        head += b"\x84" + size.to_bytes(4, "big")
    return data[:start] + head + data[content:]


def element(rng, data, _pool):
    """An element is removed, doubled or emptied, the lengths around it
    left as they are."""
    found = elements(data)
    if not found:
        return data
    start, content, end = rng.choice(found)
    return rng.choice((data[:start] + data[end:],
                       data[:end] + data[start:end] + data[end:],
                       data[:content] + data[end:],
                       data[:content] + bytes(end - content) + data[end:]))


KINDS = (flip, octet, truncate, extend, swap, duplicate, remove, splice,
         another, noise, length, element)


def mutate(rng, data, pool=()):
    """(octets, names of the changes): one change, now and then more."""
    names = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.choice(KINDS)
        data = kind(rng, data, pool)
        names.append(kind.__name__)
    return data, names
