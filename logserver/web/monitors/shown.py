"""What the pages of monitors show of one, and the line that checks it in."""

import shlex
from itertools import groupby
from typing import NamedTuple

import msgspec

from logserver.api.addresses import origin
from logserver.core import monitor_history
from logserver.core.monitor_history import Spell
from logserver.core.monitors import Monitor, State
from logserver.web.visit import Visit

STRIP_HOURS = 24
STRIP_PARTS = 48
UPTIME_DAYS = 7
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

WORDS: dict[State, str] = {"ok": "ok", "missed": "missed", "error": "failed", "paused": "paused"}
"""How states are called on pages."""

ORDER: tuple[State, ...] = ("error", "missed", "ok", "paused")
"""In which order monitors are listed: what needs somebody first."""


class Strip(NamedTuple):
    """A history strip: by state where its runs of parts begin and how long they are; and in words."""

    parts: int
    runs: dict[State | None, list[tuple[int, int]]]
    label: str


class Row(NamedTuple):
    """A monitor of the list."""

    monitor: Monitor
    state: State
    strip: Strip
    uptime: float | None


def row(monitor: Monitor, history: list[Spell], now_ms: int) -> Row:
    """A monitor with its last day and the uptime of its last week; ``history`` is that of the week."""
    day = strip(history, now_ms - STRIP_HOURS * HOUR_MS, now_ms, STRIP_PARTS, "24 hours")
    return Row(monitor, monitor.state_now(now_ms), day, monitor_history.uptime_of(history))


def strip(history: list[Spell], since_ms: int, until_ms: int, parts: int, span: str) -> Strip:
    """The strip of a time, which is called ``span``."""
    states = monitor_history.strip_of(history, since_ms, until_ms, parts)
    counted = [f"{WORDS[state]} in {n} of {parts} parts" for state in ORDER if (n := states.count(state))]
    runs: dict[State | None, list[tuple[int, int]]] = {}
    at = 0
    for state, run in groupby(states):
        length = len(list(run))
        runs.setdefault(state, []).append((at, length))
        at += length
    return Strip(parts, runs, f"The last {span}: {', '.join(counted) or 'nothing is known'}")


def curl_line(visit: Visit, slug: str, environment: str, interval_seconds: int) -> str:
    """A line for a shell that checks a monitor in; the token is a variable, for it is not known here."""
    said = {"slug": slug, "environment": environment, "status": "ok", "expected_interval_seconds": interval_seconds}
    body = msgspec.json.encode({"check_in": said}).decode()
    resources = visit.site.resources
    reached = origin(visit.request, resources.gate, resources.public_url)
    return (
        f"curl -fsS {reached}/api/v1/check_ins"
        ' -H "Authorization: Bearer $LOGSERVER_TOKEN" -H "Content-Type: application/json"'
        f" -d {shlex.quote(body)}"
    )
