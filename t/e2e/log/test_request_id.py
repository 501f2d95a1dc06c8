"""RequestID: made by Pound or taken from a trusted proxy, passed on, logged, shown on error pages."""

import re
import threading
import uuid

import pytest

from harness import Client, Closed, get, reserve_port, run_pound
from harness.config import another_listener, plain_site
from harness.http2 import Http2
from harness.json_log import json_records, wait_json

MADE = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SERVICES = """
    - URL: "^/web"
      Backends: [*web]
"""
CONFIG = plain_site("Workers: 2; AccessLog: json; TrustedProxies: [127.0.0.2]; "
                    "RequestID: X-Request-ID; $more", services=SERVICES,
                    listener="Protocols: [h2c, http/1.1]")


class Desk:
    def __init__(self, site, more="Grace: 5", config=CONFIG, **kwargs):
        self.backend = site.backend()
        self.pound = site.pound(config, web=self.backend.port, more=more, **kwargs)

    def passed_on(self, *fields, version=1, source="127.0.0.1"):
        """The ids that the backend gets of one request, and the id in the log."""
        requests, records = len(self.backend.requests), len(json_records(self.pound))
        if version == 2:
            with Http2(self.pound.port, source=source) as connection:
                pairs = (field.split(": ", 1) for field in fields)
                assert connection.ask("GET", "/web", *((n.lower(), v) for n, v in pairs)).status == 200
        else:
            got = get(self.pound.port, "/web", *fields, source=source)
            assert got.status == 200 and not got.all("X-Request-ID")
        logged = wait_json(self.pound, records + 1)[-1]["request_id"]
        return self.backend.requests[requests].all("X-Request-ID"), logged


@pytest.fixture(scope="module", name="desk")
def fixture_desk(shared_site):
    return Desk(shared_site)


@pytest.mark.parametrize("version", [1, 2])
def test_an_id_is_made_and_passed_on(desk, version):
    (passed,), logged = desk.passed_on(version=version)
    assert passed == logged
    assert re.fullmatch(MADE, passed) and uuid.UUID(passed).version == 7


@pytest.mark.parametrize("version", [1, 2])
def test_only_a_trusted_proxy_is_believed(desk, version):
    (passed,), logged = desk.passed_on("X-Request-ID: mine", version=version)
    assert passed == logged and re.fullmatch(MADE, passed)
    (passed,), logged = desk.passed_on("X-Request-ID: from-the/CDN=1;<2>", version=version,
                                       source="127.0.0.2")
    assert passed == logged == "from-the/CDN=1;<2>"


@pytest.mark.parametrize("fields", [
    ["X-Request-ID: a b"], ['X-Request-ID: a"b'], ["X-Request-ID: " + "x" * 129], ["X-Request-ID:"],
    ["X-Request-ID: \xe9"], ["X-Request-ID: one", "X-Request-ID: one"], ["X-Request-Id-: a"]])
def test_what_is_no_id_is_replaced(desk, fields):
    (passed,), logged = desk.passed_on(*fields, source="127.0.0.2")
    assert passed == logged and re.fullmatch(MADE, passed)


def test_no_twin_reaches_the_backend(desk):
    desk.passed_on("X_Request_ID: forged", "x-request_id: forged", source="127.0.0.2")
    names = [name.lower() for name in desk.backend.requests[-1].names]
    assert names.count("x-request-id") == 1
    assert not any("request_id" in name for name in names)


def test_traces_pass_untouched(desk):
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    state = 'rojo=00f067aa0ba902b7,congo="t61rcWkgMzE"'
    for version in (1, 2):
        desk.passed_on(f"traceparent: {parent}", f"tracestate: {state}", version=version)
        sent = desk.backend.requests[-1]
        assert (sent.all("traceparent"), sent.all("tracestate")) == ([parent], [state])


def test_error_pages_show_the_id(desk):
    for ask in (lambda: get(desk.pound.port, "/none"),
                lambda: get(desk.pound.port, "/none", "X-Request-ID: a<b", source="127.0.0.2")):
        records = len(json_records(desk.pound))
        page = ask().body.decode()
        logged = wait_json(desk.pound, records + 1)[-1]
        assert logged["status"] == 404
        shown = logged["request_id"].replace("<", "&lt;")
        assert f"<h1>404 Not Found</h1><p>Request ID: {shown}</p></body>" in page
        assert logged["response_bytes"] == len(page)


def test_a_head_that_is_refused_has_an_id(desk):
    records = len(json_records(desk.pound))
    with Client(desk.pound.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nbad field\r\n\r\n")
        page = client.read_response().body.decode()
    logged = wait_json(desk.pound, records + 1)[-1]
    assert re.fullmatch(MADE, logged["request_id"])
    assert f"Request ID: {logged['request_id']}<" in page


def test_ids_of_a_connection_rise(desk):
    before = len(desk.backend.requests)
    with Client(desk.pound.port) as client:
        for _ in range(200):
            client.ask("GET", "/web")
    ids = [sent.field("X-Request-ID") for sent in desk.backend.requests[before:]]
    assert ids == sorted(ids) and len(set(ids)) == 200


def test_pages_of_the_operator_and_lines_about_refusals(site, tmp_path):
    page = tmp_path / "404.html"
    page.write_text("<b>{request_id}</b> {request_id}")
    desk = Desk(site, f"Err404: {page}", args=("-d", "1"))
    got = get(desk.pound.port, "/none")
    ident = wait_json(desk.pound, 1)[0]["request_id"]
    assert got.body.decode() == f"<b>{ident}</b> {ident}"
    with Client(desk.pound.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nbad field\r\n\r\n")
        client.read_response()
    ident = wait_json(desk.pound, 2)[1]["request_id"]
    line, = desk.pound.wait_log("refused: reason=name_invalid")
    assert line.endswith(f" request_id={ident}")


def test_ids_are_unique_over_workers_and_kills(site):
    desk = Desk(site)
    asked = threading.Semaphore(0)

    def ask():
        for _ in range(60):
            try:
                with Client(desk.pound.port) as client:
                    for _ in range(5):
                        client.ask("GET", "/web")
            except (OSError, Closed):  # a kill cut it off
                pass
            asked.release()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        for _ in range(40):
            asked.acquire()
        desk.pound.kill_worker()
    for thread in threads:
        thread.join()
    ids = [sent.field("X-Request-ID") for sent in desk.backend.requests]
    assert len(ids) > 600
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(MADE, one) for one in ids)


def test_a_listener_may_have_another_field_or_none(site):
    config = CONFIG + another_listener("Port: $other; RequestID: Correlation-ID") + another_listener(
        "Port: $none; RequestID: none")
    other, none = reserve_port(), reserve_port()
    desk = Desk(site, config=config, other=other, none=none)
    get(other, "/web", "X-Request-ID: stays", "Correlation-ID: goes")
    sent = desk.backend.requests[-1]
    assert sent.all("X-Request-ID") == ["stays"]
    assert re.fullmatch(MADE, sent.field("Correlation-ID"))
    get(none, "/web", "X-Request-ID: stays")
    assert desk.backend.requests[-1].all("X-Request-ID") == ["stays"]
    found = {one["listener"]: one["request_id"] for one in wait_json(desk.pound, 2)}
    assert found == {f"127.0.0.1:{other}": sent.field("Correlation-ID"), f"127.0.0.1:{none}": None}


@pytest.mark.parametrize("name", ["Host", "x-forwarded-for", "Content_Length", "X-SSL-Cipher"])
def test_fields_that_cannot_carry_an_id(tmp_path, name):
    file = tmp_path / "pound.yaml"
    file.write_text(f"""
Global:
  RequestID: {name}
Backends:
- &web {{Address: 127.0.0.1, Port: 1}}
HTTPListeners:
- Address: 127.0.0.1
  Port: 2
  Services:
  - Backends: [*web]
""")
    done = run_pound("-c", "-f", file)
    assert done.returncode == 1
    assert f":3:14: error: `RequestID` is `{name}`, a field that means something else" in done.stderr
