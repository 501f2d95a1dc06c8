"""init/install-deps on complete and incomplete machines, with stand-ins for Debian's tools."""

import os
import subprocess

import pytest

from harness import ROOT

SCRIPT = ROOT / "init" / "install-deps"

# Knows all packages except those in $UNKNOWN; like the real tool it complains about those.
DPKG_QUERY = """#!/bin/bash
status=0
for name in "${@:3}"; do
  case " $UNKNOWN " in
    *" $name "*) echo "no packages found matching $name" >&2; status=1 ;;
    *) echo "$name installed" ;;
  esac
done
exit $status
"""
APT_GET = """#!/bin/bash
echo "$*" >>"$CALLS"
"""
ID = """#!/bin/bash
echo 0
"""


def run(tmp_path, unknown, *arguments):
    tools = tmp_path / "bin"
    tools.mkdir(parents=True)
    for name, text in (("dpkg-query", DPKG_QUERY), ("apt-get", APT_GET), ("id", ID)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    calls = tmp_path / "calls"
    environment = dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}", UNKNOWN=unknown,
                       CALLS=str(calls))
    done = subprocess.run([str(SCRIPT), *arguments], env=environment, capture_output=True,
                          text=True, timeout=60)
    return done, calls.read_text().splitlines() if calls.exists() else []


def test_nothing_is_missing(tmp_path):
    done, calls = run(tmp_path, "", "--test")
    assert (done.returncode, done.stdout, done.stderr, calls) == (0, "", "", [])


def test_what_is_missing_is_named_and_installed(tmp_path):
    done, calls = run(tmp_path, "libre2-dev wrk", "--test")
    assert done.returncode == 0
    assert done.stdout.startswith("installing: libre2-dev wrk")
    assert calls == ["-q update", "-q install -y --no-install-recommends libre2-dev wrk"]


def test_what_only_the_tests_need_is_not_installed_for_a_build(tmp_path):
    done, calls = run(tmp_path, "wrk doctest-dev")
    assert (done.returncode, done.stdout, calls) == (0, "", [])


def test_what_only_the_measurements_need(tmp_path):
    missing = "nginx-light haproxy gnuplot-nox"
    assert run(tmp_path / "test", missing, "--test")[1] == []
    done, calls = run(tmp_path / "bench", missing, "--bench")
    assert done.stdout.startswith(f"installing: {missing}")
    assert calls[-1].endswith(f"--no-install-recommends {missing}")


def test_what_the_package_needs(tmp_path):
    done, calls = run(tmp_path, "build-essential wrk", "--deb")
    assert done.returncode == 0
    assert calls == ["-q update", "-q install -y --no-install-recommends build-essential"]


@pytest.mark.parametrize("option, package", [("--run", "curl"), ("--cross", "qemu-user-static")])
def test_what_only_one_target_needs(tmp_path, option, package):
    assert run(tmp_path / "build", package)[1] == []
    done, calls = run(tmp_path / "target", package, option)
    assert done.returncode == 0
    assert calls[-1] == f"-q install -y --no-install-recommends {package}"


def test_pkgconf_stands_in_for_pkg_config(tmp_path):
    done, calls = run(tmp_path, "pkg-config")
    assert (done.returncode, calls) == (0, [])


def test_an_unknown_argument(tmp_path):
    done, calls = run(tmp_path, "", "--everything")
    assert (done.returncode, calls) == (2, [])
    assert done.stderr.startswith("usage: ")
