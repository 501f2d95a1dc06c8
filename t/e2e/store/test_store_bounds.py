"""What waits for the store is bounded, and leaves nothing behind: clients, workers, reloads."""

import itertools
import os
import signal

import pytest

from harness import Closed, get, request, wait_until
from harness.flood import BLOCK, MIB, Sender, bounded_memory
from harness.http2 import Http2
from harness.http2_frames import headers
from harness.status import read_status
from machines import Machines, ask, ask_all, store_lines, wait_serves

CLIENTS = range(12)
MOST_UNANSWERED = 4096


@pytest.fixture(name="store")
def get_store(fake):
    return fake.store


# --- clients and workers that go ------------------------------------------------------------------
@pytest.mark.parametrize("command", ["GET", "SET"])
@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_while_it_waits(fake, store, site, command, leave):
    pound = fake.start()
    ask(pound, "cookie", 99)
    pound.wait_quiet()
    pound.expect_no_leaked_fd()
    held = []

    def hold(words):
        if words[0] == command and not held:
            store.pause()
            held.append(words)
    store.answer = hold
    client = site.client(pound.port)
    client.send(request("GET", "/cookie/", "Cookie: sid=name1"))
    wait_until(lambda: held, "the command")
    getattr(client, leave)()
    pound.wait_quiet()
    store.resume()
    assert ask_all(pound, CLIENTS) == ask_all(fake.start(), CLIENTS)


def test_streams_that_are_reset_while_they_wait(fake, store):
    pound = fake.start()
    store.pause()
    with Http2(pound.port) as connection:
        for number in range(50):
            connection.request("GET", f"/url/?sid=gone{number}")
        store.wait_commands("GET", 50)
    pound.wait_quiet()
    store.resume()
    assert ask_all(pound, CLIENTS) == ask_all(fake.start(), CLIENTS)


def test_a_worker_that_is_killed_while_it_waits(fake, store, site):
    pound = fake.start()
    worker = pound.wait_workers()[0]
    pound.wait_grown_up(worker)
    store.pause()
    client = site.client(pound.port)
    client.send(request("GET", "/cookie/", "Cookie: sid=name1"))
    store.wait_commands("GET")
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(Closed):
        client.read_response()
    store.resume()
    pound.wait_workers(gone=[worker])
    store.wait_commands("ROLE", 2)
    assert ask_all(pound, CLIENTS) == ask_all(fake.start(), CLIENTS)
    for backend in read_status(pound).all("backend"):
        assert backend["in_flight"] == 0


def test_a_request_with_a_body_waits(fake, store, site):
    """The rest of the body comes while the store is asked."""
    pound = fake.start()
    store.pause()
    client = site.client(pound.port)
    client.send(request("POST", "/cookie/", "Cookie: sid=name1", f"Content-Length: {8 * MIB}"))
    sender = Sender(client, 8 * MIB)
    store.wait_commands("GET")
    sender.wait_stuck()
    store.resume()
    name = client.read_response("POST").body.decode()
    received = fake.backends[name].requests[-1]
    assert received.body == BLOCK * 8


def test_pipelined_requests_wait_in_their_order(fake, store, site):
    pound = fake.start()
    store.pause()
    client = site.client(pound.port)
    client.send(b"".join(request("GET", "/cookie/", f"Cookie: sid=p{n}", f"X-Learn: p{n}")
                         for n in range(5)))
    store.wait_commands("GET")
    store.resume()
    for number in range(5):
        assert client.read_response().field("X-Session") == f"p{number}"


# --- many at once ---------------------------------------------------------------------------------
def ask_many(connections, first, each=100):
    """Unknown sessions on all connections at once; returns the number of responses 200."""
    asked = []
    for number, connection in enumerate(connections):
        streams = [connection.next_stream() for _ in range(each)]
        asked.append((connection, streams, b"".join(
            headers(stream, connection.block("GET", f"/url/?sid=m{first}x{number}x{stream}"))
            for stream in streams)))
    for connection, _, data in asked:
        connection.send(data)
    return sum(connection.response(stream).status == 200
               for connection, streams, _ in asked for stream in streams)


def test_no_more_than_4096_commands_are_unanswered(fake, store, site, demo):
    """The store reads all and answers nothing. Each round ends when the requests have waited."""
    fake.ports = {name: demo(name) for name in fake.ports}
    pound = fake.start(store="TimeOut: 3000")
    connections = [site.add_client(Http2(pound.port)) for _ in range(60)]

    def flood(number):
        before = len(store.of("GET"))
        store.pause()
        assert ask_many(connections, number) == 6000
        assert len(store.of("GET")) - before == MOST_UNANSWERED
        store.resume()
        asked = len(store.of("GET"))
        more = itertools.count(1000 * number)
        wait_until(lambda: ask(pound, "cookie", next(more)) and len(store.of("GET")) > asked,
                   "the store to be asked again")

    flood(0)
    with bounded_memory(pound):
        flood(1)
    assert ask_all(pound, CLIENTS) == ask_all(fake.start(), CLIENTS)


# --- reloads --------------------------------------------------------------------------------------
def test_a_reload_adds_and_removes_the_store(real):
    """The table of the machine stays, whatever the store is."""
    def connections():
        with real.store.client() as client:
            return len(client.ask("CLIENT", "LIST").splitlines()) - 1

    pound = real.prepare(store=None, ttl=8).start()
    learned = ask_all(pound, CLIENTS)
    assert real.values_in_store() == {}
    pound.reload(**real.values(ttl=8))
    wait_serves(pound)
    wait_until(lambda: ask_all(pound, CLIENTS) == learned
               and len(real.values_in_store()) == len(CLIENTS), "the sessions to be written")
    assert ask_all(real.start(ttl=8), CLIENTS) == learned
    pound.reload(**real.values(store=None, ttl=8))
    with real.store.client() as client:
        client.ask("FLUSHALL")
    assert ask_all(pound, CLIENTS) == learned
    ask_all(pound, range(50, 60))
    pound.wait_quiet()
    assert real.values_in_store() == {}
    wait_until(lambda: connections() == 1, "only the other machine to be connected")


def test_a_reload_changes_the_store(site, fake):
    other = Machines(site, site.add_backend(type(fake.store)()))
    pound = fake.start(ttl=8)
    learned = ask_all(pound, CLIENTS)
    pound.reload(**fake.values(store=f"Port: {other.store.port}", ttl=8))
    wait_until(lambda: ask_all(pound, CLIENTS) == learned
               and len(other.store.data) == len(CLIENTS), "the sessions at the new store")
    assert store_lines(pound)[-1] == f"session store 127.0.0.1:{other.store.port} serves"
    assert other.store.data == fake.store.data


def test_requests_that_wait_survive_a_reload(fake, store, site):
    pound = fake.start()
    store.pause()
    client = site.client(pound.port)
    client.send(request("GET", "/cookie/", "Cookie: sid=name1"))
    store.wait_commands("GET")
    pound.reload()
    store.resume()
    name = client.read_response().body.decode()
    assert list(store.data.values()) == [fake.at(name)]
    assert get(pound.port, "/cookie/", "Cookie: sid=name1").body.decode() == name
