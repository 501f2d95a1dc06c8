"""Backends that fail, and answers of Pound's own, over HTTP/2."""

import threading

import pytest
from hyperframe.frame import DataFrame, RstStreamFrame

from harness import TIMEOUT, answer, response
from harness.http2_frames import Code
from played import frames_of, head, kinds, says


# --- failures of the backend
def cut_off(connection):
    connection.read_request()
    connection.send(head("200 OK", "Content-Length: 100") + b"a part")


def cut_off_in_chunks(connection):
    connection.read_request()
    connection.send(head("200 OK", "Transfer-Encoding: chunked") + b"6\r\na part\r\n")


@pytest.mark.parametrize("script", [cut_off, cut_off_in_chunks])
def test_a_truncated_response_ends_in_a_reset(played, client, plays, script):
    """Never in END_STREAM, for the client would take it for whole."""
    plays(script)
    path = f"/served/{script.__name__}"
    frames = frames_of(client, client.request("GET", path + "?"))
    assert not any("END_STREAM" in f.flags for f in frames)
    assert b"".join(f.data for f in frames if isinstance(f, DataFrame)) == b"a part"
    assert (type(frames[-1]), frames[-1].error_code) == (RstStreamFrame, Code.INTERNAL_ERROR)
    assert played.pound.wait_record(path + "?")["reason"] == "backend_truncated"


def test_a_backend_that_resets(played, client, plays):
    started = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(head("200 OK", "Content-Length: 100") + b"a part")
        assert started.wait(TIMEOUT)
        connection.reset()
    plays(script)
    stream = client.request("GET", "/served/reset")
    assert client.claim_type(DataFrame, stream).data == b"a part"
    started.set()
    client.expect_reset(stream, Code.INTERNAL_ERROR)
    assert played.pound.wait_record("/served/reset")["reason"] == "backend_reset"


def test_a_backend_that_says_nothing(played, client, plays):
    plays(lambda connection: connection.read_request())
    assert client.ask("GET", "/served/silence").status == 502
    assert played.pound.wait_record("/served/silence")["reason"] == "backend_closed"


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n"])
def test_a_response_that_is_none(client, plays, sent):
    plays(says(sent))
    got = client.ask("GET", "/served")
    assert got.status == 502
    assert int(got.field("content-length")) == len(got.body) > 0


# --- answers of Pound's own
def test_a_dead_backend(client, plays):
    plays(answer())
    got = client.ask("GET", "/gone")
    assert (got.status, got.field("content-type")) == (503, "text/html; charset=utf-8")
    assert int(got.field("content-length")) == len(got.body) > 0


def test_an_unknown_service(client):
    assert client.ask("GET", "/nowhere").status == 404


def test_the_page_of_a_head_request(client):
    frames = frames_of(client, client.request("HEAD", "/nowhere"))
    assert kinds(frames) == ["HEADERS END"]
    assert int(dict(frames[0].fields)["content-length"]) > 0


def test_a_redirect(client):
    got = client.ask("GET", "/away?x=1", authority="old.example")
    assert (got.status, got.field("location")) == (302, "https://shop.example/away?x=1")


def test_requests_on_one_connection_do_not_wait_for_each_other(client, plays):
    """The first one hangs at the backend, and the second one is answered."""
    go_on = threading.Event()

    def script(connection):
        while request := connection.read_request():
            if request.target == "/served/slow":
                assert go_on.wait(TIMEOUT)
            connection.send(response(request.target.encode()))
    plays(script)
    slow = client.request("GET", "/served/slow")
    assert client.ask("GET", "/served/quick").body == b"/served/quick"
    go_on.set()
    assert client.response(slow).body == b"/served/slow"


def test_the_access_record_says_http2(played, client, plays):
    plays(says(response(b"hi")))
    client.ask("GET", "/served/recorded", ("user-agent", "tester/1"), ("referer", "http://a/"))
    record = played.pound.wait_record("/served/recorded")
    assert record["request"] == "GET /served/recorded HTTP/2.0"
    assert (record["status"], record["bytes"]) == ("200", "2")
    assert (record["agent"], record["referer"]) == ("tester/1", "http://a/")
