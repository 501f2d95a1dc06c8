"""1xx responses: 100 and 103 pass from the backend to HTTP/1.1 clients, not to HTTP/1.0."""

import threading

import pytest

from harness import TIMEOUT, request, response
from harness.config import plain_site

CONFIG = plain_site(listener="Client: 30")

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


def test_the_100_is_the_backends_own(site):
    """Pound sends no `100 Continue` of its own. The client waits for the one of the backend."""
    asked, go_on = threading.Event(), threading.Event()

    def script(connection):
        while head := connection.read_request_head():
            asked.set()
            assert go_on.wait(TIMEOUT)
            connection.send(CONTINUE)
            connection.send(response(b"got " + connection.read_body(head).body))

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Expect: 100-continue", "Content-Length: 5"))
    assert asked.wait(TIMEOUT)
    assert backend.requests[0].field("Expect") == "100-continue"
    client.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.sock.recv(1)
    client.sock.settimeout(TIMEOUT)
    go_on.set()
    assert client.read_head().status == 100
    client.send(b"hello")
    assert client.read_response().body == b"got hello"
    # The connection is still in step.
    assert client.ask("POST", "/", body=b"again").body == b"got again"


def test_a_final_response_instead_of_100(site):
    """The client must not send its body, and Pound must not take a body for a request."""
    def script(connection):
        connection.read_request_head()
        connection.send(response(b"no", status="417 Expectation Failed"))
        assert connection.read_until_close() == b""

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    client.send(request("POST", "/", "Expect: 100-continue", "Content-Length: 30"))
    got = client.read_response()
    assert (got.status, got.body, got.interim) == (417, b"no", [])
    client.send(b"GET /smuggled HTTP/1.1\r\n\r\n....")
    assert client.read_until_close() == b""


def test_a_client_that_does_not_wait_for_100(site):
    def script(connection):
        while head := connection.read_request_head():
            connection.send(CONTINUE)
            connection.send(response(connection.read_body(head).body))

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    for _ in range(3):
        got = client.ask("PUT", "/", "Expect: 100-continue", body=b"at once")
        assert (got.status, got.body) == (200, b"at once")


def test_a_backend_that_never_says_100(site):
    backend = site.backend(lambda received: response(received.body))
    pound = site.pound(CONFIG, web=backend.port)
    got = site.client(pound.port).ask("PUT", "/", "Expect: 100-continue", body=b"at once")
    assert (got.body, got.interim) == (b"at once", [])


def test_an_unknown_expectation_does_not_reach_the_backend_as_100(site):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port)
    got = site.client(pound.port).ask("GET", "/", "Expect: something-else")
    assert got.status in (200, 400, 417)
    assert all(r.field("Expect") is None for r in backend.requests)


def test_103_is_passed_on(site):
    backend = site.backend(lambda _: HINTS + HINTS + response(b"final"))
    pound = site.pound(CONFIG, web=backend.port)
    client = site.client(pound.port)
    for _ in range(3):
        got = client.ask()
        assert [head.status for head in got.interim] == [103, 103]
        assert got.interim[0].field("Link") == "</style.css>; rel=preload"
        assert got.body == b"final"


def test_103_comes_before_the_backend_goes_on(site):
    go_on = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(HINTS)
        assert go_on.wait(TIMEOUT)
        connection.send(response(b"final"))

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    client.send(request())
    assert client.read_head().status == 103
    go_on.set()
    assert client.read_response().body == b"final"


@pytest.mark.parametrize("interim", [CONTINUE, HINTS, b"HTTP/1.1 199 Whatever\r\n\r\n"])
def test_http10_clients_get_no_interim_response(site, interim):
    backend = site.backend(lambda _: interim + response(b"final"))
    pound = site.pound(CONFIG, web=backend.port)
    got = site.client(pound.port).ask("POST", "/", "Expect: 100-continue", body=b"x", version="1.0")
    assert (got.interim, got.body) == ([], b"final")
    assert backend.requests[0].field("Expect") is None


def test_interim_responses_are_counted(site):
    """100 pass. Pound refuses one more, or a backend could hold a client forever."""
    def script(connection):
        while received := connection.read_request():
            connection.send(HINTS * int(received.target[1:]) + response(b"final"))

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    got = site.client(pound.port).ask("GET", "/100")
    assert (got.status, len(got.interim)) == (200, 100)
    got = site.client(pound.port).ask("GET", "/101")
    assert (got.status, len(got.interim)) == (502, 100)
    assert pound.wait_records(2)[-1]["reason"] == "response_interims_many"
    # The backend is still live, and the next request starts a new count.
    assert site.client(pound.port).ask("GET", "/100").status == 200
