#!/usr/bin/python3
"""How Pound's cost grows with clients, services, sessions, backends and body sizes.

usage: growth.py --backend PROGRAM [--seconds S] [--rounds N] [--only NAMES] [--text FILE]
                 [--picture FILE]

Starts a Pound with one worker for each size and measures all of them in interleaved rounds. A table
for each curve, with the memory of a worker, goes between the markers of --text, and all curves go
into one SVG picture. Exits with 1 after a wrong response. Run it with `make bench-growth`.
"""

import argparse
import contextlib
import dataclasses
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "t/e2e"))

# pylint: disable=wrong-import-position
import machine
import report
from backends import Backend, make_certificate
from load import Demand, measure
from proxies import Pound, Work

LIMIT_SECONDS = 600
KIB, MIB = 1 << 10, 1 << 20
MOST_BACKENDS = 1000

REMARKS = {
    "hosts": "One pass of one automaton searches all patterns of a listener. Only its memory "
             "grows, and the curve bends where the states in use outgrow the caches.",
    "patterns": "The same pass. The automaton makes a state when a request first needs it, and "
                "keeps it.",
}


@dataclasses.dataclass
class Point:
    """One size on a curve."""
    size: int
    label: str
    work: Work
    demand: Demand
    requests: int = 0  # before the measurement, to fill the tables
    us: float = 0
    pss_mib: float = 0


@dataclasses.dataclass
class Curve:
    name: str
    title: str
    unit: str
    remark: str  # the cause of its bend
    points: list


def curves(work, ports):
    change = dataclasses.replace

    def services(count, route):
        return change(work, routes=count - 1, route=route)

    exact = Work.route
    anchored = 'HeadRequire: "^Host:.*[.]h{0}\\\\.example"'
    yield Curve(
        "clients", "Clients with keep-alive", "clients",
        "The more clients are ready at a time, the more of them share one epoll_wait. Beyond some "
        "hundreds their sockets no longer fit into the processor's caches.",
        [Point(n, f"{n}", work, Demand(n)) for n in (1, 10, 100, 1000, 5000)])
    for name, what, route, host in (
            ("hosts", "Services by exact host name", exact, "h{0}.example"),
            ("patterns", "Services by anchored host pattern", anchored, "www.h{0}.example")):
        yield Curve(
            name, what, "services",
            REMARKS[name], [Point(n, f"{n}", services(n, route), Demand(host=host.format(n - 2)))
                            for n in (1, 10, 100, 1000, 10000)])
    yield Curve(
        "sessions", "Sessions by cookie", "sessions",
        "A look-up touches one bucket or two. The curve bends where the table outgrows the "
        "processor's caches. The table has room for twice the sessions in use.",
        [Point(n, f"{n}", change(work, sessions=3600, max_sessions=max(1024, 2 * n)),
               Demand(cookies=n), requests=n) for n in (1000, 10000, 100000, 1000000)])
    yield Curve(
        "backends", "Backends of a service", "backends",
        "The balancer looks at each backend once per request. Idle connections belong to all of "
        "them, so each connection serves less often and its memory is colder.",
        [Point(n, f"{n}", change(work, backends=tuple(ports[1:n])), Demand())
         for n in (2, 10, 100, MOST_BACKENDS)])
    yield Curve(
        "bodies", "Size of the body", "bytes",
        "Up to some KiB a body travels with its head. From 256 KiB on, the size of the read "
        "buffer, only the copying in the kernel remains, and the cost is proportional.",
        [Point(max(128, n), label, work, Demand(clients, n)) for n, label, clients in (
            (0, "0", 64), (KIB, "1 KiB", 64), (16 * KIB, "16 KiB", 64), (64 * KIB, "64 KiB", 32),
            (MIB, "1 MiB", 16), (10 * MIB, "10 MiB", 4), (100 * MIB, "100 MiB", 2))])


def run(curve, options):
    """Measures all points of a curve in turn; returns the errors."""
    wrong = []
    with contextlib.ExitStack() as stack:
        proxies = []
        for point in curve.points:
            proxies.append(Pound(point.work))
            stack.callback(proxies[-1].stop)
        for point, proxy in zip(curve.points, proxies):
            wrong += fill(point, proxy)
        runs = [[] for _ in proxies]
        for _ in range(options.rounds):
            for point, proxy, results in zip(curve.points, proxies, runs):
                results.append(measure(proxy, point.demand, seconds_for(point, options.seconds))[0])
                wrong += results[-1].wrong
        for point, proxy, results in zip(curve.points, proxies, runs):
            point.us = statistics.median(result.us for result in results)
            point.pss_mib = worker_pss_mib(proxy)
    return wrong


def seconds_for(point, asked):
    """The seconds of a run: many clients and large bodies need more."""
    return max(asked, point.demand.clients // 1000, 4 if point.demand.size > 10 * MIB else 0)


def fill(point, proxy):
    """Warms up, with sessions until about every session exists."""
    result, _ = measure(proxy, point.demand, seconds_for(point, 1))
    seconds = min(60, int(point.requests / result.rps))
    if result.wrong or seconds == 0:
        return result.wrong
    return measure(proxy, point.demand, seconds)[0].wrong


def worker_pss_mib(proxy):
    """The memory of master and worker; memory that they share counts once."""
    return machine.pss_kib(proxy.pid) / 1024


def picture(done, path):
    """Writes one SVG with all curves. gnuplot writes plain numbers, so reruns differ little."""
    columns = 3
    rows = -(-len(done) // columns)
    script = [f"set terminal svg size {columns * 320},{rows * 240} font 'sans-serif,11' "
              "background '#ffffff'",
              f"set output '{path}'", f"set multiplot layout {rows},{columns}",
              "set logscale x", "set yrange [0:*]", "set grid ytics lc rgb '#dddddd'",
              "set border 3", "set rmargin 7", "set bmargin 4", "set tics nomirror out",
              "unset key", "set ylabel 'CPU µs'"]
    for curve in done:
        ticks = ", ".join(f"'{point.label}' {point.size}" for point in curve.points)
        top = max(point.us for point in curve.points)
        bodies = curve.name == "bodies"
        script += [f"set title '{curve.title}'", f"set xtics rotate by -45 ({ticks})",
                   f"set xrange [{curve.points[0].size * 0.7}:{curve.points[-1].size * 1.5}]",
                   "set logscale y" if bodies else "unset logscale y",
                   "set yrange [1:*]" if bodies else f"set yrange [0:{1.25 * top:.0f}]",
                   f"${curve.name} << EOD",
                   *(f"{point.size} {point.us:.3g}" for point in curve.points), "EOD",
                   f"plot ${curve.name} with linespoints lw 2 pt 7 ps 0.6 lc rgb '#1f5fa8'"]
    script += ["unset multiplot"]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def text_of(done, options):
    parts = [f"Pound {Pound.version()} with one worker; {machine.describe()}. Medians of "
             f"{options.rounds} rounds of {options.seconds} s; CPU is that of master and worker, "
             "memory is their proportional share.\n"]
    for curve in done:
        rows = [[point.label, report.number(point.us), report.number(point.pss_mib)]
                for point in curve.points]
        parts += [f"### {curve.title}\n", curve.remark + "\n",
                  report.table([curve.unit, "CPU µs per request", "memory, MiB"], rows)]
    return "\n".join(parts)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--only", type=str.split, default=[])
    parser.add_argument("--text", default=str(ROOT / "man/speed.md"))
    parser.add_argument("--picture", default=str(ROOT / "man/growth.svg"))
    return parser.parse_args()


def main():
    options = parse()
    machine.allow_many_descriptors()
    started, done, wrong, left_out = time.monotonic(), [], [], []
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        backend = Backend(options.backend, "--ports", MOST_BACKENDS)
        stack.callback(backend.stop)
        work = Work(backend.ports[0], directory, make_certificate(directory), workers=1)
        for curve in curves(work, backend.ports):
            if options.only and curve.name not in options.only:
                continue
            if time.monotonic() - started > LIMIT_SECONDS - 60:
                left_out.append(curve.name)
                continue
            print(f"# {time.monotonic() - started:4.0f} s: {curve.name}", file=sys.stderr,
                  flush=True)
            wrong += run(curve, options)
            done.append(curve)
    text = text_of(done, options)
    print(text)
    for name in left_out:
        print(f"no time was left for: {name}")
    for what in wrong:
        print(f"WRONG: {what}")
    if wrong or left_out or not done:
        return 1
    if not options.only:
        report.write_between(options.text, "growth", text)
        picture(done, options.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
