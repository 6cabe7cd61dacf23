"""The JSON of live streams: as people ask for them, as agents send lines, and the messages of the WebSockets."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

LONGEST_SECONDS = 3_600
USUAL_SECONDS = 300
MAX_LINES = 1_000
"""Lines that may come at once."""
MAX_MESSAGE = 65_536
"""Characters of a message that are shown."""
MAX_METADATA = 65_536
"""Bytes of JSON that what else a line says may take; larger ones are left out."""

Strings = list[str] | str


class Filters(msgspec.Struct):
    """Which lines are wanted, without a query language."""

    level: Strings | None = None
    """One level, or any of several; compared as severities, so that warning is warn."""
    source: Strings | None = None
    """A glob over the full path of the file, or stdin; or several of them."""
    pattern: str | None = None
    """RE2, found anywhere in the raw line."""


class Start(msgspec.Struct):
    """What is to be watched. A line must meet ``filter_query`` and ``filters`` where both are there."""

    agent_id: str
    timeout_seconds: Annotated[int, Meta(ge=1, le=LONGEST_SECONDS)] = USUAL_SECONDS
    filter_query: Annotated[str, Meta(max_length=4_096)] | None = None
    """LogQL: a selector such as {level="error"}, and line filters |= "x", != "x", |~ "re", !~ "re"."""
    filters: Filters | None = None


class Session(msgspec.Struct):
    """A live stream."""

    id: str
    agent_id: str
    status: Literal["active", "ended"]
    started_at: str
    expires_at: str
    websocket_url: str
    user_id: str
    """Who began it."""
    filter_query: str | None
    filters: dict[str, Any] | None
    ended_at: str | None
    reason: str | None
    """Why it ended: stopped, timeout, agent_offline, agent_deleted, server_shutdown or server_restart."""


class Told(msgspec.Struct):
    """A live stream, in both published shapes."""

    session_id: str
    agent_id: str
    status: Literal["active", "ended"]
    websocket_url: str
    session: Session


class Stop(msgspec.Struct):
    """Which live stream is to end."""

    session_id: str


class Line(msgspec.Struct):
    """A line as an agent sends it."""

    message: str
    """What is beyond 65,536 characters is not shown."""
    timestamp: str | int | float | None = None
    """ISO 8601, or epoch seconds or milliseconds; the time of receipt where it is left out."""
    level: Annotated[str, Meta(max_length=64)] | None = None
    """Info where it is left out."""
    source: Annotated[str, Meta(max_length=4_096)] | None = None
    metadata: dict[str, Any] | None = None


class Push(msgspec.Struct):
    """Lines of an agent for one live stream."""

    session_id: str
    logs: Annotated[list[Line], Meta(max_length=MAX_LINES)]


class Accepted(msgspec.Struct):
    """How many lines were taken."""

    accepted: int


class RawLine(Line, kw_only=True):
    """A line whose metadata is passed on unread."""

    metadata: msgspec.Raw = msgspec.Raw(b"null")  # type: ignore[assignment] # it is the same JSON, not decoded
    sessions: Annotated[list[str], Meta(max_length=MAX_LINES)] = []
    """On an agent's own connection: the sessions that want it."""


class RawPush(msgspec.Struct):
    """As Push, to be read quickly."""

    session_id: str
    logs: Annotated[list[RawLine], Meta(max_length=MAX_LINES)]


class Frame(msgspec.Struct):
    """A message of an agent's connection."""

    logs: Annotated[list[RawLine], Meta(max_length=MAX_LINES)] = []
    dropped: dict[str, int] | int | None = None
    """Lines that the agent had to drop: by session, or of the one session of the connection."""


class Shown(msgspec.Struct, tag="log", tag_field="type"):
    """A line as a watcher gets it."""

    timestamp: str
    level: str
    message: str
    source: str
    metadata: msgspec.Raw


class Control(msgspec.Struct, tag="control", tag_field="type", omit_defaults=True):
    """A word about the session."""

    event: Literal["session_ending", "session_ended", "lines_dropped"]
    reason: str | UnsetType = UNSET
    seconds_remaining: int | UnsetType = UNSET
    count: int | UnsetType = UNSET


class Stream(msgspec.Struct):
    """A session as an agent is told of it."""

    session_id: str
    filter: dict[str, Any]
    expires_at: str


class Streams(msgspec.Struct, tag="streams", tag_field="type"):
    """All sessions that want lines of an agent."""

    streams: list[Stream]
