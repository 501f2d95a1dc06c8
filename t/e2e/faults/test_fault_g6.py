"""Fault G6: thousands of clients that stop in the middle of a TLS hello."""

import ssl

import pytest

from harness import SANITIZED, TlsClient, client_context, proc, wait_until
from harness.config import tls_site

KIB = 1024
CLIENTS = 2000
# Bytes of private memory for each client that has sent so much, and for each that has left; see
# ARCHITECTURE.md.
BOUNDS = {"a part of a record": 2 * KIB, "a whole record of a longer message": 2 * KIB,
          "many small records": 2 * KIB, "a whole hello": 60 * KIB}  # OpenSSL 3.0: 42, 3.5: 55
LEFT = 1 * KIB
CONFIG = tls_site("Workers: 1", listener="Certificates: $pem; Client: 600", services="""
    - URL: "^/away"
      Redirect: "http://b.example/"
    - Backends: [*web]
""")


def hello():
    """The records that a client of OpenSSL begins with."""
    outgoing = ssl.MemoryBIO()
    session = client_context().wrap_bio(ssl.MemoryBIO(), outgoing,
                                        server_hostname="www.example.com")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def record(content):
    return b"\x16\x03\x01" + len(content).to_bytes(2, "big") + content


def beginnings():
    message = hello()[5:]
    return {"a part of a record": hello()[:len(message) // 2],
            "a whole record of a longer message": record(message[:len(message) // 2]),
            "many small records": b"".join(record(message[i:i + 1]) for i in range(60)),
            "a whole hello": hello()}


def serve_one(pound):
    with TlsClient(pound.port) as client:
        assert client.ask("GET", "/away").status == 302


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site, certificates):
    return shared_site.pound(CONFIG, web=shared_site.backend().port, pem=certificates["ec"].pem)


def unread(client, port):
    """How many bytes of this client the daemon has not read yet."""
    for line in open("/proc/net/tcp", encoding="ascii").read().splitlines()[1:]:
        columns = line.split()
        local, remote = (int(columns[i].split(":")[1], 16) for i in (1, 2))
        if (local, remote) == (port, client.local_port):
            return int(columns[4].split(":")[1], 16)
    return None


def worker_and_clients(pound, count):
    worker, = pound.workers()
    listening = 1  # has no client, but is listed, too
    wait_until(lambda: len(proc.clients([worker], pound.port)) == count + listening,
               lambda: f"{count} clients at the worker")
    return worker


@pytest.mark.skipif(SANITIZED, reason="AddressSanitizer keeps freed memory")
@pytest.mark.parametrize("sent", BOUNDS)
def test_fault_G6_clients_that_stop_in_the_hello_cost_little(site, pound, sent):
    serve_one(pound)  # what the first client costs
    worker = worker_and_clients(pound, 0)
    before = proc.rss(worker)
    beginning = beginnings()[sent]
    clients = [site.client(pound.port) for _ in range(CLIENTS)]
    for client in clients:
        client.send(beginning)
    worker_and_clients(pound, CLIENTS)
    serve_one(pound)  # which came later, so the worker has read all the others
    grown = proc.rss(worker) - before
    assert grown <= CLIENTS * BOUNDS[sent] + 512 * KIB, f"{grown / CLIENTS} bytes per client"
    for client in clients:
        client.close()
    wait_until(lambda: proc.rss(worker) <= before + CLIENTS * LEFT,
               lambda: f"the memory of {CLIENTS} clients; {(proc.rss(worker) - before) / KIB} KiB "
                       "are still there")


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 9, 100])
@pytest.mark.parametrize("pieces", ["bytes of a record", "records"])
def test_fault_G6_a_hello_in_pieces_succeeds(site, pound, cut, pieces):
    """Each piece arrives alone, and in many records the message is the same."""
    whole = hello()
    message = whole[5:]
    parts = ([whole[:cut], whole[cut:]] if pieces == "bytes of a record" else
             [record(message[:cut]), record(message[cut:])])
    client = site.client(pound.port)
    for part in parts:
        client.send(part)
        wait_until(lambda: unread(client, pound.port) == 0, lambda: "the worker to read")
    # The server's answer is a ServerHello, not an alert.
    assert client.sock.recv(1) == b"\x16"


def test_fault_G6_an_endless_hello_is_given_up(site, pound):
    client = site.client(pound.port)
    client.send(record(b"\x01\x00\xff\xff" + bytes(16000)))
    client.send(record(bytes(4000)))
    assert client.sock.recv(100) == b""
    line, = pound.wait_log(r"127\.0\.0\.1 .* reason=tls_handshake$")
    assert ' 400 ' in line
