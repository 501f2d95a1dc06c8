"""Workers that die while sessions are in use, and backends that flap: no session is lost.

POUND_HEAVY=1 runs the long tests at full length. Without it they find only gross faults.
"""

import os
import random
import re
import signal
import threading
import time

import pytest

from harness import TIMEOUT, Client, Closed, get, proc, request, response, scaled, wait_until
from harness.config import plain_site

HEAVY = os.environ.get("POUND_HEAVY") == "1"

CONFIG = plain_site(
    "Workers: 4; Alive: 1",
    backends={"one": "TimeOut: 600", "two": "TimeOut: 600", "three": "TimeOut: 600"},
    listener="Client: 600", services="""
    - URL: "^/url/"
      Session: {Type: URL, ID: sid, TTL: 600}
      Backends: [*one, *two, *three]
    - URL: "^/cookie/"
      Session: {Type: COOKIE, ID: sid, TTL: 600}
      Backends: [*one, *two, *three]
    - Backends: [*three]
""")
NAMES = ("one", "two", "three")


# --- sessions -------------------------------------------------------------------------------------
BATCH = 50  # pipelined requests on one connection


def target_of(kind, number):
    return f"/{kind}/{number}" + (f"?sid=s{number}" if kind == "url" else "")


def ask_batch(client, kind, numbers):
    """{number: name of the backend}; the demo backends send their names and the request line."""
    client.send(b"".join(request("GET", target_of(kind, n), f"Cookie: sid=s{n}")
                         for n in numbers))
    names = {}
    for number in numbers:
        got = client.read_response()
        match = re.match(rb"This is backend (\w+)\.\nGET (\S+)\n", got.body)
        assert match and match[2].decode() == target_of(kind, number), (number, got)
        names[number] = match[1].decode()
    return names


class Crowd:
    """Clients on separate connections that use all sessions again and again."""

    def __init__(self, pound, kind, learned, clients):
        self.pound, self.kind, self.learned = pound, kind, learned
        self.stop = threading.Event()
        self.asked = 0
        self.moved, self.hurt, self.unexpected = [], [], []
        self.threads = [threading.Thread(target=self.run, args=(n,), daemon=True)
                        for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self, seed):
        choice = random.Random(seed)
        batches = [range(at, at + BATCH) for at in range(0, len(self.learned), BATCH)]
        while not self.stop.is_set():
            owner = None
            try:
                with Client(self.pound.port) as client:
                    owner = proc.owner_of_connection(self.pound.workers(), self.pound.port,
                                                     client.local_port)
                    while not self.stop.is_set():
                        got = ask_batch(client, self.kind, choice.choice(batches))
                        self.moved += [n for n in got if got[n] != self.learned[n]]
                        self.asked += len(got)
            except (Closed, ConnectionError):
                self.hurt.append(owner)
            except Exception as error:  # pylint: disable=broad-except
                self.unexpected.append(error)
                return

    def wait_more(self, count):
        seen = self.asked
        wait_until(lambda: self.asked > seen + count or self.unexpected, "further responses")

    def finish(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(TIMEOUT)
            assert not thread.is_alive(), "a client hangs"
        assert not self.unexpected, self.unexpected


@pytest.mark.parametrize("kind", ["cookie", "url"])
def test_ten_thousand_sessions_outlive_all_workers(site, demo, kind):
    """No session moves while workers die one after another under load."""
    pound = site.pound(CONFIG, **{name: demo(name) for name in NAMES})
    first = pound.workers()
    learned = {}
    for at in range(0, 10000, BATCH * 10):
        with Client(pound.port) as client:  # several connections, several workers
            for start in range(at, at + BATCH * 10, BATCH):
                learned.update(ask_batch(client, kind, range(start, start + BATCH)))
    assert len(learned) == 10000
    for name in NAMES:
        assert 3000 < list(learned.values()).count(name) < 3700

    crowd = Crowd(pound, kind, learned, 8)
    killed = []
    for victim in first:
        crowd.wait_more(500)
        killed.append(pound.kill_worker(victim))
    crowd.wait_more(500)
    crowd.finish()
    assert not set(pound.workers()) & set(first)
    assert crowd.moved == []
    # Only clients of killed workers had to reconnect. For a client in an accept queue the worker
    # is unknown (None).
    assert all(owner in (*killed, None) for owner in crowd.hurt), (crowd.hurt, killed)
    assert len(crowd.hurt) <= 4 * 8

    with Client(pound.port) as client:
        now = {}
        for start in range(0, 10000, BATCH):
            now.update(ask_batch(client, kind, range(start, start + BATCH)))
    assert [n for n in learned if now[n] != learned[n]] == []
    assert " is dead: " not in pound.log()


def test_a_worker_killed_again_and_again_in_the_middle_of_its_sessions(site, demo):
    """All four workers die at once while clients use old sessions and create new ones."""
    pound = site.pound(CONFIG, **{name: demo(name) for name in NAMES})
    with Client(pound.port) as client:
        learned = {}
        for start in range(0, 1000, BATCH):
            learned.update(ask_batch(client, "cookie", range(start, start + BATCH)))
    crowd = Crowd(pound, "cookie", learned, 8)
    stop = threading.Event()

    def begin_new_ones():
        number = 100000
        while not stop.is_set():
            try:
                with Client(pound.port) as client:
                    while not stop.is_set():
                        ask_batch(client, "cookie", range(number, number + BATCH))
                        number += BATCH
            except (Closed, ConnectionError):
                pass

    beginner = threading.Thread(target=begin_new_ones, daemon=True)
    beginner.start()
    for _ in range(20 if HEAVY else 4):
        pound.wait_grown_up()
        victims = pound.workers()
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        pound.wait_workers(gone=victims)
        crowd.wait_more(500)
    stop.set()
    beginner.join(TIMEOUT)
    assert not beginner.is_alive()
    crowd.finish()
    assert crowd.moved == []


def test_requests_in_flight_in_other_workers_see_nothing(site):
    go_on = threading.Event()

    def handler(received):
        if "/held" in received.target:
            assert go_on.wait(TIMEOUT)
        return response(received.target.encode())

    backends = {name: site.backend(handler) for name in NAMES}
    pound = site.pound(CONFIG, **{name: backend.port for name, backend in backends.items()})
    pound.wait_grown_up()
    workers = pound.workers()
    clients = {}
    for number in range(40):
        client = site.client(pound.port)
        client.send(request("GET", f"/cookie/held{number}", f"Cookie: sid=s{number % 10}"))
        clients[number] = client
    wait_until(lambda: sum(len(b.requests) for b in backends.values()) == len(clients),
               "the backends to hold all requests")
    held = proc.clients(workers, pound.port)
    owners = {n: held.get(c.local_port) for n, c in clients.items()}
    survivor = owners[0]
    for victim in workers:
        if victim != survivor:
            pound.kill_worker(victim)
    go_on.set()
    for number, client in clients.items():
        if owners[number] == survivor:
            assert client.read_response().body == f"/cookie/held{number}".encode()
        else:
            assert client.closes()


# --- backends that come and go --------------------------------------------------------------------
def test_flapping_backends(site):
    """Backends fail or recover every 200 ms: no crash, no stall, and all are live at the end."""
    backends = {name: site.backend(lambda _, n=name: response(n.encode(), f"Set-Cookie: x={n}"))
                for name in NAMES}
    pound = site.pound(CONFIG, **{n: b.port for n, b in backends.items()})
    workers = pound.workers()
    stop = threading.Event()
    unexpected, statuses, longest = [], set(), [0.0]

    def ask(seed):
        choice = random.Random(seed)
        try:
            while not stop.is_set():
                try:
                    with Client(pound.port) as client:
                        while not stop.is_set():
                            number = choice.randrange(1000)
                            begun = time.monotonic()
                            got = client.ask("GET", target_of("cookie", number),
                                             f"Cookie: sid=s{number}")
                            longest[0] = max(longest[0], time.monotonic() - begun)
                            statuses.add(got.status)
                            # justified: the clients leave processor time to the backends
                            time.sleep(0.001)
                except Closed:
                    pass  # the response was cut off
        except Exception as error:  # pylint: disable=broad-except
            unexpected.append(error)

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(6)]
    for thread in threads:
        thread.start()
    choice = random.Random(1)
    up = dict.fromkeys(NAMES, True)
    until = time.monotonic() + (60 if HEAVY else 10)
    while time.monotonic() < until:
        for name, backend in backends.items():
            if choice.random() < 0.5:
                continue
            if up[name]:
                backend.refuse()
                backend.disconnect()
            else:
                backend.open()
            up[name] = not up[name]
        time.sleep(0.2)  # justified: the pace at which backends come and go
    for name, backend in backends.items():
        if not up[name]:
            backend.open()
    met = set()

    def all_back():
        number = choice.randrange(10**6, 10**9)  # new sessions, which go to any backend
        got = get(pound.port, target_of("cookie", number), f"Cookie: sid=s{number}")
        met.add(got.body.decode())
        return met >= set(NAMES)
    wait_until(all_back, lambda: f"responses from all backends, not only from {met}; log:\n"
               + pound.log()[-3000:])
    stop.set()
    for thread in threads:
        thread.join(TIMEOUT)
        assert not thread.is_alive(), "a client hangs"
    assert not unexpected, unexpected
    assert pound.workers() == workers, pound.log()[-3000:]
    assert 200 in statuses and statuses <= {200, 502, 503}, statuses
    assert longest[0] < scaled(3), longest
    assert "is live again" in pound.log()
