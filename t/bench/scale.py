#!/usr/bin/python3
"""How sessions scale over many machines: by hash, in a store, and by cookie. A calculation.

usage: scale.py [--machines LIST] [--sessions LIST] [--samples N] [--lasts S] [--every S] [--ttl S]
                [--store-commands N] [--store-bytes N] [--text FILE] [--svg FILE]

Prints tables, puts them between the markers of --text, and draws --svg. Sends nothing. The same
options always give the same figures. scale_model.py has the model of sessions, and scale_hash.py the
daemon's hash. `make bench-scale` rewrites man/scaling.md and its picture.
"""

import argparse
import itertools
import pathlib
import random
import sys

import chart
import report
from scale_hash import Rendezvous, mix
from scale_model import (Load, asked, commands, known, largest_share, moved_without_store, replay,
                         stored, waited)

SEED = 1
MILLION = 10 ** 6
MIB, GIB = 1 << 20, 1 << 30
TABLE_BYTES = 48  # of a session, in the table of a machine (shm/session_table.h)
MOST_SESSIONS = 16777216  # MaxSessions can be no more
BACKENDS = 10
MOST_LOOKS = 2_000_000  # at a backend for a key, in each balance
KEYS = 20_000  # whose choices are counted before and after a change
SPREADS = {"sticky": True, "random": False}


def short(value):
    """10000 as 10 k, and so on."""
    for size, unit in ((10 ** 9, "G"), (10 ** 6, "M"), (10 ** 3, "k")):
        if value >= size:
            return f"{report.number(value / size)} {unit}"
    return report.number(value)


def whole(value):
    """A round number of sessions or machines: 1, 100, 10 k, 100 M."""
    for size, unit in ((10 ** 6, " M"), (10 ** 3, " k")):
        if value >= size and value % size == 0:
            return f"{value // size}{unit}"
    return f"{value}"


def percent(share):
    return "0" if share == 0 else f"{100 * share:.3g} %"


def load_of(options, sessions, machines, spread):
    return Load(sessions, machines, SPREADS[spread], options.lasts, options.every, options.ttl)


# --- what the store gets --------------------------------------------------------------------------
def asks(options):
    rows = []
    for machines in options.machines:
        row = [whole(machines)]
        for spread in SPREADS:
            load = load_of(options, MILLION, machines, spread)
            played = replay(load, random.Random(SEED), options.samples)
            row += [f"{asked(load):.2f}", f"{played[0]:.2f}", f"{waited(load):.2f}",
                    f"{played[1]:.2f}"]
        rows.append(row)
    heads = [f"{spread}: {what}" for spread in SPREADS
             for what in ("asks", "replayed", "waits", "replayed")]
    return ("How often the machines ask the store for one session, and for how many of these a request "
            f"waits. Exact, beside a replay of {options.samples} sessions.\n\n"
            + report.table(["machines", *heads], rows))


def rates(options):
    rows = []
    for sessions in options.sessions:
        cells = []
        for spread, machines in columns(options):
            rate = commands(load_of(options, sessions, machines, spread))
            mark = " (!)" if rate > options.store_commands else ""
            cells.append(short(rate) + mark)
        rows.append([whole(sessions), *cells])
    heads = [name_of(spread, machines) for spread, machines in columns(options)]
    return ("Commands in a second that the store gets. Exact. (!): more than "
            f"{short(options.store_commands)}, which this page takes for the most of one Redis.\n\n"
            + report.table(["sessions in use", *heads], rows))


def ends(options):
    rows = []
    for machines in options.machines:
        row = [whole(machines)]
        for spread in SPREADS:
            load = load_of(options, MILLION, machines, spread)
            row += [short(MILLION * options.store_commands / commands(load)),
                    short(MILLION * MOST_SESSIONS / known(load))]
        rows.append(row)
    return (f"The sessions in use at which the store gets {short(options.store_commands)} commands a "
            f"second, and those at which the table of a machine has {MOST_SESSIONS} sessions, the "
            "largest `MaxSessions`. Exact.\n\n"
            + report.table(["machines", *(f"{spread}: {what}" for spread in SPREADS
                                          for what in ("store", "table"))], rows))


def columns(options):
    """The lines of a chart and of a table: sticky is the same for any number of machines."""
    yield "sticky", 1
    for machines in options.machines:
        if machines > 1:
            yield "random", machines


def name_of(spread, machines):
    return spread if spread == "sticky" else f"{spread}, {whole(machines)} machines"


def memory(options):
    machines = max((m for m in options.machines if m <= 10), default=min(options.machines))
    rows = []
    for sessions in options.sessions:
        kept = stored(load_of(options, sessions, machines, "sticky"))
        row = [whole(sessions), short(kept), report.number(kept * options.store_bytes / GIB)]
        for spread in SPREADS:
            here = known(load_of(options, sessions, machines, spread))
            is_too_many = here > MOST_SESSIONS
            row += [short(here), "more than MaxSessions can be" if is_too_many
                    else report.number(here * TABLE_BYTES / MIB)]
        rows.append(row)
    return (f"Memory, with {machines} machines: the store at most, each machine's table on average. "
            f"{options.store_bytes} bytes a session in the store, {TABLE_BYTES} in the table.\n\n"
            + report.table(["sessions in use", "in the store", "GiB", "sticky: in a table", "MiB",
                            "random: in a table", "MiB"], rows))


def without_store(options):
    rows = []
    for machines in options.machines:
        row = [whole(machines)]
        for spread, is_back in itertools.product(SPREADS, (True, False)):
            load = load_of(options, MILLION, machines, spread)
            row.append(percent(moved_without_store(load, random.Random(SEED), options.samples,
                                                   BACKENDS, is_back)))
        rows.append(row)
    return (f"Sessions in use that change their backend after the store is lost, of {options.samples} "
            f"that were replayed. {BACKENDS} backends, chosen at random.\n\n"
            + report.table(["machines", "sticky: empty, back at once", "sticky: stays away",
                            "random: empty, back at once", "random: stays away"], rows))


# --- what moves -----------------------------------------------------------------------------------
def backends(count, weight=8):
    return {f"192.0.2.{i + 1}:80": weight for i in range(count)}


def choices(weights):
    balancer = Rendezvous(weights)
    return [balancer.choose(mix(key)) for key in range(KEYS)]


def share_that_differs(one, other):
    return sum(a != b for a, b in zip(one, other)) / len(one)


def moves(_):
    names = backends(BACKENDS)
    before = choices(names)
    gone = dict(itertools.islice(names.items(), BACKENDS - 1))
    lost = share_that_differs(before, choices(gone))
    added = share_that_differs(before, choices(backends(BACKENDS + 1)))
    heavier = share_that_differs(before, choices({**names, "192.0.2.1:80": 16}))
    turned = share_that_differs(before, choices(dict(reversed(names.items()))))
    dead, half, others = percent(1 / BACKENDS), 1 / 2, 1 - 1 / BACKENDS
    rows = [
        ["one of two machines dies", "0", "0", "0", percent(half * others)],
        ["all machines restart", "0", "0", "0", percent(others)],
        ["the store is lost", "0", "see below", "0", "0"],
        ["a backend dies", f"{percent(lost)} (expected: {dead})", dead, dead, dead],
        ["it returns", f"{percent(lost)}, those that had left", "0", "0", "0"],
        ["a backend is added", f"{percent(added)} (expected: {percent(1 / (BACKENDS + 1))})",
         "0", "0", "0"],
        ["a backend gets twice the weight",
         f"{percent(heavier)} (expected: {percent(2 / (BACKENDS + 1) - 1 / BACKENDS)})", "0", "0", "0"],
        ["the list gets another order", percent(turned), "0", "0", "0"],
    ]
    return (f"The share of all sessions in use that change their backend, at most. {BACKENDS} backends "
            f"of equal weight. The hash: counted, {KEYS} keys with the daemon's function. The table "
            "alone: each machine for itself, behind a layer that is sticky, and the backend chosen at "
            "random.\n\n"
            + report.table(["what happens", "hash", "store", "cookie", "table alone"], rows))


def front(options):
    rows = []
    for machines in options.machines:
        if machines == 1:
            continue
        # Of the numbers below machines * (machines - 1), one in `machines` has the same remainder.
        moved = {"consistent": 1 / machines, "modulo": 1 - 1 / machines}
        row = [whole(machines)]
        for share in moved.values():
            visit = MILLION / options.every * share
            row += [percent(share), short(2 * visit)]
        rows.append(row)
    return ("One machine goes, and the layer in front sends its clients elsewhere: by a consistent hash "
            "only those, by a remainder nearly all. With the store that costs look-ups. Exact, for "
            "1 M sessions in use; the rate is that of the first second.\n\n"
            + report.table(["machines", "consistent: sessions that change the machine",
                            "commands/s more", "remainder: sessions that change the machine",
                            "commands/s more"], rows))


# --- how even the hash is -------------------------------------------------------------------------
def largest_counted(weights, sizes):
    """For each number of keys: the largest share over the share that its backend is due."""
    balancer, total = Rendezvous(weights), sum(weights.values())
    count, found = dict.fromkeys(weights, 0), {}
    for key in range(max(sizes)):
        count[balancer.choose(mix(key))] += 1
        if key + 1 in sizes:
            found[key + 1] = max(count[name] * total / (key + 1) / weight
                                 for name, weight in weights.items())
    return found


def counted_balances(sizes=(1000, 10_000, 100_000)):
    """By number of backends: the counts of those numbers of keys that do not take too long."""
    made = {}
    for number in (2, 10, 100):
        fit = [size for size in sizes if size * number <= MOST_LOOKS]
        made[number] = largest_counted(backends(number), fit)
    return made


def balance(balances):
    sizes = (1000, 10_000, 100_000, MILLION, 100 * MILLION)
    rows = []
    for number, counted in balances.items():
        cells = [f"{counted[size]:.4f} ({largest_share(number, size):.4f})" if size in counted
                 else f"({largest_share(number, size):.4f})" for size in sizes]
        rows.append([number, *cells])
    weights = {f"192.0.2.{i + 1}:80": 2 ** i for i in range(4)}
    unequal = largest_counted(weights, sizes[:3])
    rows.append(["4, weights 1, 2, 4, 8",
                 *(f"{unequal[size]:.4f}" if size in unequal else "-" for size in sizes)])
    return ("The largest share of a backend over the share that it is due, by the number of keys. "
            "Counted with the daemon's function; in brackets what chance alone gives "
            "(normal approximation, median).\n\n"
            + report.table(["backends", *(f"{whole(size)} keys" for size in sizes)], rows))


# --- the picture ----------------------------------------------------------------------------------
def picture(options, balances):
    line = chart.Line
    by_sessions = [line(name_of(*column), [(n, commands(load_of(options, n, column[1], column[0])))
                                           for n in options.sessions])
                   for column in columns(options) if column[1] in (1, 2, 10, max(options.machines))]
    ends = (options.sessions[0], options.sessions[-1])
    by_sessions.append(line("one Redis", [(n, options.store_commands) for n in ends], True))
    many = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000)
    by_machines = [line(spread, [(n, commands(Load(MILLION, n, is_sticky, options.lasts,
                                                   options.every, options.ttl))) for n in many])
                   for spread, is_sticky in SPREADS.items()]
    by_machines.append(line("one Redis", [(n, options.store_commands) for n in (1, 1000)], True))
    counts = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
    outage = [line("hash: it dies and returns", [(n, 200 / n) for n in counts]),
              line("store, cookie: the same", [(n, 100 / n) for n in counts]),
              line("hash: one is added", [(n, 100 / (n + 1)) for n in counts])]
    ends, even = (10 ** 3, 10 ** 8), []
    for colour, (number, counted) in enumerate(balances.items()):
        even.append(line(f"{number} backends, counted",
                         [(size, 100 * (value - 1)) for size, value in counted.items()],
                         is_dotted=True, colour=colour))
        even.append(line(f"{number} backends, chance",
                         [(size, 100 * (largest_share(number, size) - 1)) for size in ends],
                         is_dashed=True, colour=colour))
    return chart.picture([
        chart.Chart("What the store gets", "sessions in use", "commands/s", by_sessions),
        chart.Chart("What the store gets from 1 M sessions", "machines", "commands/s", by_machines),
        chart.Chart("Sessions that move with a backend", "backends", "% of the sessions", outage),
        chart.Chart("The busiest backend, by hash", "keys", "% above the mean", even)])


def assumptions(options):
    return (f"A session lasts {options.lasts} s from its first visit to its end, with a visit every "
            f"{options.every} s on average, and its `TTL` is {options.ttl} s. A visit is one connection, "
            "with any number of requests. \"Sticky\": the layer in front sends all visits of a session "
            "to one machine; \"random\": each visit to any machine.\n")


def positive(text):
    value = int(float(text))
    if value < 1:
        raise ValueError
    return value


def numbers(text):
    return [positive(word) for word in text.split()] or [positive(text)]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--machines", type=numbers, default=[1, 2, 3, 10, 100, 1000],
                        help="how many Pounds: a list such as '1 2 10'")
    parser.add_argument("--sessions", type=numbers, default=[10 ** n for n in range(4, 9)],
                        help="sessions in use at a time: a list such as '1e4 1e6'")
    parser.add_argument("--samples", type=positive, default=4000, help="sessions in a replay")
    parser.add_argument("--lasts", type=positive, default=600, help="seconds from the first visit on")
    parser.add_argument("--every", type=positive, default=30, help="seconds between visits, on average")
    parser.add_argument("--ttl", type=positive, default=1800, help="TTL of the sessions, seconds")
    parser.add_argument("--store-commands", type=positive, default=150_000,
                        help="commands that one store can take in a second")
    parser.add_argument("--store-bytes", type=positive, default=180,
                        help="bytes that one session takes in the store")
    parser.add_argument("--text", help="a file with markers, which gets the tables")
    parser.add_argument("--svg", help="the file of the picture")
    return parser.parse_args()


def main():
    options = parse()
    balances = counted_balances()
    sections = {"Questions to the store": asks(options), "Load of the store": rates(options),
                "Memory": memory(options), "Where it ends": ends(options), "What moves": moves(options),
                "A machine goes": front(options), "The store is lost": without_store(options),
                "How even the hash is": balance(balances)}
    text = assumptions(options) + "".join(f"\n### {title}\n\n{body}"
                                          for title, body in sections.items())
    print(text, end="")
    if options.text:
        report.write_between(options.text, "scale", text)
    if options.svg:
        pathlib.Path(options.svg).write_text(picture(options, balances))
    return 0


if __name__ == "__main__":
    sys.exit(main())
