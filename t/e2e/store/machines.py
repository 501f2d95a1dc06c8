"""Two backends, and Pounds that share sessions in one store, as machines beside each other would.

A service for each kind of session is at the path /KIND/. The backends answer with their names, and
give back the value of `X-Learn` as a cookie and as a field.
"""

import base64
import re

from harness import get, response
from harness.config import plain_site
from harness.control import SOCKET

NAMES = ("one", "two")
KINDS = ("ip", "basic", "url", "parm", "cookie", "header")
KEY = re.compile(r"pound:[0-9a-f]{32}")
PATIENT = "TimeOut: 5000"  # milliseconds; the test does not depend on the machine's speed


def _service(kind, session, backends="*one, *two"):
    session = f"  Session: {{{session}, TTL: $ttl}}\n" if session else ""
    return f'- URL: "^/{kind}/"\n{session}  Backends: [{backends}]\n'


SERVICES = "".join([
    _service("ip", "Type: IP"),
    _service("masked", "Type: IP, Mask4: 24"),
    _service("basic", "Type: BASIC"),
    _service("url", "Type: URL, ID: sid"),
    _service("parm", "Type: PARM"),
    _service("cookie", "Type: COOKIE, ID: sid", "$backends"),
    _service("header", "Type: HEADER, ID: X-Session"),
    _service("other", "Type: COOKIE, ID: sid"),
    _service("never", "Type: COOKIE, ID: sid").replace("$ttl", "0"),
    _service("insert", "Type: INSERT").replace(", TTL: $ttl", ""),
    _service("waits", "Type: COOKIE, ID: sid").rstrip() + "\n  Queue: {Known: first}\n",
    _service("none", ""),
])
SITE = plain_site(f"Workers: $workers; Alive: 1; MaxSessions: $sessions; {SOCKET}; $secret; $store",
                  backends=dict.fromkeys(NAMES, ""),
                  listener="Client: 60; Protocols: [http/1.1, h2c]", services=SERVICES)


def authorization(user):
    return "Authorization: Basic " + base64.b64encode(f"{user}:secret".encode()).decode()


class Machines:
    """`store` is whatever listens: its port is the one of SessionStore."""

    def __init__(self, site, store):
        self.site, self.store = site, store
        self.backends = {name: site.backend(lambda r, n=name: self.answer(r, n))
                         for name in NAMES}
        self.ports = {name: backend.port for name, backend in self.backends.items()}

    @staticmethod
    def answer(received, name):
        text = received.field("X-Learn")
        fields = [] if text is None else [f"Set-Cookie: sid={text}; Path=/", f"X-Session: {text}"]
        return response(name.encode(), *fields)

    def at(self, name):
        """The value of a session at this backend."""
        return f"127.0.0.1:{self.ports[name]}"

    def secret(self, *names):
        """The line of Global for these secrets; equal names are equal secrets."""
        for name in names:
            path = self.site.directory / f"secret-{name}"
            path.write_bytes(name.encode() * 32)
            path.chmod(0o600)
        return f"Secret: [{', '.join(str(self.site.directory / f'secret-{n}') for n in names)}]"

    def values(self, store=PATIENT, secrets=("first",), ttl=300, workers=1, backends="*one, *two",
               sessions=16384, more=""):
        """What a configuration has. `store` are entries of SessionStore; None: there is none.
        `more` is a line of Global."""
        if store is not None:
            port = "" if "Port:" in store else f"Port: {self.store.port}, "
            address = "" if "Address:" in store else "Address: 127.0.0.1, "
            store = f"SessionStore: {{{address}{port}{store}}}"
        return {"ttl": ttl, "workers": workers, "secret": f"{self.secret(*secrets)}\n  {more}",
                "store": store or "", "backends": backends, "sessions": sessions,
                **self.ports}

    def prepare(self, **kwargs):
        return self.site.prepare(SITE, **self.values(**kwargs))

    def start(self, **kwargs):
        """A Pound that has reached the store."""
        pound = self.prepare(**kwargs).start()
        wait_serves(pound)
        return pound

    def values_in_store(self):
        with self.store.client() as client:
            return client.all()


def wait_serves(pound, count=1):
    return pound.wait_log(r"\]: session store \S+ serves$", count)


def ask(pound, kind="cookie", client=1, *fields):
    """Sends a request of this client; returns the name of the backend that answered, or the first
    line of a demo backend."""
    target, source = f"/{kind}/", None
    if kind == "ip":
        source = f"127.0.{5 + client // 250}.{1 + client % 250}"
    elif kind == "masked":
        source = f"127.0.{client}.1"
    elif kind == "basic":
        fields = (authorization(f"user{client}"), *fields)
    elif kind == "url":
        target += f"?a=1&sid=name{client}&b=2"
    elif kind == "parm":
        target += f"page;name{client}?a=1"
    elif kind == "header":
        fields = (f"X-Session: name{client}", *fields)
    else:
        fields = (f"Cookie: a=1; sid=name{client}; b=2", *fields)
    got = get(pound.port, target, *fields, source=source)
    assert got.status == 200, got
    return got.body.decode().split("\n")[0]


def ask_all(pound, clients, kind="cookie"):
    return {client: ask(pound, kind, client) for client in clients}


def store_lines(pound):
    """What the log says of the store, without the time and the pid."""
    return re.findall(r"^pound\[\d+\]: (session store .*)", pound.log(), re.M)
