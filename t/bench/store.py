#!/usr/bin/python3
"""What a session store costs: Pound with a `SessionStore` beside Pound without, in turn.

usage: store.py --backend PROGRAM [--rounds N] [--seconds S] [--workers N]

Clients of known sessions come again and again with one of 1 000 cookies, so all but the first
requests are answered from the table of the machine. Clients of unknown sessions never come a second
time: each request is a look-up and a binding. The store is a redis-server on this machine; what it
costs is not in the figures of Pound. Prints a table. Exits with 1 after a wrong response.
"""

import argparse
import dataclasses
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "t/e2e"))

# pylint: disable=wrong-import-position
import machine
from backends import Backend, make_certificate
from load import Demand, measure
from proxies import Pound, Work

from harness.redis import Redis

KNOWN = 1000
SHOWN = ("get", "set", "pexpire")


def ratio(with_store, without, figure):
    """The median over the rounds, in each of which both ran one after the other."""
    return statistics.median(figure(a) / figure(b) for a, b in zip(with_store, without))


def compete(works, demand, redis, options):
    """The results of each work, in interleaved rounds, and the calls of Redis for each request."""
    results, wrong = [[] for _ in works], []
    proxies = [Pound(work) for work in works]
    with redis.client() as client:
        try:
            for proxy in proxies:
                wrong += measure(proxy, demand, 1)[0].wrong
            client.ask("CONFIG", "RESETSTAT")
            for turn in range(options.rounds):
                for i in range(len(proxies)):
                    i = (i + turn) % len(proxies)
                    result, _ = measure(proxies[i], demand, options.seconds)
                    results[i].append(result)
                    wrong += result.wrong
            calls = client.calls()
            client.ask("FLUSHALL")
        finally:
            for proxy in proxies:
                proxy.stop()
    served = sum(result.requests for result in results[0])
    return results, {name: calls.get(name, 0) / served for name in SHOWN}, wrong


def row(what, results, calls):
    on, off = results
    cells = [what]
    for figure in (lambda r: r.us, lambda r: r.rps, lambda r: r.p99_ms):
        cells += [f"{statistics.median(map(figure, runs)):.4g}" for runs in (off, on)]
        cells.append(f"{ratio(on, off, figure):.3f}")
    cells += [f"{calls[name]:.4f}" for name in SHOWN]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", required=True)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    machine.allow_many_descriptors()
    wrong = []
    print("| sessions | CPU, µs/request: off | on | ratio | requests/s: off | on | ratio "
          "| p99, ms: off | on | ratio | GET/request | SET | PEXPIRE |\n" + "|---" * 13 + "|")
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        backend, redis = Backend(options.backend), Redis(directory)
        try:
            off = Work(backend.ports[0], directory, make_certificate(directory), sessions=3600,
                       max_sessions=1 << 22, workers=options.workers)
            on = dataclasses.replace(off, store=redis.port)
            for what, demand in (("known", Demand(cookies=KNOWN)), ("unknown", Demand(fresh=True))):
                results, calls, found = compete((on, off), demand, redis, options)
                print(row(what, results, calls), flush=True)
                wrong += found
        finally:
            redis.close()
            backend.stop()
    print(f"\nMedians of {options.rounds} interleaved rounds of {options.seconds} s with "
          f"{options.workers} worker(s); {machine.describe()}.")
    for text in wrong:
        print(f"WRONG: {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
