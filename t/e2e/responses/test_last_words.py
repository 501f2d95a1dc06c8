"""A reset never destroys the end of a response, whatever the client sends meanwhile.

A closed socket answers further bytes with a reset, and a reset discards the bytes in the queue.
Even the close_notify of TLS is enough. So these clients send bytes once the response has begun, and
read slowly.
"""

import pytest

from harness import Client, TlsClient, request, reserve_port, response, wait_until
from harness.config import tls_site

CONFIG = tls_site(listener="Port: $https; Certificates: $pem", plain="")

SIZE = 600_000  # more than the client's buffer holds, less than the kernel's


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site, certificates):
    https = reserve_port()
    backend = shared_site.backend(lambda _: response(b"x" * SIZE))
    pound = shared_site.pound(CONFIG, web=backend.port, https=https, pem=certificates["ec"].pem)
    return pound, https


def closing(client, pound, before):
    """Requests a response that ends the connection; returns once Pound has sent all of it."""
    client.send(request("GET", "/", "Connection: close"))
    head = client.read_head()
    assert (head.status, head.field("Connection")) == (200, "close")
    wait_until(lambda: len(pound.records()) > before, "Pound to finish the request")
    return head


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_an_early_close_notify_costs_nothing(where, version):
    pound, https = where
    before = pound.count_records()
    with TlsClient(https, version=version, receive_buffer=4096) as client:
        head = closing(client, pound, before)
        client.sock.notify()
        got = client.read_body_into(head, *head.framing())
        assert (len(got.body), got.complete) == (SIZE, True)


def test_a_request_that_comes_too_late_costs_nothing(where):
    pound, _ = where
    before = pound.count_records()
    with Client(pound.port, receive_buffer=4096) as client:
        head = closing(client, pound, before)
        client.send(request("GET", "/never"))
        got = client.read_body_into(head, *head.framing())
        assert (len(got.body), got.complete) == (SIZE, True)
        assert client.read_until_close() == b""
    assert not any("/never" in record["request"] for record in pound.records())
