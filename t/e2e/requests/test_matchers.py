"""Host, Path, Methods, Query, Header and Not of services; services for several listeners.

Each request goes over HTTP/1.1 and over HTTP/2.
"""

import pytest

from harness import Client, reserve_port, run_pound
from harness.config import another_listener, plain_site
from harness.http2 import Http2

SITE = plain_site(listener="Protocols: [h2c, http/1.1]; Methods: [PURGE]", services="""
    - Host: [www.a.test, bücher.test, 127.0.0.1]
      Path: /shop
      Backends: [*web]
    - Host: "*.a.test"
      Not: [{Path: /private}, {Methods: [POST, PURGE], Header: {X-Kind: ^robot}}]
      Backends: [*web]
    - Path: [/api/, /caf%c3%a9]
      Query: {v: ['^1$$', '^2$$'], user: .}
      Backends: [*web]
    - Methods: PURGE
      Backends: [*web]
    - Header: {Accept-Language: '^de'}
      HeadDeny: '^X-Not:'
      Backends: [*web]
    """)

# (method, target, fields, host, number of the service or None)
TABLE = [
    ("GET", "/shop", (), "www.a.test", 1),
    ("GET", "/x/..//%73hop/a?b", (), "WWW.A.TEST.:8080", 1),
    ("GET", "/shop", (), "xn--bcher-kva.test", 1),
    ("GET", "/shop/", (), "127.0.0.1:80", 1),
    ("GET", "/shops", (), "www.a.test", 2),
    ("GET", "/shop", (), "x.y.a.test", 2),
    ("GET", "/shop", (), "a.test", None),
    ("GET", "/private/x", (), "www.a.test", None),
    ("GET", "/privately", (), "www.a.test", 2),
    ("POST", "/", ("x-kind: Robot",), "www.a.test", None),
    ("PURGE", "/", ("x-kind: Robot",), "www.a.test", 4),
    ("GET", "/", ("x-kind: Robot",), "www.a.test", 2),
    ("POST", "/", ("x-kind: a robot",), "www.a.test", 2),
    ("GET", "/api/x?v=2&user=x", (), "h", 3),
    ("GET", "/api?user=%41&%76=%31", (), "h", 3),
    ("GET", "/caf%C3%A9?v=3&v=1&user=+", (), "h", 3),
    ("GET", "/api/x?v=2&user=", (), "h", None),
    ("GET", "/api/x?v=12&user=x", (), "h", None),
    ("PURGE", "/", (), "h", 4),
    ("GET", "/", ("accept-language: DE-at",), "h", 5),
    ("GET", "/", ("accept-language: en", "x-a: 1"), "h", None),
    ("GET", "/", ("accept-language: de", "x-not: 1"), "h", None),
]


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site):
    return shared_site.pound(SITE, web=shared_site.backend().port)


def over_http1(port, method, target, fields, host):
    with Client(port) as client:
        return client.ask(method, target, *fields, host=host).status


def over_http2(port, method, target, fields, host):
    with Http2(port) as client:
        pairs = [tuple(line.split(": ", 1)) for line in fields]
        return client.ask(method, target, *pairs, authority=host).status


@pytest.mark.parametrize("ask", [over_http1, over_http2])
def test_the_service_of_a_request(pound, ask):
    before = pound.count_records()
    for row in TABLE:
        assert ask(pound.port, *row[:4]) == (404 if row[4] is None else 200), row
    records = pound.wait_records(before + len(TABLE))[before:]
    name = f"127.0.0.1:{pound.port}"
    assert [record["service"] for record in records] == [
        name if row[4] is None else f"{name}/{row[4]}" for row in TABLE]


def test_ten_thousand_hosts(site):
    services = "".join(f"- Host: h{n}.test\n  Backends: [*web]\n" for n in range(10_000))
    pound = site.pound(plain_site(services=services + "- Backends: [*web]\n"),
                       web=site.backend().port)
    numbers = [0, 1, 4999, 9998, 9999]
    with Client(pound.port) as client:
        for n in numbers:
            assert client.ask("GET", "/", host=f"h{n}.test").status == 200
        assert client.ask("GET", "/", host="h10000.test").status == 200
    records = pound.wait_records(len(numbers) + 1)
    assert [int(record["service"].split("/")[1]) for record in records] == [
        n + 1 for n in (*numbers, 10_000)]


GLOBAL = """
Services:
  - &images
    Path: /images
    Backends: [*web]
  - &rest
    Backends: [*web]
"""


def test_services_of_the_top_level(site):
    """A listener without services has them, one names one of them, two share a list."""
    text = plain_site(listener="Protocols: [http/1.1]")
    head, listeners = text.split("HTTPListeners:\n")
    listeners = listeners.split("    Services:")[0] + another_listener(
        "Port: $second", "- Path: /own\n  Backends: [*web]\n- *images") + (
        "  - {Address: 127.0.0.1, Port: $third, Threads: 0, Services: &list [*images]}\n"
        "  - {Address: 127.0.0.1, Port: $fourth, Threads: 0, Services: *list}\n")
    ports = {name: reserve_port() for name in ("second", "third", "fourth")}
    pound = site.pound(head + GLOBAL + "HTTPListeners:\n" + listeners, web=site.backend().port,
                       **ports)
    expected = {
        pound.port: {"/images/x": 1, "/own": 2},
        ports["second"]: {"/images/x": 2, "/own": 1, "/": None},
        ports["third"]: {"/images/x": 1, "/own": None},
        ports["fourth"]: {"/images/x": 1, "/own": None},
    }
    count = 0
    for port, paths in expected.items():
        for path, number in paths.items():
            assert over_http1(port, "GET", path, (), "h") == (200 if number else 404)
            count += 1
            record = pound.wait_records(count)[-1]
            name = f"127.0.0.1:{port}"
            assert record["service"] == (f"{name}/{number}" if number else name)


FAULTS = """\
Backends:
  - &be {Address: 127.0.0.1, Port: 1}
Services:
  - {Host: 'http://a.test', Backends: *be}
HTTPListeners:
  - Address: 127.0.0.1
    Port: 2
    Services:
      - {Host: [], Path: [api, /a/../b, /a;b, '/x?y', '/.*'], Backends: *be}
      - {Methods: [BREW, GET, GET], Query: {}, Header: {'a b': x, c: '(', d: {e: f}}, Backends: *be}
      - {Host: [a.test, A.test], Not: [{}, {URL: x}], Backends: *be}
"""

MESSAGES = """\
4:5: warning: no listener uses this service [unused-service]
4:12: error: `Host` has text "http://a.test"; write the host alone, not a URL
9:16: error: `Host` is an empty list, expected a host such as `www.example.com` or `*.example.com`, \
or a list of them
9:27: error: `Path` has text "api"; a path begins with `/`
9:32: error: `Path` has text "/a/../b"; write it in its normal form, without `/../`
9:41: error: `Path` has text "/a;b"; paths are compared in their normal form, which has no `;` and \
no backslash
9:47: error: `Path` has text "/x?y"; write the path alone; a query belongs under `Query`
9:55: error: `Path` has text "/.*"; this is the beginning of a path, no pattern; those belong under \
`URL`
10:20: error: `BREW` is neither a method that Pound forwards nor one of the listener's `Methods`
10:31: error: `Methods` has text "GET"; it is given twice
10:44: error: `Query` is an empty mapping, expected a mapping such as `{lang: ^de$}`
10:57: error: `Header` has text "a b"; expected the name of a header such as `Accept-Language`
10:70: error: `c` is not a valid regular expression: no `)` closes a group in `(`
10:78: error: a value in `Header` is a mapping, expected a regular expression or a list of them
11:25: error: `Host` has text "A.test"; it is given twice
11:40: error: an item of `Not` is empty, which would refuse every request; expected `Host`, `Path`, \
`Methods`, `Query` or `Header`
11:45: error: unknown key `URL` in an item of Not; it belongs in a service
"""


def check(tmp_path, text):
    file = tmp_path / "pound.yaml"
    file.write_text(text)
    done = run_pound("-c", "-f", file)
    lines = [line.removeprefix(f"{file}:") for line in done.stderr.splitlines()
             if line.startswith(f"{file}:")]
    return done.returncode, lines


def test_what_is_wrong_with_a_matcher(tmp_path):
    status, lines = check(tmp_path, FAULTS)
    assert status == 1
    assert lines == MESSAGES.splitlines()


def test_a_method_that_the_listener_does_not_take(tmp_path):
    status, lines = check(tmp_path, SITE.replace("Methods: [PURGE]\n", "Methods: [REPORT]\n", 1)
                          .replace("$web", "1").replace("$listen", "2").replace("$$", "$"))
    assert status == 1
    assert [line.split(": ", 1)[1] for line in lines] == [
        "error: `PURGE` is neither a method that Pound forwards nor one of the listener's `Methods`"
    ] * 2


UNREACHABLE = """\
Backends:
  - &be {Address: 127.0.0.1, Port: 1}
Services:
  - {Host: '*.a.test', Backends: *be}
  - {Host: x.a.test, Path: /b, Backends: *be}
  - {Path: /p/q, Not: {Path: /p}, Backends: *be}
  - &unused {Path: /u, Backends: *be}
HTTPListeners:
  - {Address: 127.0.0.1, Port: 2}
"""


def test_services_that_no_request_can_reach(tmp_path):
    status, lines = check(tmp_path, UNREACHABLE)
    assert (status, lines) == (0, [
        "5:5: warning: this service can never be reached: an earlier one takes all its requests "
        "[unreachable-service]",
        "4:5: note: it begins here",
        "6:5: warning: this service can never be reached: what it asks contradicts itself "
        "[unreachable-service]"])
    own = UNREACHABLE.replace("Port: 2}", "Port: 2, Services: [{Backends: *be}]}")
    assert check(tmp_path, own) == (0, [
        f"{line}: warning: no listener uses this service [unused-service]" for line in ("4:5", "5:5", "6:5", "7:5")])
