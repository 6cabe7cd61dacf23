"""Metric configs: rules for the lines of some sources, and the agents they are for."""

import sqlite3
import uuid
from typing import Any

import msgspec

from logserver.core.faults import Conflict, Invalid, NotFound, Stale
from logserver.core.metrics.rules import MetricRule
from logserver.store.tx import Tx

MOST_CONFIGS = 200
MOST_RULES = 500
"""Rules of all configs together: what an agent may have to apply."""

MAX_NAME = 200
MAX_DESCRIPTION = 2_000
MAX_AGENTS = 1_000
"""Agents that a config may name."""

_COLUMNS = "uuid, name, description, log_source, enabled, agents, metrics, version, created_at, updated_at"


class Draft(msgspec.Struct, kw_only=True, frozen=True):
    """What somebody says of a config; checked by ``checks``, but for what only the store can tell."""

    name: str
    description: str = ""
    log_source: str = ""
    enabled: bool = True
    agent_ids: tuple[str, ...] | None = None
    """UUIDs of agents; None: all of them."""
    metrics: list[MetricRule]


class Config(Draft, kw_only=True, frozen=True):
    """A config as it was when it was read; times are Unix milliseconds."""

    id: str
    version: int
    created_at: int
    updated_at: int


def create(tx: Tx, draft: Draft, now_ms: int) -> Config:
    """Make a config. Raises Invalid for agents there are not, Conflict for a name that is taken or a full store."""
    _require_agents(tx, draft)
    _require_room(tx, draft, None)
    config_id = str(uuid.uuid4())
    values = (config_id, *_values(draft), 1, now_ms, now_ms)
    try:
        tx.execute(f"INSERT INTO metric_configs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    except sqlite3.IntegrityError as error:
        raise _taken() from error
    _grown(tx)
    return read(tx, config_id)


def replace(tx: Tx, config_id: str, draft: Draft, version: int, now_ms: int) -> Config:
    """Put something else in the place of the config of a version.

    Raises NotFound, Stale where another version is stored, and what ``create`` raises.
    """
    held = read(tx, config_id)
    if held.version != version:
        raise Stale(f"the config was changed: its version is {held.version}", held.version)
    _require_agents(tx, draft)
    _require_room(tx, draft, held.id)
    try:
        tx.execute(
            "UPDATE metric_configs SET name = ?, description = ?, log_source = ?, enabled = ?, agents = ?, metrics = ?,"
            " version = version + 1, updated_at = ? WHERE uuid = ?",
            (*_values(draft), now_ms, held.id),
        )
    except sqlite3.IntegrityError as error:
        raise _taken() from error
    _grown(tx)
    return read(tx, config_id)


def delete(tx: Tx, config_id: str) -> None:
    """Delete a config; raises NotFound. What it counted stays."""
    if not tx.execute("DELETE FROM metric_configs WHERE uuid = ?", (config_id.lower(),)).rowcount:
        raise NotFound("there is no such metric config")
    _grown(tx)


def read(tx: Tx, config_id: str) -> Config:
    """The config of a UUID; raises NotFound."""
    row = tx.execute(f"SELECT {_COLUMNS} FROM metric_configs WHERE uuid = ?", (config_id.lower(),)).fetchone()
    if row is None:
        raise NotFound("there is no such metric config")
    return _config(tx, row)


def page(tx: Tx, offset: int, limit: int) -> tuple[list[Config], int]:
    """Some of the configs by creation, and how many there are."""
    rows = tx.execute(f"SELECT {_COLUMNS} FROM metric_configs ORDER BY id LIMIT ? OFFSET ?", (limit, offset))
    found = [_config(tx, row) for row in rows.fetchall()]
    return found, int(tx.execute("SELECT count(*) FROM metric_configs").fetchone()[0])


def for_agent(tx: Tx, agent_id: str) -> tuple[int, list[Config]]:
    """What an agent (UUID) is to apply: a number that grows with every change of any config, and the configs."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM metric_configs WHERE enabled AND (agents IS NULL OR EXISTS"
        " (SELECT 1 FROM json_each(agents) WHERE value = ?)) ORDER BY id",
        (agent_id,),
    )
    found = [_config(tx, row) for row in rows.fetchall()]
    return int(tx.execute("SELECT n FROM metric_config_version").fetchone()[0]), found


def descriptions(tx: Tx) -> dict[str, str]:
    """By name of metric what the rules say that it is; of several the first."""
    rows = tx.execute(
        "SELECT metric.value ->> 'name', metric.value ->> 'description' FROM metric_configs,"
        " json_each(metric_configs.metrics) AS metric ORDER BY metric_configs.id DESC, metric.key DESC"
    )
    return {name: text for name, text in rows if text}


def _values(draft: Draft) -> tuple[Any, ...]:
    agents = None
    if draft.agent_ids is not None:
        agents = msgspec.json.encode([agent_id.lower() for agent_id in dict.fromkeys(draft.agent_ids)]).decode()
    metrics = msgspec.json.encode(draft.metrics).decode()
    return draft.name, draft.description, draft.log_source, draft.enabled, agents, metrics


def _config(tx: Tx, row: tuple[Any, ...]) -> Config:
    config_id, name, description, source, enabled, agents, metrics, version, created_at, updated_at = row
    agent_ids = None
    if agents is not None:
        # Agents that were deleted since are not named any more.
        there = tx.execute("SELECT value FROM json_each(?) WHERE value IN (SELECT uuid FROM agents)", (agents,))
        agent_ids = tuple(agent_id for (agent_id,) in there)
    return Config(
        id=config_id,
        name=name,
        description=description,
        log_source=source,
        enabled=bool(enabled),
        agent_ids=agent_ids,
        metrics=msgspec.json.decode(metrics, type=list[MetricRule]),
        version=version,
        created_at=created_at,
        updated_at=updated_at,
    )


def _require_agents(tx: Tx, draft: Draft) -> None:
    if draft.agent_ids is None:
        return
    wanted = msgspec.json.encode(draft.agent_ids).decode()
    unknown = tx.execute(
        "SELECT key FROM json_each(?) WHERE lower(value) NOT IN (SELECT uuid FROM agents) ORDER BY key", (wanted,)
    ).fetchall()
    if unknown:
        raise Invalid([(f"agent_ids[{index}]", "there is no such agent") for (index,) in unknown])


def _require_room(tx: Tx, draft: Draft, replaced: str | None) -> None:
    configs, rules = tx.execute(
        "SELECT count(*), coalesce(sum(json_array_length(metrics)), 0) FROM metric_configs WHERE uuid IS NOT ?",
        (replaced,),
    ).fetchone()
    if configs >= MOST_CONFIGS:
        raise Conflict(f"there may be {MOST_CONFIGS} metric configs")
    if rules + len(draft.metrics) > MOST_RULES:
        raise Conflict(f"there may be {MOST_RULES} metrics in all configs together")


def _taken() -> Conflict:
    return Conflict("there is a metric config of this name already")


def _grown(tx: Tx) -> None:
    tx.execute("UPDATE metric_config_version SET n = n + 1")
