"""Auth: who is let in, what others get, what is logged and what the backend sees."""

import shutil
import subprocess

import pytest

from clients.passwords import (CHALLENGE, FAST, HASHES, checks, credentials, login, prepare, start,
                               write_users)
from harness import ROOT, TIMEOUT, Client, get, request, run_pound
from harness.config import plain_site
from harness.http2 import Http2


@pytest.fixture(scope="module", name="pound")
def fixture_pound(shared_site):
    pound = prepare(shared_site, users={**HASHES, "alice": FAST, "a b": FAST},
                    listener="Protocols: [h2c, http/1.1]")
    return pound.start()


# Each test has an address of its own, because wrong passwords count for it.
_addresses = (f"127.0.1.{number}" for number in range(1, 255))


@pytest.fixture(name="source")
def fixture_source():
    return next(_addresses)


def record_of(pound, target):
    record = pound.wait_record(target)
    return record["user"], record["status"], record["reason"]


@pytest.mark.parametrize("user", HASHES)
def test_each_kind_of_hash(pound, source, user):
    asked = len(pound.backend.requests)
    assert login(pound, user, "secret", source=source).status == 200
    assert login(pound, user, "Secret", source=source).status == 401
    assert login(pound, user, "", source=source).status == 401
    assert len(pound.backend.requests) == asked + 1


def test_without_credentials(pound, source):
    got = get(pound.port, "/missing", source=source)
    assert (got.status, got.field("WWW-Authenticate"), got.complete) == (401, CHALLENGE, True)
    assert record_of(pound, "/missing") == ("-", "401", "auth_missing")
    got = get(pound.port, "/bearer", "Authorization: Bearer abc", source=source)
    assert (got.status, got.field("WWW-Authenticate")) == (401, CHALLENGE)
    assert record_of(pound, "/bearer") == ("-", "401", "auth_missing")


def test_wrong_credentials(pound, source):
    got = login(pound, "alice", "wrong", "/wrong", source=source)
    assert (got.status, got.field("WWW-Authenticate")) == (401, CHALLENGE)
    assert record_of(pound, "/wrong") == ("alice", "401", "auth_failed")
    assert login(pound, "nobody", "secret", "/nobody", source=source).status == 401
    assert record_of(pound, "/nobody") == ("nobody", "401", "auth_failed")


@pytest.mark.parametrize("value", ["Basic", "Basic YTp", "Basic YQ==", "Basic YTpi YTpi",
                                   "Basic YQo6Yg==", "Basic " + "QUFB" * 400 + "OmI="])
def test_what_is_no_user_and_password(pound, source, value):
    before = checks(pound)
    got = get(pound.port, "/", f"Authorization: {value}", source=source)
    assert (got.status, got.field("WWW-Authenticate")) == (401, CHALLENGE)
    assert checks(pound) == before


def test_two_authorization_fields(pound, source):
    good = credentials("alice", "secret")
    assert get(pound.port, "/", good, good, source=source).status == 401


def test_the_right_user_is_logged_and_the_field_passed_on(pound, source):
    assert login(pound, target="/right", source=source).status == 200
    assert record_of(pound, "/right") == ("alice", "200", None)
    assert pound.backend.requests[-1].field("Authorization") == \
        credentials("alice", "secret").removeprefix("Authorization: ")


def test_a_user_cannot_forge_a_record(pound, source):
    assert login(pound, "a b", "secret", "/space", source=source).status == 200
    assert record_of(pound, "/space")[0] == r"a\x20b"
    assert login(pound, '- [x] "GET', "x", "/forged", source=source).status == 401
    assert record_of(pound, "/forged") == (r"-\x20[x]\x20\x22GET", "401", "auth_failed")


def test_services_without_auth_and_redirects_ask_nobody(pound, source):
    assert get(pound.port, "/open", source=source).status == 200
    assert get(pound.port, "/moved", source=source).status == 302
    got = get(pound.port, "/open?mallory", credentials("mallory", "x"), source=source)
    assert got.status == 200
    assert record_of(pound, "/open?mallory") == ("-", "200", None)


def test_a_connection_lives_through_a_401(pound, source):
    with Client(pound.port, source=source) as client:
        for expected in ([], ["alice", "wrong"], ["alice", "secret"], ["alice", "secret"], []):
            fields = [credentials(*expected)] if expected else []
            got = client.ask("GET", "/", *fields)
            assert got.status == (200 if expected == ["alice", "secret"] else 401)
            assert got.field("Connection") is None


def test_no_byte_of_a_body_is_asked_for_before_the_password(pound, source):
    with Client(pound.port, source=source) as client:
        client.send(request("POST", "/", "Content-Length: 5", "Expect: 100-continue"))
        assert client.read_response().status == 401
    with Client(pound.port, source=source) as client:
        client.send(request("POST", "/body", credentials("alice", "secret"), body=b"hello"))
        assert client.read_response().status == 200
    assert pound.backend.requests[-1].body == b"hello"


def test_http2(pound, source):
    with Http2(pound.port, source=source) as client:
        first = client.ask(path="/h2-none")
        assert (int(first.status), first.field("www-authenticate")) == (401, CHALLENGE)
        name, value = credentials("alice", "secret").split(": ", 1)
        streams = [client.request("GET", f"/h2-{i}", (name.lower(), value)) for i in range(5)]
        assert [int(client.response(stream).status) for stream in streams] == [200] * 5
    assert record_of(pound, "/h2-4") == ("alice", "200", None)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl(pound, source):
    def curl(*arguments):
        done = subprocess.run(["curl", "-s", "--interface", source, "-o", "/dev/null", "-w",
                               "%{http_code} %{num_connects}", *arguments,
                               f"http://127.0.0.1:{pound.port}/"],
                              capture_output=True, text=True, timeout=TIMEOUT, check=True)
        return done.stdout
    assert curl("-u", "alice:secret") == "200 1"
    assert curl("-u", "alice:wrong") == "401 1"
    assert curl() == "401 1"
    assert curl("--anyauth", "-u", "alice:secret") == "200 1"  # after a 401 on the same connection
    assert curl("--http2-prior-knowledge", "-u", "alice:secret") == "200 1"


def test_a_websocket(site):
    def switch(connection):
        head = connection.read_request_head()
        if head is None:
            return
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        b"Connection: Upgrade\r\n\r\n")
        connection.send(connection.sock.recv(100))
    pound = start(site, backend=site.backend(script=switch))
    upgrade = ["Connection: Upgrade", "Upgrade: websocket"]
    client = site.client(pound.port)
    assert client.ask("GET", "/ws", *upgrade).status == 401
    client.send(request("GET", "/ws", credentials("alice", "secret"), *upgrade))
    assert client.read_response().status == 101
    client.send(b"echo")
    assert client.sock.recv(100) == b"echo"


def test_a_listener_protects_all_services_but_redirects(site):
    config = plain_site(listener="Auth: {Realm: All, Users: $dir/users}", services="""
    - URL: "^/moved"
      Redirect: https://www.example.com/
    - Backends: [*web]
    """)
    pound = site.prepare(config, web=site.backend().port)
    write_users(pound.directory / "users", alice=FAST)
    pound.start()
    assert get(pound.port, "/moved").status == 302
    assert get(pound.port).field("WWW-Authenticate") == 'Basic realm="All", charset="UTF-8"'
    assert login(pound).status == 200


def test_an_error_page_of_the_operator(site, tmp_path):
    page = tmp_path / "401.html"
    page.write_text("<p>who?</p>")
    pound = start(site, more=f"Err401: {page}")
    got = get(pound.port)
    assert (got.status, got.body, got.field("WWW-Authenticate")) == (401, b"<p>who?</p>", CHALLENGE)


# --- files ------------------------------------------------------------------------------------------
def check_file(site, text, mode=0o640):
    pound = prepare(site)
    users = pound.directory / "users"
    users.write_text(text)
    users.chmod(mode)
    done = run_pound("-c", "-f", str(pound.config_file))
    return done.returncode, done.stdout + done.stderr, users


def test_a_bad_line_is_an_error_that_shows_no_hash(site):
    status, said, users = check_file(site, f"alice:{FAST}\nbob:{{SHA}}0DPiKuNIrrVmD8IUCuw1hQxNqZc=\n")
    assert status == 1
    assert f"{users}:2:5: error: this user has a hash such as {{SHA}}; expected bcrypt ($2y$), " in said
    assert "0DPiKuNIrr" not in said and FAST not in said


def test_a_file_that_everybody_may_read_is_a_warning(site):
    status, said, users = check_file(site, f"alice:{FAST}\n", 0o644)
    assert status == 0
    assert f"warning: everybody on this machine may read the file `{users}`" in said


def test_a_missing_file_is_an_error(site):
    pound = prepare(site)
    (pound.directory / "users").unlink()
    done = run_pound("-c", "-f", str(pound.config_file))
    assert done.returncode == 1
    assert "error: cannot read the users `" in done.stdout + done.stderr


# --- logs -------------------------------------------------------------------------------------------
@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="fail2ban is not installed")
def test_fail2ban_finds_the_client_of_wrong_passwords(site, tmp_path):
    pound = start(site)
    assert login(pound, password="wrong", source="127.0.3.7").status == 401
    assert get(pound.port, source="127.0.3.8").status == 401
    assert login(pound, source="127.0.3.9").status == 200
    pound.wait_records(3)
    lines = [line.split("]: ", 1)[1] for line in pound.log().splitlines()
             if '"GET / HTTP/1.1"' in line]
    log = tmp_path / "access.log"
    log.write_text("".join(line + "\n" for line in lines))
    rules = tmp_path / "pound.conf"
    rules.write_text((ROOT / "init/fail2ban/filter.d/pound.conf").read_text().replace(
        "common.conf", "/etc/fail2ban/filter.d/common.conf"))
    done = subprocess.run(["fail2ban-regex", "--print-all-matched", str(log), str(rules)],
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert "1 matched" in done.stdout and "127.0.3.7" in done.stdout, done.stdout
