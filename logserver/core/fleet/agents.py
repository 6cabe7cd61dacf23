"""Edge agents: which there are, what is known of each, and the configuration that people keep for it."""

import sqlite3
import uuid
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from logserver.core.faults import Conflict, NotFound, Stale
from logserver.core.projects import Project
from logserver.store.tx import Tx

Status = Literal["online", "offline", "error", "unknown"]
STATUSES: tuple[Status, ...] = ("online", "offline", "error", "unknown")
"""As its last heartbeat said, but ``offline`` once three were missed; ``unknown`` until the first."""

SILENT_MS = 90_000
"""How long an agent may be silent: three heartbeats."""

AHEAD_MS = 30_000
"""How far a heartbeat may lie ahead of the clock, which may have been set back a little since."""

MOST = 10_000
"""How many agents a store has room for."""

_COLUMNS = (
    "a.id, a.uuid, a.name, a.hostname, a.version, {status}, a.labels, a.metrics, a.project, p.uuid, a.config,"
    " a.config_version, a.last_heartbeat_at, a.created_at, a.updated_at"
)
# A heartbeat from further ahead is of a clock that was wrong, and says nothing.
_STATUS_AT = (
    "CASE WHEN a.status IN ('online', 'error') AND"
    f" max(iif(a.last_heartbeat_at > :now + {AHEAD_MS}, 0, a.last_heartbeat_at), :since) + {SILENT_MS} < :now"
    " THEN 'offline' ELSE a.status END"
)
_FROM = " FROM agents a JOIN projects p ON p.number = a.project"
_SELECT = f"SELECT {_COLUMNS.format(status='a.status')}{_FROM}"
_SELECT_AT = f"SELECT {_COLUMNS.format(status=_STATUS_AT)}{_FROM}"

_labels = msgspec.json.Decoder(dict[str, str]).decode
_object = msgspec.json.Decoder(dict[str, Any]).decode


class Moment(NamedTuple):
    """When agents are looked at, and since when the server has listened to them; Unix milliseconds."""

    now_ms: int
    since_ms: int


class Agent(msgspec.Struct, frozen=True):
    """An agent as it was when it was read; times are Unix milliseconds."""

    number: int
    """The row's, used within the store only."""
    uuid: str
    name: str
    hostname: str
    version: str
    status: Status
    labels: dict[str, str]
    metrics: dict[str, Any]
    """What its last heartbeat measured of its machine."""
    project: int
    """The number of the project in which its data lands."""
    project_id: str
    """The UUID of that project."""
    config: dict[str, Any]
    config_version: int
    last_heartbeat_at: int | None
    created_at: int
    updated_at: int


def create(
    tx: Tx,
    *,
    name: str,
    project: Project,
    now_ms: int,
    hostname: str = "",
    version: str = "",
    labels: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
) -> Agent:
    """Make an agent that has not been heard of yet.

    Raises Conflict for a name that is taken, and while there are 10,000 agents.
    """
    (n,) = tx.execute("SELECT count(*) FROM agents").fetchone()
    if n >= MOST:
        raise Conflict(f"there are {MOST} agents; delete some of them")
    agent_id = str(uuid.uuid4())
    try:
        tx.execute(
            "INSERT INTO agents (uuid, name, hostname, version, status, labels, metrics, project, config,"
            " config_version, created_at, updated_at) VALUES (?, ?, ?, ?, 'unknown', ?, '{}', ?, ?, 1, ?, ?)",
            (agent_id, name, hostname, version, _text(labels), project.number, _text(config), now_ms, now_ms),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict("there is an agent of this name already") from error
    return read(tx, agent_id)


def read(tx: Tx, agent_id: str, at: Moment | None = None) -> Agent:
    """The agent of a UUID; raises NotFound.

    Its status is what it is ``at`` a moment; without one the last that was told, which lags a little behind.
    """
    if at is None:
        row = tx.execute(f"{_SELECT} WHERE a.uuid = ?", (agent_id.lower(),)).fetchone()
    else:
        given = {"id": agent_id.lower(), "now": at.now_ms, "since": at.since_ms}
        row = tx.execute(f"{_SELECT_AT} WHERE a.uuid = :id", given).fetchone()
    if row is None:
        raise NotFound("there is no such agent")
    return _agent(row)


def by_name(tx: Tx, name: str) -> Agent | None:
    """The agent of a name, if there is one."""
    row = tx.execute(f"{_SELECT} WHERE a.name = ?", (name,)).fetchone()
    return _agent(row) if row else None


def acting(tx: Tx, agent_id: str, project: Project, at: Moment | None = None) -> Agent:
    """The agent for which a key of a project may act: one whose data lands there; raises NotFound for any other."""
    agent = read(tx, agent_id, at)
    if agent.project != project.number:
        raise NotFound("there is no such agent")
    return agent


def page(
    tx: Tx,
    at: Moment,
    *,
    offset: int,
    limit: int,
    status: str | None = None,
    labels: Sequence[tuple[str, str]] = (),
    projects: Sequence[int] | None = None,
    text: str = "",
) -> tuple[list[Agent], int]:
    """A part of the agents by name, and how many there are in all.

    Those of a status that have all these labels, whose data lands in one of the projects (by number; None: in any),
    and that have a text in their name or host.
    """
    given: dict[str, Any] = {"now": at.now_ms, "since": at.since_ms, "limit": limit, "offset": offset}
    wanted = ["1"]
    if status is not None:
        wanted.append(f"{_STATUS_AT} = :status")
        given["status"] = status
    for index, (key, value) in enumerate(labels):
        wanted.append(f"EXISTS (SELECT 1 FROM json_each(a.labels) WHERE key = :key{index} AND value = :value{index})")
        given |= {f"key{index}": key, f"value{index}": value}
    if projects is not None:
        wanted.append("a.project IN (SELECT value FROM json_each(:projects))")
        given["projects"] = msgspec.json.encode(list(projects)).decode()
    if text:
        wanted.append("instr(lower(a.name || ' ' || a.hostname), lower(:text))")
        given["text"] = text
    where = " AND ".join(wanted)
    rows = tx.execute(f"{_SELECT_AT} WHERE {where} ORDER BY a.name LIMIT :limit OFFSET :offset", given).fetchall()
    (total,) = tx.execute(f"SELECT count(*) FROM agents a WHERE {where}", given).fetchone()
    return [_agent(row) for row in rows], int(total)


def count_by_status(tx: Tx) -> dict[str, int]:
    """How many agents there are of each status, as it was told last."""
    return dict(tx.execute("SELECT status, count(*) FROM agents GROUP BY status ORDER BY status"))


def change(
    tx: Tx,
    agent: Agent,
    *,
    now_ms: int,
    name: str | None = None,
    hostname: str | None = None,
    version: str | None = None,
    labels: dict[str, str] | None = None,
    project: Project | None = None,
) -> Agent:
    """Change an agent that was just read; what is None stays. Raises Conflict for a name that is taken."""
    said = {
        "name": name,
        "hostname": hostname,
        "version": version,
        "labels": labels,
        "project": project.number if project is not None else None,
    }
    news = {column: value for column, value in said.items() if value is not None and value != getattr(agent, column)}
    if not news:
        return agent
    columns = "".join(f", {column} = :{column}" for column in news)
    values = {column: _text(value) if isinstance(value, dict) else value for column, value in news.items()}
    try:
        tx.execute(
            f"UPDATE agents SET updated_at = :now{columns} WHERE id = :number",
            {**values, "now": now_ms, "number": agent.number},
        )
    except sqlite3.IntegrityError as error:
        raise Conflict("there is an agent of this name already") from error
    return read(tx, agent.uuid)


def configure(tx: Tx, agent_id: str, config: dict[str, Any], version: int, now_ms: int) -> Agent:
    """Replace the configuration of an agent; raises NotFound, and Stale unless ``version`` is the one stored."""
    agent = read(tx, agent_id)
    if version != agent.config_version:
        raise Stale("the configuration was changed since that version", agent.config_version)
    tx.execute(
        "UPDATE agents SET config = ?, config_version = config_version + 1, updated_at = ? WHERE id = ?",
        (_text(config), now_ms, agent.number),
    )
    return read(tx, agent_id)


def delete(tx: Tx, agent: Agent) -> None:
    """Delete an agent with what is kept of it alone; its lines and series stay in their project."""
    tx.execute("DELETE FROM agents WHERE id = ?", (agent.number,))


def _agent(row: tuple[Any, ...]) -> Agent:
    values = dict(zip(Agent.__struct_fields__, row, strict=True))
    return Agent(
        **{
            **values,
            "labels": _labels(values["labels"]),
            "metrics": _object(values["metrics"]),
            "config": _object(values["config"]),
        }
    )


def _text(value: dict[str, Any] | None) -> str:
    return msgspec.json.encode(value or {}).decode()
