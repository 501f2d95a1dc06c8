"""The daemon logs to the syslog socket, which may be absent, stuck or restarted."""

import os
import re
import signal
import subprocess
import threading
import time

import pytest

from harness import TIMEOUT, Client, get, proc, response, wait_until
from harness.config import plain_site
from harness.syslog import LINE, Syslog

CONFIG = plain_site("Workers: 2; LogSocket: $dir/syslog; $more", listener="Client: 60")

@pytest.fixture(name="make")
def fixture_make(site):
    """make() prepares a daemon; make.syslog() opens its log socket."""
    opened = []

    def make(more="", config=CONFIG):
        make.pound = site.prepare(config, background=True, args=(), more=more,
                                  web=site.backend(lambda _: response(b"hello")).port)
        return make.pound

    def syslog(**kwargs):
        opened.append(Syslog(make.pound.directory / "syslog", **kwargs))
        return opened[-1]

    make.syslog = syslog
    make.opened = opened
    yield make
    for log in opened:
        if not log.ended:
            log.close()


class Load:
    """Clients that send requests until `stop`; `answered` counts the responses."""

    def __init__(self, pound, clients=3):
        self.pound, self.ending, self.answered, self.errors = pound, False, 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _ask(self):
        try:
            with Client(self.pound.port) as client:
                while not self.ending:
                    assert client.ask("GET", "/load").status == 200
                    with self.lock:
                        self.answered += 1
        except BaseException as error:  # pylint: disable=broad-except
            self.errors.append(error)

    def stop(self):
        self.ending = True
        for thread in self.threads:
            thread.join(TIMEOUT)
            assert not thread.is_alive(), "Pound serves no longer"
        assert not self.errors, self.errors
        return self.answered


def ask_many(pound, count):
    with Client(pound.port) as client:
        agent = "User-Agent: " + "long " * 50
        for _ in range(count - 1):
            assert client.ask("GET", "/many", agent).status == 200
        # A worker writes the record of a request after its response, and before it closes the
        # connection. So the end of the stream shows that all records are written.
        assert client.ask("GET", "/many", agent, "Connection: close").status == 200
        assert client.closes()


@pytest.mark.parametrize("more, facility", [("", 3), ("LogFacility: daemon", 3),
                                            ("LogFacility: local3", 19), ("LogFacility: user", 1)])
def test_lines(make, more, facility):
    pound = make(more)
    log = make.syslog()
    pound.start()
    assert get(pound.port, "/logged", "User-Agent: me").status == 200
    line, = log.wait(rb"GET /logged")
    match = LINE.fullmatch(line)
    assert match, line
    assert (int(match[1]) >> 3, int(match[1]) & 7) == (facility, 6)
    assert re.fullmatch(rb'127\.0\.0\.1 - - \[[^\]]+\] "GET /logged HTTP/1\.1" 200 5 "-" "me" '
                        rb"127\.0\.0\.1:%d/1 web \d+" % pound.port, match[2])
    assert all(LINE.fullmatch(line) for line in log.lines), log.lines


def test_the_start_is_told(make):
    pound = make()
    log = make.syslog()
    pound.start()
    wait_until(lambda: log.lines, "the first line")


def test_the_end_is_told(make):
    pound = make()
    log = make.syslog()
    pound.start()
    assert get(pound.port, "/last").status == 200
    pound.signal(15)
    pound.wait_exit()
    log.wait(rb"GET /last")  # not lost, although the end came at once


@pytest.mark.parametrize("count, loses", [(50, False), (6000, True)], ids=["short", "long"])
def test_absent(make, count, loses):
    """Pound starts and serves. A late syslog receives all records, or the number of lost ones."""
    pound = make()
    pound.start()
    ask_many(pound, count)
    log = make.syslog()
    log.wait(b"GET /many")
    log.wait(b"started: 2 workers")  # the first line of all
    wait_until(lambda: log.count(b"GET /many") + log.lost() == count,
               lambda: f"{count} = {log.count(b'GET /many')} lines + {log.lost()} lost")
    assert (log.lost() > 0) == loses


def test_stuck(make):
    """syslog does not read. Pound serves, the master works, and afterwards the numbers add up."""
    pound = make()
    log = make.syslog(reading=False)
    pound.start()
    count = 8000
    threads = [threading.Thread(target=ask_many, args=(pound, count // 4)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT * 6)
        assert not thread.is_alive(), "a stuck syslog delays requests"
    victim = pound.workers()[0]
    os.kill(victim, signal.SIGKILL)
    pound.wait_workers(gone=[victim])
    pound.signal(signal.SIGUSR1)
    assert get(pound.port, "/many").status == 200
    count += 1
    log.reading.set()
    # No further request or event is needed.
    log.wait(rb"worker \d \(pid %d\) was killed" % victim)
    log.wait(rb"status: ")
    wait_until(lambda: log.count(b"GET /many") + log.lost() == count,
               lambda: f"{count} = {log.count(b'GET /many')} lines + {log.lost()} lost")
    assert log.lost() > 0
    assert all(LINE.fullmatch(line) for line in log.lines)


def test_stuck_at_the_end(make):
    """TERM ends Pound although syslog does not read."""
    pound = make()
    make.syslog(reading=False)
    pound.start()
    ask_many(pound, 2000)
    pound.signal(signal.SIGTERM)
    pound.wait_exit()


def restarted_under_load(make, restarts):
    pound = make.pound
    log = make.syslog()
    pound.start()
    load = Load(pound)
    for _ in range(restarts):
        log.wait(b"GET /load", 20)
        log.close()
        log = make.syslog()  # a new inode with the same name
    log.wait(b"GET /load")
    answered = load.stop()

    def accounted_for():
        return sum(one.count(b"GET /load") + one.lost() for one in make.opened)
    wait_until(lambda: accounted_for() == answered,
               lambda: f"{answered} records; accounted for: {accounted_for()}")
    workers = pound.workers()
    assert len(workers) == 2
    assert not any(b"panic" in line or b"killed" in line
                   for one in make.opened for line in one.lines)


def test_restarted_under_load(make):
    """Pound finds the new socket by itself."""
    make()
    restarted_under_load(make, 5)


@pytest.mark.needs_root
def test_restarted_under_load_from_a_jail(make, tmp_path):
    """The master is outside the jail, so the jail needs no log socket."""
    jail = tmp_path / "jail"
    jail.mkdir()
    make(f"RootJail: {jail}\n  User: nobody\n  Group: nogroup")
    restarted_under_load(make, 20)
    assert list(jail.iterdir()) == []


def test_moved_by_a_reload(make):
    """A reload moves the log, also to a relative path; it refuses a path that is too long."""
    pound = make()
    pound.popen = {"cwd": pound.directory}
    first = make.syslog()
    pound.start()
    assert get(pound.port, "/first").status == 200
    first.wait(b"GET /first")

    def reload(name):
        pound.config_file.write_text(pound.text.replace(f"{pound.directory}/syslog", name))
        pound.signal(signal.SIGHUP)

    second = Syslog(pound.directory / "second")
    make.opened.append(second)
    reload("second")
    second.wait(b"generation 2 active")
    assert get(pound.port, "/second").status == 200
    second.wait(b"GET /second")
    reload("x" * 200)
    second.wait(b"LogSocket x+: the path is too long for a socket")
    second.wait(b"reload failed: generation 2 keeps serving")
    reload("syslog")
    first.wait(b"generation 3 active")
    assert get(pound.port, "/again").status == 200
    first.wait(b"GET /again")
    assert first.count(b"GET /second") == 0


def test_severities(make):
    """A request is info, a start is a notice, and a death is an error."""
    pound = make()
    log = make.syslog()
    pound.start()
    assert get(pound.port, "/info").status == 200
    log.wait(rb"GET /info")
    victim = pound.workers()[0]
    os.kill(victim, signal.SIGKILL)
    for pattern, severity in ((rb"GET /info", 6), (rb"pound \S+ started", 5), (rb"was killed", 3)):
        line, = log.wait(pattern)
        assert int(LINE.fullmatch(line)[1]) & 7 == severity, line

def test_a_status_dump_of_a_thousand_backends_loses_no_line(make):
    """The master sends the dump as fast as syslog reads, and workers serve meanwhile."""
    count = 1000
    backends = "".join(f"\n  - &b{i}\n    Address: 127.0.0.1\n    Port: {i + 1}"
                       for i in range(count))
    names = ", ".join(f"*b{i}" for i in range(count))
    config = CONFIG.replace("\nHTTPListeners:", backends + "\nHTTPListeners:").replace(
        "      - Backends: [*web]",
        f"      - URL: /many\n        Backends: [*web]\n      - Backends: [{names}]")
    pound = make(config=config)
    log = make.syslog(reading=False)
    pound.start()
    pound.signal(signal.SIGUSR1)
    ask_many(pound, 20)  # the log is full, and no request waits for it
    pound.signal(signal.SIGUSR1)
    log.reading.set()
    log.wait(rb"status: object=end ", 2)
    told = [LINE.fullmatch(line)[2].decode() for line in log.lines if b"status: " in line]
    ends = [i for i, line in enumerate(told) if "object=end" in line]
    assert len(ends) == 2
    for dump in (told[:ends[0] + 1], told[ends[0] + 1:]):
        busy = sum("object=busy_client" in line for line in dump)  # by a sample of the requests
        assert dump[-1] == f"status: object=end lines={count + 8 + busy} omitted=0"
        assert len(dump) == count + 9 + busy
        names = [line.split()[2] for line in dump if "object=backend" in line]
        assert names == ["name=web", *(f"name=b{i}" for i in range(count))]
    assert not any(re.search(rb"log records? (was|were) lost", line) for line in log.lines)


COMBINED = re.compile(
    rb"(?P<host>[0-9a-f.:]+) - - "
    rb"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "
    rb'"(?P<request>[\x20\x21\x23-\x7e]+)" (?P<status>[1-5]\d\d) (?P<bytes>[1-9]\d*|-) '
    rb'"(?P<referer>[\x20\x21\x23-\x7e]+)" "(?P<agent>[\x20\x21\x23-\x7e]+)"'
    rb"(?: [\x21-\x7e]+)*")


ODD = [
    (b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /plain HTTP/1.1", b"200", b"-", b"-"),
    (b'GET /q HTTP/1.1\r\nHost: a\r\nUser-Agent: "x" \\\r\nReferer: "\r\n\r\n',
     b"GET /q HTTP/1.1", b"200", rb"\x22", rb"\x22x\x22 \x5c"),
    (b"GET /e HTTP/1.1\r\nHost: a\r\nUser-Agent:\r\nReferer: \xe9: pound[1]: x\r\n\r\n",
     b"GET /e HTTP/1.1", b"200", rb"\xe9: pound[1]: x", b"-"),
    (b'GET /"in quotes" HTTP/1.1\r\nHost: a\r\n\r\n', rb"GET /\x22in quotes\x22 HTTP/1.1", b"400",
     b"-", b"-"),
    (b"GET /\x00\x1b[31m\x07 HTTP/1.1\r\nHost: a\r\n\r\n", rb"GET /\x00\x1b[31m\x07 HTTP/1.1",
     b"400", b"-", b"-"),
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", rb"\x16\x03\x01\x02\x00\x01\x00", b"400", b"-",
     b"-"),
    (b"GET /h HTTP/1.1\r\nHost: a\r\nA:b\x00\r\n\r\n", b"GET /h HTTP/1.1", b"400", b"-", b"-"),
    (b"GET /" + b'"' * 8000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", None, b"400", b"-", b"-"),
    (b"GET /" + b"l" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", None, b"414", b"-", b"-"),
    (b" \r\n\r\n", None, b"400", b"-", b"-"),
    (b"HEAD / HTTP/1.0\r\n\r\n", b"HEAD / HTTP/1.0", b"200", b"-", b"-"),
]


def test_a_log_tool_reads_it(make):
    """Each record has the form that log analysers know, whatever the client sent."""
    pound = make()
    log = make.syslog()
    pound.start()
    for data, *_ in ODD:
        with Client(pound.port) as client:
            client.send(data)
            client.read_response(to=data.split(b" ")[0].decode("latin-1"))
    sent = log.wait(rb"127\.0\.0\.1 - - ", len(ODD))
    lines = [line.partition(b"]: ")[2] for line in sent]
    records = [COMBINED.fullmatch(line) for line in lines]
    assert all(records), lines
    assert len(records) == len(ODD)
    # Two workers served the requests, and the master empties their rings in turn.
    found = sorted((r["status"], r["referer"], r["agent"]) for r in records)
    assert found == sorted(tuple(wanted[2:]) for wanted in ODD)
    requests = [r["request"] for r in records]
    assert all(wanted[1] is None or wanted[1] in requests for wanted in ODD), requests


class Foreground:
    """A daemon with -F that writes to a pipe; the test decides when to read it."""

    def __init__(self, pound):
        self.pound = pound
        self.text = b""
        reader, writer = os.pipe()
        self.reader = reader
        pound.process = subprocess.Popen(  # pylint: disable=consider-using-with
            pound.command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
        os.close(writer)
        os.set_blocking(reader, False)
        pound.master = pound.process.pid
        wait_until(pound.reload_file.exists, "the daemon to serve")

    def read(self):
        try:
            self.text += os.read(self.reader, 1 << 20)
        except BlockingIOError:
            pass
        return self.text

    def account(self):
        self.read()
        lost = [int(n) for n in re.findall(rb"\]: (\d+) log records? (?:was|were) lost", self.text)]
        return self.text.count(b"GET /many"), sum(lost)


@pytest.fixture(name="foreground")
def fixture_foreground(site):
    pound = site.prepare(CONFIG, more="", web=site.backend(lambda _: response(b"hello")).port)
    made = Foreground(pound)
    yield made
    os.close(made.reader)


def test_a_full_pipe_in_the_foreground(foreground):
    """No process reads the pipe. Pound serves, the master works, and the numbers add up."""
    pound = foreground.pound
    ask_many(pound, 6000)
    victim = pound.workers()[0]
    os.kill(victim, signal.SIGKILL)
    pound.wait_workers(gone=[victim])
    wait_until(lambda: sum(foreground.account()) == 6000, lambda: str(foreground.account()))
    assert foreground.account()[1] > 0
    assert b"was killed by signal 9" in foreground.text
    lines = foreground.text.splitlines()
    assert all(re.fullmatch(rb"pound\[\d+\]: [\x20-\x7e]+", line) for line in lines)


def test_a_full_pipe_at_the_end(foreground):
    pound = foreground.pound
    ask_many(pound, 3000)
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit() == 0


def test_a_reader_that_goes_away(foreground):
    """After the reader has closed for good, Pound serves and does not spin."""
    pound = foreground.pound
    os.dup2(os.open(os.devnull, os.O_RDONLY), foreground.reader)
    ask_many(pound, 100)
    before = proc.cpu_seconds(pound.master)
    ask_many(pound, 100)
    time.sleep(0.5)  # justified: the time over which processor time is measured
    assert proc.cpu_seconds(pound.master) - before < 0.3
    assert pound.is_running()
