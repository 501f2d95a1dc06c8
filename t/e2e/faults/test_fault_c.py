"""Time limits of bodies: `BodyTimeOut` is for bodies, `Client` for idle clients and heads."""

import threading

from harness import TIMEOUT, request, response
from harness.config import plain_site

BIG = b"0123456789abcdef" * (8 << 16)


def wait_longer_than_client(site, pound):
    """An idle client is closed after `Client` seconds: at least so much time has passed."""
    assert site.client(pound.port).closes()


def test_fault_C1_a_reader_may_pause(site):
    pound = site.pound(plain_site(listener="Client: 1"), web=site.backend(lambda _: response(BIG)).port)
    client = site.client(pound.port, receive_buffer=4096)
    client.send(request())
    client.read_until(b"\r\n\r\n")
    wait_longer_than_client(site, pound)
    wait_longer_than_client(site, pound)
    assert client.read_exactly(len(BIG)) == BIG


def test_fault_C2_an_upload_may_pause(site):
    for buffer in ("Buffer: 0", "Buffer: 64K"):
        pound = site.pound(plain_site(listener=f"Client: 1; {buffer}"),
                           web=site.backend(lambda r: response(r.body)).port)
        client = site.client(pound.port)
        client.send(request("POST", "/", "Content-Length: 6") + b"abc")
        wait_longer_than_client(site, pound)
        wait_longer_than_client(site, pound)
        client.send(b"def")
        assert client.read_response().body == b"abcdef"


def test_fault_C3_an_event_stream_may_be_silent(site):
    go = threading.Event()

    def script(connection):
        if connection.read_request().target == "/events":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            go.wait(TIMEOUT)
            connection.send(b"data: late\n\n")
        else:
            connection.read_until_close()  # a page that never comes
    pound = site.pound(plain_site(backends={"web": "TimeOut: 1"}, listener="Client: 1"),
                       web=site.backend(script=script).port)
    events = site.client(pound.port)
    events.send(request("GET", "/events"))
    assert events.read_head().status == 200
    assert site.client(pound.port).ask("GET", "/slow").status == 504  # TimeOut has passed
    go.set()
    assert events.read_until(b"late\n\n").endswith(b"data: late\n\n")


def test_fault_C4_a_client_that_takes_nothing_gets_a_close(site):
    """Its body has a length, so that the client sees the truncation without a reset."""
    pound = site.pound(plain_site(listener="Client: 1; BodyTimeOut: 1"),
                       web=site.backend(lambda _: response(BIG)).port)
    client = site.client(pound.port, receive_buffer=4096)
    client.send(request())
    record, = pound.wait_records(1)
    assert (record["status"], record["reason"]) == ("200", "client_timeout")
    got = client.read_until_close()  # raises after a reset
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(got) < len(BIG)
