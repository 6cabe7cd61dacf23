"""Sending and reading audit events: from a request to the work of the writer or a reader, and to the answer."""

from typing import Any

from logserver.api.bodies import body_of, decode
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logstitch.asking import audience_of, credential_of, in_project, named_project
from logserver.contracts.logstitch.events import BODY_BYTES, read_events
from logserver.contracts.logstitch.reading import Page, page, read_filters
from logserver.contracts.logstitch.trail import Stored, Trail
from logserver.contracts.logstitch.wire import Accepted
from logserver.core.projects import Project
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx


class Handlers:
    """The handlers of events, over a server's resources and its trail."""

    def __init__(self, resources: Resources, trail: Trail, *, batch_limit: int) -> None:
        self._resources = resources
        self._gate = resources.gate
        self._trail = trail
        self._batch_limit = batch_limit

    def send(self, request: Request) -> Work:
        """POST /api/v1/events: one event, or an array of them, all or none."""
        self._gate.take(request, "events")
        raw = body_of(request, BODY_BYTES)
        value = decode(raw)
        named = named_project(request, value if isinstance(value, dict) else None)
        drafts = read_events(value, raw, most=self._batch_limit)
        request_id = request.id

        def finish(stored: Stored) -> Reply:
            return Reply(201, Accepted(stored.ids, stored.redacted_count, request_id))

        store = in_project(self._store, credential_of(request), named)
        return Work(store, (drafts, self._resources.clock.now_ms()), len(drafts), len(raw), finish)

    def _store(self, tx: WriteTx, project: Project, *arguments: Any) -> Stored:
        return self._trail.store(tx, project, *arguments)

    def list_(self, request: Request) -> Question:
        """GET /api/v1/events: a page of the trail, newest first."""
        credential = credential_of(request)
        # Every viewer has a window of its own, however many of them one key has minted.
        viewer = credential.bound.get("jti") if credential.kind == "viewer" else None
        self._gate.take(request, f"events of {viewer}" if viewer else "events list")
        filters = read_filters(request.query())
        audience = audience_of(credential)
        request_id = request.id

        def look(tx: Tx, project: Project) -> Page:
            spelling, secret = self._resources.database.spelling, self._resources.database.secret
            return page(tx, project, filters, audience=audience, spelling=spelling, secret=secret)

        def finish(found: Page) -> Reply:
            payload = {
                "events": found.events,
                "cursor": found.cursor,
                "has_more": found.cursor is not None,
                "request_id": request_id,
            }
            return Reply(200, payload)

        return Question(in_project(look, credential, named_project(request)), (), finish)
