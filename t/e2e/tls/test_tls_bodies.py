"""Bodies over TLS arrive unchanged, however they are split and however slow a side is."""

import hashlib
import os
import random
import shutil
import socket
import subprocess

import pytest

from harness import (SANITIZED, TIMEOUT, TlsClient, chunked, client_context, proc, request,
                     response, wait_until)
from harness.config import tls_site

CONFIG = tls_site("Workers: 2", backends={"web": "TimeOut: 60"},
                  listener="Client: $client; BodyTimeOut: $client; Buffer: 0; Certificates: [$rsa, $ec]")

MIB = 1 << 20
SIZES = [1024, 16383, 16384, 16385, 65536, 262144 + 1, MIB, (8 if SANITIZED else 100) * MIB]
both = pytest.mark.parametrize("version", ["1.2", "1.3"])


def pattern(size):
    """Bytes without a repetition within 16 MiB."""
    return random.Random(size).randbytes(min(size, 16 * MIB)) * -(-size // (16 * MIB))


def body_of(size):
    return pattern(size)[:size]


def serve(connection):
    """A script: GET /SIZE returns that many bytes, POST returns the digest of the body."""
    connection.sock.settimeout(None)  # a pooled connection may be idle as long as the test
    while head := connection.read_request_head():
        if head.method == "GET":
            connection.send(response(body_of(int(head.target[1:]))))
            continue
        kind, length = head.framing()
        if kind == "chunked":
            data = connection.read_body(head).body
            connection.send(response(hashlib.sha256(data).hexdigest().encode()))
            continue
        digest = hashlib.sha256(connection.buffer)
        left = length - len(connection.buffer)
        connection.buffer.clear()
        while left:
            data = connection.sock.recv(min(left, 1 << 18))
            if not data:
                return
            digest.update(data)
            left -= len(data)
        connection.send(response(digest.hexdigest().encode()))


def start(site, certificates, client=30, script=serve):
    return site.pound(CONFIG, web=site.backend(script=script).port, client=client,
                      rsa=certificates["rsa"].pem, ec=certificates["ec"].pem)


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site, certificates):
    return start(shared_site, certificates)


def read_digest(client, size, piece):
    """Reads a response of `size` bytes, `piece` at a time, and returns the body's digest."""
    head = client.read_head()
    assert head.status == 200 and head.framing() == ("length", size)
    digest = hashlib.sha256(client.buffer)
    left = size - len(client.buffer)
    client.buffer.clear()
    while left:
        data = client.sock.recv(min(piece, left))
        assert data, f"{left} bytes are missing"
        digest.update(data)
        left -= len(data)
    return digest.hexdigest()


def sha(data):
    return hashlib.sha256(data).hexdigest()


@both
@pytest.mark.parametrize("size", SIZES)
def test_down(pound, size, version):
    wanted = sha(body_of(size))
    with TlsClient(pound.port, version=version) as client:
        client.send(request("GET", f"/{size}"))
        assert read_digest(client, size, 65536) == wanted
        assert client.ask("GET", "/5").body == body_of(5)


@both
@pytest.mark.parametrize("size", SIZES)
def test_up(pound, size, version):
    data = body_of(size)
    with TlsClient(pound.port, version=version) as client:
        client.send(request("POST", "/", f"Content-Length: {size}"))
        client.send(data)
        assert client.read_response().body.decode() == sha(data)
        assert client.ask("GET", "/5").body == body_of(5)


@both
@pytest.mark.parametrize("piece", [1, 100, 1369, 4096, 16384])
def test_every_read_size(pound, piece, version):
    size = 20000 if piece == 1 else 300000
    with TlsClient(pound.port, version=version, receive_buffer=4096) as client:
        client.send(request("GET", f"/{size}"))
        assert read_digest(client, size, piece) == sha(body_of(size))


@both
@pytest.mark.parametrize("record", [1, 2, 17, 1000, 16383])
def test_every_record_size(pound, record, version):
    data = body_of(3000 if record < 17 else 100000)
    with TlsClient(pound.port, version=version) as client:
        client.sock.record = record
        for _ in range(2):
            assert client.ask("POST", "/", body=data).body.decode() == sha(data)


@both
@pytest.mark.parametrize("segment", [1, 3, 1448])
def test_every_segment_size(pound, segment, version):
    data = body_of(2000 if segment < 10 else 100000)
    with TlsClient(pound.port, version=version, handshake=False) as client:
        client.sock.segment = segment
        client.sock.handshake()
        assert client.ask("POST", "/", body=data).body.decode() == sha(data)


@both
def test_chunked_up(pound, version):
    pieces = [body_of(n) for n in (1, 16384, 70000, 3)]
    with TlsClient(pound.port, version=version) as client:
        client.send(request("POST", "/", "Transfer-Encoding: chunked") + chunked(*pieces))
        assert client.read_response().body.decode() == sha(b"".join(pieces))


@both
def test_pipelined_in_one_record_and_across_records(pound, version):
    with TlsClient(pound.port, version=version) as client:
        for record in (16384, 40, 1):
            client.sock.record = record
            client.send(b"".join(request("GET", f"/{n}") for n in range(1, 21)))
            for n in range(1, 21):
                assert client.read_response().body == body_of(n)


@both
def test_a_slow_reader_gets_all(pound, version):
    size = 8 * MIB
    with TlsClient(pound.port, version=version, receive_buffer=4096) as client:
        client.send(request("GET", f"/{size}"))
        wait_until(client.has_unread, "the response")
        pound.wait_quiet()  # the proxy and both sockets are full
        assert read_digest(client, size, 65536) == sha(body_of(size))


def test_a_slow_reader_does_not_fill_the_memory(site, certificates):
    pound = start(site, certificates)
    size = 32 * MIB
    with TlsClient(pound.port, receive_buffer=4096) as client:
        client.send(request("GET", f"/{size}"))
        client.read_head()
        before = [proc.rss(pid) for pid in pound.workers()]
        pound.wait_quiet()  # the proxy and both sockets are full
        after = [proc.rss(pid) for pid in pound.workers()]
        assert max(b - a for a, b in zip(before, after)) < 8 * MIB


def test_a_reader_that_stops_is_given_up(site, certificates):
    pound = start(site, certificates, client=1)
    client = site.tls_client(pound.port, receive_buffer=4096)
    client.send(request("GET", f"/{32 * MIB}"))
    assert pound.wait_record(f"/{32 * MIB}")["reason"] == "client_timeout"


@both
def test_a_half_closed_client_gets_its_answer(pound, version):
    with TlsClient(pound.port, version=version) as client:
        client.sock.tls.write(request("GET", f"/{MIB}", "Connection: close"))
        client.sock.notify()  # both leave at once, so no response can come in between
        assert read_digest(client, MIB, 65536) == sha(body_of(MIB))
        assert client.closes() and client.sock.notified


@both
def test_a_client_that_closes_its_socket_half_gets_its_answer(pound, version):
    with TlsClient(pound.port, version=version) as client:
        client.sock.tls.write(request("GET", "/100000", "Connection: close"))
        client.sock.shutdown(socket.SHUT_WR)
        assert read_digest(client, 100000, 65536) == sha(body_of(100000))


@pytest.mark.parametrize("orderly", [True, False])
def test_a_body_that_is_cut_off_is_noticed(site, certificates, orderly):
    seen = []

    def script(connection):
        head = connection.read_request_head()
        seen.append(connection.read_body(head).complete)

    pound = start(site, certificates, script=script)
    client = site.tls_client(pound.port)
    client.send(request("POST", "/cut", "Content-Length: 1000"))
    client.send(b"x" * 500)
    if orderly:
        client.sock.notify()
    else:
        client.sock.sock.shutdown(socket.SHUT_WR)
    record = pound.wait_record("/cut")
    assert record["reason"] == "client_closed"
    client.close()
    wait_until(lambda: seen, "the backend's script to end")
    assert seen == [False]


def test_a_response_that_is_cut_off_does_not_look_whole(site, certificates):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100000)
        connection.reset()

    pound = start(site, certificates, script=script)
    with TlsClient(pound.port) as client:
        client.send(request(version="1.0"))
        assert client.read_head().status == 200
        try:
            client.read_until_close()
        except OSError:
            pass
        assert not client.sock.notified


def test_bytes_both_ways_after_101(site, certificates):
    def script(connection):
        connection.read_request_head()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                        b"Upgrade: echo\r\n\r\n")
        while data := connection.sock.recv(65536):
            connection.send(data)

    pound = start(site, certificates, script=script)
    client = site.tls_client(pound.port)
    client.send(request("GET", "/", "Connection: upgrade", "Upgrade: echo"))
    assert client.read_head().status == 101
    for size in (1, 16384, 200000):
        data = os.urandom(size)
        client.send(data)
        assert client.read_exactly(size) == data
    client.shut_write()
    assert client.closes() and client.sock.notified


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@both
def test_curl(pound, authority, tmp_path, version):
    file = tmp_path / "file"
    file.write_bytes(body_of(3 * MIB))

    def curl(*args):
        return subprocess.run(
            ["curl", "-sS", "--max-time", str(int(TIMEOUT)), "--cacert", authority.root.cert,
             f"--tlsv{version}", "--tls-max", version, "--connect-to",
             f"www.example.com:443:127.0.0.1:{pound.port}", *args],
            capture_output=True, check=True).stdout

    url = "https://www.example.com"
    assert curl(f"{url}/{3 * MIB}") == body_of(3 * MIB)
    assert curl(f"{url}/1000", f"{url}/2000") == body_of(1000) + body_of(2000)
    assert curl("--data-binary", f"@{file}", "-H", "Expect:", url).decode() == sha(body_of(3 * MIB))


def test_many_at_once(pound):
    context = client_context()
    clients = [TlsClient(pound.port, context=context) for _ in range(100)]
    for n, client in enumerate(clients):
        client.send(request("GET", f"/{n * 1000}"))
    for n, client in enumerate(clients):
        assert client.read_response().body == body_of(n * 1000)
        client.close()
