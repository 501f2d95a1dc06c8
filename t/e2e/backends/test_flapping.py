"""Three backends flap, a fourth one is always well: Pound adds no failure of its own.

Checks, ejection, warm-up, sessions, reloads and kills of workers at once. POUND_FLAPPING_S gives the
length in seconds; the default is 10, and 600 with POUND_HEAVY=1.

What a client may see besides a page is what a backend has answered (503 with its mark), and the end
of its connection when the test kills a worker. A request that a session binds to a backend is not
sent to another one once it was sent; it may get 502 when its backend resets it. The storm waits for
each client to finish a request between two changes, so no request meets two of them.
"""

import os
import random
import threading
import time

from harness import TIMEOUT, Backend, get, response, scaled, wait_until
from harness.config import plain_site
from harness.status import read_status
from harness.wire import Closed

HEAVY = os.environ.get("POUND_HEAVY") == "1"
SECONDS = float(os.environ.get("POUND_FLAPPING_S", "600" if HEAVY else "10"))
SETTINGS = "Eject: {Errors: 3, In: 5, For: 1}; Warmup: 1; TimeOut: 30; ConnTO: 30"
FAST = "Check: {Path: /check, Every: 1, Within: 1, Rise: 1, Fall: 1}; " + SETTINGS
# A busy machine may keep an answer back for a second, which is no failure of Pound's.
PATIENT = "Check: {Path: /check, Every: 10, Within: 10}; " + SETTINGS
NAMES = ("well", "a", "b", "c")
SITE = plain_site("Workers: 2; Grace: 10",
                  backends={name: PATIENT if name == "well" else FAST for name in NAMES},
                  services="""
    - URL: "^/s"
      Backends: [*well, *a, *b, *c]
      Session: {Type: HEADER, ID: X-User, TTL: 300}
    - Backends: [*well, *a, *b, *c]
""")


class Flapping(Backend):
    """Its moods: well, refuse, reset, bad (503), hang (answers all but checks)."""

    def __init__(self, name):
        self.name = name.encode()
        self.mood = "well"
        self.session_resets = 0
        self.checks = 0
        super().__init__(script=self.behave)

    def behave(self, connection):
        while (received := connection.read_request()) is not None:
            mood = self.mood
            is_check = received.target == "/check"
            self.checks += is_check
            if mood == "reset" or (mood == "hang" and is_check):
                self.session_resets += received.target == "/s"
                if mood == "hang":
                    connection.read_until_close()
                else:
                    connection.reset()
                return
            is_bad = mood == "bad"
            connection.send(response(b"bad" if is_bad else self.name,
                                     status="503 Bad" if is_bad else "200 OK"))

    def change(self, mood):
        if self.mood == "refuse":
            self.open()
        self.mood = mood
        if mood == "refuse":
            self.refuse()
            self.disconnect()


class Visitor(threading.Thread):
    """Sends one request after another, each on a connection of its own."""

    def __init__(self, pound, user=None):
        super().__init__(daemon=True)
        self.pound = pound
        self.user = user
        self.done = 0
        self.broken = 0    # connections that ended without a response
        self.gateway = 0   # 502 of Pound
        self.pages = set()
        self.wrong = []
        self.stopped = False

    def run(self):
        while not self.stopped:
            self.visit()
            self.done += 1

    def visit(self):
        fields = [f"X-User: {self.user}"] if self.user else []
        try:
            answer = get(self.pound.port, "/s" if self.user else "/", *fields)
        except (Closed, OSError):
            self.broken += 1
            return
        if answer.status == 200:
            self.pages.add(answer.body)
        elif self.user and answer.status == 502:
            self.gateway += 1
        elif (answer.status, answer.body) != (503, b"bad"):
            self.wrong.append((answer.status, answer.body))


class Storm:
    def __init__(self, site):
        self.backends = {name: site.add_backend(Flapping(name)) for name in NAMES}
        self.pound = site.pound(SITE, **{name: one.port for name, one in self.backends.items()})
        self.visitors = [Visitor(self.pound, user) for user in (None, None, "x", "y")]
        self.random = random.Random(16)
        self.kills = self.crashes = 0

    def settle(self):
        """Every request that is in service now comes to its end."""
        before = [one.done for one in self.visitors]
        wait_until(lambda: all(one.done >= n + 2 for one, n in zip(self.visitors, before)),
                   lambda: "requests to end; log:\n" + self.pound.log()[-3000:])

    def change(self, name, mood):
        backend = self.backends[name]
        self.crashes += mood == "refuse"
        backend.change(mood)
        self.settle()

    def round(self):
        """One backend at most resets connections, and none crashes meanwhile."""
        moods = ["refuse", "bad", "hang", "well"]
        names = self.random.sample(NAMES[1:], 3)
        for name in names:
            self.change(name, self.random.choice(moods))
        if self.random.random() < 0.5:
            self.change(names[0], "reset")
            self.change(names[0], "well")
        self.random.choice([self.reload, self.kill, self.settle])()

    def reload(self):
        self.pound.reload()

    def kill(self):
        self.pound.wait_grown_up()
        self.pound.kill_worker()
        self.kills += 1
        self.pound.wait_grown_up()

    def state(self):
        return {name: read_status(self.pound).one("backend", name=name)["state"] for name in NAMES}


def test_flapping_backends(site):
    storm = Storm(site)
    for visitor in storm.visitors:
        visitor.start()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        storm.round()
    storm.kill()
    storm.reload()
    for name in NAMES[1:]:
        storm.change(name, "well")
    # Within, a period, the longest ejection and the warm-up, and something for the machine.
    wait_until(lambda: set(storm.state().values()) == {"live"},
               lambda: f"all backends to be live: {storm.state()}\n" + storm.pound.log()[-3000:],
               scaled(10))
    for visitor in storm.visitors:
        visitor.pages.clear()
    plain = storm.visitors[0]
    wait_until(lambda: len(plain.pages) == len(NAMES), lambda: f"all pages: {plain.pages}")
    for visitor in storm.visitors:
        visitor.stopped = True
    for visitor in storm.visitors:
        visitor.join(TIMEOUT)
    judge(storm)


def judge(storm):
    told = {name: (one.session_resets, one.checks) for name, one in storm.backends.items()}
    assert [one.wrong for one in storm.visitors] == [[]] * 4, told
    assert all(one.broken <= storm.kills for one in storm.visitors)
    gateway = sum(one.gateway for one in storm.visitors)
    assert gateway <= sum(one.session_resets for one in storm.backends.values()) + 2 * storm.crashes
    assert all(one.done > 20 for one in storm.visitors)
    assert all(storm.backends[name].checks > 2 for name in NAMES[1:])
