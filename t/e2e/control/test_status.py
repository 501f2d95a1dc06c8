"""SIGUSR1 dumps the state into the log. The tests compare every figure with the traffic."""

import os
import pathlib
import signal
import threading
import time

import pytest

from harness import TIMEOUT, Client, get, request, reserve_port, response, wait_until
from harness.config import another_listener, plain_site
from harness.status import read_status

CONFIG = plain_site(
    "Workers: 2; MaxSessions: 2000",
    backends={"one": "Threads: 5", "two": "", "gone": "Threads: 8"}, listener="Threads: 7; Buffer: 0",
    services="""
    - URL: "^/sticky"
      Session:
        Type: COOKIE
        ID: sid
        TTL: 300
      Backends: [*one, *two]
    - URL: "^/gone"
      Backends: [*gone]
    - URL: "^/moved"
      Redirect: "http://example.com"
    - URL: "^/two"
      Backends: [*two]
""") + another_listener("Port: $other; Client: 1", """
    - URL: "^/two"
      Session: 300
      Backends: [*two]
""")


class Desk:
    """Backends, a daemon with CONFIG, and the counts of the requests sent so far."""

    def __init__(self, site, handler=None):
        self.one, self.two = site.backend(handler), site.backend(handler)
        self.other, self.gone = reserve_port(), reserve_port()
        self.pound = site.pound(CONFIG, one=self.one.port, two=self.two.port, gone=self.gone,
                                other=self.other)
        self.asked = {}

    def ask(self, target, *fields, times=1, port=None, status=200, service=None):
        port = port or self.pound.port
        for _ in range(times):
            assert get(port, target, *fields).status == status
        self.count(f"127.0.0.1:{port}", times)
        if service:
            self.count(f"127.0.0.1:{port}/{service}", times)

    def count(self, what, times):
        self.asked[what] = self.asked.get(what, 0) + times

    def refuse(self, data, status, times=1, port=None):
        port = port or self.pound.port
        for _ in range(times):
            with Client(port) as client:
                client.send(data)
                assert client.read_response().status == status
        self.count(f"127.0.0.1:{port}", times)


@pytest.fixture(name="desk")
def fixture_desk(site):
    return Desk(site)


def expect(status, desk):
    """Compares all counters with the requests that the desk has sent."""
    told = {o["address"]: o["requests"] for o in status.all("listener")}
    total = sum(told.values())
    assert status.one("process")["requests"] == total
    told.update({o["name"]: o["requests"] for o in status.all("service")})
    assert {key: n for key, n in told.items() if n} == desk.asked
    for name, backend in (("one", desk.one), ("two", desk.two)):
        assert status.one("backend", name=name)["requests"] == len(backend.requests), name
    return total


CLASSES = [f"status_{first}xx" for first in range(1, 6)]


def test_every_line_has_its_keys_in_order(desk):
    desk.ask("/two", service=4)
    status = read_status(desk.pound)
    keys = {}
    for found in status.objects:
        assert keys.setdefault(found["object"], list(found)) == list(found)
    # A sample of requests: whether a client is in it depends on the tests before.
    assert keys.pop("busy_client", None) in (
        None, ["object", "address", "requests", "requests_error"])
    assert [o["object"] for o in status.objects if o["object"] != "busy_client"] == [
        "process", "worker", "worker", "listener", "listener", *["service"] * 5,
        *["backend"] * 3, "sessions", "end"]
    assert keys == {
        "process": ["object", "version", "pid", "generation", "uptime_s", "workers", "listeners",
                    "services", "backends", "clients", "requests", "p50_ms", "p99_ms",
                    "segment", "admin", "admin_by", "admin_since_s"],
        "worker": ["object", "slot", "pid", "generation", "state", "clients", "requests",
                   "heartbeat_ms", "log_dropped", "restarts", "doing", "buffered",
                   "buffer_memory"],
        "listener": ["object", "address", "in_service", "waiting", "waiting_strangers", "limit",
                     "requests", "streams", "max_streams", "connections", "bytes_in",
                     "bytes_out", "tls_handshakes", "tls_resumptions", *CLASSES, "refused"],
        "service": ["object", "name", "requests", "sessions", "strangers", "retries",
                    "retries_refused", *CLASSES, "admin", "admin_by", "admin_since_s"],
        "backend": ["object", "name", "address", "state", "since_s", "reason", "in_flight",
                    "limit", "waiting", "waiting_strangers", "requests", "failures", "tls_verify",
                    "tls_handshake", "p50_ms", "p99_ms", "last_probe_s", "share",
                    "ejected_s", "check", "check_s", *CLASSES, "deaths", "ejections", "admin",
                    "admin_by", "admin_since_s", "weight"],
        "sessions": ["object", "used", "capacity", "evicted", "recovered", "stored", "room",
                     "wiped"],
        "end": ["object", "lines", "omitted"]}


def test_what_does_not_change(desk):
    status = read_status(desk.pound)
    process = status.one("process")
    assert (process["pid"], process["generation"], process["segment"]) == (
        desk.pound.master, 1, "intact")
    assert (process["workers"], process["listeners"], process["services"],
            process["backends"]) == (2, 2, 5, 3)
    workers = status.all("worker")
    assert {o["pid"] for o in workers} == set(desk.pound.workers())
    assert [o["slot"] for o in workers] == [0, 1]
    assert all((o["state"], o["generation"], o["log_dropped"], o["restarts"]) == ("ready", 1, 0, 0)
               for o in workers)
    assert all(o["heartbeat_ms"] < TIMEOUT * 1000 for o in workers)
    assert [o["limit"] for o in status.all("listener")] == [7, 0]
    assert {o["name"]: (o["address"], o["limit"]) for o in status.all("backend")} == {
        "one": (f"127.0.0.1:{desk.one.port}", 5), "two": (f"127.0.0.1:{desk.two.port}", 0),
        "gone": (f"127.0.0.1:{desk.gone}", 8)}
    assert all((o["state"], o["reason"], o["p50_ms"], o["p99_ms"], o["last_probe_s"]) ==
               ("live", "-", "-", "-", "-") for o in status.all("backend"))
    assert status.one("sessions")["capacity"] == 2000


def test_requests_of_everything_agree_with_what_was_sent(desk):
    desk.ask("/two", times=11, service=4)
    desk.ask("/moved", times=3, status=302, service=3)
    desk.ask("/nowhere", times=4, status=404)
    desk.ask("/two", times=6, port=desk.other, service=1)
    for i in range(5):
        desk.ask("/sticky", f"Cookie: sid=s{i}", times=2, service=1)
    desk.ask("/gone", times=2, status=503, service=2)
    status = read_status(desk.pound)
    total = expect(status, desk)
    assert sum(o["requests"] for o in status.all("worker")) == total == 36

    sessions = {o["name"]: o["sessions"] for o in status.all("service") if o["sessions"]}
    assert sessions == {f"127.0.0.1:{desk.pound.port}/1": 5, f"127.0.0.1:{desk.other}/1": 1}
    table = status.one("sessions")
    assert (table["used"], table["stored"], table["evicted"], table["recovered"]) == (6, 6, 0, 0)

    gone = status.one("backend", name="gone")
    assert (gone["state"], gone["reason"], gone["failures"], gone["requests"]) == (
        "dead", "refused", 1, 0)
    assert gone["since_s"] <= status.one("process")["uptime_s"] + 1
    for name in ("one", "two"):
        assert status.one("backend", name=name)["failures"] == 0


def test_refusals_by_reason_agree_with_what_was_sent(desk):
    desk.ask("/two", service=4)
    desk.ask("/two", port=desk.other, service=1)
    desk.refuse(b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400, times=3)
    desk.refuse(request("TRACE"), 405, times=2)
    desk.refuse(request(host=None), 400, times=1)
    desk.refuse(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n", 400, times=4, port=desk.other)
    with Client(desk.other) as slow:  # refused because it is slow, not because it is invalid
        slow.send(b"GET / HTTP")
        assert slow.read_response().status == 408
    desk.count(f"127.0.0.1:{desk.other}", 1)

    status = read_status(desk.pound)
    expect(status, desk)
    refused = [{key: n for key, n in o.items() if key.startswith("refused")}
               for o in status.all("listener")]
    assert refused == [
        {"refused": 6, "refused_bare_lf": 3, "refused_method_refused": 2,
         "refused_host_missing": 1},
        {"refused": 4, "refused_cl_te": 4}]
    reasons = [r["reason"] for r in desk.pound.wait_records(13) if r["reason"]]
    assert sorted(reasons) == sorted(["bare_lf"] * 3 + ["method_refused"] * 2 + ["host_missing"] +
                                     ["cl_te"] * 4 + ["head_timeout"])


def test_a_response_that_is_not_understood_is_counted_twice(site):
    """The response counts as a failure of the backend and as a refusal of the listener."""
    desk = Desk(site, lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
    desk.ask("/two", times=2, status=502, service=4)
    status = read_status(desk.pound)
    assert status.one("backend", name="two")["failures"] == 2
    listener = status.one("listener", address=f"127.0.0.1:{desk.pound.port}")
    assert (listener["refused"], listener["refused_response_cl_invalid"]) == (2, 2)


def test_nothing_is_lost_with_a_worker(desk):
    slots = {o["pid"]: o["slot"] for o in read_status(desk.pound).all("worker")}
    victims = []
    for _ in range(3):
        desk.pound.wait_grown_up()
        for i in range(6):
            desk.ask("/sticky", f"Cookie: sid=s{i}", service=1)
        desk.refuse(request("TRACE"), 405)
        victims.append(desk.pound.workers()[0])
        slots.update({o["pid"]: o["slot"] for o in read_status(desk.pound).all("worker")})
        os.kill(victims[-1], signal.SIGKILL)
        desk.pound.wait_workers(gone=victims)
        status = read_status(desk.pound)
        expect(status, desk)
        listener = status.one("listener", address=f"127.0.0.1:{desk.pound.port}")
        assert listener["refused_method_refused"] == listener["refused"] == len(victims)
        assert status.one("service", name=f"127.0.0.1:{desk.pound.port}/1")["sessions"] == 6
        restarts = {o["slot"]: o["restarts"] for o in status.all("worker")}
        deaths = [slots[pid] for pid in victims]
        assert restarts == {slot: deaths.count(slot) for slot in (0, 1)}


def test_nothing_is_lost_with_a_reload(desk):
    """Counters belong to the thing, not to its position; its name is the new one."""
    pound = desk.pound
    for i in range(5):
        desk.ask("/sticky", f"Cookie: sid=s{i}", service=1)
    desk.ask("/two", times=7, service=4)
    desk.refuse(request("TRACE"), 405)
    # The 14th request, the eighth for /two. It keeps an old worker running.
    held = hold_request(pound)
    old_workers = set(pound.workers())

    listener = f"127.0.0.1:{pound.port}"
    moved = '      - URL: "^/two"\n        Backends: [*two]\n'
    text = pound.config_file.read_text().replace(moved, "", 1)
    pound.config_file.write_text(text.replace("    Services:\n", "    Services:\n" + moved, 1))
    pound.signal(signal.SIGHUP)
    pound.wait_log(r"generation 2 active")
    status = read_status(pound)
    assert status.one("process")["generation"] == 2
    states = {(o["generation"], o["state"]) for o in status.all("worker")}
    assert {(1, "draining"), (2, "ready")} == states
    assert {o["pid"] for o in status.all("worker") if o["generation"] == 1} <= old_workers

    # The first service is now the second, and the fourth is the first.
    told = {o["name"]: o["requests"] for o in status.all("service")}
    assert (told[f"{listener}/1"], told[f"{listener}/2"]) == (8, 5)
    assert status.one("service", name=f"{listener}/2")["sessions"] == 5
    assert status.one("listener", address=listener)["refused_method_refused"] == 1
    assert status.one("listener", address=listener)["requests"] == 14
    before = len(desk.one.requests), len(desk.two.requests)
    for i in range(5):
        assert get(pound.port, "/sticky", f"Cookie: sid=s{i}").status == 200
    status = read_status(pound)
    assert status.one("service", name=f"{listener}/2")["requests"] == 10
    assert status.one("service", name=f"{listener}/2")["sessions"] == 5
    for name, backend, count in (("one", desk.one, before[0]), ("two", desk.two, before[1])):
        assert status.one("backend", name=name)["requests"] == len(backend.requests) >= count
    held.close()


def hold_request(pound):
    """A client with a request in service."""
    client = Client(pound.port)
    client.send(b"POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12")
    wait_until(lambda: any(o["in_service"] for o in read_status(pound).all("listener")),
               "a request in service")
    return client


def test_requests_in_service_and_waiting_are_shown_while_they_are(site):
    go_on = threading.Event()

    def hold(_):
        assert go_on.wait(TIMEOUT)
        return response()

    desk = Desk(site, hold)
    clients = [site.client(desk.pound.port) for _ in range(9)]
    clients += [site.client(desk.other) for _ in range(2)]
    for client in clients:
        client.send(request("GET", "/two"))

    def waiting():
        found = read_status(desk.pound)
        first, second = found.all("listener")
        two = found.one("backend", name="two")
        return (first["in_service"], first["waiting"], second["in_service"],
                two["in_flight"], two["waiting"]) == (7, 2, 2, 9, 0) and found
    status = wait_until(waiting, lambda: "\n".join(read_status(desk.pound).lines))
    assert sum(o["clients"] for o in status.all("worker")) == 11
    assert status.one("process")["clients"] == 11
    go_on.set()
    for client in clients:
        assert client.read_response().status == 200

    def idle():
        found = read_status(desk.pound)
        return (all(o["in_service"] == o["waiting"] == 0 for o in found.all("listener")) and
                all(o["in_flight"] == o["waiting"] == 0 for o in found.all("backend")))
    wait_until(idle, lambda: "\n".join(read_status(desk.pound).lines))


def test_streams_and_bodies_that_are_held_are_shown_while_they_are(site):
    answers = {
        "/two/tunnel": response(b"", "Connection: upgrade", "Upgrade: x", length=False,
                                status="101 Switching Protocols"),
        "/two/events": b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       b"Content-Length: 5\r\n\r\n",
    }
    desk = Desk(site, lambda received: answers[received.target])
    clients = [site.client(desk.other) for _ in range(4)]
    clients[0].send(request("GET", "/two/tunnel", "Connection: upgrade", "Upgrade: x"))
    clients[1].send(request("GET", "/two/events"))
    for client, size in ((clients[2], 60000), (clients[3], 5000)):
        client.send(request("POST", "/two", f"Content-Length: {size}") + b"begun")

    def figures():
        found = read_status(desk.pound)
        workers = found.all("worker")
        assert {o["buffer_memory"] for o in workers} == {64 << 20}
        first, second = found.all("listener")
        assert (first["max_streams"], second["max_streams"]) == (1024, 1024)
        return first["streams"], second["streams"], sum(o["buffered"] for o in workers)
    wait_until(lambda: figures() == (0, 2, 65000), lambda: str(figures()))
    for client in clients:
        client.close()
    wait_until(lambda: figures() == (0, 0, 0), lambda: str(figures()))


def test_a_full_backend_shows_its_waiting_requests(site):
    go_on = threading.Event()

    def hold(_):
        assert go_on.wait(TIMEOUT)
        return response()

    desk = Desk(site, hold)
    clients = [site.client(desk.pound.port) for _ in range(7)]
    for client in clients:  # one session, so all requests go to one backend
        client.send(request("GET", "/sticky", "Cookie: sid=a"))

    def waiting():
        one, two = (read_status(desk.pound).one("backend", name=name) for name in ("one", "two"))
        return ((one["in_flight"], one["waiting"]) == (5, 2) or
                (two["in_flight"], two["waiting"]) == (7, 0))
    wait_until(waiting, lambda: "\n".join(read_status(desk.pound).lines))
    go_on.set()
    for client in clients:
        assert client.read_response().status == 200


def test_response_times(site):
    """One of 20 responses takes half a second; the median is that of the others."""
    def answer(received):
        if received.target == "/two/slow":
            time.sleep(0.5)  # justified: this is the response time that Pound measures
        return response()

    desk = Desk(site, answer)
    desk.ask("/two/slow", service=4)
    two = read_status(desk.pound).one("backend", name="two")
    assert two["p50_ms"] == two["p99_ms"]
    assert float(two["p50_ms"]) >= 500 * 0.87
    desk.ask("/two", times=19, service=4)
    two = read_status(desk.pound).one("backend", name="two")
    assert float(two["p50_ms"]) < float(two["p99_ms"]) >= 500 * 0.87
    assert read_status(desk.pound).one("backend", name="one")["p50_ms"] == "-"


def test_a_probe_is_told_of(site):
    config = CONFIG.replace("Workers: 2", "Workers: 2\n  Alive: 1")
    gone = reserve_port()
    pound = site.pound(config, one=site.backend().port, two=site.backend().port, gone=gone,
                       other=reserve_port())
    assert get(pound.port, "/gone").status == 503
    probed = wait_until(
        lambda: (found := read_status(pound).one("backend", name="gone"))["last_probe_s"] != "-"
        and found, "a probe")
    assert probed["state"] == "dead" and probed["last_probe_s"] <= probed["since_s"]
    assert all(o["last_probe_s"] == "-" for o in read_status(pound).all("backend")
               if o["name"] != "gone")


def test_a_dump_is_a_matter_of_the_master_alone(site):
    """The dump shows a stopped worker as it is, and the other worker serves."""
    desk = Desk(site)
    stopped = desk.pound.workers()[0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        status = wait_until(
            lambda: (found := read_status(desk.pound)) and
            found.one("worker", pid=stopped)["heartbeat_ms"] >= 1000 and found, "an old heartbeat")
        other = next(o for o in status.all("worker") if o["pid"] != stopped)
        assert other["heartbeat_ms"] < status.one("worker", pid=stopped)["heartbeat_ms"]
    finally:
        os.kill(stopped, signal.SIGCONT)


def test_memory_of_a_small_daemon_does_not_grow(desk):
    """A dump reads all tables. Unused pages must not become resident."""
    def resident():
        text = pathlib.Path(f"/proc/{desk.pound.master}/status").read_text(encoding="ascii")
        return int(text.split("RssShmem:")[1].split()[0])
    before = resident()
    for _ in range(3):
        read_status(desk.pound)
    assert resident() - before <= 256
