"""Long exchanges that a test moves forward step by step.

`long_requests` is the backend's script for all of them. A flow is the client's side: `step()` moves
a little data, or sends one request, and checks the reply; `finish()` completes the exchange and
checks the whole. A flow that is cut off or altered raises Closed, ConnectionError or
AssertionError.
"""

import os
import threading
import time

from .backend import response
from .client import Client, request
from .timing import TIMEOUT
from .wire import Closed

_EVENT_PAUSE = 0.01
_SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def long_requests(connection):
    """A backend's script: endless events, an echo after an upgrade, and bodies sent back."""
    connection.sock.settimeout(None)  # an idle connection may last as long as the test
    while head := connection.read_request_head():
        if head.field("Upgrade"):
            connection.send(_SWITCH)
            while data := connection.sock.recv(65536):
                connection.send(data)
            return
        if head.target.startswith("/events"):
            _send_events(connection)
        if not connection.read_body(head).complete:
            return
        connection.send(response(head.body or b"ok"))


def _send_events(connection):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n")
    number = 0
    while True:
        event = b"data: %d\n\n" % number
        connection.send(b"%x\r\n%b\r\n" % (len(event), event))
        number += 1
        time.sleep(_EVENT_PAUSE)  # justified: the pace of an event stream


class Flow:
    """A long exchange on its own connection to `port`."""

    def __init__(self, port, connect=Client):
        self.port = port
        self.connect = connect
        self.client = connect(port)

    def step(self):
        raise NotImplementedError

    def finish(self):
        self.close()

    def close(self):
        self.client.close()


class KeepAlive(Flow):
    """Sends requests on one connection, and on a new one after Pound has closed the old one."""

    def __init__(self, port, connect=Client):
        super().__init__(port, connect)
        self.connections = 1

    def step(self):
        if self.client.has_unread():  # a browser also looks before it sends
            self._again()
        got = self.client.ask()
        assert (got.status, got.complete) == (200, True), got
        if got.field("Connection") == "close":
            self._again()

    def _again(self):
        self.client.close()
        self.client = self.connect(self.port)
        self.connections += 1


class EventStream(Flow):
    """Numbered events: checks that none is lost, doubled or altered."""

    def __init__(self, port, connect=Client):
        super().__init__(port, connect)
        self.client.send(request("GET", "/events"))
        head = self.client.read_head()
        assert head.status == 200 and head.framing() == ("chunked", None), head
        self.number = 0
        self._text = b""

    def step(self):
        while b"\n\n" not in self._text:
            piece = self.client.read_chunk()
            assert piece, "the stream has ended"
            self._text += piece
        event, self._text = self._text.split(b"\n\n", 1)
        assert event == b"data: %d" % self.number, event
        self.number += 1


class Tunnel(Flow):
    """A WebSocket as a proxy sees it: bytes in both directions after a 101."""

    def __init__(self, port, connect=Client):
        super().__init__(port, connect)
        self.client.send(request("GET", "/chat", "Connection: Upgrade", "Upgrade: websocket"))
        head = self.client.read_response()
        assert head.status == 101, head

    def step(self):
        data = os.urandom(1000)
        self.client.send(data)
        assert self.client.read_exactly(len(data)) == data


class SlowPost(Flow):
    """A body of known length, sent in small pieces, that the backend sends back whole."""

    size = 100000

    def __init__(self, port, connect=Client):
        super().__init__(port, connect)
        self.body = os.urandom(self.size)
        self.sent = 0
        self.client.send(self.head())

    def head(self):
        return request("POST", "/slow", f"Content-Length: {self.size}")

    def step(self):
        self._send(100)

    def _send(self, count):
        piece = self.body[self.sent:self.sent + count]
        if piece:
            self.client.send(self.framed(piece))
        self.sent += len(piece)

    def framed(self, piece):
        return piece

    def end(self):
        return b""

    def finish(self):
        self._send(len(self.body))
        self.client.send(self.end())
        got = self.client.read_response()
        assert (got.status, got.complete) == (200, True), got
        assert got.body == self.body, "the body was altered on its way"
        self.close()


class ChunkedUpload(SlowPost):
    """A SlowPost with a chunked body."""

    def head(self):
        return request("POST", "/chunked", "Transfer-Encoding: chunked")

    def framed(self, piece):
        return b"%x\r\n%b\r\n" % (len(piece), piece)

    def end(self):
        return b"0\r\n\r\n"


KINDS = [KeepAlive, EventStream, Tunnel, SlowPost, ChunkedUpload]


class Crowd:
    """One thread for each kind of flow; each thread runs flow after flow until `stop`.

    A flow has `steps` steps with `pause` seconds between them. The first failure ends its thread;
    `stop` reports it.
    """

    def __init__(self, port, kinds=tuple(KINDS), steps=20, pause=0.02, connect=Client):
        self.failures = []
        self.done = {kind.__name__: 0 for kind in kinds}
        self._how = port, steps, pause, connect
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._live, args=(kind,), daemon=True)
                         for kind in kinds]
        for thread in self._threads:
            thread.start()

    def _live(self, kind):
        port, steps, pause, connect = self._how
        flow = None
        try:
            while not self._stop.is_set():
                flow = kind(port, connect)
                for _ in range(steps):
                    flow.step()
                    self._stop.wait(pause)
                flow.finish()
                self.done[kind.__name__] += 1
        except (Closed, ConnectionError, AssertionError, OSError) as error:
            self.failures.append(f"{kind.__name__}: {type(error).__name__}: {error}")
        finally:
            if flow:
                flow.close()

    def stop(self):
        """Lets every flow finish; fails if one of them has failed."""
        self._stop.set()
        for thread in self._threads:
            thread.join(TIMEOUT * 3)
            assert not thread.is_alive(), "a flow has not ended"
        assert not self.failures, "\n".join(self.failures)
        assert all(self.done.values()), f"some kinds of flow never finished: {self.done}"
