"""Error groups: occurrences of the same error under one title, with their history.

A group's id is computed from its project, the version of the grouping rule and the key, so an occurrence finds
its group in one statement, and a later rule makes groups of its own beside the old ones.
"""

from hashlib import blake2b
from typing import Literal, NamedTuple

import msgspec

from logserver.core.alerting.alarms import News
from logserver.core.errors.masking import mask, top_frame
from logserver.core.faults import NotFound
from logserver.store.events import Event
from logserver.store.ids import id_ms, uuid_text
from logserver.store.tx import Tx

RULE = 1
"""The grouping rule occurrences follow: the fingerprint, else the first non-blank line of the message."""

MASKED_RULE = 2
"""That of events which say so (``masked``): the fingerprint, by rule 1; else the type of the exception, its message
without numbers and ids, and the frame that raised it."""

Status = Literal["unresolved", "resolved", "ignored", "archived"]

_MAX_TITLE = 500
COLUMNS = (
    "id, project, rule, title, subtitle, level, environment, n, first_seen, last_seen, first_release, last_release,"
    " last_event, status, status_at, regressions, regressed_at, assignee, users"
)
"""Those of ``error_groups``, in the order of Group's fields."""

# Every right-hand side sees the row as it was.
_COUNT = """
    n = n + 1,
    first_release = CASE WHEN :at < first_seen THEN coalesce(:release, first_release)
        ELSE coalesce(first_release, :release) END,
    last_release = CASE WHEN :at >= last_seen THEN coalesce(:release, last_release)
        ELSE coalesce(last_release, :release) END,
    level = CASE WHEN :at >= last_seen THEN :level ELSE level END,
    environment = CASE WHEN :at >= last_seen THEN :environment ELSE environment END,
    last_event = CASE WHEN :at >= last_seen THEN :event ELSE last_event END,
    first_seen = min(first_seen, :at),
    last_seen = max(last_seen, :at)
"""
# Nearly all occurrences end with the first of these three. An occurrence after the closing reopens a resolved or
# archived group and counts a regression; an ignored one stays ignored and counts on.
_COUNT_ON = f"""
UPDATE error_groups SET {_COUNT}
WHERE id = :id AND NOT (status IN ('resolved', 'archived') AND :at > status_at)
"""
_BEGIN = """
INSERT INTO error_groups
    (id, project, rule, title, subtitle, level, environment, n, first_seen, last_seen, first_release, last_release,
     last_event)
VALUES (:id, :project, :rule, :title, :subtitle, :level, :environment, 1, :at, :at, :release, :release, :event)
ON CONFLICT DO NOTHING
"""
_COME_BACK = f"""
UPDATE error_groups SET {_COUNT},
    regressions = regressions + 1, regressed_at = :at, status_at = :at, status = 'unresolved'
WHERE id = :id
"""


class Recorded(NamedTuple):
    """The group an occurrence was counted into, and what is new about the group if anything is."""

    group: bytes
    news: News | None


class Group(msgspec.Struct, frozen=True):
    """An error group; times are Unix milliseconds."""

    id: bytes
    project: int
    rule: int
    title: str
    subtitle: str | None
    level: str
    environment: str
    n: int
    first_seen: int
    last_seen: int
    first_release: str | None
    last_release: str | None
    last_event: int
    status: Status
    status_at: int | None
    regressions: int
    regressed_at: int | None
    assignee: str | None
    """The e-mail address of who looks after it."""
    users: int
    """How many different users it affected, as far as its occurrences name them; at most occurrences.MOST_USERS."""

    @property
    def uuid(self) -> str:
        """The public id."""
        return uuid_text(self.id)


def without_class(title: str, subtitle: str | None) -> str:
    """A title without the class of the error, which many clients put before the message, with its package or not."""
    for name in filter(None, (subtitle, subtitle.rpartition(".")[2]) if subtitle else ()):
        if title == name:
            return ""
        if title.startswith(f"{name}: "):
            return title.removeprefix(f"{name}: ")
    return title


def title_of(message: str) -> str:
    """The first non-blank line of a message, at most 500 characters."""
    for line in message.splitlines():
        if line := line.strip():
            return line[:_MAX_TITLE]
    return ""


class Key(NamedTuple):
    """What the occurrences of a group have in common, by a version of the rule."""

    rule: int
    kind: str
    """fingerprint, masked, title or event."""
    text: str


def key_of(event: Event) -> Key:
    """The key of the group a numbered occurrence belongs to."""
    rule = _rule(event)
    if event.fingerprint:
        return Key(rule, "fingerprint", event.fingerprint)
    if rule == MASKED_RULE and (common := _common(event)):
        return Key(rule, "masked", common)
    if title := title_of(event.message):
        return Key(rule, "title", title)
    return Key(rule, "event", str(event.id))


def id_of(project: int, key: Key) -> bytes:
    """The 16 bytes of the group with a key, shaped as a UUID of version 8."""
    digest = blake2b(f"{key.rule}|{project}|{key.kind}|{key.text}".encode(), digest_size=16).digest()
    return shaped(digest)


def shaped(digest: bytes) -> bytes:
    """Sixteen bytes as a UUID of version 8."""
    number = int.from_bytes(digest, "big") & ~(0xF << 76) & ~(3 << 62) | 8 << 76 | 2 << 62
    return number.to_bytes(16, "big")


def _rule(event: Event) -> int:
    return MASKED_RULE if event.masked and not event.fingerprint else RULE


def _exception(event: Event) -> tuple[str, str, list[str]]:
    """Type, message and frames of an event's exception, as far as it says them."""
    exception = event.context.get("exception")
    if not isinstance(exception, dict):
        return "", "", []
    kind, message, frames = (exception.get(name) for name in ("class", "message", "backtrace"))
    return (
        kind if isinstance(kind, str) else "",
        message if isinstance(message, str) else "",
        [frame for frame in frames if isinstance(frame, str)] if isinstance(frames, list) else [],
    )


def _common(event: Event) -> str:
    """What an event has in common with others of its group, by rule 2; empty where it says nothing."""
    kind, message, frames = _exception(event)
    parts = (kind.strip(), mask(message.strip() or event.message.strip()), top_frame(frames, heading=kind.strip()))
    return msgspec.json.encode(parts).decode() if any(parts) else ""


def _values(project: int, key: bytes, event: Event) -> dict[str, object]:
    """What a numbered occurrence says of its group."""
    exception = event.context.get("exception")
    subtitle = event.context.get("exception_class")
    if isinstance(exception, dict):
        subtitle = exception.get("class") or exception.get("qualified_class") or exception.get("type")
    title = title_of(event.message)
    if not title and event.masked:
        kind, message, _ = _exception(event)
        title = title_of(message) or title_of(kind)
    release = event.context.get("release")
    return {
        "id": key,
        "project": project,
        "rule": _rule(event),
        "title": title or "(no message)",
        "subtitle": subtitle[:_MAX_TITLE] if isinstance(subtitle, str) else None,
        "level": event.level,
        "environment": event.environment(),
        "at": id_ms(event.id),
        "release": release if isinstance(release, str) else None,
        "event": event.id,
    }


def begin(tx: Tx, project: int, key: bytes, event: Event) -> None:
    """Make the group of a numbered occurrence as if it were the first; a group that is there is left as it is."""
    tx.execute(_BEGIN, _values(project, key, event))


def record(tx: Tx, project: int, event: Event) -> Recorded:
    """Count a numbered occurrence into its group, made if it is new."""
    key = id_of(project, key_of(event))
    values = _values(project, key, event)
    if tx.execute(_COUNT_ON, values).rowcount:
        return Recorded(key, None)
    if tx.execute(_BEGIN, values).rowcount:
        return Recorded(key, "new")
    tx.execute(_COME_BACK, values)
    return Recorded(key, "regressed")


def read(tx: Tx, key: bytes) -> Group:
    """The group of an id; raises NotFound."""
    row = tx.execute(f"SELECT {COLUMNS} FROM error_groups WHERE id = ?", (key,)).fetchone()
    if row is None:
        raise NotFound("there is no such error group")
    return Group(*row)


def count_by_status(tx: Tx) -> dict[str, int]:
    """How many groups of all projects have each status."""
    return dict(tx.execute("SELECT status, count(*) FROM error_groups GROUP BY status ORDER BY status"))


def set_status(tx: Tx, key: bytes, status: Status, now_ms: int) -> Group:
    """Resolve, ignore, archive or reopen a group, as of now."""
    tx.execute("UPDATE error_groups SET status = ?, status_at = ? WHERE id = ?", (status, now_ms, key))
    return read(tx, key)


def assign(tx: Tx, key: bytes, assignee: str | None) -> Group:
    """Say who looks after a group, or that nobody does."""
    tx.execute("UPDATE error_groups SET assignee = ? WHERE id = ?", (assignee, key))
    return read(tx, key)
