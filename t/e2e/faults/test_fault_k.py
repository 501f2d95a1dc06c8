"""Faults K6 to K8: a newcomer follows README.md on a new Debian machine."""

import pathlib
import re
import shutil
import subprocess

import pytest

from harness import ROOT, scaled

README = (ROOT / "README.md").read_text()


def test_fault_K6_the_package_is_installed_with_its_dependencies():
    assert "apt install ./build/pound_" in README
    assert "dpkg -i" not in README


@pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg is not installed")
def test_fault_K7_no_version_of_debians_package_replaces_this_one():
    latest = re.match(r"pound \((\S+)\)", (ROOT / "init/debian/changelog").read_text())[1]
    for debians in ("4.16-2", "99.0-1"):
        done = subprocess.run(["dpkg", "--compare-versions", latest, "gt", debians], check=False,
                              timeout=scaled(10))
        assert done.returncode == 0, (latest, debians)
    assert latest in README


def test_fault_K7_the_package_names_no_address_that_does_not_exist():
    for file in filter(pathlib.Path.is_file, (ROOT / "init/debian").rglob("*")):
        assert not re.findall(r"\S+@[\w-]+\.\w+", file.read_text()), file
        assert "Homepage" not in file.read_text(), file


def test_fault_K8_the_run_target_installs_what_its_examples_call():
    recipe = re.search(r"^run:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    assert "init/install-deps --run" in recipe[1]
    packages = re.search(r"^run=\((.*)\)$", (ROOT / "init/install-deps").read_text(), re.M)[1]
    examples = README.partition("While `make run` is running")[2].partition("Repeat a command")[0]
    assert set(re.findall(r"^    (\w+) ", examples, re.M)) == set(packages.split())
