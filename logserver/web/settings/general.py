"""The settings of a project: its name, how long it keeps what it is sent, and whether it is in use."""

from typing import Any

from starlette.responses import Response

from logserver.core import projects
from logserver.core.faults import Invalid
from logserver.store.tx import Tx
from logserver.web.settings.figures import required, whole
from logserver.web.visit import Visit


async def show(visit: Visit) -> Response:
    """The form."""
    project = visit.project
    audit_days = project.audit_retention_days
    values = {
        "name": project.name,
        "retention_days": project.retention_days,
        "audit_retention_days": "" if audit_days is None else audit_days,
    }
    return _page(visit, values)


async def save(visit: Visit) -> Response:
    """Change the name and how long events are kept."""
    form, slug = visit.form, visit.project.slug
    values = {name: form.get(name) for name in ("name", "retention_days", "audit_retention_days")}
    try:
        days, audit_days = required(form, "retention_days"), whole(form, "audit_retention_days")

        def change(tx: Tx) -> None:
            projects.set_values(
                tx,
                slug,
                name=form.get("name"),
                retention_days=days,
                audit_retention_days=audit_days,
                keep_audit=audit_days is None,
            )

        await visit.site.resources.database.write(change)
    except Invalid as fault:
        return _page(visit, values, fault)
    return visit.see(visit.place("/settings"), "Saved.")


async def archive(visit: Visit) -> Response:
    """Close the project, if its owner has ticked that this is meant."""
    if not visit.form.ticked("sure"):
        return visit.see(visit.place("/settings"), "Nothing was archived: tick the box if you mean it.")
    resources = visit.site.resources
    await resources.database.write(projects.archive, visit.project.slug, visit.now_ms)
    await resources.gate.refresh()
    return visit.see(visit.place("/settings"), "Archived. Its tokens are revoked; nothing more is taken.")


async def restore(visit: Visit) -> Response:
    """Open the project again."""
    resources = visit.site.resources
    await resources.database.write(projects.restore, visit.project.slug)
    await resources.gate.refresh()
    return visit.see(visit.place("/settings/tokens"), "Restored. Its old tokens stay revoked: make new ones.")


def _page(visit: Visit, values: dict[str, Any], fault: Invalid | None = None) -> Response:
    problems = dict(fault.problems) if fault is not None else {}
    return visit.page("settings/general.html", 422 if problems else 200, values=values, problems=problems)
