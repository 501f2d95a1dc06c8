"""Clients that open requests and then take nothing: closed windows, unread sockets, trickles.

The limits of a body hold for each stream: BodyTimeOut ends those that do not move at all, and
MinRate those that move too slowly. Until then the worker keeps a bounded part of each response.
"""

import time

import pytest
from hyperframe.frame import DataFrame, HeadersFrame, WindowUpdateFrame

from bystanders import Siege
from harness import scaled, wait_until
from harness.http2_frames import (MAX_PAYLOAD, MAX_WINDOW, WINDOW, Code, Setting, data, ping,
                                  settings, window_update)

MIB = 1 << 20
CLOSED = [(Setting.INITIAL_WINDOW_SIZE, 0)]
OPEN = [(Setting.INITIAL_WINDOW_SIZE, MAX_WINDOW)]
LISTENER = "Protocols: [h2c, http/1.1]; Client: 30; BodyTimeOut: 1; Threads: 0"
WITH_RATE = LISTENER.replace("Client: 30", "Client: 1") + "; MinRate: 1000"


def ended(siege, reason):
    return [r for r in siege.pound.records() if r["reason"] == reason]


def wait_ended(siege, reason, count):
    """Waits until `count` requests have ended for `reason`."""
    found = wait_until(lambda: len(ended(siege, reason)) >= count and ended(siege, reason),
                       lambda: f"{count} x {reason}; log:\n" + siege.pound.log()[-3000:])
    assert len(found) == count


def heads(client, streams):
    for stream in streams:
        got = client.claim_type(HeadersFrame, stream)
        assert dict(got.fields)[":status"] == "200" and "END_STREAM" not in got.flags


@pytest.mark.parametrize("size", [1, 65536, MIB])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_hundred_closed_windows(site, certificates, size, tls):
    siege = Siege(site, LISTENER, pem=certificates["ec"].pem if tls else None)
    client = siege.client(settings=CLOSED)
    with siege.defended():
        streams = [client.request(path=f"/large/{size}") for _ in range(100)]
        heads(client, streams)
        assert not [f for f in client.unclaimed if isinstance(f, DataFrame)]
        for stream in streams:
            client.expect_reset(stream, Code.CANCEL)
        wait_ended(siege, "client_timeout", 100)
        siege.fits(client)


def test_a_client_that_stalls_again_and_again_is_sent_away(site):
    siege = Siege(site, LISTENER)
    client = siege.client(settings=CLOSED)
    with siege.defended():
        for _ in range(2):
            for stream in [client.request(path="/large/1") for _ in range(100)]:
                client.expect_reset(stream, Code.CANCEL)
        for _ in range(100):
            client.request(path="/large/1")
        client.expect_goaway(Code.ENHANCE_YOUR_CALM)
    siege.pound.wait_log("reason=h2_flood$")


def test_a_closed_window_of_the_connection(site):
    """The windows of the streams are open, and that of all of them has been used up."""
    siege = Siege(site, LISTENER)
    client = siege.client(settings=OPEN)
    with siege.defended():
        streams = [client.request(path=f"/large/{MIB}") for _ in range(100)]
        heads(client, streams)
        wait_ended(siege, "client_timeout", 100)
        for stream in streams:
            client.expect_reset(stream, Code.CANCEL)
        got = sum(len(f.data) for f in client.unclaimed if isinstance(f, DataFrame))
        assert got == 65535
        client.send(window_update(0, 65535))
        siege.fits(client)


def test_many_connections_with_closed_windows(site):
    siege = Siege(site, LISTENER)
    with siege.defended():
        clients = [siege.client(settings=CLOSED) for _ in range(20)]
        for client in clients:
            heads(client, [client.request(path=f"/large/{MIB}") for _ in range(5)])
        wait_ended(siege, "client_timeout", 100)


def trickle(client, streams, until, increment):
    """Opens the windows by a few bytes at a time, until `until()`."""
    def step():
        client.send(window_update(0, increment * len(streams)),
                    *(window_update(stream, increment) for stream in streams))
        time.sleep(0.2)  # justified: the rate is the test
        return until()
    wait_until(step, "the end of a trickle", scaled(20))


def test_a_trickle_is_too_slow_for_min_rate(site):
    """Five bytes per second and stream, where MinRate asks for 1000."""
    siege = Siege(site, WITH_RATE)
    client = siege.client(settings=CLOSED)
    with siege.defended():
        streams = [client.request(path=f"/large/{MIB}") for _ in range(10)]
        heads(client, streams)
        trickle(client, streams, lambda: len(ended(siege, "client_too_slow")) == 10, 1)
        for stream in streams:
            client.expect_reset(stream, Code.CANCEL)


def test_a_steady_client_is_fast_enough(site):
    """All streams together move enough, and each of them as well."""
    siege = Siege(site, WITH_RATE)
    client = siege.client(settings=CLOSED)
    streams = [client.request(path="/large/20000") for _ in range(5)]
    heads(client, streams)
    client.send(window_update(0, MIB))
    for _ in range(10):
        client.send(*(window_update(stream, 2000) for stream in streams))
        for stream in streams:
            client.claim_type(DataFrame, stream)
        time.sleep(0.2)  # justified: the rate is the test
    assert not ended(siege, "client_too_slow")


def test_a_slow_upload_of_many_streams(site):
    """A hundred bodies that never end."""
    siege = Siege(site, LISTENER)
    client = siege.client()
    with siege.defended():
        streams = [client.request("POST", "/hang", end=False) for _ in range(100)]
        client.send(*(data(stream, b"x" * 600) for stream in streams))
        wait_ended(siege, "client_timeout", 100)
        for stream in streams:
            got = client.claim_type(HeadersFrame, stream)
            assert dict(got.fields)[":status"] == "408"
        assert not siege.hanging(), "the backend got a request that never was whole"
        siege.fits(client)


def test_uploads_to_a_backend_that_reads_nothing(site):
    """The windows of the client close once the kernel takes no more, so Pound keeps little."""
    siege = Siege(site, LISTENER.replace("BodyTimeOut: 1", "BodyTimeOut: 10"),
                  "Workers: 1; BufferMemory: 1048576")
    client = siege.client()
    with siege.defended():
        streams = [client.request("POST", "/deaf", end=False) for _ in range(4)]
        left = dict.fromkeys([0, *streams], WINDOW)
        client.wire.sock.settimeout(scaled(1))
        while True:
            stream = max(streams, key=left.get)
            part = min(left[0], left[stream], MAX_PAYLOAD)
            if part > 0:
                client.send(data(stream, bytes(part)))
                left[0], left[stream] = left[0] - part, left[stream] - part
                continue
            try:
                got = client.claim_type(WindowUpdateFrame)
            except AssertionError:
                break  # nothing has come for a second
            left[got.stream_id] += got.window_increment
        assert [left[stream] for stream in streams] == [0] * 4
        assert not ended(siege, "client_timeout")
        client.close()
        siege.end.set()


def ask_for_much(siege):
    """A client that has asked for 100 MiB and reads nothing; Pound's socket is full."""
    client = siege.client(settings=OPEN, receive_buffer=4096)
    client.send(window_update(0, MAX_WINDOW - 65535))
    for _ in range(100):
        client.request(path=f"/large/{MIB}")
    siege.pound.wait_quiet()
    return client


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_socket_that_is_never_read(site, certificates, tls):
    """What the kernel has taken counts as sent; the other responses end with the connection."""
    siege = Siege(site, LISTENER.replace("BodyTimeOut: 1", "BodyTimeOut: 3"),
                  pem=certificates["ec"].pem if tls else None)
    with siege.defended(start=lambda: ask_for_much(siege)) as client:
        # How many requests Pound has read before its socket was full depends on the machine.
        wait_until(lambda: ended(siege, "client_timeout"), "the end of the connection")
        with pytest.raises(OSError):
            while True:
                client.send(ping())
                time.sleep(0.01)  # justified: until the kernel tells of the reset


@pytest.mark.parametrize("frames", [ping(), settings()], ids=["PING", "SETTINGS"])
def test_a_client_that_reads_nothing_is_not_heard(site, frames):
    """Pound stops reading, too, instead of queuing the answers to what comes."""
    siege = Siege(site, LISTENER.replace("BodyTimeOut: 1", "BodyTimeOut: 5"))
    with siege.defended(start=lambda: ask_for_much(siege)) as client:
        client.wire.sock.settimeout(scaled(1))
        with pytest.raises(OSError):
            for _ in range(1 << 16):
                client.send(frames * 200)
        wait_until(lambda: ended(siege, "client_timeout"), "the end of the connection")
    assert "h2_flood" not in siege.pound.log(), "the frames were read"


def test_a_stream_that_waits_for_its_turn_is_not_late(site):
    """The client takes urgent responses as fast as it can, and one behind them gets no turn."""
    siege = Siege(site, LISTENER)
    client = siege.client(settings=OPEN)
    urgent = [client.request("GET", f"/large/{MIB}", ("priority", "u=0")) for _ in range(20)]
    last = client.request("GET", "/large/70000", ("priority", "u=7"))
    heads(client, urgent)
    head = client.claim_type(HeadersFrame, last)
    for _ in range(30):
        client.send(window_update(0, 16384))
        client.claim(lambda f: isinstance(f, DataFrame) and f.stream_id != last, "urgent DATA")
        time.sleep(0.1)  # justified: three times BodyTimeOut in all
    assert not ended(siege, "client_timeout")
    client.unclaimed.append(head)
    client.unclaimed.sort(key=lambda f: f is not head)
    client.send(window_update(0, 30 * MIB))
    assert len(client.response(last).body) == 70000


def test_small_responses_behind_many_closed_windows(site):
    """BufferMemory bounds what all connections of a worker hold together."""
    siege = Siege(site, LISTENER.replace("BodyTimeOut: 1", "BodyTimeOut: 10"),
                  "Workers: 1; BufferMemory: 1048576")
    with siege.defended():
        for _ in range(10):
            client = siege.client(settings=CLOSED)
            heads(client, [client.request(path="/large/16000") for _ in range(100)])
        siege.round()
