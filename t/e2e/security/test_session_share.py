"""A full table of sessions: one client cannot push out the sessions of all others."""

import time

import pytest

from harness import response
from harness.config import plain_site
from harness.status import read_status

EVICTIONS_PER_SECOND = 10  # of one network, for each service and worker
CONFIG = plain_site(
    "Workers: 1; MaxSessions: 1024", backends={"one": "", "two": ""},
    services="- Session: {Type: URL, ID: sid, TTL: 300}\n  Backends: [*one, *two]")
VICTIMS = range(1, 201)


@pytest.fixture(name="pound")
def fixture_pound(site):
    ports = {name: site.backend(lambda _, n=name: response(n.encode())).port
             for name in ("one", "two")}
    return site.pound(CONFIG, **ports)


def ask(site, pound, source, sessions):
    """Asks for each of the sessions from one address; returns the names of the backends."""
    with site.client(pound.port, source=source) as client:
        got = [client.ask("GET", f"/?sid={one}") for one in sessions]
    assert {one.status for one in got} == {200}
    return [one.body for one in got]


def ask_victims(site, pound):
    return [ask(site, pound, f"127.0.1.{i}", [f"victim-{i}"])[0] for i in VICTIMS]


def evicted(pound):
    return read_status(pound).one("sessions")["evicted"]


def flood(site, pound, source, count):
    """Begins `count` sessions from one address; returns how many sessions it may push out."""
    begin = int(time.monotonic())  # the clock of the workers, which count anew in each second
    ask(site, pound, source, (f"{source}-{i}" for i in range(count)))
    return EVICTIONS_PER_SECOND * (int(time.monotonic()) - begin + 1)


def test_a_client_pushes_out_few_sessions_of_others(site, pound):
    before = ask_victims(site, pound)  # from now on the oldest ones: those that make room
    allowed = flood(site, pound, "127.0.0.2", 6000)
    assert EVICTIONS_PER_SECOND <= evicted(pound) <= allowed
    after = ask_victims(site, pound)
    assert sum(a != b for a, b in zip(before, after)) <= allowed
    # Another client has a share of its own.
    count = evicted(pound)
    allowed = flood(site, pound, "127.0.0.3", 200)
    assert 0 < evicted(pound) - count <= allowed
