"""Backends that authenticate connections: NTLM and Negotiate.

The backend of these tests behaves like IIS: it answers the first message with a challenge and
trusts the connection after the third one, whatever later requests on it carry.
"""

import base64
import shutil
import subprocess

import pytest

from harness import TIMEOUT, response, wait_until
from harness.config import plain_site

CONFIG = plain_site("Workers: 1", backends={"web": "TimeOut: 10"}, listener="Client: 30")

# A challenge (message 2): no target, Unicode and NTLM, eight bytes for the client to answer.
CHALLENGE = (b"NTLMSSP\0" b"\x02\0\0\0" + bytes(4) + b"\x28\0\0\0" b"\x05\x02\x00\x00"
             b"\x01\x23\x45\x67\x89\xab\xcd\xef" + bytes(8))


def like_iis(scheme="NTLM"):
    def unauthorized(token=b""):
        value = f"{scheme} {base64.b64encode(token).decode()}".strip()
        return response(b"", f"WWW-Authenticate: {value}", status="401 Unauthorized")

    def script(connection):
        user = None
        while (received := connection.read_request()) is not None:
            credentials = received.field("Authorization")
            if credentials:
                assert credentials.startswith(scheme + " ")
                message = base64.b64decode(credentials.split(" ")[1])[8]
                if message == 1:
                    connection.send(unauthorized(CHALLENGE))
                    continue
                user = b"alice"
            if user is None:
                connection.send(unauthorized())
            else:
                connection.send(response(b"hello " + user + b" " + received.body))

    return script


def message(number, scheme="NTLM"):
    token = base64.b64encode(b"NTLMSSP\0" + bytes([number]) + bytes(20)).decode()
    return f"Authorization: {scheme} {token}"


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_fault_D1_an_authenticated_connection_serves_its_client_alone(site, scheme):
    backend = site.backend(script=like_iis(scheme))
    pound = site.pound(CONFIG, web=backend.port)
    alice, mallory = site.client(pound.port), site.client(pound.port)
    assert alice.ask("GET", "/").status == 401
    assert mallory.ask("GET", "/").status == 401
    assert alice.ask("GET", "/", message(1, scheme)).status == 401
    assert mallory.ask("GET", "/").status == 401
    assert alice.ask("GET", "/", message(3, scheme)).body == b"hello alice "
    for number in range(5):
        assert mallory.ask("GET", "/").status == 401
        assert alice.ask("GET", f"/{number}").body == b"hello alice "
        assert alice.ask("POST", f"/{number}", body=b"data").body == b"hello alice data"
        assert site.client(pound.port).ask("GET", "/").status == 401
    own = {one.connection.number for one in backend.requests if one.field("Authorization")}
    assert len(own) == 1


def test_fault_D1_the_connection_ends_with_its_client(site):
    backend = site.backend(script=like_iis())
    pound = site.pound(CONFIG, web=backend.port)
    alice = site.client(pound.port)
    assert alice.ask("GET", "/", message(3)).status == 200
    own = backend.connections[0]
    alice.close()
    wait_until(lambda: own.sock.fileno() < 0, "the end of the backend's connection")
    assert site.client(pound.port).ask("GET", "/").status == 401


def test_fault_D1_a_pinned_connection_that_the_backend_ends_is_replaced(site):
    def script(connection):
        if connection.read_request() is not None:
            connection.send(response(b"%d" % connection.number, "WWW-Authenticate: NTLM"))

    backend = site.backend(script=script)
    pound = site.pound(CONFIG, web=backend.port)
    alice = site.client(pound.port)
    for number in range(20):
        assert alice.ask("GET", "/").body == b"%d" % number


@pytest.mark.parametrize("data", [None, "form=1"])
def test_fault_D1_curl_authenticates_with_NTLM(site, data):
    curl = shutil.which("curl")
    if not curl or "NTLM" not in subprocess.run([curl, "--version"], capture_output=True, text=True,
                                                check=True).stdout:
        pytest.skip("no curl with NTLM")
    backend = site.backend(script=like_iis())
    pound = site.pound(CONFIG, web=backend.port)
    site.client(pound.port).ask("GET", "/")
    command = [curl, "-sS", "--ntlm", "-u", "alice:secret", f"http://127.0.0.1:{pound.port}/a",
               f"http://127.0.0.1:{pound.port}/b"]
    if data:
        command += ["--data", data]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert done.stdout == f"hello alice {data or ''}" * 2
    assert site.client(pound.port).ask("GET", "/").status == 401
