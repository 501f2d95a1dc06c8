"""Respond: fixed answers, byte for byte, over HTTP/1 and HTTP/2."""

import re

import pytest

from harness import Client, request, run_pound
from harness.config import plain_site
from harness.http2 import Http2

ROBOTS = b"User-agent: *\nDisallow: /\n"
ICON = bytes(range(256)) * 1024  # 256 KiB
USERS = ("a:$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.\n")
SITE = plain_site("Workers: 1; Err404: $dir/own404.html", listener="Protocols: [h2c, http/1.1]", services="""
    - URL: "^/robots"
      Respond: {File: $dir/robots.txt}
    - URL: "^/icon"
      Respond: {File: $dir/favicon.ico}
    - URL: "^/health"
      Respond: {Body: "OK\\n"}
    - URL: "^/json"
      Respond: {Code: 203, Body: "{}", Type: application/json}
    - URL: "^/empty"
      Respond: 204
    - URL: "^/same"
      Respond: {Code: 304}
    - URL: "^/reset"
      Respond: 205
    - URL: "^/bare"
      Respond: {}
    - URL: "^/blank"
      Respond: {Body: ""}
    - URL: "^/teapot"
      Respond: {Code: 418, Body: short and stout}
    - URL: "^/odd"
      Respond: {Code: 299, Body: odd}
    - URL: "^/none"
      Respond: 404
    - URL: "^/busy"
      Respond: {Code: 503, Body: ""}
    - URL: "^/private"
      Auth: {Realm: private, Users: $dir/users}
      Respond: {Body: secret}
    - URL: "^/denied"
      Clients: {Deny: [127.0.0.0/8]}
      Respond: {Body: secret}
    - URL: "^/limited"
      Limit: {Rate: 1, Per: 3600, Burst: 1}
      Respond: {Body: once}
""", backends={"web": ""})
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"

# {path: (status, Content-Type, content); no content: None}
ANSWERS = {
    "/robots": (200, TEXT, ROBOTS),
    "/icon": (200, "image/x-icon", ICON),
    "/health": (200, TEXT, b"OK\n"),
    "/json": (203, "application/json", b"{}"),
    "/empty": (204, None, None),
    "/same": (304, None, None),
    "/reset": (205, None, b""),
    "/bare": (200, None, b""),
    "/blank": (200, TEXT, b""),
    "/teapot": (418, TEXT, b"short and stout"),
    "/odd": (299, TEXT, b"odd"),
    "/none": (404, HTML, b"<p>own 404</p>"),
    "/busy": (503, TEXT, b""),
}


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site):
    pound = shared_site.prepare(SITE, web=shared_site.backend().port)
    for name, content in {"robots.txt": ROBOTS, "favicon.ico": ICON, "users": USERS.encode(),
                          "own404.html": b"<p>own 404</p>"}.items():
        (pound.directory / name).write_bytes(content)
    return pound.start()


def without_date(head):
    return re.sub(rb"Date: [^\r]*\r\n", b"", head)


def head_of(path):
    status, kind, content = ANSWERS[path]
    phrases = {200: "OK", 203: "Non-Authoritative Information", 204: "No Content",
               205: "Reset Content", 299: "", 304: "Not Modified", 404: "Not Found",
               418: "Error", 503: "Service Unavailable"}
    lines = [f"HTTP/1.1 {status} {phrases[status]}"]
    if kind:
        lines.append(f"Content-Type: {kind}")
    if content is not None:
        lines.append(f"Content-Length: {len(content)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_the_bytes_over_http1_and_the_connection_stays(pound, path, method):
    content = ANSWERS[path][2] or b""
    with Client(pound.port) as client:
        for _ in range(2):
            got = client.ask(method, path + "?a=b")
            assert without_date(got.raw_head) == head_of(path)
            assert got.body == (b"" if method == "HEAD" else content)
        client.send(request("GET", "/health"))
        assert client.read_response().body == b"OK\n"


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_the_same_over_http2(pound, path, method):
    status, kind, content = ANSWERS[path]
    with Http2(pound.port) as client:
        for _ in range(2):
            got = client.ask(method, path)
            expected = [(":status", str(status))]
            expected += [("content-type", kind)] if kind else []
            expected += [] if content is None else [("content-length", str(len(content)))]
            assert [pair for pair in got.fields if pair[0] != "date"] == expected
            assert got.body == (b"" if method == "HEAD" else content or b"")
        client.ping()


@pytest.mark.parametrize("body", [b"", b"x" * 10, b"x" * 1_000_000])
def test_a_request_with_a_body(pound, body):
    with Client(pound.port) as client:
        client.send(request("POST", "/health", body=body))
        got = client.read_response()
        assert (got.status, got.body) == (200, b"OK\n")
        if got.field("Connection") is None:  # the body came with the head
            assert client.ask("GET", "/health").body == b"OK\n"
    with Http2(pound.port) as client:
        stream = client.request("POST", "/health", body=body[:10_000])
        assert client.response(stream).body == b"OK\n"
        assert client.ask("GET", "/health").body == b"OK\n"


def test_a_client_that_awaits_continue_gets_the_answer_instead(pound):
    with Client(pound.port) as client:
        client.send(request("POST", "/health", "Expect: 100-continue", "Content-Length: 5"))
        got = client.read_response()
        assert (got.status, got.interim, got.field("Connection")) == (200, [], "close")


def test_pipelined_requests(pound):
    with Client(pound.port) as client:
        client.send(request("GET", "/empty") + request("HEAD", "/robots") + request("GET", "/same")
                    + request("GET", "/teapot"))
        assert [client.read_response(to=to).status
                for to in ("GET", "HEAD", "GET", "GET")] == [204, 200, 304, 418]


def test_http10(pound):
    with Client(pound.port) as client:
        got = client.ask("GET", "/health", version="1.0")
        assert (got.status, got.field("Connection"), got.body) == (200, "close", b"OK\n")


def test_users_clients_and_limits_come_first(pound):
    with Client(pound.port) as client:
        assert client.ask("GET", "/private").status == 401
        got = client.ask("GET", "/private", "Authorization: Basic YTphbGljZQ==")
        assert got.status in (200, 401)
        assert client.ask("GET", "/denied").status == 403
        assert [client.ask("GET", "/limited").status for _ in range(3)] == [200, 429, 429]


def test_records(pound):
    with Client(pound.port) as client:
        client.ask("GET", "/teapot?record")
        client.ask("HEAD", "/teapot?record")
        client.ask("GET", "/empty?record")
    lines = pound.wait_log(r"\?record", 3)
    assert [re.search(r'HTTP/1.1" (\d+) (\S+)', line).groups() for line in lines] == [
        ("418", "15"), ("418", "-"), ("204", "-")]


def test_a_reload_reads_the_files_again(site):
    pound = site.prepare(SITE, web=site.backend().port)
    for name, content in {"robots.txt": b"old", "favicon.ico": b"", "users": USERS.encode(),
                          "own404.html": b""}.items():
        (pound.directory / name).write_bytes(content)
    pound.start()
    with Client(pound.port) as client:
        assert client.ask("GET", "/robots").body == b"old"
    (pound.directory / "robots.txt").write_bytes(b"new")
    pound.reload()
    with Client(pound.port) as client:
        assert client.ask("GET", "/robots").body == b"new"
    for worker in pound.workers():
        pound.kill_worker(worker)
    with Client(pound.port) as client:
        assert client.ask("GET", "/robots").body == b"new"
    (pound.directory / "robots.txt").write_bytes(b"x" * (256 * 1024 + 1))
    pound.reload(expect="failed")
    with Client(pound.port) as client:
        assert client.ask("GET", "/robots").body == b"new"


def test_a_file_that_is_not_there(tmp_path):
    file = tmp_path / "pound.yaml"
    file.write_text("HTTPListeners:\n- Address: 127.0.0.1\n  Port: 1\n  Services:\n"
                    f"  - Respond: {{File: {tmp_path}/none}}\n")
    said = run_pound("-c", "-f", file)
    assert said.returncode == 1
    assert (f"{file}:5:21: error: cannot read the file `{tmp_path}/none` for Respond: "
            "No such file or directory; expected a readable file\n") in said.stderr
