"""Counters are exact over kills and reloads, and no scrape shows a smaller one.

A request whose answer its client has whole is counted, even if its worker dies right after the last
byte. A request that a dying worker cuts off may be counted or not. So each count is at least what
clients got, and at most what they have asked for.
"""

import collections
import os
import signal
import threading

import pytest
from hyperframe.frame import GoAwayFrame

from harness import Client, get, proc, request, response, wait_until
from harness.config import another_listener, plain_site
from harness.http2 import Http2
from harness.metrics import scrape
from harness.ports import reserve_port
from harness.wire import Closed

ROUNDS = 20
CLIENTS = 2  # of each protocol
TARGETS = {"/good": 200, "/own": 302, "/none": 404}
LISTENER = "Protocols: [h2c, http/1.1]; Limit: {Rate: 10000, Per: 1}"
SERVE = """
- URL: "^/metrics"
  Serve: metrics
"""
SERVICES = """
- URL: "^/own"
  Redirect: http://www.example.com/
- URL: "^/good"
  Backends: [*web]
""" + SERVE
OBSERVER = another_listener("Port: $watch", SERVE)


def site_with(workers):
    return plain_site(f"Workers: {workers}", listener=LISTENER, services=SERVICES) + OBSERVER


class Visitor(threading.Thread):
    """Asks for all targets in turn, on one connection after the other. Counts by target what it got
    whole, and what was cut off."""

    def __init__(self, port, done):
        super().__init__(daemon=True)
        self.port, self.done = port, done
        self.served, self.cut = collections.Counter(), collections.Counter()
        self.failure = None

    def run(self):
        try:
            while not self.done.is_set():
                try:
                    self.visit()
                except (Closed, OSError):
                    pass  # at the begin of a connection; no request was sent
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure

    def targets(self):
        for _ in range(20):
            for target, status in TARGETS.items():
                if self.done.is_set():
                    return
                yield target, status


class Http1Visitor(Visitor):
    protocol = "http/1.1"

    def visit(self):
        with Client(self.port) as client:
            for target, status in self.targets():
                try:
                    answer = client.ask(target=target)
                except (Closed, OSError):
                    self.cut[target] += 1
                    return
                assert answer.status == status and answer.complete, answer.raw_head
                self.served[target] += 1
                if "close" in answer.all("Connection"):
                    return


class Http2Visitor(Visitor):
    protocol = "http/2"

    def visit(self):
        with Http2(self.port, start=False) as client:
            try:
                client.start()
            except AssertionError as failure:
                self._expect_closed(failure)
                return
            for target, status in self.targets():
                stream = client.request("GET", target)
                try:
                    answer = client.response(stream)
                except (AssertionError, Closed, OSError) as failure:
                    self._expect_closed(failure)
                    if not self._was_refused(client, stream):
                        self.cut[target] += 1
                    return
                assert answer.status == status, answer
                self.served[target] += 1
                if client.unclaimed:  # GOAWAY
                    return

    @staticmethod
    def _was_refused(client, stream):
        """Whether the server has said that it did not look at this stream (RFC 9113 6.8)."""
        return any(isinstance(frame, GoAwayFrame) and frame.last_stream_id < stream
                   for frame in client.unclaimed)

    @staticmethod
    def _expect_closed(failure):
        cause = failure.__cause__ or failure.__context__ or failure
        if not isinstance(cause, (Closed, OSError)):
            raise failure


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


class Storm:
    """A daemon with visitors of both protocols and a scraper, while `disturb` runs."""

    def __init__(self, site, workers):
        self.watch = reserve_port()
        self.pound = site.pound(site_with(workers), watch=self.watch, web=site.backend().port)
        self.visitors = []

    def run(self, disturb):
        done = threading.Event()
        self.visitors = [kind(self.pound.port, done) for kind in (Http1Visitor, Http2Visitor)
                         for _ in range(CLIENTS)]
        scraper = Scraper(self.watch, done)
        threads = [*self.visitors, scraper]
        for thread in threads:
            thread.start()
        try:
            disturb()
            seen = scraper.scrapes
            wait_until(lambda: scraper.scrapes > seen or scraper.failure, "one more scrape")
        finally:
            done.set()
            for thread in threads:
                thread.join()
        for thread in threads:
            if thread.failure:
                raise thread.failure

    def total(self, what, targets=TARGETS, protocols=("http/1.1", "http/2")):
        return sum(getattr(visitor, what)[target] for visitor in self.visitors
                   for target in targets if visitor.protocol in protocols)

    def counts(self):
        """{what: (its metric, what clients got, what they have got at most)}"""
        metrics = scrape(self.watch)
        listener = f"127.0.0.1:{self.pound.port}"
        found = {}

        def add(name, targets=TARGETS, protocols=("http/1.1", "http/2"), **labels):
            served = self.total("served", targets, protocols)
            found[(name, *labels.values())] = (metrics.get(name, **labels), served,
                                               served + self.total("cut", targets, protocols))
        for protocol in ("http/1.1", "http/2"):
            add("pound_listener_requests_total", protocols=[protocol], listener=listener,
                protocol=protocol)
        for target, status in TARGETS.items():
            add("pound_listener_responses_total", [target], listener=listener,
                code=f"{status // 100}xx")
        add("pound_listener_responses_total", listener=listener)
        add("pound_listener_response_seconds_count", listener=listener)
        add("pound_listener_unserved_total", ["/none"], listener=listener, reason="no_service")
        add("pound_limit_requests_total", of=listener, result="passed")
        for number, target in ((1, "/own"), (2, "/good")):
            service = f"{listener}/{number}"
            add("pound_service_requests_total", [target], service=service)
            add("pound_service_responses_total", [target], service=service)
            add("pound_service_response_seconds_count", [target], service=service)
        for name in ("requests_total", "responses_total", "first_byte_seconds_count"):
            add(f"pound_backend_{name}", ["/good"], backend="web")
        return found


def test_reloads_lose_no_request(site):
    storm = Storm(site, 2)

    def reload_often():
        for _ in range(ROUNDS):
            storm.pound.reload()
    storm.run(reload_often)
    assert storm.total("cut") == 0
    wrong = {what: (count, served) for what, (count, served, _) in storm.counts().items()
             if count != served}
    assert not wrong
    assert scrape(storm.watch).get("pound_generation") == 1 + ROUNDS


def test_kills_and_reloads_lose_only_what_they_cut_off(site):
    storm = Storm(site, 4)
    pound = storm.pound

    def kill_and_reload_often():
        killed = []
        for _ in range(ROUNDS):
            victim = max(pound.wait_workers(gone=killed), key=proc.age)
            pound.wait_grown_up(victim)
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)
            pound.wait_workers(gone=killed)
            pound.reload()
    storm.run(kill_and_reload_often)
    wrong = {what: bounds for what, bounds in storm.counts().items()
             if not bounds[1] <= bounds[0] <= bounds[2]}
    assert not wrong
    assert storm.total("served") > 50 * ROUNDS
    assert storm.total("cut") <= ROUNDS * len(storm.visitors)
    metrics = scrape(storm.watch)
    assert metrics.get("pound_worker_respawns_total") == ROUNDS
    assert metrics.get("pound_generation") == 1 + ROUNDS


CHUNKED = response(b"4\r\nhalf\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False)
# What is asked for, what the backend says, and bytes of the piece with which the answer ends.
ENDS = {
    "length": ("/good", response(b"last bytes"), "last bytes"),
    "chunked": ("/good", CHUNKED, "\r\n0\r\n\r\n"),
    "error page": ("/none", None, "HTTP/1.1 404 "),
    "redirect": ("/own", None, "HTTP/1.1 302 "),
    "document": ("/metrics", None, "# EOF\n"),
}


@pytest.mark.parametrize("client", ["http/1.1", "http/2"])
@pytest.mark.parametrize("kind", ENDS)
def test_an_answer_counts_though_its_worker_dies_with_the_last_byte(site, faults, client, kind):
    target, sent, end = ENDS[kind]
    watch = reserve_port()
    pound = site.pound(site_with(1), watch=watch, web=site.backend(handler=lambda head: sent).port,
                       popen={"env": faults.environment})
    victim, = pound.wait_workers()
    pound.wait_grown_up(victim)
    status = TARGETS.get(target, 200)
    if client == "http/2":
        # DATA is as it was; the head is compressed, and a chunk's size is not there.
        piece = {"chunked": "half", "error page": "Not Found", "redirect": "</html>"}
        with Http2(pound.port) as connection:
            faults.die_after(piece.get(kind, end))
            assert connection.ask("GET", target).status == status
    else:
        faults.die_after(end)
        answer = get(pound.port, target)
        assert answer.status == status and answer.complete
    pound.wait_workers(gone=[victim])
    metrics = scrape(watch)
    listener = f"127.0.0.1:{pound.port}"
    owners = [{"listener": listener}]
    if target != "/none":
        number = {"/own": 1, "/good": 2, "/metrics": 3}[target]
        owners.append({"service": f"{listener}/{number}"})
    for owner in owners:
        what, = owner
        assert metrics.get(f"pound_{what}_responses_total", code=f"{status // 100}xx", **owner) == 1
        assert metrics.get(f"pound_{what}_response_seconds_count", **owner) == 1
    assert metrics.get("pound_listener_unserved_total", listener=listener) == (target == "/none")
