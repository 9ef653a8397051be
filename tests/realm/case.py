"""unittest.TestCase with a realm."""

import sys
import unittest

from .realm import Realm


class RealmCase(unittest.TestCase):
    """A test case whose class has one realm, made from `realm_args`.

    Tests that need their own realm, relay or peer use self.enter(...),
    which leaves the context when the test ends.  When a test fails, the
    KDC's log of that test is printed.
    """

    realm_args = {}
    realm = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm = cls.make_realm()

    @classmethod
    def make_realm(cls):
        """The realm of the class; the class ends it."""
        return cls.enter_for_class(Realm(**cls.realm_args))

    @classmethod
    def enter_for_class(cls, context):
        """Enter a context manager for the rest of the class."""
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    def setUp(self):
        super().setUp()
        self.realm.client.kdestroy()
        self.realm.log.mark()

    def enter(self, context):
        """Enter a context manager for the rest of the test."""
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def run(self, result=None):
        result = result or self.defaultTestResult()
        bad = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > bad and self.realm:
            print("--- KDC log of %s\n%s\n---" % (
                self.id(), "\n".join(self.realm.log.lines())),
                file=sys.stderr)
        return result
