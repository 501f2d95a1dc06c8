"""ProxyProtocol with the balancers that people use: HAProxy and the streams of nginx, and curl.

Each test puts a real balancer between the clients and the daemon. The clients come from addresses
of their own, and the answers say which client the backend was told.
"""

import os
import shutil
import subprocess
import threading

import pytest

from harness import (TIMEOUT, Client, TlsClient, answer, client_context, get, reserve_port,
                     response, wait_until)
from harness.config import tls_site
from harness.http2 import Http2
from harness.nginx import START

CONFIG = tls_site("Workers: 2; TrustedProxies: 127.0.0.1",
                  listener="Client: 30; ProxyProtocol: true; Certificates: $pem",
                  plain="Port: $plain; Client: 30; ProxyProtocol: true")

HAPROXY = """
global
  maxconn 4000
  nbthread 1
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
listen plain
  bind 127.0.0.1:{front}
  server pound 127.0.0.1:{plain} {options}
listen secure
  bind 127.0.0.1:{secure}
  server pound 127.0.0.1:{tls} {options}
listen ended
  bind 127.0.0.1:{ended} ssl crt {pem} ca-file {ca} verify optional
  server pound 127.0.0.1:{plain} {options}
"""

NGINX = """
{modules}
""" + START + """
events {{ worker_connections 1000; }}
stream {{
  proxy_protocol on;
  server {{ listen 127.0.0.1:{front}; proxy_pass 127.0.0.1:{plain}; }}
  server {{ listen 127.0.0.1:{secure}; proxy_pass 127.0.0.1:{tls}; }}
}}
"""

STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"


def patient(connection):
    """Answers with the address of the client."""
    connection.sock.settimeout(None)
    answer(lambda received: response(received.field("X-Forwarded-For").encode()))(connection)


class Balancer:
    """A program that listens at `ports` and sends all to the daemon, with a header."""

    def __init__(self, command, ports, folder):
        self.ports = ports
        self._said = folder / "said"
        with open(self._said, "wb") as said:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        wait_until(self._is_up, lambda: "the balancer; it said:\n" + self._said.read_text())

    def _is_up(self):
        assert self._process.poll() is None, self._said.read_text()
        return all(_listens(port) for port in self.ports.values())

    def close(self):
        self._process.kill()
        self._process.wait(TIMEOUT)


def _listens(port):
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A"
                   for row in table.readlines()[1:])


def haproxy(folder, values, options):
    if not shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin"):
        pytest.skip("haproxy is not installed")
    file = folder / "haproxy.cfg"
    file.write_text(HAPROXY.format(options=options, **values))
    return [shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin"), "-db", "-f", file]


def nginx(folder, values):
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        pytest.skip("nginx is not installed")
    is_built_in = "--with-stream " in subprocess.run(
        [program, "-V"], capture_output=True, text=True, check=True).stderr
    if not is_built_in and not os.path.exists(STREAM_MODULE):
        pytest.skip("nginx has no streams")
    file = folder / "nginx.conf"
    modules = "" if is_built_in else f"load_module {STREAM_MODULE};"
    file.write_text(NGINX.format(modules=modules, **values))
    return [program, "-p", folder, "-c", file]


SENDERS = {
    "haproxy, line": lambda *where: haproxy(*where, "send-proxy"),
    "haproxy, binary": lambda *where: haproxy(*where, "send-proxy-v2"),
    "haproxy, binary with the TLS of the client": lambda *where: haproxy(
        *where, "send-proxy-v2-ssl-cn"),
    "haproxy, binary with all options": lambda *where: haproxy(
        *where, "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority,ssl,cert-cn,"
        "ssl-cipher,cert-sig,cert-key"),
    "nginx, line": nginx,
}


class Chain:
    """A backend, the daemon, and a balancer in front of it."""

    def __init__(self, site, folder, certificates, authority, sender):
        plain = reserve_port()
        (authority.directory / "trusted.pem").write_bytes(
            authority.signer.cert.read_bytes() + authority.root.cert.read_bytes())
        self.backend = site.backend(script=patient)
        self.pound = site.pound(CONFIG, web=self.backend.port, plain=plain,
                                pem=certificates["ec"].pem)
        ports = {name: reserve_port() for name in ("front", "secure", "ended")}
        values = {**ports, "plain": plain, "tls": self.pound.port, "folder": folder,
                  "pem": certificates["ec"].pem, "ca": authority.directory / "trusted.pem"}
        command = SENDERS[sender](folder, values)
        self.has_tls = sender.startswith("haproxy")
        if not self.has_tls:
            del ports["ended"]
        self.ports = ports
        self.balancer = site.add_client(Balancer(command, ports, folder))


@pytest.fixture(scope="module", params=SENDERS, name="chain")
def fixture_chain(request, shared_site, tmp_path_factory, certificates, authority):
    return Chain(shared_site, tmp_path_factory.mktemp("balancer"), certificates, authority,
                 request.param)


def test_http(chain):
    before = chain.pound.count_records()
    clients = [f"127.0.7.{number}" for number in range(1, 21)]
    for client in clients:
        assert get(chain.ports["front"], source=client).body.decode() == client
    records = chain.pound.wait_records(before + len(clients))[before:]
    assert sorted(r["client"] for r in records) == sorted(clients)


def test_many_requests_of_one_client(chain):
    with Client(chain.ports["front"], source="127.0.7.1") as wire:
        for size in 1, 1000, 100_000:
            assert wire.ask("POST", "/", body=b"x" * size).body == b"127.0.7.1"


def test_tls(chain):
    for version in "1.2", "1.3":
        with TlsClient(chain.ports["secure"], version=version, source="127.0.7.2") as wire:
            assert wire.ask().body == b"127.0.7.2"


def test_http2(chain):
    with Http2(chain.ports["secure"], tls=True, source="127.0.7.3") as connection:
        streams = [connection.request() for _ in range(10)]
        assert [connection.response(s).body for s in streams] == [b"127.0.7.3"] * 10


def test_the_balancer_ends_tls(chain, authority):
    """The TLVs about the client's TLS, its certificate too, are skipped."""
    if not chain.has_tls:
        pytest.skip("this balancer sends no TLVs")
    mine = authority.issue("client-of-haproxy", subject="/CN=somebody")
    context = client_context(certificate=mine)
    with TlsClient(chain.ports["ended"], context=context, source="127.0.7.4") as wire:
        assert wire.ask().body == b"127.0.7.4"


def test_many_clients_at_once(chain):
    answers = {}

    def ask(client):
        for _ in range(20):
            answers.setdefault(client, set()).add(
                get(chain.ports["front"], source=client).body.decode())

    clients = [f"127.0.8.{number}" for number in range(1, 11)]
    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert answers == {client: {client} for client in clients}


def test_checks_of_haproxy_are_no_clients(site, tmp_path, certificates, authority):
    """Health checks come with LOCAL, or with the address of HAProxy itself."""
    SENDERS["checks"] = lambda *where: haproxy(
        *where, "send-proxy-v2 check inter 50ms check-send-proxy")
    chain = Chain(site, tmp_path, certificates, authority, "checks")
    for _ in range(10):
        assert get(chain.ports["front"], source="127.0.7.5").body == b"127.0.7.5"
    records = chain.pound.wait_records(10)
    assert {(r["client"], r["reason"]) for r in records} == {("127.0.7.5", None)}


def test_curl(site, certificates):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    plain = reserve_port()
    pound = site.pound(CONFIG, web=site.backend(script=patient).port, plain=plain,
                       pem=certificates["ec"].pem)
    for url in f"http://127.0.0.1:{plain}/", f"https://127.0.0.1:{pound.port}/":
        done = subprocess.run(
            ["curl", "-sSk", "--haproxy-protocol", "--max-time", str(int(TIMEOUT)), url],
            capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "127.0.0.1", "")
