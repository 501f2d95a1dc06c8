"""What the master says of its last reload, in the file beside its pid file. Reads only."""

import dataclasses
import os
import re


@dataclasses.dataclass(frozen=True)
class Outcome:
    result: str       # "ok" or "failed"
    generation: int   # which serves now
    started: float    # CLOCK_BOOTTIME when that reload began
    messages: tuple


def read(path):
    """The outcome in the file; anything that is not `key=value`, or twice there, fails."""
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
    """What is different after every reload; None without the file."""
    try:
        about = os.stat(path)
    except FileNotFoundError:
        return None
    return about.st_ino, about.st_mtime_ns
