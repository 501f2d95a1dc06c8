"""Effects of a reload on listeners, services, backends, certificates, pages and limits."""

import re
import socket
import threading

import pytest

from harness import (TIMEOUT, Closed, TlsClient, client_context, get, request, reserve_port,
                     response, wait_until)
from harness.config import plain_site

CONFIG = plain_site(
    "Workers: 2; Alive: 60; $globals", backends={"one": "", "two": ""}, listener="Client: 60",
    services="""
    - Backends: [*one]
""")

PLAIN = """
  - Address: 127.0.0.1
    Port: {port}
    Threads: 0
    Client: 60
    Services:
      - Backends: [*{backend}]
"""

SECURE = """
  - Address: 127.0.0.1
    Port: {port}
    Threads: 0
    Client: 60
    Certificates: {pem}
    Services:
      - Backends: [*{backend}]
"""

BACKENDS = CONFIG[:CONFIG.index("HTTPListeners")]


def start(site, config=CONFIG, **values):
    one = site.backend(lambda _: response(b"one"))
    two = site.backend(lambda _: response(b"two"))
    return site.pound(config, globals="Grace: 30", one=one.port, two=two.port, **values)


def counts(pound, number, words):
    pound.wait_log(rf"generation {number} active: {words}, ")


def refuses(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


# --- listeners ------------------------------------------------------------------------------------

def test_a_listener_is_added_removed_and_added_again(site):
    pound = start(site)
    port = reserve_port()
    more = CONFIG + PLAIN.format(port=port, backend="two")
    for round_ in range(2):
        pound.reload(more)
        counts(pound, 2 + 2 * round_, "1 listeners? kept, 1 added, 0 removed")
        assert get(port).body == b"two" and get(pound.port).body == b"one"
        pound.reload(CONFIG)
        counts(pound, 3 + 2 * round_, "1 listeners? kept, 0 added, 1 removed")
        assert refuses(port)
        assert get(pound.port).body == b"one"


def test_all_listeners_are_replaced(site):
    pound = start(site)
    port = reserve_port()
    pound.reload(BACKENDS + "HTTPListeners:" + PLAIN.format(port=port, backend="two"))
    counts(pound, 2, "0 listeners? kept, 1 added, 1 removed")
    assert refuses(pound.port)
    assert get(port).body == b"two"


def test_the_port_of_a_removed_listener_is_free_at_once(site):
    """Another program can bind it while requests from that listener are still in flight."""
    go_on = threading.Event()

    def hold(_):
        assert go_on.wait(TIMEOUT)
        return response(b"held")

    held = site.backend(hold)
    pound = start(site)
    port = reserve_port()
    more = CONFIG.replace("Port: $two", f"Port: {held.port}")
    pound.reload(more + PLAIN.format(port=port, backend="two"))
    client = site.client(port)
    client.send(request())
    held.wait_requests(1)
    pound.reload(more)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        failed = pound.reload(more + PLAIN.format(port=port, backend="two"), expect="failed")
        assert any(f"127.0.0.1:{port}" in message for message in failed.messages)
    pound.reload()
    assert not refuses(port)
    go_on.set()
    got = client.read_response()
    assert (got.body, got.field("Connection")) == (b"held", "close")


@pytest.mark.parametrize("wildcard", ["0.0.0.0", "127.0.0.1"])
def test_an_address_that_covers_another_one(site, wildcard):
    """A listener moves from one address of a port to all, and back, although they overlap."""
    pound = start(site)
    pound.reload(CONFIG.replace("Address: 127.0.0.1\n    Port: $listen",
                                f"Address: {wildcard}\n    Port: $listen"))
    assert get(pound.port).body == b"one"
    pound.reload(CONFIG)
    assert get(pound.port).body == b"one"


def test_services_change(site):
    pound = start(site)
    services = """    Services:
      - URL: "^/two"
        Backends: [*two]
      - URL: "^/away"
        Redirect: https://else.example/
"""
    assert get(pound.port, "/two").body == b"one"
    pound.reload(CONFIG.replace("    Services:\n", services))
    assert get(pound.port, "/two").body == b"two"
    assert get(pound.port, "/away").field("Location") == "https://else.example/"
    assert get(pound.port, "/").body == b"one"
    pound.reload(CONFIG)
    assert get(pound.port, "/two").body == b"one"


def test_the_time_of_a_client_changes(site):
    pound = start(site)
    pound.reload(CONFIG.replace("Client: 60", "Client: 1"))
    client = site.client(pound.port)
    client.send(b"GET / HT")
    assert client.read_response().status == 408


class Held:
    """A backend that holds its requests and counts them."""

    def __init__(self, site):
        self.go_on = threading.Event()
        self.backend = site.backend(self.hold)

    def hold(self, _):
        assert self.go_on.wait(TIMEOUT)
        return response(b"held")


@pytest.mark.parametrize("whose", ["listener", "backend"])
def test_threads_change(site, whose):
    """More threads serve waiting requests at once; fewer threads limit new requests."""
    held = Held(site)
    limits = {"listener": 0, "backend": 0}
    config = CONFIG.replace("Port: $one\n    Threads: 0", f"Port: {held.backend.port}\n"
                            "    Threads: $backend\n    TimeOut: 60")
    config = config.replace("Port: $listen\n    Threads: 0",
                            "Port: $listen\n    Threads: $listener")
    pound = start(site, config, **{**limits, whose: 2})
    clients = [site.client(pound.port) for _ in range(5)]
    for client in clients:
        client.send(request())
    held.backend.wait_requests(2)
    pound.reload(**{whose: 4})
    held.backend.wait_requests(4)
    assert len(held.backend.requests) == 4
    held.go_on.set()
    for client in clients:
        assert client.read_response().body == b"held"
    held.go_on.clear()
    pound.reload(**{whose: 1})
    clients = [site.client(pound.port) for _ in range(3)]
    for client in clients:
        client.send(request())
    held.backend.wait_requests(6)
    assert not wait_briefly(lambda: len(held.backend.requests) > 6)
    held.go_on.set()
    for client in clients:
        assert client.read_response().body == b"held"


def wait_briefly(condition):
    """Whether the condition becomes true within a moment, for events that must not happen."""
    try:
        return wait_until(condition, "", 0.3)
    except AssertionError:
        return False


# --- backends -------------------------------------------------------------------------------------

def shares(pound, count=60):
    """The number of responses from each backend."""
    got = {}
    for _ in range(count):
        name = get(pound.port).body.decode()
        got[name] = got.get(name, 0) + 1
    return got


def test_backends_are_added_reordered_and_removed(site):
    both = CONFIG.replace("[*one]", "[*one, *two]")
    pound = start(site)
    assert set(shares(pound, 20)) == {"one"}
    pound.reload(both)
    assert set(shares(pound)) == {"one", "two"}
    one, two = re.findall(r"  - &(?:one|two)\n(?:    .*\n)+", both)
    pound.reload(both.replace(one + two, two + one))
    assert set(shares(pound)) == {"one", "two"}
    pound.reload(both.replace(one, "").replace("[*one, *two]", "[*two]"))
    assert set(shares(pound, 20)) == {"two"}
    pound.reload(both)
    assert set(shares(pound)) == {"one", "two"}


def test_a_backend_is_renamed(site):
    pound = start(site)
    pound.reload(CONFIG.replace("&one", "&uno").replace("*one", "*uno"))
    assert get(pound.port).body == b"one"
    assert pound.wait_records(1)[-1]["backend"] == "uno"


def test_a_name_moves_to_another_server(site):
    """A known anchor with a new address is a new backend, without the old one's state."""
    pound = start(site)
    assert get(pound.port).body == b"one"
    pound.reload(CONFIG.replace("$one", "$swap").replace("$two", "$one").replace("$swap", "$two"))
    assert set(shares(pound, 20)) == {"two"}


def test_weights_change(site):
    both = CONFIG.replace("[*one]", "[*one, *two]")
    pound = start(site, both)
    pound.reload(both.replace("Port: $one\n    Threads: 0", "Port: $one\n    Threads: 72"))
    got = shares(pound, 200)
    assert got["one"] > 2 * got.get("two", 0), got


def test_the_time_of_a_backend_changes(site):
    silent = site.backend(script=lambda connection: connection.read_until_close())
    pound = start(site)
    config = CONFIG.replace("Port: $one", f"Port: {silent.port}\n    TimeOut: 1")
    pound.reload(config)
    assert get(pound.port).status == 504


def test_added_headers_change(site):
    pound = start(site)
    assert get(pound.port).field("X-Added") is None
    pound.reload(CONFIG.replace("Port: $one", "Port: $one\n    HeadAdd: 'X-Added: by pound'"))
    assert get(pound.port).field("X-Added") == "by pound"


def test_a_backend_in_use_is_removed(site):
    """The client receives the response to its request in flight."""
    held = Held(site)
    config = CONFIG.replace("[*one]", "[*two]").replace("$two", str(held.backend.port))
    pound = start(site, config)
    client = site.client(pound.port)
    client.send(request())
    held.backend.wait_requests(1)
    pound.reload(CONFIG)
    assert get(pound.port).body == b"one"
    held.go_on.set()
    assert client.read_response().body == b"held"


# --- other files ----------------------------------------------------------------------------------

def test_error_pages_change(site):
    pound = start(site, CONFIG.replace("Backends: [*one]",
                                       "URL: ^/known\n        Backends: [*one]"))
    page = site.directory / "page.html"
    page.write_text("first")
    assert get(pound.port).status == 404
    pound.reload(globals=f"Err404: {page}")
    assert get(pound.port).body == b"first"
    page.write_text("second")
    assert get(pound.port).body == b"first"
    pound.reload()
    assert get(pound.port).body == b"second"
    pound.reload(globals="Grace: 30")
    assert get(pound.port).body not in (b"first", b"second")


def names(port):
    with TlsClient(port) as client:
        assert client.ask().status == 200
        return client.peer_names()


def test_a_certificate_is_replaced_under_its_name(site, certificates):
    pem = site.directory / "site.pem"
    pem.write_bytes(certificates["ec"].pem.read_bytes())
    pound = start(site, BACKENDS + "HTTPSListeners:" + SECURE.format(
        port="$listen", pem=pem, backend="one"))
    old = site.tls_client(pound.port)
    assert old.ask().status == 200
    pem.write_bytes(certificates["other"].pem.read_bytes())
    assert names(pound.port) == ["www.example.com"]
    pound.reload()
    assert names(pound.port) == ["other.example", "*.sub.other.example"]
    assert old.ask().field("Connection") == "close"


def test_certificates_are_added(site, certificates):
    config = BACKENDS + "HTTPSListeners:" + SECURE.format(
        port="$listen", pem="$pem", backend="one")
    pound = start(site, config, pem=certificates["ec"].pem)
    assert names(pound.port) == ["www.example.com"]
    pound.reload(pem=f"[{certificates['other'].pem}, {certificates['ec'].pem}]")
    assert names(pound.port) == ["www.example.com"]
    with TlsClient(pound.port, "other.example") as client:
        assert client.peer_names()[0] == "other.example"


def test_a_listener_moves_to_tls_and_back(site, certificates):
    plain = BACKENDS + "HTTPListeners:" + PLAIN.format(port="$listen", backend="one")
    secure = BACKENDS + "HTTPSListeners:" + SECURE.format(
        port="$listen", pem=certificates["ec"].pem, backend="two")
    pound = start(site, plain)
    assert get(pound.port).body == b"one"
    for _ in range(2):
        pound.reload(secure)
        with TlsClient(pound.port) as client:
            assert client.ask().body == b"two"
        pound.reload(plain)
        assert get(pound.port).body == b"one"


def test_plain_and_tls_change_places(site, certificates):
    def config(plain, secure):
        return (BACKENDS + "HTTPListeners:" + PLAIN.format(port=plain, backend="one")
                + "HTTPSListeners:" + SECURE.format(port=secure, pem=certificates["ec"].pem,
                                                    backend="two"))

    other = reserve_port()
    pound = start(site, config("$listen", other))
    for plain, secure in [(other, pound.port), (pound.port, other)]:
        pound.reload(config(plain, secure))
        assert get(plain).body == b"one"
        with TlsClient(secure) as client:
            assert client.ask().body == b"two"


def test_the_oldest_version_of_tls_changes(site, certificates):
    config = BACKENDS + "HTTPSListeners:" + SECURE.format(
        port="$listen", pem=certificates["ec"].pem, backend="one")
    pound = start(site, config)
    pound.reload(config.replace("    Services", "    MinTLS: 1.3\n    HSTS: 77\n    Services"))
    with pytest.raises((OSError, Closed)):
        TlsClient(pound.port, version="1.2")
    with TlsClient(pound.port, context=client_context("1.3")) as client:
        assert client.ask().field("Strict-Transport-Security") == "max-age=77"
