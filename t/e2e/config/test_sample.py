"""pound.yaml.sample: valid as it is, and with each of its examples; yamllint has nothing to say.

An example is a run of lines that are YAML behind a comment sign.
"""

import re
import shutil
import subprocess

import pytest

from harness import ROOT, TIMEOUT, run_pound

LINES = (ROOT / "pound.yaml.sample").read_text().splitlines()
COMMENTED = re.compile(r"( *)# ( *(?:- )?(?:[A-Z]\w*: ?|\{|\*).*)")


def examples():
    """The numbers of the lines of each example, by its first line."""
    found, last = {}, None
    for number, line in enumerate(LINES):
        if not COMMENTED.fullmatch(line):
            continue
        if last is None or found[last][-1] != number - 1:
            last = line.strip(" #")
            found[last] = []
        found[last].append(number)
    return found


@pytest.fixture(name="folder")
def fixture_folder(tmp_path, certificates):
    """The files that the examples name."""
    pem = certificates["ec"].pem
    (tmp_path / "live/example.org").mkdir(parents=True)
    for name in ("www.example.com.pem", "live/example.org/fullchain.pem"):
        shutil.copy(pem, tmp_path / name)
    (tmp_path / "staff.htpasswd").write_text("joe:$apr1$abcdefgh$" + "a" * 22 + "\n")
    (tmp_path / "staff.htpasswd").chmod(0o640)
    for page in ("404.html", "503.html"):
        (tmp_path / page).write_text("<p>sorry</p>\n")
    return tmp_path


def check(folder, lines):
    text = "\n".join(lines) + "\n"
    for old, new in (("/etc/pound", str(folder)), ("/etc/letsencrypt", str(folder)),
                     ("User: pound", "User: nobody"), ("Group: pound", "Group: nogroup"),
                     ("/var/lib/pound", str(folder)), ("/run/pound", str(folder))):
        text = text.replace(old, new)
    file = folder / "pound.yaml"
    file.write_text(text)
    done = run_pound("-c", "-f", file)
    assert (done.returncode, done.stdout, done.stderr) == (
        0, f"{file}: configuration is valid\n", "")


def test_the_sample_is_valid(folder):
    check(folder, LINES)


@pytest.mark.parametrize("first", examples())
def test_each_example_is_valid(folder, first):
    active = set(examples()[first])
    check(folder, [COMMENTED.fullmatch(line).expand(r"\1\2") if number in active else line
                   for number, line in enumerate(LINES)])


def test_the_sample_shows_ten_things():
    assert len(LINES) < 130
    text = "\n".join(LINES)
    contents = re.findall(r"(?:^#|  )  *(\d+)  \w", text.partition("# As it is")[0], re.M)
    assert sorted(map(int, contents)) == list(range(1, 11))
    assert {int(number) for number in re.findall(r"^ *# (\d+): [A-Z]", text, re.M)} == set(
        range(1, 11))


@pytest.mark.skipif(not shutil.which("yamllint"), reason="yamllint is not installed")
def test_yamllint_has_nothing_to_say():
    done = subprocess.run(["yamllint", "--strict", str(ROOT / "pound.yaml.sample")], text=True,
                          capture_output=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stdout) == (0, "")
