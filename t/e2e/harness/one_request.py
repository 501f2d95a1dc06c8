"""A strict reader of one HTTP/1.1 request, for the bytes that Pound sends to a backend.

It follows the grammar of RFC 9110 and RFC 9112 and shares no code with the rest of the harness.
Whatever two backends might read in different ways fails the test: a second request behind the
first, two framings, a bare CR or LF, a field that a CGI program takes for another one.
"""

import re

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") (\*|/[!-~]*) HTTP/1\.1")
_VALUE_BYTE = rb"[\t -~\x80-\xff]"
_FIELD = re.compile(rb"(" + _TOKEN + rb"): ((?:[!-~\x80-\xff](?:" + _VALUE_BYTE
                    + rb"*[!-~\x80-\xff])?)?)")
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[0-9A-Za-z._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+)(?::\d*)?")

# Fields of one hop that a backend never gets, and those that it gets once at most.
_NEVER = {b"keep-alive", b"proxy-connection", b"te", b"trailer"}
_ONCE = {b"host", b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect",
         b"cookie", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host",
         b"x-forwarded-port"}


class Incomplete(Exception):
    """The bytes are the beginning of a request, and no more."""


class Request:
    def __init__(self):
        self.head = b""     # with its empty line
        self.method = b""
        self.target = b""
        self.fields = []    # names in lower case
        self.body = b""
        self.trailer = b""  # lines, with the empty line; b"" without chunks

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def canonical(self):
        """The bytes of the request with one chunk in place of all."""
        if not self.trailer:
            return self.head + self.body
        chunk = b"%x\r\n%b\r\n" % (len(self.body), self.body) if self.body else b""
        return self.head + chunk + b"0\r\n" + self.trailer


def _lines(data):
    """The lines up to the first empty one, and what is behind that."""
    lines = []
    while True:
        end = data.find(b"\r\n")
        if end < 0:
            raise Incomplete
        line, data = data[:end], data[end + 2:]
        if not line:
            return lines, data
        lines.append(line)


def _field(line):
    match = _FIELD.fullmatch(line)
    assert match, f"not a field: {line!r}"
    return match[1].lower(), match[2]


def _check_fields(fields):
    names = [name for name, _ in fields]
    assert not _NEVER & set(names), f"a field of another hop: {names}"
    # What a program sees that reads names as CGI does: everything but letters and digits is '_'.
    for name in _ONCE:
        seen = [one for one in names if re.sub(rb"[^a-z0-9]", b"-", one) == name]
        assert seen in ([], [name]), f"{seen} for {name!r}"
    assert names[0] == b"host", f"Host is not the first of {names}"
    values = dict(fields)
    assert _HOST.fullmatch(values[b"host"]), f"Host is {values[b'host']!r}"
    assert not {b"content-length", b"transfer-encoding"} <= set(names), "two framings"
    assert values.get(b"transfer-encoding") in (None, b"chunked")
    assert values.get(b"expect") in (None, b"100-continue")
    assert values.get(b"connection") in (None, b"upgrade")
    assert (b"connection" in names) == (b"upgrade" in names), "half of an upgrade"


def _chunks(data):
    body = b""
    while True:
        line, found, data = data.partition(b"\r\n")
        if not found:
            raise Incomplete
        assert re.fullmatch(rb"[1-9a-f][0-9a-f]*|0", line), f"not the size of a chunk: {line!r}"
        size = int(line, 16)
        if size == 0:
            return body, data
        if len(data) < size + 2:
            raise Incomplete
        body += data[:size]
        assert data[size:size + 2] == b"\r\n", f"a chunk ends in {data[size:size + 2]!r}"
        data = data[size + 2:]


def _read_body(request, data):
    if request.all(b"transfer-encoding"):
        request.body, rest = _chunks(data)
        lines, behind = _lines(rest)
        request.trailer = rest[:len(rest) - len(behind)]
        for line in lines:
            _field(line)
        return behind
    length, = request.all(b"content-length") or [b"0"]
    assert re.fullmatch(rb"0|[1-9]\d*", length), f"Content-Length is {length!r}"
    if len(data) < int(length):
        raise Incomplete
    request.body = data[:int(length)]
    return data[int(length):]


def read_request(data):
    """The one request that `data` is. Raises Incomplete for the beginning of one."""
    request = Request()
    lines, rest = _lines(data)
    request.head = data[:len(data) - len(rest)]
    assert lines, "an empty line in front of the request"
    match = _REQUEST_LINE.fullmatch(lines[0])
    assert match, f"not a request line: {lines[0]!r}"
    request.method, request.target = match[1], match[2]
    assert b"#" not in request.target, f"a fragment: {request.target!r}"
    assert request.target != b"*" or request.method == b"OPTIONS", lines[0]
    request.fields = [_field(line) for line in lines[1:]]
    _check_fields(request.fields)
    rest = _read_body(request, rest)
    assert rest == b"", f"behind the request: {rest!r}"
    return request
