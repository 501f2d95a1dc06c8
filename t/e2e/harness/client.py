"""A client under full control of the test: raw bytes out, one response in."""

import select
import socket

from .timing import TIMEOUT
from .wire import Wire


def request(method="GET", target="/", *fields, body=None, host="www.example.com", version="1.1"):
    """The bytes of a request. A `body` adds Content-Length unless the fields already frame it."""
    lines = [f"{method} {target} HTTP/{version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += fields
    framed = any(f.lower().startswith(("content-length:", "transfer-encoding:")) for f in fields)
    if body is not None and not framed:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


class Client(Wire):
    """`port` may be the path of a Unix socket. `first` are bytes that share a segment with what is sent next, such as a proxy's header."""

    def __init__(self, port, host="127.0.0.1", receive_buffer=None, source=None, first=b""):
        is_path = not isinstance(port, int)
        family = (socket.AF_UNIX if is_path else
                  socket.AF_INET6 if ":" in host else socket.AF_INET)
        sock = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(TIMEOUT)
        if source is not None:
            sock.bind((source, 0))
        sock.connect(str(port) if is_path else (host, port))
        super().__init__(sock)
        if first:
            sock.sendall(first, socket.MSG_MORE)

    @property
    def local_port(self):
        return self.sock.getsockname()[1]

    def has_unread(self):
        """Whether the socket is readable: unread bytes, or the end of the connection."""
        look = select.poll()  # select() cannot handle descriptors above 1023
        look.register(self.sock, select.POLLIN)
        return bool(look.poll(0))

    def read_response(self, to="GET"):
        """The final response to a request of method `to`; `.interim` has the 1xx heads."""
        interim = []
        while (head := self.read_head()).status < 200 and head.status != 101:
            interim.append(head)
        head.interim = interim
        kind, length = head.framing()
        if to == "HEAD" or head.status in (101, 204, 304):
            return head
        return self.read_body_into(head, kind or "close", length)

    def ask(self, *args, **kwargs):
        """Sends request(...) and reads the response."""
        data = request(*args, **kwargs)
        self.send(data)
        return self.read_response(to=data.split(b" ", 1)[0].decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def get(port, target="/", *fields, source=None, **kwargs):
    """Sends one request on a new connection, from the address `source`, and reads the response."""
    with Client(port, source=source) as client:
        return client.ask("GET", target, *fields, **kwargs)
