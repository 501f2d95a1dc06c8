"""Fixtures of the end-to-end tests, and the checks before each run.

`site` lives for one test. `shared_site` lives for all tests of a file: those tests send requests
and change nothing. POUND, DEMO_BACKEND and CHECK_MANY name the programs; TEST_TIMEOUT_SCALE
stretches the time limits.
"""

import os
import resource
import subprocess
import threading

import pytest

from harness import POUND, ROOT, TIMEOUT, reserve_port
from harness.evil import Evil, compile_evil
from harness.faults import Faults, compile_shim
from harness.names import Names, compile_resolver
from harness.site import Site
from harness.tls import Authority



def pytest_collection_modifyitems(items):
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("needs_root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))


def pytest_sessionstart(session):
    del session
    # Thousands of clients need thousands of descriptors. The daemon inherits this limit.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if not os.access(POUND, os.X_OK):
        pytest.exit(f"no program at {POUND}: build it, or set POUND", returncode=1)


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The authority that signs the certificates of this run."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificates(authority):
    """One certificate of each usual kind, by name."""
    return {
        "rsa": authority.issue("rsa", "www.example.com", kind="rsa:2048"),
        "ec": authority.issue("ec", "www.example.com"),
        "wild": authority.issue("wild", "*.example.net", "example.net"),
        "other": authority.issue("other", "other.example", "*.sub.other.example"),
        "cn": authority.issue("cn", subject="/CN=cn.example"),
    }


@pytest.fixture(scope="session")
def fault_shim(tmp_path_factory):
    return compile_shim(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def faults(fault_shim, tmp_path):
    """Makes system calls fail in a daemon that is started with faults.environment."""
    made = Faults(fault_shim, tmp_path)
    yield made
    made.check()


@pytest.fixture(scope="session")
def name_resolver(tmp_path_factory):
    return compile_resolver(tmp_path_factory.mktemp("names"))


@pytest.fixture
def names(name_resolver, tmp_path):
    """Names of a daemon that is started with names.environment."""
    return Names(name_resolver, tmp_path)


@pytest.fixture(scope="session")
def evil(tmp_path_factory):
    """Evil code in the workers of a daemon that is started with evil.environment."""
    return Evil(compile_evil(tmp_path_factory.mktemp("evil")))


@pytest.fixture(scope="session")
def demo_backend():
    """The path of the demo backend, a web server that is fast enough for load tests."""
    path = os.environ.get("DEMO_BACKEND", str(ROOT / "build" / "release" / "demo_backend"))
    if not os.access(path, os.X_OK):
        pytest.fail(f"no program at {path}: build it, or set DEMO_BACKEND")
    return os.path.abspath(path)


@pytest.fixture
def demo(demo_backend):
    """demo(name) starts a demo backend and returns its port."""
    processes = []

    def start(name):
        port = reserve_port()
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            [demo_backend, "--name", name, "--port", str(port)], stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout.readline().strip() == f"listening on 127.0.0.1:{port}"
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return port

    yield start
    for process in processes:
        process.terminate()
        process.wait(TIMEOUT)
