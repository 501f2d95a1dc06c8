#!/usr/bin/python3
"""Pound beside nginx and HAProxy: the cost of a request in each of them on this machine.

usage: compare.py --backend PROGRAM [--rounds N] [--seconds S] [--only NAMES] [--strict yes]
                  [--readme FILE]

Prints a table, and writes it between the markers of the README if it is complete. Exits with 1
after a wrong response, after the time limit, and, if strict, after a missed target. Run it with
`make bench`; NGINX and HAPROXY in the environment name other programs.
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
import machine
import report
import tail
from backends import Backend, make_certificate
from load import Demand, idle_kib, measure
from proxies import ALL, TO_FILE, HAProxy, Nginx, Pound, Work, missing

LIMIT_SECONDS = 600
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


@dataclasses.dataclass
class Outcome:
    """A row of the table: the first contestant against the best of `rivals`."""
    name: str
    what: str
    values: list       # the compared figures, by contestant
    rivals: list       # the `values` of the rivals; empty: `must` is absolute
    must: float = None
    aim: float = None
    results: list = dataclasses.field(default_factory=list)  # lists of Result, by contestant

    @property
    def ratio(self):
        return self.values[0] / min(self.rivals) if self.rivals else None

    @property
    def missed(self):
        reached = self.values[0] if self.ratio is None else self.ratio
        return self.must is not None and reached > self.must

    def median(self, what):
        return [statistics.median(getattr(one, what) for one in runs) for runs in self.results]

    def cells(self):
        goal = "" if self.must is None else report.number(self.must)
        if self.aim is not None:
            goal += f" ({report.number(self.aim)})"
        row = [self.what, report.side_by_side(self.values),
               "" if self.ratio is None else f"{self.ratio:.2f}", goal]
        for what, scale in (("rps", 1), ("p99_ms", 1), ("pss_kib", 1024)):
            row += [report.side_by_side(v / scale for v in self.median(what))]
        return row


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

    def needed(self, contestants, rounds=None):
        rounds = rounds or self.options.rounds
        return contestants * (rounds * (self.options.seconds + 0.3) + 2)

    def compete(self, contestants):
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
            for turn in range(self.options.rounds):
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

    def idle(self, name, what, count, tls, goals):
        if not self.wants(name, 3 * (2 + count * (0.004 if tls else 0.001))):
            return
        values = []
        for one in ALL:
            proxy = one(self.work)
            try:
                kib, wrong = idle_kib(proxy, count, tls)
            finally:
                proxy.stop()
            values.append(kib)
            self.note(wrong)
        self.add(Outcome(name, what, values, [], *goals))

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
    bench.access_log(socket)
    bench.against_itself(
        "routes1000", "routes1000: Pound with 1 000 services / with one",
        (dataclasses.replace(bench.work, routes=ROUTES), Demand(host=f"h{ROUTES - 1}.example")),
        1.10, 1.03)
    bench.against_itself(
        "sessions", "sessions by cookie: Pound with / without",
        (dataclasses.replace(bench.work, sessions=300), Demand(cookies=SESSIONS)), 1.05, 1.02)
    bench.idle("idle", f"an idle client, KiB ({IDLE} of them)", IDLE, False, (0.40, 0.30))
    bench.idle("idletls", f"an idle TLS client, KiB ({IDLE_TLS} of them)", IDLE_TLS, True,
               (14.8, 12))
    bench.tail()


HEADS = ["scenario", "CPU µs per request", "ratio", "must (aim)", "requests/s", "p99, ms",
         "memory, MiB"]


def text_of(bench, options):
    versions = ", ".join(f"{one.name} {one.version()}" for one in ALL)
    return "\n".join([
        f"{versions}; {machine.describe()}. Medians of {options.rounds} interleaved rounds of "
        f"{options.seconds} s. A cell has the figures of " + " / ".join(one.name for one in ALL) +
        "; the ratio is Pound's figure to that of the better peer. Each proxy has two workers or "
        "threads. Nothing is pinned: proxy, load generator and backend share the processors, "
        "because a load generator on its own processor would leave none of the two for the "
        "proxy's second worker. CPU is the scheduler's count for all processes of the proxy; "
        "memory is their proportional share. Rows on a tail compare p99 at 70 % of the slowest "
        f"proxy's rate. The queue of a syslog socket holds {machine.syslog_queue()} records here.",
        "",
        report.table(HEADS, [outcome.cells() for outcome in bench.outcomes])])


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
