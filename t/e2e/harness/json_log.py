"""Access records of `AccessLog: json`, read by a strict parser."""

import json
import re

from .timing import wait_until


def _object(pairs):
    found = dict(pairs)
    assert len(found) == len(pairs), f"a repeated key: {pairs}"
    return found


def _no_constant(word):
    raise AssertionError(f"{word} is not JSON")


def parse(line):
    assert re.fullmatch(r"[\x20-\x7e]*", line), line
    return json.loads(line, object_pairs_hook=_object, parse_constant=_no_constant)


def json_records(pound):
    """All whole lines of JSON in the log, as dicts."""
    lines = pound.log().split("\n")[:-1]
    found = (re.fullmatch(r"pound\[\d+\]: (\{.*)", line) for line in lines)
    return [parse(match[1]) for match in found if match]


def wait_json(pound, count):
    return wait_until(lambda: len(json_records(pound)) >= count and json_records(pound),
                      lambda: f"{count} lines of JSON in the log:\n" + pound.log()[-4000:])
