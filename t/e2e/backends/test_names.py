"""Names of backends: several addresses, and other addresses than before."""

import collections
import threading

import pytest

from harness import TIMEOUT, get, has_ipv6, request, response, wait_until
from harness.config import plain_site
from harness.names import HANG
from harness.ports import reserve_port

NAME = "app.test"
CHANGE = r"backend web \(app\.test:\d+\) resolves to other addresses now: "


def config(settings="Workers: 1; Alive: 3600", backend="Resolve: 1"):
    return plain_site(settings, backends={"web": f"Address: {NAME}; {backend}"},
                      listener="Client: 30")


def switch_to_echo(connection):
    connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n"
                    b"Connection: Upgrade\r\n\r\n")
    while data := connection.sock.recv(1000):
        connection.sock.sendall(data)


class Hosts:
    """Backends with the same port that answer with their addresses."""

    def __init__(self, site, names):
        self.site, self.names = site, names
        self.port = reserve_port()
        self.at = {}
        self.go_on = threading.Event()

    def listen(self, *hosts):
        for host in hosts:
            self.at[host] = self.site.backend(script=self._serve(host), host=host, port=self.port)

    def _serve(self, host):
        def script(connection):
            while (asked := connection.read_request()) is not None:
                if asked.target == "/echo":
                    switch_to_echo(connection)
                    return
                whole = response(host.encode())
                if asked.target == "/slow":
                    connection.send(whole[:-3])
                    assert self.go_on.wait(TIMEOUT)
                    whole = whole[-3:]
                connection.send(whole)
        return script

    def start(self, *hosts, text=None):
        self.names.tell(NAME, *hosts)
        return self.site.pound(text or config(), web=self.port,
                               popen={"env": self.names.environment})

    def asked(self):
        """How many requests each of them has had, and over how many connections."""
        return {host: (len(one.requests), len(one.connections)) for host, one in self.at.items()}


@pytest.fixture(name="hosts")
def fixture_hosts(site, names):
    return Hosts(site, names)


def answers(pound, count):
    return collections.Counter(get(pound.port).body.decode() for _ in range(count))


def test_workers_use_other_addresses_without_a_reload(hosts):
    hosts.listen("127.0.0.2", "127.0.0.3")
    pound = hosts.start("127.0.0.2", text=config("Workers: 2; Alive: 3600"))
    assert answers(pound, 8) == {"127.0.0.2": 8}
    hosts.names.tell(NAME, "127.0.0.3")
    said = pound.wait_log(CHANGE)
    assert said[0].endswith("127.0.0.3 is new, 127.0.0.2 is gone")
    assert answers(pound, 8) == {"127.0.0.3": 8}
    pound.kill_worker()
    assert answers(pound, 8) == {"127.0.0.3": 8}
    pound.reload()
    assert answers(pound, 8) == {"127.0.0.3": 8}
    assert len(pound.wait_log(CHANGE)) == 1
    assert "is dead" not in pound.log()


def test_idle_connections_to_an_address_that_is_gone_are_closed(hosts):
    hosts.listen("127.0.0.2", "127.0.0.3")
    pound = hosts.start("127.0.0.2", "127.0.0.3")
    assert answers(pound, 4) == {"127.0.0.2": 2, "127.0.0.3": 2}
    idle = hosts.at["127.0.0.2"].connections[0]
    hosts.names.tell(NAME, "127.0.0.3")
    wait_until(lambda: idle.sock.fileno() == -1, "the idle connection to be closed")  # without a request
    assert answers(pound, 4) == {"127.0.0.3": 4}
    assert hosts.asked() == {"127.0.0.2": (2, 1), "127.0.0.3": (6, 1)}


def test_an_address_that_is_gone_drains(site, hosts):
    """Requests and tunnels that are under way there go on; nothing new goes there."""
    hosts.listen("127.0.0.2", "127.0.0.3")
    pound = hosts.start("127.0.0.2")
    slow, tunnel = site.client(pound.port), site.client(pound.port)
    slow.send(request("GET", "/slow"))
    tunnel.send(request("GET", "/echo", "Connection: Upgrade", "Upgrade: echo"))
    assert tunnel.read_head().start_line.startswith("HTTP/1.1 101")
    hosts.at["127.0.0.2"].wait_requests(2)
    hosts.names.tell(NAME, "127.0.0.3")
    pound.wait_log(CHANGE)
    assert answers(pound, 8) == {"127.0.0.3": 8}
    tunnel.send(b"ping")
    assert tunnel.read_exactly(4) == b"ping"
    hosts.go_on.set()
    got = slow.read_response()
    assert (got.body, got.complete) == (b"127.0.0.2", True)
    download = next(one for one in hosts.at["127.0.0.2"].connections
                    if one.requests[0].target == "/slow")
    wait_until(lambda: download.sock.fileno() == -1, "the connection of the download to be closed")
    assert slow.ask("GET", "/").body == b"127.0.0.3"
    tunnel.send(b"pong")
    assert tunnel.read_exactly(4) == b"pong"
    assert hosts.asked()["127.0.0.2"] == (2, 2)


def test_a_rotating_answer_is_no_change(hosts):
    addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
    hosts.listen(*addresses)
    pound = hosts.start(*addresses)
    assert answers(pound, 9) == dict.fromkeys(addresses, 3)
    for _ in range(3):
        addresses = addresses[1:] + addresses[:1]
        hosts.names.tell(NAME, *addresses, addresses[0])  # and one of them twice
        hosts.names.wait_lookups(1)
    assert answers(pound, 9) == dict.fromkeys(addresses, 3)
    assert {connections for _, connections in hosts.asked().values()} == {1}
    assert "other addresses" not in pound.log()
    hosts.names.tell(NAME, "127.0.0.4")
    pound.wait_log(CHANGE + r"127\.0\.0\.2 127\.0\.0\.3 are gone$")


def test_IPv4_and_IPv6_share_the_load(hosts):
    addresses = ["127.0.0.2", "127.0.0.1"] + (["::1"] if has_ipv6() else [])
    hosts.listen(*addresses)
    pound = hosts.start(*addresses)
    assert answers(pound, 30) == dict.fromkeys(addresses, 30 // len(addresses))


def test_20_addresses_share_the_load_over_all_workers(hosts):
    addresses = [f"127.0.0.{i}" for i in range(11, 31)]
    hosts.listen(*addresses)
    pound = hosts.start(*addresses, text=config("Workers: 2"))
    for _ in range(20):  # most workers get other connections than the first one
        answers(pound, 20)
    asked = [requests for requests, _ in hosts.asked().values()]
    assert sum(asked) == 400
    assert min(asked) >= 18 and max(asked) <= 22, asked


def test_addresses_of_a_name_that_has_none_any_more_stay(hosts):
    hosts.listen("127.0.0.2")
    pound = hosts.start("127.0.0.2")
    hosts.names.tell(NAME)
    pound.wait_log(r"backend web \(app\.test:\d+\): its name does not resolve any more: "
                   r".*; it keeps the addresses it has$")
    hosts.names.wait_lookups(2)
    assert answers(pound, 4) == {"127.0.0.2": 4}
    pound.kill_worker()
    assert answers(pound, 4) == {"127.0.0.2": 4}
    hosts.names.tell(NAME, "127.0.0.2")
    pound.wait_log(r"backend web \(app\.test:\d+\): its name resolves again$")
    assert pound.log().count("does not resolve any more") == 1
    assert "other addresses" not in pound.log()


def test_addresses_stay_while_the_resolver_is_silent(hosts):
    hosts.listen("127.0.0.2", "127.0.0.3")
    pound = hosts.start("127.0.0.2")
    hosts.names.tell(NAME, HANG)
    pound.wait_log("does not resolve any more: no answer within 5 s; it keeps the addresses")
    assert answers(pound, 4) == {"127.0.0.2": 4}
    hosts.names.tell(NAME, "127.0.0.3")
    pound.wait_log(CHANGE)
    assert answers(pound, 4) == {"127.0.0.3": 4}
    assert pound.log().count("does not resolve any more") == 1
    assert pound.log().count("its name resolves again") == 1


def test_a_dead_backend_is_probed_at_an_address_that_is_new(hosts):
    """Within seconds, although the next probe would be later."""
    hosts.listen("127.0.0.3")
    pound = hosts.start("127.0.0.2")
    assert get(pound.port).status == 503
    pound.wait_log("backend web .* is dead: Connection refused")
    hosts.names.tell(NAME, "127.0.0.3")
    pound.wait_log("backend web .* is live again")
    assert answers(pound, 4) == {"127.0.0.3": 4}


def test_a_reload_takes_the_newest_addresses(hosts):
    hosts.listen("127.0.0.2", "127.0.0.3")
    once = config(backend="Resolve: 0")
    pound = hosts.start("127.0.0.2", text=once)
    assert answers(pound, 4) == {"127.0.0.2": 4}
    hosts.names.tell(NAME, "127.0.0.3")
    pound.reload()
    assert answers(pound, 4) == {"127.0.0.3": 4}
    assert hosts.names.lookups == 2
