"""The redaction rules of a project: switched, made, changed, deleted, and tried before they are."""

import asyncio
from typing import Any

from starlette.responses import Response

from logserver.core import projects
from logserver.core.faults import Invalid
from logserver.core.projects import AUDITED, DIALECTS
from logserver.core.redaction import bounds, rules
from logserver.core.redaction.behaviors import BEHAVIORS
from logserver.core.redaction.rules import Rule
from logserver.store.tx import Tx
from logserver.web.settings import bench
from logserver.web.settings.bench import Trial
from logserver.web.visit import Visit

TRIAL_SECONDS = 10
"""How long trying out may take, and the waiting for others who try."""

_NEW: dict[str, Any] = {
    "rule": "", "type": "pattern", "name": "", "pattern": "", "fields": "", "behavior": "replace", "enabled": True,
}  # fmt: skip


async def show(visit: Visit) -> Response:
    """The rules, and a form; filled in with the rule that ``rule`` in the query names."""
    return await _page(visit, None, editing=visit.query.get("rule", ""))


async def set_builtins(visit: Visit) -> Response:
    """Switch the built-in rules, and say what each does."""
    form, project = visit.form, visit.project.number

    def change(tx: Tx) -> None:
        for rule in rules.every(tx, project):
            if rule.type != "builtin":
                continue
            behavior, enabled = form.get(f"{rule.id}_behavior", rule.behavior), form.ticked(f"{rule.id}_enabled")
            if (behavior, enabled) != (rule.behavior, rule.enabled):
                rules.change(tx, project, rule.id, behavior=behavior, enabled=enabled)

    await visit.site.resources.database.write(change)
    return visit.see(visit.place("/settings/redaction"), "Saved; they hold for the next event.")


async def set_dialects(visit: Visit) -> Response:
    """Say whose events the rules run on, beside audit events."""
    chosen = tuple(visit.form.all("dialects"))

    def change(tx: Tx) -> None:
        projects.set_values(tx, visit.project.slug, redact_dialects=chosen)

    await visit.site.resources.database.write(change)
    await visit.site.resources.gate.refresh()
    return visit.see(visit.place("/settings/redaction"), "Saved; it holds for the next event.")


async def save(visit: Visit) -> Response:
    """Make a rule, or change the one that the form names."""
    values, project = _values(visit), visit.project.number
    fields = _paths(values)

    def change(tx: Tx) -> Rule:
        own = {"name": values["name"], "behavior": values["behavior"], "enabled": values["enabled"]}
        fresh = not values["rule"]
        kind = values["type"] if fresh else rules.read(tx, project, values["rule"]).type
        pattern, paths = (None, fields) if kind == "field_redact" else (values["pattern"], None)
        if fresh:
            now = visit.now_ms
            return rules.create(tx, project, type=kind, pattern=pattern, fields=paths, now_ms=now, **own)
        return rules.change(tx, project, values["rule"], pattern=pattern, fields=paths, **own)

    try:
        saved = await visit.site.resources.database.write(change)
    except Invalid as fault:
        return await _page(visit, values, problems=_problems(fault))
    return visit.see(visit.place("/settings/redaction"), f"The rule {saved.name} is saved and holds from now on.")


async def delete(visit: Visit) -> Response:
    """Delete a rule of the project's own."""
    await visit.site.resources.database.write(rules.delete, visit.project.number, visit.request.params["rule"])
    return visit.see(visit.place("/settings/redaction"), "The rule is deleted.")


async def try_out(visit: Visit) -> Response:
    """Show what the rules, and the one in the form as it stands, would make of a sample; nothing is stored."""
    values = _values(visit)
    sample = bench.Sample(visit.form.get("sample"), audit=visit.form.get("shape") == "audit")
    trial, problems = None, {}
    resources = visit.site.resources
    try:
        draft = _draft(values)
        known = await resources.database.read(rules.every, visit.project.number)
        async with asyncio.timeout(TRIAL_SECONDS):
            trial = await visit.site.aside.run(bench.run, resources.policies, known, draft, sample)
    except TimeoutError:
        problems = {"sample": f"this took longer than {TRIAL_SECONDS} seconds; such rules would hold up every event"}
    except Invalid as fault:
        problems = _problems(fault)
    if visit.partial:
        return visit.page("settings/trial.html", trial=trial, wrong=list(problems.values()))
    return await _page(visit, values, problems=problems, trial=trial, sample=sample)


def _values(visit: Visit) -> dict[str, Any]:
    form = visit.form
    texts = {name: form.get(name) for name in ("rule", "type", "name", "pattern", "fields", "behavior")}
    return {**texts, "enabled": form.ticked("enabled")}


def _paths(values: dict[str, Any]) -> list[str]:
    return [path.strip() for path in values["fields"].replace(",", "\n").split("\n") if path.strip()]


def _draft(values: dict[str, Any]) -> Rule | None:
    """The rule in the form, None where it is not begun; raises Invalid where it cannot be used."""
    kind, behavior = values["type"], values["behavior"]
    pattern = values["pattern"] if kind == "pattern" else None
    paths = tuple(_paths(values)) if kind == "field_redact" else ()
    if not pattern and not paths:
        return None
    bounds.check(kind, behavior=behavior, pattern=pattern, fields=paths or None)
    rule_id = values["rule"] or bench.DRAFT
    return Rule(rule_id, kind, values["name"], pattern, paths, behavior, enabled=True, created_at=None)


def _problems(fault: Invalid) -> dict[str, str]:
    """By the field of the form: ``fields.3`` is a line of ``fields``, ``event.tenant_id`` is in the sample."""
    found: dict[str, str] = {}
    for path, message in fault.problems:
        name, _, rest = path.partition(".")
        field = "sample" if name == "event" else name
        found.setdefault(field, f"{rest}: {message}" if rest and field == "sample" else message)
    return found


async def _page(
    visit: Visit,
    values: dict[str, Any] | None,
    *,
    problems: dict[str, str] | None = None,
    editing: str = "",
    trial: Trial | None = None,
    sample: bench.Sample | None = None,
) -> Response:
    found = await visit.site.resources.database.read(rules.every, visit.project.number)
    own = [rule for rule in found if rule.type != "builtin"]
    if values is None:
        edited = next((rule for rule in own if rule.id == editing), None)
        values = _NEW if edited is None else _of_rule(edited)
    return visit.page(
        "settings/redaction.html",
        422 if problems else 200,
        builtins=[rule for rule in found if rule.type == "builtin"],
        own=own,
        values=values,
        problems=problems or {},
        behaviors=BEHAVIORS,
        dialects=DIALECTS,
        always=AUDITED,
        most=rules.MAX_CUSTOM,
        trial=trial,
        sample=sample or bench.Sample("", audit=False),
    )


def _of_rule(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "type": rule.type,
        "name": rule.name,
        "pattern": rule.pattern or "",
        "fields": "\n".join(rule.fields),
        "behavior": rule.behavior,
        "enabled": rule.enabled,
    }
