"""Responses with every framing: Content-Length, chunked, until close, none, and broken ones."""

import threading

import pytest

from harness import TIMEOUT, chunked, request, response
from harness.config import plain_site

CONFIG = plain_site(backends={"web": "TimeOut: 5"}, listener="Client: 30")


@pytest.fixture(name="ask")
def fixture_ask(site):
    """ask(bytes, request…): the client's response when the backend sends these bytes.

    The client stays open. `ask.client` and `ask.pound` serve for further checks.
    """
    def ask(answer, *args, close=False, **kwargs):
        def script(connection):
            while connection.read_request():
                connection.send(answer)
                if close:
                    return

        ask.backend = site.backend(script=script)
        ask.pound = site.pound(CONFIG, web=ask.backend.port)
        ask.client = site.client(ask.pound.port)
        return ask.client.ask(*args, **kwargs)

    return ask


# --- framings -------------------------------------------------------------------------------------
def test_content_length(ask):
    got = ask(response(b"x" * 100000))
    assert (got.status, got.body, got.framing()) == (200, b"x" * 100000, ("length", 100000))
    assert ask.client.ask().body == b"x" * 100000


def test_content_length_zero(ask):
    got = ask(response(b""))
    assert (got.body, got.framing()) == (b"", ("length", 0))
    assert ask.client.ask().status == 200


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_chunked_with_extensions_and_trailer(ask):
    got = ask(CHUNKED + chunked(b"one", b"two" * 5000, extension=b';a="b;c"',
                                trailer=b"X-Checksum: 42\r\n"))
    assert got.framing() == ("chunked", None)
    assert got.body == b"one" + b"two" * 5000
    assert got.trailer == [("X-Checksum", "42")]
    assert ask.client.ask().complete  # both connections are still usable


def test_chunked_in_any_case_and_with_leading_zeros(ask):
    got = ask(b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n"
              b"000003\r\nabc\r\n0A\r\n0123456789\r\n000\r\n\r\n")
    assert got.body == b"abc0123456789"


def test_chunks_that_come_byte_by_byte(site):
    whole = CHUNKED + chunked(b"one", b"three", extension=b";x=y", trailer=b"A: b\r\n")

    def script(connection):
        while connection.read_request():
            for byte in whole:
                connection.send(bytes([byte]))

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    for _ in range(3):
        got = client.ask()
        assert (got.body, got.trailer, got.complete) == (b"onethree", [("A", "b")], True)


def test_close_delimited(ask):
    got = ask(b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n" + b"y" * 70000, close=True)
    assert (got.status, got.body, got.complete) == (200, b"y" * 70000, True)
    assert got.field("X-A") == "b"


def test_http10_backend(ask):
    got = ask(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nhello", close=True)
    assert (got.version, got.status, got.body) == ("HTTP/1.1", 200, b"hello")


def test_http10_backend_with_a_length_is_not_used_again(site):
    backend = site.backend(script=lambda c: c.read_request() and c.send(
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(3):
        assert client.ask().body == b"hi"
    assert [len(c.requests) for c in backend.connections] == [1, 1, 1]


def test_backends_connection_close_is_not_the_clients(site):
    backend = site.backend(lambda _: response(b"bye", "Connection: close"))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(3):
        got = client.ask()
        assert (got.body, got.field("Connection")) == (b"bye", None)
    assert len(backend.connections) == 3


def test_http10_client_gets_no_chunks(ask):
    got = ask(CHUNKED + chunked(b"one", b"two"), version="1.0")
    assert got.framing() == (None, None)
    assert got.body == b"onetwo"
    assert ask.client.closes()


def test_http10_client_that_wants_to_stay_cannot_after_chunks(ask):
    got = ask(CHUNKED + chunked(b"one", b"two"), "GET", "/", "Connection: keep-alive",
              version="1.0")
    assert (got.framing(), got.body) == ((None, None), b"onetwo")
    assert (got.field("Connection") or "close") == "close"


# --- no body --------------------------------------------------------------------------------------
NO_BODY = {
    "plain": b"\r\n",
    "length": b"Content-Length: 5\r\n\r\n",
    "chunked": b"Transfer-Encoding: chunked\r\n\r\n",
}


@pytest.mark.parametrize("framing", NO_BODY)
@pytest.mark.parametrize("method, status", [("HEAD", 200), ("HEAD", 404), ("GET", 304),
                                            ("GET", 204), ("HEAD", 304)])
def test_no_body_whatever_the_fields_say(ask, method, status, framing):
    got = ask(b"HTTP/1.1 %d X\r\nETag: \"1\"\r\n" % status + NO_BODY[framing], method, "/")
    assert (got.status, got.field("ETag")) == (status, '"1"')
    # The connection is in step: Pound does not take the next response for this body.
    ask.client.send(request(method, "/next"))
    assert ask.client.read_response(to=method).status == status
    assert ask.backend.requests[-1].target == "/next"


def test_head_keeps_the_length_as_information(ask):
    assert ask(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", "HEAD", "/").field(
        "Content-Length") == "1234"


def test_204_has_no_framing_field(ask):
    """RFC 9110 8.6, RFC 9112 6.1: a server must not send these fields in a 204."""
    got = ask(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
    assert got.framing() == (None, None)


# --- broken ones ----------------------------------------------------------------------------------
NOT_UNDERSTOOD = {
    "garbage": b"hello world\r\n\r\n",
    "binary": bytes(range(256)) + b"\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "version 2": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "version 0.9": b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "lower case": b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status below 100": b"HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
    "status above 599": b"HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n",
    "no status": b"HTTP/1.1  OK\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "list of unequal lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "length with a sign": b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
    "length in hexadecimal": b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\na",
    "empty length": b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "length of 2^64": b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
    "length and chunked":
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "folded field": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "field without colon": b"HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n",
    "CR in a value": b"HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n",
    "101 that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                                 b"Connection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("name", NOT_UNDERSTOOD)
def test_what_cannot_be_understood_is_502(ask, name):
    got = ask(NOT_UNDERSTOOD[name], close=True)
    assert (got.status, got.complete) == (502, True)
    record, = ask.pound.wait_records(1)
    assert (record["status"], record["backend"]) == ("502", "web")
    assert record["reason"]


def test_space_before_a_colon_never_passes(ask):
    """RFC 9112 5.1: a proxy removes the space, or rejects the response."""
    got = ask(b"HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 0\r\n\r\n", close=True)
    assert got.status == 502 or (got.status, got.field("X-A")) == (200, "b")


@pytest.mark.parametrize("part", [b"", b"H", b"HTTP/1.1 200 OK\r\n",
                                  b"HTTP/1.1 200 OK\r\nX-A: b\r\n"])
def test_a_head_that_was_cut_is_502(ask, part):
    got = ask(part, "POST", "/", body=b"x", close=True)
    assert (got.status, got.complete) == (502, True)
    assert len(ask.backend.requests) == 1


def test_a_head_of_60_kib_passes_and_one_of_70_kib_is_502(ask):
    fields = "".join(f"X-{n}: {'v' * 590}\r\n" for n in range(99)).encode()
    got = ask(b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 0\r\n\r\n")
    assert (got.status, got.field("X-98")) == (200, "v" * 590)
    assert ask(b"HTTP/1.1 200 OK\r\nX-A: " + b"v" * 70000 + b"\r\nContent-Length: 0\r\n\r\n",
               close=True).status == 502


def test_a_head_without_end_is_502(site):
    def script(connection):
        if connection.read_request():
            connection.send(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.send(b"X-Endless: " + b"v" * 1000 + b"\r\n")

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    assert site.client(pound.port).ask().status == 502


def test_a_short_body_ends_in_a_close(ask):
    got = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", close=True)
    assert (got.status, got.body, got.complete) == (200, b"abc", False)


BROKEN_CHUNKS = {
    "cut before the trailer's end": b"3\r\nabc\r\n0\r\nA: b\r\n",
    "no size": b"3\r\nabc\r\nxyz\r\n",
    "size of 2^64": b"3\r\nabc\r\n10000000000000000\r\n",
    "negative size": b"3\r\nabc\r\n-1\r\n",
    "data longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "bare LF behind the size": b"3\r\nabc\r\n3\nabc\r\n0\r\n\r\n",
    "bare LF behind the data": b"3\r\nabc\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN_CHUNKS)
def test_broken_chunks_end_without_a_last_chunk(ask, name):
    got = ask(CHUNKED + BROKEN_CHUNKS[name], close=True)
    # If Pound notices the fault before it has sent anything, it may still send a 502.
    assert got.status == 502 or (got.status, got.complete) == (200, False)
    assert got.status == 502 or b"abc".startswith(got.body)


@pytest.mark.parametrize("cut", [1, 4, 7, 10])
def test_truncated_chunks_end_without_a_last_chunk(site, cut):
    go_on = threading.Event()

    def script(connection):
        if connection.read_request():
            connection.send(CHUNKED + b"3\r\nabc\r\n")
            go_on.wait(TIMEOUT)
            connection.send(b"4\r\ndefg\r\n0\r\n\r\n"[:cut])

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    client.send(request())
    head = client.read_head()
    assert (head.status, head.framing()) == (200, ("chunked", None))
    assert client.read_chunk() == b"abc"
    go_on.set()
    rest = client.read_until_close()
    assert not rest.endswith(b"0\r\n\r\n"), rest


def test_bytes_beyond_the_length_never_pass(site):
    """Surplus bytes are neither part of this response nor of the next one."""
    def script(connection):
        while connection.read_request():
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n"
                            b"Content-Length: 4\r\n\r\nEVIL")

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(5):
        assert client.ask().body == b"abc"
    client.shut_write()
    assert client.closes()
    assert [len(c.requests) for c in backend.connections] == [1] * 5


def test_bytes_beyond_the_last_chunk_never_pass(site):
    def script(connection):
        while connection.read_request():
            connection.send(CHUNKED + chunked(b"abc") + response(b"EVIL"))

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(5):
        assert client.ask().body == b"abc"
    assert len(backend.connections) == 5


def test_a_response_without_a_request_never_passes(site):
    """Bytes between two requests make a pooled connection unusable."""
    def script(connection):
        if connection.read_request():
            connection.send(response(b"good"))
            if connection.number == 0:
                connection.send(response(b"EVIL"))
            if connection.read_request() is None:
                dropped.set()

    dropped = threading.Event()
    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    assert client.ask().body == b"good"
    assert dropped.wait(TIMEOUT), "the unusable connection stays open"
    assert client.ask().body == b"good"


def test_fields_pass_as_they_are(ask):
    got = ask(response(b"", "X-Odd:  a,  b;c=\"d\"", "Set-Cookie: a=1", "Set-Cookie: b=2",
                       "Server: x", "x-lower: \xe9"))
    assert got.all("Set-Cookie") == ["a=1", "b=2"]
    assert got.field("X-Odd") == 'a,  b;c="d"'
    assert (got.field("Server"), got.field("x-lower")) == ("x", "\xe9")


@pytest.mark.parametrize("reason", [b" ", b" Not Quite OK", b" \xc3\xa9"])
def test_odd_reason_phrases(ask, reason):
    assert ask(b"HTTP/1.1 200" + reason + b"\r\nContent-Length: 0\r\n\r\n").status == 200
