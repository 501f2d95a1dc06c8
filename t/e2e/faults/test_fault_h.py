"""Faults of group H: the addresses of listeners."""

import re

from harness import reserve_port, run_pound
from harness.config import plain_site


def test_fault_H1_an_ipv4_address_in_ipv6_form_is_refused_by_the_check(site):
    pound = site.prepare(plain_site(listener="Address: '::ffff:127.0.0.1'"), web=reserve_port())
    done = run_pound("-c", "-f", pound.config_file)
    assert done.returncode == 1
    assert re.findall("error: (.*)", done.stderr) == [
        '`Address` is text "::ffff:127.0.0.1", an IPv4 address in the form of IPv6; '
        "write 127.0.0.1"]
