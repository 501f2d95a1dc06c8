"""`Clients` of a listener and of a service, over HTTP/1 and HTTP/2, and across reloads."""

import re

import pytest

from harness import Client, get, run_pound, wait_until
from harness.config import plain_site
from harness.http2 import Http2

LISTENER = """
    Protocols: [h2c, http/1.1]
    TrustedProxies: [127.0.0.1]
    Clients:
      Allow: [127.0.0.0/8, 198.51.100.0/24, '2001:db8::/32']
      Deny: [127.0.0.9, 198.51.100.128/25, 'file:$dir/denied']
"""
SERVICES = """
    - URL: "^/inner"
      Clients: {Allow: [127.0.0.1, 198.51.100.7]}
      Backends: [*web]
    - URL: "^/moved"
      Clients: {Deny: [127.0.0.2]}
      Redirect: "https://www.example.com"
    - Backends: [*web]
"""


@pytest.fixture(name="where")
def fixture_where(site):
    backend = site.backend()
    pound = site.prepare(plain_site(listener=LISTENER, services=SERVICES), web=backend.port)
    (pound.directory / "denied").write_text("# nobody yet\n203.0.113.0/24\n")
    return pound.start(), backend


def ask(pound, target, *, version, source="127.0.0.1", client=None):
    """The status of the response, of a request that names `client` if there is one."""
    fields = [("x-forwarded-for", client)] if client else []
    if version == 2:
        with Http2(pound.port, source=source) as connection:
            return connection.ask("GET", target, *fields).status
    return get(pound.port, target, *(f"{name}: {value}" for name, value in fields),
               source=source).status


@pytest.mark.parametrize("version", [1, 2])
def test_clients_of_a_trusted_proxy(where, version):
    pound, backend = where
    for client, status in (
            ("198.51.100.7", 200), ("198.51.100.127", 200), ("198.51.100.128", 403),
            ("198.51.100.255", 403), ("2001:db8::1", 200), ("2001:db9::1", 403),
            ("203.0.113.7", 403), ("192.0.2.1", 403), ("127.0.0.9", 403), ("127.0.0.8", 200),
            ("198.51.100.128, 198.51.100.7", 200), ("198.51.100.7, 198.51.100.128", 403),
            (None, 200), ("garbage", 200)):
        asked = len(backend.requests)
        assert ask(pound, "/", version=version, client=client) == status, client
        assert len(backend.requests) - asked == (status == 200)


def test_the_record_of_a_refused_client(where):
    pound, _ = where
    assert ask(pound, "/refused", version=1, client="198.51.100.200") == 403
    record = pound.wait_record("/refused")
    assert (record["client"], record["status"], record["reason"], record["backend"]) == (
        "198.51.100.200", "403", "client_denied", "-")


@pytest.mark.parametrize("version", [1, 2])
def test_a_service_has_rules_of_its_own(where, version):
    pound, _ = where
    assert ask(pound, "/inner", version=version) == 200
    assert ask(pound, "/inner", version=version, client="198.51.100.7") == 200
    assert ask(pound, "/inner", version=version, client="198.51.100.8") == 403
    assert ask(pound, "/inner", version=version, source="127.0.0.2") == 403
    assert ask(pound, "/other", version=version, source="127.0.0.2") == 200
    assert ask(pound, "/moved", version=version, source="127.0.0.3") == 302
    assert ask(pound, "/moved", version=version, source="127.0.0.2") == 403
    assert ask(pound, "/moved", version=version, source="127.0.0.2", client="127.0.0.3") == 403


def test_a_refused_client_keeps_the_connection_of_its_proxy(where):
    with Client(where[0].port) as proxy:
        for client, status in (("192.0.2.1", 403), ("198.51.100.1", 200)) * 2:
            assert proxy.ask("GET", "/", f"X-Forwarded-For: {client}").status == status


def test_a_denied_peer_is_closed_without_an_answer(where):
    pound, backend = where
    with Client(pound.port, source="127.0.0.9") as client:
        assert client.read_until_close() == b""
    records = [one for one in pound.wait_records(1) if one["client"] == "127.0.0.9"]
    assert [(one["request"], one["status"], one["reason"]) for one in records] == [
        ("-", "403", "client_denied")]
    assert backend.connections == []
    with Client(pound.port, source="127.0.0.10") as client:
        assert client.ask().status == 200


def test_a_changed_file_counts_after_a_reload(where):
    pound, _ = where
    denied = pound.directory / "denied"
    assert ask(pound, "/", version=1, client="198.51.100.7") == 200
    denied.write_text("198.51.100.7\r\n")
    assert ask(pound, "/", version=1, client="198.51.100.7") == 200
    pound.reload()
    assert ask(pound, "/", version=1, client="198.51.100.7") == 403
    assert ask(pound, "/", version=1, client="198.51.100.8") == 200


@pytest.mark.parametrize("text, complaint", [
    ("# nobody\n", "there is no address in `"),
    ("198.51.100.1/24\n", "denied:1:1: error: `198.51.100.1/24`, which has bits set behind its "
                          "prefix; write 198.51.100.0/24"),
    ("ok.example\n", "denied:1:1: error: `ok.example`, expected an IP address or a network"),
    ("198.51.100.0/24\n", "denied:1:1: error: `198.51.100.0/24` is both allowed and denied"),
    (None, "No such file or directory"),
])
def test_a_faulty_file_fails_the_reload_and_changes_nothing(where, text, complaint):
    pound, _ = where
    denied = pound.directory / "denied"
    if text is None:
        denied.unlink()
    else:
        denied.write_text(text)
    pound.reload(expect="failed")
    pound.wait_log(re.escape(complaint))
    assert ask(pound, "/", version=1, client="203.0.113.7") == 403
    assert ask(pound, "/", version=1, client="198.51.100.7") == 200


def test_the_check_reads_the_files(where):
    pound, _ = where
    assert run_pound("-c", "-f", str(pound.config_file)).returncode == 0
    (pound.directory / "denied").write_text("")
    done = run_pound("-c", "-f", str(pound.config_file))
    assert done.returncode == 1
    assert "there is no address in `" in done.stderr


def test_a_list_of_100_000_networks(where):
    pound, _ = where
    (pound.directory / "denied").write_text("".join(
        f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}\n" for n in range(0, 200_000, 2)))
    pound.reload()
    assert ask(pound, "/", version=1, client="10.3.13.62") == 403
    wait_until(lambda: ask(pound, "/", version=1, client="198.51.100.7") == 200, "a response")
