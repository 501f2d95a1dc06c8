"""Faults of routing and identity: which service a request reaches, and what the backend believes."""

import pytest

from harness.config import plain_site

CONFIG = plain_site(backends={"public": "Port: $web", "admin": "Port: $web"}, services="""
    - URL: "^/admin"
      Backends: [*admin]
    - HeadRequire: "^Host: admin"
      Backends: [*admin]
    - HeadDeny: "^Host: shut"
      Backends: [*public]
""")


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend()
    return shared_site.pound(CONFIG, web=backend.port), backend


def send(site, pound, data):
    """The status, and the record, of one request."""
    logged = pound.count_records()
    client = site.client(pound.port)
    client.send(data)
    status = client.read_response().status
    return status, pound.wait_records(logged + 1)[-1]


@pytest.mark.parametrize("data", [
    b"GET http://admin.example/ HTTP/1.0\r\n\r\n",
    b"GET http://admin.example/ HTTP/1.1\r\nHost: ADMIN.example:80\r\n\r\n",
    b"GET / HTTP/1.1\r\nHOST:admin.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nX-Forwarded-Host: public.example\r\nHost: \t admin.example\r\n\r\n",
])
def test_fault_E1_the_service_sees_the_host_that_the_backend_gets(site, where, data):
    pound, backend = where
    status, record = send(site, pound, data)
    assert (status, record["backend"]) == (200, "admin")
    assert backend.requests[-1].field("Host") == "admin.example"


def test_fault_E1_a_denied_host_is_denied_in_the_target_too(site, where):
    pound, backend = where
    asked = len(backend.requests)
    status, record = send(site, pound, b"GET http://shut.example/ HTTP/1.0\r\n\r\n")
    assert (status, record["reason"]) == (404, "no_service")
    assert len(backend.requests) == asked


def test_fault_E1_fields_that_the_backend_does_not_get_are_not_seen(site, shared_site):
    backend = shared_site.backend()
    pound = shared_site.pound(plain_site(services="""
        - HeadRequire: "^X-Forwarded-Proto: https"
          Backends: [*web]
        - HeadRequire: ["^X-Forwarded-For: 127[.]0[.]0[.]1$$", "^X-Mine: 1$$"]
          Backends: [*web]
        - HeadRequire: ["^Upgrade: websocket$$", "^Connection: upgrade$$"]
          Backends: [*web]
        """), web=backend.port, name="seen")
    head = b"GET / HTTP/1.1\r\nHost: a\r\n"
    assert send(site, pound, head + b"X-Forwarded-Proto: https\r\n\r\n")[0] == 404
    _, record = send(site, pound, head + b"X-Forwarded-For: 192.0.2.1\r\nX-Mine: 1\r\n\r\n")
    assert record["service"].endswith("/2")
    assert send(site, pound, head + b"Upgrade: websocket\r\n\r\n")[0] == 404
    status, record = send(site, pound,
                          head + b"Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n")
    assert (status, record["service"][-2:]) == (200, "/3")


@pytest.mark.parametrize("path", [
    "/admin", "//admin", "/%61dmin", "/./admin", "/x/../admin", "/%2e/admin", "/;/admin",
    "/x/..;/admin", "/x/..%2Fadmin", "/x/%2e%2e/admin?q=1", "/admin/../x",
])
def test_fault_E2_every_spelling_of_a_path_reaches_its_service(site, where, path):
    pound, backend = where
    _, record = send(site, pound, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert record["backend"] == "admin"
    assert backend.requests[-1].target == path  # forwarded as it came


@pytest.mark.parametrize("path", ["/x/admin", "/%2561dmin", "/x?/../admin", "/...//x", "/Admin"])
def test_fault_E2_other_paths_do_not(site, where, path):
    pound, backend = where
    _, record = send(site, pound, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert record["backend"] == "public"
    assert backend.requests[-1].target == path


def test_fault_E3_a_host_of_255_bytes_is_the_longest(site, where):
    pound, backend = where
    name = ".".join(["a" * 63] * 4)
    assert send(site, pound, f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())[0] == 200
    assert backend.requests[-1].field("Host") == name
    status, record = send(site, pound, f"GET / HTTP/1.1\r\nHost: {name}a\r\n\r\n".encode())
    assert (status, record["reason"]) == (400, "host_too_long")
    status, record = send(site, pound, f"GET http://{name}a/ HTTP/1.0\r\n\r\n".encode())
    assert (status, record["reason"]) == (400, "host_too_long")


def test_fault_E4_an_absolute_target_may_have_a_query_without_a_path(site, where):
    pound, backend = where
    data = b"GET http://t.example?x=1 HTTP/1.1\r\nHost: t.example\r\n\r\n"
    assert send(site, pound, data)[0] == 200
    assert backend.requests[-1].target == "/?x=1"
    assert backend.requests[-1].field("Host") == "t.example"


@pytest.mark.parametrize("query", ["q=100%", "q=%u00e4", "%", "a=%4&b=%zz"])
def test_fault_E6_a_percent_sign_in_the_query_passes(site, where, query):
    pound, backend = where
    assert send(site, pound, f"GET /?{query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())[0] == 200
    assert backend.requests[-1].target == f"/?{query}"


def test_fault_E6_a_percent_sign_in_the_path_is_refused(site, where):
    status, record = send(site, where[0], b"GET /100% HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (status, record["reason"]) == (400, "percent_encoding")


@pytest.mark.parametrize("name", [
    "Proxy", "Forwarded", "X-Real-IP", "X_Real_IP", "X-Forwarded-Ssl", "X-Forwarded-Prefix",
    "X_Forwarded_Server", "Remote-User", "Remote_User", "X-Remote-User",
])
def test_fault_E5_a_client_cannot_speak_as_a_proxy(site, where, name):
    pound, backend = where
    head = f"GET / HTTP/1.1\r\nHost: a\r\n{name}: evil\r\nX-Mine: 1\r\n\r\n"
    assert send(site, pound, head.encode())[0] == 200
    received = backend.requests[-1]
    assert b"evil" not in received.raw_head
    assert received.field("X-Mine") == "1"


def test_fault_E7_registered_and_added_methods_pass(site, shared_site):
    backend = shared_site.backend()
    pound = shared_site.pound(plain_site(listener="Methods: [PURGE, NOTIFY]"), web=backend.port,
                              name="methods")
    for method in ("QUERY", "PURGE", "NOTIFY"):
        data = f"{method} /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab".encode()
        assert send(site, pound, data)[0] == 200
        assert (backend.requests[-1].method, backend.requests[-1].body) == (method, b"ab")
    for method in ("SUBSCRIBE", "purge", "TRACE", "CONNECT"):
        client = site.client(pound.port)
        target = b"a:80" if method == "CONNECT" else b"/x"
        client.send(method.encode() + b" " + target + b" HTTP/1.1\r\nHost: a:80\r\n\r\n")
        got = client.read_response()
        assert got.status == 405
        allowed = got.field("Allow").split(", ")
        assert {"GET", "QUERY", "PURGE", "NOTIFY"} <= set(allowed)
        assert not {"TRACE", "CONNECT"} & set(allowed)


def test_fault_E7_other_listeners_do_not_take_the_method(site, where):
    pound, _ = where
    assert send(site, pound, b"QUERY / HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
    status, record = send(site, pound, b"PURGE / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (status, record["reason"]) == (405, "method_unknown")
