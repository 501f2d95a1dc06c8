"""Sessions: a known client goes to its backend until it is idle too long or the backend is gone.

Every request has its own connection, so any worker may serve it; all workers share the sessions.
With two backends and 24 clients, chance alone would send all clients to their former backends once
in 16 million tries.
"""

import base64
import threading
import time

import pytest

from harness import TIMEOUT, get, request, response, wait_until
from harness.config import plain_site
from harness.status import read_status

CONFIG = plain_site(
    "Workers: 2; Alive: 1; MaxSessions: 4096",
    backends={"one": "Threads: $threads", "two": "Threads: $threads"}, listener="Client: 30",
    services="""
    - URL: "^/ip/"
      Session: {Type: IP, TTL: $ttl}
      Backends: [*one, *two]
    - URL: "^/number/"
      Session: $ttl
      Backends: [*one, *two]
    - URL: "^/masked/"
      Session: {Type: ip, TTL: $ttl, Mask4: 24}
      Backends: [*one, *two]
    - URL: "^/basic/"
      Session: {Type: Basic, TTL: $ttl}
      Backends: [*one, *two]
    - URL: "^/url/"
      Session: {Type: url, ID: sid, TTL: $ttl}
      Backends: [*one, *two]
    - URL: "^/parm/"
      Session: {Type: PARM, TTL: $ttl}
      Backends: [*one, *two]
    - URL: "^/cookie/"
      Session: {Type: COOKIE, ID: sid, TTL: $ttl}
      Backends: [*one, *two]
    - URL: "^/other/"
      Session: {Type: COOKIE, ID: sid, TTL: $ttl}
      Backends: [*two, *one]
    - URL: "^/header/"
      Session: {Type: HEADER, ID: X-Session, TTL: $ttl}
      Backends: [*one, *two]
    - URL: "^/single/"
      Session: {Type: COOKIE, ID: sid, TTL: $ttl}
      Backends: [*one]
    - Backends: [*one, *two]
""")
CLIENTS = range(1, 25)
IN_HEAD = ["basic", "url", "parm", "cookie", "header"]
LEARNED = ["cookie", "header"]
KINDS = ["ip", *IN_HEAD]


class House:
    """A daemon with two backends that answer with their names.

    `?status=…` chooses the status of a response; `X-Learn: …` returns as a cookie and as a field.
    """

    def __init__(self, site, ttl=300, threads=0):
        self.backends = {name: site.backend(lambda r, n=name: self.answer(r, n))
                         for name in ("one", "two")}
        self.pound = site.pound(CONFIG, ttl=ttl, threads=threads,
                                **{n: b.port for n, b in self.backends.items()})

    @staticmethod
    def answer(received, name):
        text = received.field("X-Learn")
        fields = [] if text is None else [
            "Set-Cookie: before=1", f"Set-Cookie: sid={text}; Path=/; HttpOnly",
            f"X-Session: {text}"]
        _, _, status = received.target.partition("status=")
        return response(name.encode(), *fields, status=f"{status or 200} Some")

    def ask(self, target="/", *fields, **kwargs):
        return get(self.pound.port, target, *fields, **kwargs).body.decode()

    def ask_as(self, kind, client):
        """Sends one request of this client; returns the name of the backend that answered."""
        if kind in ("ip", "number"):
            return self.ask(f"/{kind}/", source=f"127.0.5.{client}")
        if kind == "masked":
            return self.ask("/masked/", source=f"127.0.{client}.1")
        if kind == "basic":
            return self.ask("/basic/", authorization(f"user{client}", "secret"))
        if kind == "url":
            return self.ask(f"/url/?a=1&sid=s{client}&b=2")
        if kind == "parm":
            return self.ask(f"/parm/page;s{client}?a=1")
        if kind == "header":
            return self.ask("/header/", f"X-Session: s{client}")
        return self.ask(f"/{kind}/", f"Cookie: a=1; sid=s{client}; b=2")

    def ask_spread(self):
        """As ask_all with cookies, each client from an address of its own."""
        return {client: self.ask("/cookie/", f"Cookie: sid=s{client}", source=f"127.0.5.{client}")
                for client in CLIENTS}

    def ask_all(self, kind, clients=CLIENTS):
        return {client: self.ask_as(kind, client) for client in clients}

    def kill(self, name):
        self.backends[name].refuse()
        self.backends[name].disconnect()


def authorization(user, password, scheme="Basic"):
    return f"Authorization: {scheme} " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(name="house")
def fixture_house(site):
    return House(site)


# --- sessions from requests -----------------------------------------------------------------------
@pytest.mark.parametrize("kind", [*KINDS, "number"])
def test_a_known_client_goes_to_its_backend(house, kind):
    learned = house.ask_all(kind)
    assert set(learned.values()) == {"one", "two"}, "all clients share one session"
    for _ in range(3):
        assert house.ask_all(kind) == learned


@pytest.mark.parametrize("kind", IN_HEAD)
def test_a_client_without_a_key_has_no_session(house, kind):
    assert {house.ask(f"/{kind}/") for _ in CLIENTS} == {"one", "two"}


@pytest.mark.parametrize("target, field", [
    ("/basic/", authorization("user", "secret", "Bearer")), ("/basic/", "Authorization: Basic !!!"),
    ("/url/?xsid=1", "X: 1"), ("/url/?sid=", "X: 1"), ("/url/;sid=1", "X: 1"),
    ("/parm/page;", "X: 1"), ("/parm/page?;a", "X: 1"),
    ("/cookie/", "Cookie: xsid=1; other=sid"), ("/cookie/", "Cookie: sid="),
    ("/header/", "X-Sessions: 1")])
def test_what_only_looks_like_a_session(house, target, field):
    assert {house.ask(target, field) for _ in CLIENTS} == {"one", "two"}


def test_a_service_without_sessions(house):
    answers = {house.ask("/", "Cookie: sid=1", authorization("user", "secret"))
               for _ in CLIENTS}
    assert answers == {"one", "two"}


def test_another_password_is_the_same_session(house):
    learned = house.ask_all("basic")
    for client, name in learned.items():
        assert house.ask("/basic/", authorization(f"user{client}", "another:one")) == name


def test_the_name_of_a_header_is_not_case_sensitive(house):
    for client, name in house.ask_all("header").items():
        assert house.ask("/header/", f"x-sESSION: s{client}") == name


def test_clients_of_one_network_are_one(house):
    learned = house.ask_all("masked")
    assert set(learned.values()) == {"one", "two"}, "all networks share one session"
    for network, name in learned.items():
        for host in (2, 128, 254):
            assert house.ask("/masked/", source=f"127.0.{network}.{host}") == name


def test_sessions_of_two_services_are_separate(house):
    first, second = house.ask_all("cookie"), house.ask_all("other")
    assert first != second, "the second service used a session of the first"
    assert (house.ask_all("cookie"), house.ask_all("other")) == (first, second)


# --- sessions from responses ----------------------------------------------------------------------
@pytest.mark.parametrize("kind", LEARNED)
@pytest.mark.parametrize("status", [200, 302, 401, 404, 500])
def test_learned_from_the_response(house, kind, status):
    learned = {client: house.ask(f"/{kind}/?status={status}", f"X-Learn: s{client}")
               for client in CLIENTS}
    assert set(learned.values()) == {"one", "two"}
    for _ in range(3):
        assert house.ask_all(kind) == learned


@pytest.mark.parametrize("kind", LEARNED)
def test_a_new_name_for_a_known_client(house, kind):
    """The backend issues a new name, as after a login, and gets the requests with that name."""
    before = house.ask_all(kind)
    for client, name in before.items():
        field = f"Cookie: sid=s{client}" if kind == "cookie" else f"X-Session: s{client}"
        assert house.ask(f"/{kind}/", field, f"X-Learn: s{client + 1000}") == name
    for client, name in before.items():
        assert house.ask_as(kind, client + 1000) == name


@pytest.mark.parametrize("kind", ["url", "parm", "basic", "ip"])
def test_what_other_kinds_do_not_learn(house, kind):
    """These kinds ignore the cookie of a response, and the client's session does not change."""
    learned = house.ask_all(kind)
    for client in CLIENTS:
        house.ask(f"/{kind}/", f"X-Learn: s{client}", source="127.0.9.9")
    assert house.ask_all(kind) == learned


# --- expiry ---------------------------------------------------------------------------------------
def test_forgotten_after_idle_time(site):
    """Pound forgets a session that was idle for TTL seconds."""
    house = House(site, ttl=1)
    kinds = [*KINDS, "number"]
    learned = {kind: house.ask_all(kind) for kind in kinds}
    wait_until(lambda: not any(o["sessions"] for o in read_status(house.pound).all("service")),
               "all sessions to expire")
    for kind in kinds:
        assert house.ask_all(kind) != learned[kind], f"{kind}: the sessions still exist"


def test_use_keeps_it_alive(site):
    """Used for longer than TTL, but never idle for TTL."""
    house = House(site, ttl=2)
    clients = CLIENTS[:12]
    learned, begun, used = {}, 0, 0
    while not learned or time.monotonic() - begun < 5:
        late = time.monotonic() - used > 1.5  # the machine was too slow, not the clients
        now = time.monotonic()
        got = {kind: house.ask_all(kind, clients) for kind in KINDS}
        if not learned or late or time.monotonic() - used > 1.9:
            learned, begun = got, now
        assert got == learned
        used = now
        time.sleep(0.3)  # justified: the clients must be idle for less than TTL


def test_ttl_0_is_no_session(site):
    house = House(site, ttl=0)
    for kind in [*KINDS, "number"]:
        assert {house.ask_as(kind, 1) for _ in CLIENTS} == {"one", "two"}


# --- dead backends --------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_moves_when_its_backend_dies(house, kind):
    learned = house.ask_all(kind)
    house.kill("one")
    assert set(house.ask_all(kind).values()) == {"two"}
    house.backends["one"].open()
    house.pound.wait_log(r"backend one .* is live again")
    # The sessions stay at their new backend. Those of the other backend have not moved.
    assert set(house.ask_all(kind).values()) == {"two"}
    assert set(house.ask_all(kind, range(100, 130)).values()) == {"one", "two"}
    assert "one" in learned.values()


def test_no_session_moves_while_its_backend_lives(house):
    """The death of another backend does not move a session."""
    learned = house.ask_all("cookie")
    house.kill("two")
    stays = [client for client, name in learned.items() if name == "one"]
    for _ in range(3):
        assert set(house.ask_all("cookie", stays).values()) == {"one"}


def test_a_session_survives_the_death_of_all_backends(house):
    """No other backend served the session meanwhile, so it has not moved."""
    learned = house.ask_all("cookie")
    for name in house.backends:
        house.kill(name)
    assert get(house.pound.port).status == 503  # marks them dead before any session moves
    for client in CLIENTS:
        assert get(house.pound.port, "/cookie/", f"Cookie: sid=s{client}").status == 503
    for backend in house.backends.values():
        backend.open()
    for name in house.backends:
        house.pound.wait_log(rf"backend {name} .* is live again")
    assert house.ask_all("cookie") == learned


def test_waits_for_its_backend_when_that_is_busy(site):
    """The other backend is idle but does not know this client."""
    go_on = threading.Event()
    house = House(site, threads=1)
    learned = house.ask_all("cookie")
    mine = next(c for c, name in learned.items() if name == "one")
    before = len(house.backends["two"].requests)
    served = len(house.backends["one"].requests)

    def hold(connection):
        while (received := connection.read_request()) is not None:
            if received.target == "/cookie/hold":
                assert go_on.wait(TIMEOUT)
            connection.send(response(b"one"))

    house.backends["one"].script = hold
    house.backends["one"].disconnect()
    held, waiting = site.client(house.pound.port), site.client(house.pound.port)
    held.send(request("GET", "/cookie/hold", f"Cookie: sid=s{mine}"))
    house.backends["one"].wait_requests(served + 1)
    waiting.send(request("GET", "/cookie/next", f"Cookie: sid=s{mine}"))
    house.pound.wait_quiet()  # the request has arrived; it would have reached a backend by now
    assert len(house.backends["one"].requests) == served + 1
    go_on.set()
    assert held.read_response().body == waiting.read_response().body == b"one"
    assert len(house.backends["two"].requests) == before


def test_first_requests_at_once_are_one_session(site, house):
    """A browser's first connections reach several workers, but only one backend."""
    connections = [site.client(house.pound.port) for _ in range(6)]
    for client in range(500):
        for connection in connections:
            connection.send(request("GET", "/cookie/", f"Cookie: sid=s{client}"))
        assert len({connection.read_response().body for connection in connections}) == 1


def test_more_sessions_than_there_is_room_for(site):
    """Pound keeps the sessions used last and refuses no client."""
    house = House(site)
    workers = house.pound.workers()
    client = site.client(house.pound.port)
    for number in range(9000):
        assert client.ask("GET", f"/url/?sid=old{number}").status == 200
    learned = house.ask_spread()
    assert house.ask_spread() == learned
    assert house.pound.workers() == workers
