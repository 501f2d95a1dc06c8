"""Thousands of heads that arrive at one byte per second.

The time limit for a whole head ends each of them, on new connections, on kept ones and over TLS.
Other clients notice nothing.
"""

import os
import selectors
import threading
import time

from harness import Client, TlsClient, client_context, request, reserve_port, wait_until
from harness.config import tls_site

HEAVY = bool(os.environ.get("POUND_HEAVY"))
COUNT = 10000 if HEAVY else 1000  # on new connections
OTHERS = COUNT // 50              # on kept connections, and as many over TLS

CONFIG = tls_site("Workers: 2", listener="Port: $tls; Client: 3; Certificates: $pem",
                  plain="Client: 3")

HEAD = request("GET", "/trickled", "X-A: " + "a" * 1000)


class Tricklers:
    """Sends a byte per second on each wire until the peer closes; keeps the bytes of the peer."""

    def __init__(self, wires):
        self.answers = {wire: bytearray() for wire in wires}
        self.left = set(wires)
        self._selector = selectors.DefaultSelector()
        for wire in wires:
            self._selector.register(getattr(wire.sock, "sock", wire.sock), selectors.EVENT_READ,
                                    wire)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        sent, due = 0, time.monotonic()
        while self.left:
            if time.monotonic() >= due:
                for wire in list(self.left):
                    self._try(wire, lambda w=wire: w.send(HEAD[sent:sent + 1]))
                sent, due = sent + 1, due + 1
            for key, _ in self._selector.select(0.1):
                self._try(key.data, lambda w=key.data: self._read(w))

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
            self.left.discard(wire)
            self._selector.unregister(getattr(wire.sock, "sock", wire.sock))


def test_tricklers_end_and_other_clients_notice_nothing(site, certificates):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port, tls=(tls := reserve_port()),
                       pem=certificates["ec"].pem)
    context = client_context()
    wires = [Client(pound.port) for _ in range(COUNT + OTHERS)]
    wires += [TlsClient(tls, context=context) for _ in range(OTHERS)]
    kept = wires[COUNT:]
    for wire in kept[:OTHERS] + kept[OTHERS::2]:  # the other TLS connections are new
        assert wire.ask("GET", "/first").status == 200
    tricklers = Tricklers(wires)
    served = 0
    with Client(pound.port) as client, TlsClient(tls, context=context) as tls_client:
        while len(tricklers.left) == len(wires):  # all of them are open
            for one in (client, tls_client):
                assert one.ask("GET", "/other").status == 200
            served += 1
        wait_until(lambda: not tricklers.left,
                   lambda: f"the end of all connections; {len(tricklers.left)} are open")
        assert client.ask("GET", "/other").status == 200
    assert served >= 10
    for wire, answer in tricklers.answers.items():
        assert answer.startswith(b"HTTP/1.1 408 "), bytes(answer)
        wire.close()

    def late():
        return [r for r in pound.records() if r["reason"] == "head_timeout"]
    wait_until(lambda: len(late()) >= len(wires), lambda: f"the records; there are {len(late())}")
    assert len(late()) == len(wires)
    assert {r["status"] for r in late()} == {"408"}
    assert "/trickled" not in {r.target for r in backend.requests}
