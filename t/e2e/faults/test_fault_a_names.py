"""Liveness of a backend whose name does not resolve at first."""

import signal

from harness import get
from harness.config import plain_site
from harness.faults import HANG

# "localhost" may stand for two addresses. The backend listens on one of them.
SITE = plain_site("Workers: 2; Alive: 1", backends={"web": "Address: localhost"})
FAILS = 1  # the shim then returns EAI_AGAIN, whatever the number


def test_fault_A5_a_name_that_resolves_later(site, faults):
    """The backend becomes live for the workers that there are, and for their successors."""
    faults.order("getaddrinfo", FAILS, times=2)  # at the start, and at the first repetition
    pound = site.pound(SITE, web=site.backend().port, popen={"env": faults.environment})
    assert get(pound.port).status == 503
    pound.wait_log(r"backend web \(localhost:\d+\) resolves now and is live: .*127\.0\.0\.1")
    for _ in range(8):
        assert get(pound.port).status == 200
    pound.kill_worker()
    for _ in range(8):
        assert get(pound.port).status == 200
    assert pound.log().count("does not resolve") == 2  # on standard error, and in the log
    assert pound.log().count("resolves now") == 1


def test_fault_A5_a_reload_with_a_dead_resolver_keeps_the_addresses(site, faults):
    pound = site.pound(SITE, web=site.backend().port, popen={"env": faults.environment})
    assert get(pound.port).status == 200
    faults.order("getaddrinfo", FAILS, times=1)
    pound.reload()
    faults.check()
    assert get(pound.port).status == 200
    pound.wait_log("the backend `localhost` does not resolve: .*; it keeps the addresses it had")
    assert pound.reload().result == "ok"
    assert get(pound.port).status == 200


def test_fault_A5_term_ends_a_look_up(site, faults):
    """A look-up that hangs keeps neither the master nor its process."""
    faults.order("getaddrinfo", FAILS, times=1)
    pound = site.pound(SITE, web=site.backend().port, popen={"env": faults.environment})
    faults.order("getaddrinfo", HANG)
    faults.wait_struck(number=1)
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit() == 0
