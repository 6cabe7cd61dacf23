"""The outbox: what is to be told to webhooks and by mail, written with what it tells of."""

from typing import Any

from logserver.store.tx import Tx


def enqueue(tx: Tx, project: int, kind: str, severity: str, data: dict[str, Any], now_ms: int) -> int:  # noqa: ARG001, PLR0917 - nobody listens yet
    """Queue one message for each webhook of a project that wants it; returns how many."""
    return 0
