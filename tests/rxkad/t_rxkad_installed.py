"""An application that knows of librxkad-2b what is installed: the header, the
library, and what pkg-config says."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from realm import install

# REQ: RK-06
PROGRAM = r"""
#include <stdio.h>
#include <rxkad_2b.h>

int
main(void)
{
    static const char not_a_token[] = "\x30\x03octets";
    unsigned char key[16] = "sixteen octets..";
    unsigned char des[RXKAD_2B_KEY_LENGTH];
    rxkad_2b_sealed sealed;

    printf("%d %d\n",
	   rxkad_2b_derive_key(23, key, sizeof(key), des) == 0,
	   rxkad_2b_parse(not_a_token, sizeof(not_a_token) - 1,
			  RXKAD_2B_KVNO, &sealed) != 0);
    return 0;
}
"""


class Installed(unittest.TestCase):

    def test_pkg_config(self):
        for tool in ("gcc", "pkg-config"):
            if not shutil.which(tool):
                self.skipTest("no " + tool)
        more = ["-fsanitize=address"] if install.sanitizer() else []
        lib = install.under_test().bindirs[0].parent / "lib"
        env = dict(install.base_env(), PKG_CONFIG_PATH=str(lib / "pkgconfig"))
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "rxkad-2b"], check=True,
            stdout=subprocess.PIPE, env=env).stdout.decode().split()
        with tempfile.TemporaryDirectory() as name:
            source, program = Path(name, "a.c"), Path(name, "a")
            source.write_text(PROGRAM)
            subprocess.run(
                ["gcc", "-Wall", "-Werror", str(source), "-o", str(program),
                 *flags, *more, "-Wl,-rpath,%s" % lib], check=True, env=env)
            out = subprocess.run([str(program)], check=True,
                                 stdout=subprocess.PIPE,
                                 env=install.base_env()).stdout
        self.assertEqual(out, b"1 1\n")


if __name__ == "__main__":
    unittest.main()
