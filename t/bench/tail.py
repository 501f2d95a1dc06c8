"""The tail at a steady rate, alone and beside a slow backend or slow clients."""

import contextlib
import socket
import subprocess
import threading

from load import Demand

PAUSE_MS = 5
SLOW_MS = 300      # response time of the slow backend
SLOW_CLIENTS = 64  # clients of the slow backend
READERS = 8        # clients that download slowly
READ_SIZE, READ_EVERY = 16 * 1024, 0.05  # bytes and seconds: 320 KiB/s


class SlowPath(Demand):
    @property
    def path(self):
        return f"/{self.size}/{SLOW_MS}"


SLOW = SlowPath(SLOW_CLIENTS)


def demand_at(rate):
    """Clients that pause between requests: about `rate` requests/s if responses are fast."""
    return Demand(clients=max(1, round(rate * PAUSE_MS / 1000)), pause_ms=PAUSE_MS)


@contextlib.contextmanager
def nothing(_proxy, _seconds):
    yield


@contextlib.contextmanager
def slow_backend(proxy, seconds):
    command = ["wrk", "-t1", f"-c{SLOW.clients}", f"-d{seconds + 1}s",
               f"http://127.0.0.1:{proxy.http}{SLOW.path}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield
        process.wait()


@contextlib.contextmanager
def slow_readers(proxy, _seconds):
    over = threading.Event()

    def read():
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * READ_SIZE)
            client.connect(("127.0.0.1", proxy.http))
            client.sendall(b"GET /1073741824 HTTP/1.1\r\nHost: bench.example\r\n\r\n")
            while not over.wait(READ_EVERY) and client.recv(READ_SIZE):
                pass

    threads = [threading.Thread(target=read) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


SITUATIONS = (
    ("p99, ms, at 70 % of saturation", nothing),
    (f"the same beside {SLOW_CLIENTS} clients of a backend that takes {SLOW_MS} ms", slow_backend),
    (f"the same beside {READERS} clients that download slowly", slow_readers),
)
