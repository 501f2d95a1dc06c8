"""Errors in a file: the message gives the place, the line, a caret and, if useful, the right name.

In a faulty text ^ marks the place that the message must name.
"""

import os
import re
import socket

import pytest

from harness import reserve_port, run_pound

GOOD = """\
Global:
  Workers: 2
Backends:
  - &web
    Address: 127.0.0.1
    Port: 8080
HTTPListeners:
  - Address: 127.0.0.1
    Port: 80
    Services:
      - URL: "^/a"
        Backends: [*web]
"""


def changed(old, new):
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


# {name: (faulty text, expected message)}
FAULTS = {
    "unknown key of Global": (changed("Workers: 2", "^Wrokers: 2"), ["Wrokers", "Workers"]),
    "unknown key of a backend": (changed("Port: 8080", "Port: 8080\n    ^Treads: 1"),
                                 ["Treads", "Threads"]),
    "unknown key of a listener": (changed("    Services:", "    ^Clinet: 5\n    Services:"),
                                  ["Clinet", "Client"]),
    "unknown key of a service": (changed('URL: "^/a"', '^ULR: "x"'), ["ULR", "URL"]),
    "unknown section": (changed("HTTPListeners:", "^HTTPListener:"),
                        ["HTTPListener", "HTTPListeners"]),
    "key far from any": (changed("Workers: 2", "^Xyzzyplugh: 2"), ["Xyzzyplugh"]),
    "word for a number": (changed("Port: 8080", "Port: ^eighty"), ["eighty"]),
    "number out of range": (changed("Port: 8080", "Port: ^65536"), ["65536", "65535"]),
    "zero where none may be": (changed("Port: 8080", "Port: ^0"), ["1", "65535"]),
    "negative": (changed("Port: 8080", "Port: 8080\n    Threads: ^-1"), ["-1"]),
    "fraction": (changed("Port: 8080", "Port: 8080\n    Threads: ^1.5"), ["1.5"]),
    "too many workers": (changed("Workers: 2", "Workers: ^65"), ["65", "64"]),
    "map for a number": (changed("Port: 8080", "Port: ^{a: b}"), ["Port"]),
    "list for a number": (changed("Port: 8080", "Port: ^[1, 2]"), ["Port"]),
    "scalar for a list of maps": (changed("  - Address: 127.0.0.1\n    Port: 80\n    Services:\n"
                                          '      - URL: "^/a"\n        Backends: [*web]\n',
                                          "  ^text\n"), ["HTTPListeners"]),
    "key twice": (changed("Port: 8080", "Port: 8080\n    ^Port: 8081"), ["Port"]),
    "key twice in other letters": (changed("Port: 8080", "Port: 8080\n    ^PORT: 8081"), ["PORT"]),
    "no address": (changed("Address: 127.0.0.1\n    Port: 8080", "Port: 8080"), ["Address"]),
    "no port": (changed("    Port: 80\n    Services", "    Services"), ["Port"]),
    "no such anchor": (changed("[*web]", "[^*wbe]"), ["wbe"]),
    "alias that is no backend": (changed("[*web]", "^whatever"), ["Backends"]),
    "no regular expression": (changed('URL: "^/a"', 'URL: ^"(/a"'), ["(/a"]),
    "no regular expression in a list": (changed('URL: "^/a"', 'HeadRequire: ["a", ^"[z-a]"]'),
                                        ["[z-a]"]),
    "bracket that stays open": (changed("[*web]", "[*web"), []),
    "quote that stays open": (changed('URL: "^/a"', 'URL: "/a'), []),
    "tab as indentation": (changed("    Port: 8080", "\tPort: 8080"), []),
    "two documents": (GOOD + "---\n" + GOOD, []),
    "header with a line break": (
        changed("Port: 8080", 'Port: 8080\n    HeadAdd: ^"X: a\\r\\nY: b"'), ["HeadAdd"]),
    "header without colon": (changed("Port: 8080", 'Port: 8080\n    HeadAdd: ^"nonsense"'),
                             ["nonsense"]),
    "unknown access log": (changed("Workers: 2", "AccessLog: ^fancy"), ["fancy", "combined"]),
    "unknown facility": (changed("Workers: 2", "LogFacility: ^nowhere"), ["nowhere"]),
    "no such page": (changed("Workers: 2", "Err404: ^/nonexistent/404.html"),
                     ["/nonexistent/404.html"]),
    "page for a status that is none": (changed("Workers: 2", "^Err999: /dev/null"), ["Err999"]),
    "page that is a directory": (changed("Workers: 2", "Err404: ^/"), ["/"]),
    "page that is a device": (changed("Workers: 2", "Err404: ^/dev/zero"), ["/dev/zero"]),
    "no such user": (changed("Workers: 2", "User: ^no-such-user"), ["no-such-user"]),
    "no such group": (changed("Workers: 2", "Group: ^no-such-group"), ["no-such-group"]),
    "no such jail": (changed("Workers: 2", "RootJail: ^/nonexistent"), ["/nonexistent"]),
    "jail that is a file": (changed("Workers: 2", "RootJail: ^/etc/passwd"), ["/etc/passwd"]),
    "no such certificate": (GOOD.replace("HTTPListeners:", "HTTPSListeners:").replace(
        "    Port: 80\n", "    Port: 80\n    Certificates: ^/nonexistent/cert.pem\n"),
                            ["/nonexistent/cert.pem"]),
    "HTTPS without a certificate": (changed("HTTPListeners:", "HTTPSListeners:"), ["Certificates"]),
    "two listeners on one address": (
        GOOD + "  - Address: 127.0.0.1\n    Port: 80\n    Services: []\n", ["127.0.0.1"]),
    "no listener": ("Backends:\n  - &web {Address: 127.0.0.1, Port: 80}\nHTTPListeners:\n"
                    "HTTPSListeners:\n", ["istener"]),
    "a list as the whole": ("- a\n- b\n", []),
    "a word as the whole": ("pound\n", []),
    "nothing at all": ("", []),
    "only a comment": ("# nothing\n", []),
    "alias of itself": ("&a [*a]\n", []),
}


def text_and_place(faulty):
    """The text without its mark, and (line, column) of the mark, in bytes from 1."""
    match = re.search(r'(?<!["(])\^', faulty)
    if not match:
        return faulty, None
    at = match.start()
    before = faulty[:at]
    return before + faulty[at + 1:], (before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)


def check(path):
    done = run_pound("-c", "-f", path)
    assert done.returncode in (0, 1), done
    assert done.returncode == 0 or done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", FAULTS)
def test_fault(tmp_path, name):
    faulty, words = FAULTS[name]
    text, place = text_and_place(faulty)
    path = tmp_path / "pound.yaml"
    path.write_text(text)
    status, said = check(path)
    assert status == 1, said
    first = re.search(rf"^{re.escape(str(path))}(?::(\d+):(\d+))?: error: (.+)$", said, re.M)
    assert first, said
    for word in words:
        assert word in said, said
    if place:
        assert (int(first[1]), int(first[2])) == place, said
    if first[1] and int(first[1]) <= len(text.splitlines()):  # not at the end of the file
        check_caret(said, text.splitlines(), int(first[1]), int(first[2]))


def check_caret(said, lines, number, column):
    """Checks that the line and a caret under the column follow the message."""
    shown = said.splitlines()
    at = next(i for i, line in enumerate(shown) if f":{number}:{column}: error: " in line)
    source = lines[number - 1]
    assert shown[at + 1].endswith(source) or "\t" in source, said
    offset = len(shown[at + 1]) - len(source)
    caret = shown[at + 2].index("^")
    assert "\t" in source or caret == offset + column - 1, said


def test_all_faults_are_told_at_once(tmp_path):
    path = tmp_path / "pound.yaml"
    path.write_text(changed("Workers: 2", "Wrokers: 2").replace("Port: 8080", "Port: eighty")
                    .replace('"^/a"', '"("'))
    status, said = check(path)
    assert status == 1
    errors = re.findall(r":(\d+):\d+: error: ", said)
    assert errors == ["2", "6", "11"], said


def test_foreign_bytes_are_shown_escaped(tmp_path):
    path = tmp_path / "pound.yaml"
    path.write_bytes(b'Global:\n  "W\\e[31m\\x07rkers": 2\n')
    status, said = check(path)
    assert status == 1
    assert re.fullmatch(r"[\x20-\x7e\n]*", said), said


def test_bytes_that_are_not_utf8(tmp_path):
    path = tmp_path / "pound.yaml"
    path.write_bytes(GOOD.encode() + b"# \xff\xfe\x00\n")
    status, said = check(path)
    assert status == 1
    assert re.fullmatch(r"[\x20-\x7e\n]*", said), said


def test_the_start_says_the_same(tmp_path):
    path = tmp_path / "pound.yaml"
    path.write_text(changed("Workers: 2", "Wrokers: 2"))
    _, said = check(path)
    for args in (["-F"], []):
        done = run_pound(*args, "-f", path, "-p", tmp_path / "pid")
        assert (done.returncode, done.stderr) == (1, said)


# --- the file itself ------------------------------------------------------------------------------
def test_a_missing_file(tmp_path):
    status, said = check(tmp_path / "none.yaml")
    assert status == 1
    assert f"{tmp_path}/none.yaml: error: " in said and "No such file" in said


def refused_file(path):
    status, said = check(path)  # must also not hang
    assert status == 1
    assert f"{path}: error: " in said, said


def test_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    refused_file(tmp_path / "fifo")


def test_a_directory(tmp_path):
    refused_file(tmp_path)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device(device):
    refused_file(device)


def test_a_socket(tmp_path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "socket"))
        refused_file(tmp_path / "socket")


def test_a_file_that_is_too_large(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text(GOOD + "#" * (16 << 20))
    refused_file(path)


def test_deep_nesting_and_alias_bombs_end_soon(tmp_path):
    path = tmp_path / "pound.yaml"
    laughs = "a: &a [x]\n"
    for before, name in zip("abcdefghijkl", "bcdefghijklm"):
        laughs += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for text in ("[" * 200000, "{a: " * 100000, laughs):
        path.write_text(text)
        status, said = check(path)
        assert status == 1 and "error: " in said
        assert len(said) < 100000


# --- valid files ----------------------------------------------------------------------------------
ALLOWED = {
    "as it is": GOOD,
    "letter case of keys": GOOD.replace("HTTPListeners", "HTTPlisteners")
                               .replace("Workers", "WORKERS").replace("Backends", "backends"),
    "Global as a list": changed("  Workers: 2", "  - Workers: 2\n  - Grace: 5"),
    "Global as a list of one": changed("  Workers: 2", "  - Workers: 2\n    Grace: 5"),
    "sections at null": GOOD + "HTTPSListeners:\n",
    "no Global": GOOD.replace("Global:\n  Workers: 2\n", ""),
    "flow maps": "Backends:\n  - &web {Address: 127.0.0.1, Port: 80}\nHTTPListeners:\n"
                 "  - {Address: 127.0.0.1, Port: 80, Services: [{Backends: [*web]}]}\n",
    "lists without indentation": """\
Backends:
- &web
  Address: 127.0.0.1
  Port: 80
HTTPListeners:
- Address: 127.0.0.1
  Port: 80
  Services:
  - Backends:
    - *web
""",
    "alias as a scalar": GOOD.replace("[*web]", "*web"),
    "all keys": """\
Global:
  Workers: 64
  Grace: 0
  Alive: 1
  AccessLog: common
  LogFacility: local0
  LogSocket: /dev/log
Backends:
  - &web
    Address: 127.0.0.1
    Port: 65535
    TimeOut: 1
    ConnTO: 1
    Threads: 0
    HeadAdd:
      - "X-A: b"
  - &name
    Address: localhost
    Port: 1
    HeadAdd: "X-A: b"
HTTPListeners:
  - Address: "::1"
    Port: 65535
    Client: 1
    Threads: 65535
    Services:
      - URL: ".*"
        HeadRequire: ["a", "b"]
        HeadDeny: "c"
        Session: 0
        Backends: [*web, *name]
""",
}


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed(tmp_path, name):
    path = tmp_path / "pound.yaml"
    path.write_text(ALLOWED[name].replace("Port: 80\n", f"Port: {reserve_port()}\n"))
    status, said = check(path)
    assert status == 0, said
    assert "error" not in said
