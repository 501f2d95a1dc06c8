"""Ejection of backends with many errors, and the warm-up of those that come back."""

import re
import threading

import pytest

from harness import TIMEOUT, Client, answer, get, request, response, wait_until
from harness.config import plain_site
from harness.status import read_status
from harness.wire import Closed
from moody import Moody

EJECT = "Eject: {Errors: 3, In: 3600, For: $lasting}"
SITE = plain_site("Workers: $workers", backends={
    "one": EJECT + "; TimeOut: 1; Warmup: $warmup", "two": EJECT + "; TimeOut: 1"}, services="""
    - URL: "^/one"
      Backends: [*one, *two]
      Session: {Type: HEADER, ID: X-User, TTL: 300}
    - Backends: [*one, *two]
""")


class House:
    def __init__(self, site, workers=1, lasting=3600, warmup=0, config=SITE):
        self.one, self.two = (site.add_backend(Moody(name)) for name in (b"one", b"two"))
        self.pound = site.pound(config, one=self.one.port, two=self.two.port, workers=workers,
                                lasting=lasting, warmup=warmup)

    def state(self, name="one"):
        return read_status(self.pound).one("backend", name=name)

    def lines(self, what):
        return re.findall(rf"backend one \(.*\) {what}.*", self.pound.log())


def bad(status):
    def script(connection):
        while connection.read_request() is not None:
            connection.send(response(status=f"{status} X"))
    return script


def reset(connection):
    connection.read_request()
    connection.sock.close()


def truncate(connection):
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")


def invalid(connection):
    connection.read_request()
    connection.send(b"+OK\r\n\r\n")


def silent(connection):
    connection.read_request()
    connection.read_until_close()


ERRORS = {"500": bad(500), "502": bad(502), "503": bad(503), "504": bad(504), "599": bad(599),
          "reset": reset, "truncated": truncate, "invalid": invalid, "silent": silent}


def ask(port, target="/", *fields):
    """The body of the response, or what went wrong."""
    try:
        return get(port, target, *fields).body
    except (Closed, ConnectionError) as failure:
        return repr(failure)


def ask_until_ejected(house):
    wait_until(lambda: ask(house.pound.port) and house.lines("is ejected"),
               lambda: "an ejection; log:\n" + house.pound.log()[-2000:])


@pytest.mark.parametrize("error", ERRORS)
def test_errors_eject(site, error):
    house = House(site)
    house.one.script = ERRORS[error]
    ask_until_ejected(house)
    assert len(house.lines("is ejected for 3600 s: 3 errors in 3600 s, the last one: ")) == 1
    told = house.state()
    assert (told["state"], told["share"], told["reason"]) == ("ejected", 0, "-")
    assert 3000 < told["ejected_s"] <= 3600
    before = len(house.one.requests)
    for _ in range(20):
        assert get(house.pound.port).body == b"two"
    assert len(house.one.requests) == before


@pytest.mark.parametrize("status", [404, 501, 505])
def test_what_a_client_can_provoke_does_not_eject(site, status):
    house = House(site)
    house.one.script = bad(status)
    house.two.script = bad(status)
    for _ in range(30):
        assert get(house.pound.port).status == status
    assert house.state()["state"] == house.state("two")["state"] == "live"


def test_all_workers_count_together(site):
    """Three errors, met by four workers, are enough."""
    house = House(site, workers=4)
    house.pound.wait_grown_up()
    house.one.script = bad(503)
    bads = [get(house.pound.port).status for _ in range(40)].count(503)
    assert bads == 3
    assert len(house.pound.wait_log("backend one .* is ejected")) == 1


def test_an_ejection_survives_reloads_and_kills(site):
    house = House(site, workers=2)
    house.one.script = bad(503)
    ask_until_ejected(house)
    house.pound.reload()
    house.pound.kill_worker()
    house.pound.wait_grown_up()
    assert house.state()["state"] == "ejected"
    assert {get(house.pound.port).body for _ in range(10)} == {b"two"}
    house.pound.reload(re.sub(" *Eject: .*\n", "", SITE))
    assert house.state()["state"] == "live"


def test_it_comes_back_after_its_time(site):
    house = House(site, lasting=1, warmup=3600)
    house.one.script = bad(503)
    ask_until_ejected(house)
    assert house.state()["ejected_s"] in ("-", 0, 1)
    house.one.script = answer(lambda _: response(b"one"))
    house.one.disconnect()
    told = wait_until(lambda: house.state()["state"] == "warming" and house.state(), "its return")
    assert (told["share"], told["ejected_s"]) == (6, "-")
    wait_until(lambda: get(house.pound.port).body == b"one", "a request for it")


def test_a_request_in_service_goes_on(site):
    house = House(site)
    begun = threading.Event()
    go_on = threading.Event()

    def script(connection):
        while (received := connection.read_request()) is not None:
            if received.target == "/slow":
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsl")
                begun.set()
                go_on.wait(TIMEOUT)
                connection.send(b"owly")
            else:
                connection.send(response(status="503 X"))
    house.one.script = script
    house.two.script = answer(lambda _: response(b"two"))
    client = site.client(house.pound.port)
    while not begun.is_set():
        client.send(request(target="/slow"))
        head = client.read_head()
        if head.field("content-length") == "6":
            break
        client.read_exactly(3)
    ask_until_ejected(house)
    go_on.set()
    assert client.read_exactly(6) == b"slowly"


def test_a_session_goes_elsewhere(site):
    house = House(site)
    user = next(f"u{i}" for i in range(100)
                if get(house.pound.port, "/one", f"X-User: u{i}").body == b"one")
    house.one.script = bad(503)
    house.one.disconnect()
    statuses = [get(house.pound.port, "/one", f"X-User: {user}").status for _ in range(5)]
    assert statuses == [503] * 3 + [200] * 2
    house.pound.wait_log("is ejected")


def test_the_last_one_stays_in_use(site):
    house = House(site)
    house.two.fall("refuse", site)
    wait_until(lambda: ask(house.pound.port) and house.state("two")["state"] == "dead",
               "the other one to be dead")
    house.one.script = bad(503)
    house.one.disconnect()
    for _ in range(10):
        assert get(house.pound.port).status == 503
    assert house.state()["state"] == "live"  # and by now the log is there
    assert len(house.lines("stays in use despite 3 errors in 3600 s, the last one: HTTP 503; "
                           "a service has no other live backend")) == 1


def test_an_ejected_one_is_used_when_the_other_one_dies(site):
    house = House(site)
    house.one.script = bad(503)
    ask_until_ejected(house)
    house.one.script = answer(lambda _: response(b"one"))
    house.one.disconnect()
    house.two.fall("refuse", site)
    for _ in range(5):
        assert get(house.pound.port).body == b"one"
    assert house.state()["state"] == "ejected"


def test_a_dead_backend_warms_up(site):
    house = House(site, warmup=3600,
                  config=SITE.replace("Workers: $workers", "Workers: $workers\n  Alive: 1"))
    assert house.state()["share"] == 100  # not at the start
    house.one.fall("refuse", site)
    wait_until(lambda: ask(house.pound.port) and house.state()["state"] == "dead", "its death")
    assert house.state()["share"] == 0
    house.one.rise()
    told = wait_until(lambda: house.state()["state"] == "warming" and house.state(), "its return")
    assert told["share"] == 6
    bodies = [get(house.pound.port).body for _ in range(300)]
    assert 1 <= bodies.count(b"one") <= 60  # a seventeenth of them is 18
    house.pound.reload(warmup=0)
    assert (house.state()["state"], house.state()["share"]) == ("live", 100)
