"""Exchanges in flight during a reload continue until they end or `Grace` is over."""

import threading
import time

import pytest

from harness import (TIMEOUT, Closed, TlsClient, get, proc, request, reserve_port, response,
                     wait_until)
from harness.config import tls_site
from harness.flows import KINDS, KeepAlive, SlowPost, long_requests
from harness.status import read_status

CONFIG = tls_site("Workers: 2; Grace: $grace", backends={"web": "Threads: $threads; TimeOut: 60"},
                  listener="Port: $secure; Client: 60; Certificates: $pem", plain="Client: 60")

LASTING = [kind for kind in KINDS if kind is not KeepAlive]
each_kind = pytest.mark.parametrize("kind", LASTING, ids=lambda kind: kind.__name__)


@pytest.fixture(name="start")
def fixture_start(site, certificates):
    def start(script=long_requests, grace=600, threads=0):
        start.backend = site.backend(script=script)
        start.secure = reserve_port()
        return site.pound(CONFIG, web=start.backend.port, grace=grace, threads=threads,
                          secure=start.secure, pem=certificates["ec"].pem)
    return start


def begin(kind, pound):
    """A flow in progress, and the worker that serves it."""
    flow = kind(pound.port)
    for _ in range(3):
        flow.step()
    owner = wait_until(lambda: proc.owner_of_connection(pound.workers(), pound.port,
                                                        flow.client.local_port),
                       "a worker to accept the connection")
    return flow, owner


def wait_accepted(pound, clients):
    ports = {client.local_port for client in clients}
    wait_until(lambda: ports <= set(proc.clients(pound.workers(), pound.port)),
               "Pound to accept all connections")


@each_kind
def test_it_goes_on_over_several_reloads(start, kind):
    pound = start()
    flow, owner = begin(kind, pound)
    for number in (2, 3, 4):
        old = [worker for worker in pound.workers() if worker != owner]
        assert pound.reload().generation == number
        for _ in range(3):
            flow.step()
        wait_until(lambda old=old: not set(old) & set(pound.workers()),
                   "the old workers without clients to leave")
        assert owner in pound.workers()
        assert get(pound.port, "/else").status == 200
    flow.step()
    flow.finish()
    pound.wait_workers(gone=[owner])
    assert not any(record["reason"] == "grace_over" for record in pound.records())


@each_kind
def test_over_tls(start, kind):
    pound = start()
    flow = kind(start.secure, TlsClient)
    flow.step()
    old = pound.workers()
    pound.reload()
    for _ in range(3):
        flow.step()
    flow.finish()
    pound.wait_workers(gone=old)


@each_kind
def test_grace_ends_it(start, kind):
    """Pound closes, counts and records the flow, and no old worker is left."""
    pound = start(grace=1)
    flow, owner = begin(kind, pound)
    old = pound.workers()
    pound.reload()
    with pytest.raises((Closed, ConnectionError, AssertionError)):
        while True:
            flow.step()
            time.sleep(0.02)  # justified: an upload must last for longer than Grace
    flow.close()
    assert owner not in pound.wait_workers(gone=old)
    pound.wait_log(r"\b1 clients? (was|were) cut off: Grace is over")
    record = wait_until(lambda: [r for r in pound.records() if r["reason"] == "grace_over"],
                        lambda: "the record of the flow:\n" + pound.log())
    assert len(record) == 1 and int(record[0]["pid"]) == owner
    assert get(pound.port).status == 200


def test_all_that_grace_ends_are_counted(start):
    pound = start(grace=1)
    flows = [kind(pound.port) for kind in LASTING for _ in range(5)]
    for flow in flows:
        flow.step()
    old = pound.workers()
    pound.reload()
    pound.wait_workers(gone=old)
    lines = pound.wait_log(r"cut off: Grace is over", 2)
    assert sum(int(line.split("]: ")[1].split()[0]) for line in lines) == len(flows)
    assert sum(r["reason"] == "grace_over" for r in pound.records()) == len(flows)
    for flow in flows:
        flow.close()


def test_idle_clients_are_closed(start):
    pound = start()
    clients = [KeepAlive(pound.port) for _ in range(20)]
    for client in clients:
        client.step()
    old = pound.workers()
    pound.reload()
    for client in clients:
        assert client.client.closes()
    pound.wait_workers(gone=old)
    for client in clients:
        client.step()
        client.finish()


def test_a_connection_without_a_request_is_served(start, site):
    """The old generation still serves a connection that it has accepted."""
    pound = start()
    clients = [site.client(pound.port) for _ in range(20)]
    wait_accepted(pound, clients)
    pound.reload()
    for client in clients:
        client.send(request())
        assert client.read_response().status == 200


def test_half_a_head_is_waited_for(start, site):
    pound = start()
    clients = [site.client(pound.port) for _ in range(10)]
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\nHost: www.exam")
    wait_accepted(pound, clients)
    pound.reload()
    for client in clients:
        client.send(b"ple.com\r\n\r\n")
        got = client.read_response()
        assert (got.status, got.field("Connection")) == (200, "close")


def test_what_is_asked_on_a_kept_connection_is_answered(start, site):
    """The next requests are already in the sockets when the old workers begin to drain."""
    pound = start()
    clients = [site.client(pound.port) for _ in range(200)]
    for client in clients:
        assert client.ask().status == 200
    reloading = threading.Thread(target=pound.reload, daemon=True)
    for client in clients[:100]:
        client.send(request())
    reloading.start()
    for client in clients[100:]:
        try:
            client.send(request())
        except ConnectionError:
            client.close()  # Pound had closed it before the client sent this
    for client in clients[:100]:
        assert client.read_response().status == 200
    reloading.join()


def test_a_100_that_is_still_to_come(start, site):
    asked, go_on = threading.Event(), threading.Event()

    def script(connection):
        head = connection.read_request_head()
        if not head.field("Expect"):
            connection.send(response())
            return
        asked.set()
        assert go_on.wait(TIMEOUT)
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.send(response(b"got " + connection.read_body(head).body))

    pound = start(script)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Expect: 100-continue", "Content-Length: 5"))
    assert asked.wait(TIMEOUT)
    pound.reload()
    go_on.set()
    assert client.read_head().status == 100
    client.send(b"hello")
    got = client.read_response()
    assert (got.body, got.field("Connection")) == (b"got hello", "close")


def test_a_large_answer_to_a_slow_reader(start, site):
    size = 8 << 20

    def script(connection):
        while connection.read_request_head():
            connection.send(response(b"x" * size))

    pound = start(script)
    client = site.client(pound.port, receive_buffer=65536)
    client.send(request())
    assert client.read_head().status == 200
    pound.reload()
    assert client.read_exactly(size) == b"x" * size
    client.send(request())
    assert client.read_head().field("Connection") == "close"


def test_a_connection_is_ended_after_the_answer(start):
    """The response has Connection: close, and then no old worker is left."""
    pound = start()
    post = SlowPost(pound.port)
    post.step()
    old = pound.workers()
    pound.reload()
    post.client.send(post.body[post.sent:])
    got = post.client.read_response()
    assert (got.body, got.field("Connection")) == (post.body, "close")
    assert post.client.closes()
    pound.wait_workers(gone=old)
    post.close()


def test_a_request_that_waits_in_the_old_generation_is_served(start, site):
    """Both generations share the slots, and each gets its turn.

    The order of arrival is not asserted: a worker that the machine keeps from running for two
    periods of the wait queue loses its turn to another one.
    """
    order, go_on = [], threading.Semaphore(0)

    def script(connection):
        while head := connection.read_request():
            order.append(head.target)
            assert go_on.acquire(timeout=TIMEOUT)
            connection.send(response(head.target.encode()))

    pound = start(script, threads=1)
    targets = [f"/old{n}" for n in range(4)] + [f"/new{n}" for n in range(3)]
    clients = []
    for target in targets:
        if target == "/new0":
            pound.reload()
        client = site.client(pound.port)
        client.send(request("GET", target))
        clients.append(client)
        wait_until(lambda: read_status(pound).one("backend")["waiting"] == len(clients) - 1,
                   f"{target} to wait for the slot or to get it")
    for count in range(len(targets)):
        start.backend.wait_requests(count + 1)
        assert len(order) == count + 1
        go_on.release()
    for client, target in zip(clients, targets):
        assert client.read_response().body == target.encode()
    assert sorted(order) == sorted(targets)
