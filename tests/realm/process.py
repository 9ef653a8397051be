"""Programs that run to their end, and daemons that are stopped by pid."""

import shlex
import signal
import subprocess
import time


class RunError(AssertionError):
    """A program ended otherwise than the test expects."""


class Result:
    """How a program ended: rc, stdout, stderr, and what was run."""

    def __init__(self, argv, rc, stdout, stderr):
        self.argv = argv
        self.rc = rc
        self.stdout = stdout
        self.stderr = stderr

    @property
    def ok(self):
        """True when the program returned 0."""
        return self.rc == 0

    @property
    def output(self):
        """Standard output and standard error, one after the other."""
        return self.stdout + self.stderr

    def __str__(self):
        return "$ %s\nexit %d\nstdout:\n%s\nstderr:\n%s" % (
            " ".join(map(shlex.quote, self.argv)), self.rc,
            self.stdout.rstrip(), self.stderr.rstrip())


def run(argv, env, stdin="", expect_code=0, expect_msg=None, timeout=60,
        cwd=None):
    """Run a program to its end and check how it ended.

    expect_code is the exit status wanted, None for any; expect_msg a text
    that standard output or standard error must contain.  Anything else
    raises RunError with the whole output.
    """
    argv = [str(a) for a in argv]
    try:
        done = subprocess.run(
            argv, env=env, input=stdin.encode(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=timeout, cwd=cwd, check=False)
    except subprocess.TimeoutExpired as err:
        raise RunError("no end after %s s: %s\n%s%s" % (
            timeout, " ".join(argv), (err.stdout or b"").decode(
                errors="replace"), (err.stderr or b"").decode(
                    errors="replace"))) from None
    result = Result(argv, done.returncode,
                    done.stdout.decode(errors="replace"),
                    done.stderr.decode(errors="replace"))
    if expect_code is not None and result.rc != expect_code:
        raise RunError("expected exit %d\n%s" % (expect_code, result))
    if expect_msg is not None and expect_msg not in result.output:
        raise RunError("expected %r in the output\n%s" % (expect_msg, result))
    return result


def wait_until(what, condition, timeout=15, interval=0.02):
    """Poll `condition` until it returns something true; return that.

    `what` names the condition in the RunError raised after `timeout` s.
    """
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise RunError("waited %s s for: %s" % (timeout, what))
        time.sleep(interval)


class Daemon:
    """A server running in the foreground as our child.

    It stays in our process group, so a runner that kills the group of a
    test that hangs reaches it too.
    """

    def __init__(self, argv, env, output, cwd=None):
        self.argv = [str(a) for a in argv]
        self.output = output
        with open(output, "ab") as out:
            self._child = subprocess.Popen(
                self.argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT)

    @property
    def pid(self):
        """Process id."""
        return self._child.pid

    @property
    def alive(self):
        """True while the process runs."""
        return self._child.poll() is None

    def said(self):
        """What the daemon wrote to standard output and standard error."""
        with open(self.output, errors="replace") as out:
            return out.read()

    def ready(self, what, condition, timeout=15):
        """Poll until `condition` is true; RunError if the daemon dies."""
        def check():
            if not self.alive:
                raise RunError("%s ended with %d before: %s\n%s" % (
                    self.argv[0], self._child.returncode, what, self.said()))
            return condition()
        return wait_until(what, check, timeout)

    def stop(self, timeout=15):
        """End the daemon by its pid.

        A daemon that does not end on SIGTERM is killed.  Either that, or an
        end by another signal, or (sanitizers) a report on its standard
        error raises RunError.
        """
        already_dead = not self.alive
        if not already_dead:
            self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise RunError("%s did not end on SIGTERM" %
                           self.argv[0]) from None
        rc = self._child.returncode
        if already_dead or rc not in (0, -signal.SIGTERM):
            raise RunError("%s ended %swith %d\n%s" % (
                self.argv[0], "by itself " if already_dead else "", rc,
                self.said()[-4000:]))
        if "Sanitizer" in self.said() or "runtime error:" in self.said():
            raise RunError("%s: sanitizer report\n%s" % (
                self.argv[0], self.said()[-8000:]))

    def terminate(self, codes, timeout=15):
        """End by SIGTERM a program that catches it and ends with one of
        the exit statuses in codes."""
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._child.returncode not in codes:
            raise RunError("%s ended with %d on SIGTERM\n%s" % (
                self.argv[0], self._child.returncode, self.said()[-4000:]))

    def kill(self):
        """End the daemon at once (a test that wants a crash)."""
        self._child.kill()
        self._child.wait()
