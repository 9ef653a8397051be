"""One replay cache for MIT's gss-server and for ours: what one has seen, the
other refuses; both find and make the same file."""

import os
import subprocess
import time
import unittest

import peers
from realm import RealmCase
from realm.gss_server import GssServer
from realm.libgss import MUTUAL, Library
from realm.loop import built
from wire import gss, rcache2

REPEAT = 34
SKEW = 300
NAME = "krb5_%d.rcache2" % os.geteuid()
# of the session key, which encrypts the Authenticator
ETYPES = {"aes256-cts-hmac-sha1-96": 18, "aes128-cts-hmac-sha1-96": 17,
          "aes256-cts-hmac-sha384-192": 20,
          "aes128-cts-hmac-sha256-128": 19, "arcfour-hmac-md5": 23,
          "des3-cbc-sha1": 16}


class ReplayMitTest(RealmCase):
    """A service of MIT's, our initiator's tokens, our cache's tool.

    One class: libgssapi in this process keeps its first configuration.
    """

    realm_args = {"kadmin": {"default_keys": [
        " ".join("%s:pw-salt" % name for name in ETYPES)]}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keytab = cls.realm.ext_keytab(cls.realm.service)
        cls.service = "host@server." + cls.realm.domain

    def setUp(self):
        super().setUp()
        self.mit = self.realm.new_client(peers.mit())
        self.realm.client.kinit("user", password=self.realm.password)
        self.cache_dir = self.mit.dir / "rcache"
        self.cache_dir.mkdir()
        self.cache = self.cache_dir / NAME
        self.env = {"KRB5RCACHEDIR": str(self.cache_dir)}
        self.servers = {}

    def token(self):
        """An initial token and its tag."""
        with Library(self.realm.client) as library:
            token = library.initiator(
                self.realm.full(self.realm.service), MUTUAL).step(b"")
        return token, rcache2.tag_of(
            gss.Krb5Token(token).message().authenticator)

    def mit_says(self, token, env=None):
        """"accepted" or the code of the KRB-ERROR."""
        env = self.env if env is None else env
        key = tuple(sorted(env.items()))
        if key not in self.servers:
            self.servers[key] = self.enter(GssServer(
                self.mit, self.keytab, self.service, env=env))
        frames = self.servers[key].offer(token)
        self.assertEqual(len(frames), 1, frames)
        answer = gss.Krb5Token(frames[0].data)
        if answer.tok_id == gss.AP_REP:
            return "accepted"
        return answer.message().code

    def tool(self, *args, lines, env=None):
        """replay_tool's answers to lines."""
        path = built("replay_tool", "tests", "ext", "replay")
        env = dict(self.realm.client.env,
                   **(self.env if env is None else env))
        done = subprocess.run(
            [path, *args], env=env, input="\n".join(lines) + "\n",
            stdout=subprocess.PIPE, universal_newlines=True, check=True,
            timeout=60)
        return done.stdout.splitlines()

    def we_say(self, *tags, now=None, env=None, name="-"):
        """Our store's answers for tags."""
        now = int(now or time.time())
        said = self.tool("store", name, str(SKEW), env=env, lines=[
            "%s %d %d" % (tag.hex(), now, now) for tag in tags])
        return said[0] if len(tags) == 1 else said

    # -- a token that one of the two has seen -----------------------------

    def tokens(self, count):
        """For each enctype of the session key: its name, count tokens with
        their tags."""
        for name, etype in ETYPES.items():
            self.realm.client.kinit("user", password=self.realm.password)
            self.realm.client.kgetcred(self.realm.service, "-e", name)
            tokens = [self.token() for _ in range(count)]
            enc = gss.Krb5Token(tokens[0][0]).message().authenticator
            self.assertEqual(enc.etype, etype)
            yield name, tokens

    def test_our_tag_is_the_independent_one(self):
        # REQ: XT-55
        for _, ((token, tag),) in self.tokens(1):
            enc = gss.Krb5Token(token).message().authenticator
            self.assertEqual(self.tool("tag", lines=[
                "%d %s" % (enc.etype, enc.cipher.hex())]),
                [tag.hex().upper()])

    def test_mit_first(self):
        # REQ: XT-55
        for name, ((token, tag), (other, _)) in self.tokens(2):
            self.assertEqual(self.mit_says(token), "accepted", name)
            self.assertIsNotNone(rcache2.Cache.of(self.cache).find(tag), name)
            self.assertEqual(self.we_say(tag), "repeat", name)
            self.assertEqual(self.mit_says(token), REPEAT, name)
            self.assertEqual(self.mit_says(other), "accepted", name)

    def test_ours_first(self):
        # REQ: XT-55
        for name, ((token, tag), (other, _)) in self.tokens(2):
            self.assertEqual(self.we_say(tag), "stored", name)
            self.assertIsNotNone(rcache2.Cache.of(self.cache).find(tag), name)
            self.assertEqual(self.mit_says(token), REPEAT, name)
            self.assertEqual(self.we_say(tag), "repeat", name)
            self.assertEqual(self.mit_says(other), "accepted", name)

    def test_every_number_by_both(self):
        """Several tables; real tokens among thousands of tags."""
        # REQ: XT-55
        made = [os.urandom(12) for _ in range(4000)]
        self.assertEqual(set(self.we_say(*made[:2000])), {"stored"})
        tokens = [self.token() for _ in range(20)]
        for number, (token, tag) in enumerate(tokens):
            if number % 2:
                self.assertEqual(self.mit_says(token), "accepted")
            else:
                self.assertEqual(self.we_say(tag), "stored")
        self.assertEqual(set(self.we_say(*made[2000:])), {"stored"})
        cache = rcache2.Cache.of(self.cache)
        self.assertEqual(cache.lost(), [])
        self.assertEqual({r.tag for r in cache.records()},
                         set(made) | {tag for _, tag in tokens})
        self.assertGreater(len(cache.octets), 49152)    # a third table
        self.assertEqual([self.mit_says(token) for token, _ in tokens],
                         [REPEAT] * len(tokens))
        self.assertEqual(set(self.we_say(*made)), {"repeat"})
        self.assertEqual(set(self.we_say(*(t for _, t in tokens))),
                         {"repeat"})

    # -- the environment names the same file for both ---------------------

    def check_file(self, path, env):
        """Both use path, in both orders."""
        (one, one_tag), (two, two_tag) = self.token(), self.token()
        self.assertFalse(path.exists())
        self.assertEqual(self.mit_says(one, env), "accepted")
        self.assertIsNotNone(rcache2.Cache.of(path).find(one_tag))
        self.assertEqual(path.stat().st_mode & 0o7777, 0o600)
        self.assertEqual(self.we_say(one_tag, env=env), "repeat")
        path.unlink()
        self.assertEqual(self.we_say(two_tag, env=env), "stored")
        self.assertIsNotNone(rcache2.Cache.of(path).find(two_tag))
        self.assertEqual(path.stat().st_mode & 0o7777, 0o600)
        self.assertEqual(self.mit_says(two, env), REPEAT)
        path.unlink()

    def test_same_file_by_the_environment(self):
        # REQ: XT-55
        one, two = self.cache_dir / "one", self.cache_dir / "two"
        one.mkdir()
        two.mkdir()
        file = self.cache_dir / "file"
        self.check_file(one / NAME, {"TMPDIR": str(one)})
        self.check_file(two / NAME, {"TMPDIR": str(one),
                                     "KRB5RCACHEDIR": str(two)})
        self.check_file(file, {"KRB5RCACHEDIR": str(two),
                               "KRB5RCACHENAME": "file2:%s" % file})
        self.check_file(two / NAME, {"KRB5RCACHEDIR": str(two),
                                     "KRB5RCACHETYPE": "dfl"})

    def test_same_file_by_krb5_conf(self):
        # REQ: XT-55
        for token, uid in (("%{uid}", os.getuid()), ("%{euid}", os.geteuid())):
            client = self.realm.new_client(peers.mit(), libdefaults={
                "default_rcache_name": "file2:%s/cache.%s" % (
                    self.cache_dir, token)})
            self.check_file(self.cache_dir / ("cache.%d" % uid),
                            {"KRB5_CONFIG": str(client.conf),
                             "TMPDIR": "/nowhere"})

    def test_none(self):
        # REQ: XT-55
        token, tag = self.token()
        env = dict(self.env, KRB5RCACHENAME="none:")
        self.assertEqual(self.mit_says(token, env), "accepted")
        self.assertEqual(self.mit_says(token, env), "accepted")
        self.assertEqual(self.we_say(tag, tag, env=env),
                         ["stored", "stored"])
        self.assertFalse(self.cache.exists())


if __name__ == "__main__":
    unittest.main()
