"""poundctl standby and resume: this machine gives its clients to another one."""

import re
import socket
import threading
import time

import pytest
from hyperframe.frame import GoAwayFrame, PingFrame

from harness import TIMEOUT, response, wait_until
from harness.config import plain_site
from harness.control import SOCKET, ask, control_status
from harness.http2 import Http2
from harness.http2_frames import Code
from harness.metrics import Metrics
from harness.poundctl import poundctl, run_poundctl
from harness.slow_backend import SlowScript

CONFIG = plain_site(f"Workers: 2; Grace: 30; {SOCKET}",
                    listener="Protocols: [h2c, http/1.1]; Client: 20",
                    services='- URL: "^/metrics"\n  Serve: metrics\n- Backends: [*web]')
KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: ...\r\n\r\nok"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nDate: ...\r\n\r\nok"
ON = "on standby; no client is left\n"
EVERY = 2**31 - 1


class House:
    """A daemon, and a backend that answers /slow when it is told to, and echoes in tunnels."""

    def __init__(self, site):
        self.site = site
        script = SlowScript("echo", lambda _: response())
        self.go_on = script.go_on
        self.backend = site.backend(script=script.serve)
        self.pound = site.pound(CONFIG, web=self.backend.port)

    def client(self):
        return self.site.client(self.pound.port)

    def say(self, command):
        return ask(self.pound, command)

    def clients(self):
        return control_status(self.pound).one("process")["clients"]

    def health(self):
        done = run_poundctl("-f", self.pound.config_file, "health")
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(name="house")
def fixture_house(site):
    made = House(site)
    yield made
    made.go_on.set()


def answer_of(client, target="/"):
    """The exact bytes of the response, but for the date."""
    client.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    got = client.read_response()
    return re.sub(rb"(?<=Date: )[^\r]*", b"...", got.raw_head + got.body)


def test_each_response_ends_its_connection(house):
    kept, other = house.client(), house.client()
    for client in (kept, other):
        assert answer_of(client) == KEPT
    assert house.say("standby") == "on standby; 2 clients are left\n"
    assert answer_of(kept) == LAST
    assert kept.closes()
    new = house.client()  # is served as well
    assert answer_of(new) == LAST
    assert new.closes()
    assert house.say("resume") == "serving again\n"
    new = house.client()
    assert answer_of(new) == answer_of(new) == KEPT


def test_idle_clients_are_closed_soon(house):
    began = time.monotonic()
    idle, silent = house.client(), house.client()
    assert answer_of(idle) == KEPT
    wait_until(lambda: house.clients() == 2, "both clients")
    house.say("standby")
    for client in (idle, silent):
        assert client.closes()
    assert time.monotonic() - began < 15, "before Client is over"
    assert house.clients() == 0


def test_a_request_in_flight_finishes(house):
    client = house.client()
    client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    house.backend.wait_requests(1)
    house.say("standby")
    said = []
    operator = threading.Thread(target=lambda: said.append(house.say("standby --wait")), daemon=True)
    operator.start()
    assert house.say("standby --wait 6") == "error: on standby, but after 6 s 1 client is left\n"
    assert not said
    house.go_on.set()
    got = client.read_response()
    assert (got.status, got.field("Connection"), got.body) == (200, "close", b"ok")
    assert client.closes()
    operator.join(TIMEOUT)
    assert said == [ON]


def test_clients_of_http2_hear_it(house):
    client = house.site.add_client(Http2(house.pound.port))
    assert client.ask().status == 200
    slow = client.request(path="/slow")
    house.backend.wait_requests(2)
    house.say("standby")
    got = client.claim_type(GoAwayFrame)
    assert (got.last_stream_id, got.error_code) == (EVERY, Code.NO_ERROR)
    client.claim_type(PingFrame)  # it is answered when it is read
    got = client.claim_type(GoAwayFrame)
    assert (got.last_stream_id, got.error_code) == (slow, Code.NO_ERROR)
    house.go_on.set()
    assert client.response(slow).body == b"ok"
    client.expect_closed()


def test_tunnels_stay(house):
    client = house.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
    assert client.read_response().status == 101
    assert house.say("standby --wait 1") == "error: on standby, but after 1 s 1 client is left\n"
    client.send(b"hello")
    assert client.read_exactly(5) == b"hello"


def test_health_and_wait(house):
    assert house.health() == (0, "healthy\n")
    began = time.monotonic()
    assert poundctl(house.pound, "standby", "--wait") == ON
    assert time.monotonic() - began >= 5, "what the other machine may need to take the address"
    assert house.health() == (1, "poundctl: on standby\n")  # and was healthy for one second
    assert house.say("standby") == "was on standby already; no client is left\n"
    assert house.say("standby --wait") == ON  # at once
    assert poundctl(house.pound, "resume") == "serving again\n"
    assert house.health() == (0, "healthy\n")
    assert house.say("resume") == "was not on standby\n"
    lines = house.pound.wait_log(r": (on standby|serving again) by uid ", 2)
    assert [line.split("]: ")[1] for line in lines] == [
        "on standby by uid 0; no client is left", "serving again by uid 0; it was on standby"]


def test_resume_ends_the_wait(house):
    said = []
    operator = threading.Thread(target=lambda: said.append(house.say("standby --wait")), daemon=True)
    operator.start()
    wait_until(lambda: house.health()[0] == 1, "the standby")
    house.say("resume")
    operator.join(TIMEOUT)
    assert said == ["error: serving again: somebody has resumed it meanwhile\n"]


def test_new_connections_wait_for_the_other_machine(house):
    """Without another one they come through in the end, because the kernel of the client repeats
    what got no answer."""
    def connects(patience):
        with socket.socket() as client:
            client.settimeout(patience)
            try:
                client.connect(("127.0.0.1", house.pound.port))
            except TimeoutError:
                return False
            return True

    house.say("standby")
    wait_until(lambda: not connects(0.2), "a connection without an answer")
    house.pound.kill_worker()  # the sockets are restored for its successor
    assert connects(TIMEOUT)
    wait_until(lambda: connects(0.2), "the end of the pause")
    house.say("resume")
    house.say("standby")
    wait_until(lambda: not connects(0.2), "a connection without an answer")
    house.say("resume")
    wait_until(lambda: connects(0.2), "connections right after `resume`", 2)
    assert "changed by a worker" not in house.pound.log()


def test_an_operator_who_leaves(house):
    """The next one is answered all the same."""
    with socket.socket(socket.AF_UNIX) as operator:
        operator.connect(str(house.pound.directory / "control.sock"))
        operator.sendall(b"standby --wait\n")
        wait_until(lambda: house.health()[0] == 1, "the standby")
    assert house.say("standby --wait") == ON


def test_reloads_and_deaths_of_workers_keep_it_a_restart_ends_it(house):
    house.say("standby")
    house.pound.reload()
    for _ in range(4):
        assert answer_of(house.client()) == LAST
    for worker in house.pound.wait_workers():
        house.pound.kill_worker(worker)
    for _ in range(4):
        assert answer_of(house.client()) == LAST
    assert house.health() == (1, "poundctl: on standby\n")
    house.pound.finish()
    house.pound.start()
    assert house.health() == (0, "healthy\n")
    assert answer_of(house.client()) == KEPT


def test_the_status_shows_it(house):
    def shown():
        process = control_status(house.pound).one("process")
        return process["admin"], process["admin_by"], process["admin_since_s"]

    def metric():
        client = house.client()
        client.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        return Metrics(client.read_response().body.decode()).get("pound_standby")

    assert (shown(), metric()) == (("enabled", "-", "-"), 0)
    house.say("standby")
    admin, by, since = shown()
    assert (admin, by, since < 60, metric()) == ("standby", "uid:0", True, 1)
    assert re.search(r"^- this machine is on standby by uid:0: each response ends its connection, "
                     r"for \d+s$", poundctl(house.pound, "status"), re.M)
    assert '"admin":"standby","admin_by":"uid:0"' in poundctl(house.pound, "status", "--json")
    house.say("resume")
    assert (shown(), metric()) == (("enabled", "-", "-"), 0)


@pytest.mark.parametrize("command, answer", [
    ("standby now", "usage: unexpected argument `now`; the command is: standby [--wait [SECONDS]]\n"),
    ("standby --wait 0", "usage: --wait takes 1 to 604800 seconds; the command is: "
                         "standby [--wait [SECONDS]]\n"),
    ("resume it", "usage: unexpected argument `it`; the command is: resume\n")])
def test_wrong_words(house, command, answer):
    assert house.say(command) == answer
    assert house.health() == (0, "healthy\n")
