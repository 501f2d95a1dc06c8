"""Which server Pound takes, how it greets it, and with which name, password and certificate."""

import re

import pytest

from harness import Backend, client_context, has_ipv6, reserve_port, response, wait_until
from harness.fake_store import FakeStore
from harness.redis import Redis, Sentinel
from harness.resp import error, reply
from machines import PATIENT, Machines, ask, ask_all, store_lines, wait_serves

CLIENTS = range(12)
ALONE = "; this machine keeps its sessions alone until it is back"


def password_file(fake_or_real, text="secret word"):
    path = fake_or_real.site.directory / "password"
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def greeting(store):
    """The words of each command until the first question."""
    return [one.words for one in store.commands]


def wait_down(pound, reason):
    """Waits for the line; there is no other one."""
    line = rf"^pound\[\d+\]: session store \S+ is down: {reason}{re.escape(ALONE)}$"
    pound.wait_log(line)
    assert len(store_lines(pound)) == 1, store_lines(pound)


# --- greeting -------------------------------------------------------------------------------------
@pytest.mark.parametrize("entries, words", [
    ("", [["ROLE"]]),
    ("Database: 0", [["ROLE"]]),
    ("Database: 12", [["SELECT", "12"], ["ROLE"]]),
    ("Password: FILE", [["AUTH", "secret word"], ["ROLE"]]),
    ("User: me, Password: FILE, Database: 1",
     [["AUTH", "me", "secret word"], ["SELECT", "1"], ["ROLE"]])])
def test_the_greeting(fake, entries, words):
    store = fake.store
    if "Password" in entries:
        store.user, store.password = "me", "secret word"
    fake.start(store=entries.replace("FILE", str(password_file(fake))) or PATIENT)
    assert greeting(store) == words
    assert len(store.connections) == 1


def test_one_connection_for_each_worker(fake):
    pound = fake.start(workers=3)
    fake.store.wait_commands("ROLE", 3)
    pound.wait_quiet()
    ask_all(pound, CLIENTS)
    assert len(fake.store.connections) == 3
    assert store_lines(pound) == [f"session store 127.0.0.1:{fake.store.port} serves"]


def test_a_store_that_does_not_know_role_serves(fake):
    fake.store.answer = lambda words: (error("ERR unknown command 'ROLE'")
                                       if words == ["ROLE"] else None)
    ask_all(fake.start(), CLIENTS)
    assert len(fake.store.data) == len(CLIENTS)


def test_the_prefix(real):
    ask(real.start(store="Prefix: our-shop:1"))
    (key,) = real.values_in_store()
    assert re.fullmatch("our-shop:1:[0-9a-f]{32}", key)


# --- passwords ------------------------------------------------------------------------------------
@pytest.mark.parametrize("options, entries, reason", [
    (["requirepass right"], "", "it answers NOAUTH Authentication required."),
    (["requirepass right"], "Password: FILE", "it answers WRONGPASS .*"),
    (["user me on >right ~* +@all"], "User: me, Password: FILE", "it answers WRONGPASS .*")])
def test_a_password_that_the_store_does_not_take(site, tmp_path, options, entries, reason):
    real = Machines(site, site.add_backend(Redis(tmp_path, *options)))
    file = password_file(real, "wrong")
    pound = real.prepare(store=entries.replace("FILE", str(file)) or PATIENT).start()
    wait_down(pound, reason)
    learned = ask_all(pound, CLIENTS)
    assert ask_all(pound, CLIENTS) == learned
    assert "wrong" not in pound.log()


@pytest.mark.parametrize("options, entries", [
    (["requirepass right"], "Password: FILE"),
    (["user me on >right ~* +@all", "user default off"], "User: me, Password: FILE")])
def test_a_password_that_the_store_takes(site, tmp_path, options, entries):
    real = Machines(site, site.add_backend(Redis(tmp_path, *options)))
    file = password_file(real, "right")
    pounds = [real.start(store=entries.replace("FILE", str(file)) + f", {PATIENT}")
              for _ in range(2)]
    assert ask_all(pounds[1], CLIENTS) == ask_all(pounds[0], CLIENTS)


def test_a_user_who_may_only_read_and_write_our_keys(site, tmp_path):
    """What the manual asks of an access list is enough."""
    real = Machines(site, site.add_backend(Redis(
        tmp_path, "user me on >right ~pound:* +get +mget +set +pexpire +ping +role +select")))
    file = password_file(real, "right")
    entries = f"User: me, Password: {file}, {PATIENT}"
    pounds = [real.start(store=entries) for _ in range(2)]
    assert ask_all(pounds[1], CLIENTS) == ask_all(pounds[0], CLIENTS)


def test_a_password_that_is_set_while_pound_runs(site, tmp_path):
    """A reload reads the file again."""
    real = Machines(site, site.add_backend(Redis(tmp_path)))
    pound = real.start()
    with real.store.client() as admin:
        admin.ask("CONFIG", "SET", "requirepass", "right")
        admin.ask("CLIENT", "KILL", "TYPE", "normal")
        pound.wait_log(rf"session store \S+ is down: .*{re.escape(ALONE)}$")
        ask_all(pound, CLIENTS)
        assert admin.all() == {}
        pound.reload(**real.values(store=f"Password: {password_file(real, 'right')}"))
        wait_serves(pound, 2)
        more = ask_all(pound, range(100, 112))
        assert len(admin.all()) == len(more)


@pytest.mark.needs_root
def test_workers_without_rights_reach_the_store(site, tmp_path):
    """The password and the secret are files of root, outside the jail."""
    real = Machines(site, site.add_backend(Redis(tmp_path, "requirepass right")))
    jail = tmp_path / "jail"
    jail.mkdir()
    entries = f"Password: {password_file(real, 'right')}, {PATIENT}"
    pounds = [real.start(store=entries, more=f"User: nobody\n  RootJail: {jail}")
              for _ in range(2)]
    learned = ask_all(pounds[0], CLIENTS)
    assert ask_all(pounds[1], CLIENTS) == learned
    pounds[1].kill_worker()
    real.store.kill()
    pounds[1].wait_log("session store .* is down: ")
    real.store.start()
    wait_serves(pounds[1], 2)
    assert ask_all(pounds[1], CLIENTS) == learned


# --- several addresses ----------------------------------------------------------------------------
class Addresses:
    """Stores at one port of several addresses of this machine."""

    def __init__(self, site, *hosts):
        self.port = reserve_port()
        self.hosts = [f"127.0.1.{number}" for number in hosts]
        self.stores = {}
        self.site = site

    def open(self, host, **changes):
        store = self.site.add_backend(FakeStore(host=host, port=self.port))
        vars(store).update(changes)
        self.stores[host] = store
        return store

    @property
    def entries(self):
        return f"Address: [{', '.join(self.hosts)}], Port: {self.port}, {PATIENT}"


@pytest.fixture(name="addresses")
def make_addresses(site):
    return Addresses(site, 1, 2, 3)


def test_a_name(fake):
    """`localhost` may have an IPv6 address as well, where nobody listens."""
    ask_all(fake.start(store=f"Address: localhost, Port: {fake.store.port}, {PATIENT}"), CLIENTS)
    assert len(fake.store.data) == len(CLIENTS)


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_ipv6(site):
    store = site.add_backend(FakeStore(host="::1"))
    pound = Machines(site, store).start(store=f"Address: '::1', {PATIENT}")
    ask_all(pound, CLIENTS)
    assert len(store.data) == len(CLIENTS)
    assert store_lines(pound) == [f"session store [::1]:{store.port} serves"]


def test_the_first_address_that_serves_is_taken(site, addresses):
    stores = [addresses.open(host) for host in addresses.hosts]
    pound = Machines(site, addresses).start(store=addresses.entries)
    ask_all(pound, CLIENTS)
    assert [len(store.connections) for store in stores] == [1, 0, 0]


def test_replicas_and_closed_ports_are_passed_over(site, addresses):
    first, second, third = addresses.hosts
    replica, primary = addresses.open(second, role="slave"), addresses.open(third)
    machines = Machines(site, addresses)
    pound = machines.start(store=addresses.entries)
    assert store_lines(pound) == [f"session store {third}:{addresses.port} serves"]
    assert greeting(replica) == [["ROLE"]]
    # The primary goes, and the replica is promoted.
    replica.role = "master"
    primary.refuse()
    primary.disconnect()
    wait_serves(pound, 2)
    ask_all(pound, CLIENTS)
    assert len(replica.data) == len(CLIENTS) and first not in pound.log()
    assert store_lines(pound) == [
        f"session store {third}:{addresses.port} serves",
        f"session store {third}:{addresses.port} is down: it has closed the connection{ALONE}",
        f"session store {second}:{addresses.port} serves"]


def test_only_replicas(site, addresses):
    for host in addresses.hosts:
        addresses.open(host, role="slave")
    pound = Machines(site, addresses).prepare(store=addresses.entries).start()
    wait_down(pound, "it is a replica")
    addresses.stores[addresses.hosts[1]].role = "master"
    wait_serves(pound)
    assert store_lines(pound)[-1] == f"session store {addresses.hosts[1]}:{addresses.port} serves"


def test_a_primary_that_becomes_a_replica(site, tmp_path):
    """It says READONLY to a write, and the other address serves from then on."""
    port = reserve_port()
    stores = [FakeStore(host=f"127.0.1.{n}", port=port) for n in (1, 2)]
    machines = Machines(site, site.add_backend(stores[0]))
    site.add_backend(stores[1])
    del tmp_path
    pound = machines.start(store=f"Address: [127.0.1.1, 127.0.1.2], Port: {port}, {PATIENT}")
    stores[0].role = "slave"
    stores[0].answer = lambda words: (error("READONLY You can't write against a read only replica.")
                                      if words[0] == "SET" else None)
    ask_all(pound, CLIENTS)
    wait_serves(pound, 2)
    ask_all(pound, [100 + client for client in CLIENTS])
    assert len(stores[1].data) == len(CLIENTS) and not stores[0].data


# --- TLS ------------------------------------------------------------------------------------------
@pytest.fixture(name="secure")
def make_secure(site, tmp_path, authority):
    certificate = authority.issue("store", "store.example", "127.0.0.1")
    return Machines(site, site.add_backend(Redis(
        tmp_path, certificate=certificate, authority=authority, tls=client_context())))


@pytest.mark.parametrize("name", ["127.0.0.1", "store.example"])
def test_tls(secure, authority, name):
    tls = f"TLS: {{CA: {authority.root.cert}, Name: {name}}}, {PATIENT}"
    pounds = [secure.start(store=tls) for _ in range(2)]
    assert ask_all(pounds[1], CLIENTS) == ask_all(pounds[0], CLIENTS)
    assert len(secure.values_in_store()) == len(CLIENTS)


@pytest.mark.parametrize("tls, reason", [
    ("{CA: CERT, Name: other.example}", "TLS: .*"),
    ("true", "TLS: .*")], ids=["name", "authority"])
def test_tls_with_a_certificate_that_does_not_fit(secure, authority, tls, reason):
    pound = secure.prepare(store=f"TLS: {tls.replace('CERT', str(authority.root.cert))}").start()
    wait_down(pound, reason)
    learned = ask_all(pound, CLIENTS)
    assert ask_all(pound, CLIENTS) == learned
    assert secure.values_in_store() == {}


def test_tls_at_a_plain_port(real, authority):
    pound = real.prepare(store=f"TLS: {{CA: {authority.root.cert}}}").start()
    wait_down(pound, ".*")
    ask_all(pound, CLIENTS)


def test_plain_text_at_a_port_with_tls(secure):
    pound = secure.prepare().start()
    wait_down(pound, ".*")
    ask_all(pound, CLIENTS)


def test_a_port_that_speaks_http(site):
    web = site.add_backend(Backend(lambda _: response()))
    web.script = lambda connection: connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    pound = Machines(site, web).prepare().start()
    wait_down(pound, "its answer is not of the protocol of Redis")
    ask_all(pound, CLIENTS)


# --- Sentinel -------------------------------------------------------------------------------------
def test_a_sentinel_names_the_primary(fake, site):
    sentinel = site.add_backend(FakeStore())
    sentinel.answer = lambda words: (reply(["127.0.0.1", str(fake.store.port)])
                                     if words[0] == "SENTINEL" else None)
    entries = f"Port: {sentinel.port}, Sentinel: shop, {PATIENT}"
    pound = fake.start(store=entries)
    assert greeting(sentinel) == [["SENTINEL", "get-master-addr-by-name", "shop"]]
    assert store_lines(pound) == [f"session store 127.0.0.1:{fake.store.port} serves"]
    ask_all(pound, CLIENTS)
    assert len(fake.store.data) == len(CLIENTS)
    fake.store.disconnect()
    wait_serves(pound, 2)
    assert len(sentinel.of("SENTINEL")) == 2  # a fresh question


@pytest.mark.parametrize("answer", [
    reply(None), reply(["store.example", "6379"]), reply(["127.0.0.1", "0"]),
    reply(["127.0.0.1", "66000"]), reply(["127.0.0.1"]), reply(["127.0.0.1", None]), reply(7),
    reply("127.0.0.1 6379"), reply([]), error("ERR no such thing"), b"+OK\r\n"])
def test_a_sentinel_that_names_none(fake, site, answer):
    sentinel = site.add_backend(FakeStore())
    sentinel.answer = lambda words: answer
    pound = fake.prepare(store=f"Port: {sentinel.port}, Sentinel: shop").start()
    wait_down(pound, ".*")
    ask_all(pound, CLIENTS)
    assert fake.store.commands == []
    sentinel.answer = lambda words: reply(["127.0.0.1", str(fake.store.port)])
    wait_serves(pound)


def test_a_fail_over_by_sentinel(site, tmp_path):
    primary = site.add_backend(Redis(tmp_path))
    replica = site.add_backend(Redis(tmp_path, f"replicaof 127.0.0.1 {primary.port}"))
    sentinel = site.add_backend(Sentinel(tmp_path, "shop", primary))
    sentinel.wait_replica()
    machines = Machines(site, sentinel)
    entries = f"Sentinel: shop, {PATIENT}"
    pounds = [machines.start(store=entries) for _ in range(2)]
    learned = ask_all(pounds[0], CLIENTS)
    with replica.client() as client:
        wait_until(lambda: len(client.all()) == len(CLIENTS), "the replica to have all sessions")
    primary.kill()
    for number in range(100, 104):  # nobody waits for the fail-over
        learned[number] = ask(pounds[0], "cookie", number)
    wait_until(lambda: sentinel.primary_port() == replica.port, "the fail-over")
    for pound in pounds:
        wait_serves(pound, 2)
        assert store_lines(pound)[-1] == f"session store 127.0.0.1:{replica.port} serves"
    assert ask_all(pounds[1], CLIENTS) == {client: learned[client] for client in CLIENTS}
    # The former primary comes back. Nobody goes there, even before it is a replica.
    primary.start()
    assert ask_all(machines.start(store=entries), CLIENTS) == ask_all(pounds[0], CLIENTS)
    with primary.client() as client:
        assert client.calls().get("set", 0) == 0
