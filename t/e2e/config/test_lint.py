"""t/lint enforces the order of the rooms of worker/: each test breaks one rule in a copy of the
sources and expects exactly the findings of that rule."""

import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
LINT = ROOT / "t" / "lint"
FOLDERS = ("conf", "shm", "worker", "master")
ROOMS = ("sandbox", "log", "http", "http2", "tls", "net", "route", "auth", "backend",
         "store", "transaction", "client", "explain")

# For each room: a header of every higher room. The leaves, which are the first three, do not include
# each other, and http2 includes http only.
UPWARD = [(room, higher) for i, room in enumerate(ROOMS) for higher in ROOMS[i + 1:]]
UPWARD += [("log", "sandbox"), ("http", "sandbox"), ("http", "log"), ("http2", "sandbox"),
           ("http2", "log")]
# Includes that the order allows.
DOWNWARD = [(room, lower) for i, room in enumerate(ROOMS[4:], 4) for lower in ROOMS[:i + 1]]
DOWNWARD += [("http2", "http"), ("http2", "http2")]
DOWNWARD += [(room, folder) for room in ROOMS if room not in ("http", "http2", "sandbox")
             for folder in ("conf", "shm")]


def run_lint(*arguments):
    done = subprocess.run([LINT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()


def findings(tree):
    """What the check of the layers finds in `tree`, without the line that counts."""
    status, lines = run_lint("--root", tree, "layers")
    count = len(lines) - 1
    assert (status, lines[-1]) == ((1, f"lint: {count} findings") if count else (0, "lint: clean"))
    return lines[:-1]


@pytest.fixture
def tree(tmp_path):
    """A copy of the sources, to be broken by the test."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def add_file(tree, folder, *lines):
    (tree / folder / "probe_of_lint.cc").write_text("".join(line + "\n" for line in lines))


def header_of(folder):
    name = {"conf": "conf", "shm": "shm"}.get(folder, f"worker/{folder}")
    return f"{name}/{sorted((ROOT / name).glob('*.h'))[0].name}"


def test_the_sources_keep_the_order():
    assert findings(ROOT) == []


def test_upward_includes_are_found_in_every_room(tree):
    expected = []
    for room in ROOMS:
        targets = [header_of(higher) for low, higher in UPWARD if low == room]
        targets.append("worker/heritage.h")
        add_file(tree, f"worker/{room}", *(f'#include "{target}"' for target in targets))
        expected += [f'worker/{room}/probe_of_lint.cc:{line}: worker/{room}/ may not include '
                     f'"{target}"' for line, target in enumerate(targets, 1)]
    # 78 upward pairs, five back among the rooms that stand alone, and one include of a file above the
    # rooms for each.
    assert len(expected) == 78 + 5 + len(ROOMS)
    assert findings(tree) == expected


def test_downward_includes_are_allowed(tree):
    for room in ROOMS:
        targets = [header_of(lower) for high, lower in DOWNWARD if high == room]
        add_file(tree, f"worker/{room}", *(f'#include "{target}"' for target in targets))
    add_file(tree, "worker", *(f'#include "{header_of(room)}"' for room in ROOMS))
    assert findings(tree) == []


@pytest.mark.parametrize("folder, line, finding", [
    ("worker/http", '#include "conf/config.h"', 'worker/http/ may not include "conf/config.h"'),
    ("worker/http", "#include <ctime>", "worker/http is pure and may not include <ctime>"),
    ("worker/http2", "#include <ctime>", "worker/http2 is pure and may not include <ctime>"),
    ("worker/http2", '#include "conf/config.h"', 'worker/http2/ may not include "conf/config.h"'),
    ("worker/http2", "#include <nghttp2/nghttp2.h>",
     "worker/http2/ may not include <nghttp2/nghttp2.h>"),
    ("worker/net", "#include <openssl/ssl.h>", "worker/net/ may not include <openssl/ssl.h>"),
    ("worker", "#include <openssl/ssl.h>", "worker/ may not include <openssl/ssl.h>"),
    ("worker/tls", "#include <event2/event.h>", "worker/tls/ may not include <event2/event.h>"),
    ("worker/net", '#include "../client/acceptor.h"',
     'worker/net/ may not include "../client/acceptor.h"'),
    ("worker/net", "#include <worker/client/acceptor.h>",
     'worker/net/ may not include "worker/client/acceptor.h"'),
    ("worker/transaction", "#include <crypt.h>", "worker/transaction/ may not include <crypt.h>"),
    ("worker/auth", "#include <crypt.h>", "worker/auth/ may not include <crypt.h>"),
    ("conf", '#include "worker/net/address.h"', 'conf/ may not include "worker/net/address.h"'),
    ("shm", '#include "conf/config.h"', 'shm/ may not include "conf/config.h"'),
    ("master", '#include "worker/route/router.h"',
     'master/ may not include "worker/route/router.h"'),
])
def test_a_forbidden_include_is_found(tree, folder, line, finding):
    add_file(tree, folder, "// A comment.", line)
    assert findings(tree) == [f"{folder}/probe_of_lint.cc:2: {finding}"]


def test_a_forward_declaration_of_an_openssl_type_is_allowed(tree):
    add_file(tree, "worker/net", "struct ssl_st;")
    assert findings(tree) == []


def test_a_folder_without_a_rank_is_found(tree):
    (tree / "worker" / "attic").mkdir()
    assert findings(tree) == ["worker/attic:1: t/lint knows no such room"]


def test_only_few_files_stand_above_the_rooms(tree):
    above = sorted(path.name for path in (tree / "worker").iterdir() if path.is_file())
    assert len(above) <= 12
    for number in range(12 - len(above)):
        (tree / "worker" / f"zz_{number}.h").write_text("")
    assert findings(tree) == []
    (tree / "worker" / "zzz.h").write_text("")
    assert findings(tree) == ["worker/zzz.h:1: 13 files directly in worker/; at most 12"]


def test_an_unknown_check_is_refused():
    status, lines = run_lint("laiers")
    assert status == 2
    assert lines[-1] == ("lint: error: no check is named laiers; there are layers, purity, sizes, "
                         "scripts, format, tidy")
