"""What a project may be sent: its quota, and the rate limits that admins give it and its tokens."""

from typing import Any

from starlette.responses import Response

from logserver.core import log_rates, project_tokens, projects, quotas, tokens
from logserver.core.faults import Invalid
from logserver.core.log_rates import LogRate
from logserver.store.tx import Tx
from logserver.web.settings.figures import UNITS, in_unit, required, size, whole
from logserver.web.visit import Visit

MOST = 200
"""Tokens that are listed."""


async def show(visit: Visit) -> Response:
    """The forms."""
    return await _page(visit)


async def set_quota(visit: Visit) -> Response:
    """Set or remove the bytes a month."""
    try:
        most = size(visit.form, "monthly_bytes")
        await visit.site.resources.database.write(quotas.limit, visit.project.slug, most)
    except Invalid as fault:
        return await _page(visit, fault, monthly_bytes=visit.form.get("monthly_bytes"))
    await visit.site.resources.gate.refresh()
    return visit.see(visit.place("/settings/limits"), "Saved." if most is not None else "There is no quota any more.")


async def set_rate(visit: Visit) -> Response:
    """Give the project a rate limit of its own, or take it away."""
    form, slug = visit.form, visit.project.slug
    try:
        default = not form.get("rate_limit_requests") and not form.get("rate_limit_seconds")
        own = None if default else (required(form, "rate_limit_requests"), required(form, "rate_limit_seconds"))

        def change(tx: Tx) -> None:
            projects.set_values(tx, slug, rate_limit=own, default_rate_limit=default)

        await visit.site.resources.database.write(change)
    except Invalid as fault:
        given = {name: form.get(name) for name in ("rate_limit_requests", "rate_limit_seconds")}
        return await _page(visit, fault, **given)
    await visit.site.resources.gate.refresh()
    return visit.see(visit.place("/settings/limits"), "Saved.")


async def set_token_rate(visit: Visit) -> Response:
    """Give one token limits of its own for POST /v1/logs; an empty field: the server's."""
    form, token_id = visit.form, visit.form.get("token")
    try:
        rate = LogRate(whole(form, "logs_per_minute"), whole(form, "logs_burst"))

        def change(tx: Tx) -> None:
            project_tokens.require(tx, visit.project, token_id)
            log_rates.remove(tx, token_id)
            log_rates.change(tx, token_id, rate)

        await visit.site.resources.database.write(change)
    except Invalid as fault:
        given = {name: form.get(name) for name in ("token", "logs_per_minute", "logs_burst")}
        return await _page(visit, fault, **given)
    await visit.site.resources.gate.refresh()
    return visit.see(visit.place("/settings/limits"), "Saved.")


async def _page(visit: Visit, fault: Invalid | None = None, **given: str) -> Response:
    project = visit.project

    def look(tx: Tx) -> dict[str, Any]:
        rates = log_rates.every(tx)
        usable = [each for each in tokens.every(tx, project, kind="project") if each.revoked_at is None]
        # Those with limits of their own first: what is cut off is as usual.
        usable.sort(key=lambda each: each.id not in rates)
        used = quotas.used(tx, visit.now_ms).get(project.number, 0)
        return {"used": used, "usable": usable[:MOST], "rates": rates}

    amount, unit = in_unit(project.monthly_bytes)
    values = {
        "monthly_bytes": amount,
        "rate_limit_requests": project.rate_limit_requests or "",
        "rate_limit_seconds": project.rate_limit_seconds or "",
        "token": "",
        "logs_per_minute": "",
        "logs_burst": "",
        **given,
    }
    return visit.page(
        "settings/limits.html",
        200 if fault is None else 422,
        values=values,
        unit=visit.form.get("monthly_bytes_unit", unit),
        units=list(UNITS),
        month_ends_at=quotas.month_of(visit.now_ms).ends_at * 1000,
        usual=visit.site.rates,
        problems={} if fault is None else dict(fault.problems),
        **await visit.site.resources.database.read(look),
    )
