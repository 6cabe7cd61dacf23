"""The tokens of a project: made, shown once, listed and revoked."""

from typing import Any

from starlette.responses import Response

from logserver.core import project_tokens, tokens
from logserver.core.faults import Invalid
from logserver.core.project_tokens import SPELLINGS
from logserver.core.tokens import Issued, Token
from logserver.web.settings.figures import whole
from logserver.web.visit import Visit

MOST = 200
"""How many of those in use, and of those that have ended, are listed: the newest."""

_BLANK: dict[str, Any] = {"name": "", "kind": "project", "spelling": SPELLINGS[0], "scopes": [], "days": ""}


async def show(visit: Visit) -> Response:
    """The list, and a form for another one."""
    return await _page(visit, _BLANK)


async def make(visit: Visit) -> Response:
    """Make a token; this answer is the only place where it stands whole."""
    form, resources = visit.form, visit.site.resources
    values = {name: form.get(name) for name in ("name", "kind", "spelling", "days")}
    kind = values["kind"]
    # Who ticks none means all that the kind may have; the boxes of other kinds do not count.
    allowed = project_tokens.SCOPES.get(kind, ())
    scopes = [scope for scope in form.all("scopes") if scope in allowed] or list(allowed)
    try:
        days = whole(form, "days")
        issued = await resources.database.write(
            lambda tx: project_tokens.issue(
                tx,
                visit.project,
                kind=kind,
                name=values["name"],
                spelling=values["spelling"],
                scopes=scopes,
                days=days,
                now_ms=visit.now_ms,
                created_by=visit.user.number,
            )
        )
    except Invalid as fault:
        return await _page(visit, {**values, "scopes": form.all("scopes")}, dict(fault.problems))
    await resources.gate.refresh()
    return await _page(visit, _BLANK, issued=issued)


async def revoke(visit: Visit) -> Response:
    """Revoke a token of the project at once."""
    resources, token_id = visit.site.resources, visit.request.params["token"]
    revoked = await resources.database.write(project_tokens.revoke, visit.project, token_id, visit.now_ms)
    await resources.gate.refresh()
    return visit.see(visit.place("/settings/tokens"), f"Revoked {revoked.name}.")


async def _page(
    visit: Visit, values: dict[str, Any], problems: dict[str, str] | None = None, *, issued: Issued | None = None
) -> Response:
    found = await visit.site.resources.database.read(tokens.every, visit.project)
    in_use = [token for token in found if _in_use(token, visit.now_ms)]
    ended = [token for token in found if not _in_use(token, visit.now_ms)]
    return visit.page(
        "settings/tokens.html",
        422 if problems else 200,
        in_use=in_use[:MOST],
        in_use_count=len(in_use),
        ended=ended[:MOST],
        ended_count=len(ended),
        values=values,
        problems=problems or {},
        issued=issued,
        kinds=project_tokens.SCOPES,
        spellings=SPELLINGS,
    )


def _in_use(token: Token, now_ms: int) -> bool:
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now_ms)
