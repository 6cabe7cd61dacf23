"""The door: whatever dialect an event came in, here it is numbered, grouped, counted and stored.

Everything an event causes happens in the transaction that stores it, so nothing that was answered with success
is lost, and nothing rings for an event that was not stored.
"""

from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

import msgspec

from logserver.core import monitors, quotas
from logserver.core.alerting.alarms import GroupNews
from logserver.core.clock import Clock
from logserver.core.errors import groups
from logserver.core.faults import Conflict
from logserver.core.monitors import CheckIn
from logserver.core.projects import Project
from logserver.core.redaction.behaviors import REDACTED
from logserver.core.redaction.engine import Policies
from logserver.core.redaction.telemetry import redact_event
from logserver.store import events
from logserver.store.database import Database
from logserver.store.events import Event
from logserver.store.identities import places_of
from logserver.store.ids import LOCAL_BITS, Spelling, uuid_text
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

    def __init__(self, database: Database, clock: Clock, policies: Policies) -> None:
        self._database = database
        self._clock = clock
        self._policies = policies
        self._news = GroupNews(clock)

    def plan(
        self, project: Project, incoming: list[Event], check_ins: dict[int, CheckIn] | None = None, *, dialect: str
    ) -> tuple[Callable[..., list[Receipt]], tuple[Any, ...]]:
        """What stores events of a project in one transaction, all or none: a function for the writer and its arguments.

        They are redacted first, by the rules as they stand then, where the project's rules cover the dialect.

        ``check_ins`` says, by index, which of them move a monitor and how. The outcome is a receipt for each, in
        their order. An event whose identity (its uuid; a span's trace and own id) is known is not stored again;
        Conflict, with the index, is raised where a uuid belongs to an event and a span.
        """
        horizon = project.horizon_ms(self._clock.now_ms())
        function = self._store_redacted if dialect in project.redact_dialects else self.store
        return function, (project.number, horizon, incoming, check_ins or {})

    def plan_lines(
        self, project: Project, incoming: list[Event], *, dialect: str
    ) -> tuple[Callable[..., int], tuple[Any, ...]]:
        """As plan(), for logs and errors in any number that have no identities and move no monitors.

        They count towards the project's quota; the outcome is by how much: the bytes of their records' JSON.
        QuotaExceeded is raised, and nothing stored, where that is more than is left.
        """
        horizon = project.horizon_ms(self._clock.now_ms())
        function = self._store_lines_redacted if dialect in project.redact_dialects else self._store_lines
        return function, (project.number, horizon, incoming)

    async def accept(
        self,
        project: Project,
        incoming: list[Event],
        check_ins: dict[int, CheckIn] | None = None,
        *,
        size: int,
        dialect: str = "logister",
    ) -> list[Receipt]:
        """Store events of a project as planned; ``size`` is what they take in memory, in bytes."""
        function, arguments = self.plan(project, incoming, check_ins, dialect=dialect)
        return await self._database.write(function, *arguments, rows=len(incoming), size=size)

    def _store_redacted(
        self, tx: WriteTx, project: int, horizon_ms: int, incoming: list[Event], check_ins: dict[int, CheckIn]
    ) -> list[Receipt]:
        policy = self._policies.of(tx, project)
        for event in incoming:
            redact_event(policy, event)
        said = {index: _redacted(check_in, incoming[index]) for index, check_in in check_ins.items()}
        return self.store(tx, project, horizon_ms, incoming, said)

    def store(
        self, tx: WriteTx, project: int, horizon_ms: int, incoming: list[Event], check_ins: dict[int, CheckIn]
    ) -> list[Receipt]:
        """Store events of a project's number in the transaction of the caller, as plan() says.

        What happened before ``horizon_ms``, or too far ahead of its receipt, is filed under its receipt, and what
        was received before ``horizon_ms`` under that: never where retention does not look any more.
        """
        spelling, batch, identities = self._database.spelling, tx.batch, tx.batch.identities
        places = [places_of(project, event) for event in incoming]
        if len(incoming) > 1:
            identities.look_up(tx, [place for several in places for place in several])
        receipts: list[Receipt] = []
        for index, event in enumerate(incoming):
            known = _known(tx, project, places[index], event, index) if places[index] else None
            if known is not None:
                receipts.append(Receipt(known.id, _public_id(spelling, known), duplicate=True))
                continue
            ms = event.time // 1000
            if not horizon_ms <= ms <= event.received + FUTURE_TOLERANCE_MS:
                # What came with a claimed stream may have been received before what its project still keeps.
                ms = max(event.received, horizon_ms)
            event.id = batch.numbering.next_id(tx, project, ms)
            for place in places[index]:
                identities.claim(tx, place, event.id)
            public_id = _public_id(spelling, event)
            if event.type == "error":
                self._group(tx, project, event)
            elif index in check_ins:
                monitors.check_in(tx, project, event.id, check_ins[index], tx.now_ms, public_id=public_id)
            batch.append(tx, project, event, events.to_row(event))
            receipts.append(Receipt(event.id, public_id, duplicate=False))
        return receipts

    def _store_lines_redacted(self, tx: WriteTx, project: int, horizon_ms: int, incoming: list[Event]) -> int:
        policy = self._policies.of(tx, project)
        for event in incoming:
            redact_event(policy.own() if event.vouched else policy, event)
            event.encoded = None
        return self._store_lines(tx, project, horizon_ms, incoming)

    def _store_lines(self, tx: WriteTx, project: int, horizon_ms: int, incoming: list[Event]) -> int:
        batch, used = tx.batch, 0
        next_id, append, to_row = batch.numbering.next_id, batch.append_plain, events.to_row
        for event in incoming:
            ms = event.time // 1000
            if not horizon_ms <= ms <= event.received + FUTURE_TOLERANCE_MS:
                ms = max(event.received, horizon_ms)
            event.id = next_id(tx, project, ms)
            if event.type == "error":
                self._group(tx, project, event)
            made = to_row(event)
            used += events.json_size(made[0])
            append(tx, project, event, made)
        quotas.charge(tx, project, used, tx.now_ms)
        return used

    def _group(self, tx: WriteTx, project: int, event: Event) -> None:
        """Count a numbered error into its group, and tell whoever wants to know if there is news of it."""
        event.error_group, news = groups.record(tx, project, event)
        if news is not None:
            public_id = _public_id(self._database.spelling, event)
            self._news.tell(tx, project, news, event.error_group, public_id=public_id, now_ms=tx.now_ms)

    @staticmethod
    def holds(tx: WriteTx, project: int, event: Event) -> bool:
        """Whether a project has an event of an identity that this one has, too."""
        return _known(tx, project, places_of(project, event), event, 0) is not None


def _redacted(said: CheckIn, event: Event) -> CheckIn:
    """A check-in by the names that its redacted event has."""
    context = event.context
    slug, release = context.get("check_in_slug"), context.get("release")
    return msgspec.structs.replace(
        said,
        slug=slug if isinstance(slug, str) else REDACTED,
        environment=event.environment(),
        release=release if isinstance(release, str) else None,
        duration_ms=None if _is_redacted(context.get("duration_ms")) else said.duration_ms,
    )


def _is_redacted(duration: Any) -> bool:
    """Whether what is left of a duration is neither a number nor its digits."""
    try:
        return isinstance(duration, str) and not isfinite(float(duration))
    except ValueError:
        return True


def _public_id(spelling: Spelling, event: Event) -> str:
    return uuid_text(event.uuid) if event.uuid is not None else spelling.uuid(event.id)


def _known(tx: WriteTx, project: int, places: list[int], event: Event, index: int) -> Event | None:
    """The stored or just accepted event that has one of the identities an event claims."""
    for place in places:
        for candidate in tx.batch.identities.candidates(tx, place):
            held = tx.batch.find(tx, candidate)
            if held is None or candidate >> LOCAL_BITS != project:
                continue
            if event.uuid is not None and held.uuid == event.uuid:
                if (held.type == "span") != (event.type == "span"):
                    raise Conflict("Uuid has already been used for another telemetry signal", index)
                return held
            if event.type == held.type and _own(event) is not None and _own(event) == _own(held):
                return held
    return None


def _own(event: Event) -> tuple[object, ...] | None:
    """What makes an event the same as another of its type, beside its uuid."""
    context = event.context
    if event.type == "span":
        return context["trace_id"], context["span_id"]
    if event.type == "audit" and "idempotency_key" in context:
        return (context["idempotency_key"],)
    return None
