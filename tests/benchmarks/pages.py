"""Pages of 50 events and charts in the large store: in SQL, through the program's own search, without HTTP.

Every search runs on a reader's connection as the server opens it, once to warm up and then several times a
round; a figure is the median of the rounds' medians. "Middle" is the page from the middle of the store's time on.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from logserver.store import events, ids
from logserver.store.database import snapshot
from tests.benchmarks import bigstore
from tests.benchmarks.bodies import (
    COMMON_PHRASE,
    COMMON_WORD,
    ELSEWHERE_WORD,
    PROJECTS,
    RARE_LEVEL,
    RARE_WORD,
    TWO_WORD_PHRASE,
)
from tests.benchmarks.plan import Plan, Result, measured
from tests.benchmarks.processes import MEASURED, on_cores

PAGE = 50
_PROJECT = 1
_DAY_MS = 86_400_000
_BUCKET_MS = 900_000
_REPEATS = 15
_ENOUGH_MS = 1_000
"""What takes longer is asked less often."""
_READ_SECONDS = 5.0
_STEPS_BETWEEN_LOOKS = 1_000
_SECRET = bytes(32)

SEARCHES = {
    "newest": "",
    "rare level": f"level:{RARE_LEVEL}",
    "any attribute": "tenant:tenant-42",
    "rare word": RARE_WORD,
    "common word": COMMON_WORD,
    "word + level": f"{COMMON_WORD} level:error",
    "phrase of two": f'"{TWO_WORD_PHRASE}"',
    "no match": "nowhereatall",
    "frequent only elsewhere": ELSEWHERE_WORD,
}
"""Searches that must be quick, by what they ask for."""

SLOW_SEARCHES = {
    "prefix of a common word": "re*",
    "prefix of a rare word": RARE_WORD[:5] + "*",
    "prefix without match": "nowhere*",
    "exclusion of everything": "-type:log",
    "long common phrase": f'"{COMMON_PHRASE}"',
    "common words in another order": f'"{" ".join(reversed(COMMON_PHRASE.split()))}"',
    "field:>n, common": "duration_ms:>100",
    "field:>n, no match": "duration_ms:>100000",
}
"""Searches whose cost the range of ids does not bound; what counts is that they end and say if they are partial."""

Question = Callable[[sqlite3.Connection], Any]


def _median_ms(ask: Callable[[], Any]) -> float:
    times = []
    for _ in range(_REPEATS):
        begun = time.perf_counter()
        ask()
        times.append((time.perf_counter() - begun) * 1000)
        if sum(times) > _ENOUGH_MS:
            break
    return statistics.median(times)


def by_key(tx: sqlite3.Connection) -> list[events.Event]:
    """The yardstick of a page: the same number of rows by the key alone."""
    rows = tx.execute(
        f"SELECT {events.COLUMNS} FROM events WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT ?",
        (*ids.project_range(_PROJECT), PAGE),
    )
    return [events.from_row(row) for row in rows]


def measure(
    plan: Plan,
    folder: Path,
    *,
    asked: list[tuple[str, Question]],
    beside: tuple[str, Question],
    described: Callable[[Any], str],
    limits: tuple[float | None, float | None],
) -> list[Result]:
    """The results of questions to the store, each asked after the yardstick in every round."""
    results = []
    with snapshot(folder) as tx, on_cores(MEASURED):
        end = 0.0
        tx.set_progress_handler(lambda: time.monotonic() > end, _STEPS_BETWEEN_LOOKS)

        def limited(question: Question) -> Any:
            nonlocal end
            end = time.monotonic() + _READ_SECONDS
            return question(tx)

        for name, question in asked:
            limited(beside[1])
            note = described(limited(question))
            ours, theirs = [], []
            for _ in range(plan.rounds):
                theirs.append(_median_ms(lambda: limited(beside[1])))
                ours.append(_median_ms(lambda question=question: limited(question)))  # type: ignore[misc] # the default binds the question of this turn
            target, stretch = limits
            results.append(
                measured(
                    name, "ms", ours, target=target, stretch=stretch, yardstick=beside[0], beside=theirs, note=note
                )
            )
    return results


def _paged(plan: Plan, searches: dict[str, str], limits: tuple[float | None, float | None]) -> list[Result]:
    from logserver.store.search import Page, Search, page  # noqa: PLC0415 - what only pages need

    folder = bigstore.large(plan)
    span = bigstore.made(folder)
    middle = (span.start_ms + span.end_ms) // 2

    def asking(search: Search) -> Callable[[sqlite3.Connection], Page]:
        return lambda tx: page(tx, search, limit=PAGE, secret=_SECRET)

    def described(answer: Page) -> str:
        return f"{len(answer.events)} events{', partial' if answer.partial else ''}"

    asked = []
    for name, text in searches.items():
        asked.append((f"page: {name}", asking(Search((_PROJECT,), text))))
        asked.append((f"page: {name}, middle", asking(Search((_PROJECT,), text, until_ms=middle))))
    if "" in searches.values():
        asked.append(("page: newest of all projects", asking(Search(tuple(range(1, PROJECTS + 1))))))
    return measure(plan, folder, asked=asked, beside=("50 rows by key", by_key), described=described, limits=limits)


def pages(plan: Plan) -> list[Result]:
    """Every quick search, newest and from the middle."""
    return _paged(plan, SEARCHES, (5, 2))


def slow_pages(plan: Plan) -> list[Result]:
    """The searches without a bound: their time, how much they found, and whether they say that it is not all."""
    return _paged(plan, SLOW_SEARCHES, (None, None))


def charts(plan: Plan) -> list[Result]:
    """Events by quarters of an hour over the last 24 hours: by level, and under a text."""
    from logserver.store.histogram import Histogram, histogram  # noqa: PLC0415 - what only charts need
    from logserver.store.search import Search  # noqa: PLC0415 - the same

    folder = bigstore.large(plan)
    until = bigstore.made(folder).end_ms
    since = until - _DAY_MS

    def asking(projects: tuple[int, ...], text: str) -> Callable[[sqlite3.Connection], Histogram]:
        search = Search(projects, text, since_ms=since, until_ms=until)
        return lambda tx: histogram(tx, search, bucket_ms=_BUCKET_MS)

    def described(answer: Histogram) -> str:
        total = sum(bucket.total for bucket in answer.buckets)
        return f"{total:,} events in {len(answer.buckets)} buckets{', partial' if answer.partial else ''}"

    def counted(tx: sqlite3.Connection) -> list[tuple[int, int]]:
        return tx.execute(
            "SELECT minute / 15, sum(n) FROM counts WHERE project = ? AND minute BETWEEN ? AND ? GROUP BY 1",
            (_PROJECT, since // 60_000, until // 60_000),
        ).fetchall()

    yardstick = ("one GROUP BY over the counts", counted)
    everyone = tuple(range(1, PROJECTS + 1))
    bounded = [("24 h histogram", asking((_PROJECT,), ""))]
    free = [
        ("24 h histogram of all projects", asking(everyone, "")),
        ("24 h histogram of a common word", asking((_PROJECT,), COMMON_WORD)),
    ]
    return [
        *measure(plan, folder, asked=bounded, beside=yardstick, described=described, limits=(10, 2)),
        *measure(plan, folder, asked=free, beside=yardstick, described=described, limits=(None, None)),
    ]
