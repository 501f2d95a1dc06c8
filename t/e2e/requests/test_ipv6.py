"""IPv6 on both sides: listeners, backends, and the notation of addresses."""

import pytest

from harness import Client, get, has_ipv6, reserve_port, response
from harness.config import another_listener, plain_site

CONFIG = (plain_site("Workers: 2", backends={"web": 'Address: "::1"'}, listener='Address: "::1"')
          + another_listener("Port: $other"))


pytestmark = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture(name="where")
def fixture_where(site):
    backend = site.backend(lambda _: response(b"six"), host="::1")
    pound = site.pound(CONFIG, web=backend.port, other=reserve_port())
    return pound, backend


def test_a_client_of_ipv6(where):
    pound, backend = where
    with Client(pound.port, host="::1") as client:
        got = client.ask("GET", "/", "X-Forwarded-For: 2001:db8::1", host="[::1]:80")
        assert got.body == b"six"
    seen = backend.requests[0]
    assert seen.field("X-Forwarded-For") == "::1"
    assert (seen.field("Host"), seen.field("X-Forwarded-Host")) == ("[::1]:80", "[::1]:80")
    record, = pound.wait_records(1)
    assert (record["client"], record["service"]) == ("::1", f"[::1]:{pound.port}/1")


def test_an_http10_client_without_host(where):
    pound, backend = where
    with Client(pound.port, host="::1") as client:
        assert client.ask("GET", "/", version="1.0", host=None).body == b"six"
    assert backend.requests[0].field("Host") == f"[::1]:{pound.port}"


def test_a_client_of_ipv4_of_a_backend_of_ipv6(where):
    pound, backend = where
    other = int(pound.text.split("Port: ")[-1].split("\n")[0])
    assert get(other).body == b"six"
    assert backend.requests[0].field("X-Forwarded-For") == "127.0.0.1"
