"""What Pound tells a backend of the client's side: its own word, or that of a trusted proxy."""

import pytest

from harness import get
from harness.config import plain_site
from harness.http2 import Http2

TRUSTED = "TrustedProxies: [127.0.0.1, 10.0.0.0/8]"
STRANGER = "127.0.0.9"


@pytest.fixture(name="where", scope="module")
def fixture_where(shared_site):
    backend = shared_site.backend()
    pound = shared_site.pound(plain_site(
        f"Workers: 1; {TRUSTED}", listener="Protocols: [h2c, http/1.1]", services="""
        - URL: "^/moved"
          Redirect: "https://$$host"
        - HeadRequire: "^X-Forwarded-Proto: https$$"
          Backends: [*web]
        - HeadRequire: "^X-Forwarded-Proto: http$$"
          Backends: [*web]
        """), web=backend.port)
    return pound, backend


def forwarded(where, *fields, source=None):
    """The fields that speak of the client's side, as the backend got them, by HTTP/1 and HTTP/2."""
    pound, backend = where
    assert get(pound.port, "/", *fields, source=source).status == 200
    with Http2(pound.port, source=source or "127.0.0.1") as client:
        pairs = [field.split(": ") for field in fields]
        assert client.ask("GET", "/", *((name.lower(), value) for name, value in pairs)
                          ).status == 200
    first, second = ([(name, value.replace(str(pound.port), "PORT")) for name, value in one.fields
                      if name.startswith(("X-", "Forwarded"))] for one in backend.requests[-2:])
    assert first == second
    return dict(first)


OWN = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "www.example.com",
       "X-Forwarded-Port": "PORT"}


def test_nothing_said(where):
    assert forwarded(where) == {"X-Forwarded-For": "127.0.0.1", **OWN}


def test_a_stranger_is_not_believed(where):
    assert forwarded(where, "X-Forwarded-For: 198.51.100.1, 10.0.0.1", "X-Forwarded-Proto: https",
                     "X-Forwarded-Host: evil.example", "X-Forwarded-Port: 443",
                     "X-Real-IP: 198.51.100.1", "Forwarded: for=198.51.100.1",
                     source=STRANGER) == {
        "X-Forwarded-For": STRANGER, **OWN, "X-Real-IP": STRANGER,
        "Forwarded": f"for={STRANGER};proto=http;host=www.example.com"}


def test_a_proxy_is_believed(where):
    assert forwarded(where, "X-Forwarded-For: 198.51.100.1, 10.0.0.1", "X-Forwarded-Proto: https",
                     "X-Forwarded-Host: shop.example", "X-Forwarded-Port: 8443",
                     "X-Real-IP: 203.0.113.7",
                     'Forwarded: for=198.51.100.1, for="10.0.0.1:80"') == {
        "X-Forwarded-For": "198.51.100.1, 10.0.0.1, 127.0.0.1", "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example", "X-Forwarded-Port": "8443",
        "X-Real-IP": "198.51.100.1",
        "Forwarded": 'for=198.51.100.1, for="10.0.0.1:80", '
                     "for=127.0.0.1;proto=http;host=www.example.com"}


@pytest.mark.parametrize("fields, host, port", [
    (["X-Forwarded-Proto: https"], "www.example.com", "443"),
    (["X-Forwarded-Proto: HTTPS"], "www.example.com", "443"),
    (["X-Forwarded-Proto: https", "X-Forwarded-Host: a.example"], "a.example", "443"),
    (["X-Forwarded-Proto: https", "X-Forwarded-Host: a.example:8443"], "a.example:8443", "8443"),
    (["X-Forwarded-Proto: https", "X-Forwarded-Host: a.example:8443", "X-Forwarded-Port: 9443"],
     "a.example:8443", "9443"),
    (["X-Forwarded-Proto: https", "X-Forwarded-Port: 0"], "www.example.com", "443"),
    (["X-Forwarded-Proto: https", "X-Forwarded-Port: 65536"], "www.example.com", "443"),
    (["X-Forwarded-Proto: https", "X-Forwarded-Port: 65535"], "www.example.com", "65535"),
    (["X-Forwarded-Proto: https", "X-Forwarded-Host: a/b"], "www.example.com", "443"),
    (["X-Forwarded-Proto: https", "X-Forwarded-Host: a, b"], "www.example.com", "443"),
    (["X-Forwarded-Proto: https", "X-Forwarded-Host: [2001:db8::1]:81"], "[2001:db8::1]:81", "81"),
])
def test_the_port_follows_from_what_is_said(where, fields, host, port):
    got = forwarded(where, *fields)
    assert (got["X-Forwarded-Proto"], got["X-Forwarded-Host"], got["X-Forwarded-Port"]) == (
        "https", host, port)


@pytest.mark.parametrize("field", [
    "X-Forwarded-Proto: ftp", "X-Forwarded-Proto: https, http", "X-Forwarded-Proto: https:",
    "X-Forwarded-Host: a b", "X-Forwarded-Host: user@a", "X-Forwarded-Port: 80, 443",
    "X-Forwarded-Port: 080"])
def test_what_cannot_be_is_not_believed(where, field):
    assert forwarded(where, field) == {"X-Forwarded-For": "127.0.0.1", **OWN}


def test_what_is_said_twice_is_not_believed(where):
    for name, value in (("Proto", "https"), ("Host", "a.example"), ("Port", "81")):
        field = f"X-Forwarded-{name}: {value}"
        assert forwarded(where, field, field) == {"X-Forwarded-For": "127.0.0.1", **OWN}


def test_a_quote_cannot_hide_what_pound_adds(where):
    got = forwarded(where, 'Forwarded: for="203.0.113.7, for=198.51.100.1')
    assert got["Forwarded"] == "for=127.0.0.1;proto=http;host=www.example.com"


@pytest.mark.parametrize("source, fields, location", [
    (None, ["X-Forwarded-Host: shop.example:8443"], "https://shop.example/moved"),
    (None, ["X-Forwarded-Host: bad host"], "https://www.example.com/moved"),
    (None, [], "https://www.example.com/moved"),
    (STRANGER, ["X-Forwarded-Host: shop.example"], "https://www.example.com/moved"),
])
def test_a_redirect_uses_the_host_that_the_client_asked_for(where, source, fields, location):
    got = get(where[0].port, "/moved", *fields, source=source)
    assert (got.status, got.field("Location")) == (302, location)


@pytest.mark.parametrize("source, field, service", [
    (None, "X-Forwarded-Proto: https", "/2"), (None, "X-Forwarded-Proto: http", "/3"),
    (STRANGER, "X-Forwarded-Proto: https", "/3")])
def test_services_see_what_the_backend_gets(where, source, field, service):
    target = f"/seen/{source}/{field.split(': ')[1]}/"
    assert get(where[0].port, target, field, source=source).status == 200
    assert where[0].wait_record(target)["service"].endswith(service)


def test_the_field_of_the_proxies_ends_here(shared_site):
    backend = shared_site.backend()
    pound = shared_site.pound(
        plain_site(f"Workers: 1; {TRUSTED}; ClientField: CF-Connecting-IP"),
        web=backend.port, name="cdn")
    fields = ["CF-Connecting-IP: 198.51.100.1", "CF_Connecting_IP: 198.51.100.2", "X-B: 1"]
    assert get(pound.port, "/", *fields, source=STRANGER).status == 200
    seen = backend.requests[-1]
    assert (seen.all("CF-Connecting-IP"), seen.all("CF_Connecting_IP")) == ([], [])
    assert get(pound.port, "/", *fields).status == 200
    seen = backend.requests[-1]
    assert (seen.all("CF-Connecting-IP"), seen.all("CF_Connecting_IP")) == (["198.51.100.1"], [])
    assert seen.field("X-B") == "1"
