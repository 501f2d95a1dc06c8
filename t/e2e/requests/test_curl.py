"""curl as a real client: HTTP/1.0 and 1.1, uploads, ranges, many requests at once."""

import hashlib
import os
import re
import shutil
import subprocess

import pytest

from harness import TIMEOUT, response
from harness.config import plain_site

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")

CONFIG = plain_site("Workers: 2")

FILE = os.urandom(1000) * 300


def server(connection):
    """Serves FILE and ranges of it, answers uploads with their digest, and sends 100 on request."""
    while head := connection.read_request_head():
        if head.field("Expect"):
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        received = connection.read_body(head)
        wanted = received.field("Range")
        if head.method in ("POST", "PUT"):
            connection.send(response(hashlib.sha256(received.body).hexdigest().encode()))
        elif head.method == "HEAD":
            connection.send(response(b"", f"Content-Length: {len(FILE)}", length=False))
        elif wanted:
            first, last = (int(n) for n in wanted.removeprefix("bytes=").split("-"))
            connection.send(response(FILE[first:last + 1], status="206 Partial Content",
                                     *[f"Content-Range: bytes {first}-{last}/{len(FILE)}"]))
        else:
            connection.send(response(FILE, "Content-Type: application/octet-stream"))


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend(script=server)
    return shared_site.pound(CONFIG, web=backend.port), backend


def curl(where, *args, path="/file", **kwargs):
    done = subprocess.run(["curl", "-sS", "--max-time", str(int(TIMEOUT)), *args,
                           f"http://127.0.0.1:{where[0].port}{path}"], capture_output=True,
                          check=False, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout


DIGEST = hashlib.sha256(FILE).hexdigest().encode()


def test_http10(where):
    assert curl(where, "--http1.0") == FILE


def test_http11(where):
    assert curl(where, "--http1.1") == FILE


def test_twice_on_one_connection(where):
    url = f"http://127.0.0.1:{where[0].port}/second"
    done = subprocess.run(["curl", "-sSv", url, url], capture_output=True, check=True)
    assert done.stdout == FILE * 2
    # curl 8.12 and later name the scheme: "Re-using existing http: connection".
    assert re.search(rb"Re-using existing (http: )?connection", done.stderr), done.stderr


def test_head(where):
    assert f"content-length: {len(FILE)}".encode() in curl(where, "-I").lower()


def test_range(where):
    assert curl(where, "-r", "1000-1999") == FILE[1000:2000]
    assert b" 206 " in curl(where, "-i", "-r", "0-0")[:20]


def test_upload(where):
    assert curl(where, "-T", "-", "-H", f"Content-Length: {len(FILE)}", "-H", "Transfer-Encoding:",
                input=FILE) == DIGEST


def test_upload_with_100_continue(where):
    done = subprocess.run(
        ["curl", "-sSv", "--max-time", str(int(TIMEOUT)), "--expect100-timeout", str(TIMEOUT),
         "-H", "Expect: 100-continue", "--data-binary", "@-",
         f"http://127.0.0.1:{where[0].port}/expect"], input=FILE, capture_output=True, check=True)
    assert done.stdout == DIGEST
    assert b"100 Continue" in done.stderr


def test_chunked_upload(where):
    assert curl(where, "-H", "Transfer-Encoding: chunked", "-H", "Expect:", "-T", "-",
                input=FILE) == DIGEST
    assert where[1].requests[-1].framing()[0] == "chunked"


def test_form(where):
    assert curl(where, "-d", "a=b&c=d") == hashlib.sha256(b"a=b&c=d").hexdigest().encode()


def test_many_at_once(where):
    url = f"http://127.0.0.1:{where[0].port}/[1-50]"
    done = subprocess.run(["curl", "-sS", "-Z", "-w", "%{http_code}\n", "-o", "/dev/null", url],
                          capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["200"] * 50
