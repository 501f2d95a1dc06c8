"""System calls that fail at run time: Pound goes on, logs the failure and blames the right side."""

import contextlib
import errno
import os
import re
import signal
import time

import pytest

from harness import SANITIZED, TIMEOUT, Client, get, proc, request, response, wait_until
from harness.config import plain_site

HEAVY = os.environ.get("POUND_HEAVY") == "1"

CONFIG = plain_site(
    "Workers: $workers; Alive: 1", backends={"web": "", "other": ""}, listener="Client: 30",
    services="""
    - URL: "^/one"
      Backends: [*web]
    - Backends: [*web, *other]
""")


def start(site, faults, workers=1, **how):
    def answer(_):
        return response(b"hello")
    return site.pound(CONFIG, workers=workers, web=site.backend(answer).port,
                      other=site.backend(answer).port, popen={"env": faults.environment}, **how)


def kill_worker(pound):
    victim = pound.workers()[0]
    pound.wait_grown_up(victim)
    os.kill(victim, signal.SIGKILL)
    return victim


# --- new workers ----------------------------------------------------------------------------------

@pytest.mark.parametrize("call, error, words", [
    ("fork", errno.EAGAIN, "cannot fork a worker: Resource temporarily unavailable"),
    ("socketpair", errno.EMFILE, "cannot make a control socket: Too many open files"),
])
def test_a_worker_that_cannot_be_born_is_tried_again(site, faults, call, error, words):
    pound = start(site, faults, workers=2)
    faults.order(call, error, pid=pound.master)
    victim = kill_worker(pound)
    pound.wait_log(rf"worker \d cannot be started again: {words}")
    for _ in range(10):
        assert get(pound.port).status == 200
    pound.wait_workers(gone=[victim])
    assert get(pound.port).status == 200


@pytest.mark.parametrize("call, error, words", [
    ("signalfd", errno.EMFILE,
     "the worker cannot start: cannot make a signalfd: Too many open files"),
    ("epoll_ctl", errno.ENOMEM,
     "the worker cannot start: the event loop cannot watch a descriptor: Cannot allocate memory"),
])
def test_a_worker_that_fails_at_its_birth_is_replaced(site, faults, call, error, words):
    pound = start(site, faults, workers=2)
    faults.order(call, error, after=2 if call == "epoll_ctl" else 0)
    victim = kill_worker(pound)
    pound.wait_log(words)
    pound.wait_workers(gone=[victim])
    pound.wait_log(r"worker \d \(pid \d+\) exited with status 1")
    assert get(pound.port).status == 200


# --- accepting ------------------------------------------------------------------------------------

@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM],
                         ids=errno.errorcode.get)
def test_accepting_rests_and_is_told_once(site, faults, error):
    pound = start(site, faults)
    before = site.client(pound.port)
    assert before.ask().status == 200
    faults.order("accept4", error, times=3)
    late = site.client(pound.port)
    late.send(request())
    assert before.ask().status == 200
    faults.wait_struck(3)
    assert late.read_response().status == 200
    line, = pound.wait_log("cannot accept")
    assert re.search(rf"listener 127\.0\.0\.1:{pound.port}: cannot accept: {os.strerror(error)}; "
                     "new clients wait$", line)
    pound.wait_log(rf"listener 127\.0\.0\.1:{pound.port}: new clients are accepted again$")
    # Pound logs the next shortage again.
    faults.clear()
    faults.order("accept4", error)
    assert get(pound.port).status == 200
    pound.wait_log("cannot accept", count=2)


@pytest.mark.parametrize("error", [errno.ECONNABORTED, errno.EINTR, errno.EPROTO, errno.EPERM],
                         ids=errno.errorcode.get)
def test_a_client_that_is_gone_before_it_was_accepted(site, faults, error):
    pound = start(site, faults)
    faults.order("accept4", error)
    for _ in range(5):
        assert get(pound.port).status == 200
    assert "accept" not in pound.log()


def test_a_client_that_the_event_loop_does_not_take(site, faults):
    pound = start(site, faults)
    faults.order("epoll_ctl", errno.ENOSPC)
    assert site.client(pound.port).closes()
    assert get(pound.port).status == 200
    assert len(pound.workers()) == 1


# --- connecting -----------------------------------------------------------------------------------

def last_reason(pound, count):
    return pound.wait_records(count)[-1]["reason"]


@pytest.mark.parametrize("call, error", [
    ("socket", errno.EMFILE), ("socket", errno.ENFILE), ("socket", errno.ENOBUFS),
    ("socket", errno.ENOMEM), ("connect", errno.EADDRNOTAVAIL), ("connect", errno.ENOBUFS),
    ("connect", errno.EAGAIN), ("epoll_ctl", errno.ENOSPC), ("epoll_ctl", errno.ENOMEM),
], ids=lambda value: errno.errorcode.get(value, value))
def test_what_is_short_here_is_not_the_backends_fault(site, faults, call, error):
    pound = start(site, faults)
    with Client(pound.port) as client:
        wait_until(lambda: proc.owner_of_connection(pound.workers(), pound.port, client.local_port),
                   "the client to be accepted")
        faults.order(call, error)
        assert client.ask("POST", "/one", "Content-Length: 0").status == 503
        assert last_reason(pound, 1) == "no_local_resources"
        assert client.ask("POST", "/one", "Content-Length: 0").status == 200
    assert "dead" not in pound.log()


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE], ids=errno.errorcode.get)
def test_idle_connections_make_room(site, faults, error):
    pound = start(site, faults)
    with Client(pound.port) as client:
        assert client.ask("GET", "/one").status == 200  # its connection to the backend is now idle
        faults.order("socket", error)
        assert client.ask("POST", "/one", "Content-Length: 0").status == 200


@pytest.mark.parametrize("error", [errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH,
                                   errno.ETIMEDOUT], ids=errno.errorcode.get)
def test_what_is_the_backends_fault(site, faults, error):
    """Another backend serves; if there is none, the record says so."""
    pound = start(site, faults)
    faults.order("connect", error, times=2)
    assert get(pound.port, "/two").status == 503  # both have failed
    assert last_reason(pound, 1) == "no_backend"
    lines = pound.wait_log(f"is dead: {os.strerror(error)}", count=2)
    assert len(lines) == 2
    pound.wait_log("is live again", count=2)
    assert get(pound.port, "/two").status == 200
    faults.clear()
    faults.order("connect", error)
    with Client(pound.port) as client:  # a POST uses a new connection to the backend
        assert client.ask("POST", "/two", "Content-Length: 0").status == 200


def test_a_probe_without_a_descriptor_comes_again(site, faults):
    pound = start(site, faults)
    faults.order("connect", errno.ECONNREFUSED)
    assert get(pound.port, "/one").status == 503
    faults.order("socket", errno.EMFILE)
    faults.wait_struck(number=1)
    pound.wait_log("is live again")
    assert get(pound.port, "/one").status == 200


# --- memory ---------------------------------------------------------------------------------------

@pytest.mark.skipif(SANITIZED, reason="AddressSanitizer has its own operator new")
def test_a_worker_without_memory_dies_in_words_and_is_replaced(site, faults):
    pound = start(site, faults, workers=2)
    pound.wait_grown_up()
    victim = pound.workers()[0]
    faults.order("new", errno.ENOMEM, pid=victim)
    deadline = time.monotonic() + TIMEOUT
    while not faults.struck() and time.monotonic() < deadline:
        with Client(pound.port) as client:
            client.send(request("GET", "/" + "a" * 100, "Cookie: " + "b" * 100))
            try:
                client.read_response()
            except Exception:  # pylint: disable=broad-except
                pass
    pound.wait_log(rf"pound\[{victim}\]: the worker cannot go on: std::bad_alloc")
    pound.wait_log(rf"worker \d \(pid {victim}\) exited with status 1")
    pound.wait_workers(gone=[victim])
    assert get(pound.port).status == 200


@pytest.mark.skipif(SANITIZED, reason="AddressSanitizer has its own operator new")
def test_the_master_survives_without_memory(site, faults):
    """Whichever allocation fails, the master lives, replaces workers and accepts a reload."""
    pound = start(site, faults, workers=2)
    struck = 0
    for after in range(240) if HEAVY else (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
        faults.clear()
        faults.order("new", errno.ENOMEM, pid=pound.master, after=after, times=2)
        for number in (signal.SIGUSR1, signal.SIGHUP):
            pound.signal(number)
        # The reload replaces the workers meanwhile: the list may name some that have just gone.
        victim = wait_until(pound.workers, "a worker")[0]
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        pound.wait_workers(gone=[victim])
        assert get(pound.port).status == 200
        struck += faults.struck()
    faults.clear()
    assert struck > 12
    assert pound.is_running()
    before = len(re.findall("generation [0-9]+ active", pound.log()))
    pound.signal(signal.SIGHUP)
    pound.wait_log("generation [0-9]+ active", count=before + 1)
    pound.wait_workers()
    assert get(pound.port).status == 200
