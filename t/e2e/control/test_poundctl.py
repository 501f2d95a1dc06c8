"""poundctl: each command, its exit statuses and its errors."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading

import pytest

from harness import POUND, ROOT, TIMEOUT, Client, get, request, reserve_port, response, wait_until
from harness.config import plain_site
from harness.control import SOCKET, path_of
from harness.poundctl import command_of, poundctl, run_poundctl


def start(site, settings="Workers: 2; ", **kwargs):
    kwargs.setdefault("backends", {"web": "", "gone": f"Port: {reserve_port()}"})
    kwargs.setdefault("services", "- URL: ^/gone\n  Backends: [*gone]\n- Backends: [*web]")
    # No idle connection to the backend, which would wait in vain for another request.
    backend = site.backend(lambda _: response(b"", "Connection: close"))
    return site.pound(plain_site(settings + SOCKET, **kwargs), web=backend.port, gone=1)


@pytest.fixture(name="shared", scope="module")
def fixture_shared(shared_site):
    pound = start(shared_site)
    assert get(pound.port, "/gone").status == 503
    assert get(pound.port, "/a").status == 200
    return pound


def test_status_shows_what_is_wrong_first(shared):
    lines = poundctl(shared, "status").splitlines()
    assert re.fullmatch(rf"pound \S+, pid {shared.master}, generation 1, up \d+\w+, \d+ clients, "
                        r"2 requests", lines[0])
    assert re.fullmatch(r"! backend gone is dead: refused, for \d+s", lines[2])
    titles = [line.split()[0] for line in lines if line.isupper() or "P50 ms" in line]
    assert {"LISTENER", "SERVICE", "BACKEND"} <= set(titles)
    backends = [line.split()[0] for line in lines[lines.index(next(
        line for line in lines if line.startswith("BACKEND"))):][1:3]]
    assert backends == ["gone", "web"]
    assert max(map(len, lines)) <= 80


def test_nothing_is_wrong(site):
    pound = site.pound(plain_site(f"Workers: 1; {SOCKET}"), web=site.backend().port)
    assert poundctl(pound, "status").splitlines()[1:3] == ["", "Nothing is wrong."]


@pytest.mark.parametrize("name, title, rows", [
    ("workers", "WORKER", 2), ("listeners", "LISTENER", 1), ("services", "SERVICE", 2),
    ("backends", "BACKEND", 2), ("sessions", "SESSIONS", 1)])
def test_tables(shared, name, title, rows):
    lines = poundctl(shared, name).splitlines()
    assert lines[0].split()[0] == title
    assert len(lines) == 1 + rows
    listed = json.loads(poundctl(shared, name, "--json"))
    assert len(listed) == rows


def test_status_as_json(shared):
    whole = json.loads(poundctl(shared, "status", "--json"))
    assert whole["process"]["pid"] == shared.master
    assert [b["name"] for b in whole["backends"]] == ["web", "gone"]


def test_commands_of_the_daemon_pass_through(shared):
    assert poundctl(shared, "help").startswith("backends")
    assert poundctl(shared, "statsu", status=2) == (
        "poundctl: unknown command `statsu`; did you mean `status`?\n")
    assert poundctl(shared, "-x", status=2).startswith("poundctl: option -x is unknown\nusage: ")
    assert poundctl(shared, "a b", '"\\', status=2) == (
        "poundctl: unknown command `a b`; `help` lists the commands\n")


@pytest.mark.parametrize("args, error", [
    ([], "poundctl: a command is missing\nusage: poundctl "),
    (["-s"], "poundctl: option -s takes a value\n"),
    (["-s", "", "status"], "poundctl: option -s takes a file name\n"),
    (["status", "now"], "poundctl: unexpected argument `now` of status\n"),
    (["status", "--json", "--watch"], "poundctl: --json and --watch exclude each other\n"),
    (["x\n"], "poundctl: an argument has a control character\n"),
    (["x" * 9000], "poundctl: the command is too long\n"),
    (["-s", "/" + "x" * 200, "help"], "poundctl: the path of the socket is not possible: ")])
def test_usage(shared, args, error):
    if "-s" not in args and args:
        args = ["-s", path_of(shared), *args]
    done = run_poundctl(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(error)


def test_help_and_version():
    assert run_poundctl("-h").stdout.startswith("usage: poundctl ")
    assert run_poundctl("--help").returncode == 0
    assert re.fullmatch(r"poundctl \d+\.\d+\.\d+\n", run_poundctl("-V").stdout)


def test_where_the_daemon_is(site, tmp_path):
    pound = start(site)
    path = path_of(pound)
    # Named by hand, also a relative one.
    assert run_poundctl("-s", path, "help").returncode == 0
    assert run_poundctl("-s", "control.sock", "help", cwd=pound.directory).returncode == 0
    none = str(tmp_path / "none.sock")
    done = run_poundctl("-s", none, "status")
    assert (done.returncode, done.stderr) == (3, (
        f"poundctl: cannot connect to {none}: No such file or directory; does pound run, and has "
        "its configuration the key Control?\n"))
    pound.signal(signal.SIGKILL)
    pound.wait_exit()
    done = run_poundctl("-s", path, "status")
    assert (done.returncode, done.stderr) == (3, (
        f"poundctl: cannot connect to {path}: Connection refused; pound does not run any more\n"))
    pound.wait_gone()
    pound.configure(pound.text.replace(f"Control: {path}", "Grace: 5"))
    assert poundctl(pound, "status", status=3) == (
        f"poundctl: {pound.config_file} has no key Control, so that pound takes no commands; see "
        "CONTROL in pound.yaml(5), or name a socket with -s\n")


def test_a_broken_configuration_leaves_the_usual_socket(shared, tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("Global:\n  Workers: many\nHTTPListeners: [{Address: '::1', Port: 1}]\n")
    done = run_poundctl("-f", broken, "status")
    assert f"poundctl: {broken}:2:12: error: " in done.stderr
    assert "poundctl: trying /run/pound/control.sock; -s SOCKET names another\n" in done.stderr
    assert shared.is_running()


def test_a_master_that_hangs(site):
    pound = start(site)
    os.kill(pound.master, signal.SIGSTOP)
    try:
        with subprocess.Popen(**command_of(pound, "status"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as ctl:
            assert ctl.poll() is None
            os.kill(pound.master, signal.SIGCONT)
            assert ctl.communicate(timeout=TIMEOUT)[0].startswith("pound ")
    finally:
        os.kill(pound.master, signal.SIGCONT)


def test_reload_tells_the_outcome(site):
    pound = start(site)
    assert poundctl(pound, "reload") == (
        "generation 2 active: 1 listener kept, 0 added, 0 removed, 2 workers\n")
    pound.wait_log(r"control: uid \d+, pid \d+: reload$")
    good = pound.text
    pound.configure(good.replace("Workers: 2", "Workers: none"))
    # The socket is still where it was; -f would not find it.
    done = run_poundctl("-s", path_of(pound), "reload")
    assert done.returncode == 1
    assert re.match(r"poundctl: \S+:3:12: error: `Workers` is text \"none\", expected ", done.stderr)
    pound.configure(good.replace("Workers: 2", "Workers: 1"))
    assert "generation 3 active" in poundctl(pound, "reload")
    assert get(pound.port, "/").status == 200


def test_reloads_at_the_same_time_all_get_an_outcome(site):
    pound = start(site)
    callers = [subprocess.Popen(**command_of(pound, "reload"), stdout=subprocess.PIPE, text=True)
               for _ in range(10)]
    outcomes = [caller.communicate(timeout=TIMEOUT)[0] for caller in callers]
    assert [caller.returncode for caller in callers] == [0] * 10
    numbers = [int(re.match(r"generation (\d+) active: ", text)[1]) for text in outcomes]
    assert max(numbers) == json.loads(
        poundctl(pound, "status", "--json"))["process"]["generation"] <= 11


def test_commands_while_workers_are_killed_and_generations_change(site):
    pound = start(site)
    for turn in range(5):
        victim = pound.workers()[0]
        os.kill(victim, signal.SIGKILL)
        assert len(poundctl(pound, "backends").splitlines()) == 3
        assert "active" in poundctl(pound, "reload")
        pound.wait_workers(gone=[victim])
        assert poundctl(pound, "status", "--json").count('"restarts"') >= 2, turn


def test_stop_waits_for_requests(site):
    pound = start(site)
    with Client(pound.port) as client:
        client.send(request("POST", "/", "Content-Length: 5") + b"12")
        wait_until(lambda: json.loads(poundctl(pound, "listeners", "--json"))[0]["requests"] == 1,
                   "a request")
        assert poundctl(pound, "stop") == "stopping when all requests are answered, within 30 s\n"
        assert poundctl(pound, "stop", status=1) == "poundctl: pound is stopping already\n"
        assert poundctl(pound, "reload", status=1) == (
            "poundctl: reload refused: pound is stopping\n")
        client.send(b"345")
        assert client.read_response().status == 200
    assert pound.wait_exit() == 0
    assert poundctl(pound, "status", status=3)


def test_stop_now(site):
    pound = start(site)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Content-Length: 5") + b"12")
    assert poundctl(pound, "stop", "--now") == "stopping now\n"
    assert pound.wait_exit() == 0
    assert poundctl(pound, "stop", "now", status=3)


def test_a_reload_that_the_end_interrupts(site):
    pound = start(site)
    with subprocess.Popen(**command_of(pound, "reload"), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as caller:
        pound.signal(signal.SIGTERM)
        out, err = caller.communicate(timeout=TIMEOUT)
    assert (caller.returncode, err) in [(1, "poundctl: no reload: pound is stopping\n"),
                                        (1, "poundctl: reload refused: pound is stopping\n"),
                                        (0, "")] or caller.returncode == 3, (out, err)
    assert pound.wait_exit() == 0


def test_level_holds_for_all_workers_and_generations(site):
    pound = start(site)
    assert poundctl(pound, "level") == "level 0\n"
    refused = r"\]: 127\.0\.0\.1:\d+: refused"

    def refuse():
        with Client(pound.port) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\n")
            assert client.read_response().status == 400

    refuse()
    pound.wait_records(1)
    quiet = pound.log().count("host_missing")
    assert poundctl(pound, "level", "1") == "level 1\n"
    for count in range(1, 5):
        refuse()
        pound.wait_records(1 + count)
    told = wait_until(lambda: pound.log().count("host_missing") - quiet >= 8 and
                      pound.log().count("host_missing") - quiet, pound.log)
    assert told == 8, "a record and a line about each, from every worker"
    pound.kill_worker()
    assert "active" in poundctl(pound, "reload")
    assert poundctl(pound, "level") == "level 1\n"
    pound.wait_log(r"worker \d+ \(pid \d+\) is ready")
    assert poundctl(pound, "level", "0") == "level 0\n"
    for wrong in ("10", "-1", "x", ""):
        assert poundctl(pound, "level", wrong, status=2) == (
            "poundctl: N is a number from 0 to 9; the command is: level [N]\n")
    pound.wait_log(r"control: uid \d+, pid \d+: level 1$")


def test_top_once(shared):
    lines = poundctl(shared, "top").splitlines()
    assert re.fullmatch(r"[\d.]+ requests/s, p50 - ms, p99 - ms, [\d.]+ 4xx/s, [\d.]+ 5xx/s",
                        lines[1])
    assert lines[2] == "0 in service, 0 waiting"
    assert lines[3].startswith("! backend gone ")
    assert [line.split()[0] for line in lines if "/s  " in line] == ["SERVICE", "BACKEND"]


def test_top_shows_services_backends_and_clients(site):
    pound = start(site)
    over = threading.Event()

    def ask():
        with Client(pound.port, source="127.0.0.7") as client:
            while not over.is_set():
                assert client.ask().status == 200

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        # The list of clients begins with the first one that a sample of requests has met.
        wait_until(lambda: json.loads(poundctl(pound, "status", "--json"))["busy_clients"],
                   pound.log)
        text = poundctl(pound, "top")
    finally:
        over.set()
        asking.join()
    lines = text.splitlines()
    assert re.fullmatch(r"\d+ requests/s, p50 \d+\.\d ms, p99 \d+\.\d ms, 0\.0 4xx/s, 0\.0 5xx/s",
                        lines[1])
    assert re.search(r"^SERVICE .*\n127\.0\.0\.1:\d+/2 +[1-9]\d*", text, re.MULTILINE)
    assert re.search(r"^BACKEND .*\nweb +live +[1-9]\d*", text, re.MULTILINE)
    assert re.search(r"^CLIENT +REQUESTS/s\n127\.0\.0\.7 +~[1-9]\d*$", text, re.MULTILINE)


def on_a_terminal(pound, *args, until):
    """What the command shows on a terminal of 80x24, until the pattern matches."""
    master, slave = pty.openpty()
    with subprocess.Popen(**command_of(pound, *args), stdin=slave, stdout=slave,
                          stderr=slave) as ctl:
        os.close(slave)
        seen = b""
        while not re.search(until, seen):
            seen += os.read(master, 65536)
        ctl.send_signal(signal.SIGINT)
        ctl.wait(TIMEOUT)
    os.close(master)
    return seen


def test_watch_and_top_on_a_terminal(shared):
    seen = on_a_terminal(shared, "backends", "--watch", until=rb"(?s)\x1b\[H.*\x1b\[H.*\x1b\[J")
    assert seen.count(b"BACKEND") == 2
    seen = on_a_terminal(shared, "top", until=rb"(?s)\x1b\[H.*\x1b\[J")
    assert b"requests/s" in seen


# What bash-completion offers, as far as it is used.
COMPLETE = r"""
_init_completion() {
  words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
  cur=${words[cword]} prev=${words[cword - 1]}
}
_filedir() { COMPREPLY=(a-file); }
poundctl() { (exec -a poundctl "$POUND" "$@"); }
. "$ROOT/init/poundctl.bash-completion"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_poundctl
echo "${COMPREPLY[*]}"
"""


@pytest.mark.parametrize("words, completed", [
    ("st", "standby status stop"), ("-", "-s -f -h -V"), ("-s ", "a-file"), ("status --", "--json --watch"),
    ("drain w", "web"), ("stop ", "--now"), ("top ", "--once"), ("rel", "reload")])
def test_completion(shared, words, completed):
    words = ["poundctl", "-s", path_of(shared), *words.split(" ")]
    done = subprocess.run(["bash", "-c", COMPLETE, "bash", *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=TIMEOUT, check=False,
                          env={**os.environ, "POUND": POUND, "ROOT": str(ROOT)})
    assert (done.stdout, done.stderr) == (completed + "\n", "")


def test_texts_cannot_harm_a_terminal(site):
    """The daemon escapes what it says, and poundctl escapes what is said by something else."""
    listener = site.add_client(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    path = str(site.directory / "evil.sock")
    listener.bind(path)
    listener.listen()
    for said, shown in ((b"\x1b[31mred\x07\n\xff\n", "\\x1b[31mred\\x07\n\\xff\n"), (b"", ""),
                        (b"object=x y=\x1b", None)):
        with subprocess.Popen(["poundctl", "-s", path, "anything" if shown is not None else "status"],
                              executable=POUND, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as ctl:
            connection, _ = listener.accept()
            assert connection.recv(100) == (b'"anything"\n' if shown is not None else b'"status"\n')
            connection.sendall(said)
            connection.close()
            out, err = ctl.communicate(timeout=TIMEOUT)
        if shown is None:
            assert (ctl.returncode, out) == (1, "")
            assert err.startswith("poundctl: pound sent an answer that poundctl does not understand")
        else:
            assert (ctl.returncode, out, err) == (0, shown, "")


def test_a_thousand_backends(site):
    backends = {f"backend-with-a-long-name-{i}": "Port: 9" for i in range(1000)}
    names = ", ".join(f"*{name}" for name in backends)
    pound = site.pound(plain_site(f"Workers: 2; {SOCKET}", backends={"web": "", **backends},
                                  services=f"- URL: ^/x\n  Backends: [{names}]\n"
                                           "- Backends: [*web]"),
                       web=site.backend().port, **{name: 9 for name in backends})
    lines = poundctl(pound, "status").splitlines()
    assert max(map(len, lines)) <= 80
    assert len([line for line in lines if line.startswith("backend-")]) == 1000
    assert len(poundctl(pound, "backends").splitlines()) == 1002
    assert len(json.loads(poundctl(pound, "backends", "--json"))) == 1001
