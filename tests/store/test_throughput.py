"""What the writer counts of its work."""

from logserver.store.throughput import MOST_PROJECTS, OTHERS, Throughput


def test_events_are_counted_by_project_and_type() -> None:
    through = Throughput()
    through.stored([((1, "log"), 2), ((1, "error"), 1)], {"age": 3})
    through.stored([((2, "log"), 4), ((1, "log"), 3)], {"age": 1, "size": 2})
    assert through.by_project() == {(1, "log"): 5, (1, "error"): 1, (2, "log"): 4}
    assert through.deleted == {"age": 4, "size": 2}
    assert through.commits == 2


def test_projects_beyond_a_bound_are_one_and_no_count_ever_falls() -> None:
    through = Throughput()
    for number in range(MOST_PROJECTS + 3):
        through.stored([((number, "log"), 1)], {})
    before = through.by_project()
    assert len(before) == MOST_PROJECTS + 1
    assert before[OTHERS, "log"] == 3
    through.stored([((0, "log"), 1), ((MOST_PROJECTS, "log"), 1), ((0, "error"), 1)], {})
    after = through.by_project()
    assert {key: after[key] - n for key, n in before.items() if after[key] != n} == {(0, "log"): 1, (OTHERS, "log"): 1}


def test_only_transactions_that_brought_events_tell_of_their_size() -> None:
    through = Throughput()
    through.ended(0.002, 0, 1)
    through.ended(0.003, 40, 8)
    assert through.events.taken().total == 40
    assert through.requests.taken().total == 8
    assert through.seconds.taken().total == 0.003
    assert through.other_seconds.taken().total == 0.002
    assert list(through.lately) == [0.002, 0.003]
