"""MaxURI, MaxHeader, MaxHeaders and MaxRequest, each at the limit and one above it.

Each listener has its own limits. test_limits.py tests the defaults.
"""

import pytest

from harness import Client, chunked, request, reserve_port
from harness.config import another_listener, plain_site

CONFIG = (plain_site(listener="MaxURI: 64; MaxHeader: 512; MaxHeaders: 3; MaxRequest: 10")
          + another_listener("Port: $large; MaxURI: 64K; MaxHeader: 128K; MaxHeaders: 256")
          + another_listener("Port: $low; MaxHeader: 4K"))


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend()
    ports = {"large": reserve_port(), "low": reserve_port()}
    pound = shared_site.pound(CONFIG, web=backend.port, **ports)
    pound.ports = {"small": pound.port, **ports}
    return pound, backend


def line(size):
    """A request whose first line has that many bytes."""
    return request("GET", "/" + "a" * (size - len("GET / HTTP/1.1")))


def head(size):
    """A request whose head has that many bytes."""
    return request("GET", "/", "X-A: " + "a" * (size - len(request("GET", "/", "X-A: "))))


def fields(count):
    return request("GET", "/", *(f"X-{n}: {n}" for n in range(count - 1)))


def body(size):
    return request("POST", "/", body=b"b" * size)


def chunks(size):
    pieces = [b"c" * (size // 2), b"c" * (size - size // 2)]
    return request("POST", "/", "Transfer-Encoding: chunked", body=chunked(*pieces))


# (listener, request of a given size, limit, status and reason of one more).
LIMITS = {
    "MaxURI": ("small", line, 64, 414, "request_line_too_long"),
    "MaxHeader": ("small", head, 512, 431, "head_too_long"),
    "MaxHeaders": ("small", fields, 3, 431, "fields_too_many"),
    "MaxRequest": ("small", body, 10, 413, "body_too_long"),
    "MaxRequest, in chunks": ("small", chunks, 10, 413, "body_too_long"),
    "largest MaxURI": ("large", line, 64 * 1024, 414, "request_line_too_long"),
    "largest MaxHeader": ("large", head, 128 * 1024, 431, "head_too_long"),
    "largest MaxHeaders": ("large", fields, 256, 431, "fields_too_many"),
    "MaxURI follows MaxHeader": ("low", line, 4096 - len("\r\nHost: www.example.com\r\n\r\n"), 431,
                                 "head_too_long"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_as_much_as_is_allowed_passes(where, name):
    pound, backend = where
    listener, make, limit, _, _ = LIMITS[name]
    asked = len(backend.requests)
    with Client(pound.ports[listener]) as client:
        for _ in range(2):  # the connection stays open
            client.send(make(limit))
            assert client.read_response().status == 200
    assert len(backend.requests) == asked + 2


@pytest.mark.parametrize("split", [None, 1000], ids=["whole", "split"])
@pytest.mark.parametrize("name", LIMITS)
def test_a_byte_or_a_field_more_does_not(where, name, split):
    pound, backend = where
    listener, make, limit, status, reason = LIMITS[name]
    asked, logged = len(backend.requests), pound.count_records()
    data = make(limit + 1)
    with Client(pound.ports[listener]) as client:
        for at in range(0, len(data), split or len(data)):
            client.send(data[at:at + (split or len(data))])
        got = client.read_response()
        assert (got.status, got.field("Connection"), got.complete) == (status, "close", True)
        assert client.closes()
    assert len(backend.requests) == asked, "the request reached the backend"
    record = pound.wait_records(logged + 1)[-1]
    assert (record["status"], record["reason"]) == (str(status), reason)


def test_a_line_longer_than_the_whole_head_may_be(where):
    pound, _ = where
    with Client(pound.ports["low"]) as client:
        client.send(b"GET /" + b"a" * 5000)
        assert client.read_response().status == 414
