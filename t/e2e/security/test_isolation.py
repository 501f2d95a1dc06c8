"""What a worker has: no terminal, no file, no child, no tracer, and only the descriptors it needs."""

import collections
import os
import pty
import re
import signal
import subprocess

import pytest

from harness import SANITIZED, get, proc, reserve_port, wait_until
from harness.config import plain_site, tls_site

CONFIG = plain_site("Workers: 2; $more")
without_sanitizers = pytest.mark.skipif(
    SANITIZED, reason="sanitizers keep standard error, files and children")


def kinds(pid):
    """{kind of descriptor: number}, without the numbers of sockets and pipes."""
    return collections.Counter(re.sub(r":?\[\d+\]", "", name) for name in proc.fds(pid).values())


def check_descriptors(pound, sockets):
    for worker in pound.workers():
        # A worker opens all that it will need, and only then sets its filter.
        wait_until(lambda pid=worker: proc.status(pid)["Seccomp"] == "2", "the worker's filter")
        names = proc.fds(worker)
        assert [names.get(fd) for fd in range(3)] == ["/dev/null"] * 3
        found = kinds(worker)
        # Also what wakes the master, what wakes this worker, and for each row what wakes its
        # process; there are a few rows more than workers.
        assert sockets + 2 + 2 <= found.pop("socket") <= sockets + 2 + 2 * 8
        # libevent makes a pipe for signals, whether it gets any or not.
        assert found == {"/dev/null": 3, "anon_inode:[eventpoll]": 1, "anon_inode:[signalfd]": 1,
                         "pipe": 2}


@without_sanitizers
@pytest.mark.needs_root
@pytest.mark.parametrize("background", [False, True])
def test_a_worker_has_no_descriptor_that_it_does_not_need(site, background):
    pound = site.pound(CONFIG, web=reserve_port(), more=f"LogSocket: {site.directory}/none",
                       background=background, args=() if background else ("-F",))
    check_descriptors(pound, 1 + 2)  # the control socket and a listening socket of each slot


@without_sanitizers
@pytest.mark.needs_root
def test_nor_after_a_reload_and_a_death(site, certificates):
    pound = site.pound(tls_site("Workers: 2"), web=reserve_port(), pem=certificates["ec"].pem)
    old = pound.workers()
    pound.reload()
    new = pound.wait_workers(gone=old)
    pound.wait_grown_up()
    os.kill(new[0], signal.SIGKILL)
    pound.wait_workers(gone=[new[0]])
    check_descriptors(pound, 1 + 2)


@pytest.mark.needs_root
def test_it_is_limited_for_good(site):
    pound = site.pound(CONFIG, web=reserve_port(), more="User: nobody")
    for worker in pound.workers():
        assert proc.limit(worker, "core file size") == ("0", "0")
        if not SANITIZED:
            assert proc.limit(worker, "file size") == ("0", "0")
            assert proc.limit(worker, "processes") == ("0", "0")
            assert proc.status(worker)["Seccomp"] == "2"
        assert os.stat(f"/proc/{worker}/fd").st_uid == 0  # root's: the process is not dumpable


def test_it_has_no_terminal(site):
    """In the foreground, on a terminal: the workers leave it, and the log still goes there."""
    master, terminal = pty.openpty()

    def take_terminal():
        os.setsid()
        os.close(os.open(os.ttyname(0), os.O_RDWR))
        os.dup2(0, 1)
        os.dup2(0, 2)

    pound = site.prepare(CONFIG, web=site.backend().port, more="")
    try:
        pound.process = subprocess.Popen(  # pylint: disable=consider-using-with
            pound.command, stdin=terminal, preexec_fn=take_terminal)
        pound.master = pound.process.pid
        text = b""
        while b"ready: listening" not in text:
            text += os.read(master, 4096)
        workers = pound.wait_workers()
        sessions = {pid: proc.session(pid) for pid in [pound.master, *workers]}
        assert sessions == {pid: pid for pid in [pound.master, *workers]}
        assert proc.terminal(pound.master) != 0
        assert [proc.terminal(worker) for worker in workers] == [0, 0]
        assert get(pound.port).status == 200
    finally:
        pound.finish()
        os.close(master)
        os.close(terminal)
