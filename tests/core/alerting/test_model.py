"""The engine beside a judge that looks at every event for every rule, each time from the beginning."""

import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.core import projects
from logserver.core.alerting import alert_rules
from logserver.core.alerting.alert_engine import Engine
from logserver.core.alerting.alert_rules import Rule
from logserver.core.alerting.alerts import Alert
from logserver.core.alerting.sliding import Occurrence
from logserver.store.database import transaction
from logserver.store.globs import fitting
from tests.core.alerting.trail import Trail
from tests.fakes import START_MS

Rung = tuple[str, str, int, int, set[str]]


class Judge:
    """The rules as they are written down, and nothing else."""

    def __init__(self) -> None:
        self.kept: list[Occurrence] = []
        self.last: dict[tuple[str, str], int] = {}

    def judge(self, rules: list[Rule], occurrences: list[Occurrence]) -> list[Rung]:
        rung: list[Rung] = []
        for occurrence in occurrences:
            self.kept.append(occurrence)
            now = max(each.at for each in self.kept)
            for rule in rules:
                key = getattr(occurrence, rule.group_by)
                matches = fitting(rule.action_pattern)
                matching = [
                    each
                    for each in self.kept
                    if getattr(each, rule.group_by) == key
                    and matches(each.action)
                    and each.at > now - rule.window_seconds * 1_000
                ]
                addresses = {each.ip_address for each in matching} - {None}
                n = len(addresses) if rule.id == alert_rules.IP_CHANGE else len(matching)
                last = self.last.get((rule.id, key))
                rests = last is not None and now < last + rule.cooldown_seconds * 1_000
                if matches(occurrence.action) and n >= rule.threshold and not rests:
                    self.last[rule.id, key] = now
                    rung.append((rule.id, key, now, len(matching), {each.public_id for each in matching}))
        return rung


class Step(NamedTuple):
    """What happens next: a request of some events, so long after the last, and what becomes of it."""

    seconds: float
    events: list[tuple[str, str, str | None, int]]
    fate: str


ACTIONS = ["a.x", "a.y", "b.x", "b.x.y", "c.z"]
rules_made = st.lists(
    st.fixed_dictionaries(
        {
            "action_pattern": st.sampled_from(["*", "a.*", "*.x", "b*y", "a.x", "*.x*", "nothing"]),
            "threshold": st.integers(1, 6),
            "window_seconds": st.sampled_from([60, 61, 90, 200]),
            "group_by": st.sampled_from(["actor_id", "tenant_id"]),
            "cooldown_seconds": st.sampled_from([0, 1, 30, 100, 1_000]),
        }
    ),
    max_size=8,
)
event = st.tuples(
    st.sampled_from(ACTIONS),
    st.sampled_from(["alice", "bob"]),
    st.sampled_from([None, "10.0.0.1", "10.0.0.2", "10.0.0.3"]),
    st.sampled_from([0, 0, 0, 0, 1, 500, 20_000]),
)
steps = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, 0.001, 1, 5, 5, 20, 29.999, 30, 59.999, 60, 150]),
        st.lists(event, min_size=1, max_size=5),
        st.sampled_from(["kept"] * 12 + ["failed", "restart", "claimed", "changed"]),
    ),
    max_size=40,
)


def spelled(alert: Alert) -> Rung:
    return alert.rule_id, alert.group_key, alert.triggered_at, alert.event_count, set(alert.event_ids)


@settings(deadline=None, max_examples=150)
@given(rules_made, steps, st.booleans())
def test_it_rings_when_the_rules_say(made: list[dict[str, object]], happened: list[Step], addresses: bool) -> None:  # noqa: FBT001 - a part of the example
    with tempfile.TemporaryDirectory() as folder, transaction(Path(folder)) as tx:
        trail = Trail(tx, projects.create(tx, slug="shop", now_ms=START_MS).number)
        trail.only(*([alert_rules.IP_CHANGE] if addresses else []))
        own = [trail.rule(**rule) for rule in made]  # type: ignore[arg-type] # the fields of a rule by name
        judge = Judge()
        at = 0.0
        for step in happened:
            at += step.seconds
            occurrences = [
                trail.event(at - late / 1_000, action, actor_id=actor, ip_address=address)
                for action, actor, address, late in step.events
            ]
            if step.fate == "claimed":
                trail.claim(*occurrences)
                continue
            if step.fate == "failed":
                trail.fail(*occurrences)
                continue
            if step.fate == "restart":
                trail.engine = Engine()
            elif step.fate == "changed" and own:
                alert_rules.change(trail.tx, trail.project, own[0].id, threshold=own[0].threshold % 6 + 1)
                own[0] = alert_rules.read(trail.tx, trail.project, own[0].id)
            rules = [rule for rule in alert_rules.every(tx, trail.project) if rule.enabled]
            expected = judge.judge(rules, occurrences)
            rung = [spelled(alert) for alert in trail.happen(*occurrences)]
            assert sorted(rung, key=repr) == sorted(expected, key=repr)
