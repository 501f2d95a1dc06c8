"""Active checks: what is asked, what counts as an answer, when a backend dies and comes back."""

import ssl
import time

import pytest

from harness import get, reserve_port, response, scaled, wait_until
from harness.config import plain_site
from harness.status import read_status


class Checked:
    """What two servers answer to checks, which ask for /check; other requests are answered well."""

    def __init__(self, name=b"one"):
        self.name = name
        self.answer = response()

    def __call__(self, request):
        return self.answer if request.target.startswith("/check") else response(self.name)


def checks_of(backend):
    return [one for one in list(backend.requests) if one.target.startswith("/check")]


def state(pound, name="web"):
    return read_status(pound).one("backend", name=name)


@pytest.fixture(name="start")
def fixture_start(site):
    """A daemon with one backend and its check."""
    def start(check, script=None, tls=None, workers=1, more="", **values):
        handler = Checked()
        backend = site.backend(None if script else handler, script, tls=tls)
        backend.say = lambda answer: setattr(handler, "answer", answer)
        lines = f"Check: {check}" + ("; " + more if more else "")
        pound = site.pound(plain_site(f"Workers: {workers}", backends={"web": lines}),
                           web=backend.port, **values)
        return pound, backend
    return start


def wait_check(pound, word):
    return wait_until(lambda: state(pound)["check"] == word and state(pound), lambda: (
        f"a check that is {word}; the last one: {state(pound)}\n" + pound.log()[-2000:]))


def wait_dead(pound, why):
    line, = pound.wait_log(rf"backend web \(127\.0\.0\.1:\d+\) is dead: check: {why}$")
    told = state(pound)
    assert (told["state"], told["reason"], told["share"]) == ("dead", "check", 0)
    return line


FAST = "Every: 1, Rise: 1, Fall: 1"


def test_what_is_asked(start):
    pound, backend = start("{Path: '/check?a=b', Every: 1}")
    backend.wait_requests(2)
    asked = bytes(backend.connections[0].received)
    assert asked == (b"GET /check?a=b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: Pound-check\r\n"
                     b"Connection: close\r\n\r\n" % backend.port)
    told = wait_check(pound, "passed")
    assert (told["state"], told["share"], told["requests"], told["in_flight"]) == ("live", 100, 0, 0)
    assert told["check_s"] <= scaled(3)


def test_method_and_host(start):
    pound, backend = start("{Path: /check, Method: HEAD, Host: 'www.example.com:1', Every: 1}")
    backend.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    assert backend.wait_requests(1).start_line == "HEAD /check HTTP/1.1"
    assert b"\r\nHost: www.example.com:1\r\n" in backend.bytes_received
    wait_check(pound, "passed")


def test_another_port(site):
    pages, other = site.backend(lambda _: response(b"page")), site.backend(Checked())
    pound = site.pound(plain_site(
        backends={"web": f"Check: {{Path: /check, Port: {other.port}, {FAST}}}"}), web=pages.port)
    other.wait_requests(1)
    wait_check(pound, "passed")
    assert pages.connections == []
    other.refuse()
    wait_dead(pound, "connection refused")
    assert get(pound.port).status == 503
    other.open()
    pound.wait_log("backend web .* is live again after")
    assert get(pound.port).body == b"page"
    assert checks_of(pages) == []


BAD = {
    "a status": (response(status="503 Service Unavailable"), "HTTP 503", "http_503"),
    "no HTTP": (b"+OK hello\r\n\r\n", "invalid response", "invalid_response"),
    "no response": (None, "closed without a whole response", "closed"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_response(start, case):
    answer, why, word = BAD[case]
    pound, backend = start(f"{{Path: /check, {FAST}}}")
    wait_check(pound, "passed")
    backend.say(answer)
    wait_dead(pound, why)
    assert state(pound)["check"] == word
    assert get(pound.port).status == 503
    assert pound.wait_record("/")["reason"] == "no_backend"
    backend.say(response())
    pound.wait_log(r"backend web \(.*\) is live again after \d+ s")
    assert get(pound.port).body == b"one"
    assert state(pound)["state"] == "live"


def test_expected_statuses(start):
    pound, backend = start(f"{{Path: /check, Expect: [204, 500-502], {FAST}}}")
    wait_check(pound, "http_200")
    backend.say(b"HTTP/1.1 204 No Content\r\n\r\n")
    wait_check(pound, "passed")
    backend.say(response(status="503 X"))
    wait_check(pound, "http_503")
    backend.say(response(status="502 X"))
    assert wait_check(pound, "passed")["state"] == "live"


def test_the_body(start):
    pound, backend = start(f"{{Path: /check, Body: '^OK \\d+$$', {FAST}}}")
    for good in (response(b"OK 12"), response(b"", "Transfer-Encoding: chunked", length=False) +
                 b"2\r\nOK\r\n2\r\n 5\r\n0\r\n\r\n"):
        backend.say(good)
        backend.wait_requests(len(backend.requests) + 2)
        assert wait_check(pound, "passed")["state"] == "live"
        backend.say(response(b"not OK 12"))
        wait_check(pound, "body")
    assert len(pound.wait_log("is dead: check: body does not match$", 2)) == 2


def test_a_check_that_hangs(site):
    """It ends after `Within`, and counts as a failure; real requests are still served."""
    def script(connection):
        while (request := connection.read_request()) is not None:
            if request.target == "/check":
                connection.read_until_close()
                return
            connection.send(response(b"slow"))
    backend = site.backend(script=script)
    pound = site.pound(plain_site(backends={
        "web": "Check: {Path: /check, Every: 1, Within: 1, Fall: 3}; TimeOut: 60"}),
        web=backend.port)
    backend.wait_requests(1)
    assert get(pound.port).body == b"slow"
    wait_dead(pound, "timed out")
    assert len(checks_of(backend)) >= 3
    assert state(pound)["check"] == "timed_out"


def test_fall_and_rise_count_results_in_a_row(site):
    """The backend notes for each check how often it has died and come back before."""
    script = [500, 200, 500, 500, 200, 200, 500, 200, 200, 200, 200]
    seen, pounds = [], []

    def handler(_):
        log = pounds[0].log() if pounds else ""
        seen.append((log.count(" is dead: check: HTTP 500"), log.count(" is live again ")))
        return response(status=f"{script[min(len(seen), len(script)) - 1]} X")

    backend = site.backend(handler)
    pound = site.prepare(plain_site(backends={
        "web": "Check: {Path: /check, Every: 1, Rise: 3, Fall: 2}"}), web=backend.port)
    pounds.append(pound)
    pound.start()
    pound.wait_log(" is live again after")
    wait_until(lambda: len(seen) >= 11, "the eleventh check")
    # dead after two failures in a row, live after three successes in a row
    assert seen[:11] == [(0, 0)] * 4 + [(1, 0)] * 6 + [(1, 1)]


def test_a_mere_connect_only(start):
    pound, backend = start("tcp", more="")
    backend.wait_connections(1)
    wait_check(pound, "passed")
    assert backend.bytes_received == b""


def test_a_connect_with_settings(start):
    pound, backend = start(f"{{{FAST}}}")
    wait_check(pound, "passed")
    backend.refuse()
    wait_dead(pound, "connection refused")
    backend.open()
    pound.wait_log(" is live again after")
    assert backend.bytes_received == b""


def test_a_failed_request_kills_at_once_and_the_check_revives(start):
    """After a refused connect a backend is dead at once; only `Rise` checks bring it back."""
    pound, backend = start("{Path: /check, Every: 1, Rise: 2, Fall: 100}")
    wait_check(pound, "passed")
    backend.refuse()
    backend.disconnect()
    assert get(pound.port).status == 503
    pound.wait_log("is dead: Connection refused")
    assert state(pound)["reason"] == "refused"
    wait_check(pound, "refused")
    before = len(checks_of(backend))
    backend.say(response(status="500 X"))
    backend.open()
    wait_check(pound, "http_500")
    assert state(pound)["state"] == "dead"  # although it takes connections
    backend.say(response())
    pound.wait_log("is live again after")
    assert len(checks_of(backend)) - before >= 3
    assert get(pound.port).status == 200


def test_one_check_in_a_period_for_all_workers(start):
    """Over six periods, which may be a tenth shorter each."""
    pound, backend = start("{Path: /check, Every: 1}", workers=4)
    backend.wait_requests(1)
    begun = time.monotonic()
    first = len(backend.requests)
    backend.wait_requests(first + 6)
    took = time.monotonic() - begun
    assert took >= 6 * 0.9 - 0.9
    at = [one.connection.number for one in backend.requests]
    assert len(set(at)) == len(at), "a connection was used twice"
    assert len(pound.workers()) == 4


def test_checks_go_on_when_workers_are_killed(start):
    """A killed worker costs one period at most."""
    pound, backend = start(f"{{Path: /check, {FAST}}}", workers=2)
    for _ in range(2):
        pound.wait_grown_up()
        pound.kill_worker()
        backend.wait_requests(len(backend.requests) + 2)
    assert wait_check(pound, "passed")["state"] == "live"
    backend.say(response(status="500 X"))
    wait_dead(pound, "HTTP 500")
    pound.kill_worker()
    assert state(pound)["state"] == "dead"  # nothing was forgotten
    backend.say(response())
    pound.wait_log("is live again after")


def test_the_state_survives_a_reload(start):
    pound, backend = start(f"{{Path: /check, {FAST}}}", workers=2)
    wait_check(pound, "passed")
    backend.say(response(status="500 X"))
    wait_dead(pound, "HTTP 500")
    pound.reload()
    assert state(pound)["state"] == "dead"
    assert get(pound.port).status == 503
    backend.say(response())
    pound.wait_log("is live again after")


def test_a_reload_without_the_check(start):
    """A backend that a check has declared dead comes back by a connect."""
    pound, backend = start(f"{{Path: /check, {FAST}}}")
    backend.say(response(status="500 X"))
    wait_dead(pound, "HTTP 500")
    pound.reload(plain_site(backends={"web": ""}))
    pound.wait_log("is live again after")
    assert get(pound.port).status == 200
    told = state(pound)
    assert (told["check"], told["check_s"]) == ("-", "-")


def test_a_shorter_period_after_a_reload(start):
    pound, backend = start("{Path: /check, Every: 3600}")
    backend.wait_requests(1)
    pound.reload(plain_site(backends={"web": "Check: {Path: /check, Every: 1}"}))
    backend.wait_requests(3)


def test_checks_take_no_slot(site):
    """A backend whose only slot is in use is checked all the same."""
    def script(connection):
        request = connection.read_request()
        if request is not None and request.target != "/check":
            connection.read_until_close()
        elif request is not None:
            connection.send(response())
    backend = site.backend(script=script)
    pound = site.pound(plain_site(backends={
        "web": f"Threads: 1; TimeOut: 600; Check: {{Path: /check, {FAST}}}"}), web=backend.port)
    site.client(pound.port).send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    wait_until(lambda: state(pound)["in_flight"] == 1, "a request in service")
    backend.wait_requests(len(backend.requests) + 3)
    told = state(pound)
    assert (told["in_flight"], told["waiting"], told["check"]) == (1, 0, "passed")


# --- TLS ------------------------------------------------------------------------------------------
@pytest.fixture(name="context", scope="module")
def fixture_context(certificates):
    def make(certificate="ec"):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(getattr(certificate, "pem", None) or certificates[certificate].pem)
        made.names = []
        made.sni_callback = lambda _, name, __: made.names.append(name)
        return made
    return make


def test_a_check_over_tls(start, context, authority):
    tls = context()
    pound, backend = start(f"{{Path: /check, {FAST}}}", tls=tls, ca=authority.root.cert,
                           more="TLS: {CA: $ca, Name: www.example.com}")
    wait_check(pound, "passed")
    assert set(tls.names) == {"www.example.com"}
    assert b"Host: www.example.com:%d\r\n" % backend.port in backend.bytes_received
    backend.say(response(status="500 X"))
    wait_dead(pound, "HTTP 500")


@pytest.mark.parametrize("check", ["{Path: /check, %s}" % FAST, "{%s}" % FAST])
def test_a_check_that_does_not_trust(start, context, authority, check):
    pound, backend = start(check, tls=context(), ca=authority.root.cert,
                           more="TLS: {CA: $ca, Name: mail.example.com}")
    wait_dead(pound, "tls_verify: certificate verify failed: hostname mismatch")
    told = state(pound)
    assert (told["check"], told["tls_verify"], told["failures"]) == ("tls_verify", 0, 0)
    assert backend.requests == []


def test_a_check_meets_no_tls(start):
    pound, _ = start(f"{{Path: /check, {FAST}}}", more="TLS: {Verify: false}",
                     script=lambda connection: connection.send(b"HTTP/1.1 400 Bad\r\n\r\n"))
    wait_dead(pound, "tls_handshake.*")


# --- a new backend --------------------------------------------------------------------------------
def test_a_backend_is_live_until_its_checks_fail(site):
    """With the first check a new backend gets `Fall` chances."""
    pound = site.prepare(plain_site(backends={
        "web": "Check: {Path: /check, Every: 2, Fall: 2}"}), web=reserve_port())
    pound.start()
    assert state(pound)["state"] == "live"
    wait_check(pound, "refused")
    wait_dead(pound, "connection refused")
