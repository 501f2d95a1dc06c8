"""Makes new workers of a daemon hang before they are ready: see hang.c, built when needed."""

import mmap
import os
import pathlib
import struct
import subprocess

import pytest

from .daemon import SANITIZED
from .timing import TIMEOUT, wait_until

_SOURCE = pathlib.Path(__file__).with_name("hang.c")
_COUNTS = struct.Struct("2i")  # still to hang, have hung


class Hang:
    """`environment` is what the daemon must be started with."""

    def __init__(self, directory):
        if SANITIZED:
            pytest.skip("the sanitizers want to be loaded first")
        library, page = directory / "hang.so", directory / "hangs"
        subprocess.run(["cc", "-shared", "-fPIC", "-O", "-o", library, _SOURCE, "-ldl"],
                       check=True, timeout=TIMEOUT * 3)
        page.write_bytes(bytes(mmap.PAGESIZE))
        with open(page, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.environment = dict(os.environ, LD_PRELOAD=str(library), POUND_HANGS=str(page))

    def next(self, count):
        """So many of the workers that are born from now on; 0 lets all of them live again."""
        _COUNTS.pack_into(self._page, 0, count, 0)

    def wait(self, count):
        wait_until(lambda: _COUNTS.unpack_from(self._page)[1] == count, f"{count} to hang")
