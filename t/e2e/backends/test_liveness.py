"""Dead or live: one verdict for all workers, its reason, and the way back.

A dead backend is told of once, with its own reason, and probed by a connect once in `Alive`
seconds, by one worker only, whoever of them is killed; the first that can be connected to is used.
"""

import os
import re
import signal
import threading
import time

import pytest

from harness import TIMEOUT, Backend, Closed, get, proc, request, response, scaled, wait_until

HEAVY = os.environ.get("POUND_HEAVY") == "1"

CONFIG = """
Global:
  Workers: $workers
  Alive: $alive
Backends:
  - &one
    Address: 127.0.0.1
    Port: $one
    Threads: 0
    TimeOut: $timeout
    ConnTO: 1
  - &two
    Address: 127.0.0.1
    Port: $two
    Threads: 0
    TimeOut: $timeout
    ConnTO: 1
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    Threads: 0
    Client: 30
    Services:
      - URL: "^/pair"
        Backends: [*one, *two]
      - URL: "^/two"
        Backends: [*two]
      - Backends: [*one]
"""


class Moody(Backend):
    """A backend that can do all that backends do to a proxy.

    `mood`: "well"; "hang" (reads the request and is silent); "reset" (when it has read the
    request); "hang up" (at once, with a reset). A target that begins with a mood gets that.
    `fall(mood)` ends what is open, too; "refuse" and "blackhole" are for it only.
    """

    def __init__(self, body=b"well"):
        self.body = body
        self.mood = "well"
        self.hole = None
        super().__init__(script=self.behave)

    def behave(self, connection):
        if self.mood == "hang up":
            connection.reset()
            return
        while (received := connection.read_request()) is not None:
            mood = self.mood
            if received.target.startswith("/as/"):
                mood = received.target[len("/as/"):]
            if mood == "hang":
                connection.read_until_close()
                return
            if mood == "reset":
                connection.reset()
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
        """As well as ever; for one that fell."""
        if self.hole:
            self.hole.close()
            self.hole = None
        if self.mood in ("refuse", "blackhole"):
            self.open()
        self.mood = "well"


# How each fall is called in the log, and what the client gets who finds it out.
FALLS = {
    "refuse": (r"[Cc]onnection refused", {503}),
    "blackhole": (r"[Cc]onnection timed out", {503}),
    "hang": (r"no response in time", {504}),
    "reset": (r"connection reset", {502}),
    "hang up": (r"[Cc]onnection reset( by peer)?", {502, 503}),  # may fail as early as the connect
}


class House:
    def __init__(self, site, workers=4, alive=1, timeout=1):
        self.site = site
        self.one, self.two = (site.add_backend(Moody(name)) for name in (b"one", b"two"))
        self.pound = site.pound(CONFIG, one=self.one.port, two=self.two.port, workers=workers,
                                alive=alive, timeout=timeout)

    def line(self, name, what):
        return rf"backend {name} \(127\.0\.0\.1:{getattr(self, name).port}\) is {what}"

    def wait_dead(self, name, reason, before=0):
        """Asks, when need be again, until it is found dead (after `before` other deaths)."""
        got = []

        def found():
            said = self.lines("dead: ", name)
            if len(said) > before:
                return said
            got.append(get(self.pound.port, "/two" if name == "two" else "/").status)
            time.sleep(0.1)  # it may have been heard a moment ago
            return False
        said = wait_until(found, lambda: f"{name} to be found dead; got {got}; log:\n" +
                          self.pound.log()[-3000:])
        assert len(said) == before + 1 and re.search(reason + "$", said[-1]), (said, got)
        return got

    def wait_live(self, name):
        return self.pound.wait_log(self.line(name, r"live again after \d+ s"))

    def lines(self, what, name="one"):
        return re.findall(self.line(name, what) + ".*", self.pound.log())


# --- the ways to die ------------------------------------------------------------------------------
@pytest.mark.parametrize("fall", FALLS)
def test_found_dead_for_a_reason_of_its_own_and_comes_back(site, fall):
    house = House(site)
    reason, statuses = FALLS[fall]
    house.one.fall(fall, site)
    got = house.wait_dead("one", reason)
    assert got[0] in statuses, got
    house.one.rise()
    house.wait_live("one")
    for _ in range(20):  # whichever worker it meets
        assert get(house.pound.port).body == b"one"
    assert (len(house.lines("dead")), len(house.lines("live again"))) == (1, 1)


def test_again_and_again(site):
    """Each way, one after the other, more than once: it always comes back."""
    house = House(site)
    for _ in range(20 if HEAVY else 2):
        for fall, (reason, _) in FALLS.items():
            before = len(house.lines("dead: "))
            house.one.fall(fall, site)
            house.wait_dead("one", reason, before)
            house.one.rise()
            wait_until(lambda: get(house.pound.port).body == b"one", "it to be back")
    assert get(house.pound.port, "/two").body == b"two"
    assert not house.lines("dead", "two")


@pytest.mark.parametrize("fall", FALLS)
def test_the_other_one_serves_meanwhile(site, fall):
    house = House(site)
    house.one.fall(fall, site)
    house.wait_dead("one", FALLS[fall][0])
    if fall not in ("refuse", "blackhole"):
        house.one.fall("refuse", site)  # so that no probe succeeds
    wait_until(lambda: all(get(house.pound.port, "/pair").body == b"two" for _ in range(10)),
               "the other one to serve alone")


def test_the_verdict_holds_for_all_workers_at_once(site):
    house = House(site, alive=3600)
    workers = house.pound.workers()
    clients = [site.client(house.pound.port) for _ in range(40)]
    for client in clients:
        assert client.ask().body == b"one"
    owners = {proc.owner_of_connection(workers, house.pound.port, c.local_port) for c in clients}
    assert owners == set(workers)
    house.one.fall("refuse", site)
    house.wait_dead("one", FALLS["refuse"][0])
    house.one.open()  # and yet nobody connects to it
    before = len(house.one.connections)
    for client in clients:
        assert client.ask().status == 503
    assert len(house.one.connections) == before
    assert len(house.lines("dead")) == 1
    house.one.mood = "well"


def test_found_by_many_at_once_and_told_once(site):
    house = House(site, alive=3600)
    clients = [site.client(house.pound.port) for _ in range(60)]
    house.one.fall("refuse", site)
    for client in clients:
        client.send(request())
    for client in clients:
        assert client.read_response().status == 503
    assert len(house.pound.wait_log(house.line("one", "dead"))) == 1


# --- what is no death -----------------------------------------------------------------------------
def stays_live(house):
    assert get(house.pound.port).body == b"one"
    assert not house.lines("dead"), house.lines("dead")


def test_a_single_slow_request_among_others(site):
    """It times out; but the backend was heard meanwhile."""
    house = House(site)
    slow = site.client(house.pound.port)
    slow.send(request("GET", "/as/hang"))
    answered = threading.Event()
    status = []

    def wait():
        status.append(slow.read_response().status)
        answered.set()

    threading.Thread(target=wait, daemon=True).start()
    while not answered.wait(0.1):
        assert get(house.pound.port).body == b"one"
    assert status == [504]
    stays_live(house)


def test_a_slow_request_while_the_backend_sends_a_long_body(site):
    """Heard is heard: it need not be the beginning of a response."""
    house = House(site)
    done = threading.Event()

    def script(connection):
        received = connection.read_request()
        if received.target == "/as/hang":
            connection.read_until_close()
        elif received.target == "/long":
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not done.wait(0.05):
                connection.send(b"4\r\nlong\r\n")
            connection.send(b"0\r\n\r\n")
        else:
            connection.send(response(b"one", "Connection: close"))

    house.one.script = script
    long = site.client(house.pound.port)
    long.send(request("GET", "/long"))
    long.read_head()
    time.sleep(0.2)
    assert get(house.pound.port, "/as/hang").status == 504
    done.set()
    long.read_until(b"\r\n0\r\n\r\n")
    stays_live(house)


def test_a_body_that_stops(site):
    house = House(site)

    def script(connection):
        if connection.read_request().target == "/stops":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            connection.read_until_close()
        else:
            connection.send(response(b"one", "Connection: close"))

    house.one.script = script
    assert not get(house.pound.port, "/stops").complete
    stays_live(house)


def test_a_client_that_stops_sending_its_body(site):
    """The backend is silent as it waits for the rest: no client may take it from the others."""
    house = House(site)
    client = site.client(house.pound.port)
    client.send(request("POST", "/", "Content-Length: 10", body=b"half"))
    house.one.wait_requests(1)
    try:
        client.sock.settimeout(scaled(3))
        client.read_response()
    except (AssertionError, Closed):
        pass  # what this client gets is another test's business
    stays_live(house)


def test_a_client_that_leaves(site):
    house = House(site)
    client = site.client(house.pound.port)
    client.send(request("GET", "/as/hang"))
    house.one.wait_requests(1)
    client.reset()
    time.sleep(1.2)  # past TimeOut
    stays_live(house)


def test_an_orderly_close_without_a_response(site):
    house = House(site)
    assert get(house.pound.port, "/as/leave").status == 502
    stays_live(house)


def test_idle_connections_that_the_backend_ends(site):
    house = House(site)

    def script(connection):
        while connection.read_request() is not None:
            connection.send(response(b"one"))
            time.sleep(0.06)
            connection.reset()
            return

    house.one.script = script
    client = site.client(house.pound.port)
    for pause in range(30):  # some of them before, some after the reset
        time.sleep(0.04 + pause / 1000)
        assert client.ask().body == b"one"
    stays_live(house)


def test_garbage_is_a_response(site):
    house = House(site)

    def script(connection):
        if connection.read_request().target == "/garbage":
            connection.send(b"garbage\r\n\r\n")
        else:
            connection.send(response(b"one", "Connection: close"))

    house.one.script = script
    assert get(house.pound.port, "/garbage").status == 502
    stays_live(house)


# --- all dead, and the first that is back ---------------------------------------------------------
def test_all_dead_is_503_at_once(site):
    house = House(site, alive=3600, timeout=30)
    for backend in (house.one, house.two):
        backend.fall("refuse", site)
    get(house.pound.port, "/pair")
    begun = time.monotonic()
    for _ in range(50):
        assert get(house.pound.port, "/pair").status == 503
    assert time.monotonic() - begun < scaled(2)


@pytest.mark.parametrize("alive", [1, 2])
def test_the_first_that_answers_is_used_in_time(site, alive):
    house = House(site, alive=alive)
    for backend in (house.one, house.two):
        backend.fall("refuse", site)
    assert get(house.pound.port, "/pair").status == 503
    for name in ("one", "two"):
        house.wait_dead(name, FALLS["refuse"][0])
    time.sleep(alive + 0.3)  # a probe in vain has been made
    assert get(house.pound.port, "/pair").status == 503
    house.two.rise()
    begun = time.monotonic()
    wait_until(lambda: get(house.pound.port, "/pair").body == b"two", "the first that answers")
    assert time.monotonic() - begun < scaled(alive + 1)
    assert not house.lines("live again")


def test_how_long_it_was_dead_is_told(site):
    house = House(site)
    house.one.fall("refuse", site)
    house.wait_dead("one", FALLS["refuse"][0])
    begun = time.monotonic()
    time.sleep(2)
    house.one.rise()
    line, = house.wait_live("one")
    told = int(re.search(r"after (\d+) s", line)[1])
    assert 2 <= told <= time.monotonic() - begun + 1


# --- probes ---------------------------------------------------------------------------------------
def watch_probes(pound, port, seconds):
    """The workers' connects to a port that does not answer: {local port: who}, most at once."""
    seen, most = {}, 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        now = proc.connecting(pound.workers(), port)
        most = max(most, len(now))
        seen.update(now)
        time.sleep(0.01)
    return seen, most


def test_one_probe_in_each_period(site):
    """Over all four workers, while it stays dead."""
    house = House(site, alive=2)
    house.one.fall("blackhole", site)
    house.wait_dead("one", FALLS["blackhole"][0])
    seen, most = watch_probes(house.pound, house.one.port, 10)
    assert 4 <= len(seen) <= 6, seen
    assert most == 1
    house.one.rise()
    house.wait_live("one")


def test_what_is_live_is_not_probed(site):
    house = House(site)
    house.one.fall("refuse", site)
    house.wait_dead("one", FALLS["refuse"][0])
    before = len(house.one.connections)
    house.one.rise()
    house.wait_live("one")
    time.sleep(2.3)  # two periods and more
    assert len(house.one.connections) == before + 1, "one connect brought it back"
    assert len(house.two.connections) == 0
    assert len(house.lines("live again")) == 1


def test_a_probe_leaves_nothing_open(site):
    house = House(site)
    house.pound.expect_no_leaked_fd()
    for fall in ("refuse", "hang"):
        before = len(house.lines("dead: "))
        house.one.fall(fall, site)
        house.wait_dead("one", FALLS[fall][0], before)
        time.sleep(2.2)
        house.one.rise()
        wait_until(lambda: get(house.pound.port).body == b"one", "it to be back")


def test_the_prober_is_killed_in_the_middle_of_it(site):
    """Its share moves on: the next probe comes in the next period, from another process."""
    house = House(site, alive=1)
    time.sleep(1.1)  # old enough not to die young
    house.one.fall("blackhole", site)
    house.wait_dead("one", FALLS["blackhole"][0])
    killed, before = [], None
    for _ in range(3):
        def probing(last=before):
            now = proc.connecting(house.pound.workers(), house.one.port)
            return next(((port, who) for port, who in now.items() if port != last), None)
        before, prober = wait_until(probing, lambda: "a probe; log:\n" + house.pound.log()[-2000:],
                                    scaled(4))
        os.kill(prober, signal.SIGKILL)
        killed.append(prober)
        house.pound.wait_workers(gone=killed)
        time.sleep(0.3)
    house.one.rise()
    begun = time.monotonic()
    wait_until(lambda: get(house.pound.port).body == b"one", "it to be back")
    assert time.monotonic() - begun < scaled(3)  # Alive + 1 s, and what is left of a period


@pytest.mark.parametrize("victims", [1, 3, 4])
def test_workers_killed_while_dead_backends_wait_for_probes(site, victims):
    backends = [site.backend(lambda _, n=n: response(b"%d" % n)) for n in range(8)]
    text = "Global:\n  Workers: 4\n  Alive: 1\nBackends:\n" + "".join(
        f"  - &b{n}\n    Address: 127.0.0.1\n    Port: {b.port}\n    Threads: 0\n"
        for n, b in enumerate(backends)) + (
        "HTTPListeners:\n  - Address: 127.0.0.1\n    Port: $listen\n    Threads: 0\n"
        "    Client: 30\n    Services:\n") + "".join(
        f'      - URL: "^/{n}$$"\n        Backends: [*b{n}]\n' for n in range(8))
    pound = site.pound(text)
    for _ in range(3):
        time.sleep(1.1)  # old enough not to die young
        for n, backend in enumerate(backends):
            backend.refuse()
            backend.disconnect()
            wait_until(lambda n=n: get(pound.port, f"/{n}").status == 503, "it to be dead")
        gone = pound.workers()[:victims]
        for worker in gone:
            os.kill(worker, signal.SIGKILL)
        for backend in backends:
            backend.open()
        begun = time.monotonic()
        pound.wait_workers(gone=gone)
        for n in range(8):
            wait_until(lambda n=n: get(pound.port, f"/{n}").body == b"%d" % n,
                       lambda n=n: f"backend {n} to be back; log:\n" + pound.log()[-3000:],
                       TIMEOUT)
        assert time.monotonic() - begun < scaled(3)  # Alive + 1 s, and a respawn
    assert len(pound.wait_log(" is dead: ", 24)) == len(pound.wait_log(" is live again ", 24)) == 24
