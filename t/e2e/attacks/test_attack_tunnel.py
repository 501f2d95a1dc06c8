"""Attempts to open a tunnel: with Upgrade and CONNECT, with and without a 101.

Only a 101 that accepts the requested protocol makes a tunnel, and only if the protocol is not a
version of HTTP. In all other cases Pound checks the bytes after the head as requests.
"""

import pytest

from harness import chunked, request, response
from harness.config import plain_site

CONFIG = plain_site()

WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
BAD = b"GET /smuggled HTTP/1.1\r\nHost : a\r\n\r\n"  # malformed for every reader


def answering(status, *fields, body=b""):
    """A backend that sends this to every request and then behaves as such a backend would."""
    return lambda _: response(body, *fields, status=status)


NO_TUNNEL = {
    "426": ("426 Upgrade Required", ("Upgrade: websocket", "Connection: Upgrade")),
    "200 with Upgrade": ("200 OK", ("Upgrade: websocket", "Connection: Upgrade")),
    "400": ("400 Bad Request", ()),
    "404 with Upgrade": ("404 Not Found", ("Upgrade: websocket",)),
}


@pytest.mark.parametrize("name", NO_TUNNEL)
def test_without_a_101_there_is_none(site, name):
    """The attack with a wrong Sec-WebSocket-Version, which makes some proxies open a tunnel."""
    status, fields = NO_TUNNEL[name]
    backend = site.backend(answering(status, *fields))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("GET", "/chat", *WEBSOCKET[:2], "Sec-WebSocket-Version: 777") + BAD)
    assert client.read_response().status == int(status[:3])
    assert client.read_response().status == 400
    assert client.closes()
    assert [r.target for r in backend.requests] == ["/chat"]
    assert b"smuggled" not in backend.bytes_received


WRONG_101 = {
    "another protocol": ("Upgrade: h2c", "Connection: Upgrade"),
    "no protocol": ("Connection: Upgrade",),
    "two protocols": ("Upgrade: websocket, h2c", "Connection: Upgrade"),
    "two fields": ("Upgrade: websocket", "Upgrade: websocket", "Connection: Upgrade"),
    "nothing": (),
}


@pytest.mark.parametrize("name", WRONG_101)
def test_a_101_for_something_else_is_none(site, name):
    def script(connection):
        connection.read_request_head()
        connection.send(response(b"", *WRONG_101[name], status="101 Switching Protocols",
                                 length=False) + b"tunnel?")
        assert connection.read_until_close() == b""

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("GET", "/chat", *WEBSOCKET) + BAD)
    got = client.read_response()
    assert (got.status, b"tunnel" in client.read_until_close()) == (502, False)
    assert b"smuggled" not in backend.bytes_received
    assert pound.wait_records(1)[0]["reason"].startswith("response_switch_")


NOT_ASKED = {  # Pound drops the Upgrade and passes the request on as an ordinary one
    "h2c": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAAQAAP__"),
    "h2c in capitals": ("Connection: upgrade", "Upgrade: H2C"),
    "h2": ("Connection: Upgrade", "Upgrade: h2"),
    "HTTP/2.0": ("Connection: Upgrade", "Upgrade: HTTP/2.0"),
    "HTTP/1.1": ("Connection: Upgrade", "Upgrade: HTTP/1.1"),
    "TLS": ("Connection: Upgrade", "Upgrade: TLS/1.2"),
    "h2c in a list": ("Connection: Upgrade", "Upgrade: websocket, h2c"),
    "h2c in a second field": ("Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"),
    "no Connection": ("Upgrade: websocket",),
    "Connection of another field": ("Connection: close", "Upgrade: websocket"),
    "no token": ("Connection: Upgrade", "Upgrade: web socket"),
    "nothing": ("Connection: Upgrade", "Upgrade:"),
}


@pytest.mark.parametrize("name", NOT_ASKED)
def test_what_is_no_upgrade_is_not_passed_on(site, name):
    """Pound refuses a 101 that the backend sends nevertheless."""
    def script(connection):
        asked = connection.read_request_head()
        connection.send(response(b"", "Upgrade: h2c", "Connection: Upgrade", length=False,
                                 status="101 Switching Protocols") + b"tunnel?")
        assert connection.read_until_close() == b""
        assert not {"upgrade", "http2-settings", "connection"} & set(asked.names)

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("GET", "/", *NOT_ASKED[name]) + BAD)
    assert client.read_response().status == 502
    assert b"tunnel" not in client.read_until_close()
    assert b"smuggled" not in backend.bytes_received


@pytest.mark.parametrize("body", [("Content-Length: 5", b"hello"),
                                  ("Transfer-Encoding: chunked", chunked(b"hello"))])
def test_a_request_with_a_body_does_not_upgrade(site, body):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("POST", "/", *WEBSOCKET, body[0], body=body[1]) + BAD)
    assert client.read_response().status == 200
    assert client.read_response().status == 400
    asked, = backend.requests
    assert (asked.body, asked.field("Upgrade")) == (b"hello", None)


@pytest.mark.parametrize("target, host", [("a:443", "a:443"), ("a:80", "b"), ("/", "a"),
                                          ("http://a/", "a"), ("[::1]:22", "[::1]:22")])
def test_connect_makes_none(site, target, host):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("CONNECT", target, host=host) + request("GET", "/smuggled"))
    got = client.read_response()
    assert (got.status in (400, 405), got.field("Connection")) == (True, "close")
    assert client.closes()
    assert backend.connections == []
