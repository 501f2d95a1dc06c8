"""Workers drop privileges: RootJail, User, Group, supplementary groups, new privileges."""

import grp
import os
import pwd
import signal
import threading
import time

import pytest

from harness import (TIMEOUT, get, proc, request, reserve_port, reserve_privileged_port,
                     response)
from harness.config import plain_site

pytestmark = pytest.mark.needs_root

CONFIG = plain_site(
    "Workers: 2; $more", backends={"web": "", "dead": ""}, listener="Client: 30", services="""
    - URL: "^/dead"
      Backends: [*dead]
    - Backends: [*web]
""")

NOBODY = str(pwd.getpwnam("nobody").pw_uid)
NOGROUP = str(grp.getgrnam("nogroup").gr_gid)
DAEMON = str(grp.getgrnam("daemon").gr_gid)


def start(site, *lines, handler=None, **kwargs):
    return site.pound(CONFIG, web=site.backend(handler).port, dead=reserve_port(),
                      more="\n  ".join(lines), **kwargs)


@pytest.fixture(name="jail")
def fixture_jail(tmp_path):
    path = tmp_path / "jail"
    path.mkdir()
    return path


def check_dropped(pid, uid, gid):
    status = proc.status(pid)
    assert status["Uid"].split() == [uid] * 4
    assert status["Gid"].split() == [gid] * 4
    assert status["Groups"].split() == []
    assert status["NoNewPrivs"] == "1"
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0, f"{name} is {status[name]}"


def test_user_group_and_jail(site, jail):
    pound = start(site, "User: nobody", "Group: nogroup", f"RootJail: {jail}")
    for worker in pound.workers():
        check_dropped(worker, NOBODY, NOGROUP)
        assert os.readlink(f"/proc/{worker}/root") == str(jail)
        assert os.readlink(f"/proc/{worker}/cwd") == str(jail)
    assert get(pound.port).status == 200


def test_the_master_keeps_what_it_needs(site, jail):
    pound = start(site, "User: nobody", "Group: nogroup", f"RootJail: {jail}")
    assert proc.status(pound.master)["Uid"].split()[0] == "0"
    assert os.readlink(f"/proc/{pound.master}/root") == "/"


def test_the_groups_of_the_caller_do_not_stay(site):
    pound = start(site, "User: nobody", "Group: daemon", popen={"extra_groups": [4, 27, 0]})
    for worker in pound.workers():
        check_dropped(worker, NOBODY, DAEMON)


def test_the_users_own_group_is_the_default(site):
    pound = start(site, "User: nobody")
    for worker in pound.workers():
        check_dropped(worker, NOBODY, str(pwd.getpwnam("nobody").pw_gid))


def test_without_a_user_there_are_still_no_new_privileges(site):
    pound = start(site)
    for worker in pound.workers():
        assert proc.status(worker)["NoNewPrivs"] == "1"


def test_an_empty_jail_must_do(site, jail):
    """A worker needs no file in the jail for any of its tasks."""
    page = site.directory / "503.html"
    page.write_text("<p>own 503</p>")
    pound = start(site, "User: nobody", "Group: nogroup", f"RootJail: {jail}", f"Err503: {page}")
    for _ in range(10):
        assert get(pound.port).status == 200
    assert get(pound.port, "/dead").body == b"<p>own 503</p>"
    client = site.client(pound.port)
    client.send(b"nonsense\r\n\r\n")
    assert client.read_response().status == 400
    assert get(pound.port, "/", "X-Big: " + "x" * 8000).status == 200
    assert len(pound.wait_records(13)) == 13
    assert list(jail.iterdir()) == []
    zone = pound.records()[-1]["time"].split()[1]
    assert zone == time.strftime("%z")


def test_a_worker_is_replaced_into_the_jail(site, jail):
    pound = start(site, "User: nobody", "Group: nogroup", f"RootJail: {jail}")
    victim = pound.workers()[0]
    os.kill(victim, signal.SIGKILL)
    for worker in pound.wait_workers(gone=[victim]):
        check_dropped(worker, NOBODY, NOGROUP)
        assert os.readlink(f"/proc/{worker}/root") == str(jail)
    assert get(pound.port).status == 200


def test_it_drains_from_the_jail(site, jail):
    begun, go_on = threading.Event(), threading.Event()

    def handler(_):
        begun.set()
        assert go_on.wait(TIMEOUT)
        return response(b"finished")

    pound = start(site, "User: nobody", "Group: nogroup", f"RootJail: {jail}", handler=handler)
    client = site.client(pound.port)
    client.send(request())
    assert begun.wait(TIMEOUT)
    pound.signal(signal.SIGQUIT)
    go_on.set()
    assert client.read_response().body == b"finished"
    assert pound.wait_exit() == 0


def test_privileged_ports_are_bound_before(site, jail):
    pound = start(site, "User: nobody", "Group: nogroup", f"RootJail: {jail}",
                  listen=reserve_privileged_port())
    assert pound.port < 1024
    assert get(pound.port).status == 200


def test_a_background_daemon_is_jailed_too(site, jail):
    pound = start(site, "User: nobody", "Group: nogroup", f"RootJail: {jail}",
                  f"LogSocket: {site.directory}/none", background=True, args=())
    assert len(pound.workers()) == 2
    for worker in pound.workers():
        check_dropped(worker, NOBODY, NOGROUP)
        assert os.readlink(f"/proc/{worker}/root") == str(jail)
    assert get(pound.port).status == 200


def test_workers_have_nothing_open_outside_the_jail(site, jail):
    pound = start(site, "User: nobody", "Group: nogroup", f"RootJail: {jail}",
                  f"LogSocket: {site.directory}/none", background=True, args=())
    assert get(pound.port).status == 200
    for worker in pound.workers():
        for name in proc.fds(worker).values():
            assert name.startswith(("socket:", "anon_inode:", "pipe:", "/dev/null")), name
