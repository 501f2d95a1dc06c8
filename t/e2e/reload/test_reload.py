"""SIGHUP: log lines and the published outcome, in the foreground, as a daemon, as a plain user.

test_reload_changes.py tests the effects of a reload, and test_reload_failures.py its failures.
"""

import os
import re
import signal
import threading
import time

import pytest

from harness import get, proc, reload_outcome, wait_until
from harness.config import plain_site

CONFIG = plain_site("Workers: 2; LogSocket: $dir/syslog", listener="Client: 60")

FOREGROUND = {"args": ("-F",)}
DAEMON = {"args": (), "background": True}
BROKEN = CONFIG.replace("Workers", "Wrokers")


def start(site, **how):
    return site.pound(CONFIG, web=site.backend().port, **(how or FOREGROUND))


def active(number, kept=1, added=0, removed=0, workers=2):
    """A regular expression for the log line of a success."""
    words = [f"generation {number} active: {kept} listeners? kept", f"{added} added",
             f"{removed} removed", f"{workers} workers?"]
    return r"^pound\[\d+\]: " + ", ".join(words) + "$"


@pytest.mark.parametrize("how", [FOREGROUND, DAEMON], ids=["-F", "daemon"])
def test_new_workers_serve_and_the_old_ones_leave(site, how):
    pound = start(site, **how)
    old = pound.workers()
    outcome = pound.reload()
    assert (outcome.result, outcome.generation) == ("ok", 2)
    new = pound.wait_workers(gone=old)
    assert proc.is_alive(pound.master)
    clients = [site.client(pound.port) for _ in range(10)]
    for client in clients:
        assert client.ask().status == 200
    assert {client.local_port for client in clients} <= set(proc.clients(new, pound.port))
    assert int(pound.pid_file.read_text()) == pound.master


def test_a_success_is_one_line(site):
    pound = start(site)
    pound.reload()
    pound.wait_workers()
    said = [line for line in pound.log().splitlines() if "generation" in line]
    assert len(said) == 1 and re.search(active(2), said[0]), pound.log()


def test_the_outcome_of_a_success(site):
    pound = start(site)
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    outcome = pound.reload()
    assert before - 0.01 <= outcome.started <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert any(m.startswith("generation 2 active: ") for m in outcome.messages), outcome


def test_the_outcome_of_a_failure(site):
    pound = start(site)
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    outcome = pound.reload(BROKEN, expect="failed")
    assert outcome.generation == 1
    assert before - 0.01 <= outcome.started <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert any(f"{pound.config_file}:3:3: " in m and "Wrokers" in m for m in outcome.messages)
    pound.wait_log(r"^pound\[\d+\]: reload failed: generation 1 keeps serving$")


def test_the_next_outcome_replaces_the_last(site):
    pound = start(site)
    for number in (2, 3, 4):
        failed = pound.reload(BROKEN, expect="failed")
        assert failed.generation == number - 1
        good = pound.reload(CONFIG)
        assert good.generation >= number
        assert good.started >= failed.started
        assert not any("Wrokers" in message for message in good.messages)


def test_an_outcome_is_never_incomplete(site):
    """The outcome file is complete at any time, and others cannot change it."""
    pound = start(site)
    pound.reload()
    until = time.monotonic() + 1
    while time.monotonic() < until:
        pound.signal(signal.SIGHUP)
        for _ in range(50):
            assert reload_outcome.read(pound.reload_file).result == "ok"
    assert pound.reload_file.stat().st_mode & 0o022 == 0


def test_no_outcome_is_left_at_the_end(site):
    pound = start(site)
    pound.reload()
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit() == 0
    assert not pound.reload_file.exists()


def test_an_outcome_of_the_last_run_is_not_believed(site):
    """A killed master leaves its file. The next master writes its own."""
    pound = start(site)
    pound.reload(BROKEN, expect="failed")
    pound.signal(signal.SIGKILL)
    pound.wait_exit()
    pound.wait_gone()
    pound.configure(CONFIG)
    pound.log_file.unlink()
    pound.start()
    now = reload_outcome.read(pound.reload_file)
    assert (now.result, now.generation, now.messages) == ("ok", 1, ("generation 1 active",))
    assert pound.reload().generation == 2


def test_a_signal_during_the_start(site):
    """The signal does not disturb the start, and the reload follows."""
    pound = site.prepare(CONFIG, web=site.backend().port)

    def ring():
        wait_until(lambda: pound.pid_file.exists() and pound.pid_file.read_text(), "the pid file")
        os.kill(int(pound.pid_file.read_text()), signal.SIGHUP)

    ringing = threading.Thread(target=ring, daemon=True)
    ringing.start()
    pound.start()
    ringing.join()
    pound.wait_log(active(2))
    assert get(pound.port).status == 200


def test_a_reload_that_changes_nothing_changes_nothing(site):
    pound = start(site)

    def head_but_date():
        return re.sub(rb"Date: [^\r]*", b"Date: now", get(pound.port).raw_head)
    answers = [head_but_date()]
    for _ in range(3):
        pound.reload()
        answers.append(head_but_date())
    assert len(set(answers)) == 1


def test_the_status_shows_the_new_generation(site):
    pound = start(site)
    pound.reload()
    new = pound.wait_workers()
    pound.signal(signal.SIGUSR1)
    for worker in new:
        pound.wait_log(rf"status: .*\b{worker}\b.*generation\W2\b")
