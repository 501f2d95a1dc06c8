"""What the tests of Auth share: files of users, credentials, and a site that asks for them.

The hashes are those of crypt(3) and of `openssl passwd -apr1`. SLOW takes about 0.25 s for each
check, so that a test can look at what happens meanwhile.
"""

import base64
import os

from harness import get
from harness.config import plain_site
from harness.status import read_status

FAST = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"  # secret
SLOW = "$2y$12$6pDXURqCJV.5rgnlKzXic..sm/aOo3Exft9THIqthsGCOO5H08iD."  # slow
HASHES = {
    "bcrypt_y": FAST,
    "bcrypt_b": "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
    "bcrypt_a": "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    "sha256": "$5$rounds=1000$saltstring$AH5PD0i.riCRu4BNDy9v7OPV7u3dfLBApcXI6khquVA",
    "sha512": "$6$rounds=1000$0123456789abcdef$mcCDk6dNL5N0ijt8G9cMeU.2SLHUPRvQks/S0b3xWPKwxC/ouwbe"
              "Cpt1WQloVhjazWF95X44lzjAj904IpNm1/",
    "apr1": "$apr1$Zz./09$S14./2g5Qx51QIE1g5UZ9.",
}  # each of "secret"

CONFIG = plain_site("Workers: $workers; $more", listener="Client: 30; $listener", services="""
    - URL: "^/open"
      Backends: [*web]
    - URL: "^/moved"
      Redirect: https://www.example.com/
    - URL: "^/slow"
      Auth: {Realm: Slow, Users: $dir/slow}
      Backends: [*web]
    - Auth: {Realm: "Staff \\"only\\"", Users: $dir/users}
      Backends: [*web]
""")
CHALLENGE = 'Basic realm="Staff \\"only\\"", charset="UTF-8"'


def credentials(user, password):
    text = f"{user}:{password}".encode()
    return "Authorization: Basic " + base64.b64encode(text).decode()


def write_users(path, **users):
    """Writes the file as a whole, so that a reload never reads half of it."""
    new = path.with_suffix(".new")
    new.write_text("".join(f"{user}:{hashed}\n" for user, hashed in users.items()))
    new.chmod(0o640)
    os.replace(new, path)


def prepare(site, users=None, slow=None, backend=None, workers=1, listener="", more="Grace: 5",
            **kwargs):
    """A daemon that is not started, with users in $dir/users and $dir/slow."""
    backend = backend or site.backend()
    pound = site.prepare(CONFIG, web=backend.port, workers=workers, listener=listener, more=more,
                         **kwargs)
    write_users(pound.directory / "users", **(users or {"alice": FAST}))
    write_users(pound.directory / "slow", **(slow or {"sam": SLOW}))
    pound.backend = backend
    return pound


def start(site, **kwargs):
    return prepare(site, **kwargs).start()


def login(pound, user="alice", password="secret", target="/", **kwargs):
    return get(pound.port, target, credentials(user, password), **kwargs)


def checks(pound):
    """How many passwords the helpers have checked since the start."""
    found = read_status(pound).all("auth")
    return found[0]["checks"] if found else 0
