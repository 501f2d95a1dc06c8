"""Failed reloads: the old generation serves unchanged, and Pound logs every reason.

After each failure a test shows that nothing is broken: an old connection still works, Pound serves
new ones, the next reload succeeds, and TERM ends Pound with status 0.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket

import pytest

from harness import get, reserve_port, scaled
from unbroken import CONFIG, Unbroken

SECURE = """HTTPSListeners:
  - Address: 127.0.0.1
    Port: {port}
    Certificates: {pem}
    Services:
      - Backends: [*web]
"""

PLAIN = """
  - Address: {address}
    Port: {port}
    Services:
      - Backends: [*web]
"""


def test_what_is_wrong_in_the_file(site):
    daemon = Unbroken(site)
    file = daemon.pound.config_file
    daemon.fails(CONFIG.replace("Backends: [*web]", "Backends: [*web"), [f"{file}:"])
    daemon.fails(CONFIG.replace("Workers: 2", "Wrokers: 2"), [f"{file}:3:3: ", "Workers"])
    daemon.fails(CONFIG.replace("Workers: 2", "Workers: 65"), [f"{file}:3:12: "])
    daemon.fails(CONFIG.replace("*web]", "*wbe]"), [f"{file}:16:", "wbe"])
    daemon.fails("", [str(file)])
    daemon.fails("Global:\n  Workers: 2\n", [str(file)])
    daemon.fails("\0\1\2", [f"{file}:1"])
    daemon.recovers()


def test_all_faults_are_told_at_once(site):
    daemon = Unbroken(site)
    faulty = CONFIG.replace("Workers: 2", "Wrokers: 2").replace("Threads: 0", "Threads: no")
    outcome = daemon.fails(faulty, [":3:3: ", ":9:14: ", ":13:14: "])
    assert sum("Threads" in m or "`no`" in m for m in outcome.messages) == 2, outcome
    daemon.recovers()


def test_the_file_is_gone(site):
    daemon = Unbroken(site)
    daemon.pound.config_file.unlink()
    daemon.fails(None, [str(daemon.pound.config_file), "No such file"])
    daemon.pound.config_file.mkdir()
    daemon.fails(None, [str(daemon.pound.config_file)])
    daemon.pound.config_file.rmdir()
    daemon.recovers()


def test_a_page_is_missing(site):
    daemon = Unbroken(site)
    page = site.directory / "none.html"
    daemon.fails(globals=f"Err404: {page}", words=[":4:11: ", str(page), "No such file"])
    daemon.recovers()


def test_certificates_that_cannot_be_used(site, certificates, authority):
    daemon = Unbroken(site)
    pem = site.directory / "site.pem"
    secure = CONFIG + SECURE.format(port=reserve_port(), pem=pem)
    where = f"{daemon.pound.config_file}:{secure[:secure.index(str(pem))].count(chr(10)) + 1}:"
    daemon.fails(secure, [where, str(pem), "No such file"])
    for content in [b"", b"nonsense", certificates["ec"].cert.read_bytes(),
                    certificates["ec"].cert.read_bytes() + certificates["rsa"].key.read_bytes()]:
        pem.write_bytes(content)
        daemon.fails(None, [where, str(pem)])
    pem.write_bytes(certificates["ec"].pem.read_bytes())
    assert authority.root.cert.exists()
    daemon.recovers()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all files")
def test_a_certificate_that_may_not_be_read(site, certificates):
    daemon = Unbroken(site)
    pem = site.directory / "site.pem"
    pem.write_bytes(certificates["ec"].pem.read_bytes())
    pem.chmod(0)
    daemon.fails(CONFIG + SECURE.format(port=reserve_port(), pem=pem), ["ermission denied"])
    daemon.recovers()


def test_an_address_in_use(site):
    """The reason names the address. A reload binds it once it is free."""
    daemon = Unbroken(site)
    port = reserve_port()
    more = CONFIG + PLAIN.format(address="127.0.0.1", port=port)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        daemon.fails(more, [f"127.0.0.1:{port}", "ddress already in use"])
        daemon.fails(more, [f"127.0.0.1:{port}", "ddress already in use"])
    daemon.pound.reload()
    assert get(port).status == 200
    daemon.recovers()


def test_every_address_in_use_is_told(site):
    daemon = Unbroken(site)
    with contextlib.ExitStack() as stack:
        more, words = CONFIG, []
        for _ in range(3):
            other = stack.enter_context(socket.socket())
            other.bind(("127.0.0.1", reserve_port()))
            other.listen()
            port = other.getsockname()[1]
            more += PLAIN.format(address="127.0.0.1", port=port)
            words.append(f"127.0.0.1:{port}")
        daemon.fails(more, words)
    daemon.recovers()


def test_a_new_address_is_not_left_bound(site):
    """One address is free and the other is not. Pound keeps neither."""
    daemon = Unbroken(site)
    free, taken = reserve_port(), reserve_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()
        daemon.fails(CONFIG + PLAIN.format(address="127.0.0.1", port=free)
                     + PLAIN.format(address="127.0.0.1", port=taken), [f"127.0.0.1:{taken}"])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", free)) != 0
    daemon.recovers()


def test_an_address_that_is_not_ours(site):
    daemon = Unbroken(site)
    port = reserve_port()
    daemon.fails(CONFIG + PLAIN.format(address="192.0.2.1", port=port), [f"192.0.2.1:{port}"])
    daemon.recovers()


def test_an_unknown_user(site):
    daemon = Unbroken(site)
    daemon.fails(globals="User: no-such-user-here", words=[":4:9: ", "no-such-user-here"])
    daemon.fails(globals="Group: no-such-group-here", words=[":4:10: ", "no-such-group-here"])
    daemon.recovers()


def test_the_jail_is_gone(site):
    daemon = Unbroken(site)
    jail = site.directory / "jail"
    daemon.fails(globals=f"RootJail: {jail}", words=[":4:13: ", str(jail), "No such file"])
    daemon.recovers()


def test_too_many_listeners_and_backends(site):
    """Pound refuses what does not fit into the shared tables before it changes anything."""
    daemon = Unbroken(site)
    port = reserve_port()
    many = "".join(PLAIN.format(address=f"127.0.7.{n}", port=port) for n in range(1, 255))
    many += PLAIN.format(address="127.0.8.1", port=port) + PLAIN.format(address="127.0.8.2",
                                                                        port=port)
    daemon.fails(CONFIG + many, ["256"])
    backends = "".join(f"  - &b{n}\n    Address: 127.0.0.1\n    Port: {n + 1}\n"
                       for n in range(4097))
    daemon.fails(CONFIG.replace("Backends:\n", "Backends:\n" + backends, 1), ["4096"])
    daemon.recovers()


def test_an_outcome_that_cannot_be_published(site):
    """The directory of the pid file is gone. Pound logs this and reloads nevertheless."""
    elsewhere = pathlib.Path(site.directory) / "run"
    elsewhere.mkdir()
    pound = site.prepare(CONFIG, web=site.backend().port, globals="Grace: 30")
    pound.pid_file = elsewhere / "pound.pid"
    pound.start()
    old = pound.workers()
    shutil.rmtree(elsewhere)
    pound.signal(signal.SIGHUP)
    pound.wait_log("generation 2 active")
    pound.wait_log("pound.pid.reload")
    pound.wait_workers(gone=old)
    assert get(pound.port).status == 200
    pound.signal(signal.SIGTERM)
    assert pound.wait_exit() == 0


def test_in_the_background(site, certificates):
    daemon = Unbroken(site, background=True, args=(),
                      globals="LogSocket: $dir/syslog".replace("$dir", str(site.directory)))
    pound = daemon.pound
    failed = pound.reload(CONFIG + SECURE.format(port=reserve_port(), pem="/none.pem"),
                          expect="failed")
    assert any("/none.pem" in message for message in failed.messages)
    daemon.check()
    pound.reload(CONFIG + SECURE.format(port=reserve_port(), pem=certificates["ec"].pem))
    assert daemon.client.ask().field("Connection") == "close"
    pound.signal(signal.SIGTERM)
    pound.wait_exit(scaled(5))
