"""Sessions of type INSERT: Pound sets a cookie that names the backend, and stores nothing."""

import re

import pytest

from harness import get, reserve_port, response, run_pound
from harness.config import another_listener, plain_site, tls_site
from harness.http2 import Http2
from harness.status import read_status

NAMES = ("one", "two", "three")
PLAIN = r"PSRV=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax"
SERVICES = """
    - URL: "^/lasting"
      Session: {Type: INSERT, ID: node, TTL: 300}
      Backends: [*one, *two, *three]
    - Session: {Type: INSERT}
      Backends: [*one, *two, *three]
"""
CONFIG = plain_site("Workers: 2; Alive: 1$global", backends=dict.fromkeys(NAMES, ""),
                    listener="Client: 30$listener", services=SERVICES)


def answer(received, name):
    """Answers with the name of the backend; `?status=…` chooses the status."""
    _, _, status = received.target.partition("status=")
    body = b"" if status in ("204", "304") else name.encode()
    return response(body, status=f"{status or 200} Some", length=status != "304")


def make_backends(site):
    return {name: site.backend(lambda r, n=name: answer(r, n)) for name in NAMES}


def ports(backends):
    return {name: backend.port for name, backend in backends.items()}


class House:
    def __init__(self, site, config=CONFIG, **values):
        self.backends = make_backends(site)
        values = {"global": "", "listener": "", **values}
        self.pound = site.pound(config, **ports(self.backends), **values)

    def ask(self, cookie=None, target="/", *fields, pound=None):
        """The name of the backend that answered, and the cookie that came with it."""
        fields = [*fields] + ([f"Cookie: {cookie}"] if cookie else [])
        got = get((pound or self.pound).port, target, *fields)
        return got.body.decode(), cookie_of(got)

    def kill(self, name):
        self.backends[name].refuse()
        self.backends[name].disconnect()


def cookie_of(got):
    field = got.field("Set-Cookie")
    return field and field.split(";")[0]


@pytest.fixture(name="house")
def fixture_house(site):
    return House(site)


def stays(house, name, cookie, **kwargs):
    """Ten requests with the cookie reach the backend, and none of them gets another cookie."""
    assert {house.ask(cookie, **kwargs) for _ in range(10)} == {(name, None)}


def test_a_client_keeps_its_backend(house):
    got = get(house.pound.port)
    assert re.fullmatch(PLAIN, got.field("Set-Cookie"))
    stays(house, got.body.decode(), cookie_of(got))
    seen = dict(house.ask() for _ in range(60))
    assert set(seen) == set(NAMES), "new clients are spread over all backends"
    assert len(set(seen.values())) == 3
    for name, cookie in seen.items():
        stays(house, name, cookie)


def test_the_backend_gets_the_cookie_as_it_is(house):
    name, cookie = house.ask()
    stays(house, name, f"a=b; {cookie}; c=d")
    assert house.backends[name].requests[-1].field("Cookie") == f"a=b; {cookie}; c=d"


@pytest.mark.parametrize("status", [204, 304, 404, 500, 503])
def test_every_answer_of_a_backend_has_it(house, status):
    got = get(house.pound.port, f"/?status={status}")
    assert got.status == status
    assert re.fullmatch(PLAIN, got.field("Set-Cookie"))


def test_answers_of_pound_have_none(house):
    for backend in house.backends.values():
        backend.refuse()
    got = get(house.pound.port)
    assert got.status == 503
    assert got.field("Set-Cookie") is None


def test_a_ttl_is_renewed_with_every_response(house):
    got = get(house.pound.port, "/lasting")
    field = got.field("Set-Cookie")
    assert re.fullmatch(r"node=[0-9a-f]{32}; Max-Age=300; Path=/; HttpOnly; SameSite=Lax", field)
    again = get(house.pound.port, "/lasting", f"Cookie: {cookie_of(got)}")
    assert again.field("Set-Cookie") == field
    assert again.body == got.body


@pytest.mark.parametrize("forge", [
    lambda value: ("0" if value[0] != "0" else "1") + value[1:], lambda value: value[:-1],
    lambda value: value + "0", str.upper, lambda _: "one", lambda _: "", lambda _: "0" * 32])
def test_a_forged_cookie_is_no_session(house, forge):
    """Sixty requests with it are spread over all backends, and each gets a right one."""
    value = next(cookie for cookie in iter(lambda: house.ask()[1].removeprefix("PSRV="), None)
                 if cookie != cookie.upper())
    seen = [house.ask(f"PSRV={forge(value)}") for _ in range(60)]
    assert {name for name, _ in seen} == set(NAMES)
    assert all(cookie for _, cookie in seen)


def test_the_first_valid_one_of_several_counts(house):
    seen = dict(house.ask() for _ in range(60))
    stays(house, "two", f"PSRV=old; {seen['two']}; {seen['three']}")
    stays(house, "three", f"{seen['three']}; {seen['two']}")


def test_a_dead_backend_is_replaced_and_so_is_the_cookie(house):
    name, cookie = house.ask()
    house.kill(name)
    other, new = house.ask(cookie)
    assert other != name
    assert new and new != cookie
    stays(house, other, new)
    house.backends[name].open()
    house.pound.wait_log(f"backend {name} .* is live again")
    stays(house, name, cookie)
    stays(house, other, new)


def test_it_outlives_a_reload_and_a_killed_worker(house):
    name, cookie = house.ask()
    house.pound.reload(**{"global": "\n  Grace: 1"})
    stays(house, name, cookie)
    house.pound.kill_worker()
    stays(house, name, cookie)


def test_a_disabled_backend_keeps_its_clients(site):
    config = plain_site("Workers: 2", backends={name: f"Disabled: ${name}_off" for name in NAMES},
                        services=SERVICES)
    off = {f"{name}_off": "false" for name in NAMES}
    house = House(site, config, **off)
    seen = dict(house.ask() for _ in range(60))
    house.pound.reload(one_off="true")
    stays(house, "one", seen["one"])
    assert {house.ask()[0] for _ in range(60)} == {"two", "three"}
    house.kill("one")
    other, new = house.ask(seen["one"])
    assert other != "one"
    assert new == seen[other]


def test_a_backend_that_has_left_means_no_session(site):
    config = plain_site("Workers: 1", backends=dict.fromkeys(NAMES, ""), services="""
        - Session: {Type: INSERT}
          Backends: [$used]
    """)
    house = House(site, config, used="*one, *two, *three")
    seen = dict(house.ask() for _ in range(60))
    house.pound.reload(used="*three, *two")
    stays(house, "two", seen["two"])
    stays(house, "three", seen["three"])
    assert {house.ask(seen["one"]) for _ in range(60)} == {("two", seen["two"]),
                                                           ("three", seen["three"])}


def test_machines_with_one_secret_take_each_others_cookies(site, tmp_path):
    """The other one has another address, other anchors and another order."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(32)))
    secret.chmod(0o600)
    house = House(site, **{"global": f"\n  Secret: {secret}"})
    other = site.pound(plain_site(f"Workers: 1; Secret: {secret}",
                                  backends={"c": "Port: $three", "a": "Port: $one",
                                            "b": "Port: $two"},
                                  services="""
                                  - URL: "^/x"
                                    Backends: [*a]
                                  - Session: {Type: INSERT}
                                    Backends: [*c, *a, *b]
                                  """), name="other", **ports(house.backends))
    seen = dict(house.ask() for _ in range(60))
    for name, cookie in seen.items():
        stays(house, name, cookie, pound=other)
    assert dict(house.ask(pound=other) for _ in range(60)) == seen
    secret.write_bytes(bytes(range(32, 64)))
    other.reload()
    name, cookie = next(item for item in iter(lambda: house.ask(seen["one"], pound=other), None)
                        if item[0] == "one")
    assert cookie not in (None, seen["one"])
    assert name == "one"


def test_without_a_secret_a_cookie_is_of_one_start(site):
    house = House(site)
    other = site.pound(CONFIG, name="other", **ports(house.backends),
                       **{"global": "", "listener": ""})
    _, cookie = house.ask()
    assert house.ask(cookie, pound=other)[1] not in (None, cookie)


def test_tls_makes_it_secure(site, certificates):
    backends = make_backends(site)
    pound = site.pound(tls_site(backends=dict.fromkeys(NAMES, ""), services=SERVICES,
                                listener="Certificates: $pem; Protocols: [http/1.1]"),
                       pem=certificates["rsa"].pem, **ports(backends))
    client = site.tls_client(pound.port)
    got = client.ask()
    assert re.fullmatch(PLAIN + "; Secure", got.field("Set-Cookie"))
    again = client.ask("GET", "/", f"Cookie: {cookie_of(got)}")
    assert again.field("Set-Cookie") is None
    assert again.body == got.body


def test_http2_and_its_parts_of_a_cookie(site, certificates):
    backends = make_backends(site)
    pound = site.pound(tls_site(backends=dict.fromkeys(NAMES, ""), services=SERVICES),
                       pem=certificates["rsa"].pem, **ports(backends))
    client = Http2(pound.port, tls=True)
    site.add_client(client)
    got = client.ask()
    assert re.fullmatch(PLAIN + "; Secure", got.field("set-cookie"))
    cookie = got.field("set-cookie").split(";")[0]
    for _ in range(10):
        again = client.ask("GET", "/", ("cookie", "a=b"), ("cookie", cookie), ("cookie", "c=d"))
        assert again.field("set-cookie") is None
        assert again.body == got.body


def test_a_trusted_proxy_says_whether_the_client_uses_tls(site):
    house = House(site, listener="\n    TrustedProxies: 127.0.0.1")
    https = get(house.pound.port, "/", "X-Forwarded-Proto: https").field("Set-Cookie")
    assert re.fullmatch(PLAIN + "; Secure", https)
    assert re.fullmatch(PLAIN, get(house.pound.port, "/",
                                   "X-Forwarded-Proto: http").field("Set-Cookie"))
    stranger = House(site)
    assert re.fullmatch(PLAIN, get(stranger.pound.port, "/",
                                   "X-Forwarded-Proto: https").field("Set-Cookie"))


def test_listeners_share_it(site):
    """A client that goes on at another listener of the same backends keeps its backend."""
    house = House(site, CONFIG + another_listener("Port: $second", SERVICES),
                  second=reserve_port())
    seen = dict(house.ask() for _ in range(60))
    second = int(re.findall(r"Port: (\d+)", house.pound.text)[-1])
    for name, cookie in seen.items():
        got = get(second, "/", f"Cookie: {cookie}")
        assert (got.body.decode(), cookie_of(got)) == (name, None)


def test_a_client_with_it_is_known(site):
    """`Known: first` counts strangers: a client without a valid cookie is one."""
    config = plain_site("Workers: 1", backends=dict.fromkeys(NAMES, ""), services="""
        - Session: {Type: INSERT}
          Queue: {Known: first}
          Backends: [*one, *two, *three]
    """)
    house = House(site, config)

    def strangers():
        return read_status(house.pound).one("service")["strangers"]

    _, cookie = house.ask()
    assert strangers() == 1
    house.ask(cookie)
    assert strangers() == 1
    house.ask("PSRV=" + "0" * 32)
    assert strangers() == 2


@pytest.mark.parametrize("size, said", [
    (31, "has 31 bytes; expected 32 to 4096"), (32, None), (4096, None),
    (4097, "larger than 4096 bytes; expected a readable file of 32 to 4096 bytes"),
    (None, "No such file or directory; expected a readable file of 32 to 4096 bytes")])
def test_the_size_of_a_secret(site, tmp_path, size, said):
    secret = tmp_path / "secret"
    if size is not None:
        secret.write_bytes(b"x" * size)
        secret.chmod(0o600)
    pound = site.prepare(CONFIG, one=1, two=2, three=3, listener="",
                         **{"global": f"\n  Secret: {secret}"})
    done = run_pound("-c", "-f", pound.config_file)
    assert (done.returncode == 0) == (said is None), done.stderr
    assert said is None or said in done.stderr


def test_a_secret_that_all_may_read_is_a_warning(site, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 32)
    pound = site.prepare(CONFIG, one=1, two=2, three=3, listener="",
                         **{"global": f"\n  Secret: {secret}"})
    for mode, warns in ((0o644, True), (0o640, False)):
        secret.chmod(mode)
        done = run_pound("-c", "-f", pound.config_file)
        assert done.returncode == 0
        assert ("everybody on this machine may read the secret" in done.stderr) == warns
