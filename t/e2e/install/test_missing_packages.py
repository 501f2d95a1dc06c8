"""`make` on a bare machine names the missing Debian packages and the command that installs them.

A bare machine is a PATH with a few tools and stand-ins for the compiler and pkg-config. The object
folder is empty, so that make has everything to build.
"""

import pathlib
import shutil
import subprocess

import pytest

from harness import scaled

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOLS = ["bash", "cat", "echo", "expand", "find", "grep", "mkdir", "nproc", "sed", "sh", "tr"]
SCRIPTS = {
    # Finds all headers except those whose name contains $NO_HEADER, and compiles nothing.
    "g++": """#!/bin/bash
[[ " $* " == *" -E "* ]] || { echo "compiler called" >&2; exit 1; }
! grep -q "${NO_HEADER:-nothing}"
""",
    # Knows all libraries except $NO_LIBRARY.
    "pkg-config": """#!/bin/bash
[[ " $* " != *" ${NO_LIBRARY:-nothing} "* ]]
""",
    "id": """#!/bin/bash
echo "${USER_ID:-0}"
""",
    # Knows no package.
    "dpkg-query": """#!/bin/bash
exit 1
""",
    "apt-get": """#!/bin/bash
echo "apt-get called" >&2
""",
}
LIBRARIES = ["libevent", "OpenSSL", "libyaml", "RE2", "libseccomp", "libnghttp2", "libcrypt",
             "libidn2", "zlib", "libzstd", "Brotli", "hiredis", "Boost.Interprocess"]
DEV_PACKAGES = ("libevent-dev libssl-dev libyaml-dev libre2-dev libseccomp-dev libnghttp2-dev "
                "libcrypt-dev libidn2-dev zlib1g-dev libzstd-dev libbrotli-dev libhiredis-dev libboost-dev")


def answer(names, packages, command="make install-deps", as_root=""):
    return ("Pound cannot be built, because these are missing:\n"
            + "".join(f"  {name}\n" for name in names)
            + "On Debian 12 and 13, install them with\n"
            f"  {command}\n"
            "or directly with\n"
            f"  {as_root}apt-get install {packages}\n"
            "Other systems use similar package names.\n")


@pytest.fixture(name="machine")
def fixture_machine(tmp_path):
    """Returns make(*arguments, without=programs, **environment)."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool))
    for name, text in SCRIPTS.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)

    def make(*arguments, without=(), **environment):
        for name in without:
            (tools / name).unlink()
        return subprocess.run(
            [shutil.which("make"), f"out={tmp_path}/out", f"pound={tmp_path}/out/pound",
             *arguments], cwd=ROOT, env=dict(environment, PATH=str(tools), LC_ALL="C"),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=scaled(60),
            check=False)

    return make


def check(done, wanted):
    """Exactly this explanation, then make's own last line; and no compiler was called."""
    explanation, _, last = done.stderr.rstrip("\n").rpartition("\n")
    assert explanation + "\n" == wanted
    assert last.endswith("*** packages are missing, nothing was built.  Stop.")
    assert done.returncode == 2


@pytest.mark.parametrize("name, library, package", [
    ("libevent", "libevent_core", "libevent-dev"), ("OpenSSL", "libssl", "libssl-dev"),
    ("libyaml", "yaml-0.1", "libyaml-dev"), ("RE2", "re2", "libre2-dev"),
    ("libseccomp", "libseccomp", "libseccomp-dev"),
    ("libnghttp2", "libnghttp2", "libnghttp2-dev"),
    ("libcrypt", "libcrypt", "libcrypt-dev"), ("libidn2", "libidn2", "libidn2-dev"),
    ("zlib", "zlib", "zlib1g-dev"), ("libzstd", "libzstd", "libzstd-dev"),
    ("Brotli", "libbrotlienc", "libbrotli-dev"), ("hiredis", "hiredis", "libhiredis-dev")])
def test_a_library_is_missing(machine, name, library, package):
    check(machine(NO_LIBRARY=library), answer([name], package))


def test_boost_is_missing(machine):
    check(machine(NO_HEADER="<boost/"), answer(["Boost.Interprocess"], "libboost-dev"))


def test_pkg_config_is_missing(machine):
    check(machine(without=["pkg-config"]), answer(["pkg-config"], "pkg-config"))


def test_pkg_config_and_the_libraries_are_missing(machine):
    done = machine(without=["pkg-config"], NO_HEADER="<")
    check(done, answer(["pkg-config", *LIBRARIES], f"pkg-config {DEV_PACKAGES}"))


@pytest.mark.parametrize("compiler, package", [("g++", "g++"), ("clang++", "clang")])
def test_everything_is_missing(machine, compiler, package):
    done = machine(f"CXX={compiler}", without=["pkg-config", "g++"])
    check(done, answer([f"the compiler {compiler}", "pkg-config", *LIBRARIES],
                       f"{package} pkg-config {DEV_PACKAGES}"))


def test_an_ordinary_user_is_told_to_use_sudo(machine):
    check(machine(NO_LIBRARY="re2", USER_ID="1000"),
          answer(["RE2"], "libre2-dev", as_root="sudo "))


@pytest.mark.parametrize("target", ["all", "install", "check-programs", "bench-tables"])
def test_every_target_that_builds(machine, target):
    check(machine(target, NO_LIBRARY="yaml-0.1"), answer(["libyaml"], "libyaml-dev"))


@pytest.mark.parametrize("target", ["check-unit", "check-e2e"])
def test_what_only_the_tests_need(machine, target):
    done = machine(target, NO_HEADER="<doctest/", NO_LIBRARY="re2")
    check(done, answer(["RE2", "doctest", "the program openssl"],
                       "libre2-dev doctest-dev openssl", "init/install-deps --test"))


def test_nothing_is_missing(machine):
    """The compiler is called with the program's first source."""
    done = machine()
    assert done.returncode == 2
    assert "compiler called\n" in done.stderr
    assert "Pound cannot be built" not in done.stderr


def test_parallel_jobs_explain_it_once(machine):
    check(machine("-j4", NO_HEADER="<boost/"), answer(["Boost.Interprocess"], "libboost-dev"))


def test_help_needs_no_packages(machine):
    done = machine("help", without=["pkg-config", "g++"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "  install-deps  install the missing Debian packages" in done.stdout


def test_install_deps_without_root_and_sudo(machine):
    done = machine("-s", "install-deps", USER_ID="1000")
    lines = done.stderr.splitlines()
    assert lines[0] == "init/install-deps: neither root nor sudo. As root, type:"
    assert lines[1] == ("  apt-get install g++ make pkg-config libevent-dev libssl-dev libyaml-dev "
                        "libboost-dev libre2-dev libseccomp-dev libnghttp2-dev "
                        "libcrypt-dev libidn2-dev zlib1g-dev libzstd-dev libbrotli-dev "
                        "libhiredis-dev openssl")
    assert "apt-get called" not in done.stderr


def test_the_packages_are_those_that_install_deps_installs():
    """Each package that missing-deps can name is in the lists of install-deps."""
    lists = (ROOT / "init" / "install-deps").read_text()
    text = (ROOT / "init" / "missing-deps").read_text()
    named = {line.split()[-1] for line in text.splitlines() if line.startswith("library ")}
    assert named == set(DEV_PACKAGES.split()) - {"libboost-dev"}
    for package in [*named, "g++", "pkg-config", "libboost-dev", "doctest-dev", "python3-pytest",
                    "python3-hpack", "python3-hyperframe", "python3-h2", "python3-jsonschema",
                    "python3-yaml", "openssl"]:
        assert f" {package} " in lists.replace("(", " ").replace(")", " "), package
