"""Workers that are killed while slots and counters are in use: no slot and no count is lost.

POUND_HEAVY=1 makes the long tests as long as they should be; without it they are only long enough
to find what is badly wrong.
"""

import os
import select
import socket
import threading
import time

import pytest

from harness import TIMEOUT, Client, Closed, get, proc, request, response, wait_until
from harness.config import plain_site
from harness.status import read_status

HEAVY = os.environ.get("POUND_HEAVY") == "1"

# --- Threads --------------------------------------------------------------------------------------
LIMITED = plain_site(
    "Workers: 4", backends={"web": "Threads: $backend; TimeOut: 20"},
    listener="Threads: $listener; Client: 30", services="""
    - Session: {Type: COOKIE, ID: sid, TTL: 600}
      Backends: [*web]
""")


class Desk:
    """A script that knows which requests are in service: those whose connection still stands.

    A killed process's connections are closed before its master is told, so that a slot which is
    handed on too early shows as one request too many.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.here = {}
        self.most = 0
        self.go_on = threading.Event()

    @staticmethod
    def is_gone(connection):
        try:
            poller = select.poll()
            poller.register(connection.sock, select.POLLIN)
            return bool(poller.poll(0)) and connection.sock.recv(1, socket.MSG_PEEK) == b""
        except (OSError, ValueError):  # reset by the peer, or closed by its own script
            return True

    def now(self):
        """{target: connection} of the requests in service."""
        with self.lock:
            self.here = {t: c for t, c in self.here.items() if not self.is_gone(c)}
            return dict(self.here)

    def __call__(self, connection):
        while (received := connection.read_request()) is not None:
            with self.lock:
                self.here = {t: c for t, c in self.here.items() if not self.is_gone(c)}
                self.here[received.target] = connection
                self.most = max(self.most, len(self.here))
            while not self.go_on.wait(0.005):
                if self.is_gone(connection):
                    return
            time.sleep(0.003)  # justified: the work of the backend, so that requests meet
            with self.lock:
                self.here.pop(received.target, None)
            connection.send(response(received.target.encode()))


@pytest.fixture(name="desk", params=["backend", "listener"])
def fixture_desk(site, request):  # pylint: disable=redefined-outer-name
    desk = Desk()

    def start(limit):
        limits = {"backend": 0, "listener": 0, request.param: limit}
        desk.pound = site.pound(LIMITED, web=site.backend(script=desk).port, **limits)
        desk.pound.wait_grown_up()
        return desk.pound

    desk.start = start
    return desk


def line_up(site, pound, count):
    """{target: (client, its worker)} of so many requests."""
    workers, found = pound.workers(), {}
    for number in range(count):
        client = site.client(pound.port)
        client.send(request("GET", f"/{number}", f"Cookie: sid=s{number}"))
        wait_until(lambda c=client: proc.owner_of_connection(workers, pound.port, c.local_port),
                   "the client to be accepted")
        found[f"/{number}"] = (
            client, proc.owner_of_connection(workers, pound.port, client.local_port))
    return found


def test_slots_of_killed_workers_come_back_to_those_who_wait(site, desk):
    """Nobody else leaves: what is free was theirs. And what waited there has vanished."""
    pound = desk.start(3)
    clients = line_up(site, pound, 40)
    wait_until(lambda: len(desk.now()) == 3, lambda: f"3 in service, there are {desk.now()}")
    for _ in range(3):
        victim = clients[next(iter(desk.now()))][1]
        pound.kill_worker(victim)
        clients = {t: (c, owner) for t, (c, owner) in clients.items() if owner != victim}
        expected = min(3, len(clients))
        wait_until(lambda e=expected: len(desk.now()) == e and set(desk.now()) <= set(clients),
                   lambda e=expected: f"{e} in service, there are {desk.now()}")
    desk.go_on.set()
    for target, (client, _) in clients.items():
        assert client.read_response().body == target.encode()
    assert desk.most == 3
    for number in range(20):
        assert get(pound.port, f"/after{number}").status == 200


def test_the_waiters_of_a_killed_worker_block_nobody(site, desk):
    """They came first; those who came later are served as if they had never been there."""
    pound = desk.start(1)
    clients = line_up(site, pound, 24)
    wait_until(lambda: len(desk.now()) == 1, "the first one in service")
    survivor = clients[next(iter(desk.now()))][1]
    for victim in pound.workers():
        if victim != survivor:
            pound.kill_worker(victim)
    desk.go_on.set()
    for number in range(20):  # in whichever worker
        assert get(pound.port, f"/after{number}").status == 200
    for target, (client, owner) in clients.items():
        if owner == survivor:
            assert client.read_response().body == target.encode()
    assert desk.most == 1


def test_threads_are_exact_over_kills_under_load(site, desk):
    pound = desk.start(3)
    desk.go_on.set()
    stop = threading.Event()
    served, hurt, unexpected = [], [], []

    def ask(seed):
        number = 0
        while not stop.is_set():
            owner = None
            try:
                with Client(pound.port) as client:
                    owner = proc.owner_of_connection(pound.workers(), pound.port,
                                                     client.local_port)
                    while not stop.is_set():
                        number += 1
                        got = client.ask("GET", f"/{seed}-{number}", f"Cookie: sid=s{seed}")
                        assert got.status == 200, got
                        served.append(1)
            except (Closed, ConnectionError):
                hurt.append(owner)
            except Exception as error:  # pylint: disable=broad-except
                unexpected.append(error)
                return

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(16)]
    for thread in threads:
        thread.start()
    killed = []
    for _ in range(40 if HEAVY else 6):
        seen = len(served)
        wait_until(lambda s=seen: len(served) > s + 100 or unexpected, "requests to go on")
        killed.append(pound.kill_worker())
    stop.set()
    for thread in threads:
        thread.join(TIMEOUT)
        assert not thread.is_alive(), "a request waits for ever"
    assert not unexpected, unexpected
    assert all(owner in (*killed, None) for owner in hurt), (hurt, killed)
    assert desk.most == 3

    # Not one slot too few or too many is left.
    desk.go_on.clear()
    clients = line_up(site, pound, 12)
    wait_until(lambda: len(desk.now()) == 3, lambda: f"3 in service, there are {desk.now()}")
    pound.wait_quiet()  # all requests have come; one too many would be in service by now
    assert (len(desk.now()), desk.most) == (3, 3)
    desk.go_on.set()
    for target, (client, _) in clients.items():
        assert client.read_response().body == target.encode()


# --- counters -------------------------------------------------------------------------------------
def test_counters_are_exact_over_kills(site):
    """What a dead worker has counted stays counted, in each of the totals."""
    backend = site.backend()
    pound = site.pound(LIMITED, web=backend.port, backend=0, listener=0)
    asked = 0
    for _ in range(20 if HEAVY else 3):
        for _ in range(40):
            assert get(pound.port, "/", f"Cookie: sid=s{asked % 7}").status == 200
            asked += 1
        pound.kill_worker()
        status = read_status(pound)
        for what in ("backend", "listener"):
            assert status.one(what)["requests"] == asked == len(backend.requests), what
