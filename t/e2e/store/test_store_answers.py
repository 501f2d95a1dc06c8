"""A store that answers wrongly, late, in pieces or not at all costs no request."""

import itertools
import re

import pytest

from harness import wait_until
from harness.flood import bounded_memory
from harness.resp import error, reply
from load import start_load
from machines import ask, ask_all, store_lines, wait_serves

CLIENTS, LATER = range(8), range(90000, 90008)

GARBAGE = {
    "garbage": b"\x00\xff\x16\x03\x01garbage\r\n",
    "empty": b"\r\n",
    "a bulk string beyond 64 bits": b"$99999999999999999999\r\n",
    "a negative length": b"$-7\r\n",
    "a list that is too long": b"*1000000\r\n",
    "a list of lists of lists": b"*1\r\n" * 40 + b":1\r\n",
    "an integer beyond 64 bits": b":99999999999999999999999\r\n",
    "no end": b"+" + b"x" * 200000,
    "no length": b"$\r\n\r\n",
    "http": b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n",
    "two answers": reply(None) + reply(None) + reply("surplus"),
}
# What is RESP, but no answer to the command. The connection goes on.
STRANGE = {
    "a number": reply(7), "a status": b"+OK\r\n", "an empty list": reply([]),
    "a list": reply(["one", None, 3, ["two"]]), "an empty string": reply(""),
    "no backend": reply("192.0.2.1:80"), "a large string": reply("x" * 60000),
    "oom": error("OOM command not allowed when used memory > 'maxmemory'."),
    "noperm": error("NOPERM this user has no permissions to access one of the keys"),
    "a string without its end": b"$3\r\nabcde", "unknown": error("ERR unknown command"),
    "control": error("ERR \x1b[31m\x00\x07 red"),
    "misconf": error("MISCONF Redis is configured to save RDB snapshots"),
    "clusterdown": error("CLUSTERDOWN The cluster is down"),
}
GONE = {
    "loading": error("LOADING Redis is loading the dataset in memory"),
    "readonly": error("READONLY You can't write against a read only replica."),
    "noauth": error("NOAUTH Authentication required."),
    "masterdown": error("MASTERDOWN Link with MASTER is down"),
    "moved": error("MOVED 3999 127.0.0.1:6381"),
}
BRIEF = {name: GARBAGE[name] for name in ("garbage", "a list that is too long", "two answers")}
GREETINGS = {**BRIEF, **GONE, "a number": reply(7), "a status": b"+OK\r\n", "nil": reply(None)}
del GREETINGS["two answers"]


@pytest.fixture(name="store")
def get_store(fake):
    return fake.store


def states(pound):
    """What the log says of the store, without its name and the reason."""
    return [re.sub(r"^session store \S+ (is )?(\w+).*", r"\2", line) for line in store_lines(pound)]


def recovers(fake, pound, count=None):
    """Shows that the store is used again: another machine finds what this one binds."""
    fake.store.answer = lambda words: None
    if count:
        wait_serves(pound, count)
    assert ask_all(pound, LATER) == ask_all(fake.start(), LATER)


# --- in place of an answer to a command -----------------------------------------------------------
def wrong_answer(store, command, answer):
    store.answer = lambda words: answer if words[0] == command else None


@pytest.mark.parametrize("command, answers", [
    ("GET", {**GARBAGE, **GONE}), ("SET", {**BRIEF, **GONE})], ids=["GET", "SET"])
def test_answers_that_end_the_connection(fake, store, command, answers):
    """The sessions of the machine stay, and the next connection is used like the first."""
    pound = fake.start()
    for number, (name, answer) in enumerate(answers.items()):
        wrong_answer(store, command, answer)
        before = len(store.connections)
        clients = range(100 * number, 100 * number + 4)
        learned = ask_all(pound, clients)
        wait_until(lambda: len(store.connections) > before,  # pylint: disable=cell-var-from-loop
                   f"a new connection after: {name}")
        assert ask_all(pound, clients) == learned, name
        store.answer = lambda words: None
        store.data.clear()
        more = itertools.count(clients[-1] + 1)
        wait_until(lambda: ask(pound, "cookie", next(more))  # pylint: disable=cell-var-from-loop
                   and store.data, f"the store to be used after: {name}")
    recovers(fake, pound)
    assert len(states(pound)) <= 8, states(pound)  # not two lines for each answer


@pytest.mark.parametrize("command", ["GET", "SET"])
def test_strange_answers(fake, store, command):
    pound = fake.start()
    for number, (name, answer) in enumerate(STRANGE.items()):
        wrong_answer(store, command, answer)
        clients = range(100 * number, 100 * number + 4)
        learned = ask_all(pound, clients)
        assert ask_all(pound, clients) == learned, name
        assert len(store.connections) == 1, f"the connection was given up after: {name}"
    recovers(fake, pound)
    assert set(states(pound)) <= {"serves", "refuses"} and len(states(pound)) <= 4


def test_wrong_answers_to_the_greeting(fake, store):
    """A line now and then tells the reason; it serves with the first right answer."""
    store.answer = lambda words: b"garbage\r\n"
    pound = fake.prepare().start()
    learned = ask_all(pound, CLIENTS)
    for name, answer in GREETINGS.items():
        store.answer = lambda words, a=answer: a
        before = len(store.connections)
        wait_until(lambda: len(store.connections) > before,  # pylint: disable=cell-var-from-loop
                   f"a new connection after: {name}")
        assert ask_all(pound, CLIENTS) == learned
    assert set(states(pound)) == {"down"} and len(states(pound)) <= 4, store_lines(pound)
    recovers(fake, pound, 1)
    assert states(pound)[-1] == "serves"


@pytest.mark.parametrize("command", ["GET", "SET"])
def test_an_answer_without_its_end(fake, store, command):
    """It may have 64 KiB, so Pound waits for the rest as for any answer."""
    pound = fake.start(store="TimeOut: 500")
    wrong_answer(store, command, b"$60000\r\n")
    learned = ask_all(pound, CLIENTS)
    wait_until(lambda: len(store.connections) > 1, "another connection")
    assert ask_all(pound, CLIENTS) == learned
    recovers(fake, pound, 2)
    assert states(pound) == ["serves", "late", "serves"]


def test_a_store_that_closes_instead_of_an_answer(fake, store):
    def close(words):
        if words[0] == "GET":
            store.disconnect()
    pound = fake.start()
    store.answer = close
    learned = ask_all(pound, CLIENTS)
    pound.wait_log("session store .* is down: ")
    assert ask_all(pound, CLIENTS) == learned
    recovers(fake, pound, 2)


def test_control_bytes_of_an_error_are_escaped(fake, store):
    store.answer = lambda words: error("ERR \x1b]0;title\x07\x01") if words[0] == "SET" else None
    pound = fake.start()
    ask_all(pound, CLIENTS)
    line = pound.wait_log("session store .* refuses: ")[0]
    assert line.isprintable()


# --- slow and in pieces ---------------------------------------------------------------------------
def test_answers_byte_by_byte(fake, store):
    store.piece = 1
    first, second = fake.start(), fake.start()
    assert ask_all(second, CLIENTS) == ask_all(first, CLIENTS)
    assert len(store.data) == len(CLIENTS)


def test_a_slow_store_is_late(fake, store):
    """Three times as slow as TimeOut: it is asked for what it answers in time only."""
    pound = fake.start(store="TimeOut: 500")
    load = start_load(fake, pound)
    store.delay = 1.5
    pound.wait_log("session store .* is late: it has not answered within 500 ms; ")
    asked = len(store.of("GET"))
    load.wait_rounds(20)
    assert len(store.of("GET")) - asked < 20  # refreshes of known clients may be among them
    store.delay = 0
    wait_serves(pound, 2)
    load.wait_rounds()
    load.stop()
    assert load.moves == 0
    title = f"session store 127.0.0.1:{store.port} "
    assert store_lines(pound) == [
        title + "serves", title + "is late: it has not answered within 500 ms; this machine keeps "
        "its sessions alone until it is faster", title + "serves"]


def test_the_two_waits_have_one_time_out(fake, store):
    """The answer to GET takes most of TimeOut, and the one to SET may take only the rest."""
    pound = fake.start(store="TimeOut: 2000")
    store.delay = 1.5
    ask(pound)
    record = pound.wait_records(1)[0]
    assert 1950 <= int(record["ms"]) < 2900
    assert [words[0] for words in store.take()] == ["GET", "SET"]


def test_a_store_that_is_silent_is_given_up(fake, store):
    pound = fake.start(store="TimeOut: 500")
    store.pause()
    learned = ask_all(pound, CLIENTS)
    wait_until(lambda: len(store.connections) > 1, "another connection")
    assert ask_all(pound, CLIENTS) == learned
    store.resume()
    recovers(fake, pound, 2)
    assert states(pound) == ["serves", "late", "serves"]


def test_answers_that_come_too_late_change_nothing(fake, store):
    """They belong to requests that have gone on; later ones get their own answers."""
    pound = fake.start(store="TimeOut: 500")
    store.pause()
    learned = ask_all(pound, CLIENTS)
    store.resume()
    wait_serves(pound, 2)
    assert ask_all(pound, CLIENTS) == learned
    store.take()
    fresh = {client: ask(pound, "cookie", client) for client in range(100, 120)}
    keys = [words[1] for words in store.take() if words[0] == "SET"]
    assert [store.data[key] for key in keys] == [fake.at(name) for name in fresh.values()]


def test_garbage_for_long(fake, store):
    """The log is not filled, and the memory does not grow."""
    pound = fake.start(workers=2)
    load = start_load(fake, pound)
    load.wait_rounds(4)
    with bounded_memory(pound):
        store.answer = lambda words: (b"$60000\r\n" + b"x" * 70000 if words[0] in ("GET", "SET")
                                      else None)
        wait_until(lambda: len(store.connections) >= 8, "four connections of each worker")
        load.wait_rounds()
    assert len(store_lines(pound)) <= 3, store_lines(pound)
    store.answer = lambda words: None
    seen = len(store.data)
    wait_until(lambda: len(store.data) > seen + 50, "the store to be used again")
    load.stop()
    assert load.moves == 0
