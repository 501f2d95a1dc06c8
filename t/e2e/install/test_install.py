"""`make install`, `make uninstall` and the content of the Debian package, all below tmp_path."""

import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

from harness import POUND, ROOT, SANITIZED, run_pound, scaled
from harness.package import make_deb

VERSION = re.search(r"^VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.M)[1]

USR = """
755 sbin/pound
755 sbin/poundctl
755 sbin/pound-convert
755 sbin/pound-reload
644 lib/systemd/system/pound.service
644 lib/systemd/system/pound@.service
644 share/man/man5/pound.yaml.5
644 share/man/man8/pound-convert.8
644 share/man/man8/pound-reload.8
644 share/man/man8/pound.8
644 share/man/man8/poundctl.8
644 share/bash-completion/completions/poundctl
644 share/doc/pound/README.md
644 share/doc/pound/CHANGELOG.md
644 share/doc/pound/SECURITY.md
644 share/doc/pound/migration.md
644 share/doc/pound/pound.schema.json
644 share/doc/pound/scaling.md
644 share/doc/pound/scaling.svg
644 lib/sysusers.d/pound.conf
644 lib/tmpfiles.d/pound.conf
644 share/doc/pound/examples/fail2ban/filter.d/pound.conf
644 share/doc/pound/examples/fail2ban/jail.d/pound.conf
644 share/doc/pound/examples/grafana/pound.json
644 share/doc/pound/examples/keepalived.conf
644 share/doc/pound/examples/logrotate/pound
644 share/doc/pound/examples/pound.apparmor
644 share/doc/pound/examples/pound.yaml.sample
644 share/doc/pound/examples/prometheus/pound.rules.yml
644 share/doc/pound/examples/rsyslog/pound.conf
"""
ETC = """
644 default/pound
755 init.d/pound
644 pound/pound.yaml
"""


def listed(text, prefix):
    return {f"{mode} {prefix}/{name}" for mode, name in map(str.split, text.strip().splitlines())}


def make(target, **variables):
    """Runs make with the existing program: it builds nothing."""
    done = subprocess.run(
        ["make", "-s", "-o", POUND, target, f"pound={POUND}",
         *(f"{key}={value}" for key, value in variables.items())],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=scaled(60),
        check=False, env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    assert (done.returncode, done.stderr) == (0, ""), done


def files(root):
    """{"mode path"} of everything except directories."""
    return {f"{stat.S_IMODE(path.stat().st_mode):o} /{path.relative_to(root)}"
            for path in root.rglob("*") if not path.is_dir()}


def test_install_and_uninstall(tmp_path):
    make("install", DESTDIR=tmp_path)
    assert files(tmp_path) == listed(USR, "/usr/local") | listed(ETC, "/etc")
    make("uninstall", DESTDIR=tmp_path)
    assert files(tmp_path) == set()
    assert not (tmp_path / "etc" / "pound").exists()
    assert not (tmp_path / "usr" / "local" / "share" / "doc" / "pound").exists()


def test_other_places(tmp_path):
    make("install", DESTDIR=tmp_path / "root", PREFIX="/opt/pound", SYSCONFDIR="/opt/etc")
    assert files(tmp_path / "root") == listed(USR, "/opt/pound") | listed(ETC, "/opt/etc")
    texts = [(tmp_path / "root" / name).read_text() for name in (
        "opt/etc/init.d/pound", "opt/etc/default/pound",
        "opt/pound/lib/systemd/system/pound.service",
        "opt/pound/lib/systemd/system/pound@.service")]
    for text in texts:
        assert not re.search(r"/usr/sbin/|(?<!/opt)/etc/", text)
    assert "\nDAEMON=/opt/pound/sbin/pound\n" in texts[0]
    assert "\nCONFIG_DIR=/opt/etc/pound\n" in texts[0]
    assert ("\nExecStart=/opt/pound/sbin/pound -f /opt/etc/pound/pound.yaml -p /run/pound.pid\n"
            in texts[2])


def test_a_configuration_is_kept(tmp_path):
    kept = {tmp_path / "etc/pound/pound.yaml": "mine: 1\n",
            tmp_path / "etc/default/pound": "# mine\n", tmp_path / "etc/pound/site.pem": "key\n"}
    for path, text in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    make("install", DESTDIR=tmp_path)
    make("uninstall", DESTDIR=tmp_path)
    assert files(tmp_path) == {f"644 /{path.relative_to(tmp_path)}" for path in kept}
    assert {path: path.read_text() for path in kept} == kept


def test_a_second_install_and_uninstall(tmp_path):
    for target in ("install", "install", "uninstall", "uninstall"):
        make(target, DESTDIR=tmp_path)
    assert files(tmp_path) == set()


def test_what_is_installed_works(tmp_path):
    make("install", DESTDIR=tmp_path)
    done = subprocess.run([tmp_path / "usr/local/sbin/pound", "-v"], capture_output=True, text=True,
                          timeout=scaled(10), check=False)
    assert (done.returncode, done.stdout) == (0, f"pound {VERSION}\n")
    assert run_pound("-c", "-f", tmp_path / "etc/pound/pound.yaml").returncode == 0
    assert (tmp_path / "usr/local/sbin/pound").read_bytes() == pathlib.Path(POUND).read_bytes()
    schema = tmp_path / "usr/local/share/doc/pound/pound.schema.json"
    assert schema.read_text() == run_pound("--schema").stdout


def test_a_program_that_does_not_run_here(tmp_path):
    """Such as one that was compiled for another processor."""
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(60))
    foreign.chmod(0o755)
    done = subprocess.run(["make", "-s", "-o", foreign, "install", f"pound={foreign}",
                           f"DESTDIR={tmp_path}/root"], cwd=ROOT, capture_output=True, text=True,
                          timeout=scaled(60), check=False, stdin=subprocess.DEVNULL,
                          env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    assert done.returncode == 0, done
    assert done.stderr.endswith("pound.schema.json is not installed: the program does not run on this machine\n")
    assert files(tmp_path / "root") == (listed(USR, "/usr/local") | listed(ETC, "/etc")) - {
        "644 /usr/local/share/doc/pound/pound.schema.json"}


@pytest.fixture(name="places")
def fixture_places(tmp_path):
    """An installation below tmp_path in which the paths of the units exist."""
    make("install", PREFIX=tmp_path / "usr", SYSCONFDIR=tmp_path / "etc")
    return tmp_path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", ["pound.service", "pound@web.service"])
def test_the_units_are_verified(places, unit):
    units = places / "usr/lib/systemd/system"
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True,
        timeout=scaled(30), check=False, env=dict(os.environ, SYSTEMD_UNIT_PATH=f"{units}:"))
    # systemd-analyze may complain about units of this machine, but not about ours.
    assert (done.returncode, [x for x in done.stderr.splitlines() if "pound" in x]) == (0, [])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", ["pound.service", "pound@.service"])
def test_the_units_leave_little_exposed(places, unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25",
         places / "usr/lib/systemd/system" / unit], capture_output=True, text=True,
        timeout=scaled(30), check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not shutil.which("apparmor_parser"), reason="apparmor is not installed")
def test_the_apparmor_profile_is_parsed(places):
    profile = places / "usr/share/doc/pound/examples/pound.apparmor"
    done = subprocess.run(["apparmor_parser", "-QTK", profile], capture_output=True, text=True,
                          timeout=scaled(30), check=False)
    assert done.returncode == 0, done.stderr
    assert f"\nprofile pound {places}/usr/sbin/pound " in profile.read_text()
    assert f"\n  {places}/etc/pound/** r,\n" in profile.read_text()


def test_the_template_differs_in_names_only(places):
    usual, template = ((places / "usr/lib/systemd/system" / name).read_text().splitlines()
                       for name in ("pound.service", "pound@.service"))
    etc = places / "etc"
    assert [(one, other) for one, other in zip(usual, template, strict=True) if one != other] == [
        (one, one.replace("/pound.yaml", "/%i.yaml").replace("/pound.pid", "/pound-%i.pid")
         .replace("=Pound", "=Pound %i")) for one in (
             "Description=Pound, reverse proxy and load balancer",
             f"ConditionPathExists={etc}/pound/pound.yaml",
             "PIDFile=/run/pound.pid",
             f"ExecStartPre={places}/usr/sbin/pound -c -f {etc}/pound/pound.yaml",
             f"ExecStart={places}/usr/sbin/pound -f {etc}/pound/pound.yaml -p /run/pound.pid",
             f"ExecReload={places}/usr/sbin/pound-reload -p /run/pound.pid")]


def skip_without_debhelper():
    for tool in ("dh", "dpkg-buildpackage", "strip"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")


@pytest.fixture(name="package", scope="module")
def fixture_package(tmp_path_factory):
    """The package with the program of this run, made in its own folder."""
    skip_without_debhelper()
    folder = tmp_path_factory.mktemp("package")
    done = make_deb(folder)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.strip()


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def dpkg_deb(*arguments):
    return subprocess.run(["dpkg-deb", *map(str, arguments)], check=True, capture_output=True,
                          text=True, timeout=scaled(30)).stdout


def test_the_name_and_the_fields_of_the_package(package):
    arch = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True,
                          text=True, timeout=scaled(10)).stdout.strip()
    assert package.name == f"pound_{VERSION}_{arch}.deb"
    assert dpkg_deb("-f", package, "Package", "Version", "Architecture") == (
        f"Package: pound\nVersion: 1:{VERSION}\nArchitecture: {arch}\n")
    depends = dpkg_deb("-f", package, "Depends")
    for name in ("systemd | systemd-standalone-sysusers", "libc6", "libssl3",
                 "libevent-core-2.1-7", "libyaml-0-2"):
        assert name in depends


def test_the_content_of_the_package(package, tmp_path):
    dpkg_deb("-R", package, tmp_path)
    compressed = re.sub(r"(man\d/\S+)", r"\1.gz", USR)
    assert {x for x in files(tmp_path) if "/DEBIAN/" not in x} == (
        listed(compressed, "/usr") | listed(ETC, "/etc")
        | {"644 /usr/share/doc/pound/changelog.gz", "644 /usr/share/doc/pound/copyright",
           "644 /usr/share/lintian/overrides/pound"})
    assert {path.name for path in (tmp_path / "DEBIAN").iterdir()} == {
        "control", "md5sums", "conffiles", "postinst", "prerm", "postrm"}
    assert list((tmp_path / "var" / "lib" / "pound").iterdir()) == []
    assert (tmp_path / "DEBIAN" / "conffiles").read_text().split() == [
        "/etc/default/pound", "/etc/init.d/pound", "/etc/pound/pound.yaml"]
    owners = {line.split()[1] for line in dpkg_deb("-c", package).splitlines()}
    assert owners == {"root/root"}


def test_the_configuration_of_the_package(package, tmp_path):
    dpkg_deb("-x", package, tmp_path)
    text = (tmp_path / "etc/pound/pound.yaml").read_text()
    settings = ["  User: pound", "  Group: pound", "  RootJail: /var/lib/pound"]
    assert [x for x in text.splitlines() if re.match(r"  (User|Group|RootJail):", x)] == settings
    here = tmp_path / "without.yaml"
    here.write_text("\n".join(x for x in text.splitlines() if x not in settings))
    assert run_pound("-c", "-f", here).returncode == 0  # this machine may have no user pound
    assert set(re.findall(r"^ *(?:- )?Address: (\S+)", text, re.M)) == {"127.0.0.1"}


@pytest.mark.skipif(os.environ.get("POUND_HEAVY") != "1", reason="slow; POUND_HEAVY=1 runs it")
@pytest.mark.skipif(SANITIZED, reason="Debian has no package with this sanitizer library")
@pytest.mark.skipif(not shutil.which("lintian"), reason="lintian is not installed")
def test_lintian_has_nothing_to_say(package):
    done = subprocess.run(["lintian", "--allow-root", str(package)], capture_output=True, text=True,
                          timeout=scaled(120), check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_package_is_made_again_to_the_byte(package, tmp_path):
    done = make_deb(tmp_path)
    assert done.returncode == 0, done.stderr
    assert sha256(tmp_path / done.stdout.strip()) == sha256(package)


def test_a_version_that_the_changelog_does_not_know(tmp_path):
    skip_without_debhelper()
    shutil.copytree(ROOT / "init", tmp_path / "init")
    (tmp_path / "Makefile").write_text("VERSION := 99.0\n")
    done = make_deb(tmp_path, tmp_path / "init" / "make-deb")
    assert done.returncode == 1
    assert done.stderr == (f"the latest version in init/debian/changelog is 1:{VERSION}, "
                           "but the Makefile says 99.0\n")


def test_one_version_everywhere():
    """The Makefile has the version; all else repeats it."""
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)[1]
    assert newest == VERSION
    for page in (ROOT / "man").glob("*.[58]"):
        assert f' "Pound {VERSION}" ' in page.read_text().splitlines()[0], page
    assert f"pound (1:{VERSION}) " in (ROOT / "init/debian/changelog").read_text().splitlines()[0]
    readme = (ROOT / "README.md").read_text()
    assert set(re.findall(r"pound_([0-9.]+)_", readme)) == {VERSION}


def test_the_build_needs_what_install_deps_installs():
    control = (ROOT / "init/debian/control").read_text()
    wanted = re.search(r"^Build-Depends:\n((?: .*\n)+)", control, re.M)[1]
    lists = re.findall(r"^build\+?=\((.*)\)$", (ROOT / "init/install-deps").read_text(), re.M)
    always = {"g++", "make"}  # build-essential
    assert {line.strip(" ,") for line in wanted.splitlines()} == (
        set(" ".join(lists).split()) - always - {"openssl"} | {"debhelper-compat (= 13)"})


def test_the_licence_of_the_package_is_that_of_the_project():
    text = (ROOT / "LICENSE").read_text()
    said = (ROOT / "init/debian/copyright").read_text().replace("\n .\n", "\n")
    assert text[text.index("Permission"):].split() == said[said.index("Permission"):].split()
