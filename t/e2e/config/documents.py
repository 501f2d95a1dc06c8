"""Makes configurations from the JSON Schema: valid ones, and ones with a fault in their form.

A document is a value of Python as a YAML reader makes it. The schema says its form; WORDS has texts
that mean something to Pound, so that many documents are accepted as a whole. An object that occurs at
several places becomes an anchor and aliases in YAML.
"""

import copy
import random

import yaml

# Texts for keys whose texts have a meaning. Other keys get a plain word.
WORDS = {
    "Address": ["127.0.0.1", "::1", "host.example", "/run/app.sock"],
    "AccessLog": ["combined", "none", "json", "{client} {status}"],
    "Add": ["a", "b c", "$host"],
    "Allow": ["192.0.2.0/24", "192.0.2.1", "target_char"],
    "ClientField": ["X-Forwarded-For", "X-Client"],
    "Code": [301, 302, 200, 404],
    "Codings": ["zstd", "br", "gzip"],
    "Compress": ["zstd", "br", "gzip"],
    "Control": ["/run/pound/c.sock"],
    "Deny": ["2001:db8::/32", "192.0.2.7"],
    "Expect": ["200", "200-399", 204],
    "From": ["^/old/"],
    "HashKey": ["address", "path", "cookie a"],
    "AddHeader": ["X-A: b"],
    "HeadAdd": ["X-A: b"],
    "HeaderAdd": ["X-A: b"],
    "Host": ["www.example.com", "*.example.net"],
    "Include": ["none.d/*.yaml", "none*"],
    "Key": ["address", "header X-Key", "cookie a"],
    "Level": [1, 5],
    "Methods": ["GET", "POST"],
    "Mode": ["0660", "600"],
    "Path": ["/a", "/b/c", "/d", "/e/f"],
    "Protocols": ["http/1.1"],
    "Redirect": ["https://$host", "http://a.example/b"],
    "Remove": ["X-A", "X-B-*"],
    "RequestID": ["X-Request-ID", "none"],
    "Socket": ["/run/pound/c.sock"],
    "To": ["/new/"],
    "TrustedProxies": ["192.0.2.1", "unix:"],
    "Type": ["text/plain"],
    "Types": ["text/html", "text/*"],
    "URL": ["^/a", "https://a.example"],
    "When": ["connect", 503],
}
PLAIN = ["a", "word", "a-b", "x1", 7, True]
# Keys without which a mapping has no meaning, though none of them is required.
USUAL = {"Clients": ["Allow"], "Limit": ["Rate"], "item of Not": ["Path"], "Session": ["TTL"], "Global": ["Secret"],
         "backend": ["Port"], "HTTP listener": ["Port", "Services"],
         "HTTPS listener": ["Port", "Services"]}
# A service does one of these, and then lacks the keys of the others.
DEEDS = {"Backends": ["Redirect", "Serve", "Respond"],
         "Redirect": ["Backends", "Emergency", "Balance", "HashKey", "Session", "Queue", "Auth", "Rewrite",
                      "Request", "Serve", "Respond", "Retry", "Compress", "URL"],
         "Serve": ["Backends", "Emergency", "Balance", "HashKey", "Session", "Queue", "Rewrite", "Request",
                   "Redirect", "Respond", "Retry", "Compress"],
         "Respond": ["Backends", "Emergency", "Balance", "HashKey", "Session", "Queue", "Rewrite",
                     "Request", "Redirect", "Serve", "Retry", "Compress"]}
CHANCE = 0.06  # that an optional key is there


class Maker:
    """Random values that the schema accepts."""

    def __init__(self, schema, seed):
        self.schema = schema
        self.random = random.Random(seed)
        self.backends = []

    def document(self):
        """A mapping of the top level, nearly always with backends and a listener."""
        self.backends = []
        properties = self.schema["properties"]
        made = {}
        if self.random.random() < 0.95:
            made["Backends"] = [self.backend() for _ in range(self.random.randint(1, 3))]
        rest = [key for key in properties if key != "Backends"]
        for key in rest:
            chance = 0.9 if key == "HTTPListeners" else 0.15
            if self.random.random() < chance:
                made[key] = self.value(properties[key], key)
        return made

    def backend(self):
        made = self.mapping(self.schema["definitions"]["backend"])
        self.backends.append(made)
        return made

    def mapping(self, schema):
        made = {}
        usual = list(USUAL.get(schema["title"], []))
        absent = []
        if schema["title"] == "service" and self.random.random() < 0.95:
            usual = [self.random.choice(["Backends", "Backends", *DEEDS])]
            absent = DEEDS[usual[0]]
        for key, value in schema["properties"].items():
            is_usual = key in usual and self.random.random() < 0.97
            is_needed = is_usual or key in schema.get("required", [])
            if is_needed or (key not in absent and self.random.random() < CHANCE):
                made[key] = self.value(value, key)
        if isinstance(made.get("Address"), str) and made["Address"].startswith("/"):
            made.pop("Port", None)
        if self.random.random() < CHANCE and "patternProperties" in schema:
            (value,) = schema["patternProperties"].values()
            made[f"Err{self.random.randint(400, 599)}"] = self.value(value, "ErrNNN")
        return made

    def value(self, schema, key):
        """A value for a key; `schema` is that of a property or a part of one."""
        if "anyOf" in schema:
            kinds = [one for one in schema["anyOf"]
                     if one.get("type") != "null" or self.random.random() < 0.1]
            return self.value(self.random.choice(kinds), key)
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if "$ref" in schema:
            return self.reference(schema["$ref"].rpartition("/")[2])
        if schema["type"] == "null":
            return None
        if schema["type"] == "array":
            return [self.value(schema["items"], key) for _ in range(self.random.randint(1, 2))]
        if schema["type"] == "object":
            return {name: self.value(schema["additionalProperties"], key)
                    for name in self.random.sample(["X-A", "X-B", "lang"], self.random.randint(1, 2))}
        if "patternErrorMessage" in schema:
            return self.number(schema)
        return self.text(key)

    def reference(self, name):
        if name == "backend" and self.backends:
            return self.random.choice(self.backends)
        return self.mapping(self.schema["definitions"][name])

    def number(self, schema):
        """A number, a number in quotes, bytes with a unit, a variable; or a word of a choice."""
        if "minimum" not in schema:  # the words of a choice, in other letters
            words = schema["patternErrorMessage"].removeprefix("expected ").replace(" or ", ", ")
            word = self.random.choice(words.split(" or a mapping")[0].split(", a mapping")[0].split(", "))
            return self.random.choice([word, word.upper(), "${NONE:-" + word + "}"])
        low, high = schema["minimum"], schema["maximum"]
        number = self.random.choice([low, high, self.random.randint(low, min(high, low + 100))])
        if self.random.random() < 0.8:
            return number
        kinds = [str(number), f"0{number}", "${SET}", "${NONE:-%d}" % number]
        if "KMGT" in schema["pattern"]:
            kinds += ["1M", "64k", "2G"]
        return self.random.choice(kinds)

    def text(self, key):
        return self.random.choice(WORDS.get(key, PLAIN))


class Spoiler:
    """Puts one fault into a document. What makes it one is for the schema and the loader to say."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def places(self, value, found, above=None):
        """All (mapping or list, key or index) of a document."""
        if isinstance(value, dict):
            for key in value:
                found.append((value, key))
                self.places(value[key], found)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                found.append((value, index))
                self.places(item, found)
        return found

    def spoil(self, document):
        made = copy.deepcopy(document)  # keeps which values are the same object
        places = self.places(made, [])
        if not places:
            return {"Unknown": 1}
        where, key = self.random.choice(places)
        kind = self.random.choice(["value", "value", "unknown", "missing", "letters", "twice"])
        if kind == "value" or isinstance(where, list):
            where[key] = self.random.choice(self.values(where[key]))
        elif kind == "unknown":
            where[self.random.choice(["Unknown", "Adress", "Err600", "Err40", "ErrNNN", "", "port ",
                                      "Err404x"])] = 1
        elif kind == "missing":
            del where[key]
        elif kind == "letters":
            where[str(key).lower()] = where.pop(key)
        else:
            where[str(key).upper()] = where[key]
        return made

    @staticmethod
    def values(old):
        values = [None, True, 0, -1, 1.5, "(", 8080.0, 10 ** 20, "", "word", "1", "0x10", "1K", "a\nb", "tab\there",
                  "x" * 300, "é" * 200, "${SET}", "${UNSET}", "$${SET}", "${", [], {}, [[]], ["a"], [None],
                  {"a": "b"}, {"Address": "a", "Port": 1}, [{"Address": "a", "Port": 1}]]
        if isinstance(old, int) and not isinstance(old, bool):
            values += [old + 1, old - 1, str(old), str(old + 1), -old, old * 1000, f"{old}s"]
        return values


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    """Writes a text that YAML 1.2 would read as another type in quotes, and no other."""

    def ignore_aliases(self, data):
        return not isinstance(data, (dict, list)) or not data


def represent_text(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


Dumper.add_representer(str, represent_text)


def yaml_of(document):
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10 ** 6)
