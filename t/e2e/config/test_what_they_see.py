"""The chapters WHAT THE BACKEND SEES and WHAT THE CLIENT SEES of pound.yaml(5), field by field.

Each entry of a chapter has rows here: what one side sends, and what the other side gets of it.
"""

import re

import pytest

from harness import ROOT, Client, TlsClient, chunked, request, reserve_port, response
from harness.config import plain_site

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# What a client sends, and the lines with this name that the backend gets. {port} is the listener's.
TO_BACKEND = {
    "Host": [((), ["www.example.com"])],
    "X-Forwarded-For": [((), ["127.0.0.1"]), (["X-Forwarded-For: 10.9.8.7"], ["127.0.0.1"])],
    "X-Forwarded-Proto": [(["X-Forwarded-Proto: https"], ["http"])],
    "X-Forwarded-Host": [(["X-Forwarded-Host: evil"], ["www.example.com"])],
    "X-Forwarded-Port": [(["X-Forwarded-Port: 1"], ["{port}"])],
    "X-Real-IP": [((), []), (["X-Real-IP: 10.9.8.7"], ["127.0.0.1"])],
    "Forwarded": [((), []), (["Forwarded: for=10.9.8.7"],
                             ["for=127.0.0.1;proto=http;host=www.example.com"])],
    "X-SSL-*": [(["X-SSL-Subject: CN=root", "X_SSL_Issuer: CN=root"], [])],
    "RequestID": [(["X-Request-ID: mine"], [UUID])],
    "Proxy": [(["Proxy: evil", "Remote-User: root", "X-Remote-User: root", "X-Real-Host: evil",
                "X-Forwarded-Server: evil", "X_Real_IP: 10.9.8.7"], [])],
    "Connection": [(["Connection: X-One, Cookie", "X-One: 1"], [])],
    "Keep-Alive": [
        (["Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Trailer: X-Sum"], [])],
    "TE": [(["TE: trailers", "Connection: TE"], [])],
    "Upgrade": [(["Upgrade: echo", "Connection: upgrade"], ["echo"]), (["Upgrade: echo"], []),
                (["Upgrade: h2c", "Connection: upgrade"], [])],
    "Content-Length": [((), []), (["Content-Length: 3"], ["3"]), (["POST"], ["0"])],
    "Transfer-Encoding": [(["Transfer-Encoding: Chunked"], ["chunked"])],
    "Expect": [(["Expect: 100-continue"], []),
               (["Expect: 100-Continue", "Content-Length: 3"], ["100-continue"])],
    "Authorization": [(["Authorization: Basic am9lOnB3"], ["Basic am9lOnB3"])],
    "Cookie": [(["Cookie: a=b"], ["a=b"])],
    "Accept-Encoding": [(["Accept-Encoding: gzip;q=0.5, br"], ["gzip;q=0.5, br"])],
    "Destination": [(["Destination: https://www.example.com/b"], ["https://www.example.com/b"])],
    "Via": [((), []), (["Via: 1.1 cdn"], ["1.1 cdn"])],
}
# Other names that an entry speaks about.
ALSO = {"X-SSL-*": ["X-SSL-Subject", "X_SSL_Issuer"], "RequestID": ["X-Request-ID"],
        "Proxy": ["Remote-User", "X-Remote-User", "X-Real-Host", "X-Forwarded-Server", "X_Real_IP"],
        "Connection": ["X-One"], "Keep-Alive": ["Proxy-Connection", "Trailer"]}

# What a backend sends, and the lines with this name that a client gets.
TO_CLIENT = {
    "Connection": [(["Connection: X-One, Set-Cookie", "X-One: 1"], [])],
    "Keep-Alive": [(["Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: trailers"], [])],
    "Upgrade": [(["Upgrade: echo"], []),
                (["426 Upgrade Required", "Upgrade: echo", "Connection: upgrade"], ["echo"])],
    "Content-Length": [((), ["2"]), (["chunked"], [])],
    "Transfer-Encoding": [((), []), (["chunked"], ["chunked"])],
    "Trailer": [(["Trailer: X-Sum"], []), (["chunked", "Trailer: X-Sum"], ["X-Sum"])],
    "Date": [(["Date: Sat, 28 Nov 2026 23:00:01 GMT"], ["Sat, 28 Nov 2026 23:00:01 GMT"]),
             ((), [re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")])],
    "Server": [((), []), (["Server: app/1"], ["app/1"])],
    "Via": [((), []), (["Via: 1.1 app"], ["1.1 app"])],
    "Location": [(["302 Found", "Location: http://10.0.0.1/b"], ["http://10.0.0.1/b"])],
    "Set-Cookie": [(["Set-Cookie: a=1", "Set-Cookie: b=2"], ["a=1", "b=2"])],
    "Strict-Transport-Security": [(["Strict-Transport-Security: max-age=5"], ["max-age=5"])],
    "Content-Encoding": [(["Content-Encoding: gzip"], ["gzip"])],
    "Vary": [(["Vary: Cookie"], ["Cookie"])],
    "Retry-After": [(["503 Service Unavailable", "Retry-After: 7"], ["7"])],
    "WWW-Authenticate": [(["401 Unauthorized", "WWW-Authenticate: Basic"], ["Basic"])],
    "Allow": [(["405 Method Not Allowed", "Allow: GET"], ["GET"])],
    "Alt-Svc": [(['Alt-Svc: h3=":443"'], ['h3=":443"'])],
}
ALSO_TO_CLIENT = {"Connection": ["X-One"], "Keep-Alive": ["Proxy-Connection", "TE"]}

CONFIG = plain_site("Workers: 1; RequestID: X-Request-ID")


def chapter(name):
    """The names of the entries of a chapter, in order."""
    text = (ROOT / "man" / "pound.yaml.5").read_text()
    body = re.search(rf"^\.SH {name}\n(.*?)^\.SH ", text, re.M | re.S)[1]
    tags = re.findall(r"^\.TP\n\.B (.*)$", body, re.M)
    return [tag.replace("\\-", "-").strip('"') for tag in tags]


def matches(got, wanted):
    return len(got) == len(wanted) and all(
        re.fullmatch(want, value) if isinstance(want, re.Pattern) else value == want
        for value, want in zip(got, wanted))


def rows(table):
    return [pytest.param(name, *row, id=f"{name}-{number}")
            for name, all_rows in table.items() for number, row in enumerate(all_rows)]


def test_each_entry_of_the_chapters_has_a_row():
    assert chapter("WHAT THE BACKEND SEES") == list(TO_BACKEND)
    assert chapter("WHAT THE CLIENT SEES") == list(TO_CLIENT)


@pytest.fixture(name="sides", scope="module")
def fixture_sides(shared_site):
    """ask(request) returns what the backend has got, and answer() sets what it sends."""
    class Sides:
        data = response()

    backend = shared_site.backend(lambda _: Sides.data)
    pound = shared_site.pound(CONFIG, web=backend.port)

    def ask(data):
        Sides.data = response()
        with Client(pound.port) as client:
            client.send(data)
            assert client.read_response().status == 200
        return backend.requests[-1]

    def answer(data):
        Sides.data = data
        with Client(pound.port) as client:
            client.send(request())
            return client.read_response()

    Sides.ask, Sides.answer, Sides.port = ask, answer, pound.port
    return Sides


@pytest.mark.parametrize("name, fields, wanted", rows(TO_BACKEND))
def test_what_the_backend_sees(sides, name, fields, wanted):
    method = "POST" if "POST" in fields else "GET"
    fields = [field for field in fields if field != "POST"]
    body = None
    if "Content-Length: 3" in fields:
        body = b"abc"
    if "Transfer-Encoding: Chunked" in fields:
        body = chunked(b"abc")
    got = sides.ask(request(method, "/", *fields, body=body))
    wanted = [want.format(port=sides.port) if isinstance(want, str) else want for want in wanted]
    names = ALSO.get(name, [])
    found = got.all(name) + [value for also in names for value in got.all(also)]
    assert matches(found, wanted), (found, wanted)
    assert got.start_line == f"{method} / HTTP/1.1"


@pytest.mark.parametrize("name, fields, wanted", rows(TO_CLIENT))
def test_what_the_client_sees(sides, name, fields, wanted):
    status = next((field for field in fields if field[0].isdigit()), "200 OK")
    is_chunked = "chunked" in fields
    fields = [field for field in fields if ": " in field]
    if is_chunked:
        data = response(chunked(b"ok"), *fields, "Transfer-Encoding: chunked", status=status,
                        length=False)
    else:
        data = response(b"ok", *fields, status=status)
    got = sides.answer(data)
    names = ALSO_TO_CLIENT.get(name, [])
    found = got.all(name) + [value for also in names for value in got.all(also)]
    if name == "Connection":
        assert got.all("Set-Cookie") == []
    assert matches(found, wanted), (found, wanted)
    assert got.start_line == f"HTTP/1.1 {status}"


def test_all_other_fields_pass_in_their_order(sides):
    fields = ["X-B: 2", "Accept: */*", "x-a:  1", "Traceparent: 00-0af7-b7ad-01", "X-B: 3"]
    got = sides.ask(request("GET", "/a//b%2f?c", *fields))
    assert got.target == "/a//b%2f?c"
    passed = [f"{name}: {value}" for name, value in got.fields]
    assert passed[1:6] == [field.replace("  ", " ") for field in fields]
    back = sides.answer(response(b"ok", *fields))
    assert [f"{name}: {value}" for name, value in back.fields][:5] == [
        field.replace("  ", " ") for field in fields]


def test_what_keys_add_for_clients(site, certificates, tmp_path):
    """HSTS, INSERT, Compress, HeadAdd and Reply, and the fields of Pound's own responses."""
    (tmp_path / "users").write_text("joe:$apr1$abcdefgh$" + "a" * 22 + "\n")
    (tmp_path / "users").chmod(0o600)
    (tmp_path / "closed.html").write_text("<p>closed</p>\n")
    backend = site.backend(lambda _: response(
        b"text " * 1000, "Content-Type: text/plain", 'ETag: "x"', "Accept-Ranges: bytes",
        "Strict-Transport-Security: max-age=5", "Server: app/1"))
    plain = plain_site(backends={"web": "HeadAdd: 'X-Added: yes'"},
                       listener=f"Port: {reserve_port()}")
    text = plain + f"""
HTTPSListeners:
  - Address: 127.0.0.1
    Port: $listen
    Threads: 0
    Certificates: {certificates["ec"].pem}
    HSTS: 77
    Reply: {{Remove: Server}}
    Services:
      - Path: /staff
        Auth: {{Realm: Staff, Users: {tmp_path}/users}}
        Backends: *web
      - Path: /closed
        Disabled: true
        Maintenance: {{Page: {tmp_path}/closed.html, RetryAfter: 600}}
        Backends: *web
      - Session: {{Type: INSERT}}
        Compress: gzip
        Backends: *web
"""
    pound = site.pound(text, web=backend.port)

    def ask(*what):
        with TlsClient(pound.port) as client:
            return client.ask(*what)

    got = ask("GET", "/", "Accept-Encoding: gzip")
    assert got.all("Strict-Transport-Security") == ["max-age=77"]
    cookie = got.field("Set-Cookie")
    assert re.fullmatch(r"PSRV=\S+; Path=/; HttpOnly; SameSite=Lax(; Secure)?", cookie)
    assert (got.field("Content-Encoding"), got.field("Vary"), got.field("ETag")) == (
        "gzip", "Accept-Encoding", 'W/"x"')
    assert (got.all("Accept-Ranges"), got.all("Content-Length"), got.all("Server")) == ([], [], [])
    assert got.field("X-Added") == "yes"
    refused = ask("GET", "/staff")
    assert (refused.status, refused.field("WWW-Authenticate")) == (
        401, 'Basic realm="Staff", charset="UTF-8"')
    closed = ask("GET", "/closed")
    assert (closed.status, closed.field("Retry-After")) == (503, "600")
    method = ask("TRACE", "/")
    assert method.status == 405 and "GET" in method.field("Allow").split(", ")
    for own in (refused, closed, method):
        assert own.all("Server") == [] and len(own.all("Date")) == 1
