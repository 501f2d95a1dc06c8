"""The table of allowed system calls against those that workers make.

A run that touches everything a worker does is traced. No worker may die of a refused call, which the
harness checks in every test; and each call in the table occurs in this run, or stands in a list here
with the reason why it is allowed all the same.
"""

import re
import shutil
import signal
import subprocess
import threading

import pytest

from clients import passwords
from harness import (ROOT, SANITIZED, TIMEOUT, TlsClient, get, proc, request, reserve_port,
                     response, wait_until)
from harness.config import tls_site

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
    pytest.mark.skipif(SANITIZED, reason="a build with sanitizers has no filter"),
]

# Of these, a processor or a C library uses the one or the other.
ALTERNATIVES = [{"epoll_wait", "epoll_pwait"}, {"recvfrom", "recv"}, {"sendto", "send"}]
# Allowed although the run below may do without them.
EXPLAINED = {
    "clock_gettime": "the kernel answers from its shared page, where that page has a clock",
    "gettimeofday": "the same",
    "time": "the same",
    "futex": "only a lock that is held by another worker at that moment needs it",
    "getrandom": "OpenSSL refills its generator rarely",
    "prctl": "abseil names memory, where RE2 uses it (Debian 13)",
    "madvise": "malloc gives memory back that is not at the end of the heap",
    "mmap": "malloc of large blocks",
    "mmap2": "the same on 32-bit processors",
    "mremap": "realloc of large blocks",
    "sysinfo": "qsort of many certificates",
    "read": "libevent reads a signal of the worker's own signalfd",
    "restart_syscall": "after SIGSTOP and SIGCONT",
    "getpid": "abort",
    "gettid": "abort",
    "rt_sigaction": "abort",
    "rt_sigprocmask": "abort",
    "tgkill": "abort",
    "write": "only a sleeping master must be woken by the doorbell",
    "writev": "the last words of the C library before an abort",
}

CONFIG = tls_site("""
  Workers: 2
  User: nobody
  Grace: 1
  LogSocket: $dir/syslog
""", backends={"web": "TimeOut: 2", "dead": ""}, plain="Client: 60", listener="""
  Port: $tls
  Certificates: $pem
""", services="""
- URL: ^/dead
  Backends: [*dead]
- Session: 60
  Backends: [*web]
""")


def table(without="kAnswering"):
    """The calls in the table, but for those in a list of its own for the other kind of process."""
    text = (ROOT / "worker" / "sandbox" / "allowed.cc").read_text()
    text, found = re.subn(rf"int {without}\[\] = {{.*?^}};", "", text, flags=re.M | re.S)
    assert found == 1
    return set(re.findall(r"SCMP_SYS\((\w+)\)", text))


class Trace:
    """The system calls of a process and of its future children, one file for each process."""

    def __init__(self, pid, path):
        self.path = path
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["strace", "-ff", "-q", "-e", "signal=none", "-o", path, "-p", str(pid)],
            stderr=subprocess.PIPE, text=True)

        def attached():
            if self.process.poll() is not None:
                pytest.skip("strace cannot attach: " + self.process.stderr.read())
            return proc.status(pid).get("TracerPid") == str(self.process.pid)
        wait_until(attached, "strace to attach")

    def in_the_sandbox(self):
        """{pid: names of the calls after the filter was set}, of each process that set one."""
        found = {}
        for path in self.path.parent.glob(self.path.name + ".*"):
            for line in path.read_text().splitlines():
                if re.match(r"seccomp\(SECCOMP_SET_MODE_FILTER, .*len=.* = 0$", line):
                    found[path.suffix] = set()
                elif path.suffix in found and (call := re.match(r"(\w+)\(", line)):
                    found[path.suffix].add(call[1])
        return found


def handler(received):
    if received.target == "/silent":
        threading.Event().wait(3)
    if received.target == "/big":
        return response(b"x" * (4 << 20))
    if received.target == "/tunnel":
        return response(b"", "Connection: upgrade", "Upgrade: x", length=False,
                        status="101 Switching Protocols")
    return response(b"hello")


def use_everything(pound, site, tls):
    for _ in range(10):
        assert get(pound.port).status == 200
        assert get(pound.port, "/dead").status == 503
    for version in ("1.2", "1.3"):
        with TlsClient(tls, version=version) as client:
            assert client.ask("POST", "/in", body=b"y" * (2 << 20)).status == 200
            assert len(client.ask("GET", "/big").body) == 4 << 20
    assert get(pound.port, "/silent").status == 504
    client = site.client(pound.port)
    client.send(b"nonsense\r\n\r\n" + b"more" * 100000)  # unread bytes make the close linger
    assert client.read_response().status == 400
    client = site.client(pound.port)
    assert client.ask("GET", "/tunnel", "Connection: upgrade", "Upgrade: x").status == 101
    client.close()
    client = site.client(pound.port, receive_buffer=4096)
    client.send(request("GET", "/big"))
    client.read_head()
    client.close()  # in the middle of the response


def test_the_table_is_what_workers_use(site, certificates, tmp_path):
    tls = reserve_port()
    pound = site.prepare(CONFIG, background=True, args=(), web=site.backend(handler).port,
                         dead=reserve_port(), tls=tls, pem=certificates["ec"].pem).start()
    trace = Trace(pound.master, tmp_path / "trace")
    old = pound.workers()
    pound.signal(signal.SIGHUP)
    reloaded = pound.wait_workers(gone=old)
    use_everything(pound, site, tls)
    pound.signal(signal.SIGHUP)  # these drain
    last = pound.wait_workers(gone=reloaded)
    use_everything(pound, site, tls)
    pound.signal(signal.SIGTERM)
    pound.wait_exit()
    trace.process.wait(TIMEOUT)
    calls = trace.in_the_sandbox()
    assert set(calls) == {f".{pid}" for pid in [*reloaded, *last]}
    made = set().union(*calls.values())
    allowed = table()
    assert made - allowed == set()
    unused = allowed - made - set(EXPLAINED)
    assert {call for call in unused if not any(call in two and two & made
                                               for two in ALTERNATIVES)} == set()
    assert set(EXPLAINED) <= allowed


def test_the_table_is_what_the_helper_uses(site, tmp_path):
    pound = passwords.prepare(site, users=passwords.HASHES, background=True, args=(),
                              more="User: nobody\n  LogSocket: $dir/syslog").start()
    trace = Trace(pound.master, tmp_path / "trace")
    old = pound.helpers()
    pound.signal(signal.SIGHUP)
    wait_until(lambda: len(pound.helpers()) == 1 and pound.helpers() != old, "the next helper")
    pound.wait_workers()
    for user in passwords.HASHES:
        for password in ("secret", "x" * 511):
            got = passwords.login(pound, user, password, source=f"127.0.7.{len(user)}")
            assert got.status == (200 if password == "secret" else 401)
    helper, = pound.helpers()
    pound.signal(signal.SIGTERM)
    pound.wait_exit()
    trace.process.wait(TIMEOUT)
    made = trace.in_the_sandbox()[f".{helper}"]
    allowed = table(without="kServing")
    assert made - allowed == set()
    assert made & {"poll", "ppoll"} and made & {"recvfrom", "recv"} and made & {"sendto", "send"}
