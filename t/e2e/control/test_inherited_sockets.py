"""Listening sockets that a service manager hands over (LISTEN_FDS), with a launcher like systemd."""

import os
import shutil
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import Client, get, proc, request, reserve_port, wait_until
from harness.config import another_listener, plain_site
from workers import shares

# Puts descriptors 3 and up in place, announces them for the program that it becomes, and starts it.
LAUNCHER = """
import fcntl, os, sys
fds, how, command = [int(fd) for fd in sys.argv[1].split(",")], sys.argv[2], sys.argv[3:]
high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds]  # above all numbers that are about to be taken
for number, fd in enumerate(high):
    os.dup2(fd, 3 + number, inheritable=True)
pid = os.getpid() + (how == "foreign")
os.environ.update(LISTEN_PID=str(pid), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES="a:b")
os.execv(command[0], command)
"""


def launch_by(pound, *launcher):
    """The command of `pound` goes through the launcher."""
    command = [*launcher, *pound.command]
    pound.__class__ = type("LaunchedPound", (type(pound),), {"command": command})


@pytest.fixture(name="tcp")
def fixture_tcp():
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        sock.listen(128)
        yield sock


def port_of(sock):
    return sock.getsockname()[1]


def prepare(site, config, *sockets, how="own", **values):
    pound = site.prepare(config, web=site.backend().port, **values)
    fds = [sock.fileno() for sock in sockets]
    pound.popen = {"pass_fds": fds}
    launch_by(pound, sys.executable, "-c", LAUNCHER, ",".join(map(str, fds)), how)
    return pound


def inode(sock):
    return os.fstat(sock.fileno()).st_ino


def holds(pid, sock):
    return f"socket:[{inode(sock)}]" in proc.fds(pid).values()


def test_a_listener_takes_the_socket_over(site, tcp):
    pound = prepare(site, plain_site("Workers: 3"), tcp, listen=port_of(tcp))
    first = site.client(pound.port)  # before Pound runs: systemd listens already
    pound.start()
    assert first.ask().status == 200
    for _ in range(8):
        assert get(pound.port).status == 200
    assert "warning" not in pound.log()
    # No other socket listens there: all workers share the one that was inherited.
    assert holds(pound.master, tcp)
    assert all(holds(worker, tcp) for worker in pound.workers())


@pytest.mark.parametrize("workers", [1, 4])
def test_workers_share_its_clients(site, tcp, workers):
    pound = prepare(site, plain_site(f"Workers: {workers}", listener="Client: 60"), tcp,
                    listen=port_of(tcp)).start()
    assert shares.are_fair(pound, pound.port, 48)


def test_over_reloads(site, tcp):
    pound = prepare(site, plain_site("Workers: 2"), tcp, listen=port_of(tcp)).start()
    with Client(pound.port) as client:
        assert client.ask().status == 200
        pound.reload()
        assert client.ask().status == 200
    pound.reload(pound.text.replace("Workers: 2", "Workers: 3"))
    assert get(pound.port).status == 200
    elsewhere = reserve_port()
    pound.reload(pound.text.replace(f"Port: {pound.port}", f"Port: {elsewhere}"))
    assert get(elsewhere).status == 200
    waiting = site.client(pound.port)  # the socket still listens
    pound.reload(pound.text.replace(f"Port: {elsewhere}", f"Port: {pound.port}"))
    assert waiting.ask().status == 200
    assert "warning" not in pound.log()


def test_a_unix_socket(site, tmp_path):
    path = tmp_path / "given.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen(128)
        os.chmod(path, 0o640)
        pound = prepare(site, plain_site("Workers: 2", listener=f"Address: {path}"), sock).start()
        assert get(path).status == 200
        assert path.stat().st_mode & 0o777 == 0o640
        pound.signal(signal.SIGQUIT)
        pound.wait_exit()
    assert path.exists()  # it is not Pound's


def test_several_sockets_and_a_listener_of_its_own(site, tcp, tmp_path):
    path = tmp_path / "given.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen(128)
        own = reserve_port()
        config = (plain_site("Workers: 2") + another_listener(f"Address: {path}")
                  + another_listener(f"Port: {own}"))
        pound = prepare(site, config, sock, tcp, listen=port_of(tcp)).start()
        assert [get(where).status for where in (pound.port, path, own)] == [200] * 3


def test_what_no_listener_has_is_closed(site, tcp, tmp_path):
    with open(tmp_path / "file", "wb") as file, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        pound = prepare(site, plain_site("Workers: 1"), tcp, file, silent).start()
        pound.wait_log(f"the inherited socket 127.0.0.1:{port_of(tcp)} belongs to no listener; "
                       "it is closed")
        pound.wait_log("the inherited descriptor 4 is not a listening socket; it is closed")
        pound.wait_log("the inherited descriptor 5 is not a listening socket; it is closed")
        assert not any(holds(pid, sock) for pid in [pound.master, *pound.workers()]
                       for sock in (tcp, silent))
    assert get(pound.port).status == 200


def test_the_announcement_is_for_one_process(site, tcp):
    pound = prepare(site, plain_site("Workers: 1"), tcp, how="foreign").start()
    assert "inherited" not in pound.log()
    assert not holds(pound.master, tcp)
    assert get(pound.port).status == 200


def test_in_the_background(site, tcp):
    pound = prepare(site, plain_site("Workers: 1"), tcp, listen=port_of(tcp), background=True,
                    args=())
    pound.start()
    assert get(pound.port).status == 200
    assert holds(pound.master, tcp)


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd is not installed")
def test_systemds_own_launcher(site):
    """It listens, and becomes Pound when the first client comes, which Pound then serves."""
    pound = site.prepare(plain_site("Workers: 2"), web=site.backend().port, listen=reserve_port())
    launch_by(pound, "systemd-socket-activate", "-l", f"127.0.0.1:{pound.port}")

    def connect():
        try:
            return site.client(pound.port)
        except ConnectionRefusedError:
            return None

    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(pound.start)
        client = wait_until(connect, "the launcher to listen")
        client.send(request())
        started.result()
    assert client.read_response().status == 200
    assert get(pound.port).status == 200
    assert "warning" not in pound.log()
