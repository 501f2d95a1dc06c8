"""A disposable copy of this machine, for tests that install packages or run systemd.

Its root file system is an overlay that keeps changes in memory. It has its own processes, mounts,
network and cgroups. Everything ends with its process 1: systemd, or a shell that only waits. It
needs root and a kernel that allows it (see `unavailable`). It never changes the real root.
"""

import os
import pathlib
import shutil
import signal
import subprocess

from . import proc
from .timing import TIMEOUT, scaled, wait_until

SYSTEMD = "/lib/systemd/systemd"

# Runs as process 1 of the new namespaces. $1 has the folders memory, root and files.
_BOOT = r"""
set -e
cd "$1"
mount --make-rprivate /
mount -t tmpfs tmpfs memory
mkdir memory/upper memory/work
cp -a files/. memory/upper
mount -t overlay overlay -o lowerdir=/,upperdir=memory/upper,workdir=memory/work root
cd root
rm -f usr/sbin/policy-rc.d
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mkdir run/lock
mount -t tmpfs tmpfs dev
for device in null zero full random urandom tty; do
  touch dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir dev/shm dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ip link set lo up
shift
pivot_root . mnt
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  chroot . sh -c 'umount -l /mnt; exec "$@"' sh "$@"
"""


def _cgroup2():
    with open("/proc/mounts", encoding="utf-8") as mounts:
        return next((line.split()[1] for line in mounts if line.split()[2] == "cgroup2"), None)


def unavailable():
    """The reason why such a machine cannot run here; empty if it can."""
    if os.geteuid() != 0:
        return "needs root"
    with open("/proc/filesystems", encoding="utf-8") as file:
        if "\toverlay\n" not in file.read():
            return "the kernel has no overlay file system"
    if not (_cgroup2() and os.access(_cgroup2(), os.W_OK)):
        return "there is no cgroup2 to write to"
    missing = [name for name in ("unshare", "nsenter", "ip", "dpkg") if not shutil.which(name)]
    return f"there is no {missing[0]}" if missing else ""


class Machine:
    """A running copy. `files` maps a path in the copy to the file here with its content."""

    def __init__(self, directory, files=None, systemd=False):
        directory = pathlib.Path(directory)
        for name in ("memory", "root", "files"):
            (directory / name).mkdir()
        for path, source in (files or {}).items():
            target = directory / "files" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        self._cgroup = pathlib.Path(_cgroup2()) / f"pound-e2e-{os.getpid()}-{id(self)}"
        self._cgroup.mkdir()
        init = ([SYSTEMD, "--unit=basic.target"] if systemd
                else ["bash", "-c", "sleep infinity & wait"])
        # The machine has its own cgroup. The namespaces end with their process 1.
        self._process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["bash", "-c", 'echo $$ >"$0"; exec unshare -mpnuiC --fork --kill-child "$@"',
             str(self._cgroup / "cgroup.procs"), "bash", "-c", _BOOT, "boot", str(directory),
             *init],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._first = wait_until(self._find_first, "process 1")
        try:
            wait_until(lambda: self._is_up(systemd), "the machine to be up", scaled(30))
        except AssertionError:
            self.close()
            raise

    def _find_first(self):
        assert self._process.poll() is None, self._process.stderr.read().decode()
        return next(iter(proc.children(self._process.pid)), None)

    def _is_up(self, systemd):
        assert self._process.poll() is None, self._process.stderr.read().decode()
        if not systemd:
            return "sleep" in map(proc.name, proc.children(self._first))
        # degraded: a unit of this machine, not one of ours, does not run in the copy.
        return self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def run(self, *command, timeout=None):
        """Runs a command in the machine and returns a CompletedProcess with text output."""
        return subprocess.run(
            ["nsenter", "-t", str(self._first), "-m", "-p", "-n", "-u", "-i", "-C", "--root",
             "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", *map(str, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=timeout or 6 * TIMEOUT)

    def shell(self, script):
        return self.run("bash", "-c", script)

    def close(self):
        if self._process.poll() is None:
            os.kill(self._first, signal.SIGKILL)
        self._process.wait(TIMEOUT)
        self._process.stderr.close()
        for folder, _, _ in os.walk(self._cgroup, topdown=False):
            wait_until(lambda f=folder: _remove(f), f"the end of all processes of {folder}")


def _remove(folder):
    try:
        os.rmdir(folder)
        return True
    except OSError:
        return False
