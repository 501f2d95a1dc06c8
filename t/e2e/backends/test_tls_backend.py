"""TLS to backends: whom Pound trusts, what it shows, what it keeps, and how failures end."""

import hashlib
import ssl

import pytest

from harness import Client, get, request, reserve_port, response
from harness.config import plain_site
from harness.status import read_status


@pytest.fixture(name="context", scope="module")
def fixture_context(certificates):
    """Makes the settings of a TLS backend."""
    def make(certificate="ec", least=None, most=None):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        pem = getattr(certificate, "pem", None) or certificates[certificate].pem
        made.load_cert_chain(pem)
        made.minimum_version = least or ssl.TLSVersion.TLSv1_2
        made.maximum_version = most or ssl.TLSVersion.TLSv1_3
        made.names = []
        made.sni_callback = lambda _, name, __: made.names.append(name)
        return made
    return make


@pytest.fixture(name="start")
def fixture_start(site, authority):
    """A daemon with one TLS backend, `settings` of whose TLS may name $ca."""
    def start(tls, settings, backend_settings="", **how):
        backend = site.backend(how.pop("handler", None) or (lambda _: response(b"hello")), tls=tls,
                               **how)
        lines = f"TLS: {settings}" + ("; " + backend_settings if backend_settings else "")
        pound = site.pound(plain_site(backends={"web": lines}), ca=authority.root.cert,
                           web=backend.port)
        return pound, backend
    return start


def post(port, target, body):
    with Client(port) as client:
        return client.ask("POST", target, body=body)


TRUSTED = "{CA: $ca, Name: www.example.com}"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("certificate", ["ec", "rsa"])
def test_a_request_over_tls(start, context, certificate, version):
    tls = context(certificate, version, version)
    pound, backend = start(tls, TRUSTED)
    assert get(pound.port, "/a").body == b"hello"
    assert [r.start_line for r in backend.requests] == ["GET /a HTTP/1.1"]
    assert tls.names == ["www.example.com"]
    assert backend.connections[0].sock.selected_alpn_protocol() is None
    assert read_status(pound).one("backend", name="web")["tls_verify"] == 0


TRUST = {
    "the name of the certificate": ("ec", TRUSTED, None),
    "a wildcard": ("wild", "{CA: $ca, Name: a.example.net}", None),
    "not checked": ("other", "{Verify: false}", None),
    "another name": ("ec", "{CA: $ca, Name: mail.example.com}", "hostname mismatch"),
    "a wildcard for two labels": ("wild", "{CA: $ca, Name: a.b.example.net}", "hostname mismatch"),
    "the address by default": ("ec", "{CA: $ca}", "IP address mismatch"),
    "an unknown authority": ("ec", "{Name: www.example.com}",
                             "self-signed certificate in certificate chain|"
                             "unable to get local issuer certificate"),
}


@pytest.mark.parametrize("case", TRUST)
def test_whom_pound_trusts(start, context, case):
    certificate, settings, why = TRUST[case]
    pound, backend = start(context(certificate), settings)
    answer = get(pound.port)
    if why is None:
        assert (answer.status, answer.body) == (200, b"hello")
        return
    assert answer.status == 502
    assert pound.wait_record("/")["reason"] == "tls_verify"
    said = pound.wait_log(rf"backend web \(.*\): TLS failed \(tls_verify\): "
                          rf"certificate verify failed: ({why})")
    assert len(said) == 1
    assert backend.requests == []
    told = read_status(pound).one("backend", name="web")
    assert (told["state"], told["failures"], told["tls_verify"], told["tls_handshake"]) == (
        "live", 1, 1, 0)


def test_an_expired_certificate(start, context, authority):
    pound, backend = start(context(authority.issue("old", "www.example.com", expired=True)),
                           TRUSTED)
    assert get(pound.port).status == 502
    pound.wait_log("TLS failed .tls_verify.: certificate verify failed: certificate has expired")
    assert backend.requests == []


def test_an_address_is_checked_and_not_sent_as_a_name(start, context, authority):
    tls = context(authority.issue("numeric", "127.0.0.1"))
    pound, _ = start(tls, "{CA: $ca}")
    assert get(pound.port).status == 200
    assert tls.names == [None]


def test_a_name_that_is_resolved_is_the_name_by_default(site, context, authority):
    tls = context(authority.issue("local", "localhost"))
    backend = site.backend(lambda _: response(b"hello"), tls=tls)
    pound = site.pound(plain_site(backends={"web": "Address: localhost; TLS: {CA: $ca}"}),
                       ca=authority.root.cert, web=backend.port)
    assert get(pound.port).status == 200
    assert tls.names == ["localhost"]


def test_versions(start, context):
    old = context(most=ssl.TLSVersion.TLSv1_2)
    pound, backend = start(old, "{CA: $ca, Name: www.example.com, MinTLS: 1.3}")
    assert get(pound.port).status == 502
    assert pound.wait_record("/")["reason"] == "tls_handshake"
    pound.wait_log(r"TLS failed \(tls_handshake\): tlsv1 alert protocol version")
    assert backend.requests == []
    assert read_status(pound).one("backend", name="web")["tls_handshake"] == 1


def test_ciphers_and_alpn(start, context):
    tls = context(most=ssl.TLSVersion.TLSv1_2)
    tls.set_alpn_protocols(["http/1.1"])
    pound, backend = start(tls, "{CA: $ca, Name: www.example.com, ALPN: http/1.1, "
                                "Ciphers: ECDHE-ECDSA-AES256-GCM-SHA384}")
    assert get(pound.port).status == 200
    sock = backend.connections[0].sock
    assert sock.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    assert sock.selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_pound(start, context, authority, version):
    """The backend asks for a certificate; with one it answers, without one it refuses."""
    tls = context(least=version, most=version)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(authority.root.cert)
    own = authority.issue("pound", "pound.example")
    pound, backend = start(tls, f"{{CA: $ca, Name: www.example.com, Cert: {own.pem}}}")
    assert get(pound.port).status == 200
    subject = dict(pair for part in backend.connections[0].sock.getpeercert()["subject"]
                   for pair in part)
    assert subject["commonName"] == "pound.example"

    pound, backend = start(tls, TRUSTED)
    assert get(pound.port).status == 502
    assert backend.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_connections_are_kept_and_sessions_resumed(start, context, version):
    pound, backend = start(context(least=version, most=version), TRUSTED)
    for _ in range(3):
        assert get(pound.port).status == 200
    assert len(backend.connections) == 1
    for _ in range(2):  # a request with a body uses a connection up
        assert post(pound.port, "/", b"x").status == 200
    assert len(backend.connections) == 3
    assert [c.resumed for c in backend.connections] == [False, True, True]


def test_backends_of_one_address_share_nothing(site, context, authority):
    """Neither connections nor sessions: the other one may trust another name."""
    both = authority.issue("both", "a.example", "b.example")
    tls = context(both)
    backend = site.backend(lambda _: response(b"hello"), tls=tls)
    services = "- {URL: ^/a, Backends: [*a]}\n- {URL: ^/b, Backends: [*b]}"
    pound = site.pound(
        plain_site(backends={"a": "TLS: {CA: $ca, Name: a.example}",
                             "b": "TLS: {CA: $ca, Name: b.example}"}, services=services),
        ca=authority.root.cert, a=backend.port, b=backend.port)
    for target in ("/a", "/b", "/a", "/b"):
        assert get(pound.port, target).status == 200
    assert [r.start_line.split(" ")[1] for c in backend.connections for r in c.requests] == [
        "/a", "/a", "/b", "/b"]
    assert tls.names == ["a.example", "b.example"]
    assert [c.resumed for c in backend.connections] == [False, False]


def test_a_backend_that_speaks_plain_http(start):
    pound, backend = start(None, TRUSTED, script=lambda connection: connection.send(
        response(b"", "Connection: close", status="400 Bad Request")))
    assert get(pound.port).status == 502
    assert pound.wait_record("/")["reason"] == "tls_handshake"
    pound.wait_log(r"TLS failed \(tls_handshake\): plain HTTP response")
    backend.wait_connections(1)


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x03\x00\x40\x02"])
def test_a_backend_that_closes_in_the_handshake(start, first):
    def close(connection):
        connection.sock.recv(1)
        connection.send(first)
        connection.shut_write()
        connection.read_until_close()
    pound, _ = start(None, TRUSTED, script=close)
    assert get(pound.port).status == 502
    assert pound.wait_record("/")["reason"] == "tls_handshake"
    pound.wait_log(r"TLS failed \(tls_handshake\): closed by the backend")


def test_a_backend_that_is_silent_in_the_handshake(start):
    pound, backend = start(None, TRUSTED, "ConnTO: 1", script=lambda c: c.read_until_close())
    assert get(pound.port).status == 502
    assert pound.wait_record("/")["reason"] == "tls_handshake"
    pound.wait_log(r"TLS failed \(tls_handshake\): no answer in time")
    assert backend.connections[0].received.startswith(b"\x16\x03\x01")
    assert read_status(pound).one("backend", name="web")["state"] == "live"


def test_another_backend_serves(site, context, authority):
    """Nothing was sent, so even a POST goes to the other backend."""
    bad = site.backend(lambda _: response(b"bad"), tls=context("other"))
    good = site.backend(lambda _: response(b"good"), tls=context())
    tls = "TLS: {CA: $ca, Name: www.example.com}"
    pound = site.pound(plain_site(backends={"bad": tls, "good": tls}), ca=authority.root.cert,
                       bad=bad.port, good=good.port)
    for i in range(20):
        answer = post(pound.port, f"/{i}", b"once")
        assert (answer.status, answer.body) == (200, b"good")
    assert len(good.requests) == 20 and bad.requests == []
    assert all(r.body == b"once" for r in good.requests)
    assert read_status(pound).one("backend", name="bad")["tls_verify"] > 0
    assert len(pound.wait_log("TLS failed")) == 1  # not a line for each request


def test_long_bodies_both_ways(start, context):
    body = bytes(range(256)) * 8192  # 2 MiB
    def mirror(asked):
        return response(asked.body, f"X-Digest: {hashlib.sha256(asked.body).hexdigest()}")
    pound, _ = start(context(), TRUSTED, handler=mirror)
    answer = post(pound.port, "/mirror", body)
    assert answer.field("X-Digest") == hashlib.sha256(body).hexdigest()
    assert answer.body == body


@pytest.mark.parametrize("is_orderly", [True, False])
def test_the_end_of_a_body_without_length(start, context, is_orderly):
    """Only close_notify ends such a body: an attacker can send the end of a TCP stream."""
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n0123456789")
        if is_orderly:
            connection.sock = connection.sock.unwrap()
    pound, _ = start(context(), TRUSTED, script=script)
    with Client(pound.port) as client:
        client.send(request())
        answer = client.read_response()
    assert (answer.status, answer.body, answer.complete) == (200, b"0123456789", is_orderly)
    reason = pound.wait_record("/")["reason"]
    assert reason == (None if is_orderly else "backend_reset")


def test_a_tunnel(start, context):
    def script(connection):
        assert connection.read_request().field("Upgrade") == "websocket"
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        b"Connection: Upgrade\r\n\r\nfirst")
        connection.send(connection.read_exactly(4)[::-1])
        connection.read_until_close()
    pound, _ = start(context(), TRUSTED, script=script)
    with Client(pound.port) as client:
        client.send(request("GET", "/", "Upgrade: websocket", "Connection: Upgrade",
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                            "Sec-WebSocket-Version: 13"))
        assert client.read_response().status == 101
        client.send(b"abcd")
        assert client.read_exactly(9) == b"firstdcba"


def test_a_reload_with_another_authority(start, context, authority, tmp_path):
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.root.cert.read_bytes())
    pound, backend = start(context(), f"{{CA: {ca}, Name: www.example.com}}")
    assert get(pound.port).status == 200
    ca.write_bytes(authority.issue("stranger", "x.example").cert.read_bytes())
    pound.reload()
    assert get(pound.port).status == 502
    assert len(backend.requests) == 1
    ca.write_text("no certificate")
    pound.reload(expect="failed")
    pound.wait_log("cannot use the authorities `.*ca.pem`: it contains no certificate; "
                   "expected a PEM file of certificates")


def test_a_dead_tls_backend(site, authority):
    pound = site.pound(plain_site(backends={"web": "TLS: {CA: $ca, Name: www.example.com}"}),
                       ca=authority.root.cert, web=reserve_port())
    assert get(pound.port).status == 503
    assert read_status(pound).one("backend", name="web")["state"] == "dead"
