"""A limit is exact: over four workers, for one client and for many, over kills and reloads.

At the moment of a refusal a client has used all that it may. So between two refusals it gets
exactly its rate, however fast the machine is and however the requests are spread, as long as it
asks more often than it may. A request whose connection broke may have passed or not.
"""

import threading
import time

import pytest

from harness import SANITIZED, Closed, request, wait_until
from harness.client import Client
from harness.config import plain_site

ROUNDS = 3 if SANITIZED else 20
THREADS = 4
ONE_RATE = 100  # requests a second of the client of /one
MANY = 100
MANY_RATE = 2   # of each client of /many

SERVICES = f"""
- URL: ^/one
  Limit: {{Rate: {ONE_RATE}, Burst: {10 * ONE_RATE}}}
  Backends: [*web]
- URL: ^/many
  Limit: {{Rate: {MANY_RATE}, Burst: {10 * MANY_RATE}, Key: header X-Client}}
  Backends: [*web]
"""
CONFIG = plain_site("Workers: 4", services=SERVICES)


class Load(threading.Thread):
    """Asks without a pause, and remembers when each answer came: (client, time, status)."""

    def __init__(self, port, first):
        super().__init__(daemon=True)
        self.port = port
        self.turn = first
        self.answers = []
        self.wants = True
        self.start()

    def next_request(self):
        self.turn += 1
        if self.turn % 2:
            return "one", request("GET", "/one")
        client = str(self.turn // 2 * 7 % MANY)
        return client, request("GET", "/many", f"X-Client: {client}")

    def run(self):
        connection = None
        while self.wants:
            name, data = self.next_request()
            try:
                connection = connection or Client(self.port)
                connection.send(data)
                status = connection.read_response().status
            except (Closed, OSError):
                status, connection = None, None
            self.answers.append((name, time.monotonic(), status))


def spans(answers, since):
    """{client: (seconds between two refusals, passed meanwhile, unknown)}

    The refusals are the first one after `since` and the last one. (The very first one comes right
    after the last request of the burst, so that nearly a whole further request would pass.)
    """
    found = {}
    for name in {answer[0] for answer in answers}:
        own = [answer for answer in answers if answer[0] == name]
        refused = [at for _, at, status in own if status == 429 and at > since]
        if not refused:
            continue
        first, last = refused[0], refused[-1]
        within = [status for _, at, status in own if first < at <= last]
        found[name] = (last - first, within.count(200), within.count(None))
    return found


def check(named, rate, clients):
    """Within one percent, and one request of each client at either end."""
    assert len(named) == clients
    allowed = sum(rate * seconds for seconds, _, _ in named)
    passed = sum(passed for _, passed, _ in named)
    unknown = sum(unknown for _, _, unknown in named)
    print(f"{clients} clients: {passed} passed and {unknown} unknown of {allowed:.1f}, "
          f"{passed / allowed:.4f}")
    slack = 0.01 * allowed + clients
    assert passed <= allowed + slack
    assert passed + unknown >= allowed - slack


@pytest.fixture(name="pound")
def fixture_pound(site, demo):
    return site.pound(CONFIG, web=demo("web"))


def test_exact_over_kills_and_reloads(pound):
    loads = [Load(pound.port, 50 * i) for i in range(THREADS)]
    try:
        def all_refused():
            seen = {name for load in loads for name, _, status in list(load.answers)
                    if status == 429}
            return len(seen) == MANY + 1
        wait_until(all_refused, "a refusal of each client")
        since = time.monotonic() + 1
        for _ in range(ROUNDS):
            pound.kill_worker()
            pound.reload()
    finally:
        for load in loads:
            load.wants = False
        for load in loads:
            load.join()
    answers = sorted((answer for load in loads for answer in load.answers), key=lambda a: a[1])
    assert {status for _, _, status in answers} <= {200, 429, None}
    found = spans(answers, since)
    check([found.pop("one")], ONE_RATE, 1)
    check(list(found.values()), MANY_RATE, MANY)
