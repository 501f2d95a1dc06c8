"""`Queue: {Known: first}`: clients with a session wait in front of strangers, who get a fifth.

Each client has an address of its own, so that none has half of the slots. Two addresses may count as
one, by chance. So there are eight slots, and seven of them are blocked. A stranger's cookie is one
that no backend has answered yet.
"""

import os
import signal
import threading

import pytest

from harness import TIMEOUT, get, proc, request, response, wait_until
from harness.config import plain_site
from harness.status import read_status

CONFIG = plain_site(
    "Workers: $workers", backends={"web": "Threads: $backend; TimeOut: 600"},
    listener="Threads: $listener; Client: 600; QueueTimeOut: 600; QueueLength: $length",
    services="""
    - URL: "^/plain"
      Session: {Type: COOKIE, ID: sid, TTL: 600}
      Backends: [*web]
    - URL: "^/address"
      Session: {Type: IP, TTL: 600}
      Queue: {Known: first}
      Backends: [*web]
    - Session: {Type: COOKIE, ID: sid, TTL: 600}
      Queue: {Known: $known}
      Backends: [*web]
""")


SLOTS = 8
BLOCKED = [f"/plain-blocked{number}" for number in range(SLOTS - 1)]


class Hall:
    """A daemon with one free slot, and a backend that answers a request for each call of `serve`."""

    def __init__(self, site, which="backend", known="first", workers=1, length=1000):
        self.site = site
        self.order = []  # targets, as they came to the backend
        self.turns = threading.Semaphore(0)
        self.blocked = []
        self.unblock = threading.Event()
        self.clients = {}
        self.which = which
        limits = {"backend": 0, "listener": 0, which: SLOTS}
        self.pound = site.pound(CONFIG, web=site.backend(self.answer).port, known=known,
                                workers=workers, length=length, **limits)

    def answer(self, received):
        if received.target in BLOCKED:
            self.blocked.append(received.target)
            self.unblock.wait(TIMEOUT)
            return response()
        self.order.append(received.target)
        assert self.turns.acquire(timeout=TIMEOUT)
        return response(received.target.encode())

    def serve(self, times=1):
        for _ in range(times):
            self.turns.release()

    def befriend(self, *cookies):
        for cookie in cookies:
            self.serve()
            assert get(self.pound.port, "/hello", f"Cookie: sid={cookie}").status == 200
        self.order.clear()

    def figures(self):
        """How many requests wait, and how many of them are strangers'."""
        status = read_status(self.pound)
        found = [o for o in status.all(self.which) if o["limit"] == SLOTS]
        return [(o["waiting"], o["waiting_strangers"]) for o in found]

    def send(self, target, cookie=None):
        client = self.site.client(self.pound.port, source=f"127.0.1.{len(self.clients) + 1}")
        fields = [f"Cookie: sid={cookie}"] if cookie else []
        client.send(request("GET", target, *fields))
        self.clients[target] = client
        return client

    def hold(self):
        """Takes all slots, the last one with the request /held."""
        for number, target in enumerate(BLOCKED if not self.blocked else []):
            client = self.site.client(self.pound.port, source=f"127.0.4.{number + 1}")
            client.send(request("GET", target))
        wait_until(lambda: len(self.blocked) == len(BLOCKED), "the blocking requests in service")
        self.send("/held")
        wait_until(lambda: self.order == ["/held"], "the first request in service")

    def line_up(self, *targets, known=False):
        """Sends one request after the other, each when the one before it waits."""
        before = self.figures()[0][0]
        for number, target in enumerate(targets, before + 1):
            self.send(target, target.strip("/") if known else None)
            wait_until(lambda n=number: self.figures()[0][0] == n,
                       lambda n=number: f"{n} waiting requests, not {self.figures()}")

    def finish(self):
        """Serves all that wait and returns the order in which they came to the backend."""
        self.serve(len(self.clients))
        for target, client in self.clients.items():
            assert client.read_response().body == target.encode()
        return self.order


@pytest.fixture(name="open_hall")
def fixture_open_hall(site):
    halls = []

    def open_hall(*args, **kwargs):
        halls.append(Hall(site, *args, **kwargs))
        return halls[-1]
    yield open_hall
    for hall in halls:
        hall.unblock.set()


def targets(letter, count):
    return [f"/{letter}{number}" for number in range(count)]


F, S = targets("f", 9), targets("s", 5)
FRIENDS = [target.strip("/") for target in F]
# Four known ones, one stranger, and so on. When one kind is used up, the other follows in its order.
IN_TURN = [*F[0:4], S[0], *F[4:8], S[1], F[8], *S[2:]]


@pytest.mark.parametrize("which", ["backend", "listener"])
def test_four_known_requests_then_a_stranger(open_hall, which):
    hall = open_hall(which)
    hall.befriend(*FRIENDS)
    hall.hold()
    hall.line_up(*S)
    hall.line_up(*F, known=True)
    assert hall.figures() == [(14, 5)]
    assert hall.finish() == ["/held", *IN_TURN]
    assert hall.figures() == [(0, 0)]
    # The first requests of the friends, /held and S.
    assert [o["strangers"] for o in read_status(hall.pound).all("service")] == [0, 0, 9 + 1 + 5]


@pytest.mark.parametrize("which", ["backend", "listener"])
def test_equal_requests_are_served_as_they_come(open_hall, which):
    hall = open_hall(which, known="equal")
    hall.befriend(*FRIENDS)
    hall.hold()
    hall.line_up(*S)
    hall.line_up(*F, known=True)
    assert hall.figures() == [(14, 0)]
    assert hall.finish() == ["/held", *S, *F]
    assert [o["strangers"] for o in read_status(hall.pound).all("service")] == [0, 0, 0]


def test_strangers_alone_are_served_as_they_come(open_hall):
    hall = open_hall()
    hall.hold()
    hall.line_up(*S)
    assert hall.finish() == ["/held", *S]


def test_a_service_without_the_key_has_no_strangers_at_the_listener(open_hall):
    hall = open_hall("listener")
    hall.hold()
    hall.line_up(*S)
    plain = targets("plain", 5)
    hall.line_up(*plain)
    assert hall.figures() == [(10, 5)]
    assert hall.finish() == ["/held", *plain[:4], S[0], plain[4], *S[1:]]


@pytest.mark.parametrize("which", ["backend", "listener"])
def test_strangers_fill_half_of_the_queue(open_hall, which):
    hall = open_hall(which, length=5)
    hall.befriend(*FRIENDS)
    hall.hold()
    hall.line_up("/s0", "/s1")
    assert get(hall.pound.port, "/s2", source="127.0.2.1").status == 503
    assert hall.pound.wait_record("/s2")["reason"] == "queue_full"
    hall.line_up("/f0", "/f1", "/f2", known=True)
    assert hall.figures() == [(5, 2)]
    assert get(hall.pound.port, "/f3", "Cookie: sid=f3", source="127.0.2.2").status == 503
    assert hall.pound.wait_record("/f3")["reason"] == "queue_full"
    assert hall.finish() == ["/held", "/f0", "/f1", "/f2", "/s0", "/s1"]


def test_a_queue_of_one_is_for_known_requests(open_hall):
    hall = open_hall(length=1)
    hall.befriend("f0")
    hall.hold()
    assert get(hall.pound.port, "/s0", source="127.0.2.1").status == 503
    hall.line_up("/f0", known=True)
    assert hall.finish() == ["/held", "/f0"]


@pytest.mark.parametrize("which", ["backend", "listener"])
def test_asking_again_makes_no_stranger_known(open_hall, which):
    """Only an answer of a backend does, not a place in the queue, nor a refusal."""
    hall = open_hall(which, length=4)
    hall.hold()
    hall.send("/first", "same")
    hall.send("/second", "same")
    wait_until(lambda: hall.figures() == [(2, 2)], hall.figures)
    for source in ("127.0.2.1", "127.0.2.2"):
        assert get(hall.pound.port, "/third", "Cookie: sid=third", source=source).status == 503
    hall.finish()
    hall.clients.clear()
    hall.order.clear()

    hall.hold()
    hall.send("/refused", "third")
    hall.send("/served", "same")
    wait_until(lambda: hall.figures() == [(2, 1)], hall.figures)
    assert hall.finish() == ["/held", "/served", "/refused"]


def test_an_address_that_was_served_is_known(open_hall):
    hall = open_hall()
    hall.serve()
    assert get(hall.pound.port, "/address", source="127.0.3.1").status == 200
    hall.order.clear()
    hall.hold()
    hall.line_up("/address-of-a-stranger")
    client = hall.site.client(hall.pound.port, source="127.0.3.1")
    client.send(request("GET", "/address-that-is-known"))
    hall.clients["/address-that-is-known"] = client
    wait_until(lambda: hall.figures() == [(2, 1)], hall.figures)
    assert hall.finish() == ["/held", "/address-that-is-known", "/address-of-a-stranger"]


def test_known_clients_stay_known_over_a_reload(open_hall):
    """Also those that became known while all requests were equal."""
    hall = open_hall(known="equal")
    hall.befriend(*FRIENDS)
    hall.pound.reload(known="first")
    hall.hold()
    hall.line_up(*S)
    hall.line_up(*F, known=True)
    assert hall.finish() == ["/held", *IN_TURN]


def test_a_reload_leaves_the_queue_as_it_is(open_hall):
    hall = open_hall()
    hall.befriend(*FRIENDS)
    hall.hold()
    hall.line_up(*S)
    hall.line_up(*F, known=True)
    hall.pound.reload(known="equal")
    assert hall.finish() == ["/held", *IN_TURN]


@pytest.mark.parametrize("which", ["backend", "listener"])
def test_waiting_requests_of_a_killed_worker_block_neither_kind(open_hall, which):
    hall = open_hall(which, workers=4)
    hall.befriend(*FRIENDS)
    hall.pound.wait_grown_up()
    hall.hold()
    for target in S:
        hall.send(target)
    for target in F:
        hall.send(target, target.strip("/"))
    wait_until(lambda: hall.figures() == [(14, 5)], hall.figures)
    workers = hall.pound.workers()
    owners = {target: proc.owner_of_connection(workers, hall.pound.port, client.local_port)
              for target, client in hall.clients.items()}
    survivor = owners["/held"]
    for victim in set(owners.values()) - {survivor}:
        os.kill(victim, signal.SIGKILL)
    hall.pound.wait_workers(gone=set(owners.values()) - {survivor})
    hall.clients = {t: c for t, c in hall.clients.items() if owners[t] == survivor}
    hall.serve(10 + len(owners))  # the next ten, and those that a killed worker has sent
    assert set(hall.finish()) >= set(hall.clients)
    assert hall.figures() == [(0, 0)]
    for number in range(10):  # by any of the workers
        assert get(hall.pound.port, f"/after{number}").status == 200


def test_a_wave_of_strangers_costs_known_clients_a_fifth(open_hall):
    """60 strangers wait, then 20 known clients: before the last of these, four strangers."""
    hall = open_hall()
    known = targets("f", 20)
    hall.befriend(*(target.strip("/") for target in known))
    hall.hold()
    for target in targets("s", 60):
        hall.send(target)
    wait_until(lambda: hall.figures() == [(60, 60)], hall.figures)
    for target in known:
        hall.send(target, target.strip("/"))
    wait_until(lambda: hall.figures() == [(80, 60)], hall.figures)
    order = hall.finish()
    assert len(order) == 81
    until_last_known = order[1:max(order.index(target) for target in known) + 1]
    assert [target[1] for target in until_last_known] == [*("ffffs" * 4), *"ffff"]
