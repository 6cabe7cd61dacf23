"""The traceback of an error as it may be logged: where it happened and of what kind, without what it quotes."""

import sqlite3
import traceback

from logserver.store.errors import StoreError

_OWN_WORDS = (StoreError, sqlite3.Error, OSError, MemoryError)
"""Kinds that speak of the store or the machine; others (ValueError, KeyError …) may repeat a value."""


def kind_of(error: BaseException) -> str:
    """The name of an error, with its words where these repeat no value that somebody sent."""
    words = str(error) if isinstance(error, _OWN_WORDS) else ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def trace(error: BaseException) -> str:
    """The frames of an error and of those it came of, each with its kind, the first cause first."""
    parts: list[str] = []
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        parts.append("".join(traceback.format_tb(step.__traceback__)) + kind_of(step))
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return "\nand so:\n".join(reversed(parts))
