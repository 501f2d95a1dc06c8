"""The tools of the end-to-end tests: a daemon under test, scripted backends and raw clients.

Tests import their tools from this package. It knows nothing about any particular test, and it
speaks HTTP no more cleverly than a test could by hand: a proxy is tested with bytes.
"""

from . import proc
from .backend import Backend, Blackhole, answer, response
from .client import Client, get, request
from .daemon import POUND, ROOT, SANITIZED, Pound, StartFailed, run_pound
from .ports import has_ipv6, reserve_port, reserve_privileged_port
from .timing import TIMEOUT, scaled, wait_until
from .tls import TlsClient, client_context, openssl, s_client
from .wire import Closed, Message, chunked

__all__ = [
    "Backend", "Blackhole", "Client", "Closed", "Message", "POUND", "Pound", "ROOT", "SANITIZED",
    "StartFailed", "TIMEOUT", "TlsClient", "answer", "chunked", "client_context", "get",
    "has_ipv6", "openssl", "proc", "request", "reserve_port", "reserve_privileged_port", "response",
    "run_pound", "s_client", "scaled", "wait_until",
]
