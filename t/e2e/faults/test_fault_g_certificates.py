"""Faults of group G: which certificate serves, where its key is, and how many there may be."""

from harness import TlsClient, client_context
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
