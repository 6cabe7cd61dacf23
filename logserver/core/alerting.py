"""Stands in until the engine is here."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from logserver.store.tx import Tx


class Occurrence(NamedTuple):
    at: int
    action: str
    actor_id: str
    tenant_id: str
    ip_address: str | None
    event_id: int
    public_id: str


class Engine:
    def judge(
        self,
        tx: Tx,
        project: int,
        occurrences: list[Occurrence],
        *,
        before: bytes | None,
        after: bytes,
        recent: Callable[[Tx, int, int], Iterable[Occurrence]],
    ) -> None: ...
