"""SETTINGS, PING and GOAWAY: RFC 9113 sections 6.5, 6.7, 6.8 and 7."""

import pytest
from hyperframe.frame import DataFrame, PingFrame, SettingsFrame

from harness import http2_frames as frames
from harness.http2 import Code

Setting = frames.Setting


# --- 6.5 SETTINGS

def test_each_settings_frame_is_acknowledged_once(h2):
    h2.send(*[frames.settings((Setting.ENABLE_PUSH, 0)), frames.settings()] * 3)
    h2.ping()
    acks = [f for f in h2.unclaimed if isinstance(f, SettingsFrame)]
    assert [f.flags for f in acks] == [{"ACK"}] * 6 and h2.unclaimed == acks


@pytest.mark.parametrize("size", [1, 6])
def test_an_ack_with_a_payload_is_an_error(h2, size):
    h2.send(frames.frame(frames.SETTINGS, frames.ACK, 0, bytes(size)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


@pytest.mark.parametrize("flags, payload", [(0, b"\0\3\0\0\0\x64"), (0, b""), (frames.ACK, b"")])
def test_settings_on_a_stream_are_an_error(h2, flags, payload):
    stream = h2.request("POST", end=False)
    h2.send(frames.frame(frames.SETTINGS, flags, stream, payload))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [1, 5, 7, 8, 13])
def test_settings_of_a_size_that_no_number_of_settings_has_are_an_error(h2, size):
    h2.send(frames.frame(frames.SETTINGS, 0, 0, bytes(size)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


# --- 6.5.2 their values

@pytest.mark.parametrize("setting, value", [
    (Setting.ENABLE_PUSH, 0), (Setting.ENABLE_PUSH, 1),
    (Setting.INITIAL_WINDOW_SIZE, 2**31 - 1),
    (Setting.MAX_FRAME_SIZE, 2**14), (Setting.MAX_FRAME_SIZE, 2**24 - 1),
    (Setting.MAX_CONCURRENT_STREAMS, 0), (Setting.MAX_CONCURRENT_STREAMS, 2**32 - 1),
    (Setting.HEADER_TABLE_SIZE, 0), (Setting.HEADER_TABLE_SIZE, 2**32 - 1),
    (Setting.MAX_HEADER_LIST_SIZE, 2**32 - 1),
    (frames.NO_RFC7540_PRIORITIES, 0), (frames.NO_RFC7540_PRIORITIES, 1),
    (0, 1), (7, 1), (0xff, 1), (0xffff, 2**32 - 1)])
def test_a_setting_in_its_range_or_an_unknown_one_is_taken(h2, setting, value):
    h2.change_settings((setting, value))
    assert h2.ask("GET", "/3").body == b"xxx"


@pytest.mark.parametrize("setting, value, code", [
    (Setting.ENABLE_PUSH, 2, Code.PROTOCOL_ERROR),
    (Setting.ENABLE_PUSH, 2**32 - 1, Code.PROTOCOL_ERROR),
    (Setting.INITIAL_WINDOW_SIZE, 2**31, Code.FLOW_CONTROL_ERROR),
    (Setting.INITIAL_WINDOW_SIZE, 2**32 - 1, Code.FLOW_CONTROL_ERROR),
    (Setting.MAX_FRAME_SIZE, 2**14 - 1, Code.PROTOCOL_ERROR),
    (Setting.MAX_FRAME_SIZE, 0, Code.PROTOCOL_ERROR),
    (Setting.MAX_FRAME_SIZE, 2**24, Code.PROTOCOL_ERROR),
    (frames.NO_RFC7540_PRIORITIES, 2, Code.PROTOCOL_ERROR)])
@pytest.mark.parametrize("before", [[], [(Setting.MAX_CONCURRENT_STREAMS, 7), (0xff, 1)]],
                         ids=["alone", "behind others"])
def test_a_setting_out_of_its_range_is_an_error(h2, setting, value, code, before):
    h2.send(frames.settings(*before, (setting, value)))
    h2.expect_connection_error(code)


# --- 6.5.3 their order

def test_settings_are_applied_in_their_order(h2):
    h2.change_settings((Setting.INITIAL_WINDOW_SIZE, 100), (Setting.INITIAL_WINDOW_SIZE, 1))
    stream = h2.request("GET", "/3")
    assert h2.claim_type(DataFrame, stream).data == b"x"
    h2.ping()
    assert not [f for f in h2.unclaimed if isinstance(f, DataFrame)]


def test_settings_are_applied_before_their_acknowledgement(h2):
    """No byte comes behind the ACK beyond the new window."""
    h2.send(frames.settings((Setting.INITIAL_WINDOW_SIZE, 2)))
    stream = h2.request("GET", "/3")
    assert "ACK" in h2.claim_type(SettingsFrame).flags
    assert h2.claim_type(DataFrame, stream).data == b"xx"


# --- 6.7 PING

@pytest.mark.parametrize("payload", [bytes(8), b"\xff" * 8, b"12345678"])
def test_ping_is_answered_with_its_payload(h2, payload):
    h2.send(frames.ping(payload))
    answer = h2.claim_type(PingFrame)
    assert (answer.opaque_data, answer.flags, answer.stream_id) == (payload, {"ACK"}, 0)


def test_pings_are_answered_in_their_order(h2):
    payloads = [b"%8d" % i for i in range(20)]
    h2.send(*map(frames.ping, payloads))
    assert [h2.claim_type(PingFrame).opaque_data for _ in payloads] == payloads


def test_the_ack_of_a_ping_is_not_answered(h2):
    h2.send(frames.ping(b"unasked!", ack=True))
    h2.ping(b"question")
    assert h2.unclaimed == []


@pytest.mark.parametrize("stream", [1, 3])
@pytest.mark.parametrize("flags", [0, frames.ACK])
def test_ping_on_a_stream_is_an_error(h2, stream, flags):
    h2.request("POST", end=False)
    h2.send(frames.frame(frames.PING, flags, stream, bytes(8)))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 6, 7, 9, 16])
@pytest.mark.parametrize("flags", [0, frames.ACK])
def test_ping_of_a_wrong_size_is_an_error(h2, size, flags):
    h2.send(frames.frame(frames.PING, flags, 0, bytes(size)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


# --- 6.8 GOAWAY

@pytest.mark.parametrize("code", [Code.NO_ERROR, Code.PROTOCOL_ERROR, 0xff, 0xffffffff])
@pytest.mark.parametrize("debug", [b"", b"good night"])
def test_goaway_of_an_idle_client_ends_the_connection(h2, code, debug):
    """Section 7: a code that is not known has no special effect."""
    h2.send(frames.goaway(0, code, debug))
    h2.expect_connection_error(Code.NO_ERROR)


def test_goaway_of_the_client_lets_its_streams_end(h2):
    stream = h2.request("POST", end=False)
    h2.send(frames.goaway(), frames.data(stream, b"last words", end=True))
    assert h2.response(stream).body == b"last words"
    h2.expect_connection_error(Code.NO_ERROR)


@pytest.mark.parametrize("stream", [1, 3])
def test_goaway_on_a_stream_is_an_error(h2, stream):
    h2.request("POST", end=False)
    h2.send(frames.frame(frames.GOAWAY, 0, stream, bytes(8)))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 4, 7])
def test_goaway_that_is_too_short_is_an_error(h2, size):
    h2.send(frames.frame(frames.GOAWAY, 0, 0, bytes(size)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)
