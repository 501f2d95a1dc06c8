"""A real redis-server, and a Sentinel that watches one and its replica."""

import os
import shutil
import signal
import subprocess

import pytest

from .ports import reserve_port
from .resp import ErrorReply, RespClient
from .timing import TIMEOUT, scaled, wait_until
from .wire import Closed


class _Server:
    """A process of redis in a directory of its own. It is ready when it answers a PING."""

    def __init__(self, directory, program, tls=None):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
        self.port = reserve_port()
        self.tls = tls  # a client's context, if the port speaks TLS
        self.directory = directory / f"{program}-{self.port}"
        self.directory.mkdir()
        self._process = None

    def _start(self, command):
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._answers, lambda: "redis to answer; its log:\n" + self.log())

    def _answers(self):
        assert self._process.poll() is None, "redis has ended; its log:\n" + self.log()
        try:
            with self.client() as client:
                return client.ask("PING") == "PONG"
        except ErrorReply as said:
            return str(said).startswith("NOAUTH")
        except (OSError, Closed):
            return False

    def log(self):
        return (self.directory / "log").read_text(errors="backslashreplace")

    def client(self, **options):
        return RespClient(self.port, tls=self.tls, **options)

    def freeze(self):
        """The kernel still takes connections and bytes; nobody reads them."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self):
        self._process.kill()
        self._process.wait(TIMEOUT)

    def close(self):
        if self._process:
            self.kill()


class Redis(_Server):
    """Keeps all in memory. `options` are lines of redis.conf: "requirepass x"."""

    def __init__(self, directory, *options, certificate=None, authority=None, tls=None):
        super().__init__(directory, "redis-server", tls)
        lines = ["bind 127.0.0.1", 'save ""', "appendonly no", f"dir {self.directory}",
                 "repl-diskless-sync-delay 0", *options]
        if certificate:
            lines += ["port 0", f"tls-port {self.port}", f"tls-cert-file {certificate.pem}",
                      f"tls-key-file {certificate.key}", f"tls-ca-cert-file {authority.root.cert}",
                      "tls-auth-clients no"]
        else:
            lines.append(f"port {self.port}")
        self._config = self.directory / "redis.conf"
        self._config.write_text("\n".join(lines) + "\n")
        self.start()

    def start(self):
        """Works again after `kill`; the server is then empty."""
        self._start(["redis-server", str(self._config)])


class Sentinel(_Server):
    """Watches `primary` under `name`. Fails over within two seconds of its death."""

    def __init__(self, directory, name, primary):
        super().__init__(directory, "redis-sentinel")
        self.name = name
        config = self.directory / "sentinel.conf"
        config.write_text("\n".join([
            f"port {self.port}", "bind 127.0.0.1", f"dir {self.directory}",
            f"sentinel monitor {name} 127.0.0.1 {primary.port} 1",
            f"sentinel down-after-milliseconds {name} {int(scaled(500))}",
            f"sentinel failover-timeout {name} 5000"]) + "\n")
        self._start(["redis-sentinel", str(config)])

    def primary_port(self):
        with self.client() as client:
            return int(client.ask("SENTINEL", "get-master-addr-by-name", self.name)[1])

    def wait_replica(self):
        """Waits until the Sentinel could promote a replica."""
        def has_replica():
            with self.client() as client:
                rows = [dict(zip(row[::2], row[1::2]))
                        for row in client.ask("SENTINEL", "replicas", self.name)]
                return any(row["flags"] == "slave" and row["master-link-status"] == "ok"
                           for row in rows)
        wait_until(has_replica, lambda: "a replica; the log of Sentinel:\n" + self.log())
