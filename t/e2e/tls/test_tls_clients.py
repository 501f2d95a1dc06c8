"""Client certificates: optional, required, and the fields about them at the backend."""

import ssl

import pytest

from harness import TlsClient, client_context, get, reserve_port, response
from harness.config import tls_site
from harness.tls import Authority

CONFIG = tls_site("Workers: 2", listener="Certificates: $ec; $more", plain="Port: $plain")

FORGED = ["X-SSL-Subject: CN=root", "x-ssl-verify: SUCCESS", "X-SSL-Serial: 1", "X-SSL-Issuer: me",
          "X-SSL-Cipher: none", "X-SSL-Protocol: none", "X-SSL-Certificate: all of it",
          "X_SSL_Subject: CN=root", "X-SSL_Verify: SUCCESS"]


def told(asked):
    named = ((name.upper(), value) for name, value in asked.fields)
    lines = [f"{name}={value}" for name, value in named if name.startswith(("X-SSL", "X_SSL"))]
    return response("\n".join(lines).encode())


def start(site, certificates, more="MinTLS: 1.2"):
    pound = site.prepare(CONFIG, web=site.backend(told).port, plain=(plain := reserve_port()),
                         ec=certificates["ec"].pem, more=more)
    pound.plain_port = plain
    return pound.start()


@pytest.fixture(scope="module", name="clients")
def fixture_clients(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("clients"), "Clients'")
    # With the intermediate in the CA file, Pound does not trust the root above it.
    return {
        "ca": made.signer.cert,
        "joe": made.issue("joe", subject="/O=We/CN=joe"),
        "odd": made.issue("odd", subject='/CN=a"b\\\\c, O=root'),
        "old": made.issue("old", subject="/CN=old", expired=True),
        "stranger": Authority(tmp_path_factory.mktemp("strangers"), "Strangers'").issue(
            "stranger", subject="/CN=joe"),
    }


def ask(pound, version, certificate=None, fields=()):
    context = client_context(version, certificate=certificate)
    with TlsClient(pound.port, context=context) as client:
        answer = client.ask("GET", "/", *fields)
        assert answer.status == 200
        pairs = [line.split("=", 1) for line in answer.body.decode().splitlines()]
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)


@pytest.fixture(scope="module", name="asking")
def fixture_asking(shared_site, certificates, clients):
    return start(shared_site, certificates, f"ClientCert: {{Mode: ask, CA: {clients['ca']}}}")


@pytest.fixture(scope="module", name="requiring")
def fixture_requiring(shared_site, certificates, clients):
    return start(shared_site, certificates, f"ClientCert: {{Mode: require, CA: {clients['ca']}}}")


both = pytest.mark.parametrize("version", ["1.2", "1.3"])


@both
@pytest.mark.parametrize("mode", ["asking", "requiring"])
def test_a_good_one(request, clients, mode, version):
    said = ask(request.getfixturevalue(mode), version, clients["joe"], FORGED)
    assert set(said) == {"X-SSL-SUBJECT", "X-SSL-ISSUER", "X-SSL-SERIAL", "X-SSL-VERIFY",
                         "X-SSL-CIPHER", "X-SSL-PROTOCOL"}
    assert "joe" in said["X-SSL-SUBJECT"]
    assert "Clients' signer" in said["X-SSL-ISSUER"]
    assert said["X-SSL-VERIFY"] == "SUCCESS"
    assert said["X-SSL-PROTOCOL"] == f"TLSv{version}"
    assert said["X-SSL-SERIAL"] not in ("", "1")


@both
def test_none_when_asked(asking, version):
    said = ask(asking, version, None, FORGED)
    assert set(said) == {"X-SSL-VERIFY", "X-SSL-CIPHER", "X-SSL-PROTOCOL"}
    assert said["X-SSL-VERIFY"] == "NONE"


@both
def test_none_when_required(requiring, version):
    with pytest.raises(ssl.SSLError, match="(?i)certificate.required|handshake.failure"):
        ask(requiring, version)


@both
@pytest.mark.parametrize("mode", ["asking", "requiring"])
@pytest.mark.parametrize("which", ["stranger", "old"])
def test_bad_ones(request, clients, mode, which, version):
    with pytest.raises(ssl.SSLError, match="(?i)unknown.ca|expired"):
        ask(request.getfixturevalue(mode), version, clients[which])


@both
def test_a_name_cannot_make_a_field_of_its_own(asking, clients, version):
    said = ask(asking, version, clients["odd"])
    assert "a" in said["X-SSL-SUBJECT"] and said["X-SSL-VERIFY"] == "SUCCESS"


@both
def test_what_is_known_of_a_client_survives_resumption(requiring, clients, version):
    context = client_context(version, certificate=clients["joe"])
    with TlsClient(requiring.port, context=context) as client:
        first = client.ask().body
        session = client.tls.session
    for _ in range(4):
        with TlsClient(requiring.port, context=context, session=session) as client:
            assert client.ask().body == first
            assert client.tls.session_reused


@both
def test_forged_fields_without_client_certificates(site, certificates, version):
    pound = start(site, certificates)
    said = ask(pound, version, None, FORGED)
    assert set(said) == {"X-SSL-CIPHER", "X-SSL-PROTOCOL"}
    assert said["X-SSL-PROTOCOL"] == f"TLSv{version}"
    assert get(pound.plain_port, "/", *FORGED).body == b""


@both
def test_depth(site, certificates, tmp_path, version):
    made = Authority(tmp_path)
    chained = made.issue("chained", subject="/CN=chained")
    chained.cert.write_bytes(chained.cert.read_bytes() + made.signer.cert.read_bytes())
    more = f"ClientCert: {{Mode: require, CA: {made.root.cert}, Depth: 1}}"
    assert ask(start(site, certificates, more), version, chained)["X-SSL-VERIFY"] == "SUCCESS"
