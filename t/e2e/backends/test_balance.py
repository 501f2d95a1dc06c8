"""The ways to balance, weights apart from Threads, disabled backends, and those for an emergency."""

import threading

import pytest

from harness import TIMEOUT, get, response, wait_until
from harness.config import plain_site
from harness.status import read_status

NAMES = ("one", "two", "three")


class House:
    """A daemon with backends that answer with their names, when the test lets them."""

    def __init__(self, site, services, settings="Workers: 2; Alive: 1", backends=None, **values):
        self.site = site
        self.go_on = threading.Event()
        self.go_on.set()
        texts = {name: "" for name in NAMES} if backends is None else backends
        self.backends = {name: site.backend(lambda _, n=name: self.answer(n)) for name in texts}
        self.pound = site.pound(plain_site(settings, backends=texts, services=services,
                                           listener="Client: 30"), **self.ports(), **values)

    def ports(self):
        return {name: backend.port for name, backend in self.backends.items()}

    def answer(self, name):
        assert self.go_on.wait(TIMEOUT)
        return response(name.encode())

    def ask(self, *args, pound=None, **kwargs):
        got = get((pound or self.pound).port, *args, **kwargs)
        return got.body.decode() if got.status == 200 else got.status

    def ask_many(self, count, *args, **kwargs):
        names = [self.ask(*args, **kwargs) for _ in range(count)]
        return {name: names.count(name) for name in set(names)}

    def hold(self, count, target="/"):
        """Begins requests one after the other, each when a backend has the one before; returns how
        many each backend has, and the clients."""
        self.go_on.clear()
        clients = []
        for i in range(count):
            clients.append(self.site.client(self.pound.port))
            clients[-1].send(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % target.encode())
            self.wait_held(i + 1)
        return self.held(), clients

    def held(self):
        return {name: len(backend.requests) for name, backend in self.backends.items()}

    def wait_held(self, count):
        wait_until(lambda: sum(self.held().values()) >= count,
                   lambda: f"{count} requests at the backends; there are {self.held()}")

    def kill(self, name):
        self.backends[name].refuse()
        self.backends[name].disconnect()

    def revive(self, name):
        self.backends[name].open()
        self.pound.wait_log(f"backend {name} .* is live again")


# --- in turn --------------------------------------------------------------------------------------
def test_turns_are_exact(site):
    house = House(site, "- {Balance: roundrobin, Backends: [*one, *two, *three]}",
                  settings="Workers: 1")
    assert house.ask_many(30) == {"one": 10, "two": 10, "three": 10}


def test_turns_of_two_workers_differ_by_one_round_each(site):
    house = House(site, "- {Balance: roundrobin, Backends: [*one, *two, *three]}")
    got = house.ask_many(60)
    assert all(18 <= count <= 22 for count in got.values()), got
    assert sum(got.values()) == 60


def test_weight_is_apart_from_threads(site):
    house = House(site, "- {Balance: roundrobin, Backends: [*one, *two, *three]}",
                  settings="Workers: 1",
                  backends={"one": "Threads: 1; Weight: 7", "two": "Threads: 100; Weight: 2",
                            "three": "Threads: 3"})
    assert house.ask_many(24) == {"one": 14, "two": 4, "three": 6}


def test_random_goes_by_weight(site):
    house = House(site, "- Backends: [*one, *two, *three]",
                  backends={"one": "Weight: 1", "two": "Weight: 2", "three": "Weight: 65535"})
    got = house.ask_many(200)
    assert got.get("three", 0) >= 197


# --- by load --------------------------------------------------------------------------------------
def test_least_counts_over_all_workers(site):
    house = House(site, "- {Balance: least, Backends: [*one, *two, *three]}")
    got, clients = house.hold(24)
    assert got == {"one": 8, "two": 8, "three": 8}
    in_flight = {o["name"]: o["in_flight"] for o in read_status(house.pound).all("backend")}
    assert in_flight == got
    house.go_on.set()
    assert all(client.read_response().status == 200 for client in clients)


def test_least_goes_by_weight(site):
    house = House(site, "- {Balance: least, Backends: [*one, *two, *three]}",
                  backends={"one": "Weight: 10", "two": "Weight: 30", "three": "Weight: 20"})
    got, _ = house.hold(24)
    house.go_on.set()
    assert got == {"one": 4, "two": 12, "three": 8}


def test_least_avoids_what_is_busy_with_other_services(site):
    house = House(site, """
        - URL: "^/one"
          Backends: [*one]
        - Balance: least
          Backends: [*one, *two]
    """)
    busy, _ = house.hold(6, "/one")
    assert busy == {"one": 6, "two": 0, "three": 0}
    house.go_on.clear()
    clients = [house.site.client(house.pound.port) for _ in range(6)]
    for i, client in enumerate(clients):
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        house.wait_held(7 + i)
    house.go_on.set()
    assert house.held() == {"one": 6, "two": 6, "three": 0}


def test_of_two_the_better_one_is_taken(site):
    house = House(site, "- {Balance: two, Backends: [*one, *two]}")
    got, _ = house.hold(24)
    house.go_on.set()
    assert got == {"one": 12, "two": 12, "three": 0}


# --- by hash --------------------------------------------------------------------------------------
HASH = """
    - URL: "^/path"
      Balance: hash
      HashKey: path
      Backends: [$order]
    - URL: "^/header"
      Balance: hash
      HashKey: header X-Key
      Backends: [$order]
    - URL: "^/cookie"
      Balance: hash
      HashKey: cookie key
      Backends: [$order]
    - Balance: hash
      Backends: [$order]
"""
KEYS = range(60)
WAYS = {
    "path": lambda i: ([f"/path/{i}?query"], {}),
    "header": lambda i: (["/header", f"X-Key: {i}"], {}),
    "cookie": lambda i: (["/cookie", f"Cookie: a=b; key={i}"], {}),
    "address": lambda i: (["/"], {"source": f"127.0.6.{i + 1}"}),
}


def choices(house, way, pound=None):
    made = {}
    for i in KEYS:
        fields, options = WAYS[way](i)
        made[i] = house.ask(*fields, **options, pound=pound)
    return made


@pytest.fixture(name="hashing")
def fixture_hashing(site):
    return House(site, HASH, order="*one, *two, *three")


@pytest.mark.parametrize("way", WAYS)
def test_a_key_keeps_its_backend(hashing, way):
    first = choices(hashing, way)
    assert set(first.values()) == set(NAMES)
    assert choices(hashing, way) == first


def test_a_query_does_not_count_and_a_missing_header_means_the_address(hashing):
    assert hashing.ask("/path/x?1") == hashing.ask("/path/x?2") == hashing.ask("/path/x")
    for i in range(1, 20):
        source = f"127.0.6.{i}"
        assert hashing.ask("/header", source=source) == hashing.ask("/", source=source)


def test_two_pounds_choose_alike(site, hashing):
    """The other one has another address, other anchors, another order and a secret of its own."""
    text = plain_site("Workers: 1; Alive: 1",
                      backends={"z": "Port: $three", "y": "Port: $one", "x": "Port: $two"},
                      services=HASH)
    other = site.pound(text, name="other", order="*y, *z, *x", **hashing.ports())
    for way in WAYS:
        assert choices(hashing, way) == choices(hashing, way, pound=other)


def test_only_the_keys_of_a_dead_backend_move_and_they_come_back(hashing):
    before = choices(hashing, "header")
    hashing.kill("two")
    hashing.ask_many(30, "/path/warm")
    during = choices(hashing, "header")
    assert {i for i in KEYS if before[i] != during[i]} == {i for i in KEYS if before[i] == "two"}
    assert set(during.values()) == {"one", "three"}
    hashing.revive("two")
    assert choices(hashing, "header") == before


def test_only_the_keys_of_a_removed_or_disabled_backend_move(site):
    house = House(site, HASH, order="*one, *two, *three",
                  backends={"one": "", "two": "Disabled: $off", "three": ""}, off="false")
    before = choices(house, "cookie")
    expected = {i: name for i, name in before.items() if name != "two"}
    house.pound.reload(off="true")
    disabled = choices(house, "cookie")
    assert {i: disabled[i] for i in expected} == expected
    assert "two" not in disabled.values()
    house.pound.reload(order="*three, *one", off="false")
    assert choices(house, "cookie") == disabled


# --- disabled -------------------------------------------------------------------------------------
DRAIN = """
    - Session: 300
      Backends: [*one, *two]
"""


def test_a_disabled_backend_keeps_its_sessions_and_gets_no_others(site):
    house = House(site, DRAIN, backends={"one": "Disabled: $off", "two": ""}, off="false")
    before = {i: house.ask(source=f"127.0.7.{i}") for i in range(1, 25)}
    assert set(before.values()) == {"one", "two"}
    house.pound.reload(off="true")
    assert {i: house.ask(source=f"127.0.7.{i}") for i in before} == before
    assert {house.ask(source=f"127.0.8.{i}") for i in range(1, 25)} == {"two"}
    house.kill("one")
    assert {house.ask(source=f"127.0.7.{i}") for i in before} == {"two"}


def test_without_an_enabled_backend_there_is_none(site):
    house = House(site, DRAIN, backends={"one": "Disabled: $off", "two": "Disabled: $off"},
                  off="false")
    old = house.ask(source="127.0.7.1")
    house.pound.reload(off="true")
    assert house.ask(source="127.0.7.1") == old
    assert house.ask("/new", source="127.0.7.2") == 503
    assert house.pound.wait_record("/new")["reason"] == "no_backend"


# --- emergency ------------------------------------------------------------------------------------
EMERGENCY = """
    - URL: "^/session"
      Session: 300
      Backends: [*one, *two]
      Emergency: [*sorry]
    - Backends: [*one, *two]
      Emergency: [*sorry]
"""
WITH_SORRY = {"one": "", "two": "", "sorry": ""}


def test_emergency_serves_only_while_nothing_else_lives(site):
    house = House(site, EMERGENCY, backends=WITH_SORRY)
    assert set(house.ask_many(40)) == {"one", "two"}
    house.kill("one")
    assert set(house.ask_many(40)) == {"two"}
    house.kill("two")
    assert house.ask_many(40) == {"sorry": 40}
    house.pound.wait_log(r"service \S+/2: none of its backends may serve; "
                         r"sorry \(127.0.0.1:\d+\) of Emergency does")
    house.revive("two")
    assert house.ask_many(40) == {"two": 40}
    house.kill("two")
    house.kill("sorry")
    assert house.ask("/nothing") == 503
    assert house.pound.wait_record("/nothing")["reason"] == "no_backend"


def test_a_session_is_not_bound_to_an_emergency(site):
    house = House(site, EMERGENCY, backends=WITH_SORRY)
    clients = {i: house.ask("/session", source=f"127.0.7.{i}") for i in range(1, 25)}
    house.kill("one")
    house.kill("two")
    assert house.ask() == "sorry"  # both are known to be dead, so no session moves to the other
    for i in range(1, 40):
        assert house.ask("/session", source=f"127.0.7.{i}") == "sorry"
    house.revive("one")
    house.revive("two")
    assert {i: house.ask("/session", source=f"127.0.7.{i}") for i in clients} == clients
    assert "sorry" not in {house.ask("/session", source=f"127.0.7.{i}") for i in range(25, 40)}


def test_disabled_backends_are_no_living_ones(site):
    house = House(site, EMERGENCY, backends={"one": "Disabled: true", "two": "Disabled: $off",
                                             "sorry": ""}, off="false")
    assert house.ask_many(20) == {"two": 20}
    house.pound.reload(off="true")
    assert house.ask_many(20) == {"sorry": 20}
