"""How alerts and their rules are called on pages, and where what they ring for is shown."""

from typing import NamedTuple

from logserver.core.alerting import alert_rules
from logserver.core.alerting.alert_rules import Rule
from logserver.core.alerting.alerts import Alert
from logserver.store.ids import ulid_bytes, uuid_text
from logserver.web.formats import duration
from logserver.web.visit import Visit

_EVT = "evt_"
_BUILTIN = {
    alert_rules.MONITOR_MISSED: "Monitor missed",
    alert_rules.MONITOR_FAILED: "Monitor failed",
    alert_rules.GROUP_NEW: "New error",
    alert_rules.GROUP_REGRESSED: "Error came back",
    alert_rules.AGENT_OFFLINE: "Agent offline",
    alert_rules.AGENT_ERROR: "Agent in trouble",
    alert_rules.IP_CHANGE: "Many addresses of one actor",
    "builtin_auth_brute_force": "Many failed sign-ins",
    "builtin_privilege_escalation_burst": "Many role changes",
    "builtin_rapid_api_key_creation": "Many new API keys",
    "builtin_bulk_data_export": "Many exports",
    "builtin_account_deletion_spike": "Many deletions",
}
_EACH = {
    alert_rules.MONITOR_MISSED: "A monitor did not check in when it should",
    alert_rules.MONITOR_FAILED: "A monitor checked in and said that its work failed",
    alert_rules.GROUP_NEW: "An error that was never seen before",
    alert_rules.GROUP_REGRESSED: "An error that was resolved or archived came back",
    alert_rules.AGENT_OFFLINE: "An agent has been silent for three heartbeats",
    alert_rules.AGENT_ERROR: "An agent says that it is in trouble",
}
_GROUPS = {
    "actor_id": "actor",
    "tenant_id": "tenant",
    "monitor": "monitor",
    "error_group": "error",
    "agent": "agent",
}


class Happened(NamedTuple):
    """An event that an alert counts, and the path of its page."""

    spelled: str
    path: str


def called(rule_id: str, name: str) -> str:
    """The name of a rule."""
    return _BUILTIN.get(rule_id, name)


def sentence(rule: Rule) -> str:
    """When a rule rings."""
    if rule.id in _EACH:
        return _EACH[rule.id]
    within = f"within {duration(rule.window_seconds * 1000)}"
    whose = f"by one {_GROUPS[rule.group_by]}" if rule.group_by == "actor_id" else "in one tenant"
    if rule.id == alert_rules.IP_CHANGE:
        return f"{rule.threshold:,} addresses {whose} {within}"
    events = "event" if rule.threshold == 1 else "events"
    return f"{rule.threshold:,} audit {events} {rule.action_pattern} {whose} {within}"


def group(alert: Alert) -> str:
    """What the group of an alert is one of."""
    return _GROUPS.get(alert.group_by, alert.group_by)


def place(visit: Visit, alert: Alert) -> str:
    """The page of what an alert rang for."""
    match alert.group_by:
        case "monitor":
            return visit.place("/monitors", q=alert.group_key.rpartition(" (")[0])
        case "error_group":
            return visit.place(f"/groups/{alert.group_key}")
        case "agent":
            return visit.url("/agents", q=alert.group_key)
        case by:
            return visit.place("/audit", **{by: alert.group_key})


def happened(visit: Visit, spelled: str) -> Happened:
    """An event by its public id, whichever way it is spelled."""
    raw = ulid_bytes(spelled.removeprefix(_EVT)) if spelled.startswith(_EVT) else None
    return Happened(spelled, visit.place(f"/events/{uuid_text(raw) if raw is not None else spelled}"))
