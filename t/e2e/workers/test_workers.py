"""Worker processes: their number, their death and replacement, and the death of their master."""

import os
import signal
import threading
import time

import pytest

from harness import (SANITIZED, TIMEOUT, Client, Closed, get, proc, request, response, scaled,
                     wait_until)
from harness.config import plain_site

CONFIG = plain_site("Workers: $workers", listener="Client: 30")


def start(site, workers=2, handler=None, **kwargs):
    return site.pound(CONFIG, workers=workers, web=site.backend(handler, **kwargs).port)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_as_many_workers_as_were_asked_for(site, workers):
    pound = start(site, workers)
    assert len(proc.children(pound.master)) == workers
    assert get(pound.port).status == 200


def test_as_many_workers_as_processors(site):
    config = CONFIG.replace("  Workers: $workers\n", "  Grace: 5\n")
    pound = site.pound(config, web=site.backend().port)
    assert len(proc.children(pound.master)) == len(os.sched_getaffinity(0)) or \
        len(proc.children(pound.master)) == os.cpu_count()


def test_all_workers_serve(site):
    """The kernel distributes connections to both workers."""
    pound = start(site, 2)
    clients = [site.client(pound.port) for _ in range(60)]
    for client in clients:
        assert client.ask().status == 200
    held = proc.clients(pound.workers(), pound.port)
    assert {held.get(client.local_port) for client in clients} == set(pound.workers())


def test_no_new_privileges(site):
    pound = start(site)
    for worker in pound.workers():
        assert proc.status(worker)["NoNewPrivs"] == "1"


def test_a_worker_has_nothing_open_that_it_does_not_need(site):
    pound = start(site)
    for worker in pound.workers():
        fds = proc.fds(worker)
        known = ("socket:", "anon_inode:", "pipe:", "/dev/null")
        others = [name for name in fds.values() if not name.startswith(known)]
        assert all("log" in name for name in others), fds  # the standard output of a daemon with -F


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_worker_that_dies_is_told_of_and_replaced(site, number):
    if SANITIZED and number == signal.SIGSEGV:
        pytest.skip("AddressSanitizer handles this signal")
    pound = start(site)
    victim, other = pound.workers()
    pound.wait_grown_up()
    os.kill(victim, number)
    now = pound.wait_workers(gone=[victim])
    assert other in now
    pound.wait_log(rf"worker.*\b{victim}\b.*killed by signal {int(number)}\b")
    for _ in range(20):
        assert get(pound.port).status == 200


def test_a_worker_that_gets_term_is_replaced(site):
    """The master replaces a worker that another process has sent TERM."""
    pound = start(site)
    victim = pound.workers()[0]
    os.kill(victim, signal.SIGTERM)
    pound.wait_workers(gone=[victim])
    assert get(pound.port).status == 200


def test_signals_for_the_master_do_not_end_a_worker(site):
    """A terminal sends signals to the whole group. Only the master acts on them."""
    pound = start(site)
    before = pound.workers()
    for worker in before:
        for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGPIPE"):
            os.kill(worker, signal.Signals[name])
    for _ in range(10):
        assert get(pound.port).status == 200
    assert pound.workers() == before


def test_replacement_is_throttled_when_they_keep_dying_young(site):
    pound = start(site, 1)
    born = set()
    until = time.monotonic() + 3
    while time.monotonic() < until:
        for worker in pound.workers():
            born.add(worker)
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.005)  # justified: the pause between two looks for a new worker
    assert 2 <= len(born) <= 10, f"{len(born)} workers in 3 seconds"
    wait_until(lambda: set(pound.workers()) - born, "a worker that survives", scaled(40))
    assert get(pound.port).status == 200


def test_many_deaths_in_a_row_leave_nothing_behind(site):
    pound = start(site)
    master_fds = proc.fd_count(pound.master)
    for _ in range(6):
        pound.wait_grown_up()
        victims = pound.workers()
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        pound.wait_workers(gone=victims)
        assert get(pound.port).status == 200
    assert proc.fd_count(pound.master) <= master_fds
    assert proc.zombies(pound.master) == []


def test_only_its_own_connections_are_hurt(site):
    pound = start(site, 2)
    clients = [site.client(pound.port) for _ in range(40)]
    for client in clients:
        assert client.ask().status == 200
    victim, other = pound.workers()
    held = proc.clients([victim, other], pound.port)
    owned = {client: held.get(client.local_port) for client in clients}
    assert set(owned.values()) == {victim, other}
    os.kill(victim, signal.SIGKILL)
    for client in clients:
        if owned[client] == other:
            assert client.ask().status == 200
        else:
            assert client.closes()
    pound.wait_workers(gone=[victim])
    for client in clients:
        if owned[client] == other:
            assert client.ask().status == 200


def test_killed_under_load(site):
    """All new connects succeed, and connections of the other worker notice nothing."""
    pound = start(site, 2)
    stop = threading.Event()
    hurt, unexpected, answered = [], [], []

    def ask():
        """Sends requests on one connection, and on a new one after a failure."""
        while not stop.is_set():
            owner = None
            try:
                with Client(pound.port) as client:
                    owner = proc.owner_of_connection(pound.workers(), pound.port, client.local_port)
                    while not stop.is_set():
                        assert client.ask().status == 200
                        answered.append(1)
            except (Closed, ConnectionError):
                hurt.append(owner)
            except Exception as error:  # pylint: disable=broad-except
                unexpected.append(error)
                return

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    killed = []
    for _ in range(3):
        seen = len(answered)
        wait_until(lambda s=seen: len(answered) > s + 200 or unexpected, "further responses")
        pound.wait_grown_up()
        killed.append(pound.workers()[0])
        os.kill(killed[-1], signal.SIGKILL)
        wait_until(lambda: not proc.is_alive(killed[-1]), "the worker to end")
        for _ in range(50):
            assert get(pound.port).status == 200
        pound.wait_workers(gone=killed)
    stop.set()
    for thread in threads:
        thread.join(TIMEOUT)
    assert not unexpected, unexpected
    # For a client in an accept queue the worker is unknown (None).
    assert all(owner in (*killed, None) for owner in hurt), (hurt, killed)
    assert len(hurt) <= 3 * 8


def test_connections_in_the_accept_queue_of_a_killed_worker_are_served(site):
    """The master keeps the socket open, so the queue survives for the successor."""
    pound = start(site, 2)
    victim, _ = pound.workers()
    pound.wait_grown_up()
    os.kill(victim, signal.SIGSTOP)
    clients = [site.client(pound.port) for _ in range(40)]
    for client in clients:
        client.send(request())
    os.kill(victim, signal.SIGKILL)
    for client in clients:
        assert client.read_response().status == 200


def test_when_the_master_is_killed_its_workers_finish_and_leave(site):
    begun, go_on = threading.Event(), threading.Event()

    def handler(received):
        if received.target == "/busy":
            begun.set()
            assert go_on.wait(TIMEOUT)
        return response(b"finished")

    pound = start(site, 2, handler)
    workers = pound.workers()
    idle = site.client(pound.port)
    assert idle.ask("GET", "/idle").status == 200
    busy = site.client(pound.port)
    busy.send(request("GET", "/busy"))
    assert begun.wait(TIMEOUT)
    os.kill(pound.master, signal.SIGKILL)
    pound.wait_exit()
    assert idle.closes()
    go_on.set()
    got = busy.read_response()
    assert (got.body, got.field("Connection")) == (b"finished", "close")
    busy.close()
    wait_until(lambda: not any(proc.is_alive(w) for w in workers), "the workers to leave")


def test_after_the_master_was_killed_a_new_one_can_start(site):
    pound = start(site, 2)
    workers = pound.workers()
    os.kill(pound.master, signal.SIGKILL)
    pound.wait_exit()
    wait_until(lambda: not any(proc.is_alive(w) for w in workers), "the workers to leave")
    pound.log_file.unlink()
    pound.start()  # the pid file is now stale
    assert get(pound.port).status == 200
