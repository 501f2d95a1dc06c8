"""Rewrite: the path that a backend gets. Redirect with variables and groups of URL."""

import json

import pytest

from harness import get, reserve_port, response, run_pound
from harness.config import plain_site
from harness.http2 import Http2
from harness.poundctl import run_poundctl

SITE = plain_site(backends={"web": "", "same": "Port: $web; TLS: false"},
                  listener="Protocols: [h2c, http/1.1]; MaxURI: 256; RewriteLocation: 2", services=r"""
    - URL: "^/app(/|$$)"
      Rewrite: {From: "^/app(/|$$)", To: /}
      Request: {Set: {X-Was: "$$path?$$query"}}
      Backends: [*web]
    - URL: ^/swap
      Rewrite:
        - {From: '^/swap/(\w+)/(\w+)$$', To: "/$$2/$${1}x"}
        - {From: ^/swap/none, To: /never}
        - {From: swap, To: first}
      Backends: [*web]
    - URL: ^/host
      Rewrite: {From: "^", To: /$$host/$$client/$$proto}
      Backends: [*web]
    - URL: ^/bad
      Rewrite: {From: ^/bad, To: ""}
      Backends: [*web]
    - URL: ^/long
      Rewrite: {From: "^", To: /$$path$$path}
      Backends: [*web]
    - URL: ^/session
      Session: {Type: URL, ID: id, TTL: 60}
      HashKey: path
      Balance: hash
      Rewrite: {From: ^/session, To: /}
      Backends: [*web, *same]
    - URL: "^/user/([^/?]*)/?(.*)"
      Redirect: {Code: 301, URL: "https://users.example.com/$$1?rest=$$2"}
    - URL: ^/new
      Redirect: https://$$host/new$$path?$$query
    - URL: ^/fragment
      Redirect: "https://www.example.org/#$$path"
    - URL: ^/dollar
      Redirect: https://$$host:8443/$$$$1
    - URL: ^/plain
      Redirect: https://$$host
    - Backends: [*web]
""")


class House:
    def __init__(self, site):
        self.web = site.backend(lambda head: response(b"", f"Location: http://127.0.0.1:{self.web.port}"
                                                           + head.target))
        self.pound = site.pound(SITE, web=self.web.port)

    def ask(self, version, target, method="GET"):
        if version == 1:
            return get(self.pound.port, target)
        with Http2(self.pound.port) as client:
            return client.ask(method, target)

    def seen(self, version, target):
        """What the backend gets."""
        self.web.requests.clear()
        assert self.ask(version, target).status == 200
        head, = self.web.requests
        return head


@pytest.fixture(name="house", scope="module")
def fixture_house(shared_site):
    return House(shared_site)


both = pytest.mark.parametrize("version", [1, 2])


@both
@pytest.mark.parametrize("target, path", [
    ("/app/a?b=/app/c", "/a?b=/app/c"),
    ("/app", "/"),
    ("/app/app/", "/app/"),
    ("/app/a%2fb%20c", "/a%2fb%20c"),
    ("/swap/a/b?q", "/b/ax?q"),
    ("/swap/none/a/b", "/never/a/b"),
    ("/swap/swap", "/first/swap"),
    ("/host?a", "/www.example.com/127.0.0.1/http/host?a"),
    ("/other/app/x", "/other/app/x"),
])
def test_the_path_that_a_backend_gets(house, version, target, path):
    assert house.seen(version, target).start_line == f"GET {path} HTTP/1.1"


@both
def test_the_log_shows_what_the_client_has_asked(house, version):
    target = f"/app/logged?by{version}"
    head = house.seen(version, target)
    assert head.field("X-Was") == target
    record = house.pound.wait_record(f"by{version}")
    assert record["request"].split(" ")[:2] == ["GET", target]


@both
def test_a_location_is_not_mapped_back(house, version):
    assert house.ask(version, "/app/x").field("location") == "http://www.example.com/x"


@both
@pytest.mark.parametrize("target", ["/bad", "/badly", "/long" + "x" * 90])
def test_what_is_no_target_is_not_sent(house, version, target):
    house.web.requests.clear()
    mark = f"mark{version}-{len(target)}"
    assert house.ask(version, f"{target}?{mark}").status == 500
    record = house.pound.wait_record(mark)
    assert (record["status"], record["reason"]) == ("500", "rewrite_invalid")
    assert not house.web.requests


@both
def test_a_path_of_exactly_max_uri(house, version):
    target = "/long" + "x" * 80
    assert house.seen(version, target).target == f"/{target}{target}{target}"


@both
def test_a_bad_path_that_becomes_a_good_one(house, version):
    assert house.seen(version, "/bad/x").target == "/x"


@both
def test_sessions_see_the_path_of_the_client(house, version):
    assert house.seen(version, "/session/a?id=1").target == "//a?id=1"


@both
@pytest.mark.parametrize("target, location", [
    ("/user/joe/a/b?c", "https://users.example.com/joe?rest=a/b?c"),
    ("/user/joe", "https://users.example.com/joe?rest="),
    ("/user/a%20b", "https://users.example.com/a%20b?rest="),
    ("/user/[x]", "https://users.example.com/%5Bx%5D?rest="),
    ("/new/a?b=c", "https://www.example.com/new/new/a?b=c"),
    ("/new", "https://www.example.com/new/new"),
    ("/new?a|b", "https://www.example.com/new/new?a%7Cb"),
    ("/fragment/a?b", "https://www.example.org/#/fragment/a"),
    ("/dollar", "https://www.example.com:8443/$1"),
    ("/plain/x?y", "https://www.example.com/plain/x?y"),
])
def test_where_a_redirect_leads(house, version, target, location):
    got = house.ask(version, target)
    assert (got.status, got.field("location")) == (301 if "/user" in target else 302, location)


@pytest.mark.parametrize("target", ["/new/%0d%0aSet-Cookie:%20a=b", "/user/%0d%0aX:%201"])
def test_nothing_splits_a_redirect(house, target):
    got = house.ask(1, target)
    assert "%0d%0a" in got.field("Location")
    assert got.all("Set-Cookie") == got.all("X") == []


def test_explain_shows_the_path_and_the_location(house):
    def explain(target, *words):
        done = run_poundctl("-f", house.pound.config_file, "explain", "GET",
                            f"http://127.0.0.1:{house.pound.port}{target}", "-H",
                            "Host: www.example.com", *words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    said = json.loads(explain("/app/a?b", "--json"))
    assert said["rewrite"] == {"target": "/a?b"}
    assert "rewrite    the backend gets /a?b\n" in explain("/app/a?b")
    assert "rewrite" not in json.loads(explain("/other", "--json"))
    said = json.loads(explain("/user/joe/x", "--json"))
    assert said["outcome"]["location"] == "https://users.example.com/joe?rest=x"
    said = json.loads(explain("/bad", "--json"))
    assert (said["outcome"]["status"], said["outcome"]["reason"]) == (500, "rewrite_invalid")


def test_unknown_variables_and_groups_are_refused(site):
    pound = site.prepare(plain_site(services="""
        - URL: ^/(a)
          Redirect: https://$$host/$$2
        - Rewrite: {From: (a), To: /$$2}
          Backends: [*web]
        - Request: {Set: {X-A: $$hots}}
          Backends: [*web]"""), web=reserve_port())
    done = run_pound("-c", "-f", pound.config_file)
    assert done.returncode == 1
    errors = [line.split("error: ")[1] for line in done.stderr.splitlines() if "error: " in line]
    assert errors == [
        '`Redirect` is text "https://$host/$2", expected a URL such as `https://www.example.com`, or a '
        "mapping with `Code` and `URL`; `$2` at byte 15 of it: `URL` has 1 group",
        '`To` is text "/$2"; `$2` at byte 2 of it: `From` has 1 group',
        '`X-A` of `Set` is text "$hots"; `$hots` at byte 1 of it is not a variable; known are $host, '
        "$path, $query, $client, $proto, $request_id, $backend, and $$ for a dollar sign"]
