"""A TCP connection and the messages on it, for both sides of the proxy.

The reader is strict, because a lenient one would hide faults: it splits heads at CRLF only, and a
field without a colon or a message with two framings fails the test. It owns its socket, and never
repairs a message or retries.
"""

import re
import socket
import struct

from .timing import TIMEOUT


class Closed(Exception):
    """The peer closed or reset before the expected end; `got` has the bytes until then."""

    def __init__(self, got=b""):
        super().__init__(f"closed after {bytes(got[:200])!r}")
        self.got = bytes(got)


class Message:
    """A request or a response as it appeared on the wire."""

    def __init__(self, raw_head):
        self.raw_head = bytes(raw_head)
        self.body = b""
        self.trailer = []
        self.complete = True  # False if the connection ended inside the body
        self.interim = []     # responses only: the 1xx heads before this one
        lines = self.raw_head[:-4].split(b"\r\n")
        self.start_line = lines[0].decode("latin-1")
        self.fields = []
        for line in lines[1:]:
            match = re.fullmatch(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", line, re.S)
            assert match, f"not a field: {line!r}"
            assert not re.search(rb"[\r\n\0]", line), f"control byte in field: {line!r}"
            self.fields.append((match[1].decode(), match[2].decode("latin-1")))

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def field(self, name):
        """The value of a field that may appear at most once; None if it is absent."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} appears {len(values)} times: {self.raw_head!r}"
        return values[0] if values else None

    @property
    def names(self):
        return [key.lower() for key, _ in self.fields]

    # For responses.
    @property
    def status(self):
        match = re.fullmatch(r"HTTP/1\.[01] (\d{3}) ?(.*)", self.start_line)
        assert match, f"not a status line: {self.start_line!r}"
        return int(match[1])

    @property
    def version(self):
        return re.search(r"HTTP/\d\.\d", self.start_line)[0]

    # For requests.
    @property
    def method(self):
        return self.start_line.split(" ")[0]

    @property
    def target(self):
        return self.start_line.split(" ")[1]

    def framing(self):
        """("length", n), ("chunked", None) or (None, None). Fails on two framings."""
        length, coding = self.field("Content-Length"), self.field("Transfer-Encoding")
        assert length is None or coding is None, f"two framings: {self.raw_head!r}"
        if coding is not None:
            assert coding.lower() == "chunked", f"unknown coding: {coding!r}"
            return "chunked", None
        if length is not None:
            assert re.fullmatch(r"\d+", length), f"not a length: {length!r}"
            return "length", int(length)
        return None, None

    def __repr__(self):
        return f"<{self.start_line!r} {self.fields!r} {self.body[:80]!r} complete={self.complete}>"


def chunked(*pieces, trailer=b"", extension=b""):
    """The chunked coding of `pieces`: one chunk for each, then the last chunk."""
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(p), extension, p) for p in pieces if p)
    return chunks + b"0\r\n" + trailer + b"\r\n"


class Wire:
    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(TIMEOUT)
        if sock.family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.received = bytearray()  # every byte read so far

    def send(self, data):
        self.sock.sendall(data)

    def close(self):
        self.sock.close()

    def shut_write(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            data = b""
        except TimeoutError:
            raise AssertionError(f"nothing came; unread so far: {bytes(self.buffer[:300])!r}")
        self.buffer += data
        self.received += data
        return bool(data)

    def read_until(self, mark):
        start = 0
        while True:
            at = self.buffer.find(mark, start)
            if at >= 0:
                return self._take(at + len(mark))
            start = max(0, len(self.buffer) - len(mark))
            if not self._more():
                raise Closed(self._take(len(self.buffer)))

    def read_exactly(self, count):
        while len(self.buffer) < count:
            if not self._more():
                raise Closed(self._take(len(self.buffer)))
        return self._take(count)

    def read_until_close(self):
        while self._more():
            pass
        return self._take(len(self.buffer))

    def _take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def read_head(self):
        return Message(self.read_until(b"\r\n\r\n"))

    def read_chunk(self):
        """The data of one chunk; b"" for the last chunk, whose trailer is still unread."""
        line = self.read_until(b"\r\n")
        match = re.fullmatch(rb"([0-9A-Fa-f]+)(;[^\r\n]*)?\r\n", line)
        assert match, f"not a chunk header: {line!r}"
        size = int(match[1], 16)
        if size == 0:
            return b""
        data = self.read_exactly(size)
        end = self.read_exactly(2)
        assert end == b"\r\n", f"chunk of {size} ends with {end!r}"
        return data

    def read_trailer(self):
        lines = []
        while (line := self.read_until(b"\r\n")) != b"\r\n":
            lines.append(line)
        return Message(b"X\r\n" + b"".join(lines) + b"\r\n").fields if lines else []

    def read_body_into(self, message, kind, length):
        body = bytearray()
        try:
            if kind == "length":
                body += self.read_exactly(length)
            elif kind == "chunked":
                while data := self.read_chunk():
                    body += data
                message.trailer = self.read_trailer()
            elif kind == "close":
                body += self.read_until_close()
        except Closed as closed:
            message.complete = False
            body += closed.got
        message.body = bytes(body)
        return message

    def closes(self):
        """Waits until the peer closes; fails if any byte arrives before that."""
        rest = self.read_until_close()
        assert rest == b"", f"bytes before the close: {rest[:300]!r}"
        return True
