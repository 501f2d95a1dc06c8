"""Load and checks: wrk or h2load makes the load and counts errors, a second client checks bodies.

wrk makes the load of HTTP/1, h2load that of HTTP/2, and checker.py has the second client. A result
with an error of either client is wrong.
"""

import dataclasses
import re
import subprocess
import time

import h2load
import machine
from checker import Checker, keep_idle

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
# Each client is a new one, also over all runs.
FRESH = """
local at = 0
local run = os.time() .. "x" .. tostring({}):sub(8)
function request()
  at = at + 1
  return "GET %s HTTP/1.1\\r\\nHost: %s\\r\\nCookie: sid=" .. run .. at .. "\\r\\n\\r\\n"
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
    fresh: bool = False   # a cookie of its own in each request
    pause_ms: int = 0     # mean pause between two requests of a connection; 0: none
    streams: int = 0      # HTTP/2 with so many requests at a time on a connection; 0: HTTP/1

    @property
    def path(self):
        return f"/{self.size}"

    def script(self):
        text = DONE
        if self.cookies:
            text += COOKIES % (self.cookies, self.path, self.host)
        if self.fresh:
            text += FRESH % (self.path, self.host)
        if self.pause_ms:
            text += PAUSES % (2 * self.pause_ms)
        return text


@dataclasses.dataclass
class Result:
    """One run. `us` is the proxy's processor time per request; `wrong` lists all errors.
    `requests` counts those that were answered."""
    us: float
    rps: float
    p99_ms: float
    pss_kib: float
    wrong: list
    requests: float = 0


def wrk(proxy, checker, demand, seconds):
    """One run of wrk, as numbers with the keys of h2load.run."""
    script = proxy.directory / "wrk.lua"
    script.write_text(demand.script())
    scheme = "https" if demand.tls else "http"
    command = ["wrk", "-t1", f"-c{demand.clients}", f"-d{seconds}s", "--timeout", "30s",
               "-s", str(script), "-H", f"Host: {demand.host}",
               *(["-H", "Connection: close"] if demand.close else []),
               f"{scheme}://127.0.0.1:{proxy.port(demand.tls)}{demand.path}"]
    before = machine.cpu_us(proxy.pid)
    done = subprocess.run(command, text=True, capture_output=True, timeout=seconds + 90,
                          check=False)
    spent = machine.cpu_us(proxy.pid) - before
    found = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", done.stdout)}
    if "counted" not in found:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return {**found, "spent": spent, "checked": checker.count}


def measure(proxy, demand, seconds):
    """One checked run of the load generator against the proxy: a Result and the negotiated TLS."""
    checker = Checker(proxy.port(demand.tls), demand)
    counted = (h2load.run if demand.streams else wrk)(proxy, checker, demand, seconds)
    checker.stop()
    wrong = [f"{proxy.name}: {text}" for text in checker.wrong]
    if counted.get("spoken", checker.spoken) != checker.spoken:
        wrong.append(f"{proxy.name} speaks {counted['spoken']} with one client and "
                     f"{checker.spoken} with the other")
    if counted["failed"] or not counted["bytes"]:
        wrong.append(f"{proxy.name}: {counted['failed']} of {counted['counted']} requests failed")
    if not proxy.is_well():
        wrong.append(f"{proxy.name} has ended; its output: {proxy.said()[-400:]}")
    # Many large bodies are incomplete at the end. They count by their bytes.
    parts = counted["bytes"] / demand.size if demand.size >= LARGE else 0
    requests = max(1, counted["counted"], parts) + counted["checked"]
    return Result(counted["spent"] / requests, requests * 1e6 / max(1, counted["us"]),
                  counted["p99"] / 1000, machine.pss_kib(proxy.pid), wrong,
                  requests), checker.spoken


def idle_kib(proxy, count, demand):
    """KiB of memory per client, for `count` clients that are idle after one response."""
    before = machine.pss_without_files_kib(proxy.pid)
    kept = []
    try:
        found = keep_idle(kept, proxy.port(demand.tls), demand, count)
        time.sleep(0.3)  # the proxy frees the buffers of the last requests
        kib = (machine.pss_without_files_kib(proxy.pid) - before) / count
        return kib, [f"{proxy.name}: an idle client: {found}"] if found else []
    finally:
        for client in kept:
            client.close()
