"""A project itself: its settings and rules. Tokens, webhooks and members stay behind: they are secrets, or people's."""

import sqlite3
from typing import Any

import msgspec

from logserver.core import projects, quotas, tiers
from logserver.core.alerting import alert_bounds, alert_rules
from logserver.core.faults import Fault, NotFound
from logserver.core.projects import Project
from logserver.core.redaction import bounds
from logserver.core.redaction import rules as redaction_rules
from logserver.store.ids import MAX_PROJECT
from logserver.store.tx import Tx
from logserver.transfer import records
from logserver.transfer.destination import Origin, Refused, Tally

_NEAR = 100
"""How far beyond the numbers that are given a project may keep its own: numbers are few and never given twice."""

_ALERT_RULE = ", ".join(records.AlertRule.__struct_fields__)
_REDACTION_RULE = ", ".join(records.RedactionRule.__struct_fields__)
_COLUMNS = (
    "uuid, number, slug, name, created_at, retention_days, archived_at, audit_retention_days,"
    " rate_limit_requests, rate_limit_seconds, monthly_bytes"
)


def leave(tx: Tx, number: int) -> records.Project:
    """The line of a project."""
    *values, system, dialects = tx.execute(
        f"SELECT {_COLUMNS}, system, redact_dialects FROM projects WHERE number = ?", (number,)
    ).fetchone()
    redaction = tx.execute(f"SELECT {_REDACTION_RULE} FROM redaction_rules WHERE project = ? ORDER BY id", (number,))
    shown = tx.execute("SELECT name, fields FROM visibility_tiers WHERE project = ? ORDER BY name", (number,))
    return records.Project(
        **dict(zip(_COLUMNS.split(", "), values, strict=True)),
        system=bool(system),
        redact_dialects=msgspec.json.decode(dialects),
        tiers={name: msgspec.json.decode(fields) for name, fields in shown},
        redaction_rules=[
            _ruled(dict(zip(_REDACTION_RULE.split(", "), row, strict=True))) for row in redaction.fetchall()
        ],
        redaction_builtins=tx.execute(
            "SELECT name, behavior, enabled FROM redaction_builtins WHERE project = ? ORDER BY name", (number,)
        ).fetchall(),
        alert_rules=[
            records.AlertRule(*row)
            for row in tx.execute(f"SELECT {_ALERT_RULE} FROM alert_rules WHERE project = ? ORDER BY id", (number,))
        ],
        alert_builtins=tx.execute(
            "SELECT name, enabled, cooldown_seconds FROM alert_builtins WHERE project = ? ORDER BY name", (number,)
        ).fetchall(),
    )


def _ruled(row: dict[str, Any]) -> records.RedactionRule:
    return records.RedactionRule(**(row | {"fields": msgspec.json.decode(row["fields"])}))


def find(tx: Tx, origin: Origin, now_ms: int) -> Project | None:
    """The project that takes in what comes from another one; None where there is none yet.

    That is the same project, in this store or moved into it before; for a server's own project this server's own;
    or one of the same name, where that is wanted. Raises Refused where it is not.
    """
    if origin.system:
        return projects.ensure_own(tx, now_ms)
    for key in (origin.uuid, origin.slug):
        try:
            found = projects.by_slug(tx, key)
        except NotFound:
            continue
        if found.uuid != origin.uuid and not origin.merge:
            raise Refused(
                f"there is another project {origin.slug!r} already; with --merge what the file brings is put into it"
            )
        return found
    return None


def arrive(tx: Tx, line: records.Project, origin: Origin, now_ms: int) -> Tally:
    """Make a project with everything that is set in it. One that is there already keeps what is set in it.

    Raises Refused for settings that break their rules.
    """
    project = find(tx, origin, now_ms)
    if project is not None:
        # What retention has seen to is looked at again, because older events may come now.
        tx.execute("DELETE FROM sweeps WHERE project = ?", (project.number,))
        return Tally(known=1)
    try:
        made = _make(tx, line)
        _put_rules(tx, made, line)
    except (Fault, sqlite3.IntegrityError) as error:
        raise Refused(f"the settings of project {line.slug!r} are not to be used: {error}") from error
    projects.changed(tx)
    return Tally(new=1, made=[made.slug])


def _make(tx: Tx, line: records.Project) -> Project:
    made = projects.create(
        tx, slug=line.slug, name=line.name, now_ms=line.created_at, retention_days=line.retention_days
    )
    limited = (line.rate_limit_requests, line.rate_limit_seconds)
    projects.set_values(
        tx,
        made.slug,
        rate_limit=(limited[0], limited[1]) if limited[0] is not None and limited[1] is not None else None,
        audit_retention_days=line.audit_retention_days,
        redact_dialects=tuple(line.redact_dialects),
    )
    if line.monthly_bytes is not None:
        quotas.limit(tx, made.slug, line.monthly_bytes)
    taken = tx.execute("SELECT 1 FROM projects WHERE number = ?", (line.number,)).fetchone()
    keeps = not taken and 1 <= line.number <= min(made.number + _NEAR, MAX_PROJECT)
    tx.execute(
        "UPDATE projects SET uuid = ?, archived_at = ?, number = ? WHERE number = ?",
        (line.uuid, line.archived_at, line.number if keeps else made.number, made.number),
    )
    return projects.by_slug(tx, line.uuid)


def _put_rules(tx: Tx, project: Project, line: records.Project) -> None:
    number = project.number
    for name, fields in line.tiers.items():
        tiers.put(tx, project, name, fields)
    for redaction in line.redaction_rules:
        made = redaction_rules.create(
            tx,
            number,
            type=redaction.type,
            name=redaction.name,
            pattern=redaction.pattern,
            fields=redaction.fields,
            behavior=redaction.behavior,
            enabled=bool(redaction.enabled),
            now_ms=redaction.created_at,
        )
        _rename(tx, "redaction_rules", made.id, redaction.uuid)
    for name, behavior, enabled in line.redaction_builtins:
        bounds.check(None, behavior=behavior)
        tx.execute("INSERT INTO redaction_builtins VALUES (?, ?, ?, ?)", (number, name, behavior, bool(enabled)))
    for rule in line.alert_rules:
        values = {name: getattr(rule, name) for name in rule.__struct_fields__ if name not in {"uuid", "created_at"}}
        made_rule = alert_rules.create(tx, number, **(values | {"enabled": bool(rule.enabled)}), now_ms=rule.created_at)
        _rename(tx, "alert_rules", made_rule.id, rule.uuid)
    for name, enabled, cooldown in line.alert_builtins:
        alert_bounds.check({"cooldown_seconds": cooldown})
        tx.execute("INSERT INTO alert_builtins VALUES (?, ?, ?, ?)", (number, name, bool(enabled), cooldown))


def _rename(tx: Tx, table: str, made: str, wanted: str) -> None:
    """Give a rule the id it had, by which alerts and redacted values name it, unless another store's rule has it."""
    tx.execute(f"UPDATE OR IGNORE {table} SET uuid = ? WHERE uuid = ?", (wanted, made))
