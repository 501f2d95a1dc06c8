"""MaxRequest: 413 before anything reaches a backend, or before the body looks complete there.

A client that is still sending can read the page: Pound reads and drops the rest of the upload,
within bounds.
"""

import os

import pytest

from harness import (Client, TlsClient, chunked, proc, request, reserve_port, response, scaled,
                     wait_until)
from harness.config import tls_site
from harness.flood import BLOCK, Sender

HEAVY = os.environ.get("POUND_HEAVY")

CONFIG = tls_site("Workers: 1; Err413: $dir/413.html",
                  listener="Port: $tls; MaxRequest: 100K; Buffer: 0; Certificates: $pem",
                  plain="MaxRequest: 100K; Buffer: 0")

LIMIT = 100 * 1024
GIB = 1 << 30
PAGE = b"<p>too long</p>" * 2000  # more than one TCP segment
CHUNKED = "Transfer-Encoding: chunked"


def start(site, certificates, backend):
    pound = site.prepare(CONFIG, web=backend.port, tls=(tls := reserve_port()),
                         pem=certificates["ec"].pem)
    (pound.directory / "413.html").write_bytes(PAGE)
    pound.tls_port = tls
    return pound.start()


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site, certificates):
    backend = shared_site.backend()
    return start(shared_site, certificates, backend), backend


def is_page(got):
    assert (got.status, got.body, got.complete) == (413, PAGE, True)
    assert got.field("Connection") == "close"
    return True


@pytest.mark.parametrize("length", [LIMIT + 1, GIB, 2**63 - 1])
def test_a_length_is_judged_before_the_body(where, length):
    pound, backend = where
    with Client(pound.port) as client:
        client.send(request("POST", "/", f"Content-Length: {length}"))
        assert is_page(client.read_response())
        assert client.closes()
    assert backend.connections == []


@pytest.mark.parametrize("length", [LIMIT + 1, GIB])
def test_a_client_with_expect_gets_no_100(where, length):
    pound, backend = where
    with Client(pound.port) as client:
        client.send(request("PUT", "/", "Expect: 100-continue", f"Content-Length: {length}"))
        got = client.read_response()
        assert is_page(got) and got.interim == []
    assert backend.connections == []


def test_a_chunk_is_judged_by_its_size(site, certificates):
    """No byte of a chunk that is too large reaches the backend, and no end of the body."""
    backend = site.backend(script=lambda connection: connection.read_until_close())
    pound = start(site, certificates, backend)
    client = site.client(pound.port)
    client.send(request("POST", "/", CHUNKED) + b"3\r\nabc\r\n")
    wait_until(lambda: b"abc" in backend.bytes_received, "the first chunk at the backend")
    client.send(b"%x\r\nEVIL" % (LIMIT - 2))
    assert is_page(client.read_response())
    assert client.closes()
    wait_until(lambda: backend.connections[0].sock.fileno() < 0, "the connection to close")
    assert backend.bytes_received.endswith(b"\r\n\r\n3\r\nabc\r\n")
    record, = pound.wait_records(1)
    assert (record["status"], record["backend"], record["reason"]) == ("413", "web",
                                                                       "body_too_long")


@pytest.mark.parametrize("piece", [1, 1000, LIMIT])
def test_chunks_are_counted_together(site, certificates, piece):
    """The last chunk has one byte too many. The backend never receives a complete body."""
    backend = site.backend()
    pound = start(site, certificates, backend)
    pieces = [b"x" * piece] * (LIMIT // piece) + [b"x" * (LIMIT % piece)]
    client = site.client(pound.port)
    client.send(request("POST", "/", CHUNKED, body=chunked(*pieces)))
    assert client.read_response().status == 200
    assert len(backend.requests[0].body) == LIMIT
    client.send(request("POST", "/", CHUNKED, body=chunked(*pieces, b"x")))
    assert is_page(client.read_response())
    assert client.closes()
    for seen in backend.requests[1:]:
        wait_until(lambda s=seen: not s.complete, "the backend to see the truncated request")


def test_a_response_that_has_begun_is_cut(site, certificates):
    """The client would take an error page for a part of the response."""
    def script(connection):
        connection.read_request_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        connection.read_until_close()

    pound = start(site, certificates, site.backend(script=script))
    client = site.client(pound.port)
    client.send(request("POST", "/", CHUNKED))
    head = client.read_head()
    assert client.read_exactly(3) == b"abc"
    client.send(b"%x\r\n" % (LIMIT + 1))
    assert (head.status, client.read_until_close()) == (200, b"")
    record, = pound.wait_records(1)
    assert (record["status"], record["reason"]) == ("200", "body_too_long")


def upload(client, head, total=GIB):
    """Uploads like curl: reads the response as soon as it arrives, and keeps sending."""
    client.send(head)
    sender = Sender(client, total)
    got = client.read_response()
    sender.total = 0
    sender.join()
    return got


@pytest.mark.parametrize("framing", [f"Content-Length: {GIB}", CHUNKED])
def test_the_page_is_readable_while_sending(where, framing):
    pound, backend = where
    head = request("POST", "/", framing) + (b"" if framing != CHUNKED else b"%x\r\n" % GIB)
    for _ in range(100):
        with Client(pound.port) as client:
            assert is_page(upload(client, head))
    assert backend.connections == []


@pytest.mark.parametrize("speaks_tls", [False, True], ids=["plain", "tls"])
def test_the_page_is_readable_after_sending_all(where, speaks_tls):
    """A client that reads only after it has sent everything: 1 GiB with POUND_HEAVY=1."""
    pound, _ = where
    for _ in range(10 if HEAVY else 2):
        with (TlsClient(pound.tls_port) if speaks_tls else Client(pound.port)) as client:
            total = GIB if HEAVY else 64 << 20
            client.send(request("POST", "/", f"Content-Length: {total}"))
            for _ in range(total // len(BLOCK)):
                client.send(BLOCK)
            assert is_page(client.read_response())
            assert client.closes()


def test_an_early_response_of_a_backend_is_readable_while_sending(site, certificates):
    """The client can also read the response of a backend that refuses the body."""
    def script(connection):
        connection.read_request_head()
        connection.send(response(PAGE, "Connection: close", status="403 Forbidden"))

    pound = start(site, certificates, site.backend(script=script))
    for _ in range(20):
        with Client(pound.port) as client:
            got = upload(client, request("POST", "/", f"Content-Length: {LIMIT}"), LIMIT)
            # A backend that closes early may reset its own response. Then there is none to read.
            assert got.status == 502 or (got.status, got.body) == (403, PAGE)


@pytest.mark.parametrize("goes_on", [False, pytest.param(True, marks=pytest.mark.skipif(
    not HEAVY, reason="takes half a minute"))], ids=["silent", "trickling"])
def test_the_drop_comes_to_an_end(site, certificates, goes_on):
    """Pound closes a client that never closes: at once if it is silent, otherwise after a limit."""
    pound = start(site, certificates, site.backend())
    worker, = pound.workers()
    before = proc.fd_count(worker)
    client = site.client(pound.port)
    client.send(request("POST", "/", f"Content-Length: {GIB}") + b"x" * 1000)
    assert is_page(client.read_response())

    def is_dropped():
        if goes_on:
            try:
                client.send(b"x")
            except ConnectionError:
                pass
        return proc.fd_count(worker) <= before
    wait_until(is_dropped, "the connection to end", scaled(45))
