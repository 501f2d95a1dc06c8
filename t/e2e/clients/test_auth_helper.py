"""The process that checks passwords: its limits, its death, its silence, and what it is not asked."""

import os
import pwd
import signal

import pytest

from clients.passwords import FAST, checks, credentials, login, prepare, start, write_users
from harness import Client, get, proc, request, scaled, wait_until
from harness.config import plain_site

SECRET2 = "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"  # also of "secret"


def helper_of(pound):
    helpers = wait_until(lambda: len(pound.helpers()) == 1 and pound.helpers(), "one helper")
    return helpers[0]


def send_login(site, pound, user, password, target="/", source=None):
    """A client whose request is under way."""
    client = site.client(pound.port, source=source)
    client.send(request("GET", target, credentials(user, password)))
    return client


def test_without_auth_there_is_no_helper(site):
    pound = site.pound(plain_site(), web=site.backend().port)
    assert get(pound.port).status == 200
    assert pound.helpers() == []


def test_remembered_credentials_ask_no_helper(site):
    pound = start(site, workers=2)
    for _ in range(20):
        assert login(pound).status == 200
    assert checks(pound) == 1
    os.kill(helper_of(pound), signal.SIGSTOP)
    assert login(pound).status == 200
    os.kill(helper_of(pound), signal.SIGCONT)


def test_a_check_stops_no_other_request(site):
    """The order of the responses tells, not the time."""
    pound = start(site)
    slow = send_login(site, pound, "sam", "slow", "/slow")
    helper = helper_of(pound)
    wait_until(lambda: not proc.is_asleep(helper), "the helper to work")
    os.kill(helper, signal.SIGSTOP)  # now the check cannot end
    assert get(pound.port, "/open").status == 200
    assert not slow.has_unread()
    os.kill(helper, signal.SIGCONT)
    assert slow.read_response().status == 200


def test_a_killed_helper_has_a_successor_that_is_asked_again(site):
    pound = start(site)
    helper = helper_of(pound)
    os.kill(helper, signal.SIGSTOP)
    waiting = send_login(site, pound, "alice", "secret")
    wrong = send_login(site, pound, "alice", "wrong")
    pound.wait_quiet()
    assert not waiting.has_unread()
    os.kill(helper, signal.SIGKILL)
    assert waiting.read_response().status == 200
    assert wrong.read_response().status == 401
    assert helper_of(pound) != helper
    pound.wait_log(rf"the process that checks passwords \(pid {helper}\) was killed by signal 9")


def test_a_helper_that_says_nothing(site):
    """The answer is 503 after ten seconds; nobody is let in, and others are served."""
    pound = start(site)
    helper = helper_of(pound)
    os.kill(helper, signal.SIGSTOP)
    waiting = send_login(site, pound, "alice", "secret", "/waits")
    assert get(pound.port, "/open").status == 200
    waiting.sock.settimeout(scaled(30))
    got = waiting.read_response()
    assert (got.status, got.field("Retry-After")) == (503, "1")
    record = pound.wait_record("/waits")
    assert (record["user"], record["status"], record["reason"]) == \
        ("alice", "503", "auth_unavailable")
    assert 9_900 <= int(record["ms"]) <= scaled(15_000)
    os.kill(helper, signal.SIGCONT)
    assert login(pound).status == 200


def test_a_client_that_leaves_while_it_waits(site):
    pound = start(site)
    helper = helper_of(pound)
    os.kill(helper, signal.SIGSTOP)
    client = send_login(site, pound, "alice", "secret", "/left")
    pound.wait_quiet()
    client.reset()
    record = pound.wait_record("/left")
    assert (record["status"], record["reason"]) == ("499", "client_closed")
    os.kill(helper, signal.SIGCONT)
    assert login(pound).status == 200


def test_a_killed_worker_has_a_channel_of_its_own(site):
    pound = start(site)
    before = helper_of(pound)
    pound.kill_worker()
    wait_until(lambda: len(pound.helpers()) == 1 and pound.helpers()[0] != before, "a new helper")
    assert login(pound).status == 200
    assert login(pound, password="wrong").status == 401


# --- reload -----------------------------------------------------------------------------------------
def test_a_reload_with_the_same_file_remembers(site):
    pound = start(site)
    assert login(pound).status == 200
    pound.reload()
    assert login(pound).status == 200
    assert checks(pound) == 1


def test_a_reload_with_other_users_forgets(site):
    pound = start(site)
    assert login(pound).status == 200
    write_users(pound.directory / "users", bob=FAST)
    assert login(pound).status == 200  # not before the reload
    pound.reload()
    assert login(pound).status == 401
    assert login(pound, "bob").status == 200
    write_users(pound.directory / "users", alice=SECRET2)
    pound.reload()
    before = checks(pound)
    assert login(pound).status == 200
    assert checks(pound) == before + 1
    wait_until(lambda: len(pound.helpers()) == 1, "the helpers of former generations to end")


def test_reloads_leave_no_descriptor_and_no_helper_behind(site):
    pound = start(site, more="Grace: 0")
    pound.reload()
    wait_until(lambda: len(pound.helpers()) == 1, "the first helper to end")
    descriptors = proc.fd_count(pound.master)
    for _ in range(5):
        pound.reload()
    wait_until(lambda: len(pound.helpers()) == 1, "the other helpers to end")
    wait_until(lambda: proc.fd_count(pound.master) <= descriptors,
               lambda: f"{descriptors} descriptors; there are {proc.fd_count(pound.master)}")


def test_a_reload_with_a_bad_file_changes_nothing(site):
    pound = start(site)
    helper = helper_of(pound)
    write_users(pound.directory / "users", alice="plain")
    outcome = pound.reload(expect="failed")
    assert any("this user has a password in plain text" in line for line in outcome.messages)
    assert login(pound).status == 200
    assert helper_of(pound) == helper


def test_a_changed_file_is_not_read_before_a_reload(site):
    """Not even by a helper that starts again."""
    pound = start(site)
    write_users(pound.directory / "users", mallory=FAST)
    os.kill(helper_of(pound), signal.SIGKILL)
    assert login(pound, "mallory").status == 401
    assert login(pound).status == 200


# --- rights -----------------------------------------------------------------------------------------
@pytest.mark.needs_root
def test_the_helper_has_the_rights_of_a_worker_in_the_jail(site, tmp_path):
    jail = tmp_path / "jail"
    jail.mkdir()
    pound = prepare(site, more=f"User: nobody\n  RootJail: {jail}", workers=2)
    os.chown(pound.directory / "users", 0, 0)
    pound.start()
    for name in ("bad", "good"):
        assert login(pound, password=name).status == 401
    assert login(pound).status == 200
    helper = helper_of(pound)
    status = proc.status(helper)
    assert status["Uid"].split() == [str(pwd.getpwnam("nobody").pw_uid)] * 4
    assert status["NoNewPrivs"] == "1" and int(status["CapEff"], 16) == 0
    assert os.readlink(f"/proc/{helper}/root") == str(jail)
    assert status.get("Seccomp") in ("2", None) or proc.status(pound.workers()[0])["Seccomp"] == "0"


@pytest.mark.needs_root
def test_no_worker_and_no_master_has_a_hash_in_its_memory(site):
    pound = start(site)
    assert login(pound).status == 200
    needle = FAST[7:].encode()

    def has_it(pid):
        with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
            for line in maps:
                span, rights, *_ = line.split()
                if "r" not in rights or "[v" in line:
                    continue
                begin, end = (int(number, 16) for number in span.split("-"))
                if end - begin > 1 << 30:
                    continue
                try:
                    mem.seek(begin)
                    if needle in mem.read(end - begin):
                        return True
                except (OSError, ValueError):
                    continue
        return False

    assert has_it(helper_of(pound))
    assert not has_it(pound.workers()[0])
    assert not has_it(pound.master)
    for pid in pound.workers():
        folder = f"/proc/{pid}/fd"
        names = [os.readlink(f"{folder}/{number}") for number in os.listdir(folder)]
        assert names and not any("pound-users" in name for name in names), names


# --- floods -----------------------------------------------------------------------------------------
def test_wrong_passwords_are_slowed(site):
    pound = start(site, workers=2)
    assert login(pound, source="127.0.4.1").status == 200
    before = checks(pound)
    found = [login(pound, password=f"wrong {i}", source="127.0.4.1") for i in range(30)]
    statuses = [got.status for got in found]
    assert statuses[:10] == [401] * 10
    # One more each six seconds: a slow machine may need some for 30 requests.
    assert statuses.count(429) >= 15
    assert checks(pound) - before == statuses.count(401)
    slowed = next(got for got in found if got.status == 429)
    assert 1 <= int(slowed.field("Retry-After")) <= 6
    assert slowed.field("WWW-Authenticate") is None
    # Credentials that were right a short time ago still pass, and so do other clients.
    assert login(pound, source="127.0.4.1").status == 200
    assert login(pound, source="127.0.4.2").status == 200
    reasons = {record["reason"] for record in pound.wait_records(33) if record["status"] == "429"}
    assert reasons == {"auth_rate"}


def test_the_number_of_wrong_passwords_outlives_workers_and_reloads(site):
    pound = start(site)
    for i in range(10):
        assert login(pound, password=f"wrong {i}").status == 401
    pound.reload()
    assert login(pound, password="wrong").status == 429
    pound.kill_worker()
    assert login(pound, password="wrong").status == 429


def test_a_flood_of_wrong_passwords_keeps_nobody_out(site):
    """60 clients send wrong passwords for a user whose check is slow. One without a wrong password
    waits for the check that is under way only, not for theirs."""
    pound = start(site, users={"alice": FAST}, slow={"sam": FAST})
    helper = helper_of(pound)
    sources = [f"127.0.5.{number}" for number in range(1, 61)]
    for source in sources:
        assert login(pound, password="wrong", source=source).status == 401
    os.kill(helper, signal.SIGSTOP)
    flood = [send_login(site, pound, "alice", f"guess {source}", source=source)
             for source in sources]
    pound.wait_quiet()
    good = send_login(site, pound, "sam", "secret", "/slow", source="127.0.6.1")
    pound.wait_quiet()
    os.kill(helper, signal.SIGCONT)
    assert good.read_response().status == 200
    assert {client.read_response().status for client in flood} == {401}
    pound.wait_records(121)
    order = [record["client"] for record in pound.records()[60:]]
    # The first of the flood was with the helper, which may take some more on a slow machine.
    assert order.index("127.0.6.1") < 15


def test_credentials_of_many_requests_are_checked_once(site):
    pound = start(site)
    helper = helper_of(pound)
    os.kill(helper, signal.SIGSTOP)
    clients = [send_login(site, pound, "alice", "secret") for _ in range(50)]
    pound.wait_quiet()
    os.kill(helper, signal.SIGCONT)
    assert [client.read_response().status for client in clients] == [200] * 50
    assert checks(pound) == 1


def test_keep_alive_goes_on_after_a_503(site):
    pound = start(site)
    helper = helper_of(pound)
    os.kill(helper, signal.SIGSTOP)
    others = [send_login(site, pound, "alice", f"guess {i}") for i in range(17)]
    pound.wait_quiet()
    with Client(pound.port) as client:
        got = client.ask("GET", "/", credentials("alice", "one too many"))
        assert (got.status, got.field("Retry-After")) == (503, "1")
        assert client.ask("GET", "/open").status == 200
    os.kill(helper, signal.SIGCONT)
    statuses = [other.read_response().status for other in others]
    assert statuses.count(401) == 10 and statuses.count(429) == 7
