"""The audit trail as it is handed out: JSON lines that anybody can verify, and CSV for spreadsheets."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from logserver.contracts.logstitch.chain import stored_head
from logserver.contracts.logstitch.events import public_id, published
from logserver.contracts.logstitch.links import NO_HEAD, Head
from logserver.contracts.logstitch.stubs import Stub
from logserver.contracts.logstitch.verification import UNREADABLE, Link, parts
from logserver.core.projects import Project
from logserver.core.times import iso_text
from logserver.store import events
from logserver.store.events import Event
from logserver.store.ids import Spelling
from logserver.store.tx import Tx

FORMAT = "logserver-audit-1"
_HASH = (
    "content_hash is the SHA-256 of previous_hash in hex, a line feed, and the event as JSON by RFC 8785; the"
    " previous_hash of the first event is 64 zeros, of every other the content_hash, or the hash of a stub, before it"
)
_HEAD = "Ed25519 of 'logserver audit head 1', project, seq and hash, joined by line feeds"
_STUB = (
    "a stub stands for events that retention deleted; Ed25519 of 'logserver audit stub 1', project, first, last,"
    " before and hash, joined by line feeds; before is the hash it goes on from, hash that of its last event"
)
COLUMNS = (
    "id",
    "occurred_at",
    "received_at",
    "tenant_id",
    "actor_id",
    "actor_type",
    "actor_name",
    "actor_email",
    "action",
    "category",
    "target_type",
    "target_id",
    "target_name",
    "ip_address",
    "user_agent",
    "metadata",
    "changes",
    "content_hash",
    "seq",
)
"""The columns of CSV; metadata and changes are JSON."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a formula by."""

_encode = msgspec.json.Encoder().encode


class Period(NamedTuple):
    """Which events are handed out, by when they happened: Unix milliseconds, ``until_ms`` the first left out."""

    since_ms: int | None = None
    until_ms: int | None = None

    def holds(self, event: Event) -> bool:
        """Whether an event is among them."""
        ms = event.time / 1000
        return (self.since_ms is None or ms >= self.since_ms) and (self.until_ms is None or ms < self.until_ms)


ALWAYS = Period()


class _Entry(NamedTuple):
    """A link with the hash before it and its event; None of one that was deleted, or cannot be read any more."""

    link: Link
    before: bytes
    event: Event | None


def json_lines(
    tx: Tx, project: Project, spelling: Spelling, public_key: bytes, period: Period = ALWAYS
) -> Iterator[bytes]:
    """The lines of a project's trail in the order of its chain, and what is needed to verify them.

    First what the export is, then every event or stub, at last the signed head.
    """
    yield opening(project, public_key, period)
    for entry in _entries(tx, project.number, period):
        yield _line(entry, spelling)
    yield closing(tx, project)


def opening(project: Project, public_key: bytes, period: Period = ALWAYS) -> bytes:
    """The first line of JSON: what the export is."""
    first: dict[str, Any] = {
        "format": FORMAT,
        "project": project.uuid,
        "slug": project.slug,
        "public_key": public_key.hex(),
        "hash": _HASH,
        "head_signature": _HEAD,
        "stub_signature": _STUB,
    }
    if period != ALWAYS:
        first["partial"] = "only events that happened within these times; each line can be verified by itself"
        first["since"], first["until"] = (None if ms is None else iso_text(ms * 1000) for ms in period)
    return _encode(first) + b"\n"


def closing(tx: Tx, project: Project) -> bytes:
    """The last line of JSON: the signed head."""
    head, signature = stored_head(tx, project.number)
    return _encode({"head": {"seq": head.seq, "hash": head.hash.hex(), "signature": signature.hex()}}) + b"\n"


def lines_on(tx: Tx, project: Project, spelling: Spelling, after: Head, *, most: int) -> tuple[bytes, Head]:
    """The lines of JSON of up to ``most`` links or stubs after one, and the last of them: where to go on.

    Where that is ``after`` itself, there are no more. Each call may be on a snapshot of its own.
    """
    made, last = [], after
    for entry in islice(_entries(tx, project.number, ALWAYS, after), most):
        made.append(_line(entry, spelling))
        last = Head(entry.last, entry.hash) if isinstance(entry, Stub) else Head(entry.link.first, entry.link.hash)
    return b"".join(made), last


def _line(entry: "_Entry | Stub", spelling: Spelling) -> bytes:
    if isinstance(entry, Stub):
        stub = {"first": entry.first, "last": entry.last, "before": entry.before.hex()}
        line: Any = {"stub": stub | {"hash": entry.hash.hex(), "signature": entry.signature.hex()}}
    else:
        event = entry.event
        line = {
            "seq": entry.link.first,
            "previous_hash": entry.before.hex(),
            "content_hash": entry.link.hash.hex(),
            "event": published(event, public_id(event, spelling)) if event is not None else None,
        }
    return _encode(line) + b"\n"


def csv_lines(tx: Tx, project: Project, spelling: Spelling, period: Period = ALWAYS) -> Iterator[bytes]:
    """The events of a project's trail in the order of its chain, one a row, under the names of COLUMNS.

    A text that a spreadsheet would run as a formula has an apostrophe before it.
    """
    yield csv_row(COLUMNS)
    for entry in _entries(tx, project.number, period):
        if not isinstance(entry, Stub):
            event = entry.event
            said = published(event, public_id(event, spelling)) if event is not None else {}
            yield csv_row(cells(said, entry.link.hash.hex(), entry.link.first))


def csv_row(values: Iterable[Any]) -> bytes:
    """A row of CSV, with nothing in it that a spreadsheet would run."""
    row: bytes = csv.writer(_Line()).writerow([_harmless(value) for value in values])
    return row


class _Line:
    """A file whose write hands back what was written."""

    def write(self, text: str) -> bytes:
        """The text as bytes."""
        return text.encode()


def _entries(tx: Tx, project: int, period: Period, after: Head = NO_HEAD) -> Iterator[_Entry | Stub]:
    before = after.hash
    for part in parts(tx, project, after.seq):
        if isinstance(part, Stub):
            yield part
        else:
            event = _event(part)
            if event is None or period.holds(event):
                yield _Entry(part, before, event)
        before = part.hash


def _event(link: Link) -> Event | None:
    try:
        return events.from_row(link.row) if link.row is not None else None
    except UNREADABLE:
        return None


def cells(said: dict[str, Any], hash_: str, seq: int | None) -> list[Any]:
    """The values of COLUMNS of what is published of an event; all but the last two empty where that is nothing."""
    actor, target, around = (_object(said.get(name)) for name in ("actor", "target", "context"))
    return [
        *(said.get(name) for name in ("id", "occurred_at", "received_at", "tenant_id")),
        *(actor.get(name) for name in ("id", "type", "name", "email")),
        *(said.get(name) for name in ("action", "category")),
        *(target.get(name) for name in ("type", "id", "name")),
        *(around.get(name) for name in ("ip_address", "user_agent")),
        *(_encode(said[name]).decode() if name in said else "" for name in ("metadata", "changes")),
        hash_,
        seq,
    ]


def _object(value: Any) -> dict[str, Any]:
    """An object, also where redaction has put a text in its place."""
    return value if isinstance(value, dict) else {}


def _harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
