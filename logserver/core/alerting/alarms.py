"""Alerts that no count leads to: monitors that miss or fail, agents that are silent, error groups that are new."""

import logging
from typing import Literal

from logserver.core import projects
from logserver.core.alerting import alert_rules, alerts
from logserver.core.alerting.alerts import Alert
from logserver.core.clock import Clock
from logserver.core.faults import TooMany
from logserver.core.limits import Windows
from logserver.store.ids import uuid_text
from logserver.store.tx import Tx

logger = logging.getLogger("logserver.alerts")

NEWS_PER_MINUTE = 30
"""How many alerts of new error groups a project may raise in a minute, and how many of groups that came back."""

News = Literal["new", "regressed"]

_NEWS_RULES: dict[News, str] = {"new": alert_rules.GROUP_NEW, "regressed": alert_rules.GROUP_REGRESSED}
_MONITOR_RULES = {"missed": alert_rules.MONITOR_MISSED, "error": alert_rules.MONITOR_FAILED}
_AGENT_RULES = {"offline": alert_rules.AGENT_OFFLINE, "error": alert_rules.AGENT_ERROR}


def monitor_became(
    tx: Tx, project: int, monitor: str, state: str, now_ms: int, *, public_id: str | None = None
) -> None:
    """Ring for a monitor that was just found missed or failed; resolve what rang for one that is ok or paused.

    ``monitor`` is how it is called, ``public_id`` the check-in that failed.
    """
    if (rule_id := _MONITOR_RULES.get(state)) is not None:
        _raise(tx, project, rule_id, monitor, event_ids=[public_id] if public_id else [], now_ms=now_ms)
    else:
        for rule_id in _MONITOR_RULES.values():
            alerts.resolve(tx, project, rule_id, monitor, now_ms)


def agent_became(tx: Tx, project: int, agent: str, status: str, now_ms: int) -> None:
    """Ring for an agent that just became offline or says that it is in error; resolve what rang for another status."""
    for became, rule_id in _AGENT_RULES.items():
        if became == status:
            _raise(tx, project, rule_id, agent, event_ids=[], now_ms=now_ms)
        else:
            alerts.resolve(tx, project, rule_id, agent, now_ms)


class GroupNews:
    """Raises the alerts of error groups; it belongs to the writer's thread.

    No more than 30 of new ones, and 30 of those that came back, in a minute for each project: a million errors
    that are all different must not become a million alerts. What is left out is logged once a minute.
    """

    def __init__(self, clock: Clock) -> None:
        self._windows = Windows(clock)
        self._said: dict[tuple[int, News], int] = {}

    def tell(self, tx: Tx, project: int, news: News, group: bytes, *, public_id: str, now_ms: int) -> None:
        """Raise the alert of a group that is new or has come back with an occurrence."""
        key = (project, news)
        try:
            self._windows.require_room(key, limit=NEWS_PER_MINUTE, seconds=60)
        except TooMany as full:
            if self._said.get(key) != full.reset_at:
                self._said[key] = full.reset_at
                logger.warning(
                    "project %d has more than %d error groups in a minute that are %s; alerts of more are left out",
                    project,
                    NEWS_PER_MINUTE,
                    news,
                )
            return
        if _raise(tx, project, _NEWS_RULES[news], uuid_text(group), event_ids=[public_id], now_ms=now_ms):
            self._windows.take(key, limit=NEWS_PER_MINUTE, seconds=60)


def _raise(tx: Tx, project: int, rule_id: str, group_key: str, *, event_ids: list[str], now_ms: int) -> Alert | None:
    """Ring, unless the rule is off or rests for the group, or the project is the server's own."""
    rule = alert_rules.read(tx, project, rule_id)
    if (
        not rule.enabled
        or projects.by_number(tx, project).system
        or alerts.rests_until(tx, project, rule, group_key, now_ms) is not None
    ):
        return None
    return alerts.ring(tx, project, rule, group_key, event_count=1, event_ids=event_ids, now_ms=now_ms)
