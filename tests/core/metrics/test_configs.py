"""What a store has room for, and what rules are shown as."""

import pytest

from logserver.core.faults import Conflict, NotFound, Stale
from logserver.core.metrics import configs
from logserver.core.metrics.configs import Draft
from logserver.core.metrics.rules import MetricRule
from logserver.store.tx import Tx


def draft(name: str, *metrics: str, description: str = "") -> Draft:
    rules = [MetricRule(name=each, type="counter", pattern="x", description=description) for each in metrics or ("m",)]
    return Draft(name=name, metrics=rules)


def test_there_are_only_so_many_configs(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configs, "MOST_CONFIGS", 2)
    first = configs.create(tx, draft("a"), 0)
    configs.create(tx, draft("b"), 0)
    with pytest.raises(Conflict, match="2 metric configs"):
        configs.create(tx, draft("c"), 0)
    assert configs.replace(tx, first.id, draft("c"), 1, 5).version == 2


def test_there_are_only_so_many_rules(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configs, "MOST_RULES", 3)
    first = configs.create(tx, draft("a", "m", "n"), 0)
    with pytest.raises(Conflict, match="3 metrics"):
        configs.create(tx, draft("b", "m", "n"), 0)
    assert len(configs.replace(tx, first.id, draft("a", "m", "n", "o"), 1, 0).metrics) == 3
    with pytest.raises(Conflict, match="3 metrics"):
        configs.replace(tx, first.id, draft("a", "m", "n", "o", "p"), 2, 0)


def test_what_is_refused_changes_no_version(tx: Tx) -> None:
    first = configs.create(tx, draft("a"), 0)
    version, _ = configs.for_agent(tx, "any")
    with pytest.raises(Stale) as stale:
        configs.replace(tx, first.id, draft("a"), 7, 0)
    assert stale.value.current == 1
    with pytest.raises(NotFound):
        configs.delete(tx, "any")
    assert configs.for_agent(tx, "any")[0] == version
    configs.delete(tx, first.id)
    assert configs.for_agent(tx, "any") == (version + 1, [])


def test_the_first_description_of_a_metric_counts(tx: Tx) -> None:
    configs.create(tx, draft("a", "m"), 0)
    configs.create(tx, draft("b", "m", description="the first"), 0)
    configs.create(tx, draft("c", "m", "n", description="the second"), 0)
    assert configs.descriptions(tx) == {"m": "the first", "n": "the second"}
