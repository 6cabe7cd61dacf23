"""How a run measures, and what it says of each figure."""

import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

Judged = Literal["ratio", "value"]


class Plan(msgspec.Struct, frozen=True):
    """How often and how long things are measured, and where files may lie while they are."""

    folder: Path
    """Where stores are made: the disk that is measured."""
    rounds: int = 5
    """Rounds of yardstick and program by turns; figures are medians of them."""
    seconds: float = 4.0
    """How long a round sends to each side."""
    turns: int = 4
    """In how many turns it does so, yardstick and program after one another: a busy moment meets both."""
    warm_up: float = 0.25
    """How long a turn sends before it counts."""
    rows: int = 1_000_000
    """Events in the large store."""
    held_seconds: float = 60.0
    """How long the reader of the commit figure holds its snapshot."""
    store: Path | None = None
    """Where the large store is kept between runs; in ``folder`` where that is None."""

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True) as name:
            yield Path(name)


class Result(msgspec.Struct, kw_only=True):
    """One figure. ``value`` and ``beside`` are medians in ``unit``; ``ratio`` is the median of each round's own."""

    figure: str
    unit: str
    value: float
    yardstick: str = ""
    """What ``beside`` is a figure of; empty where the value stands alone."""
    beside: float | None = None
    ratio: float | None = None
    low: float | None = None
    """The smallest of what is judged among the rounds."""
    high: float | None = None
    judged: Judged = "ratio"
    at_least: bool = True
    """Whether more is better."""
    target: float | None = None
    stretch: float | None = None
    note: str = ""
    wrong: str = ""
    """What must not happen and did: refused requests, events that were answered with success and are missing."""

    def verdict(self) -> str:
        """How the figure stands to its target: ``stretch``, ``target``, ``missed``, or nothing without one."""
        judged = self.ratio if self.judged == "ratio" else self.value
        if judged is None or self.target is None:
            return ""
        sign = 1 if self.at_least else -1
        if self.stretch is not None and sign * judged >= sign * self.stretch:
            return "stretch"
        return "target" if sign * judged >= sign * self.target else "missed"


def compared(
    figure: str,
    unit: str,
    pairs: Sequence[tuple[float, float]],
    *,
    yardstick: str,
    at_least: bool,
    target: float | None,
    stretch: float | None,
    note: str = "",
    wrong: str = "",
) -> Result:
    """The result of rounds of (program, yardstick), judged by the median of their ratios."""
    ratios = [ours / theirs for ours, theirs in pairs if theirs] or [0.0]
    return Result(
        figure=figure,
        unit=unit,
        value=statistics.median(ours for ours, _ in pairs),
        yardstick=yardstick,
        beside=statistics.median(theirs for _, theirs in pairs),
        ratio=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        at_least=at_least,
        target=target,
        stretch=stretch,
        note=note,
        wrong=wrong,
    )


def measured(
    figure: str,
    unit: str,
    values: Sequence[float],
    *,
    target: float | None,
    stretch: float | None,
    yardstick: str = "",
    beside: Sequence[float] = (),
    note: str = "",
    wrong: str = "",
) -> Result:
    """The result of a figure that is judged by its median itself, less being better."""
    value = statistics.median(values)
    stands = statistics.median(beside) if beside else None
    return Result(
        figure=figure,
        unit=unit,
        value=value,
        yardstick=yardstick,
        beside=stands,
        ratio=value / stands if stands else None,
        low=min(values),
        high=max(values),
        judged="value",
        at_least=False,
        target=target,
        stretch=stretch,
        note=note,
        wrong=wrong,
    )


def seeded(seed: int) -> random.Random:
    """Random numbers that are the same in every run."""
    return random.Random(seed)  # noqa: S311 - made-up log lines are no secret
