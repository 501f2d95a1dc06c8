"""ProxyProtocol while headers come slowly, by halves or never, and while workers end.

Half a header is a whole client for the daemon: it has a time limit, costs little, and is in nobody's
way. It never becomes a request, so it leaves no record of one.
"""

import os
import random
import select
import signal
import time

import pytest

from harness import SANITIZED, Client, get, proc, response, scaled, wait_until
from harness.config import plain_site
from harness.proxy_header import binary, line, tlv

HEAVY = bool(os.environ.get("POUND_HEAVY"))
COUNT = 10000 if HEAVY else 1000

CONFIG = plain_site("Workers: $workers; TrustedProxies: 127.0.0.1; Grace: 30",
                    listener="Client: $client; ProxyProtocol: true")
LONG = binary("192.0.2.7", tlv(4, b"x" * 4000))
HALVES = [b"P", line("192.0.2.7")[:-1], LONG[:1], LONG[:20], LONG[:-1]]


def start(site, *, client=60, workers=1):
    backend = site.backend(lambda received: response(received.field("X-Forwarded-For").encode()))
    return site.pound(CONFIG, web=backend.port, client=client, workers=workers)


def ask(port, number=7):
    with Client(port, first=line(f"192.0.2.{number}")) as wire:
        return wire.ask().body.decode()


def halves(site, port, count):
    """Clients that have sent a part of a header."""
    made = []
    for number in range(count):
        wire = site.client(port)
        wire.send(HALVES[number % len(HALVES)])
        made.append(wire)
    return made


@pytest.mark.parametrize("client", [1, 2])
def test_a_trickle_ends_after_the_time_of_a_head(site, client):
    pound = start(site, client=client)
    wire = site.client(pound.port)
    begun = time.monotonic()
    sent = 0
    look = select.poll()
    look.register(wire.sock, select.POLLIN)
    while not look.poll(100):  # the pace: ten bytes in a second, and the header has 4031
        wire.send(LONG[sent:sent + 1])
        sent += 1
        assert time.monotonic() - begun < scaled(20)
    assert time.monotonic() - begun > client - 0.1
    assert sent < 1000
    record, = pound.wait_records(1)
    assert (record["status"], record["reason"]) == ("408", "proxy_header_timeout")


def test_many_halves_cost_little_and_end_in_time(site):
    pound = start(site, client=int(scaled(30 if HEAVY else 10)))
    pound.expect_no_leaked_fd()
    assert ask(pound.port) == "192.0.2.7"
    worker, = pound.workers()
    before = proc.rss(worker)
    made = halves(site, pound.port, COUNT)
    wait_until(lambda: len(proc.fds(worker)) > COUNT, "all to be accepted")
    assert ask(pound.port, 8) == "192.0.2.8"
    if not SANITIZED:  # a sanitizer keeps what was freed
        assert proc.rss(worker) - before < COUNT * 2048 + 2 ** 20
    for wire in made:
        assert wire.closes()
    records = pound.wait_records(COUNT + 2)
    reasons = [r["reason"] for r in records]
    assert (reasons.count(None), reasons.count("proxy_header_timeout")) == (2, COUNT)
    assert ask(pound.port, 9) == "192.0.2.9"


def test_resets_and_ends_at_any_place(site):
    pound = start(site, workers=2, client=5)
    pound.expect_no_leaked_fd()
    chance = random.Random(15)
    whole = [line("192.0.2.7"), LONG, line("192.0.2.7") + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]
    for number in range(COUNT // 2):
        wire = site.client(pound.port)
        bytes_ = chance.choice(whole)
        wire.send(bytes_[:chance.randrange(len(bytes_))])
        chance.choice([wire.reset, wire.shut_write, wire.close])()
        if number % 50 == 0:
            assert ask(pound.port) == "192.0.2.7"
    assert ask(pound.port) == "192.0.2.7"
    pound.wait_quiet()
    assert {r["reason"] for r in pound.records()} <= {
        None, "proxy_header", "client_closed", "head_timeout"}


def test_a_worker_is_killed_among_halves(site):
    pound = start(site, workers=2)
    made = halves(site, pound.port, 200)
    for _ in range(3):
        pound.kill_worker()
        assert ask(pound.port) == "192.0.2.7"
    pound.signal(signal.SIGTERM)
    for wire in made:
        assert wire.closes()
    assert {r["reason"] for r in pound.records()} == {None}


def test_a_reload_waits_a_while_for_the_rest(site):
    pound = start(site)
    old, = pound.workers()
    waiting, begun = site.client(pound.port), site.client(pound.port)
    begun.send(line("192.0.2.7")[:10])
    idle = halves(site, pound.port, 5)
    wait_until(lambda: len(set(proc.clients([old], pound.port)) - {0}) == 7, "seven clients")
    pound.reload()
    waiting.send(line("192.0.2.8"))
    begun.send(line("192.0.2.7")[10:])
    for wire, client in (waiting, "192.0.2.8"), (begun, "192.0.2.7"):
        answered = wire.ask()
        assert (answered.body.decode(), answered.field("Connection")) == (client, "close")
    for wire in idle:
        assert wire.closes()
    wait_until(lambda: not proc.is_alive(old), "the old worker to leave")
    assert [r["reason"] for r in pound.wait_records(2)] == [None] * 2


def test_a_reload_switches_headers_on_and_off(site):
    backend = site.backend(lambda received: response(received.field("X-Forwarded-For").encode()))
    with_headers = plain_site("TrustedProxies: 127.0.0.1",
                              listener="Client: 60; ProxyProtocol: $on")
    pound = site.pound(with_headers, web=backend.port, on="false")
    for on in "true", "false", "true":
        pound.reload(on=on)
        if on == "true":
            assert ask(pound.port) == "192.0.2.7"
        else:
            assert get(pound.port).body == b"127.0.0.1"
