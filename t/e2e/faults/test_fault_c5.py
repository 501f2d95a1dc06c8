"""The time for the head of a backend's response."""

import threading
import time

from harness import request, response, scaled
from harness.config import plain_site


def test_fault_C5_a_head_that_trickles_is_bounded(site):
    stop = threading.Event()

    def script(connection):
        received = connection.read_request()
        if received is None:
            return
        if received.target != "/trickles":
            connection.send(response(b"quick", "Connection: close"))
            return
        connection.send(b"HTTP/1.1 200 OK\r\nX-Trickle: ")
        while not stop.wait(0.1):
            connection.send(b"a")

    backend = site.backend(script=script)
    pound = site.pound(plain_site("Workers: 1", backends={"web": "TimeOut: 2"},
                                  listener="Client: 30"), web=backend.port)
    client = site.client(pound.port)
    begun = time.monotonic()
    client.send(request("GET", "/trickles"))
    assert client.read_response().status == 504
    assert 1.9 <= time.monotonic() - begun < scaled(10)
    stop.set()
    assert client.ask("GET", "/").body == b"quick"
    assert pound.wait_record("/trickles")["reason"] == "backend_timeout"
    assert "may be dead" not in pound.log()
