"""`Threads` limits the requests in service at a backend or a listener, over all workers."""

import os
import signal
import threading

import pytest

from harness import TIMEOUT, Client, get, proc, request, response, wait_until
from harness.config import plain_site

CONFIG = plain_site(
    "Workers: $workers",
    backends={"web": "Threads: $backend_threads; TimeOut: $timeout", "free": "Port: $web"},
    listener="Threads: $listener_threads; Client: 30", services="""
    - URL: "^/free"
      Backends: [*free]
    - Backends: [*web]
""")


class Counting:
    """A handler that counts the requests in service and can hold them."""

    def __init__(self, hold=False):
        self.lock = threading.Lock()
        self.now = self.most = self.total = 0
        self.go_on = threading.Event()
        if not hold:
            self.go_on.set()

    def __call__(self, received):
        with self.lock:
            self.now += 1
            self.total += 1
            self.most = max(self.most, self.now)
        assert self.go_on.wait(TIMEOUT)
        with self.lock:
            self.now -= 1
        return response(received.target.encode())


def start(site, handler, backend=0, listener=0, workers=2, timeout=30):
    return site.pound(CONFIG, web=site.backend(handler).port, backend_threads=backend,
                      listener_threads=listener, workers=workers, timeout=timeout)


def send_all(site, pound, count, target="/"):
    clients = [site.client(pound.port) for _ in range(count)]
    for number, client in enumerate(clients):
        client.send(request("GET", f"{target}{number}"))
    return clients


LIMITS = [{"backend": 1}, {"backend": 3}, {"listener": 1}, {"listener": 3},
          {"backend": 2, "listener": 3}]


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_never_more_than_the_limit_and_as_many_as_that(site, limits, workers):
    counting = Counting(hold=True)
    pound = start(site, counting, workers=workers, **limits)
    limit = min(limits.values())
    clients = send_all(site, pound, 20)
    wait_until(lambda: counting.now == limit,
               lambda: f"{limit} requests in service, not {counting.now}")
    pound.wait_quiet()  # all requests have arrived; a surplus one would be in service
    assert counting.now == limit
    counting.go_on.set()
    for number, client in enumerate(clients):
        assert client.read_response().body == f"/{number}".encode()
    assert (counting.most, counting.total) == (limit, 20)


@pytest.mark.parametrize("which", ["backend", "listener"])
def test_no_limit(site, which):
    counting = Counting(hold=True)
    pound = start(site, counting, **{which: 0})
    clients = send_all(site, pound, 60)
    wait_until(lambda: counting.now == 60, lambda: f"60 requests in service, not {counting.now}")
    counting.go_on.set()
    for client in clients:
        assert client.read_response().status == 200


def test_eight_is_the_default(site):
    config = CONFIG.replace("    Threads: $backend_threads\n", "")
    counting = Counting(hold=True)
    pound = site.pound(config, web=site.backend(counting).port, listener_threads=0, workers=2,
                       timeout=30)
    clients = send_all(site, pound, 20)
    wait_until(lambda: counting.now == 8, "8 requests in service")
    counting.go_on.set()
    for client in clients:
        assert client.read_response().status == 200
    assert counting.most == 8


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("which", ["backend", "listener"])
def test_a_free_slot_wakes_a_request_that_waits_in_another_worker(site, which, workers):
    """Many clients repeat requests through one slot. A lost wake-up would be a time-out."""
    counting = Counting()
    pound = start(site, counting, workers=workers, timeout=5, **{which: 1})
    failures, rounds, threads = [], 25, []

    def ask():
        try:
            with Client(pound.port) as client:
                for _ in range(rounds):
                    got = client.ask()
                    assert got.status == 200, got
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    for _ in range(16):
        threads.append(threading.Thread(target=ask, daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join(TIMEOUT * 3)
        assert not thread.is_alive(), "a request waits forever"
    assert not failures, failures
    assert (counting.total, counting.most) == (16 * rounds, 1)


def test_waiting_is_in_turn(site):
    """One worker and one slot serve requests in the order of their arrival."""
    counting = Counting(hold=True)
    order = []

    def handler(received):
        order.append(received.target)
        return counting(received)

    pound = start(site, handler, backend=1, workers=1)
    clients = []
    for number in range(10):
        clients.append(site.client(pound.port))
        clients[-1].send(request("GET", f"/{number}"))
        if number == 0:
            wait_until(lambda: counting.now == 1, "the first request in service")
        else:
            pound.wait_quiet()  # the request has arrived and waits
    counting.go_on.set()
    for client in clients:
        assert client.read_response().status == 200
    assert order == [f"/{n}" for n in range(10)]


def test_503_after_waiting_for_timeout(site):
    """The backend sends byte by byte to the request in service, so that it does not time out."""
    go_on = threading.Event()

    def script(connection):
        while received := connection.read_request():
            if received.target != "/held":
                connection.send(response())
                continue
            connection.send(response(b"", "Transfer-Encoding: chunked", length=False))
            while not go_on.wait(0.2):
                connection.send(b"1\r\nx\r\n")
            connection.send(b"0\r\n\r\n")

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port, backend_threads=1, listener_threads=0, workers=2,
                       timeout=1)
    held = site.client(pound.port)
    held.send(request("GET", "/held"))
    backend.wait_requests(1)
    waiting = send_all(site, pound, 4, "/waiting")
    got = [client.read_response() for client in waiting]
    assert [r.status for r in got] == [503] * 4
    assert len(backend.requests) == 1
    record = pound.wait_record("/waiting0")
    assert (record["status"], bool(record["reason"])) == ("503", True)
    go_on.set()
    assert held.read_response().complete
    assert get(pound.port).status == 200


def test_one_limit_for_all_services_and_listeners_of_a_backend(site):
    """Another anchor for the same server has a limit of its own."""
    counting = Counting(hold=True)
    pound = start(site, counting, backend=1)
    held = site.client(pound.port)
    held.send(request("GET", "/held"))
    wait_until(lambda: counting.now == 1, "the first request in service")
    free = site.client(pound.port)
    free.send(request("GET", "/free"))
    wait_until(lambda: counting.now == 2, "the other anchor's request in service")
    counting.go_on.set()
    assert held.read_response().status == free.read_response().status == 200


@pytest.mark.parametrize("which", ["backend", "listener"])
@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_the_queue_takes_no_slot(site, which, leave):
    counting = Counting(hold=True)
    pound = start(site, counting, **{which: 1})
    held = site.client(pound.port)
    held.send(request("GET", "/held"))
    wait_until(lambda: counting.now == 1, "the first request in service")
    for client in send_all(site, pound, 10, "/left"):
        getattr(client, leave)()
    counting.go_on.set()
    assert held.read_response().status == 200
    for _ in range(10):
        assert get(pound.port).status == 200


@pytest.mark.parametrize("which", ["backend", "listener"])
def test_a_slot_comes_back_from_a_client_that_left(site, which):
    """The client closes while the backend works on its request."""
    counting = Counting(hold=True)
    pound = start(site, counting, **{which: 1})
    client = site.client(pound.port)
    client.send(request("GET", "/left"))
    wait_until(lambda: counting.now == 1, "the first request in service")
    client.reset()
    counting.go_on.set()
    for _ in range(5):
        assert get(pound.port).status == 200


@pytest.mark.parametrize("which", ["backend", "listener"])
@pytest.mark.parametrize("target, status", [("/garbage", 502), ("/dropped", 502)])
def test_a_slot_comes_back_after_a_failure(site, which, target, status):
    def script(connection):
        while received := connection.read_request():
            if received.target == "/dropped":
                return
            connection.send(b"garbage\r\n\r\n" if received.target == "/garbage" else response())

    pound = site.pound(CONFIG, web=site.backend(script=script).port, workers=2, timeout=10,
                       backend_threads=1 if which == "backend" else 0,
                       listener_threads=1 if which == "listener" else 0)
    for _ in range(5):
        assert get(pound.port, target).status == status
        assert get(pound.port, "/").status == 200


@pytest.mark.parametrize("which", ["backend", "listener"])
def test_a_killed_worker_gives_its_slots_back(site, which):
    counting = Counting(hold=True)
    pound = start(site, counting, **{which: 1})
    held = site.client(pound.port)
    held.send(request("GET", "/held"))
    wait_until(lambda: counting.now == 1, "the first request in service")
    waiting = send_all(site, pound, 6, "/waiting")
    owner = proc.owner_of_connection(pound.workers(), pound.port, held.local_port)
    its_own = proc.clients([owner], pound.port)
    others = [client for client in waiting if client.local_port not in its_own]
    os.kill(owner, signal.SIGKILL)
    pound.wait_workers(gone=[owner])
    counting.go_on.set()
    for client in others:
        assert client.read_response().status == 200
    for _ in range(10):
        assert get(pound.port).status == 200


def test_idle_clients_hold_no_slot(site):
    counting = Counting()
    pound = start(site, counting, listener=1)
    clients = [site.client(pound.port) for _ in range(20)]
    for _ in range(3):
        for client in clients:
            assert client.ask().status == 200


def test_a_client_that_sends_its_head_slowly_holds_no_slot(site):
    pound = start(site, Counting(), listener=1)
    slow = site.client(pound.port)
    slow.send(request()[:-1])
    for _ in range(5):
        assert get(pound.port).status == 200
    slow.send(b"\n")
    assert slow.read_response().status == 200


def test_a_client_that_reads_slowly_holds_no_slot(site):
    """The slot is free once the backend has sent all, even if Pound still holds bytes."""
    pound = start(site, lambda r: response(b"x" * 100000), backend=1, listener=1)
    slow = site.client(pound.port, receive_buffer=4096)
    slow.send(request())
    for _ in range(5):
        assert get(pound.port).status == 200
    assert slow.read_response().body == b"x" * 100000
