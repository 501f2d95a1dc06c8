"""The installed unit under a real systemd: start, reload, a death, stop, with all its restrictions."""

import os
import re
import shutil
import subprocess

import pytest

from harness import POUND, ROOT, SANITIZED, scaled

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(SANITIZED, reason="the unit is for programs without sanitizers"),
    pytest.mark.skipif(not os.path.exists("/lib/systemd/systemd"), reason="no systemd"),
    pytest.mark.skipif(not shutil.which("unshare"), reason="unshare is not installed"),
]

CONFIG = """
Global:
  Workers: 2
  User: nobody
  Group: nogroup
  RootJail: /var/lib/pound
Backends:
  - &web
    Address: localhost
    Port: 9000
HTTPListeners:
  - Address: 127.0.0.1
    Port: 80
    Services:
      - Backends: [*web]
HTTPSListeners:
  - Address: 127.0.0.1
    Port: 443
    Certificates: /etc/pound/www.pem
    Services:
      - Backends: [*web]
"""
DRIVE = r"""
say() { echo "$1: ${*:2}"; }
ask() { curl -sk -o /dev/null -w '%{http_code}' --retry 20 --retry-connrefused --retry-delay 1 "$1"; }
workers() { cat /proc/$master/task/$master/children; }
filters() { sed -n 's/^Seccomp_filters:\s*//p' /proc/$1/status; }
mkdir /tmp/web && echo hello >/tmp/web/index.html
python3 -m http.server --directory /tmp/web --bind 127.0.0.1 9000 >/dev/null 2>&1 &
say backend $(ask http://127.0.0.1:9000/)
systemctl start --job-mode=ignore-dependencies pound
say start $?
master=$(cat /run/pound.pid)
say plain $(ask http://127.0.0.1/)
say secure $(ask https://127.0.0.1/)
set -- $(workers)
say filters $(($(filters $1) - $(filters $master))) $(($(filters $2) - $(filters $master)))
systemctl reload pound
say reload $? $(head -1 /run/pound.pid.reload)
kill -KILL $(workers | cut -d' ' -f1)
say after_death $(ask http://127.0.0.1/) $(ask https://127.0.0.1/)
systemctl stop pound
say stop $? $(systemctl show pound -p Result -p ActiveState)
say left $(pgrep -c pound)
"""


def test_start_reload_stop(tmp_path, certificates):
    root = tmp_path / "machine" / "root"
    subprocess.run(["make", "-s", "-o", POUND, "install", f"pound={POUND}", f"DESTDIR={root}",
                    "PREFIX=/usr"], cwd=ROOT, check=True, capture_output=True,
                   env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    (root / "etc/pound/pound.yaml").write_text(CONFIG)
    shutil.copy(certificates["ec"].pem, root / "etc/pound/www.pem")
    (root / "etc/systemd/system").mkdir(parents=True)
    shutil.copy(root / "usr/lib/systemd/system/pound.service", root / "etc/systemd/system")
    (root / "var/lib/pound").mkdir(parents=True)
    (tmp_path / "machine" / "drive").write_text(DRIVE)
    machine = ROOT / "t/e2e/install/systemd_machine"
    done = subprocess.run(
        ["unshare", "-mpfiun", "--propagation", "private", machine, tmp_path / "machine"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=scaled(120), check=False)
    subprocess.run(["unshare", "-m", machine, "--clean", tmp_path / "machine"], check=False,
                   capture_output=True)
    out = tmp_path / "machine" / "out"
    if not out.exists():
        pytest.skip(f"systemd cannot be started here: {done.stderr}")
    said = dict(re.findall(r"^([a-z_]+): (.*)$", out.read_text(), re.M))
    assert said == {
        "backend": "200", "start": "0", "plain": "200", "secure": "200", "filters": "1 1",
        "reload": "0 result=ok", "after_death": "200 200",
        "stop": "0 Result=success ActiveState=inactive", "left": "0"}, out.read_text()
