"""Ends a process at a moment that a test has chosen."""

import subprocess
from collections.abc import Callable
from time import monotonic

from tests.whole.process import PATIENCE, environment, source


def spin(until: float) -> None:
    """Return at a moment of the monotonic clock, as exactly as can be."""
    while monotonic() < until:
        continue


def killed_after(arguments: list[str], begun: Callable[[], bool], seconds: float) -> int:
    """The exit code of a process that is killed so long after it has begun to do something, or has ended before."""
    process = subprocess.Popen(
        arguments, cwd=source(), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = monotonic() + PATIENCE
    while not begun() and process.poll() is None:
        assert monotonic() < deadline, "it was never begun"
    spin(monotonic() + seconds)
    process.kill()
    return process.wait(timeout=PATIENCE)
