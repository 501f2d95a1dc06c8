"""The keys of TLS tickets are replaced when a worker that knew them may have been taken over.

A worker that dies of a fault of memory or of a refused system call may have run an attacker's code,
and the keys may have left the machine with it.
"""

import os
import signal

import pytest

from harness import SANITIZED, TlsClient, client_context, reserve_port
from harness.config import tls_site

# The evil code reads its orders from plain connections.
CONFIG = tls_site("Workers: 2", listener="Port: $https; Certificates: $pem", plain="")


def session_of(port, context):
    with TlsClient(port, context=context) as client:
        assert client.ask().status == 200  # in TLS 1.3 it brings the ticket
        return client.tls.session


def is_resumed(port, context, session):
    with TlsClient(port, context=context, session=session) as client:
        assert client.ask().status == 200
        return client.tls.session_reused


def kill_by(number):
    def kill(pound, evil):
        del evil
        pid = pound.workers()[0]
        os.kill(pid, number)
        return pid
    return kill


def refused_call(pound, evil):
    pound.expected = "refused system call"
    return evil.kill_worker(pound, "open")


CRASHES = {"SIGSEGV": kill_by(signal.SIGSEGV), "SIGBUS": kill_by(signal.SIGBUS),
           "refused call": pytest.param(refused_call, marks=pytest.mark.skipif(
               SANITIZED, reason="sanitizers need calls that no worker may make"))}


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("crash", CRASHES.values(), ids=CRASHES)
def test_no_ticket_of_before_the_crash_is_taken(site, evil, certificates, crash, version):
    https = reserve_port()
    pound = site.pound(CONFIG, web=site.backend().port, https=https, pem=certificates["rsa"].pem,
                       popen={"env": evil.environment})
    context = client_context(version)
    old = session_of(https, context)
    assert is_resumed(https, context, old)
    dead = crash(pound, evil)
    pound.wait_workers(gone=[dead])
    # In both workers: the one that lived on, and the new one.
    assert not any(is_resumed(https, context, old) for _ in range(12))
    new = session_of(https, context)
    assert all(is_resumed(https, context, new) for _ in range(12))
