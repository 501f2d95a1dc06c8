"""The SysV script with the real daemon: verbs, exit statuses, instances, bad configurations.

POUND_DEFAULTS moves all paths of the script, so that it needs neither root nor /etc.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest

from harness import (POUND, ROOT, TIMEOUT, get, proc, request, reserve_port, response, scaled,
                     wait_until)
from harness.config import plain_site

INIT = ROOT / "init"
VERBS = ["start", "stop", "restart", "try-restart", "reload", "force-reload", "status",
         "configtest"]

CONFIG = plain_site("Workers: 1; Grace: 5; LogSocket: $dir/syslog")


class Script:
    """The script, its folder of configurations and pid files, and its daemons."""

    def __init__(self, directory, backend_port):
        self.directory = directory
        self.backend_port = backend_port
        self.ports = {}
        self.settings = {"DAEMON": POUND, "RELOAD": INIT / "pound-reload",
                         "CONFIG_DIR": directory, "RUN_DIR": directory, "STOP_SECONDS": 20}
        self.names = []

    def configure(self, name="pound"):
        self.ports[name] = reserve_port()
        text = CONFIG.replace("$dir", str(self.directory))
        text = text.replace("$web", str(self.backend_port))
        self.config(name).write_text(text.replace("$listen", str(self.ports[name])))
        self.names.append(name)

    def config(self, name="pound"):
        return self.directory / f"{name}.yaml"

    def spoil(self, name="pound"):
        self.config(name).write_text(self.config(name).read_text().replace("Threads", "Treads"))

    def pid_file(self, name="pound"):
        return self.directory / ("pound.pid" if name == "pound" else f"pound-{name}.pid")

    def pid(self, name="pound"):
        return int(self.pid_file(name).read_text())

    def popen(self, *arguments, **options):
        defaults = self.directory / "defaults"
        defaults.write_text("".join(f"{key}='{value}'\n" for key, value in self.settings.items()))
        # The script comes on standard input: another user may have no access to its folder.
        with open(INIT / "pound.init", encoding="utf-8") as text:
            return subprocess.Popen(
                ["dash", "-s", "--", *arguments], stdin=text, text=True, cwd="/",
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={"PATH": os.environ["PATH"], "POUND_DEFAULTS": str(defaults)}, **options)

    def run(self, *arguments, **options):
        with self.popen(*arguments, **options) as process:
            out, err = process.communicate(timeout=scaled(60))
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def status_of(self, *arguments):
        return self.run(*arguments).returncode

    def serves(self, name="pound"):
        return get(self.ports[name]).status == 200

    def daemons(self):
        return [pid for name in self.names for pid in proc.with_argument(self.config(name))]

    def close(self):
        """Stops the daemons without the script, which polls slowly."""
        for name in self.names:
            if self.pid_file(name).exists() and self.pid(name) in self.daemons():
                os.kill(self.pid(name), signal.SIGTERM)
        try:
            wait_until(lambda: not self.daemons(), "all daemons to end")
        finally:
            for pid in self.daemons():
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(name="script")
def fixture_script(tmp_path, site):
    made = Script(tmp_path, site.backend().port)
    made.configure()
    yield made
    made.close()


def test_start_status_stop(script):
    assert script.status_of("status") == 3
    started = script.run("start")
    assert (started.returncode, started.stderr) == (0, "")
    assert started.stdout == "Starting reverse proxy: pound.\n"
    assert script.serves()
    running = script.run("status")
    assert (running.returncode, running.stdout) == (
        0, f"pound is running (pid {script.pid()}).\n")
    pid = script.pid()
    stopped = script.run("stop")
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (
        0, "Stopping reverse proxy: pound.\n", "")
    assert not proc.is_alive(pid)
    assert sorted(path.name for path in script.directory.glob("*.pid*")) == []
    assert script.run("status").stdout == "pound is not running.\n"


def test_a_stop_gives_the_clients_away_first_if_it_is_told_to(script):
    """And stops in any case. The tool is a stand-in that says what it was asked."""
    tool = script.directory / "tool"
    tool.write_text('#!/bin/sh\necho "$@" >>"$0.asked"\nexit 1\n')
    tool.chmod(0o755)
    asked = script.directory / "tool.asked"
    script.settings["CONTROL"] = tool
    assert script.run("start").returncode == script.run("stop").returncode == 0
    assert not asked.exists()
    script.settings["STANDBY_SECONDS"] = 7
    assert script.run("start").returncode == 0
    pid = script.pid()
    assert script.run("stop").returncode == 0
    assert asked.read_text() == f"-f {script.config()} standby --wait 7\n"
    assert not proc.is_alive(pid)


def test_what_is_so_already_is_done(script):
    assert [script.status_of(verb) for verb in ("stop", "try-restart", "start")] == [0, 0, 0]
    pid = script.pid()
    assert script.status_of("start") == 0
    assert script.pid() == pid


def test_a_restart_makes_a_new_master(script):
    assert script.status_of("start") == 0
    first = script.pid()
    for verb in ("restart", "try-restart"):
        done = script.run(verb)
        assert (done.returncode, done.stdout) == (0, "Restarting reverse proxy: pound.\n")
        assert script.pid() != first
        first = script.pid()
    assert script.serves()


def test_a_restart_starts_what_does_not_run(script):
    assert script.status_of("restart") == 0
    assert script.serves()


def test_a_stop_answers_what_is_in_flight(script, site):
    late = threading.Event()
    slow = site.backend(lambda _: late.wait(TIMEOUT) and response(b"late"))
    script.backend_port = slow.port
    script.configure()
    assert script.status_of("start") == 0
    client = site.client(script.ports["pound"])
    client.send(request())
    slow.wait_requests(1)
    with script.popen("stop") as stop:
        wait_until(lambda: proc.with_argument("QUIT/20/TERM/10/KILL/5"), "the order to stop")
        late.set()
        assert client.read_response().body == b"late"
        stop.communicate(timeout=scaled(30))
    assert stop.returncode == 0
    assert script.status_of("status") == 3


def test_a_dead_master_with_a_pid_file(script):
    assert script.status_of("start") == 0
    os.kill(script.pid(), signal.SIGKILL)
    wait_until(lambda: not proc.with_argument(script.config()), "its workers to end")
    dead = script.run("status")
    assert (dead.returncode, dead.stdout) == (
        1, f"pound is dead, but its pid file {script.pid_file()} exists.\n")
    assert script.status_of("reload") == 7
    assert script.status_of("stop") == 0
    assert not script.pid_file().exists()
    assert script.status_of("start") == 0


def test_a_pid_of_another_program(script):
    script.pid_file().write_text(f"{os.getpid()}\n")
    assert script.status_of("status") == 1
    assert script.status_of("reload") == 7
    assert script.status_of("stop") == 0  # the script has not killed us
    assert not script.pid_file().exists()


def test_a_pid_file_without_a_pid(script):
    script.pid_file().write_text("nonsense\n")
    done = script.run("status")
    assert (done.returncode, done.stdout) == (
        4, f"pound: status unknown, because {script.pid_file()} contains no readable pid.\n")
    done = script.run("stop")
    assert (done.returncode, done.stdout) == (
        1, "Stopping reverse proxy: pound failed!\n"
        f"cannot stop: {script.pid_file()} contains no readable pid\n")
    assert script.status_of("start") == 0


def test_a_start_that_fails_says_why(script):
    script.spoil()
    done = script.run("start")
    assert done.returncode == 1
    assert done.stdout.startswith("Starting reverse proxy: pound failed!\n")
    assert f"{script.config()}:10:5: error: unknown key `Treads`" in done.stdout
    assert script.status_of("status") == 3


def test_a_bad_configuration_stops_no_daemon(script):
    assert script.status_of("start") == 0
    pid = script.pid()
    script.spoil()
    for verb in ("restart", "try-restart"):
        done = script.run(verb)
        assert done.returncode == 1
        assert "error: unknown key `Treads`" in done.stdout
        assert done.stdout.endswith("not restarted: the running daemon keeps its configuration\n")
    assert script.pid() == pid
    assert script.serves()
    assert script.status_of("stop") == 0


def test_configtest(script):
    good = script.run("configtest")
    assert (good.returncode, good.stdout, good.stderr) == (
        0, f"{script.config()}: configuration is valid\n", "")
    script.spoil()
    bad = script.run("configtest")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith(f"{script.config()}:10:5: error: unknown key `Treads`")


def test_not_configured(script):
    script.config().unlink()
    assert {verb: script.status_of(verb) for verb in VERBS} == {
        "start": 6, "restart": 6, "configtest": 6, "stop": 0, "try-restart": 0, "status": 3,
        "reload": 7, "force-reload": 7}
    assert f"not configured: there is no {script.config()}" in script.run("start").stdout


def test_not_installed(script):
    script.settings["DAEMON"] = script.directory / "pound"
    assert {verb: script.status_of(verb) for verb in VERBS} == {
        "start": 5, "restart": 5, "configtest": 5, "reload": 5, "force-reload": 5, "stop": 0,
        "try-restart": 0, "status": 3}


@pytest.mark.needs_root
def test_not_permitted(site):
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)  # pytest closes its folders to other users
        script = Script(pathlib.Path(directory), site.backend().port)
        for key, program in (("DAEMON", POUND), ("RELOAD", INIT / "pound-reload")):
            script.settings[key] = shutil.copy(program, directory)
        script.configure()
        try:
            assert script.status_of("start") == 0
            nobody = {"user": 65534, "group": 65534}
            stopped = script.run("stop", **nobody)
            assert (stopped.returncode, stopped.stdout) == (
                4, "Stopping reverse proxy: pound failed!\n"
                "cannot stop: Operation not permitted\n")
            assert script.run("reload", **nobody).returncode == 4
            assert script.run("status", **nobody).returncode == 0
            script.pid_file().chmod(0o600)
            assert script.run("status", **nobody).returncode == 4
            assert script.run("stop", **nobody).returncode == 4
            assert script.serves()
        finally:
            script.close()


@pytest.mark.parametrize("arguments", [
    [], ["begin"], ["--help"], ["start", ""], ["start", "a/b"], ["start", "-x"], ["stop", "a b"],
    ["status", "../pound"], ["stop", "*"]])
def test_usage(script, arguments):
    done = script.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")


def test_instances_by_name(script):
    script.configure("web")
    assert script.status_of("start", "web") == 0
    assert script.status_of("status", "web") == 0
    assert script.status_of("status") == 3
    assert script.status_of("start", "pound", "web") == 0
    assert script.serves("pound") and script.serves("web")
    assert script.pid("pound") != script.pid("web")
    pound = script.pid("pound")
    assert script.status_of("restart", "web") == 0
    assert script.status_of("stop", "web") == 0
    assert script.pid("pound") == pound and script.serves("pound")
    assert script.status_of("status", "web", "pound") == 3


def test_instances_of_the_defaults(script):
    script.configure("web")
    script.settings["INSTANCES"] = "pound web"
    done = script.run("start")
    assert (done.returncode, done.stdout) == (
        0, "Starting reverse proxy: pound.\nStarting reverse proxy: web.\n")
    assert script.run("status").stdout == (f"pound is running (pid {script.pid()}).\n"
                                           f"web is running (pid {script.pid('web')}).\n")
    assert script.status_of("stop") == 0
    assert script.status_of("status") == 3


def test_the_environment_of_the_daemon(script):
    """The values of ${NAME} come from a file beside the configurations."""
    text = script.config().read_text()
    assert "Workers: 1" in text
    script.config().write_text(text.replace("Workers: 1", "Workers: ${WORKERS}"))
    done = script.run("configtest")
    assert done.returncode == 1
    assert "error: the environment variable `WORKERS` is not set" in done.stdout + done.stderr
    (script.directory / "environment").write_text("# for pound.yaml\nWORKERS=1\nname=other\n")
    assert script.status_of("configtest") == 0
    assert script.status_of("start") == 0
    assert script.serves()
    assert script.status_of("reload") == 0


def test_the_first_failure_is_the_status_of_all(script):
    script.configure("web")
    script.spoil("pound")
    assert script.status_of("start", "pound", "web", "missing") == 1
    assert script.serves("web")
    assert script.status_of("start", "web", "missing", "pound") == 6
    assert script.status_of("status", "web", "pound") == 3


@pytest.mark.parametrize("verb", ["reload", "force-reload"])
def test_a_reload_returns_its_outcome(script, verb):
    assert script.status_of(verb) == 7
    assert script.status_of("start") == 0
    pid = script.pid()
    done = script.run(verb)
    assert done.returncode == 0
    assert done.stdout == ("Reloading reverse proxy: pound.\n"
                           "generation 2 active: 1 listener kept, 0 added, 0 removed, 1 worker\n")
    script.spoil()
    done = script.run(verb)
    assert done.returncode == 1
    assert done.stdout.startswith("Reloading reverse proxy: pound failed!\n")
    assert f"{script.config()}:10:5: error: unknown key `Treads`" in done.stdout
    assert script.pid() == pid
    assert script.serves()
