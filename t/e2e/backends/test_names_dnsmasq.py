"""Names of backends from a real name server, which changes, rotates, is silent, or knows nothing.

The daemon runs with a resolv.conf of its own, in a mount namespace. Needs root, unshare and
dnsmasq.
"""

import collections
import ctypes
import os
import pathlib
import random
import shutil
import signal
import subprocess

import pytest

from harness import get, wait_until
from harness.config import plain_site
from harness.ports import reserve_port

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
SYSTEM = [pathlib.Path("/etc/resolv.conf"), pathlib.Path("/etc/nsswitch.conf")]
DNSMASQ = shutil.which("dnsmasq") or shutil.which("dnsmasq", path="/usr/sbin:/usr/local/sbin")
CHANGE = r"backend web \(app\.test:\d+\) resolves to other addresses now: "
CONFIG = plain_site("Workers: 2; Alive: 1", backends={"web": "Address: app.test; Resolve: 1"})


def has_namespaces():
    try:
        return os.geteuid() == 0 and subprocess.run(
            ["unshare", "-m", "--propagation", "private", "mount", "--bind", SYSTEM[0], SYSTEM[0]],
            capture_output=True, check=False).returncode == 0
    except OSError:
        return False


pytestmark = [
    pytest.mark.skipif(DNSMASQ is None, reason="dnsmasq is not installed"),
    pytest.mark.skipif(not all(file.exists() for file in SYSTEM) or not has_namespaces(),
                       reason="this machine lets no test have a resolv.conf of its own"),
]


class NameServer:
    """dnsmasq at an address of its own on the loopback: a resolver has no other choice of port."""

    def __init__(self, folder):
        self.folder = folder
        self.hosts = folder / "hosts"
        self.hosts.write_text("")
        self.process = None
        while not self._start(f"127.{random.randint(100, 250)}.{random.randint(1, 250)}.53"):
            pass

    def _start(self, address):
        log = self.folder / "dnsmasq.log"
        with open(log, "w", encoding="ascii") as file:
            self.process = subprocess.Popen(
                [DNSMASQ, "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
                 "--no-hosts", f"--addn-hosts={self.hosts}", "--local=/test/", "--user=root",
                 "--pid-file", "--log-facility=-", "--log-queries", "--bind-interfaces",
                 f"--listen-address={address}"], stderr=file, stdin=subprocess.DEVNULL)
        wait_until(lambda: "started" in log.read_text() or self.process.poll() is not None,
                   "dnsmasq to start")
        (self.folder / "resolv.conf").write_text(
            f"nameserver {address}\noptions timeout:1 attempts:1\n")
        (self.folder / "nsswitch.conf").write_text("hosts: files dns\n")
        return self.process.poll() is None

    def queries(self):
        return (self.folder / "dnsmasq.log").read_text().count("query[A] app.test")

    def wait_queries(self, count):
        wanted = self.queries() + count
        wait_until(lambda: self.queries() >= wanted, f"{count} more queries")

    def tell(self, *addresses):
        self.hosts.write_text("".join(f"{address} app.test\n" for address in addresses))
        self.process.send_signal(signal.SIGHUP)

    def enter(self):
        """Makes the resolver of the calling process use this server."""
        libc = ctypes.CDLL(None, use_errno=True)
        for result in [libc.unshare(CLONE_NEWNS),
                       libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None),
                       *[libc.mount(bytes(self.folder / file.name), bytes(file), None, MS_BIND,
                                    None) for file in SYSTEM]]:
            assert result == 0, os.strerror(ctypes.get_errno())

    def close(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


@pytest.fixture(name="server")
def fixture_server(tmp_path):
    server = NameServer(tmp_path)
    yield server
    server.close()


@pytest.fixture(name="start")
def fixture_start(site, server):
    """Starts backends at some addresses, and a daemon for those that the server has now."""
    def start(*hosts):
        port = reserve_port()
        for host in hosts:
            site.backend(lambda _, h=host: site_answer(h), host=host, port=port)
        return site.pound(CONFIG, web=port, popen={"preexec_fn": server.enter})
    return start


def site_answer(host):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(host), host.encode())


def answers(pound, count=8):
    return set(collections.Counter(get(pound.port).body.decode() for _ in range(count)))


def test_a_name_whose_addresses_change(server, start):
    server.tell("127.0.0.2")
    pound = start("127.0.0.2", "127.0.0.3", "127.0.0.4")
    assert answers(pound) == {"127.0.0.2"}
    server.tell("127.0.0.3", "127.0.0.4")
    pound.wait_log(CHANGE + r"127\.0\.0\.3 127\.0\.0\.4 are new, 127\.0\.0\.2 is gone$")
    assert answers(pound) == {"127.0.0.3", "127.0.0.4"}
    assert len(pound.wait_log(CHANGE)) == 1


def test_a_server_that_rotates_its_answers(server, start):
    hosts = {f"127.0.0.{i}" for i in range(2, 8)}
    server.tell(*hosts)
    pound = start(*hosts)
    server.wait_queries(3)
    assert answers(pound, 24) == hosts
    assert "other addresses" not in pound.log()


def test_a_server_that_is_silent(server, start):
    server.tell("127.0.0.2")
    pound = start("127.0.0.2", "127.0.0.3")
    server.process.send_signal(signal.SIGSTOP)
    pound.wait_log("its name does not resolve any more: .*; it keeps the addresses it has$")
    assert answers(pound) == {"127.0.0.2"}
    server.process.send_signal(signal.SIGCONT)
    pound.wait_log("its name resolves again$")
    server.tell("127.0.0.3")
    pound.wait_log(CHANGE)
    assert answers(pound) == {"127.0.0.3"}
    assert pound.log().count("does not resolve any more") == 1


def test_a_name_that_the_server_no_longer_knows(server, start):
    server.tell("127.0.0.2")
    pound = start("127.0.0.2")
    server.tell()
    pound.wait_log("its name does not resolve any more: .*; it keeps the addresses it has$")
    server.wait_queries(2)
    assert answers(pound) == {"127.0.0.2"}
    server.tell("127.0.0.2")
    pound.wait_log("its name resolves again$")
    assert pound.log().count("does not resolve any more") == 1


def test_a_name_that_the_server_does_not_know_at_the_start(server, start):
    pound = start("127.0.0.2")
    assert get(pound.port).status == 503
    server.tell("127.0.0.2")
    pound.wait_log(r"backend web \(app\.test:\d+\) resolves now and is live: 127\.0\.0\.2$")
    assert answers(pound) == {"127.0.0.2"}


def test_a_name_with_IPv4_and_IPv6(server, start):
    server.tell("127.0.0.2", "::1")
    pound = start("127.0.0.2")  # nothing listens at the other one
    assert answers(pound) == {"127.0.0.2"}
    said = pound.wait_log(r"does not answer at \[::1\]:\d+: .*; its other addresses are tried first")
    assert len(said) == 1
