"""The rules of a project's alerts: what is built in, and its own."""

from typing import Any

from starlette.responses import Response

from logserver.core.alerting import alert_bounds, alert_rules
from logserver.core.alerting.alert_rules import Rule
from logserver.core.faults import Conflict, Invalid
from logserver.store.tx import Tx
from logserver.web.alerts import words
from logserver.web.forms import whole
from logserver.web.problems import by_field
from logserver.web.visit import Visit

_TEXTS = ("name", "action_pattern", "group_by", "severity")
_NUMBERS = ("threshold", "window_seconds", "cooldown_seconds")
_NEW = {
    "name": "",
    "action_pattern": "",
    "threshold": 5,
    "window_seconds": 300,
    "group_by": "actor_id",
    "severity": "medium",
    "cooldown_seconds": 3_600,
    "enabled": True,
}


async def index(visit: Visit) -> Response:
    """Every rule of a project, the built-in ones first."""
    found = await visit.site.resources.database.look_up(alert_rules.every, visit.project.number)
    rows = [(rule, words.called(rule.id, rule.name), words.sentence(rule)) for rule in found]
    return visit.page("alerts/rules.html", rows=rows)


async def form(visit: Visit) -> Response:
    """The form of a new rule."""
    return _page(visit, None, _NEW)


async def create(visit: Visit) -> Response:
    """Make a rule of the project's own."""
    values, problems = _read(visit)

    def write(tx: Tx) -> Rule:
        return alert_rules.create(tx, visit.project.number, **values, now_ms=visit.now_ms)

    try:
        alert_bounds.check({name: value for name, value in values.items() if name not in problems}, [*problems.items()])
        rule = await visit.site.resources.database.write(write)
    except (Invalid, Conflict) as fault:
        return _page(visit, None, _sent(visit), fault)
    return visit.see(visit.place("/alerts/rules"), f"The rule {rule.name} is made.")


async def edit(visit: Visit) -> Response:
    """The form of a rule."""
    database = visit.site.resources.database
    rule = await database.look_up(alert_rules.read, visit.project.number, visit.request.params["rule"])
    return _page(visit, rule, {name: getattr(rule, name) for name in (*_TEXTS, *_NUMBERS, "enabled")})


async def change(visit: Visit) -> Response:
    """Change a rule: of a built-in one whether it is on, and how long it rests."""
    rule_id, database = visit.request.params["rule"], visit.site.resources.database
    rule = await database.look_up(alert_rules.read, visit.project.number, rule_id)
    values, problems = _read(visit)
    if rule.type != "custom":
        values = {name: values[name] for name in ("enabled", "cooldown_seconds")}
        problems = {name: text for name, text in problems.items() if name in values}

    def write(tx: Tx) -> Rule:
        return alert_rules.change(tx, visit.project.number, rule_id, **values)

    try:
        alert_bounds.check({name: value for name, value in values.items() if name not in problems}, [*problems.items()])
        await database.write(write)
    except Invalid as fault:
        return _page(visit, rule, _sent(visit), fault)
    return visit.see(visit.place("/alerts/rules"), f"The rule {words.called(rule.id, rule.name)} is changed.")


async def switch(visit: Visit) -> Response:
    """Switch a rule on or off."""
    enabled = visit.form.get("enabled") == "1"

    def write(tx: Tx) -> Rule:
        return alert_rules.change(tx, visit.project.number, visit.request.params["rule"], enabled=enabled)

    rule = await visit.site.resources.database.write(write)
    said = f"{words.called(rule.id, rule.name)} is {'on' if enabled else 'off'}."
    return visit.see(visit.place("/alerts/rules"), said)


async def delete(visit: Visit) -> Response:
    """Delete a rule of the project's own; its alerts stay."""
    database = visit.site.resources.database
    await database.write(alert_rules.delete, visit.project.number, visit.request.params["rule"])
    return visit.see(visit.place("/alerts/rules"), "The rule is deleted. Its alerts stay.")


def _read(visit: Visit) -> tuple[dict[str, Any], dict[str, str]]:
    """What the form says, and what is wrong with its numbers."""
    values: dict[str, Any] = {name: visit.form.get(name) for name in _TEXTS}
    problems: dict[str, str] = {}
    for name in _NUMBERS:
        values[name] = whole(visit.form.get(name))
        if values[name] is None:
            problems[name] = "must be a whole number"
    values["enabled"] = visit.form.ticked("enabled")
    return values, problems


def _sent(visit: Visit) -> dict[str, Any]:
    """The form as it was sent, to be shown again."""
    texts = {name: visit.form.get(name)[:1_000] for name in (*_TEXTS, *_NUMBERS)}
    return {**texts, "enabled": visit.form.ticked("enabled")}


def _page(visit: Visit, rule: Rule | None, values: dict[str, Any], fault: Invalid | Conflict | None = None) -> Response:
    return visit.page(
        "alerts/rule.html",
        422 if isinstance(fault, Invalid) else 409 if fault else 200,
        rule=rule,
        name=words.called(rule.id, rule.name) if rule else "New rule",
        sentence=words.sentence(rule) if rule else "",
        own=rule is None or rule.type == "custom",
        values=values,
        problems=by_field(fault) if isinstance(fault, Invalid) else {},
        wrong=str(fault) if isinstance(fault, Conflict) else "",
    )
