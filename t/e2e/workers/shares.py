"""How the workers share long connections to a listener."""

from harness import Client
from harness.status import read_status

MOST = 2  # times the clients of the idlest worker, and 2 more


def are_fair(pound, where, count):
    """Whether the workers share `count` clients of the listener at `where`, a port or a path.

    A worker that waits for a processor rightly leaves its clients to the others, so there are three
    trials.
    """
    return any(_try(pound, where, count) for _ in range(3))


def _try(pound, where, count):
    clients = [Client(where) for _ in range(count)]
    try:
        for client in clients:
            assert client.ask().status == 200
        counts = [worker["clients"] for worker in read_status(pound).all("worker")]
        assert sum(counts) >= count  # those of the last trial may still be leaving
        return max(counts) <= MOST * min(counts) + 2
    finally:
        for client in clients:
            client.close()
        pound.wait_quiet()
