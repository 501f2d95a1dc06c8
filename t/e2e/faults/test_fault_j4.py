"""The log of the start."""

import re

import pytest

from harness import reserve_port
from harness.config import another_listener, plain_site


@pytest.mark.parametrize("number, args", [(8, ["-F"]), (9, ["-F"]), (9, ["-F", "-d", "1"])])
def test_fault_J4_many_addresses_are_counted(site, number, args):
    """Up to 8 addresses stand in the line. Detail 1 has a line for each."""
    ports = [reserve_port() for _ in range(number - 1)]
    config = plain_site() + "".join(another_listener(f"Port: {port}") for port in ports)
    pound = site.pound(config, web=site.backend().port, args=args)
    addresses = [f"127.0.0.1:{port}" for port in (pound.port, *ports)]
    said = re.findall(r"pound\[\d+\]: ready: listening on (.*)", pound.log())
    assert said == [", ".join(addresses) if number == 8 else "9 addresses"]
    each = re.findall(r"pound\[\d+\]: listening on (.*)", pound.log())
    assert each == (addresses if "-d" in args else [])
