"""How far a command is, on a terminal: one bar after the other, on standard error."""

import sys
from types import TracebackType
from typing import Any, Self

import click

from logserver.core.clock import SystemClock

_SHOWN_EVERY = 0.1


class Bars:
    """Shows the progress of what takes long; elsewhere than on a terminal, nothing."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._now = SystemClock().monotonic
        self._label: str | None = None
        self._bar: Any = None
        self._next = 0.0
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def __call__(self, label: str, done: int, total: int) -> None:
        """Show that so much is done of what has this label; ``total`` 0: nobody knows how much there is."""
        if not self._shown:
            return
        if label != self._label:
            self._end()
            self._label, self._at = label, 0
            self._bar = click.progressbar(length=total or None, label=f"{label:10}", file=sys.stderr)
            self._bar.__enter__()
        elif self._now() < self._next and done != total:
            return
        self._next = self._now() + _SHOWN_EVERY
        self._bar.update(done - self._at if total else 1)
        self._at = done

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
        self._bar = self._label = None
