"""ProxyProtocol with TLS and HTTP/2: the header comes before the handshake or the preface."""

import ssl

import pytest

from harness import Client, TlsClient, answer, client_context, reserve_port, response
from harness.config import tls_site
from harness.http2 import Http2
from harness.proxy_header import LOCAL, binary, line, raw, tlv

LISTENER = "Client: $client; ProxyProtocol: true; "
CONFIG = tls_site("Workers: 1; TrustedProxies: 127.0.0.1",
                  listener=LISTENER + "Certificates: $pem",
                  plain=LISTENER + "Port: $plain; Protocols: [h2c, http/1.1]")

HEADERS = {"line": (line("192.0.2.7"), "192.0.2.7"),
           "binary": (binary("2001:db8::7", tlv(1, b"h2"), tlv(4, b"x" * 1000)), "2001:db8::7"),
           "LOCAL": (raw(LOCAL), "127.0.0.1")}


def patient(connection):
    """Answers with the address of the client."""
    connection.sock.settimeout(None)
    answer(lambda received: response(received.field("X-Forwarded-For").encode()))(connection)


def start(site, certificates, client=30):
    plain = reserve_port()
    pound = site.pound(CONFIG, web=site.backend(script=patient).port, plain=plain, client=client,
                       pem=certificates["ec"].pem)
    return pound, {False: plain, True: pound.port}


@pytest.fixture(scope="module", name="started")
def fixture_started(shared_site, certificates):
    return start(shared_site, certificates)


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_tls(started, version, name):
    pound, ports = started
    header, client = HEADERS[name]
    before = pound.count_records()
    with TlsClient(ports[True], version=version, first=header) as wire:
        for _ in range(2):
            assert wire.ask().body.decode() == client
    assert [r["client"] for r in pound.wait_records(before + 2)[before:]] == [client] * 2


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("tls", [False, True], ids=["h2c", "h2"])
def test_http2(started, tls, name):
    pound, ports = started
    header, client = HEADERS[name]
    before = pound.count_records()
    with Http2(ports[tls], tls=tls, first=header) as connection:
        streams = [connection.request() for _ in range(5)]
        assert [connection.response(s).body.decode() for s in streams] == [client] * 5
    assert [r["client"] for r in pound.wait_records(before + 5)[before:]] == [client] * 5


def test_http1_where_http2_is_spoken_too(started):
    _, ports = started
    with Client(ports[False], first=line("192.0.2.7")) as wire:
        assert wire.ask().body == b"192.0.2.7"


@pytest.mark.parametrize("segment", [1, 7, 100])
def test_header_and_hello_in_many_segments(started, segment):
    _, ports = started
    header = line("192.0.2.7")
    with TlsClient(ports[True], handshake=False) as wire:
        plain = wire.sock.sock
        for at in range(0, len(header), segment):
            plain.sendall(header[at:at + segment])
        wire.sock.segment = segment
        wire.sock.handshake()
        assert wire.ask().body == b"192.0.2.7"


def test_a_stranger_begins_with_the_handshake(started):
    _, ports = started
    with TlsClient(ports[True], source="127.0.0.9") as wire:
        assert wire.ask().body == b"127.0.0.9"
    with Http2(ports[True], tls=True, source="127.0.0.9") as connection:
        assert connection.ask().body == b"127.0.0.9"
    with pytest.raises((ssl.SSLError, OSError)):
        TlsClient(ports[True], source="127.0.0.9", first=line("192.0.2.7"))


def test_a_balancer_without_a_header(started):
    pound, ports = started
    before = pound.count_records()
    with pytest.raises((ssl.SSLError, OSError)):
        TlsClient(ports[True])
    with Client(ports[False]) as wire:
        wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert wire.closes()
    records = pound.wait_records(before + 2)[before:]
    assert [(r["client"], r["status"], r["reason"]) for r in records] == [
        ("127.0.0.1", "400", "proxy_header")] * 2


def test_a_header_inside_tls_is_no_header(started):
    _, ports = started
    with TlsClient(ports[True], first=line("192.0.2.7")) as wire:
        wire.send(line("192.0.2.8"))
        assert wire.ask().status == 400


def test_the_records_of_the_handshake_name_the_client(site, certificates):
    pound, ports = start(site, certificates, client=1)
    site.client(ports[True], first=line("192.0.2.7")).send(b"\x16\x03\x01")
    with Client(ports[True], first=line("192.0.2.8")) as wire:
        wire.send(b"\0" * 64)
        wire.read_until_close()
    found = sorted((r["client"], r["reason"]) for r in pound.wait_records(2))
    assert found == [("192.0.2.7", "tls_timeout"), ("192.0.2.8", "tls_handshake")]


def test_a_ticket_is_resumed_behind_any_header(started):
    _, ports = started
    context = client_context("1.3")
    session = None
    for number in 7, 8:
        with TlsClient(ports[True], context=context, session=session,
                       first=line(f"192.0.2.{number}")) as wire:
            assert wire.tls.session_reused == (session is not None)
            assert wire.ask().body.decode() == f"192.0.2.{number}"
            session = wire.tls.session
