"""Changes to fields: Pound drops hop-by-hop fields, sets forwarding fields and adds HeadAdd."""

import pytest

from harness import Client, chunked, get, request, response
from harness.config import plain_site

CONFIG = plain_site(
    backends={
        "web": "",
        "adding": 'Port: $web; HeadAdd: "X-Added: one"',
        "adding_two": """
            Port: $web
            HeadAdd:
              - "X-First: 1"
              - "X-Second: two words"
        """,
        "adding_dead": 'Port: $dead; HeadAdd: "X-Added: one"',
    }, listener="Client: 30", services="""
    - URL: "^/one"
      Backends: [*adding]
    - URL: "^/two"
      Backends: [*adding_two]
    - URL: "^/dead"
      Backends: [*adding_dead]
    - Backends: [*web]
""")


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend(lambda received: response(b"ok", *backend.fields))
    backend.fields = ()
    dead = shared_site.backend()
    dead.refuse()
    pound = shared_site.pound(CONFIG, web=backend.port, dead=dead.port)
    return pound, backend


def seen(where, *fields, **kwargs):
    """The request as the backend received it, and the response as the client did."""
    pound, backend = where
    got = get(pound.port, "/", *fields, **kwargs)
    assert got.status == 200, got
    return backend.requests[-1], got


# --- requests -------------------------------------------------------------------------------------
def test_end_to_end_fields_pass_in_order(where):
    request_seen, _ = seen(where, "Accept: text/html, */*;q=0.1", "X-B: 1", "x-a: \xe9\xff",
                           "X-B: 2", "Cookie: a=b; c=d", "Authorization: Basic eDp5",
                           "User-Agent: Me (1)", "X-Empty:", "Referer: http://a/b?c",
                           "Cache-Control: no-cache")
    passed = [f for f in request_seen.fields if not f[0].startswith(("X-Forwarded", "Host"))]
    assert passed == [("Accept", "text/html, */*;q=0.1"), ("X-B", "1"), ("x-a", "\xe9\xff"),
                      ("X-B", "2"), ("Cookie", "a=b; c=d"), ("Authorization", "Basic eDp5"),
                      ("User-Agent", "Me (1)"), ("X-Empty", ""), ("Referer", "http://a/b?c"),
                      ("Cache-Control", "no-cache")]


def test_host_passes(where):
    assert seen(where, host="Example.ORG:8080")[0].all("Host") == ["Example.ORG:8080"]


def test_absolute_form_wins_over_host(where):
    """RFC 9112 3.2.2: the authority of the target replaces the Host field."""
    pound, backend = where
    assert get(pound.port, "http://inner.example:81/x", host="outer.example").status in (200, 400)
    if backend.requests[-1].target == "/x":
        assert backend.requests[-1].all("Host") == ["inner.example:81"]


@pytest.mark.parametrize("field", [
    "Connection: keep-alive", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive",
    "TE: trailers", "Trailer: X-Sum", "Upgrade: h2c", "Connection: X-Foo",
])
def test_hop_by_hop_fields_end_here(where, field):
    name = field.split(":")[0]
    request_seen, _ = seen(where, field)
    assert request_seen.all(name) == []


def test_fields_named_in_connection_end_here(where):
    request_seen, _ = seen(where, "Connection: X-One,x-TWO , keep-alive", "X-One: 1", "X-Two: 2",
                           "Connection: X-Three", "X-Three: 3", "X-Four: 4")
    assert [n for n in request_seen.names if n in ("x-one", "x-two", "x-three")] == []
    assert request_seen.field("X-Four") == "4"
    assert request_seen.field("Connection") is None


@pytest.mark.parametrize("name, value", [
    ("X-Forwarded-For", "127.0.0.1"), ("x-forwarded-proto", "http"),
    ("X-FORWARDED-HOST", "www.example.com"), ("X-Forwarded-Port", None),
    ("Host", "www.example.com"),
])
def test_fields_of_ours_cannot_be_removed_by_naming_them(where, name, value):
    request_seen, _ = seen(where, f"Connection: {name}")
    assert request_seen.field(name) == (value or str(where[0].port))


@pytest.mark.parametrize("name", ["Authorization", "Cookie"])
def test_credentials_cannot_be_removed_by_naming_them(where, name):
    assert seen(where, f"Connection: {name}", f"{name}: Basic abc")[0].field(name) == "Basic abc"


def test_content_length_cannot_be_removed_by_naming_it(where):
    pound, backend = where
    with_length = request("POST", "/", "Connection: Content-Length", body=b"12345")
    with Client(pound.port) as client:
        client.send(with_length)
        assert client.read_response().status in (200, 400)
    assert b"12345" not in backend.bytes_received or backend.requests[-1].body == b"12345"


def test_x_forwarded_is_set(where):
    request_seen, _ = seen(where, host="shop.example:99")
    assert request_seen.field("X-Forwarded-For") == "127.0.0.1"
    assert request_seen.field("X-Forwarded-Proto") == "http"
    assert request_seen.field("X-Forwarded-Host") == "shop.example:99"
    assert request_seen.field("X-Forwarded-Port") == str(where[0].port)


def test_x_forwarded_for_of_a_client_is_replaced(where):
    for fields in (["X-Forwarded-For: 192.0.2.1, 198.51.100.2"], ["x-forwarded-for:"],
                   ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"]):
        assert seen(where, *fields)[0].all("X-Forwarded-For") == ["127.0.0.1"]


def test_x_real_ip_and_forwarded_are_replaced_where_they_are(where):
    request_seen, _ = seen(where, "X-Real-IP: 192.0.2.1", "Forwarded: for=192.0.2.1",
                           "forwarded: for=192.0.2.2", host="www.example.com:81")
    assert request_seen.all("X-Real-IP") == ["127.0.0.1"]
    assert request_seen.all("Forwarded") == [
        'for=127.0.0.1;proto=http;host="www.example.com:81"']
    request_seen, _ = seen(where)
    assert not {"x-real-ip", "forwarded"} & set(request_seen.names)


def test_what_a_client_says_of_the_rest_is_replaced(where):
    request_seen, _ = seen(where, "X-Forwarded-Proto: https", "x-forwarded-host: evil.example",
                           "X-FORWARDED-PORT: 443")
    assert request_seen.field("X-Forwarded-Proto") == "http"
    assert request_seen.field("X-Forwarded-Host") == "www.example.com"
    assert request_seen.field("X-Forwarded-Port") == str(where[0].port)


@pytest.mark.parametrize("name", ["X_Forwarded_For", "X-Forwarded_For", "x_forwarded_proto",
                                  "X_FORWARDED-HOST", "X_Forwarded_Port"])
def test_underscore_twins_of_our_fields_do_not_pass(where, name):
    """CGI makes one variable of both names."""
    assert seen(where, f"{name}: 6.6.6.6")[0].all(name) == []


@pytest.mark.parametrize("name", ["X-SSL-Subject", "x-ssl-verify", "X-SSL-Cipher", "X-Ssl-",
                                  "X_SSL_Subject"])
def test_x_ssl_from_a_client_does_not_pass(where, name):
    assert seen(where, f"{name}: CN=root")[0].all(name) == []


def test_the_clients_version_is_not_the_backends(where):
    pound, backend = where
    assert get(pound.port, "/", version="1.0", host=None).status == 200
    old = backend.requests[-1]
    assert old.start_line == "GET / HTTP/1.1"
    assert old.field("Host") == f"127.0.0.1:{pound.port}"


def test_a_chunked_request_body_keeps_its_framing_and_trailer_rules(site, where):
    pound, backend = where
    client = site.client(pound.port)
    client.send(request("POST", "/", "Transfer-Encoding: chunked", body=chunked(
        b"a", b"bc", trailer=b"X-Sum: 1\r\nContent-Length: 9\r\nHost: evil\r\n", extension=b";x")))
    assert client.read_response().status in (200, 400)
    if backend.requests[-1].method == "POST":
        assert backend.requests[-1].body == b"abc"
        assert [n for n, _ in backend.requests[-1].trailer] in ([], ["X-Sum"])


# --- responses ------------------------------------------------------------------------------------
def test_hop_by_hop_fields_of_a_response_end_here(where):
    where[1].fields = ("Keep-Alive: timeout=5", "Connection: X-Gone, keep-alive", "X-Gone: 1",
                       "Proxy-Connection: x", "X-Stays: 2")
    _, got = seen(where)
    where[1].fields = ()
    assert [n for n in got.names if n in ("keep-alive", "connection", "x-gone", "proxy-connection",
                                          "upgrade")] == []
    assert got.field("X-Stays") == "2"


def test_head_add(where):
    pound, _ = where
    assert get(pound.port, "/one").field("X-Added") == "one"
    got = get(pound.port, "/two")
    assert (got.field("X-First"), got.field("X-Second")) == ("1", "two words")
    assert get(pound.port, "/").field("X-Added") is None


def test_head_add_is_for_what_a_backend_says(where):
    got = get(where[0].port, "/dead")
    assert (got.status, got.field("X-Added")) == (503, None)
