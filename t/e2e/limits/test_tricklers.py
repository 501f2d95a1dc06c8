"""Thousands of heads that arrive at one byte per second.

The time limit for a whole head ends each of them, on new connections, on kept ones and over TLS.
Other clients notice nothing.
"""

import itertools
import os
import queue
import selectors
import threading
import time

from harness import Client, TlsClient, client_context, request, reserve_port, scaled, wait_until
from harness.config import another_listener, plain_site

HEAVY = bool(os.environ.get("POUND_HEAVY"))
COUNT = 10000 if HEAVY else 1000  # on new connections
OTHERS = COUNT // 50              # on kept connections, and as many over TLS

# The other clients have listeners of their own, so that a slow machine does not close their idle
# connections.
CONFIG = (plain_site("Workers: 2", listener="Client: 3")
          + another_listener("Port: $other; Client: 60") + "HTTPSListeners:\n"
          + another_listener("Port: $tls; Client: 3; Certificates: $pem")
          + another_listener("Port: $other_tls; Client: 60; Certificates: $pem"))

HEAD = request("GET", "/trickled", "X-A: " + "a" * 1000)


class Tricklers:
    """Sends a byte per second on each wire until the peer closes; keeps the bytes of the peer."""

    def __init__(self):
        self.answers = {}
        self.left = set()
        self._new = queue.SimpleQueue()
        self._selector = selectors.DefaultSelector()
        self._all_added = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, wire):
        """Sends the first byte and takes over the wire."""
        wire.send(HEAD[:1])
        self.answers[wire] = bytearray()
        self.left.add(wire)
        self._new.put(wire)

    def add_no_more(self):
        self._all_added.set()

    def _run(self):
        sent, due = {}, time.monotonic() + 1
        while self.left or not self._all_added.is_set():
            while not self._new.empty():
                wire = self._new.get()
                sent[wire] = itertools.count(1)
                self._selector.register(getattr(wire.sock, "sock", wire.sock),
                                        selectors.EVENT_READ, wire)
            # Reads before it sends: a byte to a closed peer could destroy an answer.
            for key, _ in self._selector.select(0.1):
                self._try(key.data, lambda w=key.data: self._read(w))
            if time.monotonic() >= due:
                for wire in [w for w in sent if w in self.left]:
                    at = next(sent[wire])
                    self._try(wire, lambda w=wire, n=at: w.send(HEAD[n:n + 1]))
                due = time.monotonic() + 1

    def _read(self, wire):
        data = wire.sock.recv(65536)
        self.answers[wire] += data
        if not data:
            self._end(wire)

    def _try(self, wire, act):
        try:
            act()
        except OSError:
            self._end(wire)

    def _end(self, wire):
        if wire in self.left:
            self._selector.unregister(getattr(wire.sock, "sock", wire.sock))
            self.left.discard(wire)


def test_tricklers_end_and_other_clients_notice_nothing(site, certificates):
    backend = site.backend()
    other, other_tls, tls = reserve_port(), reserve_port(), reserve_port()
    pound = site.pound(CONFIG, web=backend.port, tls=tls, other=other, other_tls=other_tls,
                       pem=certificates["ec"].pem)
    context = client_context()
    tricklers = Tricklers()
    with Client(other) as client, TlsClient(other_tls, context=context) as tls_client:
        for number in range(COUNT + 2 * OTHERS):
            over_tls = number >= COUNT + OTHERS
            wire = TlsClient(tls, context=context) if over_tls else Client(pound.port)
            if number >= COUNT and not (over_tls and number % 2):  # some over TLS are new, too
                assert wire.ask("GET", "/first").status == 200
            tricklers.add(wire)
        tricklers.add_no_more()

        def others_are_served_to_the_end():
            for one in (client, tls_client):
                assert one.ask("GET", "/other").status == 200
            return not tricklers.left
        wait_until(others_are_served_to_the_end,
                   lambda: f"the end of all connections; {len(tricklers.left)} are open",
                   scaled(120))
    for wire, answer in tricklers.answers.items():
        assert answer.startswith(b"HTTP/1.1 408 "), bytes(answer)
        wire.close()

    def late():
        return [r for r in pound.records() if r["reason"] == "head_timeout"]
    wait_until(lambda: len(late()) >= COUNT + 2 * OTHERS,
               lambda: f"the records; there are {len(late())}")
    assert len(late()) == COUNT + 2 * OTHERS
    assert {r["status"] for r in late()} == {"408"}
    assert "/trickled" not in {r.target for r in backend.requests}
