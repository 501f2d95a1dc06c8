"""A worker that an attacker has taken over writes wherever it can: the master stays sound.

After each attack the master answers signals, the site soon serves, and nothing is left when it has
stopped.
"""

import os
import re
import signal
import threading
import time

import pytest

from harness import SANITIZED, get, proc, scaled, wait_until
from harness.config import plain_site
from harness.status import read_status

HEAVY = bool(os.environ.get("POUND_HEAVY"))
SESSION = "- Session: {Type: IP, TTL: 300}\n  Backends: [*web]"
CONFIG = plain_site("Workers: $workers; Grace: 1", services=SESSION, listener="Threads: 8",
                    backends={"web": "Threads: 8"})
# Seconds. On a quiet machine both take milliseconds; a master that hangs takes for ever.
SERVES_AGAIN = 2
ANSWERS = 1


@pytest.fixture
def start(site, evil):
    def start_pound(workers=2, **kwargs):
        backend = site.backend()
        pound = site.pound(CONFIG, workers=workers, web=backend.port,
                           popen={"env": evil.environment}, **kwargs)
        pound.expected = "refused system call"  # many attacks end at one
        return pound
    return start_pound


def serves(pound, count=10):
    """Each of `count` requests is answered, the first one soon."""
    begin = time.monotonic()
    wait_until(lambda: get(pound.port).status == 200, lambda: "an answer; log:\n" + pound.log())
    assert time.monotonic() - begin < scaled(SERVES_AGAIN)
    for _ in range(count):
        assert get(pound.port).status == 200


def stops(pound):
    """TERM is answered at once, and no process is left."""
    begin = time.monotonic()
    pound.signal(signal.SIGTERM)
    pound.wait_log("stopping now")
    assert time.monotonic() - begin < scaled(ANSWERS)
    assert pound.wait_exit() == 0
    pound.wait_gone()


def is_sound(pound):
    """A status dump, a reload and a stop, as ever."""
    serves(pound)
    assert read_status(pound).one("process")["segment"] == "intact"
    pound.reload()
    pound.wait_workers()
    serves(pound)
    read_status(pound)
    stops(pound)


def kill_all(pound):
    pound.wait_workers()
    pound.wait_grown_up()
    old = pound.workers()
    for worker in old:
        os.kill(worker, signal.SIGKILL)
    pound.wait_workers(gone=old)


@pytest.mark.parametrize("byte", [0x41, 0xff, 0])
def test_fault_L4_a_worker_fills_all_that_it_may_write(start, evil, byte):
    pound = start()
    serves(pound)
    evil.kill_worker(pound, "fill", byte)
    pound.wait_workers()
    if byte != 0:  # locks that nobody holds
        pound.wait_log("segment: 256 of 256 session shards were rebuilt")
        pound.wait_log("segment: [0-9]+ impossible values were set right")
    is_sound(pound)


def test_fault_L4_what_is_not_its_own_is_read_only(start, evil):
    pound = start(workers=1)
    was = pound.wait_workers()
    words = evil.attack(pound, "unlock")
    assert words in ("2 writable, 0 more", None)
    if words is None:  # it died of a refused mprotect
        pound.wait_workers(gone=was)
    for which in (0, 1, 100, 190):
        pound.wait_workers()
        pound.wait_grown_up()
        evil.kill_worker(pound, "trespass", which)
        pound.wait_workers()
        serves(pound)
    is_sound(pound)


def test_fault_L2_records_without_end(start, evil):
    pound = start(workers=1)
    serves(pound)
    before = proc.rss(pound.master)
    worker = pound.workers()[0]
    assert evil.attack(pound, "empty_records", 100) == "done"
    wait_until(lambda: pound.log().count(f"pound[{worker}]: \n") > 1000, "the empty records")
    if not SANITIZED:
        assert proc.rss(pound.master) - before < 16 * 1024 * 1024
    os.kill(worker, signal.SIGKILL)
    pound.wait_workers(gone=[worker])
    is_sound(pound)


def test_fault_L2_records_without_end_while_it_stops(start, evil):
    pound = start(workers=1)
    serves(pound)
    attack = threading.Thread(target=evil.attack, args=(pound, "empty_records", 60_000))
    attack.start()
    wait_until(lambda: pound.log().count("]: \n") > 1000, "the empty records")
    stops(pound)
    attack.join()


def test_fault_L6_a_forged_record(start, evil):
    pound = start(workers=1)
    serves(pound)
    worker = pound.workers()[0]
    assert evil.attack(pound, "forge", pound.master) == "done"
    wait_until(lambda: "forged by" in pound.log(), "the forged record")
    line = next(one for one in pound.log().splitlines() if "forged by" in one)
    assert line == (rf"pound[{worker}]: forged by {pound.master} \x9b31m\x1b[0m "
                    "Jan  1 00:00:00 pound[1]: x")
    wait_until(lambda: "log records were lost" in pound.log(), "a report of losses")
    for lost in re.findall(r"([0-9]+) log records were lost", pound.log()):
        assert int(lost) <= 600_000_000  # what a minute can lose
    is_sound(pound)


def test_fault_L1_every_descriptor_blocks(start, evil):
    pound = start()
    victim = pound.workers()[0]
    words = None
    for _ in range(20):  # until the other worker gets the order
        words = evil.attack(pound, "block", victim)
        if victim not in pound.workers():
            break
    assert words in ("done", None)
    pound.wait_workers()
    is_sound(pound)


def test_random_writes(start, evil):
    """One worker writes anywhere it can, again and again; the master serves status and reloads."""
    pound = start()
    for seed in range(10_000 // 100 if HEAVY else 6):
        pound.wait_workers()
        evil.attack(pound, "scribble", seed)
        read_status(pound)
        if seed % 3 == 2:
            pound.reload()
            kill_all(pound)
            serves(pound)
    is_sound(pound)
