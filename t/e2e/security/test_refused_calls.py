"""Evil code in a worker makes a system call that no worker needs.

The worker ends at the first one, the log names the call, another worker takes its place, and
nothing of the attack is left.
"""

import re
import signal
import socket
import time

import pytest

from harness import SANITIZED, get, scaled
from harness.config import plain_site

pytestmark = pytest.mark.skipif(SANITIZED, reason="sanitizers need calls that no worker may make")

CONFIG = plain_site("Workers: 2")


@pytest.fixture(name="pound")
def fixture_pound(site, evil):
    pound = site.pound(CONFIG, web=site.backend().port, popen={"env": evil.environment})
    pound.expected = "refused system call"
    return pound


# Attack, argument, the call that the log names. The argument `master` is its pid.
ATTACKS = [
    ("fork", "", "clone"),
    ("execve", "", "execve"),
    ("open", "", "openat"),
    ("kill", "master", "kill"),
    ("tgkill", "master", "tgkill"),
    ("sigqueue", "master", "rt_sigqueueinfo"),
    ("take_sigsys", "", "rt_sigaction"),
    ("tiocsti", "", "ioctl"),
    ("setfl", "", "fcntl"),
    ("fionbio", "", "ioctl"),
    ("ptrace", "master", "ptrace"),
    ("process_vm_readv", "master", "process_vm_readv"),
    ("io_uring_setup", "", "io_uring_setup"),
    ("socket", f"{int(socket.AF_NETLINK)}.{int(socket.SOCK_RAW)}", "socket"),
    ("socket", f"{int(socket.AF_PACKET)}.{int(socket.SOCK_RAW)}", "socket"),
    ("socket", f"{int(socket.AF_INET)}.{int(socket.SOCK_DGRAM)}", "socket"),
    ("socket", f"{int(socket.AF_UNIX)}.{int(socket.SOCK_STREAM)}", "socket"),
    ("listen", "", "listen"),
    ("bind", "", "bind"),
    ("attach_filter", "3", "setsockopt"),
    ("mmap_exec", "", "mmap"),
    ("mprotect_exec", "", "mprotect"),
    ("prlimit", "master", "prlimit64"),
]


def test_abort_is_allowed(site, evil):
    """A worker's end by the C library shows as what it is."""
    pound = site.pound(CONFIG, web=site.backend().port, popen={"env": evil.environment})
    dead = evil.kill_worker(pound, "abort")
    pound.wait_log(rf"worker [01] \(pid {dead}\) was killed by signal 6 \(Aborted\)$")
    pound.wait_workers(gone=[dead])


def check_the_end(pound, dead, call):
    """The log names the call, and another worker serves within 2 s. The C library of Debian 13 blocks
    all signals in fork(), so that nothing but the end of the worker can tell."""
    began = time.monotonic()
    assert get(pound.port).status == 200
    assert time.monotonic() - began < scaled(2)
    line, = pound.wait_log("refused system call")
    ends = [rf": {call} \(\d+\)"] + ([r" \(SIGSYS\)"] if call == "clone" else [])
    assert re.fullmatch(rf"pound\[{pound.master}\]: worker [01] \(pid {dead}\) was ended by a "
                        rf"refused system call(?:{'|'.join(ends)})", line), line
    pound.wait_workers(gone=[dead])


@pytest.mark.parametrize("name, argument, call", ATTACKS)
def test_the_call_ends_the_worker(pound, evil, name, argument, call):
    argument = str(pound.master) if argument == "master" else argument
    dead = evil.kill_worker(pound, name, argument)
    check_the_end(pound, dead, call)
    began = time.monotonic()
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit() == 0
    assert time.monotonic() - began < scaled(1)
    pound.wait_gone()
