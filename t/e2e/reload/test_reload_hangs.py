"""New workers that never become ready: the old generation serves, and the reload fails."""

import contextlib
import os
import signal

import pytest

from harness import get, proc, reload_outcome, scaled, wait_until
from harness.config import plain_site
from harness.faults import HANG
from harness.flows import Crowd, EventStream, KeepAlive, long_requests
from unbroken import CONFIG, Unbroken


def start(site, **how):
    config = plain_site("Workers: 2; Grace: 600", backends={"web": "TimeOut: 60"},
                        listener="Client: 60")
    return site.pound(config, web=site.backend(script=long_requests).port, **how)


def hang_next(faults, count):
    """Makes the next `count` new workers hang before their event loop."""
    faults.order("epoll_create1", HANG, times=count)


def kill_all(workers):
    """Kills new workers. After the first death the master may end the others itself."""
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


@pytest.mark.parametrize("count", [1, 2], ids=["one of two", "both"])
def test_it_is_given_ten_seconds(site, faults, count):
    if count == 2 and os.environ.get("POUND_HEAVY") != "1":
        pytest.skip("takes ten seconds more; POUND_HEAVY=1 runs it")
    daemon = Unbroken(site, popen={"env": faults.environment})
    hang_next(faults, count)
    crowd = Crowd(daemon.pound.port, [KeepAlive])
    daemon.fails(words=["not ready within 10 s"])
    crowd.stop()
    faults.wait_struck(count)
    faults.clear()
    daemon.recovers()


def test_term_ends_it(site, faults):
    daemon = Unbroken(site, popen={"env": faults.environment})
    hang_next(faults, 2)
    daemon.pound.signal(signal.SIGHUP)
    faults.wait_struck(2)
    assert daemon.client.ask().status == 200
    daemon.pound.signal(signal.SIGTERM)
    assert daemon.pound.wait_exit(scaled(8)) == 0


def test_it_does_not_hold_quit(site, faults):
    daemon = Unbroken(site, popen={"env": faults.environment})
    hang_next(faults, 2)
    daemon.pound.signal(signal.SIGHUP)
    faults.wait_struck(2)
    daemon.pound.signal(signal.SIGQUIT)
    assert daemon.client.closes()
    assert daemon.pound.wait_exit(scaled(8)) == 0


def test_a_configuration_that_came_meanwhile_is_read_next(site, faults):
    """Many HUPs during a reload cause one further reload."""
    daemon = Unbroken(site, popen={"env": faults.environment})
    pound = daemon.pound
    hang_next(faults, 1)
    pound.signal(signal.SIGHUP)
    faults.wait_struck(1)
    faults.clear()
    pound.configure(CONFIG.replace("- Backends", "- URL: ^/known\n        Backends"))
    for _ in range(20):
        pound.signal(signal.SIGHUP)
    kill_all(set(proc.children(pound.master)) - set(daemon.workers))
    # In the file a later outcome may already have replaced that of the killed generation.
    pound.wait_log("generation [0-9]+ active")
    # The old workers still accept until they hear of it.
    wait_until(lambda: get(pound.port).status == 404, "the new configuration")
    assert len([line for line in pound.log().splitlines() if " active: " in line]) == 1


def test_an_old_worker_is_killed_meanwhile(site, faults):
    """The old generation still serves, so the master replaces the worker; the reload continues."""
    pound = start(site, popen={"env": faults.environment})
    old = pound.workers()
    hang_next(faults, 1)
    before = reload_outcome.stamp(pound.reload_file)
    pound.signal(signal.SIGHUP)
    faults.wait_struck(1)
    hanging = set(proc.children(pound.master)) - set(old)
    os.kill(old[0], signal.SIGKILL)
    pound.wait_log(rf"\b{old[0]}\b.*killed by signal 9")
    for _ in range(10):
        assert get(pound.port).status == 200
    kill_all(hanging)  # the one of the two that hangs
    assert pound.wait_reload(before).result == "failed"
    wait_until(lambda: len(pound.workers()) == 2, "two workers", scaled(40))
    assert pound.reload().result == "ok"
    assert get(pound.port).status == 200


def test_a_new_worker_is_killed_before_it_is_ready(site, faults):
    """The reload fails, the old generation serves, and the incomplete one is gone."""
    pound = start(site, popen={"env": faults.environment})
    old = pound.workers()
    stream = EventStream(pound.port)
    hang_next(faults, 2)
    before = reload_outcome.stamp(pound.reload_file)
    pound.signal(signal.SIGHUP)
    faults.wait_struck(2)
    new = set(proc.children(pound.master)) - set(old)
    os.kill(new.pop(), signal.SIGKILL)
    outcome = pound.wait_reload(before)
    assert (outcome.result, outcome.generation) == ("failed", 1)
    assert any("killed by signal 9" in message for message in outcome.messages), outcome
    faults.clear()
    wait_until(lambda: proc.children(pound.master) == old, "the new generation to end")
    stream.step()
    stream.close()
    assert pound.reload().generation >= 2
