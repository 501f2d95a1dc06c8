"""A backend that fails and recovers on command, and a daemon with two of them.

`FALLS` lists the ways to fail. Each has its own reason in the log and its own status for the first
client that meets the failure.
"""

import re

from harness import Backend, get, response, wait_until
from harness.config import plain_site
from harness.status import read_status

CONFIG = plain_site(
    "Workers: $workers; Alive: $alive",
    backends={"one": "TimeOut: $timeout; ConnTO: 1", "two": "TimeOut: $timeout; ConnTO: 1"},
    listener="Client: 30", services="""
    - URL: "^/pair"
      Backends: [*one, *two]
    - URL: "^/two"
      Backends: [*two]
    - Backends: [*one]
""")


class Moody(Backend):
    """A backend that behaves according to its `mood`.

    "well" answers. "hang" reads the request and stays silent. "leave" reads the request and closes.
    A target /as/MOOD chooses the mood of that request. `fall(mood)` also closes all connections and
    knows two further moods, the only ones that make it dead: "refuse" and "blackhole".
    """

    def __init__(self, body=b"well"):
        self.body = body
        self.mood = "well"
        self.hole = None
        super().__init__(script=self.behave)

    def behave(self, connection):
        while (received := connection.read_request()) is not None:
            mood = self.mood
            if received.target.startswith("/as/"):
                mood = received.target[len("/as/"):]
            if mood == "hang":
                connection.read_until_close()
                return
            if mood == "leave":
                return
            connection.send(response(self.body))

    def fall(self, mood, site):
        if mood in ("refuse", "blackhole"):
            self.refuse()
        if mood == "blackhole":
            self.hole = site.blackhole(self.port)
        self.mood = mood
        self.disconnect()

    def rise(self):
        """Recovers from `fall`."""
        if self.hole:
            self.hole.close()
            self.hole = None
        if self.mood in ("refuse", "blackhole"):
            self.open()
        self.mood = "well"


# The ways to die: the reason in the log, and the status for the client that meets it first.
FALLS = {
    "refuse": (r"[Cc]onnection refused", {503}),
    "blackhole": (r"[Cc]onnection timed out", {503}),
}

class House:
    def __init__(self, site, workers=4, alive=1, timeout=1, **how):
        self.site = site
        self.one, self.two = (site.add_backend(Moody(name)) for name in (b"one", b"two"))
        self.pound = site.pound(CONFIG, one=self.one.port, two=self.two.port, workers=workers,
                                alive=alive, timeout=timeout, **how)

    def line(self, name, what):
        return rf"backend {name} \(127\.0\.0\.1:{getattr(self, name).port}\) is {what}"

    def wait_dead(self, name, reason, before=0):
        """Sends requests until Pound logs one more death than `before`; returns the statuses."""
        got = []

        def found():
            said = self.lines("dead: ", name)
            if len(said) > before:
                return said
            got.append(get(self.pound.port, "/two" if name == "two" else "/").status)
            return False
        said = wait_until(found, lambda: f"{name} to be dead; the statuses were {got}; log:\n" +
                          self.pound.log()[-3000:])
        assert len(said) == before + 1 and re.search(reason + "$", said[-1]), (said, got)
        return got

    def wait_live(self, name):
        return self.pound.wait_log(self.line(name, r"live again after \d+ s"))

    def state(self, name):
        return read_status(self.pound).one("backend", name=name)

    def has_been_probed(self, name):
        """Two probes have failed, or one has succeeded."""
        state = self.state(name)
        return state["state"] == "live" or (
            state["last_probe_s"] != "-" and state["since_s"] - state["last_probe_s"] >= 2)

    def lines(self, what, name="one"):
        return re.findall(self.line(name, what) + ".*", self.pound.log())
