"""Time limits: for silent and trickling clients (Client), and for silent backends (TimeOut)."""

import socket
import threading
import time

import pytest

from harness import TIMEOUT, request, response, scaled, wait_until
from harness.config import plain_site

CONFIG = plain_site(backends={"web": "TimeOut: 1"}, listener="Client: 1; BodyTimeOut: 1")


def ends(client):
    """Reads to the end of the connection: Pound sends nothing, or a 408."""
    rest = client.read_until_close()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 408 "), rest
    return True


def test_a_silent_client_is_closed(site):
    pound = site.pound(CONFIG, web=site.backend().port)
    assert ends(site.client(pound.port))


def test_an_idle_client_is_closed_without_a_word(site):
    pound = site.pound(CONFIG, web=site.backend().port)
    client = site.client(pound.port)
    assert client.ask().status == 200
    assert client.closes()
    assert len(pound.wait_records(1)) == 1


def test_half_a_head_is_given_up(site):
    pound = site.pound(CONFIG, web=site.backend().port)
    client = site.client(pound.port)
    client.send(request()[:-2])
    assert ends(client)
    record, = pound.wait_records(1)
    assert (record["status"], bool(record["reason"])) == ("408", True)


@pytest.mark.parametrize("first", [b"", request("GET", "/first")], ids=["new", "kept"])
def test_a_trickled_head_is_given_up(site, first):
    """Each byte arrives in time, but the head does not."""
    pound = site.pound(CONFIG, web=site.backend().port)
    client = site.client(pound.port)
    if first:
        client.send(first)
        assert client.read_response().status == 200
    whole = request("GET", "/", "X-A: " + "v" * 1000)
    ended = threading.Event()

    def trickle():
        for byte in whole:
            if ended.wait(0.1):  # 100 s for the whole head
                return
            try:
                client.send(bytes([byte]))
            except OSError:
                return

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    assert ends(client)
    ended.set()
    thread.join()


def test_silence_inside_a_body_is_given_up(site):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Content-Length: 10") + b"abc")
    assert client.read_response().status == 408
    record, = pound.wait_records(1)
    assert (record["status"], record["reason"]) == ("408", "client_timeout")
    assert not backend.requests


def test_silence_inside_a_long_body_is_given_up(site):
    reached = []
    backend = site.backend(script=lambda c: reached.append(c.read_request()))
    pound = site.pound(CONFIG.replace("BodyTimeOut: 1", "BodyTimeOut: 1\n    Buffer: 2"),
                       web=backend.port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Content-Length: 10") + b"abc")
    assert ends(client)
    wait_until(lambda: reached, "Pound to close the connection to the backend")
    assert not reached[0].complete


def test_a_slow_body_that_goes_on_is_not_given_up(site):
    backend = site.backend(lambda received: response(received.body))
    pound = site.pound(CONFIG.replace(" TimeOut: 1", " TimeOut: 60"), web=backend.port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Content-Length: 8"))
    for byte in b"slowbody":
        time.sleep(0.3)  # justified: the test needs this pace of the client
        client.send(bytes([byte]))
    assert client.read_response().body == b"slowbody"


def test_a_client_waiting_for_a_slow_backend_is_not_given_up(site):
    """`Client` limits the wait for the client, not the wait of the client."""
    def script(connection):
        connection.read_request()
        time.sleep(2.5)  # justified: the backend must be silent for longer than `Client`
        connection.send(response(b"late"))

    pound = site.pound(CONFIG.replace(" TimeOut: 1", " TimeOut: 60"),
                       web=site.backend(script=script).port)
    assert site.client(pound.port).ask().body == b"late"


def test_a_client_that_does_not_read_is_given_up(site):
    ended = threading.Event()

    def script(connection):
        connection.read_request()
        try:
            connection.send(response(b"", "Content-Length: 1000000000", length=False))
            while True:
                connection.send(b"x" * 65536)
        except OSError:
            ended.set()

    pound = site.pound(CONFIG.replace(" TimeOut: 1", " TimeOut: 60"),
                       web=site.backend(script=script).port)
    client = site.client(pound.port, receive_buffer=4096)
    client.send(request())
    assert ended.wait(TIMEOUT), "a client that does not read still holds the backend"


def test_a_silent_backend_is_504(site):
    backend = site.backend(script=lambda c: c.read_request() and c.read_until_close())
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    got = client.ask()
    assert (got.status, got.complete) == (504, True)
    record, = pound.wait_records(1)
    assert (record["status"], record["backend"]) == ("504", "web")
    assert record["reason"]
    assert len(backend.requests) == 1  # Pound has not sent the request twice


def test_a_backend_that_stops_inside_its_head_is_504(site):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nX-A: ")
        connection.read_until_close()

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    assert site.client(pound.port).ask().status == 504


def test_a_backend_that_stops_inside_its_body_is_a_close(site):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        connection.read_until_close()

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    got = site.client(pound.port).ask()
    assert (got.status, got.body, got.complete) == (200, b"abc", False)
    assert pound.wait_records(1)[0]["reason"]


def test_a_slow_backend_that_goes_on_is_not_given_up(site):
    def script(connection):
        connection.read_request()
        for byte in response(b"slow"):
            connection.send(bytes([byte]))
            if byte in b"\nslow":
                time.sleep(0.25)  # justified: the test needs this pace of the backend

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    assert site.client(pound.port).ask().body == b"slow"


def test_a_slow_upload_does_not_time_the_backend_out(site):
    """`TimeOut` does not run while the request is still arriving."""
    backend = site.backend(lambda received: response(received.body))
    pound = site.pound(CONFIG.replace("Client: 1", "Client: 5"), web=backend.port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Content-Length: 5"))
    for byte in b"bytes":
        time.sleep(0.5)  # justified: the test needs this pace of the client
        client.send(bytes([byte]))
    assert client.read_response().body == b"bytes"


def test_a_backend_that_takes_a_body_slowly_is_not_given_up(site):
    """The kernel asks for more only when much of its buffer is free. That is not silence."""
    def script(connection):
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.read_request_head()
        left = 12_000_000 - len(connection.buffer)
        for _ in range(24):
            time.sleep(0.1)  # justified: the test needs this pace of the backend
            left -= len(connection.sock.recv(20000))
        while left:
            left -= len(connection.sock.recv(min(left, 1 << 20)))
        connection.send(response(b"at last"))

    pound = site.pound(CONFIG.replace("Client: 1", "Client: 60"),
                       web=site.backend(script=script).port)
    client = site.client(pound.port)
    assert client.ask("POST", "/", body=b"x" * 12_000_000).body == b"at last"


def test_a_backend_that_does_not_read_is_given_up(site):
    stop = threading.Event()
    backend = site.backend(script=lambda c: stop.wait(TIMEOUT))
    pound = site.pound(CONFIG.replace("Client: 1", "Client: 60"), web=backend.port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Content-Length: 1000000000"))

    def upload():
        try:
            while not stop.is_set():
                client.send(b"x" * 65536)
        except OSError:
            pass

    thread = threading.Thread(target=upload, daemon=True)
    thread.start()
    record, = wait_until(pound.records, "the request to end", scaled(15))
    stop.set()
    assert record["reason"]
    assert record["status"] in ("502", "504")
