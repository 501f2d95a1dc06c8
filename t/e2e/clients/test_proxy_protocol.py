"""ProxyProtocol: a balancer that is trusted names the client in a header of the PROXY protocol.

The address from the header is the client's for everything that follows. A peer that is not trusted
sends no header. Here 127.0.0.1 is the balancer, and other addresses of 127.0.0.0/8 are strangers.
"""

import pytest

from harness import Client, answer, get, request, response
from harness.config import plain_site
from harness.proxy_header import LOCAL, PROXY, TCP4, UNIX, binary, line, raw, tlv

CONFIG = plain_site("Workers: 1; TrustedProxies: [127.0.0.1, 192.0.2.128/25]",
                    listener="Client: $client; ProxyProtocol: true")


def client_of(received):
    """Answers with the address of the client."""
    return response(received.field("X-Forwarded-For").encode())


def patient(connection):
    """Pound may keep the connection for as long as the tests of a file take."""
    connection.sock.settimeout(None)
    answer(client_of)(connection)


def start(site, *, client=30, args=("-F",), config=CONFIG):
    return site.pound(config, web=site.backend(script=patient).port, client=client, args=args)


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site):
    return start(shared_site)


VALID = {
    "line, IPv4": (line("192.0.2.7"), "192.0.2.7"),
    "line, IPv6": (line("2001:db8::7"), "2001:db8::7"),
    "line, IPv6 in full": (line("2001:0DB8:0000:0000:0000:0000:0000:0007"), "2001:db8::7"),
    "line, IPv4 in the form of IPv6": (line("::ffff:192.0.2.7"), "192.0.2.7"),
    "line, longest": (line(*["ffff:" * 7 + "ffff"] * 2, port=65535, to=65535),
                      "ffff:" * 7 + "ffff"),
    "line, UNKNOWN": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "line, UNKNOWN with more": (b"PROXY UNKNOWN ::1 ::1 1 1\r\n", "127.0.0.1"),
    "binary, IPv4": (binary("192.0.2.7"), "192.0.2.7"),
    "binary, IPv6": (binary("2001:db8::7"), "2001:db8::7"),
    "binary, IPv4 in the form of IPv6": (binary("::ffff:192.0.2.7"), "192.0.2.7"),
    "binary, TLVs": (binary("192.0.2.7", tlv(1, b"h2"), tlv(2, b"a.test"), tlv(4, b""),
                            tlv(0xea, b"\1vpce-1")), "192.0.2.7"),
    "binary, longest": (binary("192.0.2.7", tlv(4, b"x" * (4096 - 12 - 3))), "192.0.2.7"),
    "binary, LOCAL": (raw(LOCAL), "127.0.0.1"),
    "binary, LOCAL with addresses": (binary("192.0.2.7", command=LOCAL), "127.0.0.1"),
    "binary, unspecified": (raw(PROXY, 0, b"what ever"), "127.0.0.1"),
    "binary, Unix": (raw(PROXY, UNIX, b"\0" * 216), "127.0.0.1"),
}


@pytest.mark.parametrize("name", VALID)
def test_the_client_of_the_header(pound, name):
    header, client = VALID[name]
    before = pound.count_records()
    with Client(pound.port, first=header) as wire:
        for _ in range(2):
            assert wire.ask().body.decode() == client
    assert [r["client"] for r in pound.wait_records(before + 2)[before:]] == [client] * 2


@pytest.mark.parametrize("name", ["line, IPv6", "line, UNKNOWN", "binary, IPv6", "binary, TLVs"])
def test_split_everywhere(pound, name):
    header, client = VALID[name]
    for at in range(1, len(header) + 1):
        with Client(pound.port) as wire:
            wire.send(header[:at])
            wire.send(header[at:] + request())
            assert wire.read_response().body.decode() == client


def test_byte_by_byte(pound):
    for header in line("192.0.2.7"), binary("192.0.2.7", tlv(4, b"x" * 500)):
        with Client(pound.port) as wire:
            for at in range(len(header)):
                wire.send(header[at:at + 1])
            assert wire.ask().body == b"192.0.2.7"


BAD = {
    "no header": request(),
    "letters": b"hello\r\n",
    "a TLS record": b"\x16\x03\x01\x02\x00\x01",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "line, LF only": line("192.0.2.7").replace(b"\r", b""),
    "line, one space more": line("192.0.2.7").replace(b" 5000", b"  5000"),
    "line, a leading zero": line("192.0.2.7", port="05000"),
    "line, a port too high": line("192.0.2.7", port=65536),
    "line, another family": line("192.0.2.7").replace(b"TCP4", b"TCP6"),
    "line, UDP": line("192.0.2.7").replace(b"TCP4", b"UDP4"),
    "line, too long": b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    "binary, another version": binary("192.0.2.7", command=0x11),
    "binary, another command": binary("192.0.2.7", command=0x22),
    "binary, datagrams": raw(PROXY, 0x12, b"\0" * 12),
    "binary, too short": raw(PROXY, TCP4, b"\0" * 11),
    "binary, too long": binary("192.0.2.7", tlv(4, b"x" * (4097 - 12 - 3))),
    "binary, TLV beyond the end": binary("192.0.2.7", tlv(4, b"xy")[:-1]),
    "binary, a wrong checksum": binary("192.0.2.7", tlv(3, b"1234")),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_header_closes_with_one_record(pound, name):
    before = pound.count_records()
    with Client(pound.port) as wire:
        wire.send(BAD[name] + request(target="/hidden"))
        assert wire.closes()
    record, = pound.wait_records(before + 1)[before:]
    assert (record["client"], record["request"], record["agent"]) == ("127.0.0.1", "-", "-")
    assert (record["status"], record["reason"]) == ("400", "proxy_header")
    assert (record["service"], record["backend"]) == (f"127.0.0.1:{pound.port}", "-")


@pytest.mark.parametrize("header", [line("192.0.2.7"), binary("192.0.2.7", tlv(1, b"h2"))])
def test_an_end_inside_the_header(pound, header):
    before = pound.count_records()
    cuts = range(1, len(header))
    for cut in cuts:
        with Client(pound.port) as wire:
            wire.send(header[:cut])
            wire.shut_write()
            assert wire.closes()
    records = pound.wait_records(before + len(cuts))[before:]
    assert [(r["status"], r["reason"]) for r in records] == [("499", "proxy_header")] * len(cuts)


def test_a_check_that_only_connects_leaves_nothing(pound):
    before = pound.count_records()
    for _ in range(20):
        with Client(pound.port) as wire:
            wire.shut_write()
            assert wire.closes()
    with Client(pound.port, first=raw(LOCAL)) as wire:
        wire.shut_write()
        assert wire.closes()
    with Client(pound.port, first=line("192.0.2.7")) as wire:
        assert wire.ask("GET", "/after").status == 200
    assert [r["request"] for r in pound.wait_records(before + 1)[before:]] == [
        "GET /after HTTP/1.1"]


def test_a_second_header_is_a_bad_request(pound):
    with Client(pound.port, first=line("192.0.2.7") * 2) as wire:
        assert wire.ask().status == 400


def test_a_stranger_sends_no_header(pound):
    before = pound.count_records()
    assert get(pound.port, source="127.0.0.9").body == b"127.0.0.9"
    for header in line("192.0.2.7"), binary("192.0.2.7"):
        with Client(pound.port, source="127.0.0.9", first=header) as wire:
            assert wire.ask().status == 400
    records = pound.wait_records(before + 3)[before:]
    assert [r["client"] for r in records] == ["127.0.0.9"] * 3


def test_no_header_in_time(site):
    pound = start(site, client=1)
    for header in b"", b"P", line("192.0.2.7")[:-1], raw(LOCAL, 0, b"1234")[:-1]:
        wire = site.client(pound.port)
        wire.send(header)
    for wire in pound.wait_records(4):
        assert (wire["status"], wire["reason"]) == ("408", "proxy_header_timeout")
        assert (wire["client"], wire["request"], wire["bytes"]) == ("127.0.0.1", "-", "-")


def test_the_details_are_in_the_log(site):
    pound = start(site, args=("-F", "-d", "1"))
    with Client(pound.port) as wire:
        wire.send(line("192.0.2.7", port="05000"))
        assert wire.closes()
    pound.wait_log(rf"listener 127\.0\.0\.1:{pound.port}: the PROXY header of 127\.0\.0\.1 has no "
                   r"valid source port$")


def test_a_session_belongs_to_the_client_of_the_header(site):
    backends = {name: site.backend(lambda _, n=name: response(n.encode()))
                for name in ("one", "two")}
    pound = site.pound(
        plain_site("Workers: 2; TrustedProxies: 127.0.0.1", listener="ProxyProtocol: true",
                   backends={"one": "", "two": ""},
                   services="- Session: {Type: IP, TTL: 300}\n  Backends: [*one, *two]"),
        **{n: b.port for n, b in backends.items()})

    def ask(number):
        make = line if number % 2 else binary
        with Client(pound.port, first=make(f"192.0.2.{number}")) as wire:
            return wire.ask().body

    clients = range(1, 25)
    learned = {number: ask(number) for number in clients}
    assert set(learned.values()) == {b"one", b"two"}
    for _ in range(2):
        assert {number: ask(number) for number in clients} == learned


def test_the_port_is_that_of_the_listener(site):
    backend = site.backend()
    pound = site.pound(CONFIG, web=backend.port, client=30)
    with Client(pound.port, first=line("192.0.2.7", to=443)) as wire:
        wire.ask()
    received = backend.wait_requests(1)
    assert received.field("X-Forwarded-Port") == str(pound.port)
    assert received.field("X-Forwarded-Proto") == "http"
