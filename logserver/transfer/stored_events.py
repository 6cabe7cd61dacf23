"""Events as they leave and arrive: whole, under their public ids, filed under the times they were filed under.

An event of another store has no id here by which it could keep its public one; so that becomes its ``uuid``, which is
what its sender could have given it. One of this very store takes its old place again.
"""

from hashlib import blake2b

import msgspec

from logserver.core import nesting
from logserver.core.errors import groups
from logserver.core.errors.groups import Key
from logserver.core.faults import Conflict
from logserver.core.intake import Intake
from logserver.core.records import public_id
from logserver.store import events, identities, words
from logserver.store.events import Event, Row
from logserver.store.ids import LOCAL_BITS, LOCAL_MASK, Spelling, id_ms, ulid_bytes, uuid_text
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx
from logserver.transfer import records
from logserver.transfer.destination import Destination, Refused, Tally

AUDIT_PREFIX = "evt_"
_READ = f"SELECT {events.COLUMNS} FROM events WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
_GROUPS_REMEMBERED = 20_000
_LEVELS = 100
_KEYS = 100_000
"""More than any dialect takes, so that nothing is refused that a store holds."""

_SOONEST_US = -(10**17)
_LATEST_US = 10**17

_decode_context = msgspec.json.Decoder(dict[str, object]).decode


class Reading:
    """Reads events of a store; remembers by which rule the groups of errors were found."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self._rules: dict[bytes, int] = {}

    def leave(self, tx: Tx, after: int, through: int, most: int) -> tuple[list[records.Event], int | None]:
        """The lines of events between packed ids, and the last that was looked at; None where there was none."""
        rows = tx.execute(_READ, (after, through, most)).fetchall()
        return [self._line(tx, row) for row in rows if row[2] != "audit"], rows[-1][0] if rows else None

    def _line(self, tx: Tx, row: Row) -> records.Event:
        ms, group = id_ms(row[0]), row[11]
        return records.Event(
            id=self.spelled(row),
            legacy_id=row[0] & LOCAL_MASK,
            type=row[2],
            level=row[3],
            message=row[4],
            time=row[7] if row[7] is not None else ms * 1000,
            received=ms + row[6],
            context=msgspec.Raw(row[5].encode()),
            timed_by_receipt=row[8] is not None,
            fingerprint=row[10],
            group=uuid_text(group) if group is not None else None,
            rule=self._rule(tx, group) if group is not None else groups.RULE,
        )

    def spelled(self, row: Row) -> str:
        """The public id of a row that is no audit event."""
        return uuid_text(row[9] if row[9] is not None else self._spelling.raw(row[0]))

    def _rule(self, tx: Tx, group: bytes) -> int:
        known = self._rules.get(group)
        if known is None:
            row = tx.execute("SELECT rule FROM error_groups WHERE id = ?", (group,)).fetchone()
            known = int(row[0]) if row else groups.RULE
            if len(self._rules) >= _GROUPS_REMEMBERED:
                self._rules.clear()
            self._rules[group] = known
        return known


def arrive(tx: WriteTx, to: Destination, lines: list[records.Event]) -> Tally:
    """Store events that are not there yet, with everything that is counted of them. Nothing rings for them."""
    tally = Tally()
    horizon = to.project.horizon_ms(to.now_ms)
    made = [(line, _event(line)) for line in lines]
    batch = tx.batch
    batch.identities.look_up(tx, [place for _, event in made for place in identities.places_of(to.number, event)])
    for line, event in made:
        if id_ms(line.legacy_id) < horizon:
            tally.older[to.project.slug] = tally.older.get(to.project.slug, 0) + 1
            continue
        if known := is_known(tx, to, event, line.id):
            if known == "different":
                tally.differs(line.id)
            else:
                tally.known += 1
            continue
        number(tx, to, event, line.legacy_id)
        if event.type == "error":
            event.error_group = _group(tx, to, line, event)
        batch.append_moved(tx, to.number, event, events.to_row(event))
        tally.new += 1
    return tally


def _event(line: records.Event) -> Event:
    if line.type not in words.TYPES or line.type == "audit":
        raise Refused(f"event {line.id} has the type {line.type[:100]!r}, which no event has here")
    raw = raw_id(line.id)
    event = event_of(line, line.type, line.level, raw)
    event.fingerprint = line.fingerprint
    event.masked = line.rule == groups.MASKED_RULE
    if event.type == "span" and not {"trace_id", "span_id"} <= event.context.keys():
        raise Refused(f"span {line.id} names no trace or no span")
    return event


def event_of(line: records.Event | records.Audit, kind: str, level: str, raw: bytes) -> Event:
    """The event of a line under its public id; raises Refused for what no event can hold."""
    context = _decode_context(line.context)
    if (wrong := nesting.excess(context, levels=_LEVELS, most=_KEYS)) is not None:
        raise Refused(f"event {line.id}: {wrong}")
    # What SQLite cannot hold would be found only when the whole group of writes goes in, which must not fail.
    times = (line.time, line.received * 1_000)
    if not 0 <= line.legacy_id <= LOCAL_MASK or not all(_SOONEST_US <= at <= _LATEST_US for at in times):
        raise Refused(f"event {line.id} is of no time that can be kept")
    return Event(
        type=kind,
        level=level,
        message=line.message,
        context=context,
        time=line.time,
        received=line.received,
        timed_by_receipt=line.timed_by_receipt,
        uuid=raw,
        encoded=bytes(line.context),
    )


def raw_id(spelled: str) -> bytes:
    """The sixteen bytes of a public id; raises Refused."""
    raw = None
    if spelled.startswith(AUDIT_PREFIX):
        raw = ulid_bytes(spelled.removeprefix(AUDIT_PREFIX))
    elif len(spelled) == 36:
        try:
            raw = bytes.fromhex(spelled.replace("-", ""))
        except ValueError:
            raw = None
    if raw is None or len(raw) != 16:
        raise Refused(f"{spelled[:100]!r} is no id of an event")
    return raw


def is_known(tx: WriteTx, to: Destination, event: Event, spelled: str) -> str | None:
    """Whether an event is stored already: ``same``, or ``different`` where another one stands under its id.

    One that this store has spelled itself, and that is not there any more, is given its old place (``id``) again.
    """
    own = to.spelling.read(uuid_text(event.uuid)) if event.uuid is not None else None
    if own is not None and own >> LOCAL_BITS == to.number:
        held = tx.batch.find(tx, own)
        if held is not None and public_id(held, to.spelling) == spelled:
            return "same" if _says(held) == _says(event) else "different"
        if held is None and not tx.batch.gives(own):
            event.uuid, event.id = None, own
    try:
        return "same" if Intake.holds(tx, to.number, event) else None
    except Conflict:
        return "different"


def _says(event: Event) -> tuple[object, ...]:
    return event.type, event.level, event.message, event.context, event.time, event.received


def number(tx: WriteTx, to: Destination, event: Event, place: int) -> None:
    """Give an event that is not known the id under which it was filed (``place``, its legacy_id), or one next to it."""
    wanted = event.id or to.number << LOCAL_BITS | place
    free = tx.batch.numbering.nearest(tx, wanted)
    event.id = event.id or free
    for each in identities.places_of(to.number, event):
        tx.batch.identities.claim(tx, each, event.id)


def _group(tx: WriteTx, to: Destination, line: records.Event, event: Event) -> bytes:
    """The error group of a numbered error, made if it is not there; what counts for it comes with its own line."""
    source = raw_id(line.group) if line.group is not None else b""
    if line.group is not None and to.number == to.origin.number:
        group = source
    else:
        stored, event.id = event.id, to.origin.number << LOCAL_BITS | line.legacy_id
        key = groups.key_of(event)
        event.id = stored
        group = group_here(to, source, key if groups.id_of(to.origin.number, key) == source or not source else None)
    groups.begin(tx, to.number, group, event)
    return group


def group_here(to: Destination, source: bytes, key: Key | None) -> bytes:
    """The id that an error group of another project has in this one.

    Ids are made of the project's number and of what occurrences have in common, the key; where that is not known
    any more (None), the group gets an id that no new occurrence finds.
    """
    if to.number == to.origin.number:
        return source
    if key is not None:
        return groups.id_of(to.number, key)
    return groups.shaped(blake2b(b"moved|%d|" % to.number + source, digest_size=16).digest())
