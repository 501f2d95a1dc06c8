"""The fake store answers as redis-server does, so that what Pound learns from it is right."""

import pytest

from harness.fake_store import FakeStore
from harness.redis import Redis
from harness.resp import ErrorReply, RespClient, error, reply


def said(client, *words):
    try:
        return client.ask(*words)
    except ErrorReply as refused:
        return str(refused).split(" ", maxsplit=1)[0]


def test_it_answers_like_redis(site, tmp_path):
    fake = site.add_backend(FakeStore())
    clients = [site.add_client(one) for one in
               (site.add_backend(Redis(tmp_path)).client(), RespClient(fake.port))]
    for words in (["PING"], ["SELECT", "3"], ["SELECT", "x"], ["ROLE"], ["GET", "a"],
                  ["SET", "a", "one\r\n\xff", "PX", "60000", "NX"], ["GET", "a"],
                  ["SET", "a", "two", "PX", "60000", "NX"], ["GET", "a"],
                  ["SET", "a", "", "PX", "60000"], ["GET", "a"], ["MGET", "b", "a"],
                  ["PEXPIRE", "a", "9000"], ["PEXPIRE", "b", "9000"], ["NOSUCH", "x"]):
        real, ours = [said(client, *words) for client in clients]
        assert real == ours, words


@pytest.mark.parametrize("words", [["AUTH", "wrong"], ["AUTH", "me", "wrong"], ["GET", "a"],
                                   ["AUTH", "right"], ["AUTH", "me", "right"]])
def test_it_knows_a_password_like_redis(site, tmp_path, words):
    fake = site.add_backend(FakeStore())
    fake.user, fake.password = "me", "right"
    real = site.add_backend(Redis(tmp_path, "requirepass right", "user me on >right ~* +@all"))
    answers = [said(site.add_client(RespClient(port)), *words) for port in (real.port, fake.port)]
    assert answers[0] == answers[1]


def test_a_replica_tells_its_role(site, tmp_path):
    primary = site.add_backend(Redis(tmp_path))
    replica = site.add_backend(Redis(tmp_path, f"replicaof 127.0.0.1 {primary.port}"))
    fake = site.add_backend(FakeStore())
    fake.role = "slave"
    for port in (replica.port, fake.port):
        role = site.add_client(RespClient(port)).ask("ROLE")
        assert role[0] == "slave" and [type(one) for one in role] == [str, str, int, str, int]


def test_it_pauses_and_cuts(site):
    fake = site.add_backend(FakeStore())
    client = site.add_client(RespClient(fake.port))
    fake.pause()
    client.send(reply(["PING"]) * 2)
    fake.wait_commands("PING", 2)
    assert not client.buffer
    fake.piece = 1
    fake.resume()
    assert client.read_exactly(14) == b"+PONG\r\n" * 2
    fake.answer = lambda words: error("OOM full") if words == ["GET", "a"] else None
    assert [said(client, "GET", key) for key in "ab"] == ["OOM", None]
    assert fake.take() == [["GET", "a"], ["GET", "b"]] and fake.take() == []
