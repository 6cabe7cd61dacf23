"""Whether agents are there: heartbeats, and what it means when they stop.

The status of an agent is what its last heartbeat said, until it has been silent for three of them, 90 s. Time in
which the server itself did not listen (it was not running, its machine slept, its clock was set) counts as no
silence: after it every agent has 90 s again. A change to offline or error rings an alert, the way back resolves it.
"""

import logging
from typing import Any, Literal

import msgspec

from logserver.core.alerting import alarms
from logserver.core.clock import Clock
from logserver.core.fleet import agents
from logserver.core.fleet.agents import AHEAD_MS, SILENT_MS, Agent, Moment
from logserver.store.tx import Tx

logger = logging.getLogger("logserver.agents")

EVERY_SECONDS = 5
"""How often silent agents are looked for."""

_GAP_MS = 30_000
"""Passes that lie further apart than this, or in the wrong order, show that nobody was listening."""


class Heartbeat(msgspec.Struct, frozen=True):
    """What a heartbeat says."""

    status: Literal["online", "offline", "error"] = "online"
    version: str | None = None
    metrics: dict[str, Any] | None = None


class Presence:
    """Knows since when a server has been listening to its agents."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_ms = clock.now_ms()
        self._looked_ms: int | None = None

    def moment(self) -> Moment:
        """The present one, for agents.read and agents.page."""
        return Moment(self._clock.now_ms(), self._since_ms)

    def miss_overdue(self, tx: Tx, now_ms: int, limit: int = 100) -> bool:
        """One pass over agents that have been silent too long: each is offline; True while there are more."""
        if self._looked_ms is None or not 0 <= now_ms - self._looked_ms <= _GAP_MS:
            self._since_ms = now_ms
        self._looked_ms = now_ms
        if self._since_ms + SILENT_MS >= now_ms:
            return False
        rows = tx.execute(
            "SELECT uuid FROM agents WHERE status IN ('online', 'error')"
            " AND (last_heartbeat_at < ? OR last_heartbeat_at > ?) LIMIT ?",
            (now_ms - SILENT_MS, now_ms + AHEAD_MS, limit),
        ).fetchall()
        for (agent_id,) in rows:
            _become(tx, agents.read(tx, agent_id), "offline", now_ms)
        return len(rows) == limit


def beat(tx: Tx, agent: Agent, said: Heartbeat, now_ms: int) -> Agent:
    """Note the heartbeat of an agent that was just read with its told status; what it does not say stays.

    Returns it with the status that it has now.
    """
    metrics = msgspec.json.encode(said.metrics).decode() if said.metrics is not None else None
    tx.execute(
        "UPDATE agents SET last_heartbeat_at = ?, version = coalesce(?, version), metrics = coalesce(?, metrics)"
        " WHERE id = ?",
        (now_ms, said.version, metrics, agent.number),
    )
    if said.status != agent.status:
        _become(tx, agent, said.status, now_ms)
    return msgspec.structs.replace(agent, status=said.status)


def moved(tx: Tx, before: Agent, after: Agent, now_ms: int) -> None:
    """Let the alerts of an agent follow it to another name or project."""
    if (before.name, before.project) != (after.name, after.project):
        gone(tx, before, now_ms)
        alarms.agent_became(tx, after.project, after.name, after.status, now_ms)


def gone(tx: Tx, agent: Agent, now_ms: int) -> None:
    """Resolve what rang for an agent that nobody will hear of any more under its name."""
    alarms.agent_became(tx, agent.project, agent.name, "unknown", now_ms)


def _become(tx: Tx, agent: Agent, status: agents.Status, now_ms: int) -> None:
    tx.execute("UPDATE agents SET status = ? WHERE id = ?", (status, agent.number))
    alarms.agent_became(tx, agent.project, agent.name, status, now_ms)
    level = logging.INFO if status == "online" else logging.WARNING
    logger.log(level, "agent %s: %s, was %s", agent.name, status, agent.status)
