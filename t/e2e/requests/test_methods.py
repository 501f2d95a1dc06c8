"""Methods of RFC 9110 and WebDAV pass; CONNECT, TRACE and unknown methods get 405."""

import pytest

from harness import Client, get, request
from harness.config import plain_site

CONFIG = plain_site()

PASS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH",
        "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",  # RFC 4918
        "VERSION-CONTROL", "REPORT", "CHECKOUT", "CHECKIN", "UNCHECKOUT", "MKWORKSPACE",  # RFC 3253
        "UPDATE", "LABEL", "MERGE", "BASELINE-CONTROL", "MKACTIVITY",
        "SEARCH"]  # RFC 5323
REFUSED = ["CONNECT", "TRACE", "FOO", "get", "Get", "GETT", "X-GET", "DEBUG", "TRACK"]


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend()
    return shared_site.pound(CONFIG, web=backend.port), backend


@pytest.mark.parametrize("method", PASS)
def test_passes(site, where, method):
    pound, backend = where
    client = site.client(pound.port)
    client.send(request(method, "/x"))
    assert client.read_response(to=method).status == 200
    assert backend.requests[-1].method == method


@pytest.mark.parametrize("method", REFUSED)
def test_is_refused_with_405(site, where, method):
    pound, backend = where
    asked, logged = len(backend.requests), pound.count_records()
    client = site.client(pound.port)
    target = "www.example.com:443" if method == "CONNECT" else "/x"
    client.send(request(method, target, host="www.example.com:443"))
    got = client.read_response()
    assert (got.status, got.complete) == (405, True)
    allowed = [name.strip() for name in got.field("Allow").split(",")]
    assert {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} <= set(allowed)
    assert not {"CONNECT", "TRACE"} & set(allowed)
    assert len(backend.requests) == asked
    record = pound.wait_records(logged + 1)[-1]
    assert (record["status"], bool(record["reason"])) == ("405", True)


def test_every_allowed_method_passes(site, where):
    """Every method in the Allow field of the 405 passes."""
    pound, backend = where
    client = site.client(pound.port)
    client.send(request("FOO"))
    allowed = [name.strip() for name in client.read_response().field("Allow").split(",")]
    for method in allowed:
        client = site.client(pound.port)
        client.send(request(method, "/x"))
        assert client.read_response(to=method).status == 200, method
        assert backend.requests[-1].method == method


def test_options_for_the_whole_server(where):
    pound, backend = where
    with Client(pound.port) as client:
        assert client.ask("OPTIONS", "*").status == 200
    assert backend.requests[-1].start_line == "OPTIONS * HTTP/1.1"


def test_a_connect_tunnel_is_never_made(site, where):
    pound, backend = where
    asked = len(backend.requests)
    client = site.client(pound.port)
    client.send(request("CONNECT", "a.example:443", host="a.example:443") + b"\x16\x03\x01hello")
    assert client.read_response().status in (400, 405)
    client.read_until_close()
    assert len(backend.requests) == asked


def test_the_service_goes_on(where):
    assert get(where[0].port).status == 200
