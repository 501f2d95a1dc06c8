"""Request and Reply: what Pound changes in heads. Each test asks over HTTP/1 and over HTTP/2."""

import pytest

from harness import Client, answer, get, request, reserve_port, response, run_pound
from harness.config import plain_site, tls_site
from harness.http2 import Http2

SITE = plain_site(
    backends={
        "web": """
            Request: {Set: {X-Order: backend, X-Where: $$backend}}
            Reply: {Remove: X-By-Backend, Add: {X-Reply: backend}}
            HeadAdd: "X-Head-Add: kept"
        """,
        "other": "Port: $web; Request: {Remove: X-Listener}",
        "gone": "Port: $gone",
    },
    listener="""
        Protocols: [h2c, http/1.1]
        RequestID: X-Request-ID
        Request: {Set: {X-Order: listener, X-Listener: "1"}}
        Reply: {Set: {X-Frame-Options: DENY, X-Level: listener, Retry-After: "9"}}
    """, services="""
    - URL: ^/gone
      Reply: {Set: {X-Level: service}, Add: {X-For: "$$path $$host $$client"}}
      Backends: [*gone]
    - URL: ^/moved
      Reply: {Remove: X-Frame-Options, Set: {Location: "http://evil.example/", Content-Type: a/b}}
      Redirect: https://$$host
    - URL: ^/status
      Reply: {Set: {Content-Type: a/b, X-Level: document}}
      Serve: status
    - URL: ^/other
      Backends: [*other]
    - URL: ^/two
      Retry: {Times: 1, When: connect}
      Request: {Set: {X-Where: "$$backend"}}
      Backends: [*gone, *web]
    - HeadRequire: "^X-Order: client$$"
      Request:
        Remove: [X-Debug, X-Internal-*, Cookie]
        Set:
          X-Order: service
          X-All: "$$host $$path $$query $$client $$proto $$request_id $${host}s $$$$5"
          X-Empty: ""
        Add: {X-Tag: [a, b]}
      Reply:
        Remove: [Server, X-Powered-*]
        Set: {X-Level: service, Content-Type: text/plain}
      Backends: [*web]
    - Backends: [*web]
""")


class House:
    def __init__(self, site):
        self.web = site.backend(lambda _: response(b"ok", *self.fields))
        self.fields = []
        self.pound = site.pound(SITE, web=self.web.port, gone=reserve_port())

    def ask(self, version, target, *fields, method="GET", body=None):
        """The response, and what the backend got."""
        self.web.requests.clear()
        if version == 1:
            with Client(self.pound.port) as client:
                got = client.ask(method, target, *fields, body=body)
        else:
            with Http2(self.pound.port) as client:
                pairs = [(name.lower(), value) for name, value in
                         (field.split(": ", 1) for field in fields)]
                got = client.ask(method, target, *pairs, body=body)
        return got, self.web.requests[-1] if self.web.requests else None


@pytest.fixture(name="house", scope="module")
def fixture_house(shared_site):
    return House(shared_site)


both = pytest.mark.parametrize("version", [1, 2])
ORDER = "X-Order: client"


def own(head):
    """The fields of a request that are neither Host nor those that Pound always writes."""
    return [(name.lower(), value) for name, value in head.fields
            if name != "Host" and not name.startswith("X-Forwarded") and name != "X-Request-ID"]


@both
def test_a_request_as_the_backend_gets_it(house, version):
    got, seen = house.ask(version, "/a%20b?c=d&e", ORDER, "X-Debug: 1", "X-Internal-A: 2", "Cookie: a=b",
                          "X-Internal: stays", "X-All: forged", "x-tag: client", "Accept: */*")
    assert got.status == 200
    number = seen.field("X-Request-ID")
    assert own(seen) == [
        ("x-internal", "stays"), ("x-tag", "client"), ("accept", "*/*"), ("x-listener", "1"),
        ("x-all", f"www.example.com /a%20b c=d&e 127.0.0.1 http {number} www.example.coms $5"),
        ("x-empty", ""), ("x-tag", "a"), ("x-tag", "b"), ("x-order", "backend"), ("x-where", "web")]
    assert seen.start_line == "GET /a%20b?c=d&e HTTP/1.1"


@both
def test_services_are_found_by_the_head_as_it_came(house, version):
    """The listener's edits come first, but the service that asks for the client's value is taken."""
    _, seen = house.ask(version, "/", ORDER)
    assert seen.field("X-Empty") == ""
    _, seen = house.ask(version, "/")
    assert seen.field("X-Empty") is None
    assert (seen.field("X-Order"), seen.field("X-Listener")) == ("backend", "1")


@both
def test_a_backend_takes_back_what_a_listener_has_set(house, version):
    _, seen = house.ask(version, "/other", "X-Listener: client")
    assert (seen.field("X-Listener"), seen.field("X-Order")) == (None, "listener")


@both
def test_a_body_follows_an_edited_head(house, version):
    for size in (0, 1, 100_000):
        got, seen = house.ask(version, "/p", ORDER, method="POST", body=b"x" * size)
        assert (got.status, len(seen.body), seen.method) == (200, size, "POST")
        assert seen.field("X-Where") == "web"


@both
def test_another_backend_gets_its_own_edits(house, version):
    for _ in range(4):
        got, seen = house.ask(version, "/two")
        assert (got.status, seen.field("X-Where"), seen.field("X-Order")) == (200, "web", "backend")


@both
def test_a_reply_as_the_client_gets_it(house, version):
    house.fields = ["Server: old", "X-Powered-By: php", "X-Powered: stays", "content-type: text/html",
                    "X-By-Backend: 1", "Set-Cookie: a=b", "Set-Cookie: c=d", "X-Level: backend",
                    "X-Frame-Options: SAMEORIGIN", "Date: Mon, 30 Nov 2026 00:00:00 GMT"]
    got, _ = house.ask(version, "/", ORDER)
    house.fields = []
    fields = [(name.lower(), value) for name, value in got.fields if not name.startswith(":")]
    assert sorted(fields) == [
        ("content-length", "2"), ("content-type", "text/plain"),
        ("date", "Mon, 30 Nov 2026 00:00:00 GMT"), ("retry-after", "9"), ("set-cookie", "a=b"),
        ("set-cookie", "c=d"), ("x-frame-options", "DENY"), ("x-head-add", "kept"),
        ("x-level", "service"), ("x-powered", "stays"), ("x-reply", "backend")]
    assert got.body == b"ok"


@both
def test_interim_responses_pass_as_they_are(site, version):
    web = site.backend(script=answer(lambda _: (
        b"HTTP/1.1 103 Early Hints\r\nX-A: early\r\n\r\n" + response(b"", "X-A: final"))))
    pound = site.pound(plain_site(listener="Protocols: [h2c, http/1.1]; Reply: {Remove: X-A}"),
                       web=web.port)
    if version == 1:
        got = get(pound.port)
        early = got.interim[0].all("X-A")
    else:
        with Http2(pound.port) as client:
            got = client.ask()
        early = [value for name, value in got.interim[0] if name == "x-a"]
    assert (early, got.all("x-a")) == (["early"], [])


@both
def test_answers_of_pounds_own_get_the_replies_lines(house, version):
    """Of the listener, and of the service if it is known. Their own fields stay."""
    got, _ = house.ask(version, "/gone/x")
    assert got.status == 503
    assert [got.field(name.lower() if version == 2 else name) for name in (
        "X-Frame-Options", "X-Level", "X-For", "Retry-After")] == [
            "DENY", "service", "/gone/x www.example.com 127.0.0.1", "9"]
    got, _ = house.ask(version, "/moved")
    assert (got.status, got.field("location")) == (302, "https://www.example.com/moved")
    assert got.field("content-type") == "text/html; charset=utf-8"
    assert (got.field("x-frame-options"), got.field("x-level")) == (None, "listener")
    got, _ = house.ask(version, "/status.json")
    assert (got.status, got.field("x-level")) == (200, "document")
    assert got.field("content-type") == "application/json"


def test_a_request_that_is_refused_at_once_gets_the_listeners_lines(house):
    with Client(house.pound.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
        got = client.read_response()
    assert (got.status, got.field("X-Level")) == (400, "listener")


@both
def test_a_value_that_is_too_long_is_never_sent(site, version):
    web = site.backend()
    pound = site.pound(plain_site(
        listener="Protocols: [h2c, http/1.1]; MaxURI: 32K", services="""
        - URL: ^/request
          Request: {Set: {X-A: "$$path"}}
          Backends: [*web]
        - Reply: {Set: {X-A: "$$path", X-B: b}}
          Backends: [*web]"""), web=web.port)

    def ask(target):
        if version == 1:
            return get(pound.port, target)
        with Http2(pound.port) as client:
            return client.ask("GET", target)

    most = "/request" + "x" * (8192 - len("/request"))
    assert ask(most).status == 200
    assert web.requests[-1].field("X-A") == most
    assert ask(most + "x").status == 500
    assert len(web.requests) == 1
    record = pound.wait_records(2)[1]
    assert (record["status"], record["reason"]) == ("500", "edit_value")
    got = ask("/" + "x" * 8192)
    assert (got.status, got.field("x-a"), got.field("x-b")) == (200, None, "b")
    record = pound.wait_records(3)[2]
    assert (record["status"], record["reason"]) == ("200", "edit_value")


def test_hsts_of_a_listener_stays(site, certificates):
    web = site.backend(lambda _: response(b"", "Strict-Transport-Security: max-age=1"))
    pound = site.pound(tls_site(listener="Certificates: $pem; HSTS: 5; Reply: {Set: {X-A: $$proto}}"),
                       web=web.port, pem=certificates["ec"].pem)
    got = site.tls_client(pound.port).ask()
    assert (got.field("Strict-Transport-Security"), got.field("X-A")) == ("max-age=5", "https")


def test_a_trusted_proxy_names_host_proto_and_client(site):
    web = site.backend()
    pound = site.pound(plain_site(
        listener='TrustedProxies: [127.0.0.1]; Request: {Set: {X-A: "$$client $$proto $$host"}}'),
        web=web.port)
    get(pound.port, "/", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https",
        "X-Forwarded-Host: shop.example.com:8443")
    assert web.requests[-1].field("X-A") == "192.0.2.7 https shop.example.com"


def test_a_request_without_a_host(site):
    web = site.backend()
    pound = site.pound(plain_site(listener='Request: {Set: {X-A: "[$$host]"}}'), web=web.port)
    with Client(pound.port) as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.read_response(to="GET").status == 200
    assert web.requests[-1].field("X-A") == "[]"


@pytest.mark.parametrize("edits, again", [
    ("Request: {Set: {X-A: a}}", True), ("Request: {Set: {X-A: $$backend}}", False)],
    ids=["the same for all", "by backend"])
def test_a_kept_body_goes_on_only_with_the_same_head(site, edits, again):
    """A POST that may be repeated is kept for another backend, unless that needs other edits."""
    backends = {"one": "", "two": ""}
    def script(connection):  # takes the request and ends the connection
        connection.read_request()
    one, two = (site.backend(script=script) for _ in backends)
    pound = site.pound(plain_site(backends=backends, services=f"""
        - {edits}
          Retry: {{Times: 1, When: reset, Methods: all}}
          Backends: [*one, *two]"""), one=one.port, two=two.port)
    with Client(pound.port) as client:
        client.send(request("POST", "/", body=b"x" * 10))
        assert client.read_response(to="POST").status == 502
    assert len(one.requests) + len(two.requests) == (2 if again else 1)
    for backend in (one, two):
        assert all(head.field("X-A") for head in backend.requests)


REFUSED = """\
Backends:
  - &web
    Address: 127.0.0.1
    Port: 8080
    Request: {Remove: X-*}
HTTPListeners:
  - Address: 127.0.0.1
    Port: 8081
    RequestID: X-Id
    Reply: {Add: {Transfer-Encoding: gzip}}
    Services:
      - Request:
          Set: {Host: a, x_id: b}
        Rewrite: {From: /, To: "/a b"}
        Backends: *web
"""


def test_what_nobody_but_pound_may_write_is_refused_with_its_place(tmp_path):
    file = tmp_path / "pound.yaml"
    file.write_text(REFUSED)
    done = run_pound("-c", "-f", file)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if ": error: " in line]
    assert errors == [f"{file}:{place}: error: {text}" for place, text in [
        ("5:23", "`X-*` cannot be removed: it covers `X-Forwarded-For`, which tells the backend about its "
                 "client, and only Pound writes it"),
        ("10:19", "`Transfer-Encoding` cannot be edited: it says where the message ends, and only Pound "
                  "writes it"),
        ("13:17", "`Host` cannot be edited: it is the host that the client has asked for, and the backend "
                  "has to serve it under that name"),
        ("13:26", "`x_id` cannot be edited: it has the id of the request, by `RequestID`"),
        ("14:32", "`To` has ` `, which must be written as % and two hexadecimal digits")]]
