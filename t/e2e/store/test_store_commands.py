"""What Pound says to the session store, word for word."""

import re

import pytest

from harness import get, wait_until
from harness.http2 import Http2
from machines import KEY, KINDS, ask, store_lines


@pytest.fixture(name="store")
def get_store(fake):
    return fake.store


@pytest.fixture(name="pound")
def start_pound(fake):
    return fake.start()


def other(name):
    return "two" if name == "one" else "one"


# --- sessions from requests -----------------------------------------------------------------------
@pytest.mark.parametrize("kind", [*KINDS, "masked"])
def test_an_unknown_session_is_one_question_and_one_binding(fake, store, pound, kind):
    name = ask(pound, kind)
    look_up, binding = store.take()
    key = look_up[1]
    assert KEY.fullmatch(key)
    assert look_up == ["GET", key]
    assert binding == ["SET", key, fake.at(name), "PX", "300000", "NX"]
    for _ in range(3):
        assert ask(pound, kind) == name
    pound.wait_quiet()
    assert store.take() == []
    for text in (b"name1", b"user1", b"127.0.5.2", b"/" + kind.encode()):
        assert text not in store.bytes_received


@pytest.mark.parametrize("kind", KINDS)
def test_the_session_of_another_machine_is_taken_over(fake, store, pound, kind):
    name = ask(pound, kind)
    key = store.take()[0][1]
    for number, move in enumerate((name, other(name)), 1):
        store.data[key] = fake.at(move)
        second = fake.start()
        assert ask(second, kind) == move
        store.wait_commands("PEXPIRE", number)
        assert store.take() == [["GET", key], ["PEXPIRE", key, "300000"]]
        assert ask(second, kind) == move
        second.wait_quiet()
        assert store.take() == []


def test_each_client_and_each_service_has_a_key(fake, store, pound):
    for kind in (*KINDS, "other"):
        for client in (1, 2):
            ask(pound, kind, client)
    keys = [words[1] for words in store.take() if words[0] == "GET"]
    assert len(keys) == len(set(keys)) == 14
    second = fake.start(secrets=("another",))
    ask(second)
    assert store.take()[0][1] not in keys


def test_clients_of_one_network_are_one(store, pound):
    name = get(pound.port, "/masked/", source="127.0.7.1").body
    assert len(store.take()) == 2
    assert get(pound.port, "/masked/", source="127.0.7.200").body == name
    pound.wait_quiet()
    assert store.take() == []


@pytest.mark.parametrize("target, field", [
    ("/cookie/", "Cookie: a=1"), ("/url/?a=1", "X: 1"), ("/parm/", "X: 1"), ("/header/", "X: 1"),
    ("/basic/", "Authorization: Bearer x"), ("/insert/", "Cookie: PSRV=00"),
    ("/never/", "Cookie: sid=name1"), ("/none/", "Cookie: sid=name1")])
def test_a_request_without_a_session_sends_nothing(store, pound, target, field):
    for _ in range(4):
        assert get(pound.port, target, field).status == 200
    pound.wait_quiet()
    assert store.take() == []


def test_streams_of_http2(fake, store, pound):
    """All unknown sessions of a connection are asked for before the first answer is here."""
    store.pause()
    with Http2(pound.port) as connection:
        streams = [connection.request("GET", f"/url/?sid=h{number}") for number in range(20)]
        assert len(store.wait_commands("GET", 20)) == 20
        assert store.of("SET") == []
        store.resume()
        bodies = [connection.response(stream).body.decode() for stream in streams]
    bindings = store.wait_commands("SET", 20)
    assert [one.words[2] for one in bindings] == [fake.at(name) for name in bodies]
    assert len(store.take()) == 40


# --- two machines at once -------------------------------------------------------------------------
def test_another_machine_binds_it_first(fake, store, pound):
    """The answer to SET … NX is nil. The binding that is there counts."""
    def be_faster(words):
        if words[0] == "SET":
            chosen = next(name for name in fake.ports if fake.at(name) == words[2])
            store.data[words[1]] = fake.at(other(chosen))
            moved.append(other(chosen))
    moved = []
    store.answer = be_faster
    for client in range(8):
        assert ask(pound, "cookie", client) == moved[-1]
        key = store.commands[-1].words[1]
        assert [words[:2] for words in store.take()] == [["GET", key], ["SET", key], ["GET", key]]
    for client in range(8):
        assert ask(pound, "cookie", client) == moved[client]
    assert store.take() == []


def test_a_session_that_an_operator_deleted_is_none(fake, store, pound):
    ask(pound)
    key = store.take()[0][1]
    store.data[key] = "-"
    second = fake.start()
    name = ask(second)
    assert store.data[key] == fake.at(name)
    assert store.take() == [["GET", key], ["SET", key, fake.at(name), "PX", "300000"]]


@pytest.mark.parametrize("value", ["127.0.0.1:1", "", "?", "one", "\xff\0\r\n", "x" * 30000])
def test_a_value_that_names_no_backend_is_replaced(fake, store, pound, value):
    ask(pound)
    key = store.take()[0][1]
    store.data[key] = value
    second = fake.start()
    name = ask(second)
    wait_until(lambda: store.data[key] == fake.at(name), "a value that is right")
    assert store_lines(second) == [f"session store 127.0.0.1:{store.port} serves"]


# --- sessions from responses ----------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["cookie", "header"])
def test_a_learned_session_is_written(fake, store, pound, kind):
    name = get(pound.port, f"/{kind}/", "X-Learn: name7").body.decode()
    store.wait_commands("SET")
    (written,) = store.take()
    key = written[1]
    assert written == ["SET", key, fake.at(name), "PX", "300000"]
    assert ask(pound, kind, 7) == name
    pound.wait_quiet()
    assert store.take() == []
    assert ask(fake.start(), kind, 7) == name
    assert store.take()[0] == ["GET", key]


def test_an_unconfirmed_session_is_marked_until_a_backend_answers(fake, store, pound):
    """With `Queue: {Known: first}`, a stranger on one machine is no known client on the other."""
    name = ask(pound, "waits")
    store.wait_commands("SET", 2)
    key = store.commands[-1].words[1]
    assert store.take() == [
        ["GET", key], ["SET", key, "?" + fake.at(name), "PX", "300000", "NX"],
        ["SET", key, fake.at(name), "PX", "300000"]]
    assert ask(pound, "waits") == name
    pound.wait_quiet()
    assert store.take() == []
    store.data[key] = "?" + fake.at(name)
    assert ask(fake.start(), "waits") == name
    wait_until(lambda: store.data[key] == fake.at(name), "the session to be confirmed")


# --- refreshes ------------------------------------------------------------------------------------
class Busy:
    """A client that asks again and again until something happens."""

    def __init__(self, pound):
        self.pound = pound
        self.names = [ask(pound)]

    def until(self, condition, what):
        wait_until(lambda: self.names.append(ask(self.pound)) or condition(), what)


@pytest.fixture(name="busy")
def make_busy(fake):
    return Busy(fake.start(ttl=8))


def test_a_session_in_use_is_refreshed_each_quarter_of_its_ttl(fake, store, busy):
    busy.until(lambda: len(store.of("PEXPIRE")) == 2, "two refreshes")
    name = busy.names[0]
    assert set(busy.names) == {name} and len(busy.names) > 20
    key = store.commands[-1].words[1]
    refresh = [["GET", key], ["PEXPIRE", key, "8000"]]
    assert store.take() == [["GET", key], ["SET", key, fake.at(name), "PX", "8000", "NX"],
                            *refresh, *refresh]
    times = [one.time for one in (store.of("SET") + store.of("PEXPIRE"))]
    for before, after in zip(times, times[1:]):
        assert after - before > 1.9  # seconds; the two may have come in different turns


def test_an_idle_session_is_not_refreshed(fake, store, busy):
    """Only requests refresh. A second client shows that time has passed."""
    del fake
    key = store.take()[0][1]
    wait_until(lambda: ask(busy.pound, "cookie", 2) and len(store.of("PEXPIRE")) == 2, "refreshes")
    assert key not in {one.words[1] for one in store.of("PEXPIRE")}


def test_a_refresh_follows_a_session_that_has_moved(fake, store, busy):
    name = busy.names[0]
    key = store.take()[0][1]
    store.data[key] = fake.at(other(name))
    busy.until(lambda: busy.names[-1] == other(name), "the session to move")
    assert store.of("SET") == store.of("SET")[:1]  # nothing was written


def test_a_refresh_writes_a_session_that_the_store_has_lost(fake, store, busy):
    key = store.take()[0][1]
    store.data.clear()
    busy.until(lambda: key in store.data, "the session to be written again")
    assert store.data == {key: fake.at(busy.names[0])} and set(busy.names) == {busy.names[0]}
    assert store.of("SET")[-1].words == [
        "SET", key, fake.at(busy.names[0]), "PX", "8000", "NX"]


def test_a_refresh_forgets_a_session_that_an_operator_deleted(fake, store, busy):
    key = store.take()[0][1]
    store.data[key] = "-"
    busy.until(lambda: store.data[key] != "-", "the session to be bound anew")
    assert store.data[key] == fake.at(busy.names[-1])
    assert re.fullmatch(r"SET \S+ \S+ PX 8000", repr(store.of("SET")[-1]))
