"""drain, disable and enable: which backend the administrator lets serve whom."""

import re
import threading

import pytest

from harness import get, reserve_port, response, wait_until
from harness.config import plain_site
from harness.control import SOCKET, ask, control_status

NAMES = ("one", "two")
SITE = plain_site(f"Workers: 2; Alive: 1; {SOCKET}", backends={"one": "$one_has", "two": "$two_has"},
                  services="""
    - URL: "^/free"
      Backends: [*one, *two]
    - Session: {Type: HEADER, ID: X-User, TTL: 300}
      Backends: [*one, *two]
""")
# The same backends in another order, and of one service more.
REORDERED = plain_site(f"Workers: 3; Alive: 1; {SOCKET}",
                       backends={"two": "$two_has", "three": "$three_has", "one": "$one_has"},
                       services="""
    - URL: "^/other"
      Backends: [*three]
    - URL: "^/free"
      Backends: [*two, *one]
    - Session: {Type: HEADER, ID: X-User, TTL: 300}
      Backends: [*two, *one]
""")


class Holding:
    """A backend that answers with its name, and holds requests for /held until it is told."""

    def __init__(self, site, name):
        self.gate = threading.Event()
        self.backend = site.backend(self.answer)
        self.name = name

    def answer(self, received):
        if received.target.endswith("/held"):
            assert self.gate.wait(60)
        return response(self.name.encode())


class House:
    def __init__(self, site, one_has="", two_has="", **values):
        self.holding = {name: Holding(site, name) for name in NAMES}
        self.ports = {name: one.backend.port for name, one in self.holding.items()}
        self.pound = site.pound(SITE, one_has=one_has, two_has=two_has, three_has="",
                                three=self.ports["two"], **self.ports, **values)
        self.users = 0

    def title(self, name="one"):
        return f"backend {name} (127.0.0.1:{self.ports[name]})"

    def say(self, command):
        return ask(self.pound, command)

    def state(self, name="one"):
        return control_status(self.pound, "backends").one("backend", name=name)

    def serve(self, target="/", user=None):
        fields = [f"X-User: {user}"] if user else []
        got = get(self.pound.port, target, *fields)
        return got.body.decode() if got.status == 200 else got.status

    def strangers(self, count=12):
        """Which backends serve so many clients that nobody has seen before."""
        self.users += count
        return {self.serve(user=f"new{self.users - i}") for i in range(count)}

    def user_of(self, name):
        """A client with a session at the backend."""
        def one():
            self.users += 1
            return self.serve(user=f"old{self.users}") == name and f"old{self.users}"
        return wait_until(one, f"a session at {name}")

    def hold(self, name="one", user=None):
        """A request that the backend holds, as a thread; `release` ends it."""
        thread = threading.Thread(target=self.serve, args=("/held", user), daemon=True)
        thread.start()
        return thread

    def release(self, name="one"):
        self.holding[name].gate.set()


@pytest.fixture(name="house")
def fixture_house(site):
    return House(site)


def test_a_drained_backend_keeps_its_sessions_and_gets_no_new_clients(house):
    old = house.user_of("one")
    assert house.say("drain one") == house.title() + " is drained; no request is in flight\n"
    assert house.strangers() == {"two"}
    assert {house.serve("/free") for _ in range(12)} == {"two"}
    for worker in house.pound.workers():
        house.pound.kill_worker(worker)
        assert house.serve(user=old) == "one"
        assert house.strangers() == {"two"}
    house.pound.reload()
    assert (house.serve(user=old), house.strangers()) == ("one", {"two"})
    house.pound.reload(REORDERED)
    assert (house.strangers(), house.state()["admin"]) == ({"two"}, "drained")
    assert house.say("enable one") == house.title() + " is enabled; no request is in flight\n"
    wait_until(lambda: "one" in house.strangers(), "new clients of the enabled backend")


def test_a_disabled_backend_loses_its_sessions_and_its_connections(house):
    old = house.user_of("one")
    assert house.say("disable one") == house.title() + " is disabled; no request is in flight\n"
    assert (house.serve(user=old), house.strangers()) == ("two", {"two"})
    told = house.state()
    assert (told["admin"], told["state"], told["share"]) == ("disabled", "live", 100)
    assert (told["admin_by"], told["admin_since_s"] < 60, told["weight"]) == ("uid:0", True, 8)
    wait_until(lambda: all(c.sock.fileno() < 0 or c.at_end for c in connections(house, "one")),
               "the end of the idle connections to the disabled backend")
    house.say("enable one")
    assert house.serve(user=old) == "two"  # the session has moved
    wait_until(lambda: "one" in house.strangers(), "new clients of the enabled backend")
    house.pound.wait_log(re.escape(house.title()) + " is disabled by uid 0; it was enabled")
    house.pound.wait_log(re.escape(house.title()) + " is enabled by uid 0; it was disabled")


def connections(house, name):
    return [Ended(c) for c in house.holding[name].backend.connections]


class Ended:
    """Whether Pound has closed a connection to a backend."""

    def __init__(self, connection):
        self.sock = connection.sock
        try:
            self.at_end = connection.sock.recv(1, 0x2 | 0x40) == b""  # MSG_PEEK, MSG_DONTWAIT
        except OSError as error:
            self.at_end = error.errno != 11


@pytest.mark.parametrize("command", ["drain", "disable"])
def test_wait_returns_exactly_when_no_request_is_in_flight(house, command):
    old = house.user_of("one")
    held = house.hold(user=old)
    wait_until(lambda: house.state()["in_flight"] == 1, "a request in flight")
    said = []
    operator = threading.Thread(target=lambda: said.append(house.say(f"{command} one --wait")),
                                daemon=True)
    operator.start()
    wait_until(lambda: house.state()["admin"] != "enabled", "the command to be in force")
    assert house.say(f"{command} one --wait 1") == (
        f"error: {house.title()} is {command.rstrip('e')}ed, but after 1 s 1 request is in flight\n")
    assert house.say(f"{command} one") == (
        f"{house.title()} was already {command.rstrip('e')}ed; 1 request is in flight\n")
    assert not said and held.is_alive()
    house.release()
    operator.join(60)
    assert said == [f"{house.title()} is {command.rstrip('e')}ed; no request is in flight\n"]
    held.join(60)
    assert house.say(f"{command} one --wait").endswith("; no request is in flight\n")


def test_one_operator_enables_what_another_one_drains(house):
    held = house.hold(user=house.user_of("one"))
    wait_until(lambda: house.state()["in_flight"] == 1, "a request in flight")
    said = []
    operator = threading.Thread(target=lambda: said.append(house.say("drain one --wait")))
    operator.start()
    wait_until(lambda: house.state()["admin"] == "drained", "the command to be in force")
    house.say("enable one")
    operator.join(60)
    assert said == [f"error: {house.title()} is enabled now: somebody has changed it meanwhile\n"]
    house.release()
    held.join(60)


def test_operators_at_once(house):
    def operate(name):
        for _ in range(25):
            for command in ("drain", "disable", "enable"):
                answers.append(house.say(f"{command} {name}"))

    answers = []
    operators = [threading.Thread(target=operate, args=(name,)) for name in NAMES * 2]
    for one in operators:
        one.start()
    for one in operators:
        one.join(60)
    assert len(answers) == 300
    assert all(re.match(r"backend (one|two) .* (is|was already) (drained|disabled|enabled); "
                        r"no request is in flight\n", text) for text in answers), answers
    assert [house.state(name)["admin"] for name in NAMES] == ["enabled", "enabled"]
    assert house.strangers() <= {"one", "two"}


def test_the_last_backend_may_go_with_a_warning(house):
    service = f"127.0.0.1:{house.pound.port}"
    house.say("drain one")
    assert house.say("disable two") == (
        f"{house.title('two')} is disabled; no request is in flight\n"
        f"warning: no backend of service {service}/1 takes new clients: they get 503\n"
        f"warning: no backend of service {service}/2 takes new clients: they get 503\n")
    assert house.strangers() == {503}
    house.say("enable two")
    assert house.strangers() == {"two"}


def test_the_last_word_counts_the_file_or_the_command(site):
    house = House(site, one_has="Disabled: true")
    told = house.state()
    assert (told["admin"], told["admin_by"]) == ("drained", "-")
    assert house.say("enable one") == house.title() + " is enabled; no request is in flight\n"
    wait_until(lambda: "one" in house.strangers(), "new clients of the enabled backend")
    house.pound.reload()
    assert house.state()["admin"] == "enabled"
    house.say("disable one")
    house.pound.reload(one_has="")
    assert (house.state()["admin"], house.state()["admin_by"]) == ("enabled", "-")
    house.pound.reload(one_has="Disabled: true")
    assert house.strangers() == {"two"}
    house.pound.wait_log(re.escape(house.title()) + " is enabled by the configuration; it was disabled")
    house.pound.wait_log(re.escape(house.title()) + " is drained by the configuration; it was enabled")


def test_a_backend_that_returns_to_the_file_has_its_state(house):
    house.say("disable one")
    only_two = plain_site(f"Workers: 2; {SOCKET}", backends={"two": ""})
    house.pound.reload(only_two)
    assert house.say("enable one") == (
        "error: there is no backend `one`; `backends` lists them\n")
    house.pound.reload(SITE)
    assert house.state()["admin"] == "disabled"
    assert house.strangers() == {"two"}


GARBAGE = {
    "drain": "usage: which backend?; the command is: drain BACKEND [--wait [SECONDS]]\n",
    "drain one two": "usage: unexpected argument `two`; the command is: "
                     "drain BACKEND [--wait [SECONDS]]\n",
    "drain --wait": "usage: which backend?; the command is: drain BACKEND [--wait [SECONDS]]\n",
    "drain one --wait 0": "usage: --wait takes 1 to 604800 seconds; the command is: "
                          "drain BACKEND [--wait [SECONDS]]\n",
    "drain one --wait 99999999999999999999": "usage: --wait takes 1 to 604800 seconds; the command "
                                             "is: drain BACKEND [--wait [SECONDS]]\n",
    "enable one --wait": "usage: `enable` has nothing to wait for; the command is: "
                         "enable NAME\n",
    "disable oen": "error: there is no backend `oen`; did you mean `one`?; `backends` lists them\n",
    "disable 127.0.0.1": "error: there is no backend `127.0.0.1`; `backends` lists them\n",
    "disable \"\"": "error: there is no backend ``; `backends` lists them\n",
    "drain one --wait=1": "usage: unexpected argument `--wait=1`; the command is: "
                          "drain BACKEND [--wait [SECONDS]]\n",
}


def test_garbage_changes_nothing(house):
    assert {line: house.say(line) for line in GARBAGE} == GARBAGE
    assert [house.state(name)["admin"] for name in NAMES] == ["enabled", "enabled"]


def test_a_thousand_backends_and_a_name_of_several(site):
    port = site.backend(lambda _: response()).port
    many = {f"b{i}": f"Address: 127.1.{i // 250}.{i % 250 + 1}; Port: {port}" for i in range(998)}
    twins = {"left": f"Port: {port}", "right": f"Port: {port}"}
    pound = site.pound(plain_site(f"Workers: 1; {SOCKET}", backends={**many, **twins}),
                       **dict.fromkeys([*many, *twins], port), unused=reserve_port())
    for i in range(998):
        name = f"b{i}" if i % 2 else f"127.1.{i // 250}.{i % 250 + 1}:{port}"
        assert ask(pound, f"disable {name}").startswith(f"backend b{i} (127.1.")
    told = control_status(pound, "backends").all("backend")
    assert [o["admin"] for o in told].count("disabled") == 998
    assert get(pound.port).status == 200
    assert ask(pound, f"drain 127.0.0.1:{port}") == (
        f"error: `127.0.0.1:{port}` is the name of several backends: "
        f"left (127.0.0.1:{port}), right (127.0.0.1:{port})\n")
    assert ask(pound, "drain right").startswith("backend right ")
