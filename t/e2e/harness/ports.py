"""Ports that are reserved for this test run.

The numbers lie below the kernel's ephemeral range, so no outgoing connection takes one by chance.
A run holds a number by binding an abstract Unix socket of that name, which other runs respect and
which the kernel releases however the run ends. A run never uses a number twice.
"""

import itertools
import os
import socket

_FIRST, _LAST = 10000, 31999
_held = []


def _take(port):
    lock = socket.socket(socket.AF_UNIX)
    try:
        lock.bind(f"\0pound-e2e-port-{port}")
        # Other programs do not know the lock. Check that none of them listens there.
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
    except OSError:
        lock.close()
        return False
    _held.append(lock)
    return True


def _numbers():
    count = _LAST - _FIRST + 1
    start = int.from_bytes(os.urandom(4), "big") % count
    return (_FIRST + (start + i) % count for i in itertools.count())


_candidates = _numbers()


def reserve_port():
    return next(port for port in _candidates if _take(port))


def reserve_privileged_port():
    return next(port for port in range(1023, 512, -1) if _take(port))


def has_ipv6():
    """Whether this machine has the address ::1."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
