"""Whether two readings hold the same things, in whatever order they come, without keeping either."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from logserver.store.ids import COUNTER_BITS, LOCAL_BITS, id_ms

_SPAN_BITS = 26
"""Milliseconds of a bucket: 18.6 hours."""

_BUCKET_BITS = _SPAN_BITS + COUNTER_BITS


class Span(NamedTuple):
    """A project's number, and the Unix milliseconds in which something differs: the first, and the first after."""

    project: int
    since: int
    until: int


class Tally:
    """Adds up what one reading has and takes away what the other has; what is left over tells where they differ.

    A sum of hashes for each project and stretch of time: memory is bounded by how long events are kept, not by how
    many there are. Two readings that differ are taken for equal once in 2**61 buckets.
    """

    def __init__(self) -> None:
        self._sums: dict[int, int] = defaultdict(int)

    def add(self, event_id: int, thing: Any, times: int = 1) -> None:
        """Count a thing that belongs to the time of a packed id."""
        self._sums[event_id >> _BUCKET_BITS] += hash(thing) * times

    def take(self, event_id: int, thing: Any, times: int = 1) -> None:
        """Count it as had by the other reading."""
        self._sums[event_id >> _BUCKET_BITS] -= hash(thing) * times

    def differences(self) -> Iterator[Span]:
        """Where the two differ, by project and in order of time; stretches that touch are one."""
        held: Span | None = None
        for bucket in sorted(bucket for bucket, left in self._sums.items() if left):
            first = bucket << _BUCKET_BITS
            since = id_ms(first)
            span = Span(first >> LOCAL_BITS, since, since + (1 << _SPAN_BITS))
            if held is not None and (held.project, held.until) == span[:2]:
                held = held._replace(until=span.until)
                continue
            if held is not None:
                yield held
            held = span
        if held is not None:
            yield held
