"""ErrNNN of listeners and services: the first level that has a page decides."""

import pytest

from harness import Client, get, request, reserve_port
from harness.config import another_listener, plain_site
from harness.http2 import Http2

SERVICES = """
    - URL: "^/shop"
      Err404: $dir/shop404.html
      Err500: $dir/shop5xx.html
      Backends: [*dead]
    - URL: "^/gone"
      Err410: $dir/shop404.html
      Respond: 410
    - URL: "^/private"
      Err401: $dir/shop404.html
      Auth: {Realm: a, Users: $dir/users}
      Backends: [*dead]
    - URL: "^/denied"
      Clients: {Deny: [127.0.0.0/8]}
      Err403: $dir/shop404.html
      Backends: [*dead]
    - URL: "^/other"
      Backends: [*dead]
"""
OWN = plain_site(
    "Workers: 1; RequestID: X-Request-ID; Err404: $dir/global404.html; Err503: $dir/global503.html; "
    "Err500: $dir/global5xx.html",
    backends={"dead": ""},
    listener="Protocols: [h2c, http/1.1]; Err400: $dir/listener400.html; Err503: $dir/listener503.html",
    services=SERVICES)
SITE = OWN + another_listener("Port: $second", "- Backends: [*dead]")
PAGES = ("shop404", "shop5xx", "global404", "global503", "global5xx", "listener400", "listener503")


def write_pages(pound, mark=""):
    for name in PAGES:
        (pound.directory / f"{name}.html").write_text(f"{name}{mark}")


@pytest.fixture(name="pound")
def fixture_pound(site):
    dead = site.backend()
    dead.refuse()
    second = reserve_port()
    pound = site.prepare(SITE, dead=dead.port, second=second)
    write_pages(pound)
    (pound.directory / "users").write_text("a:$apr1$abcdefgh$irgkM1m.4r6bFhOA8eCi81\n")
    pound.second = second
    return pound.start()


# {target: (status, page)}; None: the built-in one
CAUSES = {
    "/shop": (503, "shop5xx"),        # before the listener's Err503
    "/gone": (410, "shop404"),
    "/private": (401, "shop404"),
    "/denied": (403, "shop404"),
    "/other": (503, "listener503"),   # before Global's
    "/nowhere": (404, "global404"),   # no service, and the listener has no page for it
}


@pytest.mark.parametrize("speak", ["http1", "http2"])
def test_levels(pound, speak):
    for target, (status, page) in CAUSES.items():
        if speak == "http1":
            got = get(pound.port, target)
        else:
            with Http2(pound.port) as client:
                got = client.ask("GET", target)
        assert (got.status, got.body.decode()) == (status, page), target


def test_another_listener_has_the_pages_of_global(pound):
    got = get(pound.second, "/")
    assert (got.status, got.body) == (503, b"global503")


def test_before_the_service_is_known(pound):
    with Client(pound.port) as client:
        client.send(b"GET /shop HTTP/1.1\r\n\r\n")
        assert client.read_response().body == b"listener400"
    with Client(pound.second) as client:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        assert b"<h1>400 Bad Request</h1><p>Request ID: " in client.read_response().body


def test_a_reload_reads_them_again_and_the_id_is_in_them(pound):
    write_pages(pound, " {request_id}")
    pound.reload()
    with Client(pound.port) as client:
        for target, (status, page) in CAUSES.items():
            client.send(request("GET", target))
            got = client.read_response()
            name, mark = got.body.decode().split(" ")
            assert (got.status, name, len(mark)) == (status, page, 36)


def test_a_page_that_is_not_there(pound):
    (pound.directory / "shop404.html").unlink()
    outcome = pound.reload(expect="failed")
    assert sum("No such file or directory; expected a readable HTML file" in line
               for line in pound.log().splitlines()) == 4, outcome
    assert get(pound.port, "/gone").body == b"shop404"
