"""The script of a backend for tests of connections that end: slow requests, and tunnels."""

import threading

from . import TIMEOUT


class SlowScript:
    """Answers /slow once `go_on` is set, other requests at once. Echoes in a tunnel of `protocol`.

    `answer` makes the response to a request's head.
    """

    def __init__(self, protocol, answer):
        self.go_on = threading.Event()
        self._switch = (f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {protocol}\r\n"
                        "Connection: Upgrade\r\n\r\n").encode()
        self._answer = answer

    def serve(self, connection):
        connection.sock.settimeout(None)
        while (head := connection.read_request()) is not None:
            if head.field("Upgrade"):
                connection.send(self._switch)
                while piece := connection.sock.recv(65536):
                    connection.send(piece)
                return
            if head.target == "/slow":
                assert self.go_on.wait(TIMEOUT)
            connection.send(self._answer(head))
