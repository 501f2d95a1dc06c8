"""Reloads during other events: deaths of workers, QUIT and TERM, generations that do not leave."""

import contextlib
import os
import signal
import threading
import time

import pytest

from harness import get, proc, reload_outcome, scaled, wait_until
from harness.config import plain_site
from harness.flows import Tunnel, long_requests

CONFIG = plain_site("Workers: $workers; Grace: $grace", backends={"web": "TimeOut: 60"},
                    listener="Client: 60")

MOST_PROCESSES = 192  # shm::kMaxRows


def start(site, grace=600, workers=2, **how):
    return site.pound(CONFIG, workers=workers, web=site.backend(script=long_requests).port,
                      grace=grace, **how)


def generation(pound):
    return reload_outcome.read(pound.reload_file).generation


@pytest.mark.parametrize("whose", ["old", "any"])
def test_workers_are_killed_during_reloads(site, whose):
    """Pound serves new connections whichever worker dies, and ends with one full generation."""
    pound = start(site, grace=2)
    hurt = []
    for number in range(8):
        victims = pound.workers()
        pound.signal(signal.SIGHUP)
        time.sleep(number * 0.004)  # justified: each round tries another moment of the reload
        if whose == "any":
            victims = proc.children(pound.master)
        for victim in victims[:1]:
            with contextlib.suppress(ProcessLookupError):  # it has already exited
                os.kill(victim, signal.SIGKILL)
        for _ in range(5):
            try:
                hurt.append(get(pound.port).status)
            except Exception as error:  # pylint: disable=broad-except
                hurt.append(error)
    # Only connections that a victim had accepted, or had in its queue, may fail.
    assert sum(status != 200 for status in hurt) <= 8, hurt
    wait_until(lambda: len(proc.children(pound.master)) == 2
               and len(pound.workers()) == 2, "two workers", scaled(40))
    pound.reload()
    pound.wait_workers()
    assert get(pound.port).status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT])
def test_the_end_during_a_reload(site, number):
    """At any moment of a reload the signal ends Pound with status 0, and nothing is left."""
    for step in range(8):
        pound = start(site, listen=None)
        pound.signal(signal.SIGHUP)
        time.sleep(step * 0.004)  # justified: each round tries another moment of the reload
        pound.signal(number)
        assert pound.wait_exit(scaled(8)) == 0
        pound.wait_gone()
        assert not pound.pid_file.exists() and not pound.reload_file.exists()


def test_quit_while_the_old_generation_drains(site):
    """Pound waits for both generations."""
    pound = start(site)
    flows = [Tunnel(pound.port)]
    flows[0].step()
    pound.reload()
    flows.append(Tunnel(pound.port))
    flows[1].step()
    pound.signal(signal.SIGQUIT)
    pound.wait_log("stopping")
    for flow in flows:
        flow.step()
    assert pound.is_running()
    flows[0].finish()
    flows[1].step()
    flows[1].finish()
    assert pound.wait_exit() == 0


def test_term_while_the_old_generation_drains(site):
    pound = start(site)
    flow = Tunnel(pound.port)
    pound.reload()
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit(scaled(8)) == 0
    flow.close()


def test_hup_while_it_stops(site):
    """A HUP does not cancel the stop."""
    pound = start(site)
    flow = Tunnel(pound.port)
    pound.signal(signal.SIGQUIT)
    pound.wait_log("stopping")
    for _ in range(3):
        pound.signal(signal.SIGHUP)
    flow.step()
    flow.finish()
    assert pound.wait_exit() == 0


def test_a_worker_of_a_draining_generation_dies(site):
    """The master does not replace it: a successor would have no clients."""
    pound = start(site)
    flow = Tunnel(pound.port)
    owner = wait_until(lambda: proc.owner_of_connection(pound.workers(), pound.port,
                                                        flow.client.local_port),
                       "the client to be accepted")
    pound.wait_grown_up()  # a replacement would come at once
    pound.reload()
    wait_until(lambda: len(proc.children(pound.master)) == 3, "the other old worker to leave")
    os.kill(owner, signal.SIGKILL)
    assert flow.client.closes()
    pound.wait_log(rf"\b{owner}\b.*killed by signal 9")
    pound.wait_quiet()
    assert len(proc.children(pound.master)) == 2
    flow.close()


def test_a_worker_that_serves_is_replaced_after_a_reload(site):
    pound = start(site)
    pound.reload()
    new = pound.wait_workers()
    pound.wait_grown_up()
    os.kill(new[0], signal.SIGKILL)
    pound.wait_workers(gone=[new[0]])
    for _ in range(10):
        assert get(pound.port).status == 200


def test_an_old_worker_that_is_stopped(site):
    """The worker cannot receive the order to leave. The master kills it after Grace."""
    pound = start(site, grace=1)
    old = pound.workers()
    os.kill(old[0], signal.SIGSTOP)
    pound.reload()
    assert get(pound.port).status == 200
    wait_until(lambda: not set(old) & set(proc.children(pound.master)), "both to be gone",
               scaled(15))


def start_full(site):
    """A daemon without room for another generation, and the clients that hold the old ones."""
    workers = MOST_PROCESSES // 3
    pound = start(site, workers=workers)
    tunnels = []
    for number in (2, 3):
        # Not every worker gets a tunnel. More than half of the old workers are enough.
        tunnels += [Tunnel(pound.port) for _ in range(2 * workers)]
        pound.reload()
        assert get(pound.port).status == 200
        assert generation(pound) == number
    return pound, tunnels


def test_generations_that_do_not_leave_are_bounded(site):
    """Without room for another generation, the reload waits until old ones have left."""
    pound, tunnels = start_full(site)
    old = proc.children(pound.master)
    before = reload_outcome.stamp(pound.reload_file)
    for _ in range(10):
        pound.signal(signal.SIGHUP)
        assert get(pound.port).status == 200
    pound.wait_log("reload waits")
    assert len(proc.children(pound.master)) <= MOST_PROCESSES
    assert reload_outcome.stamp(pound.reload_file) == before
    for tunnel in tunnels:
        tunnel.close()
    assert pound.wait_reload(before).result == "ok"
    pound.wait_workers(gone=old)
    assert get(pound.port).status == 200


def test_each_reload_that_waits_is_told_once(site):
    """Pound logs the wait once per reload, even if the one before waited and failed."""
    pound, tunnels = start_full(site)
    pound.signal(signal.SIGHUP)
    pound.wait_log("reload waits")
    pound.reload("Global: [", expect="failed")
    pound.configure(CONFIG)
    for _ in range(3):
        pound.signal(signal.SIGHUP)
        pound.wait_log("reload waits", count=2)
    before = reload_outcome.stamp(pound.reload_file)
    for tunnel in tunnels:
        tunnel.close()
    assert pound.wait_reload(before).result == "ok"
    assert len(pound.wait_log("reload waits")) == 2


def test_a_clock_of_its_own(site):
    """Each old generation has its own Grace; later reloads do not extend it."""
    pound = start(site, grace=2)
    first = Tunnel(pound.port)
    pound.reload()
    ended = []
    watcher = threading.Thread(target=lambda: ended.append(first.client.read_until_close()),
                               daemon=True)
    watcher.start()
    until = time.monotonic() + scaled(8)
    while not ended and time.monotonic() < until:
        pound.reload()
        watcher.join(0.1)
    assert ended, "reloads keep an old generation alive"
    first.close()
