"""The choice of a certificate by name and by kind of key, its files, and bad files."""

import re
import shutil
import ssl
import string

import pytest

from harness import TlsClient, openssl, reserve_port, response, run_pound, s_client
from harness.config import tls_site

CONFIG = tls_site("Workers: 2", listener="Certificates: $certificates")


def listed(*certificates):
    return "[" + ", ".join(str(getattr(c, "pem", c)) for c in certificates) + "]"


@pytest.fixture(scope="module", name="port")
def fixture_port(shared_site, certificates):
    backend = shared_site.backend()
    files = listed(*(certificates[k] for k in ("other", "rsa", "ec", "wild", "cn")))
    return shared_site.pound(CONFIG, web=backend.port, certificates=files).port


DEFAULT = ["other.example", "*.sub.other.example"]
WILD = ["*.example.net", "example.net"]
MATRIX = {
    None: DEFAULT,
    "unknown.example": DEFAULT,
    "other.example": DEFAULT,
    "a.sub.other.example": DEFAULT,
    "www.example.com": ["www.example.com"],
    "WWW.Example.COM": ["www.example.com"],
    "sub.www.example.com": DEFAULT,
    "example.com": DEFAULT,
    "example.net": WILD,
    "a.example.net": WILD,
    "A-b.EXAMPLE.net": WILD,
    "a.b.example.net": DEFAULT,
    "aexample.net": DEFAULT,
    "cn.example": ["cn.example"],
    "www.cn.example": DEFAULT,
    "127.0.0.1": DEFAULT,
}


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("name", MATRIX)
def test_sni(port, name, version):
    with TlsClient(port, name, version=version) as client:
        assert client.peer_names() == MATRIX[name]
        assert client.ask(host=name or "a").status == 200


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("signature, kind", [("ECDSA+SHA256", "id-ecPublicKey"),
                                             ("rsa_pss_rsae_sha256", "rsaEncryption")])
def test_both_kinds_for_one_name(port, version, signature, kind):
    said = s_client(port, f"-tls{version.replace('.', '_')}", "-sigalgs", signature,
                    request=b"GET / HTTP/1.0\r\n\r\n")
    pem = said[said.index("-----BEGIN"):said.index("-----END CERTIFICATE-----") + 25]
    assert kind in openssl("x509", "-noout", "-text", input=pem.encode()).decode()
    assert "HTTP/1.1 200 OK" in said


def test_a_client_that_verifies(port, authority):
    for name in ("www.example.com", "x.example.net", "other.example"):
        with TlsClient(port, name, authority=authority.root.cert) as client:
            assert client.ask(host=name).status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        TlsClient(port, "unknown.example", authority=authority.root.cert)


def test_the_chain_is_sent(port):
    said = s_client(port, "-showcerts", request=b"GET / HTTP/1.0\r\n\r\n")
    assert re.findall(r"^ \d s:CN ?= ?(.*)$", said, re.M) == ["www.example.com", "Test signer"]


@pytest.mark.parametrize("order", ["key first", "chain first", "leaf twice", "remarks"])
def test_any_order_in_a_file(site, certificates, authority, tmp_path, order):
    leaf, key = certificates["rsa"].cert.read_text(), certificates["rsa"].key.read_text()
    chain = authority.signer.cert.read_text() + authority.root.cert.read_text()
    file = tmp_path / "any.pem"
    file.write_text({"key first": key + leaf + chain, "chain first": chain + key + leaf,
                     "leaf twice": leaf + chain + leaf + key,
                     "remarks": "who: we\n" + leaf + "\n# why\n\n" + chain + key + "end\n"}[order])
    pound = site.pound(CONFIG, web=site.backend().port, certificates=str(file))
    with TlsClient(pound.port, authority=authority.root.cert) as client:
        assert client.ask().status == 200
    said = s_client(pound.port, "-showcerts", request=b"GET / HTTP/1.0\r\n\r\n")
    sent = re.findall(r"^ \d s:CN ?= ?(.*)$", said, re.M)
    assert sent[:2] == ["www.example.com", "Test signer"]
    assert sent.count("www.example.com") == 1


@pytest.mark.parametrize("suffix", ["", "/*.pem"])
def test_a_directory_or_a_glob(site, certificates, tmp_path, suffix):
    folder = tmp_path / "certificates"
    folder.mkdir()
    for number, kind in enumerate(["wild", "cn"]):
        shutil.copy(certificates[kind].pem, folder / f"{number}.pem")
    pound = site.pound(CONFIG, web=site.backend().port, certificates=f"'{folder}{suffix}'")
    for name, names in (("a.example.net", WILD), ("cn.example", ["cn.example"])):
        with TlsClient(pound.port, name) as client:
            assert client.peer_names() == names


def check(tmp_path, certificates):
    file = tmp_path / "pound.yaml"
    file.write_text(string.Template(CONFIG).substitute(web=reserve_port(), listen=reserve_port(),
                                                       certificates=certificates))
    return run_pound("-c", "-f", file)


def bad_file(tmp_path, authority, certificates, fault):
    file = tmp_path / "bad.pem"
    ec, rsa = certificates["ec"], certificates["rsa"]
    if fault == "weak":
        return authority.issue("weak", "weak.example", kind="rsa:1024").pem
    if fault == "encrypted":
        locked = openssl("pkey", "-in", ec.key, "-aes128", "-passout", "pass:secret")
        file.write_bytes(ec.cert.read_bytes() + locked)
    elif fault == "encrypted the old way":
        locked = openssl("rsa", "-in", rsa.key, "-aes128", "-traditional", "-passout",
                         "pass:secret")
        file.write_bytes(rsa.cert.read_bytes() + locked)
    elif fault != "unreadable":
        file.write_bytes({"no key": ec.cert.read_bytes(), "no certificate": ec.key.read_bytes(),
                          "mismatch": ec.cert.read_bytes() + rsa.key.read_bytes(),
                          "empty": b"", "no PEM": b"\0\1\2 hello\n",
                          "cut off": ec.pem.read_bytes()[:200]}[fault])
    return file


@pytest.mark.parametrize("fault, word", [
    ("unreadable", "No such file"), ("no key", "key"), ("no certificate", "certificate"),
    ("mismatch", "matches"), ("encrypted", "encrypted"), ("encrypted the old way", "encrypted"),
    ("weak", "weak"), ("empty", "certificate"), ("no PEM", "certificate"), ("cut off", "PEM")])
def test_bad_ones_are_found_by_the_check(tmp_path, authority, certificates, fault, word):
    file = bad_file(tmp_path, authority, certificates, fault)
    done = check(tmp_path, listed(certificates["wild"], file))
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert said.count("error:") == 1
    message = next(line for line in said.splitlines() if "error:" in line)
    assert str(file) in message and word in message
    assert str(certificates["wild"].pem) not in message
    assert "PRIVATE KEY" not in said and "secret" not in said


def test_an_expired_one_is_a_warning_and_serves(site, tmp_path, authority):
    old = authority.issue("old", "www.example.com", expired=True)
    done = check(tmp_path, str(old.pem))
    assert done.returncode == 0
    message = next(line for line in (done.stdout + done.stderr).splitlines() if "warning:" in line)
    assert str(old.pem) in message and "expired" in message
    pound = site.pound(CONFIG, web=site.backend(lambda _: response()).port,
                       certificates=str(old.pem))
    with TlsClient(pound.port) as client:
        assert client.ask().status == 200


def test_an_empty_directory(tmp_path):
    folder = tmp_path / "none"
    folder.mkdir()
    done = check(tmp_path, str(folder))
    assert done.returncode == 1
    assert str(folder) in done.stdout + done.stderr
