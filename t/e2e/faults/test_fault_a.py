"""Liveness: what makes a backend dead, and how soon it serves again."""

import contextlib
import os
import socket
import subprocess
import time

import pytest

from harness import get, request, response, scaled, wait_until
from harness.config import plain_site

CONFIG = plain_site("Workers: 2; Alive: 60", backends={"web": "TimeOut: 1; Threads: $threads"},
                    listener="Client: 30")


def slow_and_quick(connection):
    while (received := connection.read_request()) is not None:
        if received.target == "/slow":
            connection.read_until_close()
            return
        connection.send(response(b"quick"))


@pytest.mark.parametrize("how", ["silence", "reset"])
def test_fault_A1_one_bad_page_does_not_make_a_backend_dead(site, how):
    def script(connection):
        received = connection.read_request()
        if received is None:
            return  # the probe
        if received.target == "/slow":
            if how == "reset":
                connection.reset()
            else:
                connection.read_until_close()
        else:
            connection.send(response(b"quick", "Connection: close"))

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port, threads=8)
    assert get(pound.port, "/slow").status == (502 if how == "reset" else 504)
    for _ in range(10):
        got = get(pound.port, "/")
        assert (got.status, got.body) == (200, b"quick")
    why = "connection reset" if how == "reset" else "no response in time"
    name = rf"backend web \(127\.0\.0\.1:{backend.port}\)"
    assert len(pound.wait_log(rf"{name} may be dead: {why}; probing it$")) == 1
    assert len(pound.wait_log(rf"{name} accepts connections, so it stays in use$")) == 1
    assert "is dead" not in pound.log()


def test_fault_A1_a_backend_that_stops_during_a_request_is_found_dead(site):
    backend = site.backend(script=slow_and_quick)
    pound = site.pound(CONFIG, web=backend.port, threads=8)
    client = site.client(pound.port)
    client.send(request("GET", "/slow"))
    backend.wait_requests(1)
    backend.refuse()
    assert client.read_response().status == 504
    pound.wait_log(r"backend web .* is dead: Connection refused$")
    assert get(pound.port, "/").status == 503
    assert pound.wait_records(2)[1]["reason"] == "no_backend"


def test_fault_A2_requests_that_wait_for_a_slot_go_on_when_slow_ones_end(site):
    backend = site.backend(script=slow_and_quick)
    config = CONFIG.replace("Alive: 60", "Alive: 3600")
    pound = site.pound(config, web=backend.port, threads=2)
    slow = [site.client(pound.port) for _ in range(2)]
    for client in slow:
        client.send(request("GET", "/slow"))
    backend.wait_requests(2)
    time.sleep(0.5)  # justified: the others come in the second half of TimeOut
    waiting = [site.client(pound.port) for _ in range(6)]
    for client in waiting:
        client.send(request("GET", "/"))
    assert [client.read_response().status for client in slow] == [504, 504]
    assert [client.read_response().body for client in waiting] == [b"quick"] * 6
    assert get(pound.port, "/").body == b"quick"
    assert "is dead" not in pound.log()


def test_fault_A3_a_short_restart_costs_about_a_second(site):
    backend = site.backend(lambda _: response(b"up"))
    pound = site.pound(CONFIG, web=backend.port, threads=8)
    assert get(pound.port).body == b"up"
    backend.refuse()
    backend.disconnect()
    begun = time.monotonic()
    wait_until(lambda: get(pound.port).status == 503, "the backend to be dead")
    time.sleep(0.5)  # justified: the length of the restart
    backend.open()
    wait_until(lambda: get(pound.port).body == b"up", "the backend to be live again")
    assert time.monotonic() - begun < scaled(10)  # far less than Alive
    assert len(pound.wait_log(r"backend web .* is live again after \d+ s$")) == 1


TWO_ADDRESSES = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

// The name two.test has the addresses 127.0.0.2 and 127.0.0.1, in this order.
int getaddrinfo(const char* name, const char* port, const struct addrinfo* hints,
                struct addrinfo** found) {
  int (*real)(const char*, const char*, const struct addrinfo*, struct addrinfo**) =
      dlsym(RTLD_NEXT, "getaddrinfo");
  if (name == NULL || strcmp(name, "two.test") != 0) return real(name, port, hints, found);
  const int error = real("127.0.0.2", port, hints, found);
  return error != 0 ? error : real("127.0.0.1", port, hints, &(*found)->ai_next);
}
"""


@pytest.fixture(name="two_addresses")
def fixture_two_addresses(tmp_path):
    """The environment in which two.test has two addresses."""
    source, shim = tmp_path / "two.c", tmp_path / "two.so"
    source.write_text(TWO_ADDRESSES)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source], check=True)
    asan = os.environ.get("ASAN_OPTIONS", "")
    return dict(os.environ, LD_PRELOAD=str(shim),
                ASAN_OPTIONS=f"{asan}:verify_asan_link_order=0".strip(":"))


@contextlib.contextmanager
def listening_at(host, port, backlog):
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(backlog)
        yield


@contextlib.contextmanager
def silent(host, port):
    """An address where a connect neither succeeds nor fails: its listen queue is full."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(listening_at(host, port, 0))
        while True:
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0.3)
            try:
                filler.connect((host, port))
            except TimeoutError:
                yield
                return


def test_fault_A4_a_silent_address_costs_one_request_one_ConnTO(site, two_addresses):
    backend = site.backend(lambda _: response(b"here", "Connection: close"))
    pound = site.pound(plain_site("Workers: 2; Alive: 60",
                                  backends={"web": "Address: two.test; ConnTO: 2"},
                                  listener="Client: 30"),
                       web=backend.port, popen={"env": two_addresses})
    title = rf"backend web \(two\.test:{backend.port}\)"
    where = rf"127\.0\.0\.2:{backend.port}"
    with silent("127.0.0.2", backend.port):
        durations = []
        for _ in range(20):
            begun = time.monotonic()
            assert get(pound.port).body == b"here"
            durations.append(time.monotonic() - begun)
        *others, longest = sorted(durations)
        assert longest >= 1.9
        assert max(others) < scaled(1.9), durations
        assert len(pound.wait_log(rf"{title} does not answer at {where}: Connection timed out; "
                                  "its other addresses are tried first$")) == 1
    with listening_at("127.0.0.2", backend.port, 16):  # a probe finds it
        assert len(pound.wait_log(rf"{title} answers again at {where}$")) == 1
    assert "dead" not in pound.log()
