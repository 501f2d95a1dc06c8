"""Machines of one network: network namespaces behind one bridge, for tests of several Pounds.

A Network has a namespace for its clients, with the bridge, and one for each Machine. Only the
network is their own: they share files and processes with the test. Nothing leaves them, so every
Network uses the same addresses. The names are unique, and `close` removes the namespaces and ends
the programs that were started in them. Needs root; `unavailable` says why there are none.
"""

import contextlib
import ctypes
import itertools
import os
import signal
import socket
import subprocess

from .timing import TIMEOUT, wait_until

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


def _ip(*words):
    done = subprocess.run(["ip", *map(str, words)], capture_output=True, check=False, text=True,
                          timeout=TIMEOUT)
    assert done.returncode == 0, f"ip {words}: {done.stderr}"
    return done.stdout


def unavailable():
    """The reason why there can be no such network here; empty if there can."""
    if os.geteuid() != 0:
        return "needs root"
    try:
        with contextlib.closing(Network()) as network:
            network.machine("a")
    except (AssertionError, OSError) as error:
        return f"this machine has no network namespaces: {error}"
    return ""


def _enter(fd):
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Namespace:
    def __init__(self, name):
        _ip("netns", "add", name)
        self.name = name
        self._fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        self._programs = []
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return _ip("-n", self.name, *words)

    def enter(self):
        """For preexec_fn of Popen: the program runs here."""
        _enter(self._fd)

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread makes meanwhile belong here, and stay so."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(self._fd)
            yield
        finally:
            _enter(home)
            os.close(home)

    def run(self, log, *command, **kwargs):
        """Starts a program here, which `close` ends; its output goes to the file `log`."""
        with open(log, "ab") as output:
            program = subprocess.Popen(  # pylint: disable=consider-using-with
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, preexec_fn=self.enter, **kwargs)
        self._programs.append(program)
        return program

    def close(self):
        for program in self._programs:
            if program.poll() is None:
                program.kill()
            program.wait(TIMEOUT)
        for pid in _ip("netns", "pids", self.name).split():  # what those programs have started
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        os.close(self._fd)
        _ip("netns", "del", self.name)


class Machine(Namespace):
    """A namespace with one address on the bridge."""

    def __init__(self, name, address):
        super().__init__(name)
        self.address = address

    def accepts(self, port):
        """Whether a program of this machine listens on the port."""
        with self.inside(), socket.socket() as probe:
            return probe.connect_ex((self.address, port)) == 0

    def has_address(self, address):
        return f" {address}/" in self.ip("-4", "addr", "show", "dev", "eth0")


class Network:
    """10.77.0.0/24. The clients have 10.77.0.1, the machines 10.77.0.11 and so on."""

    PREFIX = "10.77.0."

    def __init__(self):
        self._tag = f"pound-{os.getpid()}-{next(_numbers)}"
        self._all = []
        self.clients = self._add(Namespace(f"{self._tag}-clients"))
        self.clients.ip("link", "add", "bridge", "type", "bridge")
        self.clients.ip("addr", "add", f"{self.PREFIX}1/24", "dev", "bridge")
        self.clients.ip("link", "set", "bridge", "up")

    def _add(self, made):
        self._all.append(made)
        return made

    def machine(self, name):
        number = len(self._all)
        made = self._add(Machine(f"{self._tag}-{name}", f"{self.PREFIX}{10 + number}"))
        port = f"port{number}"
        self.clients.ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns",
                        made.name)
        self.clients.ip("link", "set", port, "master", "bridge", "up")
        made.ip("addr", "add", f"{made.address}/24", "dev", "eth0")
        made.ip("link", "set", "eth0", "up")
        wait_until(lambda: "state UP" in made.ip("link", "show", "eth0"), "the link")
        return made

    def close(self):
        failures = []
        for one in reversed(self._all):
            try:
                one.close()
            except (AssertionError, OSError, subprocess.TimeoutExpired) as failure:
                failures.append(failure)
        assert not failures, failures
