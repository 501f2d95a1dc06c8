"""Web servers that follow a test's script and keep every byte that they receive.

A Backend runs its script once for each connection, in a thread of its own. The usual script is
`answer(handler)`: read a request, send the bytes that handler(request) returns, and repeat until
the peer closes. If a script fails, `close` reports it. A peer that closes is not a failure.
"""

import os
import socket
import ssl
import threading
import traceback

from .ports import reserve_port
from .timing import TIMEOUT, wait_until
from .wire import Closed, Wire


def response(body=b"ok", *fields, status="200 OK", length=True):
    """The bytes of a response. Without `length` only the given fields frame the body."""
    lines = [f"HTTP/1.1 {status}", *fields]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


class Connection(Wire):
    """The backend's end of a connection."""

    def __init__(self, sock, backend, number):
        super().__init__(sock)
        self.backend = backend
        self.number = number  # 0 for the backend's first connection
        self.requests = []
        self.resumed = None  # with TLS: whether a session was resumed

    def shake_hands(self, context):
        """Starts TLS; whether it succeeds."""
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except (ssl.SSLError, ConnectionError):
            return False
        self.resumed = self.sock.session_reused
        return True

    def read_request_head(self):
        """The head of the next request, or None if the peer closed between requests.

        It may stay idle between them for as long as the test lasts.
        """
        if self.requests and not self.buffer:
            self.sock.settimeout(None)
            more = self._more()
            self.sock.settimeout(TIMEOUT)
            if not more:
                return None
        try:
            head = self.read_head()
        except Closed as closed:
            assert not closed.got, f"the peer closed inside a head: {closed.got!r}"
            return None
        assert head.start_line.endswith(" HTTP/1.1"), head.start_line
        self.requests.append(head)
        self.backend.note(head, self)
        return head

    def read_body(self, head):
        kind, length = head.framing()
        return self.read_body_into(head, kind, length) if kind else head

    def read_request(self):
        head = self.read_request_head()
        return head and self.read_body(head)


def answer(handler=None):
    """A script that answers each request with the bytes that handler(request) returns.

    The script closes the connection when the handler returns None, or a response with
    `Connection: close`.
    """
    handler = handler or (lambda request: response())

    def script(connection):
        while (request := connection.read_request()) is not None:
            if not request.complete:
                return
            data = handler(request)
            if data is None:
                return
            connection.send(data)
            if b"\r\nconnection: close\r\n" in data.split(b"\r\n\r\n")[0].lower() + b"\r\n":
                return

    return script


class Backend:
    def __init__(self, handler=None, script=None, host="127.0.0.1", tls=None, path=None,
                 port=None):
        self.script = script or answer(handler)
        self.host = host
        self.tls = tls  # an ssl.SSLContext, for TLS
        self.path = path and str(path)  # of a Unix socket, instead of a port
        self.port = None if path else port or reserve_port()
        self.connections = []
        self.requests = []
        self.failures = []
        self._lock = threading.Lock()
        self._threads = []
        self._listening = None
        self._closing = False
        self.open()

    def open(self):
        """Starts to listen; works again after `refuse`."""
        if self.path:
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(self.path)
            os.chmod(self.path, 0o777)
            self._listen(listening)
            return
        listening = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((self.host, self.port))
        self._listen(listening)

    def _listen(self, listening):
        listening.listen(1024)
        self._listening = listening
        self._start(self._accept, listening)

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listening):
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            with self._lock:
                connection = Connection(sock, self, len(self.connections))
                self.connections.append(connection)
            self._start(self._run, connection)

    def _run(self, connection):
        try:
            if self.tls is None or connection.shake_hands(self.tls):
                self.script(connection)
        except (ConnectionError, Closed):
            pass
        except Exception:  # pylint: disable=broad-except
            if not self._closing:
                self.failures.append(traceback.format_exc())
        finally:
            connection.close()

    def note(self, request, connection):
        request.connection = connection
        with self._lock:
            self.requests.append(request)

    def refuse(self):
        """Stops listening. Open connections continue."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        if self.path:
            os.unlink(self.path)

    def wait_requests(self, count):
        wait_until(lambda: len(self.requests) >= count,
                   lambda: f"{count} requests at the backend; {len(self.requests)} arrived")
        return self.requests[count - 1]

    def wait_connections(self, count):
        wait_until(lambda: len(self.connections) >= count,
                   lambda: f"{count} connections at the backend; {len(self.connections)} arrived")
        return self.connections[count - 1]

    @property
    def bytes_received(self):
        return b"".join(bytes(c.received) for c in list(self.connections))

    def disconnect(self):
        """Closes all open connections."""
        for connection in list(self.connections):
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self._closing = True
        try:
            self.refuse()
        except OSError:
            pass
        self.disconnect()
        for thread in self._threads:
            thread.join(TIMEOUT)
            assert not thread.is_alive(), "a backend's script has not ended"
        assert not self.failures, "a backend's script failed:\n" + "\n".join(self.failures)


class Blackhole:
    """A port where a connect neither succeeds nor fails: its listen queue is full."""

    def __init__(self, port=None):
        self.port = port or reserve_port()
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.bind(("127.0.0.1", self.port))
        self._listening.listen(0)
        self._fillers = []
        while True:
            filler = socket.socket()
            filler.settimeout(0.3)
            self._fillers.append(filler)
            try:
                filler.connect(("127.0.0.1", self.port))
            except TimeoutError:
                return

    def close(self):
        for sock in [*self._fillers, self._listening]:
            sock.close()
