"""A worker whose heartbeat stands still is told of, killed and replaced; ten seconds are ten."""

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
    # Who stands still must not keep a connection to the backend: that has its own limit.
    web = site.backend(lambda _: response(b"ok", "Connection: close"))
    return site.pound(CONFIG, workers=workers, web=web.port)


def test_a_worker_that_stands_still_is_replaced(site):
    pound = start(site)
    assert get(pound.port).status == 200
    victim, other = pound.workers()
    before = time.monotonic()
    os.kill(victim, signal.SIGSTOP)
    wait_until(lambda: victim not in pound.workers() and len(pound.workers()) == 2,
               lambda: f"the end of {victim}; log:\n" + pound.log(), STANDSTILL + scaled(10))
    assert time.monotonic() - before >= STANDSTILL - 1  # the last beat may be a look old
    assert other in pound.workers()
    said = pound.wait_log(r"stood still")
    assert len(said) == 1
    assert re.search(rf"\bworker \d \(pid {victim}\) has stood still for 10 s and is killed; it was "
                     r"doing \w+(, listener \S+)?(, service \S+)?; state T \(stopped\)", said[0])
    pound.wait_log(rf"worker \d \(pid {victim}\).*killed by signal 9")
    for _ in range(20):
        assert get(pound.port).status == 200
    assert sum(o["restarts"] for o in read_status(pound).all("worker")) == 1


@pytest.mark.skipif(not HEAVY, reason="takes half a minute; POUND_HEAVY=1 runs it")
def test_whoever_was_stopped_together_with_the_master_is_left_alone(site):
    """A container that is stopped, or a machine that is suspended: nobody is to blame."""
    pound = start(site)
    workers = pound.workers()
    for pid in (pound.master, *workers):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STANDSTILL + 2)  # justified: the stopped processes show no sign of time
    # The master first, to find that all hearts stand still.
    os.kill(pound.master, signal.SIGCONT)
    time.sleep(2)  # justified: the master must have had time to kill workers by mistake
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    for _ in range(10):
        assert get(pound.port).status == 200
    time.sleep(2)  # justified: the master must have had time to kill workers by mistake
    assert pound.workers() == workers
    assert "stood still" not in pound.log()
