"""The routes of live streams: those of people, what agents push, and the two WebSockets."""

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.api.sockets import OpenSockets, Socket, SocketRoute
from logserver.contracts.logfleet import stream_wire, wire
from logserver.contracts.logfleet.asking import EDGE, USERS
from logserver.contracts.logfleet.routes.edge import AGENT_ID
from logserver.contracts.logfleet.routes.edge import TAG as EDGE_TAG
from logserver.contracts.logfleet.routes.terms import OF_BODIES, PAGE, PAGE_SIZE, Routes, refusals, rules
from logserver.contracts.logfleet.stream_sockets import StreamSockets
from logserver.contracts.logfleet.streams import PUSH_BYTES, StreamHandlers

TAG = Tag(
    "LogFleet: streaming",
    "Lines of an agent, as they are written. All of these share 10 requests a minute; WebSockets are not counted.",
)
PATH = "/api/v1/stream"
WATCH = f"{PATH}/ws/{{session_id}}"
SERVE = "/api/v1/edge/agents/{id}/stream"

_ABOUT_WATCHING = """\
The lines come over the WebSocket of `websocket_url`, with the same token: in the header `Authorization`, or as
`?token=` where none can be set. Its messages are JSON:

- `{"type": "log", "timestamp", "level", "message", "source", "metadata"}`: a line;
- `{"type": "control", "event": "lines_dropped", "count"}`: so many lines were lost before the next one, because
  whoever watches is too slow, or the agent could not keep up;
- `{"type": "control", "event": "session_ending", "reason": "timeout", "seconds_remaining": 30}`;
- `{"type": "control", "event": "session_ended", "reason"}`: the last one; the server closes with 1000 (1001 where it
  stops itself). The reasons: stopped, timeout, agent_offline, agent_deleted, server_shutdown, server_restart.

Up to 50 may watch one session. A handshake is refused with 401 without a valid token and 404 for no such session; of
a session that has ended only the last message comes. A token that ends closes the WebSocket with 4401.

`filter_query` is LogQL: a selector, `{level="error", source=~"/var/.*"}` with `=`, `!=`, `=~` and `!~` on level,
source, message or any field of the line, then line filters on the raw line: `|= "x"`, `!= "x"`, `|~ "re"`,
`!~ "re"`, several joined by `or`. Patterns are RE2. Levels are compared as severities: warning is warn, and a line
that says none is info. A line must meet `filters` as well, where both are there."""

_ABOUT_SERVING = """\
The way of agents that can hold no WebSocket; others keep `GET` of this path open as a WebSocket (X-API-Key), and are
told `{"type": "streams", "streams": [{"session_id", "filter", "expires_at"}]}`, all of them, whenever that changes.
They send `{"logs": [line…], "dropped": {session_id: count}}`, each line with `sessions`, the ids of those that want
it. With `?session_id=` the WebSocket is for that session alone, and its frames are `{"logs": [line…]}`; at the end of
the session it is told `session_ended` and closed with 1000. A frame is at most 1 MiB and 1,000 lines."""


def endpoints(routes: Routes, handlers: StreamHandlers) -> list[Endpoint]:
    """The declarations."""
    return [*_of_sessions(routes, handlers), *_of_one(routes, handlers), _push(routes, handlers)]


def sockets(routes: Routes, talks: StreamSockets, open_sockets: OpenSockets) -> list[SocketRoute]:
    """The WebSockets. No cookie counts here, so a page of another origin can open none without a token of its own."""
    watching = Socket(talks.watch, rules(USERS), routes.terms, open_sockets, token_in_query=True)
    serving = Socket(talks.serve_agent, rules(EDGE, scope="edge:stream"), routes.terms, open_sockets)
    return [SocketRoute(WATCH, "watch_stream", watching), SocketRoute(SERVE, "serve_streams", serving)]


def _of_sessions(routes: Routes, handlers: StreamHandlers) -> list[Endpoint]:
    return [
        Endpoint(
            method="POST",
            path=f"{PATH}/start",
            name="start_stream",
            tag=TAG,
            summary="Watch the lines of an agent",
            description=_ABOUT_WATCHING,
            handler=routes.writes(handlers.start, rules(USERS), "stream"),
            auth=Auth.USER,
            takes=stream_wire.Start,
            gives={201: Answer(stream_wire.Told, "The session, in both published shapes.")},
            errors=refusals(404, 409, *OF_BODIES),
            rate_limited=True,
            examples={
                "errors": Example(
                    {"agent_id": "{{edge_agent_id}}", "timeout_seconds": 60, "filter_query": '{level="error"} |= "x"'},
                    keeps={"stream_session_id": "session_id"},
                ),
                "no pattern": Example({"agent_id": "{{edge_agent_id}}", "filters": {"pattern": "("}}, status=400),
            },
        ),
        Endpoint(
            method="GET",
            path=f"{PATH}/sessions",
            name="list_streams",
            tag=TAG,
            summary="List live streams: the active ones, then those of the last day",
            handler=routes.reads(handlers.list_, rules(USERS), "stream"),
            auth=Auth.USER,
            gives={200: Answer(wire.Page[stream_wire.Session], "A page of them.")},
            errors=refusals(),
            rate_limited=True,
            parameters=(PAGE, PAGE_SIZE, Parameter("status", str, "Only sessions that are this: active or ended.")),
            examples={"the active ones": Example(values={"status": "active"})},
        ),
        Endpoint(
            method="POST",
            path=f"{PATH}/stop",
            name="stop_stream",
            tag=TAG,
            summary="Stop a live stream",
            description="Who began it may, and admins. One that has ended stays as it ended.",
            handler=routes.writes(handlers.stop, rules(USERS), "stream"),
            auth=Auth.USER,
            takes=stream_wire.Stop,
            gives={200: Answer(stream_wire.Told, "As it ended.")},
            errors=refusals(404, *OF_BODIES),
            rate_limited=True,
            examples={"the one begun before": {"session_id": "{{stream_session_id}}"}},
        ),
    ]


def _of_one(routes: Routes, handlers: StreamHandlers) -> list[Endpoint]:
    return [
        Endpoint(
            method="POST",
            path=f"{PATH}/{{id}}/stop",
            name="stop_one_stream",
            tag=TAG,
            summary="The same, of the session in the path",
            handler=routes.writes(handlers.stop_one, rules(USERS), "stream"),
            auth=Auth.USER,
            gives={200: Answer(stream_wire.Told, "As it ended.")},
            errors=refusals(404, *OF_BODIES),
            rate_limited=True,
            parameters=(Parameter("id", str, "The id of the session.", where="path"),),
            examples={"the one begun before": Example(values={"id": "{{stream_session_id}}"})},
        ),
    ]


def _push(routes: Routes, handlers: StreamHandlers) -> Endpoint:
    line = {"timestamp": "2026-01-15T10:30:00Z", "level": "error", "message": "no such order", "source": "stdin"}
    return Endpoint(
        method="POST",
        path=SERVE,
        name="push_stream_lines",
        tag=EDGE_TAG,
        summary="Send lines to those who watch",
        description=_ABOUT_SERVING,
        handler=routes.reads(handlers.push, rules(EDGE, scope="edge:stream", limit=PUSH_BYTES), "edge"),
        auth=Auth.EDGE_TOKEN,
        takes=stream_wire.Push,
        gives={202: Answer(stream_wire.Accepted, "They are on their way to whoever watches.")},
        errors=refusals(404, 410, *OF_BODIES),
        rate_limited=True,
        parameters=(AGENT_ID,),
        examples={
            "of no session": Example(
                {"session_id": "00000000-0000-4000-8000-000000000000", "logs": [line]},
                values={"id": "{{edge_agent_id}}"},
                status=404,
            )
        },
    )
