"""Bytes that follow a response without a body never reach another client."""

import time

import pytest

from harness import chunked, request, response
from harness.config import plain_site

CONFIG = plain_site("Workers: 1", backends={"web": "TimeOut: 10"}, listener="Client: 30")
OK = b"HTTP/1.1 200 OK\r\n"
EVIL = response(b"EVIL")

# The method, the head that the backend sends, and what it sends 20 ms later.
LATE = {
    "HEAD with a length": ("HEAD", OK + b"Content-Length: %d\r\n\r\n" % len(EVIL), EVIL),
    "HEAD that is chunked": ("HEAD", OK + b"Transfer-Encoding: chunked\r\n\r\n", chunked(EVIL)),
    "HEAD up to the close": ("HEAD", OK + b"\r\n", EVIL),
    "304 with a length": (
        "GET", b"HTTP/1.1 304 X\r\nContent-Length: %d\r\n\r\n" % len(EVIL), EVIL),
    "204 with a length": (
        "GET", b"HTTP/1.1 204 X\r\nContent-Length: %d\r\n\r\n" % len(EVIL), EVIL),
}


@pytest.mark.parametrize("late", LATE)
def test_fault_D2_a_late_body_does_not_answer_the_next_client(site, late):
    method, head, body = LATE[late]

    def script(connection):
        while (received := connection.read_request()) is not None:
            if received.target == "/late":
                connection.send(head)
                time.sleep(0.02)  # justified: the fault; the next request comes meanwhile
                connection.send(body)
            else:
                connection.send(response(b"mine"))

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    first, second = site.client(pound.port), site.client(pound.port)
    for _ in range(10):
        first.send(request(method, "/late"))
        first.read_response(to="HEAD")
        assert second.ask("GET", "/").body == b"mine"
    for connection in backend.connections:
        targets = [one.target for one in connection.requests]
        assert "/late" not in targets[:-1]


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_fault_D2_responses_that_announce_no_body_are_still_pooled(site, status):
    backend = site.backend(lambda _: response(b"", status=status, length=False))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(5):
        client.send(request())
        client.read_response()
    assert len(backend.connections) == 1


def test_fault_D2_a_word_of_farewell_does_not_answer_the_next_client(site):
    """Some backends send a 408 on a connection that was idle for too long, and then close it."""
    farewell = response(b"EVIL", "Connection: close", status="408 Request Timeout")

    def script(connection):
        while (received := connection.read_request()) is not None:
            connection.send(response(b"mine"))
            if received.target == "/last":
                time.sleep(0.02)  # justified: the next request may come before this or after it
                connection.send(farewell)
                return

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(10):
        assert client.ask("GET", "/last").body == b"mine"
        time.sleep(0.05)  # justified: the farewell has come before the next request
        assert client.ask("GET", "/").body == b"mine"
