"""poundctl explain: what it says of a request is what the daemon then does."""

import json
import re

import pytest

from harness import Client, get, response, wait_until
from harness.config import plain_site
from harness.control import SOCKET, ask, control_status
from harness.poundctl import poundctl, run_poundctl

NAMES = ("one", "two", "three")
USERS = ("a:$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.\n")
SITE = plain_site(f"Workers: 2; Alive: 1; {SOCKET}", backends=dict.fromkeys(NAMES, ""),
                  listener="MaxHeaders: 20; Allow: [host_missing]; Limit: {Rate: 1000, Per: 1}",
                  services="""
    - URL: "^/denied"
      Clients: {Deny: [127.0.0.0/8]}
      Backends: [*one]
    - URL: "^/moved"
      Redirect: "https://www.example.com"
    - URL: "^/private"
      Auth: {Realm: private, Users: $dir/users}
      Backends: [*one]
    - URL: "^/hash"
      Balance: hash
      HashKey: path
      Backends: [*one, *two, *three]
    - URL: "^/session"
      HeadRequire: "^X-Kind: (a|b)"
      HeadDeny: "^User-Agent:.*bot"
      Session: {Type: COOKIE, ID: sess, TTL: 300}
      Backends: [*one, *two, *three]
    - URL: "^/relaxed"
      Allow: [target_char]
      Backends: [*two]
    - URL: "^/only"
      HeadRequire: "^Host: www"
      Backends: [*three]
    - URL: "^/insert"
      Session: {Type: INSERT}
      Backends: [*one, *two]
""")


class House:
    def __init__(self, site):
        self.backends = {name: site.backend(lambda _, n=name: response(n.encode()))
                         for name in NAMES}
        daemon = site.prepare(SITE, **{name: one.port for name, one in self.backends.items()})
        (daemon.directory / "users").write_text(USERS)
        self.pound = daemon.start()

    def run(self, *words, config=None):
        return run_poundctl("-f", config or self.pound.config_file, "explain", *words)

    def explain(self, method, target, *fields, extra=()):
        words = [word for field in fields for word in ("-H", field)]
        done = self.run(method, f"http://127.0.0.1:{self.pound.port}{target}", *words, *extra,
                        "--json")
        assert (done.returncode, done.stderr) == (0, ""), done
        return json.loads(done.stdout)

    def do(self, method, target, *fields):
        """Sends the same request; its access record."""
        before = len(self.pound.records())
        has_host = any(field.lower().startswith("host:") for field in fields)
        lines = [f"{method} {target} HTTP/1.1", *fields]
        if not has_host:
            lines.insert(1, f"Host: 127.0.0.1:{self.pound.port}")
        with Client(self.pound.port) as client:
            client.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            client.read_response(to=method)
        return self.pound.wait_records(before + 1)[before]


@pytest.fixture(name="house", scope="module")
def fixture_house(shared_site):
    return House(shared_site)


REQUESTS = [
    ("GET", "/only"),
    ("GET", "/only", "Host: www.example.com"),
    ("GET", "/nowhere"),
    ("GET", "/denied"),
    ("GET", "/moved/x?y=1"),
    ("GET", "/private"),
    ("GET", "/private", "Authorization: Basic !!"),
    ("GET", "/hash/a"),
    ("GET", "/hash/b"),
    ("GET", "/hash/c?d"),
    ("GET", "/session", "X-Kind: c"),
    ("GET", "/session", "X-Kind: a", "User-Agent: a bot"),
    ("GET", "/x/../relaxed"),
    ("GET", "/relaxed/<"),
    ("GET", "/hash/<"),
    ("GET", "/relaxed/%zz"),
    ("BREW", "/relaxed"),
    ("TRACE", "/relaxed"),
    ("G@T", "/relaxed"),
    ("POST", "/relaxed", "Content-Length: 0"),
    ("POST", "/relaxed", "Content-Length: 1", "Transfer-Encoding: chunked"),
    ("POST", "/relaxed", "Content-Length: 1", "Content-Length: 2"),
    ("POST", "/relaxed", "Transfer-Encoding: gzip"),
    ("GET", "/relaxed", "Host: a b"),
    ("GET", "/relaxed", "Host: a", "Host: b"),
    ("GET", "/relaxed", "Bad Name: x"),
    ("GET", "/relaxed", "Space : x"),
    ("GET", "/relaxed", " folded"),
    ("GET", "/relaxed", "A: 1\n"),
    ("GET", "/relaxed", *[f"X-{i}: 1" for i in range(25)]),
    ("GET", "/relaxed/" + "x" * 9000),
    ("GET", "/a b"),
]


def prediction(told):
    """Status or backend, reason and service, as an access record has them."""
    outcome = told["outcome"]
    taken = [service["name"] for service in told["services"] if service["verdict"] == "taken"]
    refused = outcome["verdict"] == "answer"
    return {"status": str(outcome["status"]) if refused else "200",
            "reason": outcome["reason"] if refused else None,
            "service": taken[0] if taken else told["listener"]["name"],
            "backend": "-" if refused else outcome["backend"]}


@pytest.mark.parametrize("number", range(len(REQUESTS)),
                         ids=lambda n: " ".join(REQUESTS[n])[:40].encode("ascii", "replace").decode())
def test_what_explain_says_is_what_the_daemon_does(house, number):
    asked = REQUESTS[number]
    told = house.explain(*asked)
    if told["sanitizer"]["verdict"] == "refuses":
        # A rule that Allow relaxes is judged after the route, and the record has no service then.
        told["services"] = []
    wanted = prediction(told)
    record = house.do(*asked)
    got = {key: record[key] for key in wanted}
    got["reason"] = got["reason"] or None
    assert got == wanted, told


def test_sessions_and_states(house):
    fields = ("X-Kind: a", "Cookie: sess=alice")
    told = house.explain("GET", "/session", *fields)
    assert told["session"]["key"] == "alice" and told["session"]["backend"] is None
    assert told["outcome"]["backend"] is None
    assert sorted(one["percent"] for one in told["backends"]) == [33, 33, 33]
    name = house.do("GET", "/session", *fields)["backend"]
    told = house.explain("GET", "/session", *fields)
    assert (told["session"]["backend"], told["outcome"]["backend"]) == (name, name)
    assert told["outcome"]["why"] == "its session is there"
    others = [one for one in NAMES if one != name]
    for command, wanted in (("drain", name), ("disable", others[1]), ("enable", None)):
        ask(house.pound, f"{command} {name}")
        if command == "disable":
            ask(house.pound, f"disable {others[0]}")
        told = house.explain("GET", "/session", *fields)
        state = next(one for one in told["backends"] if one["name"] == name)
        assert state["admin"] == {"drain": "drained", "disable": "disabled",
                                  "enable": "enabled"}[command]
        if wanted:
            assert told["outcome"]["backend"] == wanted, told
            assert house.do("GET", "/session", *fields)["backend"] == wanted
    ask(house.pound, f"enable {others[0]}")


def test_a_dead_backend_and_none_at_all(site):
    house = House(site)
    house.backends["three"].refuse()
    assert house.do("GET", "/only", "Host: www.a")["status"] == "503"
    wait_until(lambda: control_status(house.pound, "backends").one(
        "backend", name="three")["state"] == "dead", "a dead backend")
    told = house.explain("GET", "/only", "Host: www.a")
    assert (told["outcome"]["status"], told["outcome"]["reason"]) == (503, "no_backend")
    assert (told["backends"][0]["state"], told["backends"][0]["why"]) == ("dead", "dead")
    house.pound.signal(15)
    house.pound.wait_exit()
    told = house.explain("GET", "/only", "Host: www.a")
    assert told["outcome"] == {"verdict": "backend", "why": "the daemon would choose"}
    assert told["backends"] == [{"name": "three", "weight": 8, "admin": None, "verdict": "unknown",
                                 "address": f"127.0.0.1:{house.backends['three'].port}"}]
    assert re.match("the states of backends are not known: cannot connect to .*control.sock",
                    told["notes"][-1]["text"])
    assert house.explain("GET", "/moved")["outcome"]["location"] == "https://www.example.com/moved"


def test_the_text_for_people(house):
    name = f"127.0.0.1:{house.pound.port}"
    done = house.run("GET", f"http://{name}/hash/<")
    assert re.fullmatch(rf"""request    GET http://{name}/hash/< from 127.0.0.1
listener   {name} http
sanitizer  refuses: target_char at offset 10: .* \(.*\), near: GET /hash/< .*
(.*\n)*outcome    answer 400 target_char
""", done.stdout), done
    done = house.run("GET", f"http://{name}/only")
    assert done.stdout.splitlines()[2:5] == [
        "sanitizer  passes",
        f"service    {name}/1 skipped: URL ^/denied is not found in /only",
        f"service    {name}/2 skipped: URL ^/moved is not found in /only"]
    assert f"service    {name}/7 skipped: HeadRequire ^Host: www is not found in the fields" in (
        done.stdout)
    assert done.stdout.splitlines()[-1] == "outcome    answer 404 no_service"


def test_a_proxy_names_the_client(site):
    web = site.backend()
    pound = site.pound(plain_site(f"Workers: 1; {SOCKET}; TrustedProxies: [192.0.2.0/24]",
                                  listener="Clients: {Deny: [198.51.100.0/24]}"), web=web.port)

    def explain(*words):
        return json.loads(poundctl(pound, "explain", "GET", "/", "--listener",
                                   f"127.0.0.1:{pound.port}", "-H", "Host: a", "--json", *words))

    assert explain("-c", "198.51.100.7")["outcome"] == {
        "verdict": "closed", "reason": "client_denied"}
    told = explain("-c", "192.0.2.1", "-H", "X-Forwarded-For: 198.51.100.7")
    assert (told["request"]["client"], told["request"]["proxy"]) == ("198.51.100.7", "192.0.2.1")
    assert told["outcome"]["reason"] == "client_denied"
    told = explain("-c", "192.0.2.1", "-H", "X-Forwarded-For: 203.0.113.9")
    assert (told["request"]["client"], told["outcome"]["backend"]) == ("203.0.113.9", "web")


def test_it_needs_no_keys(tmp_path):
    config = tmp_path / "pound.yaml"
    config.write_text("""
Backends:
  - &web {Address: 127.0.0.1, Port: 1}
HTTPSListeners:
  - Address: 127.0.0.1
    Port: 8443
    Certificates: /nowhere/key.pem
    Services:
      - Backends: [*web]
""")
    done = run_poundctl("-f", config, "explain", "GET", "https://www.test:8443/")
    assert done.returncode == 0, done.stderr
    assert "listener   127.0.0.1:8443 https\n" in done.stdout
    assert "has no key Control" in done.stdout


MISUSE = {
    (): "explain takes METHOD URL",
    ("GET",): "explain takes METHOD URL",
    ("GET", "http://127.0.0.1:1/"): "no listener takes http for 127.0.0.1 at port 1; ",
    ("GET", "ftp://x/"): "the URL must begin with http:// or https://",
    ("GET", "http://x/", "-H"): "-H takes a value",
    ("GET", "http://x/", "-c", "me"): "the client's address `me` is no IP address",
    ("GET", "/", "--listener", "a:1"): "there is no listener `a:1`; ",
}


@pytest.mark.parametrize("words", MISUSE, ids=" ".join)
def test_misuse(house, words):
    done = house.run(*words)
    assert done.returncode == 2 and MISUSE[words] in done.stderr, done


def test_a_configuration_with_an_error(house, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("HTTPListeners: 7\n")
    done = house.run("GET", "http://x/", config=bad)
    assert done.returncode == 1 and "bad.yaml:1:" in done.stderr, done
    assert get(house.pound.port, "/relaxed").status == 200
