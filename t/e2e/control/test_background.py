"""The daemon: the command returns 0 when every worker is ready, otherwise 1 with the reason."""

import os
import pathlib
import resource
import signal
import socket
import subprocess

import pytest

from harness import (POUND, SANITIZED, TIMEOUT, StartFailed, get, proc, reserve_port, run_pound,
                     wait_until)
from harness.config import plain_site

CONFIG = plain_site("Workers: 3; LogSocket: $dir/syslog")


def prepare(site, **kwargs):
    kwargs.setdefault("web", site.backend().port)
    kwargs.setdefault("background", True)
    kwargs.setdefault("args", ())
    return site.prepare(CONFIG, **kwargs)


def test_it_returns_0_when_every_worker_is_ready(site):
    pound = prepare(site)
    pound.start()  # the daemon must keep none of our pipes open, or this would not return
    assert len(pound.workers()) == 3
    assert get(pound.port).status == 200


def test_it_says_nothing_when_all_is_well(site):
    pound = prepare(site)
    done = subprocess.run(pound.command, capture_output=True, timeout=TIMEOUT, check=False)
    pound.master = int(pound.pid_file.read_text())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_pid_file_is_the_masters(site):
    pound = prepare(site)
    pound.start()
    text = pound.pid_file.read_text()
    assert text == f"{pound.master}\n"
    assert set(pound.processes()) == {pound.master, *pound.workers()}
    assert proc.status(pound.master)["PPid"] != str(os.getpid())


def test_it_has_no_terminal(site):
    """The daemon has its own session, the directory /, and none of our standard files."""
    pound = prepare(site)
    pound.start()
    assert os.getsid(pound.master) != os.getsid(0)
    assert os.readlink(f"/proc/{pound.master}/cwd") == "/"
    for process in pound.processes():
        fds = proc.fds(process)
        assert {fds[0], fds[1], fds[2]} == {"/dev/null"}, fds


def test_relative_names_are_those_of_the_caller(site):
    pound = prepare(site)
    done = subprocess.run([POUND, "-f", "pound.yaml", "-p", "pound.pid"], cwd=pound.directory,
                          capture_output=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    assert (pound.directory / "pound.pid").exists()
    master = int((pound.directory / "pound.pid").read_text())
    os.kill(master, signal.SIGTERM)
    wait_until(lambda: not proc.is_alive(master), "the daemon to end")
    assert not (pound.directory / "pound.pid").exists()


def fails(pound, *words):
    with pytest.raises(StartFailed) as failed:
        pound.start()
    assert failed.value.status == 1
    for word in words:
        assert word in failed.value.log, failed.value.log
    return failed.value.log


@pytest.mark.parametrize("how", [{}, {"background": False, "args": ("-F",)}], ids=["daemon", "-F"])
def test_an_address_in_use(site, how):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", reserve_port()))
        taken.listen()
        port = taken.getsockname()[1]
        pound = prepare(site, listen=port, **how)
        said = fails(pound, f"127.0.0.1:{port}", "ddress already in use")
        assert len(said.splitlines()) <= 3
    assert not pound.pid_file.exists()
    pound.wait_gone()


@pytest.mark.parametrize("how", [{}, {"background": False, "args": ("-F",)}], ids=["daemon", "-F"])
def test_an_address_that_is_not_ours(site, how):
    pound = prepare(site, **how)
    port = f"\n    Port: {pound.port}"
    pound.config_file.write_text(pound.text.replace("127.0.0.1" + port, "192.0.2.1" + port))
    fails(pound, f"192.0.2.1:{pound.port}")


@pytest.mark.skipif(SANITIZED, reason="the sanitizers need descriptors")
@pytest.mark.parametrize("limit", [4, 6, 8, 10, 12, 16, 20, 24, 32])
def test_too_few_descriptors_are_told_or_do(site, limit):
    """Either the daemon serves, or the command returns 1 with the reason, whichever step failed."""
    pound = prepare(site, popen={"preexec_fn": lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (limit, limit))})
    try:
        pound.start()
    except StartFailed as failed:
        assert failed.status == 1
        assert failed.log.strip(), "the command gave no reason"
        pound.wait_gone()
        assert not pound.pid_file.exists()
    else:
        assert len(pound.workers()) == 3


def test_a_broken_configuration(site):
    pound = prepare(site)
    pound.config_file.write_text(pound.text.replace("Workers", "Wrokers"))
    fails(pound, f"{pound.config_file}:3:3: error: ", "Workers")
    assert not pound.pid_file.exists()


def test_a_pid_file_that_cannot_be_written(site):
    pound = prepare(site)
    pound.pid_file = pathlib.Path("/nonexistent/pound.pid")
    fails(pound, "/nonexistent/pound.pid")
    pound.wait_gone()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/null")],
                         ids=["directory", "FIFO", "symlink to a device"])
def test_a_pid_file_that_is_no_file(site, make):
    pound = prepare(site)
    make(pound.pid_file)
    fails(pound, str(pound.pid_file))


@pytest.mark.parametrize("how", [{}, {"background": False, "args": ("-F",)}], ids=["daemon", "-F"])
def test_a_second_start_is_refused(site, how):
    first = prepare(site)
    first.start()
    second = prepare(site, **how)
    second.pid_file = first.pid_file
    fails(second, str(first.pid_file), str(first.master))
    assert first.pid_file.read_text() == f"{first.master}\n"
    assert get(first.port).status == 200


@pytest.mark.parametrize("content", ["", "garbage\n", "999999999\n", "-1\n", "0\n", "1\n"])
def test_a_stale_pid_file_is_taken_over(site, content):
    pound = prepare(site)
    pound.pid_file.write_text(content)
    pound.start()
    assert pound.pid_file.read_text() == f"{pound.master}\n"
    assert get(pound.port).status == 200


def test_a_pid_file_with_a_strangers_pid_is_stale(site):
    """After a reboot another process may have the pid in the file."""
    pound = prepare(site)
    pound.pid_file.write_text(f"{os.getpid()}\n")
    pound.start()
    assert get(pound.port).status == 200


def test_a_stale_pid_file_after_kill(site):
    pound = prepare(site)
    pound.start()
    os.kill(pound.master, signal.SIGKILL)
    pound.wait_gone()
    assert pound.pid_file.exists()
    pound.start()
    assert get(pound.port).status == 200


def test_check_does_not_touch_a_running_one(site):
    pound = prepare(site)
    pound.start()
    done = run_pound("-c", "-f", pound.config_file, "-p", pound.pid_file)
    assert done.returncode == 0, done.stderr
    assert pound.pid_file.read_text() == f"{pound.master}\n"
    assert get(pound.port).status == 200


def test_it_stops_and_starts_again_at_once(site):
    pound = prepare(site)
    for _ in range(5):
        pound.start()
        assert get(pound.port).status == 200
        pound.signal(signal.SIGTERM)
        pound.wait_exit()
        pound.wait_gone()
