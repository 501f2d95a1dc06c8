"""The harness itself, without the daemon: what it reads, records and refuses."""

import socket

import pytest

from harness import Backend, Blackhole, Client, Closed, Message, chunked, get, response
from harness.daemon import ACCESS_RECORD
from harness.ports import reserve_port


@pytest.fixture
def serve():
    made = []

    def make(*args, **kwargs):
        made.append(Backend(*args, **kwargs))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


def test_ports_are_handed_out_once():
    ports = [reserve_port() for _ in range(50)]
    assert len(set(ports)) == 50


def test_reads_a_body_with_a_length_and_leaves_what_follows(serve):
    backend = serve()
    with Client(backend.port) as client:
        client.send(b"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
        assert client.read_response().body == b"ok"
        assert client.read_response().body == b"ok"
    first, second = backend.requests
    assert (first.method, first.target, first.body) == ("GET", "/1", b"")
    assert (second.method, second.target, second.body) == ("POST", "/2", b"abc")


def test_reads_chunks_and_trailer(serve):
    body = chunked(b"hello ", b"world", trailer=b"X-Sum: 1\r\n", extension=b";a=b")
    backend = serve(lambda _: response(b"", "Transfer-Encoding: chunked", length=False) + body)
    got = get(backend.port)
    assert (got.body, got.trailer, got.complete) == (b"hello world", [("X-Sum", "1")], True)


def test_tells_a_body_that_was_cut(serve):
    backend = serve(lambda _: response(b"abc", "Connection: close", "Content-Length: 9",
                                       length=False))
    got = get(backend.port)
    assert (got.body, got.complete) == (b"abc", False)


def test_tells_chunks_that_were_cut(serve):
    backend = serve(lambda _: b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                              b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    got = get(backend.port)
    assert (got.body, got.complete) == (b"abc", False)


def test_refuses_two_framings():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with pytest.raises(AssertionError, match="two framings"):
        Message(head).framing()


def test_refuses_what_is_no_field():
    with pytest.raises(AssertionError, match="not a field"):
        Message(b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n")


def test_collects_interim_responses(serve):
    backend = serve(lambda _: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response())
    got = get(backend.port)
    assert [head.status for head in got.interim] == [103]
    assert got.status == 200


def test_a_failing_script_is_reported():
    def script(connection):
        connection.read_head()
        raise ValueError("as meant")

    backend = Backend(script=script)
    with Client(backend.port) as client:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(Closed):
            client.read_response()
    with pytest.raises(AssertionError, match="as meant"):
        backend.close()


def test_a_backend_that_refuses_can_come_back(serve):
    backend = serve()
    backend.refuse()
    with pytest.raises(ConnectionRefusedError):
        Client(backend.port)
    backend.open()
    assert get(backend.port).status == 200


def test_a_blackhole_neither_accepts_nor_refuses():
    hole = Blackhole()
    with socket.socket() as sock:
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.connect(("127.0.0.1", hole.port))
    hole.close()


def test_access_record_pattern():
    line = ('pound[12]: 127.0.0.1 - joe [21/Nov/2025:06:40:00 +0000] "GET /a HTTP/1.1" 400 17 "-" '
            '"curl/8" 127.0.0.1:80/1 be 3 reason=bare_lf')
    record = ACCESS_RECORD.fullmatch(line).groupdict()
    assert (record["user"], record["status"], record["service"], record["backend"],
            record["reason"]) == ("joe", "400", "127.0.0.1:80/1", "be", "bare_lf")
    assert ACCESS_RECORD.fullmatch(line.removesuffix(" reason=bare_lf"))["reason"] is None
