"""Redis dies, stops, comes back empty or is full while clients ask: no request fails."""

import time

import pytest

from harness import scaled, wait_until
from load import KNOWN, start_load
from machines import ask_all, store_lines, wait_serves

USUAL = "TimeOut: 500"
BOUND = scaled(2.5)  # seconds for a request; most of them are those of a busy machine
KNOWN_CLIENTS = range(2 * KNOWN)
ALONE = "this machine keeps its sessions alone"


def keys_of(real):
    with real.store.client() as client:
        return client.ask("DBSIZE")


def knows_all(real, load):
    """A machine that starts now has only the store."""
    later = ask_all(real.start(), KNOWN_CLIENTS)
    assert later == {client: load.names[f"name{client}"] for client in KNOWN_CLIENTS}


@pytest.fixture(name="pounds")
def start_pounds(real):
    return [real.start(store=USUAL, ttl=8, workers=2) for _ in range(2)]


def lines_of(real, *states):
    return [f"session store 127.0.0.1:{real.store.port} {state}" for state in states]


def test_killed_and_back_without_memory(real, pounds):
    """Refreshes bring the sessions in use back."""
    load = start_load(real, *pounds)
    real.store.kill()
    for pound in pounds:
        pound.wait_log("session store .* is down: ")
    load.wait_rounds()
    real.store.start()
    for pound in pounds:
        wait_serves(pound, 2)
    assert keys_of(real) < 1000
    with real.store.client() as client:
        wait_until(lambda: client.calls().get("pexpire", 0) >= len(KNOWN_CLIENTS), "refreshes")
    load.wait_rounds()
    load.stop()
    knows_all(real, load)
    assert load.moves == 0 and load.longest < BOUND
    for pound in pounds:
        first, down, again = store_lines(pound)
        assert [first, again] == lines_of(real, "serves", "serves")
        assert down.endswith(f"; {ALONE} until it is back")


def test_stopped_and_going_on(real, pounds):
    """Longer than a connection may be silent. A second line of trouble may come later than that."""
    load = start_load(real, *pounds)
    real.store.freeze()
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 4, "the connections to be given up")
    load.wait_rounds()
    real.store.thaw()
    for pound in pounds:
        wait_serves(pound, 2)
    load.wait_rounds()
    load.stop()
    assert load.moves == 0 and load.longest < BOUND
    for pound in pounds:
        assert store_lines(pound) == lines_of(
            real, "serves",
            f"is late: it has not answered within 500 ms; {ALONE} until it is faster", "serves")


def test_stopped_for_less_than_two_seconds(real, pounds):
    """The connection stays, and what was sent counts."""
    load = start_load(real, *pounds)
    with real.store.client() as admin:
        admin.ask("CLIENT", "PAUSE", 1500, "ALL")
    for pound in pounds:
        pound.wait_log("session store .* is late: ")
        wait_serves(pound, 2)
    load.wait_rounds()
    load.stop()
    knows_all(real, load)
    assert load.moves == 0 and load.longest < BOUND
    for pound in pounds:
        assert len(store_lines(pound)) == 3


def test_full(real, pounds):
    """Sessions that the store knows are still found; new ones are those of one machine."""
    load = start_load(real, *pounds)
    with real.store.client() as admin:
        admin.ask("CONFIG", "SET", "maxmemory", "1")
        for pound in pounds:
            pound.wait_log("session store .* refuses: it answers OOM ")
        load.wait_rounds()
        knows_all(real, load)
        admin.ask("CONFIG", "SET", "maxmemory", "0")
    for pound in pounds:
        wait_serves(pound, 2)
    load.wait_rounds()
    load.stop()
    assert load.moves == 0 and load.longest < BOUND
    for pound in pounds:
        first, refuses, again = store_lines(pound)
        assert [first, again] == lines_of(real, "serves", "serves")
        assert refuses.endswith(f"; {ALONE.replace('its', 'such')}")


def test_emptied_by_hand(real, pounds):
    load = start_load(real, *pounds)
    with real.store.client() as admin:
        admin.ask("FLUSHALL")
        admin.ask("CONFIG", "RESETSTAT")
        wait_until(lambda: admin.calls().get("pexpire", 0) >= len(KNOWN_CLIENTS), "refreshes")
    load.wait_rounds()
    load.stop()
    knows_all(real, load)
    assert load.moves == 0
    for pound in pounds:
        assert store_lines(pound) == lines_of(real, "serves")


def test_down_before_pound_starts(real):
    """Pound serves at once, and the store within seconds of its start."""
    real.store.kill()
    pound = real.prepare(store=USUAL).start()
    pound.wait_log(f"session store .* is down: Connection refused; {ALONE} until it is back")
    load = start_load(real, pound)
    real.store.start()
    wait_serves(pound)
    load.wait_rounds()
    load.stop()
    assert load.moves == 0 and len(store_lines(pound)) == 2


def test_killed_again_and_again(real, pounds):
    """The store is used again each time, and the log has few lines."""
    load = start_load(real, *pounds)
    for _ in range(3):
        real.store.kill()
        real.store.start()
        with real.store.client() as client:
            wait_until(lambda c=client: c.calls().get("role", 0) >= 4, "four workers")
            wait_until(lambda c=client: c.ask("DBSIZE") > 0, "new sessions")
        load.wait_rounds(1)
    load.stop()
    assert load.moves == 0 and load.longest < BOUND
    for pound in pounds:
        assert len(store_lines(pound)) <= 3
