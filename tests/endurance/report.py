"""What a run says, for people."""

import math
from collections.abc import Iterator

from tests.endurance.course import Run, percentile
from tests.endurance.driving import Outcome


def text(run: Run) -> str:
    """The report; its last lines are what went wrong, if anything did."""
    return "\n".join([*_figures(run), *(f"WRONG: {what}" for what in run.wrong())])


def _figures(run: Run) -> Iterator[str]:
    course, count, watched = run.course, run.count, run.watched
    rounds = ", ".join(f"{rate:,.0f}" for rate in run.capacities)
    yield (
        f"capacity        {run.capacity:,.0f} requests/s, {run.capacity * run.records_per_request:,.0f} records/s"
        f" (rounds of {course.capacity_seconds:g} s: {rounds}; {course.connections} connections)"
    )
    yield f"at {course.steady_share:.0%}          {_offered(run.steady)}"
    yield f"                {_answers(run.steady)}"
    yield (
        f"                memory {watched.median(0.5, 4 / 6):.0f} MB in the middle,"
        f" {watched.median(5 / 6, 1):.0f} MB at the end ({watched.growth():+.1f} MB),"
        f" most {max(mb for _, mb in watched.memory):.0f} MB; {watched.cpu:.0%} of a core,"
        f" and waited for one {watched.starved:.0%} of the time"
    )
    readings = run.readings
    yield (
        f"                pages: {len(readings.seconds):,}, median {percentile(readings.seconds, 0.5):.0f} ms,"
        f" p95 {percentile(readings.seconds, 0.95):.0f} ms, slowest {percentile(readings.seconds, 1):.0f} ms"
        f" ({readings.slowest}); live tails brought {readings.tailed / 1e6:.1f} MB"
    )
    yield f"flood of {course.flood_share:g} x    {_offered(run.flood)}"
    yield f"                {_answers(run.flood)}"
    yield f"                memory: most {max(mb for _, mb in run.flood_watched.memory):.0f} MB"
    yield f"after           {_answers(run.after)}"
    took = "never" if math.isinf(run.recovered) else f"after {run.recovered:g} s"
    yield f"                as before: {took}"
    yield (
        f"counted back    {count.acknowledged:,} records acknowledged: {count.found:,} in the store,"
        f" {count.expired:,} expired on the way, {count.missing:,} missing,"
        f" {count.twice:,} twice; {count.refused_and_stored:,} refused and stored"
    )
    yield f"store           {run.store_mb:,.0f} MB; {run.log_lines:,} lines of log"


def _offered(outcome: Outcome) -> str:
    rate = outcome.offered / outcome.seconds if outcome.seconds else 0.0
    unsent = f", {outcome.unsent:,} with no connection free" if outcome.unsent else ""
    return f"{outcome.offered:,} requests in {outcome.seconds:.0f} s ({rate:,.0f}/s){unsent}"


def _answers(outcome: Outcome) -> str:
    statuses = ", ".join(f"{n:,} x {status or 'broken off'}" for status, n in sorted(outcome.statuses.items()))
    waits = ", ".join(f"p{share:g} {percentile(outcome.waits, share / 100):.0f} ms" for share in (50, 99, 99.9))
    refused = f"; refusals p99 {percentile(outcome.refused_waits, 0.99):.0f} ms" if len(outcome.refused_waits) else ""
    return (
        f"{statuses}; accepted {waits}, most {percentile(outcome.waits, 1):.0f} ms{refused};"
        f" sender late by p99 {percentile(outcome.lags, 0.99):.0f} ms"
    )
