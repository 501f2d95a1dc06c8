"""One access record per request: Combined Log Format, then service, backend, milliseconds."""

import datetime
import re
import threading

import pytest

from harness import Client, get, request, response
from harness.config import plain_site
from harness.daemon import ACCESS_RECORD

CONFIG = plain_site(
    "Workers: 2; AccessLog: $format", backends={"web": "", "dead": ""}, services="""
    - URL: "^/dead"
      Backends: [*dead]
    - URL: "^/web"
      Backends: [*web]
""")


def start(where, kind="combined"):
    dead = where.backend()
    dead.refuse()
    return where.pound(CONFIG, web=where.backend(lambda _: response(b"hello")).port, dead=dead.port,
                       format=kind)


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site):
    return start(shared_site)


def one(pound, data, to="GET"):
    """The response to `data`, and its only access record."""
    before = pound.count_records()
    with Client(pound.port) as client:
        client.send(data)
        got = client.read_response(to=to)
    records = pound.wait_records(before + 1)
    assert len(records) == before + 1
    return got, records[-1]


def test_all_fields(pound):
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    _, record = one(pound, request("GET", "/web/a?b=c", "User-Agent: Mozilla/5.0 (X11)",
                                   "Referer: http://a.example/"))
    assert record["client"] == "127.0.0.1"
    assert (record["ident"], record["user"]) == ("-", "-")
    assert record["request"] == "GET /web/a?b=c HTTP/1.1"
    assert (record["status"], record["bytes"]) == ("200", "5")
    assert record["referer"] == "http://a.example/"
    assert record["agent"] == "Mozilla/5.0 (X11)"
    assert (record["service"], record["backend"]) == (f"127.0.0.1:{pound.port}/2", "web")
    assert int(record["ms"]) < 60000
    assert record["reason"] is None
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}", record["time"])
    when = datetime.datetime.strptime(record["time"], "%d/%b/%Y:%H:%M:%S %z")
    assert before <= when <= datetime.datetime.now(datetime.timezone.utc)


def test_missing_fields_are_dashes(pound):
    _, record = one(pound, request("GET", "/web"))
    assert (record["referer"], record["agent"]) == ("-", "-")


def test_bytes_of_head_requests(pound):
    _, record = one(pound, request("HEAD", "/web"), to="HEAD")
    assert (record["request"], record["bytes"]) == ("HEAD /web HTTP/1.1", "-")


def test_credentials_are_not_logged(pound):
    one(pound, request("GET", "/web", "Authorization: Basic am9lOnNlY3JldA=="))
    assert "secret" not in pound.log() and "am9lOnNlY3JldA" not in pound.log()


@pytest.mark.parametrize("data, status, service, backend", [
    (b"GET / HTTP/1.1\r\n\r\n", 400, "", "-"),
    (request("FOO", "/web"), 405, "", "-"),
    (request("GET", "/nowhere"), 404, "", "-"),
    (request("GET", "/dead"), 503, "/1", None),
    (request("GET", "/" + "a" * 9000), 414, "", "-"),
], ids=["400", "405", "404", "503", "414"])
def test_refusals_give_their_reason(pound, data, status, service, backend):
    got, record = one(pound, data)
    assert (got.status, record["status"]) == (status, str(status))
    assert re.fullmatch(r"[a-z0-9_]+", record["reason"])
    assert record["bytes"] == str(len(got.body))
    assert record["service"] == f"127.0.0.1:{pound.port}{service}"
    if backend is not None:
        assert record["backend"] == backend


def test_one_record_for_each_request_of_a_connection(pound):
    before = pound.count_records()
    with Client(pound.port) as client:
        client.send(b"".join(request("GET", f"/web/pipelined/{n}") for n in range(20)))
        for _ in range(20):
            client.read_response()
    records = pound.wait_records(before + 20)[before:]
    expected = [f"GET /web/pipelined/{n} HTTP/1.1" for n in range(20)]
    assert [r["request"] for r in records] == expected


def test_a_connection_without_a_request_leaves_no_record(pound):
    before = pound.count_records()
    for _ in range(5):
        Client(pound.port).close()
    one(pound, request("GET", "/web"))
    assert len(pound.records()) == before + 1


FORGED = '127.0.0.1 - - [01/Jan/2000:00:00:00 +0000] "GET /forged HTTP/1.1" 200 1 "-" "-" a b 1'


@pytest.mark.parametrize("field", ["User-Agent", "Referer"])
@pytest.mark.parametrize("value, shown", [
    ('a"b', r"a\x22b"), ("a\\b", r"a\x5cb"), ("\xe9\xff", r"\xe9\xff"), ("a\tb", r"a\x09b"),
    (f'" {FORGED}', None), ("%0d%0a" + FORGED, None), ("\\", r"\x5c"), ('"', r"\x22"),
])
def test_foreign_bytes_are_escaped(pound, field, value, shown):
    got, record = one(pound, request("GET", "/web", f"{field}: {value}"))
    assert got.status == 200
    logged = record["agent" if field == "User-Agent" else "referer"]
    assert shown is None or logged == shown
    assert '"' not in logged and re.fullmatch(r"[\x20-\x7e]*", logged)


@pytest.mark.parametrize("byte", [0x00, 0x01, 0x07, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b, 0x7f, 0x9b])
@pytest.mark.parametrize("place", ["target", "agent", "method"])
def test_control_bytes_cannot_forge_a_line(pound, byte, place):
    evil = bytes([byte]) + b'pound[1]: ' + FORGED.encode()
    data = {"target": b"GET /web" + evil + b" HTTP/1.1\r\nHost: a\r\n\r\n",
            "agent": b"GET /web HTTP/1.1\r\nHost: a\r\nUser-Agent: x" + evil + b"\r\n\r\n",
            "method": b"G" + evil + b" /web HTTP/1.1\r\nHost: a\r\n\r\n"}[place]
    one(pound, data)
    for line in pound.log_file.read_bytes().split(b"\n"):
        assert re.fullmatch(rb"[\x20-\x7e]*", line), line
        assert line == b"" or re.match(rb"pound\[\d+\]: ", line), line
        assert b'"GET /forged HTTP/1.1" 200 1 "-" "-" a b 1' not in line


def test_every_line_is_whole_under_load(pound):
    """Records of two workers do not mix in a line."""
    def ask():
        with Client(pound.port) as client:
            for number in range(100):
                client.ask("GET", f"/web/load/{number}", "User-Agent: " + "long " * 100)

    before = pound.count_records()
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pound.wait_records(before + 800)) == before + 800
    for line in pound.log().splitlines():
        assert ACCESS_RECORD.fullmatch(line) or re.match(r"pound\[\d+\]: [A-Za-z]", line), line


def test_a_very_long_agent_is_cut_but_its_record_is_whole(pound):
    _, record = one(pound, request("GET", "/web", "User-Agent: " + "x" * 20000))
    assert (record["status"], record["backend"]) == ("200", "web")
    assert len(record["agent"]) < 20000


def test_common_format(site):
    pound = start(site, "common")
    assert get(pound.port, "/web", "User-Agent: me", "Referer: there").status == 200
    line, = pound.wait_log("GET /web")
    assert re.fullmatch(r"pound\[\d+\]: 127\.0\.0\.1 - - \[[^\]]+\] "
                        r'"GET /web HTTP/1\.1" 200 5\b.*', line)
    assert "me" not in line.split('" 200 5')[1].split() and "there" not in line


def test_no_access_log(site):
    pound = start(site, "off")
    assert get(pound.port, "/web").status == 200
    assert get(pound.port, "/dead").status == 503
    pound.wait_log("dead")  # Pound still logs events
    assert "GET /" not in pound.log()


def test_events_are_in_plain_words(site):
    pound = start(site)
    get(pound.port, "/dead")
    said, = pound.wait_log(r"backend dead\b.*(dead|refused|down)")
    assert re.search(r"\bConnection refused\b", said)
