"""Floods of frames that bring no progress. One bucket of tokens for each connection ends them all.

The attackers read nothing until their flood is over, so the answers to PING and SETTINGS have to
wait somewhere. Other clients are served meanwhile, the worker's memory stays bounded, and so does
the number of requests that reach the backend.
"""

import pytest

from bystanders import Siege, pour
from harness import wait_until
from harness.http2_frames import (ACK, MAX_WINDOW, PRIORITY, SETTINGS, Code, data, frame, goaway,
                                  headers, ping, priority, priority_update, rst_stream, settings,
                                  string, window_update)

TIMES = 20_000  # more frames than the tokens of any test pay for
TOKENS = 2_000  # of a connection at first; 50 more come each second
FAULTS = TOKENS // 20
RESETS = TOKENS // 10


@pytest.fixture(name="siege")
def fixture_siege(site):
    return Siege(site)


def ends_calmly(siege, client):
    client.expect_goaway(Code.ENHANCE_YOUR_CALM)
    client.expect_closed()
    siege.wait_ended("h2_flood")
    siege.wait_released()


# --- frames of the connection, and of no stream in particular
FLOODS = {
    "PING": ping(),
    "answers to no PING": ping(ack=True),
    "empty SETTINGS": settings(),
    "SETTINGS that resize windows": settings((4, 1), (4, 65535)),
    "SETTINGS of a thousand parameters": settings(*[(0xff00 + i % 100, i) for i in range(1000)]),
    "acknowledgements of no SETTINGS": frame(SETTINGS, ACK),
    "WINDOW_UPDATE of the connection": window_update(0, 1),
    "WINDOW_UPDATE of a closed stream": window_update(1, 1),
    "WINDOW_UPDATE of 0 of a closed stream": window_update(1, 0),
    "RST_STREAM of a closed stream": rst_stream(1),
    "PRIORITY of a closed stream": priority(1),
    "PRIORITY in a cycle": priority(3, 5) + priority(5, 7) + priority(7, 3),
    "PRIORITY in a long chain": b"".join(priority(i + 2, i) for i in range(1, 401, 2)),
    "PRIORITY_UPDATE of a closed stream": priority_update(1, b"u=0"),
    "PRIORITY_UPDATE of idle streams": b"".join(priority_update(i, b"u=7, i")
                                                for i in range(3, 103, 2)),
    "frames of unknown types": frame(0xfe, 0xff, 0, bytes(100)),
}


@pytest.mark.parametrize("name", FLOODS)
def test_frames_of_no_open_stream(siege, name):
    client = siege.client()
    assert client.ask(path="/quick").status == 200
    with siege.defended():
        pour(client, FLOODS[name] * 20, TIMES // 20)
        ends_calmly(siege, client)


# --- frames of a request in flight
BODY_FLOODS = {
    "empty DATA": data(1),
    "DATA of padding only": data(1, padding=255),
    "DATA of one byte": data(1, b"x"),
    "DATA of one byte with padding": data(1, b"x", padding=1),
    "WINDOW_UPDATE": window_update(1, 1),
    "PRIORITY": priority(1, 3),
    "PRIORITY_UPDATE": priority_update(1, b"u=1"),
    "GOAWAY": goaway(),
}


@pytest.mark.parametrize("name", BODY_FLOODS)
def test_frames_of_an_open_stream(siege, name):
    client = siege.client()
    client.request("POST", "/hang", body=b"x" * 60_000, end=False)
    with siege.defended():
        pour(client, BODY_FLOODS[name] * 20, TIMES // 20)
        ends_calmly(siege, client)


# --- rapid resets (CVE-2023-44487)
def begun_and_reset(client, path="/hang", number=1):
    stream = client.next_stream()
    return (headers(stream, client.block(path=path)) + rst_stream(stream)) * number


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_rapid_reset(site, certificates, tls):
    siege = Siege(site, pem=certificates["ec"].pem if tls else None)
    client = siege.client()
    with siege.defended():
        pour(client, lambda _: b"".join(begun_and_reset(client) for _ in range(50)), 200)
        ends_calmly(siege, client)
    reached = sum(request.target == "/hang" for request in siege.backend.requests)
    assert reached <= RESETS * 1.2
    assert siege.most_open <= RESETS * 1.2


def test_rapid_reset_behind_a_full_connection(siege):
    """A hundred requests hang at the backend, and those beyond are refused."""
    client = siege.client()
    with siege.defended():
        for _ in range(100):
            client.request(path="/hang")
        wait_until(lambda: siege.hanging() == 100, "a hundred requests at the backend")
        first = client.request(path="/hang")
        client.expect_reset(first, Code.REFUSED_STREAM)
        pour(client, lambda _: b"".join(begun_and_reset(client) for _ in range(50)), 200)
        ends_calmly(siege, client)
    assert sum(request.target == "/hang" for request in siege.backend.requests) == 100


def test_resets_of_requests_that_are_answered(siege):
    """The backend has done the work, and the client wants none of it."""
    client = siege.client()
    with siege.defended():
        pour(client, lambda _: begun_and_reset(client, "/large/100000"), TIMES // 4)
        ends_calmly(siege, client)
    assert siege.most_open <= RESETS * 1.2


def test_a_browser_may_leave_a_page(siege):
    """A hundred requests that are cancelled at once, ten times: no attack."""
    client = siege.client()
    for _ in range(2):
        streams = [client.request(path="/hang") for _ in range(90)]
        client.send(*map(rst_stream, streams))
        client.ping()
        siege.wait_released()
    assert client.ask(path="/quick").status == 200


def test_requests_pay_for_pings(siege):
    """A PING for each of many requests is no flood."""
    client = siege.client()
    for _ in range(TOKENS * 2 // 10):
        streams = [client.request(path="/quick") for _ in range(10)]
        client.send(ping() * 10)
        for stream in streams:
            assert client.response(stream).status == 200
        client.unclaimed.clear()
    client.ping()


# --- resets that the server is made to send (CVE-2025-8671)
def repeatedly(client, after, end=True):
    """New requests, each with what makes the server reset it."""
    def make(_):
        stream = client.next_stream()
        return headers(stream, client.block("POST", "/hang"), end=end) + after(stream)
    return make


MADE_RESETS = {
    "a WINDOW_UPDATE of 0": lambda s: window_update(s, 0),
    "a window that overflows": lambda s: window_update(s, MAX_WINDOW),
    "DATA behind the end": lambda s: data(s, b"x" * 100),
    "empty DATA behind the end": lambda s: data(s, end=True),
    "PRIORITY of a wrong length": lambda s: frame(PRIORITY, 0, s, b"1234"),
    "PRIORITY on itself": lambda s: priority(s, s),
}


@pytest.mark.parametrize("name", MADE_RESETS)
def test_made_you_reset(siege, name):
    client = siege.client()
    with siege.defended():
        pour(client, repeatedly(client, MADE_RESETS[name]), TIMES // 4)
        ends_calmly(siege, client)
    resets = [f for f in client.unclaimed if type(f).__name__ == "RstStreamFrame"]
    assert 0 < len(resets) <= FAULTS * 1.2
    assert sum(request.target == "/hang" for request in siege.backend.requests) <= FAULTS * 1.2
    assert siege.most_open <= FAULTS * 1.2


def test_made_you_reset_by_headers_behind_the_end(siege):
    """The sixth way. Here the whole connection ends at once."""
    client = siege.client()
    with siege.defended():
        stream = client.request(path="/hang")
        client.send(headers(stream, client.block()))
        client.expect_goaway(Code.STREAM_CLOSED)
        client.expect_closed()
        siege.wait_ended("h2_stream_closed")
        siege.wait_released()


def test_made_you_reset_by_a_trailer_without_an_end(siege):
    client = siege.client()
    with siege.defended():
        make = repeatedly(client, lambda stream: headers(stream, b"", end=False), end=False)
        pour(client, make, TIMES // 4)
        ends_calmly(siege, client)
    assert siege.most_open <= FAULTS * 1.2


def test_made_you_reset_by_dependence_on_itself(siege):
    client = siege.client()

    def make(_):
        stream = client.next_stream()
        return headers(stream, client.block(path="/hang"), depends_on=stream)
    with siege.defended():
        pour(client, make, TIMES // 4)
        ends_calmly(siege, client)
    assert all(request.target == "/quick" for request in siege.backend.requests)


def test_made_you_reset_by_content_length(siege):
    client = siege.client()

    def make(_):
        stream = client.next_stream()
        block = client.block("POST", "/hang", ("content-length", "5"))
        return headers(stream, block, end=False) + data(stream, b"x" * 100)
    with siege.defended():
        pour(client, make, TIMES // 4)
        ends_calmly(siege, client)
    refused = [r for r in siege.pound.records() if r["reason"] == "h2_content_length"]
    assert 0 < len(refused) <= FAULTS * 1.2
    assert siege.most_open <= FAULTS * 1.2


@pytest.mark.parametrize("frames", [
    headers(1, b"\x40" + string("x-sum") + string("y" * 3000)) * 4, data(1, bytes(100)) * 20],
    ids=["trailers", "DATA"])
def test_frames_of_a_stream_that_the_server_has_reset(siege, frames):
    """They may have been under way, and are ignored; header blocks are decoded all the same."""
    client = siege.client()
    client.send(headers(1, client.block("POST", "/hang"), end=False), window_update(1, 0))
    client.expect_reset(1, Code.PROTOCOL_ERROR)
    with siege.defended():
        pour(client, frames, TIMES // 20)
        ends_calmly(siege, client)


MALFORMED = {
    "upper case": [("X-Upper", "1")],
    "a connection field": [("connection", "close")],
    "a late pseudo-field": [("x", "1"), (":path", "/")],
    "an unknown pseudo-field": [(":status", "200")],
    "two hosts": [("host", "elsewhere")],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests(siege, name):
    client = siege.client()

    def make(_):
        return headers(client.next_stream(), client.block("GET", "/quick", *MALFORMED[name]))
    with siege.defended():
        pour(client, make, TIMES // 4)
        ends_calmly(siege, client)
    by_client = [r for r in siege.pound.records() if r["status"] == "400" and r["request"] != "-"]
    assert len(by_client) <= FAULTS * 1.2


def test_requests_for_other_listeners(siege):
    """Refusals that are answered cost tokens, too."""
    client = siege.client()

    def make(_):
        return headers(client.next_stream(), client.block(path="/quick", scheme="https"))
    with siege.defended():
        pour(client, make, TIMES // 4)
        ends_calmly(siege, client)
