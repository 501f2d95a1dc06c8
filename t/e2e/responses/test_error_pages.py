"""Pound's own responses: ErrNNN pages, Err500 for other 5xx, and the built-in pages."""

import re

import pytest

from harness import get, request
from harness.config import plain_site

CONFIG = plain_site(
    "Workers: 1; AccessLog: combined; $pages",
    backends={"web": "", "silent": "TimeOut: 1", "dead": ""}, services="""
    - URL: "^/dead"
      Backends: [*dead]
    - URL: "^/silent"
      Backends: [*silent]
    - URL: "^/web"
      Backends: [*web]
""")


def script(connection):
    while received := connection.read_request():
        if received.target == "/web/garbage":
            connection.send(b"garbage\r\n\r\n")
            return
        if received.target == "/silent":  # marks the backend dead, so it is not that of /web
            connection.read_until_close()
            return
        connection.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nbackend's ")


def start(where, **pages):
    """A daemon with these pages: start(where, Err404="text")."""
    lines = []
    for name, text in pages.items():
        path = where.directory / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        lines.append(f"{name}: {path}")
    dead = where.backend()
    dead.refuse()
    return where.pound(CONFIG, web=where.backend(script=script).port, dead=dead.port,
                       silent=where.backend(script=script).port, pages="\n  ".join(lines))


# {status: a request that causes it}
CAUSES = {
    400: b"GET / HTTP/1.1\r\n\r\n",
    404: request("GET", "/nowhere"),
    405: request("FOO", "/web"),
    414: request("GET", "/" + "a" * 9000),
    431: request("GET", "/", *[f"X-{n}: 1" for n in range(101)]),
    502: request("GET", "/web/garbage"),
    503: request("GET", "/dead"),
    504: request("GET", "/silent"),
}


@pytest.fixture(scope="module", name="own")
def fixture_own(shared_site):
    return start(shared_site, Err400="<p>own 400</p>", Err404="<p>own 404</p>",
                 Err405="<p>own 405</p>", Err414="<p>own 414</p>", Err431="<p>own 431</p>",
                 Err500="<p>own 500</p>",
                 Err502="<p>own 502</p>", Err503="<p>own 503</p>\n", Err504="<p>\u00e4 504</p>")


@pytest.fixture(scope="module", name="only500")
def fixture_only500(shared_site):
    return start(shared_site, Err500="<p>any 5xx</p>")


@pytest.fixture(scope="module", name="builtin")
def fixture_builtin(shared_site):
    return start(shared_site)


def ask(site, pound, status, to="GET"):
    client = site.client(pound.port)
    client.send(CAUSES[status])
    got = client.read_response(to=to)
    assert (got.status, got.complete) == (status, True)
    return got


@pytest.mark.parametrize("status", CAUSES)
def test_own_page(site, own, status):
    got = ask(site, own, status)
    expected = (own.directory.parent / f"Err{status}.html").read_bytes()
    assert got.body == expected
    assert got.framing() == ("length", len(expected))
    assert got.field("Content-Type").startswith("text/html")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_err500_serves_other_5xx(site, only500, status):
    assert ask(site, only500, status).body == b"<p>any 5xx</p>"


@pytest.mark.parametrize("status", [400, 404, 405, 414, 431])
def test_err500_does_not_serve_4xx(site, only500, status):
    assert b"any 5xx" not in ask(site, only500, status).body


@pytest.mark.parametrize("status", CAUSES)
def test_builtin_page(site, builtin, status):
    got = ask(site, builtin, status)
    assert got.field("Content-Type").startswith("text/html")
    assert got.body and str(status).encode() in got.body
    assert got.framing() == ("length", len(got.body))
    # The page reveals nothing about backends or configuration.
    assert not re.search(rb"127\.0\.0\.1|/tmp|web|dead", got.body)


@pytest.mark.parametrize("status, target", [(404, "/nowhere"), (502, "/web/garbage"),
                                            (503, "/dead")])
@pytest.mark.parametrize("which", ["own", "builtin"])
def test_head_has_no_body(site, request, which, status, target):
    pound = request.getfixturevalue(which)
    client = site.client(pound.port)
    full = client.ask("GET", target)
    client = site.client(pound.port)
    got = client.ask("HEAD", target, "Connection: close")
    assert got.status == status
    assert got.field("Content-Length") == str(len(full.body))
    assert client.read_until_close() == b""


def test_http10_client(site, own):
    client = site.client(own.port)
    got = client.ask("GET", "/nowhere", version="1.0")
    assert (got.status, got.body) == (404, b"<p>own 404</p>")
    assert client.closes()


def test_a_backends_own_404_passes(own):
    got = get(own.port, "/web/x")
    assert (got.status, got.body) == (404, b"backend's ")


def test_pages_are_read_once(site):
    pound = start(site, Err404="before")
    (site.directory / "Err404.html").write_text("after, and longer")
    assert get(pound.port, "/nowhere").body == b"before"
    (site.directory / "Err404.html").unlink()
    assert get(pound.port, "/nowhere").body == b"before"


def test_a_request_cannot_name_a_file(own):
    for target in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/Err404.html"):
        assert get(own.port, target).body in (b"<p>own 404</p>", b"<p>own 400</p>")


def test_an_empty_page(site):
    pound = start(site, Err404="")
    got = get(pound.port, "/nowhere")
    assert (got.status, got.body, got.framing()) == (404, b"", ("length", 0))


def test_a_large_page(site):
    pound = start(site, Err404="x" * 250000)
    client = site.client(pound.port)
    for _ in range(3):
        assert client.ask("GET", "/nowhere").body == b"x" * 250000
