"""The choice of a service: order, URL, HeadRequire, HeadDeny; also with 1000 services."""

import re

import pytest

from harness import get, reserve_port
from harness.config import another_listener, plain_site

CONFIG = plain_site(
    backends={"images": "Port: $web", "shop": "Port: $web", "rest": "Port: $web"}, services="""
    - URL: ".*.(gif|jpg|png)"
      Backends: [*images]
    - HeadRequire: "Host: .*shop.example.*"
      Backends:
        - *shop
    - HeadRequire:
        - "X-One: 1"
        - "X-Two: 2"
      Backends: *rest
    - URL: "^/denied"
      HeadDeny:
        - "X-No: .*"
        - "User-Agent: .*bot"
      Backends: [*rest]
    - URL: "^/Case$$"
      Backends: [*rest]
    - URL: "q=[0-9]+"
      HeadRequire: "^Cookie:.*admin=1"
      HeadDeny: "^X-Guest:"
      Backends: [*rest]
    - HeadRequire: "Host: last"
      Backends: [*rest]
    - HeadRequire: "Host: last"
      Backends: [*shop]
""") + another_listener("Port: $other", """
    - URL: "^/other"
      Backends: [*rest]
""") + """\
  - Address: 127.0.0.1
    Port: $empty
    Threads: 0
"""

# {name: (target, fields, host, number of the service or None)}
TABLE = {
    "search, not match": ("/a/b.gif?x", (), "a", 1),
    "unescaped dot": ("/giffy/xgif", (), "a", 1),
    "first match wins": ("/x.png", (), "shop.example", 1),
    "host": ("/", (), "www.shop.example", 2),
    "host in capitals": ("/", (), "WWW.SHOP.EXAMPLE", 2),
    "host with a port": ("/", (), "shop.example:80", 2),
    "all required": ("/", ("X-One: 1", "X-Two: 2"), "a", 3),
    "all required, other order": ("/", ("x-two: 2", "x-one: 1"), "a", 3),
    "one of two required": ("/", ("X-One: 1",), "a", None),
    "required with other value": ("/", ("X-One: 1", "X-Two: 3"), "a", None),
    "none denied": ("/denied", (), "a", 4),
    "first denied": ("/denied", ("X-No: x",), "a", None),
    "second denied": ("/denied", ("User-Agent: a robot",), "a", None),
    "second denied in capitals": ("/denied", ("USER-AGENT: A ROBOT",), "a", None),
    "a harmless agent": ("/denied", ("User-Agent: Mozilla",), "a", 4),
    "case of a URL": ("/Case", (), "a", 5),
    "other case of a URL": ("/case", (), "a", None),
    "query": ("/x?a=b&q=17", ("Cookie: admin=1",), "a", 6),
    "query, denied": ("/x?q=17", ("Cookie: admin=1", "X-Guest: 1"), "a", None),
    "query without cookie": ("/x?q=17", (), "a", None),
    "value in another field": ("/x?q=17", ("X-Cookie: admin=1",), "a", None),
    "twins: the first": ("/", (), "last", 7),
    "nothing": ("/", (), "a", None),
}


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend()
    pound = shared_site.pound(CONFIG, web=backend.port, other=reserve_port(), empty=reserve_port())
    return pound, backend


@pytest.mark.parametrize("name", TABLE)
def test_service(where, name):
    pound, backend = where
    target, fields, host, number = TABLE[name]
    asked, logged = len(backend.requests), pound.count_records()
    got = get(pound.port, target, *fields, host=host)
    record = pound.wait_records(logged + 1)[-1]
    if number is None:
        assert (got.status, record["service"], record["backend"]) == (
            404, f"127.0.0.1:{pound.port}", "-")
        assert record["reason"]
        assert len(backend.requests) == asked
    else:
        assert (got.status, record["service"]) == (200, f"127.0.0.1:{pound.port}/{number}")
        assert len(backend.requests) == asked + 1


def test_services_belong_to_their_listener(where):
    pound, _ = where
    other, empty = (int(p) for p in re.findall(r"Port: (\d+)", pound.text)[-2:])
    assert get(other, "/other").status == 200
    assert get(pound.port, "/other").status == 404
    assert get(other, "/x.gif").status == 404
    assert get(empty, "/").status == 404


def test_404_keeps_the_connection(site, where):
    client = site.client(where[0].port)
    for _ in range(3):
        assert client.ask("GET", "/nowhere").status == 404
    assert client.ask("GET", "/a.gif").status == 200
    got = client.ask("POST", "/nowhere", body=b"with a body")
    assert got.status == 404


def test_the_right_one_of_a_thousand_services(site):
    services = []
    for number in range(1, 1001):
        if number % 2:
            services.append(f'- URL: "^/service-{number}/"\n  Backends: [*web]\n')
        else:
            services.append(f'- HeadRequire: "^Host: h{number}[.]example"\n'
                            f'  HeadDeny: "^X-Not: {number}$$"\n  Backends: [*web]\n')
    pound = site.pound(plain_site(services="".join(services)), web=site.backend().port)
    client = site.client(pound.port)
    numbers = [1, 2, 3, 10, 11, 99, 100, 101, 500, 501, 998, 999, 1000, *range(17, 1000, 61)]
    for number in numbers:
        if number % 2:
            got = client.ask("GET", f"/service-{number}/x")
        else:
            got = client.ask("GET", "/", host=f"h{number}.example")
        assert got.status == 200
    assert client.ask("GET", "/service-1001/").status == 404
    assert client.ask("GET", "/", "X-Not: 1000", host="h1000.example").status == 404
    records = pound.wait_records(len(numbers) + 2)
    assert [r["service"] for r in records[:-2]] == [f"127.0.0.1:{pound.port}/{n}" for n in numbers]
