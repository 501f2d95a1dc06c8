"""Reloads, stops and deaths of workers, as clients of HTTP/2 see them.

Pound announces the end: GOAWAY with 2^31-1 lets requests that are under way come in, and the PING
behind it tells when they have. Then comes the GOAWAY that counts.
"""

import signal

import pytest
from hyperframe.frame import DataFrame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame

from harness import proc, response, wait_until
from harness.config import plain_site
from harness.http2 import Http2
from harness.http2_frames import PREFACE, Code, data, headers, ping, settings
from harness.slow_backend import SlowScript

EVERY = 2**31 - 1

CONFIG = plain_site("Workers: $workers; Grace: $grace",
                    listener="Protocols: [h2c, http/1.1]; Client: 30; Threads: 0",
                    backends={"web": "Threads: 0; TimeOut: 60"})


class House:
    """A daemon, and a backend that answers /slow when it is told to, and echoes in tunnels."""

    def __init__(self, site, grace=30, workers=1):
        self.site = site
        script = SlowScript("websocket", lambda head: response(head.target.encode()))
        self.go_on = script.go_on
        self.backend = site.backend(script=script.serve)
        self.pound = site.pound(CONFIG, web=self.backend.port, grace=grace, workers=workers)
        self.old = self.pound.workers()

    def client(self, **options):
        return self.site.add_client(Http2(self.pound.port, **options))


@pytest.fixture(name="start")
def fixture_start(site):
    houses = []

    def start(**kwargs):
        houses.append(House(site, **kwargs))
        return houses[0]
    yield start
    for house in houses:
        house.go_on.set()


def goaway(client):
    """The next GOAWAY: (last stream, code)."""
    got = client.claim_type(GoAwayFrame)
    return got.last_stream_id, got.error_code


def expect_silence(client):
    """Neither GOAWAY nor RST_STREAM has come."""
    client.ping()
    assert not [f for f in client.unclaimed if isinstance(f, (GoAwayFrame, RstStreamFrame))]


def tunnel(client, path="/chat"):
    stream = client.request("CONNECT", path, end=False, protocol="websocket")
    assert dict(client.claim_type(HeadersFrame, stream).fields)[":status"] == "200"
    return stream


def echoes(client, stream, text=b"hello"):
    client.send(data(stream, text))
    assert client.claim_type(DataFrame, stream).data == text


# --- the announcement
def test_two_goaways(start):
    """A stream in flight ends, and the connection after it."""
    house = start()
    client = house.client()
    assert client.ask(path="/first").status == 200
    slow = client.request(path="/slow")
    house.backend.wait_requests(2)
    house.pound.reload()
    assert goaway(client) == (EVERY, Code.NO_ERROR)
    client.claim_type(PingFrame)  # it is answered when it is read
    assert goaway(client) == (slow, Code.NO_ERROR)
    assert client.unclaimed == []
    house.go_on.set()
    assert client.response(slow).body == b"/slow"
    client.expect_closed()
    assert client.unclaimed == []
    house.pound.wait_workers(gone=house.old)


def test_a_request_that_was_under_way(start):
    """It comes before the answer to the PING, and is served."""
    house = start()
    client = house.client()
    slow = client.request(path="/slow")
    house.backend.wait_requests(1)
    house.pound.reload()
    late = client.request(path="/late")  # before the client has read anything
    assert goaway(client) == (EVERY, Code.NO_ERROR)
    client.claim_type(PingFrame)
    assert goaway(client) == (late, Code.NO_ERROR)
    assert client.response(late).body == b"/late"
    house.go_on.set()
    assert client.response(slow).body == b"/slow"
    client.expect_closed()


def test_a_request_behind_the_end_is_ignored(start):
    """A client may ask it again elsewhere: nobody has seen it."""
    house = start()
    client = house.client()
    slow = client.request(path="/slow")
    house.backend.wait_requests(1)
    house.pound.reload()
    while goaway(client) != (slow, Code.NO_ERROR):
        pass
    ignored = client.request("POST", "/ignored", body=b"x" * 1000)
    client.send(data(ignored, b"more"), ping())
    house.go_on.set()
    assert client.response(slow).body == b"/slow"
    client.expect_closed()
    assert not [f for f in client.unclaimed if f.stream_id == ignored]
    assert [request.target for request in house.backend.requests] == ["/slow"]
    with house.client() as again:
        assert again.ask("POST", "/ignored", body=b"x").status == 200


def test_a_client_that_never_answers_the_ping(start):
    """Its requests are served, and it is not waited for when it has none."""
    house = start()
    client = house.client()
    slow = client.request(path="/slow")
    house.backend.wait_requests(1)
    house.pound.reload()
    client.send = lambda *frames: None
    assert goaway(client) == (EVERY, Code.NO_ERROR)
    house.go_on.set()
    assert client.response(slow).body == b"/slow"
    assert goaway(client) == (slow, Code.NO_ERROR)
    client.expect_closed()
    house.pound.wait_workers(gone=house.old)


def test_idle_connections(start):
    house = start()
    clients = [house.client() for _ in range(20)]
    for client in clients[:10]:
        assert client.ask(path="/quick").status == 200
    house.pound.reload()
    for number, client in enumerate(clients):
        assert goaway(client) == (EVERY, Code.NO_ERROR)
        assert goaway(client) == (1 if number < 10 else 0, Code.NO_ERROR)
        client.expect_closed()
    house.pound.wait_workers(gone=house.old)


def test_a_connection_that_is_just_beginning(start):
    """It has been accepted, and its preface comes after the reload."""
    house = start()
    client = house.client(start=False)
    wait_until(lambda: proc.clients(house.old, house.pound.port), "the worker to accept")
    house.pound.reload()
    client.send(PREFACE, settings(), headers(1, client.block(path="/quick")))
    assert client.response(1).body == b"/quick"


def test_half_a_head(start):
    house = start()
    client = house.client()
    block = client.block(path="/quick")
    whole = headers(1, block)
    client.send(whole[:30])
    house.pound.reload()
    client.send(whole[30:])
    assert client.response(1).body == b"/quick"


def test_an_upload(start):
    """A body goes on after the announcement."""
    house = start()
    client = house.client()
    stream = client.request("POST", "/upload", end=False)
    client.send(data(stream, b"x" * 1000))
    client.ping()
    house.pound.reload()
    client.send(data(stream, b"y" * 1000, end=True))
    assert client.response(stream).body == b"/upload"
    assert house.backend.requests[0].body == b"x" * 1000 + b"y" * 1000
    client.expect_closed()


def test_a_stop_ends_streams_in_flight(start):
    house = start()
    client = house.client()
    slow = client.request(path="/slow")
    house.backend.wait_requests(1)
    house.pound.signal(signal.SIGQUIT)
    house.pound.wait_log("stop")
    assert goaway(client)[1] == Code.NO_ERROR
    house.go_on.set()
    assert client.response(slow).body == b"/slow"
    client.expect_closed()
    assert house.pound.wait_exit() == 0


def test_grace_ends_a_stream(start):
    house = start(grace=1)
    client = house.client()
    slow = client.request(path="/slow")
    house.backend.wait_requests(1)
    house.pound.reload()
    client.expect_closed()
    assert not [f for f in client.unclaimed if isinstance(f, HeadersFrame)]
    last = [f for f in client.unclaimed if isinstance(f, GoAwayFrame)][-1]
    assert (last.last_stream_id, last.error_code) == (slow, Code.NO_ERROR)
    assert house.pound.wait_record("/slow")["reason"] == "grace_over"
    house.pound.wait_workers(gone=house.old)


# --- tunnels
def test_tunnels_are_not_told_before_grace_is_over(start):
    """A browser would give them up. The connection goes on as if nothing had happened."""
    house = start(grace=2)
    client = house.client()
    stream = tunnel(client)
    house.pound.reload()
    wait_until(lambda: len(proc.children(house.pound.master)) == 2, "the new worker beside the old")
    echoes(client, stream)
    assert client.ask(path="/beside").body == b"/beside"
    expect_silence(client)
    client.expect_closed()
    ends = [type(f) for f in client.unclaimed if isinstance(f, (GoAwayFrame, RstStreamFrame))]
    assert ends == [GoAwayFrame, RstStreamFrame]
    assert house.pound.wait_record("/chat")["reason"] == "grace_over"
    house.pound.wait_workers(gone=house.old)


def test_a_tunnel_that_ends_by_itself(start):
    """With it ends what kept the connection."""
    house = start()
    client = house.client()
    stream = tunnel(client)
    house.pound.reload()
    echoes(client, stream)
    expect_silence(client)
    client.send(data(stream, end=True))
    assert goaway(client) == (EVERY, Code.NO_ERROR)
    assert goaway(client) == (stream, Code.NO_ERROR)
    client.expect_closed()
    house.pound.wait_workers(gone=house.old)


def test_one_of_two_tunnels_ends(start):
    house = start()
    client = house.client()
    one, two = tunnel(client, "/one"), tunnel(client, "/two")
    house.pound.reload()
    client.send(data(one, end=True))
    house.pound.wait_record("/one")
    echoes(client, two)
    expect_silence(client)
    client.send(data(two, end=True))
    assert goaway(client) == (EVERY, Code.NO_ERROR)


# --- deaths
def test_a_killed_worker(start):
    """Its clients see the end, not the end of a response, and new ones are served."""
    house = start(workers=2)
    clients = [house.client() for _ in range(12)]
    for client in clients:
        client.slow = client.request(path="/slow")
    house.backend.wait_requests(12)
    holders = proc.clients(house.old, house.pound.port)
    victim = house.pound.kill_worker()
    house.go_on.set()
    for client in clients:
        if holders[client.wire.local_port] == victim:
            client.expect_closed()
            assert not client.unclaimed
        else:
            assert client.response(client.slow).body == b"/slow"
    assert victim in holders.values()
    for _ in range(10):
        with house.client() as client:
            assert client.ask(path="/quick").status == 200
