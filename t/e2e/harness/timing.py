"""Time limits of the tests, and `wait_until`, which polls a condition.

TEST_TIMEOUT_SCALE stretches every limit, for sanitizer builds and slow machines. A limit only says
when a test fails; a passing test does not depend on it.
"""

import os
import time

SCALE = float(os.environ.get("TEST_TIMEOUT_SCALE", "1"))


def scaled(seconds):
    return seconds * SCALE


TIMEOUT = scaled(30)


def wait_until(condition, what, timeout=None):
    """Polls until `condition()` is true and returns its value; fails with `what` after `timeout`.

    `what` names the awaited event. It may be a function, which runs at the failure and can then
    describe the state.
    """
    deadline = time.monotonic() + (TIMEOUT if timeout is None else timeout)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + (what() if callable(what) else what))
        time.sleep(0.005)  # justified: the interval of this poll
