"""The examples for rsyslog, logrotate and fail2ban, with the real programs in a private folder."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from harness import ROOT, TIMEOUT, Client, get, request, response, wait_until
from harness.config import plain_site

INIT = ROOT / "init"
CONFIG = plain_site("Workers: 1; LogSocket: $dir/syslog")

# Takes what Pound sends, as Debian's rsyslog does, and keeps what the snippet leaves over.
AROUND = """
global(workDirectory="$dir")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$dir/syslog" UseSysTimeStamp="off")
include(file="$dir/snippet.conf")
action(type="omfile" file="$dir/rest")
"""

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(not shutil.which("rsyslogd"), reason="rsyslog is not installed"),
]


class Rsyslog:
    def __init__(self, directory):
        self.directory = directory
        self.pid_file = directory / "rsyslogd.pid"
        snippet = (INIT / "rsyslog/pound.conf").read_text()
        (directory / "snippet.conf").write_text(
            snippet.replace("/var/log/pound", f"{directory}/out"))
        (directory / "rsyslog.conf").write_text(AROUND.replace("$dir", str(directory)))
        with open(directory / "said", "wb") as said:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                ["rsyslogd", "-n", "-f", directory / "rsyslog.conf", "-i", self.pid_file],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        wait_until((directory / "syslog").exists, "the socket of rsyslogd")

    def lines(self, name):
        file = self.directory / "out" / name
        return file.read_text().splitlines() if file.exists() else []

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(TIMEOUT)


@pytest.fixture(name="daemons")
def fixture_daemons(site):
    pound = site.prepare(CONFIG, background=True, args=(),
                         web=site.backend(lambda _: response(b"hi")).port)
    log = Rsyslog(pound.directory)
    pound.start()
    yield pound, log
    log.close()


def ask_twice(pound):
    assert get(pound.port, "/one").status == 200
    with Client(pound.port) as client:
        client.send(request("GET", "/bad").replace(b"\r\n\r\n", b"\n\n"))
        assert client.read_response().status == 400


def test_records_and_the_rest_have_files_of_their_own(daemons):
    pound, log = daemons
    ask_twice(pound)
    pound.signal(signal.SIGUSR1)
    wait_until(lambda: any("object=end" in line for line in log.lines("pound.log")), "the status")
    wait_until(lambda: len(log.lines("access.log")) == 2, "two records")
    record = r'127\.0\.0\.1 - - \[[^]]+\] "GET /{} HTTP/1\.1" {} \d+ "-" "-" .*'
    for line, (path, status) in zip(log.lines("access.log"), (("one", 200), ("bad", 400))):
        assert re.fullmatch(record.format(path, status), line), line
    assert all(re.search(r" pound\[\d+\]: ", line) for line in log.lines("pound.log"))
    assert not any("GET /" in line for line in log.lines("pound.log"))
    assert sum(" started: " in line for line in log.lines("pound.log")) == 1
    rest = pound.directory / "rest"
    assert not rest.exists() or "pound[" not in rest.read_text()
    assert os.stat(pound.directory / "out").st_mode & 0o777 == 0o750
    assert os.stat(pound.directory / "out" / "access.log").st_mode & 0o777 == 0o640


@pytest.mark.skipif(not shutil.which("logrotate"), reason="logrotate is not installed")
def test_the_files_are_rotated(daemons):
    pound, log = daemons
    ask_twice(pound)
    wait_until(lambda: len(log.lines("access.log")) == 2, "two records")
    rules = pound.directory / "logrotate.conf"
    rules.write_text((INIT / "logrotate/pound").read_text()
                     .replace("/var/log/pound", f"{pound.directory}/out")
                     .replace("/usr/lib/rsyslog/rsyslog-rotate", f"kill -HUP {log.process.pid}"))
    rules.chmod(0o644)
    done = subprocess.run(["logrotate", "-f", "-s", pound.directory / "state", rules],
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(log.lines("access.log.1")) == 2

    def a_new_record():
        assert get(pound.port, "/new").status == 200
        return any("GET /new" in line for line in log.lines("access.log"))

    wait_until(a_new_record, "a record in the new file")
    assert len(log.lines("access.log.1")) + len(log.lines("access.log")) >= 3


@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="fail2ban is not installed")
def test_the_filter_reads_the_file_of_rsyslog(daemons, tmp_path):
    pound, log = daemons
    ask_twice(pound)
    wait_until(lambda: len(log.lines("access.log")) == 2, "two records")
    rules = tmp_path / "pound.conf"
    rules.write_text((INIT / "fail2ban/filter.d/pound.conf").read_text().replace(
        "common.conf", "/etc/fail2ban/filter.d/common.conf"))
    done = subprocess.run(["fail2ban-regex", "--print-all-matched", "--print-no-missed",
                           pound.directory / "out" / "access.log", rules],
                          text=True, capture_output=True, timeout=TIMEOUT, check=True)
    assert re.findall(r'^\|  127\.0\.0\.1 - .*"GET /(\w+) ', done.stdout, re.M) == ["bad"]


@pytest.mark.skipif(not shutil.which("fail2ban-client"), reason="fail2ban is not installed")
def test_fail2ban_takes_the_jail(tmp_path):
    shutil.copytree("/etc/fail2ban", tmp_path / "fail2ban", symlinks=True)
    (tmp_path / "access.log").touch()
    for name in ("filter.d/pound.conf", "jail.d/pound.conf"):
        text = (INIT / "fail2ban" / name).read_text()
        (tmp_path / "fail2ban" / name).write_text(
            text.replace("/var/log/pound", str(tmp_path)))
    # The jail of Debian's own is for a service that this machine may not have.
    (tmp_path / "fail2ban/jail.d/zz.local").write_text("[sshd]\nenabled = false\n")
    done = subprocess.run(["fail2ban-client", "-c", tmp_path / "fail2ban", "--dp"],
                          text=True, capture_output=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert "['set', 'pound', 'maxretry', 10]" in said
    assert f"['set', 'pound', 'addlogpath', '{tmp_path}/access.log'" in said
    assert "['start', 'pound']" in said
