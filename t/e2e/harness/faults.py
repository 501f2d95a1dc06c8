"""Makes library calls of the daemon fail: the test's side of faults.c.

Compiles the shim and provides the environment that preloads it. An order names the call that fails,
the process, the number of failures and the errno; with HANG as errno the call never returns. An
order takes effect at once, in a running daemon too. Every order must have made a call fail by the
end of the test.
"""

import mmap
import os
import pathlib
import struct
import subprocess

from .timing import wait_until

HANG = -1

_ORDER = struct.Struct("24s6i")
_ORDERS = 8
_SOURCE = pathlib.Path(__file__).with_name("faults.c")


def compile_shim(directory):
    shim = pathlib.Path(directory) / "faults.so"
    subprocess.run(["cc", "-O1", "-w", "-shared", "-fPIC", "-fexceptions", "-o", shim, _SOURCE],
                   check=True)
    return shim


class Faults:
    def __init__(self, shim, directory):
        self.shim = shim
        self.file = pathlib.Path(directory) / "faults"
        self.file.write_bytes(bytes(_ORDER.size * _ORDERS))
        with open(self.file, "r+b") as file:
            self.orders = mmap.mmap(file.fileno(), 0)
        self.given = 0

    @property
    def environment(self):
        asan = os.environ.get("ASAN_OPTIONS", "")
        return dict(os.environ, LD_PRELOAD=str(self.shim), FAULTS=str(self.file),
                    ASAN_OPTIONS=f"{asan}:verify_asan_link_order=0".strip(":"))

    def count(self, call):
        """From now on counts these calls in all processes; returns a number for `calls`."""
        self.order(call, 0, times=0)
        return self.given - 1

    def calls(self, number):
        """The calls so far that the order or count with this number has matched."""
        return self._fields(number)[6]

    def order(self, call, error, *, after=0, times=1, pid=0):
        """From now on `after` calls succeed, then `times` calls fail, and the rest succeed."""
        assert self.given < _ORDERS
        place, self.given = self.given * _ORDER.size, self.given + 1
        packed = _ORDER.pack(call.encode(), pid, after, times, error, 0, 0)
        self.orders[place + 24:place + _ORDER.size] = packed[24:]
        self.orders[place:place + 24] = packed[:24]  # last: it puts the order in force

    def die_after(self, text, **kwargs):
        """The process that sends these bytes in one piece dies once they have left."""
        assert len(text) < 24
        self.order(">" + text, 0, **kwargs)

    def clear(self):
        self.orders[:] = bytes(len(self.orders))
        self.given = 0

    def _fields(self, number):
        return _ORDER.unpack_from(self.orders, number * _ORDER.size)

    def struck(self, number=0):
        """The number of calls that the order with this number has made fail."""
        return self._fields(number)[5]

    def wait_struck(self, times=1, number=0):
        wait_until(lambda: self.struck(number) >= times,
                   lambda: f"{times} failed calls; the order: {self._fields(number)}")

    def check(self):
        """Fails if an order has made no call fail: the test would then prove nothing."""
        for number in range(self.given):
            is_count = self._fields(number)[3] == 0
            assert is_count or self.struck(number), f"no call has failed: {self._fields(number)}"
