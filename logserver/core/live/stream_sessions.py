"""Live streams of agents' lines as they are kept: who watches which agent, since when, and how it ended."""

import uuid
from typing import Any

import msgspec

from logserver.core.people.accounts import User
from logserver.store.tx import Tx

KEPT_MS = 24 * 3_600_000
"""How long a session stays listed after its end."""

STOPPED = "stopped"
TIMEOUT = "timeout"
AGENT_OFFLINE = "agent_offline"
AGENT_DELETED = "agent_deleted"
SHUTDOWN = "server_shutdown"
RESTART = "server_restart"
REASONS = (STOPPED, TIMEOUT, AGENT_OFFLINE, AGENT_DELETED, SHUTDOWN, RESTART)
"""Why a session has ended."""

_COLUMNS = "s.uuid, a.uuid, u.uuid, s.status, s.filter, s.started_at, s.expires_at, s.ended_at, s.reason"
_FROM = "FROM stream_sessions s JOIN agents a ON a.id = s.agent JOIN users u ON u.id = s.user"


class StreamSession(msgspec.Struct, frozen=True):
    """A session as it was when it was read; times are Unix milliseconds."""

    id: str
    agent: str
    """The agent's UUID."""
    user: str
    """The UUID of who began it."""
    status: str
    """active or ended."""
    filter: dict[str, Any]
    """What was asked for, as it was asked: filter_query and filters."""
    started_at: int
    expires_at: int
    ended_at: int | None
    reason: str | None


def begin(tx: Tx, *, agent: int, user: User, asked: dict[str, Any], now_ms: int, seconds: int) -> StreamSession:
    """A new session of an agent (the number of its row), that lasts so many seconds."""
    session_id = str(uuid.uuid4())
    tx.execute(
        "INSERT INTO stream_sessions (uuid, agent, user, status, filter, started_at, expires_at)"
        " VALUES (?, ?, ?, 'active', ?, ?, ?)",
        (
            session_id,
            agent,
            user.number,
            msgspec.json.encode(asked).decode(),
            now_ms,
            now_ms + seconds * 1000,
        ),
    )
    found = find(tx, session_id)
    assert found is not None  # noqa: S101 - it was inserted just now
    return found


def find(tx: Tx, session_id: str) -> StreamSession | None:
    """The session of an id, active or ended."""
    row = tx.execute(f"SELECT {_COLUMNS} {_FROM} WHERE s.uuid = ?", (session_id,)).fetchone()
    return _session(row) if row else None


def page(tx: Tx, *, offset: int, limit: int, status: str | None = None) -> tuple[list[StreamSession], int]:
    """A part of the list of sessions, active ones first and the newest of each first, and how many there are."""
    where = "WHERE (:status IS NULL OR s.status = :status)"
    named = {"status": status, "limit": limit, "offset": offset}
    total = tx.execute(f"SELECT count(*) FROM stream_sessions s {where}", named).fetchone()[0]
    rows = tx.execute(
        f"SELECT {_COLUMNS} {_FROM} {where} ORDER BY s.status = 'active' DESC, s.id DESC LIMIT :limit OFFSET :offset",
        named,
    )
    return [_session(row) for row in rows], total


def of_agent(tx: Tx, agent: int, *, limit: int) -> list[StreamSession]:
    """The newest sessions of an agent (the number of its row), active ones first."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE s.agent = ? ORDER BY s.status = 'active' DESC, s.id DESC LIMIT ?",
        (agent, limit),
    )
    return [_session(row) for row in rows]


def end(tx: Tx, session_id: str, reason: str, now_ms: int) -> bool:
    """End a session; False where it has ended before, or is not there."""
    ended = tx.execute(
        "UPDATE stream_sessions SET status = 'ended', ended_at = ?, reason = ? WHERE uuid = ? AND status = 'active'",
        (now_ms, reason, session_id),
    )
    return ended.rowcount == 1


def end_all(tx: Tx, reason: str, now_ms: int) -> int:
    """End every session that is active; returns how many were."""
    return tx.execute(
        "UPDATE stream_sessions SET status = 'ended', ended_at = ?, reason = ? WHERE status = 'active'",
        (now_ms, reason),
    ).rowcount


def agents_of_active(tx: Tx) -> dict[str, str]:
    """The status of the agent of every active session, by the session's id."""
    return dict(
        tx.execute(
            "SELECT s.uuid, a.status FROM stream_sessions s INDEXED BY stream_sessions_active"
            " JOIN agents a ON a.id = s.agent WHERE s.status = 'active'"
        )
    )


def tidy(tx: Tx, now_ms: int) -> bool:
    """Delete up to 500 sessions that ended more than KEPT_MS ago; whether there may be more."""
    deleted = tx.execute(
        "DELETE FROM stream_sessions WHERE id IN (SELECT id FROM stream_sessions INDEXED BY stream_sessions_by_time"
        " WHERE started_at < ? AND ended_at < ? LIMIT 500)",
        (now_ms - KEPT_MS, now_ms - KEPT_MS),
    ).rowcount
    return deleted == 500


def _session(row: tuple[Any, ...]) -> StreamSession:
    named = dict(zip(StreamSession.__struct_fields__, row, strict=True))
    return StreamSession(**{**named, "filter": msgspec.json.decode(named["filter"])})
