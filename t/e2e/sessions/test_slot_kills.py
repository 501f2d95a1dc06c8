"""Workers that die while they hold slots and counters: no slot and no count is lost.

POUND_HEAVY=1 runs the long tests at full length. Without it they find only gross faults.
"""

import contextlib
import os
import select
import socket
import threading
import time

import pytest

from harness import TIMEOUT, Client, Closed, get, proc, request, response, scaled, wait_until
from harness.config import plain_site
from harness.status import read_status

HEAVY = os.environ.get("POUND_HEAVY") == "1"

# --- Threads --------------------------------------------------------------------------------------
LIMITED = plain_site(
    "Workers: 4", backends={"web": "Threads: $backend; TimeOut: 600"},
    listener="Threads: $listener; Client: 600", services="""
    - Session: {Type: COOKIE, ID: sid, TTL: 600}
      Backends: [*web]
""")


class Desk:
    """A script that knows which requests are in service: those with an open connection.

    The kernel closes the connections of a killed process before it notifies the master. So a slot
    that Pound passes on too early shows as a surplus request. On a busy machine the news of a close
    may arrive after a later request, so a request is surplus only if it stays so.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.here = {}
        self.limit = 0
        self.most = 0
        self.go_on = threading.Event()

    @staticmethod
    def is_gone(connection):
        try:
            poller = select.poll()
            poller.register(connection.sock, select.POLLIN)
            return bool(poller.poll(0)) and connection.sock.recv(1, socket.MSG_PEEK) == b""
        except (OSError, ValueError):  # the peer has reset it, or its own script has closed it
            return True

    def _forget_gone(self):
        self.here = {t: c for t, c in self.here.items() if not self.is_gone(c)}
        return len(self.here) <= self.limit

    def now(self):
        """{target: connection} of the requests in service."""
        with self.lock:
            self._forget_gone()
            return dict(self.here)

    def _enter(self, target, connection):
        with self.lock:  # no other request ends meanwhile
            self.here[target] = connection
            with contextlib.suppress(AssertionError):
                wait_until(self._forget_gone, "a request in service to be gone", scaled(5))
            self.most = max(self.most, len(self.here))

    def __call__(self, connection):
        while (received := connection.read_request()) is not None:
            self._enter(received.target, connection)
            while not self.go_on.wait(0.005):
                if self.is_gone(connection):
                    return
            time.sleep(0.003)  # justified: a service time, so that requests overlap
            with self.lock:
                self.here.pop(received.target, None)
            connection.send(response(received.target.encode()))


@pytest.fixture(name="desk", params=["backend", "listener"])
def fixture_desk(site, request):  # pylint: disable=redefined-outer-name
    desk = Desk()

    def start(limit):
        limits = {"backend": 0, "listener": 0, request.param: limit}
        desk.limit = limit
        desk.pound = site.pound(LIMITED, web=site.backend(script=desk).port, **limits)
        desk.pound.wait_grown_up()
        return desk.pound

    desk.start = start
    return desk


def line_up(site, pound, count, each=0):
    """Sends at least `count` requests, and more until each worker has accepted `each` of them.

    Returns {target: (client, its worker)}.
    """
    workers, found = pound.workers(), {}

    def send_one():
        number = len(found)
        client = site.client(pound.port)
        client.send(request("GET", f"/{number}", f"Cookie: sid=s{number}"))
        owner = wait_until(
            lambda: proc.owner_of_connection(workers, pound.port, client.local_port),
            "a worker to accept the client")
        found[f"/{number}"] = (client, owner)
        owners = [owner for _, owner in found.values()]
        return len(found) >= count and min(map(owners.count, workers)) >= each
    wait_until(send_one, lambda: f"{each} clients of each worker")
    return found


def test_slots_of_killed_workers_go_to_waiting_requests(site, desk):
    """No other request ends, so every free slot was theirs. Their own waiting requests are gone."""
    pound = desk.start(3)
    clients = line_up(site, pound, 40, each=3)  # three of the four workers are going to die
    wait_until(lambda: len(desk.now()) == 3, lambda: f"3 requests in service, not {desk.now()}")
    for _ in range(3):
        victim = clients[next(iter(desk.now()))][1]
        pound.kill_worker(victim)
        clients = {t: (c, owner) for t, (c, owner) in clients.items() if owner != victim}
        expected = min(3, len(clients))
        wait_until(lambda e=expected: len(desk.now()) == e and set(desk.now()) <= set(clients),
                   lambda e=expected: f"{e} requests in service, not {desk.now()}")
    desk.go_on.set()
    for target, (client, _) in clients.items():
        assert client.read_response().body == target.encode()
    assert desk.most == 3
    for number in range(20):
        assert get(pound.port, f"/after{number}").status == 200


def test_the_waiting_requests_of_a_killed_worker_block_no_others(site, desk):
    """Pound serves later requests as if those earlier ones had never existed."""
    pound = desk.start(1)
    clients = line_up(site, pound, 24)
    wait_until(lambda: len(desk.now()) == 1, "the first request in service")
    survivor = clients[next(iter(desk.now()))][1]
    for victim in pound.workers():
        if victim != survivor:
            pound.kill_worker(victim)
    desk.go_on.set()
    for number in range(20):  # by any of the workers
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
        wait_until(lambda s=seen: len(served) > s + 100 or unexpected, "further responses")
        killed.append(pound.kill_worker())
    stop.set()
    for thread in threads:
        thread.join(TIMEOUT)
        assert not thread.is_alive(), "a request waits forever"
    assert not unexpected, unexpected
    assert all(owner in (*killed, None) for owner in hurt), (hurt, killed)
    assert desk.most == 3

    # The number of slots is still exact.
    desk.go_on.clear()
    clients = line_up(site, pound, 12)
    wait_until(lambda: len(desk.now()) == 3, lambda: f"3 requests in service, not {desk.now()}")
    pound.wait_quiet()  # all requests have arrived; a surplus one would be in service
    assert (len(desk.now()), desk.most) == (3, 3)
    desk.go_on.set()
    for target, (client, _) in clients.items():
        assert client.read_response().body == target.encode()


# --- counters -------------------------------------------------------------------------------------
def test_counters_are_exact_over_kills(site):
    """The totals still contain the counts of dead workers."""
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
