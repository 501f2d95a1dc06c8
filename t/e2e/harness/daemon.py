"""The daemon under test: its configuration file, its life, its log, and what it must not leave.

POUND names the binary (default build/pound). Configurations are string.Template texts, in which
$listen is a fresh port of the daemon's own, $dir its directory, and everything else what the test
passes. Ready means: the daemon says so, its pid file is written and every worker is there.
"""

import os
import pathlib
import re
import signal
import string
import subprocess
import time

from . import proc, reload_outcome
from .ports import reserve_port
from .timing import TIMEOUT, scaled, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
POUND = os.path.abspath(os.environ.get("POUND", str(ROOT / "build" / "pound")))


def _is_sanitized():
    try:
        return b"__asan_init" in pathlib.Path(POUND).read_bytes()
    except OSError:
        return False


SANITIZED = _is_sanitized()

# What a healthy daemon never says.
_FORBIDDEN = re.compile(r"panic|AddressSanitizer|LeakSanitizer|runtime error|terminate called|"
                        r"Assertion .* failed|stack smashing", re.I)

ACCESS_RECORD = re.compile(
    r'pound\[(?P<pid>\d+)\]: (?P<client>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<time>[^\]]+)\] '
    r'"(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+|-) "(?P<referer>[^"]*)" '
    r'"(?P<agent>[^"]*)" (?P<service>\S+) (?P<backend>\S+) (?P<ms>\d+)(?: reason=(?P<reason>\S+))?')


class StartFailed(Exception):
    def __init__(self, status, log):
        super().__init__(f"pound exited with {status}:\n{log}")
        self.status = status
        self.log = log


def run_pound(*args, timeout=None, **kwargs):
    """Runs the program to its end; a CompletedProcess with text output."""
    return subprocess.run([POUND, *map(str, args)], stdin=subprocess.DEVNULL, text=True,
                          errors="backslashreplace", capture_output=True, check=False,
                          timeout=timeout or TIMEOUT, **kwargs)


class Pound:
    def __init__(self, directory, config, args=("-F",), background=False, popen=None, **values):
        self.directory = pathlib.Path(directory)
        self.port = values.setdefault("listen", None) or reserve_port()
        values.update(listen=self.port, dir=str(self.directory))
        self.config_file = self.directory / "pound.yaml"
        self.pid_file = self.directory / "pound.pid"
        self.log_file = self.directory / "log"
        self.reload_file = self.directory / "pound.pid.reload"
        self._config, self._values = config, values
        self.configure()
        self.args = [str(a) for a in args]
        self.background = background
        self.popen = popen or {}
        self.process = None
        self.master = None
        self._fd_start = None

    def configure(self, config=None, **values):
        """Puts another text into the configuration file, or the same one with other values."""
        self._config = self._config if config is None else config
        self._values.update(values)
        self.text = string.Template(self._config).substitute(self._values)
        new = self.config_file.with_suffix(".new")  # a reload that is under way reads a whole file
        new.write_text(self.text)
        new.rename(self.config_file)

    # --- life ---------------------------------------------------------------------------------
    @property
    def command(self):
        return [POUND, *self.args, "-f", str(self.config_file), "-p", str(self.pid_file)]

    def start(self):
        if self.background:
            done = subprocess.run(self.command, stdin=subprocess.DEVNULL, text=True, check=False,
                                  capture_output=True, timeout=TIMEOUT, **self.popen)
            if done.returncode != 0:
                raise StartFailed(done.returncode, done.stdout + done.stderr)
            self.master = int(self.pid_file.read_text())
            return self
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.popen)
        self.master = self.process.pid
        wait_until(self._ready, lambda: "a ready daemon; its log:\n" + self.log())
        return self

    def _ready(self):
        if self.process.poll() is not None:
            raise StartFailed(self.process.returncode, self.log())
        try:
            return (re.search(r"^pound\[\d+\]: ready", self.log(), re.M)
                    and int(self.pid_file.read_text()) == self.master
                    and len(self.workers()) == self.worker_count)
        except (OSError, ValueError):
            return False

    @property
    def worker_count(self):
        match = re.search(r"^\s*Workers:\s*(\d+)", self.text, re.M)
        return int(match[1]) if match else os.cpu_count()

    def workers(self):
        """The pids of the workers that are through with giving up their privileges."""
        return [p for p in proc.children(self.master) if proc.status(p).get("NoNewPrivs") == "1"]

    def wait_workers(self, gone=()):
        """Waits until all workers are there and none of them is in `gone`."""
        def complete():
            there = self.workers()
            return len(there) == self.worker_count and not set(there) & set(gone) and there
        return wait_until(complete, lambda: f"{self.worker_count} workers, there are "
                          f"{self.workers()}, gone: {list(gone)}; log:\n" + self.log())

    def signal(self, number):
        os.kill(self.master, number)

    def is_running(self):
        return self.process.poll() is None if self.process else proc.is_alive(self.master)

    def wait_exit(self, timeout=None):
        """Waits for the master's end; its status when it is our child."""
        if self.process:
            try:
                return self.process.wait(timeout or TIMEOUT)
            except subprocess.TimeoutExpired:
                raise AssertionError("the daemon does not end; log:\n" + self.log()) from None
        return wait_until(lambda: not proc.is_alive(self.master), "the daemon's end", timeout)

    # --- reload -------------------------------------------------------------------------------
    def reload(self, config=None, expect="ok", **values):
        """HUP, with the configuration changed before if there is something to change.

        Waits for the outcome that the master publishes and returns it. With `expect` None it may
        be either.
        """
        if config is not None or values:
            self.configure(config, **values)
        before = reload_outcome.stamp(self.reload_file)
        self.signal(signal.SIGHUP)
        outcome = self.wait_reload(before)
        assert expect in (None, outcome.result), f"{outcome}; log:\n" + self.log()[-4000:]
        return outcome

    def wait_reload(self, before):
        """Waits for an outcome other than the one of which `before` is the stamp."""
        wait_until(lambda: reload_outcome.stamp(self.reload_file) != before,
                   lambda: "the outcome of a reload; log:\n" + self.log()[-4000:], scaled(20))
        return reload_outcome.read(self.reload_file)

    def processes(self):
        return proc.with_argument(self.config_file)

    # --- log ----------------------------------------------------------------------------------
    def log(self):
        try:
            return self.log_file.read_text(errors="backslashreplace")
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, count=1):
        """Waits for lines in which `pattern` is found, and returns them."""
        def lines():
            found = [line for line in self.log().splitlines() if re.search(pattern, line)]
            return len(found) >= count and found
        return wait_until(lines,
                          lambda: f"{count} x /{pattern}/ in the log:\n" + self.log()[-4000:])

    def records(self):
        """The access records so far, in order, as dicts."""
        found = (ACCESS_RECORD.fullmatch(line) for line in self.log().splitlines())
        return [match.groupdict() for match in found if match]

    def count_records(self):
        """How many there are when those of requests that were answered have come, too.

        Who has answered writes the record before it sleeps. The master passes on all that there is
        before it sleeps, and while there may be more that is for a hundredth of a second.
        """
        for worker in self.workers():
            self._wait_asleep(worker)
        self._wait_asleep(self.master)
        time.sleep(0.02)
        self._wait_asleep(self.master)
        return len(self.records())

    @staticmethod
    def _wait_asleep(pid):
        wait_until(lambda: proc.is_asleep(pid), f"process {pid} to have nothing to do")

    def wait_records(self, count):
        """Waits for the access records of `count` requests and returns all there are."""
        return wait_until(lambda: len(self.records()) >= count and self.records(),
                          lambda: f"{count} access records in the log:\n" + self.log()[-4000:])

    def wait_record(self, target):
        """Waits for the one record whose request line holds `target`."""
        def one():
            return [r for r in self.records() if target in r["request"]]
        found = wait_until(one, lambda: f"a record of {target} in the log:\n" + self.log()[-4000:])
        assert len(found) == 1, found
        return found[0]

    # --- what must not be left ----------------------------------------------------------------
    def expect_no_leaked_fd(self):
        """From here on: at the end each worker has no more descriptors than it has now."""
        self._fd_start = {pid: proc.fd_count(pid) for pid in self.workers()}

    def check_fds(self):
        for pid, start in (self._fd_start or {}).items():
            wait_until(lambda p=pid, s=start: proc.fd_count(p) <= s,
                       lambda p=pid, s=start: f"worker {p} to have {s} descriptors, it has "
                       f"{proc.fds(p)}")

    def finish(self):
        """Stops what still runs, then asserts that nothing is left and nothing was said."""
        try:
            if self.master and self.is_running():
                self.signal(signal.SIGTERM)
                self.wait_exit()
            wait_until(lambda: not self.processes(),
                       lambda: f"the end of {self.processes()}; log:\n" + self.log()[-4000:],
                       scaled(5))
        finally:
            for pid in self.processes():
                os.kill(pid, signal.SIGKILL)
            if self.process:
                self.process.wait(TIMEOUT)
        said = [line for line in self.log().splitlines() if _FORBIDDEN.search(line)]
        assert not said, "the daemon said:\n" + "\n".join(said) + "\n" + self.log()[-8000:]
