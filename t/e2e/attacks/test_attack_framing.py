"""Attacks on the end of a body, beyond the plain ones in test_attacks.py.

TE.TE, 0.CL and CL.0, Expect, line ends around chunk extensions, the order of fields, and requests
pipelined around a refused one. The backend records every byte and is gullible: it would take any
further bytes for a request.
"""

import itertools
import threading

import pytest

from harness import TIMEOUT, Client, chunked, request, response, wait_until
from harness.config import plain_site

CONFIG = plain_site()

HOST = b"Host: a\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
GET = b"GET / HTTP/1.1\r\n" + HOST
TE = b"Transfer-Encoding: chunked\r\n"
LAST = b"0\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
HIDDEN = b"Content-Length: %d\r\n" % len(SMUGGLED)


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend(script=lambda connection: connection.read_until_close())
    return shared_site.pound(CONFIG, web=backend.port), backend


def only_response(port, data):
    with Client(port) as client:
        client.send(data)
        got = client.read_response()
        assert got.complete and client.read_until_close() == b""
    return got


# --- refused heads: nothing reaches the backend ---------------------------------------------------
TE_TE = [  # one of two readers may overlook the field; a Content-Length beside it hides
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked", b"Transfer-Encoding:\x0cchunked",
    b" Transfer-Encoding: chunked", b"X: X\nTransfer-Encoding: chunked",
    b"X: X\rTransfer-Encoding: chunked", b"Transfer-Encoding\n: chunked",
    b"Transfer-Encoding\r\n : chunked", b"Transfer-Encoding: \nchunked",
    b"Transfer-Encoding: chunked\xa0", b"Transfer-Encoding: \xa0chunked",
    b"Transfer-Encoding: chunked\x85", b"Transfer-Encoding\xa0: chunked",
    b"Transfer\xadEncoding: chunked", b"Transfer Encoding: chunked",
    b"Transfer-Encoding: 'chunked'", b'Transfer-Encoding: "chunked"', b"Transfer-Encoding: chunk",
    b"Transfer-Encoding: chunked,", b"Transfer-Encoding: ,chunked",
    b"Transfer-Encoding: ch\x00unked",
    b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: chunked;q=1", b"Transfer-Encoding: CHUN\xe7KED", b"Transfer-Encoding: ",
    b"Transfer-Encoding: chunked\r\n\ttransfer-encoding: x", b"\x00Transfer-Encoding: chunked",
    b"Transfer-Encoding\x00: chunked", b"\xef\xbb\xbfTransfer-Encoding: chunked",
    b"Transfer-Encoding;: chunked", b"Transfer-Encoding= chunked", b"(Transfer-Encoding): chunked",
]


@pytest.mark.parametrize("field", TE_TE)
@pytest.mark.parametrize("beside", [b"Content-Length: 5\r\n", b""], ids=["with CL", "alone"])
def test_te_te(where, field, beside):
    refused(where, POST + beside + field + b"\r\n\r\n" + LAST + SMUGGLED)
    refused(where, POST + field + b"\r\n" + beside + b"\r\n" + LAST + SMUGGLED)


ZERO_CL = [  # one of two readers does not see the length
    b"Content-Length : %d", b"Content-Length\t: %d", b"Content-Length\x0b: %d",
    b" Content-Length: %d", b"\tContent-Length: %d", b"\x0bContent-Length: %d",
    b"Content-Length\r\n : %d", b"Content-Length:\r\n %d", b"Content-Length: \n%d",
    b"Content-Length\x00: %d", b"\x00Content-Length: %d", b"Content\xadLength: %d",
    b"Content Length: %d", b"Content-Length\r: %d", b"X: x\nContent-Length: %d",
    b"X: x\rContent-Length: %d", b"Content-Length: 0\r\nContent-Length: %d",
    b"Content-Length: %d\r\nContent-Length: 0", b"Content-Length: 0, %d", b"Content-Length: %d, 0",
    b"Content-Length: +%d", b"Content-Length: %d ;", b'Content-Length: "%d"',
    b"Content-Length: %d.",
    b"Content-Length: %d\x0b", b"Content-Length: %d\xa0", b"Content-Length: 0x%d",
    b"Content-Length: %d\x00", b"Content-Length: %d 0", b"Content-Length: -%d",
    b"Content-Length: 1_%d", b"Content-Length: %dL", b"Content-Length= %d",
]


@pytest.mark.parametrize("field", ZERO_CL)
@pytest.mark.parametrize("start", [GET, POST], ids=["GET", "POST"])
def test_zero_cl(where, field, start):
    refused(where, start + field % len(SMUGGLED) + b"\r\n\r\n" + SMUGGLED)


EXPECT = [
    b"y 100-continue", b"100-continue, x", b"100-continue; a=b", b"", b"100", b"100-continue\x0b",
    b"200-ok", b"100-continue,", b"\xa0100-continue", b"x\r\nExpect: 100-continue",
    b"100-continue\r\nExpect: x", b"100-continue\n", b"100-continue\r\n y",
]


@pytest.mark.parametrize("value", EXPECT)
def test_expect(where, value):
    refused(where, POST + b"Expect: " + value + b"\r\n" + HIDDEN + b"\r\n" + SMUGGLED,
            {400, 417})


def refused(where, data, statuses=frozenset({400, 501})):
    pound, backend = where
    before = pound.count_records()
    got = only_response(pound.port, data)
    assert got.status in statuses, got
    record = pound.wait_records(before + 1)[-1]
    assert (record["status"], record["backend"]) == (str(got.status), "-")
    assert record["reason"]
    assert backend.connections == [], "Pound connected to the backend"


FIELDS = {
    "CL and TE": [b"Content-Length: 5\r\n", TE],
    "two TE": [TE, b"Transfer-Encoding: identity\r\n"],
    "two CL": [b"Content-Length: 5\r\n", b"Content-Length: 6\r\n"],
    "two Hosts": [HOST, b"Host: b\r\n"],
    "TE and Expect": [TE, b"Expect: tea\r\n"],
    "CL and TE and Expect": [b"Content-Length: 5\r\n", TE, b"Expect: tea\r\n"],
}


@pytest.mark.parametrize("name", FIELDS)
def test_the_order_of_fields_does_not_matter(where, name):
    pound, backend = where
    fields = [HOST, b"Connection: close, Content-Length, Transfer-Encoding\r\n", *FIELDS[name]]
    reasons = set()
    for order in itertools.permutations(fields):
        before = pound.count_records()
        head = b"POST / HTTP/1.1\r\n" + b"".join(order) + b"\r\n"
        only_response(pound.port, head + LAST + SMUGGLED)
        reasons.add(pound.wait_records(before + 1)[-1]["reason"])
    assert len(reasons) == 1 and None not in reasons, reasons
    assert backend.connections == []


# --- refused bodies: they never look complete -----------------------------------------------------
CHUNKS = [  # line ends of sizes, extensions and data
    b"3;\nabc\r\n0\r\n\r\n", b"3;a\nabc\r\n0\r\n\r\n", b"3;a=b\nabc\r\n0\r\n\r\n",
    b"3;a\r\rabc\r\n0\r\n\r\n", b"3;a\rXabc\r\n0\r\n\r\n", b"3\rXabc\r\n0\r\n\r\n",
    b"3\r\rabc\r\n0\r\n\r\n", b"3 \nabc\r\n0\r\n\r\n", b"3\n;a\r\nabc\r\n0\r\n\r\n",
    b"3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", b"3;a=\"\\\n\"\r\nabc\r\n0\r\n\r\n",
    b"3;a=\"b\r\nabc\r\n0\r\n\r\n",
    b"3;;\r\nabc\r\n0\r\n\r\n", b"3;=b\r\nabc\r\n0\r\n\r\n", b"3;a b\r\nabc\r\n0\r\n\r\n",
    b"3,a\r\nabc\r\n0\r\n\r\n", b"3 a\r\nabc\r\n0\r\n\r\n", b"3\x0b\r\nabc\r\n0\r\n\r\n",
    b"3;a\x00\r\nabc\r\n0\r\n\r\n", b"3\x00\r\nabc\r\n0\r\n\r\n", b"3_0\r\nabc\r\n0\r\n\r\n",
    b"0x3\r\nabc\r\n0\r\n\r\n", b"\n3\r\nabc\r\n0\r\n\r\n", b"\r\n3\r\nabc\r\n0\r\n\r\n",
    b"3\r\nabcXX0\r\n\r\n", b"3\r\nabc\n\n0\r\n\r\n", b"3\r\nabc\r\r0\r\n\r\n",
    b"3\r\nabc\r\n\r\n0\r\n\r\n", b"3\r\nabc\r\n00\n\r\n", b"3\r\nabc\r\n0;\n\r\n",
    b"3\r\nabc\r\n0\r\r\n", b"3\r\nabc\r\n0\r\nX: y\n\r\n", b"3\r\nabc\r\n0\r\nX: y\r\n\n",
    b"3\r\nabc\r\n0\r\n: y\r\n\r\n", b"3\r\nabc\r\n0\r\nX : y\r\n\r\n",
    b"3\r\nabc\r\n0\r\nX: \x00\r\n\r\n",
    b"3\r\nabc\r\n-0\r\n\r\n", b"3\r\nabc\r\nffffffffffffffff\r\n",
    b"3\r\nabc\r\n10000000000000000\r\n",
    b"fffffffffffffffff0000000000000003\r\nabc\r\n0\r\n\r\n", b"3h\r\nabc\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("number", range(len(CHUNKS)))
def test_chunks(where_chunks, number):
    pound, backend = where_chunks
    head = b"POST /chunks%d. HTTP/1.1\r\n" % number + HOST + TE + b"\r\n"
    assert only_response(pound.port, head + CHUNKS[number] + SMUGGLED).status == 400
    record = pound.wait_record(f"/chunks{number}.")
    assert (record["status"], bool(record["reason"])) == ("400", True)
    for connection in list(backend.connections):
        if b"/chunks%d." % number in connection.received:
            wait_until(lambda c=connection: c.sock.fileno() < 0, "the connection to close")
            assert not connection.received.endswith(b"0\r\n\r\n")
    assert b"smuggled" not in backend.bytes_received


@pytest.fixture(scope="module", name="where_chunks")
def fixture_where_chunks(shared_site):
    backend = shared_site.backend(script=lambda connection: connection.read_until_close())
    return shared_site.pound(CONFIG, web=backend.port, name="chunks"), backend


# --- pipelined around a refusal -------------------------------------------------------------------
@pytest.mark.parametrize("bad", [b"GET / HTTP/1.1\r\n\r\n", POST + TE + HIDDEN + b"\r\n",
                                 POST + TE + b"\r\nzz\r\n", GET + b"X : y\r\n\r\n", b"\r\n\n",
                                 b"CONNECT a:80 HTTP/1.1\r\n" + HOST + b"\r\n"])
def test_what_comes_before_is_served_and_what_comes_after_is_not(site, bad):
    backend = site.backend(lambda asked: response(asked.target.encode()))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("GET", "/first") + request("POST", "/second", body=b"x") + bad + SMUGGLED)
    assert client.read_response().body == b"/first"
    assert client.read_response().body == b"/second"
    got = client.read_response()
    assert (got.status in (400, 405), got.field("Connection")) == (True, "close")
    assert client.closes()
    assert b"smuggled" not in backend.bytes_received
    assert len(pound.wait_records(3)) == 3


# --- CL.0: a backend that does not read the body --------------------------------------------------
@pytest.mark.parametrize("framing", [HIDDEN, TE], ids=["CL", "chunked"])
@pytest.mark.parametrize("method", [b"GET", b"POST", b"PUT", b"OPTIONS", b"DELETE"])
def test_a_backend_that_takes_the_body_for_a_request(site, method, framing):
    """The backend answers twice. No client receives the second answer, however late it is."""
    go_on = threading.Event()

    def script(connection):
        head = connection.read_request_head()
        if head is None:
            return
        connection.send(response(head.target.encode()))
        if head.target == "/victim":
            return
        go_on.wait(TIMEOUT)
        connection.send(response(b"EVIL"))

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    body = SMUGGLED if framing == HIDDEN else chunked(SMUGGLED)
    with Client(pound.port) as client:
        client.send(method + b" /static HTTP/1.1\r\n" + HOST + framing + b"\r\n" + body)
        assert client.read_response().body == b"/static"
    with Client(pound.port) as victim:
        assert victim.ask("GET", "/victim").body == b"/victim"
    go_on.set()
    assert backend.connections[1].requests[0].target == "/victim"


def test_a_backend_that_answers_before_the_body(site):
    """Expect: 100-continue and an immediate final answer: further bytes are never a request."""
    backend = site.backend(script=lambda c: c.read_request_head() and (
        c.send(response(b"no", status="403 Forbidden")), c.read_until_close()))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Expect: 100-continue", HIDDEN.decode().strip()))
    got = client.read_response()
    assert (got.status, got.field("Connection")) == (403, "close")
    client.send(SMUGGLED * 2)
    assert client.closes()
    assert len(pound.wait_records(1)) == 1
    assert len(backend.requests) == 1 and len(backend.connections) == 1


@pytest.mark.parametrize("fields", [("Content-Length: 0",), ()])
def test_an_expectation_without_a_body_is_not_passed_on(site, fields):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("GET", "/1", "Expect: 100-continue", *fields) + request("GET", "/2"))
    assert [client.read_response().status for _ in range(2)] == [200, 200]
    assert [r.field("Expect") for r in backend.requests] == [None, None]
