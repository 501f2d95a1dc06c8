"""Requests that break the RFCs: 400, the connection ends, and nothing reaches a backend.

A second request follows each attack; a server that reads the attack in another way would answer it.
The backend records every byte.
"""

import pytest

from harness import Client, chunked, get, wait_until
from harness.config import plain_site

CONFIG = plain_site(listener="Client: 5")

HOST = b"Host: a\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
GET = b"GET / HTTP/1.1\r\n" + HOST
TE = b"Transfer-Encoding: chunked\r\n"
LAST = b"0\r\n\r\n"

# {name: bytes}. The status is 400 unless the entry gives a set of statuses.
ATTACKS = {
    # Framing that two servers could read in two ways.
    "CL and TE": POST + b"Content-Length: 5\r\n" + TE + b"\r\n" + LAST,
    "TE and CL": POST + TE + b"Content-Length: 5\r\n\r\n" + LAST,
    "CL 0 and TE": POST + b"Content-Length: 0\r\n" + TE + b"\r\n" + LAST,
    "TE and CL in a GET": GET + TE + b"Content-Length: 5\r\n\r\n" + LAST,
    "two CL that differ": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "two CL that agree": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "CL list that differs": POST + b"Content-Length: 3, 4\r\n\r\nabcd",
    "CL list that agrees": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "CL with a plus": POST + b"Content-Length: +3\r\n\r\nabc",
    "CL with a minus": POST + b"Content-Length: -3\r\n\r\nabc",
    "CL with a blank inside": POST + b"Content-Length: 1 0\r\n\r\nabc",
    "CL in hexadecimal": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "CL with a letter": POST + b"Content-Length: 3a\r\n\r\nabc",
    "CL with a fraction": POST + b"Content-Length: 3.0\r\n\r\nabc",
    "CL with an exponent": POST + b"Content-Length: 1e1\r\n\r\nabc",
    "CL in Arabic digits": POST + b"Content-Length: \xd9\xa3\r\n\r\nabc",
    "CL of 2^63": POST + b"Content-Length: 9223372036854775808\r\n\r\nabc",
    "CL of 2^64": POST + b"Content-Length: 18446744073709551616\r\n\r\nabc",
    "CL of 2^64 + 3": POST + b"Content-Length: 18446744073709551619\r\n\r\nabc",
    "CL empty": POST + b"Content-Length:\r\n\r\nabc",
    "CL of blanks": POST + b"Content-Length:   \r\n\r\nabc",
    "CL with a comma": POST + b"Content-Length: 3,\r\n\r\nabc",
    "CL with NUL": POST + b"Content-Length: 3\0\r\n\r\nabc",
    "CL with vertical tab": POST + b"Content-Length: \x0b3\r\n\r\nabc",
    "TE xchunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n" + LAST, {400, 501}),
    "TE chunked with vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + LAST,
    "TE chunked and vertical tab": POST + b"Transfer-Encoding: chunked\x0b\r\n\r\n" + LAST,
    "TE chunked with NUL": POST + b"Transfer-Encoding: chunked\0\r\n\r\n" + LAST,
    "TE chunked in quotes": (POST + b'Transfer-Encoding: "chunked"\r\n\r\n' + LAST, {400, 501}),
    "TE chunked with a parameter": (POST + b"Transfer-Encoding: chunked;a=b\r\n\r\n" + LAST,
                                    {400, 501}),
    "TE chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + LAST,
    "TE chunked in two fields": POST + TE + TE + b"\r\n" + LAST,
    "TE identity": (POST + b"Transfer-Encoding: identity\r\n\r\n", {400, 501}),
    "TE chunked, identity": (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + LAST,
                             {400, 501}),
    "TE identity beside chunked": (POST + TE + b"Transfer-Encoding: identity\r\n\r\n" + LAST,
                                   {400, 501}),
    "TE gzip": (POST + b"Transfer-Encoding: gzip\r\n\r\n", {400, 501}),
    "TE gzip, chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + LAST, {400, 501}),
    "TE empty": (POST + b"Transfer-Encoding:\r\n\r\n" + LAST, {400, 501}),
    "TE comma": (POST + b"Transfer-Encoding: ,\r\n\r\n" + LAST, {400, 501}),
    "TE of blanks": (POST + b"Transfer-Encoding:  \t \r\n\r\n" + LAST, {400, 501}),
    "TE in HTTP/1.0": b"POST / HTTP/1.0\r\n" + HOST + TE + b"\r\n" + LAST,
    "TE in HTTP/1.0, kept": b"POST / HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n" + TE +
                            b"\r\n" + LAST,
    "underscore TE and CL": (POST + b"Transfer_Encoding: chunked\r\nTransfer-Encoding: xx\r\n\r\n",
                             {400, 501}),
    # Lines.
    "bare LF behind the request line": b"GET / HTTP/1.1\n" + HOST + b"\r\n",
    "bare LF behind a field": GET + b"X-A: b\n\r\n",
    "bare LF at the end": GET + b"\n",
    "bare LF everywhere": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare CR in a field": GET + b"X-A: b\rX-C: d\r\n\r\n",
    "bare CR as line end": GET + b"X-A: b\r\r\n\r\n",
    "CR CR LF": b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
    "NUL in a value": GET + b"X-A: b\0c\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n",
    "NUL in a name": GET + b"X\0A: b\r\n\r\n",
    "control byte in a value": GET + b"X-A: b\x01c\r\n\r\n",
    "DEL in a value": GET + b"X-A: b\x7fc\r\n\r\n",
    # Field names.
    "folded field": GET + b"X-A: b\r\n c\r\n\r\n",
    "folded with a tab": GET + b"X-A: b\r\n\tc\r\n\r\n",
    "folded TE": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + LAST,
    "folded first field": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "space before colon": GET + b"X-A : b\r\n\r\n",
    "space before colon of CL": POST + b"Content-Length : 3\r\n\r\nabc",
    "space before colon of TE": POST + b"Transfer-Encoding : chunked\r\n\r\n" + LAST,
    "tab before colon of TE": POST + b"Transfer-Encoding\t: chunked\r\n\r\n" + LAST,
    "vertical tab before colon": POST + b"Transfer-Encoding\x0b: chunked\r\n\r\n" + LAST,
    "space in a name": GET + b"X A: b\r\n\r\n",
    "space in front of a name": GET + b" X-A: b\r\n\r\n",
    "empty name": GET + b": b\r\n\r\n",
    "no colon": GET + b"X-A\r\n\r\n",
    "high byte in a name": GET + b"X-\xe9: b\r\n\r\n",
    "separator in a name": GET + b"X(A): b\r\n\r\n",
    "quote in a name": GET + b'"X-A": b\r\n\r\n',
    # Request line.
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "HTTP/0.9": (b"GET / HTTP/0.9\r\n" + HOST + b"\r\n", {400, 505}),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", {400, 505}),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", {400, 505}),
    "HTTP/1.10": b"GET / HTTP/1.10\r\n" + HOST + b"\r\n",
    "HTTP/01.1": b"GET / HTTP/01.1\r\n" + HOST + b"\r\n",
    "HTTP/1,1": b"GET / HTTP/1,1\r\n" + HOST + b"\r\n",
    "http/1.1": b"GET / http/1.1\r\n" + HOST + b"\r\n",
    "blank behind the version": b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n",
    "two blanks": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "two blanks before the version": b"GET /  HTTP/1.1\r\n" + HOST + b"\r\n",
    "tabs": b"GET\t/\tHTTP/1.1\r\n" + HOST + b"\r\n",
    "blank in front": b" GET / HTTP/1.1\r\n" + HOST + b"\r\n",
    "blank in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "no target": b"GET HTTP/1.1\r\n" + HOST + b"\r\n",
    "target without a slash": b"GET index.html HTTP/1.1\r\n" + HOST + b"\r\n",
    "asterisk for GET": b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
    "authority for GET": b"GET a:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "high byte in the target": b"GET /\xe9 HTTP/1.1\r\n" + HOST + b"\r\n",
    "control byte in the target": b"GET /\x1f HTTP/1.1\r\n" + HOST + b"\r\n",
    "quote in the target": b'GET /" HTTP/1.1\r\n' + HOST + b"\r\n",
    "angle in the target": b"GET /<script> HTTP/1.1\r\n" + HOST + b"\r\n",
    "backslash in the target": b"GET /a\\b HTTP/1.1\r\n" + HOST + b"\r\n",
    "percent without digits": b"GET /%zz HTTP/1.1\r\n" + HOST + b"\r\n",
    "percent at the end": b"GET /% HTTP/1.1\r\n" + HOST + b"\r\n",
    "percent and one digit": b"GET /%a HTTP/1.1\r\n" + HOST + b"\r\n",
    "separator in the method": b"GE(T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "other scheme": b"GET ftp://a/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "user in the target": b"GET http://u:p@a/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "empty authority in the target": b"GET http:///x HTTP/1.1\r\n" + HOST + b"\r\n",
    "preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 405, 505}),
    "TLS on a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n",
    # Host.
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two Hosts that agree": b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "Host list": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "Host with a user": b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "Host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "Host with a blank": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "Host with a fragment": b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n",
    "Host with a port that is none": b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
    "Host with port 65536": b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n",
    "Host with two ports": b"GET / HTTP/1.1\r\nHost: a:80:81\r\n\r\n",
    "Host with an open bracket": b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "Host with no IPv6 inside": b"GET / HTTP/1.1\r\nHost: [a]\r\n\r\n",
}

BAD_CHUNKS = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "size is no number": b"xyz\r\nabc\r\n0\r\n\r\n",
    "size with 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "size with a plus": b"+3\r\nabc\r\n0\r\n\r\n",
    "size with a minus": b"-3\r\nabc\r\n0\r\n\r\n",
    "size with a blank in front": b" 3\r\nabc\r\n0\r\n\r\n",
    "size of 2^64": b"10000000000000000\r\nabc\r\n0\r\n\r\n",
    "size of 2^64 + 3": b"10000000000000003\r\nabc\r\n0\r\n\r\n",
    "size of 2^63": b"8000000000000000\r\nabc\r\n0\r\n\r\n",
    "data longer than the size": b"3\r\nabcd\r\n0\r\n\r\n",
    "data without its CRLF": b"3\r\nabc0\r\n\r\n",
    "LF behind the size": b"3\nabc\r\n0\r\n\r\n",
    "LF behind the data": b"3\r\nabc\n0\r\n\r\n",
    "LF behind the last chunk": b"3\r\nabc\r\n0\n\r\n",
    "LF at the end": b"3\r\nabc\r\n0\r\n\n",
    "CR inside the size": b"3\r3\r\nabc\r\n0\r\n\r\n",
    "CR inside an extension": b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    "LF inside an extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "NUL inside an extension": b"3;a\0b\r\nabc\r\n0\r\n\r\n",
    "CRLF inside a quoted extension": b'3;a="\r\n"\r\nabc\r\n0\r\n\r\n',
    "trailer with a blank before the colon": b"0\r\nX-A : b\r\n\r\n",
    "trailer that is folded": b"0\r\nX-A: b\r\n c\r\n\r\n",
    "trailer without a colon": b"0\r\nX-A\r\n\r\n",
    "trailer with LF": b"0\r\nX-A: b\n\r\n",
    "too many extensions": b"3" + b";a=b" * 1100 + b"\r\nabc\r\n0\r\n\r\n",
    "trailer too long": b"0\r\nX-A: " + b"b" * 8200 + b"\r\n\r\n",
}

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend(script=lambda connection: connection.read_until_close())
    return shared_site.pound(CONFIG, web=backend.port), backend


def attack(pound, data):
    """The only response to `data`; fails if there is more than one."""
    with Client(pound.port) as client:
        client.send(data)
        got = client.read_response()
        assert got.complete
        assert client.read_until_close() == b""
    return got


@pytest.mark.parametrize("name", ATTACKS)
def test_refused(where, name):
    pound, backend = where
    data, statuses = ATTACKS[name], {400}
    if isinstance(data, tuple):
        data, statuses = data
    before = pound.count_records()
    got = attack(pound, data + SMUGGLED)
    assert got.status in statuses, got
    assert got.field("Connection") == "close"
    assert backend.connections == [], "Pound connected to the backend"
    record = pound.wait_records(before + 1)[-1]
    assert (record["status"], record["backend"]) == (str(got.status), "-")
    assert record["reason"], "the access record has no reason"


@pytest.mark.parametrize("name", ATTACKS)
def test_verdict_does_not_depend_on_how_the_bytes_come(where, name):
    pound, backend = where
    data, statuses = ATTACKS[name], {400}
    if isinstance(data, tuple):
        data, statuses = data
    with Client(pound.port) as client:
        try:
            for byte in data:
                client.send(bytes([byte]))
        except ConnectionError:
            pass  # Pound refused the request before its last byte
        got = client.read_response()
    assert got.status in statuses, got
    assert backend.connections == []


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_bad_chunks_are_refused(site, name):
    """The head is valid, so a backend may receive it, but never a body that looks complete."""
    backend = site.backend(script=lambda connection: connection.read_until_close())
    pound = site.pound(CONFIG, web=backend.port)
    got = attack(pound, POST + TE + b"\r\n" + BAD_CHUNKS[name] + SMUGGLED)
    assert got.status in (400, 413, 431), got
    wait_until(lambda: pound.records(), "the access record")
    record, = pound.records()
    assert (record["status"], bool(record["reason"])) == (str(got.status), True)
    if backend.connections:
        wait_until(lambda: backend.connections[0].sock.fileno() < 0, "the connection to close")
    assert b"smuggled" not in backend.bytes_received
    assert not backend.bytes_received.endswith(b"0\r\n\r\n")


FINE = {
    "lower-case chunked": POST + b"transfer-encoding: chunked\r\n\r\n" + chunked(b"abc"),
    "chunked in capitals": POST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n" + chunked(b"abc"),
    "blanks around chunked": POST + b"Transfer-Encoding: \t chunked \t\r\n\r\n" + chunked(b"abc"),
    "length with leading zeros": POST + b"Content-Length: 0003\r\n\r\nabc",
    "blanks around a length": POST + b"Content-Length: \t 3 \t\r\n\r\nabc",
    "no blank behind the colon": POST + b"Content-Length:3\r\n\r\nabc",
    "quoted extension": POST + TE + b'\r\n3;a="b;\\"c"\r\nabc\r\n0\r\n\r\n',
    "size in capitals": POST + TE + b"\r\n00A\r\n0123456789\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_legal_passes(site, name):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(FINE[name] + SMUGGLED)
    assert client.read_response().status == 200
    assert client.read_response().status == 200
    assert [r.target for r in backend.requests] == ["/", "/smuggled"]
    assert backend.requests[0].body in (b"abc", b"0123456789")


ODD_BUT_LEGAL = ["/a%2Fb", "/a;b=c", "/a?b=c&d=%5B%5D", "/~u/$-_.+!*'(),", "//double", "/a:b@c",
                 "/.well-known/x", "/?", "/??", "/%00", "/a?q=a/b?c", "/" + "a" * 4000]


@pytest.mark.parametrize("target", ODD_BUT_LEGAL)
def test_odd_but_legal_targets_pass_untouched(site, target):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    assert get(pound.port, target).status == 200
    assert backend.requests[0].target == target
