"""Listeners at Unix sockets: their files, over reloads too, and who their clients are."""

import grp
import os
import shutil
import signal
import socket
import stat
import subprocess

import pytest

from harness import (TIMEOUT, Client, StartFailed, get, proc, proxy_header, reserve_port, response,
                     wait_until)
from harness.config import another_listener, plain_site
from harness.nginx import HTTP
from harness.status import read_status
from workers import shares

UNIX = "Address: $dir/pound.sock"


def path_of(pound):
    return pound.directory / "pound.sock"


def start(site, listener="", settings="Workers: 2", **kwargs):
    backend = site.backend(**kwargs)
    lines = UNIX + ("; " + listener if listener else "")
    return site.pound(plain_site(settings, listener=lines), web=backend.port), backend


def test_requests_from_a_unix_socket(site):
    pound, backend = start(site)
    path = path_of(pound)
    with Client(path) as client:
        assert client.ask("GET", "/a", "X-Real-IP: 1.2.3.4", "Forwarded: for=1.2.3.4").status == 200
        assert client.ask("POST", body=b"x" * 100_000).status == 200
    with Client(path) as client:
        client.send(b"GET /old HTTP/1.0\r\n\r\n")
        assert client.read_response().status == 200
    seen, _, old = backend.requests
    assert seen.field("X-Forwarded-For") == "unix:"
    assert seen.field("X-Real-IP") == "unix:"
    assert seen.field("Forwarded") == "for=unknown;proto=http;host=www.example.com"
    assert seen.all("X-Forwarded-Port") == []
    assert old.field("Host") == "localhost"
    pound.wait_records(3)
    assert pound.log().count("unix: - - [") == 3
    assert f"{path}/1 " in pound.log()
    assert read_status(pound).one("listener", address=str(path))["requests"] == 3


def test_the_file_goes_when_pound_ends(site):
    pound, _ = start(site)
    path = path_of(pound)
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    pound.signal(signal.SIGQUIT)
    pound.wait_exit()
    assert not path.exists()


def test_a_background_daemon_keeps_its_file(site):
    backend = site.backend()
    pound = site.pound(plain_site(listener=UNIX), web=backend.port, background=True, args=())
    assert get(path_of(pound)).status == 200
    pound.signal(signal.SIGTERM)
    pound.wait_exit()
    assert not path_of(pound).exists()


@pytest.mark.needs_root
def test_mode_and_group(site):
    pound, _ = start(site, "Mode: '0620'", "Workers: 1; User: nobody; Group: daemon")
    about = path_of(pound).stat()
    assert (stat.S_IMODE(about.st_mode), about.st_uid) == (0o620, 0)
    assert grp.getgrgid(about.st_gid).gr_name == "daemon"
    text = pound.text.replace("'0620'", "'0666'")
    pound.reload(text)
    assert stat.S_IMODE(path_of(pound).stat().st_mode) == 0o666
    assert path_of(pound).stat().st_ino == about.st_ino


def test_a_stale_socket_is_replaced(site):
    pound = site.prepare(plain_site(listener=UNIX), web=site.backend().port)
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path_of(pound)))
        gone.listen()
    pound.start()
    assert get(path_of(pound)).status == 200


def test_a_killed_pound_leaves_a_socket_that_the_next_one_replaces(site):
    pound, _ = start(site)
    os.kill(pound.master, signal.SIGKILL)
    pound.process.wait(TIMEOUT)
    wait_until(lambda: not proc.with_argument(str(pound.config_file)), "the workers to end")
    assert path_of(pound).exists()
    pound.start()
    assert get(path_of(pound)).status == 200


@pytest.mark.parametrize("there, why", [
    ("live", "Address already in use"),
    ("full", "Address already in use"),
    ("datagrams", "Address already in use"),
    ("file", "there is a file that is not a socket"),
    ("folder", "there is a file that is not a socket"),
    ("link", "there is a file that is not a socket"),
])
def test_what_is_not_replaced(site, there, why):
    pound = site.prepare(plain_site(listener=UNIX), web=site.backend().port)
    path = path_of(pound)
    other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if there == "datagrams"
                          else socket.SOCK_STREAM)
    site.add_client(other)
    if there in ("live", "full", "datagrams"):
        other.bind(str(path))
    if there in ("live", "full"):
        other.listen(0)
    if there == "full":
        waiting = site.add_client(socket.socket(socket.AF_UNIX))
        waiting.connect(str(path))
    if there == "file":
        path.write_text("mine")
    if there == "folder":
        path.mkdir()
    if there == "link":
        (pound.directory / "target").write_text("mine")
        path.symlink_to(pound.directory / "target")
    before = os.lstat(path)
    with pytest.raises(StartFailed) as failed:
        pound.start()
    assert f"cannot listen on {path}: {why}" in failed.value.log
    assert os.lstat(path).st_ino == before.st_ino
    assert os.lstat(path).st_mtime_ns == before.st_mtime_ns


def test_a_reload_keeps_the_socket_and_its_clients(site):
    pound, _ = start(site)
    path = path_of(pound)
    before = path.stat().st_ino
    with Client(path) as client:
        assert client.ask().status == 200
        pound.reload()
        assert client.ask().status == 200
        assert path.stat().st_ino == before
        assert get(path).status == 200


def test_a_reload_takes_a_listener_away_and_brings_it_back(site):
    backend = site.backend()
    with_path = plain_site("Workers: 2") + another_listener(UNIX)
    pound = site.pound(with_path, web=backend.port)
    path = path_of(pound)
    assert get(path).status == 200
    pound.reload(plain_site("Workers: 2"))
    assert not path.exists()
    assert get(pound.port).status == 200
    pound.reload(with_path)
    assert get(path).status == 200


def test_a_failed_reload_leaves_no_file(site):
    pound = site.pound(plain_site("Workers: 1"), web=site.backend().port)
    path = path_of(pound)
    taken = socket.socket(socket.AF_UNIX)
    site.add_client(taken)
    taken.bind(str(pound.directory / "taken.sock"))
    taken.listen()
    broken = (plain_site("Workers: 1") + another_listener(UNIX)
              + another_listener("Address: $dir/taken.sock"))
    pound.reload(broken, expect="failed")
    assert not path.exists()
    assert (pound.directory / "taken.sock").exists()
    assert get(pound.port).status == 200


def test_all_workers_share_the_clients(site):
    pound, _ = start(site, "Client: 60", settings="Workers: 4")
    assert shares.are_fair(pound, path_of(pound), 64)


def test_the_queue_outlives_a_worker(site):
    pound, _ = start(site)
    for _ in range(3):
        pound.kill_worker()
        assert get(path_of(pound)).status == 200


# --- who the client is


def test_a_trusted_proxy_names_the_client(site):
    pound, backend = start(site, "TrustedProxies: ['unix:', 203.0.113.0/24]")
    with Client(path_of(pound)) as client:
        client.ask("GET", "/", "X-Forwarded-For: 192.0.2.7, 203.0.113.5")
        client.ask("GET", "/")
    assert [seen.field("X-Forwarded-For") for seen in backend.requests] == [
        "192.0.2.7, 203.0.113.5, unix:", "unix:"]
    pound.wait_records(2)
    assert " 192.0.2.7 - - [" in pound.log()


def test_a_peer_that_is_not_trusted_names_nobody(site):
    pound, backend = start(site, "TrustedProxies: 127.0.0.0/8")
    with Client(path_of(pound)) as client:
        client.ask("GET", "/", "X-Forwarded-For: 192.0.2.7")
    assert backend.requests[0].field("X-Forwarded-For") == "unix:"


def test_a_proxy_header_on_a_unix_socket(site):
    pound, backend = start(site, "TrustedProxies: 'unix:'; ProxyProtocol: true")
    for first in (proxy_header.line("192.0.2.7"), proxy_header.binary("192.0.2.8"),
                  b"PROXY UNKNOWN\r\n"):
        with Client(path_of(pound), first=first) as client:
            assert client.ask().status == 200
    assert [seen.field("X-Forwarded-For") for seen in backend.requests] == [
        "192.0.2.7", "192.0.2.8", "unix:"]


@pytest.mark.parametrize("clients, status", [
    ("{Deny: [0.0.0.0/0]}", 200),
    ("{Allow: [127.0.0.1]}", None),
])
def test_access_lists_have_no_unix_peer(site, clients, status):
    pound, _ = start(site, f"Clients: {clients}")
    with Client(path_of(pound)) as client:
        if status is None:
            assert client.closes()
            assert pound.wait_records(1)[0]["reason"] == "client_denied"
        else:
            assert client.ask().status == status


def test_unix_peers_are_one_client_for_limits(site):
    pound, _ = start(site, "Limit: {Rate: 1, Per: 3600, Burst: 2}")
    assert [get(path_of(pound)).status for _ in range(3)] == [200, 200, 429]


def test_unix_peers_have_one_session(site):
    names = {}
    for name in ("a", "b"):
        names[name] = site.backend(lambda _, name=name: response(name.encode()))
    pound = site.pound(plain_site(
        "Workers: 2", backends={"a": "", "b": ""}, listener=UNIX,
        services="- Session: 300\n  Backends: [*a, *b]"),
        **{name: backend.port for name, backend in names.items()})
    assert len({get(path_of(pound)).body for _ in range(12)}) == 1


def test_a_backend_with_proxy_protocol_hears_of_no_address(site):
    heads = []

    def script(connection):
        heads.append(connection.read_until(b"\r\n"))
        connection.read_request()
        connection.send(response())
    pound = site.pound(plain_site("Workers: 1", listener=UNIX,
                                  backends={"web": "ProxyProtocol: 1"}),
                       web=site.backend(script=script).port)
    assert get(path_of(pound)).status == 200
    assert heads == [b"PROXY UNKNOWN\r\n"]


NGINX = HTTP + """  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://unix:{path}:/;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_behind_nginx(site, tmp_path):
    pound, backend = start(site, "TrustedProxies: 'unix:'; Mode: '0666'")
    port = reserve_port()
    (tmp_path / "conf").write_text(NGINX.format(folder=tmp_path, port=port, path=path_of(pound)))
    with open(tmp_path / "said", "wb") as said, subprocess.Popen(
            ["nginx", "-p", tmp_path, "-c", tmp_path / "conf"], stdin=subprocess.DEVNULL,
            stdout=said, stderr=said) as nginx:
        try:
            def is_up():
                assert nginx.poll() is None, (tmp_path / "said").read_text()
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0
            wait_until(is_up, "nginx")
            assert get(port, source="127.0.0.9").status == 200
        finally:
            nginx.kill()
    assert backend.requests[0].field("X-Forwarded-For") == "127.0.0.9, unix:"
    pound.wait_records(1)
    assert "127.0.0.9 - - [" in pound.log()
