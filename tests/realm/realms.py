"""Several realms with trust between them."""

import contextlib

from . import ports
from .conf import merge
from .mit_kdc import MitRealm
from .realm import Realm

_SHARED = "a password that two realms have"


class Realms:
    """A context manager: `trusts` is [(A, B)], clients of A get into B.

    >>> with Realms([("A.TEST", "B.TEST"), ("B.TEST", "D.TEST")]) as realms:
    ...     client = realms.client("A.TEST", capaths={
    ...         "A.TEST": {"D.TEST": "B.TEST"}})

    `mit` has names of realms that MIT's KDC (peers.mit()) serves; `own` is
    {name: keywords of the Realm}.  realms["A.TEST"] is a Realm.
    """

    def __init__(self, trusts, mit=None, own=None):
        self.trusts, self.own = trusts, own or {}
        self.mit = mit or {}
        self.names = sorted({name for pair in trusts for name in pair})
        self.realms = {}
        self._running = contextlib.ExitStack()

    def __getitem__(self, name):
        return self.realms[name]

    def __enter__(self):
        with contextlib.ExitStack() as running:
            for name in self.names:
                self.realms[name] = running.enter_context(self._make(name))
            for pair in self.trusts:
                for name in pair:
                    self.realms[name].add(
                        "krbtgt/%s@%s" % (pair[1], pair[0]), password=_SHARED)
            self._running = running.pop_all()
        return self

    def __exit__(self, *error):
        return self._running.__exit__(*error)

    def _make(self, name):
        sections = merge({"domain_realm": self._domains()},
                         self.own.get(name, {}))
        if name in self.mit:
            return MitRealm(self.mit[name], name=name, **sections)
        return Realm(name, **sections)

    def _domains(self):
        return {"." + name.lower(): name for name in self.names}

    def client(self, name, inst=None, **sections):
        """A client of a realm that knows the KDCs of all."""
        everyone = {realm.name: {"kdc": "%s:%d" % (ports.LOOPBACK,
                                                   realm.port)}
                    for realm in self.realms.values()}
        sections["realms"] = merge(everyone, sections.get("realms", {}))
        return self.realms[name].new_client(inst=inst, **sections)
