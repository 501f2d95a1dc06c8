"""`make run` serves README's first configuration: HTTPS, HTTP/2, a redirect, two backends."""

import json
import os
import re
import signal
import subprocess

import pytest

from harness import POUND, ROOT, TIMEOUT, get, reserve_port, run_pound, wait_until
from harness.http2 import Http2
from harness.tls import client_context

README = (ROOT / "README.md").read_text()


def code_of(heading):
    """The lines of a section that are indented as code."""
    section = re.search(rf"^## {heading}\n(.*?)^## ", README, re.M | re.S)[1]
    return [line[4:] for line in section.splitlines() if line.startswith("    ")]


class Run:
    def __init__(self, folder, demo_backend):
        names = ("http", "https", "status", "first", "second")
        self.ports = {name: reserve_port() for name in names}
        self.folder = folder
        self.output = folder / "said"
        folder.mkdir()
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [ROOT / "t/demo/run", POUND, demo_backend], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, env=dict(os.environ, TMPDIR=str(folder), DEMO_PORTS=" ".join(
                    map(str, self.ports.values()))))

    def said(self):
        return self.output.read_text()

    def configuration(self):
        file, = self.folder.glob("*/pound.yaml")
        return file.read_text().splitlines()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(TIMEOUT)


@pytest.fixture(name="run")
def fixture_run(tmp_path, demo_backend):
    run = Run(tmp_path / "run", demo_backend)
    wait_until(lambda: "ready: listening" in run.said(), run.said)
    yield run
    run.stop()


def test_the_first_configuration_is_served(run):
    moved = get(run.ports["http"], "/x?y")
    assert (moved.status, moved.field("Location")) == (
        301, f"https://www.example.com:{run.ports['https']}/x?y")
    pages = set()

    def both_have_answered():
        with Http2(run.ports["https"], tls=True, context=client_context(alpn=["h2"])) as client:
            got = client.ask("GET", "/x")
        assert (got.status, got.field("strict-transport-security")) == (200, "max-age=31536000")
        pages.add(re.match(rb"This is backend (\w+)\.\nGET /x\n", got.body)[1])
        return len(pages) == 2

    wait_until(both_have_answered, "an answer of each backend")
    assert pages == {b"one", b"two"}
    status = json.loads(get(run.ports["status"], "/status.json").body)
    assert [backend["name"] for backend in status["backends"]] == ["first", "second"]
    assert "warning" not in run.said()
    run.stop()
    assert list(run.folder.iterdir()) == [run.output]


def test_only_what_is_of_this_machine_differs(run):
    """Addresses and ports, the paths of certificate and socket, and the user with the jail."""
    readme = code_of("A first configuration")
    served = run.configuration()
    status = [line for line in code_of("The status page") if line.startswith("  ")]
    start = served.index("HTTPListeners:") + 1
    assert [re.sub(r"Port: .*", "Port: 8081", line) for line in served[start:start + 5]] == status
    del served[start:start + 5]

    def same(line):
        line = re.sub(r"(Address|Port|Control|Certificates): \S+", r"\1: *", line)
        return re.sub(r"\$host:\d+", "$host", line)

    assert list(map(same, served)) == [
        same(line) for line in readme if not re.match("  (User|Group|RootJail): ", line)]


def test_the_first_configuration_is_valid(tmp_path, certificates):
    text = "\n".join(code_of("A first configuration")) + "\n"
    for old, new in (("User: pound", "User: nobody"), ("Group: pound", "Group: nogroup"),
                     ("/var/lib/pound", str(tmp_path)), ("/run/pound", str(tmp_path)),
                     ("/etc/pound/site.pem", str(certificates["ec"].pem))):
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "pound.yaml"
    text = text.replace("Global:\n", "Global:\n  Lint: -missing-address  # 192.0.2.1 is not of this machine\n")
    file.write_text(text)
    done = run_pound("-c", "-f", file)
    assert (done.returncode, done.stdout, done.stderr) == (
        0, f"{file}: configuration is valid\n", "")
