import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from logserver.core import projects, tokens, viewers
from logserver.core.credentials import Credentials
from logserver.core.faults import Invalid, NotFound
from logserver.core.projects import Project
from logserver.store.database import Database, snapshot, transaction
from logserver.store.tx import Tx
from tests.fakes import START_MS, FakeClock


class Overtaken(Database):
    """A database whose next look-up comes back only after something else has happened."""

    def __init__(self, *arguments: Any, **values: Any) -> None:
        super().__init__(*arguments, **values)
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        prompt = self.look_up

        async def late(function: Callable[..., Any], *about: Any) -> Any:
            result = await prompt(function, *about)
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                await meanwhile()
            return result

        self.look_up = late  # type: ignore[assignment] # passes on whatever the real one takes and gives


@asynccontextmanager
async def opened(folder: Path, clock: FakeClock) -> AsyncIterator[Overtaken]:
    database = Overtaken(folder, now_ms=clock.now_ms, monotonic=clock.monotonic)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def issue(folder: Path, **values: Any) -> str:
    """A token of the project ``shop``, made by the shell."""
    with transaction(folder) as tx:
        found = [project for project in projects.every(tx) if project.slug == "shop"]
        shop = found[0] if found else projects.create(tx, slug="shop", now_ms=START_MS)
        usual: dict[str, Any] = {"kind": "project", "name": "test", "project": shop, "now_ms": START_MS}
        return tokens.issue(tx, **usual | values).secret


def change(folder: Path, function: Callable[..., Any], *arguments: Any, **values: Any) -> None:
    with transaction(folder) as tx:
        function(tx, *arguments, **values)


def restore(tx: Tx, secret: str) -> None:
    tx.execute("UPDATE tokens SET revoked_at = NULL WHERE digest = ?", (tokens.digest(secret),))
    projects.changed(tx)


def test_a_revocation_is_seen_after_a_look(tmp_path: Path, clock: FakeClock) -> None:
    async def run() -> None:
        secret, other = issue(tmp_path), issue(tmp_path)
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)
            for each in (secret, other):
                found = await credentials.find(each.encode())
                assert found is not None
                assert found.project is not None
                assert (found.kind, found.project.slug) == ("project", "shop")
                assert credentials.remembered(each.encode()) == found
            change(tmp_path, tokens.revoke, secret, START_MS)
            await credentials.watch()
            assert credentials.remembered(secret.encode()) is None
            assert await credentials.find(secret.encode()) is None
            assert await credentials.find(other.encode()) is not None

    asyncio.run(run())


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (projects.archive, {"now_ms": START_MS}, None),
        (projects.set_values, {"rate_limit": (7, 8)}, (7, 8)),
    ],
    ids=["archived", "limited"],
)
def test_a_change_of_the_project_is_seen_after_a_look(
    tmp_path: Path, clock: FakeClock, function: Any, values: Any, expected: Any
) -> None:
    async def run() -> Project | None:
        secret = issue(tmp_path).encode()
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)
            assert await credentials.find(secret) is not None
            change(tmp_path, function, "shop", **values)
            await credentials.watch()
            found = await credentials.find(secret)
            return found.project if found is not None else None

    project = asyncio.run(run())
    assert (project and (project.rate_limit_requests, project.rate_limit_seconds)) == expected


def test_a_refusal_is_not_remembered_beyond_a_change(tmp_path: Path, clock: FakeClock) -> None:
    async def run() -> None:
        secret = issue(tmp_path)
        change(tmp_path, tokens.revoke, secret, START_MS)
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)
            for _ in range(2):
                assert await credentials.find(secret.encode()) is None
            change(tmp_path, restore, secret)
            await credentials.watch()
            assert await credentials.find(secret.encode()) is not None

    asyncio.run(run())


def test_an_answer_that_was_overtaken_by_a_revocation_does_not_count(tmp_path: Path, clock: FakeClock) -> None:
    async def run() -> None:
        secret = issue(tmp_path)
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)

            async def revoked() -> None:
                change(tmp_path, tokens.revoke, secret, START_MS)
                await credentials.watch()

            database.meanwhile = revoked
            assert await credentials.find(secret.encode()) is None
            assert credentials.remembered(secret.encode()) is None

    asyncio.run(run())


def test_a_refusal_that_was_overtaken_is_not_remembered(tmp_path: Path, clock: FakeClock) -> None:
    async def run() -> None:
        secret = issue(tmp_path)
        change(tmp_path, tokens.revoke, secret, START_MS)
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)

            async def restored() -> None:
                change(tmp_path, restore, secret)
                await credentials.watch()

            database.meanwhile = restored
            await credentials.find(secret.encode())
            assert await credentials.find(secret.encode()) is not None

    asyncio.run(run())


def test_a_token_expires_by_the_clock(tmp_path: Path, clock: FakeClock) -> None:
    async def run() -> None:
        secret = issue(tmp_path, kind="mobile", expires_at=START_MS + 1_000).encode()
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)
            assert await credentials.find(secret) is not None
            clock.turn(0.999)
            assert credentials.remembered(secret) is not None
            clock.turn(0.001)
            assert credentials.remembered(secret) is None
            assert await credentials.find(secret) is None

    asyncio.run(run())


def viewer_token(folder: Path, **values: Any) -> bytes:
    """A viewer token of a new key, minted by the shell."""
    secret = issue(folder)
    with transaction(folder) as tx:
        key, _ = tokens.find(tx, tokens.digest(secret))
        assert key is not None
        assert key.project is not None
        usual: dict[str, Any] = {"tenant_id": "acme", "seconds": 60, "tier": None, "now_ms": START_MS}
        return viewers.mint(tx, key, key.project, **usual | values).token.encode()


def test_a_viewer_token_is_remembered_until_it_ends_or_something_changes(tmp_path: Path, clock: FakeClock) -> None:
    async def run() -> None:
        token, other = viewer_token(tmp_path), viewer_token(tmp_path, seconds=600)
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)
            found = await credentials.find(token)
            assert found is not None
            assert credentials.remembered(token) == found
            assert await credentials.find(other) is not None
            clock.turn(60)
            assert credentials.remembered(token) is None
            assert await credentials.find(token) is None
            assert credentials.remembered(other) is not None
            change(tmp_path, viewers.renew_viewer_key)
            await credentials.watch()
            assert credentials.remembered(other) is None
            assert await credentials.find(other) is None

    asyncio.run(run())


def test_a_viewer_token_from_before_the_clock_was_set_back_is_good_again(tmp_path: Path, clock: FakeClock) -> None:
    async def run() -> None:
        token = viewer_token(tmp_path, seconds=600)
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)
            clock.set_back(120)
            assert await credentials.find(token) is None
            clock.turn(100)
            assert await credentials.find(token) is not None

    asyncio.run(run())


def test_what_is_longer_than_any_token_is_not_looked_at(tmp_path: Path, clock: FakeClock) -> None:
    async def run() -> None:
        secret = issue(tmp_path, prefix="x" * 4_096)
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)
            assert await credentials.find(secret.encode()) is None
            assert credentials.remembered(secret.encode()) is None

    asyncio.run(run())


def test_the_last_use_is_written_down(tmp_path: Path, clock: FakeClock) -> None:
    async def run() -> None:
        used, unused = issue(tmp_path).encode(), issue(tmp_path, name="unused")
        assert unused
        async with opened(tmp_path, clock) as database:
            credentials = Credentials(database, clock)
            await credentials.find(used)
            clock.turn(5)
            await credentials.find(used)
            await credentials.flush_uses()

    asyncio.run(run())
    with snapshot(tmp_path) as tx:
        assert [(token.name, token.last_used_at) for token in tokens.every(tx)] == [
            ("unused", None),
            ("test", START_MS + 5_000),
        ]


@pytest.mark.parametrize("kind", ["project", "mobile", "edge", "read", "master"])
def test_a_token_of_any_kind_can_be_revoked(tmp_path: Path, kind: str) -> None:
    secret = issue(tmp_path, kind=kind)
    change(tmp_path, tokens.revoke, secret, START_MS)
    with snapshot(tmp_path) as tx:
        assert tokens.find(tx, tokens.digest(secret))[0] is None


def test_a_revocation_names_exactly_one_token(tmp_path: Path) -> None:
    secret = issue(tmp_path)
    with transaction(tmp_path) as tx:
        (listed,) = tokens.every(tx)
        with pytest.raises(NotFound):
            tokens.revoke(tx, "logister_nope", START_MS)
        assert tokens.revoke(tx, listed.prefix, START_MS).revoked_at == START_MS
        assert tokens.revoke(tx, listed.id, START_MS + 1).revoked_at == START_MS
        assert tokens.find(tx, tokens.digest(secret))[0] is None


def test_an_archived_project_gets_no_token(tmp_path: Path) -> None:
    issue(tmp_path)
    change(tmp_path, projects.archive, "shop", START_MS)
    with pytest.raises(Invalid):
        issue(tmp_path)
