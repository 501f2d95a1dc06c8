"""Started by an ordinary user: Pound works, and refuses whatever needs privileges."""

import os
import pathlib
import pwd
import shutil
import signal
import tempfile

import pytest

from harness import POUND, StartFailed, get, proc, reserve_port, reserve_privileged_port
from harness.config import plain_site
from harness.site import Site

CONFIG = plain_site("Workers: 2; LogSocket: $dir/syslog; $more")

AS_ROOT = os.geteuid() == 0
USER = pwd.getpwnam("nobody") if AS_ROOT else pwd.getpwuid(os.geteuid())


@pytest.fixture(name="make")
def fixture_make():
    """make(more, …): a prepared daemon that an ordinary user will start."""
    # Not below pytest's own directory, which only root can enter.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pound-e2e-"))
    directory.chmod(0o755)
    site = Site(directory)
    popen = {}
    if AS_ROOT:
        popen = {"user": USER.pw_uid, "group": USER.pw_gid, "extra_groups": []}

    def make(more="", **kwargs):
        kwargs.setdefault("listen", reserve_port())
        pound = site.prepare(CONFIG, web=site.backend().port, more=more, popen=popen, **kwargs)
        if AS_ROOT:
            os.chown(pound.directory, USER.pw_uid, USER.pw_gid)
        return pound

    yield make
    try:
        site.close()
    finally:
        shutil.rmtree(directory)


@pytest.fixture(autouse=True)
def reachable():
    folder = pathlib.Path(POUND)
    while AS_ROOT and folder != folder.parent:
        if not folder.stat().st_mode & 0o001:
            pytest.skip(f"an ordinary user cannot reach {POUND}")
        folder = folder.parent


def test_it_serves(make):
    pound = make()
    pound.start()
    assert get(pound.port).status == 200
    for pid in pound.processes():
        assert proc.status(pid)["Uid"].split() == [str(USER.pw_uid)] * 4
    for worker in pound.workers():
        assert proc.status(worker)["NoNewPrivs"] == "1"


def test_in_the_background(make):
    pound = make(background=True, args=())
    pound.start()
    assert get(pound.port).status == 200
    pound.signal(signal.SIGQUIT)
    pound.wait_exit()


def refused(pound, *words):
    with pytest.raises(StartFailed) as failed:
        pound.start()
    assert failed.value.status == 1
    for word in words:
        assert word in failed.value.log, failed.value.log


def test_another_user_is_refused(make):
    refused(make("User: daemon"), "User", "daemon")


def test_a_jail_is_refused(make):
    jail = pathlib.Path(tempfile.mkdtemp(prefix="pound-jail-"))
    try:
        refused(make(f"RootJail: {jail}"), "RootJail")
    finally:
        jail.rmdir()


def test_a_privileged_port_is_refused(make):
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if first <= 1023:
        pytest.skip("any user may bind any port on this machine")
    pound = make(listen=reserve_privileged_port() if AS_ROOT else 81)
    refused(pound, f"127.0.0.1:{pound.port}", "ermission denied")


def test_a_pid_file_that_is_not_its_own_is_refused(make):
    pound = make()
    pound.pid_file = pathlib.Path("/var/run/pound-e2e-no-such.pid")
    if os.access("/var/run", os.W_OK) and not AS_ROOT:
        pytest.skip("any user may write to /var/run on this machine")
    refused(pound, str(pound.pid_file))


def test_a_worker_is_replaced(make):
    pound = make()
    pound.start()
    victim = pound.workers()[0]
    os.kill(victim, signal.SIGKILL)
    pound.wait_workers(gone=[victim])
    assert get(pound.port).status == 200


@pytest.mark.parametrize("how", [{}, {"background": True, "args": ()}], ids=["-F", "daemon"])
def test_it_reloads(make, how):
    pound = make(**how)
    pound.start()
    old = pound.workers()
    for generation in (2, 3):
        assert pound.reload().generation == generation
    pound.wait_workers(gone=old)
    assert get(pound.port).status == 200


@pytest.mark.parametrize("line, word", [("User: root", "User"), ("RootJail: /", "RootJail")])
def test_a_reload_that_asks_for_more_is_refused(make, line, word):
    pound = make()
    pound.start()
    old = pound.workers()
    failed = pound.reload(expect="failed", more=line)
    assert any(word in message for message in failed.messages), failed
    assert pound.workers() == old
    assert get(pound.port).status == 200
    pound.reload(more="")
    assert get(pound.port).status == 200


@pytest.mark.needs_root
def test_no_process_of_the_user_can_trace_a_worker(make):
    """The kernel gives the files in /proc of such a process to root."""
    pound = make()
    pound.start()
    for worker in pound.workers():
        assert proc.status(worker)["Uid"].split() == [str(USER.pw_uid)] * 4
        assert os.stat(f"/proc/{worker}/fd").st_uid == 0
