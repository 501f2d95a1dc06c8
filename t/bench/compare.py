#!/usr/bin/python3
"""Pound beside its peers: the cost of a request in each of them on this machine.

usage: compare.py --backend PROGRAM [--rounds N] [--seconds S] [--only NAMES] [--strict yes]
                  [--readme FILE]

The peers are nginx and HAProxy, and for HTTP/2 also h2o and nghttpx if they are installed. Prints
two tables, and writes them between the markers of the README if they are complete. Exits with 1
after a wrong response, after the time limit, and, if strict, after a missed target. Run it with
`make bench`; NGINX, HAPROXY, H2O and NGHTTPX in the environment name other programs.
"""

import argparse
import contextlib
import dataclasses
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "t/e2e"))

# pylint: disable=wrong-import-position
import h2load
import machine
import outcome
import report
import tail
from backends import Backend, TlsBackend, make_certificate
from http2_proxies import FOR_HTTP2, not_installed
from load import Demand, idle_kib, measure
from outcome import Outcome
from proxies import ALL, TO_FILE, HAProxy, Nginx, Pound, Work, missing

LIMIT_SECONDS = 900
HTTP2_ROUNDS = 5  # at most; there are more contestants, and each run has a warm-up
ROUTES = 1000
SESSIONS = 1000
IDLE, IDLE_TLS = 5000, 2000
MIB = 1 << 20


@dataclasses.dataclass
class Contestant:
    label: str
    proxy: type
    work: Work
    demand: Demand


class Bench:
    """Runs scenarios until the time limit and collects errors."""

    def __init__(self, options, directory, work, slow_port):
        self.options, self.directory = options, directory
        self.work, self.slow_port = work, slow_port
        self.started = time.monotonic()
        self.outcomes, self.wrong, self.left_out = [], [], []

    def wants(self, name, seconds):
        """Whether the caller wants this scenario and enough time is left for it."""
        if self.options.only and name not in self.options.only:
            return False
        if time.monotonic() - self.started + seconds > LIMIT_SECONDS:
            self.left_out.append(name)
            return False
        print(f"# {time.monotonic() - self.started:4.0f} s: {name}", file=sys.stderr, flush=True)
        return True

    def needed(self, contestants, rounds=None, warm_up=0):
        rounds = rounds or self.options.rounds
        return contestants * (rounds * (self.options.seconds + 0.3 + warm_up) + 2 + warm_up)

    def compete(self, contestants, rounds=None):
        """Runs all contestants in turn, so that a drift of the machine affects all alike."""
        results = [[] for _ in contestants]
        spoken = set()
        with contextlib.ExitStack() as stack:
            proxies = []
            for one in contestants:
                proxies.append(one.proxy(one.work))
                stack.callback(proxies[-1].stop)
            for proxy, one in zip(proxies, contestants):
                self.note(measure(proxy, one.demand, 1)[0].wrong)
            for turn in range(rounds or self.options.rounds):
                for i in range(len(proxies)):
                    i = (i + turn) % len(proxies)
                    result, said = measure(proxies[i], contestants[i].demand, self.options.seconds)
                    results[i].append(result)
                    spoken.add(said)
                    self.note(result.wrong)
        if len(spoken) > 1:
            self.note([f"the proxies negotiate different TLS: {spoken}"])
        return results

    def note(self, wrong):
        for text in wrong:
            print(f"# WRONG: {text}", file=sys.stderr, flush=True)
        self.wrong += wrong

    def add(self, outcome):
        self.outcomes.append(outcome)
        print(f"#        {' | '.join(outcome.cells())}", file=sys.stderr, flush=True)

    def against_peers(self, name, what, demand, must, aim):
        if not self.wants(name, self.needed(len(ALL))):
            return
        results = self.compete([Contestant(one.name, one, self.work, demand) for one in ALL])
        values = [statistics.median(run.us for run in runs) for runs in results]
        self.add(Outcome(name, what, values, values[1:], must, aim, results))

    def over_tls(self, name, what, demand, must, aim):
        """Likewise, with a backend that speaks TLS, whose certificate all verify."""
        if not self.wants(name, self.needed(len(ALL))):
            return
        backend = TlsBackend(self.work.certificate, self.directory, demand.size)
        try:
            work = dataclasses.replace(self.work, backend=backend.port,
                                       secure=self.work.certificate)
            results = self.compete([Contestant(one.name, one, work, demand) for one in ALL])
        finally:
            backend.stop()
        values = [statistics.median(run.us for run in runs) for runs in results]
        self.add(Outcome(name, what, values, values[1:], must, aim, results))

    def with_http2(self, name, what, demand, must, aim):
        rounds = min(HTTP2_ROUNDS, self.options.rounds)
        if not self.wants(name, self.needed(len(FOR_HTTP2), rounds, h2load.WARM_UP)):
            return
        results = self.compete([Contestant(one.name, one, self.work, demand) for one in FOR_HTTP2],
                               rounds)
        values = [statistics.median(run.us for run in runs) for runs in results]
        self.add(Outcome(name, what, values, values[1:], must, aim, results, is_http2=True))

    def against_itself(self, name, what, changes, must, aim):
        """Pound with the changed (work, demand) against Pound with the usual work."""
        work, demand = changes
        if not self.wants(name, self.needed(2)):
            return
        plain = demand if demand.cookies else Demand()
        results = self.compete([Contestant("with", Pound, work, demand),
                                Contestant("without", Pound, self.work, plain)])
        values = [statistics.median(run.us for run in runs) for runs in results]
        self.add(Outcome(name, what, values, values[1:], must, aim, results))

    def access_log(self, socket):
        if not self.wants("log", self.needed(len(ALL) + 2)):
            return
        to_file = dataclasses.replace(self.work, log=TO_FILE)
        to_syslog = dataclasses.replace(self.work, log=str(socket))
        works = ((Pound, to_file), (Nginx, to_file), (HAProxy, to_syslog), (Pound, to_syslog),
                 (Pound, self.work))
        results = self.compete([Contestant(one.name, one, work, Demand()) for one, work in works])
        values = [statistics.median(run.us for run in runs) for runs in results]
        self.add(Outcome("log", "keepalive, access log on in all", values[:len(ALL)],
                         values[1:len(ALL)], results=results[:len(ALL)]))
        off = len(works) - 1
        for what, on in (("standard output, a file", 0), ("syslog", len(ALL))):
            self.add(Outcome("log", f"access log to {what}: Pound with / without",
                             [values[on], values[off]], [values[off]], 1.08, 1.04,
                             [results[on], results[off]]))

    def idle(self, name, what, count, demand, goals):
        proxies = FOR_HTTP2 if demand.streams else ALL
        each = 0.006 if demand.streams else 0.004 if demand.tls else 0.001
        if not self.wants(name, len(proxies) * (2 + count * each)):
            return
        values = []
        for one in proxies:
            proxy = one(self.work)
            try:
                kib, wrong = idle_kib(proxy, count, demand)
            finally:
                proxy.stop()
            values.append(kib)
            self.note(wrong)
        self.add(Outcome(name, what, values, [], *goals, is_http2=bool(demand.streams)))

    def tail(self):
        """p99 at 70 % of the rate of the slowest proxy, alone and beside disturbances."""
        rounds = min(4, self.options.rounds)
        seconds = self.needed(3 * len(ALL), rounds)
        base = next((one for one in self.outcomes if one.name == "keepalive"), None)
        if not self.wants("tail", seconds) or base is None:
            return
        demand = tail.demand_at(0.7 * min(base.median("rps")))
        work = dataclasses.replace(self.work, slow=(tail.SLOW.path, self.slow_port))
        with contextlib.ExitStack() as stack:
            proxies = []
            for one in ALL:
                proxies.append(one(work))
                stack.callback(proxies[-1].stop)
            for what, disturb in tail.SITUATIONS:
                results = [[] for _ in proxies]
                for _ in range(rounds):
                    for proxy, runs in zip(proxies, results):
                        with disturb(proxy, self.options.seconds):
                            runs.append(measure(proxy, demand, self.options.seconds)[0])
                        self.note(runs[-1].wrong)
                values = [statistics.median(run.p99_ms for run in runs) for runs in results]
                quiet = disturb is tail.nothing
                self.add(Outcome("tail", what, values, values[1:], 1.0 if quiet else None,
                                 results=results))


def run(bench, socket):
    bench.against_peers("keepalive", "keepalive: 1 KiB, 64 clients", Demand(), 0.85, 0.78)
    bench.against_peers("keepalive512", "keepalive512: 512 clients", Demand(512), 0.80, 0.70)
    bench.against_peers("close", "close: a connection per request", Demand(close=True), 0.90, 0.85)
    bench.against_peers("mid", "mid: 64 KiB, 32 clients", Demand(32, 64 * 1024), 0.70, 0.62)
    bench.against_peers("big", "big: 1 MiB, 16 clients", Demand(16, MIB), 0.97, 0.90)
    bench.against_peers("tls", "tls: 1 KiB, 64 clients", Demand(tls=True), 0.87, 0.80)
    bench.against_peers("handshake", "handshake: one per request, 32 clients",
                        Demand(32, tls=True, close=True), 0.97, 0.85)
    bench.against_peers("tlsbig", "tlsbig: 1 MiB, 16 clients", Demand(16, MIB, True), 0.90, 0.80)
    bench.over_tls("tlsbackend", "tlsbackend: 1 KiB, 64 clients, TLS to the backend", Demand(),
                   0.85, 0.80)
    bench.access_log(socket)
    bench.against_itself(
        "routes1000", "routes1000: Pound with 1 000 services / with one",
        (dataclasses.replace(bench.work, routes=ROUTES), Demand(host=f"h{ROUTES - 1}.example")),
        1.10, 1.03)
    bench.against_itself(
        "sessions", "sessions by cookie: Pound with / without",
        (dataclasses.replace(bench.work, sessions=300), Demand(cookies=SESSIONS)), 1.05, 1.02)
    bench.idle("idle", f"an idle client, KiB ({IDLE} of them)", IDLE, Demand(), (0.40, 0.30))
    bench.idle("idletls", f"an idle TLS client, KiB ({IDLE_TLS} of them)", IDLE_TLS,
               Demand(tls=True), (14.8, 12))
    run_http2(bench)
    bench.tail()


def run_http2(bench):
    for name, what, demand, must, aim in (
            ("h2", "h2: 1 KiB, 16 clients × 16 streams", Demand(16, streams=16), 1.00, 0.85),
            ("h2one", "h2one: 1 client × 100 streams", Demand(1, streams=100), 1.00, 0.85),
            ("h2many", "h2many: 256 clients × 2 streams", Demand(256, streams=2), 0.90, 0.80),
            ("h2big", "h2big: 1 MiB, 8 clients × 4 streams", Demand(8, MIB, streams=4), 0.95,
             0.85)):
        bench.with_http2(name, what, dataclasses.replace(demand, tls=True), must, aim)
    bench.idle("idleh2", f"an idle HTTP/2 client, KiB ({IDLE_TLS} of them)", IDLE_TLS,
               Demand(tls=True, streams=1), (16.0, 15.0))


def text_of(bench, options):
    """The tables for the outcomes that there are, with what a reader has to know."""
    versions = ", ".join(f"{one.name} {one.version()}" for one in FOR_HTTP2)
    text = [
        f"{versions}; {machine.describe()}. Medians of {options.rounds} interleaved rounds of "
        f"{options.seconds} s. A ratio is that of Pound's figure to the best peer's. Each proxy "
        "has two workers or threads. Nothing is pinned: proxy, load generator and backend share "
        "the processors, because a load generator on its own processor would leave none of the "
        "two for the proxy's second worker. CPU is the scheduler's count for all processes of the "
        "proxy; memory is their proportional share."]
    plain = [one for one in bench.outcomes if not one.is_http2]
    http2 = [one for one in bench.outcomes if one.is_http2]
    if plain:
        text += [
            "", f"HTTP/1.1, from wrk. A cell has the figures of {outcome.names(ALL)}, unless the "
            "row says otherwise. Rows on a tail compare p99 at 70 % of the slowest proxy's rate. "
            f"The queue of a syslog socket holds {machine.syslog_queue()} records here.",
            "", outcome.table(plain).rstrip()]
    if http2:
        text += [
            "", f"HTTP/2 over TLS, from h2load, in {min(HTTP2_ROUNDS, options.rounds)} rounds. A "
            f"cell has the figures of {outcome.names(FOR_HTTP2)}. Handshakes come before the "
            "measurement and do not count.",
            "", outcome.table(http2).rstrip()]
    return "\n".join(text) + "\n"


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--only", type=str.split, default=[])
    parser.add_argument("--strict", default="no")
    parser.add_argument("--readme", default=str(ROOT / "README.md"))
    return parser.parse_args()


def main():
    options = parse()
    if absent := missing():
        print(f"not installed: {' '.join(absent)}; try init/install-deps --bench", file=sys.stderr)
        return 1
    for program in not_installed():
        print(f"# {program} is not installed; HTTP/2 is compared without it", file=sys.stderr)
    machine.allow_many_descriptors()
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        backend = Backend(options.backend, "--ports", 2)
        stack.callback(backend.stop)
        logger = Backend(options.backend, "--syslog", directory / "syslog")
        stack.callback(logger.stop)
        work = Work(backend.ports[0], directory, make_certificate(directory))
        bench = Bench(options, directory, work, backend.ports[1])
        run(bench, directory / "syslog")
    text = text_of(bench, options)
    print(text)
    print(f"took {time.monotonic() - bench.started:.0f} s")
    missed = [one.what for one in bench.outcomes if one.missed]
    for what in missed:
        print(f"target missed: {what}")
    for name in bench.left_out:
        print(f"no time was left for: {name}")
    for what in bench.wrong:
        print(f"WRONG: {what}")
    if bench.wrong or bench.left_out or not bench.outcomes:
        return 1
    if not options.only:
        report.write_between(options.readme, "bench", text)
    return 1 if missed and options.strict == "yes" else 0


if __name__ == "__main__":
    sys.exit(main())
