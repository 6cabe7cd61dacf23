"""What a monitor's states were over a while, from the transitions that were told.

A transition counts from when the server told of it; the time in which the server itself did not run counts as the
state before. Where nothing is known, before a monitor was made, there is no state.
"""

from itertools import pairwise
from typing import NamedTuple

import msgspec

from logserver.core.monitors import Monitor, State
from logserver.store.tx import Tx

_WORST: tuple[State, ...] = ("error", "missed", "ok", "paused")
_MOST = 5_000
"""Changes that are looked at, the newest; what lies before the oldest of so many is left out."""


class Transition(NamedTuple):
    """A change of state that was told, or told again."""

    at: int
    """Unix milliseconds."""
    was: State
    became: State
    repeated: bool
    """Whether it was told again, an hour on."""


class Spell(NamedTuple):
    """A while in which a monitor had one state; Unix milliseconds, the end left out."""

    state: State
    since: int
    until: int


def strip(tx: Tx, monitor: Monitor, since_ms: int, until_ms: int, parts: int) -> list[State | None]:
    """The worst state in each of so many equal parts of a time; None for one before the monitor was made.

    The worst is error, then missed, then ok; paused is a part that was paused throughout.
    """
    return strip_of(spells(tx, monitor, since_ms, until_ms), since_ms, until_ms, parts)


def uptime(tx: Tx, monitor: Monitor, since_ms: int, until_ms: int) -> float | None:
    """Which share of a time (0 to 1) a monitor was ok, pauses left out; None where it was never watched in it."""
    return uptime_of(spells(tx, monitor, since_ms, until_ms))


def spells(tx: Tx, monitor: Monitor, since_ms: int, until_ms: int) -> list[Spell]:
    """The states of a monitor within a time, the oldest first and without a gap; from when it was made on."""
    rows = tx.execute(
        "SELECT at, became FROM monitor_transitions WHERE monitor = ? AND at > ? AND at < ? AND NOT repeated"
        " ORDER BY at DESC, id DESC LIMIT ?",
        (monitor.id, since_ms, until_ms, _MOST),
    ).fetchall()
    before = tx.execute(
        "SELECT became FROM monitor_transitions WHERE monitor = ? AND at <= ? AND NOT repeated"
        " ORDER BY at DESC, id DESC LIMIT 1",
        (monitor.id, since_ms),
    ).fetchone()
    state: State = before[0] if before else "ok"
    found: list[Spell] = []
    begun = max(since_ms, monitor.created_at)
    if len(rows) == _MOST:
        begun, state = rows.pop()
    for at, became in reversed(rows):
        if at > begun:
            found.append(Spell(state, begun, at))
            begun = at
        state = became
    if until_ms > begun:
        found.append(Spell(state, begun, until_ms))
    return found


def strip_of(history: list[Spell], since_ms: int, until_ms: int, parts: int) -> list[State | None]:
    """As strip(), of states that were read before."""
    edges = [since_ms + (until_ms - since_ms) * part // parts for part in range(parts + 1)]
    found: list[State | None] = []
    at = 0
    for begin, end in pairwise(edges):
        while at < len(history) and history[at].until <= begin:
            at += 1
        states = set()
        look = at
        while look < len(history) and history[look].since < end:
            states.add(history[look].state)
            look += 1
        found.append(min(states, key=_WORST.index, default=None))
    return found


def since(history: list[Spell], since_ms: int) -> list[Spell]:
    """States that were read before, from a later moment on."""
    return [spell._replace(since=max(spell.since, since_ms)) for spell in history if spell.until > since_ms]


def uptime_of(history: list[Spell]) -> float | None:
    """As uptime(), of states that were read before."""
    watched = sum(spell.until - spell.since for spell in history if spell.state != "paused")
    good = sum(spell.until - spell.since for spell in history if spell.state == "ok")
    return good / watched if watched else None


def transitions(tx: Tx, monitor: Monitor, *, limit: int) -> list[Transition]:
    """The last changes of state that were told, newest first."""
    rows = tx.execute(
        "SELECT at, was, became, repeated FROM monitor_transitions WHERE monitor = ? ORDER BY at DESC, id DESC LIMIT ?",
        (monitor.id, limit),
    ).fetchall()
    return [msgspec.convert(row, Transition, strict=False) for row in rows]
