"""The user and the directories that systemd makes, and the sources that `make dist` packs."""

import hashlib
import os
import shutil
import stat
import subprocess
import tarfile

import pytest

from harness import ROOT, scaled


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=scaled(60), check=False, **options)
    assert done.returncode == 0, done
    return done.stdout


@pytest.mark.needs_root
@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="no systemd-sysusers")
def test_the_user(tmp_path):
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", ROOT / "init/pound.sysusers")
    name, _, uid, gid, gecos, home, shell = (
        (tmp_path / "etc/passwd").read_text().strip().split(":"))
    assert (name, gecos, home) == ("pound", "Pound reverse proxy", "/var/lib/pound")
    assert shell == "/usr/sbin/nologin"
    assert 0 < int(uid) < 1000
    assert (tmp_path / "etc/group").read_text() == f"pound:x:{gid}:\n"


@pytest.mark.needs_root
@pytest.mark.skipif(not shutil.which("systemd-tmpfiles"), reason="no systemd-tmpfiles")
def test_the_directories(tmp_path):
    run("systemd-tmpfiles", f"--root={tmp_path}", "--create", ROOT / "init/pound.tmpfiles")
    for folder in ("var/lib/pound", "run/pound"):
        made = (tmp_path / folder).stat()
        assert (stat.S_IMODE(made.st_mode), made.st_uid, made.st_gid) == (0o755, 0, 0)
        assert not list((tmp_path / folder).iterdir())


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="these sources are not from git")
@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_sources_are_packed_and_build_without_git(tmp_path):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    packed = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        said = run("make", "-s", "dist", f"dist_folder={folder}", cwd=ROOT, env=environment)
        packed.append(hashlib.sha256((ROOT / said.strip()).read_bytes()).hexdigest())
    assert len(set(packed)) == 1
    with tarfile.open(ROOT / said.strip()) as archive:
        top, = {member.name.split("/")[0] for member in archive}
        files = {member.name.removeprefix(top + "/") for member in archive if not member.isdir()}
        archive.extractall(tmp_path)
    tracked = run("git", "-c", f"safe.directory={ROOT}", "ls-tree", "-r", "-z", "--name-only",
                  "HEAD", cwd=ROOT)
    assert files == set(tracked.strip("\0").split("\0"))
    # What make would do, without git: it compiles the first source.
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in os.listdir("/usr/bin"):
        if not tool.startswith("git"):
            (tools / tool).symlink_to(f"/usr/bin/{tool}")
    planned = run("make", "-n", cwd=tmp_path / top, env={"PATH": str(tools)})
    assert " -c -o build/release/master/main.o master/main.cc\n" in planned
