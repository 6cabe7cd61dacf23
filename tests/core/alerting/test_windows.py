"""When a rule rings, for how long it rests, and what it counts."""

import pytest

from logserver.core.alerting import alert_rules
from tests.core.alerting.trail import Trail
from tests.fakes import START_MS


def test_the_window_ends_at_the_millisecond(quiet: Trail) -> None:
    quiet.rule(threshold=2, window_seconds=60)
    assert not quiet.happen(quiet.event(0))
    assert not quiet.happen(quiet.event(60))
    assert quiet.happen(quiet.event(119.999))


def test_a_batch_rings_at_the_event_that_reaches_the_threshold(quiet: Trail) -> None:
    quiet.rule(threshold=3)
    batch = [quiet.event(0) for _ in range(10)]
    (alert,) = quiet.happen(*batch)
    assert (alert.event_count, alert.event_ids) == (3, [each.public_id for each in batch[:3]])


def test_the_newest_hundred_are_named_in_order(quiet: Trail) -> None:
    quiet.rule("*", threshold=250)
    batch = [quiet.event(n % 2, ("auth.failed", "user.deleted", "a.b")[n % 3]) for n in range(250)]
    (alert,) = quiet.happen(*batch)
    assert alert.event_count == 250
    late = [each.public_id for each in batch if each.at > START_MS]
    assert alert.event_ids == late[-100:]


def test_a_rule_counts_all_actions_it_matches_and_no_others(quiet: Trail) -> None:
    quiet.rule("user.*", threshold=3)
    quiet.rule("*.deleted", threshold=2, group_by="tenant_id")
    happened = [
        quiet.happen(quiet.event(n, action)) for n, action in enumerate(["user.created", "file.deleted", "x.y"])
    ]
    assert happened == [[], [], []]
    (deleted,) = quiet.happen(quiet.event(3, "user.deleted", actor_id="bob"))
    assert (deleted.group_key, deleted.event_ids) == ("acme", ["evt_2", "evt_4"])
    assert not quiet.happen(quiet.event(4, "user.viewed"))
    (user,) = quiet.happen(quiet.event(5, "user.left"))
    assert (user.group_key, user.event_ids) == ("alice", ["evt_1", "evt_5", "evt_6"])


def test_several_rules_ring_for_one_event(quiet: Trail) -> None:
    rules = [quiet.rule(threshold=threshold) for threshold in (1, 2, 2, 3)]
    fired = [[alert.rule_id for alert in quiet.happen(quiet.event(n))] for n in range(3)]
    assert fired == [[rules[0].id], [rules[1].id, rules[2].id], [rules[3].id]]


def test_a_group_rests_for_the_cooldown_and_rings_at_the_next_match(quiet: Trail) -> None:
    quiet.rule(threshold=2, window_seconds=60, cooldown_seconds=100)
    rung = [at for at in range(0, 400, 10) if quiet.happen(quiet.event(at))]
    assert rung == [10, 110, 210, 310]


def test_the_rest_ends_at_the_millisecond(quiet: Trail) -> None:
    quiet.rule(threshold=1, cooldown_seconds=10)
    assert [len(quiet.happen(quiet.event(at))) for at in (0, 9.999, 10, 10.001)] == [1, 0, 1, 0]


def test_after_the_rest_it_takes_the_threshold_again(quiet: Trail) -> None:
    quiet.rule(threshold=3, cooldown_seconds=300)
    assert [len(quiet.happen(quiet.event(at))) for at in (0, 1, 2, 3, 400, 401, 402)] == [0, 0, 1, 0, 0, 0, 1]


def test_what_came_while_it_rested_counts_after_the_rest(quiet: Trail) -> None:
    quiet.rule(threshold=3, window_seconds=120, cooldown_seconds=100)
    alerts = [alert for at in range(0, 121, 10) for alert in quiet.happen(quiet.event(at))]
    assert [(alert.triggered_at - START_MS, alert.event_count) for alert in alerts] == [(20_000, 3), (120_000, 12)]


def test_without_a_cooldown_every_match_at_or_over_the_threshold_rings(quiet: Trail) -> None:
    quiet.rule(threshold=2, cooldown_seconds=0)
    assert [len(quiet.happen(quiet.event(at))) for at in (0, 1, 2, 3, 70, 71)] == [0, 1, 1, 1, 0, 1]


def test_groups_rest_apart(quiet: Trail) -> None:
    quiet.rule(threshold=1)
    assert [len(quiet.happen(quiet.event(at, actor_id=actor))) for at, actor in enumerate("aabab")] == [1, 0, 1, 0, 0]


def test_a_rest_outlasts_what_is_remembered(quiet: Trail) -> None:
    quiet.rule(threshold=1, window_seconds=60, cooldown_seconds=10_000)
    assert [len(quiet.happen(quiet.event(at))) for at in (0, 5_000, 9_999, 10_000)] == [1, 0, 0, 1]


def test_a_quiet_rule_rings_when_its_rest_ends_though_another_would_have_to_wait(quiet: Trail) -> None:
    quiet.rule("*", threshold=1, cooldown_seconds=300)
    quiet.rule("*", threshold=2, cooldown_seconds=30)
    rung = [len(quiet.happen(quiet.event(at))) for at in (0, 1, 2, 200, 201, 202, 232)]
    assert rung == [1, 1, 0, 0, 1, 0, 1]


@pytest.mark.parametrize("late", [0.001, 5, 59])
def test_what_comes_a_little_late_is_counted_where_it_belongs(quiet: Trail, late: float) -> None:
    quiet.rule(threshold=3, window_seconds=60)
    quiet.happen(quiet.event(100))
    assert not quiet.happen(quiet.event(100 - late))
    assert len(quiet.happen(quiet.event(160 - late - 0.001))) == 1


def test_what_comes_late_has_left_the_window_earlier(quiet: Trail) -> None:
    quiet.rule(threshold=3, window_seconds=60)
    quiet.happen(quiet.event(100))
    quiet.happen(quiet.event(95))
    assert not quiet.happen(quiet.event(155))
    assert not quiet.happen(quiet.event(160))


def test_a_clock_that_is_set_back_neither_rings_nor_silences(quiet: Trail) -> None:
    quiet.rule(threshold=3, window_seconds=60, cooldown_seconds=600)
    quiet.happen(*(quiet.event(10_000) for _ in range(2)))
    # Those two have not happened yet.
    assert [len(quiet.happen(quiet.event(at))) for at in (1_000, 1_001, 1_002, 1_003)] == [0, 0, 1, 0]
    assert quiet.loads == 1


def test_an_alert_of_a_time_that_has_not_come_silences_nothing(quiet: Trail) -> None:
    quiet.rule(threshold=1, cooldown_seconds=600)
    assert len(quiet.happen(quiet.event(10_000))) == 1
    assert [len(quiet.happen(quiet.event(at))) for at in (1_000, 1_001)] == [1, 0]


def test_a_disabled_rule_does_not_ring(quiet: Trail) -> None:
    quiet.rule(threshold=1, enabled=False)
    assert not quiet.happen(quiet.event())
    assert quiet.engine.remembered == 0


def test_nothing_happens_without_events(quiet: Trail) -> None:
    quiet.rule(threshold=1)
    assert not quiet.engine.judge(quiet.tx, quiet.project, [], before=None, after=b"", recent=quiet.recent)


def test_ids_of_rules_that_are_built_in_do_not_clash() -> None:
    assert len({rule.name for rule in alert_rules.BUILTINS.values()}) == len(alert_rules.BUILTINS) == 12
