"""A site under attack by a client of HTTP/2: its backend, its other clients, its memory.

The backend answers paths by their meaning: /quick at once, /large/N with N bytes, /hang never, /deaf
does not even read the body, and /events sends an event from time to time. Whatever a test asserts
about other clients is that each of their requests is answered, and not how fast.
"""

import contextlib
import threading

from harness import TIMEOUT, get, reserve_port, response, wait_until
from harness.config import plain_site, tls_site
from harness.flood import BLOCK, bounded_memory
from harness.http2 import Http2
from harness.wire import Closed

LISTENER = "Protocols: [h2c, http/1.1]; Client: 5; BodyTimeOut: 5; Threads: 0"


class Bystander(threading.Thread):
    """A client that asks for /quick again and again; `rounds` counts the answers."""

    def __init__(self, ask):
        super().__init__(daemon=True)
        self._ask, self._done = ask, threading.Event()
        self.rounds, self.failure = 0, None
        self.start()

    def run(self):
        try:
            while not self._done.wait(0.005):
                assert self._ask("/quick").status == 200
                self.rounds += 1
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def wait_served(self):
        """Waits for an answer to a request that is sent from now on."""
        before = self.rounds
        wait_until(lambda: self.failure or self.rounds >= before + 2, "an answer to a bystander")
        assert self.failure is None, f"a bystander was not served: {self.failure!r}"

    def stop(self):
        self._done.set()
        self.join()


class Siege:
    """One worker, a backend and a way to attack. `most_open` is the greatest number of connections
    that the backend had at a time."""

    def __init__(self, site, listener=LISTENER, settings="Workers: 1", pem=None):
        """With a certificate `pem`, the attackers use TLS, and the others do not."""
        self.site = site
        self.backend = site.backend(script=self._serve)
        self.most_open = self._open = 0
        self._lock = threading.Lock()
        self.end = threading.Event()  # for /deaf
        self._tls_port = pem and reserve_port()
        secure = listener.replace("h2c", "h2") + "; Port: $tls; Certificates: $pem"
        backends = {"web": "TimeOut: 60"}
        text = (tls_site(settings, backends=backends, listener=secure, plain=listener) if pem
                else plain_site(settings, backends=backends, listener=listener))
        self.pound = site.pound(text, web=self.backend.port, tls=self._tls_port, pem=pem,
                                args=("-F", "-d", "1"))
        self.worker, = self.pound.workers()

    def fits(self, client):
        """The client's connection still serves."""
        client.gives_back = False
        assert client.ask("HEAD", "/quick").status == 200

    def _count(self, change):
        with self._lock:
            self._open += change
            self.most_open = max(self.most_open, self._open)

    def _serve(self, connection):
        self._count(1)
        try:
            while (head := connection.read_request_head()) is not None:
                if head.target == "/hang":
                    connection.read_until_close()
                    return
                if head.target == "/deaf":
                    self.end.wait(TIMEOUT)
                    return
                if head.target == "/events":
                    self._send_events(connection)
                    return
                if not connection.read_body(head).complete:
                    return
                kind, _, size = head.target[1:].partition("/")
                connection.send(response(BLOCK[:int(size)] if kind == "large" else b"ok"))
        except (Closed, ConnectionError):
            pass
        finally:
            self._count(-1)

    def _send_events(self, connection):
        connection.send(response(b"", "Content-Type: text/event-stream", length=False))
        while not self.end.wait(0.2):
            connection.send(b"data: x\n\n")

    def client(self, **options):
        port = self._tls_port or self.pound.port
        return self.site.add_client(Http2(port, tls=bool(self._tls_port), **options))

    def _ask(self, path):
        with Http2(self.pound.port) as client:
            return client.ask(path=path)

    def round(self):
        """A new client is served over HTTP/1.1, and one over HTTP/2."""
        assert get(self.pound.port, "/quick").status == 200
        assert self._ask("/quick").status == 200

    @contextlib.contextmanager
    def defended(self, start=lambda: None):
        """During the block the worker's memory is bounded, and others are served over HTTP/1.1
        and HTTP/2. `start` begins the attack, and the block gets what it returns."""
        with bounded_memory(self.pound):
            attacker = start()
            others = [Bystander(lambda path: get(self.pound.port, path)), Bystander(self._ask)]
            try:
                for other in others:
                    other.wait_served()
                yield attacker
                for other in others:
                    other.wait_served()
            finally:
                for other in others:
                    other.stop()
        assert self.pound.workers() == [self.worker], "the worker has died"

    def wait_ended(self, reason, status="400"):
        """Waits until Pound has logged that it ended a connection for `reason`, once."""
        line, = self.pound.wait_log(rf"connection of 127\.0\.0\.1 ended: reason={reason}$")
        assert line
        record, = [r for r in self.pound.records() if r["request"] == "-"]
        assert (record["status"], record["reason"]) == (status, reason)

    def wait_released(self):
        """Waits until the backend has no connection of the attacker any more."""
        wait_until(lambda: self.hanging() == 0, lambda: f"{self.hanging()} hanging requests to end")

    def hanging(self):
        """How many requests for /hang the backend still has."""
        return sum(1 for connection in list(self.backend.connections)
                   if connection.requests and connection.requests[-1].target == "/hang"
                   and connection.sock.fileno() != -1)


def pour(client, frames, times):
    """Sends `frames` up to `times` times and reads nothing; stops when the connection breaks.

    `frames` may be a function of the number so far.
    """
    make = frames if callable(frames) else lambda _: frames
    for number in range(times):
        try:
            client.send(make(number))
        except ConnectionError:
            return
