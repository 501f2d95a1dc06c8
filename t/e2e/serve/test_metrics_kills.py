"""Counters are exact over 20 kills and 20 reloads, and no scrape shows a smaller one."""

import os
import signal
import threading

from harness import Client, get, proc, wait_until
from harness.config import another_listener, plain_site
from harness.metrics import scrape
from harness.ports import reserve_port
from harness.wire import Closed

ROUNDS = 20
CLIENTS = 4
OBSERVER = another_listener("Port: $watch", '- URL: "^/metrics"\n  Serve: metrics')


class Visitor(threading.Thread):
    """Asks on one connection after the other; counts what it got and what was cut off."""

    def __init__(self, port, done):
        super().__init__(daemon=True)
        self.port, self.done = port, done
        self.served = self.cut = 0
        self.failure = None

    def run(self):
        try:
            while not self.done.is_set():
                with Client(self.port) as client:
                    self._ask_on(client)
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure

    def _ask_on(self, client):
        for _ in range(50):
            if self.done.is_set():
                return
            try:
                answer = client.ask()
            except (Closed, OSError):
                self.cut += 1
                return
            assert answer.status == 200 and answer.complete, answer.raw_head
            self.served += 1
            if "close" in answer.all("Connection"):
                return


class Scraper(threading.Thread):
    """Scrapes all the time, and compares each counter with the one before."""

    def __init__(self, port, done):
        super().__init__(daemon=True)
        self.port, self.done = port, done
        self.scrapes = 0
        self.failure = None

    def run(self):
        before = {}
        try:
            while not self.done.is_set():
                try:
                    now = scrape(self.port).counters()
                except (Closed, OSError):
                    continue  # its worker was killed
                fallen = {key: (value, now.get(key)) for key, value in before.items()
                          if now.get(key, -1) < value}
                assert not fallen, fallen
                before = now
                self.scrapes += 1
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure


def totals(watch, listener):
    metrics = scrape(watch)
    mine = {"listener": listener}
    return {"begun": metrics.get("pound_listener_requests_total", **mine),
            "ended": metrics.get("pound_listener_responses_total", **mine),
            "good": metrics.get("pound_listener_responses_total", code="2xx", **mine),
            "timed": metrics.get("pound_listener_response_seconds_count", **mine),
            "in_service": metrics.get("pound_listener_requests_in_service", **mine),
            "respawns": metrics.get("pound_worker_respawns_total"),
            "generation": metrics.get("pound_generation")}


def start(site, workers):
    watch = reserve_port()
    pound = site.pound(plain_site(f"Workers: {workers}") + OBSERVER, watch=watch,
                       web=site.backend().port)
    assert get(pound.port).status == 200
    return pound, watch


def run(pound, watch, disturb):
    """Visitors and a scraper, while `disturb` runs; returns the visitors."""
    done = threading.Event()
    threads = [Visitor(pound.port, done) for _ in range(CLIENTS)] + [Scraper(watch, done)]
    for thread in threads:
        thread.start()
    try:
        disturb()
        seen = threads[-1].scrapes
        wait_until(lambda: threads[-1].scrapes > seen or threads[-1].failure, "one more scrape")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    for thread in threads:
        if thread.failure:
            raise thread.failure
    return threads[:-1]


def test_reloads_lose_no_request(site):
    pound, watch = start(site, 2)
    listener = f"127.0.0.1:{pound.port}"

    def reload_often():
        for _ in range(ROUNDS):
            pound.reload()
    visitors = run(pound, watch, reload_often)
    served = 1 + sum(visitor.served for visitor in visitors)
    assert [visitor.cut for visitor in visitors] == [0] * CLIENTS
    wait_until(lambda: totals(watch, listener)["ended"] >= served, "the last request")
    now = totals(watch, listener)
    assert (now["begun"], now["ended"], now["good"], now["timed"]) == (served,) * 4
    assert (now["generation"], now["respawns"]) == (1 + ROUNDS, 0)


def test_kills_lose_only_what_they_cut_off(site):
    """A killed worker cuts off the requests that it has begun. They are the difference between
    those that have begun and those that have ended. A kill may also fall between the last byte of a
    response and its count, so clients may have got more than have ended, but none that has not
    begun."""
    pound, watch = start(site, 4)
    listener = f"127.0.0.1:{pound.port}"

    def kill_often():
        killed = []
        for i in range(ROUNDS):
            victim = max(pound.wait_workers(gone=killed), key=proc.age)
            pound.wait_grown_up(victim)
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)
            if i % 5 == 4:
                pound.wait_workers(gone=killed)
                pound.reload()
        pound.wait_workers(gone=killed)
    visitors = run(pound, watch, kill_often)
    served = 1 + sum(visitor.served for visitor in visitors)
    cut = sum(visitor.cut for visitor in visitors)
    wait_until(lambda: totals(watch, listener)["in_service"] == 0, "the last request")
    pound.wait_quiet()
    now = totals(watch, listener)
    assert now["ended"] == now["good"] == now["timed"]
    assert now["ended"] <= served <= now["begun"] <= served + cut
    lost = now["begun"] - now["ended"]
    assert lost <= cut + (served - now["ended"]) and lost <= ROUNDS * CLIENTS
    assert now["respawns"] == ROUNDS
    assert cut <= ROUNDS * CLIENTS
