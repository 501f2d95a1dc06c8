"""How long a test is willing to wait. Owns the scale for slow builds; never sleeps to "be sure".

TEST_TIMEOUT_SCALE stretches every limit, for sanitizer builds and slow machines. A limit is only
ever the time after which a test fails; a test that passes does not depend on it.
"""

import os
import time

SCALE = float(os.environ.get("TEST_TIMEOUT_SCALE", "1"))


def scaled(seconds):
    return seconds * SCALE


TIMEOUT = scaled(30)


def wait_until(condition, what, timeout=None):
    """Polls until `condition()` is true and returns its value; fails saying `what` was missing.

    `what` may be callable, to say at the end what was there instead.
    """
    deadline = time.monotonic() + (TIMEOUT if timeout is None else timeout)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + (what() if callable(what) else what))
        time.sleep(0.005)
