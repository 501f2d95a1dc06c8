"""Serve: status, as a program sees it: paths, methods, fields, and a state of many backends."""

import json
import subprocess

import pytest

from clients import passwords
from harness import Client, get, request, wait_until
from harness.config import plain_site
from harness.http2 import Http2
from harness.proc import rss

MANY = 1000
SERVICES = """
- URL: "^/pound([/?]|$$)"
  Serve: status
- Backends: [*web]
"""
FIELDS = [
    ("Content-Type", "application/json"),
    ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; "
                                "frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]


def many_backends(port):
    """A site whose services have 1000 backends, all at one port."""
    backends = "".join(f"  - &b{i} {{Address: 127.0.0.1, Port: {port}, Weight: {i + 1}}}\n"
                       for i in range(MANY))
    names = ", ".join(f"*b{i}" for i in range(MANY))
    return ("Global:\n  Workers: 1\nBackends:\n" + backends + "HTTPListeners:\n"
            "  - Address: 127.0.0.1\n    Port: $listen\n    Protocols: [h2c, http/1.1]\n"
            '    Services:\n      - {URL: "^/pound/", Serve: status}\n'
            f"      - Backends: [{names}]\n")


@pytest.fixture(name="pound")
def fixture_pound(site):
    return site.pound(plain_site(listener="Protocols: [h2c, http/1.1]", services=SERVICES),
                      web=site.backend().port)


def status(pound, path="/pound/status.json", **kwargs):
    answer = get(pound.port, path, **kwargs)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def test_the_counters_are_those_of_the_traffic(pound):
    for _ in range(3):
        assert get(pound.port).status == 200
    assert get(pound.port, "/%").status == 400
    now = status(pound)
    assert list(now) == ["process", "workers", "listeners", "services", "backends", "limits",
                         "certificates", "clients", "busy_clients", "sessions", "problems"]
    assert (now["process"]["pid"], now["process"]["generation"]) == (pound.master, 1)
    assert now["process"]["segment"] == "intact"
    assert [worker["pid"] for worker in now["workers"]] == pound.workers()
    listener = f"127.0.0.1:{pound.port}"
    assert (now["listeners"][0]["address"], now["listeners"][0]["requests"]) == (listener, 5)
    assert now["listeners"][0]["refused_percent_encoding"] == 1
    assert [(one["name"], one["requests"]) for one in now["services"]] == [
        (listener + "/1", 1), (listener + "/2", 3)]
    backend = now["backends"][0]
    assert (backend["name"], backend["state"], backend["requests"]) == ("web", "live", 3)
    assert backend["reason"] is None


def test_the_fields_of_the_response(pound):
    answer = get(pound.port, "/pound/status.json?a=b")
    fields = [field for field in answer.fields if field[0] not in ("Content-Length", "Date")]
    assert fields == FIELDS
    assert int(answer.field("Content-Length")) == len(answer.body)
    record = pound.wait_record("/pound/status.json?a=b")
    assert (record["status"], int(record["bytes"])) == ("200", len(answer.body))
    assert (record["service"], record["backend"]) == (f"127.0.0.1:{pound.port}/1", "-")


def test_head_gets_the_fields_only(pound):
    with Client(pound.port) as client:
        answer = client.ask("HEAD", "/pound/status.json")
        assert [field for field in answer.fields if field[0] != "Date"] == FIELDS
        assert client.ask("GET", "/pound/status.json").status == 200  # no stray byte before it
    assert pound.wait_records(2)[0]["bytes"] in ("0", "-")


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "PUT"])
def test_other_methods_get_405(pound, method):
    with Client(pound.port) as client:
        answer = client.ask(method, "/pound/status.json", body=b"x" if method == "POST" else None)
        assert (answer.status, answer.field("Allow")) == (405, "GET, HEAD")
    assert pound.wait_records(1)[0]["reason"] == "serve_method"


@pytest.mark.parametrize("path, location", [
    ("/pound", "./pound/"),
    ("/pound?a", "./pound/"),
    ("/pound/a:b", "./a:b/"),
    ("/pound/status.jsonx", "./status.jsonx/"),
    ("/pound//evil.example", "./evil.example/"),
    ("/pound/%3Cscript%3E", "./%3Cscript%3E/"),
])
def test_other_paths_are_redirected_to_a_page(pound, path, location):
    answer = get(pound.port, path)
    assert (answer.status, answer.field("Location")) == (302, location)


def test_the_names_of_a_path_are_those_of_its_normal_form(pound):
    for path in ("/pound/%73tatus.json", "/pound/x/../status.json", "//pound/status.json"):
        assert "process" in status(pound, path)


def test_a_request_with_a_body_and_http10(pound):
    with Client(pound.port) as client:
        client.send(request("GET", "/pound/status.json", body=b"x" * 100))
        assert client.read_response().status == 200
        assert client.ask("GET", "/").status == 200
    with Client(pound.port) as client:
        answer = client.ask("GET", "/pound/status.json", version="1.0")
        assert (answer.status, answer.field("Connection")) == (200, "close")
        json.loads(answer.body)
        assert client.closes()


def test_conditions_on_clients_hold(site, tmp_path):
    passwords.write_users(tmp_path / "users", ann=passwords.FAST)
    pound = site.pound(plain_site(services="""
    - {URL: "^/denied/", Clients: {Deny: [127.0.0.1]}, Serve: status}
    - {URL: "^/users/", Auth: {Realm: A, Users: $users}, Serve: status}
    - {URL: "^/limited/", Limit: {Rate: 1, Per: 3600, Burst: 1}, Serve: status}
    - Backends: [*web]
    """), web=site.backend().port, users=tmp_path / "users")
    assert get(pound.port, "/denied/status.json").status == 403
    assert get(pound.port, "/users/status.json").status == 401
    assert get(pound.port, "/users/status.json",
               passwords.credentials("ann", "secret")).status == 200
    assert get(pound.port, "/users/", passwords.credentials("ann", "wrong")).status == 401
    assert [get(pound.port, "/limited/status.json").status for _ in range(2)] == [200, 429]
    assert [record["reason"] for record in pound.wait_records(6)] == [
        "client_denied", "auth_missing", None, "auth_failed", None, "rate_limited"]


def test_a_thousand_backends_in_parts(site):
    pound = site.pound(many_backends(site.backend().port))
    assert get(pound.port).status == 200
    answer = get(pound.port, "/pound/status.json")
    assert answer.field("Transfer-Encoding") == "chunked"
    assert len(answer.body) > 300 * MANY
    backends = json.loads(answer.body)["backends"]
    assert [one["name"] for one in backends] == [f"b{i}" for i in range(MANY)]
    with Http2(pound.port) as client:
        second = client.ask("GET", "/pound/status.json")
        assert second.status == 200
        assert len(json.loads(second.body)["backends"]) == MANY
    # curl takes all of it as well.
    done = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{pound.port}/pound/status.json"],
                          capture_output=True, check=True, timeout=60)
    assert len(json.loads(done.stdout)["backends"]) == MANY


def test_clients_that_do_not_read_cost_little_and_hold_up_nobody(site):
    pound = site.pound(many_backends(site.backend().port))
    (worker,) = pound.workers()
    assert get(pound.port, "/pound/status.json").status == 200
    before = rss(worker)
    slow = [site.client(pound.port, receive_buffer=4096) for _ in range(20)]
    for client in slow:
        client.send(request("GET", "/pound/status.json"))
    wait_until(lambda: all(client.has_unread() for client in slow), lambda: "the first bytes")
    for _ in range(20):
        assert get(pound.port).status == 200
    assert rss(worker) - before < 60 << 20
    for client in slow[:5]:
        body = client.read_response().body
        assert len(json.loads(body)["backends"]) == MANY
    for client in slow[5:]:
        client.close()
    pound.wait_records(1 + 20 + 20)
    assert {record["reason"] for record in pound.records()
            if "status.json" in record["request"]} <= {None, "client_closed"}


def test_http2_windows_hold_the_parts_back(site):
    pound = site.pound(many_backends(site.backend().port))
    with Http2(pound.port) as client:
        client.gives_back = False
        stream = client.request("GET", "/pound/status.json")
        assert get(pound.port).status == 200
        client.gives_back = True
        got = client.response(stream)
        assert len(json.loads(got.body)["backends"]) == MANY


def test_a_reload_and_a_kill_lose_no_count(pound):
    for _ in range(5):
        assert get(pound.port).status == 200
    pound.reload()
    now = status(pound)
    assert now["process"]["generation"] == 2
    assert (now["services"][1]["requests"], now["backends"][0]["requests"]) == (5, 5)
    pound.kill_worker()
    now = status(pound)
    assert (now["services"][1]["requests"], now["backends"][0]["requests"]) == (5, 5)
    assert now["services"][0]["requests"] == 2
