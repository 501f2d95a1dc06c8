"""MinRate ends bodies that move too slowly, up or down, and nothing else.

Pound counts bytes over spans of `Client` seconds, and only while it waits for the client. A client
that moves one byte less than required in a span is too slow. A client that moves just enough and
then stops is silent, which has its own reason.
"""

import threading

import pytest

from harness import request, reserve_port, response, wait_until
from harness.config import tls_site

CONFIG = tls_site(listener="Port: $tls; Client: 1; BodyTimeOut: 1; Buffer: 0; MinRate: 1000; Certificates: $pem",
                  plain="Client: 1; BodyTimeOut: 1; Buffer: 0; MinRate: 1000")

LEAST = 1000  # bytes per span of one second
CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(name="start")
def fixture_start(site, certificates):
    def start(**kwargs):
        start.backend = site.backend(**kwargs)
        start.pound = site.pound(CONFIG, web=start.backend.port, tls=(tls := reserve_port()),
                                 pem=certificates["ec"].pem)
        start.tls = tls
        return site.client(start.pound.port)
    return start


def paced(ended, seconds, act):
    """Calls `act` at this interval in a thread, until `ended` is set or the peer closes."""
    def run():
        while not ended.wait(seconds):
            try:
                if not act():
                    return
            except OSError:
                return
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_a_span_of_an_upload(start, site):
    """All clients run at the same time, because each of them takes a span."""
    start()
    cases = {f"/{framing[0]}{size}": (framing, size)
             for framing in ("Content-Length: 5000", CHUNKED) for size in (LEAST - 1, LEAST)}
    clients = {}
    for target, (framing, _) in cases.items():
        clients[target] = site.client(start.pound.port)
        clients[target].send(request("POST", target, framing))
    start.backend.wait_requests(len(cases))
    for target, (framing, size) in cases.items():
        clients[target].send(b"%x\r\n" % size * (framing == CHUNKED) + b"x" * size)
    for target, (_, size) in cases.items():
        got = clients[target].read_response()
        assert (got.status, got.complete, got.field("Connection")) == (408, True, "close")
        record = start.pound.wait_record(target)
        reason = "client_timeout" if size == LEAST else "client_too_slow"
        assert (record["status"], record["reason"]) == ("408", reason)
    for seen in start.backend.requests:
        wait_until(lambda s=seen: not s.complete, "the backend to see the truncated request")


def test_a_trickled_upload_ends(start, site):
    """The client is never silent but too slow. A chunk of one byte counts as one byte."""
    clients = [start(), site.client(start.pound.port)]
    pieces = [b"x", b"1;" + b"e" * 150 + b"\r\nx\r\n"]
    ended = threading.Event()
    for client, framing, piece in zip(clients, ["Content-Length: 5000", CHUNKED], pieces):
        client.send(request("POST", "/", framing))
        paced(ended, 0.1, lambda c=client, p=piece: c.send(p) is None)
    for client in clients:
        assert client.read_response().status == 408
    ended.set()
    assert [r["reason"] for r in start.pound.wait_records(2)] == ["client_too_slow"] * 2


def test_a_slow_upload_that_is_quick_enough_passes(start):
    """The upload has pauses and lasts for more than two spans."""
    client = start()
    client.send(request("POST", "/", "Content-Length: 50000"))
    rest = [10000] * 5
    paced(threading.Event(), 0.5, lambda: client.send(b"x" * rest.pop()) is None and rest)
    got = client.read_response()
    assert (got.status, len(start.backend.requests[0].body)) == (200, 50000)


def read_slowly(start, client, size, seconds=0.2):
    """Reads this much at a time until Pound ends the response, then the rest."""
    count = 0
    ended = threading.Event()

    def take():
        nonlocal count
        data = client.sock.recv(size)
        count += len(data)
        return data
    thread = paced(ended, seconds, take)
    record, = start.pound.wait_records(1)
    ended.set()
    thread.join()
    return record, count


LARGE = 30_000_000  # more than the kernel's buffers hold


@pytest.mark.parametrize("speaks_tls", [False, True], ids=["plain", "tls"])
def test_a_response_that_is_hardly_taken_is_cut(start, site, speaks_tls):
    client = start(handler=lambda _: response(b"x" * LARGE))
    if speaks_tls:
        client = site.tls_client(start.tls, receive_buffer=4096)
    else:
        client = site.client(start.pound.port, receive_buffer=4096)
    client.send(request())
    # Counted at the socket: the client takes whole TLS records from it.
    record, count = read_slowly(start, client, 20)
    assert (record["status"], record["reason"]) in (("200", "client_too_slow"),
                                                    ("200", "client_timeout"))
    assert count < LARGE


def test_a_response_that_is_taken_slowly_passes(start, site):
    """The kernel asks for more only when much of its buffer is free. That is not silence."""
    sent = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(response(b"x" * LARGE))
        sent.set()
        connection.read_until_close()

    start(script=script)
    client = site.client(start.pound.port, receive_buffer=65536)
    client.send(request())
    ended = threading.Event()
    count = 0

    def take():
        nonlocal count
        count += len(client.sock.recv(20000))
        return count < 1000000
    paced(ended, 0.05, take).join()  # 2.5 s at 400 kB/s
    assert start.pound.records() == []
    while data := client.sock.recv(1 << 20):
        count += len(data)
        if sent.is_set() and count > LARGE:
            break
    assert count > LARGE
    assert start.pound.wait_records(1)[0]["reason"] is None


def test_waiting_for_the_backend_does_not_count(start):
    """Here the backend is slow, not the client."""
    go_on = threading.Event()

    def script(connection):
        connection.read_request_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na")
        go_on.wait(1.5)
        connection.send(b"bc")
        connection.read_until_close()

    client = start(script=script)
    assert client.ask().body == b"abc"
