"""TERM stops at once. INT and QUIT finish the requests in flight within Grace, then stop."""

import signal
import threading

import pytest

from harness import TIMEOUT, Closed, chunked, proc, request, response, scaled, wait_until
from harness.config import plain_site

CONFIG = plain_site("Workers: 2; Grace: $grace", backends={"web": "Threads: $threads; TimeOut: 60"},
                    listener="Client: 60; Buffer: 0; QueueTimeOut: 60")

DRAINING = [signal.SIGINT, signal.SIGQUIT]


class Held:
    """A daemon with requests in flight that the test releases with `go_on`."""

    def __init__(self, site, count=1, grace=30, script=None, threads=0):
        self.go_on = threading.Event()
        self.backend = site.backend(script=script or self.hold)
        self.pound = site.pound(CONFIG, web=self.backend.port, grace=grace, threads=threads)
        self.clients = [site.client(self.pound.port) for _ in range(count)]
        for client in self.clients:
            client.send(request("GET", "/held"))
        if not threads:
            self.backend.wait_requests(count)

    def hold(self, connection):
        while connection.read_request():
            self.go_on.wait(TIMEOUT)
            connection.send(response(b"finished"))


def test_term_stops_now(site):
    held = Held(site)
    held.pound.signal(signal.SIGTERM)
    assert held.pound.wait_exit(scaled(5)) == 0
    assert held.clients[0].read_until_close() == b""
    held.go_on.set()


@pytest.mark.parametrize("number", DRAINING)
def test_requests_in_flight_are_answered(site, number):
    held = Held(site, count=10)
    held.pound.signal(number)
    wait_until(lambda: "stopping" in held.pound.log(), "the log line of the drain")
    assert held.pound.is_running()
    held.go_on.set()
    for client in held.clients:
        got = client.read_response()
        assert (got.status, got.body, got.field("Connection")) == (200, b"finished", "close")
        assert client.closes()
    assert held.pound.wait_exit() == 0


@pytest.mark.parametrize("number", DRAINING)
def test_kept_idle_clients_are_closed(site, number):
    pound = site.pound(CONFIG, web=site.backend().port, grace=30, threads=0)
    clients = [site.client(pound.port) for _ in range(20)]
    for client in clients:
        assert client.ask().status == 200
    pound.signal(number)
    for client in clients:
        assert client.closes()
    assert pound.wait_exit() == 0


def test_kept_clients_are_closed_while_others_are_answered(site):
    held = Held(site)
    idle = site.client(held.pound.port)
    held.go_on.set()
    assert idle.ask().status == 200
    assert held.clients[0].read_response().status == 200
    held.go_on.clear()
    held.clients[0].send(request("GET", "/held"))
    held.backend.wait_requests(3)
    held.pound.signal(signal.SIGQUIT)
    assert idle.closes()
    held.go_on.set()
    assert held.clients[0].read_response().field("Connection") == "close"
    assert held.pound.wait_exit() == 0


def test_a_client_without_a_request_does_not_delay_the_end(site):
    """A first request may be on its way. Pound waits for it, but only for `Client` seconds."""
    pound = site.pound(CONFIG.replace("Client: 60", "Client: 1"), web=site.backend().port,
                       grace=600, threads=0)
    clients = [site.client(pound.port) for _ in range(20)]
    pound.signal(signal.SIGQUIT)
    try:
        clients[0].send(request())
        assert clients[0].read_response().status == 200
    except (Closed, ConnectionError):
        pass  # an immediate close is correct, too
    assert pound.wait_exit() == 0
    for client in clients:
        assert client.closes()


def test_connections_that_come_too_late_are_closed(site):
    held = Held(site)
    held.pound.signal(signal.SIGQUIT)
    wait_until(lambda: "stopping" in held.pound.log(), "the log line of the drain")
    held.pound.wait_quiet()  # both workers have received the order
    try:
        late = site.client(held.pound.port)
        late.send(request("GET", "/late"))
    except ConnectionError:
        late = None
    held.go_on.set()
    assert held.clients[0].read_response().status == 200
    held.clients[0].close()
    assert held.pound.wait_exit() == 0
    assert late is None or late.closes()


def test_what_is_pipelined_behind_the_last_answer_is_left(site):
    held = Held(site)
    held.clients[0].send(request("GET", "/behind"))
    held.pound.signal(signal.SIGQUIT)
    wait_until(lambda: "stopping" in held.pound.log(), "the log line of the drain")
    held.go_on.set()
    got = held.clients[0].read_response()
    assert got.field("Connection") == "close"
    assert held.clients[0].closes()
    held.clients[0].close()
    assert held.pound.wait_exit() == 0


def test_an_upload_and_a_download_are_finished(site):
    """Half of each body has passed when the signal arrives."""
    def script(connection):
        head = connection.read_request_head()
        if head.method == "POST":
            connection.send(response(connection.read_body(head).body))
        else:
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            go_on.wait(TIMEOUT)
            connection.send(chunked(b"second"))

    go_on = threading.Event()
    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port, grace=30, threads=0)
    up, down = site.client(pound.port), site.client(pound.port)
    up.send(request("POST", "/", "Content-Length: 10") + b"12345")
    down.send(request("GET", "/"))
    head = down.read_head()
    assert down.read_chunk() == b"first"
    backend.wait_requests(2)
    pound.signal(signal.SIGQUIT)
    wait_until(lambda: "stopping" in pound.log(), "the log line of the drain")
    up.send(b"67890")
    got = up.read_response()
    assert (got.body, got.field("Connection")) == (b"1234567890", "close")
    go_on.set()
    assert head.field("Connection") is None
    assert down.read_chunk() == b"second"
    assert down.read_chunk() == b"" and down.read_trailer() == []
    assert down.closes() and up.closes()
    down.close()
    up.close()
    assert pound.wait_exit() == 0


def test_waiting_requests_are_answered_too(site):
    """Pound also answers requests in the queue of a full backend."""
    held = Held(site, count=6, threads=1)
    held.backend.wait_requests(1)
    ports = {client.local_port for client in held.clients}
    wait_until(lambda: ports <= set(proc.clients(held.pound.workers(), held.pound.port)),
               "Pound to accept all clients")
    held.pound.wait_quiet()  # all requests have arrived, and five of them wait
    held.pound.signal(signal.SIGQUIT)
    wait_until(lambda: "stopping" in held.pound.log(), "the log line of the drain")
    held.go_on.set()
    for client in held.clients:
        assert client.read_response().body == b"finished"
    assert held.pound.wait_exit() == 0


@pytest.mark.parametrize("number", DRAINING)
def test_grace_ends_the_waiting(site, number):
    held = Held(site, grace=1)
    held.pound.signal(number)
    held.pound.wait_exit(scaled(8))
    assert held.clients[0].read_until_close() == b""
    held.go_on.set()


def test_term_ends_a_drain(site):
    held = Held(site, grace=600)
    held.pound.signal(signal.SIGQUIT)
    wait_until(lambda: "stopping" in held.pound.log(), "the log line of the drain")
    held.pound.signal(signal.SIGTERM)
    assert held.pound.wait_exit(scaled(5)) == 0
    held.go_on.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, *DRAINING])
def test_no_pid_file_process_or_listener_is_left(site, number):
    pound = site.pound(CONFIG, web=site.backend().port, grace=30, threads=0)
    pound.signal(number)
    assert pound.wait_exit() == 0
    pound.wait_gone()
    assert not pound.pid_file.exists()
    with pytest.raises(ConnectionRefusedError):
        site.client(pound.port)


def test_signals_that_mean_nothing_here_do_no_harm(site):
    pound = site.pound(CONFIG, web=site.backend().port, grace=30, threads=0)
    for number in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGCHLD, signal.SIGWINCH):
        pound.signal(number)
    assert site.client(pound.port).ask().status == 200


def test_the_end_is_told(site):
    pound = site.pound(CONFIG, web=site.backend().port, grace=30, threads=0)
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit() == 0
    assert "stop" in pound.log().splitlines()[-1]
