"""Fault G4: revocation lists for the certificates of clients."""

import ssl

import pytest

from harness import TlsClient, client_context, openssl, reserve_port, run_pound
from harness.config import tls_site
from harness.tls import Authority

CONFIG = tls_site(listener="Certificates: $pem; ClientCert: {Mode: ask, $trust}")


class Issuer(Authority):
    """An authority with two clients and lists of revoked certificates."""

    def __init__(self, directory):
        super().__init__(directory)
        self.joe = self.issue("joe", subject="/CN=joe")
        self.eve = self.issue("eve", subject="/CN=eve")

    def _ca(self, *args):
        return openssl("ca", "-config", self._config, "-cert", self.signer.cert, "-keyfile",
                       self.signer.key, *args)

    def revoke(self, certificate):
        self._ca("-revoke", certificate.cert)

    def crl(self, *validity):
        """The signer's list as a text; valid for a day unless `validity` says otherwise."""
        return self._ca("-gencrl", *(validity or ("-crldays", "1"))).decode()


@pytest.fixture(name="issuer")
def fixture_issuer(tmp_path):
    (tmp_path / "issuer").mkdir()
    return Issuer(tmp_path / "issuer")


def status(pound, version, certificate, session=None):
    context = client_context(version, certificate=certificate)
    with TlsClient(pound.port, context=context, session=session) as client:
        return client.ask().status


def check_refused(pound, version, certificate, alert):
    with pytest.raises(ssl.SSLError, match=alert):
        status(pound, version, certificate)


def trust(tmp_path, issuer, place, crl):
    """The settings of ClientCert with the list in the file of CA, or in one of its own."""
    ca = tmp_path / "trust.pem"
    own = tmp_path / "crl.pem"
    ca.write_text(issuer.signer.cert.read_text() + (crl if place == "CA" else ""))
    own.write_text(crl)
    return f"CA: {ca}" + (f", CRL: {own}" if place == "CRL" else "")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("place", ["CA", "CRL"])
def test_fault_G4_a_revoked_client_is_refused(site, certificates, issuer, tmp_path, place,
                                              version):
    issuer.revoke(issuer.eve)
    pound = site.pound(CONFIG, web=site.backend().port, pem=certificates["ec"].pem,
                       trust=trust(tmp_path, issuer, place, issuer.crl()), args=("-F", "-d", "1"))
    assert status(pound, version, issuer.joe) == 200
    assert status(pound, version, None) == 200
    check_refused(pound, version, issuer.eve, "(?i)certificate.revoked")
    line, = pound.wait_log("TLS handshake")
    assert line.endswith("failed: certificate verify failed: certificate revoked")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_fault_G4_a_reload_with_a_new_list_ends_tickets(site, certificates, issuer, tmp_path,
                                                        version):
    pound = site.pound(CONFIG, web=site.backend().port, pem=certificates["ec"].pem,
                       trust=trust(tmp_path, issuer, "CRL", issuer.crl()))
    context = client_context(version, certificate=issuer.eve)
    with TlsClient(pound.port, context=context) as client:
        assert client.ask().status == 200
        session = client.tls.session
    issuer.revoke(issuer.eve)
    trust(tmp_path, issuer, "CRL", issuer.crl())
    pound.reload()
    with pytest.raises(ssl.SSLError, match="(?i)certificate.revoked"):
        with TlsClient(pound.port, context=context, session=session) as client:
            client.ask()


def test_fault_G4_an_expired_list_is_told_and_refuses(site, certificates, issuer, tmp_path):
    crl = issuer.crl("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z")
    pound = site.prepare(CONFIG, web=site.backend().port, pem=certificates["ec"].pem,
                         trust=trust(tmp_path, issuer, "CRL", crl)).start()
    warning = (f"the CRL of `CN=Test signer` in `{tmp_path}/crl.pem` has expired; "
               "Pound refuses all certificates of this issuer")
    done = run_pound("-c", "-f", pound.config_file)
    assert done.returncode == 0
    assert f"warning: {warning} [certificate-dates]\n" in done.stdout + done.stderr
    assert pound.wait_log(warning)
    check_refused(pound, "1.3", issuer.joe, "(?i)certificate.expired")
    assert status(pound, "1.3", None) == 200


def test_fault_G4_a_bad_list_is_found_by_the_check(site, certificates, issuer, tmp_path):
    pound = site.prepare(CONFIG, web=reserve_port(), pem=certificates["ec"].pem,
                         trust=trust(tmp_path, issuer, "CRL", "nothing"))
    done = run_pound("-c", "-f", pound.config_file)
    assert done.returncode == 1
    assert ("error: cannot use the revocation lists "
            f"`{tmp_path}/crl.pem`: it contains no CRL") in done.stdout + done.stderr
