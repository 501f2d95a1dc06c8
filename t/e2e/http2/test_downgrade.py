"""What becomes of a request of HTTP/2 on its way to a backend that speaks HTTP/1.1.

The cases are in cases/*.txt (harness/h2_cases.py describes them). Each has a connection from an
address of its own, by which its access records are found, and a verdict by the bytes that a
backend saw. Where nothing passed, another request follows on the same connection: the connection
lives on, and the backend gets that request and nothing else.
"""

import collections
import itertools
import pathlib
import re

import pytest
from hyperframe.frame import DataFrame, GoAwayFrame, HeadersFrame, RstStreamFrame

from harness import ROOT, reserve_port, response, wait_until
from harness import http2_frames as h2
from harness.config import another_listener, tls_site
from harness.h2_cases import read_cases
from harness.http2 import Http2
from harness.one_request import Incomplete, read_request

CASES = read_cases(pathlib.Path(__file__).with_name("cases"))
HOST = "a.test"

# The listeners by name. All of them speak HTTP/2; `plain` has the defaults.
LISTENERS = {
    "tls": "Certificates: $pem",
    "plain": "Protocols: [h2c, http/1.1]",
    # Passes bodies on as they come.
    "direct": "Protocols: [h2c, http/1.1]; Buffer: 0; MaxRequest: 20",
    "small": "Protocols: [h2c, http/1.1]; MaxURI: 64; MaxHeader: 512; MaxHeaders: 8; "
             "MaxRequest: 10",
    "lax": "Protocols: [h2c, http/1.1]; Methods: [PURGE]; Allow: [target_char, percent_encoding, "
           "host_missing, host_empty, expect_unknown]",
}
ANSWER = response(b"ok", "Connection: close")
SWITCHED = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
KEY = re.compile(rb"\r\nsec-websocket-key: ([A-Za-z0-9+/]{21}[AQgw]==)\r\n", re.I)

# Cases that differ in one byte share a connection, as many as its budget for faults allows.
MOST_AT_ONCE = 45


def batches():
    sections = collections.defaultdict(list)
    for case in CASES:
        sections[case.section if case.is_row else case.name].append(case)
    return [cases[at:at + MOST_AT_ONCE] for cases in sections.values()
            for at in range(0, len(cases), MOST_AT_ONCE)]


class Stage:
    """One daemon for all cases, and one backend that keeps every byte."""

    def __init__(self, site, certificate):
        self.addresses = (f"127.7.{n // 250}.{n % 250 + 1}" for n in itertools.count())
        self.finished = []  # the numbers of the backend's connections that have ended
        self.faults = []    # of what the backend took for a request
        self.answer = ANSWER
        self.backend = site.backend(script=self._serve)
        ports = {name: reserve_port() for name in LISTENERS if name != "tls"}
        plain = [another_listener(f"Port: {port}; {LISTENERS[name]}")
                 for name, port in ports.items()]
        text = tls_site(listener=LISTENERS["tls"]) + "HTTPListeners:\n" + "".join(plain)
        self.pound = site.pound(text, web=self.backend.port, pem=certificate.pem)
        self.ports = {"tls": self.pound.port, **ports}

    def _serve(self, connection):
        """Answers the first whole request, and reads to the end."""
        is_answered = False
        while connection._more():  # pylint: disable=protected-access
            if is_answered:
                continue
            try:
                read_request(bytes(connection.received))
            except Incomplete:
                continue
            except AssertionError as fault:
                self.faults.append(fault)
            connection.send(self.answer)
            is_answered = True
        self.finished.append(connection.number)

    def seen_since(self, number):
        """What each connection from that number on has brought, once all have ended."""
        def all_have_ended():
            ended = [one for one in self.finished if one >= number]
            return len(ended) == len(self.backend.connections) - number
        wait_until(all_have_ended, "the end of the backend's connections")
        seen = [bytes(c.received) for c in self.backend.connections[number:]]
        return [data for data in seen if data]

    def wait_seen(self, number, data):
        def received():
            return b"".join(bytes(c.received) for c in self.backend.connections[number:])
        wait_until(lambda: len(received()) >= len(data),
                   lambda: f"{data!r} at the backend, which has {received()!r}")

    def records_of(self, client, count):
        def own():
            return [r for r in self.pound.records()[-300:] if r["client"] == client]
        wait_until(lambda: len(own()) >= count, f"{count} access records of {client}")
        assert len(own()) == count, own()
        return own()


@pytest.fixture(scope="module")
def stage(shared_site, authority):
    return Stage(shared_site, authority.issue("downgrade", HOST))


class Run:
    """The requests of one connection on their way."""

    def __init__(self, stage, listener):
        self.stage = stage
        self.address = next(stage.addresses)
        self.begin = len(stage.backend.connections)
        self.port = stage.ports[listener]
        self.is_tls = listener == "tls"
        self.client = Http2(self.port, tls=self.is_tls, source=self.address)

    def expand(self, seen):
        """Fills in what differs from run to run."""
        host = re.search(r"^Host: (.*)\r\n", seen, re.M)
        forwarded = (f"X-Forwarded-For: {self.address}\r\n"
                     f"X-Forwarded-Proto: {self.client.scheme}\r\n"
                     f"X-Forwarded-Host: {host and host[1]}\r\n"
                     f"X-Forwarded-Port: {self.port}\r\n")
        if self.is_tls:
            cipher, version, _ = self.client.wire.tls.cipher()
            forwarded += f"X-SSL-Cipher: {cipher}\r\nX-SSL-Protocol: {version}\r\n"
        return (seen.replace("\n...\r\n", "\n" + forwarded).replace("$client", self.address)
                .replace("$port", str(self.port)).encode("latin-1"))

    @staticmethod
    def _headers(stream, block, end):
        first, rest = block[:h2.MAX_PAYLOAD], block[h2.MAX_PAYLOAD:]
        frames = h2.headers(stream, first, end=end, end_headers=not rest)
        return frames + (h2.continuation(stream, rest) if rest else b"")

    def send(self, case):
        """Sends all frames of a case; returns its stream."""
        fields = list(case.fields)
        if case.short:
            fields[:0] = self.client.fields(*case.short, authority=HOST)
        stream = self.client.next_stream()
        frames = self._headers(stream, h2.block(fields), not case.frames and not case.is_open)
        for kind, content in case.frames:
            if kind == "SEEN":
                self.client.send(frames)
                frames = b""
                self.stage.wait_seen(self.begin, self.expand(case.seen))
            elif kind == "RST":
                frames += h2.rst_stream(stream)
            elif kind in ("TRAILER", "TRAILER-OPEN"):
                frames += h2.headers(stream, h2.block(content), end=kind == "TRAILER")
            else:
                assert kind in ("DATA", "DATA+END"), kind
                frames += h2.data(stream, content, end=kind == "DATA+END")
        self.client.send(frames)
        return stream

    def outcome(self, stream, case):
        """("reset", code) or ("answer", status) of a stream."""
        if case.kind == "gone":
            return "gone", None
        first = self.client.claim(
            lambda f: isinstance(f, (HeadersFrame, RstStreamFrame)) and f.stream_id == stream
            or isinstance(f, GoAwayFrame), f"an outcome of {stream}")
        assert not isinstance(first, GoAwayFrame), first
        if isinstance(first, RstStreamFrame):
            return "reset", h2.Code(first.error_code)
        self.client.unclaimed.insert(0, first)
        if case.switches:
            assert "END_STREAM" not in first.flags
            self.client.send(h2.data(stream, b"", end=True))
        return "answer", self.client.response(stream).status

    def ask_again(self):
        """Another request on the connection; returns the bytes that a backend must get for it."""
        assert self.client.ask("GET", "/again", authority=HOST).status == 200
        return self.expand(f"GET /again HTTP/1.1\r\nHost: {HOST}\r\n...\r\n\r\n")

    def check_silence(self):
        """The server has said all about its streams; a reset without an error may follow."""
        late = [f for f in self.client.unclaimed if f.stream_id]
        assert not [f for f in late if isinstance(f, (HeadersFrame, DataFrame))], late
        assert all(f.error_code == h2.Code.NO_ERROR for f in late if isinstance(f, RstStreamFrame))


def wanted_outcome(case):
    if case.kind == "gone":
        return "gone", None
    if case.kind == "reset":
        return "reset", h2.Code.PROTOCOL_ERROR
    return "answer", 200 if case.kind == "pass" else case.status


def check_passed(run, case, data):
    """The backend got exactly one request of HTTP/1.1: that of the case."""
    assert not run.stage.faults
    tunnel = b""
    if case.switches:
        head, end, tunnel = data.partition(b"\r\n\r\n")
        data = head + end
    request = read_request(data)
    expected = run.expand(case.seen)
    key = KEY.search(data)
    if key:
        expected = expected.replace(b"$key", key[1])
    assert request.canonical() == expected
    sent = b"".join(text for kind, text in case.frames if kind.startswith("DATA"))
    assert (tunnel if case.switches else request.body) == sent


def check_refused(run, case, before):
    """The backend got nothing, or the beginning of a request that it never takes for a whole."""
    assert before == ([run.expand(case.seen)] if case.seen else [])
    for data in before:
        with pytest.raises(Incomplete):
            read_request(data)


@pytest.mark.parametrize("cases", batches(), ids=lambda cases: cases[0].name)
def test_case(stage, cases):
    one = cases[0]
    stage.answer = SWITCHED if one.switches else ANSWER
    stage.faults.clear()
    run = Run(stage, one.listener)
    passes = one.kind == "pass"
    with run.client:
        streams = [run.send(case) for case in cases]
        for stream, case in zip(streams, cases):
            assert run.outcome(stream, case) == wanted_outcome(case), case.name
        if passes:
            seen = stage.seen_since(run.begin)
            assert len(seen) == len(cases)
            # Requests at the same time may reach the backend in any order.
            for data, case in zip(sorted(seen), sorted(cases, key=lambda c: run.expand(c.seen))):
                check_passed(run, case, data)
        else:
            again = run.ask_again()
            *before, last = stage.seen_since(run.begin)
            assert last == again
            check_refused(run, one, before)
        records = stage.records_of(run.address, len(cases) + (not passes))
        for record in records[:len(cases)]:
            assert (int(record["status"]), record["reason"]) == (one.status, one.reason), record
            assert one.log in (None, record["request"])
        run.check_silence()


@pytest.mark.parametrize("given, status, reason", [
    ("200 OK", 502, "response_switch_protocol"),
    ("204 No Content", 502, "response_switch_protocol"),
    ("302 Found", 302, None),
    ("403 Forbidden", 403, None),
])
def test_extended_connect_without_a_switch(stage, given, status, reason):
    """A 2xx would tell the client that its WebSocket is open."""
    stage.answer = response(b"", "Connection: close", status=given, length=given[:3] != "204")
    run = Run(stage, "plain")
    with run.client as client:
        fields = client.fields("CONNECT", "/", authority=HOST, protocol="websocket")
        stream = client.next_stream()
        client.send(h2.headers(stream, h2.block(fields), end=False))
        assert client.response(stream).status == status
        record, = stage.records_of(run.address, 1)
        assert (int(record["status"]), record["reason"]) == (status, reason)


# Reasons that no request of HTTP/2 can have: they are about the text of HTTP/1 heads and chunks.
HTTP1_ONLY = {
    "bare_lf", "bare_cr", "empty_lines", "request_line", "tls_on_http", "target_form",
    "target_authority", "version_invalid", "version", "leading_space", "obs_fold", "colon_missing",
    "space_before_colon", "connection_invalid", "cl_te", "te_many", "te_not_final", "te_unknown",
    "te_http10", "chunk_size", "chunk_space", "chunk_too_large", "chunk_extension",
    "chunk_extensions_too_long", "chunk_crlf", "trailer_field",
}


def test_each_reason_has_a_case():
    table = (ROOT / "worker" / "http" / "verdict.cc").read_text()
    reasons = set(re.findall(r"\{\"(\w+)\", \d{3},", table)) - {"none"}
    reasons = {reason for reason in reasons if not reason.startswith("response_")}
    used = {case.reason for case in CASES}
    assert HTTP1_ONLY <= reasons
    assert reasons - HTTP1_ONLY - used == set(), "reasons without a case"
    assert used & HTTP1_ONLY == set(), "cases of HTTP/1"


def test_there_are_enough_cases():
    assert len([case for case in CASES if not case.is_row]) >= 250


def test_each_place_has_a_case_of_each_byte():
    places = collections.defaultdict(list)
    for case in CASES:
        if case.is_row:
            section, byte = re.fullmatch(r"(.*) \[\\x(..)\]", case.name).groups()
            places[section.split()[-1]].append(int(byte, 16))
    every = list(range(256))
    assert {place: sorted(rows) for place, rows in places.items()} == dict.fromkeys(
        ["name", "value", "path", "query", "host", "method", "scheme"], every)
