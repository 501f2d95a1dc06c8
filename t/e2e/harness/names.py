"""Names whose addresses a test changes while a daemon runs: the test's side of names.c.

Compiles the resolver and provides the environment that preloads it. All names end in .test.
"""

import mmap
import os
import pathlib
import subprocess

from .timing import wait_until

HANG = "hang"  # as an address: the look-up never ends

_SOURCE = pathlib.Path(__file__).with_name("names.c")


def compile_resolver(directory):
    shim = pathlib.Path(directory) / "names.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", shim, _SOURCE], check=True)
    return shim


class Names:
    def __init__(self, shim, directory):
        self.shim = shim
        self.file = pathlib.Path(directory) / "names"
        self.count_file = pathlib.Path(directory) / "names.count"
        self.count_file.write_bytes(bytes(mmap.PAGESIZE))
        with open(self.count_file, "r+b") as file:
            self._count = mmap.mmap(file.fileno(), 0)
        self._known = {}
        self._write()

    @property
    def environment(self):
        asan = os.environ.get("ASAN_OPTIONS", "")
        return dict(os.environ, LD_PRELOAD=str(self.shim), NAMES=str(self.file),
                    NAMES_COUNT=str(self.count_file),
                    ASAN_OPTIONS=f"{asan}:verify_asan_link_order=0".strip(":"))

    def tell(self, name, *addresses):
        """From now on the name has these addresses, in this order; none: it has no address."""
        self._known[name] = addresses
        self._write()

    def _write(self):
        fresh = self.file.with_suffix(".new")
        fresh.write_text("".join(f"{name} {' '.join(addresses)}\n"
                                 for name, addresses in self._known.items()))
        fresh.replace(self.file)

    @property
    def lookups(self):
        """Look-ups that have ended."""
        return int.from_bytes(self._count[:4], "little")

    def wait_lookups(self, count=1):
        """Waits for so many look-ups that begin from now on."""
        wanted = self.lookups + count + 1  # one may have begun before
        wait_until(lambda: self.lookups >= wanted, f"{count} look-ups")
