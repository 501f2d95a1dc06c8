"""How the server ends a connection: RFC 9113 section 6.8.

A reload announces the end first, so that requests that are under way are served. The answer to a
PING tells that all of these have come.
"""

import signal

import pytest
from hyperframe.frame import GoAwayFrame, PingFrame

from harness import http2_frames as frames
from harness import reserve_port
from harness.config import tls_site
from harness.http2 import Code, Http2

SERVING = "Client: $client; Certificates: $pem"
CONFIG = tls_site("Workers: 1; Grace: 60", listener=SERVING,
                  plain="Port: $plain; Protocols: [h2c, http/1.1]; Client: $client")


@pytest.fixture(name="start")
def fixture_start(site, certificates):
    """start(client=60) returns a daemon and a connection to it."""
    def start(client=60):
        plain = reserve_port()
        pound = site.pound(CONFIG, web=site.backend().port, plain=plain, client=client,
                           pem=certificates["ec"].pem)
        return pound, site.add_client(Http2(plain))
    return start


def claim_goaway(h2):
    goaway = h2.claim_type(GoAwayFrame)
    assert goaway.error_code == Code.NO_ERROR
    return goaway


def test_a_reload_lets_requests_come_in_until_the_ping_is_answered(start):
    pound, h2 = start()
    h2.answers_pings = False
    stream = h2.request("POST", end=False)
    h2.ping()
    pound.reload()
    assert claim_goaway(h2).last_stream_id == frames.MAX_WINDOW
    ping = h2.claim_type(PingFrame)
    late = h2.request("GET", "/late")
    assert h2.response(late).body == b"ok"
    h2.send(frames.ping(ping.opaque_data, ack=True))
    assert claim_goaway(h2).last_stream_id == late
    too_late = h2.request("GET", "/too-late")
    h2.ping()
    h2.send(frames.data(stream, b"test", end=True))
    assert h2.response(stream).status == 200
    h2.expect_closed()
    assert not [f for f in h2.unclaimed if f.stream_id == too_late or isinstance(f, GoAwayFrame)]


def test_frames_of_ignored_requests_are_ignored(start):
    """Their header blocks still change the table, and their bodies count for the window."""
    pound, h2 = start()
    stream = h2.request("POST", end=False)
    h2.ping()
    pound.reload()
    assert [claim_goaway(h2).last_stream_id for _ in range(2)] == [frames.MAX_WINDOW, stream]
    ignored = h2.next_stream()
    h2.send(frames.headers(ignored, h2.block("POST") + b"\x40\x01a\x01b", end=False),
            *[frames.data(ignored, bytes(16_000))] * 4, frames.window_update(ignored, 1),
            frames.headers(ignored, b"\xbe"), frames.rst_stream(ignored))
    h2.ping()
    h2.send(frames.data(stream, bytes(16_000)), frames.headers(stream, b"\xbe"))
    assert h2.response(stream).status == 200
    h2.expect_closed()


def test_a_reload_ends_idle_connections(start):
    pound, h2 = start()
    assert h2.ask().status == 200
    pound.reload()
    assert [claim_goaway(h2).last_stream_id for _ in range(2)] == [frames.MAX_WINDOW, 1]
    h2.expect_closed()


def test_a_client_that_answers_no_ping_is_ended_all_the_same(start):
    pound, h2 = start()
    h2.answers_pings = False
    assert h2.ask().status == 200
    pound.reload()
    assert [claim_goaway(h2).last_stream_id for _ in range(2)] == [frames.MAX_WINDOW, 1]
    h2.expect_closed()


def test_quit_lets_requests_end_like_a_reload(start):
    pound, h2 = start()
    stream = h2.request("POST", end=False)
    h2.ping()
    pound.signal(signal.SIGQUIT)
    assert [claim_goaway(h2).last_stream_id for _ in range(2)] == [frames.MAX_WINDOW, stream]
    h2.request("GET", "/too-late")
    h2.send(frames.data(stream, b"test", end=True))
    assert h2.response(stream).status == 200
    h2.expect_closed()
    assert [type(f) for f in h2.unclaimed] == [PingFrame]
    assert pound.wait_exit() == 0


def test_term_says_goaway_and_closes(start):
    pound, h2 = start()
    stream = h2.request("POST", end=False)
    h2.ping()
    pound.signal(signal.SIGTERM)
    h2.expect_closed()
    assert claim_goaway(h2).last_stream_id == stream
    assert pound.wait_exit() == 0


@pytest.mark.parametrize("requests", [0, 2])
def test_a_client_that_asks_nothing_for_client_seconds_is_ended(start, requests):
    _, h2 = start(client=1)
    for _ in range(requests):
        assert h2.ask().status == 200
    goaway = h2.expect_connection_error(Code.NO_ERROR)
    assert goaway.last_stream_id == max(0, 2 * requests - 1)


def test_a_client_with_a_request_in_flight_is_not_idle(start):
    pound, h2 = start(client=1)
    stream = h2.request("POST", end=False)
    with Http2(pound.port, tls=True) as other:
        other.expect_connection_error(Code.NO_ERROR)
    h2.ping()
    h2.send(frames.data(stream, b"test", end=True))
    assert h2.response(stream).status == 200
