"""Runs wrk until `stop`, or until a given number of responses.

wrk itself knows only durations. To stop at a count, each of its two threads stops after half the
responses and prints a line; SIGINT then wakes the main thread. SIGINT also ends wrk at any other
time. Requests in flight at that moment count neither as responses nor as errors.
"""

import pathlib
import re
import shutil
import signal
import subprocess
import threading

import pytest

from .timing import scaled

_SCRIPT = """
local left = %d
function response(status)
  if status ~= 200 then wrong = (wrong or 0) + 1 end
  left = left - 1
  if left == 0 then
    io.write("half\\n")
    io.flush()
    wrk.thread:stop()
  end
end
local threads = {}
function setup(thread) table.insert(threads, thread) end
function done(summary, latency, requests)
  local e, wrong = summary.errors, 0
  for _, thread in ipairs(threads) do wrong = wrong + (thread:get("wrong") or 0) end
  local form = "requests=%%d connect=%%d read=%%d write=%%d status=%%d timeout=%%d wrong=%%d\\n"
  io.write(string.format(form,
           summary.requests, e.connect, e.read, e.write, e.status, e.timeout, wrong))
end
"""


class Wrk:
    """Starts at once. Ends after `count` responses, or at `stop` if there is no count."""

    def __init__(self, port, directory, count=0, clients=64, fields=(), path="/"):
        if not shutil.which("wrk"):
            pytest.skip("wrk is not installed")
        script = pathlib.Path(directory) / "count.lua"
        script.write_text(_SCRIPT % (count // 2))
        headers = [word for field in fields for word in ("-H", field)]
        self._process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["wrk", "-t2", f"-c{clients}", "-d3600s", "--timeout", "30s", *headers, "-s",
             str(script), f"http://127.0.0.1:{port}{path}"], stdout=subprocess.PIPE, text=True)

    def wait(self, seconds=180):
        """Waits for the count; returns the result of `stop`."""
        late = threading.Timer(scaled(seconds), self._process.kill)
        late.start()
        halves = 0
        while halves < 2 and (line := self._process.stdout.readline()):
            halves += line == "half\n"
        late.cancel()
        assert halves == 2, "wrk has not reached its count"
        return self.stop()

    def stop(self):
        """Ends wrk and returns {"requests": N, kind of error: number of errors}."""
        self._process.send_signal(signal.SIGINT)
        said, _ = self._process.communicate(timeout=scaled(30))
        result = re.search(r"^requests=.*", said, re.M)
        assert result, said
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", result[0])}

    def close(self):
        self._process.kill()
        self._process.communicate()
