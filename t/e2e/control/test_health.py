"""poundctl health: whether clients may be sent to this machine."""

import os
import signal

import pytest

from harness import Client, reserve_port, wait_until
from harness.config import plain_site
from harness.control import SOCKET, ask
from harness.poundctl import run_poundctl

SERVICES = """
    - URL: "^/fixed"
      Respond: {Body: fixed}
    - URL: "^/one"
      Backends: [*one]
    - Backends: [*two]
      Emergency: [*three]
"""
NAMES = ("one", "two", "three")
CONFIG = plain_site(f"Workers: 2; Alive: 1; Grace: 30; {SOCKET}", backends=dict.fromkeys(NAMES, ""),
                    services=SERVICES)
HEALTHY = (0, "healthy\n", "")


class House:
    def __init__(self, site):
        self.backends = {name: site.backend() for name in NAMES}
        self.pound = site.pound(CONFIG, **{name: b.port for name, b in self.backends.items()})

    def health(self, number=None):
        words = ["--service", self.service(number)] if number else []
        done = run_poundctl("-f", self.pound.config_file, "health", *words)
        return done.returncode, done.stdout, done.stderr

    def service(self, number):
        return f"127.0.0.1:{self.pound.port}/{number}"

    def kill(self, name, path):
        self.backends[name].refuse()
        self.backends[name].disconnect()
        with Client(self.pound.port) as client:
            assert client.ask("GET", path).status == 503


@pytest.fixture(name="house")
def make_house(site):
    return House(site)


def test_a_machine_that_serves(house):
    assert house.health() == HEALTHY
    assert [house.health(number) for number in (1, 2, 3)] == [HEALTHY] * 3


def test_dead_backends(site, house):
    house.kill("one", "/one")
    assert house.health() == HEALTHY
    said = (1, "", f"poundctl: service {house.service(2)} is disabled, or no backend of it takes clients\n")
    assert house.health(2) == said
    assert house.health(1) == house.health(3) == HEALTHY  # Emergency serves, if need be
    house.backends["two"].refuse()
    house.kill("three", "/")
    wait_until(lambda: house.health() == (1, "", "poundctl: no backend takes clients\n"),
               "two dead backends")
    assert house.health(1) == HEALTHY
    site.backend(port=house.backends["two"].port)
    wait_until(lambda: house.health() == HEALTHY, "the backend that is back")


def test_backends_and_services_out_of_use(house):
    ask(house.pound, "drain one")
    assert house.health(2)[0] == 1
    ask(house.pound, "enable one")
    assert house.health(2) == HEALTHY
    ask(house.pound, f"disable {house.service(2)}")
    assert house.health(2)[0] == 1
    assert house.health() == HEALTHY


def test_workers_that_are_gone(house):
    """A killed worker is replaced; while there is none, nobody would take a client."""
    for worker in house.pound.workers():
        os.kill(worker, signal.SIGKILL)
    house.pound.wait_workers()
    wait_until(lambda: house.health() == HEALTHY, "workers that take clients")


def test_a_pound_that_stops(house):
    with Client(house.pound.port) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        house.pound.wait_quiet()
        house.pound.signal(signal.SIGQUIT)
        wait_until(lambda: house.health() == (1, "", "poundctl: pound is stopping\n"), "the stop")
        client.send(b"12345")
        assert client.read_response().status == 200
    house.pound.wait_exit()
    status, _, said = house.health()
    assert status == 1
    assert said.startswith("poundctl: ")


def test_a_master_that_hangs(house):
    os.kill(house.pound.master, signal.SIGSTOP)
    try:
        assert house.health() == (1, "", "poundctl: pound does not answer; does its master hang?\n")
    finally:
        os.kill(house.pound.master, signal.SIGCONT)
    wait_until(lambda: house.health() == HEALTHY, "the master")


@pytest.mark.parametrize("words", [["--service"], ["x"], ["--service", "a", "b"]])
def test_wrong_words(house, words):
    done = run_poundctl("-f", house.pound.config_file, "health", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected nothing, or --service NAME" in done.stderr


def test_an_unknown_service(house):
    done = run_poundctl("-f", house.pound.config_file, "health", "--service", "127.0.0.1:1/1")
    assert done.returncode == 1
    assert "127.0.0.1:1/1" in done.stderr


def test_no_daemon(site):
    pound = site.prepare(CONFIG, **{name: reserve_port() for name in NAMES})
    done = run_poundctl("-f", pound.config_file, "health")
    assert (done.returncode, done.stdout) == (1, "")
