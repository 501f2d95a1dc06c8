"""A reload of program-wide settings: workers, user, jail, log, file names."""

import grp
import os
import pwd
import signal
import subprocess
import threading

import pytest

from harness import (POUND, TIMEOUT, TlsClient, get, proc, request, reserve_port, response,
                     wait_until)
from harness.config import plain_site
from harness.flows import EventStream, long_requests
from harness.syslog import LINE, Syslog

CONFIG = plain_site("Workers: $workers; $globals",
                    backends={"web": "Threads: $threads; TimeOut: 60"}, listener="Client: 60")

NAMES = """
Global:
  Workers: 2
  LogSocket: $dir/none
  Err404: page.html
Backends:
  - &web
    Address: 127.0.0.1
    Port: $web
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    Services:
      - URL: "^/known"
        Backends: *web
HTTPSListeners:
  - Address: 127.0.0.1
    Port: $secure
    Certificates: site.pem
    Services:
      - Backends: *web
"""


def start(site, backend=None, workers=2, globals_="Grace: 30", threads=0, **how):
    backend = backend or site.backend()
    return site.pound(CONFIG, web=backend.port, workers=workers, globals=globals_, threads=threads,
                      **how)


# --- the number of workers ------------------------------------------------------------------------

def test_more_and_fewer_workers(site):
    pound = start(site, workers=1)
    for count in (4, 1, 64, 2, 3):
        old = pound.workers()
        pound.reload(workers=count)
        new = pound.wait_workers(gone=old)
        assert len(new) == count
        pound.wait_log(rf"generation \d+ active: .*, {count} workers?$")
        for _ in range(8):
            assert get(pound.port).status == 200
    for worker in new:
        os.kill(worker, signal.SIGKILL)
    pound.wait_workers(gone=new)
    assert get(pound.port).status == 200


def test_every_one_of_many_new_workers_serves(site):
    pound = start(site, workers=1)
    old = pound.workers()
    pound.reload(workers=5)
    new = pound.wait_workers(gone=old)
    owners = set()

    def all_seen():
        client = site.client(pound.port)
        assert client.ask().status == 200
        owners.add(proc.owner_of_connection(new, pound.port, client.local_port))
        return owners == set(new)
    wait_until(all_seen, lambda: f"all of {new} to serve; {owners} have")


def test_requests_wait_for_each_other_in_many_new_workers(site):
    """A slot that one worker frees wakes a request in another, whatever their rows."""
    now = most = 0
    lock = threading.Lock()

    def handle(_):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1
        return response()

    pound = start(site, site.backend(handle), workers=1, threads=1)
    old = pound.workers()
    pound.reload(workers=20)
    pound.wait_workers(gone=old)
    clients = [site.client(pound.port) for _ in range(60)]
    for client in clients:
        client.send(request())
    for client in clients:
        assert client.read_response().status == 200
    assert most == 1


def test_no_connection_in_an_accept_queue_is_lost(site):
    """The new workers serve connections that the stopped old workers have not accepted."""
    pound = start(site, workers=3)
    old = pound.workers()
    for worker in old:
        os.kill(worker, signal.SIGSTOP)
    clients = [site.client(pound.port) for _ in range(30)]
    for client in clients:
        client.send(request())
    pound.reload(workers=1)
    for client in clients:
        assert client.read_response().status == 200
    for worker in old:
        os.kill(worker, signal.SIGCONT)
    pound.wait_workers(gone=old)


# --- privileges -----------------------------------------------------------------------------------

def ids(pid):
    status = proc.status(pid)
    return {*status["Uid"].split()}, {*status["Gid"].split()}


@pytest.mark.needs_root
def test_another_user(site):
    pound = start(site)
    for user in ("nobody", "daemon", "nobody"):
        old = pound.workers()
        pound.reload(globals=f"User: {user}")
        entry = pwd.getpwnam(user)
        for worker in pound.wait_workers(gone=old):
            assert ids(worker) == ({str(entry.pw_uid)}, {str(entry.pw_gid)})
        assert get(pound.port).status == 200
    pound.reload(globals="User: nobody\n  Group: daemon")
    assert ids(pound.workers()[-1])[1] == {str(grp.getgrnam("daemon").gr_gid)}
    assert proc.status(pound.master)["Uid"].split()[0] == "0"


@pytest.mark.needs_root
def test_into_a_jail_within_the_jail_and_out_of_it(site, tmp_path):
    pound = start(site)
    jails = [tmp_path / name for name in ("one", "two")]
    for jail in jails:
        jail.mkdir()
    for jail in [*jails, jails[0]]:
        old = pound.workers()
        pound.reload(globals=f"RootJail: {jail}\n  User: nobody")
        for worker in pound.wait_workers(gone=old):
            assert os.readlink(f"/proc/{worker}/root") == str(jail)
        assert get(pound.port).status == 200
    old = pound.workers()
    pound.reload(globals="Grace: 30")
    for worker in pound.wait_workers(gone=old):
        assert os.readlink(f"/proc/{worker}/root") == "/"


# --- the log --------------------------------------------------------------------------------------

def test_another_log_socket_and_facility(site):
    """The master logs the outcome to the new destination."""
    logs = [Syslog(site.directory / name) for name in ("one", "two")]
    try:
        pound = start(site, globals_=f"LogSocket: {logs[0].path}", background=True, args=())
        get(pound.port, "/first")
        logs[0].wait(rb"GET /first")
        pound.reload(globals=f"LogSocket: {logs[1].path}\n  LogFacility: local5")
        get(pound.port, "/second")
        line, = logs[1].wait(rb"GET /second")
        assert int(LINE.fullmatch(line)[1]) >> 3 == 21
        assert not any(b"/second" in line for line in logs[0].lines)
        line, = logs[1].wait(rb"generation 2 active")
        assert int(LINE.fullmatch(line)[1]) == (21 << 3) + 5  # a notice
    finally:
        for log in logs:
            log.close()


def test_failures_are_errors(site):
    log = Syslog(site.directory / "log")
    try:
        pound = start(site, globals_=f"LogSocket: {log.path}", background=True, args=())
        failed = pound.reload(globals=f"LogSocket: {log.path}\n  Wrokers: 3", expect="failed")
        log.wait(rb"reload failed: generation 1 keeps serving")
        for message in failed.messages:
            line, = log.wait(message.encode().replace(b"?", rb"\?").replace(b"(", rb"\("))
            assert int(LINE.fullmatch(line)[1]) & 7 == 3, line
    finally:
        log.close()


def test_the_access_log_is_switched_off_and_on(site):
    pound = start(site)
    pound.reload(globals="AccessLog: 'off'")
    assert get(pound.port, "/unheard").status == 200
    pound.reload(globals="AccessLog: combined")
    assert get(pound.port, "/heard").status == 200
    pound.wait_record("/heard")
    assert "/unheard" not in pound.log()


# --- other settings -------------------------------------------------------------------------------

def test_the_room_for_sessions_is_fixed(site):
    """Pound maps this memory at the start. It logs that the new value has no effect."""
    pound = start(site)
    pound.reload(globals="MaxSessions: 5000")
    pound.wait_log("MaxSessions.*restart")
    pound.reload()
    assert get(pound.port).status == 200


@pytest.mark.parametrize("first, then", [(1, 600), (600, 1)])
def test_a_generation_keeps_its_own_grace(site, first, then):
    pound = start(site, site.backend(script=long_requests), globals_=f"Grace: {first}")
    stream = EventStream(pound.port)
    old = pound.workers()
    pound.reload(globals=f"Grace: {then}")
    if first == 1:
        assert stream.client.read_until_close()
        pound.wait_workers(gone=old)
    else:
        for _ in range(250):  # the backend needs 2.5 s for these events
            stream.step()
        assert set(pound.workers()) & set(old)
    stream.close()


def test_relative_names_are_those_of_the_start(site, certificates):
    """The daemon changes to /, but relative names still refer to the directory of the start."""
    secure = reserve_port()
    pound = site.prepare(NAMES, web=site.backend().port, secure=secure)
    page, pem = pound.directory / "page.html", pound.directory / "site.pem"
    page.write_text("first")
    pem.write_bytes(certificates["ec"].pem.read_bytes())
    done = subprocess.run([POUND, "-f", "pound.yaml", "-p", "pound.pid"], cwd=pound.directory,
                          capture_output=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    pound.background = True
    pound.master = int(pound.pid_file.read_text())
    try:
        page.write_text("second")
        pem.write_bytes(certificates["other"].pem.read_bytes())
        pound.reload()
        wait_until(lambda: get(pound.port).body == b"second", "the new page")
        with TlsClient(secure) as client:
            assert client.peer_names()[0] == "other.example"
        page.unlink()
        failed = pound.reload(expect="failed")
        assert any("page.html" in message for message in failed.messages)
        pound.configure(NAMES.replace("Workers", "Wrokers"))
        failed = pound.reload(expect="failed")
        assert any("pound.yaml:3:3: " in message for message in failed.messages)
    finally:
        pound.signal(signal.SIGTERM)
        wait_until(lambda: not proc.is_alive(pound.master), "the daemon to end")
    assert not pound.pid_file.exists()
