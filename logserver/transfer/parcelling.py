"""Cuts the lines of a file into parcels that are taken in one by one."""

from collections.abc import Iterator

import msgspec

from logserver.transfer import records
from logserver.transfer.archive import Incoming, Unreadable
from logserver.transfer.arriving import Parcel
from logserver.transfer.destination import Origin
from logserver.transfer.lines import FORMAT, VERSION, End, Header, Mark
from logserver.transfer.records import Project, Trail

_TRAIL = (records.Stub, records.Audit)
_BYTES = 1_000_000
"""After how many bytes of lines a parcel takes no more."""


def header(incoming: Incoming, lines: Iterator[bytes]) -> Header:
    """The first line of a file; raises Unreadable where it is none of ours, or of a newer version."""
    line = next(lines, b"")
    try:
        found = records.decode(line)
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, Header) or found.format != FORMAT:
        raise Unreadable("it is no export of logserver" if incoming.size else "it is empty")
    if found.version > VERSION:
        raise Unreadable(f"it has version {found.version}; this logserver reads up to {VERSION}")
    return found


class Parcelling:
    """The parcels of a file beyond its header. ``chosen`` are the slugs of the projects to be taken; none for all."""

    def __init__(self, transfer: str, *, chosen: frozenset[str], merge: bool, most: int) -> None:
        self._transfer = transfer
        self._chosen = chosen
        self._merge = merge
        self._most = most
        self._origin: Origin | None = None
        self._trail: Trail | None = None
        self.seen: set[str] = set()
        """The slugs of the projects of the file, as far as it was read."""
        self.whole = False
        """Whether the file was read to its end line."""

    def cut(self, lines: Iterator[bytes], taken: int) -> Iterator[Parcel]:
        """The parcels behind the lines that are ``taken``, of which the header is one.

        Raises Unreadable, with its number, for a line that is none.
        """
        held: list[bytes] = []
        kind: object = None
        size, after, number, counted = 0, taken, 1, 0
        for number, line in enumerate(lines, 2):
            record = self._read(line, number)
            if isinstance(record, End):
                self.whole = record.records == counted
                break
            if isinstance(record, Mark):
                continue
            counted += 1
            of = "trail" if isinstance(record, _TRAIL) else type(record)
            full = size >= _BYTES or len(held) >= self._most
            if held and (of != kind or full):
                yield self._parcel(after, number - 1, held)
                held, size, after = [], 0, number - 1
            self._turn_to(record)
            if number <= taken or (self._chosen and self._slug(number) not in self._chosen):
                continue
            held.append(line)
            kind, size = of, size + len(line)
        if held:
            yield self._parcel(after, number, held)

    def _read(self, line: bytes, number: int) -> records.Any_:
        try:
            return records.decode(line)
        except msgspec.DecodeError as error:
            raise Unreadable(f"line {number:,} cannot be read: {error}") from error

    def _turn_to(self, record: records.Any_) -> None:
        if isinstance(record, Project):
            self.seen.add(record.slug)
            self._origin = Origin(record.uuid, record.number, record.slug, record.system, self._merge)
            self._trail = None
        elif isinstance(record, Trail):
            self._trail = record

    def _slug(self, number: int) -> str:
        if self._origin is None:
            raise Unreadable(f"line {number:,} belongs to no project")
        return self._origin.slug

    def _parcel(self, after: int, through: int, lines: list[bytes]) -> Parcel:
        if self._origin is None:
            raise Unreadable(f"line {through:,} belongs to no project")
        return Parcel(self._transfer, after, through, self._origin, self._trail, lines)
