"""Dead backends: the refusal of requests, the probes, and the recovery.

One worker connects to a dead backend after 1, 2, 4 … s, at most every `Alive` seconds, even when
workers are killed. Pound uses a backend again as soon as a connect succeeds.
"""

import os
import re
import signal
import time

import pytest

from harness import TIMEOUT, get, proc, response, scaled, wait_until
from harness.config import plain_site
from moody import FALLS, House


# --- all backends dead, and the first recovery ----------------------------------------------------
def test_all_dead_is_503_at_once(site):
    house = House(site, alive=3600, timeout=30)
    for backend in (house.one, house.two):
        backend.fall("refuse", site)
    get(house.pound.port, "/pair")
    begun = time.monotonic()
    for _ in range(50):
        assert get(house.pound.port, "/pair").status == 503
    assert time.monotonic() - begun < scaled(2)


@pytest.mark.parametrize("alive", [1, 2])
def test_the_first_that_answers_is_used_in_time(site, alive):
    house = House(site, alive=alive)
    for backend in (house.one, house.two):
        backend.fall("refuse", site)
    assert get(house.pound.port, "/pair").status == 503
    for name in ("one", "two"):
        house.wait_dead(name, FALLS["refuse"][0])
    for name in ("one", "two"):
        wait_until(lambda n=name: house.state(n)["last_probe_s"] != "-", "a probe that fails")
    assert get(house.pound.port, "/pair").status == 503
    house.two.rise()
    begun = time.monotonic()
    wait_until(lambda: get(house.pound.port, "/pair").body == b"two", "the recovery")
    assert time.monotonic() - begun < scaled(alive + 1)
    assert not house.lines("live again")


def test_how_long_it_was_dead_is_told(site):
    house = House(site)
    house.one.fall("refuse", site)
    house.wait_dead("one", FALLS["refuse"][0])
    begun = time.monotonic()
    wait_until(lambda: house.state("one")["since_s"] >= 2, "the backend to be dead for 2 s")
    house.one.rise()
    line, = house.wait_live("one")
    told = int(re.search(r"after (\d+) s", line)[1])
    assert 2 <= told <= time.monotonic() - begun + 1


# --- probes ---------------------------------------------------------------------------------------
def most_probes_at_once(pound, port, seconds):
    """The most connects of the workers to a silent port at one time.

    A slow machine may miss some of them, so the samples go on until one is seen.
    """
    most = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until or (most == 0 and time.monotonic() < until + TIMEOUT):
        most = max(most, len(proc.connecting(pound.workers(), port)))
        time.sleep(0.01)  # justified: the pause between two samples
    return most


def test_one_probe_in_each_period(site, faults):
    """All four workers together make one probe per period."""
    house = House(site, alive=2, popen={"env": faults.environment})
    house.one.fall("blackhole", site)
    house.wait_dead("one", FALLS["blackhole"][0])
    connects = faults.count("connect")
    begun = time.monotonic()
    assert most_probes_at_once(house.pound, house.one.port, 10) == 1
    periods = int((time.monotonic() - begun) / 2)  # five, unless the machine is very slow
    assert periods - 1 <= faults.calls(connects) <= periods + 1
    house.one.rise()
    house.wait_live("one")


def test_what_is_live_is_not_probed(site):
    house = House(site)
    house.one.fall("refuse", site)
    house.wait_dead("one", FALLS["refuse"][0])
    before = len(house.one.connections)
    house.one.rise()
    house.wait_live("one")
    time.sleep(2.3)  # justified: shows that no probe follows in two periods
    assert len(house.one.connections) == before + 1, "more than one connect"
    assert len(house.two.connections) == 0
    assert len(house.lines("live again")) == 1


def test_a_probe_leaves_nothing_open(site):
    house = House(site)
    house.pound.expect_no_leaked_fd()
    for fall in FALLS:
        before = len(house.lines("dead: "))
        house.one.fall(fall, site)
        house.wait_dead("one", FALLS[fall][0], before)
        wait_until(lambda: house.has_been_probed("one"), "two probes, or one that succeeds")
        house.one.rise()
        wait_until(lambda: get(house.pound.port).body == b"one", "the backend to be live again")


def test_the_prober_is_killed_in_the_middle_of_it(site):
    """Another process makes the next probe in the next period."""
    house = House(site, alive=1)
    house.pound.wait_grown_up()
    house.one.fall("blackhole", site)
    house.wait_dead("one", FALLS["blackhole"][0])
    killed, before = [], None
    for _ in range(3):
        def probing(last=before):
            now = proc.connecting(house.pound.workers(), house.one.port)
            return next(((port, who) for port, who in now.items() if port != last), None)
        before, prober = wait_until(probing, lambda: "a probe; log:\n" + house.pound.log()[-2000:],
                                    scaled(4))
        os.kill(prober, signal.SIGKILL)
        killed.append(prober)
        house.pound.wait_workers(gone=killed)
    house.one.rise()
    begun = time.monotonic()
    wait_until(lambda: get(house.pound.port).body == b"one", "the backend to be live again")
    assert time.monotonic() - begun < scaled(3)  # Alive + 1 s, and the rest of a period


@pytest.mark.parametrize("victims", [1, 3, 4])
def test_workers_killed_while_dead_backends_wait_for_probes(site, victims):
    backends = [site.backend(lambda _, n=n: response(b"%d" % n)) for n in range(8)]
    pound = site.pound(plain_site(
        "Workers: 4; Alive: 1", listener="Client: 30",
        backends={f"b{n}": f"Port: {backend.port}" for n, backend in enumerate(backends)},
        services="".join(f'- URL: "^/{n}$$"\n  Backends: [*b{n}]\n' for n in range(8))))
    for _ in range(3):
        pound.wait_grown_up()
        for n, backend in enumerate(backends):
            backend.refuse()
            backend.disconnect()
            wait_until(lambda n=n: get(pound.port, f"/{n}").status == 503, "the backend to be dead")
        gone = pound.workers()[:victims]
        for worker in gone:
            os.kill(worker, signal.SIGKILL)
        for backend in backends:
            backend.open()
        begun = time.monotonic()
        pound.wait_workers(gone=gone)
        for n in range(8):
            wait_until(lambda n=n: get(pound.port, f"/{n}").body == b"%d" % n,
                       lambda n=n: f"backend {n} to be live again; log:\n" + pound.log()[-3000:],
                       TIMEOUT)
        assert time.monotonic() - begun < scaled(3)  # Alive + 1 s, and a respawn
    assert len(pound.wait_log(" is dead: ", 24)) == len(pound.wait_log(" is live again ", 24)) == 24
