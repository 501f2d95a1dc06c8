"""A system call fails during a reload: the old generation serves, the next reload succeeds."""

import errno
import os
import re
import signal
import threading

import pytest

from harness import Client, get, proc, reserve_port, response, wait_until
from harness.config import plain_site

CONFIG = plain_site("Workers: 2; AccessLog: off; $more", listener="Client: 30")

# The reload adds this listener, so that it has something to bind.
SECOND = """\
  - Address: 127.0.0.1
    Port: $second
    Threads: 0
    Services:
      - Backends: [*web]
"""

# More workers need more pairs of sockets to be woken by: four for each, of which 16 exist.
MANY = 8

# (the call, its failing calls, the expected message). $second is the port of the new listener.
MASTER = [
    ("open", [0], r"pound.yaml: error: cannot open it"),
    ("socket", [0, 1, MANY], "cannot listen on 127.0.0.1:($second|$listen)"),
    ("setsockopt", [0, 1, 2], "cannot listen on 127.0.0.1:($second|$listen)"),
    ("bind", [0, 1, MANY], "cannot listen on 127.0.0.1:($second|$listen)"),
    ("listen", [0, MANY - 1], "cannot listen on 127.0.0.1:$second"),
    ("socketpair", [0, 1, 5], "cannot make a pair of sockets"),
    ("socketpair", [18, 0, MANY - 1], "cannot make a control socket"),
    ("fork", [0, 1, MANY - 1], "cannot fork a worker"),
]

# The workers that serve meanwhile make none of these calls.
WORKER = [
    ("signalfd", [0, MANY - 1], "the worker cannot start: cannot make a signalfd"),
]

JAILED = [
    ("chroot", [0, MANY - 1], "cannot chroot to RootJail /"),
    ("chdir", [0, 1], "cannot change to the root of RootJail /"),
    ("setgroups", [0, MANY - 1], "cannot drop all groups"),
    ("setresgid", [0, MANY - 1], "cannot become group [0-9]+"),
    ("setresuid", [0, MANY - 1], "cannot become user [0-9]+"),
]


class Asking:
    """Two clients, one on a kept connection and one on new ones, that must always be served."""

    def __init__(self, pound):
        self.pound, self.ending, self.errors, self.answered = pound, False, [], 0
        self.threads = [threading.Thread(target=self._run, args=(ask,), daemon=True)
                        for ask in (self._keep, self._anew)]
        for thread in self.threads:
            thread.start()

    def _run(self, ask):
        try:
            ask()
        except BaseException as error:  # pylint: disable=broad-except
            self.errors.append(error)

    def _keep(self):
        while not self.ending:
            with Client(self.pound.port) as client:
                while not self.ending:
                    got = client.ask("GET", "/keep")
                    assert got.status == 200
                    self.answered += 1
                    if got.field("Connection") == "close":  # the old generation is draining
                        break

    def _anew(self):
        while not self.ending:
            assert get(self.pound.port, "/anew").status == 200
            self.answered += 1

    def goes_on(self):
        before = self.answered
        wait_until(lambda: self.errors or self.answered > before + 4, "both clients to be served")
        assert not self.errors, self.errors

    def end(self):
        self.ending = True
        for thread in self.threads:
            thread.join()
        assert not self.errors, self.errors


def reload_fails(pound, faults, order, words):
    """The call fails, the reload fails with this message, and nothing has changed."""
    workers = pound.workers()
    failed = len(re.findall("reload failed", pound.log()))
    faults.clear()
    call, after, pid = order
    faults.order(call, errno.EDOM, after=after, pid=pid)
    pound.signal(signal.SIGHUP)
    pound.wait_log("reload failed: generation [0-9]+ keeps serving", count=failed + 1)
    faults.check()
    reason = f"({words}).*{os.strerror(errno.EDOM)}"
    lines = pound.log().rsplit("reload failed", 1)[0].rsplit("keeps serving", 1)[-1]
    assert re.search(reason, lines)
    wait_until(lambda: proc.children(pound.master) == workers, "only the workers from before")


def run(site, faults, call, which, words, more=""):
    pound = site.pound(CONFIG, web=site.backend(lambda _: response(b"hello")).port, more=more,
                       popen={"env": faults.environment})
    asking = Asking(pound)
    second = reserve_port()
    pound.text = (pound.text.replace("Workers: 2", f"Workers: {MANY}") +
                  SECOND.replace("$second", str(second)))
    pound.config_file.write_text(pound.text)
    words = words.replace("$second", str(second)).replace("$listen", str(pound.port))
    fds = proc.fd_count(pound.master)
    for after in which:
        pid = pound.master if any(call == one for one, *_ in MASTER) else 0
        reload_fails(pound, faults, (call, after, pid), words)
        asking.goes_on()
    # The pairs of sockets for more workers remain.
    assert proc.fd_count(pound.master) <= fds + 2 * (4 * MANY + 2)
    faults.clear()
    old = pound.workers()
    pound.signal(signal.SIGHUP)
    pound.wait_log("generation [0-9]+ active: 1 listener kept, 1 added, 0 removed, 8 workers")
    pound.wait_workers(gone=old)
    assert get(second).status == 200
    asking.goes_on()
    asking.end()
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit() == 0
    pound.wait_gone()


@pytest.mark.parametrize("call, which, words", MASTER, ids=lambda value: str(value)[:12])
def test_in_the_master(site, faults, call, which, words):
    run(site, faults, call, which, words)


@pytest.mark.parametrize("call, which, words", WORKER, ids=lambda value: str(value)[:12])
def test_in_a_worker(site, faults, call, which, words):
    run(site, faults, call, which, words)


@pytest.mark.needs_root
@pytest.mark.parametrize("call, which, words", JAILED, ids=lambda value: str(value)[:12])
def test_in_a_worker_that_gives_up_its_rights(site, faults, tmp_path, call, which, words):
    (tmp_path / "jail").mkdir()
    run(site, faults, call, which, words,
        f"RootJail: {tmp_path}/jail\n  User: nobody\n  Group: nogroup")
