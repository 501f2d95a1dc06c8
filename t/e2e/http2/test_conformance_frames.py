"""DATA, HEADERS, PRIORITY, RST_STREAM, PUSH_PROMISE and CONTINUATION: RFC 9113 section 6.

And PRIORITY_UPDATE of RFC 9218.
"""

import struct

import pytest

from harness import http2_frames as frames
from harness.http2 import Code

# Wrong padding: a Pad Length that leaves no room for itself, with the bytes behind it.
TOO_MUCH_PADDING = [b"\x01", b"\x05test", b"\x06test", b"\xfftest"]


# --- 6.1 DATA

@pytest.mark.parametrize("parts", [
    [b"test"], [b"test", b"", b"more"], [b""], [b"", b""], [b"x"] * 50], ids=repr)
def test_data_make_the_body(h2, web, parts):
    stream = h2.request("POST", end=False)
    h2.send(*(frames.data(stream, part) for part in parts[:-1]),
            frames.data(stream, parts[-1], end=True))
    assert h2.response(stream).status == 200
    assert web.requests[-1].body == b"".join(parts)


@pytest.mark.parametrize("padding", [0, 1, 6, 255])
@pytest.mark.parametrize("body", [b"test", b""])
def test_data_without_their_padding_make_the_body(h2, web, body, padding):
    stream = h2.request("POST", end=False)
    h2.send(frames.data(stream, body, padding=padding),
            frames.data(stream, body, end=True, padding=padding))
    assert h2.response(stream).status == 200
    assert web.requests[-1].body == body * 2


def test_data_on_stream_0_are_an_error(h2):
    h2.send(frames.data(0, b"test", end=True))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("payload", TOO_MUCH_PADDING)
def test_data_with_padding_as_long_as_the_payload_are_an_error(h2, payload):
    stream = h2.request("POST", "/", ("content-length", "4"), end=False)
    h2.send(frames.frame(frames.DATA, frames.PADDED | frames.END_STREAM, stream, payload))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_padded_data_without_a_pad_length_are_an_error(h2):
    """Section 4.2: too small for a field that the frame must have."""
    stream = h2.request("POST", end=False)
    h2.send(frames.frame(frames.DATA, frames.PADDED, stream))
    h2.expect_stream_error(stream, Code.FRAME_SIZE_ERROR)


# --- 6.2 HEADERS

@pytest.mark.parametrize("padding", [None, 0, 8, 255])
@pytest.mark.parametrize("depends_on", [None, 0, 7, 1 << 31, (1 << 31) | 7])
def test_headers_with_padding_and_priority_are_taken(h2, padding, depends_on):
    """Bit 31 of the dependency says that it is exclusive."""
    h2.send(frames.headers(1, h2.block("GET", "/3"), padding=padding, depends_on=depends_on))
    assert h2.response(1).body == b"xxx"


@pytest.mark.parametrize("payload", TOO_MUCH_PADDING)
def test_headers_with_too_much_padding_are_an_error(h2, payload):
    h2.send(frames.frame(frames.HEADERS, frames.PADDED | frames.END_HEADERS, 1, payload))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_headers_with_priority_and_too_much_padding_are_an_error(h2):
    flags = frames.PADDED | frames.HAS_PRIORITY | frames.END_HEADERS
    h2.send(frames.frame(frames.HEADERS, flags, 1, b"\x01" + bytes(5)))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("flags, size", [
    (frames.PADDED, 0), (frames.HAS_PRIORITY, 4), (frames.HAS_PRIORITY | frames.PADDED, 5)])
def test_headers_too_short_for_their_flags_are_an_error(h2, flags, size):
    h2.send(frames.frame(frames.HEADERS, flags | frames.END_HEADERS, 1, bytes(size)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


# --- 6.3 PRIORITY

@pytest.mark.parametrize("depends_on", [0, 5, 1 << 31, (1 << 31) | 5])
@pytest.mark.parametrize("weight", [0, 15, 255])
def test_priority_is_taken_and_means_nothing(h2, depends_on, weight):
    h2.send(frames.frame(frames.PRIORITY, 0, 1, struct.pack(">IB", depends_on, weight)))
    assert h2.ask("GET", "/3").body == b"xxx"


def test_priority_of_an_idle_stream_leaves_lower_streams_idle(h2):
    h2.send(frames.priority(3, depends_on=1), frames.headers(1, h2.block("GET", "/1")),
            frames.headers(3, h2.block("GET", "/3")))
    assert h2.response(1).body == b"x"
    assert h2.response(3).body == b"xxx"


def test_priority_on_stream_0_is_an_error(h2):
    h2.send(frames.priority(0))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 4, 6])
def test_priority_of_a_wrong_size_is_a_stream_error(h2, size):
    stream = h2.request("POST", end=False)
    h2.send(frames.frame(frames.PRIORITY, 0, stream, bytes(size)))
    h2.expect_stream_error(stream, Code.FRAME_SIZE_ERROR)


# --- PRIORITY_UPDATE: RFC 9218 section 7.1

@pytest.mark.parametrize("value", [
    b"u=0", b"u=7, i", b"", b"u=99", b"nonsense", b"\xff\0", b"u=3;a=b, x=?1"], ids=repr)
@pytest.mark.parametrize("stream", [1, 3, 99])
def test_priority_update_of_any_stream_and_value_is_taken(h2, stream, value):
    """Stream 1 is open, the others are idle. A value that cannot be parsed is ignored."""
    assert h2.request("POST", end=False) == 1
    h2.send(frames.priority_update(stream, value), frames.data(1, b"test", end=True))
    assert h2.response(1).body == b"test"
    assert h2.ask("GET", "/3").body == b"xxx"


@pytest.mark.parametrize("on, of", [(1, 1), (0, 0)], ids=["on a stream", "of stream 0"])
def test_priority_update_with_a_wrong_stream_is_an_error(h2, on, of):
    h2.request("POST", end=False)
    h2.send(frames.frame(frames.PRIORITY_UPDATE, 0, on, struct.pack(">I", of) + b"u=1"))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 3])
def test_priority_update_that_is_too_short_is_an_error(h2, size):
    h2.send(frames.frame(frames.PRIORITY_UPDATE, 0, 0, bytes(size)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


# --- 6.4 RST_STREAM

@pytest.mark.parametrize("code", [*Code, 0xff, 0xffffffff])
def test_rst_stream_with_any_code_ends_the_stream_only(h2, code):
    """Section 7: a code that is not known has no special effect."""
    stream = h2.request("POST", end=False)
    h2.send(frames.rst_stream(stream, code))
    h2.ping()
    assert h2.unclaimed == []
    assert h2.ask("GET", "/3").body == b"xxx"


def test_rst_stream_on_stream_0_is_an_error(h2):
    h2.send(frames.rst_stream(0))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 3, 5])
def test_rst_stream_of_a_wrong_size_is_a_connection_error(h2, size):
    stream = h2.request("POST", end=False)
    h2.send(frames.frame(frames.RST_STREAM, 0, stream, bytes(size)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


# --- 6.6 and 8.4 PUSH_PROMISE

@pytest.mark.parametrize("stream", [0, 1, 2])
def test_a_client_cannot_push(h2, stream):
    h2.request("POST", end=False)
    payload = struct.pack(">I", 2) + h2.block()
    h2.send(frames.frame(frames.PUSH_PROMISE, frames.END_HEADERS, stream, payload))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


# --- 6.10 CONTINUATION

@pytest.mark.parametrize("cuts", [[5], [5, 10], [0], [0, 0], [1, 2, 3, 4, 5, 6, 7, 8]], ids=repr)
@pytest.mark.parametrize("padding", [None, 9])
def test_continuations_make_one_block(h2, web, cuts, padding):
    block = h2.block("GET", "/3", ("x-test", "ok"))
    parts = [block[at:to] for at, to in zip([0, *cuts], [*cuts, len(block)])]
    h2.send(frames.headers(1, parts[0], end_headers=False, padding=padding),
            *(frames.continuation(1, part, end_headers=False) for part in parts[1:-1]),
            frames.continuation(1, parts[-1]))
    assert h2.response(1).body == b"xxx"
    assert web.requests[-1].field("x-test") == "ok"


def test_continuations_make_one_trailer(h2):
    block = frames.block([("x-test", "ok")])
    h2.send(frames.headers(1, h2.block("POST"), end=False), frames.data(1, b"test"),
            frames.headers(1, block[:3], end_headers=False), frames.continuation(1, block[3:]))
    assert h2.response(1).body == b"test"


def test_a_continuation_needs_headers_before_it(h2):
    h2.send(frames.continuation(1, h2.block()))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_a_continuation_behind_the_end_of_headers_is_an_error(h2):
    h2.send(frames.headers(1, h2.block("POST"), end=False),
            frames.continuation(1, frames.block([("x-test", "ok")])))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_a_continuation_behind_the_last_continuation_is_an_error(h2):
    more = frames.continuation(1, frames.block([("x-test", "ok")]))
    h2.send(frames.headers(1, h2.block("POST"), end=False, end_headers=False), more, more)
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_a_continuation_behind_data_is_an_error(h2):
    stream = h2.request("POST", end=False)
    h2.send(frames.data(stream, b"test"), frames.continuation(stream, b""))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)
