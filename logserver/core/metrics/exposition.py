"""What a scraper is told of the metrics of a project's agents, in Prometheus' text format.

Counters end in ``_total``. Each series has the label ``agent``, the agent's name; where a metric has a label of that
name, or a histogram one called ``le``, it is called ``exported_agent`` or ``exported_le``. Where two metrics would
have the same name in the text, the later one by name and type has its type behind its name.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric

from logserver.core.metrics.rules import TYPES, Type
from logserver.core.metrics.standing import Standing

_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("", "_bucket", "_sum", "_count")}
_TOTAL = "_total"

Series = tuple[str, str, dict[str, str], Standing]
"""The name of a metric, that of an agent, labels, and how it stands."""


class _Text(NamedTuple):
    """What the text of families is made of."""

    families: list[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


def text(series: Iterable[Series], descriptions: Mapping[str, str]) -> bytes:
    """The text of some series; ``descriptions`` says by name of metric what it is."""
    families: dict[tuple[str, int], dict[tuple[tuple[str, str], ...], Standing]] = {}
    described: dict[str, str] = {}
    for name, agent, labels, standing in series:
        base = _base(name, standing.type)
        if name in descriptions:
            described.setdefault(base, descriptions[name])
        named = _named(labels, agent, standing.type)
        held = families.setdefault((base, TYPES.index(standing.type)), {})
        if named in held:  # counters called alike but for the ending
            held[named].value += standing.value
        else:
            held[named] = standing
    taken: set[str] = set()
    shown = []
    for (base, number), held in sorted(families.items(), key=lambda family: family[0]):
        kind = TYPES[number]
        name = _free(base, kind, taken)
        taken |= _names(name, kind)
        family = Metric(name, described.get(base, f"A {kind} made of log lines."), kind)
        for labels_shown, standing in held.items():
            _add(family, dict(labels_shown), standing)
        shown.append(family)
    return generate_latest(_Text(shown))


def _base(name: str, kind: Type) -> str:
    """The name of a family without the ending of counters."""
    return name.removesuffix(_TOTAL) or "_" if kind == "counter" else name


def _names(name: str, kind: Type) -> set[str]:
    return {name + suffix for suffix in _SUFFIXES[kind]}


def _free(base: str, kind: Type, taken: set[str]) -> str:
    """The name, or one like it, that no other family's text has."""
    name = base
    while _names(name, kind) & taken:
        name = f"{name}_{kind}"
    return name


def _named(labels: Mapping[str, str], agent: str, kind: Type) -> tuple[tuple[str, str], ...]:
    reserved = {"agent", "le"} if kind == "histogram" else {"agent"}
    named = {label: value for label, value in labels.items() if label not in reserved}
    for label in sorted(reserved & labels.keys()):
        other = f"exported_{label}"
        while other in named:
            other = f"exported_{other}"
        named[other] = labels[label]
    named["agent"] = agent
    return tuple(sorted(named.items()))


def _add(family: Metric, labels: dict[str, str], standing: Standing) -> None:
    if standing.type == "histogram":
        for suffix, extra, value in _histogram(standing):
            family.add_sample(family.name + suffix, {**labels, **extra}, value)
    else:
        family.add_sample(family.name + _SUFFIXES[standing.type][0], labels, standing.value)


def _histogram(standing: Standing) -> Iterator[tuple[str, dict[str, str], float]]:
    counts = sorted((float(bound), bound, n) for bound, n in (standing.buckets or {}).items())
    below = 0
    for number, bound, n in counts:
        if number != float("inf"):
            below += n
            yield "_bucket", {"le": bound}, below
    yield "_bucket", {"le": "+Inf"}, standing.n
    yield "_count", {}, standing.n
    yield "_sum", {}, standing.value
