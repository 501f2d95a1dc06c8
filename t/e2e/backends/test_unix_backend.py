"""Backends at Unix sockets: scripted ones, gunicorn and puma, in a jail, with TLS, full and gone."""

import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile

import pytest

from harness import (TIMEOUT, Backend, Client, get, request, response, run_pound, wait_until)
from harness.config import plain_site
from harness.status import read_status

SITE = plain_site("Workers: 2; Alive: 1", backends={"web": "Address: $dir/app.sock; ConnTO: 1"})


@pytest.fixture(name="open_folder")
def fixture_open_folder():
    """A folder to which workers of another user have a way."""
    with tempfile.TemporaryDirectory(prefix="pound-") as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


def at_path(site, path, **kwargs):
    return site.add_backend(Backend(path=path, **kwargs))


def test_requests_and_their_bodies_pass(site):
    pound = site.prepare(SITE)
    backend = at_path(site, pound.directory / "app.sock",
                      handler=lambda received: response(received.body[::-1]))
    pound.start()
    with Client(pound.port) as client:
        assert client.ask("POST", body=b"abc").body == b"cba"
        assert client.ask("POST", body=b"x" * 300_000 + b"y").body == b"y" + b"x" * 300_000
        assert client.ask("GET").status == 200
        assert client.ask("GET").status == 200
    # A request with a body has a connection of its own; the others share one.
    assert len(backend.connections) == 3
    assert backend.requests[2].field("X-Forwarded-For") == "127.0.0.1"
    assert {record["reason"] for record in pound.wait_records(4)} == {None}


def test_log_and_status_name_the_path(site):
    pound = site.prepare(SITE)
    path = pound.directory / "app.sock"
    pound.start()
    assert get(pound.port).status == 503
    pound.wait_log(rf"backend web \({path}\) is dead: No such file or directory")
    at_path(site, path)
    pound.wait_log(rf"backend web \({path}\) is live again")
    backend = read_status(pound).one("backend", name="web")
    assert (backend["address"], backend["state"]) == (str(path), "live")


def test_a_service_that_restarts_is_found_again(site):
    pound = site.prepare(SITE)
    backend = at_path(site, pound.directory / "app.sock")
    pound.start()
    assert get(pound.port).status == 200
    backend.refuse()
    backend.disconnect()
    assert get(pound.port).status == 503
    backend.open()
    wait_until(lambda: get(pound.port).status == 200, "the backend to be live again")


@pytest.mark.needs_root
def test_the_path_is_looked_up_in_the_jail(site):
    pound = site.prepare(plain_site("Workers: 1; RootJail: $dir/jail; User: nobody",
                                    backends={"web": "Address: /run/app.sock"}))
    jail = pound.directory / "jail"
    (jail / "run").mkdir(parents=True)
    os.chmod(pound.directory, 0o755)
    os.chmod(jail, 0o755)
    where = r"pound\.yaml:\d+:\d+: warning: there is no socket"
    check = run_pound("-c", "-f", pound.config_file)
    assert check.returncode == 0
    pattern = rf"{where} `{jail}/run/app\.sock`: No such file or directory; workers look for " \
              r"`/run/app\.sock` inside the jail"
    assert re.search(pattern, check.stderr), check.stderr
    at_path(site, jail / "run" / "app.sock")
    assert "warning" not in run_pound("-c", "-f", pound.config_file).stderr
    pound.start()
    assert get(pound.port).status == 200


@pytest.mark.needs_root
def test_a_socket_that_workers_may_not_use(site, open_folder):
    path = open_folder / "app.sock"
    pound = site.prepare(plain_site("Workers: 1; User: nobody; Alive: 1",
                                    backends={"web": f"Address: {path}"}))
    at_path(site, path)
    os.chmod(path, 0o700)
    pound.start()
    assert get(pound.port).status == 503
    pound.wait_log(rf"backend web \({path}\) is dead: Permission denied")
    os.chmod(path, 0o777)
    wait_until(lambda: get(pound.port).status == 200, "the backend to be live again")


def test_tls_at_a_path(site, authority, certificates):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates["ec"].pem)
    settings = "Address: $dir/app.sock; TLS: {CA: $ca, Name: www.example.com}"
    pound = site.prepare(plain_site(backends={"web": settings}), ca=authority.root.cert)
    backend = at_path(site, pound.directory / "app.sock", tls=tls)
    pound.start()
    with Client(pound.port) as client:
        assert [client.ask().status for _ in range(3)] == [200] * 3
    assert len(backend.connections) == 1


class Full:
    """A Unix socket whose queue is full: nobody accepts."""

    def __init__(self, path):
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        self.listening.listen(0)
        self.waiting = []
        while True:
            sock = socket.socket(socket.AF_UNIX)
            sock.setblocking(False)
            self.waiting.append(sock)
            try:
                sock.connect(str(path))
            except BlockingIOError:
                break

    def leave(self):
        """Those that wait in the queue leave it."""
        for sock in self.waiting:
            sock.close()

    def close(self):
        for sock in [self.listening, *self.waiting]:
            sock.close()


def wait_in_flight(pound):
    wait_until(lambda: read_status(pound).one("backend", name="web")["in_flight"] == 1,
               "the request to have its slot")


def test_a_full_queue_is_neither_death_nor_an_answer(site):
    pound = site.prepare(plain_site("Workers: 1", backends={"web": "Address: $dir/app.sock"}))
    full = site.add_client(Full(pound.directory / "app.sock"))
    pound.start()
    client = site.client(pound.port)
    client.send(request())
    wait_in_flight(pound)
    assert not client.has_unread()
    full.leave()
    full.listening.settimeout(TIMEOUT)
    said = b""
    while not said:  # the others say nothing
        sock, _ = full.listening.accept()
        sock.settimeout(TIMEOUT)
        site.add_client(sock)
        said = sock.recv(4096)
    assert said.startswith(b"GET / ")
    sock.sendall(response())
    assert client.read_response().status == 200
    assert "dead" not in pound.log()


def test_a_queue_that_stays_full_is_a_503_of_its_own(site):
    pound = site.prepare(SITE)
    site.add_client(Full(pound.directory / "app.sock"))
    pound.start()
    answer = get(pound.port)
    assert (answer.status, answer.field("Retry-After")) == (503, "1")
    assert pound.wait_records(1)[0]["reason"] == "backend_busy"
    assert "dead" not in pound.log()
    assert get(pound.port).status == 503
    assert {record["reason"] for record in pound.wait_records(2)} == {"backend_busy"}


def test_queued_while_it_ends(site):
    """The application ends while a request waits for its queue."""
    pound = site.prepare(plain_site("Workers: 1", backends={"web": "Address: $dir/app.sock"}))
    full = site.add_client(Full(pound.directory / "app.sock"))
    pound.start()
    client = site.client(pound.port)
    client.send(request())
    wait_in_flight(pound)
    full.close()
    assert client.read_response().status == 503
    pound.wait_log("is dead: Connection refused")


APPLICATION = '''
def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["HTTP_X_FORWARDED_FOR"].encode(), b" ", body[::-1]]
'''

RACKUP = '''
run lambda { |env|
  body = env["rack.input"].read
  [200, {"content-type" => "text/plain"}, [env["HTTP_X_FORWARDED_FOR"], " ", body.reverse]]
}
'''


class Program:
    """An application server of its own, which listens at a path."""

    def __init__(self, command, path, folder):
        self._said = folder / "said"
        with open(self._said, "wb") as said:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self._path = path
        wait_until(self._is_up, lambda: "the application; it said:\n" + self._said.read_text())

    def _is_up(self):
        assert self._process.poll() is None, self._said.read_text()
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._path)) == 0

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(TIMEOUT)


def gunicorn(folder, path):
    (folder / "app.py").write_text(APPLICATION)
    return ["gunicorn", "--workers", "2", "--bind", f"unix:{path}", "app"]


def puma(folder, path):
    (folder / "config.ru").write_text(RACKUP)
    return ["puma", "--bind", f"unix://{path}", "--environment", "production", "config.ru"]


@pytest.mark.parametrize("name, command", [("gunicorn", gunicorn), ("puma", puma)])
def test_applications(site, tmp_path, name, command):
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    pound = site.prepare(plain_site("Workers: 2", backends={"web": "Address: $dir/app.sock"}))
    path = pound.directory / "app.sock"
    pound.start()
    site.add_backend(Program(command(tmp_path, path), path, tmp_path))
    with Client(pound.port) as client:
        for number in range(20):
            body = f"{name} {number} ".encode() * 1000
            answer = client.ask("POST", body=body)
            assert (answer.status, answer.body) == (200, b"127.0.0.1 " + body[::-1])
            assert client.ask("GET").body == b"127.0.0.1 "
    assert {record["reason"] for record in pound.wait_records(40)} == {None}


def test_checks_at_a_path(site):
    pound = site.prepare(plain_site("Workers: 1", backends={
        "web": "Address: $dir/app.sock; Check: {Path: /check, Every: 1, Rise: 1, Fall: 1}"}))
    backend = at_path(site, pound.directory / "app.sock")
    pound.start()
    backend.wait_requests(1)
    assert backend.requests[0].field("Host") == "localhost"
    backend.refuse()
    pound.wait_log(r"backend web .* is dead: check: ")
    backend.open()
    pound.wait_log(r"backend web .* is live again")
