"""What the engine remembers is right, whatever became of a request, a transaction or the server."""

import pytest

from logserver.core import projects
from logserver.core.alerting import alert_engine, alert_rules, watches
from logserver.core.alerting.alert_engine import Engine
from logserver.core.projects import Project
from tests.core.alerting.trail import Trail
from tests.fakes import START_MS


def test_a_window_goes_on_after_a_restart(trail: Trail) -> None:
    for n in range(4):
        trail.happen(trail.event(n))
        trail.restart()
    (alert,) = trail.happen(trail.event(4))
    assert (alert.event_count, alert.event_ids) == (5, [f"evt_{n}" for n in range(1, 6)])


def test_a_rest_goes_on_after_a_restart(trail: Trail) -> None:
    assert len(trail.happen(*(trail.event(n) for n in range(9)))) == 1
    trail.restart()
    assert not trail.happen(trail.event(10))
    trail.restart()
    assert len(trail.happen(*(trail.event(3_604 + n) for n in range(5)))) == 1


def test_the_store_is_read_once(trail: Trail) -> None:
    for n in range(4):
        trail.happen(trail.event(n))
    assert trail.loads == 0
    trail.restart()
    for n in range(4):
        trail.happen(trail.event(n))
    assert trail.loads == 1


def test_a_request_that_failed_did_not_happen(trail: Trail) -> None:
    for n in range(4):
        trail.happen(trail.event(n))
    for n in range(5):
        assert len(trail.fail(trail.event(5 + n))) == 1
    assert trail.tx.execute("SELECT count(*) FROM alerts").fetchone() == (0,)
    (alert,) = trail.happen(trail.event(20))
    assert alert.event_count == 5


def test_one_that_failed_before_it_rang_did_not_either(trail: Trail) -> None:
    for n in range(4):
        assert not trail.fail(trail.event(n))
        trail.happen(trail.event(n))
    assert len(trail.happen(trail.event(5))) == 1


def test_a_failed_request_between_others_of_a_group(trail: Trail) -> None:
    trail.happen(trail.event(0), trail.event(1))
    trail.fail(trail.event(2))
    trail.happen(trail.event(3))
    trail.fail(trail.event(4), trail.event(5))
    trail.happen(trail.event(6))
    assert len(trail.happen(trail.event(7))) == 1


def test_judging_that_failed_leaves_nothing_behind(trail: Trail) -> None:
    trail.restart()
    trail.happen(*(trail.event(n) for n in range(4)))
    wrong = trail.event(5)._replace(at=None)  # type: ignore[arg-type] # what no caller sends
    with pytest.raises(TypeError):
        trail.fail(trail.event(4), wrong)
    trail.chained = trail.chained[:4]
    trail.tx.settle(keep=False)
    (alert,) = trail.happen(trail.event(6))
    assert alert.event_count == 5
    assert trail.engine.remembered == 5


def test_a_transaction_that_failed_did_not_happen(trail: Trail, project: Project) -> None:
    trail.happen(trail.event(0), trail.event(1))
    trail.connection.execute("SAVEPOINT whole")
    held = list(trail.chained)
    trail.rule("auth.*", threshold=1)
    # Rules that came to nothing were read, and a generation seen that will be given again.
    assert [alert.rule_name for alert in trail.happen(trail.event(2))] == ["a rule"]
    trail.connection.execute("ROLLBACK TO whole")
    trail.chained = held
    projects.changed(trail.tx)
    assert not trail.happen(trail.event(2), trail.event(3))
    assert [alert.rule_name for alert in trail.happen(trail.event(4))] == ["auth_brute_force"]
    assert projects.by_number(trail.tx, project.number) == project


def test_claimed_events_do_not_count(trail: Trail) -> None:
    trail.happen(*(trail.event(n) for n in range(4)))
    trail.claim(*(trail.event(5) for _ in range(20)))
    (alert,) = trail.happen(trail.event(6))
    assert alert.event_count == 5


def test_a_changed_rule_holds_at_once(quiet: Trail) -> None:
    rule = quiet.rule(threshold=3)
    quiet.happen(quiet.event(0), quiet.event(1))
    alert_rules.change(quiet.tx, quiet.project, rule.id, action_pattern="user.*")
    assert not quiet.happen(quiet.event(2))
    alert_rules.change(quiet.tx, quiet.project, rule.id, action_pattern="*", threshold=4)
    (alert,) = quiet.happen(quiet.event(3))
    assert alert.event_count == 4
    alert_rules.change(quiet.tx, quiet.project, rule.id, cooldown_seconds=10)
    assert [len(quiet.happen(quiet.event(at))) for at in (12.999, 13)] == [0, 1]
    alert_rules.delete(quiet.tx, quiet.project, rule.id)
    assert not quiet.happen(quiet.event(40))


def test_a_rule_that_looks_further_back_sees_what_was_before_it(quiet: Trail) -> None:
    quiet.rule("*", threshold=100, window_seconds=60)
    for at in (0, 100, 200):
        quiet.happen(quiet.event(at))
    quiet.rule("*", threshold=4, window_seconds=300)
    assert len(quiet.happen(quiet.event(250))) == 1


def test_what_other_changes_leave_as_it_was_is_not_read_again(trail: Trail) -> None:
    trail.happen(trail.event(0))
    projects.changed(trail.tx)
    trail.happen(trail.event(1))
    assert trail.loads == 0


def test_what_no_rule_looks_for_is_not_remembered(trail: Trail) -> None:
    trail.happen(*(trail.event(0, "page.viewed") for _ in range(10)))
    assert trail.engine.remembered == 0
    trail.happen(trail.event(0), trail.event(1, "user.deleted"))
    assert trail.engine.remembered == 2


def test_what_is_older_than_every_window_is_forgotten(quiet: Trail) -> None:
    quiet.rule("*", threshold=1_000, window_seconds=60)
    for n in range(500):
        quiet.happen(quiet.event(n, ("a.b", "auth.failed")[n % 2], actor_id=f"{n % 7}"))
    assert quiet.engine.remembered == 60


def test_the_oldest_are_dropped_when_memory_is_full(quiet: Trail) -> None:
    quiet.engine = Engine(most=200)
    quiet.rule("*", threshold=1_000, window_seconds=3_600)
    for n in range(1_000):
        quiet.happen(quiet.event(n / 10))
        assert quiet.engine.remembered <= 200
    quiet.rule("*", threshold=190, window_seconds=3_600, severity="low")
    quiet.engine = Engine(most=200)
    (alert,) = quiet.happen(quiet.event(100))
    assert alert.event_ids[-1] == "evt_1001"
    assert 190 <= alert.event_count <= 201


def trails(trail: Trail, count: int, engine: Engine) -> list[Trail]:
    """Trails of so many new projects, judged by one engine."""
    numbers = [projects.create(trail.tx, slug=f"p{n}", now_ms=START_MS).number for n in range(count)]
    trail.tx.settle(keep=True)
    return [Trail(trail.connection, number, engine) for number in numbers]


def test_projects_are_apart(trail: Trail) -> None:
    one, other = trails(trail, 2, trail.engine)
    for n in range(4):
        assert not one.happen(one.event(n))
        assert not other.happen(other.event(n))
    assert [alert.project for alert in one.happen(one.event(5))] == [one.project]
    assert [alert.project for alert in other.happen(other.event(5))] == [other.project]
    assert (one.loads, other.loads) == (0, 0)


def test_the_bound_is_of_all_projects_and_the_oldest_go_first(trail: Trail) -> None:
    engine = Engine(most=100)
    one, other = trails(trail, 2, engine)
    one.happen(*(one.event(n / 1_000, actor_id=f"{n}") for n in range(60)))
    other.happen(*(other.event(1 + n / 1_000, actor_id=f"{n}") for n in range(4)))
    other.happen(other.event(2, actor_id="alice"))
    one.happen(*(one.event(3 + n / 1_000, actor_id=f"{n}") for n in range(40)))
    assert engine.remembered == 99
    other.happen(*(other.event(4, actor_id="alice") for _ in range(3)))
    assert len(other.happen(other.event(5, actor_id="alice"))) == 1
    assert (one.loads, other.loads) == (0, 0)


def test_the_project_that_was_not_used_for_longest_is_forgotten_first(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_engine, "MOST_PROJECTS", 2)
    three = trails(trail, 3, trail.engine)
    for n, number in enumerate((0, 1, 0, 2, 0, 1, 2)):
        three[number].happen(three[number].event(n))
    assert [each.loads for each in three] == [0, 1, 1]
    assert trail.engine.remembered == 4


def test_more_actions_than_are_known_at_once_are_counted_all_the_same(
    quiet: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "MOST_ACTIONS", 3)
    quiet.rule("*", threshold=12)
    for n in range(6):
        quiet.rule(f"a{n}.*", threshold=3)
    rung = [alert.event_count for n in range(12) for alert in quiet.happen(quiet.event(n, f"a{n % 6}.b"))]
    assert rung == [12]
    rung = [alert.event_count for n in range(6) for alert in quiet.happen(quiet.event(20 + n, f"a{n}.b"))]
    assert rung == [3] * 6
