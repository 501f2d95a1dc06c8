"""Limits on the requests of a client (`Limit`): which requests count, and as whose.

The rates are so low that no further request passes while a test runs.
"""

import pytest

from harness import get, request
from harness.config import plain_site
from harness.http2 import Http2
from harness.status import read_status

SLOW = "Rate: 1, Per: 3600"


def site_with(limit, services=None, settings="Workers: 4"):
    return plain_site(settings, listener=f"Limit: {limit}", services=services)


def statuses(pound, count, target="/", *fields, **options):
    return [get(pound.port, target, *fields, **options).status for _ in range(count)]


def without_kind(objects):
    return [{key: value for key, value in one.items() if key != "object"} for one in objects]


def test_a_burst_passes_and_one_more_does_not(site):
    backend = site.backend()
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 5}}"), web=backend.port)
    assert statuses(pound, 5) == [200] * 5
    client = site.client(pound.port)
    refused = client.ask("GET", "/more")
    assert refused.status == 429
    assert 3500 <= int(refused.field("Retry-After")) <= 3600
    assert refused.field("Connection") != "close"
    assert client.ask("GET", "/again").status == 429  # on the same connection
    assert len(backend.requests) == 5
    record = pound.wait_record("/more")
    assert (record["status"], record["reason"]) == ("429", "rate_limited")


def test_the_default_burst_is_ten_times_the_rate(site):
    pound = site.pound(site_with("{Rate: 2, Per: 3600}"), web=site.backend().port)
    assert statuses(pound, 21) == [200] * 20 + [429]


def test_retry_after_is_at_least_a_second(site):
    pound = site.pound(site_with("{Rate: 10, Per: 5, Burst: 1}"), web=site.backend().port)
    found = [get(pound.port) for _ in range(20)]
    refused = [one for one in found if one.status == 429]
    assert refused
    assert {one.field("Retry-After") for one in refused} == {"1"}


def test_the_body_of_a_refused_request_does_not_become_a_request(site):
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 1}}"), web=site.backend().port)
    assert statuses(pound, 1) == [200]
    client = site.client(pound.port)
    client.send(request("POST", "/body", body=b"x" * 5000) + request("GET", "/next"))
    assert client.read_response().status == 429
    assert client.read_response().status == 429
    assert len(pound.wait_records(3)) == 3


def test_clients_have_limits_of_their_own(site):
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 2}}"), web=site.backend().port)
    for host in ("127.0.0.1", "127.0.0.2", "127.9.9.9"):
        assert statuses(pound, 3, source=host) == [200, 200, 429]


def test_a_mask_makes_a_network_one_client(site):
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 2, Mask4: 24}}"), web=site.backend().port)
    hosts = ("127.0.0.1", "127.0.0.200", "127.0.0.3", "127.0.1.1")
    assert [get(pound.port, source=host).status for host in hosts] == [200, 200, 429, 200]
    everybody = site.pound(site_with(f"{{{SLOW}, Burst: 2, Mask4: 0}}"), web=site.backend().port)
    assert [get(everybody.port, source=host).status for host in hosts] == [200, 200, 429, 429]


@pytest.mark.parametrize("key, one, two", [
    ("header X-Api-Key", "x-api-key: one", "X-Api-Key: two"),
    ("cookie sess", "Cookie: a=b; sess=one", "Cookie: sess=two"),
])
def test_a_key_of_the_request(site, key, one, two):
    limit = f"{{{SLOW}, Burst: 2, Key: {key}}}"
    pound = site.pound(site_with(limit), web=site.backend().port)
    assert statuses(pound, 3, "/", one) == [200, 200, 429]
    assert statuses(pound, 3, "/", two, source="127.0.0.2") == [200, 200, 429]
    assert statuses(pound, 1, "/", one, source="127.0.0.2") == [429]
    # Without it, the address is the client.
    assert statuses(pound, 3) == [200, 200, 429]
    assert statuses(pound, 3, source="127.0.0.2") == [200, 200, 429]


def test_behind_a_trusted_proxy_the_client_that_it_names_counts(site):
    config = plain_site("Workers: 4", listener=f"""
        TrustedProxies: 127.0.0.2
        ClientField: X-Forwarded-For
        Limit: {{{SLOW}, Burst: 2}}""")
    pound = site.pound(config, web=site.backend().port)
    one, two = (f"X-Forwarded-For: 192.0.2.{n}" for n in (1, 2))
    assert statuses(pound, 3, "/", one, source="127.0.0.2") == [200, 200, 429]
    assert statuses(pound, 3, "/", two, source="127.0.0.2") == [200, 200, 429]
    assert statuses(pound, 3, "/", one, source="127.0.0.3") == [200, 200, 429]  # not trusted
    assert statuses(pound, 1, "/", "X-Forwarded-For: 192.0.2.9", source="127.0.0.3") == [429]
    assert {one["address"]: one["over"] for one in read_status(pound).all("client")} == {
        "127.0.0.3": 2, "192.0.2.1": 1, "192.0.2.2": 1}


SERVICES = f"""
- URL: ^/limited
  Limit: {{{SLOW}, Burst: 2}}
  Backends: [*web]
- URL: ^/away
  Limit: [{{{SLOW}, Burst: 20}}, {{{SLOW}, Burst: 1}}]
  Redirect: https://www.example.com
- Backends: [*web]
"""


def test_services_have_limits_of_their_own(site):
    pound = site.pound(plain_site("Workers: 4", services=SERVICES), web=site.backend().port)
    assert statuses(pound, 4, "/limited") == [200, 200, 429, 429]
    assert statuses(pound, 2, "/away") == [302, 429]  # a redirect counts, and all limits hold
    assert statuses(pound, 4, "/") == [200] * 4
    refused = [(record["service"], record["reason"]) for record in pound.wait_records(10)
               if record["status"] == "429"]
    name = f"127.0.0.1:{pound.port}"
    assert sorted(refused) == [(f"{name}/1", "rate_limited")] * 2 + [(f"{name}/2", "rate_limited")]


def test_the_limit_of_a_listener_counts_what_no_service_takes(site):
    services = "- URL: ^/known\n  Backends: [*web]"
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 2}}", services), web=site.backend().port)
    assert statuses(pound, 3, "/unknown") == [404, 404, 429]
    assert statuses(pound, 1, "/known") == [429]


def test_a_malformed_request_does_not_count(site):
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 2}}"), web=site.backend().port)
    for _ in range(5):
        client = site.client(pound.port)
        client.send(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
        assert client.read_response().status == 400
    assert statuses(pound, 3) == [200, 200, 429]


def test_streams_of_http2_are_requests(site):
    config = plain_site("Workers: 1", listener=f"""
        Protocols: [h2c, http/1.1]
        Limit: {{{SLOW}, Burst: 3}}""")
    pound = site.pound(config, web=site.backend().port)
    client = site.add_client(Http2(pound.port))
    streams = [client.request(path="/") for _ in range(5)]
    found = [client.response(stream) for stream in streams]
    assert sorted(one.status for one in found) == [200, 200, 200, 429, 429]
    assert all(one.field("retry-after") for one in found if one.status == 429)


def test_observe_counts_and_logs_and_refuses_nothing(site):
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 2, Mode: observe}}"), web=site.backend().port)
    assert statuses(pound, 9) == [200] * 9
    assert {record["reason"] for record in pound.wait_records(9)} == {None}
    lines = pound.wait_log("Limit 1 observes")
    assert len(lines) <= 4  # at most one of each worker in ten seconds
    assert lines[0].endswith(f"listener 127.0.0.1:{pound.port}: Limit 1 observes: client 127.0.0.1 "
                             "is over its rate")
    limit = read_status(pound).one("limit")
    assert (limit["mode"], limit["passed"], limit["over"]) == ("observe", 2, 7)


def test_limits_in_the_status(site):
    pound = site.pound(plain_site("Workers: 4", listener=f"Limit: [{{{SLOW}, Burst: 3}}]",
                                  services=SERVICES), web=site.backend().port)
    assert statuses(pound, 5) == [200] * 3 + [429] * 2
    assert statuses(pound, 3, "/limited", source="127.0.0.2") == [200] * 2 + [429]
    status = read_status(pound)
    name = f"127.0.0.1:{pound.port}"
    assert without_kind(status.all("limit")) == [
        {"of": name, "number": 1, "key": "address", "mode": "enforce", "passed": 6, "over": 2,
         "connections_over": 0, "evicted": 0},
        {"of": f"{name}/1", "number": 1, "key": "address", "mode": "enforce", "passed": 2,
         "over": 1, "connections_over": 0, "evicted": 0},
        {"of": f"{name}/2", "number": 1, "key": "address", "mode": "enforce", "passed": 0,
         "over": 0, "connections_over": 0, "evicted": 0},
        {"of": f"{name}/2", "number": 2, "key": "address", "mode": "enforce", "passed": 0,
         "over": 0, "connections_over": 0, "evicted": 0}]
    assert without_kind(status.all("client")) == [
        {"address": "127.0.0.1", "over": 2, "over_error": 0},
        {"address": "127.0.0.2", "over": 1, "over_error": 0}]


def test_ten_top_clients_are_shown(site):
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 1}}"), web=site.backend().port)
    for host in range(1, 13):
        statuses(pound, host + 1, source=f"127.0.0.{host}")
    found = read_status(pound).all("client")
    assert [(one["address"], one["over"]) for one in found] == [
        (f"127.0.0.{host}", host) for host in range(12, 2, -1)]


def test_a_limit_and_its_counters_survive_a_kill_and_a_reload(site):
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 3}}"), web=site.backend().port)
    assert statuses(pound, 4) == [200] * 3 + [429]
    pound.kill_worker()
    assert statuses(pound, 2) == [429] * 2
    pound.reload()
    assert statuses(pound, 2) == [429] * 2
    limit = read_status(pound).one("limit")
    assert (limit["passed"], limit["over"]) == (3, 5)
    pound.reload(site_with("[]"))
    assert statuses(pound, 9) == [200] * 9
    assert read_status(pound).all("limit") == []


def test_a_reload_may_change_the_rate(site):
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 3}}"), web=site.backend().port)
    assert statuses(pound, 4) == [200] * 3 + [429]
    # Three hours ahead: more than this limit can be, so the client begins afresh.
    pound.reload(site_with("{Rate: 1, Per: 60, Burst: 2}"))
    assert statuses(pound, 3) == [200] * 2 + [429]
    assert read_status(pound).one("limit")["passed"] == 5


def test_a_reload_that_changes_the_size_of_the_table_warns(site):
    pound = site.pound(site_with(f"{{{SLOW}, Burst: 3}}"), web=site.backend().port)
    pound.reload(site_with(f"{{{SLOW}, Burst: 3}}", settings="Workers: 4; MaxLimits: 5000"))
    assert pound.wait_log("MaxLimits stays at 262144 until pound is restarted")
