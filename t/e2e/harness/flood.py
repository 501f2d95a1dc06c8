"""Bodies too large to keep in memory, and a check of the memory that the workers use for them.

Senders make such a body as they send it; readers check it and drop it. Each byte is its own offset
modulo 256, so a reader needs no copy to find lost, doubled or reordered bytes.
"""

import contextlib
import threading
import time

from . import proc
from .daemon import SANITIZED
from .timing import wait_until
from .wire import Closed

MIB = 1 << 20
BLOCK = bytes(range(256)) * 4096  # 1 MiB
# A worker may grow by the buffers of a few connections. AddressSanitizer keeps freed memory.
BOUND = (64 if SANITIZED else 8) * MIB


@contextlib.contextmanager
def bounded_memory(pound):
    """Fails if the private memory of a worker grows by more than BOUND during the block."""
    workers = pound.workers()
    start = {pid: proc.rss(pid) for pid in workers}
    most = dict(start)
    done = threading.Event()

    def watch():
        while not done.wait(0.02):
            for pid in workers:
                most[pid] = max(most[pid], proc.rss(pid))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    grown = {pid: (most[pid] - start[pid]) / MIB for pid in workers}
    assert all(mib * MIB <= BOUND for mib in grown.values()), f"the workers grew by (MiB): {grown}"


def send_blocks(wire, total, is_chunked=False):
    sent = 0
    while sent < total:
        wire.send(b"%x\r\n" % len(BLOCK) + BLOCK + b"\r\n" if is_chunked else BLOCK)
        sent += len(BLOCK)
    if is_chunked:
        wire.send(b"0\r\n\r\n")


def count_bytes(wire, total):
    """Reads `total` bytes and checks samples of them; keeps none."""
    assert len(wire.buffer) <= total
    count = len(wire.buffer)
    wire.buffer.clear()
    block = bytearray(MIB)
    while count < total:
        size = wire.sock.recv_into(block, min(MIB, total - count))
        if size == 0:
            raise Closed(b"")
        assert block[0] == count % 256 and block[size - 1] == (count + size - 1) % 256
        count += size
    return count


def count_chunks(wire):
    """Does the same for a chunked body with chunks of any size; returns the number of bytes."""
    count = 0
    while True:
        size = int(wire.read_until(b"\r\n").split(b";")[0], 16)
        wire.received.clear()
        if size == 0:
            assert wire.read_until(b"\r\n") == b"\r\n"
            return count
        data = wire.read_exactly(size + 2)
        assert data[0] == count % 256 and data[-2:] == b"\r\n"
        count += size


class Sender(threading.Thread):
    """A thread that sends `total` bytes; `sent` is the number of bytes sent so far."""

    def __init__(self, wire, total):
        super().__init__(daemon=True)
        self.wire, self.total, self.sent = wire, total, 0
        self.start()

    def run(self):
        while self.sent < self.total:
            at = self.sent % 256
            size = min(65536, self.total - self.sent)
            self.sent += self.wire.sock.send(memoryview(BLOCK)[at:at + size])

    def wait_stuck(self):
        """Waits until `sent` has not changed for half a second; returns it."""
        before, since = self.sent, time.monotonic()

        def stuck():
            nonlocal before, since
            if self.sent != before:
                before, since = self.sent, time.monotonic()
            return time.monotonic() - since > 0.5
        wait_until(stuck, "the sender to be blocked")
        return self.sent
