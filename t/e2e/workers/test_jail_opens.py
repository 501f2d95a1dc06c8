"""A worker in its jail opens no file and does not even try; strace shows it."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from harness import SANITIZED, TlsClient, get, reserve_port, wait_until

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
    pytest.mark.skipif(SANITIZED, reason="the sanitizers read /proc"),
]

CONFIG = """
Global:
  Workers: 2
  User: nobody
  Group: nogroup
  RootJail: $jail
  LogSocket: $dir/syslog
  Grace: 1
Backends:
  - &web
    Address: 127.0.0.1
    Port: $web
  - &dead
    Address: localhost
    Port: $dead
HTTPListeners:
  - Address: 127.0.0.1
    Port: $listen
    Services:
      - URL: ^/dead
        Backends: *dead
      - Session: 60
        Backends: *web
HTTPSListeners:
  - Address: 127.0.0.1
    Port: $tls
    Certificates: $certificate
    Services:
      - Backends: *web
"""


class Trace:
    """The file system calls of a process and of its future children.

    strace writes one file for each process. In one file for all, the calls of several processes
    would interrupt each other's lines.
    """

    def __init__(self, pid, path):
        self.path = path
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["strace", "-ff", "-q", "-e", "trace=%file", "-e", "signal=none", "-o", path, "-p",
             str(pid)], stderr=subprocess.PIPE, text=True)
        status = f"/proc/{pid}/status"

        def attached():
            if self.process.poll() is not None:
                pytest.skip("strace cannot attach: " + self.process.stderr.read())
            with open(status, encoding="ascii") as file:
                return f"TracerPid:\t{self.process.pid}\n" in file.read()
        wait_until(attached, "strace to attach")

    def jailed(self):
        """{pid: the calls after the process entered its jail}."""
        found = {}
        for path in self.path.parent.glob(self.path.name + ".*"):
            for call in path.read_text().splitlines():
                if re.match(r"chroot\(.*= 0$", call):
                    found[path.suffix] = []
                elif path.suffix in found and not call.startswith(('chdir("/")', "+++", "---")):
                    found[path.suffix].append(call)
        return found

    def text(self):
        return "".join(f"{path.name}:\n{path.read_text()}"
                       for path in self.path.parent.glob(self.path.name + ".*"))


def test_nothing_is_opened_in_the_jail(site, certificates, tmp_path):
    jail = tmp_path / "jail"
    jail.mkdir()
    tls = reserve_port()
    pound = site.prepare(CONFIG, background=True, args=(), jail=jail, web=site.backend().port,
                         dead=reserve_port(), tls=tls, certificate=certificates["ec"].pem).start()
    trace = Trace(pound.master, tmp_path / "trace")
    old = pound.workers()
    pound.signal(signal.SIGHUP)
    reloaded = pound.wait_workers(gone=old)
    for worker in reloaded:
        os.kill(worker, signal.SIGKILL)
    pound.wait_workers(gone=reloaded)
    for _ in range(10):
        assert get(pound.port).status == 200
        assert get(pound.port, "/dead").status == 503
        with TlsClient(tls, "www.example.com") as client:
            assert client.ask().status == 200
        with TlsClient(tls, version="1.2") as client:
            client.send(b"nonsense\r\n\r\n")
            assert client.read_response().status == 400
    pound.signal(signal.SIGUSR1)
    pound.signal(signal.SIGQUIT)
    pound.wait_exit()
    trace.process.wait()
    calls = trace.jailed()
    assert len(calls) == 4, trace.text()
    assert not any(calls.values()), calls
