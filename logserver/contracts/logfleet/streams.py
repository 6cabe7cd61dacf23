"""Live streams over HTTP: people begin, list and stop them; agents that have no WebSocket push their lines."""

from collections.abc import Callable

import msgspec

from logserver.api.addresses import socket_origin
from logserver.api.bodies import UNREADABLE, body_of
from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logfleet import stream_wire as wire
from logserver.contracts.logfleet.asking import credential_of, user_of
from logserver.contracts.logfleet.edge import landing_of
from logserver.contracts.logfleet.misfits import placed
from logserver.contracts.logfleet.paging import sheet_of
from logserver.contracts.logfleet.stream_lines import pass_on
from logserver.core.faults import Forbidden, Gone, Invalid, Malformed, NotFound
from logserver.core.fleet import agents
from logserver.core.live import opening, stream_sessions
from logserver.core.live.stream_sessions import STOPPED, StreamSession
from logserver.core.times import iso_text
from logserver.store.tx import Tx

PUSH_BYTES = 4_000_000
_MAX_ID = 100
_STATUSES = ("active", "ended")
_push = msgspec.json.Decoder(wire.RawPush).decode


class StreamHandlers:
    """The handlers of ``/api/v1/stream``, and of what agents push, over a server's resources."""

    def __init__(self, resources: Resources) -> None:
        self._clock = resources.clock
        self._gate = resources.gate
        self._hub = resources.live
        self._presence = resources.presence
        self._public_url = resources.public_url

    def start(self, request: Request) -> Work:
        """POST /api/v1/stream/start: a new session, of which the agent is told at once."""
        sent = object_of(request)
        fields = Fields(sent)
        agent_id = fields.text("agent_id", longest=_MAX_ID, required=True) or ""
        seconds = fields.integer("timeout_seconds", 1, wire.LONGEST_SECONDS) or wire.USUAL_SECONDS
        try:
            wished = opening.wish(sent.get("filter_query"), sent.get("filters"), seconds)
        except Invalid as error:
            fields.problems += error.problems
        fields.done()
        user_id = credential_of(request).bound["user"]
        self._hub.require_room(agent_id.lower(), user_id)

        def begin(tx: Tx) -> StreamSession:
            agent = agents.read(tx, agent_id, self._presence.moment())
            return opening.record(tx, agent, user_of(tx, request), wished, self._clock.now_ms())

        def finish(session: StreamSession) -> Reply:
            opening.begin(self._hub, session, wished)
            return Reply(201, self._told(request, session))

        return Work(begin, (), 0, 0, finish)

    def list_(self, request: Request) -> Question:
        """GET /api/v1/stream/sessions: those that are active, then those that ended within the last day."""
        sheet = sheet_of(request)
        fields = Fields(request.query(), query=True)
        status = fields.choice("status", _STATUSES)
        fields.done()

        def look(tx: Tx) -> tuple[list[StreamSession], int]:
            return stream_sessions.page(tx, offset=sheet.offset, limit=sheet.size, status=status)

        def finish(found: tuple[list[StreamSession], int]) -> Reply:
            sessions, total = found
            return Reply(200, sheet.filled(sessions, total, self._shown(request)))

        return Question(look, (), finish)

    def stop(self, request: Request) -> Work:
        """POST /api/v1/stream/stop: the session that the body names."""
        fields = Fields(object_of(request))
        session_id = fields.text("session_id", longest=_MAX_ID, required=True) or ""
        fields.done()
        return self._stop(request, session_id)

    def stop_one(self, request: Request) -> Work:
        """POST /api/v1/stream/{id}/stop."""
        return self._stop(request, request.params["id"])

    def _stop(self, request: Request, session_id: str) -> Work:
        credential = credential_of(request)

        def stop(tx: Tx) -> StreamSession:
            session = _existing(tx, session_id)
            if session.user != credential.bound["user"] and credential.bound.get("role") != "admin":
                raise Forbidden("only who began a session, or an admin, may stop it")
            stream_sessions.end(tx, session.id, STOPPED, self._clock.now_ms())
            return _existing(tx, session_id)

        def finish(session: StreamSession) -> Reply:
            self._hub.end(session.id, STOPPED)
            return Reply(200, self._told(request, session))

        return Work(stop, (), 0, 0, finish)

    def push(self, request: Request) -> Question:
        """POST /api/v1/edge/agents/{id}/stream: lines for one session of the agent."""
        sent = _pushed(body_of(request, PUSH_BYTES))
        project, agent_id = landing_of(request), request.params["id"]

        def look(tx: Tx) -> str:
            agent = agents.acting(tx, agent_id, project)
            session = stream_sessions.find(tx, sent.session_id.lower())
            if session is None or session.agent != agent.uuid:
                raise NotFound("the agent has no such session")
            if session.status != "active":
                raise Gone("the session has ended")
            return session.agent

        def finish(agent: str) -> Reply:
            session_id = sent.session_id.lower()
            self._hub.links.heard(agent)
            if self._hub.find(session_id) is None:
                raise Gone("the session has ended")
            pass_on(self._hub, agent, sent.logs, [session_id], self._clock.now_ms())
            return Reply(202, wire.Accepted(len(sent.logs)))

        return Question(look, (), finish)

    def _told(self, request: Request, session: StreamSession) -> wire.Told:
        shown = self._shown(request)(session)
        return wire.Told(shown.id, shown.agent_id, shown.status, shown.websocket_url, shown)

    def _shown(self, request: Request) -> Callable[[StreamSession], wire.Session]:
        origin = socket_origin(request, self._gate, self._public_url)
        return lambda session: _session(session, origin)


def _existing(tx: Tx, session_id: str) -> StreamSession:
    session = stream_sessions.find(tx, session_id.lower())
    if session is None:
        raise NotFound("there is no such session")
    return session


def _session(session: StreamSession, origin: str) -> wire.Session:
    return wire.Session(
        id=session.id,
        agent_id=session.agent,
        status="active" if session.status == "active" else "ended",
        started_at=_time(session.started_at),
        expires_at=_time(session.expires_at),
        websocket_url=f"{origin}/api/v1/stream/ws/{session.id}",
        user_id=session.user,
        filter_query=session.filter.get("filter_query"),
        filters=session.filter.get("filters"),
        ended_at=_time(session.ended_at) if session.ended_at is not None else None,
        reason=session.reason,
    )


def _pushed(raw: bytes) -> wire.RawPush:
    try:
        return _push(raw.decode())  # metadata is passed on as it came
    except msgspec.ValidationError as error:
        raise Invalid([placed(error)]) from None
    except UNREADABLE as error:
        raise Malformed(f"the body is not valid JSON: {error}", "invalid_json") from None


def _time(ms: int) -> str:
    return iso_text(ms * 1000)
