"""Machines with one `Secret` resume each other's TLS sessions, also while the secret is replaced."""

import pytest

from harness import StartFailed, TlsClient, client_context
from harness.config import tls_site

class Machines:
    """Pounds with one certificate, and a client that remembers its session."""

    def __init__(self, site, certificates, tmp_path, version):
        self.site, self.pem, self.folder = site, certificates["ec"].pem, tmp_path
        self.backend = site.backend()
        self.context = client_context(version)
        self.pounds = {}

    def secret(self, name):
        path = self.folder / name
        path.write_bytes(name.encode() * 32)
        path.chmod(0o600)
        return path

    def config(self, names):
        files = ", ".join(str(self.secret(name)) for name in names)
        return tls_site("Workers: 1" + (f"; Secret: [{files}]" if names else ""))

    def start(self, machine, *names):
        self.pounds[machine] = self.site.pound(self.config(names), name=machine,
                                               web=self.backend.port, pem=self.pem)

    def reload(self, machine, *names):
        self.pounds[machine].reload(self.config(names))

    def ask(self, machine, session=None):
        """Whether the session was resumed, and the session to go on with."""
        with TlsClient(self.pounds[machine].port, context=self.context,
                       session=session) as client:
            assert client.ask().status == 200
            return client.tls.session_reused, client.tls.session


@pytest.fixture(name="machines", params=["1.2", "1.3"])
def make_machines(site, certificates, tmp_path, request):
    return Machines(site, certificates, tmp_path, request.param)


def test_another_machine_resumes_the_session(machines):
    for machine in ("one", "two"):
        machines.start(machine, "secret")
    resumed, session = machines.ask("one")
    assert not resumed
    resumed, session = machines.ask("two", session)
    assert resumed
    assert machines.ask("one", session)[0]


def test_without_a_secret_or_with_another_one_it_does_not(machines):
    machines.start("one", "secret")
    machines.start("two", "other")
    machines.start("three")
    _, session = machines.ask("one")
    assert not machines.ask("two", session)[0]
    assert not machines.ask("three", session)[0]


def test_a_restart_resumes_it(machines):
    machines.start("one", "secret")
    _, session = machines.ask("one")
    machines.start("again", "secret")
    assert machines.ask("again", session)[0]


def test_a_secret_is_replaced_without_losing_sessions(machines):
    """Machine by machine: [old], [old, new], [new, old], [new]."""
    steps = [("old",), ("old", "new"), ("new", "old"), ("new",)]
    for machine in ("one", "two"):
        machines.start(machine, *steps[0])
    _, session = machines.ask("one")
    for step in steps[1:]:
        for machine, other in (("one", "two"), ("two", "one")):
            machines.reload(machine, *step)
            for asked in (machine, other):
                resumed, session = machines.ask(asked, session)
                assert resumed, (step, machine, asked)


def test_a_reload_to_and_from_a_secret(machines):
    machines.start("one")
    machines.start("two", "secret")
    _, session = machines.ask("two")
    machines.reload("one", "secret")
    assert machines.ask("one", session)[0]
    machines.reload("one")
    resumed, session = machines.ask("one", session)  # with the key that was the last one
    assert resumed
    assert not machines.ask("two", session)[0]


def test_three_files_are_too_many(machines, site):
    pound = site.prepare(machines.config(["a", "b", "c"]), web=machines.backend.port,
                         pem=machines.pem)
    with pytest.raises(StartFailed) as failed:
        pound.start()
    assert "a third file in `Secret`, expected at most two" in failed.value.log
