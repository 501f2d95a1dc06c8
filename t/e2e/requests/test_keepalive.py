"""Which client connections Pound keeps: HTTP/1.1, HTTP/1.0, pipelining."""

import pytest

from harness import chunked, get, request, response
from harness.config import plain_site

CONFIG = plain_site("Workers: 2", listener="Client: 30")


def echo(received):
    return response(f"{received.method} {received.target} ".encode() + received.body)


@pytest.fixture(scope="module")
def pound(shared_site):
    return shared_site.pound(CONFIG, web=shared_site.backend(echo).port)


def test_a_client_is_kept_for_many_requests(site, pound):
    client = site.client(pound.port)
    for number in range(20):
        got = client.ask("GET", f"/{number}")
        assert got.body == f"GET /{number} ".encode()
        assert got.field("Connection") is None


def test_the_body_of_one_request_is_not_the_head_of_the_next(site, pound):
    client = site.client(pound.port)
    hidden = b"GET /no HTTP/1.1\r\n\r\n"
    assert client.ask("POST", "/1", body=hidden).body == b"POST /1 " + hidden
    assert client.ask("GET", "/2").body == b"GET /2 "
    sent = chunked(b"ab", b"c")
    client.send(request("PUT", "/3", "Transfer-Encoding: chunked", body=sent))
    assert client.read_response().body == b"PUT /3 abc"
    assert client.ask("GET", "/4").body == b"GET /4 "


def test_connection_close_is_obeyed(site, pound):
    client = site.client(pound.port)
    got = client.ask("GET", "/", "Connection: close")
    assert (got.status, got.field("Connection")) == (200, "close")
    assert client.closes()


def test_connection_close_among_other_options(site, pound):
    client = site.client(pound.port)
    assert client.ask("GET", "/", "Connection: x-foo, Close").field("Connection") == "close"
    assert client.closes()


def test_http10_is_closed_after_its_response(site, pound):
    client = site.client(pound.port)
    assert client.ask("GET", "/old", version="1.0").body == b"GET /old "
    assert client.closes()


def test_http10_is_kept_when_it_asks_for_it(site, pound):
    client = site.client(pound.port)
    for number in range(3):
        got = client.ask("GET", f"/{number}", "Connection: keep-alive", version="1.0")
        assert got.field("Connection").lower() == "keep-alive"
        assert got.body == f"GET /{number} ".encode()


def test_http10_needs_no_host(site, pound):
    client = site.client(pound.port)
    assert client.ask("GET", "/", host=None, version="1.0").status == 200


def test_half_closed_client_still_gets_its_response(site, pound):
    client = site.client(pound.port)
    client.send(request("GET", "/half"))
    client.shut_write()
    assert client.read_response().body == b"GET /half "
    assert client.closes()


def test_pipelined_requests_are_answered_in_order(site, pound):
    client = site.client(pound.port)
    client.send(b"".join(request("GET", f"/{n}") for n in range(100)))
    for number in range(100):
        assert client.read_response().body == f"GET /{number} ".encode()


def test_pipelined_requests_with_bodies(site, pound):
    client = site.client(pound.port)
    client.send(request("POST", "/1", body=b"one") +
                request("PUT", "/2", "Transfer-Encoding: chunked", body=chunked(b"t", b"wo")) +
                request("GET", "/3") + request("HEAD", "/4") + request("GET", "/5"))
    assert client.read_response().body == b"POST /1 one"
    assert client.read_response().body == b"PUT /2 two"
    assert client.read_response().body == b"GET /3 "
    assert client.read_response(to="HEAD").body == b""
    assert client.read_response().body == b"GET /5 "


def test_what_is_pipelined_behind_a_close_is_not_answered(site, pound):
    client = site.client(pound.port)
    client.send(request("GET", "/last", "Connection: close") + request("GET", "/never"))
    assert client.read_response().body == b"GET /last "
    assert client.read_until_close() == b""


def test_a_bad_request_in_a_pipeline_ends_it_after_the_good_ones(site, pound):
    client = site.client(pound.port)
    client.send(request("GET", "/good") + b"GET / HTTP/1.1\r\nBad Name: x\r\n\r\n" +
                request("GET", "/never"))
    assert client.read_response().body == b"GET /good "
    refused = client.read_response()
    assert (refused.status, refused.field("Connection")) == (400, "close")
    assert client.read_until_close() == b""


def test_requests_that_come_byte_by_byte(site, pound):
    client = site.client(pound.port)
    for byte in request("POST", "/slow", body=b"body") + request("GET", "/next"):
        client.send(bytes([byte]))
    assert client.read_response().body == b"POST /slow body"
    assert client.read_response().body == b"GET /next "


@pytest.mark.parametrize("before", [b"\r\n", b"\r\n\r\n"])
def test_an_empty_line_before_a_request_is_ignored(site, pound, before):
    """RFC 9112 2.2: a server ignores at least one. Old browsers send it after a POST."""
    client = site.client(pound.port)
    client.send(request("POST", "/1", body=b"x") + before[:2] + request("GET", "/2"))
    assert client.read_response().body == b"POST /1 x"
    assert client.read_response().body == b"GET /2 "


def test_absolute_form(site, pound):
    client = site.client(pound.port)
    client.send(request("GET", "http://www.example.com/abs?q"))
    assert client.read_response().body == b"GET /abs?q "


def test_many_clients_at_once(site, pound):
    clients = [site.client(pound.port) for _ in range(200)]
    for number, client in enumerate(clients):
        client.send(request("GET", f"/{number}"))
    for number, client in enumerate(clients):
        assert client.read_response().body == f"GET /{number} ".encode()


def test_descriptors_come_back(site):
    pound = site.pound(CONFIG, web=site.backend(echo).port)
    assert get(pound.port).status == 200
    pound.expect_no_leaked_fd()
    for number in range(50):
        client = site.client(pound.port)
        assert client.ask("GET", "/").status == 200
        if number % 2:
            client.reset()
