"""As a daemon Pound writes to the socket of syslog, which may be absent, stuck or restarted."""

import os
import re
import socket
import threading

import pytest

from harness import TIMEOUT, Client, get, response, scaled, wait_until

CONFIG = """
Global:
  Workers: 2
  LogSocket: $dir/syslog
  $more
Backends:
  - &web
    Address: 127.0.0.1
    Port: $web
    Threads: 0
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    Threads: 0
    Client: 60
    Services:
      - Backends: [*web]
"""

# RFC 3164 as the syslog socket of a machine wants it: no host name.
LINE = re.compile(rb"<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d pound\[\d+\]: ([^\n\0]*)\n?")


class Syslog:
    """A datagram socket that collects lines, or lets them pile up."""

    def __init__(self, path, reading=True):
        self.path = path
        self.lines = []
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(path))
        self.sock.settimeout(0.1)
        self.reading = threading.Event()
        self.ended = False
        if reading:
            self.reading.set()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while not self.ended:
            if not self.reading.wait(0.05):
                continue
            try:
                self.lines.append(self.sock.recv(65536))
            except TimeoutError:
                pass

    def wait(self, pattern, count=1):
        def found():
            got = [line for line in self.lines if re.search(pattern, line)]
            return len(got) >= count and got
        return wait_until(found, lambda: f"{count} x {pattern!r} in syslog, last of "
                          f"{len(self.lines)}: {self.lines[-3:]}")

    def close(self):
        self.ended = True
        self.thread.join()
        self.sock.close()
        os.unlink(self.path)


@pytest.fixture(name="make")
def fixture_make(site):
    """make() prepares a daemon; make.syslog() opens its log socket."""
    opened = []

    def make(more=""):
        make.pound = site.prepare(CONFIG, background=True, args=(), more=more,
                                  web=site.backend(lambda _: response(b"hello")).port)
        return make.pound

    def syslog(**kwargs):
        opened.append(Syslog(make.pound.directory / "syslog", **kwargs))
        return opened[-1]

    make.syslog = syslog
    yield make
    for log in opened:
        if not log.ended:
            log.close()


def ask_many(pound, count):
    with Client(pound.port) as client:
        for _ in range(count):
            assert client.ask("GET", "/many", "User-Agent: " + "long " * 50).status == 200


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
    wait_until(lambda: log.lines, "a line at the start")


def test_the_end_is_told(make):
    pound = make()
    log = make.syslog()
    pound.start()
    assert get(pound.port, "/last").status == 200
    pound.signal(15)
    pound.wait_exit()
    log.wait(rb"GET /last")  # not lost, though the end came at once


def test_absent(make):
    """It starts and serves; when syslog comes, the log goes on."""
    pound = make()
    pound.start()
    ask_many(pound, 50)
    log = make.syslog()

    def asked():
        get(pound.port, "/found")
        return any(b"/found" in line for line in log.lines)
    wait_until(asked, "the log to go on")


def test_stuck(make):
    """Nobody reads: serving goes on, and how much was lost is told afterwards."""
    pound = make()
    log = make.syslog(reading=False)
    pound.start()
    count = 8000
    threads = [threading.Thread(target=ask_many, args=(pound, count // 4)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT * 6)
        assert not thread.is_alive(), "a stuck syslog holds requests"
    log.reading.set()

    asked = 0

    def all_accounted_for():
        nonlocal asked
        asked += get(pound.port, "/after").status == 200
        lost = [int(n) for line in log.lines
                for n in re.findall(rb" (\d+) (?:records|lines) were (?:lost|dropped)", line)]
        there = sum(b"GET /" in line for line in log.lines)
        assert sum(lost) + there <= count + asked
        return lost and sum(lost) + there >= count
    wait_until(all_accounted_for, "every line to be there or to be counted as lost", scaled(20))


def test_restarted(make):
    """A new socket under the same name is found; nothing is asked of the operator."""
    pound = make()
    log = make.syslog()
    pound.start()
    for number in range(5):
        assert get(pound.port, f"/before{number}").status == 200
        log.wait(b"/before%d " % number)
        log.close()
        assert get(pound.port, "/between").status == 200
        log = make.syslog()

        def asked(number=number, log=log):
            get(pound.port, f"/again{number}")
            return any(b"/again%d " % number in line for line in log.lines)
        wait_until(asked, "the log to go on")


@pytest.mark.needs_root
def test_from_a_jail(make, tmp_path):
    """The master stays outside: no log socket is needed in the jail."""
    jail = tmp_path / "jail"
    jail.mkdir()
    pound = make(f"RootJail: {jail}\n  User: nobody\n  Group: nogroup")
    log = make.syslog()
    pound.start()
    assert get(pound.port, "/jailed").status == 200
    log.wait(rb"GET /jailed")
    log.close()
    log = make.syslog()

    def asked():
        get(pound.port, "/again")
        return any(b"/again" in line for line in log.lines)
    wait_until(asked, "the log to go on")
