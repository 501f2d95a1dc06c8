"""A stand-in for the syslog daemon: the log socket and the lines that Pound sends to it.

Owns the socket and a thread that reads it. A test decides whether the thread reads, and when the
daemon ends. Never answers, as syslog never does.
"""

import os
import re
import socket
import threading

from .timing import wait_until

# RFC 3164 without a host name, as a local syslog socket expects it.
LINE = re.compile(rb"<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d pound\[\d+\]: ([^\n\0]*)\n?")


class Syslog:
    """A datagram socket that collects lines, or lets them queue up."""

    def __init__(self, path, reading=True):
        self.path = path
        self.lines = []
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(path))
        self.sock.settimeout(0.1)
        self.reading = threading.Event()
        self.ended = False
        if reading:
            self.reading.set()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while not self.ended:
            if not self.reading.wait(0.05):
                continue
            try:
                self.lines.append(self.sock.recv(65536))
            except TimeoutError:
                pass

    def wait(self, pattern, count=1):
        def found():
            got = [line for line in self.lines if re.search(pattern, line)]
            return len(got) >= count and got
        return wait_until(found, lambda: f"{count} x {pattern!r} in syslog, last of "
                          f"{len(self.lines)}: {self.lines[-3:]}")

    def count(self, pattern):
        return sum(bool(re.search(pattern, line)) for line in self.lines)

    def lost(self):
        """The number of records that Pound has reported as lost."""
        return sum(int(n) for line in self.lines
                   for n in re.findall(rb"\]: (\d+) log records? (?:was|were) lost", line))

    def close(self):
        """Ends like a daemon that has read everything in its queue."""
        self.ended = True
        self.thread.join()
        os.unlink(self.path)
        self.sock.shutdown(socket.SHUT_RD)
        self.sock.setblocking(False)
        while True:
            try:
                self.lines.append(self.sock.recv(65536))
            except BlockingIOError:
                break
        self.sock.close()
