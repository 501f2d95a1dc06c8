"""State that survives a reload: sessions, liveness, counters, tickets.

State belongs to the thing, not to its position: the tests reorder, add and remove backends and
services.
"""

import os
import random
import re
import threading

import pytest

from harness import (TIMEOUT, TlsClient, client_context, get, request, reserve_port, response,
                     wait_until)
from harness.config import plain_site

HEAVY = os.environ.get("POUND_HEAVY") == "1"
SESSIONS, RELOADS = (10000, 50) if HEAVY else (400, 8)

def config(ports, services, alive=60):
    """`services` is an ordered {name: backends}; `ports` gives the order of the backends."""
    return plain_site(
        f"Workers: 2; Alive: {alive}; MaxSessions: 262144",
        backends={name: f"Port: {port}" for name, port in ports.items()}, listener="Client: 60",
        services="".join(f'- URL: "^/{name}"\n'
                         "  Session: {Type: URL, ID: sid, TTL: 3600}\n"
                         f"  Backends: [{', '.join('*' + b for b in backends)}]\n"
                         for name, backends in services.items()))


def shuffled(items):
    items = list(items)
    random.shuffle(items)
    return items


class Sessions:
    """Many clients of one service; a word in the URL identifies each of them."""

    def __init__(self, site, demo, count):
        self.site = site
        self.all = {f"b{n}": demo(f"b{n}") for n in range(7)}
        self.live = [f"b{n}" for n in range(5)]
        self.pound = site.pound(self.text())
        self.at = {f"s{n}": None for n in range(count)}
        self.ask_all()

    def text(self):
        others = {f"other{n}": [random.choice(self.live)] for n in range(random.randrange(3))}
        services = {**others, "shop": shuffled(self.live)}
        return config({name: self.all[name] for name in shuffled(self.live)},
                      {name: services[name] for name in shuffled(services)})

    def ask_all(self):
        """Sends a request for each client; returns those that have moved to another backend."""
        client = self.site.client(self.pound.port)
        moved = {}
        for word, before in self.at.items():
            body = client.ask("GET", f"/shop?sid={word}").body.decode()
            self.at[word] = re.search(r"This is backend (\w+)", body)[1]
            if before is not None and before != self.at[word]:
                moved[word] = before
        client.close()
        return moved

    def change(self, step):
        """Adds or removes a backend, or changes the order; returns the removed names."""
        gone = set()
        if step % 3 == 0 and len(self.live) > 3:
            gone = {random.choice(self.live)}
            self.live = [name for name in self.live if name not in gone]
        elif step % 3 == 1:
            self.live += [random.choice([n for n in self.all if n not in self.live])]
        self.pound.reload(self.text())
        return gone


def test_only_sessions_of_removed_backends_move(site, demo):
    random.seed(20 + RELOADS)
    sessions = Sessions(site, demo, SESSIONS)
    assert set(sessions.at.values()) == set(sessions.live)
    for step in range(RELOADS):
        was = dict(sessions.at)
        gone = sessions.change(step)
        moved = sessions.ask_all()
        assert set(moved) == {word for word, name in was.items() if name in gone}
        assert set(sessions.at.values()) <= set(sessions.live)


def test_a_session_of_a_client_bound_to_an_old_worker(site, demo):
    """Both generations know the sessions that either one learns during the drain."""
    ports = {"b0": demo("b0"), "b1": demo("b1")}
    begun, go_on = threading.Semaphore(0), threading.Event()

    def script(connection):
        while head := connection.read_request_head():
            begun.release()
            assert go_on.wait(TIMEOUT)
            connection.read_body(head)
            connection.send(response(b"This is backend held."))

    ports["held"] = site.backend(script=script).port
    pound = site.pound(config(ports, {"shop": ["held", "b0", "b1"]}))
    clients = [site.client(pound.port) for _ in range(40)]
    for number, client in enumerate(clients):
        client.send(request("GET", f"/shop?sid=w{number}"))
    assert begun.acquire(timeout=TIMEOUT)
    pound.reload(config(ports, {"shop": ["b1", "b0", "held"]}))
    go_on.set()
    for number, client in enumerate(clients):
        there = client.read_response().body.split(b".")[0]
        assert get(pound.port, f"/shop?sid=w{number}").body.split(b".")[0] == there


def test_a_dead_backend_stays_dead_and_is_still_probed(site):
    """A reload alone does not make Pound send requests to a dead backend."""
    one, two = site.backend(lambda _: response(b"one")), site.backend(lambda _: response(b"two"))
    ports = {"one": one.port, "two": two.port}
    pound = site.pound(config(ports, {"shop": ["one", "two"]}))
    one.refuse()
    for number in range(20):
        assert get(pound.port, f"/shop?sid={number}").body == b"two"
    dead = pound.wait_log("dead")
    one.open()
    ports = {"two": two.port, "one": one.port}
    pound.reload(config(ports, {"shop": ["two", "one"]}))
    for number in range(20):
        assert get(pound.port, f"/shop?sid={number}").body == b"two"
    assert len(pound.wait_log("dead")) == len(dead), "Pound marked it dead again"
    pound.reload(config(ports, {"shop": ["two", "one"]}, alive=1))
    numbers = iter(range(100, 100000))
    wait_until(lambda: get(pound.port, f"/shop?sid={next(numbers)}").body == b"one",
               "a probe to succeed")


def test_a_backend_that_dies_in_one_generation_is_dead_in_both(site):
    """The verdict of the draining generation also holds for the new one."""
    held = site.backend(script=lambda connection: connection.read_until_close())
    ports = {"held": held.port, "one": site.backend(lambda _: response(b"one")).port}
    victim = site.backend(lambda _: response(b"victim"))
    ports["victim"] = victim.port
    services = {"hold": ["held"], "shop": ["one", "victim"]}
    pound = site.pound(config(ports, services))
    client = site.client(pound.port)
    client.send(request("GET", "/hold"))
    held.wait_connections(1)
    pound.reload()
    victim.refuse()
    for number in range(20):
        assert get(pound.port, f"/shop?sid={number}").body == b"one"
    assert len(pound.wait_log("victim.*dead|dead.*victim")) == 1
    pound.reload()
    for number in range(20, 40):
        assert get(pound.port, f"/shop?sid={number}").body == b"one"
    assert len(pound.wait_log("victim.*dead|dead.*victim")) == 1


def test_a_name_that_resolves_now(site):
    """A reload resolves names again. A backend without an address becomes live."""
    one = site.backend(lambda _: response(b"one"))
    text = config({"one": one.port}, {"shop": ["one"]})
    name = "    Address: no-such-name.invalid\n"
    unresolved = text.replace("    Address: 127.0.0.1\n", name, 1)
    pound = site.pound(unresolved)
    assert get(pound.port, "/shop").status == 503
    pound.reload(text)
    assert get(pound.port, "/shop").body == b"one"
    pound.reload(unresolved)
    assert get(pound.port, "/shop").status == 503
    pound.reload(text)
    assert get(pound.port, "/shop").body == b"one"


# --- tickets --------------------------------------------------------------------------------------

SECURE = """HTTPSListeners:
  - Address: 127.0.0.1
    Port: {port}
    Client: 60
    Certificates: {pem}
    Services:
      - Backends: [*one]
"""


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_tickets(site, certificates, version):
    """Tickets resume in later generations, but not with another certificate."""
    one = site.backend()
    port = reserve_port()
    pem = site.directory / "site.pem"
    pem.write_bytes(certificates["ec"].pem.read_bytes())
    text = config({"one": one.port}, {"shop": ["one"]}) + SECURE.format(port=port, pem=pem)
    pound = site.pound(text)
    context = client_context(version)

    def ask(session=None):
        with TlsClient(port, context=context, session=session) as client:
            assert client.ask().status == 200
            return client.tls.session, client.tls.session_reused

    session, _ = ask()
    for _ in range(3):
        pound.reload()
        _, resumed = ask(session)
        assert resumed
    pem.write_bytes(certificates["rsa"].pem.read_bytes())
    pound.reload()
    _, resumed = ask(session)
    assert not resumed


def test_many_reloads_with_sessions_in_the_old_generation_only(site, demo):
    """Pound forgets no session while no request uses it."""
    sessions = Sessions(site, demo, 50)
    for _ in range(5):
        sessions.pound.reload(sessions.text())
    assert sessions.ask_all() == {}
