"""man/scaling.md: each of its configurations is valid, without a warning; its links lead somewhere;
and what it says of a session beside a hash is so.
"""

import re
import shutil

import pytest

from harness import ROOT, get, response, run_pound
from harness.config import plain_site

PAGE = (ROOT / "man/scaling.md").read_text()
BLOCKS = [re.sub(r"^    ", "", block, flags=re.M)
          for block in re.findall(r"^(    Global:\n(?:     .*\n|    \w+:\n|\n(?=    ))*)", PAGE, re.M)]


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_configuration_is_valid(tmp_path, certificates, number):
    shutil.copy(certificates["ec"].pem, tmp_path / "site.pem")
    for name, text in (("secret", "s" * 32), ("redis.password", "word\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    text = BLOCKS[number]
    for old, new in (("/etc/pound", str(tmp_path)), ("/var/lib/pound", str(tmp_path)),
                     ("/run/pound", str(tmp_path)), ("User: pound\n  Group: pound", "User: nobody\n  Group: nogroup")):
        text = text.replace(old, new)
    file = tmp_path / "pound.yaml"
    file.write_text(text)
    done = run_pound("-c", "-f", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{file}: configuration is valid\n", "")


def test_there_is_one_for_each_level():
    assert len(BLOCKS) == 4
    assert ["INSERT" in block for block in BLOCKS] == [True, False, False, False]
    assert ["ProxyProtocol: true" in block for block in BLOCKS] == [False, True, False, False]
    assert ["SessionStore:" in block for block in BLOCKS] == [False, False, True, True]


def test_the_links_lead_somewhere():
    titles = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
              for title in re.findall(r"^#+ (.*)$", PAGE, re.M)}
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert len(links) >= 5
    for link in links:
        assert link[1:] in titles if link.startswith("#") else (ROOT / "man" / link).is_file(), link


def test_new_sessions_beside_a_hash_begin_at_the_same_backend_on_all_machines(site):
    names = ("one", "two", "three")
    ports = {name: site.backend(lambda _, n=name: response(n.encode())).port for name in names}
    text = plain_site(backends=dict.fromkeys(names, ""), services="""
        - Session: {Type: IP, TTL: 300}
          Balance: hash
          Backends: [*one, *two, *three]
    """)
    machines = [site.pound(text, name=name, **ports) for name in ("first", "second")]
    clients = [f"127.0.9.{i}" for i in range(1, 31)]
    first, second = ([get(pound.port, source=client).body.decode() for client in clients]
                     for pound in machines)
    assert first == second
    assert set(first) == set(names)
