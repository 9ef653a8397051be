#!/usr/bin/env python3
"""Run Heimdal's own `make check`, in parallel, and compare it with a baseline.

    heimdal_check.py --obj OBJ --log DIR [--jobs N] [--baseline FILE]

OBJ is a configured and built Heimdal object tree.  What `make check` builds
is built first, then each test of each directory's TESTS is run by itself
through automake's own rule (`make NAME.log`), and so is each directory's
`check-local` (every program must answer --version and --help).  A result is
named after its directory: `tests/kdc/check-kdc`, `kuser/check-local/kinit`.

Heimdal's tests share files (messages.log, current-db*, krb5.conf, an unpacked
PKITS_data), ports (49188 to 49190, 8889 to 8891) and names in /tmp.  So each
test gets a mount, process and network namespace of its own: the object tree
is an overlay over the real one whose changes live in memory and vanish with
the test, /tmp and /var/tmp are empty, the network is one loopback interface,
and every daemon ends with the test.  It needs root or unprivileged user
namespaces.  Where neither is allowed a line says so and the tests of one
directory are run one after the other, in place; all of tests/ is one
directory in that respect.

The loopback route is marked `quickack`: check-gssmask waits 210 of its 220
seconds for delayed TCP acknowledgements otherwise.

Exit status: 0 when every test that passed in the baseline passes and every
test that is not in it passes or is skipped; 1 otherwise, with the names.
"""

import argparse
import ctypes
import fcntl
import json
import os
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TAIL = 20
GOOD = ("PASS", "XFAIL")
BAD = ("FAIL", "XPASS", "ERROR", "TIMEOUT")
DEFAULT_SECONDS = 3.0           # what a test without a recorded time counts
KEEP_MAX = 1 << 20              # a failed test's *.log files: the last of it


# Tests that lean on what another one of their directory leaves behind (make
# runs them in this order): the one that unpacks PKITS_data.
BEFORE = {
    "lib/hx509/test_nist_cert": "test_nist",
    "lib/hx509/test_nist_pkcs12": "test_nist",
}

# Programs without which a test skips itself and may do so.
NEEDS = {
    "tests/java/check-kinit": "javac",
}

# Results that come and go with the build dependencies: never recorded.
# compile_et is built only where the system has none (comerr-dev).
UNRECORDED = ("lib/com_err/check-local/compile_et",)

# ---------------------------------------------------------------- baseline

def read_table(path):
    """Return {name: (result, seconds)} and {name: program} of a table.

    Its lines are `name result seconds`, and where the test skips itself
    without a certain program, that program's name."""
    table, needs = {}, {}
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            field = line.split("\t")
            if len(field) not in (3, 4) or field[0] in table:
                raise ValueError("%s:%d: not `name<TAB>result<TAB>seconds`, "
                                 "or named twice" % (path, number))
            table[field[0]] = (field[1], float(field[2]))
            if len(field) == 4:
                needs[field[0]] = field[3]
    return table, needs


def write_table(path, results, needs, heading):
    """Write RESULTS, {name: (result, seconds)}, sorted by name."""
    with open(path + ".tmp", "w", encoding="utf-8") as f:
        for line in heading:
            f.write("# %s\n" % line)
        for name in sorted(results):
            f.write("%s\t%s\t%.1f" % ((name,) + results[name]))
            f.write("\t%s\n" % needs[name] if name in needs else "\n")
    os.replace(path + ".tmp", path)


def compare(results, baseline, needs):
    """Compare {name: (result, seconds)} with the baseline's.

    NEEDS is {name: program without which the test may be skipped}.
    Returns (problems, notes), lists of (name, text).  A problem fails the
    run; a note is only worth a line.
    """
    problems, notes = [], []
    for name in sorted(set(results) | set(baseline)):
        now = results[name][0] if name in results else "missing"
        before = baseline[name][0] if name in baseline else None
        if before is None:
            if now == "SKIP":
                notes.append((name, "new, skipped"))
            elif now not in GOOD:
                problems.append((name, "new, %s" % now))
        elif before in GOOD:
            if now == "SKIP" and name in needs and \
                    not shutil.which(needs[name]):
                notes.append((name, "skipped: no %s here" % needs[name]))
            elif now not in GOOD:
                problems.append((name, "passed in the baseline, now %s"
                                 % ("skipped" if now == "SKIP" else now)))
        elif before == "SKIP":
            if now == "missing":
                notes.append((name, "skipped in the baseline, now missing"))
            elif now in GOOD:
                notes.append((name, "skipped in the baseline, passes now"))
            elif now != "SKIP":
                problems.append((name, "skipped in the baseline, now %s"
                                 % now))
        elif now in GOOD:
            notes.append((name, "failed in the baseline, passes now"))
        else:
            notes.append((name, "failed in the baseline, now %s" % now))
    return problems, notes


def count(table):
    """Return how many of a table passed, failed, were skipped."""
    results = [r for r, _ in table.values()]
    skipped = results.count("SKIP")
    passed = sum(r in GOOD for r in results)
    return passed, len(results) - passed - skipped, skipped


# --------------------------------------------------------------- discovery

def clean_environment():
    """The environment for make and for the tests."""
    drop = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "VERBOSE",
            "TESTS", "TESTS_ENVIRONMENT", "CHECK_LOCAL", "HEIM_PIDFILE_DIR")
    env = {k: v for k, v in os.environ.items()
           if k not in drop and not k.startswith("KRB5")}
    env.update(LC_ALL="C.UTF-8", AM_COLOR_TESTS="no")
    return env


def make_variables(directory, names):
    """Ask the Makefile in DIRECTORY for the words of some variables."""
    rule = ("heimdal-check-variables:;@:$(foreach v,%s,"
            "$(info heimdal-check $(v) $($(v))))" % " ".join(names))
    out = subprocess.run(
        ["make", "-s", "--no-print-directory", "-C", directory,
         "--eval=" + rule, "heimdal-check-variables"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL, env=clean_environment())
    if out.returncode != 0:
        raise RuntimeError("make in %s: %s" % (directory, out.stderr.strip()))
    found = dict.fromkeys(names, [])
    for line in out.stdout.splitlines():
        word = line.split()
        if len(word) >= 2 and word[0] == "heimdal-check":
            found[word[1]] = word[2:]
    return found


class Job:
    """One make target whose run gives one result, or several (check-local)."""

    def __init__(self, directory, target):
        self.directory = directory
        self.target = target
        self.local = target == "check-local"
        self.name = "%s/%s" % (directory, target)
        # without namespaces: jobs of one lock never run at the same time
        self.lock = "tests" if directory.split("/")[0] == "tests" \
            else directory

    def results(self, report, log):
        """{name: (result, seconds)} from the report and log of its run."""
        seconds = report["seconds"]
        if not self.local:
            return {self.name: (report["result"], seconds)}
        lines = re.findall(r"^(PASS|FAIL): (\S+)$", log, re.M)
        found = {"%s/%s" % (self.name, program): (result, 0.0)
                 for result, program in lines}
        if report["result"] not in GOOD and \
                not any(r == "FAIL" for r, _ in found.values()):
            found[self.name] = (report["result"], seconds)
        return found


def discover(obj):
    """All jobs of an object tree, in make's own order."""
    jobs = []

    def visit(directory):
        var = make_variables(os.path.join(obj, directory),
                             ("SUBDIRS", "TEST_LOGS", "PROGRAMS",
                              "CHECK_LOCAL"))
        for sub in var["SUBDIRS"]:
            if sub != ".":
                visit(os.path.normpath(os.path.join(directory, sub)))
        for log in var["TEST_LOGS"]:
            jobs.append(Job(directory, re.sub(r"\.log$", "", log)))
        if var["CHECK_LOCAL"] != ["no-check-local"] and \
                (var["CHECK_LOCAL"] or var["PROGRAMS"]):
            jobs.append(Job(directory, "check-local"))

    visit(".")
    return jobs


# ------------------------------------------------ inside: one job's process

def last_lines(text, number=TAIL):
    return "\n".join(text.rstrip("\n").split("\n")[-number:])


LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18


def mount(source, target, kind, flags=0, data=None):
    code = LIBC.mount(source.encode(), os.fsencode(target),
                      kind.encode() if kind else None,
                      ctypes.c_ulong(flags),
                      os.fsencode(data) if data else None)
    if code != 0:
        number = ctypes.get_errno()
        raise OSError(number, "mount %s: %s"
                      % (kind or "bind", os.strerror(number)), target)


def mount_overlay(lower, scratch):
    """Put a writable view of LOWER over itself; changes go to SCRATCH."""
    def escape(path):
        return re.sub(r"([\\:,])", r"\\\1", path)

    here = os.path.join(scratch, "overlay%s" % lower.replace("/", "-"))
    upper, work = here + "/upper", here + "/work"
    os.mkdir(here)
    os.mkdir(upper)
    os.mkdir(work)
    data = "lowerdir=%s,upperdir=%s,workdir=%s" % (
        escape(lower), escape(upper), escape(work))
    if os.path.exists("/proc/self/uid_map"):
        with open("/proc/self/uid_map") as f:
            if f.read().split() != ["0", "0", "4294967295"]:
                try:            # in a user namespace
                    mount("overlay", lower, "overlay",
                          MS_NOSUID | MS_NODEV, data + ",userxattr")
                    return
                except OSError:
                    pass
    mount("overlay", lower, "overlay", MS_NOSUID | MS_NODEV, data)


def private_scratch(scratch):
    """Memory to work in, which must not show outside the namespace."""
    try:
        mount("none", "/", None, MS_REC | MS_PRIVATE)
    except OSError:
        # / is no mount point (a chroot) and what it lies on may propagate:
        # try_namespaces looks whether it does
        pass
    mount("tmpfs", scratch, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")


def private_files(obj, scratch, keep):
    """Our own /proc, a private object tree, empty /tmp and /var/tmp.

    A directory that one of the paths KEEP lies in is left as it is."""
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount_overlay(obj, scratch)
    for number, tmp in enumerate(("/tmp", "/var/tmp")):
        real = os.path.realpath(tmp)
        if not os.path.isdir(real) or \
                any((path + "/").startswith(real + "/") for path in keep):
            continue
        empty = "%s/tmp%d" % (scratch, number)
        os.mkdir(empty)
        os.chmod(empty, 0o1777)
        mount(empty, real, None, MS_BIND)


def complete_system(scratch):
    """What a bare chroot may lack: the name localhost, pseudo-terminals."""
    try:
        with open("/etc/hosts", errors="replace") as f:
            known = re.search(r"^127\.0\.0\.1\s(.*\s)?localhost\b", f.read(),
                              re.M)
    except OSError:
        known = None
    if not known:
        mount_overlay("/etc", scratch)
        with open("/etc/hosts", "a") as f:
            f.write("\n127.0.0.1\tlocalhost\n")
    if os.path.isdir("/dev/pts") and not os.path.exists("/dev/pts/ptmx"):
        mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
              "newinstance,ptmxmode=0666,mode=0620")


def netlink_attribute(kind, payload):
    return struct.pack("=HH", 4 + len(payload), kind) + payload + \
        b"\0" * (-len(payload) % 4)


def set_quickack(address, prefix):
    """Replace the local route to 127.x by one with `quickack 1`."""
    rtm_newroute, nlm_f = 24, 0x1 | 0x4 | 0x100     # REQUEST ACK REPLACE
    rta_dst, rta_oif, rta_prefsrc, rta_metrics, rtax_quickack = 1, 4, 7, 8, 15
    body = struct.pack("=BBBBBBBBI", socket.AF_INET, prefix, 0, 0,
                       255, 2, 254, 2, 0)   # table local, kernel, host, local
    body += netlink_attribute(rta_dst, socket.inet_aton(address))
    body += netlink_attribute(rta_oif,
                              struct.pack("=i", socket.if_nametoindex("lo")))
    body += netlink_attribute(rta_prefsrc, socket.inet_aton("127.0.0.1"))
    body += netlink_attribute(
        rta_metrics, netlink_attribute(rtax_quickack, struct.pack("=I", 1)))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        s.send(struct.pack("=IHHII", 16 + len(body), rtm_newroute, nlm_f,
                           1, 0) + body)
        answer = s.recv(4096)
    error = struct.unpack_from("=i", answer, 16)[0]
    if error != 0:
        raise OSError(-error, "route to %s/%d" % (address, prefix))


def private_network():
    """Bring loopback up, and make it acknowledge TCP data at once."""
    siocsifflags, iff_up, iff_running = 0x8914, 0x1, 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, siocsifflags,
                    struct.pack("16sH14x", b"lo", iff_up | iff_running))
    try:
        set_quickack("127.0.0.0", 8)
        set_quickack("127.0.0.1", 32)
    except OSError:
        pass                    # slower, nothing else


def descendants(root):
    """All processes below ROOT, from /proc."""
    parent = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry) as f:
                parent[int(entry)] = int(f.read().rpartition(")")[2]
                                         .split()[1])
        except (OSError, ValueError):
            continue
    below, todo = [], [root]
    while todo:
        one = todo.pop()
        children = [p for p, q in parent.items() if q == one]
        below += children
        todo += children
    return below


def end_descendants():
    """Kill what the test left behind: our descendants, nobody else's.

    In a namespace of our own the kernel does it when we exit."""
    while True:
        below = descendants(os.getpid())
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not below:
            return
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def run_target(spec, output):
    """Run make in the job's directory; return (result, seconds, cpu)."""
    directory = os.path.join(spec["obj"], spec["directory"])
    target = spec["target"]
    stem = os.path.join(directory, target)
    targets = [spec["before"] + ".log"] if spec["before"] else []
    targets.append(target if target == "check-local" else target + ".log")
    for path in [os.path.join(directory, t) for t in targets]:
        for old in (path, re.sub(r"\.log$", ".trs", path)):
            if os.path.isfile(old):
                os.unlink(old)
    os.makedirs(spec["home"], exist_ok=True)
    env = dict(os.environ, HOME=spec["home"])
    started = time.monotonic()
    child = subprocess.Popen(["make", "--no-print-directory", "-j1"] + targets,
                             cwd=directory, env=env, stdout=output,
                             stderr=output, stdin=subprocess.DEVNULL,
                             start_new_session=True)
    # We inherit the test's daemons: reap them, or whoever waits for one to
    # go away waits for ever.
    status = None
    signal.setitimer(signal.ITIMER_REAL, spec["timeout"])
    try:
        while status is None:
            pid, code, _ = os.wait3(0)
            if pid == child.pid:
                status = code
    except TimeoutError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    child.returncode = -1 if status is None else status
    seconds = time.monotonic() - started
    if status is None:
        os.killpg(child.pid, signal.SIGKILL)
    end_descendants()
    if status is None:
        output.write("\n*** not finished after %d s: ended\n"
                     % spec["timeout"])
        return "TIMEOUT", seconds
    if spec["target"] == "check-local":
        return ("PASS" if status == 0 else "ERROR"), seconds
    try:
        with open(stem + ".trs", errors="replace") as f:
            result = re.search(r"^:test-result: *(\w+)", f.read(), re.M)
        return (result.group(1) if result else "ERROR"), seconds
    except OSError:
        return "ERROR", seconds


def keep_logs(spec, since, log_fd):
    """Copy what a test that did not pass logged beside its own log."""
    directory = os.path.join(spec["obj"], spec["directory"])
    kept = spec["target"].replace("/", "-") + ".files"
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if not name.endswith(".log") or name == spec["target"] + ".log" or \
                not os.path.isfile(path) or os.path.getmtime(path) < since:
            continue
        with open(path, "rb") as f:
            f.seek(max(0, os.path.getsize(path) - KEEP_MAX))
            data = f.read()
        try:
            os.mkdir(kept, dir_fd=log_fd)
        except FileExistsError:
            pass
        fd = os.open("%s/%s" % (kept, name), os.O_WRONLY | os.O_CREAT |
                     os.O_TRUNC, 0o644, dir_fd=log_fd)
        with os.fdopen(fd, "wb") as f:
            f.write(data)


def probe(obj):
    """Fail unless the private object tree and network work."""
    name = os.path.join(obj, "heimdal-check-probe")
    with open(name, "w") as f:
        f.write("x")
    os.rename(name, name + ".2")
    os.mkdir(name)
    os.rmdir(name)
    os.unlink(name + ".2")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 49188))
        server.listen(1)
        with socket.create_connection(server.getsockname(), 5):
            pass


def inside(spec):
    """Be the process that one job runs in; report on the pipe spec names."""
    def expired(_signal, _frame):
        raise TimeoutError()

    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGALRM, expired)
    report = {"result": "ERROR", "seconds": 0.0, "why": ""}
    pipe = os.fdopen(spec["pipe"], "w")
    os.set_inheritable(spec["pipe"], False)
    log_fd = os.open(spec["log_dir"], os.O_RDONLY | os.O_DIRECTORY)
    output = os.fdopen(spec["output"], "w", buffering=1, errors="replace")
    os.set_inheritable(spec["output"], False)
    since = time.time() - 1
    try:
        if spec["isolated"]:
            private_scratch(spec["scratch"])
        if spec["isolated"] and spec["target"] != "probe-scratch":
            private_network()
            private_files(spec["obj"], spec["scratch"], spec["keep"])
            complete_system(spec["scratch"])
        if spec["target"] == "probe-scratch":
            report["result"] = "PASS"
        elif spec["target"] == "probe":
            probe(spec["obj"])
            report["result"] = "PASS"
        else:
            report["result"], report["seconds"] = run_target(spec, output)
            own = os.path.join(spec["obj"], spec["directory"],
                               spec["target"] + ".log")
            if spec["target"] != "check-local" and os.path.exists(own):
                with open(own, errors="replace") as f:
                    shutil.copyfileobj(f, output)
            if report["result"] not in GOOD + ("SKIP",):
                keep_logs(spec, since, log_fd)
    except Exception as error:          # whatever it is, the parent says it
        report["result"] = "ERROR"
        report["why"] = "%s: %s" % (type(error).__name__, error)
        output.write("\n*** %s\n" % report["why"])
    output.flush()
    json.dump(report, pipe)
    pipe.close()
    return 0


# ------------------------------------------------------ outside: the runner

class Running:
    """A job under way: its process, its pipe, what it has said so far."""

    def __init__(self, runner, job):
        self.job = job
        self.started = time.monotonic()
        log_dir = os.path.normpath(os.path.join(runner.log, job.directory))
        self.log = os.path.join(log_dir,
                                job.target.replace("/", "-") + ".log")
        os.makedirs(log_dir, exist_ok=True)
        shutil.rmtree(self.log[:-4] + ".files", ignore_errors=True)
        self.pipe, give = os.pipe()
        output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                         0o644)
        spec = {"obj": runner.obj, "scratch": runner.scratch,
                "home": runner.home, "keep": runner.keep,
                "isolated": runner.isolated, "timeout": runner.timeout,
                "log_dir": log_dir, "pipe": give, "output": output,
                "directory": job.directory, "target": job.target,
                "before": BEFORE.get(job.name)}
        command = [sys.executable, "-I", "-S", os.path.abspath(__file__),
                   "--inside", json.dumps(spec)]
        if runner.isolated:
            command = runner.unshare() + command
        self.process = subprocess.Popen(
            command, pass_fds=(give, output), stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, env=clean_environment(),
            preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL,
                                          0, 0, 0))
        os.close(give)
        os.close(output)
        self.said = b""

    def read(self):
        """Read from the pipe; True once its other end is closed."""
        data = os.read(self.pipe, 65536)
        self.said += data
        return not data

    def finish(self):
        """Wait for the process and return its report."""
        os.close(self.pipe)
        self.process.wait()
        try:
            return json.loads(self.said.decode())
        except ValueError:
            return {"result": "ERROR", "why": "its runner ended without a "
                    "report", "seconds": time.monotonic() - self.started}

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def kill(self):
        """End the job: its namespace, or its descendants and itself."""
        for pid in descendants(self.process.pid) + [self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


class Runner:
    def __init__(self, obj, log, jobs, timeout, isolate=True):
        self.obj = os.path.realpath(obj)
        self.log = os.path.realpath(log)
        self.jobs = jobs
        self.timeout = timeout
        self.isolated = False
        self.running = []
        self.started = time.monotonic()
        self.tty = sys.stdout.isatty()
        if (self.log + "/").startswith(self.obj + "/"):
            sys.exit("heimdal_check: --log must not lie inside --obj")
        self.scratch = os.path.join(self.log, "private")
        self.home = os.path.join(self.log, "home")
        for path in (self.scratch, self.home):
            os.makedirs(path, exist_ok=True)
        source = make_variables(self.obj, ("abs_srcdir",))["abs_srcdir"]
        self.keep = [self.obj] + [os.path.realpath(s) for s in source]
        if isolate:
            self.try_namespaces()
        else:
            self.say("namespaces: not wanted: " + self.serially())

    @staticmethod
    def serially():
        return ("the tests of one directory run one after the other, all of "
                "tests/ as one")

    def say(self, text):
        if self.tty:
            sys.stdout.write("\r\x1b[K")
        print(text, flush=True)

    def elapsed(self):
        seconds = int(time.monotonic() - self.started)
        return "%d:%02d" % (seconds // 60, seconds % 60)

    def unshare(self):
        command = ["unshare", "--mount", "--propagation", "unchanged",
                   "--net", "--pid", "--fork", "--kill-child"]
        if os.geteuid() != 0:
            command[1:1] = ["--user", "--map-root-user"]
        return command

    def try_namespaces(self):
        """Find out by doing it once whether namespaces can be had."""
        self.isolated = True
        why = self.probe("probe-scratch")
        if os.path.ismount(self.scratch):
            LIBC.umount2(os.fsencode(self.scratch), 0)
            why = "mounts would show outside"
        why = why or self.probe("probe")
        self.isolated = not why
        if why:
            self.say("namespaces: not available (%s): %s"
                     % (why, self.serially()))
        else:
            self.say("namespaces: each test has its own files, network and "
                     "processes")

    def probe(self, target):
        """Run one of the two probes; return why it failed, or ""."""
        if not shutil.which("unshare"):
            return "no unshare program"
        one = Running(self, Job(".", target))
        while not one.read():
            pass
        report = one.finish()
        if report["result"] == "PASS":
            return ""
        text = one.log_text().strip() or report["why"]
        return text.split("\n")[-1].lstrip("* ")

    def build(self):
        """Build what the tests need; False when that failed."""
        path = os.path.join(self.log, "build.log")
        started = time.monotonic()
        self.say("building the tests ...")
        with open(path, "w") as log:
            code = subprocess.run(
                ["make", "-k", "-j%d" % self.jobs, "-C", self.obj, "check",
                 "TEST_LOGS=", "CHECK_LOCAL=no-check-local"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=clean_environment()).returncode
        if code == 0:
            self.say("building the tests: done in %.0f s"
                     % (time.monotonic() - started))
            return True
        self.say("building the tests: FAILED; the end of %s:" % path)
        with open(path, errors="replace") as f:
            self.say(last_lines(f.read()))
        return False

    def may_start(self, job):
        return self.isolated or \
            job.lock not in [r.job.lock for r in self.running]

    def run(self, jobs, expected):
        """Run JOBS, the longest first; return {name: (result, seconds)}.

        EXPECTED is {name: seconds}."""
        todo = sorted(jobs, key=lambda j: -expected.get(j.name,
                                                        DEFAULT_SECONDS))
        results, total, done = {}, len(todo), 0
        selector = selectors.DefaultSelector()
        try:
            while todo or self.running:
                for job in list(todo):
                    if len(self.running) >= self.jobs:
                        break
                    if self.may_start(job):
                        todo.remove(job)
                        new = Running(self, job)
                        self.running.append(new)
                        selector.register(new.pipe, selectors.EVENT_READ, new)
                self.live(done, total)
                for key, _ in selector.select(timeout=1):
                    one = key.data
                    if one.read():
                        selector.unregister(one.pipe)
                        self.running.remove(one)
                        done += 1
                        results.update(self.finished(one, done, total))
                for one in self.running:    # never needed, but it must end
                    if time.monotonic() - one.started > self.timeout + 60:
                        one.kill()
        finally:
            for one in self.running:
                one.kill()
            selector.close()
        if self.tty:
            sys.stdout.write("\r\x1b[K")
        return results

    def live(self, done, total):
        if self.tty:
            names = ", ".join(r.job.name for r in self.running)
            line = "[%d/%d %s] %s" % (done, total, self.elapsed(), names)
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r\x1b[K" + line[:width])
            sys.stdout.flush()

    def finished(self, one, done, total):
        """Print one finished job's line and return its results."""
        report, log = one.finish(), one.log_text()
        found = one.job.results(report, log)
        bad = sorted(n for n, (r, _) in found.items() if r in BAD)
        result = "FAIL" if bad else report["result"]
        if not one.job.local:
            result = report["result"]
        self.say("[%*d/%d %s] %-5s %s%s %.1f s" % (
            len(str(total)), done, total, self.elapsed(), result,
            one.job.name,
            " (%d programs)" % len(found) if one.job.local else "",
            report["seconds"]))
        if bad:
            if one.job.local:
                self.say("    " + " ".join(bad))
            self.say("".join("    | %s\n" % line for line in
                             last_lines(log).split("\n")) +
                     "    the whole log: %s" % one.log)
        return found


# -------------------------------------------------------------------- main

def arguments(argv):
    p = argparse.ArgumentParser(
        description="Run Heimdal's make check in parallel and compare it "
        "with a baseline.")
    p.add_argument("--obj", required=True, metavar="DIR",
                   help="configured and built Heimdal object tree")
    p.add_argument("--log", required=True, metavar="DIR",
                   help="directory for logs and results.tsv")
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 2,
                   metavar="N", help="tests at a time (default: processors)")
    p.add_argument("--baseline", metavar="FILE",
                   default=os.path.join(HERE, "baseline", "check.tsv"),
                   help="table to compare with (default: %(default)s)")
    p.add_argument("--record", metavar="FILE",
                   help="write the results as a table; compare with nothing")
    p.add_argument("--timeout", type=int, default=600, metavar="SECONDS",
                   help="of one test (default: %(default)s)")
    p.add_argument("--only", metavar="REGEX",
                   help="run and compare only the tests whose name matches")
    p.add_argument("--no-namespaces", action="store_true",
                   help="run in place even where namespaces can be had")
    p.add_argument("--no-build", action="store_true",
                   help="the test programs are built already")
    options = p.parse_args(argv)
    if options.jobs < 1 or options.timeout < 1:
        p.error("--jobs and --timeout must be at least 1")
    if not os.path.exists(os.path.join(options.obj, "Makefile")):
        p.error("%s has no Makefile: not a configured tree" % options.obj)
    return options


def selected(pattern, job, baseline):
    """Whether --only wants this job: by its name or one of its results'."""
    if pattern is None or re.search(pattern, job.name):
        return True
    return job.local and any(re.search(pattern, n) for n in baseline
                             if n.startswith(job.name + "/"))


def verdict(results, baseline, needs, built):
    """Print what differs from the baseline and the last line; exit status."""
    problems, notes = compare(results, baseline, needs)
    if not built:
        problems.insert(0, ("build", "what the tests need was not built"))
    for name, text in notes:
        print("note: %s: %s" % (name, text))
    for name, text in problems:
        print("FAILED: %s: %s" % (name, text))
    names = {name for name, _ in problems}
    passed, failed, skipped = count({n: r for n, r in results.items()
                                     if n not in names})
    print("heimdal make check: %d passed, %d failed, %d skipped "
          "(baseline %d/%d/%d)" % ((passed, failed + len(problems), skipped)
                                   + count(baseline)))
    return 1 if problems else 0


def main(argv):
    if argv[:1] == ["--inside"]:
        return inside(json.loads(argv[1]))
    options = arguments(argv)
    baseline, needs = {}, {}
    if os.path.exists(options.baseline):
        baseline, needs = read_table(options.baseline)
    elif not options.record:
        sys.exit("heimdal_check: no baseline %s" % options.baseline)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    runner = Runner(options.obj, options.log, options.jobs, options.timeout,
                    not options.no_namespaces)
    built = options.no_build or runner.build()
    jobs = [j for j in discover(runner.obj)
            if selected(options.only, j, baseline)]
    results = runner.run(jobs, {n: s for n, (_, s) in baseline.items()})
    if options.only:
        names = {j.name for j in jobs}
        baseline = {n: r for n, r in baseline.items()
                    if n in names or n.rpartition("/")[0] in names}
    write_table(os.path.join(runner.log, "results.tsv"), results, {}, [])
    print("%d tests in %s" % (len(results), runner.elapsed()))
    if options.record:
        results = {n: r for n, r in results.items() if n not in UNRECORDED}
        write_table(options.record, results, NEEDS, [
            "Heimdal's own make check on the unpatched base, see README.md.",
            "name<TAB>result<TAB>seconds (they only order the run)"
            "<TAB>program without which it may be skipped"])
        baseline, needs = read_table(options.record)
    return verdict(results, baseline, needs, built)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
