"""Allow: a listener or a service relaxes rules; the tests check the bytes at the backend."""

import pytest

from harness import request, run_pound
from harness.config import plain_site

CONFIG = plain_site(
    listener="Client: 5; Allow: target_char", services="""
    - URL: "^/lax"
      Allow: [percent_encoding, method_unknown, host_missing, host_empty, connection_invalid,
              expect_unknown]
      Backends: [*web]
    - URL: "^/gone"
      Redirect: https://elsewhere.example
    - URL: "^/strict"
      Backends: [*web]
""")


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend()
    return shared_site.pound(CONFIG, web=backend.port, args=("-F", "-d", "1")), backend


def ask(site, pound, data):
    client = site.client(pound.port)
    client.send(data)
    return client.read_response()


# request → the request line and the Host that the backend receives; None for Pound's own Host.
LAX = {
    "a quote": (b'GET /lax?"x" HTTP/1.1\r\nHost: a\r\n\r\n', "GET", "/lax?%22x%22", "a"),
    "UTF-8": ("GET /lax/caf\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n".encode(), "GET", "/lax/caf%C3%A9",
              "a"),
    "a percent sign": (b"GET /lax/100% HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/lax/100%25", "a"),
    "a new method": (b"BREW /lax HTTP/1.1\r\nHost: a\r\n\r\n", "BREW", "/lax", "a"),
    "no Host": (b"GET /lax HTTP/1.1\r\n\r\n", "GET", "/lax", None),
    "an empty Host": (b"GET /lax HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/lax", None),
    "a strange option": (b"GET /lax HTTP/1.1\r\nHost: a\r\nConnection: b@c\r\n\r\n", "GET", "/lax",
                         "a"),
    "a strange expectation": (b"GET /lax HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", "GET", "/lax",
                              "a"),
}


@pytest.mark.parametrize("name", LAX)
def test_a_relaxed_rule_lets_the_request_pass_in_good_form(site, where, name):
    pound, backend = where
    data, method, target, host = LAX[name]
    before = len(backend.requests)
    assert ask(site, pound, data).status == 200
    received, = backend.requests[before:]
    assert (received.method, received.target) == (method, target)
    assert received.field("Host") == (host or f"127.0.0.1:{pound.port}")
    assert received.field("Connection") is None
    assert received.field("Expect") is None


STRICT = {
    "percent_encoding": (b"GET /strict/100% HTTP/1.1\r\nHost: a\r\n", 400, 15, "100% HTTP/1.1"),
    "method_unknown": (b"BREW /strict HTTP/1.1\r\nHost: a\r\n", 405, 0, "BREW /strict HTTP/1.1"),
    "host_missing": (b"GET /strict HTTP/1.1\r\n", 400, 0, "GET /strict HTTP/1.1"),
    "host_empty": (b"GET /strict HTTP/1.1\r\nHost:\r\n", 400, 22, "Host:"),
    "connection_invalid": (b"GET /strict HTTP/1.1\r\nHost: a\r\nConnection: b@c\r\n", 400, 43,
                           "Connection: b@c"),
    "expect_unknown": (b"GET /strict HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n", 417, 31,
                       "Expect: tea"),
    # Requests that the lax service refuses, because no configuration allows them.
    "cl_te": (b"POST /lax HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
              b"Transfer-Encoding: chunked\r\n", 400, 48, "Transfer-Encoding: chunked"),
    "nul_byte": (b"GET /lax\0 HTTP/1.1\r\nHost: a\r\n", 400, 8, "GET /lax\\x00 HTTP/1.1"),
    "target_fragment": (b"GET /lax#x HTTP/1.1\r\nHost: a\r\n", 400, 8, "GET /lax#x HTTP/1.1"),
    "method_refused": (b"TRACE /lax HTTP/1.1\r\nHost: a\r\n", 405, 0, "TRACE /lax HTTP/1.1"),
    "bare_lf": (b"GET /lax HTTP/1.1\r\nHost: a\nX-A: \"b\"\r\n", 400, 26, "Host: a\\x0a"),
}


@pytest.mark.parametrize("code", STRICT)
def test_what_is_not_relaxed_is_refused_and_the_log_says_why(site, where, code):
    pound, backend = where
    data, status, offset, shown = STRICT[code]
    before = len(backend.requests)
    got = ask(site, pound, data + b"\r\n" + request("GET", "/strict/smuggled"))
    assert (got.status, got.field("Connection")) == (status, "close")
    assert len(backend.requests) == before
    # The record names the listener and no backend. No other test in this file has this reason.
    record, = pound.wait_log(rf'" 127\.0\.0\.1:{pound.port} - \d+ reason={code}$')
    assert f'" {status} ' in record
    line = pound.wait_log(rf"request of 127\.0\.0\.1 to 127\.0\.0\.1:{pound.port} refused: "
                          rf"reason={code} ")[-1]
    assert f"reason={code} offset={offset} excerpt=\"" in line
    assert f'{shown}": ' in line
    assert "(RFC " in line


def test_what_no_service_matches_is_judged_by_the_listener(site, where):
    pound, _ = where
    assert ask(site, pound, b'GET /nowhere"? HTTP/1.1\r\nHost: a\r\n\r\n').status == 404
    assert ask(site, pound, b"GET /nowhere% HTTP/1.1\r\nHost: a\r\n\r\n").status == 400


def test_a_redirect_sends_nothing_raw_back(site, where):
    pound, _ = where
    got = ask(site, pound, 'GET /gone?"<b>\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
    assert got.status == 302
    assert got.field("Location") == "https://elsewhere.example/gone?%22%3Cb%3E%C3%A9"


def test_a_body_is_read_in_step_behind_a_relaxed_head(site, where):
    """Two pipelined requests with bodies: Pound keeps their bodies apart."""
    pound, backend = where
    before = len(backend.requests)
    client = site.client(pound.port)
    client.send(b'BREW /lax/"1" HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'
                b"GET /lax/2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [client.read_response().status for _ in range(2)] == [200, 200]
    first, second = backend.requests[before:]
    assert (first.target, first.body) == ("/lax/%221%22", b"hello")
    assert (second.target, second.body) == ("/lax/2", b"")


@pytest.mark.parametrize("code, why", [("cl_te", "requests could be smuggled"),
                                       ("host_many", "it protects the choice of the host"),
                                       ("method_refused", "nothing passes unread"),
                                       ("head_too_long", "it is a limit"),
                                       ("response_field", "it is about responses"),
                                       ("target_chars", "did you mean `target_char`?")])
def test_the_check_names_what_cannot_be_relaxed(tmp_path, code, why):
    path = tmp_path / "pound.yaml"
    path.write_text(CONFIG.replace("$web", "8080").replace("$listen", "8081").replace(
        "Allow: target_char", f"Allow: {code}"))
    result = run_pound("-c", "-f", str(path))
    assert result.returncode == 1
    message, = [line for line in result.stderr.splitlines() if "error:" in line]
    assert message.startswith(f"{path}:14:12: error: ")
    assert f"`{code}`" in message
    assert why in message
