"""The door: whatever dialect an event came in, here it is numbered, grouped, counted and stored.

Everything an event causes happens in the transaction that stores it, so nothing that was answered with success
is lost, and nothing rings for an event that was not stored.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from logserver.core import groups, monitors
from logserver.core.clock import Clock
from logserver.core.faults import Conflict
from logserver.core.monitors import CheckIn
from logserver.core.projects import Project
from logserver.store import events, identities
from logserver.store.database import Database
from logserver.store.events import Event
from logserver.store.ids import Spelling, uuid_text
from logserver.store.writer import WriteTx

FUTURE_TOLERANCE_MS = 600_000
"""How far ahead of the receipt an event may say it happened; beyond that it is filed under its receipt."""


class Receipt(NamedTuple):
    """The answer for one event: its packed and public id, and whether it had been stored before."""

    id: int
    public_id: str
    duplicate: bool


class Intake:
    """Takes events of all contracts into the store."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def plan(
        self, project: Project, incoming: list[Event], check_ins: dict[int, CheckIn] | None = None
    ) -> tuple[Callable[..., list[Receipt]], tuple[Any, ...]]:
        """What stores events of a project in one transaction, all or none: a function for the writer and its arguments.

        ``check_ins`` says, by index, which of them move a monitor and how. The outcome is a receipt for each, in
        their order. An event whose identity (its uuid; a span's trace and own id) is known is not stored again;
        Conflict, with the index, is raised where a uuid belongs to an event and a span.
        """
        horizon = project.horizon_ms(self._clock.now_ms())
        return self._store, (project.number, horizon, incoming, check_ins or {})

    async def accept(
        self, project: Project, incoming: list[Event], check_ins: dict[int, CheckIn] | None = None, *, size: int
    ) -> list[Receipt]:
        """Store events of a project as planned; ``size`` is what they take in memory, in bytes."""
        function, arguments = self.plan(project, incoming, check_ins)
        return await self._database.write(function, *arguments, rows=len(incoming), size=size)

    def _store(
        self, tx: WriteTx, project: int, horizon_ms: int, incoming: list[Event], check_ins: dict[int, CheckIn]
    ) -> list[Receipt]:
        spelling = self._database.spelling
        receipts: list[Receipt] = []
        seen: dict[bytes, Event] = {}
        for index, event in enumerate(incoming):
            keys = _identities(project, event)
            known = _known(tx, keys, event, index, seen) if keys else None
            if known is not None:
                receipts.append(Receipt(known.id, _public_id(spelling, known), duplicate=True))
                continue
            ms = event.time // 1000
            if not horizon_ms <= ms <= event.received + FUTURE_TOLERANCE_MS:
                ms = event.received
            event.id = tx.batch.numbering.next_id(tx, project, ms)
            for key in keys:
                identities.claim(tx, key, event.id)
                seen[key] = event
            if event.type == "error":
                event.error_group = groups.record(tx, project, event)
            elif index in check_ins:
                monitors.check_in(tx, project, event.id, check_ins[index], tx.now_ms)
            tx.batch.append(tx, project, event, events.to_row(event))
            receipts.append(Receipt(event.id, _public_id(spelling, event), duplicate=False))
        return receipts


def _public_id(spelling: Spelling, event: Event) -> str:
    return uuid_text(event.uuid) if event.uuid is not None else spelling.uuid(event.id)


def _identities(project: int, event: Event) -> list[bytes]:
    keys = []
    if event.uuid is not None:
        keys.append(identities.uuid_key(project, event.uuid))
    if event.type == "span":
        context = event.context
        keys.append(identities.span_key(project, str(context["trace_id"]), str(context["span_id"])))
    return keys


def _known(tx: WriteTx, keys: list[bytes], event: Event, index: int, seen: dict[bytes, Event]) -> Event | None:
    """The stored or just accepted event that has one of these identities."""
    for key in keys:
        held = seen.get(key) or _stored(tx, key, event)
        if held is None:
            continue
        if held.uuid is not None and held.uuid == event.uuid and (held.type == "span") != (event.type == "span"):
            raise Conflict("Uuid has already been used for another telemetry signal", index)
        return held
    return None


def _stored(tx: WriteTx, key: bytes, event: Event) -> Event | None:
    for candidate in identities.candidates(tx, key):
        held = tx.batch.find(tx, candidate)
        # The hash may be shared; the row settles whether the full key is.
        if held is not None and (
            (event.uuid is not None and held.uuid == event.uuid)
            or (
                event.type == held.type == "span"
                and held.context["trace_id"] == event.context["trace_id"]
                and held.context["span_id"] == event.context["span_id"]
            )
        ):
            return held
    return None
