"""keepalived on a Machine, configured by the example that comes with Pound."""

import os
import re
import shutil
import signal
import subprocess

from .daemon import POUND, ROOT
from .timing import TIMEOUT

PROGRAM = shutil.which("keepalived") or shutil.which("keepalived", path="/usr/sbin:/usr/local/sbin")
EXAMPLE = ROOT / "init" / "keepalived.conf.example"


def configuration(*, check, own, peers, addresses, primary, both_serve=False):
    """The example for one machine.

    `check` is the command of its script. `own` and `peers` are addresses of machines, `addresses`
    the one or two that move. `primary`: it has the first priority for the first one.
    """
    text = EXAMPLE.read_text(encoding="utf-8")
    if both_serve:
        text = re.sub(r"^  nopreempt\n", "", text, flags=re.M)
        text = re.sub(r"^#-", "", text, flags=re.M)
    if not primary:
        priorities = {"150": "100", "100": "150"}
        text = re.sub(r"^  priority (\d+)", lambda m: f"  priority {priorities[m[1]]}", text,
                      flags=re.M)
    text = re.sub(r'^  script ".*"', f'  script "{check}"', text, flags=re.M)
    text = text.replace("unicast_src_ip 192.0.2.11", f"unicast_src_ip {own}")
    text = re.sub(r"^    192\.0\.2\.12\n", "".join(f"    {peer}\n" for peer in peers), text,
                  flags=re.M)
    for named, address in zip(("192.0.2.10/24", "192.0.2.20/24"), addresses):
        text = text.replace(named, f"{address}/24")
    return text


def check_of(pound, folder):
    """The command by which keepalived asks this Pound."""
    poundctl = folder / "poundctl"
    if not poundctl.exists():
        poundctl.symlink_to(POUND)
    return f"/usr/bin/env {poundctl} -s {pound.directory}/control.sock health"


def judge(path):
    """Lets keepalived check a configuration; returns its exit status and what it says."""
    done = subprocess.run([PROGRAM, "-t", "-f", path], capture_output=True, check=False, text=True,
                          timeout=TIMEOUT)
    return done.returncode, done.stdout + done.stderr


class Keepalived:
    def __init__(self, machine, folder, text):
        self.machine, self.folder = machine, folder
        self.log_file = folder / "keepalived.log"
        self.config_file = folder / "keepalived.conf"
        text = text.replace("  enable_script_security\n", "")  # /tmp is not root's alone
        self.config_file.write_text(text, encoding="utf-8")
        self.process = None

    def start(self):
        self.process = self.machine.run(
            self.log_file, PROGRAM, "-n", "-l", "-D", "-P", "-f", self.config_file,
            "-p", self.folder / "keepalived.pid", "-r", self.folder / "vrrp.pid")
        return self

    def stop(self, number=signal.SIGTERM):
        """Ends it, the process that speaks VRRP included; SIGKILL leaves the address behind."""
        pids = [self.process.pid, int((self.folder / "vrrp.pid").read_text(encoding="ascii"))]
        for pid in pids if number == signal.SIGKILL else pids[:1]:
            os.kill(pid, number)
        self.process.wait(TIMEOUT)

    def log(self):
        return self.log_file.read_text(errors="backslashreplace")
