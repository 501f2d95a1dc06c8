"""Clients that ask all the time while a test breaks the store."""

import itertools
import threading
import time

from harness import Client, wait_until

KNOWN = 12  # clients of each thread that come again and again


class Load:
    """Each thread asks in turn for a client that it knows and for one that is new. A response other
    than 200 is a failure."""

    def __init__(self, pounds, threads=2):
        self.names = {}      # by client: the backend that answered last
        self.moves = 0       # of known clients
        self.longest = 0.0   # seconds from a request to its response
        self.fresh = 0       # new clients so far
        self._failures = []
        self._rounds = [0] * threads
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(pounds, number), daemon=True)
                         for number in range(threads)]
        for thread in self._threads:
            thread.start()
        self.wait_rounds(2)

    def _run(self, pounds, number):
        connections = [Client(pound.port) for pound in pounds]
        try:
            for count in itertools.count():
                if self._done.is_set():
                    return
                connection = connections[count % len(connections)]
                self._ask(connection, f"fresh{number}x{count}")
                client = f"name{number * KNOWN + count % KNOWN}"
                name = self._ask(connection, client)
                self.moves += self.names.setdefault(client, name) != name
                self.names[client] = name
                self.fresh += 1
                self._rounds[number] = count // KNOWN // len(connections)
        except Exception as failed:  # pylint: disable=broad-except
            self._failures.append(repr(failed))
        finally:
            for connection in connections:
                connection.close()

    def _ask(self, connection, session):
        start = time.monotonic()
        got = connection.ask("GET", "/cookie/", f"Cookie: sid={session}")
        self.longest = max(self.longest, time.monotonic() - start)
        assert got.status == 200, got
        return got.body.decode()

    def wait_rounds(self, count=2):
        """Waits until each thread has asked for all its clients at each Pound so often again."""
        until = [rounds + count for rounds in self._rounds]
        wait_until(lambda: self._failures or all(
            now >= then for now, then in zip(self._rounds, until)), "the clients to go on")
        assert not self._failures, self._failures

    def stop(self):
        self._done.set()
        for thread in self._threads:
            thread.join()
        assert not self._failures, self._failures
        return self

    def close(self):
        self._done.set()


def start_load(machines, *pounds):
    """A load that ends with the test, however that ends."""
    return machines.site.add_client(Load(pounds))
