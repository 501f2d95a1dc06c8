"""Fault F3: old backends whose responses break a rule that can be made good.

The client of these tests reads strictly: a response that passes is in good form.
"""

import re

import pytest

from harness import answer, reserve_port, run_pound
from harness.config import plain_site

CODES = "chunk_space, response_bare_lf, response_status, response_cl_many"
LAX = f"Allow: [{CODES}]; MaxHeaders: 120"
SERVICES = """
    - URL: "^/lax"
      Backends: [*lax]
    - URL: "^/strict"
      Backends: [*strict]
"""
CONFIG = plain_site(backends={"lax": LAX, "strict": ""}, services=SERVICES)

LENGTH = b"Content-Length: 2"
CHUNKED = b"Transfer-Encoding: chunked"


def head(*fields, status=b"200 OK", eol=b"\r\n"):
    return eol.join([b"HTTP/1.1 " + status, *fields, b"", b""])


def many(count):
    return head(*[b"X-%d: y" % i for i in range(count - 1)], LENGTH) + b"ok"


# What the backend sends, by the last part of the path; and the code of the rule that it breaks.
GOOD = {
    "lf": (head(LENGTH, b"X-A: b", eol=b"\n") + b"ok", "response_bare_lf"),
    "lengths": (head(LENGTH, b"X-A: b", LENGTH, LENGTH) + b"ok", "response_cl_many"),
    "status": (head(LENGTH, b"X-A: b", status=b"999 Denied") + b"ok", "response_status"),
    "600": (head(LENGTH, b"X-A: b", status=b"600") + b"ok", "response_status"),
    "120": (many(120), "response_fields_too_many"),
}
BAD = {
    "lf-inside": (head(b"X-A: b\nSet-Cookie: c", LENGTH) + b"ok", "response_bare_lf"),
    "crlf-inside": (head(b"X-A: b\r", LENGTH, eol=b"\n") + b"ok", "response_bare_lf"),
    "crlf-end": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\r\nok", "response_bare_lf"),
    "cr-inside": (head(b"X-A: b\rc", LENGTH, eol=b"\n") + b"ok", "response_bare_cr"),
    "two-lengths": (head(LENGTH, b"Content-Length: 02") + b"ok", "response_cl_many"),
    "list": (head(b"Content-Length: 2, 2") + b"ok", "response_cl_invalid"),
    "length-te": (head(LENGTH, CHUNKED) + b"2\r\nok\r\n0\r\n\r\n", "response_cl_te"),
    "low": (head(LENGTH, status=b"099 Odd") + b"ok", "response_status"),
    "long": (head(LENGTH, status=b"2000 OK") + b"ok", "response_status"),
    "121": (many(121), "response_fields_too_many"),
}
# These break a rule of bodies, so that their head has gone out already.
GOOD_CHUNKS = {"space": b"2 \r\nok\r\n0  \r\n\r\n", "tab": b"2\t\r\nok\r\n0\r\n\r\n",
               "extension": b"2 ;x=y\r\nok\r\n0\r\n\r\n"}
BAD_CHUNKS = {"before": (b" 2\r\nok\r\n0\r\n\r\n", "chunk_size"),
              "within": (b"0 2\r\nok\r\n0\r\n\r\n", "chunk_extension"),
              "lf": (b"2 \nok\n0\n\n", "chunk_crlf")}


def handler(request):
    kind, name = request.target.split("/")[2:]
    if kind == "head":
        return (GOOD | BAD)[name][0]
    return head(CHUNKED) + (GOOD_CHUNKS[name] if name in GOOD_CHUNKS else BAD_CHUNKS[name][0])


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    port = shared_site.backend(script=answer(handler)).port
    return shared_site.pound(CONFIG, lax=port, strict=port)


def ask(site, where, target):
    return site.client(where.port).ask("GET", target)


def wait_reason(where, target, code):
    where.wait_log(rf'"GET {target} HTTP/1\.1" \d+ .* reason={code}$')


@pytest.mark.parametrize("name", GOOD | BAD)
def test_fault_F3_without_Allow_every_rule_holds(site, where, name):
    assert ask(site, where, f"/strict/head/{name}").status == 502
    # The first line decides before the others have arrived.
    code = "response_bare_lf" if name == "cr-inside" else (GOOD | BAD)[name][1]
    wait_reason(where, f"/strict/head/{name}", code)


@pytest.mark.parametrize("name", GOOD)
def test_fault_F3_a_relaxed_rule_lets_the_response_pass_in_good_form(site, where, name):
    client = site.client(where.port)
    for _ in range(2):  # the length is known, so the connection stays open
        got = client.ask("GET", f"/lax/head/{name}")
        assert got.start_line == {"status": "HTTP/1.1 999 Denied", "600": "HTTP/1.1 600 "}.get(
            name, "HTTP/1.1 200 OK")
        assert got.all("Content-Length") == ["2"]
        assert got.body == b"ok"
        assert len([field for field in got.fields if field[0].startswith("X-")]) == (
            119 if name == "120" else 1)


@pytest.mark.parametrize("name", BAD)
def test_fault_F3_what_cannot_be_made_good_is_refused_all_the_same(site, where, name):
    assert ask(site, where, f"/lax/head/{name}").status == 502
    wait_reason(where, f"/lax/head/{name}", BAD[name][1])


@pytest.mark.parametrize("name", GOOD_CHUNKS)
def test_fault_F3_white_space_behind_the_size_of_a_chunk(site, where, name):
    got = ask(site, where, f"/lax/chunks/{name}")
    assert (got.status, got.body, got.complete) == (200, b"ok", True)
    assert got.field("Transfer-Encoding") == "chunked"
    if name == "extension":  # a sender may write this
        return
    assert not ask(site, where, f"/strict/chunks/{name}").complete
    wait_reason(where, f"/strict/chunks/{name}", "chunk_space")


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_fault_F3_other_faults_of_chunks_are_refused(site, where, name):
    assert not ask(site, where, f"/lax/chunks/{name}").complete
    wait_reason(where, f"/lax/chunks/{name}", BAD_CHUNKS[name][1])


def test_fault_F3_requests_keep_their_rules(site, where):
    client = site.client(where.port)
    client.send(b"POST /lax/head/lf HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"2 \r\nok\r\n0\r\n\r\n")
    assert client.read_response().status == 400
    where.wait_log(r'"POST /lax/head/lf HTTP/1\.1" 400 .* reason=chunk_space$')


def test_fault_F3_a_reload_relaxes_and_restores(site):
    port = site.backend(script=answer(handler)).port
    pound = site.pound(CONFIG, lax=port, strict=port)
    assert ask(site, pound, "/lax/head/lf").status == 200
    pound.reload(plain_site(backends={"lax": "", "strict": LAX}, services=SERVICES))
    assert ask(site, pound, "/lax/head/lf").status == 502
    assert ask(site, pound, "/strict/head/lf").status == 200


LISTED = "the rules that can are " + ", ".join(f"`{code}`" for code in CODES.split(", "))


@pytest.mark.parametrize("code, message", [
    ("response_cl_te", "`response_cl_te` cannot be relaxed: it marks where lines and messages end; "
                       f"without it, responses could be split (RFC 9112 6.3); {LISTED}"),
    ("response_fields_too_many", "`response_fields_too_many` cannot be relaxed: it is a limit, not "
                                 f"a rule of syntax (RFC 9110 5.4); {LISTED}"),
    ("response_switch_unasked", "`response_switch_unasked` cannot be relaxed: it makes sure that "
                                f"nothing passes unread (RFC 9110 7.8); {LISTED}"),
    ("target_char", "`target_char` cannot be relaxed: it is about requests; only the `Allow` of a "
                    f"listener or a service relaxes rules about them (RFC 3986 3.3); {LISTED}"),
    ("response_bare_l", "there is no rule `response_bare_l`; did you mean `response_bare_lf`?"),
    ("chunk_space, chunk_space", "`chunk_space` is given twice"),
])
def test_fault_F3_the_check_names_what_cannot_be_relaxed(site, code, message):
    pound = site.prepare(plain_site(backends={"web": f"Allow: [{code}]"}), web=reserve_port())
    done = run_pound("-c", "-f", pound.config_file)
    assert done.returncode == 1
    column = 26 if code.startswith("chunk") else 13
    assert re.findall(r"^(.*?): error: (.*)$", done.stderr, re.M) == [
        (f"{pound.config_file}:9:{column}", message)]
    assert pound.config_file.read_text().splitlines()[8].startswith("    Allow: [")


@pytest.mark.parametrize("count", [0, 257])
def test_fault_F3_the_range_of_MaxHeaders(site, count):
    pound = site.prepare(plain_site(backends={"web": f"MaxHeaders: {count}"}), web=reserve_port())
    done = run_pound("-c", "-f", pound.config_file)
    assert done.returncode == 1
    assert f"error: `MaxHeaders` is {count}, expected a whole number from 1 to 256" in done.stderr
