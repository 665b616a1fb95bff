"""Waiting for conditions, never for time to pass."""

import os
import time

# An emulated machine is slow, but its clock is not: every wait takes so many times longer there.
PATIENCE = float(os.environ.get("SDT_TEST_PATIENCE", "1"))


class TimedOut(AssertionError):
    """The condition did not come true before the deadline."""


def wait_until(condition, what, seconds=20.0):
    """The first true value of condition(); TimedOut, naming `what`, when there is none in time."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimedOut(f"not within {seconds} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
