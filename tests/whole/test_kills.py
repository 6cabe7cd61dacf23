"""Killed in the middle of every other kind of write: it is done, or not done at all, and the next start goes on.

Ingest of Logister is in test_crash.py, claims are in test_claims.py, power cuts in test_power.py, and imports, killed
with and without a server or beside a server that is killed, in ../transfer/test_breaking_off.py.
"""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic, time

import pytest

from logserver.core import projects
from logserver.store import events
from logserver.store.connections import FILE, connect_readonly
from logserver.store.database import transaction
from logserver.store.ids import LOCAL_BITS, id_ms
from logserver.store.migrations import newest, version
from logserver.store.upgrade import outdated, upgrade
from tests.store.released.book import BESIDE, RELEASES, unpack
from tests.whole.chorus import Chorus
from tests.whole.killing import killed_after
from tests.whole.load import Load
from tests.whole.process import PATIENCE, PROGRAM, Server, command, environment, serving, shell, source
from tests.whole.shell import create_token
from tests.whole.verify import Due, verify

ROUNDS = int(os.environ.get("LOGSERVER_KILL_ROUNDS", "2"))
SEED = int(os.environ.get("LOGSERVER_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
QUIET = ("--access-log", "off")
MOST_ANSWERS = 150
DAY_MS = 86_400_000


@pytest.fixture
def chance() -> random.Random:
    print(f"LOGSERVER_CRASH_SEED={SEED}")
    return random.Random(SEED)  # noqa: S311 - moments that can be had again by their seed


def assert_sound(path: Path, schema: int | None = None) -> None:
    """A copy is a whole store, of that schema."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert version(connection) == (schema or newest())


def test_what_the_other_dialects_were_answered_survives(tmp_path: Path, chance: random.Random) -> None:
    chorus = Chorus(tmp_path)
    for _ in range(ROUNDS):
        with serving(tmp_path, *QUIET, "--logs-rate-limit-burst", "1000000") as server:
            chorus.run(server, chance.randint(1, MOST_ANSWERS), then=server.kill)
        chorus.assert_there()
        assert shell(tmp_path, "audit", "verify")[0] == 0
        verify(tmp_path, [], beside="chorus")


def test_retention_deletes_an_event_with_all_that_is_kept_of_it(tmp_path: Path, chance: random.Random) -> None:
    loaded = tmp_path / "loaded"
    load = Load(SEED, [create_token(loaded)])
    with serving(loaded, *QUIET) as server:
        load.send(server, 150)
        send_old(server, load)
        assert server.stop() == 0
    with transaction(loaded) as tx:
        projects.set_values(tx, "app", retention_days=1)
    due = due_of(loaded, within_ms=1_800_000)
    assert len(due.marks) > 2_000
    begun = []
    for number in range(ROUNDS):
        folder = Path(shutil.copytree(loaded, tmp_path / str(number)))
        with closing(connect_readonly(folder)) as connection:
            before = count_of(connection)
            killed_after(command(folder, *QUIET), lambda: count_of(connection) < before, chance.random() * 0.03)  # noqa: B023 - called here only
        verify(folder, load.parcels, due=due)
        begun.append(len(due_of(folder, within_ms=1_800_000).marks) / len(due.marks))
    with serving(folder, *QUIET) as server:
        deadline = monotonic() + PATIENCE
        while due_of(folder).marks:
            assert monotonic() < deadline, "what is due is not deleted"
        assert server.stop() == 0
    verify(folder, load.parcels, due=due)
    print(f"left to be deleted when it was killed: {begun}")


def send_old(server: Server, load: Load) -> None:
    """Store what retention needs several passes for."""
    old = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    for _ in range(25):
        load.send_batch(server, "old", occurred_at=old)


def count_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])


def due_of(folder: Path, *, within_ms: int = 0) -> Due:
    """The marks of events that their project's retention has had enough of, or will have ``within_ms`` from now."""
    horizon = (int(time() * 1000) + within_ms - DAY_MS) // 60_000 * 60_000
    with closing(connect_readonly(folder)) as connection:
        rows = connection.execute(f"SELECT {events.COLUMNS} FROM events WHERE id >> ? = 1", (LOCAL_BITS,)).fetchall()
    marks = (event.context["mark"] for event in map(events.from_row, rows) if id_ms(event.id) < horizon)
    return Due(frozenset(marks), horizon)


def test_an_upgrade_is_begun_again_and_no_copy_of_it_is_lost(tmp_path: Path, chance: random.Random) -> None:
    schemas = []
    for number in range(ROUNDS):
        folder, copies = tmp_path / f"{number}", tmp_path / f"copies-{number}"
        book = unpack(RELEASES[0], folder)
        options = (*QUIET, "--backup-before-upgrade", str(copies))
        # By turns while the copy is made, and while the store is changed.
        begun = partial(changed, folder) if number % 2 else partial(holds, copies, "*")
        killed_after(command(folder, *options), begun, chance.random() * 0.02)
        with closing(connect_readonly(folder)) as connection:
            schemas.append(version(connection))
        whole = list(copies.glob("*.db"))
        assert whole or schemas[-1] == RELEASES[0], "changed before it was copied"
        for copy in whole:
            assert_sound(copy, RELEASES[0])
        upgrade(folder)
        assert outdated(folder) is None
        verify(folder, book.parcels, beside=BESIDE, unknown=frozenset({"span_kind"}))
    print(f"schemas when it was killed: {schemas}")


def test_a_backup_or_a_restore_is_whole_or_not_there(tmp_path: Path, chance: random.Random) -> None:
    loaded = tmp_path / "loaded"
    load = Load(SEED, [create_token(loaded)])
    with serving(loaded, *QUIET) as server:
        load.send(server, 200)
        assert server.stop() == 0
    copy, restored = tmp_path / "copy.db", tmp_path / "restored"
    for arguments, made in (
        ([*PROGRAM, "backup", str(copy), "--data", str(loaded)], copy),
        ([*PROGRAM, "restore", str(copy), "--data", str(restored)], restored / FILE),
    ):
        codes = []
        for _ in range(ROUNDS):
            codes.append(killed_after(arguments, partial(holds, made.parent, f"{made.name}*"), chance.random() * 0.1))
            if made.exists():
                assert_sound(made)
                made.unlink()
            else:
                assert codes[-1] == -signal.SIGKILL
        # What was left by those is in nobody's way.
        subprocess.run(arguments, cwd=source(), env=environment(), check=True, capture_output=True)
        print(f"{arguments[3]}: {codes}")
    verify(restored, load.parcels)


def changed(folder: Path) -> bool:
    with closing(connect_readonly(folder)) as connection:
        return version(connection) > RELEASES[0]


def holds(folder: Path, pattern: str) -> bool:
    return any(folder.glob(pattern))
