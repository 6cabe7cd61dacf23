"""A mergeable summary of numbers: count, sum, extremes, and log-scaled buckets for percentiles.

A percentile read from the buckets is within 1 % of a true value at that rank (buckets grow by 2 %), as long as
the numbers span fewer than 2,048 buckets, that is 17 decades; beyond that the smallest magnitudes are pooled.
"""

import math
import sys
from collections.abc import Sequence

import msgspec

GROWTH = 1.02
MAX_BUCKETS = 2_048
_LOG_GROWTH = math.log(GROWTH)
_LARGEST_EXPONENT = math.log(sys.float_info.max)
_SMALLEST = 1e-9
_OFFSET = 100_000  # keeps the bucket numbers of positive values positive; negative values mirror them

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int, int]).decode


def bucket_of(value: float) -> int:
    """The bucket of a finite number: 0 for what is nearly zero, negative numbers mirrored."""
    size = abs(value)
    if size < _SMALLEST:
        return 0
    index = math.ceil(math.log(size) / _LOG_GROWTH) + _OFFSET
    return index if value > 0 else -index


def bucket_value(bucket: int) -> float:
    """The number a bucket stands for: at most 1 % off everything in it."""
    if bucket == 0:
        return 0.0
    size = math.exp(min((abs(bucket) - _OFFSET) * _LOG_GROWTH, _LARGEST_EXPONENT)) * 2 / (1 + GROWTH)
    return size if bucket > 0 else -size


def _sum(a: float, b: float) -> float:
    """The sum, held at the largest finite number: infinities that meet would be no number at all."""
    return min(max(a + b, -sys.float_info.max), sys.float_info.max)


class Sketch(msgspec.Struct):
    """The numbers of one series in one minute, or of many merged."""

    n: int = 0
    errors: int = 0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    buckets: dict[int, int] = msgspec.field(default_factory=dict)

    def add(self, value: float, *, error: bool = False) -> None:
        """Count one finite number, and whether what it measures had failed."""
        self.n += 1
        self.errors += error
        self.total = _sum(self.total, value)
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        bucket = bucket_of(value)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def add_many(self, value: float, n: int) -> None:
        """Count a finite number so many times; the sum stays what it was, for the one who knows it better."""
        self.n += n
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        bucket = bucket_of(value)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + n

    def merge(self, other: "Sketch") -> None:
        """Take in another sketch, as if its numbers had been added here."""
        self.n += other.n
        self.errors += other.errors
        self.total = _sum(self.total, other.total)
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        buckets = self.buckets
        if not buckets:
            self.buckets = dict(other.buckets)
            return
        for bucket, count in other.buckets.items():
            buckets[bucket] = buckets.get(bucket, 0) + count

    def percentile(self, share: float) -> float | None:
        """The number at ``share`` (0 to 1) by nearest rank; None when there are no numbers."""
        return self.percentiles((share,))[0] if self.n else None

    def percentiles(self, shares: Sequence[float]) -> list[float]:
        """The numbers at ``shares`` (0 to 1, ascending) by nearest rank; there must be numbers."""
        found: list[float] = []
        ranks = [max(1, math.ceil(share * self.n)) for share in shares]
        passed = 0
        for bucket in sorted(self.buckets):
            passed += self.buckets[bucket]
            while len(found) < len(ranks) and passed >= ranks[len(found)]:
                found.append(min(max(bucket_value(bucket), self.low), self.high))
            if len(found) == len(ranks):
                break
        return found + [self.high] * (len(ranks) - len(found))

    def up_to(self, limit: float) -> tuple[int, int]:
        """How many numbers are at most ``limit``: those that certainly are, and those too close to it to tell.

        Too close is what lies in the same bucket, that is within 2 % of the limit.
        """
        last = bucket_of(limit)
        if self.high <= limit:
            return self.n, 0
        return sum(n for bucket, n in self.buckets.items() if bucket < last), self.buckets.get(last, 0)

    def pack(self) -> bytes:
        """The buckets as they are stored: beyond 2,048 of them, those nearest to zero are pooled into the next."""
        surplus = len(self.buckets) - MAX_BUCKETS
        if surplus > 0:
            by_size = sorted(self.buckets, key=lambda bucket: abs(bucket_value(bucket)))
            for bucket in by_size[:surplus]:
                self.buckets[by_size[surplus]] += self.buckets.pop(bucket)
        return _encode(self.buckets)


def unpack(row: tuple[int, int, float, float, float, bytes]) -> Sketch:
    """The sketch of a stored row: n, errors, total, low, high, buckets."""
    n, errors, total, low, high, buckets = row
    return Sketch(n, errors, total, low, high, _decode(buckets))
