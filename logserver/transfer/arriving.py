"""What an import does with a parcel of lines: one transaction in the writer, which also notes how far the file is in.

The same runs in a server, for parcels that the shell puts before it (inlet.py), and in the shell where no server runs.
"""

import sqlite3
from itertools import groupby

import msgspec

from logserver.contracts.logstitch.chain import Chain
from logserver.core.clock import Clock
from logserver.store.database import Database
from logserver.store.traces import kind_of
from logserver.store.writer import WriteTx
from logserver.transfer import (
    figures,
    groups,
    happenings,
    monitors,
    progress,
    project_settings,
    records,
    stored_events,
    trail,
)
from logserver.transfer.destination import Destination, Origin, Refused, Tally
from logserver.transfer.lines import End, Header, Mark
from logserver.transfer.records import Record

_UNFIT = (ValueError, TypeError, LookupError, ArithmeticError, msgspec.MsgspecError, sqlite3.IntegrityError)
"""What comes of values that have the right type and are still none that a store can hold."""


class Parcel(msgspec.Struct, frozen=True):
    """Some lines of a file in their order, all of one project."""

    transfer: str
    after: int
    """How many lines of the file come before them."""
    through: int
    """How many come before what follows them."""
    origin: Origin
    trail: records.Trail | None
    """The beginning of the project's audit trail, once it has been read."""
    lines: list[bytes]


class Arrivals:
    """Takes parcels in through the writer of a store."""

    def __init__(self, database: Database, clock: Clock, chain: Chain) -> None:
        self._database = database
        self._clock = clock
        self._chain = chain

    async def take(self, parcel: Parcel, seq: int | None = None) -> bool:
        """Take a parcel in, all of it or nothing; whether it was next in its file, else nothing was done.

        ``seq`` is its number among those that wait, with which it goes. Raises Refused, and StoreBusy.
        """
        decoded = [records.decode(line) for line in parcel.lines]
        size = sum(map(len, parcel.lines))
        self._database.admit(len(decoded), size)
        return await self._database.write(self._take, parcel, decoded, seq, rows=len(decoded), size=size)

    def _take(self, tx: WriteTx, parcel: Parcel, decoded: list[records.Any_], seq: int | None) -> bool:
        now_ms = self._clock.now_ms()
        if not progress.is_next(tx, parcel.transfer, parcel.after, seq):
            return False
        tally = Tally()
        lines = [line for line in decoded if not isinstance(line, Header | Mark | End)]
        try:
            for kind, several in groupby(lines, type):
                tally.add(self._arrive(tx, parcel, kind, list(several), now_ms))
        except _UNFIT as error:
            raise Refused(
                f"something in lines {parcel.after + 1:,} to {parcel.through:,} cannot be stored: {kind_of(error)}"
            ) from error
        progress.note(tx, parcel.transfer, parcel.through, tally, now_ms, seq=seq)
        return True

    def _arrive(self, tx: WriteTx, parcel: Parcel, kind: type, lines: list[Record], now_ms: int) -> Tally:
        origin, spelling = parcel.origin, self._database.spelling
        if kind is records.Project:
            tally = Tally()
            for line in lines:
                tally.add(project_settings.arrive(tx, line, origin, now_ms))  # type: ignore[arg-type] # that is its kind
            return tally
        if kind is records.Trail:
            return Tally()
        project = project_settings.find(tx, origin, now_ms)
        if project is None:
            raise Refused(f"project {origin.slug!r} is not there any more; begin again with --restart")
        to = Destination(origin, project, spelling, now_ms)
        return _put(tx, to, self._chain, parcel.trail, lines)


def _put(tx: WriteTx, to: Destination, chain: Chain, begun: records.Trail | None, lines: list[Record]) -> Tally:
    """Lines of one kind, or of the trail."""
    match lines[0]:
        case records.Stub() | records.Audit():
            if begun is None:
                raise Refused(f"the audit trail of {to.origin.slug} has no beginning in the file")
            return trail.Arriving(tx, to, chain, begun).take(lines)  # type: ignore[arg-type] # they are of one kind
        case records.Event():
            return stored_events.arrive(tx, to, lines)  # type: ignore[arg-type] # they are of one kind
        case records.Figures():
            return figures.arrive(tx, to, lines)  # type: ignore[arg-type] # they are of one kind
        case records.Group():
            return groups.arrive(tx, to, lines)  # type: ignore[arg-type] # they are of one kind
        case records.Monitor():
            return monitors.arrive(tx, to, lines)  # type: ignore[arg-type] # they are of one kind
        case records.Deployment():
            return happenings.arrive_deployments(tx, to, lines)  # type: ignore[arg-type] # they are of one kind
        case _:
            return happenings.arrive_alerts(tx, to, lines)  # type: ignore[arg-type] # they are of one kind
