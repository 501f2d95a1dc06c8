"""The client behind a proxy, not the proxy, has the session and the share of the slots."""

import threading

from harness import Client, get, request, response, wait_until
from harness.config import plain_site
from harness.status import read_status

CONFIG = plain_site(
    "Workers: 1; TrustedProxies: [127.0.0.1]", backends={"one": "", "two": ""}, services="""
    - Session: {Type: IP, TTL: 60}
      Backends: [*one, *two]
    """)


def test_each_client_has_a_session_of_its_own(site):
    one, two = (site.backend(lambda _, name=name: response(name)) for name in (b"one", b"two"))
    pound = site.pound(CONFIG, one=one.port, two=two.port)
    served = {}
    with Client(pound.port) as proxy:
        for _ in range(3):
            for number in range(40):
                got = proxy.ask("GET", "/", f"X-Forwarded-For: 198.51.100.{number}")
                served.setdefault(number, set()).add(got.body)
    assert all(len(backends) == 1 for backends in served.values()), served
    assert set.union(*served.values()) == {b"one", b"two"}


def test_a_stranger_cannot_choose_a_session(site):
    one, two = (site.backend(lambda _, name=name: response(name)) for name in (b"one", b"two"))
    pound = site.pound(CONFIG, one=one.port, two=two.port)
    served = {get(pound.port, "/", f"X-Forwarded-For: 198.51.100.{number}",
                  source="127.0.0.9").body for number in range(40)}
    assert len(served) == 1


def test_a_client_with_half_of_the_slots_lets_others_of_its_proxy_pass(site):
    turns = threading.Semaphore(0)

    def handler(asked):
        if asked.target == "/hold":
            turns.acquire()
        return response()

    backend = site.backend(handler)
    pound = site.pound(plain_site("Workers: 1; TrustedProxies: [127.0.0.1]",
                                  listener="Threads: 2"), web=backend.port)

    def ask(target, client):
        proxy = site.client(pound.port)
        proxy.send(request("GET", target, f"X-Forwarded-For: {client}"))
        return proxy

    def wait_waiting(count):
        wait_until(lambda: sum(one["waiting"] for one in read_status(pound).all("listener"))
                   == count, f"{count} requests to wait")

    hogs = [ask("/hold", "198.51.100.1") for _ in range(6)]
    wait_waiting(4)
    other = ask("/page", "198.51.100.2")
    wait_waiting(5)
    turns.release()
    assert other.read_response().status == 200
    assert [one.target for one in backend.requests[:3]] == ["/hold", "/hold", "/page"]
    for _ in hogs:
        turns.release()
    assert [client.read_response().status for client in hogs] == [200] * 6
