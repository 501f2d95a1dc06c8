"""init/pound-reload: whose answer counts, and statuses.

Against a master that answers as it is told, and against the real one while others ask for reloads.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

import pytest

from harness import TIMEOUT, proc, wait_until

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "init" / "pound-reload"

# Calls itself pound. At each HUP it does what the next line of the file PLAN says: write a report
# that began just now ("now"), before the signal ("before") or never ("silent"), or end ("end").
MASTER = r"""
import os, signal, sys, time
pid_file, plan = sys.argv[1:]
steps = iter(open(plan).read().splitlines())
def report(started, result, *messages):
    with open(pid_file + ".new", "w") as file:
        file.write(f"result={result}\ngeneration=7\nstarted={int(started * 100) / 100:.2f}\n")
        file.writelines(f"message={message}\n" for message in messages)
    os.rename(pid_file + ".new", pid_file + ".reload")
def on_hup(*_):
    clock = time.clock_gettime(time.CLOCK_BOOTTIME)
    when, _, rest = next(steps).partition(" ")
    open(plan + ".hups", "a").write("x")
    if when == "end":
        os._exit(0)
    if when != "silent":
        report(clock - (100 if when == "before" else 0), *rest.split("|"))
signal.signal(signal.SIGHUP, on_hup)
report(time.clock_gettime(time.CLOCK_BOOTTIME), "ok", "generation 1 active")
with open("/proc/self/comm", "w") as file:
    file.write(os.environ.get("COMM", "pound"))
with open(pid_file, "w") as file:
    file.write(f"{os.getpid()}\n")
while True:
    signal.pause()
"""


class Master:
    def __init__(self, directory):
        self.directory = directory
        self.pid_file = directory / "pound.pid"
        self.plan = directory / "plan"
        self.process = None

    def start(self, *steps, comm="pound"):
        self.plan.write_text("\n".join(steps) + "\n")
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [sys.executable, "-c", MASTER, str(self.pid_file), str(self.plan)],
            env=dict(os.environ, COMM=comm), stdin=subprocess.DEVNULL)
        wait_until(lambda: self.pid_file.exists() and self.pid_file.read_text().endswith("\n"),
                   "the pid file")
        return self

    def hups(self):
        hups = self.directory / "plan.hups"
        return len(hups.read_text()) if hups.exists() else 0

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait(TIMEOUT)


@pytest.fixture(name="master")
def fixture_master(tmp_path):
    made = Master(tmp_path)
    yield made
    made.close()


def ask(master, *arguments):
    done = subprocess.run(["dash", str(SCRIPT), "-p", str(master.pid_file), *arguments],
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_success_is_told_on_standard_output(master):
    master.start("now ok|generation 7 active: 3 listeners kept, 1 added, 0 removed, 2 workers")
    assert ask(master) == (
        0, "generation 7 active: 3 listeners kept, 1 added, 0 removed, 2 workers\n", "")
    assert master.hups() == 1


def test_all_reasons_of_a_failure_are_told_on_standard_error(master):
    master.start(r"now failed|/etc/x.yaml:3:5: error: unknown key `a=b\x41=`|second = reason=")
    assert ask(master) == (
        1, "", "/etc/x.yaml:3:5: error: unknown key `a=b\\x41=`\nsecond = reason=\n")


def test_a_failure_without_a_reason(master):
    master.start("now failed")
    assert ask(master) == (1, "", "pound-reload: the reload failed; the log says why\n")


def test_a_reload_after_another(master):
    master.start("now ok|first", "now failed|second", "now ok|third")
    assert [ask(master)[0] for _ in range(3)] == [0, 1, 0]
    assert master.hups() == 3


def test_a_reload_that_began_before_is_no_answer(master):
    master.start("before ok|of somebody else")
    status, out, err = ask(master, "-t", "1")
    assert (status, out) == (150, "")
    assert err == (f"pound-reload: process {master.process.pid} reported no outcome within 1 s; "
                   "it may still reload, see the log\n")


def test_the_report_of_the_start_is_no_answer(master):
    master.start("silent")
    assert ask(master, "-t", "1")[0] == 150
    assert master.hups() == 1


def test_an_answer_to_somebody_else_that_comes_later(master):
    """Two HUPs that fell into one: whoever asks first, the reload that began last is for both."""
    master.start("silent", "now ok|for both")
    with subprocess.Popen(["dash", str(SCRIPT), "-p", str(master.pid_file)],
                          stdout=subprocess.PIPE, text=True) as first:
        wait_until(lambda: master.hups() == 1, "the first HUP")
        assert ask(master)[:2] == (0, "for both\n")
        assert first.communicate(timeout=TIMEOUT)[0] == "for both\n"
        assert first.returncode == 0


def test_a_master_that_ends_instead(master):
    master.start("end")
    pid = master.process.pid
    assert ask(master) == (7, "", f"pound-reload: process {pid} has ended during the reload\n")


def test_a_zombie_does_not_run(master):
    master.start()
    master.process.send_signal(signal.SIGKILL)
    wait_until(lambda: not proc.is_alive(master.process.pid), "the end")
    assert ask(master) == (7, "", f"pound-reload: not running: process {master.process.pid} of "
                           f"{master.pid_file} has ended\n")


def test_no_pid_file(master):
    assert ask(master) == (
        7, "", f"pound-reload: not running: there is no {master.pid_file}\n")


@pytest.mark.parametrize("text", ["", "\n", "0\n", "1\n", "-1\n", "-5\n", "abc\n", "12abc\n",
                                  "99999999999\n"])
def test_what_is_no_pid_is_never_signalled(master, text):
    master.pid_file.write_text(text)
    assert ask(master) == (
        7, "", f"pound-reload: not running: {master.pid_file} contains no pid\n")


def test_another_program_is_never_signalled(master):
    master.start("now ok|no", comm="other")
    assert ask(master) == (7, "", f"pound-reload: not running: process {master.process.pid} of "
                           f"{master.pid_file} is other\n")
    assert (master.hups(), master.process.poll()) == (0, None)


@pytest.mark.needs_root
def test_not_permitted():
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)  # pytest's folders are not for other users
        master = Master(pathlib.Path(directory)).start("now ok|no")
        try:
            with SCRIPT.open() as text:
                done = subprocess.run(["dash", "-s", "--", "-p", str(master.pid_file)], stdin=text,
                                      text=True, capture_output=True, timeout=TIMEOUT, check=False,
                                      user=65534, group=65534, cwd="/")
            assert (done.returncode, done.stdout, master.hups()) == (4, "", 0)
            assert done.stderr == (f"dash: cannot signal process {master.process.pid}: "
                                   "Operation not permitted\n")
        finally:
            master.close()


@pytest.mark.parametrize("arguments", [
    ["-x"], ["more"], ["-p"], ["-p", ""], ["-t"], ["-t", ""], ["-t", "0"], ["-t", "-1"],
    ["-t", "08"], ["-t", "1s"], ["-t", "1000000"], ["-t", "5", "more"]])
def test_usage(arguments):
    done = subprocess.run(["dash", str(SCRIPT), *arguments], capture_output=True, text=True,
                          timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("usage: pound-reload [-p pid_file] [-t seconds]\n")


CONFIG = """
Global:
  Workers: 1
  Grace: 1
  LogSocket: $dir/syslog
Backends:
  - &web
    Address: 127.0.0.1
    Port: $web
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    Services:
      - Backends: [*web]
"""


def test_each_caller_gets_the_outcome_of_its_own_files(site):
    """Others send HUPs all the while, so that a reload of an older file is always on its way."""
    pound = site.prepare(CONFIG, web=site.backend().port, background=True, args=())
    pound.start()
    over = threading.Event()

    def others():
        while not over.wait(0.003):
            pound.signal(signal.SIGHUP)

    noise = threading.Thread(target=others)
    noise.start()
    try:
        for attempt in range(10):
            text = pound.text if attempt % 2 else pound.text.replace("Address", f"A{attempt}", 1)
            pound.config_file.write_text(text)
            status, _, err = ask(pound)
            assert status == (0 if attempt % 2 else 1), f"attempt {attempt}: {err}"
            if status:
                assert f"unknown key `A{attempt}`" in err
    finally:
        over.set()
        noise.join()
