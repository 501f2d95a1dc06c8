"""The daemon under test: its configuration file, its life cycle, its log and its leftovers.

POUND names the binary (default build/pound). A configuration is a string.Template: $listen is a
new port for this daemon, $dir is its directory, and the test passes all other values. The daemon
is ready when it has logged so, its pid file exists and every worker runs.
"""

import os
import pathlib
import re
import signal
import string
import subprocess

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
HELPER = "pound-auth"
_GROWN_UP = 1.05  # seconds; the master may delay the successor of a worker that dies younger

# A healthy daemon never logs any of these.
_FORBIDDEN = re.compile(r"panic|AddressSanitizer|LeakSanitizer|runtime error|terminate called|"
                        r"Assertion .* failed|stack smashing|refused system call", re.I)

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
    """Runs the program to its end and returns a CompletedProcess with text output."""
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
        self.expected = None  # a pattern of faults that the test provokes
        self._fd_start = None
        self._parsed_bytes = 0  # of the log, for `records`
        self._records = []

    def configure(self, config=None, **values):
        """Writes the configuration file again, with a new text or new values."""
        self._config = self._config if config is None else config
        self._values.update(values)
        self.text = string.Template(self._config).substitute(self._values)
        new = self.config_file.with_suffix(".new")  # so that a reload never reads half a file
        new.write_text(self.text)
        new.rename(self.config_file)

    # --- life cycle -------------------------------------------------------------------------------
    @property
    def command(self):
        return [POUND, *self.args, "-f", str(self.config_file), "-p", str(self.pid_file)]

    def start(self):
        before = len(self.log())  # of earlier starts
        if self.background:
            # Not a pipe: a daemon with sanitizers keeps standard error, and a pipe would not end.
            with open(self.log_file, "ab") as log:
                done = subprocess.run(self.command, stdin=subprocess.DEVNULL, check=False,
                                      stdout=log, stderr=log, timeout=TIMEOUT, **self.popen)
            if done.returncode != 0:
                raise StartFailed(done.returncode, self.log()[before:])
            self.master = int(self.pid_file.read_text())
            return self
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.popen)
        self.master = self.process.pid
        wait_until(lambda: self._ready(before),
                   lambda: "the daemon to be ready; its log:\n" + self.log())
        return self

    def _ready(self, before):
        if self.process.poll() is not None:
            raise StartFailed(self.process.returncode, self.log())
        try:
            return (re.search(r"^pound\[\d+\]: ready", self.log()[before:], re.M)
                    and int(self.pid_file.read_text()) == self.master
                    and len(self.workers()) == self.worker_count)
        except (OSError, ValueError):
            return False

    @property
    def worker_count(self):
        match = re.search(r"^\s*Workers:\s*(\d+)", self.text, re.M)
        return int(match[1]) if match else os.cpu_count()

    def workers(self):
        """The pids of the workers that have dropped their privileges."""
        return [p for p in proc.children(self.master)
                if proc.status(p).get("NoNewPrivs") == "1" and proc.name(p) != HELPER]

    def helpers(self):
        """The pids of the processes that check passwords."""
        return [p for p in proc.children(self.master) if proc.name(p) == HELPER]

    def wait_workers(self, gone=()):
        """Waits until all workers run and none of them is in `gone`."""
        def complete():
            there = self.workers()
            return len(there) == self.worker_count and not set(there) & set(gone) and there
        return wait_until(complete, lambda: f"{self.worker_count} workers; running: "
                          f"{self.workers()}, gone: {list(gone)}; log:\n" + self.log())

    def wait_grown_up(self, *workers):
        """Waits until the master would replace these workers (default: all) without delay."""
        wait_until(lambda: all(proc.age(pid) > _GROWN_UP for pid in workers or self.wait_workers()),
                   lambda: f"an age of {_GROWN_UP} s of {workers or self.workers()}")

    def kill_worker(self, victim=None):
        """Kills a worker (default: the oldest, once those of former generations have left), waits
        for its successor and returns the pid."""
        victim = victim or max(self.wait_workers(), key=proc.age)
        self.wait_grown_up(victim)
        os.kill(victim, signal.SIGKILL)
        self.wait_workers(gone=[victim])
        return victim

    def wait_quiet(self):
        """Waits until the master and all workers have nothing to do.

        One look at a sleeping process proves little. A process that sleeps at five looks in a row,
        5 ms apart, has handled everything that it received. By then the master, which polls the log
        rings for 10 ms before it sleeps, has also written all records.
        """
        looks, pids = 0, []

        def quiet():
            nonlocal looks, pids
            if looks == 0:
                pids = [self.master, *self.workers()]
            looks = looks + 1 if all(map(proc.is_asleep, pids)) else 0
            return looks >= 5
        wait_until(quiet, "all processes to be idle")

    def signal(self, number):
        os.kill(self.master, number)

    def is_running(self):
        return self.process.poll() is None if self.process else proc.is_alive(self.master)

    def wait_exit(self, timeout=None):
        """Waits for the master to end; returns its exit status if it is our child."""
        if self.process:
            try:
                return self.process.wait(timeout or TIMEOUT)
            except subprocess.TimeoutExpired:
                raise AssertionError("the daemon has not ended; log:\n" + self.log()) from None
        return wait_until(lambda: not proc.is_alive(self.master), "the daemon's end", timeout)

    def wait_gone(self, timeout=None):
        """Waits until no process of the daemon is left. After a failed start, workers may end after
        the master."""
        wait_until(lambda: not self.processes(),
                   lambda: f"the end of {self.processes()}; log:\n" + self.log()[-4000:], timeout)

    # --- reload -----------------------------------------------------------------------------------
    def reload(self, config=None, expect="ok", **values):
        """Changes the configuration if asked to, sends HUP, and returns the published outcome.

        Fails unless the outcome is `expect`; None accepts any outcome.
        """
        if config is not None or values:
            self.configure(config, **values)
        before = reload_outcome.stamp(self.reload_file)
        self.signal(signal.SIGHUP)
        outcome = self.wait_reload(before)
        assert expect in (None, outcome.result), f"{outcome}; log:\n" + self.log()[-4000:]
        return outcome

    def wait_reload(self, before):
        """Waits for an outcome whose stamp differs from `before`, and returns it."""
        wait_until(lambda: reload_outcome.stamp(self.reload_file) != before,
                   lambda: "the outcome of a reload; log:\n" + self.log()[-4000:], scaled(20))
        return reload_outcome.read(self.reload_file)

    def processes(self):
        return proc.with_argument(self.config_file)

    # --- log --------------------------------------------------------------------------------------
    def log(self):
        try:
            return self.log_file.read_text(errors="backslashreplace")
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, count=1):
        """Waits for `count` log lines that match `pattern`, and returns all of them."""
        def lines():
            found = [line for line in self.log().splitlines() if re.search(pattern, line)]
            return len(found) >= count and found
        return wait_until(lines,
                          lambda: f"{count} x /{pattern}/ in the log:\n" + self.log()[-4000:])

    def records(self):
        """The access records so far as dicts, in the order of the log."""
        try:
            with open(self.log_file, "rb") as file:
                if file.seek(0, os.SEEK_END) < self._parsed_bytes:  # a test has removed the log
                    self._parsed_bytes, self._records = 0, []
                file.seek(self._parsed_bytes)
                lines = file.read()
        except FileNotFoundError:
            return []
        lines = lines[:lines.rfind(b"\n") + 1]
        self._parsed_bytes += len(lines)
        found = (ACCESS_RECORD.fullmatch(line)
                 for line in lines.decode(errors="backslashreplace").splitlines())
        self._records += [match.groupdict() for match in found if match]
        return list(self._records)

    def count_records(self):
        """The number of access records, once every answered request has its own."""
        self.wait_quiet()
        return len(self.records())

    def wait_records(self, count):
        """Waits for `count` access records and returns all of them."""
        return wait_until(lambda: len(self.records()) >= count and self.records(),
                          lambda: f"{count} access records in the log:\n" + self.log()[-4000:])

    def wait_record(self, target):
        """Waits for the only record whose request line contains `target`."""
        def one():
            return [r for r in self.records() if target in r["request"]]
        found = wait_until(one, lambda: f"a record of {target} in the log:\n" + self.log()[-4000:])
        assert len(found) == 1, found
        return found[0]

    # --- leftovers --------------------------------------------------------------------------------
    def expect_no_leaked_fd(self):
        """Makes `check_fds` compare each worker's descriptors with their present number."""
        self._fd_start = {pid: proc.fd_count(pid) for pid in self.workers()}

    def check_fds(self):
        for pid, start in (self._fd_start or {}).items():
            wait_until(lambda p=pid, s=start: proc.fd_count(p) <= s,
                       lambda p=pid, s=start: f"worker {p} to have at most {s} descriptors; it has "
                       f"{proc.fds(p)}")

    def finish(self):
        """Stops the daemon; fails if a process is left or the log shows a fault."""
        try:
            if self.master and self.is_running():
                self.signal(signal.SIGTERM)
                self.wait_exit()
            self.wait_gone(scaled(5))
        finally:
            for pid in self.processes():
                os.kill(pid, signal.SIGKILL)
            if self.process:
                self.process.wait(TIMEOUT)
        said = [line for line in self.log().splitlines() if _FORBIDDEN.search(line)
                and not (self.expected and re.search(self.expected, line))]
        assert not said, "the daemon logged:\n" + "\n".join(said) + "\n" + self.log()[-8000:]
