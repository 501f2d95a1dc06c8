"""Clients that others have written: curl with nghttp2, and python3-h2."""

import subprocess

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded,
                       StreamReset)

from harness import TIMEOUT, Client, TlsClient, client_context

WAYS = {False: ("http", "--http2-prior-knowledge"), True: ("https", "--http2")}


@pytest.fixture(name="curl")
def fixture_curl(ports, tls, tmp_path):
    """curl(*arguments, paths=[...]) returns the bodies, and how many connections it has made."""
    scheme, option = WAYS[tls]

    def run(*arguments, paths=("/",)):
        outputs = [tmp_path / str(number) for number in range(len(paths))]
        targets = [word for path, output in zip(paths, outputs)
                   for word in ("-o", output, f"{scheme}://127.0.0.1:{ports[tls]}{path}")]
        done = subprocess.run(
            ["curl", "-sSk", "--no-progress-meter", option, *arguments, "-w",
             "%{http_version} %{response_code} %{num_connects}\n", *targets],
            capture_output=True, text=True, check=False, timeout=TIMEOUT)
        assert (done.returncode, done.stderr) == (0, "")
        said = [line.split() for line in done.stdout.splitlines()]
        assert [line[:2] for line in said] == [["2", "200"]] * len(paths)
        bodies = [output.read_bytes() if output.exists() else b"" for output in outputs]
        return bodies, sum(int(line[2]) for line in said)

    return run


def test_curl_downloads(curl):
    assert curl(paths=["/1000000"]) == ([b"x" * 1_000_000], 1)


@pytest.mark.parametrize("tls", [True], ids=["tls"], indirect=True)
def test_curl_downloads_in_parallel_on_one_connection(curl):
    """With TLS only: curl 7.88, that of Debian 12, cannot use a connection of h2c again."""
    sizes = [3, 100_000, 1_000_000, *range(20)]
    bodies, connections = curl("--parallel", "--parallel-max", "50",
                               paths=[f"/{size}" for size in sizes])
    assert ([len(body) for body in bodies], connections) == (sizes, 1)


def test_curl_uploads(curl, tmp_path, web):
    upload = tmp_path / "upload"
    upload.write_bytes(bytes(range(256)) * 8192)
    assert curl("-T", upload, "-H", "Expect:") == ([upload.read_bytes()], 1)
    assert web.requests[-1].field("content-length") == str(256 * 8192)


def test_curl_asks_for_a_head(curl):
    (head,), _ = curl("--head", paths=["/1000"])
    assert head.startswith(b"HTTP/2 200 \r\ncontent-length: 1000\r\n")


class Answers:
    """The responses on a connection of python3-h2, which checks every rule of the protocol."""

    def __init__(self, port, tls):
        context = client_context(alpn=["h2"])
        self.wire = TlsClient(port, context=context) if tls else Client(port)
        self.scheme = "https" if tls else "http"
        self.h2 = H2Connection(H2Configuration(client_side=True))
        self.h2.initiate_connection()
        self.statuses, self.bodies, self.ended = {}, {}, set()

    def flush(self):
        self.wire.send(self.h2.data_to_send())

    def ask(self, path, fields=(), end=True):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [
            (":method", "GET" if end else "POST"), (":scheme", self.scheme), (":path", path),
            (":authority", "www.example.com"), ("x-long", "v" * 3000), *fields], end_stream=end)
        self.bodies[stream] = b""
        self.flush()
        return stream

    def take(self):
        for event in self.h2.receive_data(self.wire.sock.recv(65_536)):
            assert not isinstance(event, (StreamReset, ConnectionTerminated)), event
            if isinstance(event, ResponseReceived):
                self.statuses[event.stream_id] = dict(event.headers)[b":status"]
            elif isinstance(event, DataReceived):
                self.bodies[event.stream_id] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                self.ended.add(event.stream_id)
        self.flush()

    def upload(self, stream, body):
        while body:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room == 0:
                self.take()
                continue
            self.h2.send_data(stream, body[:room], end_stream=len(body) <= room)
            self.flush()
            body = body[room:]


@pytest.fixture(name="answers")
def fixture_answers(ports, tls):
    made = Answers(ports[tls], tls)
    yield made
    made.wire.close()


def test_python_h2_downloads_and_uploads_at_the_same_time(answers):
    body = bytes(range(256)) * 2048
    sizes = {answers.ask(f"/{size}"): size for size in [*range(50), 300_000]}
    upload = answers.ask("/", end=False)
    answers.upload(upload, body)
    while len(answers.ended) < len(sizes) + 1:
        answers.take()
    assert answers.statuses == dict.fromkeys([*sizes, upload], b"200")
    assert answers.bodies.pop(upload) == body
    assert {stream: len(got) for stream, got in answers.bodies.items()} == sizes


def test_python_h2_asks_again_and_again(answers):
    """Its encoder uses the dynamic table of the server's decoder."""
    for number in range(100):
        stream = answers.ask(f"/{number}", [("x-number", str(number)), ("cookie", "a=b")])
        while stream not in answers.ended:
            answers.take()
        assert answers.bodies[stream] == b"x" * number
