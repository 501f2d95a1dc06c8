"""session show, delete and add: what an operator sees and changes in the table of sessions."""

import json
import os
import re

import pytest

from harness import get, response
from harness.config import plain_site
from harness.control import SOCKET, ask, control_status

NAMES = ("one", "two")
SITE = plain_site(f"Workers: 2; {SOCKET}", backends=dict.fromkeys(NAMES, ""), services="""
    - URL: "^/ip"
      Session: {Type: IP, TTL: 60, Mask4: 24}
      Backends: [*one, *two]
    - URL: "^/insert"
      Session: {Type: INSERT}
      Backends: [*one, *two]
    - URL: "^/none"
      Backends: [*one]
    - Session: {Type: COOKIE, ID: sess, TTL: 300}
      Backends: [*one, *two]
""")


class House:
    def __init__(self, site):
        self.backends = {name: site.backend(lambda _, n=name: response(n.encode()))
                         for name in NAMES}
        self.ports = {name: backend.port for name, backend in self.backends.items()}
        self.pound = site.pound(SITE, **self.ports)

    def name(self, number):
        return f"127.0.0.1:{self.pound.port}/{number}"

    def serve(self, cookie, target="/"):
        return get(self.pound.port, target, f"Cookie: {cookie}").body.decode()

    def say(self, what, service, rest=""):
        return ask(self.pound, f"session {what} {self.name(service)} {rest}")

    def show(self, service, rest=""):
        return control_status(self.pound, f"session show {self.name(service)} {rest}")


@pytest.fixture(name="house", scope="module")
def fixture_house(shared_site):
    return House(shared_site)


def test_a_session_is_shown_moved_and_deleted(house):
    name = house.serve("sess=alice")
    other = "two" if name == "one" else "one"
    told = house.show(4, "alice").one("session")
    assert told["idle_s"] < 60
    assert told == {"object": "session", "backend": name,
                    "address": f"127.0.0.1:{house.ports[name]}", "idle_s": told["idle_s"],
                    "ttl_s": 300, "known": "yes"}
    assert house.say("add", 4, f"alice {other}") == (
        f"the session is at backend {other} (127.0.0.1:{house.ports[other]}) for 300 s, and as long "
        "after each use\n")
    assert [house.serve("sess=alice") for _ in range(8)] == [other] * 8
    assert house.say("delete", 4, "alice") == "the session is deleted\n"
    gone = f"error: service {house.name(4)} has no session with this key\n"
    assert house.say("show", 4, "alice") == gone
    assert house.say("delete", 4, "alice") == gone
    log = house.pound.log()
    assert "control: uid 0: a session of service" in log and "alice" not in re.sub(
        r'"GET .*', "", log)


def test_a_session_is_added_before_its_client_comes(house):
    for number, name in enumerate(NAMES * 4):
        house.say("add", 4, f"\"new {number}\" 127.0.0.1:{house.ports[name]}")
        assert house.serve(f"sess=new {number}") == name


def test_the_list_of_a_service_is_bounded(house):
    get(house.pound.port, "/ip")
    told = house.show(1)
    assert [o["object"] for o in told.objects] == ["session", "end"]
    assert told.one("end") == {"object": "end", "lines": 1, "omitted": 0}
    assert house.show(1, "127.0.0.200").one("session") == told.one("session")  # of one network
    for number in range(130):
        house.say("add", 4, f"many{number} one")
    told = house.show(4)
    assert len(told.all("session")) == 100
    assert told.one("end")["lines"] - 100 == told.one("end")["omitted"] >= 30
    listed = json.loads(house.say("show", 4, "--json"))
    assert len(listed["sessions"]) == 100 and listed["omitted"] >= 30
    assert json.loads(house.say("show", 4, "many7 --json"))["backend"] == "one"


def test_a_cookie_of_insert_names_its_backend(house):
    got = get(house.pound.port, "/insert")
    value = re.match(r"PSRV=([0-9a-f]+)", got.field("Set-Cookie"))[1]
    assert house.show(2, value).one("session")["backend"] == got.body.decode()
    assert house.say("show", 2, "0" * 32) == (
        f"error: no cookie of service {house.name(2)} has this value\n")
    for command in ("show", "delete", "add"):
        rest = {"show": "", "delete": value, "add": f"{value} one"}[command]
        assert house.say(command, 2, rest) == (
            f"error: the sessions of service {house.name(2)} are in the cookies of its clients\n")


USAGE = ("usage: it is show SERVICE [KEY] [--json], delete SERVICE KEY or add SERVICE KEY BACKEND; "
         "the command is: session show|delete|add SERVICE ...\n")


def test_garbage(house):
    assert {ask(house.pound, line) for line in (
        "session", "session show", "session show a b c", "session delete x", "session add x y",
        "session add x y z w", "session drop x y", "session --json")} == {USAGE}
    assert ask(house.pound, "session show nowhere:80/1") == (
        "error: there is no service `nowhere:80/1`; `services` lists them\n")
    assert house.say("show", 3) == f"error: service {house.name(3)} keeps no sessions\n"
    assert house.say("show", 1, "www.example.com") == (
        f"error: a session of service {house.name(1)} has an IP address for its key\n")
    assert house.say("add", 4, "key three").startswith("error: there is no backend `three`")
    assert house.say("show", 4, "x" * 5000) == "error: no session has such a key\n"


def test_sessions_survive_while_workers_are_killed(site):
    house = House(site)
    for number, worker in enumerate(house.pound.workers()):
        house.say("add", 4, f"kept{number} two")
        os.kill(worker, 9)
        assert house.show(4, f"kept{number}").one("session")["backend"] == "two"
        house.pound.wait_workers(gone=[worker])
        assert house.serve(f"sess=kept{number}") == "two"
