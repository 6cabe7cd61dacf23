"""Keys and viewer tokens: made, listed and revoked; a key's secret stands in the one answer that made it."""

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logstitch import wire
from logserver.contracts.logstitch.asking import (
    credential_of,
    in_project,
    named_project,
    project_of,
    require_live,
)
from logserver.contracts.logstitch.events import MAX_NAME
from logserver.contracts.logstitch.trail import require_open
from logserver.core import tokens, viewers
from logserver.core.projects import Project
from logserver.core.times import iso_text
from logserver.core.tokens import KEY_PREFIXES, Credential, Issued, Token
from logserver.core.viewers import Minted
from logserver.store.tx import Tx

_MAX_KEY_NAME = 100
_TYPE = "project"


class KeyHandlers:
    """The handlers of keys and viewer tokens, over a server's resources."""

    def __init__(self, resources: Resources) -> None:
        self._gate = resources.gate
        self._clock = resources.clock

    def create(self, request: Request) -> Work:
        """POST /api/v1/keys: a key of a project."""
        self._gate.take(request, "keys")
        sent = object_of(request)
        named = named_project(request, sent)
        fields = Fields(sent)
        fields.choice("type", (_TYPE,))
        name = fields.text("name", longest=_MAX_KEY_NAME, required=True) or ""
        mode = fields.choice("mode", KEY_PREFIXES) or "live"
        fields.done()
        request_id = request.id

        def finish(issued: Issued) -> Reply:
            return Reply(201, wire.NewKey(issued.id, issued.secret, issued.prefix, _TYPE, name, request_id))

        make = in_project(_issue, credential_of(request), named)
        return Work(make, (name, mode, self._clock.now_ms()), 0, 0, finish)

    def list_(self, request: Request) -> Question:
        """GET /api/v1/keys: the keys of a project, or of all of them, newest first."""
        self._gate.take(request, "keys list")
        credential, named = credential_of(request), named_project(request)
        request_id = request.id

        def look(tx: Tx) -> list[Token]:
            return tokens.every(tx, _scope(tx, credential, named), kind=_TYPE)

        def finish(found: list[Token]) -> Reply:
            return Reply(200, wire.Keys([_spelled(token) for token in found], None, False, request_id))  # noqa: FBT003 - all of them are there

        return Question(look, (), finish)

    def revoke(self, request: Request) -> Work:
        """DELETE /api/v1/keys/{id}: the key, and the viewer tokens it has minted, are refused from now on."""
        self._gate.take(request, "keys revoke")
        credential, named = credential_of(request), named_project(request)
        request_id = request.id

        def revoke(tx: Tx, key_id: str, now_ms: int) -> Token:
            return tokens.revoke_key(tx, key_id, _scope(tx, credential, named), now_ms)

        def finish(_revoked: Token) -> Reply:
            return Reply(200, wire.Revoked(True, request_id))  # noqa: FBT003 - there is no other answer

        return Work(revoke, (request.params["id"], self._clock.now_ms()), 0, 0, finish, withdraws=True)

    def mint(self, request: Request) -> Work:
        """POST /api/v1/viewer-tokens: a token that reads one tenant's events for a while."""
        self._gate.take(request, "viewer-tokens")
        credential = credential_of(request)
        require_live(credential)
        sent = object_of(request)
        named = named_project(request, sent)
        fields = Fields(sent)
        tenant_id = fields.text("tenant_id", longest=MAX_NAME, required=True) or ""
        seconds = fields.integer("expires_in", viewers.SHORTEST, viewers.LONGEST) or viewers.USUAL
        tier = fields.text("tier", longest=MAX_NAME)
        fields.done()
        request_id = request.id

        def mint(tx: Tx, project: Project, now_ms: int) -> Minted:
            require_open(project)
            return viewers.mint(tx, credential, project, tenant_id=tenant_id, seconds=seconds, tier=tier, now_ms=now_ms)

        def finish(minted: Minted) -> Reply:
            return Reply(201, wire.NewViewerToken(minted.token, iso_text(minted.expires_at * 1000), request_id))

        return Work(in_project(mint, credential, named), (self._clock.now_ms(),), 0, 0, finish)


def _issue(tx: Tx, project: Project, name: str, mode: str, now_ms: int) -> Issued:
    require_open(project)
    return tokens.issue(
        tx, kind=_TYPE, name=name, project=project, now_ms=now_ms, bound={"mode": mode}, prefix=KEY_PREFIXES[mode]
    )


def _scope(tx: Tx, credential: Credential, named: str | None) -> Project | None:
    """The project whose keys are meant; None: all projects, for a master key that names none."""
    if credential.project is None and named is None:
        return None
    return project_of(tx, credential, named)


def _spelled(token: Token) -> wire.Key:
    return wire.Key(
        token.id,
        token.prefix,
        token.kind,
        token.name,
        last_used_at=_time(token.last_used_at),
        created_at=iso_text(token.created_at * 1000),
        revoked_at=_time(token.revoked_at),
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else iso_text(ms * 1000)
