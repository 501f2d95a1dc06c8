"""Faults of the access log: records that lose their reason or do not tell their listener."""

import re

from harness import Client, get, request, reserve_port
from harness.config import another_listener, plain_site, tls_site


def test_fault_J2_no_record_is_so_long_that_syslog_cuts_its_reason(site):
    pound = site.pound(plain_site(listener="MaxURI: 64K; MaxHeader: 128K"),
                       web=site.backend().port)
    client = site.client(pound.port)
    client.send(request("FOO", "/" + "a" * 9000, "Referer: " + "r" * 9000,
                        "User-Agent: " + "%" * 9000))
    assert client.read_response().status == 405
    record, = pound.wait_records(1)
    assert re.fullmatch(r"FOO /a+[.]{3}", record["request"])
    assert record["referer"] == "r" * 2048 + "..."
    line, = [line for line in pound.log().splitlines() if '"FOO /a' in line]
    assert line.endswith(" reason=method_unknown")
    assert len(line) < 8192


def test_fault_J2_a_long_request_line_beside_short_fields_is_shown(site):
    pound = site.pound(plain_site(), web=site.backend().port)
    target = "/" + "a" * 7000
    assert get(pound.port, target).status == 200
    assert pound.wait_records(1)[0]["request"] == f"GET {target} HTTP/1.1"


def test_fault_J3_a_refused_request_names_its_listener(site):
    pound = site.pound(plain_site() + another_listener("Port: $other"), web=site.backend().port,
                       other=reserve_port())
    other = int(re.findall(r"Port: (\d+)", pound.text)[-1])
    for number, port in enumerate([pound.port, other, pound.port]):
        assert get(port, "/100%").status == 400
        record = pound.wait_records(number + 1)[-1]
        assert (record["service"], record["backend"]) == (f"127.0.0.1:{port}", "-")


def test_fault_J3_a_failed_handshake_names_its_listener(site, certificates):
    pound = site.pound(tls_site(), web=site.backend().port, pem=certificates["rsa"].pem)
    with Client(pound.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.read_response().status == 400
    record, = pound.wait_records(1)
    assert (record["service"], record["reason"]) == (f"127.0.0.1:{pound.port}", "plain_http")
