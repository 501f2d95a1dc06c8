"""The manual and the program agree on keys and reasons, and the manual has an example of each key.

The tests ask the program: it lists the keys of a mapping that has an unknown key, and it says what
a key expects when the value is impossible.
"""

import re
import shlex
import shutil
import signal
import subprocess

import pytest

from clients import passwords
from harness import ROOT, TIMEOUT, reserve_port, run_pound
from harness.config import another_listener

MANUAL = ROOT / "man" / "pound.yaml.5"

# For each section of the manual: a file that puts the given lines into its mapping.
PLACES = {
    "TOP LEVEL": "{}",
    "GLOBAL": "Global:\n  {}",
    "CONTROL": "Global:\n  Control:\n    {}",
    "SESSIONSTORE": "Global:\n  SessionStore:\n    {}",
    "BACKENDS": "Backends:\n  - {}",
    "TLS": "Backends:\n  - TLS:\n      {}",
    "CHECK": "Backends:\n  - Address: a\n    Port: 1\n    Check:\n      {}",
    "EJECT": "Backends:\n  - Eject:\n      {}",
    "HTTPLISTENERS": "HTTPListeners:\n  - {}",
    "HTTPSLISTENERS": "HTTPSListeners:\n  - {}",
    "CERTIFICATES": "HTTPSListeners:\n  - Certificates:\n      - {}",
    "CLIENTCERT": "HTTPSListeners:\n  - ClientCert:\n      {}",
    "CLIENTS": "HTTPListeners:\n  - Clients:\n      {}",
    "SERVICES": "HTTPListeners:\n  - Services:\n      - {}",
    "SESSION": "HTTPListeners:\n  - Services:\n      - Session:\n          {}",
    "QUEUE": "HTTPListeners:\n  - Services:\n      - Queue:\n          {}",
    "RETRY": "HTTPListeners:\n  - Services:\n      - Retry:\n          {}",
    "COMPRESS": "HTTPListeners:\n  - Services:\n      - Compress:\n          {}",
    "LIMIT": "HTTPListeners:\n  - Limit:\n      {}",
    "AUTH": "HTTPListeners:\n  - Services:\n      - Auth:\n          {}",
    "REQUEST": "HTTPListeners:\n  - Request:\n      {}",
    "REWRITE": "HTTPListeners:\n  - Services:\n      - Rewrite:\n          {}",
    "REDIRECT": "HTTPListeners:\n  - Services:\n      - Redirect:\n          {}",
    "RESPOND": "HTTPListeners:\n  - Services:\n      - Respond:\n          {}",
    "MAINTENANCE": "HTTPListeners:\n  - Services:\n      - Maintenance:\n          {}",
}
# Values that no key accepts.
IMPOSSIBLE = ["{zzzzzzzz: 1}", "[[]]", "[]", "zzzzzzzz zz"]
# Keys that the program refuses in other words.
SAID_OTHERWISE = {
    ("TOP LEVEL", "Global"): "A mapping",
    ("TOP LEVEL", "Backends"): "A list of backends",
    ("TOP LEVEL", "HTTPListeners"): "A list of listeners",
    ("TOP LEVEL", "HTTPSListeners"): "A list of listeners",
    ("HTTPLISTENERS", "Services"): "A list of services",
    ("SERVICES", "Backends"): "An alias of a backend, such as `*be`, or a list of them",
    ("SERVICES", "Emergency"): "An alias of a backend, such as `*be`, or a list of them",
}

def complaints(tmp_path, place, *lines):
    """The errors of `pound -c` for these lines in the mapping of a section."""
    file = tmp_path / "pound.yaml"
    indent = "\n" + " " * (len(PLACES[place].split("\n")[-1]) - len("{}"))
    file.write_text(PLACES[place].format(indent.join(lines)) + "\n")
    said = run_pound("-c", "-f", file).stderr
    return re.findall(r"^\S+:\d+:\d+: error: (.*)$", said, re.M)


def keys_of_program(tmp_path, place):
    said = complaints(tmp_path, place, "zzzzzzzzzzzz: 1")
    known = next(line for line in said if "; known are " in line).split("; known are ")[1]
    return re.split(r", | and ", known)


@pytest.fixture(name="program", scope="module")
def fixture_program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    return {place: keys_of_program(folder, place) for place in PLACES}


def plain_tag(line):
    return "".join(shlex.split(line)[1:])


def plain(text):
    """The text of a line of roff source."""
    text = re.sub(r"^\.[A-Z]+ ", "", text, flags=re.M).replace("\\(ga", "`")
    text = text.replace("\\(aq", "'").replace("\\-", "-").replace("\\e", "\\")
    return " ".join(re.sub(r"\\f[A-Z]|\\&", "", text).split())


def entries(file):
    """{section: {tag: (line of the tag, text below it)}} of a manual page's .TP paragraphs."""
    found = {}
    for section in re.split(r"^\.SH ", file.read_text(), flags=re.M)[1:]:
        title, _, body = section.partition("\n")
        body = re.sub(r"^\.RS\n.*?^\.RE\n", "", body, flags=re.M | re.S)
        found[title.strip('"')] = {
            plain_tag(tag).split()[0]: (plain_tag(tag), plain(text.split("\n.PP")[0]))
            for tag, text in re.findall(r"^\.TP\n(\..*)\n((?:(?!\.TP\n).*\n?)*)", body, re.M)}
    return found


def every_key():
    """The configuration in the section EVERY KEY."""
    page = MANUAL.read_text()
    text = re.search(r"^\.SH EVERY KEY\n.*?^\.EX\n(.*?)^\.EE$", page, re.M | re.S)[1]
    marks = {"\\(aq": "'", "\\(ga": "`", "\\&": "", "\\-": "-", "\\e": "\\"}
    for roff, mark in marks.items():
        text = text.replace(roff, mark)
    return text


def keys_of_examples():
    """{section: keys} by indentation below the name of the section."""
    found = {place: [] for place in PLACES}
    above = [(-1, "TOP LEVEL")]
    for line in every_key().splitlines():
        match = re.match(r"( *(?:- )?(?:&\w+$)?)(?:([A-Z][A-Za-z0-9]+):(?: |$))?", line)
        if not match[2]:
            continue
        indent, key = len(match[1]), re.sub(r"^Err\d+$", "ErrNNN", match[2])
        while above[-1][0] >= indent:
            above.pop()
        place = above[-1][1]
        if key not in found[place]:
            found[place].append(key)
        if key.upper() in PLACES and line.endswith(":"):
            above.append((indent, key.upper()))
    return found


def ordered(keys):
    return {place: sorted(names) for place, names in keys.items()}


def test_the_keys_of_the_manual(program):
    manual = {place: list(tags) for place, tags in entries(MANUAL).items() if place in PLACES}
    manual["HTTPSLISTENERS"] = manual["HTTPLISTENERS"] + manual["HTTPSLISTENERS"]
    assert ordered(manual) == ordered(program)


def test_each_key_has_an_example(program):
    examples = keys_of_examples()
    examples["HTTPSLISTENERS"] += [key for key in examples["HTTPLISTENERS"]
                                   if key not in examples["HTTPSLISTENERS"]]
    assert ordered(examples) == ordered(program)


def test_the_examples_are_valid(tmp_path):
    """All that the program misses are files, and users, of another machine."""
    file = tmp_path / "pound.yaml"
    file.write_text(every_key())
    said = re.findall(r"^\S+:\d+:\d+: (.*)$", run_pound("-c", "-f", file).stderr, re.M)
    missing = (r"error: cannot (read|use) the \w+|error: there is no (user|group) `"
               r"|warning: there is no socket `|warning: this machine does not have the address ")
    assert said and [line for line in said if not re.match(missing, line)] == []


def cases():
    for place, tags in entries(MANUAL).items():
        if place in PLACES:
            yield from ((place, tag, text) for tag, (_, text) in tags.items())


@pytest.mark.parametrize(
    "place, key, text", [pytest.param(*case, id="-".join(case[:2])) for case in cases()])
def test_the_manual_says_what_a_key_wants(tmp_path, place, key, text):
    name = key.replace("NNN", "404")
    wants = [SAID_OTHERWISE[place, key]] if (place, key) in SAID_OTHERWISE else []
    for value in IMPOSSIBLE if not wants else []:
        for said in complaints(tmp_path, place, f"{name}: {value}"):
            match = re.search(rf"`{name}`.*?expected (.*)", said)
            if match:
                wants.append(match[1].removesuffix("; put the whole text in quotes"))
    assert wants, f"the program accepts any value for {key}"
    said = [want for want in wants if text.lower().startswith(want.lower() + ".")]
    assert said, f"{text!r} is none of {wants}"
    rest = text[max(map(len, said)) + 1:]
    missing = any(f"needs `{name}`" in said or f"`{name}` is required" in said
                  for said in complaints(tmp_path, place, "zzzzzzzzzzzz: 1"))
    if place == "TOP LEVEL":
        return
    assert rest.startswith(" Required." if missing else " Default: "), rest


def rules():
    """{code: (tag in the manual, sentence)} of the rules that a message can break."""
    table = (ROOT / "worker" / "http" / "verdict.cc").read_text()
    rows = re.findall(r'Row\{Reason::\w+,\s*\{"(\w+)",\s*(\d+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+),'
                      r'\s*"([^"]*)"(?:,\s*Relax::(\w+))?\}\}', table)
    assert len(rows) == len(re.findall(r"Row\{Reason::", table))
    found = {}
    for code, status, text, section, relax in rows:
        words = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace("\\", "")
        allow = {"yes": ", Allow", "by_backend": ", Allow of a backend"}.get(relax, "")
        found[code] = (f"{code} ({status}{allow})", words.removesuffix(".") + (f" ({section})." if section else "."))
    del found["none"]
    return found


def own_reasons():
    """Pound's own reasons: the string literals that the sources pass as `reason`."""
    text = "".join(path.read_text() for ending in ("cc", "h")
                   for path in sorted((ROOT / "worker").rglob(f"*.{ending}")))
    takers = set(re.findall(r"\b(\w+)\([^()]*std::string_view reason\b", text))
    calls = re.findall(rf"\b(?:{'|'.join(takers)})\(([^;]*?)\);", text)
    return {code for call in calls for code in re.findall(r'"([a-z_0-9]+)"', call)}


def test_the_reasons_of_the_manual():
    manual = entries(ROOT / "man" / "pound.8")["REASONS"]
    wanted = rules()
    own = own_reasons()
    assert own, "no reasons found in worker/"
    assert set(manual) == set(wanted) | own
    assert {code: manual[code] for code in wanted} == wanted


def test_the_options_and_signals_of_the_manual():
    manual = entries(ROOT / "man" / "pound.8")
    usage = run_pound("-x").stderr.split("usage: ")[1]
    assert list(manual["OPTIONS"]) == re.findall(r"\[(-[-\w]+)", usage)
    assert sorted(re.findall(r"[A-Z0-9]{3,}", " ".join(
        tag for tag, _ in manual["SIGNALS"].values()))) == ["HUP", "INT", "QUIT", "TERM", "USR1"]


def test_the_warnings_of_the_manual():
    """The codes in the manual are those of the program, in its order, with one sentence each."""
    rows = re.findall(r'\{Lint::\w+, "([a-z-]+)"\}', (ROOT / "conf" / "lint.cc").read_text())
    manual = entries(MANUAL)["WARNINGS"]
    assert list(manual) == rows
    for code, (_, text) in manual.items():
        assert re.fullmatch(r"[A-Z][^.]*\.", text), code


def test_the_status_of_the_manual(site, certificates, tmp_path):
    manual = {name: text.split(". ")[0].rstrip(".").split()
              for name, (_, text) in entries(ROOT / "man" / "pound.8")["STATUS"].items()}
    # Some lines need a password that was checked, a client that is over its limit, a certificate, a store.
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(32))
    pound = passwords.prepare(site, listener="Limit: {Rate: 1, Per: 3600, Burst: 1}",
                              more=f"Secret: {secret}\n  SessionStore: {{Address: 127.0.0.1, "
                                   f"Port: {reserve_port()}}}")
    pound.configure(passwords.CONFIG + "HTTPSListeners:\n" + another_listener(
        f"Port: {reserve_port()}; Certificates: {certificates['ec'].pem}"))
    pound.start()
    assert [passwords.login(pound).status for _ in range(2)] == [200, 429]
    pound.signal(signal.SIGUSR1)
    pound.wait_log("status: object=end ")
    lines = re.findall(r"status: object=(\w+) (.*)", pound.log())
    assert {name: re.findall(r"(\w+)=", pairs) for name, pairs in lines} == manual


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "man").glob("*.[58]")))
def test_the_pages_are_well_formed(page):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(ROOT / "man" / page)],
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_fields_of_records(tmp_path):
    said, = complaints(tmp_path, "GLOBAL", "AccessLog: '{zzzzzzzzzzzz}'")
    known = re.split(r", | and ", said.split("; known are ")[1])
    assert list(entries(MANUAL)["RECORDS OF REQUESTS"]) == known
