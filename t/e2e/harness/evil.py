"""Evil code in a real worker: the test's side of security/evil/evil.h.

Compiles the library and provides the environment that preloads it. An attack is ordered by a request
and runs in the worker that reads it; the header says how to add one.
"""

import os
import subprocess

from .client import Client
from .daemon import ROOT
from .timing import wait_until
from .wire import Closed

_SOURCES = ROOT / "t" / "e2e" / "security" / "evil"


def compile_evil(directory):
    library = directory / "evil.so"
    subprocess.run(["c++", "-std=c++20", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-o",
                    library, *sorted(_SOURCES.glob("*.cc"))], check=True)
    return library


class Evil:
    def __init__(self, library):
        self.library = library

    @property
    def environment(self):
        asan = os.environ.get("ASAN_OPTIONS", "")
        return dict(os.environ, LD_PRELOAD=str(self.library),
                    ASAN_OPTIONS=f"{asan}:verify_asan_link_order=0".strip(":"))

    @staticmethod
    def attack(pound, name, argument="", port=None):
        """Runs the attack in a worker. Returns its words, or None when the worker died of it."""
        client = Client(port or pound.port)
        try:
            client.send(f"GET /evil/{name}/{argument} HTTP/1.1\r\nHost: evil\r\n\r\n".encode())
            return client.read_response().body.decode()
        except (Closed, ConnectionError):
            return None
        finally:
            client.close()

    def kill_worker(self, pound, name, argument=""):
        """Runs an attack that no worker survives; returns the pid of the worker that has died."""
        before = set(pound.wait_workers())
        words = self.attack(pound, name, argument)
        assert words is None, f"the worker survived {name}: {words}"
        gone = wait_until(lambda: before - set(pound.workers()),
                          lambda: f"a death among {before}; log:\n" + pound.log()[-4000:])
        assert len(gone) == 1, gone
        return gone.pop()
