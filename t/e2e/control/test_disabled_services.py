"""Disabled and Maintenance of services; disable and enable of a service by the control socket."""

import re
import threading

import pytest

from harness import Client, get, request, response, wait_until
from harness.config import plain_site
from harness.control import SOCKET, ask, control_status
from harness.http2 import Http2
from harness.poundctl import poundctl

PAGE = b"<p>back at noon {request_id}</p>"
SHOP = """
    - URL: "^/shop"
      $shop_has
      Maintenance: $dir/soon.html
      Backends: [*web]"""
OTHERS = """
    - URL: "^/api"
      Maintenance: {Page: $dir/soon.html, RetryAfter: 60}
      Auth: {Realm: a, Users: $dir/users}
      Backends: [*web]
    - URL: "^/fixed"
      Respond: {Body: fixed}
    - URL: "^/moved"
      Redirect: https://www.example.com
    - URL: "^/denied"
      Clients: {Deny: [127.0.0.0/8]}
      Maintenance: $dir/soon.html
      Backends: [*web]
    - Backends: [*web]
"""
GLOBAL = f"Workers: 2; RequestID: X-Request-ID; {SOCKET}"
LISTENER = "Protocols: [h2c, http/1.1]"
SITE = plain_site(GLOBAL, listener=LISTENER, services=SHOP + OTHERS)
# /shop is another one's number now.
MOVED = plain_site(GLOBAL.replace("2", "3", 1), listener=LISTENER, services="""
    - URL: "^/new"
      Backends: [*web]""" + SHOP + OTHERS)
WITHOUT = plain_site(GLOBAL, listener=LISTENER, services=OTHERS)


class House:
    def __init__(self, site, shop_has=""):
        self.backend = site.backend(lambda received: response(received.target.encode()))
        self.pound = site.prepare(SITE, web=self.backend.port, shop_has=shop_has)
        (self.pound.directory / "soon.html").write_bytes(PAGE)
        (self.pound.directory / "users").write_text("a:$apr1$abcdefgh$irgkM1m.4r6bFhOA8eCi81\n")
        self.pound.start()

    def name(self, number):
        return f"127.0.0.1:{self.pound.port}/{number}"

    def say(self, command, number):
        return ask(self.pound, f"{command} {self.name(number)}")

    def state(self, number):
        return control_status(self.pound, "services").one("service", name=self.name(number))

    def served(self, target="/shop"):
        """200, or what a disabled service answers, as text."""
        got = get(self.pound.port, target)
        if got.status != 503:
            return got.status
        assert re.fullmatch(rb"<p>back at noon [0-9a-f-]{36}</p>", got.body), got.body
        assert (got.field("Content-Type"), got.framing()) == (
            "text/html; charset=utf-8", ("length", len(got.body)))
        return f"503 after {got.field('Retry-After')}"


@pytest.fixture(name="house")
def fixture_house(site):
    return House(site)


def test_disable_and_enable(house):
    assert house.served() == 200
    assert house.say("disable", 1) == (
        f"service {house.name(1)} is disabled; all its requests get 503\n")
    asked = len(house.backend.requests)
    assert house.served() == "503 after 300"  # and does not fall through to the last service
    assert len(house.backend.requests) == asked
    assert house.served("/else") == 200
    assert house.say("disable", 1) == (
        f"service {house.name(1)} was already disabled; all its requests get 503\n")
    told = house.state(1)
    assert (told["admin"], told["admin_by"], told["admin_since_s"] < 60) == (
        "disabled", "uid:0", True)
    assert house.state(2)["admin"] == "enabled"
    assert re.search(rf"\n- service {house.name(1)} is disabled by uid:0, for \ds\n",
                     poundctl(house.pound, "status"))
    assert house.say("enable", 1) == f"service {house.name(1)} is enabled\n"
    assert house.served() == 200
    house.pound.wait_log(f"service {house.name(1)} is disabled by uid 0; it was enabled")
    house.pound.wait_log(f"service {house.name(1)} is enabled by uid 0; it was disabled")
    line = house.pound.wait_log(r'"GET /shop HTTP/1.1" 503')[0]
    assert line.endswith(" reason=service_disabled")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_any_method_over_http1_and_http2(house, method):
    house.say("disable", 1)
    page_size = len(PAGE) - len(b"{request_id}") + 36
    with Client(house.pound.port) as client:
        for _ in range(2):
            got = client.ask(method, "/shop")
            assert got.names[:3] == ["content-type", "content-length", "retry-after"]
            assert (got.status, got.field("Content-Length"), got.field("Retry-After"),
                    len(got.body)) == (503, str(page_size), "300",
                                       0 if method == "HEAD" else page_size)
    with Http2(house.pound.port) as client:
        for _ in range(2):
            got = client.ask(method, "/shop")
            assert [pair for pair in got.fields if pair[0] != "date"] == [
                (":status", "503"), ("content-type", "text/html; charset=utf-8"),
                ("content-length", str(page_size)), ("retry-after", "300")]
            assert len(got.body) == (0 if method == "HEAD" else page_size)


def test_what_comes_before_and_what_does_not(house):
    for number in range(2, 6):
        house.say("disable", number)
    assert house.served("/api") == "503 after 60"  # without a password
    assert get(house.pound.port, "/denied").status == 403
    for target in ("/fixed", "/moved"):
        got = get(house.pound.port, target)
        assert (got.status, got.field("Retry-After")) == (503, None)
        assert b"<h1>503 Service Unavailable</h1>" in got.body


def test_it_survives_kills_and_reloads(house):
    house.say("disable", 1)
    for worker in house.pound.workers():
        house.pound.kill_worker(worker)
        assert {house.served() for _ in range(4)} == {"503 after 300"}
    for _ in range(2):
        house.pound.reload()
        assert {house.served() for _ in range(4)} == {"503 after 300"}
    house.pound.reload(MOVED)
    assert (house.served(), house.served("/new")) == ("503 after 300", 200)
    assert (house.state(1)["admin"], house.state(2)["admin"]) == ("enabled", "disabled")
    house.pound.reload(WITHOUT)
    assert house.served() == 200  # the last service takes it
    house.pound.reload(SITE)
    assert house.served() == "503 after 300"
    assert house.state(1)["admin_by"] == "uid:0"


def test_switched_while_workers_are_killed(house):
    """Each request is answered by one of the two states, and after a command by its state only."""
    ended = threading.Event()

    def kill():
        while not ended.is_set():
            house.pound.kill_worker()
            house.pound.wait_workers()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        for round_ in range(8):
            house.say("disable" if round_ % 2 == 0 else "enable", 1)
            expected = "503 after 300" if round_ % 2 == 0 else 200
            for _ in range(5):
                assert patient(house.served) == expected
    finally:
        ended.set()
        killer.join(60)


def patient(ask_once):
    """The answer of the first request whose worker lives."""
    def one():
        try:
            return [ask_once()]
        except Exception:  # pylint: disable=broad-except
            return None  # its worker was killed
    return wait_until(one, "an answer")[0]


def test_the_file_and_the_command_the_last_word_counts(site):
    house = House(site, shop_has="Disabled: true")
    assert house.served() == "503 after 300"
    assert (house.state(1)["admin"], house.state(1)["admin_by"]) == ("disabled", "-")
    house.say("enable", 1)
    assert house.served() == 200
    house.pound.reload()
    assert house.served() == 200
    house.pound.reload(shop_has="Disabled: false")
    house.say("disable", 1)
    house.pound.reload(shop_has="Disabled: true")  # no change of the state
    house.pound.reload(shop_has="")
    assert (house.served(), house.state(1)["admin_by"]) == (200, "-")
    house.pound.reload(shop_has="Disabled: true")
    assert house.served() == "503 after 300"
    name = house.name(1)
    house.pound.wait_log(f"service {name} is enabled by the configuration; it was disabled")
    house.pound.wait_log(f"service {name} is disabled by the configuration; it was enabled")


def test_requests_in_flight_are_served(site):
    gate = threading.Event()

    def hold(_):
        assert gate.wait(60)
        return response(b"late")

    house = House(site)
    held = site.backend(hold)
    house.pound.reload(web=held.port)
    with Client(house.pound.port) as client:
        client.send(request("GET", "/shop"))
        wait_until(lambda: held.requests, "the request at the backend")
        house.say("disable", 1)
        assert house.served() == "503 after 300"
        gate.set()
        got = client.read_response()
        assert (got.status, got.body) == (200, b"late")
        assert client.ask("GET", "/shop").status == 503


def test_names_and_garbage(house):
    port = house.pound.port
    told = {
        f"drain {house.name(1)}": f"error: service {house.name(1)} cannot be drained, only disabled "
                                  "and enabled\n",
        f"disable {house.name(1)} --wait": "usage: `--wait` is for backends, not for services; the "
                                           "command is: disable NAME [--wait [SECONDS]]\n",
        f"disable {house.name(9)}": f"error: there is no service or backend `{house.name(9)}`; "
                                    "`services` and `backends` list them\n",
        f"disable 127.0.0.1:{port}": f"error: there is no backend `127.0.0.1:{port}`; `backends` "
                                     "lists them\n",
        "disable": "usage: which backend or service?; the command is: disable NAME [--wait "
                   "[SECONDS]]\n",
        "enable /1": "error: there is no service or backend `/1`; `services` and `backends` list "
                     "them\n",
    }
    assert {line: ask(house.pound, line) for line in told} == told
    assert {house.state(n)["admin"] for n in range(1, 7)} == {"enabled"}


def test_a_name_of_both_is_refused(site):
    text = plain_site(f"Workers: 1; {SOCKET}", backends={"web": "Address: $dir/s/1"},
                      listener="Address: $dir/s", services="- Backends: [*web]")
    pound = site.prepare(text, web=0)
    pound.configure()
    name = f"{pound.directory}/s/1"
    pound.start()
    assert ask(pound, f"disable {name}") == (
        f"error: `{name}` is the name of a service and of a backend\n")


def test_explain(house):
    def outcome(target):
        url = f"http://127.0.0.1:{house.pound.port}{target}"
        return poundctl(house.pound, "explain", "GET", url).splitlines()[-1]

    assert outcome("/fixed") == "outcome    answer 200 with Body as text/plain; charset=utf-8"
    assert outcome("/shop").startswith("outcome    backend web")
    for number in (1, 3, 4, 5):
        house.say("disable", number)
    assert outcome("/shop") == (
        f"outcome    answer 503 service_disabled with {house.pound.directory}/soon.html")
    assert outcome("/fixed") == "outcome    answer 503 service_disabled"
    assert outcome("/moved") == "outcome    answer 503 service_disabled"
    assert outcome("/denied") == "outcome    answer 403 client_denied"
