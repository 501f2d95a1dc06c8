"""The preface, and what holds for every frame: RFC 9113 sections 3.4, 4 and 5.5."""

import pytest
from hyperframe.frame import PingFrame, SettingsFrame

from harness import http2_frames as frames
from harness.http2 import Code

UNKNOWN = 0x16  # a type that nobody has defined


# --- 3.4 the preface

def test_the_server_begins_with_its_settings(raw):
    raw.send(frames.PREFACE, frames.settings())
    first = raw.read_frame()
    assert isinstance(first, SettingsFrame) and "ACK" not in first.flags


def test_the_settings_of_the_server(h2):
    assert h2.server_settings == {
        frames.Setting.MAX_CONCURRENT_STREAMS: 100,
        frames.Setting.MAX_HEADER_LIST_SIZE: 32_768,
        frames.ENABLE_CONNECT_PROTOCOL: 1,
        frames.NO_RFC7540_PRIORITIES: 1,
    }


def test_preface_and_request_byte_by_byte(raw):
    everything = frames.PREFACE + frames.settings() + frames.headers(1, raw.block("GET", "/3"))
    for byte in everything:
        raw.send(bytes([byte]))
    assert raw.response(1).body == b"xxx"


def test_a_request_need_not_wait_for_the_settings_of_the_server(raw):
    raw.send(frames.PREFACE, frames.settings(), frames.headers(1, raw.block("GET", "/3")))
    assert raw.response(1).body == b"xxx"


@pytest.mark.parametrize("at", [0, 3, 14, 20, 23])
def test_a_wrong_byte_in_the_preface_ends_a_connection_over_tls(connect, at):
    wrong = bytearray(frames.PREFACE + frames.settings())
    wrong[at] ^= 1
    with connect(tls=True, start=False) as h2:
        h2.send(bytes(wrong))
        h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("at", [18, 20, 23])
def test_a_wrong_byte_in_the_preface_ends_a_connection_with_h2c(connect, web, at):
    wrong = bytearray(frames.PREFACE + frames.settings())
    wrong[at] ^= 1
    with connect(start=False) as h2:
        h2.send(bytes(wrong))
        h2.wire.read_until_close()
    assert not [asked for asked in web.requests if asked.method == "PRI"]


def test_no_preface_at_all_ends_the_connection(raw):
    raw.send(b"INVALID CONNECTION PREFACE\r\n\r\n")
    raw.wire.read_until_close()


@pytest.mark.parametrize("first", [
    frames.ping(), frames.window_update(0, 1), frames.frame(frames.SETTINGS, frames.ACK),
    frames.frame(UNKNOWN), frames.headers(1, b"\x82\x86\x84\x41\x01a")],
    ids=["PING", "WINDOW_UPDATE", "ACK", "unknown", "HEADERS"])
def test_a_first_frame_other_than_settings_is_an_error(raw, first):
    raw.send(frames.PREFACE, first)
    raw.expect_connection_error(Code.PROTOCOL_ERROR)


# --- 4.1 the format of frames

@pytest.mark.parametrize("stream", [0, 1, 2, 7])
@pytest.mark.parametrize("size", [0, 8, frames.MAX_PAYLOAD])
def test_a_frame_of_unknown_type_is_ignored(h2, stream, size):
    """Sections 4.1 and 5.5: on the connection, on an open and on an idle stream."""
    open_stream = h2.request("POST", end=False)
    h2.send(frames.frame(UNKNOWN, 0xff, stream, bytes(size)))
    h2.ping()
    h2.send(frames.data(open_stream, b"body", end=True))
    assert h2.response(open_stream).body == b"body"


def test_undefined_flags_of_ping_are_ignored(h2):
    h2.send(frames.frame(frames.PING, 0x16, 0, b"flagged!"))
    assert h2.claim_type(PingFrame).opaque_data == b"flagged!"


def test_undefined_flags_of_a_request_are_ignored(h2):
    """0x12 are no flags of HEADERS and 0x46 none of DATA."""
    h2.send(frames.frame(frames.HEADERS, frames.END_HEADERS | 0x12, 1, h2.block("POST")),
            frames.frame(frames.DATA, 0x46, 1, b"one "),
            frames.frame(frames.DATA, frames.END_STREAM | 0x46, 1, b"two"))
    assert h2.response(1).body == b"one two"


def test_the_reserved_bit_is_ignored(h2):
    reserved = 1 << 31
    h2.send(frames.frame(frames.PING, 0, reserved, b"reserved"),
            frames.frame(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, reserved | 1,
                         h2.block("GET", "/3")),
            frames.window_update(reserved, reserved | 1),
            frames.window_update(reserved | 1, reserved | 1))
    assert h2.claim_type(PingFrame).opaque_data == b"reserved"
    assert h2.response(1).body == b"xxx"


# --- 4.2 the size of frames

def test_data_of_16384_bytes_is_taken(h2):
    body = bytes(range(256)) * 64
    h2.send(frames.headers(1, h2.block("POST"), end=False), frames.data(1, body, end=True))
    assert h2.response(1).body == body


def test_data_of_16385_bytes_is_an_error(h2):
    stream = h2.request("POST", end=False)
    h2.send(frames.data(stream, bytes(frames.MAX_PAYLOAD + 1), end=True))
    h2.expect_stream_error(stream, Code.FRAME_SIZE_ERROR)


def test_headers_of_16384_bytes_are_taken(h2, web):
    rest = frames.MAX_PAYLOAD - len(h2.block("GET", "/", ("x-long", "")))
    h2.send(frames.headers(1, h2.block("GET", "/", ("x-long", "v" * (rest - 2)))))
    assert h2.response(1).status == 200
    assert web.requests[-1].field("x-long") == "v" * (rest - 2)


@pytest.mark.parametrize("kind, stream", [
    (frames.HEADERS, 1), (frames.SETTINGS, 0), (frames.PING, 0), (frames.GOAWAY, 0),
    (frames.PRIORITY, 1), (UNKNOWN, 0)])
@pytest.mark.parametrize("length", [frames.MAX_PAYLOAD + 1, 2**24 - 1])
def test_the_header_of_a_frame_that_is_too_long_is_an_error(h2, kind, stream, length):
    """The server does not wait for the payload."""
    h2.send(frames.frame(kind, 0, stream, length=length))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


def test_a_continuation_of_16385_bytes_is_an_error(h2):
    h2.send(frames.headers(1, h2.block(), end_headers=False),
            frames.frame(frames.CONTINUATION, 0, 1, bytes(frames.MAX_PAYLOAD + 1)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


@pytest.mark.parametrize("allowed", [16_384, 100_000, 2**24 - 1])
def test_frames_of_the_server_are_not_longer_than_allowed(h2, allowed):
    h2.change_settings((frames.Setting.MAX_FRAME_SIZE, allowed))
    assert len(h2.ask("GET", "/200000").body) == 200_000


# --- 4.3 header blocks

@pytest.mark.parametrize("block", [b"\x40", b"\x80", b"\0\x05ab"], ids=["cut", "index 0", "short"])
def test_a_block_that_cannot_be_decoded_is_an_error(h2, block):
    h2.send(frames.headers(1, block))
    h2.expect_connection_error(Code.COMPRESSION_ERROR)


def test_a_trailer_that_cannot_be_decoded_is_an_error(h2):
    h2.send(frames.headers(1, h2.block("POST"), end=False), frames.headers(1, b"\x40"))
    h2.expect_connection_error(Code.COMPRESSION_ERROR)


BETWEEN = {
    "PRIORITY": frames.priority(1),
    "DATA": frames.data(1, b"test"),
    "PING": frames.ping(),
    "SETTINGS": frames.settings(),
    "WINDOW_UPDATE": frames.window_update(0, 1),
    "RST_STREAM": frames.rst_stream(1),
    "GOAWAY": frames.goaway(),
    "unknown": frames.frame(UNKNOWN),
    "HEADERS of the same stream": frames.headers(1, b""),
    "HEADERS of another stream": frames.headers(3, b"\x82\x86\x84\x41\x01a"),
    "CONTINUATION of another stream": frames.continuation(3, b""),
    "CONTINUATION of stream 0": frames.continuation(0, b""),
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN.keys())
@pytest.mark.parametrize("continuations", [0, 1])
def test_a_frame_inside_a_header_block_is_an_error(h2, between, continuations):
    """Sections 4.3, 5.5, 6.2 and 6.10. The server does not wait for the rest of the block."""
    h2.send(frames.headers(1, h2.block(), end_headers=False),
            frames.continuation(1, frames.block([("x-a", "b")]), end_headers=False) * continuations,
            between)
    h2.expect_connection_error(Code.PROTOCOL_ERROR)
