"""Limits of a request head, each at the limit and one above it."""

import pytest

from harness import request
from harness.config import plain_site

CONFIG = plain_site()

LINE = 8 * 1024
HEAD = 32 * 1024
FIELDS = 100


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend()
    return shared_site.pound(CONFIG, web=backend.port), backend


def line_of(size):
    return "/" + "a" * (size - len("GET / HTTP/1.1"))


def head_of(size):
    """A request with a head of `size` bytes, in fields of less than 8 KiB."""
    fields = [f"X-{n}: {'v' * 7000}" for n in range(4)]
    rest = size - len(request("GET", "/", *fields, "X-Last: "))
    data = request("GET", "/", *fields, "X-Last: " + "w" * rest)
    assert len(data) == size
    return data


def refused(site, where, data, status):
    pound, backend = where
    asked, logged = len(backend.requests), pound.count_records()
    client = site.client(pound.port)
    client.send(data)
    got = client.read_response()
    assert (got.status, got.field("Connection")) == (status, "close")
    assert client.closes()
    assert len(backend.requests) == asked
    record = pound.wait_records(logged + 1)[-1]
    assert (record["status"], bool(record["reason"])) == (str(status), True)


def test_request_line_of_8_kib(site, where):
    pound, backend = where
    assert site.client(pound.port).ask("GET", line_of(LINE)).status == 200
    assert backend.requests[-1].target == line_of(LINE)


def test_request_line_of_8_kib_and_a_byte(site, where):
    refused(site, where, request("GET", line_of(LINE + 1)), 414)


def test_request_line_without_end(site, where):
    refused(site, where, b"GET /" + b"a" * (LINE + 100), 414)


def test_endless_method(site, where):
    pound, _ = where
    client = site.client(pound.port)
    client.send(b"A" * (LINE + 100))
    assert client.read_response().status in (400, 414)


def test_head_of_32_kib(site, where):
    pound, backend = where
    client = site.client(pound.port)
    client.send(head_of(HEAD))
    assert client.read_response().status == 200
    assert backend.requests[-1].field("X-Last").startswith("www")


def test_head_of_32_kib_and_a_byte(site, where):
    refused(site, where, head_of(HEAD + 1), 431)


def test_head_without_end(site, where):
    refused(site, where, request()[:-2] + b"X-A: " + b"v" * HEAD, 431)


def test_head_of_32_kib_byte_by_byte(site, where):
    """The verdict does not depend on the reads, and takes no quadratic time."""
    pound, _ = where
    client = site.client(pound.port)
    data = head_of(HEAD)
    for at in range(0, len(data), 16):
        client.send(data[at:at + 16])
    assert client.read_response().status == 200


def fields(count):
    return [f"X-{n}: {n}" for n in range(count - 1)]  # Host is one more


def test_100_fields(site, where):
    pound, backend = where
    assert site.client(pound.port).ask("GET", "/", *fields(FIELDS)).status == 200
    seen = [f for f in backend.requests[-1].fields if f[0].startswith("X-") and f[0][2:].isdigit()]
    assert seen == [(f"X-{n}", str(n)) for n in range(FIELDS - 1)]


def test_101_fields(site, where):
    refused(site, where, request("GET", "/", *fields(FIELDS + 1)), 431)


def test_many_pipelined_heads_are_not_one_head(site, where):
    pound, _ = where
    client = site.client(pound.port)
    client.send(request("GET", "/" + "p" * 4000) * 20)
    for _ in range(20):
        assert client.read_response().status == 200
