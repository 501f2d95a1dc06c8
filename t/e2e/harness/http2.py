"""A client that speaks HTTP/2 frame by frame, over TLS or with prior knowledge (h2c).

It reads strictly: hyperframe and hpack must accept all that the server sends. Frames that no call
has claimed stay in `unclaimed`, in order. Reading acknowledges SETTINGS and answers PINGs.
"""

import contextlib

import hpack
from hyperframe.frame import (ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame,
                              PingFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame)

from .client import Client
from .http2_frames import (ACK, MAX_PAYLOAD, PREFACE, SETTINGS, Code, Setting, block, data, frame,
                           headers, ping, settings, window_update)
from .tls import TlsClient, client_context
from .wire import Closed


class Response:
    """What came on one stream."""

    def __init__(self, stream):
        self.stream = stream
        self.fields = []
        self.body = b""
        self.trailer = []
        self.interim = []  # the fields of each 1xx head

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def field(self, name):
        values = self.all(name)
        assert len(values) <= 1, f"{name} appears {len(values)} times: {self.fields}"
        return values[0] if values else None

    @property
    def status(self):
        return int(self.field(":status"))

    def __repr__(self):
        return f"<{self.fields} {self.body[:80]!r} {self.trailer}>"


class Http2:
    """A connection. `start` sends the preface and SETTINGS with the pairs of `settings`, and waits
    for those of the server and for its ACK. Other options are those of Client or TlsClient."""

    def __init__(self, port, *, tls=False, start=True, settings=(), **options):
        if tls:
            options.setdefault("context", client_context(alpn=["h2", "http/1.1"]))
            self.wire = TlsClient(port, **options)
            assert self.wire.tls.selected_alpn_protocol() == "h2"
        else:
            self.wire = Client(port, **options)
        self.scheme = "https" if tls else "http"
        self.unclaimed = []
        self.server_settings = {}
        self.gives_back = True  # response() opens the windows again
        self.answers_pings = True
        self.max_payload = MAX_PAYLOAD
        self._decoder = hpack.Decoder()
        self._next_stream = 1
        if start:
            self.start(settings)

    def start(self, pairs=()):
        self.send(PREFACE)
        self.change_settings(*pairs)
        self.claim(lambda f: isinstance(f, SettingsFrame) and "ACK" not in f.flags, "SETTINGS")

    def change_settings(self, *pairs):
        """Sends SETTINGS and waits for their ACK."""
        self.send(settings(*pairs))
        self.claim(lambda f: isinstance(f, SettingsFrame) and "ACK" in f.flags, "an ACK")
        for setting, value in pairs:
            if setting == Setting.HEADER_TABLE_SIZE:
                self._decoder.max_allowed_table_size = value
            elif setting == Setting.MAX_FRAME_SIZE:
                self.max_payload = value

    def send(self, *frames):
        self.wire.send(b"".join(frames))

    # --- requests

    def fields(self, method="GET", path="/", *extra, authority="www.example.com", without=(),
               **pseudo):
        """The fields of a request. `pseudo` replaces values: scheme="ftp"; `without` has names."""
        fields = {":method": method, ":scheme": self.scheme, ":path": path,
                  ":authority": authority, **{":" + name: value for name, value in pseudo.items()}}
        return [pair for pair in fields.items() if pair[0] not in without] + list(extra)

    def block(self, *args, **kwargs):
        return block(self.fields(*args, **kwargs))

    def next_stream(self):
        self._next_stream += 2
        return self._next_stream - 2

    def request(self, method="GET", path="/", *extra, body=None, end=True, **kwargs):
        """Sends a request, with `body` in frames of the usual size; returns its stream."""
        stream = self.next_stream()
        frames = [headers(stream, self.block(method, path, *extra, **kwargs),
                          end=end and body is None)]
        for at in range(0, len(body or b"") or (body is not None), MAX_PAYLOAD):
            part = body[at:at + MAX_PAYLOAD]
            frames.append(data(stream, part, end=end and at + len(part) == len(body)))
        self.send(*frames)
        return stream

    def ask(self, *args, **kwargs):
        return self.response(self.request(*args, **kwargs))

    # --- frames of the server

    def read_frame(self):
        """The next frame. Raises Closed at the end of the connection."""
        found, length = Frame.parse_frame_header(memoryview(self.wire.read_exactly(9)), strict=True)
        assert length <= self.max_payload, f"a frame of {length} bytes"
        found.parse_body(memoryview(self.wire.read_exactly(length)))
        if isinstance(found, HeadersFrame):
            self._complete(found)
        elif isinstance(found, SettingsFrame) and "ACK" not in found.flags:
            self.server_settings.update(found.settings)
            self.send(frame(SETTINGS, ACK))
        elif isinstance(found, PingFrame) and "ACK" not in found.flags and self.answers_pings:
            self.send(ping(found.opaque_data, ack=True))
        return found

    def _complete(self, found):
        """Joins a HEADERS frame with its CONTINUATIONs and decodes the block to `fields`."""
        whole = found
        while "END_HEADERS" not in whole.flags:
            whole, length = Frame.parse_frame_header(memoryview(self.wire.read_exactly(9)))
            assert isinstance(whole, ContinuationFrame) and whole.stream_id == found.stream_id
            whole.parse_body(memoryview(self.wire.read_exactly(length)))
            found.data += whole.data
        found.fields = self._decoder.decode(found.data)

    def claim(self, matches, what):
        """The first unclaimed frame, or the next one to come, that `matches`."""
        at = 0
        while True:
            if at == len(self.unclaimed):
                try:
                    self.unclaimed.append(self.read_frame())
                except Closed as closed:
                    assert not closed.got, f"closed inside a frame: {closed.got!r}"
                    raise AssertionError(f"closed before {what}; came: {self.unclaimed}")
                except AssertionError as failed:
                    raise AssertionError(f"no {what}; came: {self.unclaimed}") from failed
            if matches(self.unclaimed[at]):
                return self.unclaimed.pop(at)
            at += 1

    def claim_type(self, kind, stream=None):
        return self.claim(lambda f: isinstance(f, kind) and stream in (None, f.stream_id),
                          f"{kind.__name__} on {stream}")

    def response(self, stream):
        """The whole response. Fails if the stream is reset, or the connection ends with an error,
        before."""
        result = Response(stream)
        while True:
            got = self.claim(lambda f: (f.stream_id == stream
                                        and not isinstance(f, WindowUpdateFrame))
                             or (isinstance(f, GoAwayFrame) and f.error_code != Code.NO_ERROR),
                             f"the response on {stream}")
            assert isinstance(got, (HeadersFrame, DataFrame)), f"{got} instead of a response"
            if isinstance(got, DataFrame):
                assert result.fields, f"DATA before HEADERS: {got}"
                result.body += got.data
                self._give_back(got)
            elif result.fields:
                result.trailer = got.fields
                assert "END_STREAM" in got.flags, f"HEADERS behind the response's: {got}"
            elif dict(got.fields)[":status"].startswith("1"):
                result.interim.append(got.fields)
            else:
                result.fields = got.fields
            if "END_STREAM" in got.flags:
                return result

    def _give_back(self, got):
        if self.gives_back and got.flow_controlled_length:
            streams = [0] if "END_STREAM" in got.flags else [0, got.stream_id]
            # The peer may be gone by now; what has come from it counts all the same.
            with contextlib.suppress(ConnectionError):
                self.send(*(window_update(s, got.flow_controlled_length) for s in streams))

    # --- what must come

    def ping(self, payload=b"are you?"):
        """A round trip: all frames before it have been taken. Fails if one has broken a rule."""
        self.send(ping(payload))
        self.claim(lambda f: isinstance(f, PingFrame) and "ACK" in f.flags
                   and f.opaque_data == payload, "the answer to a PING")
        errors = [f for f in self.unclaimed if isinstance(f, (RstStreamFrame, GoAwayFrame))]
        assert not errors, f"{errors} before the answer to a PING"

    def expect_reset(self, stream, *codes):
        """RST_STREAM of `stream` with one of the codes."""
        got = self.claim_type(RstStreamFrame, stream)
        assert got.error_code in codes, f"{Code(got.error_code)!r} for {codes}"
        return got

    def expect_goaway(self, *codes):
        got = self.claim_type(GoAwayFrame)
        assert got.error_code in codes, f"{Code(got.error_code)!r} for {codes}"
        return got

    def expect_closed(self):
        """The server closes; the frames before that stay unclaimed."""
        while True:
            try:
                self.unclaimed.append(self.read_frame())
            except Closed as closed:
                assert not closed.got, f"closed inside a frame: {closed.got!r}"
                return

    def expect_connection_error(self, *codes):
        """GOAWAY with one of the codes, then the end, and nothing in between."""
        got = self.expect_goaway(*codes)
        before = len(self.unclaimed)
        self.expect_closed()
        assert len(self.unclaimed) == before, f"{self.unclaimed[before:]} behind {got}"
        return got

    def expect_stream_error(self, stream, *codes):
        """RST_STREAM of `stream` with one of the codes, and the connection goes on; or a connection
        error with it (RFC 9113 5.4.2)."""
        got = self.claim(lambda f: isinstance(f, GoAwayFrame)
                         or (isinstance(f, RstStreamFrame) and f.stream_id == stream),
                         f"a reset of {stream}")
        assert got.error_code in codes, f"{Code(got.error_code)!r} for {codes}"
        if isinstance(got, GoAwayFrame):
            self.expect_closed()
        else:
            self.ping()
        return got

    def close(self):
        self.wire.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
