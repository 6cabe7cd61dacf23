"""Alert rules: when so many events of one actor or tenant within a time are worth waking somebody.

Six are built in for audit events, two each for monitors, error groups and edge agents; the rest are the project's
own. A built-in one is stored only where a project departs from its defaults.
"""

import uuid
from typing import Any, Literal

import msgspec

from logserver.core import projects
from logserver.core.alerting import alert_bounds
from logserver.core.faults import Conflict, NotFound
from logserver.store.tx import Tx

MOST_CUSTOM = 500
"""How many rules of its own a project may have."""

Type = Literal["builtin", "custom", "monitor", "error_group", "agent"]

_COLUMNS = (
    "uuid, name, action_pattern, threshold, window_seconds, group_by, severity, enabled, cooldown_seconds, created_at"
)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it was when it was read."""

    id: str
    """A UUID, or ``builtin_`` and the name."""
    type: Type
    name: str
    action_pattern: str
    """A glob over the action (store/globs.py)."""
    threshold: int
    window_seconds: int
    group_by: str
    """``actor_id`` or ``tenant_id``; ``monitor``, ``error_group`` and ``agent`` for rules of these types."""
    severity: str
    enabled: bool
    cooldown_seconds: int
    created_at: int | None = None
    """Unix milliseconds; None for what is built in."""


def _builtin(name: str, pattern: str, threshold: int, window: int, *group: str, **values: Any) -> Rule:
    by, severity = group
    return Rule(
        id=f"builtin_{name}",
        name=name,
        action_pattern=pattern,
        threshold=threshold,
        window_seconds=window,
        group_by=by,
        severity=severity,
        **{"type": "builtin", "enabled": True, "cooldown_seconds": 3_600, **values},
    )


IP_CHANGE = "builtin_suspicious_ip_change"
"""The rule that counts distinct addresses instead of events."""
MONITOR_MISSED = "builtin_monitor_missed"
MONITOR_FAILED = "builtin_monitor_failed"
GROUP_NEW = "builtin_error_group_new"
GROUP_REGRESSED = "builtin_error_group_regressed"
AGENT_OFFLINE = "builtin_agent_offline"
AGENT_ERROR = "builtin_agent_error"

BUILTINS = {
    rule.id: rule
    for rule in (
        _builtin("auth_brute_force", "auth.failed*", 5, 300, "actor_id", "high"),
        _builtin("privilege_escalation_burst", "*.role.updated", 3, 600, "actor_id", "critical"),
        _builtin("rapid_api_key_creation", "*.api_key.created", 3, 300, "actor_id", "medium"),
        _builtin("bulk_data_export", "*.exported", 5, 600, "actor_id", "medium"),
        _builtin("account_deletion_spike", "*.deleted", 5, 600, "tenant_id", "high"),
        _builtin("suspicious_ip_change", "*", 3, 1_800, "actor_id", "medium", enabled=False),
        _builtin("monitor_missed", "*", 1, 60, "monitor", "high", type="monitor", cooldown_seconds=0),
        _builtin("monitor_failed", "*", 1, 60, "monitor", "high", type="monitor", cooldown_seconds=0),
        _builtin("error_group_new", "*", 1, 60, "error_group", "medium", type="error_group"),
        _builtin("error_group_regressed", "*", 1, 60, "error_group", "high", type="error_group"),
        _builtin("agent_offline", "*", 1, 60, "agent", "high", type="agent", cooldown_seconds=0),
        _builtin("agent_error", "*", 1, 60, "agent", "medium", type="agent", cooldown_seconds=0),
    )
}


def every(tx: Tx, project: int) -> list[Rule]:
    """A project's rules: what is built in, in its fixed order, then its own by creation."""
    stored = {
        f"builtin_{name}": (bool(enabled), cooldown)
        for name, enabled, cooldown in tx.execute(
            "SELECT name, enabled, cooldown_seconds FROM alert_builtins WHERE project = ?", (project,)
        )
    }
    built_in = [_departed(rule, stored.get(rule.id)) for rule in BUILTINS.values()]
    rows = tx.execute(f"SELECT {_COLUMNS} FROM alert_rules WHERE project = ? ORDER BY id", (project,))
    return [*built_in, *(_rule(row) for row in rows)]


def read(tx: Tx, project: int, rule_id: str) -> Rule:
    """A rule of a project; raises NotFound."""
    if rule_id in BUILTINS:
        row = tx.execute(
            "SELECT enabled, cooldown_seconds FROM alert_builtins WHERE project = ? AND name = ?",
            (project, BUILTINS[rule_id].name),
        ).fetchone()
        return _departed(BUILTINS[rule_id], (bool(row[0]), row[1]) if row else None)
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM alert_rules WHERE uuid = ? AND project = ?", (rule_id, project)
    ).fetchone()
    if row is None:
        raise NotFound("there is no such alert rule")
    return _rule(row)


def owner(tx: Tx, rule_id: str) -> int | None:
    """The project of a rule, None for a built-in one, which every project has; raises NotFound."""
    if rule_id in BUILTINS:
        return None
    row = tx.execute("SELECT project FROM alert_rules WHERE uuid = ?", (rule_id,)).fetchone()
    if row is None:
        raise NotFound("there is no such alert rule")
    return int(row[0])


def create(
    tx: Tx,
    project: int,
    *,
    name: str,
    action_pattern: str,
    threshold: int,
    window_seconds: int,
    group_by: str,
    severity: str,
    enabled: bool = True,
    cooldown_seconds: int = 3_600,
    now_ms: int,
) -> Rule:
    """Make a rule of a project's own.

    Raises Invalid with every field that breaks its rule, Conflict when the project has 500 of them.
    """
    values = {
        "name": name,
        "action_pattern": action_pattern,
        "threshold": threshold,
        "window_seconds": window_seconds,
        "group_by": group_by,
        "severity": severity,
        "enabled": enabled,
        "cooldown_seconds": cooldown_seconds,
    }
    alert_bounds.check(values)
    (n,) = tx.execute("SELECT count(*) FROM alert_rules WHERE project = ?", (project,)).fetchone()
    if n >= MOST_CUSTOM:
        raise Conflict(f"a project may have {MOST_CUSTOM} alert rules of its own")
    rule_id = str(uuid.uuid4())
    tx.execute(
        f"INSERT INTO alert_rules (project, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (project, rule_id, *values.values(), now_ms),
    )
    projects.changed(tx)
    return read(tx, project, rule_id)


def change(
    tx: Tx,
    project: int,
    rule_id: str,
    *,
    name: str | None = None,
    action_pattern: str | None = None,
    threshold: int | None = None,
    window_seconds: int | None = None,
    group_by: str | None = None,
    severity: str | None = None,
    enabled: bool | None = None,
    cooldown_seconds: int | None = None,
) -> Rule:
    """Change a rule; what is None stays.

    Raises NotFound, and Invalid with every field that breaks its rule; of a built-in rule only ``enabled`` and
    ``cooldown_seconds`` can be changed.
    """
    rule = read(tx, project, rule_id)
    asked = {
        "name": name,
        "action_pattern": action_pattern,
        "threshold": threshold,
        "window_seconds": window_seconds,
        "group_by": group_by,
        "severity": severity,
        "enabled": enabled,
        "cooldown_seconds": cooldown_seconds,
    }
    values = {field: value for field, value in asked.items() if value is not None}
    fixed = [] if rule.type == "custom" else [field for field in values if field not in {"enabled", "cooldown_seconds"}]
    alert_bounds.check(values, [(field, "cannot be changed in a built-in rule") for field in fixed])
    if rule.type == "custom":
        for field, value in values.items():
            tx.execute(f"UPDATE alert_rules SET {field} = ? WHERE uuid = ?", (value, rule_id))
    else:
        now = {"enabled": rule.enabled, "cooldown_seconds": rule.cooldown_seconds, **values}
        tx.execute(
            "INSERT INTO alert_builtins (project, name, enabled, cooldown_seconds) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET enabled = excluded.enabled, cooldown_seconds = excluded.cooldown_seconds",
            (project, rule.name, now["enabled"], now["cooldown_seconds"]),
        )
    projects.changed(tx)
    return read(tx, project, rule_id)


def delete(tx: Tx, project: int, rule_id: str) -> None:
    """Delete a rule of a project's own; its alerts stay. Raises NotFound, and Conflict for a built-in one."""
    if read(tx, project, rule_id).type != "custom":
        raise Conflict("a built-in rule cannot be deleted, only disabled")
    tx.execute("DELETE FROM alert_rules WHERE uuid = ?", (rule_id,))
    projects.changed(tx)


def _departed(rule: Rule, stored: tuple[bool, int] | None) -> Rule:
    if stored is None:
        return rule
    return msgspec.structs.replace(rule, enabled=stored[0], cooldown_seconds=stored[1])


def _rule(row: tuple[Any, ...]) -> Rule:
    values = dict(zip(Rule.__struct_fields__[:1] + Rule.__struct_fields__[2:], row, strict=True))
    return Rule(type="custom", **{**values, "enabled": bool(values["enabled"])})
