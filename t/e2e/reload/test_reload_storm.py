"""Many reloads at random moments under load: no client notices, and nothing is left over.

POUND_HEAVY=1 makes 500 reloads instead of 40.
"""

import os
import random
import signal
import time

import pytest

from harness import SANITIZED, get, proc, reload_outcome, reserve_port, scaled, wait_until
from harness.config import plain_site
from harness.flows import Crowd, long_requests

HEAVY = os.environ.get("POUND_HEAVY") == "1"
RELOADS = 500 if HEAVY else 40

CONFIG = plain_site(
    'Workers: $workers; Grace: 30; AccessLog: "off"', backends={"web": "", "long": ""},
    listener="Client: 60", services="""
    - URL: "^/(events|chat|slow|chunked)"
      Backends: [*long]
    - Backends: [*web]
""")

MORE = """
  - Address: 127.0.0.1
    Port: {port}
    Services:
      - Backends: [*web]
"""


class House:
    """A daemon, and its descriptors, memory and processes at the beginning."""

    def __init__(self, site, demo, workers=2):
        self.pound = site.pound(CONFIG, web=demo("web"), workers=workers,
                                long=site.backend(script=long_requests).port)
        for count in (workers, 3, workers):  # now everything exists that Pound keeps for later
            self.pound.reload(workers=count)
            self.pound.wait_workers()
        self.start = self.figures()

    @staticmethod
    def descriptors(pid):
        """The number of descriptors without the sockets by which processes wake each other.

        Their number is the greatest number of processes so far, and the table bounds it.
        """
        fds = list(proc.fds(pid).values())
        wakes = len(set(fds) & proc.datagram_sockets())
        assert wakes <= 400
        return len(fds) - wakes

    def figures(self):
        """The present figures, once the number of descriptors no longer changes."""
        pids = [self.pound.master, *self.pound.wait_workers()]
        last, same = None, 0

        def settled():
            nonlocal last, same
            now = [self.descriptors(pid) for pid in pids]
            same = same + 1 if now == last else 0
            last = now
            return same >= 20
        wait_until(settled, "the numbers of descriptors to settle")
        return {"master's descriptors": last[0], "workers' descriptors": max(last[1:]),
                "master's memory": proc.rss(self.pound.master),
                "processes": len(proc.with_argument(self.pound.config_file))}

    def settled(self):
        """Waits for the old generations to leave; fails if anything has grown."""
        wait_until(lambda: len(proc.children(self.pound.master)) == self.pound.worker_count,
                   lambda: f"the old generations to leave; running: "
                   f"{proc.children(self.pound.master)}; log:\n" + self.pound.log()[-4000:],
                   scaled(40))
        self.pound.reload()
        wait_until(lambda: len(proc.children(self.pound.master)) == self.pound.worker_count,
                   "the last generation to leave")
        now = self.figures()
        grown = now.pop("master's memory") - self.start["master's memory"]
        # The heap keeps its size at the most generations. A leak would grow with each reload.
        assert grown < (32 << 20 if SANITIZED else 4 << 20), f"the memory grew by {grown} bytes"
        for name, value in now.items():
            assert value <= self.start[name], (name, value, self.start[name],
                                               proc.fds(self.pound.master))
        assert not proc.zombies(self.pound.master)


def storm(pound, count, most_ms=200, change=lambda number: None):
    """Sends HUPs at random moments; returns the number of new generations."""
    first = reload_outcome.read(pound.reload_file).generation
    for number in range(count):
        change(number)
        pound.signal(signal.SIGHUP)
        time.sleep(random.uniform(0.001, most_ms / 1000))  # justified: random moments are the test
    pound.reload()
    return reload_outcome.read(pound.reload_file).generation - first


def no_failure(result):
    assert {key: value for key, value in result.items() if key != "requests" and value} == {}
    assert result["requests"] > 0


def test_no_client_notices(site, demo):
    """The load: keep-alive clients, slow and chunked uploads, event streams and tunnels."""
    random.seed(RELOADS)
    house = House(site, demo)
    load = site.wrk(house.pound.port, clients=32)
    crowd = Crowd(house.pound.port)
    generations = storm(house.pound, RELOADS)
    assert generations >= RELOADS / 8
    crowd.stop()
    no_failure(load.stop())
    house.settled()


@pytest.mark.parametrize("workers", [(2,), (1, 3, 2)], ids=["same workers", "other workers"])
def test_every_connect_is_answered(site, demo, workers):
    """Each request has its own connection. None is lost between two generations."""
    random.seed(RELOADS + len(workers))
    house = House(site, demo)
    load = site.wrk(house.pound.port, clients=16, fields=["Connection: close"])
    storm(house.pound, RELOADS // 2,
          change=lambda n: house.pound.configure(workers=workers[n % len(workers)]))
    no_failure(load.stop())
    house.pound.configure(workers=2)
    house.pound.reload()
    house.settled()


def test_listeners_come_and_go(site, demo):
    """Other listeners do not disturb the one that stays."""
    house = House(site, demo)
    ports = [reserve_port() for _ in range(3)]
    load = site.wrk(house.pound.port, clients=8)

    def change(number):
        extra = "".join(MORE.format(port=port) for port in ports if hash((port, number)) % 2)
        house.pound.configure(CONFIG + extra)

    storm(house.pound, RELOADS // 2, most_ms=50, change=change)
    no_failure(load.stop())
    house.pound.reload(CONFIG)
    house.settled()


def test_failing_reloads_leave_nothing(site, demo):
    house = House(site, demo)
    load = site.wrk(house.pound.port, clients=8)
    broken = CONFIG + MORE.format(port=reserve_port()) + MORE.format(port="0")
    for _ in range(RELOADS):
        house.pound.reload(broken, expect="failed")
    no_failure(load.stop())
    house.pound.reload(CONFIG)
    house.settled()


def test_a_hundred_in_a_row_are_one_or_few(site, demo):
    """Pound combines the HUPs, and the last configuration wins."""
    house = House(site, demo)
    before = reload_outcome.read(house.pound.reload_file).generation
    for number in range(100):
        page = site.directory / f"{number}.html"
        page.write_text(f"page {number}")
        house.pound.configure(CONFIG.replace("AccessLog", f"Err404: {page}\n  AccessLog").replace(
            "- Backends: [*web]", "- URL: '^/known'\n        Backends: [*web]"))
        house.pound.signal(signal.SIGHUP)
    wait_until(lambda: get(house.pound.port).body == b"page 99", "the last configuration",
               scaled(20))
    wait_until(lambda: len(proc.children(house.pound.master)) == house.pound.worker_count,
               "the last reload to end")
    house.pound.wait_quiet()
    generations = reload_outcome.read(house.pound.reload_file).generation - before
    assert 1 <= generations < 60, generations
    house.pound.reload(CONFIG)
    house.settled()


def test_hups_from_all_sides_at_once(site, demo):
    """HUPs arrive at full speed. At most one generation starts at any time."""
    house = House(site, demo)
    most = 0
    until = time.monotonic() + 1
    while time.monotonic() < until:
        for _ in range(20):
            house.pound.signal(signal.SIGHUP)
        starting = [p for p in proc.children(house.pound.master)
                    if proc.status(p).get("NoNewPrivs") == "0"]
        most = max(most, len(starting))
    assert most <= house.pound.worker_count
    house.settled()
