"""Fault J1: the commands of README.md for log analysers work on Debian's log files.

rsyslog writes ISO time stamps by default since Debian 12, and the traditional ones before; the
journal prints the text alone. goaccess reads the records of each, and fail2ban finds the refusals.
"""

import json
import re
import shutil
import signal
import socket
import subprocess

import pytest

from harness import ROOT, Client, get, request, reserve_port, response
from harness.config import tls_site
from harness.syslog import Syslog

CONFIG = tls_site("Workers: 2; LogSocket: $dir/syslog", listener="Port: $tls; Certificates: $pem",
                  plain="")

# What becomes of a datagram "<30>Nov 28 23:00:01 pound[123]: text".
FORMATS = {
    "iso": (rb"^<\d+>.{16}", b"2026-11-28T23:00:01.123456+00:00 www1 "),
    "traditional": (rb"^<\d+>(.{16})", rb"\1www1 "),
    "journal": (rb"^<\d+>.{16}pound\[\d+\]: ", b""),
}


def command(kind):
    """README's command that prints the records, without the analyser."""
    source = "journalctl -t pound" if kind == "journal" else "sed -nE"
    found = re.findall(rf"^    ({source}.*) \|\n      goaccess --log-format=COMBINED -$",
                       (ROOT / "README.md").read_text(), re.M)
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(name="lines", scope="module")
def fixture_lines(shared_site, certificates):
    """What Pound sends to syslog: 5 records, an event before them and a status dump after."""
    pound = shared_site.prepare(
        CONFIG, background=True, args=(), web=shared_site.backend(lambda _: response(b"hi")).port,
        tls=(tls := reserve_port()), pem=certificates["ec"].pem)
    log = Syslog(pound.directory / "syslog")
    pound.start()
    assert get(pound.port, "/a?b=[c]", "Referer: http://x.example/: pound[1]: y").status == 200
    assert get(pound.port, "/b", "Authorization: Basic am9lOnB3").status == 200
    assert get(pound.port, "/c", 'User-Agent: "odd" [agent]').status == 200
    with Client(pound.port) as client:
        client.send(request("GET", "/bad").replace(b"\r\n\r\n", b"\n\n"))
        assert client.read_response().status == 400
    with socket.create_connection(("127.0.0.1", tls)) as plain:
        plain.sendall(request())  # where TLS is expected
        while plain.recv(4096):
            pass
    log.wait(rb"\]: 127\.0\.0\.1 - ", 5)
    pound.signal(signal.SIGUSR1)
    log.wait(rb"object=end")
    yield list(log.lines)
    log.close()


@pytest.mark.parametrize("kind", FORMATS)
def test_fault_J1_the_records_reach_an_analyser(lines, kind, tmp_path):
    file = tmp_path / "log"
    file.write_bytes(b"".join(re.sub(*FORMATS[kind], line) + b"\n" for line in lines))
    text = command(kind).replace("/var/log/syslog", str(file))
    text = text.replace("journalctl -t pound -o cat", f"cat {file}")
    records = subprocess.run(text, shell=True, capture_output=True,
                             check=True).stdout
    wanted = [line.partition(b"]: ")[2] for line in lines if b"]: 127.0.0.1 - " in line]
    assert records.splitlines() == wanted
    assert len(wanted) == 5

    if not shutil.which("goaccess"):
        pytest.skip("goaccess is not installed")
    report = tmp_path / "report.json"
    subprocess.run(["goaccess", "-", "--log-format=COMBINED", "--no-global-config", "-o", report],
                   input=records, capture_output=True, check=True)
    general = json.loads(report.read_text())["general"]
    assert (general["valid_requests"], general["failed_requests"]) == (5, 0), general


@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="fail2ban is not installed")
@pytest.mark.parametrize("kind", ["iso", "traditional"])
def test_fault_J1_the_filter_for_fail2ban_finds_refused_clients(lines, kind, tmp_path):
    file = tmp_path / "log"
    file.write_bytes(b"".join(re.sub(*FORMATS[kind], line) + b"\n" for line in lines))
    rules = tmp_path / "pound.conf"
    # The file is not in fail2ban's own folder, so it needs the whole path of the other one.
    rules.write_text((ROOT / "init/fail2ban/filter.d/pound.conf").read_text().replace(
        "common.conf", "/etc/fail2ban/filter.d/common.conf"))
    done = subprocess.run(["fail2ban-regex", "--print-all-matched", "--print-no-missed", file,
                           rules], text=True, capture_output=True, check=True)
    matched = re.findall(r"^\|  .*pound\[\d+\]: (127.*)$", done.stdout, re.M)
    refused = [line.decode().partition("]: ")[2] for line in lines
               if re.search(rb'\]: 127.* 400 .* reason=\w+$', line)]
    assert (matched, len(refused)) == (refused, 2), done.stdout
