"""Which stream sends first (RFC 9218): by urgency, then in turn; `i` shares.

All bodies wait in Pound when the test opens the windows. So the order of the frames is the order
that Pound chose.
"""

import pytest
from hyperframe.frame import DataFrame, HeadersFrame

from harness import response
from harness.config import plain_site
from harness.http2 import Http2
from harness.http2_frames import (MAX_WINDOW, WINDOW, Setting, priority, priority_update, settings,
                                  window_update)

SIZE = 60_000  # less than Buffer, and than the connection's first window


@pytest.fixture(name="client")
def fixture_client(site):
    backend = site.backend(lambda _: response(bytes(SIZE)))
    pound = site.pound(plain_site(listener="Protocols: [h2c, http/1.1]; Client: 30; Threads: 0"),
                       web=backend.port)
    client = site.add_client(Http2(pound.port, settings=[(Setting.INITIAL_WINDOW_SIZE, 0)]))
    client.pound = pound
    return client


def ask(client, *values):
    """A request for each priority; returns the streams, whose bodies wait in Pound."""
    streams = [client.request("GET", "/", *([("priority", value)] if value else []))
               for value in values]
    for stream in streams:
        client.claim_type(HeadersFrame, stream)
    client.pound.wait_quiet()
    return streams


def order(client):
    """Opens all windows; returns runs of [stream, bytes] as they came, for the first window."""
    client.send(settings((Setting.INITIAL_WINDOW_SIZE, MAX_WINDOW)))
    return runs(client, WINDOW)


def runs(client, size):
    found, got = [], 0
    while got < size:
        frame = client.claim_type(DataFrame)
        if found and found[-1][0] == frame.stream_id:
            found[-1][1] += len(frame.data)
        else:
            found.append([frame.stream_id, len(frame.data)])
        got += len(frame.data)
    return found


def test_urgency(client):
    low, usual, high = ask(client, "u=7", None, "u=0")
    assert order(client) == [[high, SIZE], [usual, WINDOW - SIZE]]
    client.send(window_update(0, SIZE * 2))
    assert runs(client, 3 * SIZE - WINDOW) == [[usual, 2 * SIZE - WINDOW], [low, SIZE]]


def test_the_default_is_3(client):
    two, usual, four = ask(client, "u=2", None, "u=4")
    assert order(client) == [[two, SIZE], [usual, WINDOW - SIZE]]
    client.send(window_update(0, SIZE * 2))
    assert runs(client, 3 * SIZE - WINDOW)[-1] == [four, SIZE]


def test_priority_update(client):
    """It counts for a stream that is open already, and replaces what the field said."""
    first, second, third = ask(client, "u=1", "u=5", "u=5")
    client.send(priority_update(third, b"u=0"), priority_update(first, b"u=6"))
    assert order(client) == [[third, SIZE], [second, WINDOW - SIZE]]
    client.send(window_update(0, SIZE * 2))
    assert runs(client, 3 * SIZE - WINDOW)[-1] == [first, SIZE]


def test_a_priority_update_while_it_sends(client):
    """The other stream comes first in the next window."""
    _, second = streams = ask(client, "u=3", "u=3")
    client.send(settings((Setting.INITIAL_WINDOW_SIZE, 20_000)))
    assert sorted(runs(client, 40_000)) == [[stream, 20_000] for stream in streams]
    client.send(priority_update(second, b"u=1"),
                settings((Setting.INITIAL_WINDOW_SIZE, MAX_WINDOW)))
    assert runs(client, WINDOW - 40_000) == [[second, WINDOW - 40_000]]


def test_a_priority_update_before_the_request(client):
    """RFC 9218 7.1: it may come first; it may also be ignored, and must do no harm."""
    client.send(priority_update(1, b"u=0"))
    stream, = ask(client, None)
    client.send(settings((Setting.INITIAL_WINDOW_SIZE, MAX_WINDOW)))
    assert runs(client, SIZE) == [[stream, SIZE]]
    client.ping()


def test_incremental_streams_share(client):
    streams = ask(client, "u=3, i", "u=3, i", "u=3, i")
    got = order(client)
    assert sorted(stream for stream, _ in got[:3]) == streams
    assert [size for _, size in got] == [16384] * 3 + [WINDOW - 3 * 16384]


def test_others_go_one_after_the_other(client):
    streams = ask(client, "u=3", "u=3")
    got = order(client)
    assert [size for _, size in got] == [SIZE, WINDOW - SIZE]
    assert sorted(stream for stream, _ in got) == streams


@pytest.mark.parametrize("value", ["u=8", "u=-1", "u=x", "u", "i=?0, u=9", "=", "u=0u", "\"", "("])
def test_a_field_that_makes_no_sense_changes_nothing(client, value):
    """RFC 9218 4: it is ignored; the request is not refused for it."""
    odd, high = ask(client, value, "u=2")
    assert order(client)[0] == [high, SIZE]
    client.send(window_update(0, SIZE))
    assert runs(client, 2 * SIZE - WINDOW) == [[odd, 2 * SIZE - WINDOW]]


def test_priority_of_rfc_7540_has_no_effect(client):
    assert client.server_settings[9] == 1, "SETTINGS_NO_RFC7540_PRIORITIES"
    low, high = ask(client, "u=5", "u=1")
    client.send(priority(high, low), priority(low, 0))
    assert order(client) == [[high, SIZE], [low, WINDOW - SIZE]]


def test_the_field_reaches_the_backend(site):
    backend = site.backend()
    pound = site.pound(plain_site(listener="Protocols: [h2c, http/1.1]"), web=backend.port)
    with Http2(pound.port) as client:
        assert client.ask("GET", "/", ("priority", "u=1, i")).status == 200
    assert backend.requests[0].field("Priority") == "u=1, i"
