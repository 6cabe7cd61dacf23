"""Stands in."""

from typing import Any, NamedTuple

from logserver.store.tx import Tx


class Redacted(NamedTuple):
    value: Any
    count: int
    matches: list[tuple[str, str]]


class Policy:
    def redact(self, value: Any, path: str = "") -> Redacted:
        return Redacted(value, 0, [])

    def matches(self, text: str) -> list[str]:
        return []


class Policies:
    def of(self, tx: Tx, project: int) -> Policy:
        return Policy()
