"""Load and checks: wrk makes the load and counts errors, and a second client checks bodies.

wrk does not look at bodies. While it runs, the second client sends the same request several times a
second over the same kind of connection. It compares status, length and SHA-256 of the body with the
bytes that the backend sends. A result with an error of either client is wrong.
"""

import dataclasses
import functools
import hashlib
import http.client
import pathlib
import re
import ssl
import subprocess
import threading
import time

import machine

PERIOD = bytes(i % 251 for i in range(251))  # every body of the bench backend repeats this
CHECK_EVERY = 0.1  # seconds
LARGE = 1 << 20

# Prints the totals at the end in fixed units.
DONE = """
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("counted=%d bytes=%d us=%d failed=%d p99=%d\\n", summary.requests,
           summary.bytes, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
           latency:percentile(99)))
end
"""
# Many clients in turn, each with its own cookie, from a starting point that depends on the time.
COOKIES = """
local count = %d
local at = os.time() * 7919 %% count
function request()
  at = at %% count + 1
  return "GET %s HTTP/1.1\\r\\nHost: %s\\r\\nCookie: sid=client" .. at .. "\\r\\n\\r\\n"
end
"""
# A steady rate: each connection waits some milliseconds before its next request.
PAUSES = """
math.randomseed(1)
function delay() return math.random(0, %d) end
"""


@dataclasses.dataclass
class Demand:
    """The requests of a scenario's clients."""
    clients: int = 64
    size: int = 1024      # of the body, in bytes
    tls: bool = False
    close: bool = False   # a new connection for each request
    host: str = "bench.example"
    cookies: int = 0      # number of sessions; 0: no cookie
    pause_ms: int = 0     # mean pause between two requests of a connection; 0: none

    @property
    def path(self):
        return f"/{self.size}"

    def script(self):
        text = DONE
        if self.cookies:
            text += COOKIES % (self.cookies, self.path, self.host)
        if self.pause_ms:
            text += PAUSES % (2 * self.pause_ms)
        return text


@dataclasses.dataclass
class Result:
    """One run. `us` is the proxy's processor time per request; `wrong` lists all errors."""
    us: float
    rps: float
    p99_ms: float
    pss_kib: float
    wrong: list


@functools.lru_cache(maxsize=4)
def digest_of(size):
    hashed = hashlib.sha256()
    block = PERIOD * 4096
    for _ in range(size // len(block)):
        hashed.update(block)
    hashed.update(block[:size % len(block)])
    return hashed.hexdigest()


def insecure():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Checker(threading.Thread):
    """Sends requests until `stop`; `wrong` has its complaints, `count` its requests."""

    def __init__(self, port, demand):
        super().__init__(daemon=True)
        self.demand, self.port = demand, port
        self.count, self.wrong, self.spoken = 0, [], None
        self.over = threading.Event()
        self.start()

    def connect(self):
        if self.demand.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30,
                                               context=insecure())
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, connection):
        fields = {"Host": self.demand.host}
        if self.demand.close:
            fields["Connection"] = "close"
        if self.demand.cookies:
            fields["Cookie"] = f"sid=client{self.count % self.demand.cookies + 1}"
        connection.request("GET", self.demand.path, headers=fields)
        if self.demand.tls:
            self.spoken = (connection.sock.version(), connection.sock.cipher()[0])
        response = connection.getresponse()
        hashed, length = hashlib.sha256(), 0
        while block := response.read(1 << 18):
            hashed.update(block)
            length += len(block)
        self.count += 1
        told = response.getheader("Content-Length")
        if (response.status, told, length) != (200, str(self.demand.size), self.demand.size):
            self.wrong.append(f"status {response.status}, Content-Length {told}, {length} bytes "
                              f"for {self.demand.path}")
        elif hashed.hexdigest() != digest_of(self.demand.size):
            self.wrong.append(f"the body of {self.demand.path} is not the one of the backend")

    def run(self):
        connection = self.connect()
        try:
            while True:
                self.ask(connection)
                if self.demand.close:
                    connection.close()
                if self.over.wait(CHECK_EVERY):
                    break
        except (OSError, http.client.HTTPException) as error:
            self.wrong.append(f"the checking client: {error!r}")
        finally:
            connection.close()

    def stop(self):
        self.over.set()
        self.join(60)
        if not self.count:
            self.wrong.append("the checking client received no response")


def wrk(port, demand, seconds, directory):
    """The totals of a run of wrk, as a dict of numbers."""
    script = pathlib.Path(directory) / "wrk.lua"
    script.write_text(demand.script())
    scheme = "https" if demand.tls else "http"
    command = ["wrk", "-t1", f"-c{demand.clients}", f"-d{seconds}s", "--timeout", "30s",
               "-s", str(script), "-H", f"Host: {demand.host}",
               *(["-H", "Connection: close"] if demand.close else []),
               f"{scheme}://127.0.0.1:{port}{demand.path}"]
    done = subprocess.run(command, text=True, capture_output=True, timeout=seconds + 90,
                          check=False)
    found = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", done.stdout)}
    if "counted" not in found:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return found


def measure(proxy, demand, seconds):
    """One run of wrk against the proxy, checked."""
    port = proxy.port(demand.tls)
    checker = Checker(port, demand)
    before = machine.cpu_us(proxy.pid)
    counted = wrk(port, demand, seconds, proxy.directory)
    spent = machine.cpu_us(proxy.pid) - before
    checker.stop()
    wrong = [f"{proxy.name}: {text}" for text in checker.wrong]
    if counted["failed"] or not counted["bytes"]:
        wrong.append(f"{proxy.name}: {counted['failed']} of {counted['counted']} requests failed")
    if not proxy.is_well():
        wrong.append(f"{proxy.name} has ended; its output: {proxy.said()[-400:]}")
    # Many large bodies are incomplete at the end. They count by their bytes.
    parts = counted["bytes"] / demand.size if demand.size >= LARGE else 0
    requests = max(1, counted["counted"], parts) + checker.count
    return Result(spent / requests, requests * 1e6 / max(1, counted["us"]), counted["p99"] / 1000,
                  machine.pss_kib(proxy.pid), wrong), checker.spoken


def idle_kib(proxy, count, tls):
    """KiB of memory per client, for `count` clients that are idle after one response."""
    before = machine.pss_without_files_kib(proxy.pid)
    wrong, kept = [], []
    context = insecure()
    demand = Demand()
    try:
        for _ in range(count):
            if tls:
                client = http.client.HTTPSConnection("127.0.0.1", proxy.https, timeout=30,
                                                     context=context)
            else:
                client = http.client.HTTPConnection("127.0.0.1", proxy.http, timeout=30)
            kept.append(client)
            client.request("GET", demand.path)
            response = client.getresponse()
            body = response.read()
            if (response.status, hashlib.sha256(body).hexdigest()) != (200, digest_of(1024)):
                wrong.append(f"{proxy.name}: an idle client got status {response.status}")
                break
        time.sleep(0.3)  # the proxy frees the buffers of the last requests
        return (machine.pss_without_files_kib(proxy.pid) - before) / count, wrong
    finally:
        for client in kept:
            client.close()
