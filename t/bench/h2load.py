"""One run of h2load, the load generator of nghttp2, as numbers.

The load begins with a warm-up, in which h2load connects and makes its handshakes. The processor
time of the proxy and all counts are those of the time after it.
"""

import re
import subprocess
import threading

import machine

WARM_UP = 0.5  # seconds
# The windows of clients like browsers: 1 MiB for a stream, 16 MiB for a connection.
WINDOW_BITS, CONNECTION_WINDOW_BITS = 20, 24

BEGIN = "Main benchmark duration is started"
END = "Main benchmark duration is over"


def command(port, demand, seconds, log):
    return ["h2load", "-t1", f"-c{demand.clients}", f"-m{demand.streams}", f"-D{seconds}",
            f"--warm-up-time={round(1000 * WARM_UP)}ms", f"-w{WINDOW_BITS}",
            f"-W{CONNECTION_WINDOW_BITS}", "-H", f":authority: {demand.host}",
            f"--log-file={log}", f"https://127.0.0.1:{port}{demand.path}"]


def run(proxy, checker, demand, seconds):
    """A dict: requests `counted` and `failed`, `bytes` received, `us` of the run, `p99` in
    microseconds, `spent` microseconds of the proxy's processor time, `checked` requests of the
    checker meanwhile, and `spoken`, the negotiated protocols."""
    log = proxy.directory / "h2load.log"
    log.write_text("")  # h2load appends
    asked = command(proxy.port(demand.tls), demand, seconds, log)
    moments, lines = {}, []
    with subprocess.Popen(asked, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        guard = threading.Timer(seconds + 90, process.kill)
        guard.start()
        try:
            for line in process.stdout:
                for moment in (BEGIN, END):
                    if line.startswith(moment):
                        moments[moment] = (machine.cpu_us(proxy.pid), checker.count)
                lines.append(line)
        finally:
            guard.cancel()
    said = "".join(lines)
    if process.returncode or set(moments) != {BEGIN, END}:
        raise RuntimeError(f"{' '.join(asked)}: {said}")
    (spent, checked), (before, checked_before) = moments[END], moments[BEGIN]
    return {**totals(said), "us": seconds * 1e6, "p99": percentile(log, 99),
            "spent": spent - before, "checked": checked - checked_before, "spoken": spoken(said)}


def totals(said):
    """The counts that h2load prints. `bytes` includes frame headers and header blocks, because the
    count of data alone includes the warm-up. For h2load a 3xx is a success."""
    total, well = map(int, re.search(r"requests: (\d+) total, .* (\d+) succeeded", said).groups())
    redirected = int(re.search(r"(\d+) 3xx", said)[1])
    received = int(re.search(r"traffic: \S+ \((\d+)\) total", said)[1])
    return {"counted": total, "failed": total - well + redirected, "bytes": received}


def spoken(said):
    """TLS version and cipher suite. Fails if they do not carry HTTP/2."""
    found = re.search(r"TLS Protocol: (\S+)\nCipher: (\S+)\n(?:.*\n)*Application protocol: (\S+)",
                      said)
    if not found or found[3] != "h2":
        raise RuntimeError(f"h2load does not speak HTTP/2: {said}")
    return found[1], found[2]


def percentile(log, percent):
    """Of the response times in a log; each line has start, status and microseconds."""
    times = sorted(int(line.rpartition("\t")[2]) for line in log.read_text().splitlines())
    return times[(len(times) - 1) * percent // 100] if times else 0
