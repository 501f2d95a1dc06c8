"""t/bench/scale.py: its hash is the daemon's, its figures are right, and man/scaling.md has them."""

import subprocess
import sys
import xml.etree.ElementTree

import pytest

from harness import ROOT, TIMEOUT, get, response
from harness.config import plain_site

sys.path.insert(0, str(ROOT / "t/bench"))
from scale_hash import Rendezvous, fixed_hash  # pylint: disable=wrong-import-position

PAGE = ROOT / "man/scaling.md"
NAMES = ("one", "two", "three", "four")
SERVICE = "- {Balance: hash, HashKey: header X-Key, Backends: [*one, *two, *three, *four]}"


def run(*options):
    done = subprocess.run(["/usr/bin/python3", "-B", str(ROOT / "t/bench/scale.py"), *options], text=True,
                          capture_output=True, timeout=2 * TIMEOUT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def table(text, title):
    """The rows of the table below a title: lists of cells, without the heads."""
    lines = text.partition(f"### {title}\n")[2].partition("###")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return rows[2:]


@pytest.mark.parametrize("weights", [(8, 8, 8, 8), (8, 8, 3, 1)])
def test_the_hash_is_the_daemons(site, weights):
    ports = {name: site.backend(lambda _, n=name: response(n.encode())).port for name in NAMES}
    texts = {name: f"Weight: {weight}" for name, weight in zip(NAMES, weights)}
    pound = site.pound(plain_site(backends=texts, services=SERVICE), **ports)
    names = {f"127.0.0.1:{ports[name]}": name for name in NAMES}
    balancer = Rendezvous(dict(zip(names, weights)))
    keys = [f"key {i}" for i in range(100)]
    expected = [names[balancer.choose(fixed_hash(key))] for key in keys]
    assert [get(pound.port, "/", f"X-Key: {key}").body.decode() for key in keys] == expected
    assert len(set(expected)) >= 3


def test_small_figures_are_exact():
    """A quarter of the TTL is longer than a session, so each machine asks at most once for it."""
    text = run("--machines", "1 2", "--sessions", "6e5", "--lasts", "600", "--every", "60", "--ttl", "2400",
               "--samples", "500")
    # Of ten more visits on average five are at the other machine, and e^-5 of the sessions make none.
    asks = table(text, "Questions to the store")
    assert [row[1] for row in asks] == ["1.00", "1.00"]
    assert [row[5] for row in asks] == ["1.00", "1.99"]
    assert all(abs(float(row[i]) - float(row[i + 1])) < 0.03 for row in asks for i in (1, 3, 5, 7))
    # 1 000 sessions begin in a second.
    assert table(text, "Load of the store") == [["600 k", "2.00 k", "3.99 k"]]
    # They stay 3 000 seconds at most: 3 000 000 × 180 bytes.
    (row,) = table(text, "Memory")
    assert row[:3] == ["600 k", "3.00 M", "0.50"]
    assert table(text, "A machine goes") == [["2", "50 %", "16.7 k", "50 %", "16.7 k"]]
    moves = {row[0]: row[1:] for row in table(text, "What moves")}
    assert moves["one of two machines dies"] == ["0", "0", "0", "45 %"]
    assert moves["the list gets another order"] == ["0", "0", "0", "0"]
    assert moves["a backend is added"][1:] == ["0", "0", "0"]
    lost = table(text, "The store is lost")
    assert lost[0] == ["1", "0", "0", "0", "0"]
    assert lost[1][1:3] == ["0", "0"]


def test_the_page_has_the_figures_of_the_script(tmp_path):
    text = run("--svg", str(tmp_path / "scaling.svg"))
    page = PAGE.read_text()
    assert page.partition("<!-- scale: begin -->\n")[2].partition("<!-- scale: end -->")[0] == text
    assert (tmp_path / "scaling.svg").read_text() == (ROOT / "man/scaling.svg").read_text()


def test_the_picture_is_four_charts():
    root = xml.etree.ElementTree.parse(ROOT / "man/scaling.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    titles = [text.text for text in root.iter(f"{space}text") if text.get("class") == "title"]
    assert titles == ["What the store gets", "What the store gets from 1 M sessions",
                      "Sessions that move with a backend", "The busiest backend, by hash"]
    assert len(root.findall(f"{space}g")) == 4
