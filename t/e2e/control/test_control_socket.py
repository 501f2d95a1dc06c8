"""The control socket: its file, its clients, and what they may send."""

import grp
import json
import os
import pathlib
import signal
import socket
import stat

import pytest

from harness import StartFailed, get, proc, wait_until
from harness.config import plain_site
from harness.control import SOCKET, ask, ask_bytes, connect, control_status, path_of, read_all

ERRORS = {
    b"\n": "usage: the line has no command; `help` lists them\n",
    b" \t \r\n": "usage: the line has no command; `help` lists them\n",
    b"statsu\n": "usage: unknown command `statsu`; did you mean `status`?\n",
    b"xyz\n": "usage: unknown command `xyz`; `help` lists the commands\n",
    b"\"status\n": "usage: a quotation mark is not closed\n",
    b"status\\\n": "usage: the line ends with a backslash\n",
    b"a\x00b\n": "usage: byte 0x00 at offset 1 is not allowed\n",
    b"\x16\x03\x01\x02\n": "usage: byte 0x16 at offset 0 is not allowed\n",
    b"GET / HTTP/1.1\r\n\r\n": "usage: unknown command `GET`; `help` lists the commands\n",
    b"\xff\xfe\n": "usage: unknown command `\\xff\\xfe`; `help` lists the commands\n",
    b"status now\n": "usage: unexpected argument `now`; the command is: status [--json]\n",
    b"help \"\"\n": "usage: unexpected argument ``; the command is: help\n",
    b"x" * 8192 + b"\n": "usage: the line is longer than 8192 bytes\n",
    b"x" * 100_000: "usage: the line is longer than 8192 bytes\n",
}


def start(site, settings=SOCKET, **kwargs):
    return site.pound(plain_site(f"Workers: 2; {settings}", **kwargs), web=site.backend().port)


@pytest.fixture(name="shared", scope="module")
def fixture_shared(shared_site):
    return start(shared_site)


@pytest.mark.parametrize("line", ERRORS, ids=lambda line: repr(line[:20]))
def test_garbage_gets_a_clear_error(shared, line):
    assert ask_bytes(shared, line).decode() == ERRORS[line]


def test_a_line_of_the_greatest_length(shared):
    said = ask_bytes(shared, b"x" * 8191 + b"\n").decode()
    assert said == "usage: unknown command `" + "x" * 8191 + "`; `help` lists the commands\n"


def test_a_line_in_single_bytes_and_with_quotes(shared):
    with connect(shared) as connection:
        for byte in b' "sta"tu\\s   \t"--json" \r':
            connection.sendall(bytes([byte]))
        connection.sendall(b"\nignored\n")
        status = json.loads(read_all(connection))
    assert status["process"]["pid"] == shared.master


def test_half_a_line_is_no_command(shared):
    with connect(shared) as connection:
        connection.sendall(b"status")
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b"usage: the line does not end with a line feed\n"
    with connect(shared) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b""


def test_status_is_the_dump_of_the_log(shared):
    told = control_status(shared)
    shared.signal(signal.SIGUSR1)
    shared.wait_log("status: object=end ")
    logged = [line.split("status: ")[1] for line in shared.log().splitlines() if "status: " in line]
    assert [o["object"] for o in told.objects] == [
        line.split()[0].split("=")[1] for line in logged[:-1]]
    assert told.one("process")["pid"] == shared.master
    for name, kind in (("workers", "worker"), ("listeners", "listener"), ("services", "service"),
                       ("backends", "backend"), ("sessions", "sessions")):
        assert [list(o) for o in control_status(shared, name).objects] == [
            list(o) for o in told.all(kind)]
        listed = json.loads(ask(shared, f"{name} --json"))
        assert [list(o) for o in listed] == [list(o)[1:] for o in told.all(kind)]
    whole = json.loads(ask(shared, "status --json"))
    assert whole["backends"][0]["name"] == "web"
    assert whole["workers"][1]["pid"] == told.all("worker")[1]["pid"]


def test_help_lists_the_commands(shared):
    lines = ask(shared, "help").splitlines()
    names = [line.split()[0] for line in lines]
    assert names == sorted(names)
    assert {"help", "status", "backends", "listeners", "services", "sessions",
            "workers"} <= set(names)
    assert all(len(line) <= 104 and "  " in line for line in lines)


def test_the_file_and_its_permissions(site):
    pound = site.pound(plain_site(f"Workers: 1; {SOCKET}"), web=site.backend().port,
                       popen={"umask": 0})
    path = pathlib.Path(path_of(pound))
    about = path.lstat()
    assert stat.S_ISSOCK(about.st_mode)
    assert (stat.S_IMODE(about.st_mode), about.st_uid) == (0o600, os.geteuid())
    pound.signal(signal.SIGQUIT)
    pound.wait_exit()
    assert not path.exists()


@pytest.mark.needs_root
def test_mode_user_and_group(site):
    group = grp.getgrnam("daemon")
    settings = "Control: {Socket: $dir/run/c.sock, Mode: 0660, User: nobody, Group: daemon}"
    pound = start(site, settings)
    path = pound.directory / "run" / "c.sock"
    about = path.stat()
    assert (stat.S_IMODE(about.st_mode), about.st_gid) == (0o660, group.gr_gid)
    assert about.st_uid == 65534
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o022 == 0
    assert ask(pound, "help", str(path)).startswith("backends")
    # Kept, with other permissions: an open connection goes on.
    with connect(pound, str(path)) as connection:
        pound.configure(pound.text.replace("0660, User: nobody, Group: daemon", "0640"))
        pound.reload()
        about = path.stat()
        assert (stat.S_IMODE(about.st_mode), about.st_uid) == (0o640, 0)
        connection.sendall(b"help\n")
        assert read_all(connection).startswith(b"backends")
    assert pound.worker_count == 2


def test_only_who_may_write_to_the_file_can_connect(site):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    pound = start(site)
    pound.directory.chmod(0o755)
    for folder in pound.directory.parents:
        if folder.stat().st_uid == 0 and folder != pathlib.Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        try:
            connect(pound)
        except PermissionError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_reload_moves_removes_and_brings_back(site):
    pound = start(site)
    first = path_of(pound)
    inode = os.stat(first).st_ino
    pound.reload()
    assert os.stat(first).st_ino == inode
    second = str(pound.directory / "other.sock")
    pound.configure(pound.text.replace(first, second))
    pound.reload()
    assert not os.path.exists(first)
    assert "status" in ask(pound, "help", second)
    pound.configure(pound.text.replace(f"Control: {second}", "Grace: 5"))
    pound.reload()
    assert not os.path.exists(second)
    pound.configure(pound.text.replace("Grace: 5", f"Control: {first}"))
    pound.reload()
    assert "status" in ask(pound, "help", first)


def test_a_reload_that_fails_keeps_the_socket(site):
    pound = start(site)
    first = path_of(pound)
    taken = str(pound.directory / "taken")
    pathlib.Path(taken).write_text("mine")
    pound.configure(pound.text.replace(first, taken))
    outcome = pound.reload(expect="failed")
    assert outcome.messages == (f"cannot listen on {taken}: there is a file that is not a socket",)
    assert pathlib.Path(taken).read_text() == "mine"
    assert "status" in ask(pound, "help", first)


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(site):
    pound = site.prepare(plain_site(f"Workers: 1; {SOCKET}"), web=site.backend().port)
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stale.bind(path_of(pound))
    stale.close()
    pound.start()
    assert "status" in ask(pound, "help")
    other = site.prepare(plain_site("Workers: 1; Control: " + path_of(pound)),
                         web=site.backend().port)
    with pytest.raises(StartFailed) as failed:
        other.start()
    assert f"cannot listen on {path_of(pound)}: Address already in use" in failed.value.log
    assert "status" in ask(pound, "help")


def test_without_the_key_there_is_no_socket(site):
    pound = site.pound(plain_site("Workers: 1"), web=site.backend().port)
    assert not proc.unix_sockets(pound.directory)


def test_too_many_clients_are_told_so(site):
    pound = start(site)
    held = [connect(pound) for _ in range(16)]
    wait_until(lambda: ask_bytes(pound, b"") ==
               b"error: too many clients of the control socket; try again\n", "a refusal")
    held[3].close()
    wait_until(lambda: "status" in ask(pound, "help"), "a free place")
    held[4].sendall(b"help\n")
    assert b"status" in read_all(held[4])
    for connection in held:
        connection.close()


def test_a_client_that_never_reads_holds_nobody_up(site):
    backends = {f"b{i}": "Port: 9" for i in range(1000)}
    pound = site.pound(plain_site(f"Workers: 2; {SOCKET}", backends={"web": "", **backends},
                                  services="- Backends: [*web]"), web=site.backend().port)
    silent = [connect(pound) for _ in range(4)]
    for connection in silent:
        connection.sendall(b"status --json\n")
    assert len(json.loads(ask(pound, "backends --json"))) == 1001
    assert get(pound.port).status == 200
    pound.wait_records(1)
    assert len(control_status(pound).all("backend")) == 1001
    # The silent ones got a part of the answer, and are dropped after 30 s: not awaited here.
    assert len(json.loads(read_all(silent[0]))["backends"]) == 1001
    for connection in silent:
        connection.close()


@pytest.mark.needs_root
def test_with_a_jail_the_socket_is_outside(site):
    (site.directory / "jail").mkdir()
    pound = start(site, f"User: nobody; Group: nogroup; RootJail: {site.directory}/jail; {SOCKET}")
    assert control_status(pound).one("process")["pid"] == pound.master
    pound.reload()
    assert {o["state"] for o in control_status(pound, "workers").objects
            if o["generation"] == 2} == {"ready"}
    assert not list((site.directory / "jail").iterdir())
    pound.signal(signal.SIGTERM)
    pound.wait_exit()
    assert not os.path.exists(path_of(pound))


def test_workers_know_nothing_of_it(site):
    pound = start(site)
    with connect(pound) as connection:
        wait_until(lambda: ask(pound, "help"), "an answer")
        inodes = proc.unix_sockets(path_of(pound))
        assert len(inodes) == 2
        victim = pound.kill_worker()
        for worker in pound.workers():
            assert worker != victim
            assert not inodes & set(proc.fds(worker).values())
        connection.sendall(b"workers\n")
        assert b"restarts=1" in read_all(connection)
