"""Brings parcels into a store: by its own hand where no server runs, else by putting them before the server."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as Flag

from logserver.contracts.logstitch import signing
from logserver.contracts.logstitch.chain import Chain
from logserver.contracts.logstitch.heads import Keeper
from logserver.core.clock import SystemClock
from logserver.core.disk import DiskWatch
from logserver.core.faults import Conflict
from logserver.store import lockfile
from logserver.store.database import Database, snapshot, transaction
from logserver.store.errors import StoreBusy
from logserver.transfer import inlet, progress
from logserver.transfer.arriving import Arrivals, Parcel
from logserver.transfer.progress import Progress

ALONE_LINES = 1_000
"""Lines of a parcel where nobody else writes."""

BESIDE_LINES = 100
"""Lines of a parcel beside a server: what senders bring at the same time waits for no more than these."""

_TOGETHER = 8
"""Parcels that are put in one transaction, because each of those keeps the server from writing for a moment."""

_WAITING = 32
_POLL_SECONDS = 0.05
_LOOK_EVERY = 50


class Interrupted(Exception):
    """No more could be taken in for now; the message says why. What was taken stays, and the rest can follow."""


Told = Callable[[int], None]
"""Told how many lines of the file are in."""


def alone(folder: Path, parcels: Iterator[Parcel], floor_bytes: int, told: Told) -> None:
    """Take parcels in, on a store that no server has. Raises Interrupted, and what Arrivals.take raises."""
    asyncio.run(_alone(folder, parcels, floor_bytes, told))


async def _alone(folder: Path, parcels: Iterator[Parcel], floor_bytes: int, told: Told) -> None:
    clock, chain = SystemClock(), Chain()
    database = Database(folder, now_ms=clock.now_ms, monotonic=clock.monotonic, readers=1)
    await database.open()
    try:
        chain.open(signing.existing_or_new(folder))
        arrivals = Arrivals(database, clock, chain)
        disk = DiskWatch(database, floor_bytes, lambda: None)
        for n, parcel in enumerate(parcels):
            if n % _LOOK_EVERY == 0:
                await disk.look(clock.now_ms())
            try:
                taken = await arrivals.take(parcel)
            except StoreBusy as error:
                raise Interrupted(str(error)) from error
            if not taken:
                raise Interrupted("somebody else imports this file at the same time")
            told(parcel.through)
        await Keeper(database, chain).keep(clock.now_ms())
    finally:
        await database.close()


def beside(folder: Path, transfer: str, parcels: Iterator[Parcel], told: Told) -> None:
    """Put parcels before the server of a folder, a few at a time, until it has taken all of them.

    Raises Conflict with what the server refused, and Interrupted where it ended.
    """
    bodies: list[bytes] = []
    through = 0
    for parcel in parcels:
        bodies.append(inlet.packed(parcel))
        through = parcel.through
        if len(bodies) == _TOGETHER:
            _put(folder, transfer, bodies)
            bodies = []
            _wait(folder, transfer, told, most=_WAITING - _TOGETHER)
    _put(folder, transfer, bodies)
    found = _wait(folder, transfer, told, most=0)
    if through and found.taken != through:
        raise Interrupted("the server was started anew, or somebody else imports this file at the same time")


def _put(folder: Path, transfer: str, bodies: list[bytes]) -> None:
    if bodies:
        with transaction(folder) as tx:
            progress.put(tx, transfer, bodies)


def _wait(folder: Path, transfer: str, told: Told, *, most: int) -> Progress:
    """Wait until no more than so many parcels are waiting."""
    pause = Flag()
    while True:
        with snapshot(folder) as tx:  # looking must not keep the server from writing
            waiting, found = progress.waiting(tx, transfer), progress.read(tx, transfer)
        if found is None:
            raise Interrupted("what was noted of this import has gone")
        if found.failure is not None:
            raise Conflict(found.failure)
        told(found.taken)
        if waiting <= most:
            return found
        if not lockfile.locked(folder):
            raise Interrupted("the server has stopped")
        pause.wait(_POLL_SECONDS)
