"""The master's time: nothing that it prepares may keep it from its other work."""

import os
import signal
import subprocess

import pytest

from harness import POUND, TIMEOUT, get, proc, reload_outcome, run_pound, scaled, wait_until
from harness.config import another_listener, plain_site
from harness.faults import HANG
from harness.ports import reserve_port
from harness.tls import write_many_certificates

NAMES = 5
SITE = plain_site("Workers: 1", backends={"web": ""})
WITH_NAMES = plain_site("Workers: 1", backends={
    "web": "", **{f"b{i}": f"Address: name{i}.invalid; Port: 80" for i in range(NAMES)}},
    services="- Backends: [*web]\n- URL: ^/b\n  Backends: [*b0, *b1, *b2, *b3, *b4]")
# Far more than one turn of the master loads. A turn loads a file in 0.1 ms or more, for 10 ms.
CERTIFICATES = 2000
FILES_OF_SOME_TURNS = 400
WITH_CERTIFICATES = SITE + "HTTPSListeners:\n" + another_listener(
    "Port: $secure; Certificates: $pems")


def no_answer(text):
    return text.count("does not resolve: no answer within 5 s; it counts as dead until it does")


def test_fault_I2_check_asks_for_all_names_at_once(site, faults):
    """Each of the five names hangs for ever."""
    pound = site.prepare(WITH_NAMES, web=80)
    faults.order("getaddrinfo", HANG, times=NAMES)
    done = run_pound("-c", "-f", pound.config_file, env=faults.environment)
    assert done.returncode == 0, done.stderr
    assert no_answer(done.stderr) == NAMES
    assert faults.struck() == NAMES
    pound.wait_gone()


def test_fault_I2_start_with_a_resolver_that_hangs(site, faults):
    web = site.backend()
    faults.order("getaddrinfo", HANG, times=NAMES)
    pound = site.pound(WITH_NAMES, web=web.port, popen={"env": faults.environment})
    assert get(pound.port).status == 200
    assert no_answer(pound.log()) == 2 * NAMES  # on standard error, and in the log
    assert len(proc.children(pound.master)) == 1  # the process that looked names up is gone


def hanging_reload(site, faults):
    """A daemon whose reload waits for the resolver."""
    pound = site.pound(SITE, web=site.backend().port, popen={"env": faults.environment})
    faults.order("getaddrinfo", HANG, times=NAMES)
    pound.configure(WITH_NAMES)
    pound.signal(signal.SIGHUP)
    faults.wait_struck(NAMES)
    return pound


def test_fault_I2_the_master_works_while_a_reload_waits(site, faults):
    """Records are logged and a dead worker is replaced before the names are given up."""
    pound = site.pound(SITE, web=site.backend().port, popen={"env": faults.environment})
    worker, = pound.workers()
    pound.wait_grown_up(worker)
    faults.order("getaddrinfo", HANG, times=NAMES)
    before = reload_outcome.stamp(pound.reload_file)
    pound.configure(WITH_NAMES)
    pound.signal(signal.SIGHUP)
    faults.wait_struck(NAMES)
    assert get(pound.port, "/while").status == 200
    pound.wait_record("/while")
    os.kill(worker, signal.SIGKILL)
    pound.wait_log(rf"worker 0 \(pid {worker}\) was killed by signal 9")
    assert get(pound.port, "/after").status == 200
    assert reload_outcome.stamp(pound.reload_file) == before  # the names are still awaited
    outcome = pound.wait_reload(before)
    assert outcome.result == "ok"
    assert no_answer(pound.log()) == NAMES
    assert get(pound.port).status == 200


def test_fault_I2_term_ends_a_reload_that_waits(site, faults):
    pound = hanging_reload(site, faults)
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit() == 0
    # Had the master waited for the names, the end of the reload would be in the log.
    assert no_answer(pound.log()) == 0
    pound.wait_gone()  # the process that looks names up, too


def test_fault_I2_quit_ends_a_reload_that_waits(site, faults):
    pound = hanging_reload(site, faults)
    pound.signal(signal.SIGQUIT)
    assert pound.wait_exit() == 0
    assert no_answer(pound.log()) == 0


def test_fault_I2_hups_meanwhile_become_one_reload(site, faults):
    pound = hanging_reload(site, faults)
    pound.configure(SITE)
    for _ in range(10):
        pound.signal(signal.SIGHUP)
    pound.wait_log("reload waits: another reload is under way")
    pound.wait_log("generation 3 active")
    assert len([line for line in pound.log().splitlines() if " active: " in line]) == 2


def loading_reload(site, faults, tmp_path):
    """A stopped master that has begun to load many certificates, and the count of its open(2)."""
    write_many_certificates(tmp_path / "pems", CERTIFICATES)
    pound = site.pound(SITE, web=site.backend().port, popen={"env": faults.environment})
    opens = faults.count("open")
    pound.configure(WITH_CERTIFICATES, secure=reserve_port(), pems=tmp_path / "pems")
    pound.signal(signal.SIGHUP)
    stop_after(pound, faults, opens, 50)
    return pound, opens


def stop_after(pound, faults, opens, count):
    """Stops the master once it has opened `count` more files."""
    goal = faults.calls(opens) + count
    while faults.calls(opens) < goal:
        assert pound.is_running()
    pound.signal(signal.SIGSTOP)
    wait_until(lambda: proc.is_stopped(pound.master), "the master to be stopped")


def test_fault_I1_records_flow_while_certificates_load(site, faults, tmp_path):
    pound, opens = loading_reload(site, faults, tmp_path)
    assert get(pound.port, "/meanwhile").status == 200  # its record waits in the ring
    pound.signal(signal.SIGCONT)
    stop_after(pound, faults, opens, FILES_OF_SOME_TURNS)
    assert faults.calls(opens) < CERTIFICATES
    assert [r for r in pound.records() if "/meanwhile" in r["request"]]
    before = reload_outcome.stamp(pound.reload_file)
    pound.signal(signal.SIGCONT)
    assert pound.wait_reload(before).result == "ok"


def test_fault_I1_term_ends_the_load_of_certificates(site, faults, tmp_path):
    pound, opens = loading_reload(site, faults, tmp_path)
    pound.signal(signal.SIGTERM)
    pound.signal(signal.SIGCONT)
    assert pound.wait_exit(scaled(10)) == 0
    assert faults.calls(opens) < CERTIFICATES


@pytest.mark.parametrize("none", ["", "none"])
def test_fault_I3_no_pid_file(site, tmp_path, none):
    """In the foreground, in a folder that shows each file that Pound would write."""
    folder = tmp_path / "empty"
    folder.mkdir()
    pound = site.prepare(SITE, web=site.backend().port)
    log = open(pound.log_file, "ab")  # pylint: disable=consider-using-with
    with log, subprocess.Popen([POUND, "-F", "-f", pound.config_file, "-p", none], cwd=folder,
                               stdout=log, stderr=log) as daemon:
        pound.wait_log("ready: listening on")
        assert get(pound.port).status == 200
        daemon.send_signal(signal.SIGHUP)
        pound.wait_log("generation 2 active")
        assert get(pound.port).status == 200
        daemon.terminate()
        assert daemon.wait(TIMEOUT) == 0
    assert not list(folder.iterdir())
    assert "warning" not in pound.log() and "cannot" not in pound.log()


def test_fault_I3_a_daemon_needs_a_pid_file():
    done = run_pound("-p", "none")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2, "pound: only with -F can pound do without a pid file")
