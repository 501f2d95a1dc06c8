"""The status page: its bytes, and what a browser makes of it where one is installed."""

import base64
import hashlib
import html
import re
import shutil
import subprocess

import pytest

from harness import get, reserve_port, wait_until
from harness.config import plain_site
from harness.http2 import Http2

EVIL = "/tmp/<script>alert(1)</script>&amp;.sock"
CONFIG = plain_site(
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
CHROMIUM = shutil.which("chromium")


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
    rows = [[html.unescape(re.sub("<[^>]*>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", page, re.S)]
    by_name = {row[0]: row for row in rows}
    assert by_name["web"][1:3] == ["live", "–"]
    assert by_name["gone"][1:3] == ["dead", "refused"]
    assert by_name[f"127.0.0.1:{pound.port}/4"][2] == "1"
    assert re.search(r'<li class="error"><strong>backend gone</strong> dead: refused for \d+ s</li>',
                     page)
    assert '<p id="fine" class="fine" hidden>' in page


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


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_runs_the_script_under_the_policy(pound, tmp_path):
    assert get(pound.port, "/gone").status == 503
    assert get(pound.port, "/evil").status == 503
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", f"--user-data-dir={tmp_path}", "--virtual-time-budget=4000",
         "--enable-logging=stderr", "--dump-dom", f"http://127.0.0.1:{pound.port}/pound/"],
        capture_output=True, text=True, check=True, timeout=120)
    page = done.stdout
    assert 'CONSOLE' not in done.stderr, done.stderr
    assert 'class="js"' in page.split("<head>")[0]
    assert page.count("<figure>") == 4
    assert "(2) Pound status" in element(page, "title")
    assert page.count("<script>") == 1
    assert wait_until(lambda: [r for r in pound.records() if "/pound/status.json" in r["request"]],
                      lambda: "the script's requests")
