"""Pound reuses connections to backends. A client never notices a stale one."""

import random
import threading

import pytest

from harness import TIMEOUT, chunked, request, response, wait_until
from harness.config import plain_site

CONFIG = plain_site(backends={"web": "TimeOut: 10"}, listener="Client: 30")


def uses(backend):
    """The number of requests on each connection, in the order of the connections."""
    return [len(connection.requests) for connection in backend.connections]


def test_one_connection_carries_many_requests(site):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    for _ in range(5):  # from different clients
        client = site.client(pound.port)
        for _ in range(4):
            assert client.ask().status == 200
    assert uses(backend) == [20]


def test_requests_at_the_same_time_get_connections_of_their_own(site):
    together = threading.Barrier(5)

    def handler(_):
        together.wait(TIMEOUT)
        return response()

    backend = site.backend(handler)
    pound = site.pound(CONFIG, web=backend.port)
    clients = [site.client(pound.port) for _ in range(5)]
    for client in clients:
        client.send(request())
    for client in clients:
        assert client.read_response().status == 200
    assert uses(backend) == [1] * 5


@pytest.mark.parametrize("method, body", [
    ("POST", b""), ("POST", b"x"), ("PUT", b"x"), ("PATCH", b"x"), ("DELETE", b"x"), ("GET", b"x"),
    ("LOCK", None), ("PROPFIND", b"<x/>")])
def test_what_must_not_be_sent_twice_goes_out_fresh(site, method, body):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    assert client.ask("GET", "/pooled").status == 200
    assert client.ask(method, "/fresh", body=body).status == 200
    assert backend.requests[1].target == "/fresh"
    assert backend.requests[1].connection.number == 1
    assert backend.requests[1].connection.requests[0] is backend.requests[1]


def test_a_chunked_body_goes_out_fresh(site):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    assert client.ask("GET", "/pooled").status == 200
    client.send(request("PUT", "/fresh", "Transfer-Encoding: chunked", body=chunked(b"x")))
    assert client.read_response().status == 200
    assert backend.requests[1].connection.number == 1


def test_a_fresh_connection_is_pooled_afterwards(site):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    assert client.ask("POST", "/", body=b"").status == 200
    assert client.ask("GET", "/").status == 200
    assert uses(backend) == [2]


def test_nothing_follows_a_body(site):
    """A backend that reads the length in another way must not take a part for a request."""
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    assert client.ask("POST", "/", body=b"x").status == 200
    client.send(request("POST", "/", "Transfer-Encoding: chunked", body=chunked()))
    assert client.read_response().status == 200
    assert client.ask("GET", "/").status == 200
    assert uses(backend) == [1] * 3


def test_an_idle_connection_that_the_backend_closes_is_dropped(site):
    backend = site.backend(script=lambda c: c.read_request() and c.send(response()))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(10):
        assert client.ask().status == 200
        wait_until(lambda: backend.connections[-1].sock.fileno() < 0, "the connection to close")
    assert uses(backend) == [1] * 10


def stale(connections_that_die, how):
    """A script that closes on the second request of these connections."""
    def script(connection):
        count = 0
        while connection.read_request():
            count += 1
            if count > 1 and connection.number in connections_that_die:
                if how == "reset":
                    connection.reset()
                return
            connection.send(response(b"%d" % connection.number))

    return script


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PROPFIND"])
def test_a_request_that_met_a_stale_connection_is_sent_again(site, how, method):
    backend = site.backend(script=stale({0}, how))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    assert client.ask("GET", "/first").status == 200
    client.send(request(method, "/again"))
    assert client.read_response(to=method).status == 200
    assert uses(backend)[1] == 1
    assert pound.wait_record("/again")["status"] == "200"


def test_the_second_try_is_on_a_fresh_connection(site):
    """If all pooled connections are stale, the request does not try them one by one."""
    together = threading.Barrier(4)

    def script(connection):
        connection.read_request()
        if connection.number < 4:
            together.wait(TIMEOUT)
        connection.send(response(b"%d" % connection.number))
        if connection.number < 4:
            connection.read_request()  # the second request gets no answer

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    clients = [site.client(pound.port) for _ in range(4)]
    for client in clients:
        client.send(request("GET", "/fill"))
    for client in clients:
        assert client.read_response().status == 200
    assert clients[0].ask("GET", "/again").body == b"4"
    assert [r.target for r in backend.requests].count("/again") == 2


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_fresh_connection_that_dies_is_502(site, how):
    def script(connection):
        connection.read_request()
        if how == "reset":
            connection.reset()

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    got = client.ask("GET", "/")
    assert (got.status, got.complete) == (502, True)
    assert len(backend.requests) <= 2
    assert pound.wait_records(1)[0]["reason"]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_post_is_never_sent_twice(site, how):
    def script(connection):
        connection.read_request()
        if how == "reset":
            connection.reset()

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    times = 5
    for number in range(times):
        assert site.client(pound.port).ask("POST", f"/{number}", body=b"pay").status == 502
    assert [r.target for r in backend.requests] == [f"/{n}" for n in range(times)]


def test_nothing_is_sent_again_once_a_byte_of_the_response_came(site):
    def script(connection):
        connection.read_request()
        connection.send(response())
        if connection.read_request():
            connection.send(b"HTTP/1.1 2")

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    assert client.ask("GET", "/1").status == 200
    assert client.ask("GET", "/2").status == 502
    assert [r.target for r in backend.requests] == ["/1", "/2"]


def test_a_closing_race_never_shows(site):
    """The backend closes each connection right after a response, without warning."""
    backend = site.backend(script=lambda c: c.read_request() and c.send(response()))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(300):
        assert client.ask().status == 200


def test_every_request_carries_its_id_at_most_once_to_success(site):
    """Backends close at random moments. Every GET succeeds, and no POST arrives twice."""
    chance = random.Random(4)

    def script(connection):
        while connection.read_request():
            connection.send(response())
            if chance.random() < 0.3:
                return

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    clients = [site.client(pound.port) for _ in range(8)]
    for number in range(400):
        client = clients[number % 8]
        if number % 4:
            assert client.ask("GET", f"/{number}").status == 200
        else:
            assert client.ask("POST", f"/{number}", body=b"x").status == 200
    posts = [r.target for r in backend.requests if r.method == "POST"]
    assert sorted(posts) == sorted(set(posts))
    assert len(posts) == 100
