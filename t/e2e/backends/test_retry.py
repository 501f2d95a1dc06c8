"""Retry: another backend serves what one has failed, within a budget.

Which backend gets a request first is a matter of chance. So the backends of a test share what they
have seen: the first one that gets a target fails it, and any other one answers.
"""

import itertools
import re

import pytest

from harness import Backend, Client, chunked, get, request, response
from harness.config import plain_site
from harness.http2 import Http2
from harness.status import read_status

NAMES = ("one", "two", "three")


class Picky(Backend):
    """Fails the first `mood.times` sights of a target, among all backends, as `mood` says.

    "leave" closes the connection, "early" is a 503 behind an interim response, and all others are
    statuses. Answers with its name and the length of the body.
    """

    def __init__(self, name, mood):
        self.name, self.mood = name, mood
        super().__init__(script=self.behave)

    def behave(self, connection):
        while (received := connection.read_request()) is not None:
            how = self.mood.of(received.target)
            if how == "leave":
                return
            if how == "early":
                connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                how = "503"
            text = f"{self.name} {len(received.body)}".encode()
            connection.send(response(text, status=f"{how} As Asked"))


class Mood:
    def __init__(self, how, times=1):
        self.how, self.times = how, times
        self.sights = {}

    def of(self, target):
        self.sights[target] = self.sights.get(target, 0) + 1
        return self.how if self.sights[target] <= self.times else "200"


class House:
    def __init__(self, site, retry, mood, *, count=2, times=1, workers=1, listener="", session=""):
        self.mood = Mood(mood, times)
        self.backends = [site.add_backend(Picky(name, self.mood)) for name in NAMES[:count]]
        services = f"- Backends: [{', '.join('*' + one.name for one in self.backends)}]"
        services += f"\n  Retry: {retry}" if retry else ""
        services += f"\n  Session: {session}" if session else ""
        self.pound = site.pound(
            plain_site(f"Workers: {workers}; Alive: 3600", listener=listener,
                       backends={one.name: "" for one in self.backends}, services=services),
            **{one.name: one.port for one in self.backends})
        self.port = self.pound.port
        self.targets = (f"/{number}" for number in itertools.count())

    def ask(self):
        return get(self.port, next(self.targets))

    @property
    def requests(self):
        return [request for one in self.backends for request in one.requests]

    def retries(self):
        status = read_status(self.pound).one("service")
        return status["retries"], status["retries_refused"]


def name_in(got):
    return got.body.decode().split()[0]


@pytest.mark.parametrize("mood", ["502", "503", "504"])
def test_another_backend_answers(site, mood):
    house = House(site, "{}", mood)
    got = [house.ask() for _ in range(5)]
    assert [answer.status for answer in got] == [200] * 5
    assert [r["backend"] for r in house.pound.wait_records(5)] == [name_in(one) for one in got]
    assert [len(one.requests) for one in house.backends] == [5, 5]
    assert house.retries() == (5, 0)


@pytest.mark.parametrize("mood, retry", [
    ("500", "{}"), ("429", "{}"), ("503", "{When: [connect, reset, 502, 504]}"),
    ("503", "{Times: 0}"), ("503", "{Methods: [HEAD, PUT]}"), ("503", ""), ("early", "{}")])
def test_a_response_that_passes(site, mood, retry):
    house = House(site, retry, mood)
    got = house.ask()
    assert got.status == int(mood.replace("early", "503"))
    assert len(got.interim) == (1 if mood == "early" else 0)
    assert len(house.requests) == 1 and house.retries() == (0, 0)
    assert house.pound.wait_records(1)[0]["backend"] == name_in(got)


@pytest.mark.parametrize("retry, status", [
    ("{When: reset}", 200), ("", 200), ("{When: [connect, 503]}", 502), ("{Times: 0}", 502),
    ("{Methods: HEAD}", 502)])
def test_a_reset(site, retry, status):
    house = House(site, retry, "leave")
    assert house.ask().status == status
    assert len(house.requests) == (2 if status == 200 else 1)
    assert house.retries() == (1 if retry.startswith("{When: r") else 0, 0)


@pytest.mark.parametrize("times, asked, status", [(1, 2, 503), (2, 3, 200), (10, 3, 200)])
def test_as_often_as_times_says(site, times, asked, status):
    house = House(site, f"{{Times: {times}}}", "503", count=3, times=2)
    assert house.ask().status == status
    assert len(house.requests) == asked
    assert max(len(one.requests) for one in house.backends) == 1


def test_the_last_answer_passes_when_all_have_failed(site):
    house = House(site, "{Times: 10}", "502", count=3, times=99)
    got = house.ask()
    assert got.status == 502
    assert [len(one.requests) for one in house.backends] == [1, 1, 1]
    assert house.pound.wait_records(1)[0]["backend"] == name_in(got)
    assert house.retries() == (2, 0)


@pytest.mark.parametrize("method, retry, goes_on", [
    ("PUT", "{}", True), ("POST", "{}", False), ("POST", "{Methods: all}", True),
    ("POST", "{Methods: [GET, POST]}", True), ("PUT", "{Methods: [GET, POST]}", False)])
@pytest.mark.parametrize("mood", ["503", "leave"])
def test_bodies_that_were_collected(site, method, retry, goes_on, mood):
    house = House(site, retry, mood)
    body = b"x" * 60000  # less than Buffer
    got = site.client(house.port).ask(method, "/", body=body)
    assert got.status == (200 if goes_on else 503 if mood == "503" else 502)
    assert [request.body for request in house.requests] == [body] * (2 if goes_on else 1)


@pytest.mark.parametrize("fields, body", [
    ((), b"x" * 70000), (("Transfer-Encoding: chunked",), chunked(b"x" * 70000))],
    ids=["length", "chunked"])
def test_a_body_that_was_not_collected_whole(site, fields, body):
    house = House(site, "{Methods: all}", "503")
    client = site.client(house.port)
    client.send(request("PUT", "/", *fields, body=body))
    got = client.read_response()
    assert (got.status, got.body[-6:]) == (503, b" 70000")
    assert len(house.requests) == 1 and house.retries() == (0, 0)


def test_a_session_keeps_its_backend(site):
    house = House(site, "{}", "503", session="300", times=99)
    got = [house.ask() for _ in range(5)]
    assert {one.status for one in got} == {503}
    assert len({name_in(one) for one in got}) == 1
    assert house.retries() == (0, 0)


def test_a_session_goes_elsewhere_when_its_backend_is_dead(site):
    house = House(site, "{}", "200", session="300")
    first = name_in(house.ask())
    for one in house.backends:
        if one.name == first:
            one.refuse()
            one.disconnect()
    assert name_in(house.ask()) in set(NAMES[:2]) - {first}


@pytest.mark.parametrize("retry, dead", [("{When: [reset, 503]}", 1), ("{Times: 0}", 2)])
def test_connects_that_fail(site, retry, dead):
    """Without `connect`, the first one ends the request. Times does not count them."""
    house = House(site, retry, "200")
    for one in house.backends:
        one.refuse()
    assert house.ask().status == 503
    assert house.pound.wait_records(1)[0]["reason"] == "no_backend"
    assert len(re.findall(r"backend \S+ \(\S+\) is dead", house.pound.log())) == dead
    assert house.retries() == (0, 0)


def test_over_http2(site):
    house = House(site, "{}", "503", listener="Protocols: [h2c, http/1.1]")
    client = site.add_client(Http2(house.port))
    got = client.ask("PUT", "/", body=b"x" * 20000)
    assert (got.status, got.body[-6:]) == (200, b" 20000")
    assert house.retries() == (1, 0)


@pytest.mark.parametrize("mood, workers", [("503", 1), ("503", 3), ("leave", 3)])
def test_a_storm_is_not_multiplied(site, mood, workers):
    """All backends fail all requests: ten retries at once, and then one in ten requests."""
    house = House(site, "{Times: 10}", mood, times=99, workers=workers)
    sent = 200
    assert {house.ask().status for _ in range(sent)} == {503 if mood == "503" else 502}
    retries = 10 + (sent - 1) // 10
    assert house.retries() == (retries, sent - retries)
    assert len(house.requests) == sent + retries


def test_the_budget_outlives_reloads_and_workers(site):
    house = House(site, "{}", "503", times=99)
    for _ in range(15):
        house.ask()
    assert house.retries() == (11, 4)
    house.pound.reload()
    house.pound.kill_worker()
    house.ask()
    assert house.retries() == (11, 5)


def test_a_client_on_one_connection_sees_nothing(site):
    house = House(site, "{}", "200")
    with Client(house.port) as client:
        for mood in ("200", "503", "leave", "504", "200"):
            house.mood.how = mood
            assert client.ask("GET", next(house.targets)).status == 200
