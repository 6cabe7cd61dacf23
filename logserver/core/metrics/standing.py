"""How each agent's metrics stand: counters and histograms since their beginning, and the newest gauges."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from logserver.core.fleet.agents import Agent
from logserver.core.metrics.readings import Reading
from logserver.core.metrics.rules import Labels, Type
from logserver.core.metrics.tallies import spelled_bound
from logserver.store.tx import Tx

MOST_SERIES = 10_000
"""Series of all agents that a project may have; those unused for as long as it keeps anything make room."""

_LARGEST = sys.float_info.max
_MOST = 1 << 62
_Key = tuple[str, str, Type]
"""The name of a metric, its labels as they are stored, and its type: one of another type is another series."""

_decode = msgspec.json.Decoder(dict[str, str]).decode
_counts = msgspec.json.Decoder(dict[str, int]).decode


class Standing(msgspec.Struct):
    """How a series of an agent stands."""

    type: Type
    value: float
    """The total, the newest, or the sum of a histogram's values."""
    n: int
    """How many values a histogram has."""
    buckets: dict[str, int] | None
    """How many by upper bound, not cumulative."""
    at_ms: int
    """When it was counted or measured last."""

    def add(self, reading: Reading) -> None:
        """Take in a reading of its type."""
        if reading.type == "gauge":
            if reading.at_ms >= self.at_ms:
                self.value = reading.value
        else:
            self.value = min(max(self.value + reading.value, -_LARGEST), _LARGEST)
            self.n = min(self.n + reading.size(), _MOST)
            if self.buckets is not None:
                for bound, n in _spelled(reading).items():
                    self.buckets[bound] = min(self.buckets.get(bound, 0) + n, _MOST)
        self.at_ms = max(self.at_ms, reading.at_ms)


def add(tx: Tx, agent: Agent, readings: Sequence[Reading]) -> list[Reading]:
    """Take readings of an agent in; returns those there was room for."""
    held: dict[_Key, Standing] = {}
    taken = []
    room: int | None = None
    encoded: dict[Labels, str] = {}
    for reading in readings:
        labels = encoded.get(reading.labels)
        if labels is None:
            labels = encoded[reading.labels] = msgspec.json.encode(dict(reading.labels)).decode()
        key = (reading.name, labels, reading.type)
        standing = held.get(key) or _stored(tx, agent, key)
        if standing is None:
            if room is None:
                room = MOST_SERIES - _count(tx, agent.project)
            if room <= 0:
                continue
            room -= 1
            standing = _begun(reading)
        else:
            standing.add(reading)
        held[key] = standing
        taken.append(reading)
    tx.executemany(
        "INSERT OR REPLACE INTO agent_metrics (project, agent, name, labels, type, value, n, buckets, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(agent.project, agent.number, *key, *_row(standing)) for key, standing in sorted(held.items(), key=_by_key)],
    )
    return taken


def every(tx: Tx, project: int) -> Iterator[tuple[str, str, dict[str, str], Standing]]:
    """Every series of a project: the name of the metric, that of the agent, labels, and how it stands."""
    rows = tx.execute(
        "SELECT m.name, a.name, m.labels, m.type, m.value, m.n, m.buckets, m.at"
        " FROM agent_metrics m JOIN agents a ON a.id = m.agent WHERE m.project = ? ORDER BY m.name, a.name, m.labels",
        (project,),
    )
    for name, agent, labels, kind, value, n, buckets, at_ms in rows:
        yield name, agent, _decode(labels), Standing(kind, value, n, _counts(buckets) if buckets else None, at_ms)


def forget_unused(tx: Tx, project: int, before_ms: int) -> None:
    """Drop the series of a project that were used last before a time in Unix milliseconds."""
    tx.execute("DELETE FROM agent_metrics WHERE project = ? AND at < ?", (project, before_ms))


def _begun(reading: Reading) -> Standing:
    buckets = _spelled(reading) if reading.buckets is not None else None
    return Standing(reading.type, reading.value, reading.size(), buckets, reading.at_ms)


def _spelled(reading: Reading) -> Counter[str]:
    return Counter({spelled_bound(bound): n for bound, n in (reading.buckets or {}).items()})


def _stored(tx: Tx, agent: Agent, key: _Key) -> Standing | None:
    row = tx.execute(
        "SELECT value, n, buckets, at FROM agent_metrics"
        " WHERE project = ? AND agent = ? AND name = ? AND labels = ? AND type = ?",
        (agent.project, agent.number, *key),
    ).fetchone()
    if row is None:
        return None
    value, n, buckets, at_ms = row
    return Standing(key[2], value, n, _counts(buckets) if buckets is not None else None, at_ms)


def _row(standing: Standing) -> tuple[float, int, str | None, int]:
    buckets = None if standing.buckets is None else msgspec.json.encode(standing.buckets).decode()
    return standing.value, standing.n, buckets, standing.at_ms


def _by_key(item: tuple[_Key, Standing]) -> _Key:
    return item[0]


def _count(tx: Tx, project: int) -> int:
    return int(tx.execute("SELECT count(*) FROM agent_metrics WHERE project = ?", (project,)).fetchone()[0])
