"""Figures as families of a scraper's text: each has a name, what it means, and a value for each set of labels."""

from collections.abc import Iterable, Mapping
from math import isinf
from typing import NamedTuple

from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric

from logserver.store.spread import Spreading

MEDIA = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[str, ...]


def counter(name: str, meaning: str, values: Mapping[Labels, float] | float, labels: Labels = ()) -> Metric:
    """What only grows, by the values of its labels; the text calls it ``name`` with ``_total`` behind it."""
    return _simple(name, meaning, "counter", values, labels)


def gauge(name: str, meaning: str, values: Mapping[Labels, float] | float | None, labels: Labels = ()) -> Metric:
    """What comes and goes; None where it is not known."""
    return _simple(name, meaning, "gauge", {} if values is None else values, labels)


def histogram(name: str, meaning: str, values: Mapping[Labels, Spreading], labels: Labels = ()) -> Metric:
    """How values are spread."""
    family = Metric(name, meaning, "histogram")
    for key, (below, total) in values.items():
        named = dict(zip(labels, key, strict=True))
        for bound, n in below:
            family.add_sample(f"{name}_bucket", named | {"le": "+Inf" if isinf(bound) else repr(bound)}, n)
        family.add_sample(f"{name}_count", named, below[-1][1])
        family.add_sample(f"{name}_sum", named, total)
    return family


def text(families: Iterable[Metric]) -> bytes:
    """The families as Prometheus reads them."""
    return generate_latest(_Text(list(families)))


class _Text(NamedTuple):
    """What the text is made of."""

    families: list[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


def _simple(name: str, meaning: str, kind: str, values: Mapping[Labels, float] | float, labels: Labels) -> Metric:
    family = Metric(name, meaning, kind)
    sample = f"{name}_total" if kind == "counter" else name
    for key, value in values.items() if isinstance(values, Mapping) else (((), values),):
        family.add_sample(sample, dict(zip(labels, key, strict=True)), value)
    return family
