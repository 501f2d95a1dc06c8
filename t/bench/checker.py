"""The clients that check responses, and connections that stay idle after one response.

The load generators do not look at bodies. While one runs, a Checker sends the same request several
times a second over the same kind of connection. It compares status, length and SHA-256 of the body
with what the backend sends. HTTP/1 is read by Python's http.client, HTTP/2 by the strict client of
the end-to-end tests.
"""

import functools
import hashlib
import http.client
import threading

import hpack
import hyperframe.exceptions

from harness import Closed, client_context
from harness.http2 import Http2

PERIOD = bytes(i % 251 for i in range(251))  # every body of the bench backend repeats this
CHECK_EVERY = 0.1  # seconds


@functools.lru_cache(maxsize=4)
def digest_of(size):
    hashed = hashlib.sha256()
    block = PERIOD * 4096
    for _ in range(size // len(block)):
        hashed.update(block)
    hashed.update(block[:size % len(block)])
    return hashed.hexdigest()


class Http1Client:
    """A connection; `ask` returns the status, Content-Length, length and digest of a response."""

    errors = (OSError, http.client.HTTPException)
    context = client_context()

    def __init__(self, port, tls):
        self.is_tls = tls
        if tls:
            self.connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30,
                                                          context=self.context)
        else:
            self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.spoken = None  # the negotiated TLS

    def ask(self, path, fields):
        self.connection.request("GET", path, headers=fields)
        if self.is_tls:
            self.spoken = (self.connection.sock.version(), self.connection.sock.cipher()[0])
        response = self.connection.getresponse()
        hashed, length = hashlib.sha256(), 0
        while block := response.read(1 << 18):
            hashed.update(block)
            length += len(block)
        return (response.status, response.getheader("Content-Length"), length, hashed.hexdigest())

    def close(self):
        self.connection.close()


class Http2Client:
    """The same with HTTP/2 over TLS."""

    errors = (OSError, AssertionError, Closed, hpack.HPACKError,
              hyperframe.exceptions.HyperframeError)
    context = client_context(alpn=["h2", "http/1.1"])

    def __init__(self, port, _tls):
        self.connection = Http2(port, tls=True, context=self.context)
        self.spoken = (self.connection.wire.tls.version(), self.connection.wire.tls.cipher()[0])

    def ask(self, path, fields):
        fields = dict(fields)
        host = fields.pop("Host")
        response = self.connection.ask("GET", path, *fields.items(), authority=host)
        return (response.status, response.field("content-length"), len(response.body),
                hashlib.sha256(response.body).hexdigest())

    def close(self):
        self.connection.close()


def kind_of(demand):
    return Http2Client if demand.streams else Http1Client


def fault(demand, answer):
    """What is wrong with the result of `ask`; None if nothing is."""
    status, told, length, digest = answer
    if (status, told, length) != (200, str(demand.size), demand.size):
        return f"status {status}, Content-Length {told}, {length} bytes for {demand.path}"
    if digest != digest_of(demand.size):
        return f"the body of {demand.path} is not the one of the backend"
    return None


class Checker(threading.Thread):
    """Sends requests until `stop`; `wrong` has its complaints, `count` its requests."""

    def __init__(self, port, demand):
        super().__init__(daemon=True)
        self.demand, self.port = demand, port
        self.count, self.wrong, self.spoken = 0, [], None
        self.over = threading.Event()
        self.start()

    def ask(self, client):
        fields = {"Host": self.demand.host}
        if self.demand.close:
            fields["Connection"] = "close"
        if self.demand.cookies:
            fields["Cookie"] = f"sid=client{self.count % self.demand.cookies + 1}"
        answer = client.ask(self.demand.path, fields)
        self.spoken = client.spoken
        self.count += 1
        if found := fault(self.demand, answer):
            self.wrong.append(found)

    def run(self):
        kind = kind_of(self.demand)
        client = None
        try:
            client = kind(self.port, self.demand.tls)
            while True:
                self.ask(client)
                if self.demand.close:
                    client.close()
                if self.over.wait(CHECK_EVERY):
                    break
        except kind.errors as error:
            self.wrong.append(f"the checking client: {error!r}")
        finally:
            if client:
                client.close()

    def stop(self):
        self.over.set()
        self.join(60)
        if not self.count:
            self.wrong.append("the checking client received no response")


def keep_idle(kept, port, demand, count):
    """Adds `count` clients that have received one response each to `kept`. Returns what is wrong
    with a response, after which it stops; None if nothing is."""
    for _ in range(count):
        kept.append(kind_of(demand)(port, demand.tls))
        if found := fault(demand, kept[-1].ask(demand.path, {"Host": demand.host})):
            return found
    return None
