"""WINDOW_UPDATE and flow control in both directions: RFC 9113 sections 5.2 and 6.9."""

import threading

import pytest
from hyperframe.frame import DataFrame, HeadersFrame, WindowUpdateFrame

from harness import http2_frames as frames
from harness import TIMEOUT, response
from harness.config import plain_site
from harness.http2 import Code, Http2

def set_window(h2, size):
    h2.change_settings((frames.Setting.INITIAL_WINDOW_SIZE, size))


def take(h2, size, *streams):
    """DATA of exactly that many bytes, on any of the streams, and then no more for a round trip.
    Returns the bytes of each stream."""
    got = dict.fromkeys(streams, b"")
    while (left := size - sum(map(len, got.values()))) > 0:
        part = h2.claim(lambda f: isinstance(f, DataFrame) and f.stream_id in got,
                        f"DATA of {left} bytes")
        got[part.stream_id] += part.data
    h2.ping()
    more = [f for f in h2.unclaimed if isinstance(f, DataFrame)]
    assert left == 0 and not more, f"{left} bytes left, and {more}"
    return got


# --- 6.9 WINDOW_UPDATE

@pytest.mark.parametrize("increment", [1, 65_535, frames.MAX_WINDOW - frames.WINDOW])
def test_window_update_is_taken(h2, increment):
    h2.send(frames.window_update(0, increment))
    stream = h2.request("POST", end=False)
    h2.send(frames.window_update(stream, increment), frames.data(stream, b"test", end=True))
    assert h2.response(stream).body == b"test"


def test_window_update_of_0_on_the_connection_is_an_error(h2):
    h2.send(frames.window_update(0, 0))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_window_update_of_0_on_a_stream_is_a_stream_error(h2):
    stream = h2.request("POST", end=False)
    h2.send(frames.window_update(stream, 0))
    h2.expect_stream_error(stream, Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("stream", [0, 1])
@pytest.mark.parametrize("size", [0, 3, 5])
def test_window_update_of_a_wrong_size_is_an_error(h2, stream, size):
    h2.request("POST", end=False)
    h2.send(frames.frame(frames.WINDOW_UPDATE, 0, stream, bytes(size)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


# --- 6.9.1 what the server may send

def test_a_stream_gets_no_more_than_its_window(h2):
    set_window(h2, 1)
    stream = h2.request("GET", "/1000")
    take(h2, 1, stream)
    h2.send(frames.window_update(stream, 600), frames.window_update(stream, 99))
    take(h2, 699, stream)
    h2.send(frames.window_update(stream, 300))
    assert take(h2, 300, stream) == {stream: b"x" * 300}


def test_all_streams_get_no_more_than_the_window_of_the_connection(h2):
    set_window(h2, 2**20)
    streams = [h2.request("GET", "/40000") for _ in range(3)]
    take(h2, frames.WINDOW, *streams)
    h2.send(frames.window_update(0, 1))
    take(h2, 1, *streams)
    h2.send(frames.window_update(streams[0], 1000))
    take(h2, 0, *streams)
    h2.send(frames.window_update(0, 120_000 - frames.WINDOW - 1))
    take(h2, 120_000 - frames.WINDOW - 1, *streams)


def test_headers_and_the_end_of_an_empty_response_need_no_window(h2):
    set_window(h2, 0)
    assert h2.ask("GET", "/0").body == b""


@pytest.mark.parametrize("size", [1, 3])
def test_a_window_of_just_the_size_of_the_body_takes_its_end_too(h2, size):
    set_window(h2, size)
    assert h2.ask("GET", f"/{size}").body == b"x" * size


def test_the_window_of_the_connection_may_not_exceed_its_maximum(h2):
    h2.send(frames.window_update(0, frames.MAX_WINDOW), frames.window_update(0, frames.MAX_WINDOW))
    h2.expect_connection_error(Code.FLOW_CONTROL_ERROR)


def test_the_window_of_a_stream_may_not_exceed_its_maximum(h2):
    stream = h2.request("POST", end=False)
    h2.send(*[frames.window_update(stream, frames.MAX_WINDOW)] * 2)
    h2.expect_stream_error(stream, Code.FLOW_CONTROL_ERROR)


@pytest.mark.parametrize("stream", [0, 1])
def test_the_first_byte_above_the_maximum_is_too_much(h2, stream):
    assert h2.request("POST", end=False) == 1
    h2.send(frames.window_update(stream, frames.MAX_WINDOW - frames.WINDOW))
    h2.ping()
    h2.send(frames.window_update(stream, 1))
    if stream == 0:
        h2.expect_connection_error(Code.FLOW_CONTROL_ERROR)
    else:
        h2.expect_stream_error(stream, Code.FLOW_CONTROL_ERROR)


# --- 6.9.2 changes of the initial window

def test_a_new_initial_window_applies_to_open_streams(h2):
    set_window(h2, 0)
    streams = [h2.request("GET", "/3") for _ in range(2)]
    for stream in streams:
        h2.claim_type(HeadersFrame, stream)
    take(h2, 0, *streams)
    set_window(h2, 1)
    assert take(h2, 2, *streams) == dict.fromkeys(streams, b"x")
    set_window(h2, 100)
    assert take(h2, 4, *streams) == dict.fromkeys(streams, b"xx")


def test_a_window_may_become_negative(h2):
    set_window(h2, 3)
    stream = h2.request("GET", "/5")
    take(h2, 3, stream)
    set_window(h2, 2)
    h2.send(frames.window_update(stream, 1))
    take(h2, 0, stream)
    h2.send(frames.window_update(stream, 1))
    take(h2, 1, stream)
    set_window(h2, 3)
    take(h2, 1, stream)


def test_a_window_may_become_very_negative(h2):
    stream = h2.request("GET", "/100000")
    take(h2, frames.WINDOW, stream)
    h2.send(frames.window_update(0, 2**20))
    set_window(h2, 0)
    h2.send(frames.window_update(stream, frames.WINDOW))
    take(h2, 0, stream)
    h2.send(frames.window_update(stream, 7))
    take(h2, 7, stream)


def test_the_initial_window_does_not_change_that_of_the_connection(h2):
    set_window(h2, 2**20)
    stream = h2.request("GET", "/100000")
    take(h2, frames.WINDOW, stream)
    set_window(h2, 0)
    set_window(h2, 2**20)
    take(h2, 0, stream)


def test_an_initial_window_above_the_maximum_is_an_error(h2):
    h2.send(frames.settings((frames.Setting.INITIAL_WINDOW_SIZE, 2**31)))
    h2.expect_connection_error(Code.FLOW_CONTROL_ERROR)


def test_an_initial_window_that_overflows_that_of_a_stream_is_an_error(h2):
    stream = h2.request("POST", end=False)
    h2.send(frames.window_update(stream, frames.MAX_WINDOW - frames.WINDOW))
    h2.ping()
    h2.send(frames.settings((frames.Setting.INITIAL_WINDOW_SIZE, frames.WINDOW + 1)))
    h2.expect_connection_error(Code.FLOW_CONTROL_ERROR)


# --- 5.2 what the client may send

class Uploader:
    """Sends DATA within the windows that the server gives."""

    def __init__(self, h2):
        self.h2 = h2
        self.windows = {0: frames.WINDOW}

    def room(self, stream):
        """How much may be sent. Takes the updates that have come."""
        for update in [f for f in self.h2.unclaimed if isinstance(f, WindowUpdateFrame)]:
            self.h2.unclaimed.remove(update)
            self.add(update)
        return min(self.windows[0], self.windows[stream], frames.MAX_PAYLOAD)

    def add(self, update):
        self.windows.setdefault(update.stream_id, frames.WINDOW)
        self.windows[update.stream_id] += update.window_increment
        assert self.windows[update.stream_id] <= frames.MAX_WINDOW

    def send(self, stream, size, padding=None, most=frames.MAX_PAYLOAD, is_ignored=False):
        """Sends `size` bytes. An ignored stream has no window of its own."""
        self.windows.setdefault(stream, frames.MAX_WINDOW if is_ignored else frames.WINDOW)
        extra = 0 if padding is None else padding + 1
        while size:
            while (room := self.room(stream)) <= extra:
                self.add(self.h2.claim_type(WindowUpdateFrame))
            part = min(size, room - extra, most)
            self.h2.send(frames.data(stream, b"u" * part, padding=padding))
            for window in (0, stream):
                self.windows[window] -= part + extra
            size -= part


def test_the_server_opens_its_windows_as_it_takes_the_body(h2):
    stream = h2.request("POST", end=False)
    Uploader(h2).send(stream, 1_000_000)
    h2.send(frames.data(stream, end=True))
    assert h2.response(stream).body == b"u" * 1_000_000


def test_padding_counts_and_is_given_back(h2, web):
    """Section 6.1: the whole payload counts. 300 frames with 4 bytes each would fill 4 windows."""
    stream = h2.request("POST", end=False)
    Uploader(h2).send(stream, 1200, padding=255, most=4)
    h2.send(frames.data(stream, end=True))
    assert h2.response(stream).status == 200
    assert web.requests[-1].body == b"u" * 1200


def test_data_of_a_stream_that_the_server_has_reset_count_and_are_given_back(h2):
    """Section 5.1: such frames are ignored, but count for the window of the connection."""
    stream = h2.request("POST", end=False)
    h2.send(frames.window_update(stream, 0))
    h2.expect_reset(stream, Code.PROTOCOL_ERROR)
    Uploader(h2).send(stream, 500_000, is_ignored=True)
    h2.ping()


def test_data_of_streams_that_the_client_has_reset_are_given_back(h2):
    uploader = Uploader(h2)
    for _ in range(20):
        stream = h2.request("POST", end=False)
        uploader.send(stream, 30_000)
        h2.send(frames.rst_stream(stream))
    h2.ping()
    stream = h2.request("POST", end=False)
    uploader.send(stream, frames.WINDOW)


@pytest.fixture(name="busy")
def fixture_busy(site):
    """A connection whose first request holds the only slot of the backend. So no body of further
    requests is read."""
    freed = threading.Event()

    def handler(asked):
        if asked.target == "/hold":
            assert freed.wait(TIMEOUT)
        return response(b"done")

    web = site.backend(handler)
    pound = site.pound(plain_site("BufferMemory: 1M", backends={"web": "Threads: 1"},
                                  listener="Protocols: [h2c, http/1.1]; Buffer: 0"), web=web.port)
    with Http2(pound.port) as h2:
        uploader = Uploader(h2)
        stream = h2.request("POST", "/", end=False)
        uploader.send(stream, 300_000)  # the window of the connection grows
        h2.send(frames.data(stream, end=True))
        assert h2.response(stream).body == b"done"
        h2.request("GET", "/hold")
        web.wait_requests(2)
        h2.ping()
        yield h2, uploader
        freed.set()


@pytest.mark.parametrize("padding", [None, 0, 255])
def test_more_data_than_the_window_of_a_stream_is_an_error(busy, padding):
    """Section 6.1: padding counts, too."""
    h2, uploader = busy
    stream = h2.request("POST", end=False)
    assert uploader.room(0) == frames.MAX_PAYLOAD and uploader.windows[0] > 2 * frames.WINDOW
    last = frames.data(stream, b"last", padding=padding)
    uploader.send(stream, frames.WINDOW - len(last) + 9)
    h2.send(last)
    h2.ping()
    h2.send(frames.data(stream, b"!"))
    h2.expect_stream_error(stream, Code.FLOW_CONTROL_ERROR)


def test_more_data_than_the_window_of_the_connection_is_an_error(busy):
    h2, uploader = busy
    while True:
        h2.ping()
        uploader.room(0)
        if uploader.windows[0] == 0:  # BufferMemory is used up by bodies that wait
            break
        stream = h2.request("POST", end=False)
        uploader.send(stream, min(frames.WINDOW, uploader.windows[0]))
    h2.send(frames.data(h2.request("POST", end=False), b"!"))
    h2.expect_connection_error(Code.FLOW_CONTROL_ERROR)
