"""Limits on the connections of a client (`Connections` of a listener's `Limit`)."""

import os
import signal

from harness import Closed, proc, wait_until
from harness.config import plain_site
from harness.http2 import Http2
from harness.status import read_status


def site_with(limit, more="", workers=4, settings=""):
    return plain_site(f"Workers: {workers}; {settings}".rstrip("; "),
                      listener=f"Limit: {limit}; {more}".rstrip("; "))


def ask(client):
    """The status of a response, or None on a connection that is closed instead."""
    try:
        return client.ask("GET", "/").status
    except (Closed, ConnectionError):
        return None


def ask_anew(site, pound, source=None):
    client = site.client(pound.port, source=source)
    status = ask(client)
    if status is None:
        client.close()
    return client, status


def statuses(site, pound, count, source=None):
    return [ask_anew(site, pound, source)[1] for _ in range(count)]


def wait_for_room(site, pound):
    """Tries until a connection is let in, and returns it."""
    def let_in():
        client, status = ask_anew(site, pound)
        return status == 200 and client
    return wait_until(let_in, "a connection that is let in")


def test_connections_up_to_the_limit_and_one_more(site):
    pound = site.pound(site_with("{Connections: 3}"), web=site.backend().port)
    clients = [site.client(pound.port) for _ in range(3)]
    assert [ask(client) for client in clients] == [200] * 3
    assert site.client(pound.port).closes()  # without a word
    assert [ask(client) for client in clients] == [200] * 3
    record, = [r for r in pound.wait_records(7) if r["status"] == "429"]
    assert (record["client"], record["request"], record["reason"], record["bytes"]) == (
        "127.0.0.1", "-", "connection_limit", "-")
    assert ask(site.client(pound.port, source="127.0.0.2")) == 200
    limit = read_status(pound).one("limit")
    assert (limit["passed"], limit["over"], limit["connections_over"]) == (0, 0, 1)


def test_a_connection_that_ends_makes_room_for_one(site):
    pound = site.pound(site_with("{Connections: 3}"), web=site.backend().port)
    clients = [site.client(pound.port) for _ in range(3)]
    assert [ask(client) for client in clients] == [200] * 3
    for client in list(clients):
        client.close()
        clients.append(wait_for_room(site, pound))
        assert statuses(site, pound, 2) == [None, None]


def test_a_thousand_connections_after_each_other_leave_no_count(site):
    pound = site.pound(site_with("{Connections: 8}"), web=site.backend().port)
    for _ in range(1000):
        client, _ = ask_anew(site, pound)
        client.close()
    pound.wait_quiet()
    assert statuses(site, pound, 9) == [200] * 8 + [None]


def test_the_network_of_a_mask_is_one_client(site):
    limit = "[{Connections: 2}, {Connections: 3, Mask4: 24}]"
    pound = site.pound(site_with(limit), web=site.backend().port)
    assert statuses(site, pound, 3, "127.0.5.1") == [200, 200, None]
    assert statuses(site, pound, 3, "127.0.5.2") == [200, None, None]
    assert statuses(site, pound, 1, "127.0.6.2") == [200]
    # What the second limit refused does not count at the first.
    assert read_status(pound).one("limit", number=2)["connections_over"] == 2


def test_rate_and_connections_in_one_limit(site):
    pound = site.pound(site_with("{Connections: 2, Rate: 1, Per: 3600, Burst: 3}"),
                       web=site.backend().port)
    first, second = (site.client(pound.port) for _ in range(2))
    assert [ask(one) for one in (first, second, first, second)] == [200, 200, 200, 429]
    assert statuses(site, pound, 1) == [None]


def test_observed_connections_are_let_in(site):
    pound = site.pound(site_with("{Connections: 2, Mode: observe}"), web=site.backend().port)
    assert statuses(site, pound, 5) == [200] * 5
    lines = pound.wait_log("Limit 1 observes")
    assert lines[0].endswith(f"listener 127.0.0.1:{pound.port}: Limit 1 observes: client 127.0.0.1 "
                             "has too many connections")
    status = read_status(pound)
    assert status.one("limit")["connections_over"] == 3
    assert status.one("client") == {"object": "client", "address": "127.0.0.1", "over": 3,
                                    "over_error": 0}


def test_a_trusted_proxy_has_as_many_connections_as_it_wants(site):
    config = site_with("{Connections: 1}", "TrustedProxies: 127.0.0.2")
    pound = site.pound(config, web=site.backend().port)
    assert statuses(site, pound, 4, "127.0.0.2") == [200] * 4
    assert statuses(site, pound, 2, "127.0.0.3") == [200, None]


def test_a_connection_of_http2_counts_once(site):
    pound = site.pound(site_with("{Connections: 2}", "Protocols: [h2c, http/1.1]"),
                       web=site.backend().port)
    clients = [site.add_client(Http2(pound.port)) for _ in range(2)]
    assert [client.ask().status for client in clients] == [200, 200]
    assert statuses(site, pound, 1) == [None]
    clients[0].close()
    wait_for_room(site, pound)
    assert statuses(site, pound, 1) == [None]
    assert clients[1].ask().status == 200


def test_the_connections_of_a_killed_worker_count_no_more(site):
    pound = site.pound(site_with("{Connections: 6}"), web=site.backend().port)
    for _ in range(3):
        assert statuses(site, pound, 7) == [200] * 6 + [None]
        workers = pound.workers()
        pound.wait_grown_up()
        for victim in workers:
            os.kill(victim, signal.SIGKILL)
        pound.wait_workers(gone=workers)
        wait_until(lambda gone=workers: not any(proc.is_alive(pid) for pid in gone), "their end")


def test_a_reload_counts_the_connections_of_old_workers(site):
    pound = site.pound(site_with("{Connections: 4}", "Client: 60"), web=site.backend().port)
    old = [site.client(pound.port) for _ in range(3)]
    assert [ask(client) for client in old] == [200] * 3
    requests = [site.client(pound.port) for _ in range(1)]
    requests[0].send(b"GET / HTTP/1.1\r\nHost: a\r\n")  # in the middle of a head
    pound.reload()
    assert statuses(site, pound, 1) == [None]
    for client in old:
        client.close()
    wait_for_room(site, pound)
