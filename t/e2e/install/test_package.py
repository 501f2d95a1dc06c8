"""The Debian package on disposable machines: install, start, reload, purge.

Needs POUND_HEAVY=1 and the requirements of harness/machine.py. One machine runs systemd, which also
shows that Pound works under every line of the unit. The other has only the init script.
"""

import os

import pytest

from harness import SANITIZED
from harness.machine import SYSTEMD, Machine, unavailable
from harness.package import make_deb

HEAVY = os.environ.get("POUND_HEAVY") == "1"
WHY_NOT = unavailable() if HEAVY else "slow: POUND_HEAVY=1"

pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-"),
              pytest.mark.skipif(SANITIZED, reason="a sanitized program is not for packages")]

# Everything that a hardened unit could forbid: ports below 1024, a certificate that only its owner
# may read, error pages, a jail, another user, a name to resolve.
CONFIG = """
Global:
  User: pound
  Group: pound
  RootJail: /var/lib/pound
  Workers: 2
  Err503: /etc/pound/503.html
Backends:
  - &web
    Address: localhost
    Port: 8082
HTTPListeners:
  - Address: 127.0.0.1
    Port: 80
    Services:
      - Backends: [*web]
HTTPSListeners:
  - Address: 127.0.0.1
    Port: 443
    Certificates: /etc/pound/site.pem
    Services:
      - Backends: [*web]
"""


@pytest.fixture(name="package", scope="module")
def fixture_package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    done = make_deb(folder)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.strip()


@pytest.fixture(name="start")
def fixture_start(tmp_path, package):
    machines = []

    def start(systemd):
        if systemd and not os.path.exists(SYSTEMD):
            pytest.skip("systemd is not installed")
        config = tmp_path / "pound.yaml"
        config.write_text(CONFIG)
        machines.append(Machine(tmp_path, {"/package.deb": package, "/pound.yaml": config},
                                systemd=systemd))
        return machines[-1]

    yield start
    for machine in machines:
        machine.close()


def ok(machine, script):
    done = machine.shell(script)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def status(machine, script):
    return machine.shell(script).returncode


def install(machine):
    ok(machine, "dpkg -i /package.deb")


def start_backend(machine):
    ok(machine, "mkdir /site && echo hello >/site/index.html && cd /site && "
       "(setsid python3 -m http.server --bind 127.0.0.1 8082 >/dev/null 2>&1 </dev/null &) && "
       "curl -s --retry 50 --retry-delay 1 --retry-connrefused http://127.0.0.1:8082/")


def configure(machine):
    """Sets up everything in CONFIG, as an administrator would."""
    ok(machine, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
       "-keyout /key -out /certificate -subj /CN=localhost 2>/dev/null && "
       "cat /certificate /key >/etc/pound/site.pem && chmod 600 /etc/pound/site.pem && "
       "chown nobody /etc/pound/site.pem && echo sorry >/etc/pound/503.html && "
       "cp /pound.yaml /etc/pound/pound.yaml")


def serves(machine):
    return [ok(machine, f"curl -sk {url}") for url in ("http://127.0.0.1/", "https://127.0.0.1/")]


def check_nothing_is_left(machine):
    assert status(machine, "getent passwd pound || getent group pound") != 0
    left = ok(machine, "ls -d /etc/default/pound /etc/init.d/pound /etc/rc*.d/*pound /run/pound* "
              "/var/lib/pound /usr/sbin/pound* /etc/systemd/system/*/pound* "
              "/var/lib/systemd/deb-systemd-helper-enabled/pound* 2>/dev/null || true")
    assert left == ""
    assert ok(machine, "pgrep -x pound || true") == ""


def test_the_newcomers_path(start):
    """The steps of README.md: the package, its configuration, and a backend of one line."""
    machine = start(systemd=True)
    install(machine)
    assert status(machine, "systemctl is-enabled pound") == 1
    assert status(machine, "systemctl is-active pound") == 3
    start_backend(machine)
    ok(machine, "pound -c && systemctl enable --now pound")
    assert ok(machine, "curl -s http://127.0.0.1:8080/") == "hello\n"
    ok(machine, "dpkg -P pound")
    assert status(machine, "ls /etc/pound") == 2
    check_nothing_is_left(machine)


def test_the_unit(start):
    machine = start(systemd=True)
    install(machine)
    start_backend(machine)
    configure(machine)
    ok(machine, "systemctl start pound")
    assert serves(machine) == ["hello\n", "hello\n"]
    assert ok(machine, "stat -c %U /proc/$(pgrep -o -P $(cat /run/pound.pid))") == "pound\n"

    ok(machine, "sed -i 's/Workers: 2/Workers: 3/' /etc/pound/pound.yaml")
    ok(machine, "systemctl reload pound")
    assert serves(machine) == ["hello\n", "hello\n"]
    ok(machine, "sed -i 's/Workers: 3/Wrkers: 3/' /etc/pound/pound.yaml")
    assert status(machine, "systemctl reload pound") == 1
    assert ("pound.yaml:6:3: error: unknown key `Wrkers` in Global; did you mean `Workers`?"
            in ok(machine, "journalctl -u pound -t pound-reload -o cat"))
    assert serves(machine) == ["hello\n", "hello\n"]
    ok(machine, "sed -i 's/Wrkers: 3/Workers: 1/' /etc/pound/pound.yaml")
    ok(machine, "service pound reload")

    master = ok(machine, "cat /run/pound.pid")
    ok(machine, "kill -KILL $(cat /run/pound.pid); until [ \"$(systemctl is-active pound)\" = "
       "active ] && [ \"$(cat /run/pound.pid)\" != " + master.strip() + " ]; do sleep 0.1; done")
    assert serves(machine) == ["hello\n", "hello\n"]
    ok(machine, "systemctl stop pound && test ! -e /run/pound.pid")
    assert ok(machine, "systemctl show -P Result pound") == "success\n"


def test_instances_under_systemd(start):
    machine = start(systemd=True)
    install(machine)
    ok(machine, "sed 's/8080/8090/' /etc/pound/pound.yaml >/etc/pound/web.yaml")
    ok(machine, "/etc/init.d/pound start web")
    assert ok(machine, "systemctl is-active pound@web") == "active\n"
    assert status(machine, "systemctl is-active pound") == 3
    ok(machine, "/etc/init.d/pound reload web && test -s /run/pound-web.pid.reload")
    assert status(machine, "/etc/init.d/pound status pound") == 3
    pid = ok(machine, "cat /run/pound-web.pid")
    ok(machine, "dpkg -i /package.deb")  # a second time, as an upgrade
    assert ok(machine, "cat /run/pound-web.pid") != pid
    ok(machine, "dpkg -P pound")
    assert ok(machine, "ls /etc/pound") == "web.yaml\n"  # the administrator's file
    check_nothing_is_left(machine)


def test_without_systemd(start):
    machine = start(systemd=False)
    ok(machine, "rm /sbin/runlevel; printf '#!/bin/sh\necho N 2\n' >/sbin/runlevel; "
       "chmod +x /sbin/runlevel")
    install(machine)
    assert ok(machine, "ls /etc/rc2.d | grep pound") == "K01pound\n"  # disabled
    ok(machine, "update-rc.d pound enable")
    assert ok(machine, "ls /etc/rc2.d | grep pound") == "S01pound\n"
    start_backend(machine)
    assert status(machine, "service pound status") == 3
    assert ok(machine, "service pound start") == "Starting reverse proxy: pound.\n"
    assert ok(machine, "curl -s http://127.0.0.1:8080/") == "hello\n"
    configure(machine)
    ok(machine, "service pound reload")
    assert serves(machine) == ["hello\n", "hello\n"]
    ok(machine, "echo bad: >>/etc/pound/pound.yaml")
    assert status(machine, "service pound reload") == 1
    assert status(machine, "service pound restart") == 1
    pid = ok(machine, "cat /run/pound.pid")
    upgrade = machine.shell("dpkg -i /package.deb")
    assert upgrade.returncode == 0
    assert ("pound was not restarted, because its configuration is invalid:\n/etc/pound/pound.yaml"
            in upgrade.stderr)
    assert ok(machine, "cat /run/pound.pid") == pid
    ok(machine, "sed -i /bad:/d /etc/pound/pound.yaml; dpkg -i /package.deb")
    assert ok(machine, "cat /run/pound.pid") != pid
    assert serves(machine) == ["hello\n", "hello\n"]
    ok(machine, "dpkg -r pound")
    assert status(machine, "/etc/init.d/pound status") == 3
    assert status(machine, "/etc/init.d/pound start") == 5
    ok(machine, "dpkg -P pound; rm -r /etc/pound")
    check_nothing_is_left(machine)
