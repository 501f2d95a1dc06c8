"""Pound also checks the responses of backends.

A bad response becomes 502 with its reason. Surplus bytes never pass and end the use of the
connection. The client can see that a short body is incomplete. None of this marks the backend dead.
All tests share one daemon. The target of a request tells the backend which bytes to send. The
backend would accept further requests on the same connection.
"""

import pytest

from harness import Client, chunked, request, response
from harness.config import plain_site

CONFIG = plain_site()

OK = b"HTTP/1.1 200 OK\r\n"
NONE = b"Content-Length: 0\r\n\r\n"
TE = b"Transfer-Encoding: chunked\r\n\r\n"
LAST = chunked()
EVIL = response(b"EVIL")

BAD = {
    # the status line
    "no HTTP": b"ICY 200 OK\r\n" + NONE, "nothing but line ends": b"\r\n\r\n" + OK + NONE,
    "a blank in front": b" " + OK + NONE, "HTTP/1.2": b"HTTP/1.2 200 OK\r\n" + NONE,
    "HTTP/2": b"HTTP/2 200\r\n" + NONE, "HTTP/3.0": b"HTTP/3.0 200 OK\r\n" + NONE,
    "HTTP/1.10": b"HTTP/1.10 200 OK\r\n" + NONE, "HTTP/1": b"HTTP/1 200 OK\r\n" + NONE,
    "two blanks": b"HTTP/1.1  200 OK\r\n" + NONE, "a tab": b"HTTP/1.1\t200 OK\r\n" + NONE,
    "status 0": b"HTTP/1.1 0 OK\r\n" + NONE, "status 1e2": b"HTTP/1.1 1e2 OK\r\n" + NONE,
    "status -20": b"HTTP/1.1 -20 OK\r\n" + NONE, "status +20": b"HTTP/1.1 +20 OK\r\n" + NONE,
    "status 999": b"HTTP/1.1 999 OK\r\n" + NONE, "status 200.": b"HTTP/1.1 200. OK\r\n" + NONE,
    "status 200OK": b"HTTP/1.1 200OK\r\n" + NONE, "only a version": b"HTTP/1.1\r\n" + NONE,
    "NUL in the reason": b"HTTP/1.1 200 O\0K\r\n" + NONE,
    "CR in it": b"HTTP/1.1 200 O\rK\r\n" + NONE,
    "LF ends the line": b"HTTP/1.1 200 OK\n" + NONE, "LF everywhere": b"HTTP/1.1 200 OK\nA: b\n\n",
    # fields
    "LF ends a field": OK + b"A: b\n" + NONE, "LF ends the head": OK + b"Content-Length: 0\r\n\n",
    "folded": OK + b"A: b\r\n c\r\n" + NONE, "folded at once": OK + b" A: b\r\n" + NONE,
    "folded length": OK + b"Content-Length:\r\n 5\r\n\r\nhello", "no name": OK + b": b\r\n" + NONE,
    "NUL": OK + b"A: \0\r\n" + NONE, "a control byte": OK + b"A: \x07\r\n" + NONE,
    "no colon": OK + b"Content-Length 5\r\n\r\n", "a blank in a name": OK + b"A B: c\r\n" + NONE,
    "101 fields": OK + b"A: b\r\n" * 100 + NONE,
    # framing
    "CL and TE": OK + b"Content-Length: 5\r\n" + TE + LAST,
    "TE and CL": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + LAST,
    "CL 0 and TE": OK + b"Content-Length: 0\r\n" + TE + chunked(b"x"),
    "two CL": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "CL list": OK + b"Content-Length: 5, 6\r\n\r\nhello!",
    "CL 5x": OK + b"Content-Length: 5x\r\n\r\nhello",
    "CL 1e1": OK + b"Content-Length: 1e1\r\n\r\n0123456789",
    "CL ' '": OK + b"Content-Length:  \r\n\r\n",
    "CL 2^63": OK + b"Content-Length: 9223372036854775808\r\n\r\n",
    "TE x": OK + b"Transfer-Encoding: x\r\n\r\n",
    "TE gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + LAST,
    "TE chunked, gzip": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + LAST,
    "TE identity": OK + b"Transfer-Encoding: identity\r\n\r\nx",
    "TE twice": OK + TE[:-2] + TE + LAST,
    "TE with VT": OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + LAST,
    "TE in HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + TE + LAST,
    # 1xx
    "101 unasked": b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + EVIL,
    "a bad final after a good 1xx": b"HTTP/1.1 103 X\r\n\r\nHTTP/9 200 OK\r\n\r\n",
    "1xx and then garbage": b"HTTP/1.1 100 Continue\r\n\r\nEVIL\r\n\r\n",
    "a bad field in a 1xx": b"HTTP/1.1 103 X\r\nA : b\x01\r\n\r\n" + EVIL,
}

# Surplus bytes after a complete response: (method, bytes of the backend, the valid body).
EXCESS = {
    "more than the length": ("GET", OK + b"Content-Length: 2\r\n\r\nokEVIL", b"ok"),
    "a response behind it": ("GET", response(b"ok") + EVIL, b"ok"),
    "a response behind chunks": ("GET", OK + TE + chunked(b"ok") + EVIL, b"ok"),
    "a body of HEAD": ("HEAD", response(b"EVIL"), b""),
    "chunks of HEAD": ("HEAD", OK + TE + chunked(b"EVIL"), b""),
    "a body of 304": ("GET", response(b"EVIL", status="304 X"), b""),
    "a body of 204": ("GET", b"HTTP/1.1 204 X\r\n\r\nEVIL", b""),
    "chunks of 204": ("GET", b"HTTP/1.1 204 X\r\n" + TE + chunked(b"EVIL"), b""),
    "a length of 204": ("GET", b"HTTP/1.1 204 X\r\nContent-Length: 4\r\n\r\nEVIL", b""),
    "a body of length 0": ("GET", OK + b"Content-Length: 0\r\n\r\nEVIL", b""),
    "line ends": ("GET", response(b"ok") + b"\r\n", b"ok"),
    "a lonely 100": ("GET", response(b"ok") + b"HTTP/1.1 100 Continue\r\n\r\n", b"ok"),
}

# Incomplete responses: (bytes before the backend closes, bytes of the body that may pass).
SHORT = {
    "length": (OK + b"Content-Length: 10\r\n\r\nhello", 5), "length, nothing": (
        OK + b"Content-Length: 10\r\n\r\n", 0),
    "no last chunk": (OK + TE + b"5\r\nhello\r\n", 5),
    "inside a chunk": (OK + TE + b"9\r\nhello", 5),
    "inside a size": (OK + TE + b"5\r\nhello\r\n1", 5), "inside the end": (
        OK + TE + b"5\r\nhello\r\n0\r\n", 5),
    "inside a trailer": (OK + TE + b"5\r\nhello\r\n0\r\nX-A: b\r\n", 5), "no chunk": (OK + TE, 0),
    "a bad chunk": (OK + TE + b"5\r\nhello\r\nEVIL\r\n", 5),
    "a chunk too long": (OK + TE + b"5\r\nhelloEVIL\r\n0\r\n\r\n", 5),
}

SAYS = {**BAD, **{name: row[1] for name, row in EXCESS.items()},
        **{name: row[0] for name, row in SHORT.items()}}
NAMES = list(SAYS)


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    def script(connection):
        while (asked := connection.read_request()) is not None:
            if asked.target == "/well":
                connection.send(response(b"well"))
                continue
            name = NAMES[int(asked.target[1:].split(".")[0])]
            connection.send(SAYS[name])
            if name in SHORT:
                return

    backend = shared_site.backend(script=script)
    return shared_site.pound(CONFIG, web=backend.port), backend


def ask(where, name, method="GET", version="1.1"):
    """The response, all bytes after it, and the access record."""
    pound, _ = where
    target = f"/{NAMES.index(name)}.{version}."
    with Client(pound.port) as client:
        client.send(request(method, target, "Connection: close", version=version))
        got = client.read_response(to=method)
        rest = client.read_until_close()
    return got, rest, pound.wait_record(target)


def is_well(where):
    """No backend is dead, and no connection is reused whose backend may be out of step."""
    pound, backend = where
    with Client(pound.port) as client:
        assert client.ask("GET", "/well").body == b"well"
    assert "is dead" not in pound.log()
    for connection in backend.connections:
        targets = [r.target for r in connection.requests]
        assert set(targets[:-1]) <= {"/well"}, targets


@pytest.mark.parametrize("name", BAD)
def test_bad_is_502(where, name):
    got, rest, record = ask(where, name)
    assert (got.status, got.complete, rest) == (502, True, b"")
    assert b"EVIL" not in got.body and b"EVIL" not in got.raw_head
    assert (record["status"], record["backend"]) == ("502", "web")
    assert record["reason"].startswith("response_"), record
    is_well(where)


@pytest.mark.parametrize("name", EXCESS)
def test_excess_does_not_pass(where, name):
    method, said, body = EXCESS[name]
    got, rest, record = ask(where, name, method)
    assert (got.status, got.body, rest) == (int(said[9:12]), body, b"")
    assert record["reason"] is None
    is_well(where)


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("name", SHORT)
def test_truncation_shows(where, name, version):
    said, most = SHORT[name]
    got, rest, record = ask(where, name, version=version)
    if got.status == 502:  # Pound noticed before it passed anything on
        assert record["reason"]
        return
    assert got.status == 200 and b"hello"[:most].startswith(got.body)
    if version == "1.1":
        assert not got.complete
    assert rest == b"" and record["reason"], said
    is_well(where)


@pytest.mark.parametrize("name", ["no last chunk", "inside the end", "a bad chunk"])
def test_truncation_shows_to_http10_by_a_reset(where, name):
    """A reset is the only way to tell a truncated body from one that ends with the connection."""
    pound, _ = where
    with Client(pound.port) as client:
        client.send(request("GET", f"/{NAMES.index(name)}.reset.", version="1.0"))
        with pytest.raises(ConnectionResetError):
            while client.sock.recv(65536):
                pass
