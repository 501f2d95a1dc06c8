"""The options: -v -c -F -d -f -p, and nothing else."""

import os
import re
import signal
import socket
import subprocess

import pytest

from harness import POUND, TIMEOUT, get, reserve_port, run_pound
from harness.config import plain_site

CONFIG = plain_site("Workers: 1; LogSocket: $dir/syslog")


@pytest.fixture(name="file")
def fixture_file(tmp_path):
    path = tmp_path / "pound.yaml"
    path.write_text(CONFIG.replace("$web", "80").replace("$listen", str(reserve_port()))
                    .replace("$dir", str(tmp_path)))
    return path


@pytest.mark.parametrize("args", [
    ["-v"], ["-v", "-c"], ["-v", "-F", "-d", "3"], ["-c", "-v", "-f", "/nonexistent"],
    ["-F", "-v", "-p", "/nonexistent/pid"], ["-Fv"], ["-vc"]])
def test_version_wins_over_all(args):
    done = run_pound(*args)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\b\d+\.\d+(\.\d+)?\b", done.stdout)
    assert len(done.stdout.splitlines()) == 1


def test_version_starts_nothing(file, tmp_path):
    """An init script that passes -v must not conclude that a daemon runs."""
    assert run_pound("-v", "-f", file, "-p", tmp_path / "pid").returncode == 0
    assert not (tmp_path / "pid").exists()


@pytest.mark.parametrize("args", [
    ["-x"], ["--hopeless"], ["-Z", "-c"], ["-f"], ["-p"], ["-d"], ["-d", "x"], ["-d", "-1"],
    ["-d", ""], ["-d", "1x"], ["-d", "99999999999999999999"], ["-f", ""], ["-p", ""], ["-p", "none"], ["operand"],
    ["-c", "operand"], ["-F", "-f", "/nonexistent", "more"]])
def test_unknown_options(args):
    done = run_pound(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert ("usage: pound [-v] [-c] [-W] [--json] [-F] [-d level] [-f config_file] [-p pid_file] [-h] "
            "[--schema]"
            in done.stderr), done.stderr


def test_the_usage_says_what_was_wrong():
    assert "-x" in run_pound("-x").stderr
    assert "-f" in run_pound("-f").stderr
    assert "operand" in run_pound("operand").stderr


def test_check_of_a_good_file(file, tmp_path):
    done = run_pound("-c", "-f", file, "-p", tmp_path / "pid")
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stdout + done.stderr
    assert not (tmp_path / "pid").exists()


def test_check_needs_no_free_port(file):
    """The check works while a daemon serves with the same file."""
    port = int(re.search(r"HTTPListeners:.*?Port: (\d+)", file.read_text(), re.S)[1])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert run_pound("-c", "-f", file).returncode == 0


def test_check_of_a_bad_file(file):
    file.write_text(file.read_text().replace("Address", "Adress", 1))
    done = run_pound("-c", "-f", file)
    assert done.returncode == 1
    assert f"{file}:" in done.stderr


def test_check_wins_over_foreground(file, tmp_path):
    assert run_pound("-c", "-F", "-d", "1", "-f", file, "-p", tmp_path / "pid").returncode == 0
    assert not (tmp_path / "pid").exists()


def test_the_default_file_is_named_when_it_is_missing():
    if os.path.exists("/etc/pound/pound.yaml"):
        pytest.skip("this machine has /etc/pound/pound.yaml")
    done = run_pound("-c")
    assert done.returncode == 1
    assert "/etc/pound/pound.yaml" in done.stderr


def test_the_default_pid_file_is_in_the_program():
    """The help text has it from the same macro; g++ 14 turns the default itself into numbers."""
    with open(POUND, "rb") as file:
        assert b"/var/run/pound.pid" in file.read()


def test_foreground_logs_to_standard_output(site):
    pound = site.prepare(CONFIG, web=site.backend().port)
    process = subprocess.Popen(  # pylint: disable=consider-using-with
        pound.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        line = b""
        while b"ready" not in line:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            assert re.match(rb"pound\[\d+\]: ", line)
        assert get(pound.port, "/logged").status == 200
        while b"/logged" not in line:
            line = process.stdout.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait(TIMEOUT) == 0
        assert process.stderr.read() == b""
        process.stdout.close()
        process.stderr.close()


def lines_of(site, *args):
    pound = site.pound(CONFIG, web=site.backend().port, args=args)
    for _ in range(3):
        assert get(pound.port).status == 200
    pound.wait_records(3)
    assert pound.is_running()
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit() == 0
    return len(pound.log().splitlines())


def test_detail_is_foreground_with_more_lines(site):
    plain, more = lines_of(site, "-F"), lines_of(site, "-d", "2")
    assert more > plain, "-d 2 logs no more than -F"


def test_level_0_is_a_daemon(site):
    pound = site.prepare(CONFIG, web=site.backend().port, background=True, args=("-d", "0"))
    pound.start()
    assert get(pound.port).status == 200
