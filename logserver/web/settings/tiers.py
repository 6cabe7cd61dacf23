"""Visibility tiers of a project: what a viewer token of each shows of an audit event."""

from starlette.responses import Response

from logserver.core import tiers
from logserver.core.faults import Invalid
from logserver.core.tiers import FIELDS, OBJECTS
from logserver.web.visit import Visit


async def show(visit: Visit) -> Response:
    """The list, and a form; filled in with the tier that ``tier`` in the query names."""
    return await _page(visit, visit.query.get("tier", ""))


async def put(visit: Visit) -> Response:
    """Make a tier, or change what it shows."""
    form = visit.form
    inner = [field.strip() for field in form.get("inner").replace("\n", ",").split(",") if field.strip()]
    name, fields = form.get("name"), [*form.all("fields"), *inner]
    try:
        await visit.site.resources.database.write(tiers.put, visit.project, name, fields)
    except Invalid as fault:
        # A tier may name many fields, and several of them may be wrong.
        problems = {("name" if field == "tier" else field): f"{message}" for field, message in reversed(fault.problems)}
        return await _page(visit, name, fields, problems)
    return visit.see(visit.place("/settings/tiers"), f"The tier {name} is saved.")


async def remove(visit: Visit) -> Response:
    """Take a tier away, and with it every viewer token of it."""
    name, resources = visit.request.params["tier"], visit.site.resources
    await resources.database.write(tiers.remove, visit.project, name)
    await resources.gate.refresh()
    return visit.see(visit.place("/settings/tiers"), f"The tier {name} is gone, and its viewer tokens with it.")


async def _page(
    visit: Visit, name: str, chosen: list[str] | None = None, problems: dict[str, str] | None = None
) -> Response:
    found = await visit.site.resources.database.read(tiers.every, visit.project)
    if chosen is None:
        chosen = [field for tier in found if tier.name == name for field in tier.fields]
    return visit.page(
        "settings/tiers.html",
        422 if problems else 200,
        found=found,
        name=name[:63],
        chosen=[field for field in chosen if field in FIELDS],
        inner=", ".join(field for field in chosen if field not in FIELDS),
        fields=FIELDS,
        objects=OBJECTS,
        problems=problems or {},
    )
