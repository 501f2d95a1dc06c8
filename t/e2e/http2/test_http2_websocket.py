"""WebSockets over HTTP/2: an extended CONNECT (RFC 8441) becomes an Upgrade of HTTP/1.1.

Pound sees bytes, not WebSocket frames, so any bytes will do.
"""

import base64
import threading

import pytest
from hyperframe.frame import DataFrame, HeadersFrame, WindowUpdateFrame

from harness import TIMEOUT, Closed, request, response, wait_until
from harness.config import plain_site
from harness.http2 import Http2
from harness.http2_frames import Code, data, headers, rst_stream, window_update

CONFIG = plain_site(backends={"web": "TimeOut: 30"},
                    listener="Protocols: [h2c, http/1.1]; Client: 30; $limits")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          b"Sec-WebSocket-Accept: abc=\r\nSec-WebSocket-Protocol: chat\r\n\r\n")
FIELDS = [("sec-websocket-version", "13"), ("origin", "http://www.example.com"),
          ("sec-websocket-protocol", "chat")]


def echo(connection):
    """Switches protocols and echoes everything until the end of the client's side."""
    head = connection.read_request_head()
    if head is None:
        return
    if head.field("Upgrade") is None:
        connection.send(response(b"plain"))
        return
    connection.send(SWITCH)
    connection.sock.settimeout(None)
    while data_in := connection.sock.recv(65536):
        connection.send(data_in)
    connection.shut_write()
    connection.ended = True


@pytest.fixture(name="start")
def fixture_start(site):
    def start(script=echo, limits="MaxStreams: 100"):
        start.backend = site.backend(script=script)
        start.pound = site.pound(CONFIG, web=start.backend.port, limits=limits)
        return site.add_client(Http2(start.pound.port))
    return start


def ask(client, path="/chat", protocol="websocket", fields=tuple(FIELDS)):
    """Sends an extended CONNECT; returns the stream and the fields of the answer."""
    stream = client.request("CONNECT", path, *fields, end=False, protocol=protocol)
    return stream, client.claim_type(HeadersFrame, stream)


def switched(client, **kwargs):
    stream, head = ask(client, **kwargs)
    assert dict(head.fields)[":status"] == "200" and "END_STREAM" not in head.flags, head.fields
    return stream


def read(client, stream, size):
    """The next `size` bytes of the tunnel; gives the windows back."""
    got = b""
    while len(got) < size:
        part = client.claim_type(DataFrame, stream)
        assert part.data, f"the end of the tunnel after {len(got)} bytes"
        client.send(window_update(0, len(part.data)), window_update(stream, len(part.data)))
        got += part.data
    return got


def expect_end(client, stream):
    got = client.claim_type(DataFrame, stream)
    assert (got.data, "END_STREAM" in got.flags) == (b"", True), got


def test_the_handshake_as_both_sides_see_it(start):
    client = start()
    assert client.server_settings[8] == 1, "SETTINGS_ENABLE_CONNECT_PROTOCOL"
    _, head = ask(client, "/chat?room=1")
    assert "END_STREAM" not in head.flags
    assert [pair for pair in head.fields if pair[0] != "date"] == [
        (":status", "200"), ("sec-websocket-protocol", "chat")]
    asked = start.backend.requests[0]
    assert asked.start_line == "GET /chat?room=1 HTTP/1.1"
    assert asked.field("Upgrade") == "websocket"
    assert asked.field("Connection").lower() == "upgrade"
    assert len(base64.b64decode(asked.field("Sec-WebSocket-Key"), validate=True)) == 16
    assert asked.framing() == (None, None)
    assert (asked.field("Host"), asked.field("Sec-WebSocket-Version")) == ("www.example.com", "13")
    assert asked.field("Origin") == "http://www.example.com"


def test_each_has_a_key_of_its_own(start):
    client = start()
    for _ in range(5):
        switched(client)
    assert len({asked.field("Sec-WebSocket-Key") for asked in start.backend.requests}) == 5


@pytest.mark.parametrize("size", [1, 125, 16384, 65535])
def test_bytes_pass_both_ways(start, size):
    client = start()
    stream = switched(client)
    sent = bytes(i % 253 for i in range(size))
    client.send(*(data(stream, sent[at:at + 16384]) for at in range(0, size, 16384)))
    assert read(client, stream, size) == sent


def test_many_bytes_pass_both_ways(start):
    """Two megabytes, by the windows of both sides."""
    client = start()
    stream = switched(client)
    size, sent, got, taken = 2 << 20, 0, 0, 0
    left = {0: 65535, stream: 65535}
    while got < size:
        part = min(left[0], left[stream], 16384, size - sent)
        if part:
            client.send(data(stream, bytes([sent // 16384 % 256]) * part))
            left[0], left[stream], sent = left[0] - part, left[stream] - part, sent + part
            continue
        frame = client.claim(lambda f: isinstance(f, (DataFrame, WindowUpdateFrame)), "progress")
        if isinstance(frame, WindowUpdateFrame):
            left[frame.stream_id] += frame.window_increment
        else:
            got += len(frame.data)
            taken += len(frame.data)
            if taken >= 16384:
                client.send(window_update(0, taken), window_update(stream, taken))
                taken = 0
    assert got == sent == size


def test_bytes_that_come_with_the_101(start):
    def script(connection):
        connection.read_request_head()
        connection.send(SWITCH + b"welcome")
        connection.read_until_close()
    client = start(script)
    assert read(client, switched(client), 7) == b"welcome"


def test_bytes_that_come_with_the_request(start):
    """A client that does not wait for the answer."""
    client = start()
    stream = client.next_stream()
    block = client.block("CONNECT", "/chat", *FIELDS, protocol="websocket")
    client.send(headers(stream, block, end=False), data(stream, b"early"))
    assert dict(client.claim_type(HeadersFrame, stream).fields)[":status"] == "200"
    assert read(client, stream, 5) == b"early"


def test_the_client_ends_its_side(start):
    """The backend gets all of it and the end, and its last words arrive."""
    client = start()
    stream = switched(client)
    client.send(data(stream, b"last words", end=True))
    assert read(client, stream, 10) == b"last words"
    expect_end(client, stream)
    record = start.pound.wait_record("/chat")
    assert (record["request"], record["status"], record["reason"]) == (
        "CONNECT /chat HTTP/2.0", "101", None)
    client.ping()


def test_the_backend_ends_its_side(start):
    """The client may go on."""
    heard = []

    def script(connection):
        connection.read_request_head()
        connection.send(SWITCH + b"bye")
        connection.shut_write()
        heard.append(connection.read_until_close())
    client = start(script)
    stream = switched(client)
    assert read(client, stream, 3) == b"bye"
    expect_end(client, stream)
    client.send(data(stream, b"still here", end=True))
    wait_until(lambda: heard, "the end at the backend")
    assert heard == [b"still here"]
    client.ping()


def test_the_client_resets(start):
    ended = threading.Event()

    def script(connection):
        try:
            echo(connection)
        finally:
            ended.set()
    client = start(script)
    stream = switched(client)
    client.send(rst_stream(stream, Code.CANCEL))
    assert ended.wait(TIMEOUT)
    assert start.pound.wait_record("/chat")["reason"] == "client_closed"
    client.ping()


def test_the_backend_resets(start):
    """RFC 8441 5: a reset of a TCP connection is RST_STREAM with CANCEL."""
    go_on = threading.Event()

    def script(connection):
        connection.read_request_head()
        connection.send(SWITCH)
        assert go_on.wait(TIMEOUT)
        connection.reset()
    client = start(script)
    stream = switched(client)
    go_on.set()
    client.expect_reset(stream, Code.CANCEL)
    client.ping()


def test_the_client_leaves(start):
    ended = threading.Event()

    def script(connection):
        try:
            echo(connection)
        finally:
            ended.set()
    client = start(script)
    switched(client)
    client.close()
    assert ended.wait(TIMEOUT)


@pytest.mark.parametrize("status", ["403 Forbidden", "302 Found", "426 Upgrade Required"])
def test_a_backend_that_refuses(start, status):
    def script(connection):
        connection.read_request_head()
        connection.send(response(b"no", status=status))
        connection.read_until_close()
    client = start(script)
    stream, head = ask(client)
    assert dict(head.fields)[":status"] == status[:3]
    got = client.claim_type(DataFrame, stream)
    assert (got.data, "END_STREAM" in got.flags) == (b"no", True)
    client.expect_reset(stream, Code.NO_ERROR)
    client.ping()


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "299 Fine"])
def test_a_backend_that_does_not_switch(start, status):
    """The client would take any 2xx for a tunnel."""
    def script(connection):
        connection.read_request_head()
        connection.send(response(b"", status=status, length=not status.startswith("204")))
        connection.read_until_close()
    client = start(script)
    _, head = ask(client)
    assert dict(head.fields)[":status"] == "502"
    assert start.pound.wait_record("/chat")["reason"] == "response_switch_protocol"


def test_other_protocols(start):
    client = start()
    _, head = ask(client, protocol="connect-udp")
    assert dict(head.fields)[":status"] == "501"
    assert start.pound.wait_record("/chat")["reason"] == "h2_protocol"
    assert not start.backend.requests


def test_a_plain_connect_is_refused(start):
    client = start()
    stream = client.request("CONNECT", end=False, without=(":path", ":scheme"))
    assert dict(client.claim_type(HeadersFrame, stream).fields)[":status"] == "405"
    assert not start.backend.requests


def test_max_streams(start):
    client = start(limits="MaxStreams: 2")
    streams = [switched(client) for _ in range(2)]
    _, head = ask(client, "/third")
    assert dict(head.fields)[":status"] == "503"
    assert dict(head.fields)["retry-after"] == "1"
    assert start.pound.wait_record("/third")["reason"] == "streams_full"
    client.send(data(streams[0], end=True))
    expect_end(client, streams[0])
    start.pound.wait_record("/chat")
    switched(client)


def test_stream_timeout(start):
    client = start(limits="StreamTimeOut: 1")
    stream = switched(client)
    client.expect_reset(stream, Code.CANCEL)
    assert start.pound.wait_record("/chat")["reason"] == "stream_timeout"
    client.ping()


def test_tunnels_beside_each_other_and_requests(start):
    client = start()
    streams = [switched(client) for _ in range(10)]
    for number, stream in enumerate(streams):
        client.send(data(stream, b"%d" % number * 1000))
    assert client.ask(path="/plain").body == b"plain"
    for number, stream in reversed(list(enumerate(streams))):
        assert read(client, stream, 1000) == b"%d" % number * 1000


def test_short_messages_are_no_flood(start):
    """An empty WebSocket message of a client has six bytes."""
    client = start()
    stream = switched(client)
    for _ in range(40):
        client.send(data(stream, b"\x81\x81key!x") * 100)
        assert len(read(client, stream, 700)) == 700
    client.ping()


def test_windows_of_short_messages_may_be_given_back_at_once(start):
    """A client that sends two WINDOW_UPDATEs for each frame that it gets."""
    client = start()
    stream = switched(client)
    for _ in range(1500):
        client.send(data(stream, b"a message"))
        assert read(client, stream, 9) == b"a message"
    client.ping()


def test_empty_data_is_a_flood_in_a_tunnel_as_well(start):
    client = start()
    stream = switched(client)
    client.send(data(stream) * 3000)
    client.expect_goaway(Code.ENHANCE_YOUR_CALM)


def test_a_client_that_takes_nothing(start):
    """The backend is not read any more, and other tunnels go on."""
    sent = []

    def script(connection):
        head = connection.read_request_head()
        connection.send(SWITCH)
        connection.sock.settimeout(None)
        if head.target == "/chat":
            while piece := connection.sock.recv(65536):
                connection.send(piece)
            return
        connection.sock.settimeout(0.5)
        try:
            while True:
                sent.append(connection.sock.send(bytes(65536)))
        except (OSError, Closed):
            pass
    client = start(script)
    switched(client, path="/gush")
    client.send(window_update(0, 1 << 20))  # the other tunnel needs some of it
    stream = switched(client)
    wait_until(lambda: len(start.backend.connections) == 2, "both tunnels")
    for _ in range(10):
        client.send(data(stream, b"hello"))
        assert read(client, stream, 5) == b"hello"
    client.close()


def test_upgrade_over_http1_still_works(start, site):
    start()
    client = site.client(start.pound.port)
    client.send(request("GET", "/", "Connection: Upgrade", "Upgrade: websocket"))
    assert client.read_head().status == 101
    client.send(b"hello")
    assert client.read_exactly(5) == b"hello"
