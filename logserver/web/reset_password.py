"""The page behind a link to set a password: one form that works without a script, and nothing from elsewhere."""

import base64
import hashlib
import html
import re
from urllib.parse import parse_qsl

from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from logserver.api.faults import REFUSALS, headers_of, status_of
from logserver.api.request import Disconnected, Request
from logserver.api.resources import Resources
from logserver.core.faults import Invalid
from logserver.core.people.password_rule import SHORTEST

PATH = "/reset-password"
A_MINUTE = 10
"""Forms from one address; they count with what is asked of ``/api/v1/auth``."""

# Relative, for it may be shown behind a proxy below another path; with the query the token would be in logs.
_FORM = PATH.removeprefix("/")
_FORM_BYTES = 8_192
_TOKEN = re.compile("[A-Za-z0-9_-]{1,200}", re.ASCII)
_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:10vh auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}label{display:block;margin-top:1rem}input{box-sizing:border-box;width:100%;padding:.5rem;"
    "font:inherit}button{margin-top:1.5rem;padding:.5rem 1.5rem;font:inherit}.wrong{color:#a00000}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}.wrong{color:#ff9a9a}}"
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    f" style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def routes(resources: Resources) -> list[Route]:
    """The routes of the page."""
    return [Route(PATH, ResetPage(resources), methods=["GET", "POST"], name="reset_password_page")]


class ResetPage:
    """GET shows the form with the token of the link, POST sets the password."""

    def __init__(self, resources: Resources) -> None:
        self._gate = resources.gate
        self._people = resources.people
        self._body_seconds = resources.body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request.of(scope)
        try:
            page = await self._set(request, receive) if request.method == "POST" else _page(_form(request.query()))
        except Disconnected:
            return
        await page(scope, receive, send)

    async def _set(self, request: Request, receive: Receive) -> HTMLResponse:
        sent: dict[str, str] = {}
        try:
            self._gate.take_at_door(request, limit=A_MINUTE)
            await request.read(receive, limit=_FORM_BYTES, seconds=self._body_seconds, code="body_bytes")
            sent = dict(parse_qsl(request.raw.decode("latin-1"), keep_blank_values=True, errors="replace"))
            if sent.get("new_password") != sent.get("again"):
                raise Invalid([("again", "is not the same")])
            await self._people.reset(sent.get("token", "").strip(), sent.get("new_password", ""))
        except REFUSALS as fault:
            status = 400 if isinstance(fault, Invalid) else status_of(fault)
            return _page(_form(sent, fault), status, headers_of(fault))
        await self._gate.refresh()
        return _page("<h1>Your password is set</h1><p>Everybody who was signed in as you is signed out.</p>")


def _form(values: dict[str, str], fault: Exception | None = None) -> str:
    """The form, with what was wrong with it the last time."""
    problems = dict(fault.problems) if isinstance(fault, Invalid) else {}
    said = (
        "".join(f"{_LABELS[field]} {message}. " for field, message in problems.items() if field in _LABELS)
        if problems
        else f"{fault}."
    )
    wrong = f'<p class="wrong" role="alert" id="wrong">{html.escape(said)}</p>' if fault is not None else ""
    described = ' aria-describedby="wrong"' if fault is not None else ""
    token = values.get("token", "")
    asked = (
        f'<input type="hidden" name="token" value="{token}">'
        if _TOKEN.fullmatch(token) and "token" not in problems
        else '<label for="token">Token</label><input id="token" name="token" required autocomplete="off">'
    )
    again = "".join(
        f'<label for="{name}">{_LABELS[name]}</label><input id="{name}" name="{name}" type="password" required'
        f' minlength="{SHORTEST}" autocomplete="new-password"{described}>'
        for name in ("new_password", "again")
    )
    return (
        f'<h1>Set a new password</h1>{wrong}<form method="post" action="{_FORM}">{asked}{again}'
        f"<p>At least {SHORTEST} characters, and none of the commonest.</p><button>Set password</button></form>"
    )


_LABELS = {"token": "Token", "new_password": "New password", "again": "The same once more"}


def _page(body: str, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None) -> HTMLResponse:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Set a new password</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    more = {name.decode(): value.decode() for name, value in headers or []}
    return HTMLResponse(text, status, _HEADERS | more)
