"""A failed TLS handshake, or plain HTTP on a TLS port, leaves one access record with a code.

A client that sends nothing, such as a port scanner, leaves no record.
"""

import socket
import ssl

import pytest

from harness import Client, TlsClient, client_context, request
from harness.config import tls_site

CONFIG = tls_site(listener="Client: $client; Certificates: $pem")


def start(site, certificates, *, client=30, args=("-F",)):
    return site.pound(CONFIG, web=site.backend().port, client=client, args=args,
                      pem=certificates["rsa"].pem)


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site, certificates):
    return start(shared_site, certificates)


def hello():
    """The first flight of a TLS client."""
    out = ssl.MemoryBIO()
    tls = client_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="www.example.com")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def send(port, data):
    with Client(port) as client:
        client.send(data)
        client.shut_write()
        client.read_until_close()


def no_common_cipher(port):
    with pytest.raises(ssl.SSLError):
        TlsClient(port, version="1.2", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")


def reset_inside(port):
    client = Client(port)
    client.send(hello())
    client.read_exactly(5)
    client.reset()


FAILURES = {
    "plain HTTP": (lambda port: send(port, request()), "400", "61", "plain_http"),
    "garbage": (lambda port: send(port, b"\0" * 64), "400", "-", "tls_handshake"),
    "no common cipher": (no_common_cipher, "400", "-", "tls_handshake"),
    "half a hello": (lambda port: send(port, hello()[:100]), "499", "-", "tls_closed"),
    "a hello and no more": (lambda port: send(port, hello()), "499", "-", "tls_closed"),
    "a reset": (reset_inside, "499", "-", "tls_closed"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_one_record_with_a_code(pound, name):
    fail, status, size, reason = FAILURES[name]
    before = pound.count_records()
    fail(pound.port)
    with TlsClient(pound.port) as client:
        assert client.ask("GET", "/after").status == 200
    first, second = pound.wait_records(before + 2)[before:]
    assert (first["status"], first["bytes"], first["reason"]) == (status, size, reason)
    assert (first["client"], first["request"], first["agent"]) == ("127.0.0.1", "-", "-")
    assert (first["service"], first["backend"]) == (f"127.0.0.1:{pound.port}", "-")
    assert second["request"] == "GET /after HTTP/1.1"


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_certificate_that_the_client_refuses(pound, tmp_path, certificates, version):
    before = pound.count_records()
    (tmp_path / "ca.pem").write_bytes(certificates["other"].cert.read_bytes())
    context = client_context(version)
    context.load_verify_locations(tmp_path / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with pytest.raises(ssl.SSLError):
        TlsClient(pound.port, context=context)
    record = pound.wait_records(before + 1)[before]
    assert (record["status"], record["reason"]) == ("400", "tls_handshake")


def test_a_client_that_stops_inside_the_handshake(site, certificates):
    pound = start(site, certificates, client=1)
    for data in (hello()[:50], hello()):
        site.client(pound.port).send(data)
    for record in pound.wait_records(2):
        assert (record["status"], record["reason"]) == ("408", "tls_timeout")


def test_a_scan_leaves_nothing(site, certificates):
    pound = start(site, certificates, client=1)
    for number in range(50):
        with socket.create_connection(("127.0.0.1", pound.port)) as sock:
            if number % 2:
                sock.shutdown(socket.SHUT_WR)
    silent = site.client(pound.port)
    assert silent.read_until_close() == b""
    no_common_cipher(pound.port)
    assert [r["reason"] for r in pound.wait_records(1)] == ["tls_handshake"]
