"""The workers share the work, over long and over short connections.

The busiest worker serves at most 1.5 times the requests of the idlest one. The tests count access
records, which contain the pid. A worker that waits for a processor rightly leaves its clients to
the others, so each measurement has three trials.
"""

import collections
import functools
import os
import signal
import threading
import time

import pytest

from harness import Client, get, proc, request, wait_until
from harness.config import plain_site

HEAVY = os.environ.get("POUND_HEAVY") == "1"
MOST = 1.5
SHORT = 50000 if HEAVY else 4000
LONG = 2000 if HEAVY else 256

CONFIG = plain_site("Workers: $workers", listener="Client: 300")


def start(site, demo, workers):
    return site.pound(CONFIG, workers=workers, web=demo("web"))


def counts_of(pound, count, since=0):
    """{pid: requests} of the access records after the first `since`."""
    records = pound.wait_records(since + count)[since:]
    assert len(records) == count
    counts = collections.Counter(int(record["pid"]) for record in records)
    return {worker: counts[worker] for worker in pound.workers()}


class Unfair(AssertionError):
    pass


def assert_fair(counts, few=0):
    if max(counts.values()) > MOST * min(counts.values()) + few:
        raise Unfair(counts)


def three_trials(test):
    @functools.wraps(test)
    def run(**fixtures):
        for trial in range(3):
            try:
                return test(**fixtures)
            except Unfair:
                if trial == 2:
                    raise
    return run


def ask_all(clients, times):
    data = request("GET", "/1k")
    for _ in range(times):
        for client in clients:
            client.send(data)
        for client in clients:
            assert client.read_response().status == 200
            client.received.clear()


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("clients", [32, 64, LONG])
@three_trials
def test_long_connections(site, demo, workers, clients):
    pound = start(site, demo, workers)
    ask_all([site.client(pound.port) for _ in range(clients)], 5)
    assert_fair(counts_of(pound, 5 * clients))


@pytest.mark.parametrize("workers", [2, 4])
@three_trials
def test_long_connections_that_come_slowly(site, demo, workers):
    """Connections arrive one by one, each after a response to the one before."""
    pound = start(site, demo, workers)
    clients = []
    for _ in range(48):
        clients.append(site.client(pound.port))
        ask_all(clients[-1:], 1)
    ask_all(clients, 4)
    assert_fair(counts_of(pound, 5 * 48))


@pytest.mark.parametrize("workers", [2, 4])
@three_trials
def test_short_connections(site, demo, workers):
    pound = start(site, demo, workers)

    def ask():
        for _ in range(SHORT // 8):
            assert get(pound.port, "/1k").status == 200

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_fair(counts_of(pound, SHORT // 8 * 8))


@three_trials
def test_after_a_worker_was_replaced(site, demo):
    """The new worker starts without clients and gets its share of new ones."""
    pound = start(site, demo, 2)
    # Few clients, because those that remain send no more requests.
    ask_all([site.client(pound.port) for _ in range(4)], 1)
    victim = pound.workers()[0]
    os.kill(victim, signal.SIGKILL)
    pound.wait_workers(gone=[victim])
    since = pound.count_records()  # and the new worker sleeps, so it is ready
    clients = [site.client(pound.port) for _ in range(100)]
    ask_all(clients, 5)
    assert_fair(counts_of(pound, 500, since=since))


def test_idle_clients_do_not_count_as_work(site, demo):
    """A worker with many idle clients still serves; a new worker does not get all the work."""
    pound = start(site, demo, 2)
    ask_all([site.client(pound.port) for _ in range(200)], 1)
    victim = pound.workers()[0]
    os.kill(victim, signal.SIGKILL)
    pound.wait_workers(gone=[victim])
    learnt = 3000  # until then the new worker gets more, because it has fewer clients
    for _ in range(learnt):
        assert get(pound.port, "/1k").status == 200
    began = time.monotonic()
    for _ in range(SHORT):
        assert get(pound.port, "/1k").status == 200
    # Ten more requests in 0.1 s do not make a worker busier.
    few = 100 * (time.monotonic() - began)
    assert_fair(counts_of(pound, SHORT, since=200 + learnt), few)


def test_the_queue_of_a_worker_that_hangs_is_served(site, demo):
    """The clients of the worker wait until it continues; those in its queue do not."""
    pound = start(site, demo, 2)
    stopped, _ = pound.workers()
    os.kill(stopped, signal.SIGSTOP)
    try:
        wait_until(lambda: proc.status(stopped)["State"].startswith("T"), "the worker to stop")
        clients = [Client(pound.port) for _ in range(20)]
        for client in clients:
            client.send(request("GET", "/1k"))
        served = [client.read_response().status for client in clients]
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert served == [200] * 20
    for client in clients:
        client.close()
