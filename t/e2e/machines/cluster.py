"""Pounds on several machines that look like one: a network, backends, keepalived, clients.

A Cluster has the machines a, b and so on. Each runs a Pound with the same configuration and a
keepalived. The backends have a machine of their own. The clients know the shared addresses only.
With `store`, one more machine has a redis-server for the sessions. A test may add lines to Global, and
further machines: `network` makes them.
"""

import base64
import os
import signal
import threading
import time

from harness import Backend, Client, TIMEOUT, TlsClient, proc, response, scaled, wait_until
from harness.keepalived import Keepalived, check_of, configuration
from harness.network import Network
from harness.poundctl import run_poundctl

PORT, TLS_PORT, STORE_PORT = 8080, 8443, 6379
ADDRESSES = [Network.PREFIX + "100", Network.PREFIX + "101"]
MOVES_WITHIN = scaled(4)  # seconds: what the address may need
BACKENDS = ("one", "two", "three")

CONFIG = """
Global:
  Workers: 2
  Alive: 1
  Grace: 5
  Control: $dir/control.sock
  Secret: $secret
$settings
Backends:
$backends
HTTPListeners:
- Address: 0.0.0.0
  Port: $listen
  Threads: 0
  Services: &services
  - $session
    Backends: [*one, *two, *three]
$tls
"""
TLS = """HTTPSListeners:
- Address: 0.0.0.0
  Port: {port}
  Certificates: {pem}
  Threads: 0
  Services: *services
"""


class Node:
    """One machine of the cluster: Pound and keepalived."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.machine = cluster.network.machine(name)
        self.folder = cluster.folder / name
        self.folder.mkdir()
        self.pound = self.keepalived = None

    def start_pound(self):
        values = dict(self.cluster.values, listen=PORT)
        self.pound = self.cluster.site.pound(CONFIG, name=f"pound-{self.name}",
                                             popen={"preexec_fn": self.machine.enter}, **values)

    def start_keepalived(self, **how):
        if self.keepalived is None:
            others = [node.machine.address for node in self.cluster.nodes if node is not self]
            text = configuration(check=check_of(self.pound, self.folder), peers=others,
                                 own=self.machine.address, addresses=ADDRESSES,
                                 primary=self is self.cluster.nodes[0], **how)
            self.keepalived = Keepalived(self.machine, self.folder, text)
        self.keepalived.start()

    def restart_pound(self):
        self.pound.start()

    def wait_backup(self, since):
        """Waits until keepalived is ready to take the address, after it last logged `since`."""
        wait_until(lambda: "(pound_1) Entering BACKUP" in self.keepalived.log().rpartition(since)[2],
                   lambda: f"{self.name} to be a backup:\n{self.keepalived.log()[-3000:]}")

    def kill_pound(self):
        """As the kernel would in want of memory: the master and all workers at once."""
        pids = self.pound.processes() + self.pound.workers()
        for pid in {self.pound.master, *pids}:
            os.kill(pid, signal.SIGKILL)
        self.pound.wait_exit()
        wait_until(lambda: not any(map(proc.is_alive, pids)), "the end of the workers")

    def say(self, *words, status=0):
        done = run_poundctl("-s", self.pound.directory / "control.sock", *words)
        assert done.returncode == status, done
        return done.stdout or done.stderr

    def has(self, address=ADDRESSES[0]):
        return self.machine.has_address(address)


class Cluster:
    def __init__(self, site, session="Balance: hash", nodes=2, pem=None, settings="",
                 both_serve=False, store=False):
        self.site, self.folder = site, site.directory
        self.network = Network()
        self.both_serve = both_serve
        self.backends = {}
        self.nodes = []
        try:
            if store:
                settings += self._start_store()
            self._prepare(session, nodes, pem, settings)
        except BaseException:
            self.network.close()
            raise

    def _prepare(self, session, nodes, pem, settings):
        inside = self.network.machine("backends")
        with inside.inside():
            for number, name in enumerate(BACKENDS):
                self.backends[name] = self.site.add_backend(Backend(
                    lambda _, name=name: response(name.encode()), host=inside.address,
                    port=8001 + number))
        secret = self.folder / "secret"
        secret.write_bytes(b"s" * 32)
        secret.chmod(0o600)
        lines = [f"- &{name}\n  Address: {inside.address}\n  Port: {backend.port}\n  Threads: 0"
                 for name, backend in self.backends.items()]
        self.values = {"secret": secret, "settings": settings, "session": session,
                       "backends": "\n".join(lines),
                       "tls": TLS.format(port=TLS_PORT, pem=pem) if pem else ""}
        for name in "abcdefgh"[:nodes]:
            self.nodes.append(Node(self, name))
        for number in range(VISITORS):
            self.network.clients.ip("addr", "add", f"{visitor_address(number)}/24", "dev", "bridge")

    def _start_store(self):
        """Returns the line of Global that lets Pound use it."""
        machine = self.network.machine("store")
        machine.run(self.folder / "store.log", "redis-server", "--bind", machine.address, "--port",
                    STORE_PORT, "--save", "", "--appendonly", "no", "--protected-mode", "no",
                    "--dir", self.folder)
        wait_until(lambda: machine.accepts(STORE_PORT), "redis-server")
        return f"  SessionStore: {{Address: {machine.address}, Port: {STORE_PORT}}}\n"

    def start(self):
        for node in self.nodes:
            node.start_pound()
        self.nodes[0].start_keepalived(both_serve=self.both_serve)
        self.wait_address(self.nodes[0])
        for node in self.nodes[1:]:
            node.start_keepalived(both_serve=self.both_serve)
            node.wait_backup("Starting VRRP")
        if self.both_serve:
            self.wait_address(self.nodes[1], ADDRESSES[1])
        return self

    def wait_address(self, node, address=ADDRESSES[0]):
        """Waits until only this machine has the address; returns how long that took."""
        began = time.monotonic()
        wait_until(lambda: [n for n in self.nodes if n.has(address)] == [node],
                   lambda: f"{address} at {node.name}; {[n.name for n in self.nodes if n.has(address)]}"
                   + "".join(f"\n{n.name}: " + n.keepalived.log()[-2000:] for n in self.nodes))
        return time.monotonic() - began

    def move(self, cause, to, address=ADDRESSES[0]):
        """What `cause` does moves the address in time; returns the time that it took."""
        began = time.monotonic()
        cause()
        self.wait_address(to, address)
        took = time.monotonic() - began
        print(f"{address} moved to {to.name} within {took:.2f} s")
        assert took < MOVES_WITHIN
        return took

    def connect(self, address=ADDRESSES[0], **kwargs):
        with self.network.clients.inside():
            return Client(PORT, host=address, **kwargs)

    def connect_tls(self, address=ADDRESSES[0], **kwargs):
        with self.network.clients.inside():
            return TlsClient(TLS_PORT, host=address, **kwargs)

    def close(self):
        for node in self.nodes:
            if node.keepalived and node.keepalived.process.poll() is None:
                node.keepalived.stop()
            if node.pound:
                node.pound.finish()
        self.network.close()


# --- clients -------------------------------------------------------------------------------------

VISITORS = 12


def visitor_address(number):
    return f"{Network.PREFIX}{201 + number}"


def _basic(number):
    return "Authorization: Basic " + base64.b64encode(f"u{number}:p".encode()).decode()


# By what a service knows a client: the service's line, the target and the fields of client i.
SESSIONS = {
    "hash": ("Balance: hash", lambda i: ("/", [])),
    "INSERT": ("Session: {Type: INSERT}", lambda i: ("/", [])),
    "IP": ("Session: {Type: IP, TTL: 300}", lambda i: ("/", [])),
    "BASIC": ("Session: {Type: BASIC, TTL: 300}", lambda i: ("/", [_basic(i)])),
    "URL": ("Session: {Type: URL, ID: sid, TTL: 300}", lambda i: (f"/?sid=s{i}", [])),
    "PARM": ("Session: {Type: PARM, TTL: 300}", lambda i: (f"/;s{i}", [])),
    "COOKIE": ("Session: {Type: COOKIE, ID: sid, TTL: 300}", lambda i: ("/", [f"Cookie: sid=s{i}"])),
    "HEADER": ("Session: {Type: HEADER, ID: X-User, TTL: 300}", lambda i: ("/", [f"X-User: s{i}"])),
}
STORED = ("IP", "BASIC", "URL", "PARM", "COOKIE", "HEADER")


class Visitor:
    """A client with an address and a session of its own, which keeps cookies."""

    def __init__(self, cluster, kind, number):
        self.cluster, self.number = cluster, number
        self.target, self.fields = SESSIONS[kind][1](number)

    def ask(self, address=ADDRESSES[0]):
        """The name of the backend that has answered."""
        with self.cluster.connect(address, source=visitor_address(self.number)) as client:
            got = client.ask("GET", self.target, *self.fields)
        assert got.status == 200, got.raw_head
        if cookie := got.field("Set-Cookie"):
            self.fields = ["Cookie: " + cookie.split(";")[0]]
        return got.body.decode()


class Asking(threading.Thread):
    """A client that asks all the time and notes each request that fails.

    With `keeps`, on a connection that it keeps as long as Pound lets it; else on a new one each
    time. It waits a moment between two requests.
    """

    def __init__(self, cluster, keeps):
        super().__init__(daemon=True)
        self.cluster, self.keeps = cluster, keeps
        self.failures, self.done, self.longest = [], 0, 0.0
        self._ends = threading.Event()
        self._client = None
        self.start()

    def run(self):
        while not self._ends.wait(0.002):
            began = time.monotonic()
            try:
                self._ask()
                self.done += 1
            except Exception as failure:  # pylint: disable=broad-except
                self.failures.append(f"after {time.monotonic() - began:.3f} s: {failure!r}")
                self._drop()
            self.longest = max(self.longest, time.monotonic() - began)
        self._drop()

    def _ask(self):
        if self._client is None:
            self._client = self.cluster.connect()
        got = self._client.ask()
        assert got.status == 200, got.raw_head
        if not self.keeps or got.field("Connection") == "close":
            self._drop()

    def _drop(self):
        if self._client is not None:
            self._client.close()
        self._client = None

    def wait_more(self, count=50):
        goal = self.done + count
        wait_until(lambda: self.done >= goal, lambda: f"{count} answers; {self.failures}")

    def finish(self):
        """Ends; fails if a request has failed, and returns the longest time that one took."""
        self._ends.set()
        self.join(TIMEOUT * 2)
        assert not self.failures, (len(self.failures), self.done, self.failures[:5])
        return self.longest
