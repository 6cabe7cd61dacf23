"""The keys of agents: made, listed and deleted; a key's secret stands in the one answer that made it."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logfleet.asking import user_of
from logserver.contracts.logfleet.paging import sheet_of
from logserver.core.faults import NotFound
from logserver.core.fleet import edge_keys, landing
from logserver.core.fleet.edge_keys import EdgeKey
from logserver.core.people import accounts
from logserver.core.times import iso_text
from logserver.core.tokens import EDGE_SCOPES, Issued
from logserver.store.tx import Tx

MAX_NAME = 100
_MAX_PROJECT = 100

Permission = Literal["edge:register", "edge:heartbeat", "edge:metrics", "edge:stream"]
_Made = tuple[str, tuple[EdgeKey, Issued]]
_Listed = tuple[str, tuple[list[EdgeKey], int]]


class ApiKey(msgspec.Struct):
    """A key, without its secret."""

    id: str
    organization_id: str
    name: str
    key_prefix: str
    """How its secret begins."""
    permissions: list[Permission]
    last_used_at: str | None
    """Noted every half minute."""
    expires_at: str | None
    revoked_at: str | None
    """When it was deleted; it stays in the list."""
    created_by: str | None
    """The id of the user who made it; null: the shell."""
    created_at: str


class NewApiKey(msgspec.Struct):
    """A key to be made."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    permissions: Annotated[list[Permission], Meta(min_length=1)]
    expires_at: str | None = None
    """ISO 8601, in the future; never where it is left out."""
    project_id: str | None = None
    """UUID or short name of the project where the data of its agents lands; the organization's own if left out."""


class MadeApiKey(msgspec.Struct):
    """A key that was made; ``raw_key`` is shown this once."""

    api_key: ApiKey
    raw_key: str


class ApiKeyHandlers:
    """The handlers of ``/api/v1/api-keys``, over a server's resources."""

    def __init__(self, resources: Resources) -> None:
        self._clock = resources.clock

    def create(self, request: Request) -> Work:
        """POST /api/v1/api-keys."""
        sent = object_of(request)
        fields = Fields(sent)
        now = self._clock.now_ms()
        name = (fields.text("name", longest=MAX_NAME, required=True) or "").strip()
        permissions = _permissions(fields, sent)
        moment = fields.moment("expires_at")
        expires_at = moment // 1000 if moment is not None else None
        if expires_at is not None and expires_at <= now:
            fields.wrong("expires_at", "Must be in the future")
        project_id = fields.text("project_id", longest=_MAX_PROJECT)
        fields.done()

        def create(tx: Tx) -> _Made:
            user = user_of(tx, request)
            project = landing.project(tx, project_id, now)
            made = edge_keys.create(
                tx,
                name=name,
                project=project,
                permissions=permissions,
                user=user,
                now_ms=now,
                expires_at=expires_at,
            )
            return _organization(tx), made

        def finish(outcome: _Made) -> Reply:
            organization, (key, issued) = outcome
            return Reply(201, MadeApiKey(_shown(key, organization), issued.secret))

        return Work(create, (), 0, 0, finish)

    def list_(self, request: Request) -> Question:
        """GET /api/v1/api-keys: newest first, deleted ones too."""
        sheet = sheet_of(request)

        def look(tx: Tx) -> _Listed:
            return _organization(tx), edge_keys.page(tx, offset=sheet.offset, limit=sheet.size)

        def finish(outcome: _Listed) -> Reply:
            organization, (keys, total) = outcome
            return Reply(200, sheet.filled(keys, total, lambda key: _shown(key, organization)))

        return Question(look, (), finish)

    def show(self, request: Request) -> Question:
        """GET /api/v1/api-keys/{id}."""

        def look(tx: Tx, key_id: str) -> ApiKey:
            return _shown(edge_keys.read(tx, key_id), _organization(tx))

        return Question(look, (request.params["id"],), lambda key: Reply(200, key))

    def delete(self, request: Request) -> Work:
        """DELETE /api/v1/api-keys/{id}: it is refused from now on."""

        def delete(tx: Tx, key_id: str) -> None:
            edge_keys.revoke(tx, key_id, self._clock.now_ms())

        return Work(delete, (request.params["id"],), 0, 0, lambda _: Reply(204), withdraws=True)


def _permissions(fields: Fields, sent: dict[str, Any]) -> tuple[str, ...]:
    """What a new key may do, each permission once."""
    permissions = sent.get("permissions")
    if permissions is None:
        fields.wrong("permissions", "Required")
    elif not isinstance(permissions, list):
        fields.wrong("permissions", "Expected array of strings")
    elif not permissions or any(permission not in EDGE_SCOPES for permission in permissions):
        fields.wrong("permissions", f"Must be at least one of {', '.join(EDGE_SCOPES)}, and nothing else")
    else:
        return tuple(dict.fromkeys(permissions))
    return ()


def _organization(tx: Tx) -> str:
    organization = accounts.organization(tx)
    if organization is None:
        raise NotFound("there is no organization")
    return organization.uuid


def _shown(key: EdgeKey, organization: str) -> ApiKey:
    return ApiKey(
        id=key.id,
        organization_id=organization,
        name=key.name,
        key_prefix=key.prefix,
        permissions=list(key.permissions),  # type: ignore[arg-type]  # of an edge key it is made of these alone
        last_used_at=_time(key.last_used_at),
        expires_at=_time(key.expires_at),
        revoked_at=_time(key.revoked_at),
        created_by=key.created_by,
        created_at=iso_text(key.created_at * 1000),
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else iso_text(ms * 1000)
