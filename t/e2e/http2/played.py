"""A daemon and a backend for all tests of a file; each test writes the backend's script."""

from hyperframe.frame import RstStreamFrame

from harness import answer, reserve_port
from harness.config import plain_site

CONFIG = plain_site(
    backends={"web": 'TimeOut: 30; HeadAdd: "X-Added: by Pound"', "gone": ""},
    listener="Protocols: [h2c, http/1.1]; Client: 30; MaxRequest: 1000000", services="""
    - URL: ^/gone
      Backends: [*gone]
    - URL: ^/away
      Redirect: https://shop.example
    - URL: ^/served
      Backends: [*web]
""")


class Played:
    def __init__(self, site):
        self.backend = site.backend(script=lambda connection: self.backend.play(connection))
        self.pound = site.pound(CONFIG, web=self.backend.port, gone=reserve_port())

    def plays(self, script):
        """The backend plays `script` on its next connections. Those in Pound's pool end."""
        self.backend.disconnect()
        self.backend.play = script
        self.backend.requests.clear()
        return self.backend


def says(*parts):
    """A script: reads requests and sends the parts for each."""
    return answer(lambda _: b"".join(parts))


def head(status, *fields):
    lines = [f"HTTP/1.1 {status}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def frames_of(client, stream):
    """Waits for the end of the response; returns all frames of the stream."""
    found = []
    while not found or not ("END_STREAM" in found[-1].flags
                            or isinstance(found[-1], RstStreamFrame)):
        found.append(client.claim(lambda f: f.stream_id == stream, f"the rest of {stream}"))
    return found


def kinds(frames):
    return [type(f).__name__.removesuffix("Frame").upper() + " END" * ("END_STREAM" in f.flags)
            for f in frames]
