"""Many reloads under load over HTTP/1.1 and HTTP/2: no client notices.

POUND_HEAVY=1 makes 100 reloads instead of 20.
"""

import itertools
import os
import threading
import time

from hyperframe.frame import GoAwayFrame

from harness import TIMEOUT, Closed, proc, response, scaled, wait_until
from harness.config import plain_site, tls_site
from harness.flows import KeepAlive
from harness.http2 import Http2
from harness.http2_frames import Code, headers

RELOADS = 100 if os.environ.get("POUND_HEAVY") == "1" else 20
EVERY = 2**31 - 1


class Visitor:
    """A browser in small: asks several things at a time, reads GOAWAY, and connects again."""

    def __init__(self, port, **options):
        self.requests = self.connections = 0
        self.failure = None
        self._connect = lambda: Http2(port, **options)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def _live(self):
        try:
            while not self._stop.is_set():
                with self._connect() as client:
                    self.connections += 1
                    self._visit(client)
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def _visit(self, client):
        """Rounds of five requests, until GOAWAY. Those behind its stream were not served."""
        for number in itertools.count():
            paths = {client.next_stream(): f"/{number}/{one}" for one in range(5)}
            try:
                client.send(*(headers(s, client.block(path=p)) for s, p in paths.items()))
            except ConnectionError:
                pass
            for stream, path in paths.items():
                if not self._read(client, stream, path):
                    return
            if self._stop.is_set() or last_stream(client) is not None:
                return

    def _read(self, client, stream, path):
        try:
            got = client.response(stream)
        except (AssertionError, Closed, ConnectionError):
            last = last_stream(client)
            assert last is not None and stream > last, f"{path} has failed; last stream: {last}"
            return False
        assert (got.status, got.body) == (200, path.encode()), got
        self.requests += 1
        return True

    def stop(self):
        self._stop.set()
        self._thread.join(TIMEOUT)
        assert self.failure is None, repr(self.failure)
        assert self.requests > 0


def last_stream(client):
    """The last stream of the GOAWAY that counts; None before it."""
    found = [f for f in client.unclaimed if isinstance(f, GoAwayFrame)]
    assert all(f.error_code == Code.NO_ERROR for f in found), found
    return min((f.last_stream_id for f in found if f.last_stream_id != EVERY), default=None)


def h1_visitor(port, done, failures):
    try:
        flow = KeepAlive(port)
        while not done.is_set():
            flow.step()
        flow.finish()
    except Exception as failure:  # pylint: disable=broad-except
        failures.append(failure)


def test_many_reloads(site):
    """Clients of HTTP/1.1 and HTTP/2 together: no request fails."""
    backend = site.backend(lambda request: response(request.target.encode()))
    pound = site.pound(plain_site("Workers: 2", backends={"web": "Threads: 0"}, listener=(
        "Protocols: [h2c, http/1.1]; Client: 30; Threads: 0")), web=backend.port)
    done, failures = threading.Event(), []
    visitors = [Visitor(pound.port) for _ in range(3)]
    others = [threading.Thread(target=h1_visitor, args=(pound.port, done, failures), daemon=True)
              for _ in range(3)]
    for other in others:
        other.start()
    for _ in range(RELOADS):
        pound.reload()
        time.sleep(0.05)  # justified: some load between two reloads
    for visitor in visitors:
        visitor.stop()
    done.set()
    for other in others:
        other.join(TIMEOUT)
    assert not failures, failures
    assert all(visitor.connections > RELOADS / 4 for visitor in visitors)
    wait_until(lambda: len(proc.children(pound.master)) == 2, "the old workers to leave",
               scaled(40))


def test_many_reloads_over_tls(site, certificates):
    backend = site.backend(lambda request: response(request.target.encode()))
    pound = site.pound(tls_site("Workers: 2", backends={"web": "Threads: 0"}, listener=(
        f"Certificates: {certificates['ec'].pem}; Client: 30; Threads: 0")), web=backend.port)
    visitors = [Visitor(pound.port, tls=True) for _ in range(3)]
    for _ in range(RELOADS // 2):
        pound.reload()
        time.sleep(0.05)  # justified: some load between two reloads
    for visitor in visitors:
        visitor.stop()
