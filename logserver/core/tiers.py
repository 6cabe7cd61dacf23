"""Visibility tiers: named sets of the fields of an audit event that a viewer token shows."""

import re

import msgspec

from logserver.core.faults import Invalid, NotFound
from logserver.core.projects import Project, changed
from logserver.store.tx import Tx

FIELDS = (
    "id",
    "action",
    "category",
    "actor",
    "tenant_id",
    "target",
    "context",
    "metadata",
    "changes",
    "idempotency_key",
    "redactions",
    "occurred_at",
    "received_at",
    "content_hash",
)
"""What an audit event is published with; its id is always shown."""

OBJECTS = ("actor", "target", "context", "metadata")
"""Fields that have fields of their own, which a tier may name one by one: ``actor.id``."""

MOST_FIELDS = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)
_LONGEST = 255


class Tier(msgspec.Struct, frozen=True):
    """A tier of a project, with the fields it shows."""

    name: str
    fields: tuple[str, ...]


def every(tx: Tx, project: Project) -> list[Tier]:
    """The tiers of a project by name."""
    rows = tx.execute("SELECT name, fields FROM visibility_tiers WHERE project = ? ORDER BY name", (project.number,))
    return [_tier(*row) for row in rows]


def read(tx: Tx, project: Project, name: str) -> Tier:
    """The tier of a name; raises NotFound."""
    row = tx.execute(
        "SELECT name, fields FROM visibility_tiers WHERE project = ? AND name = ?", (project.number, name)
    ).fetchone()
    if row is None:
        raise NotFound(f"project {project.slug} has no tier of this name")
    return _tier(*row)


def put(tx: Tx, project: Project, name: str, fields: list[str]) -> Tier:
    """Make a tier, or change what it shows, also to those who have a viewer token of it already.

    Raises Invalid for a name that is not 1 to 63 letters, digits, _ and -, and for what is no field: one of
    FIELDS, or of OBJECTS with a name behind a dot.
    """
    if not _NAME.fullmatch(name):
        raise Invalid([("tier", "must be 1 to 63 letters, digits, _ and -, and begin with a letter or a digit")])
    if not 1 <= len(fields) <= MOST_FIELDS:
        raise Invalid([("fields", f"must be 1 to {MOST_FIELDS} names")])
    if wrong := [field for field in fields if not _is_field(field)]:
        raise Invalid([("fields", f"{field[:_LONGEST]!r} is no field of an event") for field in wrong])
    tier = Tier(name, tuple(dict.fromkeys(fields)))
    tx.execute(
        "INSERT INTO visibility_tiers VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fields = excluded.fields",
        (project.number, name, msgspec.json.encode(tier.fields).decode()),
    )
    changed(tx)
    return tier


def remove(tx: Tx, project: Project, name: str) -> None:
    """Take a tier away, and with it every viewer token of it; raises NotFound."""
    read(tx, project, name)
    tx.execute("DELETE FROM visibility_tiers WHERE project = ? AND name = ?", (project.number, name))
    changed(tx)


def _is_field(field: str) -> bool:
    outer, dot, inner = field.partition(".")
    if not dot:
        return outer in FIELDS
    return outer in OBJECTS and 0 < len(inner) <= _LONGEST and "." not in inner and inner == inner.strip()


def _tier(name: str, fields: str) -> Tier:
    return Tier(name, msgspec.json.decode(fields, type=tuple[str, ...]))
