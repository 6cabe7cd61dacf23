"""How a server takes in what the shell puts before it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from logserver.contracts.logstitch import signing
from logserver.contracts.logstitch.chain import Chain
from logserver.store.database import Database
from logserver.transfer import inlet, progress
from logserver.transfer.arriving import Arrivals, Parcel
from logserver.transfer.destination import Origin
from logserver.transfer.inlet import Inlet
from tests.fakes import FakeClock
from tests.transfer.test_refusing import PROJECT, event

ORIGIN = Origin(str(PROJECT["uuid"]), 1, "app", system=False, merge=False)


def parcel(after: int, *records: dict[str, object]) -> bytes:
    held = [msgspec.json.encode(record) for record in records]
    return inlet.packed(Parcel("file", after, after + len(held), ORIGIN, None, held))


def with_inlet(folder: Path, play: Callable[[Database, Inlet], Awaitable[None]]) -> None:
    async def run() -> None:
        clock, chain = FakeClock(), Chain()
        database = Database(folder, now_ms=clock.now_ms, monotonic=clock.monotonic)
        await database.open()
        try:
            chain.open(signing.existing_or_new(folder))
            await play(database, Inlet(database, Arrivals(database, clock, chain)))
        finally:
            await database.close()

    asyncio.run(run())


async def _begun(database: Database, way: Inlet) -> None:
    assert not await way.one_pass(0)
    await database.write(lambda tx: progress.begin(tx, "file", 0, anew=True))


def test_parcels_are_taken_in_their_order_and_once(tmp_path: Path) -> None:
    async def play(database: Database, way: Inlet) -> None:
        await _begun(database, way)
        bodies = [parcel(1, PROJECT), parcel(1, PROJECT), parcel(3, event()), parcel(2, event())]
        await database.write(progress.put, "file", bodies)
        assert [await way.one_pass(0) for _ in range(5)] == [True] * 4 + [False]
        found = await database.look_up(progress.read, "file")
        assert found is not None
        assert (found.taken, found.tally.new, found.failure) == (3, 2, None)

    with_inlet(tmp_path, play)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"rubbish", "what waits to be imported is no parcel"),
        (parcel(1, event(type="x")), "is not there any more"),
        (parcel(1, PROJECT | {"slug": "?"}), "are not to be used"),
    ],
)
def test_what_cannot_be_taken_in_is_told_and_goes(tmp_path: Path, body: bytes, said: str) -> None:
    async def play(database: Database, way: Inlet) -> None:
        await _begun(database, way)
        await database.write(progress.put, "file", [body, parcel(1, PROJECT)])
        assert await way.one_pass(0)
        found = await database.look_up(progress.read, "file")
        assert found is not None
        assert said in str(found.failure)
        assert await database.look_up(progress.first) is None

    with_inlet(tmp_path, play)


def test_what_waits_while_the_disk_is_full_is_taken_in_later(tmp_path: Path) -> None:
    async def play(database: Database, way: Inlet) -> None:
        await _begun(database, way)
        await database.write(progress.put, "file", [parcel(1, PROJECT)])
        database.refusing = "the disk is full"
        assert not await way.one_pass(0)
        database.refusing = None
        assert await way.one_pass(0)

    with_inlet(tmp_path, play)


def test_what_waited_when_a_server_ended_is_dropped(tmp_path: Path) -> None:
    async def leave(database: Database, way: Inlet) -> None:
        await _begun(database, way)
        await database.write(progress.put, "file", [parcel(1, PROJECT)])

    async def come(database: Database, way: Inlet) -> None:
        assert not await way.one_pass(0)
        found = await database.look_up(progress.read, "file")
        assert found is not None
        assert found.taken == 1

    with_inlet(tmp_path, leave)
    with_inlet(tmp_path, come)
