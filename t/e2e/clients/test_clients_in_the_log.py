"""Behind proxies, the log names the real clients, and programs that read it find them."""

import json
import re
import shutil
import subprocess

import pytest

from harness import ROOT, Client, get
from harness.config import plain_site

CLIENTS = ["198.51.100.1", "198.51.100.2", "2001:db8::1"]
# A CDN in front of a load balancer, which is the peer.
CDN = "192.0.2.10"
CONFIG = plain_site("Workers: 1; TrustedProxies: [127.0.0.1, 192.0.2.0/28]")
FORGED = "203.0.113.66"  # what a client says of itself


def through_cdn(client):
    return f"X-Forwarded-For: {FORGED}, {client}, {CDN}"


@pytest.fixture(name="pound", scope="module")
def fixture_pound(shared_site):
    """Three good requests and two refused ones of each client; the last client has one more."""
    pound = shared_site.pound(CONFIG, web=shared_site.backend().port)
    for client in [*CLIENTS, CLIENTS[-1]]:
        assert get(pound.port, "/good", through_cdn(client)).status == 200
    for client in CLIENTS:
        for faulty in (b"GET /bad HTTP/1.1\r\nHost: a\r\nHost : b\r\n%b\r\n\r\n",
                       b"GET bad HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n",
                       b"GET / HTTP/1.1\r\n%b\r\nHost: a\r\nHost: b\r\n\r\n"):
            with Client(pound.port) as connection:
                connection.send(faulty % through_cdn(client).encode())
                assert connection.read_response().status == 400
    pound.wait_records(13)
    return pound


def test_each_record_names_the_client(pound):
    records = pound.wait_records(13)
    assert [one["client"] for one in records] == [
        *CLIENTS, CLIENTS[-1], *(client for client in CLIENTS for _ in range(3))]
    assert [one["reason"] for one in records[4:7]] == ["space_before_colon", "target_form",
                                                       "host_many"]


def test_a_head_that_is_not_read_to_its_end_is_that_of_the_peer(shared_site):
    """The last proxy's field may be missing, and then the one before it may be forged."""
    pound = shared_site.pound(CONFIG, web=shared_site.backend().port, name="early")
    for faulty in (b"GET / HTTP/1.1\r\n%b\r\nA: b\nHost: a\r\n\r\n",
                   b"GET / HTTP/1.1\r\n%b\r\n" + b"A: b\r\n" * 101 + b"Host: a\r\n\r\n",
                   b"GET / HTTP/1.1\r\n%b\r\nA: " + b"a" * 33000):
        with Client(pound.port) as connection:
            connection.send(faulty % through_cdn(CLIENTS[0]).encode())
            assert connection.read_response().status in (400, 431)
    assert {one["client"] for one in pound.wait_records(3)} == {"127.0.0.1"}


@pytest.mark.skipif(not shutil.which("goaccess"), reason="goaccess is not installed")
def test_goaccess_counts_the_real_clients(pound, tmp_path):
    records = [re.sub(r"^.*?pound\[\d+\]: ", "", line) for line in pound.log().splitlines()
               if re.search(r"\]: \S+ - - \[", line)]
    report = tmp_path / "report.json"
    subprocess.run(["goaccess", "-", "--log-format=COMBINED", "--no-global-config", "-o", report],
                   input="\n".join(records) + "\n", text=True, capture_output=True, check=True)
    found = json.loads(report.read_text())
    assert found["general"]["failed_requests"] == 0
    assert {one["data"]: one["hits"]["count"] for one in found["hosts"]["data"]} == {
        CLIENTS[0]: 4, CLIENTS[1]: 4, CLIENTS[2]: 5}


@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="fail2ban is not installed")
def test_fail2ban_finds_the_real_clients(pound, tmp_path):
    rules = tmp_path / "pound.conf"
    rules.write_text((ROOT / "init/fail2ban/filter.d/pound.conf").read_text().replace(
        "common.conf", "/etc/fail2ban/filter.d/common.conf"))
    log = tmp_path / "log"
    log.write_text("".join(
        re.sub(r"^.*?pound\[", "Nov 28 23:00:01 www1 pound[", line) + "\n"
        for line in pound.log().splitlines() if "pound[" in line))
    done = subprocess.run(["fail2ban-regex", "--print-all-matched", "--print-no-missed", "-o", "ip",
                           log, rules], text=True, capture_output=True, check=True)
    found = [line for line in done.stdout.splitlines() if line.strip()]
    assert found == [client for client in CLIENTS for _ in range(3)], done.stdout


def test_curl_behind_the_cdn(pound):
    done = subprocess.run(
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", through_cdn("198.51.100.99"),
         f"http://127.0.0.1:{pound.port}/curl"], text=True, capture_output=True, check=True)
    assert done.stdout == "200"
    assert pound.wait_record("/curl")["client"] == "198.51.100.99"
