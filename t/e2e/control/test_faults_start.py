"""Each system call of the start fails once: the command returns 1 with the reason."""

import errno
import os
import re

import pytest

from harness import StartFailed, get
from harness.config import plain_site

CONFIG = plain_site("Workers: $workers; LogSocket: $dir/syslog; $more")

# (the call, the number of calls or the list of calls to fail, the expected message).
MASTER = [
    ("open", [0, 1], r"pound.yaml: error: cannot open it|pid file /"),
    # By two workers, which look for a terminal first, and then by the master.
    ("open", [5, 6], r"cannot open /dev/null"),
    ("flock", 1, "pid file /"),
    ("mmap", [0, 1, 100, 195], "cannot map the shared segment of [0-9]+ bytes"),
    ("mmap", [196, 300], "cannot make shared memory read-only"),  # in a worker
    ("getrandom", 2, "no random bytes for the (session keys|keys of TLS tickets)"),
    ("signalfd", 1, "cannot make a signalfd"),
    ("socketpair", [0, 1, 16], "cannot make a pair of sockets"),
    ("socket", 3, "cannot listen on 127.0.0.1:$listen"),
    ("setsockopt", 5, "cannot listen on 127.0.0.1:$listen"),
    ("bind", 3, "cannot listen on 127.0.0.1:$listen"),
    ("listen", 2, "cannot listen on 127.0.0.1:$listen"),
    ("pipe2", 1, "cannot make a pipe"),
    ("fork", 4, "cannot fork"),
    ("chdir", 1, "cannot change to the root directory"),
    ("ftruncate", [0, 1], "cannot map the shared segment of [0-9]+ bytes"),
    ("ftruncate", [2], "pid file /"),
    ("pwrite", 1, "pid file /"),
    ("socketpair", [17, 18], "cannot make a control socket"),
]

WORKER = [
    ("chroot", 2, "cannot chroot to RootJail /"),
    ("chdir", [1, 2], "cannot change to the root of RootJail /"),
    ("setgroups", 2, "cannot drop all groups"),
    ("setresgid", 2, "cannot become group [0-9]+"),
    ("setresuid", 2, "cannot become user [0-9]+"),
]


def prepare(site, faults, workers=2, more="", **how):
    how = how or {"background": True, "args": ()}
    return site.prepare(CONFIG, workers=workers, more=more, web=site.backend().port,
                        popen={"env": faults.environment}, **how)


def fails(pound, faults, call, after, words):
    """The call fails, the start fails with `words` and the reason, and nothing is left."""
    faults.clear()
    faults.order(call, errno.EDOM, after=after)
    with pytest.raises(StartFailed) as failed:
        pound.start()
    faults.check()
    assert failed.value.status == 1
    said = failed.value.log
    reason = f"({words}).*{os.strerror(errno.EDOM)}"
    assert re.search(reason.replace("$listen", str(pound.port)), said), said
    assert len(said.splitlines()) <= (3 if pound.background else 9), said
    pound.wait_gone()


@pytest.mark.parametrize("how", [{"background": True, "args": ()}, {"args": ("-F",)}],
                         ids=["daemon", "-F"])
def test_without_faults_it_starts(site, faults, how):
    assert get(prepare(site, faults, **how).start().port).status == 200


@pytest.mark.parametrize("call, which, words", MASTER, ids=lambda value: str(value)[:12])
def test_in_the_master(site, faults, call, which, words):
    pound = prepare(site, faults)
    for after in range(which) if isinstance(which, int) else which:
        fails(pound, faults, call, after, words)
    faults.clear()
    assert get(pound.start().port).status == 200


@pytest.mark.needs_root
@pytest.mark.parametrize("call, which, words", WORKER, ids=lambda value: str(value)[:12])
def test_in_a_worker_that_gives_up_its_rights(site, faults, tmp_path, call, which, words):
    (tmp_path / "jail").mkdir()
    pound = prepare(site, faults,
                    more=f"RootJail: {tmp_path}/jail\n  User: nobody\n  Group: nogroup")
    for after in range(which) if isinstance(which, int) else which:
        fails(pound, faults, call, after, words)
    faults.clear()
    assert get(pound.start().port).status == 200


@pytest.mark.parametrize("call, which, words", [
    ("signalfd", [1], "cannot make a signalfd"),
    ("epoll_ctl", [1, 2], "the event loop cannot watch a descriptor"),
])
def test_in_a_worker(site, faults, call, which, words):
    pound = prepare(site, faults, workers=1)
    for after in which:
        fails(pound, faults, call, after, f"the worker cannot start: {words}")


def test_a_worker_without_an_event_loop(site, faults):
    """libevent tries the new call and then the old one."""
    pound = prepare(site, faults, workers=1)
    faults.order("epoll_create1", errno.EMFILE)
    faults.order("epoll_create", errno.EMFILE)
    with pytest.raises(StartFailed) as failed:
        pound.start()
    assert "cannot create the event loop: Too many open files" in failed.value.log


@pytest.mark.parametrize("call", ["bind", "fork", "mmap", "socketpair"])
def test_in_the_foreground(site, faults, call):
    fails(prepare(site, faults, args=("-F",)), faults, call, 0, "cannot (listen|fork|map|make)")
