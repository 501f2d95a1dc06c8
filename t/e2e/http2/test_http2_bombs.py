"""Header blocks that never end, grow without end when they are decoded, or come a byte at a time.

A block is bounded by MaxHeader, its CONTINUATIONs by their number, and both by `Client` seconds.
Fields are counted while they are decoded.
"""

import threading
import time

import pytest
from hyperframe.frame import HeadersFrame

from bystanders import Siege, pour
from harness import Client, scaled, wait_until
from harness.http2_frames import (MAX_PAYLOAD, PREFACE, Code, Setting, continuation, goaway,
                                  headers, settings, string)

LISTENER = "Protocols: [h2c, http/1.1]; Client: $client; BodyTimeOut: 5; Threads: 0"
MAX_HEADER = 32_768  # the default
LONGEST = MAX_HEADER + MAX_PAYLOAD + 9  # bytes of the frames of a block


@pytest.fixture(name="siege")
def fixture_siege(site):
    return Siege(site, LISTENER.replace("$client", "30"))


@pytest.fixture(name="hasty")
def fixture_hasty(site):
    """With `Client: 1`."""
    return Siege(site, LISTENER.replace("$client", "1"))


def ends(siege, client, code, reason):
    client.expect_goaway(code)
    client.expect_closed()
    siege.wait_ended(reason, "408" if reason == "head_timeout" else "400")


# --- CONTINUATION
@pytest.mark.parametrize("fragment", [b"", b"\0"], ids=["empty", "a byte"])
def test_nine_continuations(siege, fragment):
    client = siege.client()
    with siege.defended():
        stream = client.next_stream()
        client.send(headers(stream, b"", end_headers=False),
                    continuation(stream, fragment, end_headers=False) * 9)
        ends(siege, client, Code.ENHANCE_YOUR_CALM, "h2_block_too_long")


def test_eight_continuations(siege):
    client = siege.client()
    stream = client.next_stream()
    whole = client.block(path="/quick")
    parts = [whole[at:at + 8] for at in range(0, 56, 8)] + [whole[56:], b""]
    client.send(headers(stream, parts[0], end_headers=False),
                *(continuation(stream, part, end_headers=False) for part in parts[1:8]),
                continuation(stream, parts[8]))
    assert client.response(stream).status == 200


def test_a_flood_of_continuations(siege):
    """It is over at the ninth, although the client goes on."""
    client = siege.client()
    with siege.defended():
        stream = client.next_stream()
        client.send(headers(stream, client.block(), end_headers=False))
        pour(client, continuation(stream, b"x" * 100, end_headers=False) * 100, 1000)
        ends(siege, client, Code.ENHANCE_YOUR_CALM, "h2_block_too_long")


def test_a_block_of_many_bytes(siege):
    """The header of the frame that is too much is enough."""
    client = siege.client()
    with siege.defended():
        stream = client.next_stream()
        full = bytes(MAX_PAYLOAD)
        client.send(headers(stream, full, end_headers=False),
                    continuation(stream, full, end_headers=False),
                    continuation(stream, full, end_headers=False)[:9])
        ends(siege, client, Code.ENHANCE_YOUR_CALM, "h2_block_too_long")


def test_many_blocks_that_wait_for_their_end(siege):
    """Fifty connections with nearly all of a block that is allowed."""
    with siege.defended():
        clients = [siege.client() for _ in range(50)]
        for client in clients:
            client.send(headers(1, bytes(MAX_PAYLOAD), end_headers=False),
                        continuation(1, bytes(MAX_PAYLOAD), end_headers=False))
        siege.round()


# --- the time of a block
def test_a_block_without_an_end_has_client_seconds(hasty):
    client = hasty.client()
    with hasty.defended():
        began = time.monotonic()
        client.send(headers(client.next_stream(), client.block(), end_headers=False))
        ends(hasty, client, Code.ENHANCE_YOUR_CALM, "head_timeout")
        assert 0.9 < time.monotonic() - began < scaled(10)


def trickle(client, what, step=0.05):
    """Sends `what` byte by byte in a thread, until the connection is closed."""
    def run():
        for byte in what:
            try:
                client.send(bytes([byte]))
            except OSError:
                return
            time.sleep(step)  # justified: the rate is the test
    threading.Thread(target=run, daemon=True).start()


def test_a_block_that_trickles(hasty):
    """Each byte comes in time, and all of them do not."""
    client = hasty.client()
    with hasty.defended():
        trickle(client, headers(1, client.block("GET", "/" + "x" * 1000)))
        ends(hasty, client, Code.ENHANCE_YOUR_CALM, "head_timeout")


def test_continuations_that_trickle(hasty):
    client = hasty.client()
    with hasty.defended():
        client.send(headers(1, client.block(), end_headers=False))
        trickle(client, continuation(1, b"", end_headers=False) * 8, 0.1)
        ends(hasty, client, Code.ENHANCE_YOUR_CALM, "head_timeout")


def test_a_block_that_trickles_beside_a_response(hasty):
    """What is sent meanwhile, for an event stream, does not prolong the time of the block."""
    client = hasty.client()
    with hasty.defended():
        stream = client.request(path="/events")
        client.claim_type(HeadersFrame, stream)
        client.send(headers(3, client.block(), end_headers=False))
        ends(hasty, client, Code.ENHANCE_YOUR_CALM, "head_timeout")
        events = [f for f in client.unclaimed if f.stream_id == stream]
        assert len(events) >= 3


def test_pings_do_not_keep_an_idle_connection(hasty):
    client = hasty.client()

    def over():
        try:
            client.ping()
        except (AssertionError, OSError):
            return True
        time.sleep(0.2)  # justified: the rate is the test
        return False
    with hasty.defended():
        began = time.monotonic()
        wait_until(over, "the end of an idle connection", scaled(20))
        assert time.monotonic() - began < scaled(10)


def test_requests_keep_a_connection(hasty):
    """Each of them begins the idle time anew, those that Pound answers itself as well."""
    client = hasty.client()
    for scheme, status in [("http", 200), ("https", 421)] * 3:
        assert client.ask(path="/quick", scheme=scheme).status == status
        time.sleep(0.4)  # justified: less than the idle time, and more in all


@pytest.mark.parametrize("sent", [PREFACE[:20], PREFACE[:1]])
def test_half_a_preface(hasty, sent):
    """It may still become HTTP/1."""
    with hasty.defended(), Client(hasty.pound.port) as client:
        client.send(sent)
        assert b" 408 " in client.read_until(b"\r\n")
        client.read_until_close()
        wait_until(lambda: [r for r in hasty.pound.records() if r["reason"] == "head_timeout"],
                   "the record")


@pytest.mark.parametrize("sent, code", [(PREFACE, Code.NO_ERROR),
                                        (PREFACE + settings()[:5], Code.ENHANCE_YOUR_CALM)])
def test_a_preface_without_settings(hasty, sent, code):
    with hasty.defended():
        client = hasty.client(start=False)
        client.send(sent)
        said = client.wire.read_until_close()  # Http2 would acknowledge the server's SETTINGS
        assert said.endswith(goaway(0, code))


# --- bombs
def indexed(name, value):
    """A literal that enters the dynamic table."""
    return b"\x40" + string(name) + string(value)


LAST_ENTRY = b"\xbe"  # the newest entry of the dynamic table


def test_an_hpack_bomb(siege):
    """48 KiB of references to an entry of 4 KiB stand for 190 MiB."""
    client = siege.client()
    with siege.defended():
        stream = client.next_stream()
        first = client.block(path="/quick") + indexed("x", "y" * 4000)
        client.send(headers(stream, first + LAST_ENTRY * 12000, end_headers=False),
                    continuation(stream, LAST_ENTRY * 16384),)
        ends(siege, client, Code.COMPRESSION_ERROR, "h2_compression")


def test_small_bombs(siege):
    """A few references are too many for MaxHeader, and not yet for the connection."""
    client = siege.client()
    with siege.defended():
        stream = client.next_stream()
        client.send(headers(stream, client.block(path="/quick") + indexed("x", "y" * 4000)))
        assert client.response(stream).status == 200
        streams = [client.next_stream() for _ in range(50)]
        client.send(*(headers(stream, client.block(path="/quick") + LAST_ENTRY * 60)
                      for stream in streams))
        for stream in streams:
            assert client.response(stream).status == 431
        pour(client, lambda _: headers(client.next_stream(), client.block() + LAST_ENTRY * 60),
             1000)
        ends(siege, client, Code.ENHANCE_YOUR_CALM, "h2_flood")
    assert {r["reason"] for r in siege.pound.records() if r["status"] == "431"} == {"head_too_long"}


def test_a_bomb_of_empty_fields(siege):
    """Each field counts for its own bytes and 32 more."""
    client = siege.client()
    with siege.defended():
        stream = client.next_stream()
        client.send(headers(stream, client.block(path="/quick") + indexed("x", "")
                            + LAST_ENTRY * 99))
        got = client.response(stream)
        assert got.status == 431
        client.send(headers(stream + 2, client.block(path="/quick") + LAST_ENTRY * 16000))
        ends(siege, client, Code.COMPRESSION_ERROR, "h2_compression")


def test_crumbs_behind_closed_windows(siege):
    """A hundred requests that stay, each with a cookie of 27 KiB that came in 90 bytes.

    The backend gets one cookie, and the heads are not kept for the time of the responses.
    """
    client = siege.client(settings=[(Setting.INITIAL_WINDOW_SIZE, 0)])
    crumb = "c=" + "x" * 298
    with siege.defended():
        block_of_one = client.block(path="/large/5")
        client.send(headers(client.next_stream(), block_of_one + indexed("cookie", crumb)
                            + LAST_ENTRY * 89))
        streams = [client.next_stream() for _ in range(99)]
        client.send(*(headers(stream, block_of_one + LAST_ENTRY * 90) for stream in streams))
        for stream in [1, *streams]:
            assert dict(client.claim_type(HeadersFrame, stream).fields)[":status"] == "200"
        asked = [r for r in siege.backend.requests if r.target == "/large/5"]
        assert len(asked) == 100
        assert all(request.all("Cookie") == ["; ".join([crumb] * 90)] for request in asked)


@pytest.mark.parametrize("count, status", [(98, 200), (99, 200), (100, 431), (5000, 431)])
def test_the_number_of_crumbs(siege, count, status):
    """MaxHeaders counts each of them, beside :authority."""
    client = siege.client()
    stream = client.next_stream()
    crumbs = indexed("cookie", "a") + LAST_ENTRY * (count - 1)
    client.send(headers(stream, client.block(path="/quick") + crumbs))
    assert client.response(stream).status == status
