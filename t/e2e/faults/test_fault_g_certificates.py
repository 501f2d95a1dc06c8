"""Faults of group G: which certificate serves, where its key is, and how many there may be."""

import os
import shutil

import pytest

from harness import TlsClient, client_context, run_pound
from harness.config import tls_site

CONFIG = tls_site("Workers: 2", listener="Certificates: $certificates")


def test_fault_G2_the_wildcards_certificate_serves_a_client_without_ecdsa(site, authority):
    exact = authority.issue("exact", "shop.example.org")
    wild = authority.issue("wildcard", "*.example.org", kind="rsa:2048")
    pound = site.pound(CONFIG, web=site.backend().port,
                       certificates=f"[{exact.pem}, {wild.pem}]")
    for ciphers, names in (("ECDHE-RSA-AES128-GCM-SHA256", ["*.example.org"]),
                           ("ECDHE-ECDSA-AES128-GCM-SHA256", ["shop.example.org"]),
                           ("ECDHE+AESGCM", ["shop.example.org"])):
        context = client_context("1.2", ciphers=ciphers)
        with TlsClient(pound.port, "shop.example.org", context=context) as client:
            assert client.peer_names() == names
            assert client.ask(host="shop.example.org").status == 200
            session = client.tls.session
        # A ticket resumes: it belongs to the certificate that served.
        with TlsClient(pound.port, "shop.example.org", context=context,
                       session=session) as client:
            assert client.ask(host="shop.example.org").status == 200
            assert client.tls.session_reused


@pytest.mark.parametrize("certificate, key, entry", [
    ("fullchain.pem", "privkey.pem", "{Certificate: fullchain.pem, Key: privkey.pem}"),
    ("site.crt", "elsewhere.txt", "{Certificate: site.crt, Key: elsewhere.txt}"),
    ("fullchain.pem", "privkey.pem", "fullchain.pem"),
    ("site.pem", "site.pem.key", "site.pem"),
    ("site.pem", "site.key", "site.pem"),
    ("site.pem", "site.key", "'*.pem'")])
def test_fault_G5_the_key_in_a_file_of_its_own(site, authority, tmp_path, certificate, key, entry):
    made = authority.issue("two-files", "www.example.com")
    folder = tmp_path / "live"
    folder.mkdir()
    (folder / certificate).write_text(made.cert.read_text() + authority.signer.cert.read_text())
    shutil.copy(made.key, folder / key)
    for name in (certificate, key, "*.pem"):
        entry = entry.replace(name, f"{folder}/{name}") if f"/{name}" not in entry else entry
    pound = site.pound(CONFIG, web=site.backend().port, certificates=entry)
    with TlsClient(pound.port, authority=authority.root.cert) as client:
        assert client.ask().status == 200


def many(folder, certificate, count):
    """A folder with `count` files, each with a certificate and an RSA key of 4096 bits."""
    folder.mkdir()
    for number in range(count):
        os.link(certificate.pem, folder / f"{number}.pem")
    return folder


@pytest.fixture(scope="module", name="large")
def fixture_large(authority):
    return authority.issue("large", "www.example.com", kind="rsa:4096")


def test_fault_G3_thousands_of_large_keys(site, large, tmp_path):
    pound = site.prepare(CONFIG, web=site.backend().port,
                         certificates=many(tmp_path / "many", large, 2600))
    done = run_pound("-c", "-f", pound.config_file)
    assert (done.returncode, done.stderr) == (0, "")


def test_fault_G3_keys_beyond_the_locked_memory_serve_from_ordinary_memory(site, large, tmp_path):
    folder = many(tmp_path / "growing", large, 1)
    pound = site.pound(CONFIG, web=site.backend().port, certificates=folder)
    many(tmp_path / "more", large, 1500)
    for file in (tmp_path / "more").iterdir():
        os.link(file, folder / f"more-{file.name}")
    pound.reload()
    with TlsClient(pound.port) as client:
        assert client.ask().status == 200
    line, = pound.wait_log("the memory that Pound locked at its start is full")
    assert "some private keys of this listener (" in line and " of 1501)" in line
