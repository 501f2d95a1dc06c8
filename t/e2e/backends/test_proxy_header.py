"""ProxyProtocol of a backend: whom the header names, whose connection it is, and who reads it."""

import shutil
import socket
import ssl
import subprocess

import pytest

from harness import (TIMEOUT, Backend, Client, answer, get, proxy_header, reserve_port, response,
                     wait_until)
from harness.config import plain_site
from harness.http2 import Http2
from harness.nginx import HTTP


def read_header(sock, version):
    """The header that a connection begins with, and no byte more: TLS may follow."""
    sock.settimeout(TIMEOUT)
    header = b""
    if version == 1:
        while not header.endswith(b"\r\n"):
            header += sock.recv(1) or b"(end)\r\n"
        return header
    header = sock.recv(16, socket.MSG_WAITALL)
    return header + sock.recv(int.from_bytes(header[14:], "big"), socket.MSG_WAITALL)


def announced(version, tls=None):
    """A backend that reads the header and answers with it, in hexadecimal."""
    def script(connection):
        header = read_header(connection.sock, version)
        connection.header = header
        if tls is not None and not connection.shake_hands(tls):
            return
        answer(lambda _: response(header.hex().encode()))(connection)
    return Backend(script=script)


def header_of(answered):
    return bytes.fromhex(answered.body.decode())


def expected(version, source, port, to, destination="127.0.0.1"):
    if version == 1:
        return proxy_header.line(source, destination, port, to)
    return proxy_header.binary(source, port=port, to=to, destination=destination)


@pytest.mark.parametrize("version", [1, 2])
def test_the_header_names_client_and_listener(site, version):
    backend = site.add_backend(announced(version))
    pound = site.pound(plain_site(backends={"web": f"ProxyProtocol: {version}"}), web=backend.port)
    with Client(pound.port, source="127.0.0.9") as client:
        wanted = expected(version, "127.0.0.9", client.local_port, pound.port)
        assert [header_of(client.ask()) for _ in range(3)] == [wanted] * 3
        assert len(backend.connections) == 1
        client.ask("POST", body=b"x")  # may not be sent twice
        assert len(backend.connections) == 2
    with Client(pound.port, source="127.0.0.8") as other:
        wanted = expected(version, "127.0.0.8", other.local_port, pound.port)
        assert header_of(other.ask()) == wanted
    assert len(backend.connections) == 3


@pytest.mark.parametrize("version", [1, 2])
def test_the_header_comes_before_tls(site, authority, certificates, version):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates["ec"].pem)
    backend = site.add_backend(announced(version, tls))
    settings = f"ProxyProtocol: {version}; TLS: {{CA: $ca, Name: www.example.com}}"
    pound = site.pound(plain_site(backends={"web": settings}), web=backend.port,
                       ca=authority.root.cert)
    with Client(pound.port) as client:
        assert header_of(client.ask()) == expected(version, "127.0.0.1", client.local_port,
                                                   pound.port)


TRUSTING = plain_site("Workers: 1; TrustedProxies: 127.0.0.1",
                      backends={"web": "ProxyProtocol: $version"})


@pytest.mark.parametrize("version", [1, 2])
def test_clients_behind_a_proxy_share_no_connection(site, version):
    backend = site.add_backend(announced(version))
    pound = site.pound(TRUSTING, web=backend.port, version=version)
    with Client(pound.port) as proxy:
        def ask(client):
            return header_of(proxy.ask("GET", "/", f"X-Forwarded-For: {client}"))
        one = expected(version, "192.0.2.1", 0, pound.port)
        two = expected(version, "192.0.2.2", 0, pound.port)
        assert [ask("192.0.2.1"), ask("192.0.2.1"), ask("192.0.2.2")] == [one, one, two]
        assert len(backend.connections) == 2
        assert ask("192.0.2.1") == one
        assert len(backend.connections) == 3


@pytest.mark.parametrize("version", [1, 2])
def test_ipv6_and_ipv4_in_one_header(site, version):
    backend = site.add_backend(announced(version))
    pound = site.pound(TRUSTING, web=backend.port, version=version)
    with Client(pound.port) as proxy:
        header = header_of(proxy.ask("GET", "/", "X-Forwarded-For: 2001:db8::7"))
    assert header == expected(version, "2001:db8::7", 0, pound.port, "::ffff:127.0.0.1")


def test_streams_of_http2(site):
    backend = site.add_backend(announced(1))
    pound = site.pound(plain_site("Workers: 1; TrustedProxies: 127.0.0.1",
                                  backends={"web": "ProxyProtocol: 1"},
                                  listener="Protocols: [h2c, http/1.1]"), web=backend.port)
    client = site.add_client(Http2(pound.port))
    clients = [f"192.0.2.{1 + number % 3}" for number in range(12)]
    streams = {client.request("GET", "/", ("x-forwarded-for", one)): one for one in clients}
    got = {stream: header_of(client.response(stream)).split()[2].decode() for stream in streams}
    assert got == streams


NOBODY = [(1, b"PROXY UNKNOWN\r\n"), (2, proxy_header.raw(proxy_header.LOCAL))]


@pytest.mark.parametrize("version, header", NOBODY)
def test_a_probe_speaks_for_nobody(site, version, header):
    backend = site.add_backend(announced(version))
    pound = site.pound(plain_site("Workers: 1; Alive: 1",
                                  backends={"web": f"ProxyProtocol: {version}"}), web=backend.port)
    backend.refuse()
    assert get(pound.port).status == 503
    backend.open()
    pound.wait_log("is live again")
    wait_until(lambda: getattr(backend.wait_connections(1), "header", None) == header,
               "the header of the probe")


@pytest.mark.parametrize("version, header", NOBODY)
def test_a_check_speaks_for_nobody(site, version, header):
    backend = site.add_backend(announced(version))
    settings = f"ProxyProtocol: {version}; Check: {{Path: /, Every: 1}}"
    site.pound(plain_site("Workers: 1", backends={"web": settings}), web=backend.port)
    backend.wait_requests(1)
    assert backend.connections[0].header == header


HAPROXY = """
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend receiver
  bind 127.0.0.1:{port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port]"
"""

NGINX = HTTP + """  server {{
    listen 127.0.0.1:{port} proxy_protocol;
    location / {{ return 200 "$proxy_protocol_addr:$proxy_protocol_port"; }}
  }}
}}
"""


class Receiver:
    """A web server that takes the header and answers with the address in it."""

    def __init__(self, name, folder):
        self.port = reserve_port()
        text = {"haproxy": HAPROXY, "nginx": NGINX}[name].format(port=self.port, folder=folder)
        (folder / name).write_text(text)
        command = {"haproxy": ["haproxy", "-q", "-db", "-f", folder / name],
                   "nginx": ["nginx", "-p", folder, "-c", folder / name]}[name]
        self._said = folder / "said"
        with open(self._said, "wb") as said:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        wait_until(self._is_up, lambda: f"{name}; it said:\n" + self._said.read_text())

    def _is_up(self):
        assert self._process.poll() is None, self._said.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self._process.kill()
        self._process.wait(TIMEOUT)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", ["haproxy", "nginx"])
def test_web_servers_understand_it(site, tmp_path, name, version):
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    receiver = site.add_backend(Receiver(name, tmp_path))
    pound = site.pound(plain_site(backends={"web": f"ProxyProtocol: {version}"}),
                       web=receiver.port)
    for source in ("127.0.0.7", "127.0.0.8"):
        with Client(pound.port, source=source) as client:
            wanted = f"{source}:{client.local_port}".encode()
            assert [client.ask().body for _ in range(3)] == [wanted] * 3
            assert client.ask("POST", body=b"x").status in (200, 405)
