"""Bodies too large to keep: made, checked and dropped while they pass; and who pays for them.

Every byte of such a body is its own place in it, modulo 256, so that a reader needs no copy to see
that nothing was lost, doubled or mixed up.
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
# What a worker may grow by: buffers of a few connections. Address sanitizer keeps freed memory.
BOUND = (64 if SANITIZED else 8) * MIB


@contextlib.contextmanager
def bounded_memory(pound):
    """Asserts that no worker's own memory grows by more than BOUND while the block runs."""
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
    assert all(mib * MIB <= BOUND for mib in grown.values()), f"grown by MiB: {grown}"


def send_blocks(wire, total, is_chunked=False):
    sent = 0
    while sent < total:
        wire.send(b"%x\r\n" % len(BLOCK) + BLOCK + b"\r\n" if is_chunked else BLOCK)
        sent += len(BLOCK)
    if is_chunked:
        wire.send(b"0\r\n\r\n")


def count_bytes(wire, total):
    """Reads `total` bytes, checks samples of them, keeps none."""
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
    """The same for a chunked body, whatever the sizes of its chunks."""
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
    """Sends blocks until `total` or until told to stop; `sent` tells how far it came."""

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
        """Waits until nothing was sent for half a second; how far it came."""
        before, since = self.sent, time.monotonic()

        def stuck():
            nonlocal before, since
            if self.sent != before:
                before, since = self.sent, time.monotonic()
            return time.monotonic() - since > 0.5
        wait_until(stuck, "the sender to be held up")
        return self.sent
