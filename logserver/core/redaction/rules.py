"""The redaction rules of a project: eight built-in ones, and those of its own."""

import uuid
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from logserver.core.faults import Conflict, NotFound
from logserver.core.projects import changed
from logserver.core.redaction import bounds
from logserver.core.redaction.behaviors import Behavior
from logserver.core.redaction.builtin import BUILTINS, BY_ID, Builtin
from logserver.store.tx import Tx

MAX_CUSTOM = 100
"""Rules of its own a project may have."""

_COLUMNS = "uuid, type, name, pattern, fields, behavior, enabled, created_at"


class Rule(msgspec.Struct, frozen=True):
    """A rule as it was when it was read."""

    id: str
    """``builtin_<name>``, or a UUID."""
    type: Literal["builtin", "pattern", "field_redact"]
    name: str
    pattern: str | None
    """RE2 syntax; None but for type pattern."""
    fields: tuple[str, ...]
    """Dot paths from the event's root, ``*`` for any one key or index; empty but for type field_redact."""
    behavior: Behavior
    enabled: bool
    created_at: int | None
    """Unix milliseconds; None for a built-in rule."""


def defaults() -> list[Rule]:
    """The built-in rules as they are where nobody has changed them."""
    return [_builtin(each, None) for each in BUILTINS]


def every(tx: Tx, project: int) -> list[Rule]:
    """A project's rules: the built-in ones in their order, then its own, oldest first."""
    return decoded(rows(tx, project))


def rows(tx: Tx, project: int) -> tuple[list[Any], list[Any]]:
    """What the tables say of a project's rules: equal for two transactions only if the rules are."""
    departed = tx.execute("SELECT name, behavior, enabled FROM redaction_builtins WHERE project = ?", (project,))
    own = tx.execute(f"SELECT {_COLUMNS} FROM redaction_rules WHERE project = ? ORDER BY id", (project,))
    return departed.fetchall(), own.fetchall()


def decoded(stored: tuple[Sequence[Any], Sequence[Any]]) -> list[Rule]:
    """The rules of rows()."""
    departed = {row[0]: row for row in stored[0]}
    return [_builtin(each, departed.get(each.name)) for each in BUILTINS] + [_custom(row) for row in stored[1]]


def read(tx: Tx, project: int, rule_id: str) -> Rule:
    """The rule of an id; raises NotFound."""
    if (known := BY_ID.get(rule_id)) is not None:
        return _builtin(
            known,
            tx.execute(
                "SELECT name, behavior, enabled FROM redaction_builtins WHERE project = ? AND name = ?",
                (project, known.name),
            ).fetchone(),
        )
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM redaction_rules WHERE project = ? AND uuid = ?", (project, rule_id)
    ).fetchone()
    if row is None:
        raise NotFound("there is no such redaction rule")
    return _custom(row)


def owner(tx: Tx, rule_id: str) -> int | None:
    """The project of a rule, None for a built-in one, which every project has; raises NotFound."""
    if rule_id in BY_ID:
        return None
    row = tx.execute("SELECT project FROM redaction_rules WHERE uuid = ?", (rule_id,)).fetchone()
    if row is None:
        raise NotFound("there is no such redaction rule")
    return int(row[0])


def create(
    tx: Tx,
    project: int,
    *,
    type: str,  # noqa: A002 - the name it has in every list of rules
    name: str,
    pattern: str | None,
    fields: Sequence[str] | None,
    behavior: str,
    enabled: bool,
    now_ms: int,
) -> Rule:
    """Make a rule of type pattern, with a pattern, or field_redact, with fields.

    Raises Invalid with every problem of the values, Conflict where the project has 100 rules of its own.
    """
    known = type in {"pattern", "field_redact"}
    bounds.check(
        type if known else None,
        [] if known else [("type", "must be pattern or field_redact")],
        name=name,
        behavior=behavior,
        pattern=(pattern or "") if type == "pattern" else pattern,
        fields=(fields or ()) if type == "field_redact" else fields or None,
    )
    if tx.execute("SELECT count(*) FROM redaction_rules WHERE project = ?", (project,)).fetchone()[0] >= MAX_CUSTOM:
        raise Conflict(f"a project has at most {MAX_CUSTOM} redaction rules of its own")
    rule_id = str(uuid.uuid4())
    tx.execute(
        f"INSERT INTO redaction_rules (project, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (project, rule_id, type, name, pattern, _json(fields or ()), behavior, enabled, now_ms),
    )
    changed(tx)
    return read(tx, project, rule_id)


def change(
    tx: Tx,
    project: int,
    rule_id: str,
    *,
    name: str | None = None,
    pattern: str | None = None,
    fields: Sequence[str] | None = None,
    behavior: str | None = None,
    enabled: bool | None = None,
) -> Rule:
    """Change a rule; what is None stays. Of a built-in rule only behavior and enabled can be changed.

    Raises NotFound, or Invalid with every problem of the values.
    """
    rule = read(tx, project, rule_id)
    given = {"name": name, "behavior": behavior, "pattern": pattern, "fields": fields}
    fixed = [field for field in ("name", "pattern", "fields") if given[field] is not None and rule.type == "builtin"]
    bounds.check(rule.type, [(field, "is not yours to change") for field in fixed], **given)
    _write(
        tx,
        project,
        msgspec.structs.replace(
            rule,
            name=rule.name if name is None else name,
            pattern=rule.pattern if pattern is None else pattern,
            fields=rule.fields if fields is None else tuple(fields),
            behavior=rule.behavior if behavior is None else behavior,
            enabled=rule.enabled if enabled is None else enabled,
        ),
    )
    return read(tx, project, rule_id)


def delete(tx: Tx, project: int, rule_id: str) -> None:
    """Delete a rule of the project's own; raises Conflict for a built-in one, NotFound."""
    if rule_id in BY_ID:
        raise Conflict("a built-in rule cannot be deleted; switch it off instead")
    read(tx, project, rule_id)
    tx.execute("DELETE FROM redaction_rules WHERE project = ? AND uuid = ?", (project, rule_id))
    changed(tx)


def _write(tx: Tx, project: int, rule: Rule) -> None:
    if known := BY_ID.get(rule.id):
        tx.execute(
            "INSERT INTO redaction_builtins (project, name, behavior, enabled) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET behavior = excluded.behavior, enabled = excluded.enabled",
            (project, known.name, rule.behavior, rule.enabled),
        )
    else:
        tx.execute(
            "UPDATE redaction_rules SET name = ?, pattern = ?, fields = ?, behavior = ?, enabled = ?"
            " WHERE project = ? AND uuid = ?",
            (rule.name, rule.pattern, _json(rule.fields), rule.behavior, rule.enabled, project, rule.id),
        )
    changed(tx)


def _builtin(each: Builtin, row: Sequence[Any] | None) -> Rule:
    if row is None:
        return Rule(each.id, "builtin", each.name, None, (), "replace", each.on, None)
    return Rule(each.id, "builtin", each.name, None, (), row[1], bool(row[2]), None)


def _custom(row: Sequence[Any]) -> Rule:
    rule_id, kind, name, pattern, fields, behavior, enabled, created_at = row
    paths = tuple(msgspec.json.decode(fields, type=list[str]))
    return Rule(rule_id, kind, name, pattern, paths, behavior, bool(enabled), created_at)


def _json(fields: Sequence[str]) -> str:
    return msgspec.json.encode(list(fields)).decode()
