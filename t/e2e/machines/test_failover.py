"""Two and three Pounds behind one address, which keepalived moves. Needs root and keepalived.

Each kind of session is kept when the address moves, and no request fails when a machine goes on
standby.
"""

import shutil
import signal

import pytest

from cluster import ADDRESSES, MOVES_WITHIN, SESSIONS, STORED, VISITORS, Asking, Cluster, Visitor
from harness import client_context, wait_until
from harness.keepalived import EXAMPLE, PROGRAM, configuration, judge
from harness.network import unavailable

WHY_NOT = "keepalived is not installed" if PROGRAM is None else unavailable()
pytestmark = pytest.mark.skipif(WHY_NOT != "", reason=WHY_NOT)

HAS_REDIS = shutil.which("redis-server") is not None
KINDS = [pytest.param(kind, marks=pytest.mark.skipif(kind in STORED and not HAS_REDIS,
                                                     reason="redis-server is not installed"))
         for kind in SESSIONS]


@pytest.fixture(name="build")
def make_build(site):
    """Makes clusters, and removes them at the end."""
    made = []

    def build(kind="hash", **kwargs):
        made.append(Cluster(site, SESSIONS[kind][0], **kwargs))
        return made[-1].start()

    yield build
    for cluster in made:
        cluster.close()


def all_of(visitors):
    return [visitor.ask() for visitor in visitors]


def test_the_example_is_valid(tmp_path):
    """keepalived itself checks it, for one machine that serves and for two."""
    assert "192.0.2.10/24" in EXAMPLE.read_text(encoding="utf-8")
    for both_serve in (False, True):
        for primary in (False, True):
            path = tmp_path / "keepalived.conf"
            path.write_text(configuration(
                check="/usr/bin/env /bin/true", own="192.0.2.11", peers=["192.0.2.12"], primary=primary,
                addresses=["192.0.2.10", "192.0.2.20"], both_serve=both_serve), encoding="utf-8")
            assert judge(path) == (0, "")


@pytest.mark.parametrize("kind", KINDS)
def test_sessions_survive_fail_over_and_fail_back(build, kind):
    cluster = build(kind, store=kind in STORED)
    a, b = cluster.nodes
    visitors = [Visitor(cluster, kind, number) for number in range(VISITORS)]
    known = all_of(visitors)
    assert len(set(known)) > 1
    cluster.move(a.kill_pound, to=b)
    assert all_of(visitors) == known
    a.restart_pound()
    a.wait_backup("Entering FAULT")
    assert b.has()
    cluster.move(lambda: b.say("standby"), to=a)
    assert all_of(visitors) == known
    b.say("resume")
    assert all_of(visitors) == known


def test_no_request_fails_when_a_machine_goes_on_standby(build):
    cluster = build()
    a, b = cluster.nodes
    clients = [Asking(cluster, keeps) for keeps in (False, False, True, True)]
    for client in clients:
        client.wait_more()
    cluster.move(lambda: a.say("standby"), to=b)
    for client in clients:
        client.wait_more()
    assert a.say("standby", "--wait") == "on standby; no client is left\n"
    a.say("resume")
    a.wait_backup("Entering FAULT")
    cluster.move(lambda: b.say("standby"), to=a)
    for client in clients:
        client.wait_more()
    b.say("resume")
    longest = max([client.finish() for client in clients])
    print(f"{sum(client.done for client in clients)} requests; the longest took {longest:.2f} s")
    assert longest < 8


def test_a_keepalived_that_ends_or_dies(build):
    cluster = build()
    a, b = cluster.nodes
    visitor = Visitor(cluster, "hash", 0)
    known = visitor.ask()
    cluster.move(a.keepalived.stop, to=b)
    assert visitor.ask() == known
    a.start_keepalived()
    a.wait_backup("Starting VRRP")
    b.keepalived.stop(signal.SIGKILL)  # and leaves the address at b
    wait_until(a.has, "the address at a", MOVES_WITHIN)
    assert visitor.ask() == known


def test_both_machines_serve(build):
    cluster = build(both_serve=True)
    a, b = cluster.nodes
    visitors = [Visitor(cluster, "hash", number) for number in range(VISITORS)]
    known = all_of(visitors)
    assert [visitor.ask(ADDRESSES[1]) for visitor in visitors] == known
    cluster.move(b.kill_pound, to=a, address=ADDRESSES[1])
    assert a.has(ADDRESSES[0])
    assert [visitor.ask(ADDRESSES[1]) for visitor in visitors] == known
    b.restart_pound()
    cluster.wait_address(b, ADDRESSES[1])  # without a command
    assert [visitor.ask(ADDRESSES[1]) for visitor in visitors] == known
    cluster.move(lambda: a.say("standby"), to=b)
    assert all_of(visitors) == known


def test_three_machines(build):
    cluster = build("INSERT", nodes=3)
    a, b, c = cluster.nodes
    visitors = [Visitor(cluster, "INSERT", number) for number in range(VISITORS)]
    known = all_of(visitors)
    a.say("standby")
    wait_until(lambda: b.has() or c.has(), "the address at another machine")
    second, third = (b, c) if b.has() else (c, b)
    assert all_of(visitors) == known
    cluster.move(second.kill_pound, to=third)
    assert all_of(visitors) == known


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_tls_resumes_at_the_other_machine(build, certificates, version):
    cluster = build(pem=certificates["ec"].pem)
    a, b = cluster.nodes
    context = client_context(version)

    def ask(session=None):
        with cluster.connect_tls(context=context, session=session) as client:
            assert client.ask().status == 200
            return client.tls.session_reused, client.tls.session

    resumed, session = ask()
    assert not resumed
    cluster.move(a.kill_pound, to=b)
    resumed, session = ask(session)
    assert resumed
