"""The form of metric rules: a config as fields that are typed, and what is wrong about each."""

import re
from typing import Any

import msgspec

from logserver.core.faults import Invalid
from logserver.core.metrics import checks, configs
from logserver.core.metrics.configs import Config, Draft
from logserver.core.metrics.rules import MetricRule, factor_of
from logserver.web.visit import Form

MOST_AGENTS = configs.MAX_AGENTS
Values = dict[str, Any]
"""What the form shows: texts by name of field, and ``metrics``, a list of such texts for each rule."""

_METRIC = ("name", "type", "description", "pattern", "labels", "value", "multiply", "buckets")
_FIELDS = {"value_capture": "value", "value_transform": "multiply"}
_PLACE = re.compile(r"metrics\[([0-9]+)\](?:\.([a-z_]+).*)?", re.DOTALL)
_SPACES = re.compile(r"[\s,]+")


def empty() -> Values:
    """A form that nothing was typed into."""
    rules = [dict.fromkeys(_METRIC, "") | {"type": "counter"}]
    return {"name": "", "description": "", "log_source": "", "enabled": True, "agents": "", "metrics": rules}


def of_config(config: Config, names: list[str]) -> Values:
    """The form of a stored config; ``names`` are those of its agents."""
    return {
        "name": config.name,
        "description": config.description,
        "log_source": config.log_source,
        "enabled": config.enabled,
        "agents": "\n".join(names),
        "metrics": [_of_rule(rule) for rule in config.metrics],
    }


def of_form(form: Form) -> Values:
    """What was typed."""
    count = form.get("count")
    rules = min(int(count), checks.MAX_METRICS) if count.isascii() and count.isdigit() and len(count) < 5 else 0
    values: Values = {name: form.get(name)[:100_000] for name in ("name", "description", "log_source", "agents")}
    metrics = [{name: form.get(f"m{number}_{name}")[:10_000] for name in _METRIC} for number in range(rules)]
    return {**values, "enabled": form.ticked("enabled"), "metrics": metrics}


def agent_names(values: Values) -> list[str]:
    """The agents that are named, a line each; none of them means all."""
    return list(dict.fromkeys(line.strip() for line in values["agents"].splitlines() if line.strip()))


def rules_of(values: Values) -> list[MetricRule]:
    """The rules of a form; raises Invalid with every problem under the name of its field."""
    try:
        return checks.checked([_sent(metric) for metric in values["metrics"]])
    except Invalid as fault:
        raise Invalid([(_field(path), message) for path, message in fault.problems]) from None


def draft_of(values: Values, ids: dict[str, str]) -> Draft:
    """The config of a form; ``ids`` are those of the agents that are there, by name.

    Raises Invalid with every problem under the name of its field.
    """
    problems: list[tuple[str, str]] = []
    for name, longest in (("name", configs.MAX_NAME), ("description", configs.MAX_DESCRIPTION)):
        if len(values[name]) > longest:
            problems.append((name, f"Must be at most {longest:,} characters"))
    if not values["name"]:
        problems.append(("name", "Is needed"))
    named = agent_names(values)
    if unknown := [name for name in named if name not in ids]:
        problems.append(("agents", f"There is no agent {unknown[0][:100]!r}"))
    if len(named) > MOST_AGENTS:
        problems.append(("agents", f"Must be at most {MOST_AGENTS:,}"))
    rules: list[MetricRule] = []
    try:
        checks.check_source(values["log_source"])
    except Invalid as fault:
        problems += fault.problems
    try:
        rules = rules_of(values)
    except Invalid as fault:
        problems += fault.problems
    if problems:
        raise Invalid(problems)
    return Draft(
        name=values["name"],
        description=values["description"],
        log_source=values["log_source"],
        enabled=values["enabled"],
        agent_ids=tuple(ids[name] for name in named) if named else None,
        metrics=rules,
    )


def spelled(values: Values) -> str:
    """A form as lines, to be laid beside another."""
    rules = [{name: text for name, text in metric.items() if text} for metric in values["metrics"]]
    whole = {**values, "agents": agent_names(values) or "all", "metrics": rules}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode()


def _of_rule(rule: MetricRule) -> dict[str, str]:
    labels = rule.labels
    pairs = labels if isinstance(labels, list) else [f"{label}={group}" for label, group in labels.items()]
    return {
        "name": rule.name,
        "type": rule.type,
        "description": rule.description,
        "pattern": rule.pattern,
        "labels": ", ".join(pairs),
        "value": rule.value_capture or "",
        "multiply": "" if rule.value_transform is None else f"{factor_of(rule.value_transform):.15g}",
        "buckets": ", ".join(f"{bound:.15g}" for bound in rule.buckets or ()),
    }


def _sent(metric: dict[str, str]) -> dict[str, Any]:
    """A rule as the checks take it: what cannot be read stays a text, which they refuse."""
    sent: dict[str, Any] = {name: metric[name] for name in ("name", "type", "description", "pattern")}
    labels = [part for part in _SPACES.split(metric["labels"]) if part]
    if any("=" in label for label in labels):
        pairs = (label.partition("=") for label in labels)
        sent["labels"] = {label: _group(group or label) for label, _, group in pairs}
    elif labels:
        sent["labels"] = labels
    if metric["value"]:
        sent["value_capture"] = _group(metric["value"])
    if metric["multiply"]:
        sent["value_transform"] = _number(metric["multiply"])
    if buckets := [part for part in _SPACES.split(metric["buckets"]) if part]:
        sent["buckets"] = [_number(part) for part in buckets]
    return sent


def _group(text: str) -> str:
    return text if text.startswith("$") else f"${text}"


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _field(path: str) -> str:
    """``m0_pattern`` of ``metrics[0].pattern``."""
    found = _PLACE.fullmatch(path)
    if found is None:
        return path
    return f"m{found[1]}_{_FIELDS.get(found[2] or 'name', found[2] or 'name')}"
