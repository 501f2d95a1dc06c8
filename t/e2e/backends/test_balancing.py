"""Balancing: Pound picks a live backend at random, by weight (Threads)."""

from harness import get, response
from harness.config import plain_site

CONFIG = plain_site(
    "Workers: 2; Alive: 3600", backends={
        "one": "Threads: $weight_one",
        "two": "Threads: $weight_two",
        "three": "Threads: $weight_three",
    }, listener="Client: 30", services="""
    - URL: "^/pair"
      Backends: [*one, *two]
    - Backends: [*one, *two, *three]
""")


def start(site, *weights):
    backends = {name: site.backend(lambda _, n=name: response(n.encode()))
                for name in ("one", "two", "three")}
    pound = site.pound(CONFIG, **{n: b.port for n, b in backends.items()},
                       **{f"weight_{n}": w for n, w in zip(backends, weights)})
    return pound, backends


def shares(site, pound, count, target="/"):
    client = site.client(pound.port)
    names = [client.ask("GET", target).body.decode() for _ in range(count)]
    return {name: names.count(name) for name in set(names)}, names


def test_weights(site):
    """4000 requests at 1:2:5; each share is within six standard deviations."""
    pound, _ = start(site, 1, 2, 5)
    got, _ = shares(site, pound, 4000)
    for name, share in (("one", 1 / 8), ("two", 2 / 8), ("three", 5 / 8)):
        expected = 4000 * share
        assert abs(got[name] - expected) < 6 * (expected * (1 - share)) ** 0.5, got


def test_no_limit_weighs_eight(site):
    pound, _ = start(site, 0, 8, 16)
    got, _ = shares(site, pound, 2000)
    for name, share in (("one", 1 / 4), ("two", 1 / 4), ("three", 1 / 2)):
        expected = 2000 * share
        assert abs(got[name] - expected) < 6 * (expected * (1 - share)) ** 0.5, got


def test_it_is_random_not_in_turn(site):
    pound, _ = start(site, 8, 8, 8)
    _, names = shares(site, pound, 300, "/pair")
    again = sum(a == b for a, b in zip(names, names[1:]))
    assert 90 < again < 210, f"{again} of 299 requests went to the same backend as the one before"


def test_the_share_of_a_dead_one_goes_to_the_others(site):
    pound, backends = start(site, 2, 2, 4)
    backends["three"].refuse()
    got, _ = shares(site, pound, 1000)
    assert set(got) == {"one", "two"}
    assert abs(got["one"] - 500) < 6 * 250 ** 0.5
    assert all(get(pound.port).status == 200 for _ in range(20))


def test_two_anchors_of_one_server_are_two_backends(site):
    server = site.backend()
    pound = site.pound(CONFIG, one=server.port, two=server.port, three=server.port,
                       weight_one=8, weight_two=8, weight_three=8)
    for _ in range(60):
        assert get(pound.port).status == 200
    assert {r["backend"] for r in pound.wait_records(60)} == {"one", "two", "three"}
