"""How long the shell reads: until a time limit, or Ctrl-C."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Flag
from typing import Any

from logserver.core.clock import SystemClock


class Patience:
    """How long reading may go on: until a number of seconds is over, or Ctrl-C.

    The signal sets a flag: an exception inside SQLite's own loop would be lost, and could cut a line in two.
    A second Ctrl-C is the usual one.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.stopped = Flag()
        self._monotonic = SystemClock().monotonic
        self.again()

    def again(self) -> None:
        """Begin anew."""
        self._end = self._monotonic() + self.seconds

    def over(self) -> bool:
        """Whether it is over."""
        return self.stopped.is_set() or self._monotonic() > self._end

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take Ctrl-C as a wish to stop."""

        def stop(number: int, _frame: Any) -> None:
            self.stopped.set()
            signal.signal(number, signal.default_int_handler)

        held = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, held)
