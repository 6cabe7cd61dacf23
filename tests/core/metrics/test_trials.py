"""Rules tried on lines."""

import itertools

import pytest

from logserver.core.faults import Invalid
from logserver.core.metrics.rules import MetricRule
from logserver.core.metrics.trials import tried

RULES = [MetricRule(name=name, type="counter", pattern=name) for name in ("a", "b")]


def test_each_line_yields_what_each_rule_finds() -> None:
    found = tried(RULES, ["ab", "", "b"], lambda: 0.0)
    assert [[one.rule.name for one in matches] for matches in found] == [["a", "b"], [], ["b"]]


def test_a_trial_ends_after_five_seconds() -> None:
    seconds = itertools.count()
    with pytest.raises(Invalid) as refused:
        tried(RULES, ["ab"] * 4, lambda: float(next(seconds)))
    assert [field for field, _ in refused.value.problems] == ["lines"]
    assert next(seconds) == 7
