"""Liveness: all workers share one verdict on a backend.

Pound logs the death of a backend once, with the reason. test_probes.py tests the recovery.
"""

import os
import threading
import time

import pytest

from harness import Closed, get, proc, request, response, scaled, wait_until
from moody import FALLS, House

HEAVY = os.environ.get("POUND_HEAVY") == "1"


# --- ways to fail ---------------------------------------------------------------------------------
@pytest.mark.parametrize("fall", FALLS)
def test_found_dead_for_a_reason_of_its_own_and_comes_back(site, fall):
    house = House(site)
    reason, statuses = FALLS[fall]
    house.one.fall(fall, site)
    got = house.wait_dead("one", reason)
    assert got[0] in statuses, got
    house.one.rise()
    house.wait_live("one")
    for _ in range(20):  # by any of the workers
        assert get(house.pound.port).body == b"one"
    assert (len(house.lines("dead")), len(house.lines("live again"))) == (1, 1)


def test_again_and_again(site):
    """The backend fails in each way, more than once, and always comes back."""
    house = House(site)
    for _ in range(20 if HEAVY else 2):
        for fall, (reason, _) in FALLS.items():
            before = len(house.lines("dead: "))
            house.one.fall(fall, site)
            house.wait_dead("one", reason, before)
            house.one.rise()
            wait_until(lambda: get(house.pound.port).body == b"one", "the backend to be live again")
    assert get(house.pound.port, "/two").body == b"two"
    assert not house.lines("dead", "two")


@pytest.mark.parametrize("fall", FALLS)
def test_the_other_one_serves_meanwhile(site, fall):
    house = House(site)
    house.one.fall(fall, site)
    house.wait_dead("one", FALLS[fall][0])
    wait_until(lambda: all(get(house.pound.port, "/pair").body == b"two" for _ in range(10)),
               "the other backend to serve alone")


def test_the_verdict_holds_for_all_workers_at_once(site, faults):
    house = House(site, alive=3600, popen={"env": faults.environment})
    workers = house.pound.workers()
    clients = [site.client(house.pound.port) for _ in range(40)]
    for client in clients:
        assert client.ask().body == b"one"
    held = proc.clients(workers, house.pound.port)
    assert {held.get(client.local_port) for client in clients} == set(workers)
    house.one.fall("refuse", site)
    house.wait_dead("one", FALLS["refuse"][0])
    connects = faults.count("connect")
    for client in clients:
        assert client.ask().status == 503
    assert faults.calls(connects) <= 6  # probes after 1, 2, 4, 8, 16, 32 s, and none by requests
    assert len(house.lines("dead")) == 1


def test_found_by_many_at_once_and_told_once(site):
    house = House(site, alive=3600)
    clients = [site.client(house.pound.port) for _ in range(60)]
    house.one.fall("refuse", site)
    for client in clients:
        client.send(request())
    for client in clients:
        assert client.read_response().status == 503
    assert len(house.pound.wait_log(house.line("one", "dead"))) == 1


# --- failures that do not mark a backend dead -----------------------------------------------------
def stays_live(house):
    assert get(house.pound.port).body == b"one"
    assert not house.lines("dead"), house.lines("dead")


def test_a_single_slow_request_among_others(site):
    """The request times out, but the backend answers others meanwhile."""
    house = House(site)
    slow = site.client(house.pound.port)
    slow.send(request("GET", "/as/hang"))
    answered = threading.Event()
    status = []

    def wait():
        status.append(slow.read_response().status)
        answered.set()

    threading.Thread(target=wait, daemon=True).start()
    while not answered.wait(0.1):
        assert get(house.pound.port).body == b"one"
    assert status == [504]
    stays_live(house)


def test_a_slow_request_while_the_backend_sends_a_long_body(site):
    """Bytes of a body also show that the backend is live."""
    house = House(site)
    done = threading.Event()

    def script(connection):
        received = connection.read_request()
        if received.target == "/as/hang":
            connection.read_until_close()
        elif received.target == "/long":
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not done.wait(0.05):
                connection.send(b"4\r\nlong\r\n")
            connection.send(b"0\r\n\r\n")
        else:
            connection.send(response(b"one", "Connection: close"))

    house.one.script = script
    long = site.client(house.pound.port)
    long.send(request("GET", "/long"))
    long.read_head()
    assert long.read_chunk() == b"long"
    assert get(house.pound.port, "/as/hang").status == 504
    done.set()
    long.read_until(b"\r\n0\r\n\r\n")
    stays_live(house)


def test_a_body_that_stops(site):
    house = House(site)

    def script(connection):
        if connection.read_request().target == "/stops":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            connection.read_until_close()
        else:
            connection.send(response(b"one", "Connection: close"))

    house.one.script = script
    assert not get(house.pound.port, "/stops").complete
    stays_live(house)


def test_a_client_that_stops_sending_its_body(site):
    """The backend waits for the rest of the body. No client may mark it dead in this way."""
    house = House(site)
    client = site.client(house.pound.port)
    client.send(request("POST", "/", "Content-Length: 100000", body=b"half" * 20000))
    house.one.wait_requests(1)
    try:
        client.sock.settimeout(scaled(3))
        client.read_response()
    except (AssertionError, Closed):
        pass  # another test checks what this client receives
    stays_live(house)


def test_a_client_that_leaves(site):
    house = House(site)
    client = site.client(house.pound.port)
    client.send(request("GET", "/as/hang"))
    house.one.wait_requests(1)
    client.reset()
    time.sleep(1.2)  # justified: shows that nothing happens after TimeOut
    stays_live(house)


def test_an_orderly_close_without_a_response(site):
    house = House(site)
    assert get(house.pound.port, "/as/leave").status == 502
    stays_live(house)


def test_idle_connections_that_the_backend_ends(site):
    house = House(site)

    def script(connection):
        while connection.read_request() is not None:
            connection.send(response(b"one"))
            time.sleep(0.06)  # justified: the reset must hit or just miss the next request
            connection.reset()
            return

    house.one.script = script
    client = site.client(house.pound.port)
    for pause in range(30):  # some requests before the reset, some after it
        time.sleep(0.04 + pause / 1000)  # justified: tries moments around the reset
        assert client.ask().body == b"one"
    stays_live(house)


def test_garbage_is_a_response(site):
    house = House(site)

    def script(connection):
        if connection.read_request().target == "/garbage":
            connection.send(b"garbage\r\n\r\n")
        else:
            connection.send(response(b"one", "Connection: close"))

    house.one.script = script
    assert get(house.pound.port, "/garbage").status == 502
    stays_live(house)
