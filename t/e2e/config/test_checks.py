"""What `pound -c` teaches: all mistakes at once, warnings with codes, -W, --json, and what the
machine lacks. The advice for patterns and keys is tested in t/unit/conf/test_advice.cc and
t/unit/route/test_advice.cc.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from harness import reserve_port, run_pound

PLAIN = """\
Global:
  Workers: 1{more}
Backends:
  - &web {{Address: 127.0.0.1, Port: 8080}}
HTTPListeners:
  - Address: {address}
    Port: {port}
    Services:
      - Backends: *web
"""


def check(path, *args):
    done = run_pound("-c", *args, "-f", path)
    return done.returncode, done.stdout, done.stderr


def headlines(said, path):
    """The messages without the name of the file."""
    lines = [line.removeprefix(f"{path}:") for line in said.splitlines()
             if line.startswith(f"{path}:")]
    # Why a name does not resolve depends on the network of this machine.
    return [re.sub(r"(does not resolve): .*?;", r"\1: WHY;", line) for line in lines]


def write(tmp_path, text):
    path = tmp_path / "pound.yaml"
    path.write_text(text)
    return path


def plain(tmp_path, more="", address="127.0.0.1"):
    text = PLAIN.format(more="".join(f"\n  {line}" for line in more.split("; ") if line),
                        address=address, port=reserve_port())
    return write(tmp_path, text)


# --- all at once ----------------------------------------------------------------------------------
MANY = """\
Global:
  User: no-such-user
  RootJail: /nonexistent/jail
  Err404: /nonexistent/404.html
  Graze: 3
Backend:
  - &be
    Adress: nowhere.invalid
    Port: 99999
HTTPListener:
  - Address: 127.0.0.1
    Port: 99999
    Services:
      - Backends: *be
HTTPSListeners:
  - Address: 127.0.0.1
    Port: 8443
    Certificates: /nonexistent/cert.pem
    Ciphers: [foo, HIGH, ECDHE-RSA-AES128-GCM-SHA256]
    Services:
      - Auth: {Realm: a, Users: /nonexistent/users}
        Backends: *be
"""


def test_all_phases_and_all_below_unknown_keys(tmp_path):
    path = write(tmp_path, MANY)
    status, out, said = check(path)
    port = "`Port` is 99999, expected a whole number from 1 to 65535"
    assert (status, out) == (1, "")
    assert headlines(said, path) == [
        "2:9: error: there is no user `no-such-user`; expected a name from /etc/passwd",
        "3:13: error: cannot use the jail `/nonexistent/jail`: No such file or directory; "
        "expected a directory",
        "4:11: error: cannot read the page `/nonexistent/404.html` for Err404: No such file or "
        "directory; expected a readable HTML file",
        "5:3: error: unknown key `Graze` in Global; did you mean `Grace`?",
        "6:1: error: unknown key `Backend` in the top level; did you mean `Backends`?",
        "8:5: error: unknown key `Adress` in a backend; did you mean `Address`?",
        "8:13: warning: the backend `nowhere.invalid` does not resolve: WHY; "
        "it counts as dead until it does [unresolved-name]",
        f"9:11: error: {port}",
        "10:1: error: unknown key `HTTPListener` in the top level; did you mean `HTTPListeners`?",
        f"12:11: error: {port}",
        "18:19: error: cannot read the certificate `/nonexistent/cert.pem`: No such file or "
        "directory; expected a readable PEM file",
        "19:15: warning: the cipher `foo` is ignored: OpenSSL does not know it or considers it too "
        "weak; expected a name such as ECDHE-RSA-AES128-GCM-SHA256 [unknown-cipher]",
        "19:20: warning: `HIGH` is ignored: cipher expressions are not supported; list names such "
        "as ECDHE-RSA-AES128-GCM-SHA256 [unknown-cipher]",
        "21:33: error: cannot read the users `/nonexistent/users`: No such file or directory; "
        "expected a readable htpasswd file"]


def test_nothing_follows_from_another_mistake(tmp_path):
    """What a faulty line hides is not missed: no backends, no proxies, no services, no users."""
    path = write(tmp_path, """\
Global:
  TrustedProxies: [10.0.0.0/33]
Backends:
  - &be {Address: 127.0.0.1, Port: x}
  - &other {Address: 127.0.0.1, Port: 8081}
HTTPListeners:
  - Address: 127.0.0.1
    Port: 8000
    ClientField: Forwarded
    ProxyProtocol: true
    Services:
      - URL: '('
        Backends: [*be]
      - Backends: other
  - Address: 127.0.0.1
    Port: 8001
    Servces: 3
  - Address: 0.0.0.0
    Port: 8002
    Clients: {Allow: [x]}
    Services: [{Serve: status}]
""")
    status, _, said = check(path)
    assert status == 1
    assert [line.split(":")[:2] for line in headlines(said, path)] == [
        ["2", "20"], ["4", "36"], ["12", "14"], ["14", "19"], ["17", "5"], ["17", "14"],
        ["20", "23"]], said


def test_a_key_that_is_given_is_not_read_twice(tmp_path):
    path = write(tmp_path, PLAIN.format(more="\n  Workrs: x", address="127.0.0.1", port=1))
    assert headlines(check(path)[2], path) == [
        "3:3: error: unknown key `Workrs` in Global; did you mean `Workers`?"]


def test_ciphers_each_at_its_place(tmp_path, certificates):
    text = MANY[MANY.index("HTTPSListeners"):].replace(
        "/nonexistent/cert.pem", str(certificates["ec"].pem)).replace(
        "[foo, HIGH, ECDHE-RSA-AES128-GCM-SHA256]",
        "\n      - RC4-MD5\n      - ECDH+AESGCM:!aNULL:HIGH\n      - TLS-NO-SUCH").replace(
        "      - Auth: {Realm: a, Users: /nonexistent/users}\n        Backends: *be\n",
        "      - Redirect: https://www.example.com\n")
    path = write(tmp_path, text)
    status, _, said = check(path)
    unknown = ("cannot be used: OpenSSL does not know it or considers it too weak; expected a name "
               "such as ECDHE-RSA-AES128-GCM-SHA256")
    assert (status, headlines(said, path)) == (1, [
        f"6:9: error: the cipher `RC4-MD5` {unknown}",
        "7:9: error: `ECDH+AESGCM` cannot be used: cipher expressions are not supported; list "
        "names such as ECDHE-RSA-AES128-GCM-SHA256",
        f"8:9: error: the cipher `TLS-NO-SUCH` {unknown}"])
    path.write_text(text.replace("RC4-MD5", "ECDHE-ECDSA-AES128-GCM-SHA256"))
    status, _, said = check(path)
    assert status == 0
    assert [line.split(" ")[1] for line in headlines(said, path)] == ["warning:"] * 2


# --- codes ----------------------------------------------------------------------------------------
UNUSED = """\
Backends:
  - &web {Address: 127.0.0.1, Port: 8080}
  - &old {Address: 127.0.0.1, Port: 8081}
HTTPListeners:
  - Address: 127.0.0.1
    Port: 8000
    Services:
      - Backends: *web
"""
SAID = "no service uses the backend old"


def test_a_warning_is_no_error_unless_one_says_so(tmp_path):
    path = write(tmp_path, UNUSED)
    valid = f"{path}: configuration is valid\n"
    excerpt = "    - &old {Address: 127.0.0.1, Port: 8081}\n      ^\n"
    assert check(path) == (
        0, valid, f"{path}:3:5: warning: {SAID} [unused-backend]\n{excerpt}")
    assert check(path, "-W") == (1, "", f"{path}:3:5: error: {SAID} [unused-backend]\n{excerpt}")
    path.write_text("Global: {Lint: -unused-backend}\n" + UNUSED)
    assert check(path, "-W") == (0, valid, "")


def test_only_a_check_takes_w_and_json(tmp_path):
    path = write(tmp_path, UNUSED)
    for option in ("-W", "--json"):
        done = run_pound(option, "-F", "-f", path)
        assert done.returncode == 2
        assert done.stderr.startswith(f"pound: option {option} goes with -c only\nusage: ")


def test_json(tmp_path):
    path = write(tmp_path, UNUSED)
    place = {"file": str(path), "line": 3, "column": 5, "message": SAID}
    warning = {"severity": "warning", "code": "unused-backend", **place, "notes": []}
    status, out, said = check(path, "--json")
    assert (status, said, out.count("\n")) == (0, "", 1)
    assert json.loads(out) == {
        "file": str(path), "valid": True, "diagnostics": [warning], "omitted": 0}
    status, out, said = check(path, "--json", "-W")
    assert (status, said) == (1, "")
    assert json.loads(out) == {"file": str(path), "valid": False, "omitted": 0,
                               "diagnostics": [{**warning, "severity": "error"}]}
    path.write_text(UNUSED.replace("Port: 8080", "Port: 8080, Port: 8081"))
    status, out, said = check(path, "--json")
    assert (status, said) == (1, "")
    assert json.loads(out)["diagnostics"][0] == {
        "severity": "error", "code": None, "file": str(path), "line": 2, "column": 43,
        "message": "`Port` is given twice",
        "notes": [{"file": str(path), "line": 2, "column": 31,
                   "message": "it is first given here"}]}


def test_json_of_a_file_that_is_not_there(tmp_path):
    path = tmp_path / "none.yaml"
    status, out, said = check(path, "--json")
    assert (status, said) == (1, "")
    assert json.loads(out) == {"file": str(path), "valid": False, "omitted": 0, "diagnostics": [{
        "severity": "error", "code": None, "file": str(path), "line": None, "column": None,
        "message": "cannot open it: No such file or directory", "notes": []}]}


LINT = """\
Global:
  Workers: 1
  MaxSessions: {sessions}
  Lint: {lint}
HTTPListeners:
  - {{Address: 127.0.0.1, Port: $listen}}
"""


def test_lint_silences_the_start_and_a_reload(site):
    pound = site.pound(LINT.format(sessions=1024, lint="-needs-restart"))
    services, sessions = "every request gets 404", "MaxSessions stays at"
    before = pound.log().count(services)
    assert before == 2  # on standard error, and in the log
    pound.configure(LINT.format(sessions=2048, lint="-no-services"))
    pound.reload()
    assert pound.log().count(sessions) == 1
    pound.configure(LINT.format(sessions=4096, lint="[-needs-restart, -no-services]"))
    pound.reload()
    assert pound.log().count(sessions) == 1
    assert pound.log().count(services) == before


# --- this machine ---------------------------------------------------------------------------------
MISSING = ("this machine does not have the address {}, so that a start would fail; for an address "
           "that comes later, set the sysctl `net.{}.ip_nonlocal_bind=1` [missing-address]")


@pytest.mark.parametrize("address, kernel", [("192.0.2.77", "ipv4"), ('"2001:db8::77"', "ipv6")])
def test_an_address_that_this_machine_lacks(tmp_path, address, kernel):
    if pathlib.Path(f"/proc/sys/net/{kernel}/ip_nonlocal_bind").read_text() != "0\n":
        pytest.skip("this machine lets programs bind to any address")
    path = plain(tmp_path, address=address)
    status, _, said = check(path)
    wanted = "6:14: warning: " + MISSING.format(address.strip('"'), kernel)
    assert (status, headlines(said, path)) == (0, [wanted])
    done = run_pound("-F", "-f", path, "-p", tmp_path / "pid")
    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert "Cannot assign requested address" in done.stderr


@pytest.mark.needs_root
def test_the_sysctl_for_an_address_that_comes_later(tmp_path):
    path = plain(tmp_path, address="192.0.2.77")
    script = ("ip link set lo up 2>/dev/null; "
              "echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind && exec \"$0\" -c -f \"$1\"")
    if shutil.which("unshare") is None or subprocess.run(
            ["unshare", "-n", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no network namespaces")
    if subprocess.run(["unshare", "-n", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind"],
                      capture_output=True, check=False).returncode != 0:
        pytest.skip("sysctls cannot be written here")
    done = subprocess.run(["unshare", "-n", "sh", "-c", script, os.environ["POUND"], path],
                          capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.8.7", "0.0.0.0", "localhost"])
def test_addresses_that_every_machine_has(tmp_path, address):
    assert check(plain(tmp_path, address=address))[2] == ""


def test_a_name_that_does_not_resolve_at_its_place(tmp_path):
    path = write(tmp_path, UNUSED.replace("127.0.0.1, Port: 8080", "nowhere.invalid, Port: 8080")
                 .replace("  - &old {Address: 127.0.0.1, Port: 8081}\n", "")
                 .replace("  - Address: 127.0.0.1", "  - Address: nowhere.invalid"))
    status, _, said = check(path)
    assert (status, headlines(said, path)) == (1, [
        "2:20: warning: the backend `nowhere.invalid` does not resolve: WHY; "
        "it counts as dead until it does [unresolved-name]",
        "4:14: error: the listener's address `nowhere.invalid` does not resolve: WHY; "
        "expected an address of this machine"])


# --- Threads --------------------------------------------------------------------------------------
TWO = """\
Backends:
  - &one {{Address: 127.0.0.1, Port: 8080{one}}}
  - &two {{Address: 127.0.0.1, Port: 8081{two}}}
HTTPListeners:
  - Address: 127.0.0.1
    Port: 8000{threads}
    Services:
      - {{Path: /a, Backends: {first}}}
      - Backends: {second}
"""


@pytest.mark.parametrize("one, two, first, second, advice", [
    ("", "", "[*one, *two]", "*one", "16"),
    (", Threads: 5", ", Threads: 4", "[*one, *two]", "[*one, *two]", "9"),
    (", Threads: 0", "", "[*one, *two]", "*two", "0"),
    ("", "", "*one", "*two", None),
    (", Threads: 4", ", Threads: 4", "[*one, *two]", "*two", None),
])
def test_the_default_of_threads_before_several_backends(tmp_path, one, two, first, second, advice):
    def with_threads(threads):
        return TWO.format(one=one, two=two, first=first, second=second, threads=threads)

    path = write(tmp_path, with_threads(""))
    take = "any number" if advice == "0" else advice
    wanted = ["5:5: warning: this listener has no `Threads`, so that all of its backends together "
              f"get 8 requests at a time; they take {take}: write `Threads: {advice}` "
              "[default-threads]"]
    assert headlines(check(path)[2], path) == (wanted if advice else [])
    path.write_text(with_threads(f"\n    Threads: {advice or 8}"))
    assert check(path)[2] == ""


# --- certificates ---------------------------------------------------------------------------------
HTTPS = """\
HTTPSListeners:
  - Address: 127.0.0.1
    Port: 8443
    Certificates: {pem}{more}
    Services:
      - Redirect: https://www.example.com
"""


def test_a_small_curve(tmp_path, authority):
    weak = authority.issue("p224", "www.example.com", kind="ec:P-224")
    path = write(tmp_path, HTTPS.format(pem=weak.pem, more=""))
    status, _, said = check(path)
    assert (status, headlines(said, path)) == (0, [
        f"4:19: warning: the certificate `{weak.pem}` is weak: its EC key has 224 bits, expected "
        "256 or more [weak-key]"])


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=60)


def test_a_signature_with_sha1(tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha1", "-keyout", key, "-out", cert,
            "-days", "365", "-subj", "/CN=www.example.com")
    pem = tmp_path / "all.pem"
    pem.write_bytes(cert.read_bytes() + key.read_bytes())
    path = write(tmp_path, HTTPS.format(pem=pem, more=""))
    status, _, said = check(path)
    assert (status, headlines(said, path)) == (0, [
        f"4:19: warning: the certificate `{pem}` is weak: it is signed with SHA1, expected SHA256 "
        "or better [weak-key]"])


def test_an_authority_with_a_short_key(tmp_path, certificates):
    key, ca = tmp_path / "ca.key", tmp_path / "ca.pem"
    openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", key, "-out", ca, "-days",
            "365", "-subj", "/CN=Short")
    path = write(tmp_path, HTTPS.format(
        pem=certificates["ec"].pem, more=f"\n    ClientCert: {{Mode: require, CA: {ca}}}"))
    status, _, said = check(path)
    column = len("    ClientCert: {Mode: require, CA: ") + 1
    assert (status, headlines(said, path)) == (0, [
        f"5:{column}: warning: the authority `CN=Short` in `{ca}` has a key of 1024 bits, which is "
        "too weak: Pound refuses all certificates of clients that it has signed [weak-key]"])


# --- the jail -------------------------------------------------------------------------------------
@pytest.fixture(name="jail")
def fixture_jail(tmp_path):
    """A jail that nobody but root may write to, below folders of the same kind."""
    for folder in [tmp_path, *tmp_path.parents][:2]:
        os.chmod(folder, 0o755)
    jail = tmp_path / "jail"
    (jail / "run").mkdir(parents=True)
    for folder in (jail, jail / "run"):
        os.chmod(folder, 0o755)
    return jail


def in_jail(tmp_path, jail):
    return plain(tmp_path, more=f"User: nobody; RootJail: {jail}")


def told(tmp_path, jail):
    path = in_jail(tmp_path, jail)
    status, _, said = check(path)
    assert status == 0
    return [line.removeprefix("4:13: warning: ") for line in headlines(said, path)]


@pytest.mark.needs_root
@pytest.mark.parametrize("what, change", [
    (".", lambda path: os.chmod(path, 0o777)), (".", lambda path: os.chown(path, 65534, 0)),
    ("run", lambda path: os.chmod(path, 0o757)), ("run", lambda path: os.chown(path, 65534, 0)),
    ("run/file", lambda path: os.chmod(path, 0o646))])
def test_a_jail_that_workers_may_write_to(tmp_path, jail, what, change):
    (jail / "run" / "file").write_text("")
    os.chmod(jail / "run" / "file", 0o644)
    assert told(tmp_path, jail) == []
    path = (jail / what).resolve()
    change(path)
    commands = [f"chown root {path}", f"chmod go-w {path}"]
    assert told(tmp_path, jail) == [
        f"workers may write to `{path}`: one that an attacker has taken over could leave files "
        f"there; `{commands[0]}` and `{commands[1]}` take that right away [writable-jail]"]
    for command in commands:
        subprocess.run(command.split(), check=True)
    assert told(tmp_path, jail) == []


@pytest.mark.needs_root
def test_a_jail_that_others_may_replace(tmp_path, jail):
    os.chmod(tmp_path, 0o777)
    commands = [f"chown root {tmp_path}", f"chmod go-w {tmp_path}"]
    assert told(tmp_path, jail) == [
        f"others than root may write to `{tmp_path}`, and so replace the jail in it; "
        f"`{commands[0]}` and `{commands[1]}` take that right away [writable-jail]"]
    for command in commands:
        subprocess.run(command.split(), check=True)
    assert told(tmp_path, jail) == []
    os.chmod(tmp_path, 0o1777)  # as /tmp
    assert told(tmp_path, jail) == []


@pytest.mark.needs_root
def test_sockets_and_devices_in_a_jail_may_be_written_to(tmp_path, jail):
    os.mknod(jail / "null", 0o020666, os.makedev(1, 3))
    os.chmod(jail / "null", 0o666)
    (jail / "link").symlink_to("/tmp")
    assert told(tmp_path, jail) == []


# --- what a distribution ships --------------------------------------------------------------------
def test_the_sample_gives_no_advice(tmp_path):
    sample = pathlib.Path(__file__).parents[3] / "pound.yaml.sample"
    text = re.sub(r"(?m)^( *)(User|Group|RootJail|Control|Socket):.*\n", "", sample.read_text())
    status, _, said = check(write(tmp_path, text))
    assert (status, said) == (0, "")
