"""System calls per keep-alive request: these numbers show a regression without a clock.

A request and its response take a read and a write on each side, and a look at the idle connection
that the request goes out on. All sockets that become ready at
the same time share one epoll_wait. With one client there are two: one for the request and one for
the response.
"""

import re
import shutil
import signal
import subprocess

import pytest

from harness import SANITIZED, TIMEOUT, request
from harness.config import plain_site

REQUESTS = 10000
MOST_PER_REQUEST = 5

CONFIG = plain_site('Workers: 1; AccessLog: "$log"', backends={"web": "Threads: $threads"},
                    listener="Threads: $threads; Client: 120")


def may_trace():
    """Whether strace is installed and can attach to another process."""
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
    """{system call: number of calls} of the process while `block()` ran."""
    with subprocess.Popen(["strace", "-c", "-f", "-p", str(pid), "-o", str(table)],
                          stderr=subprocess.PIPE, text=True) as tracer:
        assert "attached" in tracer.stderr.readline()
        block()
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=TIMEOUT)
    lines = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?([a-z_0-9]+)$",
                       table.read_text(), re.M)
    return {name: int(count) for count, name in lines if name != "total"}


@pytest.mark.needs_root
@pytest.mark.skipif(SANITIZED, reason="the sanitizers make system calls of their own")
@pytest.mark.skipif(not may_trace(), reason="strace is not installed or cannot attach")
@pytest.mark.parametrize("clients", [1, 16])
@pytest.mark.parametrize("log, threads", [("off", 0), ("combined", 64)])
def test_of_a_keepalive_request(site, demo, tmp_path, clients, log, threads):
    """All clients send before the first one reads, so that the loop handles several at once."""
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
    # The doorbell of a sleeping master rings rarely, and never without a log.
    assert made.pop("write", 0) <= (requests // 2 if log == "combined" else 0)
    # 100 calls more for other tasks: connections to the backend, the tick of the loop.
    assert sum(made.values()) <= MOST_PER_REQUEST * requests + 100, made
    # At most one for the request and one for the response; 16 clients share them.
    assert waits <= 2 * requests + 1000, waits
