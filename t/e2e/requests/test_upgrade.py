"""Upgrade: the handshake, and the tunnel after a 101, with hand-made WebSocket frames."""

import base64
import hashlib
import os
import threading

import pytest

from harness import request, response, wait_until
from harness.config import plain_site

CONFIG = plain_site("Workers: 2", backends={"web": 'HeadAdd: "X-Added: no"'}, listener="Client: 30")

SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n"
          b"X-Kept: yes\r\n\r\n")
ASK = ("GET", "/", "Connection: Upgrade", "Upgrade: echo")


def echo(connection):
    """A script that switches protocols and echoes everything until the client's end of file."""
    connection.read_request_head()
    connection.send(SWITCH)
    connection.send(connection._take(len(connection.buffer)))  # pylint: disable=protected-access
    while data := connection.sock.recv(65536):
        connection.send(data)


def test_the_handshake_passes(site):
    backend = site.backend(script=echo)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("GET", "/chat", "Connection: keep-alive, Upgrade", "Upgrade: echo",
                        "Sec-WebSocket-Key: abc"))
    got = client.read_response()
    assert (got.status, got.field("Upgrade"), got.field("X-Kept")) == (101, "echo", "yes")
    assert got.field("Connection").lower() == "upgrade"
    assert got.framing() == (None, None)
    asked = backend.requests[0]
    assert (asked.target, asked.field("Upgrade")) == ("/chat", "echo")
    assert asked.field("Connection").lower() == "upgrade"
    assert asked.field("Sec-WebSocket-Key") == "abc"


def test_bytes_pass_both_ways(site):
    pound = site.pound(CONFIG, web=site.backend(script=echo).port)
    client = site.client(pound.port)
    assert client.ask(*ASK).status == 101
    for size in (1, 2, 1000, 100000, 1 << 20):
        data = os.urandom(size)
        threading.Thread(target=client.send, args=(data,), daemon=True).start()
        assert client.read_exactly(size) == data


def test_bytes_that_come_together_with_the_request(site):
    pound = site.pound(CONFIG, web=site.backend(script=echo).port)
    client = site.client(pound.port)
    early = b"early GET / HTTP/1.1\r\n\r\n"
    client.send(request(*ASK) + early)
    assert client.read_response().status == 101
    assert client.read_exactly(len(early)) == early


def test_bytes_that_come_together_with_the_101(site):
    def script(connection):
        connection.read_request_head()
        connection.send(SWITCH + b"\x00\xff welcome")
        connection.read_until_close()

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    assert client.ask(*ASK).status == 101
    assert client.read_exactly(10) == b"\x00\xff welcome"


def test_what_the_backend_sends_before_it_closes_arrives(site):
    def script(connection):
        connection.read_request_head()
        connection.send(SWITCH + b"x" * 500000)

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    assert client.ask(*ASK).status == 101
    assert client.read_until_close() == b"x" * 500000


def test_the_clients_end_of_file_reaches_the_backend(site):
    ended = []

    def script(connection):
        connection.read_request_head()
        connection.send(SWITCH)
        ended.append(connection.read_until_close())

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    assert client.ask(*ASK).status == 101
    client.send(b"last words")
    client.shut_write()
    wait_until(lambda: ended, "the end of file at the backend")
    assert ended == [b"last words"]
    assert client.closes()


def test_a_tunnel_leaves_one_record_and_no_descriptor(site):
    backend = site.backend(script=echo)
    pound = site.pound(CONFIG, web=backend.port)
    pound.expect_no_leaked_fd()
    for number in range(10):
        client = site.client(pound.port)
        assert client.ask("GET", f"/{number}", *ASK[2:]).status == 101
        client.send(b"12345")
        assert client.read_exactly(5) == b"12345"
        client.reset() if number % 2 else client.close()  # pylint: disable=expression-not-assigned
        record = pound.wait_record(f"/{number} ")
        assert (record["status"], record["backend"]) == ("101", "web")


def test_an_upgrade_that_the_backend_ignores(site):
    backend = site.backend(lambda _: response(b"plain"))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(3):
        got = client.ask(*ASK)
        assert (got.status, got.body) == (200, b"plain")


def test_upgrade_without_the_connection_option_does_not_pass(site):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    assert site.client(pound.port).ask("GET", "/", "Upgrade: echo").status == 200
    assert backend.requests[0].field("Upgrade") is None


def test_upgrade_from_http10_does_not_pass(site):
    """RFC 9110 7.8: a server must ignore it."""
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    assert site.client(pound.port).ask(*ASK, version="1.0").status == 200
    assert backend.requests[0].field("Upgrade") is None


@pytest.mark.parametrize("fields", [(), ("Connection: close",), ("Upgrade: echo",)])
def test_a_101_without_a_request_for_it_is_502(site, fields):
    def script(connection):
        connection.read_request_head()
        connection.send(SWITCH + b"tunnel?")
        assert connection.read_until_close() == b""

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    client.send(request("GET", "/", *fields))
    assert client.read_response().status == 502


def test_a_request_hidden_behind_a_refused_upgrade(site):
    """Without a 101 the bytes after the head are the next request, and Pound checks it."""
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request(*ASK) + request("CONNECT", "inner:1"))
    assert client.read_response().status == 200
    assert client.read_response().status in (400, 405)
    assert [r.method for r in backend.requests] == ["GET"]


# --- WebSocket, RFC 6455 --------------------------------------------------------------------------
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(payload, mask=None, opcode=2):
    size = len(payload)
    bit = 0x80 if mask else 0
    if size < 126:
        head = bytes([0x80 | opcode, bit | size])
    elif size < 65536:
        head = bytes([0x80 | opcode, bit | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, bit | 127]) + size.to_bytes(8, "big")
    if mask:
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        head += mask
    return head + payload


def read_frame(wire):
    first, second = wire.read_exactly(2)
    size = second & 0x7F
    if size == 126:
        size = int.from_bytes(wire.read_exactly(2), "big")
    elif size == 127:
        size = int.from_bytes(wire.read_exactly(8), "big")
    mask = wire.read_exactly(4) if second & 0x80 else None
    payload = wire.read_exactly(size)
    if mask:
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return first & 0x0F, payload


def websocket_server(connection):
    asked = connection.read_request_head()
    key = asked.field("Sec-WebSocket-Key").encode()
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while True:
        opcode, payload = read_frame(connection)
        connection.send(frame(payload, opcode=opcode))
        if opcode == 8:
            return


def test_websocket_echo(site):
    pound = site.pound(CONFIG, web=site.backend(script=websocket_server).port)
    client = site.client(pound.port)
    key = base64.b64encode(os.urandom(16))
    got = client.ask("GET", "/chat", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
                     "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key.decode()}")
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    assert (got.status, got.field("Sec-WebSocket-Accept")) == (101, accept)
    for size in (0, 1, 125, 126, 65535, 65536, 300000):
        payload = os.urandom(size)
        client.send(frame(payload, mask=os.urandom(4)))
        assert read_frame(client) == (2, payload)
    client.send(frame(b"\x03\xe8", mask=b"abcd", opcode=8))
    assert read_frame(client) == (8, b"\x03\xe8")
    assert client.closes()


def test_many_tunnels_at_once(site):
    pound = site.pound(CONFIG, web=site.backend(script=echo).port)
    clients = [site.client(pound.port) for _ in range(50)]
    for client in clients:
        client.send(request(*ASK))
    for number, client in enumerate(clients):
        assert client.read_response().status == 101
        client.send(f"I am {number}".encode())
    for number, client in enumerate(clients):
        expected = f"I am {number}".encode()
        assert client.read_exactly(len(expected)) == expected
