"""Processor time and memory of processes, versions of programs, and facts about this machine.

Processor time is the count of the scheduler, in nanoseconds. The ticks of /proc/PID/stat are a
thousand times too coarse. Only live processes count, so a proxy must keep its workers during a
measurement.
"""

import os
import pathlib
import platform
import re
import resource
import socket
import subprocess

from harness import proc


def family(pid):
    """The process and all its descendants."""
    found = [pid]
    for member in found:
        for children in pathlib.Path(f"/proc/{member}/task").glob("*/children"):
            found += map(int, children.read_text().split())
    return found


def cpu_us(pid):
    """Microseconds of processor time of the family since its start."""
    total = 0
    for member in family(pid):
        for schedstat in pathlib.Path(f"/proc/{member}/task").glob("*/schedstat"):
            total += int(schedstat.read_text().split()[0])
    return total / 1000


def pss_kib(pid):
    """The family's proportional share of memory in KiB; memory that members share counts once."""
    return sum(proc.pss(member) for member in family(pid)) / 1024


def pss_without_files_kib(pid):
    """The same without mapped files, whose share depends on other users of the files."""
    return sum(proc.pss(member, ("Pss_Anon", "Pss_Shmem")) for member in family(pid)) / 1024


def allow_many_descriptors():
    """Raises the limit for this process and its children, so it is equal for all proxies."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_clients():
    """The clients that a proxy can have; each also takes two descriptors and half a pipe."""
    return min(16384, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1000) // 3)


def describe():
    """One line about the machine."""
    text = pathlib.Path("/proc/cpuinfo").read_text(errors="replace")
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    name = re.sub(r"\s+", " ", model[1]) if model else platform.machine()
    return f"{len(os.sched_getaffinity(0))} × {name}, Linux {platform.release()}"


def syslog_queue():
    """The length of a datagram queue in records: 10 by default, 512 with systemd."""
    return int(pathlib.Path("/proc/sys/net/unix/max_dgram_qlen").read_text())


def version(command, pattern):
    done = subprocess.run(command, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    found = re.search(pattern, done.stdout)
    return found[1] if found else "?"


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
