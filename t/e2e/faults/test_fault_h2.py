"""Fault H2: a listener on a name listens on all addresses of the name.

A preloaded resolver gives many.test the addresses that a file lists.
"""

import os
import re
import socket
import subprocess

import pytest

from harness import Client, StartFailed, has_ipv6, proc, reserve_port, run_pound
from harness.config import another_listener, plain_site
from harness.status import read_status

RESOLVER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A file beside the list makes this a machine without IPv6. */
int bind(int socket, const struct sockaddr* address, socklen_t size) {
  int (*real)(int, const struct sockaddr*, socklen_t) = dlsym(RTLD_NEXT, "bind");
  if (address->sa_family != AF_INET6 || access(ADDRESSES ".only4", F_OK) != 0) {
    return real(socket, address, size);
  }
  errno = EADDRNOTAVAIL;
  return -1;
}

int getaddrinfo(const char* name, const char* port, const struct addrinfo* hints,
                struct addrinfo** found) {
  int (*real)(const char*, const char*, const struct addrinfo*, struct addrinfo**) =
      dlsym(RTLD_NEXT, "getaddrinfo");
  if (name == NULL || strcmp(name, "many.test") != 0 || (hints->ai_flags & AI_NUMERICHOST) != 0) {
    return real(name, port, hints, found);
  }
  FILE* list = fopen(ADDRESSES, "re");
  if (list == NULL) return EAI_FAIL;
  char line[64];
  int error = EAI_NONAME;
  while (fscanf(list, "%63s", line) == 1) {
    error = real(line, port, hints, found);
    if (error != 0) break;
    found = &(*found)->ai_next;
  }
  fclose(list);
  return error;
}
"""

SITE = plain_site("Workers: 2", listener="Address: many.test")


class Name:
    """The name many.test, and the environment in which it has the addresses of `set`."""

    def __init__(self, directory):
        self.file = directory / "addresses"
        source, shim = directory / "resolver.c", directory / "resolver.so"
        source.write_text(RESOLVER)
        subprocess.run(["cc", "-shared", "-fPIC", f'-DADDRESSES="{self.file}"', "-o", shim, source],
                       check=True)
        for path in (directory, *directory.parents[:2]):  # the resolver's process is unprivileged
            path.chmod(path.stat().st_mode | 0o055)
        asan = os.environ.get("ASAN_OPTIONS", "")
        self.environment = dict(os.environ, LD_PRELOAD=str(shim),
                                ASAN_OPTIONS=f"{asan}:verify_asan_link_order=0".strip(":"))

    def set(self, *addresses):
        self.file.write_text("\n".join(addresses) + "\n")

    def remove_ipv6(self):
        self.file.with_name(self.file.name + ".only4").touch()


@pytest.fixture(name="name")
def fixture_name(tmp_path):
    return Name(tmp_path)


def start(site, name, text=SITE, **values):
    backend = site.backend()
    return site.pound(text, web=backend.port, popen={"env": name.environment}, **values)


def status_at(host, port, target="/"):
    with Client(port, host=host) as client:
        return client.ask("GET", target).status


def refuses(host, port):
    try:
        Client(port, host=host).close()
    except ConnectionRefusedError:
        return True
    return False


def listening_sockets(pound):
    """{address in hexadecimal: its sockets} of the daemon's port."""
    listens = "0A"
    found = {}
    for line in open("/proc/net/tcp", encoding="ascii").read().splitlines()[1:]:
        columns = line.split()
        host, port = columns[1].split(":")
        if columns[3] == listens and int(port, 16) == pound.port:
            found.setdefault(host, set()).add(columns[9])
    return found


FIRST, SECOND, THIRD = "0100007F", "0200007F", "0300007F"  # 127.0.0.1, 127.0.0.2, 127.0.0.3


def test_fault_H2_every_address_of_a_name_serves(site, name):
    name.set("127.0.0.2", "127.0.0.1", "127.0.0.2")  # a resolver may repeat itself
    pound = start(site, name)
    assert re.findall(r"ready: (listening on .*)", pound.log()) == [
        f"listening on 127.0.0.2:{pound.port}, 127.0.0.1:{pound.port}"]
    held = listening_sockets(pound)
    assert {host: len(sockets) for host, sockets in held.items()} == {FIRST: 2, SECOND: 2}
    for host in ("127.0.0.1", "127.0.0.2"):
        assert status_at(host, pound.port, f"/{host}") == 200
        assert pound.wait_record(f"/{host}")["service"] == f"many.test:{pound.port}/1"
    assert refuses("127.0.0.3", pound.port)
    listener, = read_status(pound).all("listener")
    assert (listener["address"], listener["requests"]) == (f"many.test:{pound.port}", 2)


def test_fault_H2_both_families(site, name):
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    name.set("::1", "127.0.0.1")
    pound = start(site, name)
    assert status_at("::1", pound.port) == status_at("127.0.0.1", pound.port) == 200
    assert f"listening on [::1]:{pound.port}, 127.0.0.1:{pound.port}" in pound.log()


def test_fault_H2_a_machine_without_ipv6_serves_the_other_addresses(site, name):
    """As in many containers, whose hosts file has ::1 for localhost all the same."""
    name.remove_ipv6()
    name.set("::1", "127.0.0.1")
    pound = start(site, name)
    assert re.findall(r"ready: (listening on .*)", pound.log()) == [
        f"listening on 127.0.0.1:{pound.port}"]
    assert status_at("127.0.0.1", pound.port) == 200
    name.set("::1")  # and no other: that is an error
    outcome = pound.reload(expect="failed")
    assert "cannot listen on [::1]:" in outcome.messages[0]


def test_fault_H2_a_reload_keeps_adds_and_closes_addresses(site, name):
    name.set("127.0.0.1", "127.0.0.2")
    pound = start(site, name)
    before = listening_sockets(pound)
    idle = site.client(pound.port)
    name.set("127.0.0.3", "127.0.0.1")
    outcome = pound.reload()
    assert "1 listener kept, 0 added, 0 removed" in outcome.messages[0]
    after = listening_sockets(pound)
    assert after.keys() == {FIRST, THIRD}
    assert after[FIRST] == before[FIRST]
    assert idle.ask("GET", "/").status == 200
    assert status_at("127.0.0.1", pound.port) == status_at("127.0.0.3", pound.port) == 200
    assert refuses("127.0.0.2", pound.port)
    # Fewer workers: the surplus sockets of each address stay, and someone serves their clients.
    pound.reload(SITE.replace("Workers: 2", "Workers: 1"))
    assert listening_sockets(pound) == after
    for host in ("127.0.0.1", "127.0.0.3") * 8:
        assert status_at(host, pound.port) == 200


def occupied(host, port):
    taken = socket.socket()
    taken.bind((host, port))
    taken.listen()
    return taken


PLACES = {"in use": "Address already in use", "missing": "Cannot assign requested address"}


@pytest.mark.parametrize("fault", PLACES)
def test_fault_H2_an_address_that_cannot_be_bound_is_named_with_the_place(site, name, fault):
    host = "127.0.0.2" if fault == "in use" else "192.0.2.1"
    port = reserve_port()
    message = (rf"/pound\.yaml:10:5: error: cannot listen on {re.escape(host)}:{port}: "
               rf"{PLACES[fault]}; it is an address of `many\.test`$")
    name.set("127.0.0.1", host)
    with occupied("127.0.0.2", port):
        with pytest.raises(StartFailed) as failed:
            start(site, name, listen=port)
        assert re.search(message, failed.value.log, re.M)
        assert "ready: " not in failed.value.log
    name.set("127.0.0.1")
    pound = start(site, name, listen=port)
    name.set("127.0.0.1", host)
    with occupied("127.0.0.2", port):
        outcome = pound.reload(expect="failed")
        assert re.search(message, outcome.messages[0])
    assert status_at("127.0.0.1", port) == 200


def test_fault_H2_two_listeners_with_one_address_are_found_by_the_check(site, name):
    name.set("127.0.0.2", "127.0.0.1")
    pound = site.prepare(plain_site() + another_listener("Address: many.test"), web=reserve_port())
    done = run_pound("-c", "-f", pound.config_file, env=name.environment)
    assert done.returncode == 1
    assert re.findall(r"^\S+pound\.yaml(:\d+:\d+: .*)$", done.stderr, re.M) == [
        f":15:14: error: another listener already has 127.0.0.1:{pound.port}, an address of "
        "`many.test`",
        ":10:14: note: it is here"]


def test_fault_H2_localhost(site):
    """The system's own resolver."""
    hosts = {entry[4][0] for entry in socket.getaddrinfo("localhost", 1, type=socket.SOCK_STREAM)
             if entry[0] == socket.AF_INET or has_ipv6()}
    pound = site.pound(SITE.replace("many.test", "localhost"), web=site.backend().port)
    for host in hosts:
        assert status_at(host, pound.port) == 200
    assert proc.is_alive(pound.master)
