"""A real Prometheus scrapes a real Pound under load: every expression of the dashboard and of the
alert rules means something there, and the alerts fire that should."""

import json
import math
import re
import shutil
import subprocess
import time

import pytest

from harness import ROOT, TlsClient, get, reserve_port, response, wait_until
from harness.metrics import scrape
from harness.poundctl import poundctl
from harness.prometheus import Prometheus

DAY = 86_400
RULES = ROOT / "init" / "prometheus" / "pound.rules.yml"
DASHBOARD = ROOT / "init" / "grafana" / "pound.json"
# A backend of each kind, and something for each graph. The log is off: under this load a slow
# machine could lose records, for which there is an alert.
SITE = """
Global:
  Workers: 2
  AccessLog: none
  Control: {Socket: $dir/control.sock}
  Secret: $secret
  SessionStore: {Address: 127.0.0.1, Port: $gone}
Backends:
  - &web {Address: 127.0.0.1, Port: $web, Check: {Every: 1}}
  - &gone {Address: 127.0.0.1, Port: $gone, TLS: {Verify: false, Cert: $client}}
  - &spare {Address: 127.0.0.1, Port: $spare}
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    Limit: {Rate: 10000, Per: 1, Mode: observe}
    Services:
      - URL: "^/gone"
        Backends: [*gone]
      - URL: "^/none"
        Backends: [*spare]
      - Backends: [*web]
        Session: {Type: IP, TTL: 60}
  - Address: 127.0.0.1
    Port: $watch
    Services:
      - Serve: metrics
HTTPSListeners:
  - Address: 127.0.0.1
    Port: $secure
    Certificates: $site
    Services:
      - Backends: [*web]
"""
FIRING = {
    ("PoundBackendDown", "gone"), ("PoundBackendTakenOut", "spare"), ("PoundWorkersDie", "0"),
    ("PoundServerErrors", "1"), ("PoundCertificateExpires", "ten.example"),
    ("PoundCertificateExpires", "six.example"), ("PoundCertificateExpiresSoon", "six.example"),
}
SUMMARIES = {
    "Backend gone of $instance is dead", "Backend spare of $instance has been drained for a day",
    "Worker 0 of $instance has died; the log says how", "100% of the requests to $listener/1 fail",
    "The certificate ten.example of $secure expires in 10 days",
    "The certificate six.example of gone expires in 6 days",
}


class Watched:
    """A daemon that is scraped while wrk loads it."""

    def __init__(self, site, authority):
        self.watch, self.secure = reserve_port(), reserve_port()
        now = time.time()
        secret = site.directory / "secret"
        secret.write_bytes(bytes(32))
        self.pound = site.pound(
            SITE, secret=secret, watch=self.watch, secure=self.secure, gone=reserve_port(),
            web=site.backend(handler=lambda head: response()).port, spare=reserve_port(),
            site=authority.issue("ten", "ten.example", until=now + 10 * DAY + 60).pem,
            client=authority.issue("six", "six.example", until=now + 6 * DAY + 60).pem)
        # The times for which a condition must hold are up to a day.
        rules, count = re.subn(r"^( +for:) \w+$", r"\1 1s", RULES.read_text(), flags=re.M)
        assert count > 10
        self.rules = site.directory / "rules.yml"
        self.rules.write_text(rules)
        self.prometheus = site.add_client(Prometheus(site.directory, self.watch, self.rules))
        self.prometheus.wait_scrapes(1)
        self.wrk = site.wrk(self.pound.port, clients=8)

    def disturb(self):
        """Something for each graph and alert that the load alone does not feed."""
        poundctl(self.pound, "drain", "spare")
        with TlsClient(self.secure, name="ten.example") as client:
            assert client.ask().status == 200
        assert get(self.pound.port, "/gone").status == 503
        assert get(self.pound.port, "/%").status == 400
        self.prometheus.wait_scrapes(2)  # a rate needs two values
        assert get(self.pound.port, "/gone").status == 503
        first = next(pid for pid in self.pound.wait_workers() if self.slot_of(pid) == 0)
        self.pound.kill_worker(first)

    def slot_of(self, pid):
        workers = json.loads(poundctl(self.pound, "workers", "--json"))
        return next(one["slot"] for one in workers if one["pid"] == pid)


@pytest.fixture(name="watched")
def fixture_watched(site, authority):
    watched = Watched(site, authority)
    watched.disturb()
    watched.prometheus.wait_scrapes(3)
    return watched


def expressions_of_dashboard():
    """[(title, expression)] as Grafana would ask for them."""
    values = {"$job": ".*", "$instance": ".*", "$__rate_interval": "10s"}
    found = []
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"]
            for name, value in values.items():
                expression = expression.replace(name, value)
            assert "$" not in expression
            found.append((panel["title"], expression))
    return found


def check_scrape(watched):
    """Prometheus asks for OpenMetrics and takes all of it."""
    target, = watched.prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    # The older format would have `_total` in the name of the family.
    metadata = watched.prometheus.ask("metadata")
    assert metadata["pound_listener_requests"] == [
        {"type": "counter", "help": "Requests that have begun, by protocol.", "unit": ""}]
    now = scrape(watched.watch)
    assert now.has_eof
    assert {name for name in metadata if name.startswith("pound_")} == set(now.types)
    names = set(watched.prometheus.ask("label/__name__/values"))
    assert {name for name, _ in now.samples} <= names
    assert "level=error" not in watched.prometheus.log()


def promtool(*arguments, **options):
    return subprocess.run(["promtool", "check", *arguments], capture_output=True, text=True,
                          check=False, **options)


def test_the_scrape_and_every_expression_of_the_dashboard(watched):
    check_scrape(watched)
    expressions = expressions_of_dashboard()
    assert len(expressions) > 40
    results = {one: watched.prometheus.query(one[1]) for one in expressions}
    assert [one for one, samples in results.items() if not samples] == []
    glance = {title: samples[0][1] for (title, _), samples in results.items() if len(samples) == 1}
    assert glance["Requests per second"] > 1
    assert 0 < glance["99 % within"] < 60
    assert glance["Dead backends"] == 1
    assert 5.9 * DAY < glance["Next certificate to expire"] < 6.1 * DAY
    legends = {labels.get("state"): value for labels, value in results[next(
        one for one in expressions if "admin_state" in one[1])]}
    assert legends == {"drained": 1, "disabled": 0}
    for values in ("label/job/values", "label/instance/values"):
        assert watched.prometheus.ask(values, **{"match[]": "pound_build_info"})
    if shutil.which("promtool"):
        done = promtool("metrics", input=scrape(watched.watch, accept="text/plain").text)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_alerts(watched):
    rules = watched.prometheus.rules()
    assert len(rules) == RULES.read_text().count("- alert: ")
    for rule in rules:
        # Without its comparison the expression has a value, whether or not the alert fires.
        plain = re.sub(r" [<>=]+ [\d.]+$| == \d unless.*$", "", rule["query"])
        assert plain != rule["query"], rule
        samples = watched.prometheus.query(plain)
        assert samples and not all(math.isnan(value) for _, value in samples), plain
        watched.prometheus.query(rule["query"])

    def alerts():
        # No server is at the store's address; pound.rules.test.yml tests the alert about that.
        return [alert for alert in watched.prometheus.ask("alerts")["alerts"]
                if alert["state"] == "firing"
                and alert["labels"]["alertname"] != "PoundSessionStoreAway"]

    def name_of(alert):
        labels = alert["labels"]
        subject = next(labels[key] for key in ("name", "backend", "worker", "service")
                       if key in labels)
        return labels["alertname"], subject.rsplit("/", 1)[-1]
    wait_until(lambda: {name_of(alert) for alert in alerts()} == FIRING,
               lambda: f"the alerts; there are: {alerts()}")
    values = {"$instance": f"127.0.0.1:{watched.watch}", "$secure": f"127.0.0.1:{watched.secure}",
              "$listener": f"127.0.0.1:{watched.pound.port}"}
    wanted = set()
    for text in SUMMARIES:
        for name, value in values.items():
            text = text.replace(name, value)
        wanted.add(text)
    assert {alert["annotations"]["summary"] for alert in alerts()} == wanted
    assert {(rule["health"], rule.get("lastError", "")) for rule in watched.prometheus.rules()} == {
        ("ok", "")}
    if shutil.which("promtool"):
        done = promtool("rules", watched.rules)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
