"""Mutants of C files: every condition, forced, cut or moved by one.

A file is written once with all of its mutants in it, each behind a number
(mutant.h): what runs is chosen without compiling anything again, and each
place tells whether its mutant would have made a difference there.

What is a place: the condition of an if, a while and of ?:, and what a function
returns or a variable is set to where that is a condition.  What is made of it:

    never, always     the whole of it is false, true (a loop: false only)
    drop              one operand of || is false, of && true
    edge              < is <=, <= is <, > is >=, >= is >
"""

import collections
import hashlib
import re

Mutant = collections.namedtuple(
    "Mutant", "number file line function kind text key body")

_SPACE = re.compile(r"\s+")


def mask(text):
    """text with comments and directives blank, and each octet of strings and
    character constants an underscore: of the same length, so that an offset is
    an offset of both."""
    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return "_" * len(found)
        return re.sub(r"[^\n]", " ", found)
    return re.sub(
        r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
        r"|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", blank, text, flags=re.S | re.M)


def closing(masked, start):
    """Offset of the parenthesis that closes the one at start."""
    depth = 0
    for at in range(start, len(masked)):
        if masked[at] in "([":
            depth += 1
        elif masked[at] in ")]":
            depth -= 1
            if depth == 0:
                return at
    raise ValueError("no closing parenthesis")


def split(masked, start, end, operator):
    """Spans between the operators at the outermost level."""
    spans, at, begin = [], start, start
    while at < end:
        if masked[at] in "([":
            at = closing(masked, at)
        elif masked.startswith(operator, at):
            spans.append((begin, at))
            at += len(operator) - 1
            begin = at + 1
        at += 1
    spans.append((begin, end))
    return spans


def trim(masked, start, end):
    """The span without white space around it."""
    while start < end and masked[start].isspace():
        start += 1
    while end > start and masked[end - 1].isspace():
        end -= 1
    return start, end


def outermost(masked, start, end, pattern):
    """The first match of pattern that is in no parentheses, or None."""
    at = start
    while at < end:
        if masked[at] in "([":
            at = closing(masked, at) + 1
            continue
        found = pattern.match(masked, at, end)
        if found:
            return found
        at += 1
    return None


_RELATION = re.compile(r"(?<![-<>])(<=|>=|<|>)(?![<>])")
_CONDITION = re.compile(r"\|\||&&|==|!=|(?<![-<>])(?:<=|>=|<|>)(?![<>])")
_TERNARY = re.compile(r"\?")
_SET = re.compile(r"(?<![=!<>+\-*/%&|^])=(?!=)")
# what must not be done twice: it changes something, or calls what may
_EFFECT = re.compile(r"(?<![=!<>])=(?!=)|\+\+|--|\b(?!sizeof\b)\w+\s*\(")
_MOVED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


class File:
    """One source file and its mutants, numbered from `first`."""

    def __init__(self, name, text, first=1):
        self.name = name
        self.text = text
        self.masked = mask(text)
        self.mutants = []
        self._first = first
        self._edits = []                # (start, end, new text), outermost
        self._seen = collections.Counter()
        for function, start, end in self.functions():
            self._body = hashlib.sha256(
                _SPACE.sub(" ", self.masked[start:end]).encode()
            ).hexdigest()[:12]
            self._function = function
            self._statements(start, end)

    def functions(self):
        """(name, start, end) of each body: from a { to a } in the first
        column."""
        for match in re.finditer(r"^\{\n(.*?)^\}", self.masked,
                                 re.S | re.M):
            head = self.masked[:match.start()].rstrip()
            if not head.endswith(")"):
                continue
            names = re.findall(r"^(\w+)\s*\(", head, re.M)
            yield names[-1] if names else "?", match.start(1), match.end(1)

    # -- where ------------------------------------------------------------

    def _statements(self, start, end):
        """Look at the statements of a body, one after the other."""
        at = begin = start
        while at < end:
            char = self.masked[at]
            if char in "([":
                word = re.search(r"(\w+)\s*$", self.masked[begin:at])
                close = closing(self.masked, at)
                word = word.group(1) if word and char == "(" else ""
                if word in ("if", "while", "switch", "for"):
                    if word in ("if", "while"):
                        self._place(at + 1, close, word == "while")
                    begin = close + 1
                at = close
            elif char in ";{}":
                self._expression(begin, at)
                begin = at + 1
            at += 1

    def _expression(self, start, end):
        """What is returned, or what each variable is set to."""
        for first, last in split(self.masked, start, end, ","):
            self._value(first, last)

    def _value(self, start, end):
        """What stands behind return or =."""
        found = re.compile(r"\breturn\b").search(self.masked, start, end) or \
            outermost(self.masked, start, end, _SET)
        if not found:
            return
        start, end = trim(self.masked, found.end(), end)
        ternary = outermost(self.masked, start, end, _TERNARY)
        if ternary:
            self._place(start, ternary.start(), False)
        elif outermost(self.masked, start, end, _CONDITION):
            self._place(start, end, False)

    def _place(self, start, end, loop):
        start, end = trim(self.masked, start, end)
        new = self._operand(start, end)
        for kind, value in (("always", 1), ("never", 0)):
            if not (loop and value):
                new = "mutant_is(%d, %d, !!(%s))" % (
                    self._add(start, end, kind), value, new)
        self._edits.append((start, end, new))

    # -- what -------------------------------------------------------------

    def _add(self, start, end, kind):
        number = self._first + len(self.mutants)
        text = _SPACE.sub(" ", self.text[start:end])
        base = "%s:%s: %s: %s" % (self.name, self._function, kind, text)
        self._seen[base] += 1
        key = base if self._seen[base] == 1 else "%s #%d" % (
            base, self._seen[base])
        self.mutants.append(Mutant(
            number, self.name, self.text.count("\n", 0, start) + 1,
            self._function, kind, text, key, self._body))
        return number

    def _operand(self, start, end):
        """The expression with the mutants of its parts."""
        if outermost(self.masked, start, end, _TERNARY):
            return self.text[start:end]
        for operator, neutral in (("||", 0), ("&&", 1)):
            spans = split(self.masked, start, end, operator)
            if len(spans) > 1:
                parts = []
                for first, last in spans:
                    first, last = trim(self.masked, first, last)
                    parts.append("mutant_is(%d, %d, !!(%s))" % (
                        self._add(first, last, "drop"), neutral,
                        self._operand(first, last)))
                return (" %s " % operator).join(parts)
        start, end = trim(self.masked, start, end)
        text = self.text[start:end]
        bare = 1 if self.masked[start] == "!" else 0
        at, _ = trim(self.masked, start + bare, end)
        if self.masked[at] == "(" and closing(self.masked, at) == end - 1:
            return "%s(%s)" % ("!" * bare, self._operand(at + 1, end - 1))
        relation = outermost(self.masked, start, end, _RELATION)
        if relation:
            left = self.text[start:relation.start()]
            right = self.text[relation.end():end]
            number = self._add(start, end, "edge")
            # the two comparisons differ where the sides are the same
            same = "1" if _EFFECT.search(self.masked, start, end) else \
                "(%s) == (%s)" % (left, right)
            return "(mutant_edge(%d, %s) ? (%s %s %s) : (%s))" % (
                number, same, left, _MOVED[relation.group(1)], right, text)
        return text

    # -- written ----------------------------------------------------------

    def schemata(self, header):
        """The file with all of its mutants; `header` is mutant.h."""
        out, at = [header, '#line 1 "%s"\n' % self.name], 0
        for start, end, new in sorted(self._edits):
            out += [self.text[at:start], re.sub(r"\s*\n\s*", " ", new)]
            # the lines after it keep their numbers
            out.append("\n" * self.text.count("\n", start, end))
            at = end
        return "".join(out) + self.text[at:]
