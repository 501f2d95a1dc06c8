"""Requests and responses over HTTP/2: the bytes that the backend saw, and the client's frames."""

import threading

import pytest
from hyperframe.frame import HeadersFrame, WindowUpdateFrame

from harness import TIMEOUT, Closed, answer, chunked, response
from harness.http2_frames import Code, block, data, headers
from played import frames_of, head, kinds, says


# --- requests
FORWARDED = ("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"
             "X-Forwarded-Host: www.example.com\r\nX-Forwarded-Port: {port}\r\n")


def expected_head(pound, line, *fields, framing=""):
    text = f"{line} HTTP/1.1\r\nHost: www.example.com\r\n"
    text += "".join(field + "\r\n" for field in fields)
    return (text + FORWARDED.format(port=pound.port) + framing + "\r\n").encode()


def sorted_lines(raw):
    first, *lines = raw.decode().split("\r\n")
    return [first, *sorted(line.lower() for line in lines)]


def test_a_get_as_the_backend_sees_it(played, client, plays):
    backend = plays(says(response(b"hi")))
    got = client.ask("GET", "/served?a=b", ("accept", "*/*"), ("x-one", "1"), ("x-one", "2"))
    assert (got.status, got.body) == (200, b"hi")
    raw = backend.requests[0].raw_head
    assert sorted_lines(raw) == sorted_lines(expected_head(
        played.pound, "GET /served?a=b", "accept: */*", "x-one: 1", "x-one: 2"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "PUT", "POST", "PATCH"])
def test_methods(client, plays, method):
    backend = plays(says(head("200 OK", "Content-Length: 0")))
    got = client.ask(method, "/served")
    assert (got.status, got.body) == (200, b"")
    assert backend.requests[0].start_line == f"{method} /served HTTP/1.1"


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 65535, 300000])
def test_a_body_with_a_length(client, plays, size):
    backend = plays(answer(lambda request: response(b"%d" % len(request.body))))
    body = bytes(i % 251 for i in range(size))
    stream = upload(client, body, ("content-length", str(size)))
    assert client.response(stream).body == b"%d" % size
    assert backend.requests[0].framing() == ("length", size)
    assert backend.requests[0].body == body


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 65535, 300000])
def test_a_body_without_a_length_goes_in_chunks(client, plays, size):
    backend = plays(answer(lambda request: response(b"%d" % len(request.body))))
    body = bytes(i % 251 for i in range(size))
    stream = upload(client, body)
    assert client.response(stream).body == b"%d" % size
    assert backend.requests[0].framing() == ("chunked", None)
    assert backend.requests[0].body == body


def upload(client, body, *fields, trailer=None):
    """Sends a POST as the windows allow it."""
    stream = client.request("POST", "/served", *fields, end=False)
    left = {0: 65535, stream: 65535}  # nothing was sent on the connection before
    sent = 0
    while sent < len(body):
        part = min(left[0], left[stream], 16384, len(body) - sent)
        if part == 0:
            got = client.claim_type(WindowUpdateFrame)
            left[got.stream_id] = left.get(got.stream_id, 0) + got.window_increment
            continue
        client.send(data(stream, body[sent:sent + part]))
        left[0], left[stream], sent = left[0] - part, left[stream] - part, sent + part
    end = headers(stream, trailer) if trailer is not None else data(stream, end=True)
    client.send(end)
    return stream


def test_cookie_crumbs_are_joined(client, plays):
    backend = plays(says(response()))
    client.ask("GET", "/served", ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2; c=3"),
               ("cookie", "d=4"))
    assert backend.requests[0].all("Cookie") == ["a=1; b=2; c=3; d=4"]


def test_a_trailer_of_the_request(client, plays):
    backend = plays(answer(lambda request: response(repr(request.trailer).encode())))
    trailer = block([("x-sum", "abc"), ("x-more", "d")])
    stream = upload(client, b"hello", trailer=trailer)
    assert client.response(stream).body == b"[('x-sum', 'abc'), ('x-more', 'd')]"
    assert backend.requests[0].body == b"hello"


def test_a_trailer_behind_a_body_with_a_length_is_dropped(client, plays):
    """HTTP/1.1 has no place for it."""
    backend = plays(says(response()))
    stream = upload(client, b"hello", ("content-length", "5"),
                    trailer=block([("x-sum", "abc")]))
    assert client.response(stream).status == 200
    assert (backend.requests[0].body, backend.requests[0].trailer) == (b"hello", [])


@pytest.mark.parametrize("length, body", [("5", b"hell"), ("5", b"hello!"), ("0", b"x"),
                                          ("5", b"")])
def test_a_body_that_is_not_as_long_as_announced(played, client, plays, length, body):
    """The backend never gets a whole request of it, and the client gets a reset."""
    backend = plays(lambda connection: connection.read_request())
    count = len(backend.connections)
    path = f"/served/{length}/{body.decode()}"
    stream = client.request("POST", path, ("content-length", length), body=body)
    client.expect_reset(stream, Code.PROTOCOL_ERROR)
    assert played.pound.wait_record(path + " ")["reason"] == "h2_content_length"
    assert not any(request.complete for request in backend.requests
                   if request.connection.number >= count)
    client.ping()


def test_a_body_without_a_length_that_is_too_long(client, plays):
    """MaxRequest is found out on the way."""
    backend = plays(answer())
    stream = client.request("POST", "/served", end=False)
    client.send(*(data(stream, bytes(13107)) for _ in range(5)))
    total = 65535
    while True:
        got = client.claim(lambda f: isinstance(f, WindowUpdateFrame) or f.stream_id == stream,
                           "windows or the answer")
        if isinstance(got, HeadersFrame):
            break
        if got.stream_id == stream:
            client.send(*(data(stream, bytes(16383)) for _ in range(got.window_increment // 16383)))
            total += got.window_increment
    assert dict(got.fields)[":status"] == "413"
    assert total > 1_000_000
    assert not any(request.complete and request.body for request in backend.requests)


def test_a_body_with_a_length_that_is_too_long(played, client, plays):
    backend = plays(answer())
    stream = client.request("POST", "/served/long", ("content-length", "1000001"), end=False)
    assert client.response(stream).status == 413
    client.expect_reset(stream, Code.NO_ERROR)
    assert played.pound.wait_record("/served/long")["reason"] == "body_too_long"
    assert not any(request.target == "/served/long" for request in backend.requests)


# --- responses
def test_a_response_as_the_client_sees_it(client, plays):
    plays(says(head("200 Fine", "Content-Length: 5", "X-Mixed-Case: Value", "Connection: x-hop",
                    "X-Hop: 1", "Keep-Alive: timeout=5", "Set-Cookie: a=b", "Set-Cookie: c=d",
                    "Date: then"), b"hello"))
    stream = client.request("GET", "/served")
    frames = frames_of(client, stream)
    assert kinds(frames) == ["HEADERS", "DATA END"]
    assert frames[0].fields[0] == (":status", "200")
    assert sorted(frames[0].fields[1:]) == [
        ("content-length", "5"), ("date", "then"), ("set-cookie", "a=b"), ("set-cookie", "c=d"),
        ("x-added", "by Pound"), ("x-mixed-case", "Value")]
    assert frames[1].data == b"hello"


def test_a_chunked_response(client, plays):
    plays(says(head("200 OK", "Transfer-Encoding: chunked"), chunked(b"abc", b"def")))
    got = client.ask("GET", "/served")
    assert got.body == b"abcdef"
    assert not {"transfer-encoding", "content-length"} & {name for name, _ in got.fields}


def test_a_response_that_ends_with_the_connection(client, plays):
    def script(connection):
        connection.read_request()
        connection.send(head("200 OK") + b"all of it")
    plays(script)
    assert client.ask("GET", "/served").body == b"all of it"


def test_a_trailer_of_the_response(client, plays):
    plays(says(head("200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum"),
               chunked(b"abc", trailer=b"X-Sum: 123\r\nX-B: c\r\n")))
    stream = client.request("GET", "/served")
    frames = frames_of(client, stream)
    assert kinds(frames)[-1] == "HEADERS END"
    assert frames[-1].fields == [("x-sum", "123"), ("x-b", "c")]
    assert b"".join(f.data for f in frames[1:-1]) == b"abc"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_responses_without_a_body(client, plays, status):
    plays(says(head(status, "ETag: \"x\"")))
    frames = frames_of(client, client.request("GET", "/served"))
    assert kinds(frames) == ["HEADERS END"]
    assert dict(frames[0].fields)[":status"] == status[:3]
    assert "content-length" not in dict(frames[0].fields)


@pytest.mark.parametrize("fields, length", [
    (["Content-Length: 5000"], "5000"), (["Content-Length: 0"], "0"), ([], None),
    (["Transfer-Encoding: chunked"], None)])
def test_head(client, plays, fields, length):
    plays(says(head("200 OK", *fields)))
    frames = frames_of(client, client.request("HEAD", "/served"))
    assert kinds(frames) == ["HEADERS END"]
    assert dict(frames[0].fields).get("content-length") == length


def test_a_304_may_have_a_length(client, plays):
    plays(says(head("304 Not Modified", "Content-Length: 77")))
    frames = frames_of(client, client.request("GET", "/served"))
    assert kinds(frames) == ["HEADERS END"]
    assert dict(frames[0].fields)["content-length"] == "77"


def test_early_hints(client, plays):
    plays(says(head("103 Early Hints", "Link: </a.css>; rel=preload", "Connection: x"),
               head("102 Processing"), response(b"done")))
    got = client.ask("GET", "/served")
    assert got.interim == [[(":status", "103"), ("link", "</a.css>; rel=preload")],
                           [(":status", "102")]]
    assert (got.status, got.body) == (200, b"done")


def test_100_continue(client, plays):
    """It is the backend's own, and the body follows it."""
    asked, go_on = threading.Event(), threading.Event()

    def script(connection):
        request = connection.read_request_head()
        asked.set()
        assert go_on.wait(TIMEOUT)
        connection.send(head("100 Continue"))
        connection.send(response(b"got " + connection.read_body(request).body))
    backend = plays(script)
    stream = client.request("POST", "/served", ("expect", "100-continue"), ("content-length", "5"),
                            end=False)
    assert asked.wait(TIMEOUT)
    assert backend.requests[0].field("Expect") == "100-continue"
    client.ping()
    assert not any(isinstance(f, HeadersFrame) for f in client.unclaimed)
    go_on.set()
    got = client.claim_type(HeadersFrame, stream)
    assert got.fields == [(":status", "100")] and "END_STREAM" not in got.flags
    client.send(data(stream, b"hello", end=True))
    assert client.response(stream).body == b"got hello"


def test_a_final_response_instead_of_100(client, plays):
    def script(connection):
        connection.read_request_head()
        connection.send(response(b"no", status="417 Expectation Failed"))
        connection.read_until_close()
    plays(script)
    stream = client.request("POST", "/served", ("expect", "100-continue"), ("content-length", "9"),
                            end=False)
    got = client.response(stream)
    assert (got.status, got.body) == (417, b"no")
    client.expect_reset(stream, Code.NO_ERROR)
    client.send(data(stream, b"too late", end=True))  # was on its way
    client.ping()


def test_an_early_response_while_the_upload_goes_on(client, plays):
    """END_STREAM, and then RST_STREAM with NO_ERROR: the client need not send the rest."""
    def script(connection):
        connection.read_request_head()
        connection.read_chunk()
        connection.send(response(b"enough", status="413 Content Too Large"))
        try:
            connection.read_until_close()
        except Closed:
            pass
    plays(script)
    stream = client.request("POST", "/served", end=False)
    client.send(*(data(stream, bytes(13107)) for _ in range(5)))
    frames = [f for f in frames_of(client, stream) if not isinstance(f, WindowUpdateFrame)]
    assert kinds(frames) == ["HEADERS", "DATA END"]
    assert frames[1].data == b"enough"
    client.expect_reset(stream, Code.NO_ERROR)
    client.send(data(stream, b"late"))
    client.ping()
