"""Everything that a test starts: daemons, backends and clients.

`close` closes the clients first and then the backends, so that idle connections end on both sides.
It then counts descriptors if the test asked for it, and finally stops and checks the daemons.
"""

import contextlib

from .backend import Backend, Blackhole
from .client import Client
from .daemon import Pound
from .tls import TlsClient
from .wrk import Wrk


class Site:
    def __init__(self, directory):
        self.directory = directory
        self._clients = []
        self._backends = []
        self._daemons = []

    def backend(self, *args, **kwargs):
        return self.add_backend(Backend(*args, **kwargs))

    def add_backend(self, backend):
        """Takes over a backend that the test has made."""
        return self._keep(self._backends, backend)

    def blackhole(self, port=None):
        return self._keep(self._backends, Blackhole(port))

    def client(self, port, **kwargs):
        return self._keep(self._clients, Client(port, **kwargs))

    def tls_client(self, port, *args, **kwargs):
        return self._keep(self._clients, TlsClient(port, *args, **kwargs))

    def add_client(self, client):
        """Takes over a client that the test has made."""
        return self._keep(self._clients, client)

    def wrk(self, port, **kwargs):
        return self._keep(self._clients, Wrk(port, self.directory, **kwargs))

    def prepare(self, config, *, name="pound", **kwargs):
        """A daemon with a configuration file that has not been started."""
        directory = self.directory / f"{name}{len(self._daemons) or ''}"
        directory.mkdir(exist_ok=True)
        return self._keep(self._daemons, Pound(directory, config, **kwargs))

    def pound(self, config, **kwargs):
        return self.prepare(config, **kwargs).start()

    @staticmethod
    def _keep(where, thing):
        where.append(thing)
        return thing

    def close(self):
        with contextlib.ExitStack() as stack:  # every step runs, even if others fail
            for daemon in self._daemons:
                stack.callback(daemon.finish)
            for daemon in self._daemons:
                stack.callback(daemon.check_fds)
            for thing in self._backends + self._clients:
                stack.callback(thing.close)
