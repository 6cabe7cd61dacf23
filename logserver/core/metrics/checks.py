"""Whether metric rules that somebody sent hold together; everything that is wrong with them is told at once."""

import math
from itertools import pairwise
from typing import Any

import msgspec

from logserver.core.faults import Invalid
from logserver.core.metrics import patterns, sources
from logserver.core.metrics.rules import (
    LABEL_NAME,
    MAX_LABELS,
    MAX_NAME,
    METRIC_NAME,
    TYPES,
    MetricRule,
    factor_of,
    group_of,
    index_of,
)

MAX_METRICS = 100
"""Rules of a config."""

MAX_BUCKETS = 50
MAX_DESCRIPTION = 1_000
MAX_SOURCE = sources.MAX_LENGTH


def checked(sent: Any, path: str = "metrics") -> list[MetricRule]:
    """The rules of a JSON value; raises Invalid with the path of every problem, such as ``metrics[0].pattern``."""
    if not isinstance(sent, list) or not sent:
        raise Invalid([(path, "Required" if sent is None else "Expected a non-empty array")])
    if len(sent) > MAX_METRICS:
        raise Invalid([(path, f"Must be at most {MAX_METRICS}")])
    problems: list[tuple[str, str]] = []
    for number, rule in enumerate(sent):
        prefix = f"{path}[{number}]"
        if isinstance(rule, dict):
            problems += ((f"{prefix}.{field}", message) for field, message in _Sent(rule).problems())
        else:
            problems.append((prefix, "Expected object"))
    if not problems:
        rules = msgspec.convert([_known(rule) for rule in sent], list[MetricRule])
        problems = _conflicts(rules, path)
        if not problems:
            return rules
    raise Invalid(problems)


def check_source(glob: str, path: str = "log_source") -> None:
    """Raise Invalid for a log_source that is no glob."""
    if len(glob) > sources.MAX_LENGTH:
        raise Invalid([(path, f"Must be at most {sources.MAX_LENGTH} characters")])
    try:
        sources.fitting(glob)
    except sources.BadGlob as error:
        raise Invalid([(path, str(error))]) from None


def _known(rule: dict[str, Any]) -> dict[str, Any]:
    return {field: rule[field] for field in MetricRule.__struct_fields__ if rule.get(field) is not None}


def _conflicts(rules: list[MetricRule], path: str) -> list[tuple[str, str]]:
    first: dict[str, MetricRule] = {}
    problems = []
    for number, rule in enumerate(rules):
        other = first.setdefault(rule.name, rule)
        if other.type != rule.type:
            problems.append((f"{path}[{number}].type", f"{rule.name} is a {other.type} already"))
        elif rule.type == "histogram" and other.bounds() != rule.bounds():
            problems.append((f"{path}[{number}].buckets", f"{rule.name} has other buckets already"))
    return problems


class _Sent:
    """A rule as it was sent."""

    def __init__(self, rule: dict[str, Any]) -> None:
        self._rule = rule
        self._type = kind if isinstance(kind := rule.get("type"), str) else None
        self._problems: list[tuple[str, str]] = []
        self._regexp: Any = None

    def problems(self) -> list[tuple[str, str]]:
        """What is wrong with it, by field."""
        self._name()
        if self._type not in TYPES:
            self._wrong("type", f"Must be one of {', '.join(TYPES)}")
        self._text("description", MAX_DESCRIPTION, required=False)
        self._pattern()
        self._labels()
        self._value()
        self._buckets()
        return self._problems

    def _wrong(self, field: str, message: str) -> None:
        self._problems.append((field, message))

    def _text(self, field: str, longest: int, *, required: bool = True) -> str | None:
        value = self._rule.get(field)
        if value is None:
            if required:
                self._wrong(field, "Required")
        elif not isinstance(value, str):
            self._wrong(field, "Expected string")
        elif required and not value:
            self._wrong(field, "Must not be empty")
        elif len(value) > longest:
            self._wrong(field, f"Must be at most {longest} characters")
        else:
            return value
        return None

    def _name(self) -> None:
        name = self._text("name", MAX_NAME)
        if name is not None and not METRIC_NAME.fullmatch(name):
            self._wrong("name", "Must be letters, digits, _ and :, and not begin with a digit")

    def _pattern(self) -> None:
        pattern = self._text("pattern", patterns.MAX_LENGTH)
        if pattern is None:
            return
        try:
            self._regexp = patterns.compiled(pattern)
        except patterns.Unusable as error:
            shown = pattern if len(pattern) <= 100 else f"{pattern[:100]}…"
            self._wrong("pattern", f"{shown!r} cannot be used: {error}")

    def _group(self, field: str, group: str | int) -> None:
        """Note a group that the pattern lacks, where there is a pattern."""
        if self._regexp is not None:
            try:
                index_of(self._regexp, group)
            except ValueError as error:
                self._wrong(field, str(error))

    def _reference(self, field: str, reference: Any) -> None:
        try:
            self._group(field, group_of(reference if isinstance(reference, str) else ""))
        except ValueError as error:
            self._wrong(field, str(error))

    def _labels(self) -> None:
        labels = self._rule.get("labels")
        if labels is None:
            return
        if not isinstance(labels, list | dict):
            self._wrong("labels", "Expected an array of group names, or an object")
            return
        if len(labels) > MAX_LABELS:
            self._wrong("labels", f"Must be at most {MAX_LABELS}")
            return
        if isinstance(labels, dict):
            for label, reference in labels.items():
                if self._label(f"labels.{label[:MAX_NAME]}", label):
                    self._reference(f"labels.{label}", reference)
            return
        for number, label in enumerate(labels):
            field = f"labels[{number}]"
            if label in labels[:number]:
                self._wrong(field, "Is there already")
            elif self._label(field, label):
                self._group(field, label)

    def _label(self, field: str, label: Any) -> bool:
        """Whether a label may be called that."""
        if not isinstance(label, str) or len(label) > MAX_NAME or not LABEL_NAME.fullmatch(label):
            self._wrong(field, "Must be letters, digits and _, and not begin with a digit")
        elif label.startswith("__") or (label == "le" and self._type == "histogram"):
            self._wrong(field, "Is reserved")
        else:
            return True
        return False

    def _value(self) -> None:
        capture, transform = self._rule.get("value_capture"), self._rule.get("value_transform")
        if capture is not None:
            self._reference("value_capture", capture)
        elif self._type in {"gauge", "histogram"}:
            self._wrong("value_capture", f"Required for a {self._type}")
        if transform is None:
            return
        if capture is None:
            self._wrong("value_transform", "Needs value_capture")
        try:
            factor = factor_of(transform)
        except ValueError as error:
            self._wrong("value_transform", str(error))
        else:
            if factor < 0 and self._type == "counter":
                self._wrong("value_transform", "Must be positive for a counter")

    def _buckets(self) -> None:
        buckets = self._rule.get("buckets")
        if buckets is None:
            return
        if self._type != "histogram":
            self._wrong("buckets", "Only a histogram has buckets")
        elif not isinstance(buckets, list) or not 1 <= len(buckets) <= MAX_BUCKETS:
            self._wrong("buckets", f"Expected an array of 1 to {MAX_BUCKETS} numbers")
        elif not all(map(_is_number, buckets)):
            self._wrong("buckets", "Expected finite numbers")
        elif any(float(low) >= float(high) for low, high in pairwise(buckets)):
            self._wrong("buckets", "Must ascend")


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond the range of floats
        return False
