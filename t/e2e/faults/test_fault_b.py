"""Slots: clients that are slow or silent take no backend from other clients (every key at its
default, unless the test is about that key)."""

import re
import threading
import types

import pytest

from harness import Closed, request, response, wait_until
from harness.status import read_status

CONFIG = """
Global:
  Workers: 2
Backends:
  - &web
    Address: 127.0.0.1
    Port: $web
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    KEYS
    Services:
      - Backends: [*web]
"""
DEFAULTS = CONFIG.replace("    KEYS\n", "")
BODIES = {"/big": b"b" * 100 * 1024, "/huge": b"h" * 30_000_000}
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
TUNNEL = request("GET", "/tunnel", "Connection: Upgrade", "Upgrade: echo")


@pytest.fixture
def held():
    """Ends what the backend holds."""
    event = threading.Event()
    yield event
    event.set()


def script(held):
    """A backend whose answer depends on the target."""
    def run(connection):
        while True:
            try:
                asked = connection.read_request()
            except Closed:
                return
            if asked is None:
                return
            if asked.target == "/tunnel":
                connection.send(SWITCH)
                held.wait()
                return
            if asked.target == "/events":
                connection.send(EVENTS)
                held.wait()
                return
            if asked.target == "/hold":
                held.wait()
            connection.send(response(BODIES.get(asked.target, b"ok")))
    return run


def sources(count):
    return [f"127.0.{i // 250 + 1}.{i % 250 + 1}" for i in range(count)]


def is_served(site, pound):
    """Another client gets its page within a second."""
    client = site.client(pound.port)
    client.sock.settimeout(5)
    assert client.ask("GET", "/page").body == b"ok"


def test_fault_B1_tunnels_hold_no_slot(site, held):
    pound = site.pound(DEFAULTS, web=site.backend(script=script(held)).port)
    for _ in range(16):
        client = site.client(pound.port)
        client.send(TUNNEL)
        assert client.read_response().status == 101
    is_served(site, pound)


def test_fault_B1_event_streams_hold_no_slot(site, held):
    pound = site.pound(DEFAULTS, web=site.backend(script=script(held)).port)
    for _ in range(16):
        client = site.client(pound.port)
        client.send(request("GET", "/events"))
        assert client.read_head().status == 200
    is_served(site, pound)


def test_fault_B1_streams_have_a_limit(site, held):
    pound = site.pound(CONFIG.replace("KEYS", "MaxStreams: 1"),
                       web=site.backend(script=script(held)).port)
    first, second = site.client(pound.port), site.client(pound.port)
    first.send(TUNNEL)
    assert first.read_response().status == 101
    for ask in (TUNNEL, request("GET", "/events")):
        second.send(ask)
        got = second.read_response()
        assert (got.status, got.field("Retry-After")) == (503, "1")
    assert [one["reason"] for one in pound.wait_records(2)] == ["streams_full"] * 2
    line, = pound.wait_log("MaxStreams is reached")
    assert line.endswith(f"listener 127.0.0.1:{pound.port}: MaxStreams is reached: 1 tunnels and "
                         "event streams are open; others get 503")
    first.reset()
    pound.wait_records(3)
    second.send(TUNNEL)
    assert second.read_response().status == 101


def test_fault_B1_a_silent_stream_ends(site, held):
    pound = site.pound(CONFIG.replace("KEYS", "StreamTimeOut: 1"),
                       web=site.backend(script=script(held)).port)
    tunnel, events = site.client(pound.port), site.client(pound.port)
    tunnel.send(TUNNEL)
    assert tunnel.read_response().status == 101
    events.send(request("GET", "/events"))
    assert events.read_head().status == 200
    assert tunnel.closes()
    assert events.read_until_close() == b"", "the end of a stream that was cut looks like its end"
    assert {one["reason"] for one in pound.wait_records(2)} == {"stream_timeout"}


@pytest.mark.parametrize("spread", [False, True], ids=["one address", "200 addresses"])
def test_fault_B2_slow_uploads_hold_no_slot(site, held, spread):
    pound = site.pound(DEFAULTS, web=site.backend(script=script(held)).port)
    for source in sources(200):
        client = site.client(pound.port, source=source if spread else None)
        client.send(request("POST", "/up", "Content-Length: 48") + b"slow")
    is_served(site, pound)


@pytest.mark.parametrize("spread", [False, True], ids=["one address", "200 addresses"])
def test_fault_B2_slow_readers_hold_no_slot(site, held, spread):
    backend = site.backend(script=script(held))
    pound = site.pound(DEFAULTS, web=backend.port)
    for source in sources(200):
        client = site.client(pound.port, receive_buffer=4096, source=source if spread else None)
        client.send(request("GET", "/big"))
    is_served(site, pound)


@pytest.mark.parametrize("spread", [False, True], ids=["one address", "200 addresses"])
def test_fault_B2_other_clients_pass_bodies_that_trickle_behind_Buffer(site, held, spread):
    """Bodies longer than `Buffer` hold at most half of the slots."""
    backend = site.backend(script=script(held))
    pound = site.pound(DEFAULTS, web=backend.port)
    for source in sources(200):
        client = site.client(pound.port, source=source if spread else None)
        client.send(request("POST", "/up", "Content-Length: 200000") + bytes(100 * 1024))
    backend.wait_connections(4)
    for _ in range(3):
        is_served(site, pound)
    assert not [one for one in pound.records() if "/up" in one["request"]], "senders were ended"


def test_fault_B2_slow_readers_of_long_responses_hold_half_of_the_slots(site, held):
    """Others wait a second or so: then the readers of the other half have taken too little."""
    backend = site.backend(script=script(held))
    pound = site.pound(DEFAULTS, web=backend.port)
    for source in sources(8):
        client = site.client(pound.port, receive_buffer=4096, source=source)
        client.send(request("GET", "/huge"))
    wait_until(lambda: in_service(pound) == 8, "eight readers")
    is_served(site, pound)
    reasons = [one["reason"] for one in pound.records() if "/huge" in one["request"]]
    assert set(reasons) == {"client_too_slow"}
    assert len(reasons) <= 4, "half of the slots are left to slow readers"


def test_fault_B2_a_client_with_half_of_the_slots_lets_others_pass(site):
    """One address holds all slots and fills the queue. The next free slot is another client's."""
    turns = threading.Semaphore(0)
    backend = site.backend(script=script(types.SimpleNamespace(wait=turns.acquire)))
    pound = site.pound(CONFIG.replace("KEYS", "Threads: 4"), web=backend.port)
    hogs = [site.client(pound.port, source="127.0.0.2") for _ in range(20)]
    for client in hogs:
        client.send(request("GET", "/hold"))
    wait_until(lambda: waiting(pound) == 16, "16 requests to wait")
    other = site.client(pound.port)
    other.send(request("GET", "/page"))
    wait_until(lambda: waiting(pound) == 17, "the other client to wait")
    turns.release()
    assert other.read_response().body == b"ok"
    targets = [one.target for one in backend.requests]
    assert targets[:5] == ["/hold"] * 4 + ["/page"]
    for _ in hogs:
        turns.release()
    assert [client.read_response().status for client in hogs] == [200] * 20


def test_fault_B3_the_queue_has_a_length(site, held):
    pound = site.pound(CONFIG.replace("KEYS", "Threads: 1; QueueLength: 2".replace("; ", "\n    ")),
                       web=site.backend(script=script(held)).port)
    clients = [site.client(pound.port) for _ in range(3)]
    for client in clients:
        client.send(request("GET", "/hold"))
    listener = f"listener 127.0.0.1:{pound.port}"

    def is_full():
        got = site.client(pound.port).ask("GET", "/hold") if waiting(pound) == 2 else None
        return got
    got = wait_until(is_full, "two requests to wait")
    assert (got.status, got.field("Retry-After")) == (503, "1")
    record, = pound.wait_records(1)
    assert (record["status"], record["reason"]) == ("503", "queue_full")
    line, = pound.wait_log("QueueLength is reached")
    assert line.endswith(f"{listener}: QueueLength is reached: 1 requests (Threads) are in service "
                         "here, 2 wait; others get 503")
    held.set()
    assert [client.read_response().status for client in clients] == [200] * 3


def waiting(pound):
    """How many requests wait at the listener, from a status dump."""
    return read_status(pound).one("listener")["waiting"]


def in_service(pound):
    return read_status(pound).one("listener")["in_service"]


def test_fault_B3_waiting_has_a_deadline(site, held):
    pound = site.pound(CONFIG.replace("KEYS", "Threads: 1; QueueTimeOut: 1".replace("; ", "\n    ")),
                       web=site.backend(script=script(held)).port)
    site.client(pound.port).send(request("GET", "/hold"))
    got = wait_until(lambda: (lambda r: r if r.status == 503 else None)(
        site.client(pound.port).ask("GET", "/page")), "a request that waits in vain")
    assert got.field("Retry-After") == "1"
    record = wait_until(lambda: [one for one in pound.records() if one["status"] == "503"],
                        "the record of the request that waited in vain")[0]
    assert record["reason"] == "queue_timeout"
    pound.wait_log("QueueTimeOut is reached")


def test_fault_B4_clients_that_leave_the_queue_are_not_served(site, held):
    backend = site.backend(script=script(held))
    pound = site.pound(CONFIG.replace("KEYS", "Threads: 1"), web=backend.port)
    first = site.client(pound.port)
    first.send(request("GET", "/hold"))
    backend.wait_requests(1)
    clients = [site.client(pound.port) for _ in range(20)]
    for client in clients:
        client.send(request("GET", "/gone"))
    wait_until(lambda: waiting(pound) == 20, "all clients to wait")
    for client in clients:
        client.close()
    records = pound.wait_records(20)
    assert {(one["status"], one["reason"]) for one in records} == {("499", "client_closed")}
    held.set()
    assert first.read_response().status == 200
    is_served(site, pound)
    assert [one.target for one in backend.requests] == ["/hold", "/page"]
    assert re.search("panic", pound.log()) is None
