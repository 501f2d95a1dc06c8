"""HTTP/2 as bytes: frames, header blocks and the numbers of both, well formed or not.

Tests import this module as a whole: `from harness import http2_frames as h2`. frame() takes any
type, flags and length, and block() any fields. Header blocks use no dynamic table, so a block may
be dropped or sent twice.
"""

import enum
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE,
 CONTINUATION) = range(10)
PRIORITY_UPDATE = 0x10

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
HAS_PRIORITY = 0x20

WINDOW = 65_535        # bytes that a window has at first
MAX_WINDOW = 2**31 - 1
MAX_PAYLOAD = 16_384   # bytes of a frame, unless SETTINGS allow more

Code = enum.IntEnum("Code", [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
    "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
    "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"], start=0)

Setting = enum.IntEnum("Setting", [
    "HEADER_TABLE_SIZE", "ENABLE_PUSH", "MAX_CONCURRENT_STREAMS", "INITIAL_WINDOW_SIZE",
    "MAX_FRAME_SIZE", "MAX_HEADER_LIST_SIZE"])
ENABLE_CONNECT_PROTOCOL = 8
NO_RFC7540_PRIORITIES = 9


# --- frames

def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """Any frame. `length` replaces the length of the payload in the header."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _padded(payload, padding):
    """`payload` with a Pad Length and that many zeros; `padding` None adds neither."""
    return payload if padding is None else bytes([padding]) + payload + bytes(padding)


def data(stream, body=b"", end=False, padding=None):
    flags = (END_STREAM if end else 0) | (0 if padding is None else PADDED)
    return frame(DATA, flags, stream, _padded(body, padding))


def headers(stream, fragment, end=True, end_headers=True, padding=None, depends_on=None):
    """`depends_on` adds the fields of the priority scheme of RFC 7540."""
    flags = (END_STREAM if end else 0) | (END_HEADERS if end_headers else 0)
    if depends_on is not None:
        flags |= HAS_PRIORITY
        fragment = struct.pack(">IB", depends_on, 15) + fragment
    if padding is not None:
        flags |= PADDED
    return frame(HEADERS, flags, stream, _padded(fragment, padding))


def continuation(stream, fragment, end_headers=True):
    return frame(CONTINUATION, END_HEADERS if end_headers else 0, stream, fragment)


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def ping(payload=b"12345678", ack=False):
    return frame(PING, ACK if ack else 0, 0, payload)


def goaway(last=0, code=Code.NO_ERROR, debug=b""):
    return frame(GOAWAY, payload=struct.pack(">II", last, code) + debug)


def rst_stream(stream, code=Code.CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def priority(stream, depends_on=0):
    return frame(PRIORITY, 0, stream, struct.pack(">IB", depends_on, 15))


def priority_update(stream, value):
    return frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", stream) + value)


# --- header blocks

def integer(value, prefix, pattern=0):
    """HPACK's integer with a prefix of that many bits, behind the bits of `pattern`."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([pattern | value])
    out, value = bytearray([pattern | most]), value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def string(text):
    text = text.encode("latin-1") if isinstance(text, str) else text
    return integer(len(text), 7) + text


def block(fields):
    """A header block of literals that enter no table. Names and values may be any bytes."""
    return b"".join(b"\0" + string(name) + string(value) for name, value in fields)
