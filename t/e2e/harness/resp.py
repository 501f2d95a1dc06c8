"""RESP2, the protocol of Redis: how replies look as bytes, and a client that asks a real server."""

import socket

from .timing import TIMEOUT
from .wire import Wire


class ErrorReply(Exception):
    """A reply that begins with `-`."""


def error(text):
    return b"-" + text.encode() + b"\r\n"


def reply(value):
    """The bytes of a reply, or of a command, which is a list of strings. True is `+OK`."""
    if value is None:
        return b"$-1\r\n"
    if value is True:
        return b"+OK\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, (list, tuple)):
        return b"*%d\r\n" % len(value) + b"".join(map(reply, value))
    data = value.encode("latin-1")
    return b"$%d\r\n%b\r\n" % (len(data), data)


def read_value(wire):
    """The next value on the wire. Commands are lists of strings. Raises Closed at the end."""
    line = wire.read_until(b"\r\n")[:-2]
    kind, rest = line[:1], line[1:]
    if kind == b"+":
        return rest.decode("latin-1")
    if kind == b"-":
        raise ErrorReply(rest.decode("latin-1"))
    if kind == b":":
        return int(rest)
    assert kind in (b"$", b"*") and rest.lstrip(b"-").isdigit(), f"no RESP: {line!r}"
    size = int(rest)
    if size < 0:
        return None
    if kind == b"*":
        return [read_value(wire) for _ in range(size)]
    data = wire.read_exactly(size + 2)
    assert data.endswith(b"\r\n"), f"a string of {size} bytes ends with {data[-2:]!r}"
    return data[:-2].decode("latin-1")


class RespClient(Wire):
    """Asks a server, over TLS if there is a context: `client.ask("GET", "key")`."""

    def __init__(self, port, password=None, user=None, database=0, tls=None):
        sock = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        super().__init__(tls.wrap_socket(sock) if tls else sock)
        if password is not None:
            self.ask("AUTH", *([] if user is None else [user]), password)
        if database:
            self.ask("SELECT", database)

    def ask(self, *words):
        self.send(reply([str(word) for word in words]))
        return read_value(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def all(self):
        """{key: value} of the database."""
        return {key: self.ask("GET", key) for key in self.ask("KEYS", "*")}

    def calls(self):
        """{command: how often the server has run it}, in lower case."""
        lines = self.ask("INFO", "commandstats").split("\r\n")[1:]
        rows = [line.split(":") for line in lines if line]
        return {name.removeprefix("cmdstat_"): int(told.split(",")[0].removeprefix("calls="))
                for name, told in rows}
