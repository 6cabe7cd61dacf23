"""Live lines on their way: read as an agent sends them, encoded once for all who watch, and words about sessions."""

import msgspec

from logserver.api.connections import UNREADABLE as UNREADABLE_CODE
from logserver.api.connections import Unfit
from logserver.contracts.logfleet.stream_wire import (
    MAX_MESSAGE,
    MAX_METADATA,
    Control,
    Frame,
    RawLine,
    Shown,
    Stream,
    Streams,
)
from logserver.core.fleet.agents import Agent
from logserver.core.lines.conditions import UNSAID
from logserver.core.live.live import Asked, Hub
from logserver.core.live.watching import Ended, Ending, Lost, Told
from logserver.core.times import iso_text, read_time

_EMPTY = msgspec.Raw(b"{}")
_MOST_LOST = 1_000_000_000
_encode = msgspec.json.Encoder().encode
_frame = msgspec.json.Decoder(Frame).decode


def frame_of(sent: str | bytes) -> Frame:
    """A message of an agent's connection; raises Unfit for what is none."""
    try:
        # What is passed on as it came is looked at here alone.
        frame = _frame(sent if isinstance(sent, str) else sent.decode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Unfit(UNREADABLE_CODE, f"not a frame: {error}"[:100]) from None
    for count in frame.dropped.values() if isinstance(frame.dropped, dict) else [frame.dropped or 0]:
        if not 0 <= count <= _MOST_LOST:
            raise Unfit(UNREADABLE_CODE, "not a frame: dropped is out of range")
    return frame


def shown(line: RawLine, now_ms: int) -> str:
    """A line as every watcher gets it."""
    time = read_time(line.timestamp) if line.timestamp is not None else None
    metadata = line.metadata
    whole = bytes(metadata).lstrip()
    fit = whole.startswith(b"{") and len(whole) <= MAX_METADATA
    return _encode(
        Shown(
            iso_text(time if time is not None else now_ms * 1000),
            line.level or UNSAID,
            line.message[:MAX_MESSAGE],
            line.source or "",
            metadata if fit else _EMPTY,
        )
    ).decode()


def pass_on(hub: Hub, agent: str, lines: list[RawLine], session_ids: list[str], now_ms: int) -> None:
    """Hand lines of an agent to those who watch these sessions of it."""
    receivers = hub.receivers(agent, session_ids)
    if receivers:
        for line in lines:
            message = shown(line, now_ms)
            for receiver in receivers:
                receiver.push(message)


def message_of(told: Told) -> str:
    """What a watcher is told, as a message."""
    if isinstance(told, str):
        return told
    if isinstance(told, Lost):
        return said(Control("lines_dropped", count=told.lines))
    if isinstance(told, Ending):
        return said(Control("session_ending", reason="timeout", seconds_remaining=told.seconds))
    return ended(told)


def ended(told: Ended) -> str:
    """The last message of a session."""
    return said(Control("session_ended", reason=told.reason))


def said(word: Control | Streams) -> str:
    """A message that is no line."""
    return _encode(word).decode()


def asked_of(asked: list[Asked]) -> list[Stream]:
    """The sessions that an agent is told of."""
    return [Stream(each.id, each.filter, iso_text(each.expires_at * 1000)) for each in asked]


def heard(hub: Hub, agent: Agent) -> list[Stream]:
    """What the answer to a heartbeat tells an agent of its sessions; it has shown that it is there."""
    hub.links.heard(agent.uuid)
    return asked_of(hub.asked_of(agent.uuid))
