"""The mutants of tests/assure/mutants.py: that they are what they say, and, as
a sample of `make assure`, that tests tell those of the files that stand alone
from the code; and the methods of a suite as judges."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from assure import mutate_checks
from assure.judges import Page, Tests
from assure.mutants import File
from realm import install

EXAMPLE_FILE = """
#include <stdio.h>
int
both(int a, int b)
{
    /* a (comment */
    if (a > 1 &&
	(b < 0 || !b))
	return 1;
    return a == '(' ? 2 : 3;
}

int
main(void)
{
    printf("%d%d%d%d\\n", both(2, 0), both(1, 0), both(2, 1), both(40, 1));
    return 0;
}
"""

# one that has set up its class once for all that it is asked
EXAMPLE_SUITE = """
import subprocess
import unittest


class Example(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        with open("%(dir)s/classes", "a") as out:
            out.write("x")

    def test_output(self):
        self.assertEqual(subprocess.run(
            ["%(program)s"], stdout=subprocess.PIPE).stdout, b"1332\\n")

    def test_what_it_prints(self):
        self.assertEqual(len(subprocess.run(
            ["%(program)s"], stdout=subprocess.PIPE).stdout), 5)

    def test_fails(self):
        self.fail("it does")

    @unittest.skip("it is")
    def test_skipped(self):
        pass


@unittest.skip("all of it")
class Never(unittest.TestCase):
    def test(self):
        pass
"""

# a file of a module, and its test, which compiles it in
ALONE = (("kile", "gssapi"), ("recovery", "gssapi"), ("skew", "gssapi"),
         ("ready", "gssapi"))


class Mutants(unittest.TestCase):

    def setUp(self):
        if not shutil.which("gcc"):
            self.skipTest("no gcc")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = Path(directory.name)
        # more than one file has
        self.page = Page(self.dir / "now", 999)

    def compile(self, name, text, *args):
        """Path of the program."""
        source = self.dir / (name + ".c")
        source.write_text(text)
        program = self.dir / name
        subprocess.run(["gcc", "-w", "-O1", "-o", str(program), str(source),
                        *map(str, args)], check=True)
        return program

    def run_mutant(self, program, number):
        self.page.select(number)
        return subprocess.run([str(program)], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=60,
                              check=False)

    def test_kinds(self):
        file = File("example.c", EXAMPLE_FILE)
        program = self.compile("example", mutate_checks.instrumented(
            file, self.dir))
        self.assertEqual(self.run_mutant(program, 0).stdout, b"1332\n")
        said = {}
        for mutant in file.mutants:
            if mutant.function == "both":
                said[mutant.kind, mutant.text] = self.run_mutant(
                    program, mutant.number).stdout.strip().decode()
        whole = "a > 1 && (b < 0 || !b)"
        self.assertEqual(said, {
            ("always", whole): "1111",
            ("never", whole): "3332",
            ("drop", "a > 1"): "1132",
            ("drop", "(b < 0 || !b)"): "1311",
            ("drop", "b < 0"): "1332",
            ("drop", "!b"): "3332",
            ("edge", "a > 1"): "1132",
            ("edge", "b < 0"): "1332",
            ("always", "a == '('"): "1222",
            ("never", "a == '('"): "1333"})

    def test_differences(self):
        """Whose output is another has told that it would make a difference;
        who would make none is not run."""
        file = File("example.c", EXAMPLE_FILE)
        program = self.compile("example", mutate_checks.instrumented(
            file, self.dir))
        self.page.clear()
        self.assertEqual(self.run_mutant(program, -1).stdout, b"1332\n")
        differ = self.page.differ()
        for mutant in file.mutants:
            if self.run_mutant(program, mutant.number).stdout != b"1332\n":
                self.assertIn(mutant.number, differ, mutant)
        self.assertEqual(
            {(m.kind, m.text) for m in file.mutants
             if m.number not in differ}, {("drop", "b < 0")})

    def test_suite(self):
        """Its methods judge, in one process with one fixture."""
        file = File("example.c", EXAMPLE_FILE)
        program = self.compile("example", mutate_checks.instrumented(
            file, self.dir))
        suite = self.dir / "t_example.py"
        suite.write_text(EXAMPLE_SUITE % {"dir": self.dir,
                                          "program": program})
        numbers = {(m.function, m.kind, m.text): m.number
                   for m in file.mutants}
        never = numbers["both", "never", "a == '('"]
        same = numbers["both", "drop", "b < 0"]
        output, prints = ("t_example::Example.test_" + name
                          for name in ("output", "what_it_prints"))
        with Tests(self.dir, True, False) as tests:
            tests.paths = {"t_example": suite}
            tests.make_page(len(file.mutants))
            told = {name: numbers for name, _, numbers in
                    tests.recorded("t_example")}
            self.assertEqual(set(told), {
                output, prints, "t_example::Example.test_fails",
                "t_example::Example.test_skipped", "t_example::Never.test"})
            self.assertIsNone(told["t_example::Example.test_fails"])
            self.assertEqual(told["t_example::Example.test_skipped"], set())
            self.assertIn(never, told[output])
            self.assertNotIn(same, told[output])
            (self.dir / "classes").unlink()
            self.assertTrue(tests.tell(output, never, 1))
            self.assertFalse(tests.tell(output, same, 1))
            self.assertFalse(tests.tell(prints, never, 1))
            self.assertEqual((self.dir / "classes").read_text(), "x")

    def test_keys_stay(self):
        """A key does not depend on what stands elsewhere."""
        before = {m.key for m in File("e.c", EXAMPLE_FILE).mutants}
        after = {m.key for m in File("e.c", EXAMPLE_FILE.replace(
            "int\nboth", "int f(int x)\n{\n    return x > 0;\n}\n\n"
            "int\nboth")).mutants}
        self.assertLessEqual(before, after)

    def test_tests_tell(self):
        """Each mutant of a file that stands alone fails its test."""
        obj = install.build_dir() / "obj"
        known = mutate_checks.equivalents()
        for name, module in ALONE:
            path = "lib-gssapi-krb5-ext/%s/%s.c" % (module, name)
            file = File(path, (install.ROOT / path).read_text())
            program = self.compile(
                name, mutate_checks.instrumented(file, self.dir),
                install.ROOT / "tests/loop" / ("test_%s.c" % name),
                *mutate_checks.include_flags(),
                obj / "lib/roken/.libs/libroken.a", "-lcrypt", "-lresolv")
            self.assertEqual(self.run_mutant(program, 0).returncode, 0)
            for mutant in file.mutants:
                with self.subTest(mutant.key):
                    code = self.run_mutant(program, mutant.number).returncode
                    self.assertEqual(code == 0, mutant.key in known)


if __name__ == "__main__":
    unittest.main()
