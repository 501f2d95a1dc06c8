"""Pound tells when certificates expire: in the check, in the log and in the status."""

import re
import string
import time

import pytest

from harness import reserve_port, run_pound
from harness.config import tls_site
from harness.status import read_status

DAY = 86_400
CONFIG = tls_site("Workers: 1", backends={"web": "TLS: {Verify: false, Cert: $client}"},
                  listener="Certificates: $certificates")


@pytest.fixture(scope="module", name="issue")
def fixture_issue(authority):
    """Issues certificates of one key that end `left` seconds from now."""
    key = authority.issue("dates", "dates.example").key

    def issue(name, left):
        return authority.issue(name, f"{name}.example", key=key, until=time.time() + left).pem
    return issue


def listed(*files):
    return "[" + ", ".join(str(file) for file in files) + "]"


def test_the_check_warns_of_what_expires_soon(tmp_path, issue):
    files = [issue("far", 22 * DAY), issue("weeks", 20 * DAY + 3600), issue("days", 6 * DAY + 3600),
             issue("hours", 7200), issue("over", -60)]
    own = issue("own", -60)
    config = tmp_path / "pound.yaml"
    config.write_text(string.Template(CONFIG).substitute(
        web=reserve_port(), listen=reserve_port(), certificates=listed(*files), client=own))
    done = run_pound("-c", "-f", config)
    assert done.returncode == 0
    lines = (done.stdout + done.stderr).splitlines()
    said = [re.fullmatch(r"(.*?):\d+:\d+: warning: the certificate `(.*)/(\w+)\.pem` (.*?)"
                         r"(?: \(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\))? \[certificate-dates\]", line) for line in lines]
    assert sorted((match[1], match[3], match[4]) for match in said if match) == [
        (str(config), "days", "expires in 6 days"),
        (str(config), "hours", "expires in less than a day"),
        (str(config), "over", "has expired; clients will refuse it"),
        (str(config), "own", "has expired; the backend will refuse it"),
        (str(config), "weeks", "expires in 20 days")]
    assert sum("warning:" in line for line in lines) == 5


def test_a_running_daemon_warns_once(site, issue):
    client = issue("mine", 99 * DAY)
    weeks, days, over = issue("three", 21 * DAY + 4), issue("seven", 7 * DAY + 4), issue("zero", 4)
    pound = site.pound(CONFIG, web=reserve_port(), certificates=listed(weeks, days, over),
                       client=client)
    # The load says less than 7 days only where the machine was so slow that the time had come.
    wanted = [f"`{weeks}`.* expires in 2[01] days",
              f"`{days}`( for seven.example .listener .*. expires in 7 days| expires in 6 days)",
              f"`{over}`.* has expired; clients will refuse it"]
    wanted = [rf"^pound\[\d+\]: .*certificate {one}" for one in wanted]
    for line in wanted:
        pound.wait_log(line)
    pound.reload()
    for line in wanted:
        # Once when the second came and once by the reload.
        assert len(pound.wait_log(line, count=2)) == 2
    assert "mine.pem" not in pound.log()


def test_a_renewed_certificate_is_told_no_more(site, issue):
    file = issue("renewed", 3 * DAY)
    pound = site.pound(CONFIG, web=reserve_port(), certificates=listed(file), client=issue("mine", 99 * DAY))
    assert len(pound.wait_log(r"^pound.*renewed\.pem")) == 1
    assert issue("renewed", 90 * DAY) == file
    pound.reload()
    assert len(pound.wait_log(r"^pound.*renewed\.pem")) == 1
    left = read_status(pound).one("certificate", owner="listener")["expires_in_s"]
    assert 89 * DAY < left <= 90 * DAY


def test_the_status_has_the_ten_that_expire_first(site, issue):
    files = [issue(f"s{days}", days * DAY) for days in (50, 40, -1, 60, 30, 41, 42, 43, 44, 45, 46, 47)]
    began = time.time()
    pound = site.pound(CONFIG, web=reserve_port(), certificates=listed(*files), client=issue("mine", 25 * DAY))
    status = read_status(pound)
    shown = status.all("certificate")
    assert [one["name"] for one in shown] == [
        f"s{days}.example" for days in (-1, 30, 40, 41, 42, 43, 44, 45, 46, 47)] + ["mine.example"]
    assert [one["file"] for one in shown[:2]] == [str(files[2]), str(files[4])]
    assert {one["of"] for one in shown[:-1]} == {f"127.0.0.1:{pound.port}"}
    assert (shown[-1]["owner"], shown[-1]["of"]) == ("backend", "web")
    assert shown[0]["expires_in_s"] <= -DAY
    for one in shown:
        assert began - 60 <= one["not_after_s"] - one["expires_in_s"] <= time.time()
