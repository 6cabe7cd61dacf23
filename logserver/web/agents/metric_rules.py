"""Metric rules: the list, the editor that loses nobody's changes, and the bench on which they are tried.

Rules are of the whole server. Whoever has signed in sees those that concern all agents, or one that it sees, and
tries them; admins change them.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from starlette.responses import Response

from logserver.core.faults import Conflict, Fault, Invalid, NotFound, Stale
from logserver.core.fleet import names
from logserver.core.fleet.names import Named
from logserver.core.metrics import checks, configs, trials
from logserver.core.metrics.configs import Config
from logserver.core.metrics.extraction import Found
from logserver.core.metrics.rules import TYPES
from logserver.store.tx import Tx
from logserver.web.agents import rule_form, sight
from logserver.web.agents.rule_form import Values
from logserver.web.differences import Pair, beside
from logserver.web.forms import whole
from logserver.web.problems import by_field, sentence
from logserver.web.visit import Visit

MOST_LINES = 200
"""Lines that are tried at once."""


class Bench(NamedTuple):
    """Lines that were tried, and what each yields."""

    text: str = ""
    results: Sequence[tuple[str, list[Found]]] = ()
    wrong: str = ""


class _Trouble(NamedTuple):
    status: int = 200
    problems: Mapping[str, str] = MappingProxyType({})
    wrong: str = ""
    pairs: Sequence[Pair] = ()


_NO_TROUBLE = _Trouble()
_NO_LINES = Bench()


async def index(visit: Visit) -> Response:
    """The rules that concern who asks."""

    def look(tx: Tx) -> list[tuple[Config, list[str]]]:
        found, _ = configs.page(tx, 0, configs.MOST_CONFIGS)
        return [(config, called) for config in found if (called := _seen(tx, visit, config)) is not None]

    rows = await visit.site.resources.database.read(look)
    return visit.page("agents/metric_rules.html", rows=rows)


async def form(visit: Visit) -> Response:
    """The form of new rules."""
    return _editor(visit, None, rule_form.empty())


async def show(visit: Visit) -> Response:
    """Rules as they are: to be read, and for admins to be changed."""
    config, called = await visit.site.resources.database.look_up(_find, visit)
    if visit.is_admin:
        return _editor(visit, config, rule_form.of_config(config, called))
    return visit.page("agents/metric_rule_shown.html", config=config, agents=called, bench=_NO_LINES)


async def try_stored(visit: Visit) -> Response:
    """What stored rules yield of some lines."""
    config, called = await visit.site.resources.database.look_up(_find, visit)
    bench = await _tried(visit, rule_form.of_config(config, called))
    return visit.page("agents/metric_rule_shown.html", config=config, agents=called, bench=bench)


async def save(visit: Visit) -> Response:
    """What the pressed button says: save, try the rules on lines, one more rule, or one less."""
    config_id = visit.request.params.get("rule")
    values, action = rule_form.of_form(visit.form), visit.form.get("action")
    config = (await visit.site.resources.database.look_up(_find, visit))[0] if config_id else None
    if action == "add" and len(values["metrics"]) < checks.MAX_METRICS:
        values["metrics"] += rule_form.empty()["metrics"]
    elif action.startswith("drop-"):
        number = whole(action.removeprefix("drop-"))
        values["metrics"] = [metric for at, metric in enumerate(values["metrics"]) if at != number]
    elif action == "try":
        try:
            return _editor(visit, config, values, bench=await _tried(visit, values))
        except Invalid as fault:
            return _editor(visit, config, values, _Trouble(422, by_field(fault)), bench=Bench(visit.form.get("lines")))
    else:
        return await _save(visit, config, values)
    return _editor(visit, config, values, bench=Bench(visit.form.get("lines")))


async def delete(visit: Visit) -> Response:
    """Delete rules; what was counted by them stays."""
    await visit.site.resources.database.write(configs.delete, visit.request.params["rule"])
    return visit.see(visit.url("/metric-rules"), "The rules are deleted. What they counted stays.")


async def _save(visit: Visit, config: Config | None, values: Values) -> Response:
    database = visit.site.resources.database
    version = whole(visit.form.get("version")) or 0
    ids = await database.look_up(names.ids, rule_form.agent_names(values)[: rule_form.MOST_AGENTS + 1])
    try:
        draft = await visit.site.aside.run(rule_form.draft_of, values, ids)
        if config is None:
            saved = await database.write(configs.create, draft, visit.now_ms)
        else:
            saved = await database.write(configs.replace, config.id, draft, version, visit.now_ms)
    except Stale:
        held, called = await database.look_up(_find, visit)
        stored = rule_form.spelled(rule_form.of_config(held, called))
        trouble = _Trouble(409, pairs=beside(stored, rule_form.spelled(values)))
        return _editor(visit, held, values, trouble, bench=Bench(visit.form.get("lines")))
    except (Invalid, Conflict) as fault:
        return _editor(visit, config, values, _trouble(fault), bench=Bench(visit.form.get("lines")))
    said = f"{saved.name} is saved; agents apply it within a minute."
    return visit.see(visit.url(f"/metric-rules/{saved.id}"), said)


async def _tried(visit: Visit, values: Values) -> Bench:
    """What the rules of a form yield of the lines beside it; raises Invalid for rules that do not hold together."""
    text = visit.form.get("lines")
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return Bench(text, wrong="Paste some lines to try the rules on.")
    if len(lines) > MOST_LINES or max(map(len, lines)) > trials.MAX_LINE:
        return Bench(text, wrong=f"At most {MOST_LINES} lines of {trials.MAX_LINE:,} characters each can be tried.")
    monotonic = visit.site.resources.clock.monotonic
    rules = await visit.site.aside.run(rule_form.rules_of, values)
    try:
        found = await visit.site.aside.run(trials.tried, rules, lines, monotonic)
    except Invalid as fault:
        return Bench(text, wrong=by_field(fault)["lines"])
    return Bench(text, list(zip(lines, found, strict=True)))


def _find(tx: Tx, visit: Visit) -> tuple[Config, list[str]]:
    """The rules of the path, and the names of the agents they are for; raises NotFound for what is hidden."""
    config = configs.read(tx, visit.request.params["rule"])
    called = _seen(tx, visit, config)
    if called is None:
        raise NotFound("there are no such metric rules")
    return config, called


def _seen(tx: Tx, visit: Visit, config: Config) -> list[str] | None:
    """The names of those of a config's agents that who asks sees; None where it sees none of them."""
    if config.agent_ids is None:
        return []
    mine = sight.projects_of(visit)
    found: list[Named] = list(names.of(tx, config.agent_ids).values())
    called = [each.name for each in found if visit.is_admin or each.project in mine]
    return called if called or visit.is_admin else None


def _version(visit: Visit, config: Config | None, trouble: _Trouble) -> str:
    """The version that the form is on top of: the stored one only for those who have seen what that says."""
    typed = visit.form.get("version")[:20]
    return typed if config is None or (typed and not trouble.pairs) else str(config.version)


def _trouble(fault: Fault) -> _Trouble:
    if isinstance(fault, Invalid):
        return _Trouble(422, by_field(fault))
    return _Trouble(409, wrong=sentence(str(fault)))


def _editor(
    visit: Visit, config: Config | None, values: Values, trouble: _Trouble = _NO_TROUBLE, bench: Bench = _NO_LINES
) -> Response:
    return visit.page(
        "agents/metric_rule.html",
        trouble.status,
        config=config,
        values=values,
        version=_version(visit, config, trouble),
        problems=trouble.problems,
        wrong=trouble.wrong,
        pairs=trouble.pairs,
        bench=bench,
        types=TYPES,
    )
