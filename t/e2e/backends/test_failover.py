"""Unreachable backends: Pound marks them dead and tries the next one; if none is left, 503."""

import re
import threading

import pytest

from harness import TIMEOUT, chunked, get, request, response
from harness.config import plain_site

CONFIG = plain_site(
    "Workers: 1; Alive: 3600", backends={
        "one": "ConnTO: 1; TimeOut: 30",
        "two": "ConnTO: 1; TimeOut: 30",
        "other": "",
        "nameless": "Address: no-such-host.invalid; Port: 80",
    }, listener="Client: 30", services="""
    - URL: "^/none"
      Backends: []
    - URL: "^/single"
      Backends: [*one]
    - URL: "^/nameless"
      Backends: [*nameless]
    - URL: "^/half"
      Backends: [*nameless, *two]
    - URL: "^/pair"
      Backends: [*one, *two]
    - Backends: [*other]
""")
WITHOUT_EMPTY = CONFIG.replace('      - URL: "^/none"\n        Backends: []\n', "")
assert WITHOUT_EMPTY != CONFIG


@pytest.fixture(name="house")
def fixture_house(site):
    """A daemon with three backends that answer with their names."""
    class House:
        pass

    house = House()
    for name in ("one", "two", "other"):
        setattr(house, name, site.backend(lambda _, n=name: response(n.encode())))
    house.start = lambda config=WITHOUT_EMPTY: site.pound(
        config, one=house.one.port, two=house.two.port, other=house.other.port)
    return house


def test_the_next_live_backend_is_tried(house):
    house.one.refuse()
    pound = house.start()
    for _ in range(30):
        assert get(pound.port, "/pair").body == b"two"
    assert all(r["backend"] == "two" for r in pound.wait_records(30))
    said = pound.wait_log(r"one\b.*dead|dead.*\bone\b")
    assert len(said) == 1, said  # one line, not one for each request


def test_a_dead_backend_is_not_asked_again_before_a_probe(house):
    house.one.refuse()
    pound = house.start()
    for _ in range(30):  # enough for Pound to pick the other one first at least once
        get(pound.port, "/pair")
    house.one.open()
    bodies = [get(pound.port, "/pair").body for _ in range(30)]
    assert set(bodies) <= {b"one", b"two"}
    if b"one" in bodies:
        assert re.search(r"one\b.*live again", pound.log())
        assert house.one.connections[0].requests == []  # the probe


@pytest.mark.parametrize("method, fields, body", [
    ("POST", (), b"pay"), ("PUT", ("Transfer-Encoding: chunked",), chunked(b"p", b"ay")),
    ("POST", (), b"x" * 3000000)], ids=["small", "chunked", "large"])
def test_a_body_goes_to_the_next_one_whole(site, house, method, fields, body):
    house.one.refuse()
    house.two.script = lambda c: [c.send(response(b"%d" % len(r.body)))
                                  for r in iter(c.read_request, None)]
    expected = b"3" if fields else b"%d" % len(body)
    for _ in range(4):  # a new daemon each time, so that it may pick the dead one first
        pound = house.start()
        client = site.client(pound.port)
        client.send(request(method, "/pair", *fields, body=body))
        assert client.read_response().body == expected


@pytest.mark.parametrize("method, statuses", [("PUT", {200}), ("POST", {200, 502})])
def test_a_body_that_was_collected_goes_on_when_a_connection_ends(site, house, method, statuses):
    """Each request that meets the backend that leaves is answered by the other one, or with 502."""
    body = b"x" * 60000  # less than Buffer
    house.one.script = lambda c: c.read_request()
    house.two.script = lambda c: [c.send(response(b"%d" % len(r.body)))
                                  for r in iter(c.read_request, None)]
    pound = house.start()
    got = [site.client(pound.port).ask(method, "/pair", body=body) for _ in range(20)]
    assert {one.status for one in got} == statuses
    assert {one.body for one in got if one.status == 200} == {b"60000"}
    asked = [r.body for c in house.one.connections for r in c.requests]
    assert asked and set(asked) == {body}
    if method == "POST":
        assert len([one for one in got if one.status == 502]) == len(asked)


def test_503_when_none_is_left(house):
    house.one.refuse()
    house.two.refuse()
    pound = house.start()
    for _ in range(5):
        got = get(pound.port, "/pair")
        assert (got.status, got.complete) == (503, True)
    record = pound.wait_records(5)[-1]
    assert record["reason"]
    pound.wait_log(r"one\b.*dead|dead.*\bone\b")
    pound.wait_log(r"two\b.*dead|dead.*\btwo\b")


def test_503_keeps_the_client(site, house):
    house.one.refuse()
    pound = house.start()
    client = site.client(pound.port)
    assert client.ask("GET", "/single").status == 503
    assert client.ask("GET", "/single").status == 503
    assert client.ask("GET", "/").body == b"other"


def test_other_services_are_not_tried(house):
    house.one.refuse()
    pound = house.start()
    assert get(pound.port, "/single").status == 503
    assert house.other.connections == [] and house.two.connections == []


def test_one_verdict_for_all_services_and_workers(house):
    """An anchor is one backend in all services."""
    house.one.refuse()
    pound = house.start(WITHOUT_EMPTY.replace("Workers: 1", "Workers: 2"))
    assert get(pound.port, "/single").status == 503
    for _ in range(20):
        assert get(pound.port, "/pair").body == b"two"
    assert get(pound.port, "/single").status == 503
    assert len(pound.wait_log(r"one\b.*dead")) == 1


def test_a_backend_that_does_not_answer_the_connect(site, house):
    hole = site.blackhole()
    pound = site.pound(WITHOUT_EMPTY, one=hole.port, two=house.two.port, other=house.other.port)
    for _ in range(8):
        assert get(pound.port, "/pair").body == b"two"
    assert get(pound.port, "/single").status == 503
    pound.wait_log(r"one\b.*dead|dead.*\bone\b")


def test_many_requests_meet_a_dead_backend_at_once(site, house):
    house.one.refuse()
    pound = house.start()
    clients = [site.client(pound.port) for _ in range(50)]
    for client in clients:
        client.send(request("GET", "/pair"))
    for client in clients:
        assert client.read_response().body == b"two"
    assert len(pound.wait_log(r"one\b.*dead|dead.*\bone\b")) == 1


def test_a_name_that_does_not_resolve(house):
    """Pound starts. That backend is dead, and the others serve."""
    pound = house.start()
    for _ in range(20):
        assert get(pound.port, "/half").body == b"two"
    assert get(pound.port, "/nameless").status == 503
    assert get(pound.port, "/").status == 200
    assert "no-such-host.invalid" in pound.log()


def test_requests_in_flight_are_not_hurt_by_the_verdict(site, house):
    """A backend that refuses new connections still answers the requests that it has."""
    go_on, begun = threading.Event(), threading.Event()

    def script(connection):
        connection.read_request()
        begun.set()
        assert go_on.wait(TIMEOUT)
        connection.send(response(b"finished"))

    house.one.script = script
    pound = house.start()
    client = site.client(pound.port)
    client.send(request("GET", "/single"))
    assert begun.wait(TIMEOUT)
    house.one.refuse()
    assert get(pound.port, "/single").status == 503
    go_on.set()
    assert client.read_response().body == b"finished"


def test_a_service_without_backends(house):
    pound = house.start(CONFIG)
    assert get(pound.port, "/none").status == 503
    assert house.other.connections == []
