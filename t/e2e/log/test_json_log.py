"""AccessLog: json and formats with named fields; formats of listeners and services."""

import datetime
import re
import threading

import pytest

from clients import passwords
from harness import TIMEOUT, Client, TlsClient, get, request, reserve_port, response, wait_until
from harness.config import another_listener, plain_site, tls_site
from harness.http2 import Http2
from harness.json_log import json_records, parse, wait_json
from harness.status import read_status

KEYS = ("time request_id client client_port peer listener service backend method host target "
        "protocol request status reason user referer user_agent request_bytes response_bytes "
        "queue_ms connect_ms first_byte_ms total_ms tls cipher session retries cut").split()
SERVICES = """
    - URL: "^/dead"
      Backends: [*dead]
    - URL: "^/both"
      Session: {Type: COOKIE, ID: sid, TTL: 300}
      Retry: {Times: 1, When: [connect]}
      Backends: [*web]
    - URL: "^/web"
      Backends: [*web]
"""
CONFIG = plain_site("Workers: 1; AccessLog: json; TrustedProxies: [127.0.0.2]",
                    backends={"web": "", "dead": ""}, services=SERVICES,
                    listener="Protocols: [h2c, http/1.1]")


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site):
    dead = shared_site.backend()
    dead.refuse()
    web = shared_site.backend(lambda _: response(b"hello", "Set-Cookie: sid=a"))
    return shared_site.pound(CONFIG, web=web.port, dead=dead.port)


def one(pound, ask):
    """The only record of what `ask()` does."""
    before = len(json_records(pound))
    ask()
    pound.wait_quiet()
    records = wait_json(pound, before + 1)
    assert len(records) == before + 1
    return records[-1]


def asked(pound, *args, source=None, **kwargs):
    """The record of a request, and the port that it came from."""
    with Client(pound.port, source=source) as client:
        record = one(pound, lambda: client.ask(*args, **kwargs))
        return record, client.local_port


def test_every_field_of_a_request(pound):
    before = datetime.datetime.now(datetime.timezone.utc)
    record, port = asked(pound, "POST", "/web/a?b=c", "User-Agent: Mozilla/5.0 \"X11\"",
                         "Referer: http://a.example/", body=b"12345678")
    assert list(record) == KEYS
    when = datetime.datetime.strptime(record["time"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert record["time"].endswith("Z")
    early = before - datetime.timedelta(seconds=1)  # the clock of its turn
    assert early <= when <= datetime.datetime.now(datetime.timezone.utc) + (before - early)
    times = {key: record.pop(key) for key in KEYS if key.endswith("_ms")}
    del record["time"]
    assert record == {
        "request_id": None, "client": "127.0.0.1", "client_port": port, "peer": "127.0.0.1",
        "listener": f"127.0.0.1:{pound.port}", "service": f"127.0.0.1:{pound.port}/3",
        "backend": "web", "method": "POST", "host": "www.example.com", "target": "/web/a?b=c",
        "protocol": "HTTP/1.1", "request": None, "status": 200, "reason": None, "user": None,
        "referer": "http://a.example/", "user_agent": 'Mozilla/5.0 "X11"', "request_bytes": 8,
        "response_bytes": 5, "tls": None, "cipher": None, "session": None, "retries": 0, "cut": []}
    assert all(isinstance(value, float) for value in times.values())
    parts = times["queue_ms"] + times["connect_ms"] + times["first_byte_ms"]
    assert 0 <= parts <= times["total_ms"] + 0.001


def test_http2(pound):
    with Http2(pound.port) as connection:
        record = one(pound, lambda: connection.ask("GET", "/web/2", ("user-agent", "two")))
    assert (record["method"], record["host"], record["target"]) == ("GET", "www.example.com", "/web/2")
    assert (record["protocol"], record["user_agent"]) == ("HTTP/2.0", "two")


def test_what_has_not_happened_is_null(pound):
    record, _ = asked(pound, "GET", "/nowhere")
    assert (record["status"], record["reason"], record["service"]) == (404, "no_service", None)
    assert [record[key] for key in ("backend", "queue_ms", "connect_ms", "first_byte_ms")] == [None] * 4
    record, _ = asked(pound, "GET", "/dead")
    assert (record["status"], record["retries"], record["first_byte_ms"]) == (503, 1, None)
    assert record["queue_ms"] >= 0 and record["connect_ms"] >= 0


def test_sessions(pound):
    record, _ = asked(pound, "GET", "/both")
    assert record["session"] is None  # it has no cookie
    for cookie, session in (("b", "new"), ("b", "known")):
        record, _ = asked(pound, "GET", "/both", f"Cookie: sid={cookie}")
        assert record["session"] == session


def test_the_client_behind_a_trusted_proxy(pound):
    record, port = asked(pound, "GET", "/web", "X-Forwarded-For: 192.0.2.9", source="127.0.0.2")
    assert (record["client"], record["client_port"], record["peer"]) == ("192.0.2.9", None, "127.0.0.2")
    record, port = asked(pound, "GET", "/web", source="127.0.0.2")
    assert (record["client"], record["client_port"]) == ("127.0.0.2", port)


HOSTILE = [
    ('a"b\\c', 'a"b\\x5cc'), ("caf\xc3\xa9", "caf\xe9"), ("\xff\xc3(", "\\xff\\xc3("),
    ("a\tb", "a\tb"), ("\xf0\x9f\x98\x80", "\U0001f600"), ('","status":1,"x":"', None),
    ("\\u0041\\xff", "\\x5cu0041\\x5cxff"), ("</script>\xe2\x80\xa8", "</script>\u2028"),
]


@pytest.mark.parametrize("value, shown", HOSTILE)
def test_foreign_bytes(pound, value, shown):
    record, _ = asked(pound, "GET", "/web", f"User-Agent: {value}", f"Referer: {value}")
    assert record["user_agent"] == record["referer"] == (value if shown is None else shown)
    assert list(record) == KEYS and record["status"] == 200


@pytest.mark.parametrize("byte", [0x00, 0x07, 0x0a, 0x0d, 0x1b, 0x22, 0x5c, 0x7f, 0x9b, 0xff])
@pytest.mark.parametrize("place", ["target", "agent", "method"])
def test_no_byte_breaks_a_line(pound, byte, place):
    evil = bytes([byte]) + b'"} {"status":200}'
    data = {"target": b"GET /web" + evil + b" HTTP/1.1\r\nHost: a\r\n\r\n",
            "agent": b"GET /web HTTP/1.1\r\nHost: a\r\nUser-Agent: x" + evil + b"\r\n\r\n",
            "method": b"G" + evil + b" /web HTTP/1.1\r\nHost: a\r\n\r\n"}[place]

    def ask():
        with Client(pound.port) as client:
            client.send(data)
            client.read_response()
    record = one(pound, ask)
    assert list(record) == KEYS
    assert (record["status"] == 200) == (record["reason"] is None)


def test_what_was_cut_is_named(pound):
    record, _ = asked(pound, "GET", "/web/" + "t" * 7000, "User-Agent: " + "u" * 20000)
    assert record["cut"] == ["target", "user_agent"]
    assert record["user_agent"] == "u" * 2048
    assert re.fullmatch("/web/t{1000,7000}", record["target"])
    record, _ = asked(pound, "GET", "/" + "t" * 9000)
    assert (record["reason"], record["request"][:6]) == ("request_line_too_long", "GET /t")
    assert record["method"] is None and record["cut"] == ["request"]


def test_times_of_requests_that_wait_for_a_slot(site):
    go_on = threading.Event()

    def handler(_):
        assert go_on.wait(TIMEOUT)
        return response(b"x")
    pound = site.pound(plain_site("Workers: 1; AccessLog: json", listener="Threads: 1"),
                       web=(backend := site.backend(handler)).port)
    with Client(pound.port) as first, Client(pound.port) as second:
        first.send(request("GET", "/first"))
        backend.wait_requests(1)
        second.send(request("GET", "/second"))
        wait_until(lambda: read_status(pound).one("listener")["waiting"] == 1, "a request that waits")
        go_on.set()
        first.read_response()
        second.read_response()
    by_target = {record["target"]: record for record in wait_json(pound, 2)}
    assert by_target["/first"]["first_byte_ms"] > 0
    assert by_target["/second"]["queue_ms"] > 0
    for record in by_target.values():
        parts = record["queue_ms"] + record["connect_ms"] + record["first_byte_ms"]
        assert parts <= record["total_ms"] + 0.001


def test_tls_and_users(site, certificates):
    backend = site.backend()
    config = tls_site("Workers: 1; AccessLog: json", services="""
        - Auth: {Realm: Staff, Users: $dir/users}
          Backends: [*web]
    """)
    pound = site.prepare(config, web=backend.port, pem=certificates["ec"].pem)
    passwords.write_users(pound.directory / "users", alice=passwords.FAST)
    pound.start()
    with TlsClient(pound.port) as client:
        assert client.ask("GET", "/", passwords.credentials("alice", "secret")).status == 200
        version, cipher = client.tls.version(), client.tls.cipher()[0]
    record, = wait_json(pound, 1)
    assert (record["user"], record["tls"], record["cipher"]) == ("alice", version, cipher)


def test_a_handshake_that_fails_has_a_record(site, certificates):
    pound = site.pound(tls_site("Workers: 1; AccessLog: json"), web=site.backend().port,
                       pem=certificates["ec"].pem)
    with Client(pound.port) as client:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        client.read_until_close()
    record, = wait_json(pound, 1)
    assert list(record) == KEYS
    assert (record["reason"], record["status"], record["method"]) == ("plain_http", 400, None)


FORMAT = '{client} {method} {target} "{user_agent}" {user_agent} {status} {reason} {{{total_ms}}}'


def test_a_format_with_named_fields(site):
    pound = site.pound(plain_site(f"Workers: 1; AccessLog: '{FORMAT}'", services="""
        - URL: "^/web"
          Backends: [*web]
    """), web=site.backend().port)
    assert get(pound.port, "/web", 'User-Agent: a "b" c\\').status == 200
    assert get(pound.port, "/none").status == 404
    first, = pound.wait_log("/web")
    assert re.fullmatch(r'pound\[\d+\]: 127\.0\.0\.1 GET /web "a \\x22b\\x22 c\\x5c" '
                        r'a\\x20\\x22b\\x22\\x20c\\x5c 200 - \{\d+\.\d{3}\}', first)
    second, = pound.wait_log("/none")
    assert re.fullmatch(r'pound\[\d+\]: 127\.0\.0\.1 GET /none "-" - 404 no_service \{\d+\.\d{3}\}',
                        second)


def test_listeners_and_services_have_their_own(site):
    services = """
        - URL: "^/quiet"
          AccessLog: none
          Backends: [*web]
        - URL: "^/named"
          AccessLog: 'named {target}'
          Backends: [*web]
        - URL: "^/web"
          Backends: [*web]
    """
    config = plain_site("Workers: 1; AccessLog: common", services=services,
                        listener="AccessLog: json") + another_listener(
        "Port: $other", services) + another_listener("Port: $silent; AccessLog: off", services)
    other, silent = reserve_port(), reserve_port()
    pound = site.pound(config, web=site.backend().port, other=other, silent=silent)
    for port, name in ((pound.port, "json"), (other, "common"), (silent, "off")):
        for target in ("quiet", "named", "web", "nowhere"):
            get(port, f"/{target}/{name}", "User-Agent: me")
    pound.wait_log("named /named/off")
    pound.wait_log("/nowhere/common")
    pound.wait_quiet()
    lines = [line.split(": ", 1)[1] for line in pound.log().splitlines() if
             re.search("/(quiet|named|web|nowhere)/", line)]
    assert "quiet" not in "".join(lines)
    assert [line for line in lines if line.startswith("named")] == [
        "named /named/json", "named /named/common", "named /named/off"]
    assert [parse(line)["target"] for line in lines if line.startswith("{")] == ["/web/json", "/nowhere/json"]
    common = [line for line in lines if line.startswith("127.0.0.1 - - ")]
    assert [re.search('"GET (.*) HTTP/1.1" ', line)[1] for line in common] == ["/web/common", "/nowhere/common"]
    assert not any("me" in line.split() for line in common)
    assert len(lines) == 7
