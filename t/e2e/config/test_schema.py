"""The JSON Schema that pound prints, and the loader, say the same of ten thousand configurations.

config/documents.py makes them from the schema. Where the two differ, DIFFERENCES must have the kind.
The examples of the sources are valid, too.
"""

import json
import os
import re
import subprocess

import jsonschema
import pytest
import yaml

from config.documents import Maker, Spoiler, yaml_of
from harness import ROOT, run_pound, scaled

CHECK_MANY = os.environ.get("CHECK_MANY", str(ROOT / "build" / "release" / "check_many"))
DOCUMENTS = 10_000
SEED = 20261130


@pytest.fixture(name="schema", scope="module")
def fixture_schema():
    done = run_pound("--schema")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def errors_of_loader(texts):
    """For each text the messages of the errors that the loader finds."""
    if not os.access(CHECK_MANY, os.X_OK):
        pytest.fail(f"no program at {CHECK_MANY}: build it, or set CHECK_MANY")
    data = b"".join(b"%d\n%s" % (len(text), text) for text in map(str.encode, texts))
    done = subprocess.run([CHECK_MANY], input=data, capture_output=True, timeout=scaled(120), check=True)
    lines = done.stdout.decode().split("\n")
    assert lines.pop() == "" and len(lines) == len(texts)
    return [line.split("\t") if line else [] for line in lines]


def test_print():
    import collections
    schema = json.loads(run_pound("--schema").stdout)
    validator = jsonschema.Draft7Validator(schema)
    maker, spoiler = Maker(schema, SEED), Spoiler(SEED)
    documents = []
    for number in range(int(os.environ.get("N", "2000"))):
        document = maker.document()
        documents.append(document if number % 2 else spoiler.spoil(document))
    import time
    t = time.time()
    texts = [yaml_of(d) for d in documents]
    print("dump", time.time() - t); t = time.time()
    loader = errors_of_loader(texts)
    print("load", time.time() - t); t = time.time()
    count = collections.Counter()
    kinds = collections.Counter()
    example = {}
    for d, text, errors in zip(documents, texts, loader):
        ok = validator.is_valid(d)
        count[ok, not errors] += 1
        if ok:
            for e in errors:
                k = re.sub(r"`[^`]*`|\d+", "N", e)[:110]
                kinds[k] += 1
                example[k] = e
        elif not errors:
            e = jsonschema.exceptions.best_match(validator.iter_errors(d))
            k = "LOADER ONLY " + re.sub(r"'[^']*'|\d+", "N", e.message)[:100]
            kinds[k] += 1
            example[k] = e.message[:300] + str(list(e.absolute_path))
    print("validate", time.time() - t)
    print(count)
    for k, n in kinds.most_common():
        print(n, k, "<<<", example[k][:250])
