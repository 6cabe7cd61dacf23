"""Error groups as they leave and arrive: how often, since when, and what people decided.

A group arrives after its events. What it says is added to what is there by taking the greater or the later of both,
so that it makes no difference how often it arrives.
"""

from logserver.core.errors import groups
from logserver.core.errors.groups import MASKED_RULE, RULE, Group, Key
from logserver.store import events
from logserver.store.ids import LOCAL_MASK, Spelling
from logserver.store.occurrences import known_users
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx
from logserver.transfer import records
from logserver.transfer.destination import Destination, Tally
from logserver.transfer.places import packed_id, spelled_id
from logserver.transfer.stored_events import group_here, raw_id

_SAME = (
    "title",
    "subtitle",
    "level",
    "environment",
    "n",
    "users",
    "first_seen",
    "last_seen",
    "first_release",
    "last_release",
    "status",
    "status_at",
    "regressions",
    "regressed_at",
    "assignee",
    "rule",
)
"""What a line and a stored group call the same."""


def leave(  # noqa: PLR0917 - where, what and how much
    tx: Tx, project: int, spelling: Spelling, after: bytes, period: tuple[int, int], most: int
) -> tuple[list[records.Group], bytes | None]:
    """The lines of groups that occurred in a period (Unix milliseconds), and the last id; None where there was none."""
    rows = tx.execute(
        f"SELECT {groups.COLUMNS} FROM error_groups WHERE id > ? AND project = ? AND last_seen >= ? AND first_seen < ?"
        " ORDER BY id LIMIT ?",
        (after, project, *period, most),
    )
    found = [Group(*row) for row in rows.fetchall()]
    return [_line(tx, group, spelling) for group in found], found[-1].id if found else None


def _line(tx: Tx, group: Group, spelling: Spelling) -> records.Group:
    key = _key(tx, group)
    return records.Group(
        id=group.uuid,
        key=(key.kind, key.text) if key is not None else None,
        last_event=spelled_id(tx, group.last_event, spelling),
        last_event_place=group.last_event & LOCAL_MASK,
        **{name: getattr(group, name) for name in _SAME},
    )


def _key(tx: Tx, group: Group) -> Key | None:
    """What the occurrences of a group have in common, as far as that can still be known."""
    candidates = [Key(RULE, "title", group.title)]
    event = events.read(tx, group.last_event)
    if event is not None and event.error_group == group.id:
        event.masked = group.rule == MASKED_RULE
        candidates.insert(0, groups.key_of(event))
    return next((key for key in candidates if groups.id_of(group.project, key) == group.id), None)


def arrive(tx: WriteTx, to: Destination, lines: list[records.Group]) -> Tally:
    """Put groups in, or add what they say to what is there."""
    tally = Tally()
    for line in lines:
        key = Key(line.rule, *line.key) if line.key is not None else None
        source = raw_id(line.id)
        if key is not None and groups.id_of(to.origin.number, key) != source:
            key = None
        here = group_here(to, source, key)
        row = tx.execute(f"SELECT {groups.COLUMNS} FROM error_groups WHERE id = ?", (here,)).fetchone()
        stored = Group(*row) if row is not None else None
        if stored is not None and stored.project != to.number:
            here = group_here(to, source, None)  # two projects that were given the same number in their stores
            stored = None
        last_event = packed_id(tx, to, line.last_event, line.last_event_place)
        values = _merged(tx, here, line, stored, last_event)
        if stored is not None and all(getattr(stored, name) == value for name, value in values.items()):
            tally.known += 1
            continue
        named = {"id": here, "project": to.number, **values}
        settled = ", ".join(f"{name} = excluded.{name}" for name in values)
        tx.execute(
            f"INSERT INTO error_groups ({', '.join(named)}) VALUES ({', '.join('?' * len(named))})"
            f" ON CONFLICT DO UPDATE SET {settled}",
            tuple(named.values()),
        )
        tally.new += 1
    return tally


def _merged(tx: Tx, here: bytes, line: records.Group, stored: Group | None, last_event: int) -> dict[str, object]:
    """The columns of a group that is there, or is not, and of what a line says of it."""
    values: dict[str, object] = {name: getattr(line, name) for name in _SAME} | {"last_event": last_event}
    if stored is None:
        return values
    (held,) = tx.execute(
        "SELECT coalesce(sum(n), 0) FROM group_hours WHERE project = ? AND error_group = ?", (stored.project, here)
    ).fetchone()
    values |= {
        "n": max(line.n, stored.n, held),
        "users": max(line.users, stored.users, known_users(tx, here)),
        "first_seen": min(line.first_seen, stored.first_seen),
        "last_seen": max(line.last_seen, stored.last_seen),
        "regressions": max(line.regressions, stored.regressions),
        "regressed_at": max((at for at in (line.regressed_at, stored.regressed_at) if at is not None), default=None),
        "assignee": stored.assignee or line.assignee,
        "rule": stored.rule,
    }
    if stored.first_seen < line.first_seen:
        values |= {name: getattr(stored, name) for name in ("title", "subtitle", "first_release")}
    if stored.last_seen > line.last_seen:
        values |= {name: getattr(stored, name) for name in ("level", "environment", "last_release", "last_event")}
    if (stored.status_at or 0) > (line.status_at or 0):
        values |= {name: getattr(stored, name) for name in ("status", "status_at")}
    return values
