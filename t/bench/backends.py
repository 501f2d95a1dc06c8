"""The bench backend as a web server on several ports or as a logger, and a certificate."""

import os
import subprocess

from harness import openssl, reserve_port, wait_until

import machine


class Backend:
    """A running backend. It serves `ports`; as a logger it counts the records that it receives."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [program, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline().split()
        assert said and said[0] == "listening", f"{program} has not started"
        self.ports = [int(port) for port in said[1:]]

    def stop(self):
        """Stops it; returns the number of records that a logger has received."""
        self.process.terminate()
        said, _ = self.process.communicate(timeout=10)
        return int(said or 0)


class TlsBackend:
    """nginx with files over TLS: a backend whose own cost does not count."""

    def __init__(self, certificate, directory, size):
        self.port = reserve_port()
        self.directory = directory / "tls-backend"
        self.directory.mkdir()
        (self.directory / str(size)).write_bytes(bytes(i % 251 for i in range(size)))
        path = self.directory / "nginx.conf"
        path.write_text(f"""
user root;
worker_processes 2;
daemon off;
pid {self.directory}/pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_timeout 600; keepalive_requests 1000000000;
  server {{ listen 127.0.0.1:{self.port} ssl backlog=4096 reuseport; root {self.directory};
    ssl_certificate {certificate}; ssl_certificate_key {certificate}; }}
}}
""")
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [os.environ.get("NGINX", "nginx"), "-c", path, "-p", self.directory, "-e", "stderr"])
        wait_until(lambda: machine.is_open(self.port), "nginx to open the port of the backend")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def make_certificate(directory):
    """A P-256 key and its self-signed certificate, in one file."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", directory / "key.pem",
            "-out", directory / "cert.pem")
    path = directory / "site.pem"
    path.write_text((directory / "cert.pem").read_text() + (directory / "key.pem").read_text())
    return path
