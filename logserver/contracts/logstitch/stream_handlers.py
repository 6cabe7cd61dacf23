"""Sending to anonymous streams, asking about them and claiming them: from a request to its work and its answer."""

import re
from typing import Any

import msgspec

from logserver.api.bodies import body_of, decode
from logserver.api.fields import InvalidPath, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logstitch.asking import credential_of, in_project, named_project
from logserver.contracts.logstitch.events import Draft, read_events
from logserver.contracts.logstitch.options import StreamLimits
from logserver.contracts.logstitch.streams import Stream, Streams
from logserver.contracts.logstitch.trail import Stored
from logserver.contracts.logstitch.wire import Accepted, Claimed, StreamInfo
from logserver.core.faults import Invalid
from logserver.core.projects import Project
from logserver.core.times import iso_text
from logserver.store.writer import MAX_GROUP_ROWS, WriteTx

BODY_BYTES = 512 * 1024
EVENT_BYTES = 64 * 1024
"""What an event of a stream may have, as JSON without spaces."""

_UUID4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
_encode = msgspec.json.Encoder().encode


class StreamHandlers:
    """The handlers of streams, over a server's resources."""

    def __init__(self, resources: Resources, streams: Streams, limits: StreamLimits, *, batch_limit: int) -> None:
        self._resources = resources
        self._gate = resources.gate
        self._streams = streams
        self._limits = limits
        self._batch_limit = batch_limit

    def count(self, request: Request) -> None:
        """Count a request that anybody may make against its source, whatever becomes of it; raises TooMany."""
        limit = self._limits.requests_per_minute
        self._gate.take_stranger(
            request,
            limit=limit,
            seconds=60,
            message=f"Too many requests: {limit} a minute are allowed from one address",
        )

    def send(self, request: Request) -> Work:
        """POST /api/v1/streams/{token}/events: one event, or an array of them, all or none."""
        token = _token_of(request)
        raw = body_of(request, BODY_BYTES)
        value = decode(raw)
        drafts = read_events(value, raw, most=self._batch_limit)
        if len(raw) > EVENT_BYTES:
            _require_small(drafts)
        request_id = request.id

        def finish(stored: Stored) -> Reply:
            return Reply(201, Accepted(stored.ids, stored.redacted_count, request_id))

        arguments = (token, self._gate.source(request), drafts, self._resources.clock.now_ms())
        return Work(self._streams.store, arguments, len(drafts), len(raw), finish)

    def info(self, request: Request) -> Question:
        """GET /api/v1/streams/{token}/info: how a stream stands, nothing of its events."""
        token = _token_of(request)
        request_id = request.id

        def finish(stream: Stream) -> Reply:
            payload = StreamInfo(
                token,
                stream.n,
                "claimed" if stream.status == "claimed" else "active",
                iso_text(stream.created_at * 1000),
                iso_text(stream.expires_at * 1000),
                request_id,
            )
            return Reply(200, payload)

        return Question(self._streams.info, (token, self._resources.clock.now_ms()), finish)

    def claim(self, request: Request) -> Work:
        """POST /api/v1/streams/claim: move a stream's events into a project, all or none."""
        self._gate.take(request, "streams claim")
        sent = object_of(request)
        named = named_project(request, sent)
        given = sent.get("claim_token")
        if given is None:
            raise Invalid([("claim_token", "Required")])
        token = _uuid4(given)
        if token is None:
            raise Invalid([("claim_token", _NO_TOKEN)])
        request_id = request.id

        def finish(event_count: int) -> Reply:
            return Reply(200, Claimed(event_count, request_id))

        claim = in_project(self._claim, credential_of(request), named)
        # How many there are only the writer knows; no more than this wait with others for a commit anyway.
        rows = min(self._limits.events, MAX_GROUP_ROWS)
        return Work(claim, (token, self._resources.clock.now_ms()), rows, len(request.raw), finish)

    def _claim(self, tx: WriteTx, project: Project, token: str, now_ms: int) -> int:
        return self._streams.claim(tx, project, token, now_ms)


_NO_TOKEN = "Must be a UUID of version 4"  # noqa: S105 - a message


def _token_of(request: Request) -> str:
    """The claim token in a path, in lower case; InvalidPath for what is none."""
    token = _uuid4(request.params["token"])
    if token is None:
        raise InvalidPath([("token", _NO_TOKEN)])
    return token


def _uuid4(value: Any) -> str | None:
    """A UUID of version 4 in lower case; None for anything else."""
    lowered = value.lower() if isinstance(value, str) else ""
    return lowered if _UUID4.fullmatch(lowered) else None


def _require_small(drafts: list[Draft]) -> None:
    """Raise Invalid for events that are too large for a stream."""
    problems = [
        (prefix.rstrip("."), f"An event of a stream may have {EVENT_BYTES} bytes")
        for sent, _, prefix in drafts
        if len(_encode(sent)) > EVENT_BYTES
    ]
    if problems:
        raise Invalid(problems)
