"""Attacks by fields: fields removed through Connection, lookalike names, ambiguous hosts, and
requests that inject fields into a response.
"""

import pytest

from harness import Client, get, request, reserve_port, response
from harness.config import plain_site

CONFIG = plain_site(
    backends={"web": "", "dead": ""}, services="""
    - URL: ^/away
      Redirect: https://$$host
    - URL: ^/dead
      Backends: [*dead]
    - Backends: [*web]
""")


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend(lambda _: response(b"ok", *backend.fields))
    backend.fields = ()
    return shared_site.pound(CONFIG, web=backend.port, dead=reserve_port()), backend


def seen(where, *fields, **kwargs):
    """The request as the backend received it."""
    pound, backend = where
    got = get(pound.port, "/", *fields, **kwargs)
    assert got.status == 200, got
    return backend.requests[-1]


# --- named in Connection --------------------------------------------------------------------------
KEPT = {"Host": "www.example.com", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "www.example.com", "X-Forwarded-Port": None,
        "Cookie": "a=b", "Authorization": "Basic eDp5", "Content-Length": "3"}
WAYS = ["{}", "close, {}", "{}, close", "{},{}", "keep-alive,{},x", ",{},", "\t{} ",
        "{}\r\nConnection: x",
        "x\r\nConnection: {}", "Connection, {}", "{}, upgrade"]


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("way", WAYS)
def test_connection_removes_none_of_these_fields(where, name, way):
    """Case and position of the name in Connection make no difference."""
    pound, backend = where
    own = [f"{key}: {value}" for key, value in KEPT.items() if key in ("Cookie", "Authorization")]
    for spelled in (name, name.lower(), name.upper(), name.swapcase()):
        with Client(pound.port) as client:
            client.send(request("POST", "/", "Connection: " + way.replace("{}", spelled), *own,
                                body=b"abc"))
            assert client.read_response().status == 200
        asked = backend.requests[-1]
        assert asked.all(name) == [KEPT[name] or str(pound.port)], spelled
        assert asked.body == b"abc"
        assert "connection" not in asked.names


def test_framing_cannot_be_removed_from_chunks(where):
    pound, backend = where
    with Client(pound.port) as client:
        client.send(request("POST", "/", "Transfer-Encoding: chunked",
                            "Connection: Transfer-Encoding", body=b"3\r\nabc\r\n0\r\n\r\n"))
        assert client.read_response().status == 200
    asked = backend.requests[-1]
    assert (asked.framing(), asked.body) == (("chunked", None), b"abc")


@pytest.mark.parametrize("value", ["a b", "a;b", "\"a\"", "a\x00b", "(x)", "a=b", "\xe9"])
def test_a_connection_that_is_no_list_is_refused(where, value):
    pound, backend = where
    asked = len(backend.requests)
    assert get(pound.port, "/", f"Connection: {value}").status == 400
    assert len(backend.requests) == asked


# --- lookalike names ------------------------------------------------------------------------------
def spellings(name):
    """`name` in every other mix of - and _, and in odd letter cases."""
    places = [i for i, c in enumerate(name) if c == "-"]
    for bits in range(1, 1 << len(places)):
        twin = "".join("_" if i in places and bits >> places.index(i) & 1 else c
                       for i, c in enumerate(name))
        yield from (twin, twin.lower(), twin.swapcase())


@pytest.mark.parametrize("name", [
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
    "Content-Length", "Transfer-Encoding", "X-SSL-Subject", "X-SSL-Verify"])
def test_twins_do_not_pass(where, name):
    for twin in spellings(name):
        asked = seen(where, f"{twin}: 6.6.6.6")
        assert "6.6.6.6" not in str(asked.fields), twin


def test_other_underscores_pass(where):
    asked = seen(where, "my_field: 1", "_: 2", "X_Api_Key: 3", "X-Forwar_ded-For: 4")
    names = ("my_field", "_", "X_Api_Key", "X-Forwar_ded-For")
    assert [asked.field(name) for name in names] == list("1234")


# --- hosts ----------------------------------------------------------------------------------------
DISAGREE = [
    ("http://a/", "b"), ("http://a:80/", "a:81"), ("http://a:81/", "a"), ("https://a/", "a:80"),
    ("http://a/", "a.b"), ("http://a.b/", "b"), ("http://127.0.0.1/", "127.0.0.2"),
    ("http://[::1]/", "[::2]"), ("http://a/", "a."), ("http://b@a/", "b"), ("http://a:b/", "a"),
    ("http://a%00/", "a"), ("http://a\\b/", "a"), ("http:///x", "a"), ("http:a/", "a"),
    ("http:/a/", "a"), ("//a/", None), ("ws://a/", "a"), ("http://a#b/", "a"), ("http://a,b/", "a"),
    ("http://a /", "a"), ("http://[::1/", "a"), ("file:///etc/passwd", "a"), ("http://a;b/", "a,b"),
]


@pytest.mark.parametrize("target, host", DISAGREE)
def test_hosts_that_disagree(where, target, host):
    pound, backend = where
    asked, logged = len(backend.requests), pound.count_records()
    assert get(pound.port, target, host=host).status == 400
    assert len(backend.requests) == asked
    assert pound.wait_records(logged + 1)[-1]["reason"]


@pytest.mark.parametrize("target, host", [
    ("http://A.example/x", "a.EXAMPLE"), ("http://a.example:80/x", "a.example"),
    ("http://a.example/x", "a.example:80"), ("HTTP://a.example/x", "a.example"),
    ("https://a.example/x", "a.example:443"), ("http://[::1]:8080/x", "[::1]:8080")])
def test_hosts_that_agree(where, target, host):
    asked = where[1].requests
    assert get(where[0].port, target, host=host).status == 200
    assert asked[-1].target == "/x"
    assert asked[-1].all("Host") == [target.split("/")[2]]


@pytest.mark.parametrize("host", [
    "a@b", "a/b", "a?b", "a#b", "a,b", "a;b c", "a\\b", "a\"b", "<a>", "a b", "a\tb", "a\x00b",
    "a\x7f", "\xe9", "a:", "a:b", ":80", "a:-1", "a:99999", "a:80:80", "[a]", "[::1", "::1",
    "[::1]x", "a%zz", "", "http://a"])
def test_hosts_that_are_none(where, host):
    pound, backend = where
    asked = len(backend.requests)
    got = get(pound.port, "/", host=host).status
    assert got == 400 or (got, host) == (200, "a:"), "RFC 3986 allows an empty port"
    assert len(backend.requests) == asked + (got == 200)


# --- response splitting ---------------------------------------------------------------------------
SPLIT = ["%0d%0aSet-Cookie:%20evil=1", "%0D%0A%0D%0A<script>", "%0aX-Evil:1", "%00",
         "%c4%8d%c4%8aX:1",
         "?a=%0d%0aX-Evil:1", "%E5%98%8A%E5%98%8DX-Evil:1"]


@pytest.mark.parametrize("text", [t for t in SPLIT if "<" not in t])
def test_a_redirect_is_not_split(where, text):
    """Encoded bytes stay encoded."""
    got = get(where[0].port, "/away" + text, host="shop.example")
    assert got.status == 302
    assert got.field("Location") == "https://shop.example/away" + text
    assert not {"set-cookie", "x-evil"} & set(got.names)


@pytest.mark.parametrize("host", ["a%0d%0aX-Evil:1", "a\rX-Evil: 1", "a\nX-Evil: 1",
                                  "a\r\n X-Evil: 1"])
def test_a_redirect_is_not_split_by_its_host(where, host):
    got = get(where[0].port, "/away", host=host)
    assert (got.status in (302, 400), got.field("X-Evil")) == (True, None)
    assert got.field("Location") in (None, f"https://{host.split(':')[0]}/away")


@pytest.mark.parametrize("target", ["/away<script>alert(1)</script>", "/dead", "/dead?<script>",
                                    "/dead%3Cscript%3E"])
def test_pages_say_nothing_that_the_client_said(where, target):
    got = get(where[0].port, target, "X-A: <script>", host="script.example")
    assert got.status in (400, 503)
    assert b"script" not in got.body


@pytest.mark.parametrize("field", [b"X-A: b\rSet-Cookie: evil=1", b"X-A: b\nSet-Cookie: evil=1",
                                   b"X-A: b\r\r\nSet-Cookie: evil=1", b"X-A: b\x00",
                                   b"X-A: b\r\n c",
                                   b"X-A\x0b: b", b"X-\xe9: b", b"X-A: \x85\x0a", b": b", b"X-A"])
def test_a_backend_cannot_be_made_to_split(site, field):
    """A backend that echoes unchecked input could otherwise send two fields, or two responses."""
    backend = site.backend(script=lambda c: c.read_request() and c.send(
        b"HTTP/1.1 200 OK\r\n" + field + b"\r\nContent-Length: 0\r\n\r\n"))
    pound = site.pound(CONFIG, web=backend.port, dead=reserve_port())
    got = get(pound.port, "/")
    assert (got.status, got.field("Set-Cookie")) == (502, None)
    record, = pound.wait_records(1)
    assert record["reason"].startswith("response_")
    assert get(pound.port, "/").status == 502, "the backend was marked dead"
