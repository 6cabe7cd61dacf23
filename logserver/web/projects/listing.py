"""The list of projects, each with how it is doing, and new ones."""

from starlette.responses import Response

from logserver.core import overview, projects
from logserver.core.faults import Conflict, Fault, Invalid
from logserver.core.people import founding
from logserver.core.people.accounts import User
from logserver.core.people.founding import Founded
from logserver.core.projects import DEFAULT_RETENTION_DAYS, Project
from logserver.store.tx import Tx
from logserver.web.problems import by_field
from logserver.web.projects import fresh_tokens
from logserver.web.visit import Visit

_MOST_DIGITS = 6


async def page(visit: Visit) -> Response:
    """GET: the projects there are to see; admins see the archived ones too."""

    def look(tx: Tx, shown: list[Project], now_ms: int, *, admin: bool) -> dict[str, object]:
        archived = [each for each in projects.every(tx) if each.archived_at is not None] if admin else []
        return {"figures": overview.overviews(tx, shown, now_ms), "archived": archived}

    shown = visit.who.projects if visit.who else []
    database = visit.site.resources.database
    found = await database.read(lambda tx: look(tx, shown, visit.now_ms, admin=visit.is_admin))
    return visit.page("projects/listing.html", shown=shown, hours=overview.MINUTES * overview.PARTS // 60, **found)


async def form(visit: Visit) -> Response:
    """GET: the form of a new project."""
    return visit.page("projects/new.html", name="", slug="", retention_days=str(DEFAULT_RETENTION_DAYS), problems={})


async def make(visit: Visit) -> Response:
    """POST: make a project with a token, and go on to its start page."""
    sent = visit.form
    values = {name: sent.get(name) for name in ("name", "slug", "retention_days")}

    def found(tx: Tx, user: User, days: int, now_ms: int) -> Founded:
        name, slug = values["name"], values["slug"].lower()
        return founding.found(tx, user, name=name, slug=slug, retention_days=days, now_ms=now_ms)

    try:
        days = _days(values["retention_days"])
        made = await visit.site.resources.database.write(found, visit.user, days, visit.now_ms)
    except (Invalid, Conflict) as fault:
        return visit.page("projects/new.html", 422, problems=_problems(fault), **values)
    fresh_tokens.keep(visit, made.project, made.token.secret, visit.secret)
    return visit.see(visit.url(f"/p/{made.project.slug}/start"), f"The project {made.project.name} is there.")


def _problems(fault: Fault) -> dict[str, str]:
    return by_field(fault, "slug")


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise Invalid([("retention_days", "must be a number of days")])
    return int(text)
