"""The cookies of the pages: their names, how they are read, and how they are set."""

from logserver.api.request import Request

SESSION = "logserver_session"
FORM = "logserver_form"
"""Stands in the forms of those who have not signed in, so that no other site can send one for them."""
NOTE = "logserver_note"
"""What the next page says once."""
THEME = "logserver_theme"
FRESH_TOKEN = "logserver_fresh_token"  # noqa: S105 - the name of a cookie
"""The token that was just made, for the lines to copy; see web/projects/fresh_tokens.py."""

_HOST = "__Host-"
"""A browser takes a cookie named so over HTTPS only, and from no other host of the same domain."""


def value(request: Request, name: str, *, secure: bool) -> str:
    """The value of a cookie; empty where there is none.

    Over HTTPS one without the prefix is none of ours: another host of the domain could have planted it.
    """
    return _read(request).get(_HOST + name if secure else name, "")


def spelled(name: str, value: str, *, secure: bool, strict: bool = False, seconds: int | None = None) -> str:
    """A Set-Cookie header: not for scripts, not from other sites; for ``seconds``, else until the browser ends."""
    same_site = "Strict" if strict else "Lax"
    lasting = f"; Max-Age={seconds}" if seconds is not None else ""
    plain = f"={value}; Path=/; HttpOnly; SameSite={same_site}{lasting}"
    return f"{_HOST}{name}{plain}; Secure" if secure else f"{name}{plain}"


def cleared(name: str, *, secure: bool) -> str:
    """A Set-Cookie header that takes a cookie away."""
    return spelled(name, "", secure=secure, seconds=0)


def _read(request: Request) -> dict[str, str]:
    """The cookies by name, the first of each: it is the one whose path fits best.

    Whatever else runs on the host puts its own beside ours, and not all of them are spelled by the rules; so each
    is looked at by itself.
    """
    held: dict[str, str] = {}
    for pair in request.headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, said = pair.strip().partition("=")
        held.setdefault(name, said)
    return held
