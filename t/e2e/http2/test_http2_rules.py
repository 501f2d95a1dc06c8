"""What a site's configuration asks for holds over HTTP/2 as well: sessions, slots, Allow …"""

import threading

import pytest

from harness import TIMEOUT, response
from harness.config import plain_site, tls_site
from harness.http2 import Http2
from harness.http2_frames import (MAX_WINDOW, WINDOW, Code, Setting, rst_stream,
                                  window_update)

LISTENER = "Protocols: [h2c, http/1.1]; Client: 30"


OPEN = {"settings": [(Setting.INITIAL_WINDOW_SIZE, MAX_WINDOW)]}


def open_window(client):
    """Makes the window of the connection as large as those of streams that are OPEN."""
    client.gives_back = False
    client.send(window_update(0, MAX_WINDOW - WINDOW))


def start(site, text, **backends):
    pound = site.pound(text, **backends)
    return pound, site.add_client(Http2(pound.port))


# --- sessions
def test_sessions_by_a_cookie_in_crumbs(site):
    """The crumb that counts may be any of them, and the backend's Set-Cookie is learned."""
    def answers(name):
        return lambda request: response(name.encode(), f"Set-Cookie: sid={request.field('X-Learn')}")
    backends = {name: site.backend(answers(name)) for name in ("one", "two")}
    pound, client = start(site, plain_site(
        listener=LISTENER, backends={"one": "", "two": ""}, services="""
        - Session: {Type: cookie, ID: sid, TTL: 300}
          Backends: [*one, *two]
        """), **{name: backend.port for name, backend in backends.items()})
    for number in range(20):
        first = client.ask("GET", "/", ("x-learn", f"s{number}")).body
        for _ in range(3):
            crumbs = [("cookie", "a=1"), ("cookie", f"sid=s{number}"), ("cookie", "b=2")]
            assert client.ask("GET", "/", *crumbs).body == first
    assert all(backend.requests for backend in backends.values())
    assert pound.count_records() == 80


# --- slots
@pytest.fixture(name="slots")
def fixture_slots(site):
    """Two slots at the backend, and requests that last until `go_on` is set."""
    slots = type("Slots", (), {})()
    slots.go_on = threading.Event()

    def script(connection):
        while (request := connection.read_request()) is not None:
            assert slots.go_on.wait(TIMEOUT)
            connection.send(response(request.target.encode()))

    def begin(limits="QueueTimeOut: 30"):
        slots.backend = site.backend(script=script)
        slots.pound, slots.client = start(site, plain_site(
            backends={"web": "Threads: 2"}, listener=f"{LISTENER}; {limits}"),
            web=slots.backend.port)
        return slots.client
    slots.begin = begin
    yield slots
    slots.go_on.set()


def test_streams_wait_for_slots(slots):
    client = slots.begin()
    streams = [client.request(path=f"/{number}") for number in range(20)]
    slots.backend.wait_requests(2)
    client.ping()
    slots.pound.wait_quiet()
    assert len(slots.backend.requests) == 2
    slots.go_on.set()
    for number, stream in enumerate(streams):
        assert client.response(stream).body == b"/%d" % number
    assert len(slots.backend.connections) == 2


def test_a_stream_that_is_reset_leaves_the_queue(slots):
    client = slots.begin()
    streams = [client.request(path=f"/{number}") for number in range(10)]
    slots.backend.wait_requests(2)
    client.send(*map(rst_stream, streams[2:9]))
    client.ping()
    slots.go_on.set()
    assert client.response(streams[9]).body == b"/9"
    slots.pound.wait_records(10)
    assert {request.target for request in slots.backend.requests} == {"/0", "/1", "/9"}


def test_the_wait_has_an_end(slots):
    client = slots.begin("QueueTimeOut: 1")
    streams = [client.request(path=f"/{number}") for number in range(4)]
    for stream in streams[2:]:
        got = client.response(stream)
        assert (got.status, got.field("retry-after")) == (503, "1")
    slots.go_on.set()
    assert [client.response(stream).status for stream in streams[:2]] == [200, 200]
    assert sum(r["reason"] == "queue_timeout" for r in slots.pound.wait_records(4)) == 2


def test_the_queue_is_bounded(slots):
    client = slots.begin("QueueLength: 3")
    streams = [client.request(path=f"/{number}") for number in range(10)]
    for stream in streams[5:]:
        assert client.response(stream).status == 503
    slots.go_on.set()
    for stream in streams[:5]:
        assert client.response(stream).status == 200


def test_a_hundred_streams_and_no_more(slots):
    """A stream counts until its exchange with the backend has ended."""
    client = slots.begin()
    streams = [client.request(path=f"/{number}") for number in range(100)]
    slots.backend.wait_requests(2)
    refused = client.request(path="/refused")
    client.expect_reset(refused, Code.REFUSED_STREAM)
    slots.go_on.set()
    for stream in streams:
        assert client.response(stream).status == 200
    assert client.ask(path="/again").body == b"/again"


# --- rules
def test_allow(site):
    backend = site.backend()
    _, client = start(site, plain_site(listener=LISTENER, services="""
        - URL: ^/lax
          Allow: [target_char]
          Backends: [*web]
        - Backends: [*web]
        """), web=backend.port)
    got = client.ask(path='/strict?a="b"')
    assert got.status == 400
    assert client.ask(path='/lax?a="b"').status == 200
    assert backend.requests[-1].target == "/lax?a=%22b%22"


def test_methods(site):
    backend = site.backend()
    _, client = start(site, plain_site(listener=f"{LISTENER}; Methods: [BREW]"), web=backend.port)
    assert client.ask("BREW").status == 200
    got = client.ask("STEEP")
    assert got.status == 405 and "GET" in got.field("allow")
    assert client.ask("TRACE").status == 405


def test_hosts_choose_services(site):
    backends = {name: site.backend(lambda _, n=name: response(n.encode())) for name in ("a", "b")}
    _, client = start(site, plain_site(
        listener=LISTENER, backends={"a": "", "b": ""}, services="""
        - HeadRequire: "^Host: *a\\\\.example"
          Backends: [*a]
        - Backends: [*b]
        """), **{name: backend.port for name, backend in backends.items()})
    assert client.ask(authority="a.example").body == b"a"
    assert client.ask(authority="b.example").body == b"b"
    assert client.ask("GET", "/", ("host", "a.example"), without=(":authority",)).body == b"a"


def test_pages(site):
    page = site.directory / "404.html"
    page.write_text("<p>not here</p>")
    backend = site.backend()
    pound, client = start(site, plain_site(
        f"Workers: 1; Err404: {page}", listener=LISTENER, services="""
        - URL: ^/here
          Backends: [*web]
        """), web=backend.port)
    got = client.ask(path="/there")
    assert (got.status, got.body) == (404, b"<p>not here</p>")
    assert got.field("content-type") == "text/html; charset=utf-8"
    assert pound.wait_record("/there")["reason"] == "no_service"


# --- TLS
@pytest.fixture(name="secure")
def fixture_secure(site, certificates):
    def begin(settings, services=None):
        backend = site.backend(lambda asked: response(asked.field("X-Forwarded-Proto").encode()))
        pound = site.pound(tls_site(
            listener=f"Certificates: {certificates['ec'].pem}; {settings}", services=services),
            web=backend.port)
        return site.add_client(Http2(pound.port, tls=True))
    return begin


def test_hsts_on_every_response(secure):
    client = secure("HSTS: 31536000", """
        - URL: ^/away
          Redirect: https://shop.example
        - URL: ^/here
          Backends: [*web]
        """)
    for path, status in [("/here", 200), ("/away", 302), ("/there", 404)]:
        got = client.ask(path=path)
        assert (got.status, got.field("strict-transport-security")) == (status, "max-age=31536000")
    assert client.ask("BREW").field("strict-transport-security") == "max-age=31536000"


def test_strict_sni(secure):
    client = secure("StrictSNI: true")
    assert client.ask().body == b"https"
    assert client.ask(authority="elsewhere.example").status == 421
    assert client.ask().status == 200


def test_large_responses_over_tls(site, certificates):
    body = bytes(range(256)) * 4096
    backend = site.backend(lambda _: response(body))
    pound = site.pound(tls_site(listener=f"Certificates: {certificates['ec'].pem}"),
                       web=backend.port)
    client = site.add_client(Http2(pound.port, tls=True, **OPEN))
    open_window(client)
    streams = [client.request() for _ in range(10)]
    for stream in streams:
        assert client.response(stream).body == body


def test_the_schemes_of_listeners(site, certificates):
    """https on an HTTP listener, and http over TLS, are misdirected."""
    backend = site.backend()
    pound, client = start(site, plain_site(listener=LISTENER), web=backend.port)
    assert client.ask(path="/x", scheme="https").status == 421
    assert pound.wait_record("/x")["reason"] == "h2_scheme"
    secure = site.pound(tls_site(listener=f"Certificates: {certificates['ec'].pem}"),
                        web=backend.port)
    with Http2(secure.port, tls=True) as other:
        assert other.ask(scheme="http").status == 421
        assert other.ask().status == 200


def test_streams_never_share_a_byte(site):
    """Answers of a hundred streams in random order, each with its own."""
    backend = site.backend(lambda request: response(request.target.encode() * 500))
    _, client = start(site, plain_site(listener=LISTENER, backends={"web": "Threads: 7"}),
                      web=backend.port)
    open_window(client)
    streams = {client.request(path=f"/{number:04}"): b"/%04d" % number for number in range(100)}
    for stream, path in streams.items():
        assert client.response(stream).body == path * 500
