"""Points of agents, taken into the store: into the series of charts, and into what a scraper sees.

Both happen in the transaction of the request. Of a metric there is one series of all its labels and agents
together, and one for each set of labels.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from logserver.core.fleet.agents import Agent
from logserver.core.intake import FUTURE_TOLERANCE_MS
from logserver.core.metrics import standing
from logserver.core.metrics.readings import Reading, series_name
from logserver.core.metrics.rules import Labels
from logserver.core.metrics.tallies import spelled_bound
from logserver.core.projects import by_number
from logserver.store.samples import MAX_NAME, Measure
from logserver.store.sketch import Sketch
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

LATE_MS = 72 * 3_600_000
"""How late a point may be."""

BATCHES_KEPT_MS = 7 * 86_400_000
"""How long a batch is known by its id: longer than its points would be taken."""


class Taken(NamedTuple):
    """How many points of a batch were stored, and how many were not."""

    accepted: int
    rejected: int


def take(
    tx: WriteTx, agent: Agent, readings: Sequence[Reading], *, batch_id: str | None, environment: str, now_ms: int
) -> Taken:
    """Store the readings of an agent; those of a batch that was taken before are not stored again.

    They belong to the environment that the agent's label of this name says, or else to ``environment``.

    Not stored is what is older than 72 hours, or than its project keeps anything, and what would be a series too
    many (standing.MOST_SERIES). What lies more than ten minutes ahead counts as of now.
    """
    digest = hashlib.sha256(batch_id.encode()).digest() if batch_id is not None else None
    if digest is not None:
        known = tx.execute(
            "SELECT accepted, rejected FROM point_batches WHERE agent = ? AND digest = ?", (agent.number, digest)
        ).fetchone()
        if known is not None:
            return Taken(*known)
    oldest = max(now_ms - LATE_MS, by_number(tx, agent.project).horizon_ms(now_ms))
    timely = [_held(reading, now_ms) for reading in readings if reading.at_ms >= oldest]
    stored = standing.add(tx, agent, timely)
    for measure in _measures(agent.project, agent.labels.get("environment") or environment, stored):
        tx.batch.measure(measure)
    taken = Taken(len(stored), len(readings) - len(stored))
    if digest is not None:
        tx.execute(
            "INSERT INTO point_batches (agent, digest, accepted, rejected, at) VALUES (?, ?, ?, ?, ?)",
            (agent.number, digest, *taken, now_ms),
        )
    return taken


def tidy(tx: Tx, now_ms: int, limit: int) -> bool:
    """Forget up to ``limit`` batches of a week ago; whether there may be more."""
    gone = tx.execute(
        "DELETE FROM point_batches WHERE (agent, digest) IN"
        " (SELECT agent, digest FROM point_batches WHERE at < ? ORDER BY at LIMIT ?)",
        (now_ms - BATCHES_KEPT_MS, limit),
    ).rowcount
    return gone == limit


def _held(reading: Reading, now_ms: int) -> Reading:
    return reading._replace(at_ms=now_ms) if reading.at_ms > now_ms + FUTURE_TOLERANCE_MS else reading


def _measures(project: int, environment: str, readings: Iterable[Reading]) -> list[Measure]:
    """The readings summed up by series and minute: first for each set of labels, then for all of them together."""
    sums: dict[tuple[int, str, Labels], _Sum] = {}
    for reading in readings:
        sums.setdefault((reading.at_ms // 60_000, reading.name, reading.labels), _Sum()).add(reading)
    whole: dict[tuple[int, str], _Sum] = {}
    for (minute, name, _), part in sums.items():
        whole.setdefault((minute, name), _Sum()).merge(part)
    return [
        *(
            Measure(project, minute, name, environment, labelled=False, sketch=part.sketch, buckets=part.buckets)
            for (minute, name), part in whole.items()
            if part.sketch.n
        ),
        *(
            Measure(
                project,
                minute,
                series_name(name, labels, MAX_NAME),
                environment,
                labelled=True,
                sketch=part.sketch,
                buckets=part.buckets,
            )
            for (minute, name, labels), part in sums.items()
            if part.sketch.n and labels
        ),
    ]


class _Sum:
    """Readings of a series and minute, summed up."""

    __slots__ = ("buckets", "sketch")

    def __init__(self) -> None:
        self.sketch = Sketch()
        self.buckets: Counter[str] = Counter()

    def add(self, reading: Reading) -> None:
        if reading.buckets is None:
            self.sketch.add(reading.value)
            return
        self.sketch.merge(reading.sketch())
        self.buckets.update({spelled_bound(bound): n for bound, n in reading.buckets.items()})

    def merge(self, other: "_Sum") -> None:
        self.sketch.merge(other.sketch)
        self.buckets.update(other.buckets)
