import sqlite3

import pytest

from logserver.store import countings
from logserver.store.batch import Batch
from logserver.store.series import BOUNDS, OTHER
from tests.store.counted import MINUTE, counts, samples, take
from tests.store.stored import event


def test_events_are_counted_by_minute_and_dimension(tx: sqlite3.Connection) -> None:
    batch = Batch()
    second = MINUTE * 60_000 + 60_000
    take(tx, batch, [event(ms=second - 1, environment="prod"), event(ms=second, environment="prod")])
    take(tx, batch, [event(ms=second, level="WARNING"), event(ms=second, level="warn"), event(ms=second, level="x")])
    take(tx, batch, [event(project=2, ms=second, kind="error", level="fatal", environment="prod")])
    take(tx, batch, [event(ms=second + n, environment="prod") for n in range(5)])
    assert counts(tx) == {
        (1, 0, "log", "info", "prod"): 1,
        (1, 1, "log", "info", "prod"): 6,
        (1, 1, "log", "warn", ""): 2,
        (1, 1, "log", OTHER, ""): 1,
        (2, 1, "error", "fatal", "prod"): 1,
    }
    assert countings.totals(tx) == {1: 10, 2: 1}


def test_environments_beyond_the_bound_are_counted_together(tx: sqlite3.Connection) -> None:
    take(tx, Batch(), [event(environment=f"e{n}") for n in range(BOUNDS["environment"] + 50)])
    take(tx, Batch(), [event(environment=f"e{n}") for n in (3, 99, 100, 149, 500)])
    take(tx, Batch(), [event(project=2, environment="e149"), event()])
    found = {environment: n for (project, *_, environment), n in counts(tx).items() if project == 1}
    assert len(found) == BOUNDS["environment"] + 2
    assert (found[OTHER], found["e3"], found["e99"], found[""]) == (53, 2, 2, 1)
    assert counts(tx)[2, 0, "log", "info", "e149"] == 1


@pytest.mark.parametrize(("kind", "key"), [("name", 0), ("release", 2)])
def test_series_beyond_the_bound_are_summed_together(tx: sqlite3.Connection, kind: str, key: int) -> None:
    names = [f"n{n}" for n in range(BOUNDS[kind] + 5)]
    found = [
        event(name, kind="metric", value=n) if kind == "name" else event("m", kind="metric", value=n, release=name)
        for n, name in enumerate(names)
    ]
    take(tx, Batch(), found)
    by_name = {one[key]: summed for one, summed in samples(tx).items()}
    assert by_name.keys() == {*names[: BOUNDS[kind]], OTHER}
    assert (by_name[OTHER].n, by_name[OTHER].low, by_name["n7"].total) == (5, BOUNDS[kind], 7)


def test_names_of_any_length_are_counted(tx: sqlite3.Connection) -> None:
    batch = Batch()
    long = "x" * 5_000
    take(tx, batch, [event(long, kind="metric", value=1, environment=long, release=long)] * 1)
    take(tx, Batch(), [event(long + "y", kind="metric", value=2, environment=long + "y", release=long + "y")])
    ((names, summed),) = samples(tx).items()
    assert summed.n == 2
    assert all(0 < len(name) <= 200 for name in names)
