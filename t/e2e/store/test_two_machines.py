"""Two and three Pounds with one Redis act as one: each knows the sessions of the others."""

import itertools

import pytest

from harness import request, wait_until
from harness.control import ask as control
from machines import KINDS, NAMES, ask, ask_all

CLIENTS = range(24)


def other(name):
    return "two" if name == "one" else "one"


# --- who knows what -------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [*KINDS, "masked"])
def test_all_machines_know_a_session(real, kind):
    pounds = [real.start() for _ in range(3)]
    learned = {}
    for client, pound in zip(CLIENTS, itertools.cycle(pounds)):
        learned[client] = ask(pound, kind, client)
    assert set(learned.values()) == set(NAMES)
    for pound in pounds:
        assert ask_all(pound, CLIENTS, kind) == learned


@pytest.mark.parametrize("kind", ["cookie", "header"])
def test_all_machines_know_a_learned_session(real, kind):
    first, second = real.start(), real.start()
    learned = {client: ask(first, kind, 1000 + client, f"X-Learn: name{2000 + client}")
               for client in CLIENTS}
    wait_until(lambda: len(real.values_in_store()) == 2 * len(CLIENTS), "all to be written")
    for client, name in learned.items():
        assert ask(second, kind, 2000 + client) == name


def test_workers_of_one_machine_ask_once(real):
    """What one worker has learned, the others find in the table of the machine."""
    pound = real.start(workers=2)
    for _ in range(8):
        ask_all(pound, CLIENTS)
    with real.store.client() as client:
        calls = client.calls()
    assert (calls["get"], calls["set"]) == (len(CLIENTS), len(CLIENTS))


def test_a_machine_that_starts_later_knows_all(real):
    learned = ask_all(real.start(), CLIENTS)
    assert ask_all(real.start(), CLIENTS) == learned


def test_machines_with_other_secrets_or_prefixes_share_nothing(real):
    first = real.start()
    others = [real.start(secrets=("second",)), real.start(store="Prefix: mine"),
              real.start(store="Database: 7")]
    for pound in (first, *others):
        ask_all(pound, CLIENTS)
    for database, count in ((0, 3), (7, 1)):
        with real.store.client(database=database) as client:
            keys = client.ask("KEYS", "*")
        assert len(keys) == count * len(CLIENTS)
        assert sum(key.startswith("mine:") for key in keys) == (24 if database == 0 else 0)


@pytest.mark.parametrize("kind", ["cookie", "waits"])
def test_more_sessions_than_a_machine_has_room_for(site, real, kind):
    """The store knows those that its table has lost."""
    pound = real.start(sessions=1024)
    client = site.client(pound.port)

    def serve(number):
        return client.ask("GET", f"/{kind}/", f"Cookie: sid=many{number}").body.decode()

    learned = [serve(number) for number in range(7000)]
    assert [serve(number) for number in range(7000)] == learned
    with real.store.client() as asked:
        assert asked.calls()["get"] > 7000 + 2000
    wait_until(lambda: sorted(real.values_in_store().values()) == sorted(map(real.at, learned)),
               "all sessions, each with its backend")


def test_the_store_forgets_with_the_ttl(real):
    pound = real.start(ttl=2)
    ask_all(pound, CLIENTS)
    assert len(real.values_in_store()) == len(CLIENTS)
    wait_until(lambda: not real.values_in_store(), "an empty store")


# --- two that bind at once ------------------------------------------------------------------------
def test_machines_that_bind_at_once_agree(site, real):
    pounds = [real.start(workers=2) for _ in range(2)]
    clients = [site.client(pound.port) for pound in pounds for _ in range(3)]
    answers = set()
    for number in range(300):
        for client in clients:
            client.send(request("GET", f"/url/?sid=race{number}"))
        names = {client.read_response().body for client in clients}
        assert len(names) == 1, f"session {number} has two backends"
        answers |= names
    assert len(answers) == 2
    assert len(real.values_in_store()) == 300


# --- backends that go -----------------------------------------------------------------------------
def test_a_session_moves_once_when_its_backend_dies(real):
    pounds = [real.start() for _ in range(2)]
    for pound in pounds:
        ask_all(pound, CLIENTS)
    real.backends["one"].refuse()
    real.backends["one"].disconnect()
    for pound in pounds:
        assert set(ask_all(pound, CLIENTS).values()) == {"two"}
    wait_until(lambda: set(real.values_in_store().values()) == {real.at("two")}, "all at two")
    real.backends["one"].open()
    for pound in pounds:
        pound.wait_log("backend one .* is live again")
        assert set(ask_all(pound, CLIENTS).values()) == {"two"}
    assert set(ask_all(real.start(), CLIENTS).values()) == {"two"}


def test_a_backend_that_only_one_machine_cannot_reach(real):
    """That machine moves what it is asked for; the other one follows only then."""
    first, second = real.start(), real.start()
    learned = ask_all(second, CLIENTS)
    assert "is disabled" in control(first, "disable one")
    moved = [client for client in CLIENTS if learned[client] == "one"][:3]
    assert set(ask_all(first, moved).values()) == {"two"}
    stays = [client for client in CLIENTS if client not in moved]
    assert ask_all(second, stays) == {client: learned[client] for client in stays}
    assert set(ask_all(real.start(), moved).values()) == {"two"}


def test_a_backend_that_has_left_the_service(real):
    first = real.start()
    ask_all(first, CLIENTS)
    second = real.start(backends="*two")
    assert set(ask_all(second, CLIENTS).values()) == {"two"}
    wait_until(lambda: set(real.values_in_store().values()) == {real.at("two")}, "all at two")


# --- secrets that change --------------------------------------------------------------------------
STEPS = [("old",), ("old", "new"), ("new", "old"), ("new",)]


def test_no_session_is_lost_while_the_secret_changes(real):
    """One machine goes ahead by one step. After each step, a third one starts with
    nothing but the store."""
    ahead, behind = real.start(secrets=STEPS[0]), real.start(secrets=STEPS[0])
    learned = ask_all(ahead, CLIENTS)
    for number, step in enumerate(STEPS[1:], 1):
        for pound in (ahead, behind):
            pound.reload(**real.values(secrets=step))
            more = range(100 * number, 100 * number + 8)
            if pound is ahead:
                learned.update(ask_all(pound, more))
            else:
                learned.update({1000 + c: ask(pound, "cookie", 1000 + c) for c in more})
            for machine in (ahead, behind, real.start(secrets=step)):
                assert ask_all(machine, learned) == learned
    assert len(learned) == 24 + 3 * 16


# --- an operator ----------------------------------------------------------------------------------
def test_a_session_that_is_deleted_or_added_by_hand(real):
    first, second = [real.start(ttl=4) for _ in range(2)]
    name = ask(first)
    assert ask(second) == name
    service = f"127.0.0.1:{first.port}/6"
    assert control(first, f"session add {service} name1 {other(name)}").startswith("the session is")
    wait_until(lambda: list(real.values_in_store().values()) == [real.at(other(name))],
               "the store to know")
    wait_until(lambda: ask(second) == other(name), "the other machine to follow")
    assert control(first, f"session delete {service} name1") == "the session is deleted\n"
    wait_until(lambda: set(real.values_in_store().values()) == {"-"}, "the store to forget")
    with real.store.client() as client:
        (key,) = client.ask("KEYS", "*")
        assert 0 < client.ask("PTTL", key) <= 4000
    wait_until(lambda: real.at(ask(second)) in real.values_in_store().values(),
               "the session to be bound anew")


def test_a_session_that_is_added_before_its_client_comes(real):
    first, second = real.start(workers=2), real.start(workers=2)
    for number, name in enumerate(NAMES * 4):
        control(first, f"session add 127.0.0.1:{first.port}/6 name{number} {name}")
    wait_until(lambda: len(real.values_in_store()) == 8, "the store to know")
    assert ask_all(second, range(8)) == dict(enumerate(NAMES * 4))
