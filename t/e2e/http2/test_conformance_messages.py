"""Requests and responses over HTTP/2: RFC 9113 section 8.

What is malformed is reset with PROTOCOL_ERROR (8.1.1), and the backend sees nothing of it.
"""

import pytest
from hyperframe.frame import RstStreamFrame

from harness import http2_frames as frames
from harness.http2 import Code

TRAILER = [("x-test", "ok")]


def expect_malformed(h2, web, fields):
    """Sends the fields as a request. They are an error of the stream, and Pound passes nothing."""
    before = len(web.requests)
    h2.send(frames.headers(1, frames.block(fields)))
    h2.expect_stream_error(1, Code.PROTOCOL_ERROR)
    assert len(web.requests) == before


# --- 8.1 requests and responses

def test_get(h2, web):
    got = h2.ask("GET", "/3?a=b")
    assert (got.status, got.body) == (200, b"ok")
    assert web.requests[-1].start_line == "GET /3?a=b HTTP/1.1"


def test_head_is_answered_without_a_body(h2, web):
    got = h2.ask("HEAD", "/head")
    assert (got.status, got.field("content-length"), got.body) == (200, "2", b"")
    assert web.requests[-1].start_line == "HEAD /head HTTP/1.1"


def test_post(h2, web):
    assert h2.ask("POST", "/post", ("content-length", "4"), body=b"test").body == b"test"
    asked = web.requests[-1]
    assert (asked.start_line, asked.body) == ("POST /post HTTP/1.1", b"test")


@pytest.mark.parametrize("body", [b"test", b""])
def test_post_with_a_trailer(h2, web, body):
    stream = h2.request("POST", "/post", ("trailer", "x-test"), end=False)
    h2.send(frames.data(stream, body) if body else b"",
            frames.headers(stream, frames.block(TRAILER)))
    assert h2.response(stream).body == body or b"ok"
    assert web.requests[-1].body == body


def test_names_in_responses_are_in_lower_case(h2):
    got = h2.ask()
    assert [name for name, _ in got.fields] == [name.lower() for name, _ in got.fields]
    assert got.fields[0] == (":status", "200")
    assert not {"connection", "transfer-encoding"} & {name for name, _ in got.fields}


def test_requests_of_many_streams_are_answered_on_their_streams(h2):
    sizes = {h2.request("GET", f"/{size}"): size for size in range(1, 60)}
    for stream in reversed(sizes):
        assert h2.response(stream).body == b"x" * sizes[stream]


@pytest.mark.parametrize("body", [b"", b"test"])
def test_a_second_headers_frame_without_end_stream_is_malformed(h2, body):
    stream = h2.request("POST", end=False)
    h2.send(frames.data(stream, body), frames.headers(stream, frames.block(TRAILER), end=False))
    h2.expect_stream_error(stream, Code.PROTOCOL_ERROR)


# --- 8.1.1 content-length

@pytest.mark.parametrize("length, parts", [
    (1, [b"test"]), (1, [b"test", b"test"]), (0, [b"test"]), (3, [b"test"]),
    (5, [b"test"]), (9, [b"test", b"test"]), (1, [b""])], ids=repr)
@pytest.mark.parametrize("has_trailer", [False, True])
def test_a_body_that_differs_from_content_length_is_malformed(h2, length, parts, has_trailer):
    last = len(parts) - 1
    h2.send(frames.headers(1, h2.block("POST", "/", ("content-length", str(length))), end=False),
            *(frames.data(1, part, end=i == last and not has_trailer)
              for i, part in enumerate(parts)),
            frames.headers(1, frames.block(TRAILER)) if has_trailer else b"")
    h2.expect_stream_error(1, Code.PROTOCOL_ERROR)


def test_a_content_length_without_a_body_is_malformed(h2, web):
    expect_malformed(h2, web, h2.fields("POST", "/", ("content-length", "4")))


@pytest.mark.parametrize("parts", [[b"test"], [b"te", b"", b"st"], [b"test", b""]], ids=repr)
def test_a_body_of_content_length_is_passed(h2, web, parts):
    stream = h2.request("POST", "/", ("content-length", "4"), end=False)
    h2.send(*(frames.data(stream, part, end=i == len(parts) - 1) for i, part in enumerate(parts)))
    assert h2.response(stream).body == b"test"
    assert web.requests[-1].field("content-length") == "4"


# --- 8.2 fields

@pytest.mark.parametrize("field", [
    ("X-TEST", "ok"), ("x-Test", "ok"), ("x test", "ok"), ("x-test ", "ok"), ("x:test", "ok"),
    ("", "ok"), ("x\0test", "ok"), ("x-test\r", "ok"), ("x\x7ftest", "ok"), ("x-t\xe9st", "ok"),
    ("x-test", "a\0b"), ("x-test", "a\rb"), ("x-test", "a\nb"), ("x-test", "a\r\nx-more: b"),
    ("x-test", " ok"), ("x-test", "ok "), ("x-test", "\tok"), ("x-test", "ok\t")], ids=repr)
def test_a_name_or_a_value_with_a_forbidden_byte_is_malformed(h2, web, field):
    """Section 8.2.1."""
    expect_malformed(h2, web, h2.fields("GET", "/", field))


@pytest.mark.parametrize("field", [
    ("connection", "keep-alive"), ("connection", "close"), ("proxy-connection", "keep-alive"),
    ("keep-alive", "timeout=5"), ("transfer-encoding", "chunked"), ("upgrade", "h2c"),
    ("te", "trailers, deflate"), ("te", "gzip"), ("te", "")], ids=repr)
def test_a_field_of_the_connection_is_malformed(h2, web, field):
    """Section 8.2.2."""
    expect_malformed(h2, web, h2.fields("GET", "/", field))


def test_te_trailers_is_taken(h2):
    assert h2.ask("GET", "/", ("te", "trailers")).status == 200


@pytest.mark.parametrize("crumbs", [["a=b"], ["a=b", "c=d"], ["a=b; c=d", "e=f", "g=h"]], ids=repr)
def test_the_parts_of_a_cookie_become_one(h2, web, crumbs):
    """Section 8.2.3."""
    assert h2.ask("GET", "/", *(("cookie", crumb) for crumb in crumbs)).status == 200
    assert web.requests[-1].all("cookie") == ["; ".join(crumbs)]


# --- 8.3 pseudo-fields

@pytest.mark.parametrize("field", [(":test", "ok"), (":status", "200"), (":", "x")], ids=repr)
def test_a_pseudo_field_that_requests_do_not_have_is_malformed(h2, web, field):
    expect_malformed(h2, web, h2.fields() + [field])


@pytest.mark.parametrize("field", [
    (":method", "POST"), (":path", "/"), (":scheme", "http"), (":authority", "a"),
    (":status", "200"), (":test", "ok")], ids=repr)
@pytest.mark.parametrize("end", [False, True])
def test_a_pseudo_field_in_a_trailer_is_malformed(h2, field, end):
    stream = h2.request("POST", end=False)
    h2.send(frames.data(stream, b"test"), frames.headers(stream, frames.block([field]), end=end))
    h2.expect_stream_error(stream, Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("name", [":method", ":scheme", ":path", ":authority"])
def test_a_pseudo_field_behind_a_regular_one_is_malformed(h2, web, name):
    fields = h2.fields()
    late = next(field for field in fields if field[0] == name)
    fields.remove(late)
    expect_malformed(h2, web, [*fields, ("x-test", "ok"), late])


@pytest.mark.parametrize("name", [":method", ":scheme", ":path"])
def test_a_pseudo_field_that_is_missing_is_malformed(h2, web, name):
    """Section 8.3.1."""
    expect_malformed(h2, web, h2.fields(without=[name]))


@pytest.mark.parametrize("name", [":method", ":scheme", ":path", ":authority"])
def test_a_pseudo_field_that_comes_twice_is_malformed(h2, web, name):
    fields = h2.fields()
    expect_malformed(h2, web, fields + [field for field in fields if field[0] == name])


@pytest.mark.parametrize("path", ["", "a", "?a=b", "*"])
def test_a_path_that_is_none_is_malformed(h2, web, path):
    """Section 8.3.1: it begins with a slash; `*` is for OPTIONS."""
    expect_malformed(h2, web, h2.fields("GET", path))


@pytest.mark.parametrize("method", ["", "G ET", "GE:T", "G\0T"], ids=repr)
def test_a_method_that_is_none_is_malformed(h2, web, method):
    expect_malformed(h2, web, h2.fields(method))


def test_userinfo_in_authority_is_refused(h2, web):
    before = len(web.requests)
    assert h2.ask(authority="user@www.example.com").status == 400
    assert len(web.requests) == before


def test_pseudo_fields_may_come_in_any_order(h2, web):
    h2.send(frames.headers(1, frames.block(reversed(h2.fields("GET", "/order")))))
    assert h2.response(1).status == 200
    assert web.requests[-1].target == "/order"


# --- 8.5 CONNECT, and RFC 8441

def test_connect_is_not_allowed(h2, web):
    before = len(web.requests)
    stream = h2.next_stream()
    h2.send(frames.headers(stream, frames.block([(":method", "CONNECT"), (":authority", "a:443")])))
    assert h2.response(stream).status == 405
    assert len(web.requests) == before


@pytest.mark.parametrize("without", [
    [], [":scheme"], [":path"], [":scheme", ":path", ":authority"]], ids=repr)
def test_connect_with_other_pseudo_fields_than_authority_is_malformed(h2, web, without):
    expect_malformed(h2, web, h2.fields("CONNECT", authority="a:443", without=without))


@pytest.mark.parametrize("without", [[":scheme"], [":path"], [":scheme", ":path"]], ids=repr)
def test_extended_connect_needs_all_pseudo_fields(h2, web, without):
    expect_malformed(h2, web, h2.fields("CONNECT", protocol="websocket", without=without))


def test_protocol_without_connect_is_malformed(h2, web):
    expect_malformed(h2, web, h2.fields("GET", protocol="websocket"))


# --- what a malformed request leaves behind

def test_a_malformed_request_leaves_the_connection_as_it_was(h2):
    for at in range(20):
        if at % 2:
            stream = h2.request("GET", "/", ("X-Bad", "x"))
            h2.expect_reset(stream, Code.PROTOCOL_ERROR)
        else:
            assert h2.ask("GET", f"/{at}").body == b"x" * at
    assert not [f for f in h2.unclaimed if isinstance(f, RstStreamFrame)]
