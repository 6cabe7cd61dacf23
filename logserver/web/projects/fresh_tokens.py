"""A token that was just made: its maker's browser keeps it for an hour, so that it stands in the lines to copy.

The server keeps the digest only, as of every token. The cookie is of no use in another session: it is sealed with the
secret of the one in which the token was made.
"""

import hmac

from logserver.core.projects import Project
from logserver.web import cookies
from logserver.web.visit import Visit

SECONDS = 3_600
_PARTS = 3


def keep(visit: Visit, project: Project, token: str, session_secret: str) -> None:
    """Let the browser keep the new token of a project, in the session of this secret."""
    held = f"{project.uuid}:{token}:{_seal(project, token, session_secret)}"
    visit.set_cookies.append(cookies.spelled(cookies.FRESH_TOKEN, held, secure=visit.secure, seconds=SECONDS))


def kept(visit: Visit) -> str | None:
    """The token of the visit's project that its browser keeps, if it keeps one."""
    parts = visit.cookie(cookies.FRESH_TOKEN).split(":")
    if len(parts) != _PARTS or parts[0] != visit.project.uuid:
        return None
    sealed = _seal(visit.project, parts[1], visit.secret)
    return parts[1] if hmac.compare_digest(sealed.encode(), parts[2].encode()) else None


def _seal(project: Project, token: str, session_secret: str) -> str:
    return hmac.digest(session_secret.encode(), f"token {project.uuid} {token}".encode(), "sha256").hex()
