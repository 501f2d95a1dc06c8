"""The JSON Schema that pound prints, and the loader, say the same of ten thousand configurations.

config/documents.py makes them from the schema. Where the two differ, DIFFERENCES must have the kind.
The examples of the sources are valid, too.
"""

import collections
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

VALUE = r'(?:text "(?:[^"]|\\")*"|\d+)'
# What the loader refuses in documents that the schema accepts: {kind: message}. Most of it is the meaning
# of values. A message about the form of a value is here only where the schema cannot say it.
DIFFERENCES = {
    # The schema has no bounds for numbers in quotes, numbers with a unit, and variables.
    "a number that is a text": r'`\w+` is (?:\d+|text "(?:\d+[KMGTkmgt]|.*\$\{.*)"), expected '
                               r"(?:.*, or )?(?:bytes|a whole number|whole (?:milli)?seconds) from .*",
    # JSON Schema takes 8080.0 for a whole number.
    "a fraction of zero": r'`\w+` is text "\d+\.0", expected (?:.*, or )?'
                          r"(?:bytes|a whole number|whole (?:milli)?seconds) from .*",
    # A variable may stand for a word.
    "a variable that is no word": r'`\w+` is text ".*\$\{.*", expected .*',
    # A number or a truth value of YAML is a text, too, and the schema counts characters, not bytes.
    "the length of a text": r"`\w+` (?:is \d+ bytes long, expected at most \d+|is empty, expected .*)",
    "the value of a variable": r"the environment variable `\w+` is not set; .*",
    # Keys that go together, or not.
    "a key that needs another": r".* needs .*",
    "a key that excludes another": r".*, not both|.* has no effect with .*|.* does not apply.*|.*takes no .*|"
                                   r"a backend is in `Backends` and in `Emergency` of one service",
    "a value that fits no other": r"`\w+` is .*, expected at most (?!\d+$).*|`Level` has \w+, which is not among .*|"
                                  r"`Protocols` lacks `http/1.1`, .*|"
                                  r"`Known` is first, but .*|.* has no list, expected .*",
    # What is given twice in one mapping of the loader has two names or is in two mappings of Global.
    "a key twice": r"`\w+`(?:, another name of `\w+`,)? is given twice",
    # An editor sees the value of an alias, not the alias.
    "a backend that is no alias": r"a backend is defined in the top-level `Backends`, .*|"
                                  r"`\*\w+` is not an item of the top-level `Backends`",
    "a backend twice": r"`\*\w+` is given twice in one service|"
                       r"this backend is listed more than once in `Backends`",
    # The meaning of texts.
    "an item of a list": rf"`[\w-]+` has (?:{VALUE}|a mapping|`[^`]*`)(?:[,;] .*| twice)",
    "a text": rf"`[\w-]+`(?: of `\w+`)? is {VALUE}[,;] (?:expected (?:a header|an IP address|a host|the path|a path|"
              r"permissions|a URL|combined|the name|`address`|printable|a media type|letters|a status|"
              r"idempotent|zstd|none)(?!\w).*|this is .*|a name .*|`\$.*|it has .*)|the format of `AccessLog` .*",
    "a regular expression": r"`\w+` is not a valid regular expression: .*",
    "an empty list": r".* is an empty (?:list|mapping), expected .*|an item of `Not` is empty, .*|"
                     r"a value in `\w+` is a list, expected .*",
    # The configuration as a whole.
    "listeners": r"no listeners: there is nothing to do|another listener already has .*",
    "a file that is missing": r"cannot include .*",
}

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


def kinds_of(message):
    return [kind for kind, pattern in DIFFERENCES.items() if re.fullmatch(pattern, message)]


def with_usual_letters(value, names):
    """The document with each key as the schema writes it."""
    if isinstance(value, list):
        return [with_usual_letters(item, names) for item in value]
    if isinstance(value, dict):
        return {names.get(key.lower(), key): with_usual_letters(item, names)
                for key, item in value.items()}
    return value


def names_in(schema):
    """{name in lower case: name} of all keys. The schema writes none of them in two ways."""
    tables = [schema, *schema["definitions"].values()]
    names = {name for table in tables for name in table.get("properties", ())}
    usual = {name.lower(): name for name in names}
    assert len(usual) == len(names)
    return {**usual, **{f"err{number}": f"Err{number}" for number in range(400, 600)}}


def test_the_schema_and_the_loader_agree(schema):
    validator = jsonschema.Draft7Validator(schema)
    validator.check_schema(schema)
    names = names_in(schema)
    maker, spoiler = Maker(schema, SEED), Spoiler(SEED)
    documents = []
    for number in range(DOCUMENTS):
        document = maker.document()
        documents.append(spoiler.spoil(document) if number % 2 else document)
    found = collections.Counter()
    unexpected = []
    texts = list(map(yaml_of, documents))
    for number, (document, text, errors) in enumerate(zip(documents, texts, errors_of_loader(texts))):
        is_valid = validator.is_valid(document)
        found[is_valid, not errors] += 1
        assert is_valid or number % 2, f"the schema refuses what was made from it: {document}"
        if not is_valid and not errors:
            # The loader knows keys in any letter case.
            if not validator.is_valid(with_usual_letters(document, names)):
                unexpected.append(f"only the loader accepts {document}")
            found["letter case"] += 1
        for message in errors if is_valid else ():
            kinds = kinds_of(message)
            if "a number that is a text" in kinds:
                assert re.search(r'"\d+[KMGTkmgt]?"|\$\{', text), (message, text)
            found.update(kinds)
            if not kinds:
                unexpected.append(f"only the schema accepts: {message}")
    print(found)
    assert not unexpected, "\n".join(sorted(set(unexpected))[:40])
    assert {kind for kind in DIFFERENCES if not found[kind]} == set()
    # Neither says the same of everything.
    assert min(found[True, True], found[False, False], found[False, True]) > DOCUMENTS // 200, found


class Yaml12(yaml.SafeLoader):
    """Reads a text as YAML 1.2 does, and as Pound does: `off` and 0660 are no truth value and not octal."""


Yaml12.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in [("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
                               ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
                               ("int", r"[-+]?[1-9][0-9]*|0", list("-+0123456789")),
                               ("float", r"[-+]?[0-9]+\.[0-9]+", list("-+0123456789"))]:
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)


def read(text):
    """The document of an example, which may have aliases of backends in another one."""
    unknown = set(re.findall(r"[ \[]\*(\w+)", text)) - set(re.findall(r"&(\w+)", text))
    before = "".join(f"- &{name} {{Address: a, Port: 1}}\n" for name in sorted(unknown))
    document = yaml.load("others:\n" + before + text, Yaml12)  # a SafeLoader
    del document["others"]
    return document


def examples(schema):
    """Each example with keys of the top level: (where, text)."""
    top = "|".join(schema["properties"])
    readme = (ROOT / "README.md").read_text()
    for block in re.findall(rf"^((?:    (?:{top}):.*\n(?:     .*\n|\n(?=     ))*)+)", readme, re.M):
        yield "README.md", re.sub(r"^    ", "", block, flags=re.M)
    for page in ("pound.yaml.5", "pound.8"):
        text = (ROOT / "man" / page).read_text()
        for block in re.findall(r"^\.(?:EX|nf)\n(.*?)^\.(?:EE|fi)$", text, re.M | re.S):
            block = block.replace("\\(aq", "'").replace("\\-", "-").replace("\\e", "\\").replace("\\&", "")
            if re.match(rf"(?:{top}):", block):
                yield page, block
    yield "pound.yaml.sample", (ROOT / "pound.yaml.sample").read_text()
    for path in sorted((ROOT / "t/unit/data/config").glob("manual*.yaml")):
        yield path.name, path.read_text()


def test_the_examples_are_valid(schema):
    validator = jsonschema.Draft7Validator(schema)
    found = collections.Counter()
    for where, text in examples(schema):
        found[where] += 1
        errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
                  for error in validator.iter_errors(read(text))]
        assert errors == [], (where, text)
    assert found["README.md"] >= 3 and found["pound.yaml.5"] >= 3 and len(found) >= 3, found


def test_the_schema_is_the_same_each_time(schema):
    once, again = (run_pound("--schema").stdout for _ in range(2))
    assert once == again
    pairs = []
    json.loads(once, object_pairs_hook=lambda found: pairs.append([key for key, _ in found]) or dict(found))
    assert [keys for keys in pairs if len(keys) != len(set(keys))] == []
    assert schema["properties"]["Include"]["description"] == (
        "The path of a file, or a pattern such as `conf.d/*.yaml`, or a list of them.")
