"""Fixtures of the tests about HTTP/2: one site for each file, and one connection for each test.

A test with the fixture `h2` runs twice: with prior knowledge (h2c) and over TLS. `plays` sets what the
raw backend of played.py answers to `client`.
"""

import pytest

from harness import answer, reserve_port, response
from harness.config import tls_site
from harness.http2 import Http2
from played import Played

CONFIG = tls_site(plain="Port: $plain; Protocols: [h2c, http/1.1]")


def sized(asked):
    """As many bytes as the path says: /1000. Otherwise the request's body, or `ok`."""
    path = asked.target[1:]
    return response(b"x" * int(path) if path.isdigit() else asked.body or b"ok")


def patient(connection):
    """Pound may keep the connection for as long as the tests of a file take."""
    connection.sock.settimeout(None)
    answer(sized)(connection)


@pytest.fixture(scope="module", name="web")
def fixture_web(shared_site):
    """The backend. Its `requests` are those that Pound has let through."""
    return shared_site.backend(script=patient)


@pytest.fixture(scope="module", name="ports")
def fixture_ports(shared_site, certificates, web):
    """The ports of the listeners: with prior knowledge (False) and with TLS (True)."""
    plain = reserve_port()
    pound = shared_site.pound(CONFIG, web=web.port, plain=plain, pem=certificates["ec"].pem)
    return {False: plain, True: pound.port}


@pytest.fixture(scope="module", name="connect")
def fixture_connect(ports):
    """connect(tls=False, ...) opens a connection: see Http2."""
    return lambda tls=False, **options: Http2(ports[tls], tls=tls, **options)


@pytest.fixture(name="tls", params=[False, True], ids=["h2c", "tls"])
def fixture_tls(request):
    return request.param


@pytest.fixture(name="raw")
def fixture_raw(connect, tls):
    """A connection on which nothing has been sent yet."""
    with connect(tls, start=False) as connection:
        yield connection


@pytest.fixture(name="h2")
def fixture_h2(raw):
    """A connection after the exchange of SETTINGS."""
    raw.start()
    return raw


@pytest.fixture(scope="module", name="played")
def fixture_played(shared_site):
    return Played(shared_site)


@pytest.fixture(name="client")
def fixture_client(played):
    with Http2(played.pound.port) as client:
        yield client


@pytest.fixture(name="plays")
def fixture_plays(played):
    yield played.plays
    played.backend.disconnect()
