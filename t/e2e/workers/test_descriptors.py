"""Descriptors: Pound uses all that the system allows, and serves on when they run out."""

import re
import resource
import subprocess
import threading

import pytest

from harness import SANITIZED, TIMEOUT, get, proc, request, response, wait_until
from harness.config import plain_site

CONFIG = plain_site(backends={"web": "TimeOut: 60"}, listener="Client: 60")


def start(site, soft, hard, handler=None):
    return site.pound(CONFIG, web=site.backend(handler or (lambda _: response(b"hello"))).port,
                      popen={"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                                      (soft, hard))})


def limit_of(pid):
    done = subprocess.run(["prlimit", "--pid", str(pid), "--nofile", "--output=SOFT",
                           "--noheadings"], check=True, capture_output=True, text=True)
    return int(done.stdout)


def test_the_limit_is_raised_and_told(site):
    pound = start(site, 256, 1000)
    pound.wait_log(r"each process may open 1000 files$")
    for process in pound.processes():
        assert limit_of(process) == 1000


@pytest.mark.skipif(SANITIZED, reason="the sanitizers need descriptors")
def test_more_clients_than_descriptors(site):
    """Surplus clients wait in the kernel's queue, and Pound serves the others and logs one line."""
    pound = start(site, 80, 80)
    worker, = pound.workers()
    clients = [site.client(pound.port) for _ in range(120)]
    pound.wait_log("three quarters of all descriptors are in use; new clients wait")
    wait_until(lambda: proc.fd_count(worker) >= 60, lambda: f"{proc.fd_count(worker)} descriptors")
    assert proc.fd_count(worker) <= 61
    inside = clients[:20]
    # Each of these needs a new connection to the backend. Pound closes idle ones to make room.
    for _ in range(3):
        for client in inside:
            assert client.ask("POST", "/in", "Content-Length: 0").status == 200
    # A client that leaves makes room for the next one.
    for client in inside:
        client.close()
    for client in clients[20:]:
        assert client.ask("GET", "/later").status == 200
        client.close()
    pound.wait_log("new clients are accepted again")
    assert len(re.findall("new clients wait", pound.log())) == 1
    assert {r["status"] for r in pound.wait_records(160)} == {"200"}
    assert "dead" not in pound.log()
    assert pound.workers() == [worker]


@pytest.mark.skipif(SANITIZED, reason="the sanitizers need descriptors")
def test_more_requests_than_descriptors(site):
    """Requests without a descriptor for the backend get 503; the others continue."""
    go_on = threading.Event()

    def handler(received):
        if received.target == "/slow":
            assert go_on.wait(TIMEOUT)
        return response(b"hello")

    pound = start(site, 64, 64, handler)
    worker, = pound.workers()
    clients = [site.client(pound.port) for _ in range(22)]
    for client in clients:
        client.send(request("GET", "/slow"))
    refused = pound.wait_records(1)
    assert {(r["status"], r["reason"]) for r in refused} == {("503", "no_local_resources")}
    go_on.set()
    answers = [client.read_response().status for client in clients]
    assert set(answers) == {200, 503}
    assert answers.count(503) == len([r for r in pound.wait_records(22) if r["status"] == "503"])
    assert "dead" not in pound.log()
    for client in clients:
        assert client.ask().status == 200
        client.close()
    assert get(pound.port).status == 200
    assert pound.workers() == [worker]
