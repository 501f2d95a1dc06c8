"""What the kernel is asked for while keep-alive requests pass: a regression shows without a clock.

A request and its response are a read and a write on each side; the epoll_wait before them is shared
by all that became ready at the same time. With one client it is not shared: one for the request,
one for the response.
"""

import re
import shutil
import signal
import subprocess

import pytest

from harness import SANITIZED, TIMEOUT, request
from harness.config import plain_site

REQUESTS = 10000
MOST_PER_REQUEST = 4

CONFIG = plain_site('Workers: 1; AccessLog: "$log"', backends={"web": "Threads: $threads"},
                    listener="Threads: $threads; Client: 120")


def may_trace():
    """Whether strace is here and may look at another process."""
    if not shutil.which("strace"):
        return False
    with subprocess.Popen(["sleep", "60"]) as process:
        tracer = subprocess.Popen(  # pylint: disable=consider-using-with
            ["strace", "-p", str(process.pid)], stderr=subprocess.PIPE, text=True)
        attached = "attached" in tracer.stderr.readline()
        process.kill()
        tracer.communicate(timeout=TIMEOUT)
    return attached


def counts_while(pid, table, block):
    """How often each system call was made by the process while `block()` ran."""
    with subprocess.Popen(["strace", "-c", "-f", "-p", str(pid), "-o", str(table)],
                          stderr=subprocess.PIPE, text=True) as tracer:
        assert "attached" in tracer.stderr.readline()
        block()
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=TIMEOUT)
    lines = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?([a-z_0-9]+)$",
                       table.read_text(), re.M)
    return {name: int(count) for count, name in lines if name != "total"}


@pytest.mark.skipif(SANITIZED, reason="the sanitizers make system calls of their own")
@pytest.mark.skipif(not may_trace(), reason="strace is not installed, or may not trace")
@pytest.mark.parametrize("clients", [1, 16])
@pytest.mark.parametrize("log, threads", [("off", 0), ("combined", 64)])
def test_of_a_keepalive_request(site, demo, tmp_path, clients, log, threads):
    """Clients take turns, all asking before the first reads, so that the loop has several at once."""
    pound = site.pound(CONFIG, web=demo("web"), log=log, threads=threads)
    worker, = pound.workers()
    all_clients = [site.client(pound.port) for _ in range(clients)]
    data = request("GET", "/1k")

    def ask(rounds):
        for _ in range(rounds):
            for client in all_clients:
                client.send(data)
            for client in all_clients:
                assert client.read_response().status == 200
                client.received.clear()

    ask(2)
    rounds = REQUESTS // clients
    made = counts_while(worker, tmp_path / "calls", lambda: ask(rounds))
    requests = rounds * clients
    print(f"{clients} clients, log {log}: {made}")
    waits = made.pop("epoll_wait", 0) + made.pop("epoll_pwait", 0)
    # The doorbell of a master that has gone to sleep: seldom, and never without a log.
    assert made.pop("write", 0) <= (requests // 2 if log == "combined" else 0)
    # A hundred for what is not of a request: connections to the backend, the tick of the loop.
    assert sum(made.values()) <= MOST_PER_REQUEST * requests + 100, made
    # At most one for the request and one for the response; 16 clients share them.
    assert waits <= 2 * requests + 1000, waits
