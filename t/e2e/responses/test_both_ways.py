"""Request and response at the same time: early responses, and sides that leave in between."""

import threading

import pytest

from harness import TIMEOUT, Closed, chunked, request, response, wait_until
from harness.config import plain_site
from harness.flood import MIB, send_blocks

CONFIG = plain_site(backends={"web": "TimeOut: 60"}, listener="Client: 60; Buffer: 0")


def test_a_response_that_begins_before_the_request_has_ended(site):
    """The client receives each piece of its body back before it sends the next one."""
    def script(connection):
        connection.read_request_head()
        connection.send(response(b"", "Transfer-Encoding: chunked", length=False))
        while data := connection.read_chunk():
            connection.send(b"%x\r\n%b\r\n" % (len(data), data))
        connection.read_trailer()
        connection.send(b"0\r\n\r\n")
        connection.read_until_close()

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Transfer-Encoding: chunked"))
    head = client.read_head()
    assert head.framing() == ("chunked", None)
    for number in range(20):
        data = b"piece %d" % number
        client.send(b"%x\r\n%b\r\n" % (len(data), data))
        got = b""
        while len(got) < len(data):
            got += client.read_chunk()
        assert got == data
    client.send(b"0\r\n\r\n")
    assert client.read_chunk() == b""
    assert client.read_trailer() == []


def test_a_whole_response_before_the_request_has_ended_then_the_rest(site):
    """The backend keeps reading after its response, and both connections stay in step."""
    def script(connection):
        while head := connection.read_request_head():
            connection.send(response(b"early"))
            connection.read_body(head)

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Content-Length: 200000"))
    assert client.read_response().body == b"early"
    try:
        client.send(b"x" * 200000 + request("GET", "/next"))
        assert client.read_response().body == b"early"
    except (Closed, ConnectionError):
        pass  # a close after an early response is correct, too (RFC 9112 9.3)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_uploading_client_reads_the_whole_early_response(site, framing):
    """413 and a close during an upload: a reset must not destroy the response."""
    page = b"too large " * 2000

    def script(connection):
        connection.read_request_head()
        connection.send(response(page, "Connection: close", status="413 Content Too Large"))

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    for _ in range(10):
        client = site.client(pound.port)
        if framing == "length":
            client.send(request("POST", "/", f"Content-Length: {64 * MIB}"))
        else:
            client.send(request("POST", "/", "Transfer-Encoding: chunked"))

        def upload(client=client):
            try:
                send_blocks(client, 8 * MIB, is_chunked=framing == "chunked")
            except OSError:
                pass

        thread = threading.Thread(target=upload, daemon=True)
        thread.start()
        got = client.read_response()
        assert (got.status, got.body, got.complete) == (413, page, True)
        client.close()
        thread.join()


def test_a_refused_upload_reads_the_whole_page(site):
    """A client can also read a response of Pound itself during an upload."""
    pound = site.pound(CONFIG, web=site.backend().port)
    for _ in range(10):
        client = site.client(pound.port)
        client.send(request("FOO", "/", f"Content-Length: {64 * MIB}"))

        def upload(client=client):
            try:
                send_blocks(client, 8 * MIB)
            except OSError:
                pass

        thread = threading.Thread(target=upload, daemon=True)
        thread.start()
        got = client.read_response()
        assert (got.status, got.complete) == (405, True)
        client.close()
        thread.join()


# --- sides that leave -----------------------------------------------------------------------------
def test_a_client_that_leaves_inside_a_download_frees_the_backend(site):
    left = threading.Event()

    def script(connection):
        connection.read_request()
        try:
            connection.send(response(b"", f"Content-Length: {4096 * MIB}", length=False))
            send_blocks(connection, 4096 * MIB)
        except OSError:
            left.set()

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    client.send(request("GET", "/left"))
    client.read_exactly(100000)
    client.reset()
    assert left.wait(TIMEOUT)
    assert pound.wait_record("/left")["status"] == "200"


def test_a_client_that_leaves_inside_an_upload_never_makes_a_whole_request(site):
    bodies = []

    def script(connection):
        bodies.append(connection.read_request())

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    for part in (request("POST", "/", "Content-Length: 10") + b"12345",
                 request("POST", "/", "Transfer-Encoding: chunked") + b"5\r\n12345\r\n",
                 request("POST", "/", "Transfer-Encoding: chunked") + chunked(b"12345")[:-2]):
        client = site.client(pound.port)
        client.send(part)
        count = len(bodies) + 1
        backend.wait_requests(count)
        client.close()
        wait_until(lambda c=count: len(bodies) == c, "Pound to close the connection to the backend")
        assert not bodies[-1].complete
