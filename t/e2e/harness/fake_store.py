"""A store in this process that speaks RESP, keeps every command, and misbehaves as a test asks.

It knows the commands that Pound needs. A test changes at any time: `answer`, which may replace the
bytes of a reply; `delay`, the seconds between a command and its reply; `piece`, the most bytes of a
write; `role`, `password` and `user`. `pause` holds all replies back until `resume`.
"""

import queue
import re
import threading
import time

from .backend import Backend
from .resp import error, read_value, reply
from .timing import wait_until
from .wire import Closed

GREETING = ("AUTH", "SELECT", "ROLE", "PING")


class Command:
    def __init__(self, words, connection):
        self.words = words
        self.connection = connection  # its number
        self.time = time.monotonic()

    @property
    def name(self):
        return self.words[0].upper()

    def __repr__(self):
        return " ".join(self.words)


class FakeStore(Backend):
    def __init__(self, **kwargs):
        self.data = {}      # by key
        self.ttl_ms = {}    # by key; nothing expires
        self.commands = []
        self.answer = lambda words: None
        self.delay, self.piece = 0, 1 << 20
        self.role, self.user, self.password = "master", None, None
        self._taken = 0
        self._go = threading.Event()
        self._go.set()
        super().__init__(script=self._serve, **kwargs)

    # --- what the test looks at
    def of(self, *names):
        """The commands so far with one of these names."""
        return [one for one in list(self.commands) if one.name in names]

    def take(self):
        """The words of each command since the last call, without those of a greeting, PING."""
        new = self.commands[self._taken:]
        self._taken += len(new)
        return [one.words for one in new if one.name not in GREETING]

    def wait_commands(self, name, count=1):
        """Waits for so many commands of this name, and returns them."""
        return wait_until(lambda: len(self.of(name)) >= count and self.of(name),
                          lambda: f"{count} x {name}; commands: {self.commands[-50:]}")

    # --- what the test changes
    def pause(self):
        self._go.clear()

    def resume(self):
        self._go.set()

    def close(self):
        self.delay = 0
        self.resume()
        super().close()

    # --- a connection
    def _serve(self, connection):
        replies = queue.SimpleQueue()
        connection.sock.settimeout(None)
        connection.is_trusted = self.password is None
        self._start(self._send, connection, replies)
        try:
            while True:
                command = Command(read_value(connection), connection.number)
                with self._lock:
                    self.commands.append(command)
                    data = self.answer(command.words)
                    if data is None:
                        data = self._usual(command, connection)
                replies.put((time.monotonic() + self.delay, data))
        except (Closed, OSError):
            pass
        finally:
            replies.put(None)

    def _send(self, connection, replies):
        try:
            while (item := replies.get()) is not None:
                due, data = item
                time.sleep(max(0, due - time.monotonic()))  # justified: the store is this slow
                self._go.wait()
                for at in range(0, len(data), self.piece):
                    connection.send(data[at:at + self.piece])
        except OSError:
            pass

    def _usual(self, command, connection):
        name, words = command.name, command.words[1:]
        if name == "AUTH":
            connection.is_trusted = words in ([self.password], [self.user, self.password])
            return reply(True) if connection.is_trusted else error("WRONGPASS invalid")
        if not connection.is_trusted:
            return error("NOAUTH Authentication required.")
        run = getattr(self, "_" + name.lower(), None)
        return run(*words) if run else error(f"ERR unknown command '{name}'")

    def _role(self):
        if self.role == "master":
            return reply(["master", 0, []])
        return reply([self.role, "127.0.0.1", 6379, "connected", 0])

    def _select(self, number):
        return reply(True) if re.fullmatch(r"\d+", number) else error("ERR invalid DB index")

    def _ping(self):
        return b"+PONG\r\n"

    def _get(self, key):
        return reply(self.data.get(key))

    def _mget(self, *keys):
        return reply([self.data.get(key) for key in keys])

    def _set(self, key, value, *options):
        assert options[:1] == ("PX",) and options[2:] in ((), ("NX",)), options
        if options[2:] and key in self.data:
            return reply(None)
        self.data[key], self.ttl_ms[key] = value, int(options[1])
        return reply(True)

    def _pexpire(self, key, ttl_ms):
        if key not in self.data:
            return reply(0)
        self.ttl_ms[key] = int(ttl_ms)
        return reply(1)
