"""The watchdog logs, kills and replaces a worker whose heartbeat has stopped for 10 s."""

import os
import re
import signal
import time

import pytest

from harness import get, response, scaled, wait_until
from harness.config import plain_site
from harness.status import read_status

CONFIG = plain_site("Workers: $workers", listener="Client: 30")

HEAVY = os.environ.get("POUND_HEAVY") == "1"
STANDSTILL = 10  # seconds


def start(site, workers=2):
    # A stopped worker must not keep a connection to the backend: its script has a time limit.
    web = site.backend(lambda _: response(b"ok", "Connection: close"))
    return site.pound(CONFIG, workers=workers, web=web.port)


def test_a_worker_that_stands_still_is_replaced(site):
    pound = start(site)
    assert get(pound.port).status == 200
    victim, other = pound.workers()
    before = time.monotonic()
    os.kill(victim, signal.SIGSTOP)
    wait_until(lambda: victim not in pound.workers() and len(pound.workers()) == 2,
               lambda: f"a successor of {victim}; log:\n" + pound.log(), STANDSTILL + scaled(10))
    assert time.monotonic() - before >= STANDSTILL - 1  # the watchdog looks once a second
    assert other in pound.workers()
    said = pound.wait_log(r"stood still")
    assert len(said) == 1
    assert re.search(rf"\bworker \d \(pid {victim}\) has stood still for 10 s and is "
                     r"killed; it was doing \w+(, listener \S+)?(, service \S+)?; state T "
                     r"\(stopped\)", said[0])
    pound.wait_log(rf"worker \d \(pid {victim}\).*killed by signal 9")
    for _ in range(20):
        assert get(pound.port).status == 200
    assert sum(o["restarts"] for o in read_status(pound).all("worker")) == 1


@pytest.mark.skipif(not HEAVY, reason="takes half a minute; POUND_HEAVY=1 runs it")
def test_workers_that_were_stopped_together_with_the_master_live(site):
    """As in a stopped container or on a suspended machine: the workers are not at fault."""
    pound = start(site)
    workers = pound.workers()
    for pid in (pound.master, *workers):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STANDSTILL + 2)  # justified: stopped processes give no sign that time passes
    # The master continues first and finds that all heartbeats have stopped.
    os.kill(pound.master, signal.SIGCONT)
    time.sleep(2)  # justified: time for the master to kill a worker by mistake
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    for _ in range(10):
        assert get(pound.port).status == 200
    time.sleep(2)  # justified: time for the master to kill a worker by mistake
    assert pound.workers() == workers
    assert "stood still" not in pound.log()
