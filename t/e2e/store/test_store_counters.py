"""What `status` tells of the session store: the state, and each count exactly."""

import pytest

from harness import wait_until
from harness.control import control_status
from harness.resp import error
from machines import ask, ask_all

CLIENTS = range(5)
COUNTS = ("asked", "found", "written", "late", "refused", "skipped")


def told(pound):
    return control_status(pound).one("store")


def counts(pound):
    """The counts that are not 0."""
    pound.wait_quiet()
    one = told(pound)
    return {name: one[name] for name in COUNTS if one[name]}


@pytest.fixture(name="store")
def get_store(fake):
    return fake.store


def test_sessions_that_are_bound_and_found(fake, store):
    first, second = fake.start(), fake.start()
    assert counts(first) == {}
    for _ in range(3):
        ask_all(first, CLIENTS)
    assert counts(first) == {"asked": 5, "written": 5}
    for _ in range(3):
        ask_all(second, CLIENTS)
    assert counts(second) == {"asked": 5, "found": 5, "written": 5}
    ask(second, "none")
    ask(second, "insert")
    assert counts(second) == {"asked": 5, "found": 5, "written": 5}
    assert len(store.of("GET")) == 10


def test_each_worker_has_a_state(fake, store):
    pound = fake.start(workers=3)
    wait_until(lambda: told(pound)["workers_ready"] == 3, "three workers")
    assert told(pound)["state"] == "ready"
    store.refuse()
    store.disconnect()
    wait_until(lambda: told(pound)["workers_down"] == 3, "three workers")
    assert (told(pound)["state"], told(pound)["workers_ready"]) == ("down", 0)


def test_a_store_that_is_down(fake, store):
    """Neither the look-up nor the binding of a request is sent."""
    pound = fake.start()
    store.refuse()
    store.disconnect()
    wait_until(lambda: told(pound)["state"] == "down", "the store to be down")
    for _ in range(2):
        ask_all(pound, CLIENTS)
    assert counts(pound) == {"skipped": 10}


def test_a_store_that_is_late(fake, store):
    """Look-ups are left out, and bindings are sent: nobody waits for them."""
    pound = fake.start(store="TimeOut: 1000")
    store.pause()
    ask_all(pound, CLIENTS)
    one = told(pound)
    assert one["state"] == "late"
    assert {name: one[name] for name in COUNTS} == {
        "asked": 1, "found": 0, "written": 5, "late": 1, "refused": 0, "skipped": 4}


def test_a_store_that_refuses(fake, store):
    pound = fake.start()
    store.answer = lambda words: error("OOM command not allowed") if words[0] == "SET" else None
    ask_all(pound, CLIENTS)
    assert counts(pound) == {"asked": 5, "written": 5, "refused": 5}
    assert told(pound)["state"] == "refusing"
    store.answer = lambda words: None
    ask(pound, "cookie", 77)
    assert told(pound)["state"] == "ready"


def test_counts_stay_over_a_reload_and_the_death_of_a_worker(fake):
    pound = fake.start()
    ask_all(pound, CLIENTS)
    pound.reload()
    wait_until(lambda: told(pound)["workers_ready"] == 1, "the new worker")
    ask(pound, "cookie", 77)
    pound.kill_worker()
    wait_until(lambda: told(pound)["workers_ready"] == 1, "its successor")
    ask(pound, "cookie", 78)
    assert counts(pound) == {"asked": 7, "written": 7}
