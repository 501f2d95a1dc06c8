"""Fixtures of the tests of the session store."""

import pytest

from harness.fake_store import FakeStore
from harness.redis import Redis
from machines import Machines


@pytest.fixture(name="fake")
def make_fake(site):
    """Machines whose store is a fake in this process."""
    return Machines(site, site.add_backend(FakeStore()))


@pytest.fixture(name="real")
def make_real(site, tmp_path):
    """Machines whose store is redis-server."""
    return Machines(site, site.add_backend(Redis(tmp_path)))
