"""A pid file that another user could change is refused."""

import os

import pytest

from harness import run_pound
from harness.config import plain_site

ADVICE = "; with -p, name a file in a folder that only pound's user and root can write"


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_fault_L7_a_folder_that_all_may_write_to(site, mode):
    """The file that another user has made there is neither taken nor changed."""
    pound = site.prepare(plain_site(), web=site.backend().port)
    folder = pound.directory / "open"
    folder.mkdir()
    folder.chmod(mode)
    file = folder / "pound.pid"
    file.write_text("1\n")
    done = run_pound("-f", pound.config_file, "-p", file)
    assert (done.returncode, done.stderr) == (
        1, f"pound: pid file {file}: its folder {folder} can be written by everybody{ADVICE}\n")
    assert file.read_text() == "1\n"
    assert os.listdir(folder) == ["pound.pid"]


def test_fault_L7_a_file_that_all_may_write_to(site):
    pound = site.prepare(plain_site(), web=site.backend().port)
    file = pound.directory / "own.pid"
    file.write_text("1\n")
    file.chmod(0o666)
    done = run_pound("-f", pound.config_file, "-p", file)
    assert (done.returncode, done.stderr) == (
        1, f"pound: pid file {file}: can be written by everybody; remove it\n")
    assert file.read_text() == "1\n"
