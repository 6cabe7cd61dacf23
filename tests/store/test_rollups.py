"""Spans must hold what their minutes hold, in whatever order it came."""

import sqlite3
from collections import Counter

import pytest

from logserver.store import charts, rollups, series
from logserver.store.batch import Batch
from logserver.store.charts import Window
from logserver.store.events import Event
from logserver.store.samples import Measure
from logserver.store.sketch import Sketch
from tests.store.counted import MINUTE, take
from tests.store.stored import START, event

MS = 60_000


def sent(minute: int, value: float, name: str = "m") -> Event:
    return event(name, kind="metric", ms=START + minute * MS, value=value)


def summed(tx: sqlite3.Connection, window: Window) -> dict[tuple[int, str], Sketch]:
    """By bucket (minutes after START) and name what a window holds."""
    known = {each.number: each.name for each in charts.named(tx, 1, ("metric",))}
    found: dict[tuple[int, str], Sketch] = {}
    for cell in charts.cells(tx, 1, list(known), window):
        key = (cell.start // window.step * window.step - MINUTE, known[cell.series])
        found.setdefault(key, Sketch()).merge(cell.sketch)
    return found


def held(tx: sqlite3.Connection) -> dict[int, int]:
    return dict(tx.execute("SELECT span, sum(n) FROM sketch_spans GROUP BY span"))


def roll(tx: sqlite3.Connection, before: int, limit: int = 7) -> int:
    passes = 0
    while rollups.roll(tx, 1, MINUTE + before, limit):
        passes += 1
    return passes


@pytest.mark.parametrize("step", [1, 5, 60, 180, 360, 1_440, 4_320])
@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_a_window_reads_the_same_whether_rolled_up_or_not(tx: sqlite3.Connection, step: int, limit: int) -> None:
    batch = Batch()
    take(tx, batch, [sent(n * 97 % 4_500, n % 50, f"m{n % 3}") for n in range(400)])
    window = Window(MINUTE + 13, MINUTE + 4_401, step)
    before = summed(tx, window)
    assert roll(tx, 3_007, limit)
    take(tx, batch, [sent(n * 89 % 4_500, n % 40, f"m{n % 4}") for n in range(100)])
    take(tx, Batch(), [sent(5, 7)])
    after = summed(tx, window)
    tx.execute("DELETE FROM rolled")
    assert after == summed(tx, window)
    assert sum(found.n for found in after.values()) > sum(found.n for found in before.values())


def test_what_comes_late_is_added_to_the_spans_once(tx: sqlite3.Connection) -> None:
    take(tx, Batch(), [sent(0, 1), sent(1, 2)])
    roll(tx, 1)
    take(tx, Batch(), [sent(0, 3), sent(1, 4), sent(2, 5)])
    assert tx.execute("SELECT span, sum(n) FROM sketch_spans GROUP BY span").fetchall() == [
        (60, 2),
        (360, 2),
        (1440, 2),
    ]
    roll(tx, 10)
    assert tx.execute("SELECT span, sum(n) FROM sketch_spans GROUP BY span").fetchall() == [
        (60, 5),
        (360, 5),
        (1440, 5),
    ]
    assert not roll(tx, 10)


@pytest.mark.parametrize(
    ("window", "through", "pieces"),
    [
        (Window(0, 120, 1), 1_000, [(1, 0, 120)]),
        (Window(30, 200, 60), 1_000, [(1, 30, 60), (60, 60, 180), (1, 180, 200)]),
        (Window(30, 200, 60), 100, [(1, 30, 200)]),
        (Window(0, 60, 60), 59, [(1, 0, 60)]),
        (Window(0, 3_000, 720), 3_000, [(360, 0, 2_880), (60, 2_880, 3_000)]),
        (
            Window(10, 3_000, 1_440),
            2_900,
            [(1, 10, 60), (60, 60, 360), (360, 360, 1_440), (1_440, 1_440, 2_880), (1, 2_880, 3_000)],
        ),
        (Window(0, 90, 90), 90, [(1, 0, 90)]),
    ],
)
def test_a_window_is_read_by_the_longest_spans_that_fit(
    window: Window, through: int, pieces: list[tuple[int, int, int]]
) -> None:
    found = charts.pieces(window, through)
    assert sum(piece.until - piece.since for piece in found) == window.until - window.since
    assert found == pieces


def test_histograms_are_rolled_up_and_read_with_what_comes_late(tx: sqlite3.Connection) -> None:
    batch = Batch()

    def measure(minute: int, **buckets: int) -> None:
        sketch = Sketch()
        sketch.add(1.0)
        batch.measure(Measure(1, MINUTE + minute, "h", "", labelled=False, sketch=sketch, buckets=buckets))
        batch.write(tx)
        batch.clear(committed=True)

    measure(0, a=1)
    measure(70, a=2, b=3)
    window = Window(MINUTE, MINUTE + 3_000, 1)
    (number,) = [each.number for each in charts.named(tx, 1, ("metric",))]
    assert charts.histogram(tx, 1, [number], window) == Counter(a=3, b=3)
    roll(tx, 2_000)
    measure(5, b=10)
    measure(2_500, a=100)
    assert charts.histogram(tx, 1, [number], window) == Counter(a=103, b=13)


def test_spans_go_with_their_last_minute_and_with_their_series(tx: sqlite3.Connection) -> None:
    batch = Batch()
    take(tx, batch, [sent(n * 60, 1, "gone" if n < 3 else "kept") for n in range(50)])
    roll(tx, 3_000)
    horizon = MINUTE + 40 * 60
    while series.delete_sketches(tx, 1, horizon, 10) or rollups.delete(tx, 1, horizon, 10):
        pass
    series.forget_unused(tx, batch.vocabulary, 1, horizon)
    left = tx.execute("SELECT span, min(start + span) FROM sketch_spans GROUP BY 1").fetchall()
    assert [span for span, _ in left] == [60, 360, 1440]
    assert all(horizon < ends <= horizon + span for span, ends in left)
    assert not tx.execute("SELECT 1 FROM sketch_spans WHERE series NOT IN (SELECT id FROM series)").fetchall()


def test_the_highest_numbers_are_found_in_their_minutes(tx: sqlite3.Connection) -> None:
    values = {minute: float(minute * 7_919 % 5_000) for minute in range(0, 4_000, 11)}
    take(tx, Batch(), [sent(minute, value, f"m{minute % 2}") for minute, value in values.items()])
    roll(tx, 3_500, 1_000)
    numbers = [each.number for each in charts.named(tx, 1, ("metric",))]
    found = list(charts.cells(tx, 1, numbers, Window(MINUTE, MINUTE + 4_000, 1_440)))
    highest = charts.highest_minutes(tx, 1, found, 5)
    wanted = sorted(values.items(), key=lambda pair: -pair[1])[:5]
    assert [(each.minute - MINUTE, each.high) for each in highest] == wanted
