"""Speaks with the control socket of a daemon, as `socat` would."""

import socket

from .status import Status
from .timing import TIMEOUT

SOCKET = "Control: $dir/control.sock"


def path_of(pound):
    return str(pound.directory / "control.sock")


def connect(pound, path=None):
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(TIMEOUT)
    made.connect(path or path_of(pound))
    return made


def read_all(connection):
    """All that comes, to the end: also a reset, if the daemon closed before it read everything."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        assert parts
    return b"".join(parts)


def ask_bytes(pound, data, path=None):
    """Sends the bytes and returns all that comes back."""
    with connect(pound, path) as connection:
        try:
            connection.sendall(data)
        except BrokenPipeError:  # refused before it was read; the reason is there
            pass
        return read_all(connection)


def ask(pound, command, path=None):
    return ask_bytes(pound, command.encode() + b"\n", path).decode()


def control_status(pound, command="status", path=None):
    """The objects that a command tells."""
    return Status(["status: " + line for line in ask(pound, command, path).splitlines()])
