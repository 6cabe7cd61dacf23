import json
import os
import random
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from logserver.core.salvage import Salvaged, salvage
from logserver.store import lockfile
from logserver.store.agreement import Agreement
from logserver.store.connections import FILE, connect_readonly
from logserver.store.database import transaction
from logserver.store.errors import StoreUnusable
from tests import agreement
from tests.contracts.logstitch.trails import ago, running
from tests.fakes import FakeClock
from tests.serving import Server
from tests.store.running import note
from tests.whole.damaging import damage
from tests.whole.raw import BATCH, EVENTS, NDJSON

ROUNDS = int(os.environ.get("LOGSERVER_SALVAGE_ROUNDS", "3"))
SEED = int(os.environ.get("LOGSERVER_SALVAGE_SEED", "0")) or random.SystemRandom().getrandbits(32)
PAGE = 4_096
KEPT = (
    "projects",
    "tokens",
    "error_groups",
    "monitors",
    "vocabulary",
    "series",
    "alerts",
    "secrets",
    "sqlite_sequence",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with some hundred events of every kind in two projects."""
    folder = tmp_path_factory.mktemp("made") / "data"
    with running(folder, FakeClock()) as server:
        for slug in ("shop", "till"):
            token = server.sender(slug).token
            for first in range(0, 300, 100):
                lines = b"\n".join(
                    json.dumps({"event": _event(server, first + number)}).encode() for number in range(100)
                )
                assert server.post(BATCH, lines, token, {"Content-Type": NDJSON}).status_code == 202
            error = {"event_type": "error", "message": "late", "level": "error"}
            assert server.post(EVENTS, {"event": error}, token).status_code == 201
            server.clock.turn(90)
    return folder


def _event(server: Server, number: int) -> dict[str, Any]:
    kind = ("log", "error", "metric", "span", "transaction")[number % 5]
    sent: dict[str, Any] = {
        "event_type": kind,
        "message": f"Überlauf {number % 7} {'in vielen Worten ' * 20}",
        "level": "warning",
        "occurred_at": ago(server, number * 100),
        "uuid": f"00000000-0000-4000-8000-{number:012}",
        "context": {"user_id": number, "environment": f"env{number % 3}"},
    }
    if kind == "span":
        sent |= {"trace_id": "t", "span_id": str(number), "name": "s", "duration_ms": 1}
    return sent


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


def salvaged(folder: Path) -> Salvaged:
    return salvage(folder, folder.parent / "saved", lambda *_: None)


def rows(folder: Path, table: str) -> set[tuple[Any, ...]]:
    with closing(connect_readonly(folder)) as connection:
        return set(connection.execute(f"SELECT * FROM {table}"))


def sound(folder: Path) -> None:
    """What was measured stays measured, whichever of the events are lost; all else says what the rows say."""
    with closing(connect_readonly(folder)) as connection:
        connection.execute("BEGIN")
        assert list(Agreement(connection, lambda *_: None).findings()) == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_nothing_is_lost_of_a_store_that_is_whole(folder: Path) -> None:
    before = (folder / FILE).read_bytes()
    found = salvaged(folder)
    assert (found.lost, found.events) == ([], len(rows(folder, "events")))
    saved = folder.parent / "saved"
    sound(saved)
    agreement.check(saved)
    for table in ("events", "counts", "group_hours", "all_identities", "sketches", "arrivals", "dimensions", *KEPT):
        assert rows(saved, table) == rows(folder, table), table
    assert (saved / "audit.key").read_bytes() == (folder / "audit.key").read_bytes()
    assert (folder / FILE).read_bytes() == before
    assert saved.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in saved.iterdir()} == {0o600}


def test_of_damaged_leaves_only_their_rows_are_lost(folder: Path) -> None:
    before = rows(folder, "events")
    ids = sorted(row[0] for row in before)
    for at in (0.0, 0.3, 0.4, 0.99):
        damage(folder, "events", row=ids[int(len(ids) * at)])
    found = salvaged(folder)
    assert found.lost[0].startswith("events in 4 places"), found.lost
    saved = folder.parent / "saved"
    left = rows(saved, "events")
    assert left < before
    assert len(before - left) <= 4 * PAGE // 300, "more than stood on four pages"
    sound(saved)


@pytest.mark.parametrize("table", ["counts", "event_words_data", "group_hours", "recent_identities", "dimensions"])
def test_what_is_made_of_the_rows_is_made_anew(folder: Path, table: str) -> None:
    damage(folder, table)
    found = salvaged(folder)
    assert found.events == len(rows(folder, "events"))
    saved = folder.parent / "saved"
    assert rows(saved, "events") == rows(folder, "events")
    sound(saved)


def test_the_events_of_a_project_whose_row_is_lost_can_still_be_read_and_sent_to_another_server(folder: Path) -> None:
    damage(folder, "projects")
    damage(folder, "error_groups")
    found = salvaged(folder)
    saved = folder.parent / "saved"
    sound(saved)
    assert sum("the name, settings and tokens of a project" in line for line in found.lost) == 2
    with running(saved, FakeClock()) as server:
        listed = server.rows("SELECT slug, retention_days FROM projects WHERE slug LIKE 'recovered-%'")
        assert len(listed) == 2
        assert {days for _, days in listed} == {3_650}
        fresh = server.rows("SELECT count(*), sum(n) FROM error_groups")
        assert fresh[0][1] == server.rows("SELECT count(*) FROM events WHERE type = 'error'")[0][0]


@pytest.mark.parametrize("number", range(ROUNDS))
def test_whatever_pages_are_damaged_what_is_saved_was_there_and_agrees(folder: Path, number: int) -> None:
    print(f"LOGSERVER_SALVAGE_SEED={SEED}")
    chance = random.Random(SEED + number)  # noqa: S311 - it has to be repeatable, not secret
    before = rows(folder, "events")
    with (folder / FILE).open("r+b") as file:
        pages = os.fstat(file.fileno()).st_size // PAGE
        for page in chance.sample(range(1, pages), 5):
            filler = chance.choice([bytes(PAGE), b"\xff" * PAGE, chance.randbytes(PAGE)])
            os.pwrite(file.fileno(), filler[: chance.choice([64, PAGE])], page * PAGE)
    try:
        salvaged(folder)
    except StoreUnusable:  # the schema itself is on one of them
        assert not (folder.parent / "saved").exists()
        return
    saved = folder.parent / "saved"
    sound(saved)
    assert {row[0] for row in rows(saved, "events")} <= {row[0] for row in before}
    with running(saved, FakeClock()):
        pass


def test_what_cannot_be_salvaged_is_refused_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    lock = lockfile.lock(folder)
    try:
        with pytest.raises(StoreUnusable, match="stop it first"):
            salvaged(folder)
    finally:
        os.close(lock)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thing").write_text("precious")
    with pytest.raises(StoreUnusable, match="name a new folder"):
        salvage(folder, tmp_path / "full", lambda *_: None)
    with (folder / FILE).open("r+b") as file:
        file.write(b"\xff" * PAGE)
    with pytest.raises(StoreUnusable):
        salvaged(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "full"]


def test_a_salvage_that_is_given_up_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        salvage(folder, tmp_path / "saved", stop)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_numbers_are_not_given_again(folder: Path) -> None:
    with transaction(folder) as tx:
        note(tx, "kept")
        tx.execute("UPDATE sqlite_sequence SET seq = 77 WHERE name = 'projects'")
    salvaged(folder)
    assert ("projects", 77) in rows(folder.parent / "saved", "sqlite_sequence")
