"""krb5.conf from nested dicts."""


def merge(base, extra):
    """`base` with `extra` laid over it, section by section.

    A dict merges with a dict; anything else replaces; None removes.
    Neither argument is changed.
    """
    out = {k: merge(v, {}) if isinstance(v, dict) else v
           for k, v in base.items()}
    for key, value in extra.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            old = out.get(key)
            out[key] = merge(old if isinstance(old, dict) else {}, value)
        else:
            out[key] = value
    return out


def _scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _lines(mapping, depth):
    pad = "    " * depth
    for key, value in mapping.items():
        if isinstance(value, dict):
            yield "%s%s = {" % (pad, key)
            yield from _lines(value, depth + 1)
            yield "%s}" % pad
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield "%s%s = %s" % (pad, key, _scalar(item))
        else:
            yield "%s%s = %s" % (pad, key, _scalar(value))


def render(sections):
    """Text of a krb5.conf: {section: {key: value | list | dict}}."""
    out = []
    for section, body in sections.items():
        out.append("[%s]" % section)
        out.extend(_lines(body, 1))
        out.append("")
    return "\n".join(out)
