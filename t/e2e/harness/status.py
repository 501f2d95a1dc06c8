"""Parses the status dump that the daemon logs on SIGUSR1."""

import re
import signal

from .timing import wait_until


class Status:
    """The objects of one dump as dicts, in order; values that are whole numbers are ints."""

    def __init__(self, lines):
        self.lines = lines
        self.objects = [_parse(line) for line in lines]

    def all(self, kind):
        return [o for o in self.objects if o["object"] == kind]

    def one(self, kind, **wanted):
        found = [o for o in self.all(kind) if wanted.items() <= o.items()]
        assert len(found) == 1, f"{len(found)} x {kind} {wanted} in:\n" + "\n".join(self.lines)
        return found[0]


def _parse(line):
    pairs = [pair.split("=", 1) for pair in line.split("status: ", 1)[1].split(" ")]
    assert all(len(pair) == 2 and all(pair) for pair in pairs), f"not key=value: {line}"
    assert len({key for key, _ in pairs}) == len(pairs), f"a repeated key: {line}"
    return {key: int(value) if re.fullmatch(r"-?\d+", value) else value for key, value in pairs}


def dumps_in(text):
    """The complete dumps in a log, each as a list of its lines."""
    dumps, lines = [], []
    for line in text.splitlines():
        if "]: status: " not in line:
            continue
        lines.append(line)
        if "status: object=end " in line:
            dumps.append(lines)
            lines = []
    return dumps


def read_status(pound, log=None):
    """Asks for a dump and returns it; `log()` returns the log's text (default: the daemon's)."""
    log = log or pound.log
    before = len(dumps_in(log()))
    pound.signal(signal.SIGUSR1)
    dumps = wait_until(lambda: len(dumps_in(log())) > before and dumps_in(log()),
                       lambda: "a status dump in the log:\n" + log()[-4000:])
    status = Status(dumps[before])
    end = status.objects[-1]
    assert (end["lines"], end["omitted"]) == (len(status.lines) - 1, 0), end
    return status
