"""The names of settings that C code asks libkrb5 for."""

import re

# krb5_config_get_bool_default(context, NULL, FALSE, "kdc", "name", NULL)
_CALL = re.compile(r"\b(krb5_(?:v?config|config)_get\w*|"
                   r"krb5_appdefault_\w+)\s*\(")
_DEFINE = re.compile(r'^#\s*define\s+(\w+)\s+"([^"]*)"', re.M)
_FUNCTION = re.compile(r"^(\w+)\(([^;{]*?)\)\s*\{", re.M | re.S)
_COMMENT = re.compile(r"/\*.*?\*/", re.S)

# sections and the like, which are not settings
SECTIONS = {"libdefaults", "realms", "kdc", "gssapi", "acceptor", "capaths",
            "libkafs", "appdefaults", "domain_realm", "logging", "auto",
            "modern"}


def arguments(text, start):
    """The arguments of the call whose parenthesis opens before `start`."""
    depth, found, word, at, quoted = 1, [], "", start, False
    while depth and at < len(text):
        c = text[at]
        if c == '"' and text[at - 1] != "\\":
            quoted = not quoted
        if not quoted and c in "([{":
            depth += 1
        elif not quoted and c in ")]}":
            depth -= 1
        if depth == 1 and c == "," and not quoted:
            found.append(word.strip())
            word = ""
        elif depth:
            word += c
        at += 1
    return found + [word.strip()]


class Source:
    """One file of C, its settings as `names`, and what could not be told as
    `unknown`: arguments that are variables.  others: files that may call its
    functions."""

    def __init__(self, text, others=""):
        self.text = _COMMENT.sub("", text)
        self.others = _COMMENT.sub("", others)
        self.defines = dict(_DEFINE.findall(self.text))
        self.names, self.unknown = set(), set()
        for call in _CALL.finditer(self.text):
            self._call(call)

    def _call(self, call):
        given = arguments(self.text, call.end())
        if call.group(1).startswith("krb5_appdefault"):
            given = given[3:4]
        else:
            given = given[3 if call.group(1).endswith("_default") else 2:]
        for word in given:
            if not self._literal(word):
                self._parameter(word, call.start())

    def _literal(self, word):
        """Also "a" in `x ? "a" : "b"`; False for the name of a variable."""
        if word in self.defines:
            self._add(self.defines[word])
            return True
        for name in re.findall(r'"([^"]*)"', word):
            self._add(name)
        return not re.fullmatch(r"[a-z_]\w*", word)

    def _add(self, name):
        if name and name not in SECTIONS:
            self.names.add(name)

    def _parameter(self, word, at):
        """A parameter of the function that the call is in: what the function
        is called with."""
        inside = [f for f in _FUNCTION.finditer(self.text) if f.end() <= at]
        taken = [p.split()[-1].lstrip("*") for p in
                 inside[-1].group(2).split(",") if p.split()] \
            if inside else []
        if word not in taken:
            self.unknown.add(word)
            return
        index, name = taken.index(word), inside[-1].group(1)
        here, called = inside[-1].start(), False
        for text in self.text, self.others:
            for call in re.finditer(r"\b%s\s*\(" % name, text):
                given = arguments(text, call.end())
                if text is self.text and call.start() == here or \
                        index >= len(given) or " " in given[index].strip(
                            ) and '"' not in given[index]:
                    continue            # its definition, or a prototype
                called = True
                if self._literal(given[index]):
                    continue
                if text is self.text:   # which has it from another
                    self._parameter(given[index], call.start())
                else:
                    self.unknown.add(given[index])
        if not called:
            self.unknown.add(word)
