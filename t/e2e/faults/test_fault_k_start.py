"""The first start: what the program says to someone who does not know it yet."""

import errno

import pytest

from harness import run_pound
from harness.config import plain_site


def test_fault_K9_a_missing_configuration_says_what_to_do(tmp_path):
    done = run_pound("-c", "-f", tmp_path / "none.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{tmp_path}/none.yaml: error: cannot open it: ")
    assert done.stderr.endswith(
        "pound: -f FILE names another file. To write one, start from pound.yaml.sample, which is "
        "among the sources and is installed in share/doc/pound/examples.\n")


def test_fault_K9_a_file_with_mistakes_gets_no_such_advice(tmp_path):
    path = tmp_path / "pound.yaml"
    path.write_text("Global: {Wrong: 1}\n")
    done = run_pound("-c", "-f", path)
    assert done.returncode == 1
    assert "sample" not in done.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_fault_K9_help(option):
    done = run_pound(option)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == ("usage: pound [-v] [-c] [-W] [--json] [-F] [-d level] [-f config_file] "
                        "[-p pid_file] [-h] [--schema]")
    assert [line.split()[0] for line in lines if line.startswith("  -")] == [
        "-c", "-W", "--json", "-F", "-d", "-f", "-p", "-v", "-h", "--schema"]
    assert lines[-1] == ("pound(8) describes the program and pound.yaml(5) the configuration "
                         "file.")


def test_fault_K9_a_pid_file_that_cannot_be_written(site, faults, tmp_path):
    pound = site.prepare(plain_site(), web=9, popen={"env": faults.environment})
    faults.order("open", errno.EROFS, after=1)  # the first file is the configuration
    done = run_pound("-F", "-f", pound.config_file, "-p", tmp_path / "pid", env=faults.environment)
    assert (done.returncode, done.stderr) == (
        1, f"pound: pid file {tmp_path}/pid: Read-only file system; name a file that pound may "
           "write with -p, or use -p none with -F\n")


def test_fault_K9_a_port_that_needs_rights(site, faults):
    """The shim refuses the bind as the kernel does where port 80 needs rights."""
    pound = site.prepare(plain_site(), web=9, listen=80, popen={"env": faults.environment})
    faults.order("bind", errno.EACCES)
    done = run_pound("-F", "-f", pound.config_file, "-p", "none", env=faults.environment)
    assert (done.returncode, done.stderr) == (
        1, "pound: cannot listen on 127.0.0.1:80: Permission denied; a port below 1024 needs root "
           "or the capability CAP_NET_BIND_SERVICE\n")
