"""TLS in an empty jail: the workers open no file once they are inside."""

import os
import signal
import ssl

import pytest

from harness import TlsClient, client_context, proc, s_client
from harness.config import tls_site

pytestmark = pytest.mark.needs_root

CONFIG = tls_site(
    "Workers: 2; User: nobody; Group: nogroup; RootJail: $jail",
    listener="Client: 5; Certificates: $certificates; StrictSNI: true; HSTS: 300; "
             "ClientCert: {Mode: ask, CA: $ca}",
    services="""
    - URL: ^/away
      Redirect: https://$$host/
    - Backends: *web
""")


@pytest.fixture(name="pound")
def fixture_pound(site, certificates, authority, tmp_path):
    jail = tmp_path / "jail"
    jail.mkdir()
    folder = tmp_path / "certificates"
    folder.mkdir(mode=0o700)
    for kind in ("rsa", "ec", "wild"):
        (folder / f"{kind}.pem").write_bytes(certificates[kind].pem.read_bytes())
        (folder / f"{kind}.pem").chmod(0o600)
    pound = site.pound(CONFIG, web=site.backend().port, jail=jail, certificates=folder,
                       ca=authority.signer.cert, args=("-F", "-d", "1"))
    for worker in pound.workers():
        assert os.readlink(f"/proc/{worker}/root") == str(jail)
    yield pound
    assert not os.listdir(jail)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_everything_works(pound, authority, certificates, version):
    for name in ("www.example.com", "a.example.net"):
        with TlsClient(pound.port, name, authority=authority.root.cert, version=version) as client:
            assert client.ask(host=name).status == 200
            assert client.ask("GET", "/away", host=name).field("Location") == f"https://{name}/"
            assert client.ask(host="else.example").status == 421
    context = client_context(version, certificate=certificates["other"])
    with TlsClient(pound.port, context=context) as client:
        assert client.ask().status == 200
    with pytest.raises(ssl.SSLError):
        TlsClient(pound.port, version="1.2", ciphers="ECDHE-RSA-AES256-SHA")
    pound.wait_log("handshake.*shared cipher")  # OpenSSL can look up its messages


@pytest.mark.parametrize("signature", ["ECDSA+SHA256", "RSA-PSS+SHA256"])
@pytest.mark.parametrize("group", ["X25519", "P-256", "P-384", "ffdhe2048"])
def test_each_kind_of_key(pound, signature, group):
    said = s_client(pound.port, "-tls1_3", "-sigalgs", signature, "-groups", group,
                    request=b"GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n")
    assert "HTTP/1.1 200 OK" in said


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_resumption_in_workers_that_came_later(pound, version):
    context = client_context(version)
    with TlsClient(pound.port, context=context) as client:
        assert client.ask().status == 200
        session = client.tls.session
    old = pound.workers()
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    pound.wait_workers(gone=old)
    with TlsClient(pound.port, context=context, session=session) as client:
        assert client.ask().status == 200
        assert client.tls.session_reused


def test_a_worker_cannot_be_dumped(pound):
    for worker in pound.workers():
        # The kernel gives the /proc files of a process without core dumps to root.
        assert os.stat(f"/proc/{worker}/maps").st_uid == 0
        assert proc.status(worker)["Uid"].split()[0] != "0"
