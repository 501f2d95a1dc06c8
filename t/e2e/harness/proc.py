"""What /proc says of processes: children, state, descriptors, memory. Reads only."""

import os
import re


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # the process is gone, or not ours to look at
        return b""


def _stat(pid):
    """The fields of /proc/PID/stat behind the name: state, parent, group, session …"""
    text = _read(f"/proc/{pid}/stat").decode("latin-1")
    return text.rpartition(") ")[2].split() if text else []


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def is_alive(pid):
    stat = _stat(pid)
    return bool(stat) and stat[0] not in "ZX"


def is_asleep(pid):
    """Waiting for something to happen, unlike one that would go on if it had a processor."""
    return _stat(pid)[:1] == ["S"]


def children(pid):
    """Living children, without zombies."""
    found = []
    for child in pids():
        stat = _stat(child)
        if stat and int(stat[1]) == pid and stat[0] not in "ZX":
            found.append(child)
    return sorted(found)


def zombies(pid):
    """Children that nobody has waited for."""
    stats = ((child, _stat(child)) for child in pids())
    return [child for child, stat in stats if stat and int(stat[1]) == pid and stat[0] == "Z"]


def with_argument(argument):
    """Processes, zombies aside, that have `argument` on their command line."""
    wanted = os.fsencode(str(argument))
    return [pid for pid in pids()
            if pid != os.getpid() and wanted in _read(f"/proc/{pid}/cmdline").split(b"\0")
            and is_alive(pid)]


def status(pid):
    """/proc/PID/status as a dict of strings; empty when the process is gone."""
    lines = _read(f"/proc/{pid}/status").decode("latin-1").splitlines()
    return {k: v.strip() for k, v in (line.split(":", 1) for line in lines if ":" in line)}


def name(pid):
    return _read(f"/proc/{pid}/comm").decode("latin-1").rstrip("\n")


def fd_count(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def fds(pid):
    """What each descriptor of the process is, as readlink says."""
    found = {}
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:  # the process is gone
        return found
    for name in names:
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            pass
    return found


def rss(pid):
    """Resident bytes that are the process's own: not the binary, not the shared segment."""
    match = re.search(r"(\d+)", status(pid).get("RssAnon", ""))
    return int(match[1]) * 1024 if match else 0


def pss(pid, kinds=("Pss",)):
    """Its proportional share of memory in bytes: of all, or of Pss_Anon, Pss_File, Pss_Shmem."""
    text = _read(f"/proc/{pid}/smaps_rollup").decode("latin-1")
    pages = dict(re.findall(r"^(Pss\w*):\s+(\d+) kB", text, re.M))
    return sum(int(pages.get(kind, 0)) for kind in kinds) * 1024


def cpu_seconds(pid):
    stat = _stat(pid)
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK") if stat else 0.0


def _tcp_sockets():
    """(local port, remote port, state, what readlink says of its descriptor) of each."""
    for line in _read("/proc/net/tcp").decode().splitlines()[1:]:
        columns = line.split()
        local, remote = (int(columns[i].split(":")[1], 16) for i in (1, 2))
        yield local, remote, int(columns[3], 16), f"socket:[{columns[9]}]"


def _holder(candidates, name):
    return next((pid for pid in candidates if name in fds(pid).values()), None)


def owner_of_connection(candidates, server_port, client_port):
    """Which of the processes holds the server's end of a connection from `client_port`."""
    found = [name for local, remote, _, name in _tcp_sockets()
             if (local, remote) == (server_port, client_port)]
    return _holder(candidates, found[-1]) if found else None


def clients(candidates, server_port):
    """Whose connections to that port the processes hold: {client's port: process}."""
    holders = {name: pid for pid in candidates for name in fds(pid).values()}
    return {remote: holders[name] for local, remote, _, name in _tcp_sockets()
            if local == server_port and name in holders}


def connecting(candidates, port):
    """Who of them is connecting to `port` and got no answer yet: {local port: process}."""
    syn_sent = 2
    held = {local: _holder(candidates, name) for local, remote, state, name in _tcp_sockets()
            if (remote, state) == (port, syn_sent)}
    return {local: who for local, who in held.items() if who is not None}
