"""Lines of logs that an agent ships into its project: stored as events, each once however often it is sent."""

from typing import Any

import msgspec

from logserver.api.bodies import UNREADABLE, body_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logfleet.agent_wire import Line, Shipment, Shipped
from logserver.contracts.logfleet.edge import landing_of
from logserver.contracts.logfleet.misfits import placed
from logserver.core import nesting
from logserver.core.faults import Conflict, Invalid, Malformed
from logserver.core.fleet import agents
from logserver.core.intake import Receipt
from logserver.core.projects import Project
from logserver.core.times import read_time
from logserver.store.events import Event
from logserver.store.writer import WriteTx

DIALECT = "logfleet"
BODY_BYTES = 8 * 1024 * 1024
"""Of a shipment, as it is sent and unpacked."""

LINE_BYTES = 256 * 1024
"""Of a message, and of the metadata beside it."""

METADATA_DEPTH = 16
METADATA_VALUES = 512
GIVEN = ("agent", "hostname", "source")
"""What an event has from its agent; where a line says the same of itself, it is kept as ``line_…``."""

_decode = msgspec.json.Decoder(Shipment).decode


class ShippingHandlers:
    """The handler of ``/api/v1/edge/agents/{id}/logs``, over a server's resources."""

    def __init__(self, resources: Resources) -> None:
        self._clock = resources.clock
        self._intake = resources.intake
        self._environment = resources.environment

    def ship(self, request: Request) -> Work:
        """POST /api/v1/edge/agents/{id}/logs: up to 1,000 lines, all or none."""
        raw = body_of(request, BODY_BYTES)
        events = events_of(_shipment(raw), self._clock.now_ms())

        def explain(error: Exception) -> Exception:
            if type(error) is Conflict:
                return Invalid([(f"logs[{error.index}].id", str(error))])
            return error

        project = landing_of(request)
        return Work(self._store, (request.params["id"], project, events), len(events), len(raw), _answer, explain)

    def _store(self, tx: WriteTx, agent_id: str, project: Project, events: list[Event]) -> list[Receipt]:
        agent = agents.acting(tx, agent_id, project)
        environment = agent.labels.get("environment") or self._environment
        for event in events:
            event.context.setdefault("environment", environment)
            event.context["agent"] = agent.name
            event.context["hostname"] = agent.hostname
        function, arguments = self._intake.plan(project, events, dialect=DIALECT)
        return function(tx, *arguments)


def events_of(shipment: Shipment, received_ms: int) -> list[Event]:
    """The events of a shipment, without what only its agent's entry says; raises Invalid with all that is wrong."""
    problems: list[tuple[str, str]] = []
    events = []
    for index, line in enumerate(shipment.logs):
        uuid = _uuid(line.id)
        time = read_time(line.timestamp) if line.timestamp is not None else None
        wrong = _problems(line, uuid, time)
        if wrong:
            problems += [(f"logs[{index}].{field}", message) for field, message in wrong]
            continue
        event = Event(
            type="log",
            level=(line.level or "").strip() or "info",
            message=line.message,
            context=_context(line),
            time=time if time is not None else received_ms * 1000,
            received=received_ms,
            timed_by_receipt=time is None,
            uuid=uuid,
        )
        events.append(event)
    if problems:
        raise Invalid(problems)
    return events


def _shipment(raw: bytes) -> Shipment:
    """The lines of a body; raises Malformed, and Invalid naming the first that has not the right form."""
    try:
        return _decode(raw)
    except msgspec.ValidationError as error:
        raise Invalid([placed(error)]) from None
    except UNREADABLE as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Malformed(f"the body is not valid JSON: {why}", "invalid_json") from None


def _problems(line: Line, uuid: bytes | None, time: int | None) -> list[tuple[str, str]]:
    problems = []
    if uuid is None:
        problems.append(("id", "Must be a UUID"))
    if line.timestamp is not None and time is None:
        problems.append(("timestamp", "Must be an ISO 8601 time, or epoch seconds or milliseconds"))
    if _exceeds(line.message):
        problems.append(("message", f"Must be at most {LINE_BYTES} bytes"))
    if line.metadata:
        excess = nesting.excess(line.metadata, levels=METADATA_DEPTH, most=METADATA_VALUES)
        if excess is None and len(msgspec.json.encode(line.metadata)) > LINE_BYTES:
            excess = f"Must be at most {LINE_BYTES} bytes of JSON"
        if excess is not None:
            problems.append(("metadata", excess))
    return problems


def _exceeds(text: str) -> bool:
    # A character has at most four bytes, so only long texts need to be encoded to be measured.
    return len(text) * 4 > LINE_BYTES and len(text.encode()) > LINE_BYTES


def _uuid(text: str) -> bytes | None:
    if len(text) != 36 or not text[8] == text[13] == text[18] == text[23] == "-":
        return None
    try:
        uuid = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return uuid if len(uuid) == 16 else None


def _context(line: Line) -> dict[str, Any]:
    context = line.metadata or {}
    for name in GIVEN:
        if name in context:
            own = context.pop(name)
            context.setdefault(f"line_{name}", own)
    environment = context.get("environment")
    if not isinstance(environment, str) or not environment.strip():
        context.pop("environment", None)
    context["source"] = line.source
    return context


def _answer(receipts: list[Receipt]) -> Reply:
    duplicates = sum(receipt.duplicate for receipt in receipts)
    return Reply(202, Shipped(len(receipts) - duplicates, duplicates))
