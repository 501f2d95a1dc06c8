#!/usr/bin/python3
"""How long clients with a session wait while a crowd of strangers asks, with either `Queue`.

2 000 strangers, each with an address of its own, ask again and again on new connections; the backend
has 8 slots and takes 20 ms for a response. 50 known clients ask on kept connections and pause for
200 ms between requests. QueueLength is large enough for all, so nobody is refused. Prints a table.
"""

import argparse
import asyncio
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "t" / "e2e"))

from backends import Backend  # pylint: disable=wrong-import-position
from harness.config import plain_site  # pylint: disable=wrong-import-position
from harness.daemon import Pound  # pylint: disable=wrong-import-position

STRANGERS, KNOWN = 2000, 50
SLOTS, RESPONSE_MS, PAUSE = 8, 20, 0.2
CONFIG = plain_site(
    'Workers: 2; AccessLog: "off"', backends={"web": f"Threads: {SLOTS}; TimeOut: 60"},
    listener="Client: 60; QueueTimeOut: 60; QueueLength: 8000", services="""
    - Session: {Type: COOKIE, ID: sid, TTL: 600}
      Queue: {Known: $known}
      Backends: [*web]
""")


class Connection:
    """A client's connection: sends a request and reads the response."""

    def __init__(self, port, source, cookie=""):
        self.port, self.source = port, source
        field = f"Cookie: sid={cookie}\r\n" if cookie else ""
        self.request = (f"GET /1024/{RESPONSE_MS} HTTP/1.1\r\nHost: bench.example\r\n"
                        f"{field}\r\n").encode()
        self.writer = None

    async def ask(self):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(
                "127.0.0.1", self.port, local_addr=(self.source, 0))
        self.writer.write(self.request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        await self.reader.readexactly(1024)

    def close(self):
        if self.writer is not None:
            self.writer.close()
            self.writer = None


async def be_stranger(port, source, count):
    while True:
        connection = Connection(port, source)
        try:
            await connection.ask()
            count[0] += 1
        finally:
            connection.close()


async def be_known(port, source, cookie, waits):
    connection = Connection(port, source, cookie)
    try:
        while True:
            begin = time.monotonic()
            await connection.ask()
            waits.append((time.monotonic() - begin) * 1000)
            await asyncio.sleep(PAUSE)
    finally:
        connection.close()


async def measure(port, seconds):
    served, waits = [0], []
    for number in range(KNOWN):
        first = Connection(port, "127.0.0.1", f"friend{number}")
        await first.ask()
        first.close()
    tasks = []
    for number in range(STRANGERS):
        source = f"127.1.{number // 250}.{number % 250 + 1}"
        tasks.append(asyncio.create_task(be_stranger(port, source, served)))
        if number % 50 == 49:
            await asyncio.sleep(0)  # the connects stay within the listen queue
    await asyncio.sleep(5)  # the crowd is complete
    served[0] = 0
    tasks += [asyncio.create_task(be_known(port, f"127.2.0.{number + 1}", f"friend{number}", waits))
              for number in range(KNOWN)]
    await asyncio.sleep(seconds)
    failed = [task.exception() for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not failed, failed[0]
    return sorted(waits), served[0] / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", required=True)
    parser.add_argument("--seconds", type=int, default=20)
    args = parser.parse_args()
    print("| Known | known requests/s | median, ms | p95, ms | max, ms | strangers/s |")
    print("|---|---|---|---|---|---|")
    for known in ("equal", "first"):
        backend = Backend(args.backend)
        with tempfile.TemporaryDirectory() as directory:
            pound = Pound(directory, CONFIG, web=backend.ports[0], known=known).start()
            try:
                waits, strangers = asyncio.run(measure(pound.port, args.seconds))
            finally:
                pound.finish()
                backend.stop()
        figures = [waits[len(waits) // 2], waits[len(waits) * 95 // 100], waits[-1]]
        print(f"| {known} | {len(waits) / args.seconds:.0f} | "
              + " | ".join(f"{figure:.0f}" for figure in figures) + f" | {strangers:.0f} |")


if __name__ == "__main__":
    main()
