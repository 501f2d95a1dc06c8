"""`Protocols`, in all forms: ALPN over TLS, prior knowledge without TLS, and never by Upgrade."""

import pytest

from harness import client_context, request, response, run_pound
from harness.config import plain_site, tls_site
from harness.http2 import Http2
from harness.http2_frames import ACK, PREFACE, SETTINGS, frame, headers, settings

H2C = plain_site(listener="Protocols: [h2c, http/1.1]; Client: 5")
BOTH = ["h2", "http/1.1"]


@pytest.fixture(name="secure")
def fixture_secure(site, certificates):
    """secure(protocols): the port of an HTTPS listener."""
    def start(protocols):
        backend = site.backend(lambda _: response(b"ok"))
        listener = f"Certificates: {certificates['ec'].pem}"
        pound = site.pound(tls_site(listener=listener + (f"; Protocols: {protocols}" if protocols
                                                         else "")), web=backend.port)
        return pound.port
    return start


@pytest.mark.parametrize("protocols, offer, chosen", [
    (None, BOTH, "h2"), (None, ["http/1.1", "h2"], "h2"), (None, ["h2"], "h2"),
    (None, ["http/1.1"], "http/1.1"), (None, None, None), (None, ["spdy/3", "h2"], "h2"),
    ("[h2, http/1.1]", BOTH, "h2"), ("[http/1.1, h2]", BOTH, "http/1.1"),
    ("[http/1.1, h2]", ["h2"], "h2"), ("[http/1.1]", BOTH, "http/1.1"),
    ("[http/1.1]", ["http/1.1"], "http/1.1"), ("[http/1.1]", None, None)])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_alpn(site, secure, protocols, offer, chosen, version):
    port = secure(protocols)
    client = site.tls_client(port, context=client_context(alpn=offer, version=version))
    assert client.tls.selected_alpn_protocol() == chosen
    if chosen != "h2":
        assert client.ask().body == b"ok"
        return
    with Http2(port, tls=True, context=client_context(alpn=offer, version=version)) as http2:
        assert http2.ask().body == b"ok"


@pytest.mark.parametrize("offer", [["h2"], ["spdy/3"], ["h2c"]])
def test_alpn_without_a_common_protocol(site, secure, offer):
    """Pound chooses none, and speaks HTTP/1.1."""
    client = site.tls_client(secure("[http/1.1]"), context=client_context(alpn=offer))
    assert client.tls.selected_alpn_protocol() is None
    assert client.ask().body == b"ok"


def refused(client, sent):
    client.send(sent)
    got = client.read_until_close()
    assert got.startswith(b"HTTP/1.1 ") and got.split()[1] in (b"400", b"405", b"505"), got[:100]


@pytest.mark.parametrize("offer", [None, ["http/1.1"]])
def test_no_prior_knowledge_over_tls(site, secure, offer):
    """RFC 9113 3.2: over TLS, ALPN decides."""
    client = site.tls_client(secure(None), context=client_context(alpn=offer))
    refused(client, PREFACE + settings())


def test_no_http1_behind_h2(site, secure):
    """A client that has chosen h2 gets a connection error for HTTP/1.1."""
    client = site.tls_client(secure(None), context=client_context(alpn=["h2"]))
    client.send(request())
    got = client.read_until_close()
    assert b"HTTP/1" not in got
    assert got.endswith(frame(7, 0, 0, b"\0\0\0\0\0\0\0\1")), got


# --- without TLS
@pytest.fixture(scope="module", name="h2c")
def fixture_h2c(shared_site):
    backend = shared_site.backend(lambda _: response(b"ok"))
    return shared_site.pound(H2C, web=backend.port).port


def test_no_prior_knowledge_by_default(site):
    pound = site.pound(plain_site(), web=site.backend().port)
    refused(site.client(pound.port), PREFACE + settings())


def test_prior_knowledge(h2c):
    with Http2(h2c) as client:
        assert client.ask().body == b"ok"


def test_http1_on_such_a_listener(site, h2c):
    client = site.client(h2c)
    for _ in range(3):
        assert client.ask().body == b"ok"


@pytest.mark.parametrize("method", ["P", "PR", "POST", "PRI", "PROPFIND", "GET"])
def test_methods_that_begin_like_the_preface(site, h2c, method):
    """They come a byte at a time, and are HTTP/1.1 nevertheless."""
    client = site.client(h2c)
    for byte in request(method, "/", "Content-Length: 0"):
        client.send(bytes([byte]))
    assert client.read_response().status == (200 if method in ("POST", "PROPFIND", "GET") else 405)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 16, 23, 24, 25, 33])
def test_a_preface_in_pieces(h2c, step):
    with Http2(h2c, start=False) as client:
        sent = PREFACE + settings((3, 100)) + headers(1, client.block())
        for at in range(0, len(sent), step):
            client.send(sent[at:at + step])
        assert client.response(1).body == b"ok"


@pytest.mark.parametrize("at", range(1, 24, 3))
def test_nearly_a_preface(site, h2c, at):
    """One byte differs."""
    wrong = PREFACE[:at] + bytes([PREFACE[at] ^ 1]) + PREFACE[at + 1:]
    refused(site.client(h2c), wrong + settings())


def test_a_preface_behind_a_request(site, h2c):
    """A connection begins with HTTP/2 or never speaks it."""
    client = site.client(h2c)
    assert client.ask().body == b"ok"
    refused(client, PREFACE + settings())


def test_a_pipelined_preface(site, h2c):
    client = site.client(h2c)
    client.send(request() + PREFACE + settings())
    assert client.read_response().body == b"ok"
    got = client.read_until_close()
    assert got.startswith(b"HTTP/1.1 ") and got.split()[1] in (b"400", b"405", b"505"), got[:100]


@pytest.mark.parametrize("protocols", ["", "; Protocols: [h2c, http/1.1]"])
@pytest.mark.parametrize("upgrade", ["h2c", "h2c, websocket", "H2C", "h2"])
def test_upgrade_is_never_honoured(site, protocols, upgrade):
    backend = site.backend(lambda _: response(b"ok"))
    pound = site.pound(plain_site(listener="Client: 5" + protocols), web=backend.port)
    client = site.client(pound.port)
    fields = ["Connection: Upgrade, HTTP2-Settings", f"Upgrade: {upgrade}",
              "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"]
    for _ in range(2):
        got = client.ask("GET", "/", *fields)
        assert (got.status, got.version, got.body) == (200, "HTTP/1.1", b"ok")
        assert got.field("Upgrade") is None
    assert not {"upgrade", "http2-settings"} & set(backend.requests[0].names)


# --- configurations
@pytest.mark.parametrize("https, protocols, words", [
    (False, "[h2, http/1.1]", "without TLS, HTTP/2 is called `h2c`"),
    (True, "[h2c, http/1.1]", "with TLS, HTTP/2 is called `h2`"),
    (True, "[h2]", "`Protocols` lacks `http/1.1`"),
    (False, "[h2c]", "`Protocols` lacks `http/1.1`"),
    (True, "[h2, h2, http/1.1]", "twice"),
    (True, "[h3, http/1.1]", "expected h2 or http/1.1"),
    (False, "[http/1.0, http/1.1]", "expected h2c or http/1.1")])
def test_configurations_that_are_refused(site, certificates, https, protocols, words):
    text = (tls_site(listener=f"Certificates: {certificates['ec'].pem}; Protocols: {protocols}")
            if https else plain_site(listener=f"Protocols: {protocols}"))
    pound = site.prepare(text, web=12345)
    done = run_pound("-c", "-f", pound.config_file)
    assert done.returncode == 1 and words in done.stdout + done.stderr, done


def test_settings_are_acknowledged(h2c):
    with Http2(h2c, start=False) as client:
        client.send(PREFACE, settings())
        sent = client.wire.read_exactly(9 + 24 + 9)
        assert sent[3] == SETTINGS and sent[-9:] == frame(SETTINGS, ACK)
