"""TLS itself: versions, ciphers, ALPN, tickets, and failed handshakes."""

import os
import signal
import socket
import ssl
import string
import time

import pytest

from harness import (Client, TlsClient, client_context, request, reserve_port, response, run_pound,
                     s_client, wait_until)
from harness.config import tls_site

CONFIG = tls_site("Workers: 2", listener="Client: $client; Certificates: [$rsa, $other]; $more")


def start(site, certificates, *lines, client=10, args=("-F",)):
    return site.pound(CONFIG, web=site.backend(told).port, client=client, more="\n    ".join(lines),
                      rsa=certificates["rsa"].pem, other=certificates["other"].pem, args=args)


def told(asked):
    """A response with the fields that Pound added about TLS."""
    added = ("x-ssl", "x-forwarded-p")
    lines = [f"{n}={v}" for n, v in asked.fields if n.lower().startswith(added)]
    return response("\n".join(lines).encode())


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site, certificates):
    return start(shared_site, certificates)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_versions(pound, version):
    with TlsClient(pound.port, version=version) as client:
        lines = client.ask().body.decode().splitlines()
        assert client.tls.version() == f"TLSv{version}"
        assert f"X-SSL-Protocol=TLSv{version}" in lines
        assert f"X-SSL-Cipher={client.tls.cipher()[0]}" in lines
        assert "X-Forwarded-Proto=https" in lines
        assert f"X-Forwarded-Port={pound.port}" in lines
        assert client.tls.compression() is None


@pytest.mark.parametrize("option", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused(pound, option):
    said = s_client(pound.port, option, "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in said and "alert protocol version" in said


def test_min_tls(site, certificates):
    pound = start(site, certificates, "MinTLS: 1.3")
    with TlsClient(pound.port, version="1.3") as client:
        assert client.ask().status == 200
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        TlsClient(pound.port, version="1.2")


@pytest.mark.parametrize("spelling", [
    "ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384"])
def test_three_spellings_of_a_cipher(site, certificates, spelling):
    pound = start(site, certificates, f"Ciphers: [{spelling}]")
    with TlsClient(pound.port, version="1.2") as client:
        assert client.tls.cipher()[0] == "ECDHE-RSA-AES256-GCM-SHA384"
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        TlsClient(pound.port, version="1.2", ciphers="ECDHE-RSA-AES128-GCM-SHA256")


def test_ciphers_of_tls13(site, certificates):
    pound = start(site, certificates, "Ciphers: [TLS_CHACHA20_POLY1305_SHA256]")
    with TlsClient(pound.port, version="1.3") as client:
        assert client.tls.cipher()[0] == "TLS_CHACHA20_POLY1305_SHA256"


def check_ciphers(tmp_path, certificates, names):
    file = tmp_path / "pound.yaml"
    file.write_text(string.Template(CONFIG).substitute(
        web=reserve_port(), listen=reserve_port(), client=5, rsa=certificates["rsa"].pem,
        other=certificates["other"].pem, more=f"Ciphers: {names}"))
    return run_pound("-c", "-f", file)


def test_a_cipher_that_is_not_there(tmp_path, certificates):
    some = check_ciphers(tmp_path, certificates, "[ECDHE-RSA-AES256-GCM-SHA384, ROT13]")
    assert some.returncode == 0
    assert "warning:" in some.stdout + some.stderr and "ROT13" in some.stdout + some.stderr
    none = check_ciphers(tmp_path, certificates, "[ROT13]")
    assert none.returncode == 1
    assert "error:" in none.stdout + none.stderr and "cipher" in none.stdout + none.stderr


def test_default_ciphers_are_modern(pound):
    for weak in ("NULL", "aNULL", "CAMELLIA", "kRSA", "AES128-SHA", "ECDHE-RSA-AES128-SHA256"):
        said = s_client(pound.port, "-tls1_2", "-cipher", f"{weak}:@SECLEVEL=0")
        assert "Cipher is (NONE)" in said, weak


@pytest.mark.parametrize("offered, chosen", [(["http/1.1"], "http/1.1"), ([], None),
                                             (["http/1.0", "http/1.1"], "http/1.1")])
def test_alpn(pound, offered, chosen):
    with TlsClient(pound.port, context=client_context(alpn=offered)) as client:
        assert client.tls.selected_alpn_protocol() == chosen
        assert client.ask().status == 200


@pytest.mark.parametrize("offered", [["h2", "http/1.1"], ["http/1.1", "h2"], ["h2"]])
def test_alpn_prefers_http2(pound, offered):
    with TlsClient(pound.port, context=client_context(alpn=offered)) as client:
        assert client.tls.selected_alpn_protocol() == "h2"


def test_no_renegotiation(pound):
    said = s_client(pound.port, "-tls1_2", request=b"R\n")
    assert "Secure Renegotiation IS supported" in said
    assert "RENEGOTIATING" not in said or "no renegotiation" in said or "error" in said


# --- tickets --------------------------------------------------------------------------------------

def session_of(port, context, name="www.example.com"):
    with TlsClient(port, name, context=context) as client:
        assert client.ask(host=name).status == 200  # in TLS 1.3 it brings the ticket
        return client.tls.session


def is_resumed(port, context, session, name="www.example.com"):
    with TlsClient(port, name, context=context, session=session) as client:
        assert client.ask(host=name).status == 200
        return client.tls.session_reused


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_resumption_in_every_worker(pound, version):
    context = client_context(version)
    session = session_of(pound.port, context)
    assert all(is_resumed(pound.port, context, session) for _ in range(12))


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_resumption_after_the_death_of_all_workers(site, certificates, version):
    pound = start(site, certificates)
    context = client_context(version)
    session = session_of(pound.port, context)
    old = pound.workers()
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    pound.wait_workers(gone=old)
    assert is_resumed(pound.port, context, session)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_ticket_means_nothing_under_another_certificate(pound, version):
    context = client_context(version)
    session = session_of(pound.port, context)
    with TlsClient(pound.port, "other.example", context=context, session=session) as client:
        assert not client.tls.session_reused
        assert "other.example" in client.peer_names()


def test_a_ticket_of_another_daemon_means_nothing(site, pound, certificates):
    context = client_context("1.3")
    session = session_of(start(site, certificates).port, context)
    assert not is_resumed(pound.port, context, session)


def test_early_data_is_not_offered(pound):
    said = s_client(pound.port, "-tls1_3", request=b"GET / HTTP/1.0\r\n\r\n")
    assert "Max Early Data: 0" in said


# --- failed handshakes ----------------------------------------------------------------------------

def hello():
    """The first flight of a TLS client."""
    out = ssl.MemoryBIO()
    tls = client_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="www.example.com")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


@pytest.mark.parametrize("sent", [0, 1, 100, None])
def test_a_client_that_stops_is_closed_after_client(site, certificates, sent):
    pound = start(site, certificates, client=1)
    client = site.client(pound.port)
    client.send(hello()[:sent])
    begun = time.monotonic()
    client.read_until_close()
    assert 0.5 < time.monotonic() - begun < 5


def test_a_client_that_trickles_is_closed_after_client(site, certificates):
    pound = start(site, certificates, client=1)
    client = site.client(pound.port)
    client.sock.settimeout(0.2)
    begun = time.monotonic()
    for byte in hello():
        try:
            client.sock.send(bytes([byte]))
            if client.sock.recv(1) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    assert 0.5 < time.monotonic() - begun < 5


@pytest.mark.parametrize("data", [
    request(), request("POST", body=b"a" * 1000), b"HEAD / HTTP/1.0\r\n\r\n", b"GET /\r\n"])
def test_plain_http_gets_a_page(pound, data):
    with Client(pound.port) as client:
        client.send(data)
        answer = client.read_response()
        assert answer.status == 400
        assert b"HTTPS" in answer.body
        assert client.closes()


@pytest.mark.parametrize("data", [b"\0" * 64, b"\x16\x03\x01\xff\xff" + b"a" * 64,
                                  b"\x80\x2e\x01\0\x02", bytes(range(255, 0, -1))])
def test_garbage_is_closed(pound, data):
    with Client(pound.port) as client:
        client.send(data)
        client.shut_write()
        assert b"HTTP" not in client.read_until_close()


def test_a_failed_handshake_is_logged_once(site, certificates):
    pound = start(site, certificates, args=("-F", "-d", "1"))
    with pytest.raises(ssl.SSLError):
        TlsClient(pound.port, version="1.2", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    lines = pound.wait_log("TLS handshake")
    assert len(lines) == 1 and "127.0.0.1" in lines[0] and "no shared cipher" in lines[0]
    with Client(pound.port) as client:  # a client that sends nothing is not a failure
        client.shut_write()
        client.read_until_close()
    assert len(pound.wait_log("TLS handshake")) == len(pound.wait_records(1)) == 1


def test_close_notify_is_sent(pound):
    with TlsClient(pound.port) as client:
        assert client.ask("GET", "/", "Connection: close").status == 200
        assert client.closes()
        assert client.sock.notified


def test_no_descriptor_is_left_by_failed_handshakes(site, certificates):
    pound = start(site, certificates, client=1)
    session_of(pound.port, client_context())
    pound.expect_no_leaked_fd()
    first = hello()
    for size in range(0, len(first), 40):
        with socket.create_connection(("127.0.0.1", pound.port)) as sock:
            sock.sendall(first[:size])
    wait_until(lambda: session_of(pound.port, client_context()), "Pound to serve after all that")
