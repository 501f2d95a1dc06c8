"""A daemon for failed reloads, with checks that a failure has broken nothing."""

import re
import signal

from harness import answer, get, proc, wait_until

# Tests refer to lines and columns of this text.
CONFIG = """
Global:
  Workers: 2
  $globals
Backends:
  - &web
    Address: 127.0.0.1
    Port: $web
    Threads: 0
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    Threads: 0
    Client: 120
    Services:
      - Backends: [*web]
"""


def patient(connection):
    """A script that answers and allows idle connections of any length."""
    connection.sock.settimeout(None)
    answer()(connection)


class Unbroken:
    """A daemon, a connected client, and the workers and descriptors at the start."""

    def __init__(self, site, config=CONFIG, **kwargs):
        kwargs.setdefault("globals", "Grace: 30")
        self.config = config
        self.pound = site.pound(config, web=site.backend(script=patient).port, **kwargs)
        self.client = site.client(self.pound.port)
        assert self.client.ask().status == 200
        self.workers = self.pound.workers()
        self.fds = proc.fd_count(self.pound.master)
        self.good = dict(globals="Grace: 30")

    def fails(self, config=None, words=(), **values):
        """Makes a reload fail with messages that contain `words`; returns the outcome."""
        pound = self.pound
        already = pound.log().count("keeps serving")
        outcome = pound.reload(config, expect="failed", **values)
        assert outcome.messages, outcome
        for word in words:
            assert any(word in message for message in outcome.messages), (word, outcome)
        pound.wait_log("reload failed: generation 1 keeps serving", already + 1)
        # Before that line, the log has one line for each reason.
        said = [re.sub(r"^pound\[\d+\]: ", "", line) for line in pound.log().splitlines()]
        last = max(i for i, line in enumerate(said) if "keeps serving" in line)
        for message in outcome.messages:
            if "keeps serving" not in message:
                assert message in said[:last], (message, said)
        self.check()
        return outcome

    def check(self):
        pound = self.pound
        assert self.client.ask().status == 200
        for _ in range(4):
            assert get(pound.port).status == 200
        wait_until(lambda: proc.children(pound.master) == self.workers,
                   lambda: f"the workers {self.workers}; running: {proc.children(pound.master)}")
        wait_until(lambda: proc.fd_count(pound.master) == self.fds,
                   lambda: f"{self.fds} descriptors of the master; open: {proc.fds(pound.master)}")
        assert not proc.zombies(pound.master)

    def recovers(self):
        """Shows that all signals work: a reload, a request, a status dump and the end."""
        pound = self.pound
        outcome = pound.reload(self.config, **self.good)
        assert outcome.generation >= 2
        last = self.client.ask()  # on the connection from before the reloads
        assert (last.status, last.field("Connection")) == (200, "close")
        assert get(pound.port).status == 200
        pound.wait_workers(gone=self.workers)
        pound.signal(signal.SIGUSR1)
        pound.wait_log(r"status: ")
        pound.signal(signal.SIGTERM)
        assert pound.wait_exit() == 0
