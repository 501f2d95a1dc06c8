"""Whom Pound takes for the client: the cases of chains.txt, over HTTP/1 and over HTTP/2.

The backend sees the client in X-Real-IP, which Pound replaces, and the log names it in each record.
"""

import pathlib
import re

import pytest

from harness import Client
from harness.config import plain_site
from harness.http2 import Http2

PROXY, STRANGER = "127.0.0.1", "127.0.0.9"
TRUSTED = "TrustedProxies: [127.0.0.1, 10.0.0.0/8, 192.0.2.0/28, '2001:db8:cd::/48']"
REPETITION = re.compile(r"\{(\d+)\*([^}]*)\}")


def read_cases():
    """The cases of each section: (name of the field, peer) → [(values of the fields, client)]."""
    sections = {}
    for line in (pathlib.Path(__file__).parent / "chains.txt").read_text().splitlines():
        if line.startswith("== "):
            _, name, peer = line.split()
            cases = sections[name, {"proxy": PROXY, "stranger": STRANGER}[peer]] = []
        elif sections and line and not line.startswith("#"):
            value, _, client = line.rpartition("->")
            value = REPETITION.sub(lambda m: m[2] * int(m[1]), value.replace("\\t", "\t"))
            cases.append(([part.strip() for part in re.split(r" \+(?: |$)", value.rstrip(" "))],
                          client.strip()))
    return sections


CASES = read_cases()


def test_there_are_enough_cases():
    assert sum(len(cases) for cases in CASES.values()) >= 200


@pytest.fixture(name="stage", scope="module", params=sorted({name for name, _ in CASES}))
def fixture_stage(request, shared_site):
    backend = shared_site.backend()
    pound = shared_site.pound(
        plain_site(f"Workers: 1; {TRUSTED}; ClientField: {request.param}",
                   listener="Protocols: [h2c, http/1.1]"),
        web=backend.port, name=request.param)
    return request.param, pound, backend


def expected(name, peer):
    return [peer if client == "peer" else client for _, client in CASES[name, peer]]


def judge(stage, peer, records, ask):
    """Asks for each case, and compares what the backend and the log say."""
    name, pound, backend = stage
    before = len(backend.requests)
    for values, _ in CASES[name, peer]:
        assert ask([("x-real-ip", "0.0.0.0"), *((name.lower(), value) for value in values)]) == 200
    seen = [one.field("X-Real-IP") for one in backend.requests[before:]]
    said = [values for values, _ in CASES[name, peer]]
    wanted = list(zip(said, expected(name, peer)))
    assert list(zip(said, seen)) == wanted
    logged = [record["client"] for record in pound.wait_records(records + len(said))[records:]]
    assert list(zip(said, logged)) == wanted


@pytest.mark.parametrize("peer", [PROXY, STRANGER])
def test_http1(stage, peer):
    with Client(stage[1].port, source=peer) as client:
        judge(stage, peer, stage[1].count_records(), lambda pairs: client.ask(
            "GET", "/", *(f"{name}: {value}" for name, value in pairs)).status)


@pytest.mark.parametrize("peer", [PROXY, STRANGER])
def test_http2(stage, peer):
    with Http2(stage[1].port, source=peer) as client:
        judge(stage, peer, stage[1].count_records(),
              lambda pairs: client.ask("GET", "/", *pairs).status)
