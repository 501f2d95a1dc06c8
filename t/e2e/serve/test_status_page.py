"""The status page: its bytes, and what a browser makes of it where one is installed."""

import base64
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import time
from email.utils import parsedate_to_datetime

import pytest

from harness import get, reserve_port, wait_until
from harness.config import plain_site
from harness.control import SOCKET
from harness.http2 import Http2
from harness.poundctl import poundctl

EVIL = "/tmp/<script>alert(1)</script>&amp;.sock"
CONFIG = plain_site(
    f"Workers: 1; {SOCKET}",
    listener="Protocols: [h2c, http/1.1]",
    backends={"web": "", "gone": "", "evil": f"Address: {EVIL}"},
    services="""
- URL: "^/pound([/?]|$$)"
  Serve: status
- URL: "^/gone"
  Backends: [*gone]
- URL: "^/evil"
  Backends: [*evil]
- Backends: [*web]
""")
STATES = ["live", "warming", "drained", "disabled", "ejected", "dead"]
BY = -3  # the column with who has set the state; how long ago follows
NAMES = ["on", "resting", "parked", "ill", "off"]
STEERED = plain_site(
    f"Workers: 1; {SOCKET}",
    backends={"on": "", "resting": "", "parked": "Disabled: true", "ill": "", "off": ""},
    services="""
- URL: "^/pound([/?]|$$)"
  Serve: status
- URL: "^/ill"
  Backends: [*ill]
- URL: "^/off"
  Backends: [*off]
- Backends: [*on, *resting, *parked]
""")
CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def element(page, name):
    found = re.findall(rf"<{name}>(.*?)</{name}>", page, re.S)
    assert len(found) == 1, f"{len(found)} x {name}"
    return found[0]


def digest(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


@pytest.fixture(name="pound")
def fixture_pound(site):
    return site.pound(CONFIG, web=site.backend().port, gone=reserve_port())


def page_of(pound):
    answer = get(pound.port, "/pound/")
    assert answer.status == 200, answer
    return answer, answer.body.decode()


def test_the_policy_permits_what_the_page_has(pound):
    answer, page = page_of(pound)
    assert answer.field("Content-Type") == "text/html; charset=utf-8"
    assert answer.field("Content-Security-Policy") == (
        f"default-src 'none'; script-src {digest(element(page, 'script'))}; "
        f"style-src {digest(element(page, 'style'))}; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'")
    assert answer.field("Cache-Control") == "no-store"
    assert answer.field("X-Content-Type-Options") == "nosniff"
    assert answer.field("Referrer-Policy") == "no-referrer"
    markup = page.replace(element(page, "script"), "").replace(element(page, "style"), "")
    for forbidden in (" style=", " onclick=", " src=", " href=", "javascript:", "http:", "https:"):
        assert forbidden not in markup


def test_the_tables_are_there_without_script(pound):
    assert get(pound.port).status == 200
    assert get(pound.port, "/gone").status == 503
    _, page = page_of(pound)
    by_name = rows_of(page)
    assert by_name["web"][1:3] == ["live", "–"]
    assert by_name["gone"][1:3] == ["dead", "refused"]
    assert by_name[f"127.0.0.1:{pound.port}/4"][2] == "1"
    assert re.search(r'<li class="error"><strong>backend gone</strong> is dead: refused, for \d+ s</li>',
                     page)
    assert '<p id="fine" class="fine" hidden>' in page
    assert counts_of(page) == {"live": 2, "dead": 1}
    (moment,) = re.findall('<noscript><p class="quiet">This is the state at ([^.]*). Without script, '
                           "load the page again for newer figures.</p></noscript>", page)
    assert abs(parsedate_to_datetime(moment).timestamp() - time.time()) < 60


def rows_of(page):
    """The texts of the cells of all tables, by the first one of the row."""
    cells = [[html.unescape(re.sub("<[^>]*>", "", cell))
              for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
             for row in re.findall(r"<tr>(.*?)</tr>", page, re.S)]
    return {row[0]: row for row in cells}


def counts_of(page):
    """The numbers of backends that the page shows, by state."""
    items = re.findall(r'<li data-state="(\w+)"( hidden(?:="")?)?><b>(\d+)</b> (\w+)</li>', page)
    assert [state for state, *_ in items] == STATES
    assert all(state == label for state, _, _, label in items)
    assert all((count == "0") == bool(hidden) for _, hidden, count, _ in items)
    return {state: int(count) for state, _, count, _ in items if count != "0"}


@pytest.fixture(name="steered")
def fixture_steered(site):
    """Backends in all administrative states, of which "ill" and "off" are dead."""
    pound = site.pound(STEERED, on=site.backend().port, resting=site.backend().port,
                       parked=site.backend().port, ill=reserve_port(), off=reserve_port())
    assert get(pound.port, "/ill").status == 503
    assert get(pound.port, "/off").status == 503
    for command in ("drain resting", "disable off", "drain on", "enable on"):
        poundctl(pound, *command.split())
    return pound


def test_the_administrative_state_without_script(steered):
    _, page = page_of(steered)
    assert counts_of(page) == {"live": 1, "drained": 2, "disabled": 1, "dead": 1}
    by = f"uid:{os.getuid()}"
    rows = rows_of(page)
    assert {name: [*rows[name][1:3], rows[name][4], rows[name][BY]] for name in NAMES} == {
        "on": ["live", "–", "enabled", by],
        "resting": ["live", "–", "drained", by],
        "parked": ["live", "–", "drained", "configuration"],
        "ill": ["dead", "refused", "enabled", "configuration"],
        "off": ["dead", "refused", "disabled", by],
    }
    assert rows["ill"][BY + 1] == "–"
    assert all(re.fullmatch(r"\d+ s", rows[name][BY + 1]) for name in NAMES if name != "ill")
    shown = re.findall(r'<li class="(\w+)"><strong>backend (\w+)</strong> (.*?), for \d+ s</li>', page)
    assert shown == [("error", "ill", "is dead: refused"),
                     ("notice", "resting", f"is drained by {by}"),
                     ("notice", "parked", "is drained by the configuration"),
                     ("notice", "off", f"is disabled by {by}, and dead: refused")]


def test_the_administrative_state_in_json(steered):
    now = json.loads(get(steered.port, "/pound/status.json").body)
    by = f"uid:{os.getuid()}"
    backends = {one["name"]: one for one in now["backends"]}
    assert {name: (one["admin"], one["admin_by"]) for name, one in backends.items()} == {
        "on": ("enabled", by), "resting": ("drained", by), "parked": ("drained", None),
        "ill": ("enabled", None), "off": ("disabled", by)}
    assert backends["ill"]["admin_since_s"] is None
    assert all(0 <= backends[name]["admin_since_s"] < 60 for name in NAMES if name != "ill")
    assert [(one["severity"], one["name"]) for one in now["problems"]] == [
        ("error", "ill"), ("notice", "resting"), ("notice", "parked"), ("notice", "off")]


def test_nothing_is_wrong_when_backends_are_only_drained(site):
    pound = site.pound(CONFIG, web=site.backend().port, gone=reserve_port())
    poundctl(pound, "drain", "web")
    _, page = page_of(pound)
    assert '<p id="fine" class="fine">Nothing is wrong.</p>' in page
    assert counts_of(page) == {"live": 2, "drained": 1}


def test_a_hostile_name_stays_text(pound):
    assert get(pound.port, "/evil").status == 503
    _, page = page_of(pound)
    assert EVIL not in page
    assert page.count("<script>") == 1
    assert page.count(html.escape(EVIL)) == 1  # its address; the name is that of its anchor


def test_http2_and_head(pound):
    with Http2(pound.port) as client:
        answer = client.ask("GET", "/pound/")
        assert answer.status == 200
        assert answer.body.decode().endswith("</html>\n")
        assert answer.field("content-type") == "text/html; charset=utf-8"
        head = client.ask("HEAD", "/pound/")
        assert (head.status, head.body) == (200, b"")
        moved = client.ask("GET", "/pound")
        assert (moved.status, moved.field("location")) == (302, "./pound/")


def browse(pound, folder, *flags):
    """What a browser makes of the page in four seconds of its own clock."""
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", f"--user-data-dir={folder}", "--virtual-time-budget=4000",
         "--enable-logging=stderr", *flags, "--dump-dom", f"http://127.0.0.1:{pound.port}/pound/"],
        capture_output=True, text=True, check=True, timeout=120)
    assert 'CONSOLE' not in done.stderr, done.stderr
    return done.stdout


@needs_chromium
def test_a_browser_runs_the_script_under_the_policy(pound, tmp_path):
    assert get(pound.port, "/gone").status == 503
    assert get(pound.port, "/evil").status == 503
    page = browse(pound, tmp_path)
    assert 'class="js"' in page.split("<head>")[0]
    assert page.count("<figure>") == 4
    assert "(2) Pound status" in element(page, "title")
    assert page.count("<script>") == 1
    assert wait_until(lambda: [r for r in pound.records() if "/pound/status.json" in r["request"]],
                      lambda: "the script's requests")


@needs_chromium
def test_a_browser_shows_the_administrative_state(steered, tmp_path):
    page = browse(steered, tmp_path)
    assert element(page, "title") == "(1) Pound status"
    assert counts_of(page) == {"live": 1, "drained": 2, "disabled": 1, "dead": 1}
    by = f"uid:{os.getuid()}"
    rows = rows_of(page)
    assert {name: [rows[name][1], rows[name][4], rows[name][BY]] for name in NAMES} == {
        "on": ["live", "enabled", by], "resting": ["live", "drained", by],
        "parked": ["live", "drained", "configuration"],
        "ill": ["dead", "enabled", "configuration"], "off": ["dead", "disabled", by]}
    assert page.count('<td class="" data-state="drained">drained</td>') == 2
    legend = re.findall(r"</svg>([a-z ]+)<output>(.*?)</output>", page)
    assert legend[-6:] == [("live", "1"), ("warming", "0"), ("drained", "2"), ("disabled", "1"),
                           ("ejected", "0"), ("dead", "1")]
    notices = re.findall(r'<li class="notice"><strong>backend (\w+)</strong> (.*?)<span', page)
    assert notices == [("resting", f"is drained by {by}"),
                       ("parked", "is drained by the configuration"),
                       ("off", f"is disabled by {by}, and dead: refused")]
