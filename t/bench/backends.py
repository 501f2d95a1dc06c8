"""The bench backend as a web server on several ports or as a logger, and a certificate."""

import subprocess

from harness import openssl


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


def make_certificate(directory):
    """A P-256 key and its self-signed certificate, in one file."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "30", "-subj", "/CN=localhost", "-keyout", directory / "key.pem",
            "-out", directory / "cert.pem")
    path = directory / "site.pem"
    path.write_text((directory / "cert.pem").read_text() + (directory / "key.pem").read_text())
    return path
