"""Serve: metrics: its formats, its families, and numbers that agree with what was sent."""

import re
import shutil
import subprocess

import pytest

from harness import ROOT, Client, get, request, response, wait_until
from harness.config import another_listener, plain_site, tls_site
from harness.http2 import Http2
from harness.metrics import Metrics, scrape
from harness.ports import reserve_port
from harness.poundctl import poundctl
from harness.tls import TlsClient, client_context

SERVE = '- URL: "^/metrics"\n  Serve: metrics'
# A listener of its own, so that scrapes do not count where clients do.
OBSERVER = another_listener("Port: $watch", SERVE)
OPEN_AND_PLAIN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


class Watched:
    """A daemon with an observer, whose port is `watch`."""

    def __init__(self, site, config=None, **values):
        self.watch = reserve_port()
        self.pound = site.pound((config or plain_site()) + OBSERVER, watch=self.watch, **values)
        self.name = f"127.0.0.1:{self.pound.port}"

    def scrape(self, accept=OPEN_AND_PLAIN):
        return scrape(self.watch, accept=accept)

    def settled(self, reached):
        """A scrape for which `reached` holds: a response that is cut counts after its bytes."""
        last = []

        def holds():
            last[:] = [self.scrape()]
            return reached(last[0])
        wait_until(holds, lambda: "counters; the last scrape:\n" + last[0].text)
        return last[0]

    def ended(self, count):
        return self.settled(
            lambda now: now.get("pound_listener_responses_total", listener=self.name) == count)


def families_of_manual():
    """{name: (type, labels)} of the section METRICS of pound(8), in its order."""
    text = (ROOT / "man" / "pound.8").read_text().split(".SH METRICS\n")[1].split(".SH ")[0]
    found = re.findall(r'^\.TP\n\.BR (\S+) " \((\w+)(?:: ([\w, ]+))?\)"$', text, re.M)
    return {name: (kind, tuple(labels.split(", ")) if labels else ())
            for name, kind, labels in found}


def test_the_formats(site):
    watched = Watched(site, web=site.backend().port)
    for accept, is_open in ((None, True), ("*/*", True), (OPEN_AND_PLAIN, True),
                            ("text/plain", False), ("text/plain;version=0.0.4", False)):
        metrics = watched.scrape(accept)
        assert metrics.has_eof == is_open, accept
        counters = {name for name, kind in metrics.types.items() if kind == "counter"}
        assert all(name.endswith("_total") != is_open for name in counters)
        assert metrics.get("pound_build_info") == 1
    with Client(watched.watch) as client:
        head = client.ask("HEAD", "/metrics")
        assert (head.status, head.body) == (200, b"")
        assert client.ask("POST", "/metrics", body=b"x").status == 405


EVERYTHING = """
Global:
  Workers: 1
  Secret: $secret
  SessionStore: {Address: 127.0.0.1, Port: $gone}
Backends:
  - &web {Address: 127.0.0.1, Port: $web, Threads: 5, Check: {Every: 1}}
  - &gone {Address: 127.0.0.1, Port: $gone}
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    Threads: 9
    Limit: {Rate: 1000, Per: 1}
    Services:
      - URL: "^/gone"
        Backends: [*gone]
      - Backends: [*web]
        Session: 300
HTTPSListeners:
  - Address: 127.0.0.1
    Port: $secure
    Certificates: $pem
    Services:
      - Serve: metrics
"""


def test_the_families_of_the_manual(site, certificates, tmp_path):
    """A site that has something for each family; names, types and labels are those of the manual."""
    secure = reserve_port()
    (tmp_path / "secret").write_bytes(bytes(32))
    pound = site.pound(EVERYTHING, secure=secure, pem=certificates["ec"].pem,
                       secret=tmp_path / "secret", web=site.backend().port, gone=reserve_port())
    assert get(pound.port).status == 200
    assert get(pound.port, "/gone").status == 503
    assert get(pound.port, "/%").status == 400

    def has_checked():
        with TlsClient(secure) as client:
            answer = client.ask("GET", "/", "Accept: text/plain")
        assert answer.status == 200
        found.append(Metrics(answer.body.decode()))
        return found[-1].get("pound_backend_checks_total", result="passed")
    found = []
    wait_until(has_checked, "a check")
    metrics = found[-1]
    manual = families_of_manual()
    assert list(metrics.types) == list(manual)
    for name, (kind, labels) in manual.items():
        assert metrics.types[name] == kind, name
        assert metrics.labels_of(name) == {labels}, name
    assert all(text.endswith(".") for text in metrics.helps.values())


def test_numbers_agree_with_what_was_sent(site):
    web = site.backend(handler=lambda head: response(status={
        "/moved": "302 Found", "/lost": "404 Not Found", "/bad": "500 Internal Server Error",
    }.get(head.target, "200 OK")))
    watched = Watched(site, plain_site(listener="Protocols: [h2c, http/1.1]", services="""
        - URL: "^/own"
          Redirect: http://www.example.com/
        - URL: "^/(moved|lost|bad|good)"
          Backends: [*web]
    """), web=web.port)
    sent = got = 0
    for target, times in (("/good", 5), ("/moved", 4), ("/lost", 3), ("/bad", 2), ("/own", 1),
                          ("/none", 1), ("/%", 1)):
        for _ in range(times):
            with Client(watched.pound.port) as client:
                data = request(target=target)
                client.send(data)
                answer = client.read_response()
            sent += len(data)
            got += len(answer.raw_head) + len(answer.body)
    with Client(watched.pound.port) as old:
        data = request(target="/good", version="1.0")
        old.send(data)
        answer = old.read_response()
        sent += len(data)
        got += len(answer.raw_head) + len(answer.body)
    now = watched.ended(18)
    mine = {"listener": watched.name}
    assert [now.get("pound_listener_responses_total", code=code, **mine)
            for code in ("1xx", "2xx", "3xx", "4xx", "5xx", "none")] == [0, 6, 5, 5, 2, 0]
    assert [now.get("pound_listener_requests_total", protocol=name, **mine)
            for name in ("http/1.0", "http/1.1", "http/2", "unknown")] == [1, 17, 0, 0]
    assert now.get("pound_listener_connections_total", **mine) == 18
    assert now.get("pound_listener_received_bytes_total", **mine) == sent
    assert now.get("pound_listener_sent_bytes_total", **mine) == got
    assert now.get("pound_listener_unserved_total", **mine) == 2
    assert now.get("pound_listener_unserved_total", reason="no_service", **mine) == 1
    service = f"{watched.name}/2"
    assert [now.get("pound_service_responses_total", service=service, code=code)
            for code in ("2xx", "3xx", "4xx", "5xx")] == [6, 4, 3, 2]
    assert now.get("pound_service_responses_total", service=f"{watched.name}/1", code="3xx") == 1
    assert [now.get("pound_backend_responses_total", backend="web", code=code)
            for code in ("2xx", "3xx", "4xx", "5xx")] == [6, 4, 3, 2]
    assert now.get("pound_backend_requests_total", backend="web") == 15

    with Http2(watched.pound.port) as client:
        assert client.ask("GET", "/good").status == 200
    now = watched.ended(19)
    assert now.get("pound_listener_requests_total", protocol="http/2", **mine) == 1


def test_the_administrative_state(site):
    settings = "Workers: 2; Control: {Socket: $dir/control.sock}"
    backends = {"web": "", "old": "Disabled: true"}
    watched = Watched(site, plain_site(settings, backends=backends), web=site.backend().port,
                      old=site.backend().port)

    def states(backend):
        now = watched.scrape()
        return [now.get("pound_backend_admin_state", backend=backend, state=state)
                for state in ("enabled", "drained", "disabled")]
    assert (states("web"), states("old")) == ([1, 0, 0], [0, 1, 0])
    for command, wanted in (("drain", [0, 1, 0]), ("disable", [0, 0, 1]), ("enable", [1, 0, 0])):
        poundctl(watched.pound, command, "web")
        assert (states("web"), states("old")) == (wanted, [0, 1, 0])
        watched.pound.reload()
        assert (states("web"), states("old")) == (wanted, [0, 1, 0])


def test_histograms_agree_with_themselves(site):
    watched = Watched(site, web=site.backend().port)
    for _ in range(10):
        assert get(watched.pound.port).status == 200
    now = watched.ended(10)
    histograms = [name for name, kind in now.types.items() if kind == "histogram"]
    assert len(histograms) == 3
    for name in histograms:
        buckets = {}
        for (sample, labels), value in now.samples.items():
            if sample == f"{name}_bucket":
                buckets.setdefault(labels[0], []).append(value)
        for owner, values in buckets.items():
            assert values == sorted(values) and len(values) == 16
            assert values[-1] == now.samples[(f"{name}_count", (owner,))]
        assert now.get(f"{name}_count", listener=watched.name) in (0, 10)
    assert now.get("pound_backend_first_byte_seconds_count", backend="web") == 10
    assert now.get("pound_listener_response_seconds_sum", listener=watched.name) > 0


def test_what_clients_say_is_no_label(site):
    watched = Watched(site, web=site.backend().port)
    for target in ("/evil-label", "/x?evil-label", "/%zz-evil-label"):
        get(watched.pound.port, target, "User-Agent: evil-label", host="evil-label")
    with Client(watched.pound.port) as client:
        client.send(b"EVIL-LABEL / HTTP/1.1\r\nHost: evil-label\r\n\r\n")
        assert client.read_response().status == 405
    assert "evil-label" not in watched.ended(4).text.lower()


def test_tls(site, certificates):
    watch = reserve_port()
    pound = site.pound(tls_site(plain="Port: $watch", services=SERVE + "\n- Backends: [*web]"),
                       pem=certificates["ec"].pem, watch=watch, web=site.backend().port)
    session = None
    for version, times in (("1.2", 1), ("1.3", 2)):
        context = client_context(version)
        for _ in range(times):
            with TlsClient(pound.port, context=context, session=session) as client:
                assert client.ask().status == 200
                session = client.tls.session
        session = None
    with Client(pound.port) as client:
        client.send(request())
        assert client.read_response().status == 400
    mine = {"listener": f"127.0.0.1:{pound.port}"}
    now = scrape(watch)
    assert [now.get("pound_listener_tls_handshakes_total", version=v, **mine)
            for v in ("1.0", "1.1", "1.2", "1.3")] == [0, 0, 1, 2]
    assert now.get("pound_listener_tls_resumptions_total", **mine) == 1
    assert now.get("pound_listener_tls_failures_total", **mine) == 1
    assert now.get("pound_listener_unserved_total", reason="plain_http", **mine) == 1
    (labels, expiry), = [(dict(pairs), value) for (name, pairs), value in now.samples.items()
                         if name == "pound_certificate_not_after_timestamp_seconds"]
    assert (labels["owner"], labels["of"], labels["name"], expiry) == (
        "listener", mine["listener"], "www.example.com", 2524521600)


def test_failures_of_a_backend(site):
    def script(connection):
        head = connection.read_request()
        if head.target == "/closed":
            return
        if head.target == "/cut":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        elif head.target == "/wrong":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
        elif head.target == "/late":
            connection.sock.recv(1)
    watched = Watched(site, plain_site(backends={"web": "TimeOut: 1", "gone": ""}, services="""
        - URL: "^/gone"
          Backends: [*gone]
        - Backends: [*web]
    """), web=site.backend(script=script).port, gone=reserve_port())
    statuses = {}
    for target in ("/closed", "/wrong", "/late", "/gone"):
        statuses[target] = get(watched.pound.port, target).status
    with Client(watched.pound.port) as client:
        client.send(request(target="/cut"))
        assert client.read_response().complete is False
    assert statuses == {"/closed": 502, "/wrong": 502, "/late": 504, "/gone": 503}
    now = watched.ended(5)
    assert {dict(labels)["reason"]: value for (name, labels), value in now.samples.items()
            if name == "pound_backend_failures_total" and ("backend", "web") in labels} == {
                "closed": 1, "invalid_response": 1, "timeout": 1, "truncated": 1}
    assert now.get("pound_backend_failures_total", backend="gone", reason="refused") == 1
    assert now.get("pound_backend_up", backend="gone") == 0
    assert now.get("pound_backend_deaths_total", backend="gone") == 1
    assert now.get("pound_backend_up", backend="web") == 1


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_has_nothing_to_say(site):
    watched = Watched(site, web=site.backend().port)
    assert get(watched.pound.port).status == 200
    assert get(watched.pound.port, "/%").status == 400
    text = watched.scrape("text/plain").text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_the_alert_rules():
    folder = ROOT / "init" / "prometheus"
    for what, file in (("check", "pound.rules.yml"), ("test", "pound.rules.test.yml")):
        done = subprocess.run(["promtool", what, "rules", file], cwd=folder, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_and_the_rules_name_metrics_that_exist():
    known = set(families_of_manual())
    for name, (kind, _) in families_of_manual().items():
        if kind == "histogram":
            known |= {name + end for end in ("_bucket", "_sum", "_count")}
    for file in ("grafana/pound.json", "prometheus/pound.rules.yml",
                 "prometheus/pound.rules.test.yml"):
        text = (ROOT / "init" / file).read_text()
        named = set(re.findall(r"\bpound_\w+", text))
        assert named and named <= known, (file, named - known)
