"""Reads the outcome of the last reload, which the master writes beside its pid file."""

import dataclasses
import os
import re


@dataclasses.dataclass(frozen=True)
class Outcome:
    result: str       # "ok" or "failed"
    generation: int   # the one that serves now
    started: float    # CLOCK_BOOTTIME at the start of that reload
    messages: tuple


def read(path):
    """The outcome in the file. Fails on a line that is not `key=value` and on a repeated key."""
    pairs = []
    for line in path.read_text(errors="backslashreplace").splitlines():
        match = re.fullmatch(r"([a-z]+)=(.*)", line)
        assert match, f"not an outcome: {line!r}"
        pairs.append(match.groups())
    one = {key: value for key, value in pairs if key != "message"}
    assert len(one) == len([key for key, _ in pairs if key != "message"]), pairs
    assert one["result"] in ("ok", "failed"), pairs
    assert re.fullmatch(r"\d+\.\d\d", one["started"]), pairs
    return Outcome(one["result"], int(one["generation"]), float(one["started"]),
                   tuple(value for key, value in pairs if key == "message"))


def stamp(path):
    """A value that changes with every reload; None without the file."""
    try:
        about = os.stat(path)
    except FileNotFoundError:
        return None
    return about.st_ino, about.st_mtime_ns
