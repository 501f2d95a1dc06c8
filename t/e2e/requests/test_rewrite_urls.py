"""RewriteLocation and RewriteDestination: only exact addresses of the backend or the listener change."""

import os
import shutil
import subprocess

import pytest

from harness import TIMEOUT, get, reserve_port, response, wait_until
from harness.config import plain_site, tls_site
from harness.http2 import Http2
from harness.nginx import HTTP


def locations(site, pound, web, urls, **how):
    """What becomes of each URL in Location, and in Content-Location."""
    got = []
    with (site.tls_client(pound.port) if how.get("tls") else site.client(pound.port)) as client:
        for url in urls:
            web.url = url.format(port=web.port)
            answer = client.ask("GET", "/", *how.get("fields", ()))
            got.append(answer.field("Location"))
            assert answer.field("Content-Location") == got[-1]
            assert answer.body == web.url.encode()
    return got


@pytest.fixture(name="web")
def fixture_web(site):
    """A backend that answers with a redirect to `url`."""
    web = site.backend(lambda _: response(
        web.url.encode(), f"Location: {web.url}", f"content-location: {web.url}", status="302 Found"))
    return web


STAYS = ["/a", "//127.0.0.1:{port}/", "http://127.0.0.1/", "http://u@127.0.0.1:{port}/",
         "http://127.0.0.1:{port}.evil.example/", "http://127.0.0.1:{port}@evil.example/",
         "http://backend.evil.example/", "http://sub.www.example.com/",
         "http://www.example.com:8080/"]


@pytest.mark.parametrize("mode, own, other_scheme", [
    ("RewriteLocation: 0", "http://127.0.0.1:{port}/a?b#c", "https://www.example.com/a"),
    ("", "http://127.0.0.1:{port}/a?b#c", "https://www.example.com/a"),
    ("RewriteLocation: 1", "http://www.example.com/a?b#c", "http://www.example.com/a"),
    ("RewriteLocation: 2", "http://www.example.com/a?b#c", "https://www.example.com/a")],
    ids=["0", "absent", "1", "2"])
def test_locations_of_each_mode(site, web, mode, own, other_scheme):
    pound = site.pound(plain_site(listener=mode), web=web.port)
    urls = ["http://127.0.0.1:{port}/a?b#c", "https://www.example.com/a", *STAYS]
    assert locations(site, pound, web, urls) == [
        url.format(port=web.port) for url in [own, other_scheme, *STAYS]]


def test_a_name_and_its_addresses(site, web):
    """The backend is known by its Address as configured and by the addresses of that name."""
    pound = site.pound(plain_site(backends={"web": "Address: localhost"},
                                  listener="RewriteLocation: 2"), web=web.port)
    urls = ["http://LOCALHOST:{port}/a", "http://127.0.0.1:{port}/a", "http://127.0.0.2:{port}/a"]
    assert locations(site, pound, web, urls) == [
        "http://www.example.com/a", "http://www.example.com/a",
        f"http://127.0.0.2:{web.port}/a"]


def test_a_backend_behind_https_redirects_to_http(site, web, certificates):
    pound = site.pound(tls_site(listener="Certificates: $pem; RewriteLocation: 1"),
                       web=web.port, pem=certificates["ec"].pem)
    urls = ["http://www.example.com/a", "http://127.0.0.1:{port}/a", "https://www.example.com/a",
            "http://www.example.org/a"]
    assert locations(site, pound, web, urls, tls=True) == [
        "https://www.example.com/a", "https://www.example.com/a", "https://www.example.com/a",
        "http://www.example.org/a"]


def test_a_trusted_proxy_tells_what_the_client_has_asked(site, web):
    fields = ("X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example.com")
    urls = ["http://127.0.0.1:{port}/a", "http://shop.example.com/a", "http://www.example.com/a"]
    pound = site.pound(plain_site(
        listener="TrustedProxies: [127.0.0.1]; RewriteLocation: 1"), web=web.port)
    assert locations(site, pound, web, urls, fields=fields) == [
        "https://shop.example.com/a", "https://shop.example.com/a", "http://www.example.com/a"]
    pound = site.pound(plain_site(listener="RewriteLocation: 1"), web=web.port)
    assert locations(site, pound, web, urls, fields=fields)[0] == "http://www.example.com/a"


def test_a_request_without_a_host(site, web):
    pound = site.pound(plain_site(listener="RewriteLocation: 1"), web=web.port)
    web.url = f"http://127.0.0.1:{web.port}/a"
    client = site.client(pound.port)
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert client.read_response().field("Location") == web.url


# --- Destination

def destinations(pound, web, client, urls, *fields):
    for url in urls:
        assert client.ask("COPY", "/a", f"Destination: {url}", *fields).status == 200
    web.wait_requests(len(urls))
    return [request.field("Destination") for request in web.requests]


URLS = ["https://www.example.com/b%20c", "https://WWW.example.com:443/b", "http://www.example.com/b",
        "https://www.example.org/b", "https://www.example.com.evil.example/b",
        "https://u@www.example.com/b", "https://www.example.com:8443/b", "/b"]


@pytest.mark.parametrize("mode, first", [
    ("", URLS[:2]), ("; RewriteDestination: false", URLS[:2]),
    ("; RewriteDestination: true", ["http://www.example.com/b%20c", "http://www.example.com/b"])],
    ids=["absent", "false", "true"])
def test_destination_of_a_client_that_speaks_tls(site, certificates, mode, first):
    web = site.backend()
    pound = site.pound(tls_site(listener="Certificates: $pem" + mode), web=web.port, pem=certificates["ec"].pem)
    client = site.tls_client(pound.port)
    assert destinations(pound, web, client, URLS) == first + URLS[2:]


def test_destination_of_a_client_of_a_trusted_proxy(site):
    web = site.backend()
    pound = site.pound(plain_site(listener="TrustedProxies: [127.0.0.1]; RewriteDestination: true"),
                       web=web.port)
    urls = ["https://shop.example.com/b", "http://shop.example.com/b", "https://www.example.com/b"]
    assert destinations(pound, web, site.client(pound.port), urls, "X-Forwarded-Proto: https",
                        "X-Forwarded-Host: shop.example.com") == [
        "http://www.example.com/b", *urls[1:]]


# --- HTTP/2

def test_both_over_http2(site, web):
    pound = site.pound(plain_site(listener="Protocols: [h2c, http/1.1]; RewriteLocation: 2; "
                                           "RewriteDestination: true"), web=web.port)
    client = site.add_client(Http2(pound.port))
    web.url = f"http://127.0.0.1:{web.port}/a"
    got = client.ask("COPY", "/a", ("destination", "http://www.example.com:80/b"))
    assert got.field("location") == got.field("content-location") == "http://www.example.com/a"
    assert web.requests[0].field("destination") == "http://www.example.com/b"
    web.url = "http://127.0.0.2/a"
    assert client.ask("GET", "/").field("location") == web.url


# --- a server of WebDAV without TLS, behind HTTPS

NGINX = HTTP + """  client_body_temp_path {folder}/tmp;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/files;
    dav_methods PUT DELETE MKCOL COPY MOVE;
  }}
}}
"""


@pytest.fixture(name="dav")
def fixture_dav(tmp_path):
    """The port of an nginx that serves files with WebDAV, and their folder."""
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program or "--with-http_dav_module" not in subprocess.run(
            [program, "-V"], capture_output=True, text=True, check=True).stderr:
        pytest.skip("nginx with WebDAV is not installed")
    folder, port = tmp_path / "dav", reserve_port()
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "a").write_text("text")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    for path in (folder, folder / "files"):
        path.chmod(0o777)
    with open(folder / "said", "wb") as said:
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            [program, "-p", folder, "-c", folder / "nginx.conf"], stdin=subprocess.DEVNULL,
            stdout=said, stderr=said)

    def is_up():
        assert process.poll() is None, (folder / "said").read_text()
        try:
            return get(port, "/a").body == b"text"
        except ConnectionError:
            return False
    try:
        wait_until(is_up, lambda: "nginx; it said:\n" + (folder / "said").read_text())
        yield port, folder / "files"
    finally:
        process.kill()
        process.wait(TIMEOUT)


@pytest.mark.parametrize("mode, status", [("; RewriteDestination: true", 204), ("", 400)])
def test_copy_and_move_in_nginx_behind_https(site, certificates, dav, mode, status):
    port, files = dav
    pound = site.pound(tls_site(listener="Certificates: $pem" + mode), web=port,
                       pem=certificates["ec"].pem)
    client = site.tls_client(pound.port)
    to = "Destination: https://www.example.com/"
    assert client.ask("COPY", "/a", to + "b").status == status
    assert client.ask("MOVE", "/a", to + "c").status == status
    assert sorted(os.listdir(files)) == (["b", "c"] if status == 204 else ["a"])
