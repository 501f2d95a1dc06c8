"""Faults of group G: what Pound agrees on with a client, and clients that speak something else."""

import pytest

from harness import Client, TlsClient, client_context
from harness.config import plain_site, tls_site


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("offered, chosen", [
    (["http/1.0"], "http/1.0"), (["http/1.0", "http/1.1"], "http/1.1"), (["h2"], None), (["h2c"], None),
    (["acme-tls/1", "spdy/3"], None)])
def test_fault_G1_any_protocol_that_a_client_offers(site, certificates, offered, chosen, version):
    pound = site.pound(tls_site(listener="Certificates: $pem; Protocols: http/1.1"),
                       web=site.backend().port, pem=certificates["ec"].pem)
    context = client_context(version, alpn=offered)
    with TlsClient(pound.port, context=context) as client:
        assert client.tls.selected_alpn_protocol() == chosen
        assert client.ask().status == 200


@pytest.mark.parametrize("first", [b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"\x16"])
def test_fault_G7_tls_on_an_http_port_has_a_reason_of_its_own(site, first):
    pound = site.pound(plain_site(), web=site.backend().port)
    with Client(pound.port) as client:
        client.send(first)
        assert client.read_response().status == 400
        assert client.closes()
    record, = pound.wait_records(1)
    assert record["reason"] == "tls_on_http"
