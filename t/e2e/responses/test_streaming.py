"""Large bodies in both directions in constant memory, even if one side is slow.

The bodies have 512 MiB, or 10 GiB with POUND_HEAVY=1. The tests read the workers' memory from /proc
all the time.
"""

import os
import threading
import time

from harness import TIMEOUT, proc, request, response, wait_until
from harness.config import plain_site
from harness.flood import MIB, Sender, bounded_memory, count_bytes, count_chunks, send_blocks

CONFIG = plain_site(backends={"web": "TimeOut: 60"}, listener="Client: 60")

BIG = (10240 if os.environ.get("POUND_HEAVY") == "1" else 512) * MIB


def test_big_download(site):
    def script(connection):
        connection.read_request()
        connection.send(response(b"", f"Content-Length: {BIG}", length=False))
        send_blocks(connection, BIG)

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    with bounded_memory(pound):
        client.send(request())
        assert client.read_head().framing() == ("length", BIG)
        assert count_bytes(client, BIG) == BIG


def test_big_chunked_download(site):
    def script(connection):
        connection.read_request()
        connection.send(response(b"", "Transfer-Encoding: chunked", length=False))
        send_blocks(connection, BIG // 4, is_chunked=True)

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    with bounded_memory(pound):
        client.send(request())
        assert client.read_head().framing() == ("chunked", None)
        assert count_chunks(client) == BIG // 4


def test_big_close_delimited_download(site):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.0 200 OK\r\n\r\n")
        send_blocks(connection, BIG // 4)

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    with bounded_memory(pound):
        client.send(request("GET", "/", version="1.0"))
        assert client.read_head().framing() == (None, None)
        assert count_bytes(client, BIG // 4) == BIG // 4
    assert client.closes()


def test_big_upload(site):
    def script(connection):
        head = connection.read_request_head()
        assert head.framing() == ("length", BIG)
        connection.send(response(b"%d" % count_bytes(connection, BIG)))

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    with bounded_memory(pound):
        client.send(request("PUT", "/", f"Content-Length: {BIG}"))
        send_blocks(client, BIG)
        assert client.read_response().body == b"%d" % BIG


def test_big_chunked_upload(site):
    def script(connection):
        head = connection.read_request_head()
        assert head.framing() == ("chunked", None)
        connection.send(response(b"%d" % count_chunks(connection)))

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    with bounded_memory(pound):
        client.send(request("PUT", "/", "Transfer-Encoding: chunked"))
        send_blocks(client, BIG // 4, is_chunked=True)
        assert client.read_response().body == b"%d" % (BIG // 4)


# More than the kernel buffers for two connections and the proxy for one.
HELD_BACK = 40 * MIB
SLOW_TOTAL = 128 * MIB


def test_a_slow_client_holds_a_fast_backend(site):
    senders = []

    def script(connection):
        connection.read_request()
        connection.send(response(b"", f"Content-Length: {SLOW_TOTAL}", length=False))
        senders.append(Sender(connection, SLOW_TOTAL))
        senders[0].join()

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    with bounded_memory(pound):
        client.send(request())
        client.read_head()
        wait_until(lambda: senders, "the response of the backend")
        assert senders[0].wait_stuck() < HELD_BACK
        assert count_bytes(client, SLOW_TOTAL) == SLOW_TOTAL  # and the transfer continues


def test_a_slow_backend_holds_a_fast_client(site):
    go_on = threading.Event()

    def script(connection):
        connection.read_request_head()
        assert go_on.wait(TIMEOUT)
        connection.send(response(b"%d" % count_bytes(connection, SLOW_TOTAL)))

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    with bounded_memory(pound):
        client.send(request("PUT", "/", f"Content-Length: {SLOW_TOTAL}"))
        sender = Sender(client, SLOW_TOTAL)
        assert sender.wait_stuck() < HELD_BACK
        go_on.set()
        assert client.read_response().body == b"%d" % SLOW_TOTAL


def test_a_slow_client_of_a_tunnel_holds_a_fast_backend(site):
    senders = []

    def script(connection):
        connection.read_request_head()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                        b"Connection: upgrade\r\n\r\n")
        senders.append(Sender(connection, SLOW_TOTAL))
        senders[0].join()

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    with bounded_memory(pound):
        client.send(request("GET", "/", "Connection: upgrade", "Upgrade: x"))
        assert client.read_head().status == 101
        wait_until(lambda: senders, "the response of the backend")
        assert senders[0].wait_stuck() < HELD_BACK
        assert count_bytes(client, SLOW_TOTAL) == SLOW_TOTAL


def test_interim_responses_do_not_fill_memory(site):
    """A client that does not read blocks a backend that sends 103 forever, as with a body."""
    sent = []

    def script(connection):
        connection.read_request()
        hints = (b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload; x=" + b"y" * 1000 +
                 b"\r\n\r\n") * 50
        try:
            while sum(sent) < SLOW_TOTAL:
                connection.send(hints)
                sent.append(len(hints))
        except OSError:
            pass

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    with bounded_memory(pound):
        client.send(request())
        wait_until(lambda: sent, "the response of the backend")
        pound.wait_quiet()
        assert sum(sent) < HELD_BACK
    client.reset()
    assert pound.wait_records(1)


def test_a_held_up_worker_does_not_spin(site):
    """The wait for a slow side takes no processor time."""
    def script(connection):
        connection.read_request()
        connection.send(response(b"", f"Content-Length: {SLOW_TOTAL}", length=False))
        send_blocks(connection, SLOW_TOTAL)

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    client = site.client(pound.port)
    client.send(request())
    client.read_head()
    worker, = pound.workers()
    pound.wait_quiet()
    before = proc.cpu_seconds(worker)
    time.sleep(1)  # justified: the time over which processor time is measured
    assert proc.cpu_seconds(worker) - before < 0.3
