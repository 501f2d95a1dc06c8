"""Compress: what clients of each kind get, over HTTP/1 and HTTP/2, and what passes as it is."""

import hashlib
import random
import shutil
import subprocess
import threading
import zlib
from urllib.parse import quote, unquote

import pytest
from hyperframe.frame import DataFrame, HeadersFrame

from harness import TIMEOUT, Client, chunked, get, request, response
from harness.config import plain_site
from harness.flood import MIB
from harness.http2 import Http2
from harness.http2_frames import Code

CODINGS = ["zstd", "br", "gzip"]
CONFIG = plain_site(listener="Protocols: [h2c, http/1.1]", services="""
- URL: "^/zstd"
  Backends: [*web]
  Compress: zstd
- URL: "^/br"
  Backends: [*web]
  Compress: br
- URL: "^/gzip"
  Backends: [*web]
  Compress: gzip
- URL: "^/events"
  Backends: [*web]
  Compress: {Types: [text/event-stream]}
- URL: "^/plain"
  Backends: [*web]
- Backends: [*web]
  Compress: [zstd, br, gzip]
""")
CHROMIUM = shutil.which("chromium")
WORDS = ["listener", "backend", "<b>", "</b>", "of", "the", "\n"]
TEXT = " ".join(random.Random(1).choices(WORDS, k=20000)).encode()
HTML = "Content-Type: text/html; charset=utf-8"


def is_text(data):
    """Whether these are the bytes of TEXT: pytest takes minutes to show a difference."""
    return data == TEXT


def node(script, data):
    return subprocess.run(["node", "-e", f"const zlib = require('zlib');"
                           f"process.stdout.write({script})"],
                          input=data, capture_output=True, check=True, timeout=TIMEOUT).stdout


def decoded(coding, data):
    """The bytes behind a coding."""
    if coding is None:
        return data
    if coding == "gzip":
        decoder = zlib.decompressobj(31)
        plain = decoder.decompress(data)
        assert decoder.eof and not decoder.unused_data
        return plain
    if coding == "br":
        if shutil.which("node") is None:
            pytest.skip("node is not installed")
        return node("zlib.brotliDecompressSync(require('fs').readFileSync(0))", data)
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    return subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True,
                          timeout=TIMEOUT).stdout


def pages(asked):
    """The backend: TEXT with the fields that the query of the request lists."""
    _, _, query = asked.target.partition("?")
    fields = [unquote(field).replace("=", ": ", 1) for field in query.split("&") if field]
    if not query.startswith("Content-Type"):
        fields.append(HTML)
    if asked.method == "HEAD":
        return response(b"", *fields, f"Content-Length: {len(TEXT)}", length=False)
    return response(TEXT, *fields)


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    return shared_site.pound(CONFIG, web=shared_site.backend(pages).port)


# --- who gets what

@pytest.mark.parametrize("coding", CODINGS)
def test_each_coding_over_http1(where, coding):
    got = get(where.port, "/", f"Accept-Encoding: {coding}")
    assert got.field("Content-Encoding") == coding
    assert got.field("Vary") == "Accept-Encoding"
    assert got.framing() == ("chunked", None)
    assert len(got.body) < len(TEXT) / 3
    assert is_text(decoded(coding, got.body))


@pytest.mark.parametrize("coding", CODINGS)
def test_each_coding_over_http2(where, coding):
    with Http2(where.port) as client:
        got = client.ask("GET", "/", ("accept-encoding", coding))
        assert got.field("content-encoding") == coding
        assert got.field("vary") == "Accept-Encoding"
        assert got.field("content-length") is None
        assert is_text(decoded(coding, got.body))


def test_the_order_of_the_configuration_and_weights(where):
    def coding(accepted):
        return get(where.port, "/", f"Accept-Encoding: {accepted}").field("Content-Encoding")

    assert coding("gzip, deflate, br, zstd") == "zstd"
    assert coding("gzip, deflate, br") == "br"
    assert coding("gzip;q=1.0, br;q=0.5, *;q=0") == "gzip"
    assert coding("*") == "zstd"
    assert coding("gzip;q=0, identity") is None


def test_the_backend_sees_accept_encoding_as_it_was_sent(site):
    backend = site.backend(pages)
    pound = site.pound(CONFIG, web=backend.port)
    assert get(pound.port, "/", "Accept-Encoding: gzip;q=0.5, br").status == 200
    assert backend.requests[0].all("Accept-Encoding") == ["gzip;q=0.5, br"]


def test_http10_until_the_end_of_the_connection(where):
    with Client(where.port) as client:
        client.send(request("GET", "/", "Accept-Encoding: gzip", version="1.0"))
        got = client.read_response()
        assert got.field("Content-Encoding") == "gzip"
        assert got.framing() == (None, None)
        assert is_text(decoded("gzip", got.body))


def test_a_service_without_compress(where):
    got = get(where.port, "/plain", "Accept-Encoding: gzip")
    assert is_text(got.body)
    assert got.framing() == ("length", len(TEXT))
    assert (got.field("Content-Encoding"), got.field("Vary")) == (None, None)


# --- what is never compressed

@pytest.mark.parametrize("asked, query, varies", [
    (None, "", True),
    ("Accept-Encoding: deflate", "", True),
    ("Accept-Encoding: gzip;q=0", "", True),
    ("Range: bytes=0-5", "", True),
    ("Cache-Control: no-transform", "", True),
    (None, "Content-Type=image/png", False),
    (None, "Content-Encoding=zz", False),
    (None, "Cache-Control=max-age=5,no-transform", False),
    (None, "Content-Range=bytes 0-1/2", False),
], ids=str)
def test_passes_as_it_is(where, asked, query, varies):
    fields = ["Accept-Encoding: gzip"] if query or (asked or "").startswith(("Ra", "Ca")) else []
    fields += [asked] if asked else []
    got = get(where.port, "/?" + quote(query, safe="=,/"), *fields)
    assert is_text(got.body)
    assert got.framing() == ("length", len(TEXT))
    assert got.field("Vary") == ("Accept-Encoding" if varies else None)


def test_short_bodies_and_error_pages_pass(site):
    backend = site.backend(lambda _: response(b"x" * 1023, HTML))
    pound = site.pound(CONFIG, web=backend.port)
    assert get(pound.port, "/", "Accept-Encoding: gzip").body == b"x" * 1023
    backend.close()
    got = get(pound.port, "/", "Accept-Encoding: gzip")
    assert got.status == 503
    assert got.field("Content-Encoding") is None


def test_cross_site_requests_with_credentials(where):
    def coding(*fields, query=""):
        got = get(where.port, f"/?{query}", "Accept-Encoding: gzip", *fields)
        assert got.field("Vary") == "Accept-Encoding"
        return got.field("Content-Encoding")

    cross = "Sec-Fetch-Site: cross-site"
    assert coding(cross) == "gzip"
    assert coding(cross, "Cookie: a=b") is None
    assert coding(cross, "Authorization: Basic YTpi") is None
    assert coding(cross, query="Set-Cookie=a=b") is None
    assert coding("Cookie: a=b", query="Set-Cookie=a=b") == "gzip"
    assert coding("Sec-Fetch-Site: same-site", "Cookie: a=b") == "gzip"
    with Http2(where.port) as client:
        got = client.ask("GET", "/", ("accept-encoding", "gzip"), ("cookie", "a=b"),
                         ("sec-fetch-site", "cross-site"))
        assert got.field("content-encoding") is None
        assert is_text(got.body)


# --- the head

def test_the_fields_of_a_compressed_response(where):
    tag = "/?ETag=" + quote('"a"')
    got = get(where.port, tag + "&Accept-Ranges=bytes&Content-MD5=x&Vary=Origin&A=b",
              "Accept-Encoding: gzip")
    assert got.field("ETag") == 'W/"a"'
    assert got.field("Accept-Ranges") is None
    assert got.field("Content-MD5") is None
    assert got.all("Vary") == ["Origin, Accept-Encoding"]
    assert got.field("A") == "b"
    plain = get(where.port, tag + "&Accept-Ranges=bytes&Content-MD5=x")
    assert plain.field("ETag") == '"a"'
    assert plain.field("Accept-Ranges") == "bytes"
    assert plain.field("Content-MD5") == "x"


def test_head_has_the_fields_of_get_without_a_length(where):
    with Client(where.port) as client:
        for _ in range(2):  # on one connection: no byte of a body follows
            got = client.ask("HEAD", "/", "Accept-Encoding: br")
            assert got.field("Content-Encoding") == "br"
            assert got.field("Content-Length") is None
        assert client.ask("HEAD", "/").field("Content-Length") == str(len(TEXT))
    with Http2(where.port) as client:
        got = client.ask("HEAD", "/", ("accept-encoding", "br"))
        assert (got.field("content-encoding"), got.body) == ("br", b"")
        assert got.field("content-length") is None


def test_a_304_for_a_client_that_has_the_compressed_response(site):
    def script(asked):
        tag = asked.field("If-None-Match")
        if tag:
            return response(b"", 'ETag: "a"', status="304 Not Modified", length=False)
        return response(TEXT, 'ETag: "a"', HTML)

    pound = site.pound(CONFIG, web=site.backend(script).port)
    with Client(pound.port) as client:
        tag = client.ask("GET", "/", "Accept-Encoding: gzip").field("ETag")
        got = client.ask("GET", "/", "Accept-Encoding: gzip", f"If-None-Match: {tag}")
        assert (got.status, got.field("ETag")) == (304, 'W/"a"')
        assert got.field("Vary") == "Accept-Encoding"
        assert got.field("Content-Encoding") is None
        got = client.ask("GET", "/", 'If-None-Match: "a"')
        assert (got.status, got.field("ETag")) == (304, '"a"')


def test_a_trailer_passes_without_digests_of_other_bytes(site):
    answer = response(chunked(TEXT, trailer=b"X-Sum: 1\r\nContent-Digest: x\r\n"), HTML,
                      "Transfer-Encoding: chunked", length=False)
    pound = site.pound(CONFIG, web=site.backend(lambda _: answer).port)
    got = get(pound.port, "/", "Accept-Encoding: gzip")
    assert is_text(decoded("gzip", got.body))
    assert got.trailer == [("X-Sum", "1")]


def test_the_log_counts_the_bytes_that_were_sent(site):
    pound = site.pound(CONFIG, web=site.backend(pages).port)
    got = get(pound.port, "/", "Accept-Encoding: gzip")
    assert pound.wait_records(1)[0]["bytes"] == str(len(got.body))


# --- in time, and cut off

def decoded_so_far(coding, data):
    """What a client can decode of a response that goes on."""
    if coding == "gzip":
        return zlib.decompressobj(31).decompress(data)
    if coding == "br":
        if shutil.which("node") is None:
            pytest.skip("node is not installed")
        return node("zlib.brotliDecompressSync(require('fs').readFileSync(0),"
                    "{finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH})", data)
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    return subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=False,
                          timeout=TIMEOUT).stdout


def parts_over_http1(client, coding):
    """Asks for the events; returns a function that waits for the next part of the body."""
    client.send(request("GET", "/events", f"Accept-Encoding: {coding}"))
    assert client.read_head().field("Content-Encoding") == coding
    return client.read_chunk


def parts_over_http2(client, coding):
    stream = client.request("GET", "/events", ("accept-encoding", coding))
    client.claim_type(HeadersFrame, stream)
    return lambda: client.claim_type(DataFrame, stream).data


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("connect, parts", [(Client, parts_over_http1), (Http2, parts_over_http2)],
                         ids=["http1", "http2"])
def test_events_arrive_at_once(site, connect, parts, coding):
    """Each event is here before the backend sends the next one."""
    taken = threading.Semaphore(0)
    count = 5

    def script(connection):
        connection.read_request()
        connection.send(response(b"", "Content-Type: text/event-stream", length=False))
        for number in range(count):
            connection.send(b"data: %d\n\n" % number)
            assert taken.acquire(timeout=TIMEOUT)  # the next one waits for the client

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    with connect(pound.port) as client:
        next_part = parts(client, coding)
        body = b""
        for number in range(count):
            expected = b"".join(b"data: %d\n\n" % n for n in range(number + 1))
            while True:
                body += next_part()
                if decoded_so_far(coding, body) == expected:
                    break
            taken.release()
        body += next_part()
        assert decoded(coding, body) == expected


@pytest.mark.parametrize("coding", CODINGS)
def test_a_response_that_is_cut_off(site, coding):
    def script(connection):
        connection.read_request()
        connection.send(response(TEXT, HTML, f"Content-Length: {len(TEXT) + 1}", length=False))

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    got = get(pound.port, "/", f"Accept-Encoding: {coding}")
    assert got.field("Content-Encoding") == coding
    assert not got.complete
    with Http2(pound.port) as client:
        stream = client.request("GET", "/", ("accept-encoding", coding))
        client.expect_reset(stream, Code.INTERNAL_ERROR)
    assert {record["reason"] for record in pound.wait_records(2)} == {"backend_truncated"}


# --- real clients

def curl(pound, path, *args):
    return subprocess.run(["curl", "-sS", "--max-time", "120", "--compressed", *args,
                           f"http://127.0.0.1:{pound.port}{path}"],
                          capture_output=True, check=True).stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("coding", CODINGS)
def test_curl(where, coding):
    for protocol in ("--http1.1", "--http2-prior-knowledge"):
        got = curl(where, f"/{coding}", protocol, "-D", "-")
        head, _, body = got.partition(b"\r\n\r\n")
        assert f"\r\ncontent-encoding: {coding}" in head.decode().lower()
        assert is_text(body)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_node(where, coding):
    script = (f"fetch('http://127.0.0.1:{where.port}/{coding}', "
              f"{{headers: {{'accept-encoding': '{coding}'}}}}).then(async r => process.stdout"
              ".write(r.headers.get('content-encoding') + ' ' + await r.text()))")
    done = subprocess.run(["node", "-e", script], capture_output=True, check=True,
                          timeout=TIMEOUT)
    got, _, text = done.stdout.partition(b" ")
    assert got.decode() == coding
    assert is_text(text)


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("coding", CODINGS)
def test_chromium(site, tmp_path, coding):
    page = b"<p id=a>" + b"word " * 20000 + b"</p><script>document.title=" \
           b"document.getElementById('a').textContent.length</script>"
    pound = site.pound(CONFIG, web=site.backend(lambda _: response(page, HTML)).port)
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", f"--user-data-dir={tmp_path}", "--dump-dom",
         f"http://127.0.0.1:{pound.port}/{coding}"],
        capture_output=True, text=True, check=True, timeout=120)
    assert "<title>100000</title>" in done.stdout
    record = next(r for r in pound.wait_records(1) if f"/{coding}" in r["request"])
    assert int(record["bytes"]) < 5000


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_100_mib(site):
    block = TEXT[:len(TEXT) // 64 * 64] * 16
    count = 100 * MIB // len(block) + 1

    def script(connection):
        connection.read_request()
        connection.send(response(b"", HTML, f"Content-Length: {count * len(block)}",
                                 length=False))
        for _ in range(count):
            connection.send(block)

    pound = site.pound(CONFIG, web=site.backend(script=script).port)
    expected = hashlib.sha256()
    for _ in range(count):
        expected.update(block)
    assert hashlib.sha256(curl(pound, "/zstd")).digest() == expected.digest()
