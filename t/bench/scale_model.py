"""What sessions ask of a store: closed forms, and a replay of sessions that checks them.

A session makes a first visit, more at random (a Poisson process, one every `every` seconds on
average), and ends `lasts` seconds after the first. A visit is one connection with its requests. The
layer in front sends all visits of a session to one machine ("sticky"), or each one to any machine
("random"). A machine asks the store at the first visit, and again at the first visit that comes
`ttl` / 4 or more after it asked. Each time it sends two commands: GET and SET, or GET and PEXPIRE.
"""

import dataclasses
import math
import statistics


@dataclasses.dataclass(frozen=True)
class Load:
    sessions: float  # in use at a time
    machines: int
    is_sticky: bool
    lasts: float = 600
    every: float = 30
    ttl: float = 1800

    @property
    def begin(self):
        """Sessions that begin in a second."""
        return self.sessions / self.lasts

    @property
    def rate(self):
        """Visits of one session in a second at one machine, after the first visit."""
        return 1 / self.every / (1 if self.is_sticky else self.machines)

    @property
    def others(self):
        """The machines besides that of the first visit that the session may come to."""
        return 0 if self.is_sticky else self.machines - 1


def _is_there(count, mean):
    """The probability of `count` or more events of a Poisson process that has `mean` on average."""
    term, below = math.exp(-mean), 0.0
    for i in range(count):
        below += term
        term *= mean / (i + 1)
    return 1 - below


def asked(load):
    """How often machines ask the store for one session. Exact."""
    pause = load.ttl / 4
    first, other, n = 1.0, 0.0, 1
    while (n - 1) * pause < load.lasts:
        other += _is_there(n, load.rate * (load.lasts - (n - 1) * pause))
        first += _is_there(n, load.rate * max(0, load.lasts - n * pause))
        n += 1
    return first + load.others * other


def waited(load):
    """For how many of these a request waits, because the machine does not know the session. Exact."""
    longest = min(load.lasts, load.ttl)
    again = load.rate * (load.lasts - longest) * math.exp(-load.rate * load.ttl)
    return 1 + again + load.others * (1 - math.exp(-load.rate * longest) + again)


def commands(load):
    """The commands in a second that the store gets from all machines."""
    return 2 * asked(load) * load.begin


def stored(load):
    """The most sessions in the store: those in use, and those that have ended less than a TTL ago."""
    return load.begin * (load.lasts + load.ttl)


def known(load):
    """The sessions in the table of one machine, on average. Exact."""
    def seen(seconds):  # the integral of the probability of a visit within x, for x to `seconds`
        return seconds - (1 - math.exp(-load.rate * seconds)) / load.rate

    short, long = sorted((load.lasts, load.ttl))
    flat = (long - short) * (1 - math.exp(-load.rate * short))
    other = 2 * seen(short) + flat
    first = load.ttl + seen(short) + (flat if load.ttl < load.lasts else 0)
    share = 1 / load.machines  # of the sessions make their first visit at this machine
    if load.is_sticky:
        return load.begin * share * first
    return load.begin * (share * first + (1 - share) * other)


def visits(load, rng):
    """The visits of one session: (second, machine)."""
    made, second = [], 0.0
    while second < load.lasts:
        made.append((second, 0 if load.is_sticky else int(rng.random() * load.machines)))
        second -= math.log(1 - rng.random()) * load.every
    return made


def replay(load, rng, samples):
    """asked() and waited() by playing sessions visit by visit."""
    asks = waits = 0
    for _ in range(samples):
        last_asked, last_seen = {}, {}
        for second, machine in visits(load, rng):
            is_known = machine in last_seen and second - last_seen[machine] < load.ttl
            last_seen[machine] = second
            if is_known and second - last_asked[machine] < load.ttl / 4:
                continue
            last_asked[machine] = second
            asks += 1
            waits += not is_known
    return asks / samples, waits / samples


def _moves(load, rng, backends, is_back):
    """Whether a session gets another backend after the store has lost all at a random second."""
    lost = rng.random() * load.lasts
    bound, last_asked, last_seen = {}, {}, {}
    store = None
    for second, machine in visits(load, rng):
        is_known = machine in bound and second - last_seen[machine] < load.ttl
        last_seen[machine] = second
        if second < lost:
            bound[machine] = 0  # its backend is number 0
            if not is_known or second - last_asked[machine] >= load.ttl / 4:
                last_asked[machine] = second
            continue
        if not is_known:
            bound[machine] = int(rng.random() * backends) if store is None else store
        if bound[machine] != 0:
            return True
        if is_back and (not is_known or second - last_asked[machine] >= load.ttl / 4):
            last_asked[machine] = second
            store = 0
    return False


def moved_without_store(load, rng, samples, backends, is_back):
    """The share of the sessions in use that get another backend before they end, after the store is
    lost: it stays away, or `is_back` at once and empty. Backends are chosen at random."""
    return sum(_moves(load, rng, backends, is_back) for _ in range(samples)) / samples


def largest_share(count, keys):
    """The median of the largest share over the mean share, when `keys` keys choose among `count`
    backends alike: the normal approximation. Of two backends one has what the other one lacks."""
    deviation = statistics.NormalDist().inv_cdf(0.75 if count == 2 else 0.5 ** (1 / count))
    return 1 + deviation * math.sqrt((count - 1) / keys)
