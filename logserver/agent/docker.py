r"""Docker's json-file format: ``{"log":"text\n","stream":"stdout","time":"..."}``, one object a line.

Each line is told by its own shape; any other line passes as it is. Docker cuts long lines into pieces of 16 KB, of
which only the last one's text ends with LF; they are joined again, apart for each stream.
"""

from typing import Literal

import msgspec

from logserver.agent.blocks import MAX_LINE, Wrap
from logserver.agent.places import Piece
from logserver.core.times import read_time

MAX_PIECES = 1_024
"""Pieces of one line; further ones are skipped."""

_START = b'{"log":"'
_BARE = Wrap(None, "")


class _Wrapped(msgspec.Struct, forbid_unknown_fields=True):
    log: str
    stream: Literal["stdout", "stderr"]
    time: str
    attrs: dict[str, str] | None = None


_decoder = msgspec.json.Decoder(_Wrapped)


class _Held(msgspec.Struct):
    """The beginning of a line whose end has not come."""

    wrap: Wrap
    pieces: list[Piece]
    texts: list[bytes]
    size: int = 0

    def add(self, piece: Piece, text: bytes) -> int:
        """Join a piece; returns how many bytes of it are too many."""
        room = MAX_LINE - self.size if len(self.pieces) < MAX_PIECES else 0
        if room > 0:
            self.pieces.append(piece)
            self.texts.append(text[:room])
            self.size += len(self.texts[-1])
        return len(text) - max(0, min(room, len(text)))


class Unwrapped(msgspec.Struct):
    """Lines without their wrapping, what it said of each, and how many bytes were too many."""

    lines: list[bytes]
    offsets: list[int]
    wraps: list[Wrap]
    skipped: int = 0
    cut: int = 0


class Joints:
    """Takes the wrapping off the lines of one file and keeps pieces until their end comes."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._too_long: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._held)

    def pieces(self) -> list[Piece]:
        """What has been read and not been delivered."""
        return [piece for held in self._held.values() for piece in held.pieces]

    def concerns(self, data: bytes) -> bool:
        """Whether there may be something to unwrap among the lines of some bytes."""
        return _START in data

    def unwrap(self, lines: list[bytes], offsets: list[int], end: int) -> Unwrapped | None:
        """The lines as they were before Docker wrapped them; None where it wrapped none.

        ``end`` is where the last one ends. A joined line is where its first piece is.
        """
        out = Unwrapped([], [], [])
        wrapped = False
        ends = [*offsets, end][1:]
        for line, offset, behind in zip(lines, offsets, ends, strict=True):
            one = _wrapped(line)
            if one is None:
                _put(out, line, offset, _BARE)
                continue
            wrapped = True
            whole = one.log.endswith("\n")
            text = one.log.removesuffix("\n").removesuffix("\r").encode() if whole else one.log.encode()
            if whole and one.stream not in self._held:
                _put(out, text, offset, Wrap(read_time(one.time), one.stream))
                continue
            held = self._held.setdefault(one.stream, _Held(Wrap(read_time(one.time), one.stream), [], []))
            if too_many := held.add(Piece(one.stream, offset, behind - offset), text):
                out.skipped += too_many
                self._too_long.add(one.stream)
            if whole:
                self._deliver(out, one.stream)
        return out if wrapped else None

    def restore(self, piece: Piece, line: bytes) -> None:
        """Take back a piece that had been read before a restart."""
        one = _wrapped(line)
        if one is not None:
            held = self._held.setdefault(one.stream, _Held(Wrap(read_time(one.time), one.stream), [], []))
            held.add(piece, one.log.encode())

    def flush(self) -> Unwrapped:
        """What is kept, as lines: their end will not come."""
        out = Unwrapped([], [], [])
        for stream in list(self._held):
            self._deliver(out, stream)
        return out

    def clear(self) -> None:
        """Forget what is kept."""
        self._held.clear()
        self._too_long.clear()

    def _deliver(self, out: Unwrapped, stream: str) -> None:
        held = self._held.pop(stream)
        _put(out, b"".join(held.texts).removesuffix(b"\r"), held.pieces[0].offset, held.wrap)
        out.cut += stream in self._too_long
        self._too_long.discard(stream)


def _put(out: Unwrapped, line: bytes, offset: int, wrap: Wrap) -> None:
    out.lines.append(line)
    out.offsets.append(offset)
    out.wraps.append(wrap)


def _wrapped(line: bytes) -> _Wrapped | None:
    if not line.startswith(_START):
        return None
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
