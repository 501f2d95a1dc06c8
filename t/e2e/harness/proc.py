"""Reads from /proc: children, state, descriptors, memory and sockets of processes."""

import os
import re

import pytest


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # the process is gone, or we may not read it
        return b""


def _stat(pid):
    """The fields of /proc/PID/stat after the name: state, parent, group, session …"""
    text = _read(f"/proc/{pid}/stat").decode("latin-1")
    return text.rpartition(") ")[2].split() if text else []


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def is_alive(pid):
    stat = _stat(pid)
    return bool(stat) and stat[0] not in "ZX"


def is_asleep(pid):
    """Whether the process waits for an event; false while it runs or waits for a processor."""
    return _stat(pid)[:1] == ["S"]


def is_stopped(pid):
    return _stat(pid)[:1] == ["T"]


def limit(pid, name):
    """The soft and the hard limit, as /proc/PID/limits has them; None if the process is gone."""
    text = _read(f"/proc/{pid}/limits").decode("latin-1")
    match = re.search(rf"^Max {name} +(\S+) +(\S+)", text, re.M)
    return match.groups() if match else None


def session(pid):
    """The process that leads the session; 0 if the process is gone."""
    stat = _stat(pid)
    return int(stat[3]) if stat else 0


def terminal(pid):
    """The number of the controlling terminal; 0: none."""
    stat = _stat(pid)
    return int(stat[4]) if stat else 0


def age(pid):
    """Seconds since the process started; 0 if it is gone."""
    stat = _stat(pid)
    uptime = float(_read("/proc/uptime").split()[0])
    return uptime - int(stat[19]) / os.sysconf("SC_CLK_TCK") if stat else 0.0


def children(pid):
    """The pids of the running children, without zombies."""
    found = []
    for child in pids():
        stat = _stat(child)
        if stat and int(stat[1]) == pid and stat[0] not in "ZX":
            found.append(child)
    return sorted(found)


def zombies(pid):
    """The pids of the dead children that the process has not reaped."""
    stats = ((child, _stat(child)) for child in pids())
    return [child for child, stat in stats if stat and int(stat[1]) == pid and stat[0] == "Z"]


def with_argument(argument):
    """The pids of running processes with `argument` on their command line."""
    wanted = os.fsencode(str(argument))
    return [pid for pid in pids()
            if pid != os.getpid() and wanted in _read(f"/proc/{pid}/cmdline").split(b"\0")
            and is_alive(pid)]


def status(pid):
    """/proc/PID/status as a dict of strings; empty if the process is gone."""
    lines = _read(f"/proc/{pid}/status").decode("latin-1").splitlines()
    return {k: v.strip() for k, v in (line.split(":", 1) for line in lines if ":" in line)}


def name(pid):
    return _read(f"/proc/{pid}/comm").decode("latin-1").rstrip("\n")


def _fd_names(pid):
    try:
        return os.listdir(f"/proc/{pid}/fd")
    except PermissionError:
        pytest.skip("needs root: the kernel shows nobody else the descriptors of a worker")
    except OSError:  # the process is gone
        return []


def fd_count(pid):
    return len(_fd_names(pid))


def datagram_sockets():
    """The links of all UNIX datagram sockets of the machine, as in `fds`."""
    rows = [line.split() for line in _read("/proc/net/unix").decode("latin-1").splitlines()[1:]]
    return {f"socket:[{row[6]}]" for row in rows if row[4] == "0002"}


def unix_sockets(path):
    """The links of all Unix sockets with a path that begins so, as in `fds`."""
    rows = [line.split() for line in _read("/proc/net/unix").decode("latin-1").splitlines()[1:]]
    return {f"socket:[{row[6]}]" for row in rows if row[7:] and row[7].startswith(str(path))}


def fds(pid):
    """{descriptor: target of its link in /proc/PID/fd}."""
    found = {}
    for name in _fd_names(pid):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            pass
    return found


def rss(pid):
    """Resident bytes of private memory: neither the binary nor the shared segment."""
    match = re.search(r"(\d+)", status(pid).get("RssAnon", ""))
    return int(match[1]) * 1024 if match else 0


def pss(pid, kinds=("Pss",)):
    """The proportional share of memory in bytes, in total or of Pss_Anon, Pss_File, Pss_Shmem."""
    text = _read(f"/proc/{pid}/smaps_rollup").decode("latin-1")
    pages = dict(re.findall(r"^(Pss\w*):\s+(\d+) kB", text, re.M))
    return sum(int(pages.get(kind, 0)) for kind in kinds) * 1024


def cpu_seconds(pid):
    stat = _stat(pid)
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK") if stat else 0.0


def _tcp_sockets():
    """(local port, remote port, state, link target of its descriptor) of each TCP socket."""
    time_wait = "06"  # of a socket without a process; there may be tens of thousands
    for line in _read("/proc/net/tcp").decode().splitlines()[1:]:
        columns = line.split(None, 10)
        if columns[3] == time_wait:
            continue
        local, remote = (int(columns[i].split(":")[1], 16) for i in (1, 2))
        yield local, remote, int(columns[3], 16), f"socket:[{columns[9]}]"


def _holder(candidates, name):
    return next((pid for pid in candidates if name in fds(pid).values()), None)


def owner_of_connection(candidates, server_port, client_port):
    """The process among `candidates` that holds the server's end of the connection."""
    found = [name for local, remote, _, name in _tcp_sockets()
             if (local, remote) == (server_port, client_port)]
    return _holder(candidates, found[-1]) if found else None


def clients(candidates, server_port):
    """{client's port: process} of the connections to `server_port` that `candidates` hold."""
    holders = {name: pid for pid in candidates for name in fds(pid).values()}
    return {remote: holders[name] for local, remote, _, name in _tcp_sockets()
            if local == server_port and name in holders}


def connecting(candidates, port):
    """{local port: process} of the connects to `port` that have had no reply yet."""
    syn_sent = 2
    held = {local: _holder(candidates, name) for local, remote, state, name in _tcp_sockets()
            if (remote, state) == (port, syn_sent)}
    return {local: who for local, who in held.items() if who is not None}
