"""A project that was moved goes on as if it had always been there."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from logserver.contracts.logstitch import signing
from logserver.contracts.logstitch.chain import Chain
from logserver.contracts.logstitch.events import read_events
from logserver.contracts.logstitch.trail import Trail
from logserver.core import projects
from logserver.core.alerting.alert_engine import Engine
from logserver.core.clock import SystemClock
from logserver.core.intake import Intake
from logserver.core.redaction.engine import Policies
from logserver.core.retention import Retention
from logserver.store.database import Database, transaction
from logserver.store.writer import WriteTx
from tests.cli.stored import fill, happened
from tests.transfer.moving import comparable, export, import_, lines, run, told, value

DAY_MS = 86_400_000


async def _with_trail(folder: Path, deeds: list[dict[str, Any]], *, expire: bool) -> None:
    """Run a server's store for as long as it takes to store audit events, or to delete what is due."""
    clock, chain, policies = SystemClock(), Chain(), Policies()
    database = Database(folder, now_ms=clock.now_ms, monotonic=clock.monotonic)
    await database.open()
    try:
        chain.open(signing.existing_or_new(folder))
        trail = Trail(database, Intake(database, clock, policies), policies, chain, Engine())
        raw = msgspec.json.encode(deeds)
        if deeds:
            project = await database.read(projects.by_slug, "app")
            drafts = read_events(deeds, raw, most=len(deeds))
            await database.write(trail.store, project, drafts, clock.now_ms())
        keeping = Retention(trail.retire)
        while expire and await database.write(_expire, keeping, clock.now_ms()):
            pass
    finally:
        await database.close()


def _expire(tx: WriteTx, keeping: Retention, now_ms: int) -> bool:
    return keeping.expire(tx, now_ms)


def deeds(folder: Path, *names: str, at: str | None = None) -> None:
    """Store audit events, one for each name."""
    sent: list[dict[str, Any]] = [
        {
            "action": f"door.{name}",
            "category": "access",
            "actor": {"id": "ada", "type": "user"},
            "tenant_id": "harbour",
            "idempotency_key": name,
        }
        | ({"occurred_at": at} if at else {})
        for name in names
    ]
    asyncio.run(_with_trail(folder, sent, expire=False))


def made(folder: Path, *others: str) -> Path:
    """A store with a project behind some others."""
    with transaction(folder) as tx:
        for slug in (*others, "app"):
            projects.create(tx, slug=slug, now_ms=SystemClock().now_ms())
    return folder


def verified(folder: Path) -> str:
    return run("audit", "verify", "--data", folder).stdout


def test_an_error_that_comes_again_finds_its_group(tmp_path: Path) -> None:
    def errors(*messages: str) -> list[Any]:
        return [happened(message, kind="error", level="error", user_id=message[-1]) for message in messages]

    old = made(tmp_path / "old", "first", "second")
    new = made(tmp_path / "new")
    fill(old, "app", *errors("Boom 1", "Boom 1", "Bang 2"), happened("x", kind="error", fingerprint="own"))
    fill(new, "app", *errors("Boom 1"))
    export(old, tmp_path / "file", "--project", "app")
    import_(tmp_path / "file", new, "--merge")
    assert value(new, "SELECT json_group_array(n) FROM (SELECT n FROM error_groups ORDER BY title)") == "[1,3,1]"
    fill(new, "app", *errors("Boom 1", "Bang 2"), happened("y", kind="error", fingerprint="own"))
    assert value(new, "SELECT json_group_array(n) FROM (SELECT n FROM error_groups ORDER BY title)") == "[2,4,2]"
    assert value(new, "SELECT users FROM error_groups WHERE title = 'Boom 1'") == 1


def test_a_trail_goes_on_where_it_was(tmp_path: Path) -> None:
    old, new = made(tmp_path / "old", "first"), tmp_path / "new"
    deeds(old, "open", "close")
    export(old, tmp_path / "one", "--project", "app")
    import_(tmp_path / "one", new)
    assert verified(new) == verified(old)
    deeds(old, "open_again")
    export(old, tmp_path / "two", "--project", "app")
    assert told(tmp_path / "two", new)["new"] == 1
    assert verified(new) == verified(old)
    deeds(new, "paint")
    assert "app: 4 events verified" in verified(new)
    assert told(tmp_path / "two", new)["new"] == 0

    deeds(old, "burn")
    export(old, tmp_path / "three", "--project", "app")
    said = import_(tmp_path / "three", new, code=1)
    assert "another one is here, which differs at number 4 or before" in said.output
    assert "app: 4 events verified" in verified(new)


def test_a_sender_that_repeats_itself_after_the_move_is_known(tmp_path: Path) -> None:
    old, new = made(tmp_path / "old"), tmp_path / "new"
    deeds(old, "open")
    fill(old, "app", happened("once", uuid=bytes(range(16))), happened("s", kind="span", trace_id="t", span_id="s"))
    export(old, tmp_path / "file", "--project", "app")
    import_(tmp_path / "file", new)
    before = value(new, "SELECT count(*) FROM events")
    deeds(new, "open")
    fill(new, "app", happened("once", uuid=bytes(range(16))), happened("s", kind="span", trace_id="t", span_id="s"))
    assert value(new, "SELECT count(*) FROM events") == before


def test_what_retention_left_of_a_trail_moves_as_a_stub(tmp_path: Path) -> None:
    old, new = made(tmp_path / "old"), tmp_path / "new"
    deeds(old, "ancient", "antique", at="2026-01-01T00:00:00Z")
    deeds(old, "open")
    export(old, tmp_path / "before", "--project", "app")
    with transaction(old) as tx:
        projects.set_values(tx, "app", audit_retention_days=1)
    asyncio.run(_with_trail(old, [], expire=True))
    assert value(old, "SELECT count(*) FROM audit_stubs") == 1
    export(old, tmp_path / "after", "--project", "app")
    import_(tmp_path / "after", new)
    assert verified(new) == verified(old)
    export(new, tmp_path / "again", "--project", "app")
    assert comparable(lines(tmp_path / "again")) == comparable(lines(tmp_path / "after"))
    assert told(tmp_path / "before", new)["new"] == 0
    assert verified(new) == verified(old)

    other = tmp_path / "other"
    import_(tmp_path / "before", other)
    assert "app: 3 events verified" in verified(other)
    assert told(tmp_path / "after", other)["new"] == 0
    assert "app: 3 events verified" in verified(other)


def test_retention_looks_at_what_has_arrived(tmp_path: Path) -> None:
    """What is imported below the mark that retention has left is deleted in its time."""
    old, new = made(tmp_path / "old"), made(tmp_path / "new")
    with transaction(old) as tx:
        projects.set_values(tx, "app", retention_days=400)
    with transaction(new) as tx:
        projects.set_values(tx, "app", retention_days=100)
    fill(old, "app", happened("old", ago_ms=50 * DAY_MS), happened("new"))
    fill(new, "app", happened("swept", ago_ms=60 * DAY_MS))
    with transaction(new) as tx:
        projects.set_values(tx, "app", retention_days=40)
    asyncio.run(_with_trail(new, [], expire=True))
    with transaction(new) as tx:  # not by set_values, which has everything looked at again
        tx.execute("UPDATE projects SET retention_days = 100 WHERE slug = 'app'")
    export(old, tmp_path / "file", "--project", "app")
    assert told(tmp_path / "file", new, "--merge")["older_than_kept"] == {}
    with transaction(new) as tx:
        tx.execute("UPDATE projects SET retention_days = 45 WHERE slug = 'app'")
    asyncio.run(_with_trail(new, [], expire=True))
    assert value(new, "SELECT group_concat(message) FROM events") == "new"
