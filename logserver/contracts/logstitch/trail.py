"""What storing audit events means: redacted, stored, chained and judged, in one transaction."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from logserver.contracts.logstitch import kinds
from logserver.contracts.logstitch.chain import Chain, Entry
from logserver.contracts.logstitch.events import MATCHED, Draft, event_of, matched, public_id, published, redacted
from logserver.core.alerting.alert_engine import Engine
from logserver.core.alerting.sliding import Occurrence
from logserver.core.faults import Conflict, Invalid
from logserver.core.intake import Intake
from logserver.core.projects import Project
from logserver.core.redaction.engine import Policies, Policy
from logserver.store import events
from logserver.store.database import Database
from logserver.store.events import Event
from logserver.store.ids import EPOCH_MS
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx


class Stored(NamedTuple):
    """The answer for some events: the public id of each, and how many values were redacted in those stored now."""

    ids: list[str]
    redacted_count: int


class Trail:
    """The audit trails of all projects. Its functions run in the writer."""

    def __init__(self, database: Database, intake: Intake, policies: Policies, chain: Chain, engine: Engine) -> None:
        self._database = database
        self._intake = intake
        self.policies = policies
        self._chain = chain
        self._engine = engine

    def store(self, tx: WriteTx, project: Project, drafts: list[Draft], received_ms: int) -> Stored:
        """Store events of a project, all or none, and judge its alert rules.

        Raises Conflict for an archived project, and Invalid where a rule of redaction that is on matches an
        identifier, which cannot be redacted without becoming another one.
        """
        require_open(project)
        policy = self.policies.of(tx, project.number)
        made, counts = read_redacted(policy, drafts, received_ms)
        ids, fresh = self._put(tx, project, made, received_ms)
        before, after = self._chain.link(
            tx,
            project.number,
            project.uuid,
            [Entry(event.id, published(event, ids[index]), received_ms) for index, event in fresh],
        )
        if fresh:
            self._engine.judge(
                tx,
                project.number,
                [occurrence(event, ids[index], received_ms) for index, event in fresh],
                before=before.hash if before.seq else None,
                after=after.hash,
                recent=self._recent,
            )
        return Stored(ids, sum(counts[index] for index, _ in fresh))

    def retire(self, tx: Tx, project: int, event_ids: list[int]) -> None:
        """Leave in the chain what stands for events that are about to be deleted (core.retention.Retire)."""
        marks = ", ".join("?" * len(event_ids))
        rows = tx.execute(f"SELECT {events.COLUMNS} FROM events WHERE id IN ({marks})", event_ids)
        found = map(events.from_row, rows)
        spelling = self._database.spelling
        self._chain.retire(tx, project, {event.id: published(event, public_id(event, spelling)) for event in found})

    def claim(self, tx: WriteTx, project: Project, claimed: Iterable[Event]) -> int:
        """Take over the events of a stream, which bring their public ids (uuid); how many they were.

        The project's rules of redaction run on them; no alert is raised. Where an idempotency key is taken in the
        project already, or one of the rules matches it, the event is kept and its key dropped. Raises Conflict for
        an archived project, and Invalid, with the event's place in the stream, where a rule matches a tenant_id.
        """
        require_open(project)
        policy = self.policies.of(tx, project.number)
        made = [self._claimable(tx, policy, project, event) for event in claimed]
        if problems := [
            (f"events.{index}.tenant_id", MATCHED)
            for index, event in enumerate(made)
            if policy.matches(event.context["tenant_id"])
        ]:
            raise Invalid(problems)
        ids, fresh = self._put(tx, project, made, tx.now_ms)
        entries = [Entry(event.id, published(event, ids[index]), None) for index, event in fresh]
        self._chain.link(tx, project.number, project.uuid, entries)
        return len(fresh)

    def _claimable(self, tx: WriteTx, policy: Policy, project: Project, event: Event) -> Event:
        context = dict(event.context)
        found_before = context.pop("redactions", [])
        key = context.get("idempotency_key")
        if key is not None and (policy.matches(key) or self._intake.holds(tx, project.number, event)):
            del context["idempotency_key"]
        found = redacted(policy, context)
        event.context = found.value
        found_now = [{"field": field, "rule_id": rule_id} for field, rule_id in found.matches]
        if redactions := [*found_before, *(each for each in found_now if each not in found_before)]:
            event.context["redactions"] = redactions
        return event

    def _put(
        self, tx: WriteTx, project: Project, made: list[Event], now_ms: int
    ) -> tuple[list[str], list[tuple[int, Event]]]:
        """Store events; the public id of each, and with their index those that had not been stored before."""
        horizon = project.audit_horizon_ms(now_ms)
        receipts = self._intake.store(tx, project.number, EPOCH_MS if horizon is None else horizon, made, {})
        ids, fresh = [], []
        spelling = self._database.spelling
        for index, (event, receipt) in enumerate(zip(made, receipts, strict=True)):
            if receipt.duplicate:
                held = tx.batch.find(tx, receipt.id)
                ids.append(public_id(held or event, spelling))
                continue
            kinds.note(tx, project.number, event.context)
            ids.append(public_id(event, spelling))
            fresh.append((index, event))
        return ids, fresh

    def _recent(self, tx: Tx, project: int, since_ms: int) -> Iterator[Occurrence]:
        """What arrived in a project since a time, newest first, but for what came with claimed streams."""
        spelling = self._database.spelling
        links = tx.execute(
            "SELECT event, arrived FROM audit_links WHERE project = ? AND arrived IS NOT NULL ORDER BY seq DESC",
            (project,),
        )
        for event_id, arrived in links:
            if arrived < since_ms:
                break
            event = tx.batch.find(tx, event_id) if isinstance(tx, WriteTx) else events.read(tx, event_id)
            if event is not None:
                yield occurrence(event, public_id(event, spelling), arrived)


def require_open(project: Project) -> None:
    """Raise Conflict for a project that takes nothing in any more."""
    if project.archived_at is not None:
        raise Conflict("the project is archived")


def occurrence(event: Event, spelled: str, at_ms: int) -> Occurrence:
    """An audit event as the alert rules see it."""
    context = event.context
    actor, around = context["actor"], context.get("context")
    address = around.get("ip_address") if isinstance(around, dict) else None
    return Occurrence(
        at=at_ms,
        action=event.message,
        actor_id=_text(actor.get("id")) if isinstance(actor, dict) else "",
        tenant_id=context["tenant_id"],
        ip_address=address if isinstance(address, str) else None,
        event_id=event.id,
        public_id=spelled,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def read_redacted(policy: Policy, drafts: list[Draft], received_ms: int) -> tuple[list[Event], list[int]]:
    """The records of events with what must not be kept redacted, and how many values that were in each.

    Raises Invalid where a rule matches an identifier, which cannot be redacted without becoming another one.
    """
    made, counts = [], []
    problems: list[tuple[str, str]] = []
    for sent, time, prefix in drafts:
        problems += matched(policy, sent, prefix)
        found = redacted(policy, sent)
        made.append(event_of(found.value, found.matches, time, received_ms))
        counts.append(found.count)
    if problems:
        raise Invalid(problems)
    return made, counts
