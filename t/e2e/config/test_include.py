"""Include and variables of the environment, with real files and the real daemon."""

import os

import pytest

from harness import get, reserve_port, response, run_pound
from harness.poundctl import run_poundctl

LISTENER = """\
HTTPListeners:
  - Address: 127.0.0.1
    Port: {port}
    Threads: 0
    Services:
      - Backends: [{aliases}]
"""
BACKEND = "Backends: [&{name} {{Address: 127.0.0.1, Port: {port}}}]\n"


def check(path, **environment):
    """The status of pound -c and its messages, without the folder in them."""
    done = run_pound("-c", "-f", path, env={"PATH": os.environ["PATH"], **environment})
    return done.returncode, done.stderr.replace(f"{path.parent}/", "")


def write(folder, **files):
    """Writes main and others; a double underscore in a name is a slash."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder / "main.yaml"


def test_a_pattern_matches_regular_files_in_order(tmp_path):
    main = write(tmp_path, main="Include: conf.d/*\n",
                 conf_d__x="", **{"conf.d__10": BACKEND.format(name="a", port=1),
                                  "conf.d__9": LISTENER.format(port=2, aliases="*a"),
                                  "conf.d__.hidden": "no: key\n"})
    os.mkfifo(tmp_path / "conf.d" / "fifo.yaml")
    (tmp_path / "conf.d" / "folder.yaml").mkdir()
    assert check(main) == (0, "")


def test_a_link_that_leads_nowhere_is_an_error(tmp_path):
    main = write(tmp_path, main="Include: 'd/*.yaml'\n", d__a="")
    (tmp_path / "d" / "b.yaml").symlink_to("none")
    status, said = check(main)
    assert (status, said) == (1, (
        "main.yaml:1:10: error: cannot include `d/b.yaml`: cannot open it: No such file or directory\n"
        "  Include: 'd/*.yaml'\n           ^\n"))


@pytest.mark.parametrize("kind, why", [
    ("missing", "cannot open it: No such file or directory"),
    ("folder", "this is a directory, expected a file"),
    ("fifo", "this is a FIFO, expected a file")])
def test_what_cannot_be_read(tmp_path, kind, why):
    main = write(tmp_path, main="Include:\n  - what\n")
    if kind == "folder":
        (tmp_path / "what").mkdir()
    elif kind == "fifo":
        os.mkfifo(tmp_path / "what")
    assert check(main) == (1, f"main.yaml:2:5: error: cannot include `what`: {why}\n"
                              "    - what\n      ^\n")


def test_a_file_under_two_names_is_one_file(tmp_path):
    main = write(tmp_path, main="Include: [a.yaml, b.yaml]\n", a="")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    assert check(main) == (1, "main.yaml:1:19: error: cannot include `b.yaml`: it is included already\n"
                              "  Include: [a.yaml, b.yaml]\n                    ^\n"
                              "main.yaml:1:11: note: it is included here\n"
                              "  Include: [a.yaml, b.yaml]\n            ^\n")
    main = write(tmp_path, main="Include: '*.yaml'\n")
    status, said = check(main)
    assert status == 1
    assert "error: cannot include `main.yaml`: a file cannot include itself\n" in said


def test_each_message_names_its_file(tmp_path):
    main = write(tmp_path, main="Include: d/*.yaml\nHTTPListeners: []\n",
                 d__a="Global: {Grace: 1}\nBackends:\n  - Adress: 127.0.0.1\n",
                 d__b="Global:\n  Wrokers: 1\n  Grace: 2\n")
    assert check(main) == (1, (
        "main.yaml: error: no listeners: there is nothing to do\n"
        "d/a.yaml:3:5: error: unknown key `Adress` in a backend; did you mean `Address`?\n"
        "    - Adress: 127.0.0.1\n      ^\n"
        "d/a.yaml:3:5: error: a backend needs `Port`: a whole number from 1 to 65535\n"
        "    - Adress: 127.0.0.1\n      ^\n"
        "d/b.yaml:2:3: error: unknown key `Wrokers` in Global; did you mean `Workers`?\n"
        "    Wrokers: 1\n    ^\n"
        "d/b.yaml:3:3: error: `Grace` is given twice\n    Grace: 2\n    ^\n"
        "d/a.yaml:1:10: note: it is first given here\n  Global: {Grace: 1}\n           ^\n"))


def test_variables(tmp_path):
    main = write(tmp_path, main=(
        "Backends:\n  - &b\n    Address: ${HOST}\n    Port: ${PORT:-81}\n    HeadAdd: 'X: ${TOKEN}'\n"
        + LISTENER.format(port="${LISTEN}", aliases="*b")))
    assert check(main, HOST="127.0.0.1", TOKEN="a", LISTEN="80") == (0, "")
    status, said = check(main, HOST="[secret", PORT="many secret", TOKEN="a\nsecret", LISTEN="")
    assert status == 1
    assert "secret" not in said
    assert [line.split(": error: ")[1] for line in said.splitlines() if ": error: " in line] == [
        "`Address` is text \"${HOST}\", expected an IP address, a host name or the path of a Unix socket",
        "`Port` is text \"${PORT:-81}\", expected a whole number from 1 to 65535",
        "`HeadAdd` has a line end or another control byte in text \"X: ${TOKEN}\", expected a header as "
        "`Name: value`, or a list of them",
        "`Port` is text \"${LISTEN}\", expected a whole number from 1 to 65535"]
    assert check(main, HOST="127.0.0.1", LISTEN="80") == (1, (
        "main.yaml:5:14: error: the environment variable `TOKEN` is not set; `${TOKEN:-text}` has a "
        "default\n      HeadAdd: 'X: ${TOKEN}'\n               ^\n"))


SITE = """\
Global:
  Workers: 1
  Control: $dir/control
Include: conf.d/*.yaml
HTTPListeners:
  - Address: 127.0.0.1
    Port: $${LISTEN}
    Services:
      - URL: ^/second
        Backends: [*second]
      - Backends: [*first]
"""


def test_a_daemon_of_several_files(site):
    """A reload reads all files again, with the environment of the start."""
    first, second, third = (site.backend(lambda _, name=name: response(name.encode()))
                            for name in ("first", "second", "third"))
    pound = site.prepare(SITE, popen={})
    pound.popen["env"] = {**os.environ, "LISTEN": str(pound.port), "FIRST": str(first.port)}
    folder = pound.directory / "conf.d"
    folder.mkdir()
    (folder / "1.yaml").write_text(BACKEND.format(name="first", port="'${FIRST}'"))
    (folder / "2.yaml").write_text(BACKEND.format(name="second", port=second.port))
    pound.start()
    assert [get(pound.port, path).body for path in ("/", "/second")] == [b"first", b"second"]
    # poundctl has neither variable, but finds the socket. It needs them to explain.
    bare = {"PATH": os.environ["PATH"]}
    done = run_poundctl("-f", pound.config_file, "status", env=bare)
    assert (done.returncode, done.stderr) == (0, "")
    done = run_poundctl("-f", pound.config_file, "explain", "GET", "/", env=bare)
    assert done.returncode != 0
    assert "pound.yaml:7:11:" in done.stderr and "variable `LISTEN` is not set" in done.stderr

    (folder / "2.yaml").write_text(BACKEND.format(name="second", port=third.port))
    pound.reload()
    assert get(pound.port, "/second").body == b"third"

    (folder / "2.yaml").write_text("Backends: [&second {Adress: x}]\n")
    messages = pound.reload(expect="failed").messages
    assert any("conf.d/2.yaml:1:21: error: unknown key `Adress`" in line for line in messages)
    assert get(pound.port, "/second").body == b"third"


def test_without_a_socket_that_can_be_read(tmp_path):
    main = write(tmp_path, main="Global:\n  Control: ${NO_SUCH_VARIABLE}/control\n")
    done = run_poundctl("-f", main, "status")
    assert done.stderr.startswith(
        f"poundctl: {main}:2:12: error: the environment variable `NO_SUCH_VARIABLE` is not set; "
        "`${NO_SUCH_VARIABLE:-text}` has a default\n"
        "poundctl: trying /run/pound/control.sock; -s SOCKET names another\n")


def test_a_thousand_files(tmp_path):
    port = reserve_port()
    files = {f"d__{i:04}": BACKEND.format(name=f"b{i}", port=port) for i in range(1000)}
    aliases = ", ".join(f"*b{i}" for i in range(1000))
    main = write(tmp_path, main="Include: d/*.yaml\n" + LISTENER.format(port=port, aliases=aliases), **files)
    assert check(main) == (0, "")
