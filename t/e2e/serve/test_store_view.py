"""The session store in the status, the status page and the metrics: where one is configured, and only there.

No server is at the address of the store.
"""

import json

import pytest

from harness import get, reserve_port
from harness.config import another_listener, plain_site
from harness.metrics import scrape
from harness.poundctl import poundctl
from harness.status import read_status

FIELDS = ["address", "state", "workers_ready", "workers_connecting", "workers_refusing",
          "workers_late", "workers_down",
          "asked", "found", "written", "late", "refused", "skipped"]
COUNTERS = ["asked", "found", "written", "late", "refused", "skipped"]
VIEWS = """
- {Path: /metrics, Serve: metrics}
- Serve: status
"""


@pytest.fixture(name="start")
def fixture_start(site, tmp_path):
    """start(store): a daemon with a page at the port .watch; `store` are lines of Global."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(32))
    secret.chmod(0o600)

    def start(store):
        watch = reserve_port()
        socket = tmp_path / "control.sock"
        text = plain_site(f"Workers: 2; Secret: {secret}; Control: {socket}; {store}",
                          services="- {Backends: [*web], Session: 300}")
        pound = site.pound(text + another_listener("Port: $watch", VIEWS),
                           web=site.backend().port, watch=watch)
        pound.watch = watch
        return pound
    return start


def test_a_store_is_shown(start):
    port = reserve_port()
    pound = start(f"SessionStore: {{Address: [127.0.0.1, '::1'], Port: {port}}}")
    address = f"127.0.0.1:{port},[::1]:{port}"
    status = json.loads(poundctl(pound, "status", "--json"))
    assert list(status["store"]) == FIELDS
    assert status["store"]["address"] == address
    assert sum(status["store"][f"workers_{state}"]
               for state in ("ready", "connecting", "refusing", "late", "down")) in (0, 2)
    assert [status["store"][name] for name in COUNTERS[:3]] == [0, 0, 0]
    assert json.loads(get(pound.watch, "/status.json").body)["store"]["address"] == address
    assert read_status(pound).one("store")["address"] == address
    shown = poundctl(pound, "status")
    assert "\nSTORE " in shown and f"\n127.0.0.1:{port},[" in shown
    page = get(pound.watch, "/").body.decode()
    assert 'data-kind="store"><div class="title"><h2>Session store</h2>' in page
    assert f">{address}</th>" in page
    metrics = scrape(pound.watch, "/metrics")
    assert metrics.labels_of("pound_session_store_workers") == {("state",)}
    for name in COUNTERS[:3]:
        assert metrics.get(f"pound_session_store_{name}_total") == 0


def test_without_a_store_nothing_is_shown(start):
    pound = start("Grace: 5")
    assert "store" not in json.loads(poundctl(pound, "status", "--json"))
    assert not read_status(pound).all("store")
    assert "\nSTORE " not in poundctl(pound, "status")
    assert 'data-kind="store" hidden>' in get(pound.watch, "/").body.decode()
    assert "\npound_session_store" not in scrape(pound.watch, "/metrics").text


def test_a_reload_adds_and_removes_it(start):
    pound = start("Grace: 5")
    old = pound.config_file.read_text()
    port = reserve_port()
    pound.config_file.write_text(old.replace(
        "Grace: 5", f"SessionStore: {{Address: 127.0.0.1, Port: {port}}}"))
    poundctl(pound, "reload")
    assert json.loads(poundctl(pound, "status", "--json"))["store"]["address"] == f"127.0.0.1:{port}"
    pound.config_file.write_text(old)
    poundctl(pound, "reload")
    assert "store" not in json.loads(poundctl(pound, "status", "--json"))


def test_a_password_is_in_no_message(start, tmp_path):
    password = tmp_path / "password"
    password.write_text("s3cret-of-the-store\n")
    password.chmod(0o644)
    pound = start(f"SessionStore: {{Address: 127.0.0.1, Port: {reserve_port()}, Password: {password}}}")
    said = poundctl(pound, "reload") + poundctl(pound, "status", "--json") + pound.log()
    assert "may read the password of the session store" in said
    assert "s3cret" not in said
