"""Responses that depend on TLS: Redirect, Strict-Transport-Security, and 421 with StrictSNI."""

import shutil
import subprocess

import pytest

from harness import TIMEOUT, TlsClient, get, reserve_port, response

CONFIG = """
Global:
  Workers: 1
  $page
Backends:
  - &web
    Address: 127.0.0.1
    Port: $web
  - &dead
    Address: 127.0.0.1
    Port: $dead
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    Services:
      - URL: ^/plain
        Backends: *web
      - URL: ^/301
        Redirect: {Code: 301, URL: https://www.example.org/new?a=b}
      - URL: ^/303
        Redirect: {Code: 303, URL: 'https://www.example.org:8443'}
      - URL: ^/307
        Redirect: {Code: 307, URL: 'https://$$host'}
      - URL: ^/308
        Redirect: {Code: 308, URL: 'https://$$host/'}
      - Redirect: https://$$host:$tls
HTTPSListeners:
  - Address: 127.0.0.1
    Port: $tls
    Certificates: [$ec, $wild]
    $more
    Services:
      - URL: ^/dead
        Backends: *dead
      - URL: ^/away
        Redirect: http://www.example.org
      - URL: ^/
        Backends: *web
"""


def start(site, certificates, *lines, handler=None, page=""):
    pound = site.prepare(CONFIG, web=site.backend(handler).port, dead=reserve_port(),
                         tls=(tls := reserve_port()), page=page, more="\n    ".join(lines),
                         ec=certificates["ec"].pem, wild=certificates["wild"].pem)
    pound.tls_port = tls
    return pound.start()


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site, certificates):
    return start(shared_site, certificates)


# --- Redirect -------------------------------------------------------------------------------------

@pytest.mark.parametrize("target, host, status, location", [
    ("/301/x?y", "a", 301, "https://www.example.org/new?a=b"),
    ("/303/x?y=z", "a", 303, "https://www.example.org:8443/303/x?y=z"),
    ("/307?a|b", "shop.example:8080", 307, "https://shop.example/307?a%7Cb"),
    ("/308/x", "[::1]:8080", 308, "https://[::1]/"),
    ("/a/b?c=d&e", "Shop.Example:80", 302, "https://Shop.Example:$tls/a/b?c=d&e"),
    ("//evil.example/", "a", 302, "https://a:$tls//evil.example/"),
    ("http://b:81/x", "b:81", 302, "https://b:$tls/x"),
])
def test_redirect(pound, target, host, status, location):
    answer = get(pound.port, target, host=host)
    assert answer.status == status
    assert answer.field("Location") == location.replace("$tls", str(pound.tls_port))
    assert answer.field("Content-Type") == "text/html; charset=utf-8"
    assert answer.field("Strict-Transport-Security") is None
    assert answer.field("Location").replace("&", "&amp;").encode() in answer.body


def test_redirect_is_logged_without_backend_and_reason(pound):
    assert get(pound.port, "/logged").status == 302
    record = pound.wait_record("/logged")
    assert (record["status"], record["backend"], record["reason"]) == ("302", "-", None)
    assert record["service"] == f"127.0.0.1:{pound.port}/6"
    assert int(record["bytes"]) > 100


def test_redirect_keeps_the_connection(pound, site):
    client = site.client(pound.port)
    for _ in range(3):
        assert client.ask("GET", "/a").status == 302
    assert client.ask("HEAD", "/a").body == b""
    assert client.ask("POST", "/a", body=b"x" * 10000).status == 302
    assert client.ask("OPTIONS", "*").field("Location") == f"https://www.example.com:" \
                                                           f"{pound.tls_port}/"
    assert client.ask("GET", "/a", "Connection: close").field("Connection") == "close"
    assert client.closes()


def test_redirect_does_not_wait_for_a_body(pound, site):
    client = site.client(pound.port)
    client.send(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx")
    answer = client.read_response()
    assert answer.status == 302 and answer.field("Connection") == "close"


def test_redirect_without_a_host_to_keep(pound):
    assert get(pound.port, "/a", host=None, version="1.0").status == 400
    assert get(pound.port, "/301", host=None, version="1.0").status == 301


def test_redirect_over_tls(pound):
    with TlsClient(pound.tls_port) as client:
        answer = client.ask("GET", "/away?x")
        assert (answer.status, answer.field("Location")) == (302, "http://www.example.org/away?x")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_follows_it(pound, authority):
    done = subprocess.run(
        ["curl", "-sS", "-L", "--max-time", str(int(TIMEOUT)), "--cacert", authority.root.cert,
         "--connect-to", f"www.example.com:80:127.0.0.1:{pound.port}",
         "--connect-to", f"www.example.com:{pound.tls_port}:127.0.0.1:{pound.tls_port}",
         "-w", " %{http_code} %{scheme}", "http://www.example.com/x"],
        capture_output=True, text=True, check=True)
    assert done.stdout.lower() == "ok 200 https"  # curl 8 writes the scheme in small letters


# --- HSTS -----------------------------------------------------------------------------------------

LINE = "Strict-Transport-Security"


def test_hsts_on_every_response_of_the_listener(site, certificates):
    pound = start(site, certificates, "HSTS: 31536000",
                  handler=lambda _: response(b"ok", f"{LINE}: max-age=1", "X-Other: kept"))
    with TlsClient(pound.tls_port) as client:
        for target, status in (("/", 200), ("/dead", 503), ("/away", 302), ("/", 200)):
            answer = client.ask("GET", target)
            assert (answer.status, answer.all(LINE)) == (status, ["max-age=31536000"]), target
        assert client.ask("HEAD", "/").all(LINE) == ["max-age=31536000"]
        assert client.ask("GET", "/").field("X-Other") == "kept"
        client.send(b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = client.read_response()
        assert (answer.status, answer.all(LINE)) == (405, ["max-age=31536000"])
    assert get(pound.port, "/a").all(LINE) == []
    assert get(pound.port, "/plain").all(LINE) == ["max-age=1"]


def test_without_hsts_the_backends_own_passes(site, certificates):
    pound = start(site, certificates, handler=lambda _: response(b"ok", f"{LINE}: max-age=1"))
    with TlsClient(pound.tls_port) as client:
        assert client.ask().all(LINE) == ["max-age=1"]
        assert client.ask("GET", "/dead").all(LINE) == []


# --- StrictSNI ------------------------------------------------------------------------------------

STRICT = [
    ("www.example.com", "www.example.com", 200),
    ("www.example.com", "WWW.example.com:8443", 200),
    ("www.example.com", "www.example.com.", 200),
    ("www.example.com", "example.com", 421),
    ("www.example.com", "a.example.net", 421),
    ("www.example.com", "127.0.0.1", 421),
    ("a.example.net", "b.example.net", 200),
    ("a.example.net", "example.net", 200),
    ("a.example.net", "a.b.example.net", 421),
    ("a.example.net", "www.example.com", 421),
    ("unknown.example", "www.example.com", 200),
    ("unknown.example", "unknown.example", 421),
    (None, "www.example.com", 200),
    (None, "a.example.net", 421),
]


@pytest.fixture(scope="module", name="strict")
def fixture_strict(shared_site, certificates, tmp_path_factory):
    page = tmp_path_factory.mktemp("page") / "421.html"
    page.write_text("<p>elsewhere</p>")
    return start(shared_site, certificates, "StrictSNI: true", page=f"Err421: {page}")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("name, host, status", STRICT)
def test_strict_sni(strict, name, host, status, version):
    with TlsClient(strict.tls_port, name, version=version) as client:
        answer = client.ask("GET", "/", host=host)
        assert answer.status == status
        assert answer.body == (b"<p>elsewhere</p>" if status == 421 else b"ok")
        # The connection still serves the names of its certificate.
        kept = {"a.example.net": "a.example.net"}.get(name, "www.example.com")
        assert client.ask(host=kept).status == 200


def test_strict_sni_also_for_an_absolute_target(strict):
    with TlsClient(strict.tls_port) as client:
        answer = client.ask("GET", "https://a.example.net/absolute", host="a.example.net")
        assert answer.status == 421
    record = strict.wait_record("/absolute")
    assert (record["status"], record["backend"], record["reason"]) == ("421", "-", "misdirected")


def test_strict_sni_with_a_resumed_session(strict):
    with TlsClient(strict.tls_port, "a.example.net") as client:
        assert client.ask(host="a.example.net").status == 200
        session, context = client.tls.session, client.tls.context
    with TlsClient(strict.tls_port, "a.example.net", context=context, session=session) as client:
        assert client.tls.session_reused
        assert client.ask(host="b.example.net").status == 200
        assert client.ask(host="www.example.com").status == 421


def test_a_request_without_a_host_is_served(strict):
    with TlsClient(strict.tls_port) as client:
        assert client.ask(host=None, version="1.0").status == 200


def test_without_strict_sni_any_host_is_served(pound):
    with TlsClient(pound.tls_port) as client:
        assert client.ask(host="a.example.net").status == 200


def test_plain_listeners_do_not_ask(strict):
    assert get(strict.port, "/plain", host="a.example.net").status == 200
