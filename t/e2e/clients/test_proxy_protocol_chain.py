"""ProxyProtocol together with ClientField and Clients: the address of the header is the peer's.

Whether the fields of a request are believed, and who may enter, depends on the address that the
header names and not on the balancer's. Here 127.0.0.1 is a TCP balancer, 192.0.2.128/25 are the
servers of a CDN in front of it, and everything else are clients.
"""

import pytest

from harness import Client, TlsClient, answer, get, reserve_port, response
from harness.config import tls_site
from harness.http2 import Http2
from harness.proxy_header import LOCAL, binary, line, raw

LISTENER = """
Client: 30; ProxyProtocol: true
ClientField: X-Forwarded-For
Clients: {Deny: [203.0.113.66, 192.0.2.66, 127.0.0.66]}
"""
CONFIG = tls_site("Workers: 1; TrustedProxies: [127.0.0.1, 192.0.2.128/25]",
                  listener=LISTENER + "Certificates: $pem",
                  plain=LISTENER + "Port: $plain\nProtocols: [h2c, http/1.1]")

CDN = "192.0.2.130"
CLIENT = "203.0.113.5"
DENIED = "203.0.113.66"


def patient(connection):
    """Answers with the fields about the client."""
    connection.sock.settimeout(None)
    answer(lambda received: response(
        f'{received.field("X-Forwarded-For")} {received.field("X-Forwarded-Proto")}'.encode())
           )(connection)


@pytest.fixture(scope="module", name="started")
def fixture_started(shared_site, certificates):
    plain = reserve_port()
    pound = shared_site.pound(CONFIG, web=shared_site.backend(script=patient).port, plain=plain,
                              pem=certificates["ec"].pem)
    return pound, plain


# What the header and X-Forwarded-For say, and who the client is.
CHAINS = [
    (line(CDN), CLIENT, CLIENT),
    (binary(CDN), CLIENT, CLIENT),
    (binary(CDN), f"198.51.100.1, {CLIENT}", CLIENT),
    (binary(CDN), f"{CLIENT}, 192.0.2.131", CLIENT),
    (line(CDN), None, CDN),
    (line(CDN), "what ever", CDN),
    (line(f"::ffff:{CDN}"), CLIENT, CLIENT),
    # A client that the balancer names is not believed what it says about itself.
    (line("198.51.100.9"), CLIENT, "198.51.100.9"),
    (binary("198.51.100.9"), "127.0.0.1", "198.51.100.9"),
    (binary("2001:db8::7"), CLIENT, "2001:db8::7"),
    # The balancer itself is trusted.
    (raw(LOCAL), CLIENT, CLIENT),
    (b"PROXY UNKNOWN\r\n", CLIENT, CLIENT),
    (raw(LOCAL), None, "127.0.0.1"),
]


@pytest.mark.parametrize("header, said, client", CHAINS)
def test_who_the_client_is(started, header, said, client):
    pound, plain = started
    fields = [] if said is None else [f"X-Forwarded-For: {said}"]
    before = pound.count_records()
    with Client(plain, first=header) as wire:
        answered = wire.ask("GET", "/", *fields).body.decode()
    with TlsClient(pound.port, first=header) as wire:
        secured = wire.ask("GET", "/", *fields).body.decode()
    for name in answered, secured:
        assert client in name, name
    assert [r["client"] for r in pound.wait_records(before + 2)[before:]] == [client] * 2


def test_one_connection_of_a_cdn_has_many_clients(started):
    pound, plain = started
    before = pound.count_records()
    clients = [f"203.0.113.{number}" for number in range(1, 11)]
    with Http2(plain, first=line(CDN)) as connection:
        for client in clients:
            connection.response(connection.request("GET", "/", ("x-forwarded-for", client)))
    with Client(plain, first=binary(CDN)) as wire:
        for client in clients:
            wire.ask("GET", "/", f"X-Forwarded-For: {client}")
    records = pound.wait_records(before + 20)[before:]
    assert [r["client"] for r in records] == clients * 2


@pytest.mark.parametrize("make", [line, binary])
def test_a_client_of_the_header_that_may_not_enter(started, make):
    pound, plain = started
    before = pound.count_records()
    with Client(plain, first=make("192.0.2.66")) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert wire.closes()
    record, = pound.wait_records(before + 1)[before:]
    assert (record["client"], record["status"], record["reason"]) == (
        "192.0.2.66", "403", "client_denied")


def test_a_denied_client_behind_a_cdn_behind_a_balancer(started):
    pound, plain = started
    before = pound.count_records()
    with Client(plain, first=line(CDN)) as wire:
        assert wire.ask("GET", "/", f"X-Forwarded-For: {DENIED}").status == 403
        assert wire.ask("GET", "/", f"X-Forwarded-For: {CLIENT}").status == 200
    records = pound.wait_records(before + 2)[before:]
    assert [(r["client"], r["reason"]) for r in records] == [
        (DENIED, "client_denied"), (CLIENT, None)]


def test_a_stranger_is_judged_without_a_header(started):
    pound, plain = started
    before = pound.count_records()
    with Client(plain, source="127.0.0.66") as wire:
        assert wire.closes()
    assert get(plain, "/", f"X-Forwarded-For: {CLIENT}", source="127.0.0.9").status == 200
    records = pound.wait_records(before + 2)[before:]
    assert [(r["client"], r["reason"]) for r in records] == [
        ("127.0.0.66", "client_denied"), ("127.0.0.9", None)]
