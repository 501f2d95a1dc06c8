"""Streams: their states, identifiers and number, and errors: RFC 9113 section 5."""

import pytest
from hyperframe.frame import DataFrame, HeadersFrame

from harness import http2_frames as frames
from harness.http2 import Code

NO_WINDOW = (frames.Setting.INITIAL_WINDOW_SIZE, 0)
TRAILER = frames.block([("x-test", "ok")])


@pytest.fixture(name="half_closed")
def fixture_half_closed(h2):
    """Stream 1: the client has ended it, and the server waits for a window."""
    h2.change_settings(NO_WINDOW)
    stream = h2.request("GET", "/3")
    h2.claim_type(HeadersFrame, stream)
    return h2


@pytest.fixture(name="closed")
def fixture_closed(h2):
    """Stream 1: both sides have ended it."""
    assert h2.ask("GET", "/3").body == b"xxx"
    return h2


@pytest.fixture(name="reset_by_client")
def fixture_reset_by_client(h2):
    h2.send(frames.rst_stream(h2.request("POST", end=False)))
    return h2


@pytest.fixture(name="reset_by_server")
def fixture_reset_by_server(h2):
    """Stream 1: the server has reset it for a fault of the client."""
    stream = h2.request("POST", end=False)
    h2.send(frames.window_update(stream, 0))
    h2.expect_reset(stream, Code.PROTOCOL_ERROR)
    return h2


# --- 5.1 idle

IDLE = {
    "DATA": frames.data,
    "RST_STREAM": frames.rst_stream,
    "WINDOW_UPDATE": lambda stream: frames.window_update(stream, 100),
    "CONTINUATION": lambda stream: frames.continuation(stream, TRAILER),
}


@pytest.mark.parametrize("make", IDLE.values(), ids=IDLE.keys())
def test_idle_only_headers_and_priority_may_come(h2, make):
    h2.send(make(1))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("make", IDLE.values(), ids=IDLE.keys())
def test_idle_above_the_streams_that_were_used(closed, make):
    closed.send(make(3))
    assert closed.expect_connection_error(Code.PROTOCOL_ERROR).last_stream_id == 1


@pytest.mark.parametrize("make", IDLE.values(), ids=IDLE.keys())
def test_idle_streams_of_the_server_below_the_last_of_the_client(h2, make):
    """The server opens no streams, so all of them stay idle."""
    h2.send(frames.headers(5, h2.block("GET", "/3")))
    assert h2.response(5).body == b"xxx"
    h2.send(make(2))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_idle_priority_is_taken(h2):
    h2.send(frames.priority(1))
    h2.ping()
    assert h2.ask().status == 200


# --- 5.1 half-closed (remote)

@pytest.mark.parametrize("end", [False, True])
def test_half_closed_data_is_an_error(half_closed, end):
    half_closed.send(frames.data(1, b"test", end=end))
    half_closed.expect_stream_error(1, Code.STREAM_CLOSED)


@pytest.mark.parametrize("end", [False, True])
def test_half_closed_headers_are_an_error(half_closed, end):
    half_closed.send(frames.headers(1, TRAILER, end=end))
    half_closed.expect_stream_error(1, Code.STREAM_CLOSED)


def test_half_closed_continuation_is_an_error(half_closed):
    half_closed.send(frames.continuation(1, TRAILER))
    half_closed.expect_stream_error(1, Code.STREAM_CLOSED, Code.PROTOCOL_ERROR)


def test_half_closed_window_update_is_taken(half_closed):
    half_closed.send(frames.window_update(1, 1))
    assert half_closed.claim_type(DataFrame, 1).data == b"x"


def test_half_closed_priority_is_taken(half_closed):
    half_closed.send(frames.priority(1), frames.window_update(1, 1))
    assert half_closed.claim_type(DataFrame, 1).data == b"x"


def test_half_closed_rst_stream_is_taken(half_closed):
    half_closed.send(frames.rst_stream(1), frames.window_update(0, 1))
    half_closed.ping()
    assert half_closed.unclaimed == []


# --- 5.1 closed

@pytest.mark.parametrize("frame, codes", [
    (frames.data(1, b"test", end=True), [Code.STREAM_CLOSED]),
    (frames.headers(1, TRAILER), [Code.STREAM_CLOSED]),
    (frames.continuation(1, TRAILER), [Code.STREAM_CLOSED, Code.PROTOCOL_ERROR])],
    ids=["DATA", "HEADERS", "CONTINUATION"])
class TestClosed:
    def test_by_both_sides_further_frames_are_an_error(self, closed, frame, codes):
        closed.send(frame)
        assert closed.expect_connection_error(*codes).last_stream_id == 1

    def test_by_the_client_further_frames_are_an_error(self, reset_by_client, frame, codes):
        reset_by_client.send(frame)
        reset_by_client.expect_stream_error(1, *codes)


@pytest.mark.parametrize("frame", [
    frames.priority(1), frames.window_update(1, 1), frames.rst_stream(1)],
    ids=["PRIORITY", "WINDOW_UPDATE", "RST_STREAM"])
def test_closed_by_both_sides_frames_that_may_be_late_are_ignored(closed, frame):
    closed.send(frame)
    closed.ping()
    assert closed.ask("GET", "/3").body == b"xxx"


@pytest.mark.parametrize("frame", [
    frames.data(1, b"test"), frames.data(1, b"test", end=True), frames.headers(1, TRAILER),
    frames.priority(1), frames.window_update(1, 1), frames.rst_stream(1)],
    ids=["DATA", "last DATA", "HEADERS", "PRIORITY", "WINDOW_UPDATE", "RST_STREAM"])
def test_closed_by_a_reset_of_the_server_frames_under_way_are_ignored(reset_by_server, frame):
    reset_by_server.send(frame)
    reset_by_server.ping()
    assert reset_by_server.ask("GET", "/3").body == b"xxx"


def test_closed_by_a_reset_of_the_server_its_header_blocks_still_change_the_table(reset_by_server):
    """Section 4.3: the trailer puts x-late into the table, and the next request refers to it."""
    reset_by_server.send(
        frames.headers(1, b"\x40" + frames.string("x-late") + frames.string("value")),
        frames.headers(3, reset_by_server.block("GET", "/3") + b"\xbe"))
    assert reset_by_server.response(3).body == b"xxx"


# --- 5.1.1 identifiers

@pytest.mark.parametrize("stream", [2, 4, 2**31 - 2])
def test_the_client_may_not_use_an_even_identifier(h2, stream):
    h2.send(frames.headers(stream, h2.block()))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_stream_0_takes_no_headers(h2):
    """Section 6.2."""
    h2.send(frames.headers(0, h2.block()))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_an_identifier_below_the_last_one_is_an_error(h2):
    """Stream 5 has closed stream 3: its frames are unexpected as well as on a closed stream."""
    h2.send(frames.headers(5, h2.block()))
    assert h2.response(5).status == 200
    h2.send(frames.headers(3, h2.block()))
    goaway = h2.expect_connection_error(Code.PROTOCOL_ERROR, Code.STREAM_CLOSED)
    assert goaway.last_stream_id == 5


@pytest.mark.parametrize("stream", [5, 1001, 2**31 - 1])
def test_identifiers_may_be_left_out(h2, stream):
    h2.send(frames.headers(1, h2.block("GET", "/1")), frames.headers(stream, h2.block("GET", "/3")))
    assert h2.response(1).body == b"x"
    assert h2.response(stream).body == b"xxx"


# --- 5.1.2 the number of streams

def test_more_streams_than_the_server_allows(h2):
    """The 101st stream is refused. Each stream that ends makes room for another."""
    most = h2.server_settings[frames.Setting.MAX_CONCURRENT_STREAMS]
    h2.send(frames.settings(NO_WINDOW))
    streams = [h2.request("GET", "/3") for _ in range(most + 1)]
    h2.expect_reset(streams[-1], Code.REFUSED_STREAM, Code.PROTOCOL_ERROR)
    h2.ping()
    for stream in streams[:most]:
        h2.claim_type(HeadersFrame, stream)
    h2.send(frames.window_update(streams[7], 3))
    assert h2.claim_type(DataFrame, streams[7]).data == b"xxx"
    another = h2.request("GET", "/1")
    h2.send(frames.window_update(another, 1))
    assert h2.response(another).body == b"x"


# --- 5.3.1 of RFC 7540: a stream cannot depend on itself

def test_headers_that_depend_on_their_own_stream_are_an_error(h2):
    h2.send(frames.headers(1, h2.block(), depends_on=1))
    h2.expect_stream_error(1, Code.PROTOCOL_ERROR)


def test_priority_that_depends_on_its_own_stream_is_an_error(h2):
    stream = h2.request("POST", end=False)
    h2.send(frames.priority(stream, depends_on=stream))
    h2.expect_stream_error(stream, Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("frame, code", [
    (frames.priority(3, depends_on=3), Code.PROTOCOL_ERROR),
    (frames.priority(2, depends_on=2), Code.PROTOCOL_ERROR),
    (frames.frame(frames.PRIORITY, 0, 3, bytes(4)), Code.FRAME_SIZE_ERROR)],
    ids=["depends on itself", "a server's depends on itself", "too short"])
def test_a_wrong_priority_on_an_idle_stream_is_a_connection_error(closed, frame, code):
    """Section 6.4: RST_STREAM must not be sent for an idle stream."""
    closed.send(frame)
    closed.expect_connection_error(code)


# --- 5.4 errors

@pytest.mark.parametrize("requests", [0, 1, 3])
def test_a_connection_error_names_the_last_stream_and_closes(h2, requests):
    """Section 5.4.1."""
    for _ in range(requests):
        h2.ask()
    h2.send(frames.frame(frames.PING, 0, 3, bytes(8)))
    goaway = h2.expect_connection_error(Code.PROTOCOL_ERROR)
    assert goaway.last_stream_id == max(0, 2 * requests - 1)


def test_frames_behind_a_connection_error_are_not_taken(h2, web):
    before = len(web.requests)
    h2.send(frames.frame(frames.PING, 0, 3, bytes(8)), frames.headers(1, h2.block()))
    assert h2.expect_connection_error(Code.PROTOCOL_ERROR).last_stream_id == 0
    assert len(web.requests) == before


def test_a_stream_error_leaves_the_other_streams_alone(h2):
    """Section 5.4.2."""
    first, wrong, last = (h2.request("POST", end=False) for _ in range(3))
    h2.send(frames.data(first, b"first"), frames.window_update(wrong, 0),
            frames.data(last, b"last", end=True), frames.data(first, b" of all", end=True))
    h2.expect_reset(wrong, Code.PROTOCOL_ERROR)
    assert h2.response(first).body == b"first of all"
    assert h2.response(last).body == b"last"
