import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from logserver.store.connections import FILE, connect_readonly
from logserver.store.database import transaction
from logserver.store.errors import StoreUnusable
from logserver.store.migrations import APPLICATION_ID, migrate, require_current, require_ours, scripts, version

NEWEST = scripts()[-1][0]


def schema(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Everything a file defines, and the records of how it came there, without their times."""
    defined = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY 1, 2").fetchall()
    return defined + [
        (str(number), name, "") for number, name in connection.execute("SELECT version, name FROM migrations")
    ]


def empty() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def test_scripts_are_numbered_without_gaps() -> None:
    found = scripts()
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    assert all(name and script.strip() for _, name, script in found)


def test_an_empty_file_becomes_a_store() -> None:
    with closing(empty()) as tx:
        assert not require_ours(tx)
        assert migrate(tx) == NEWEST == version(tx)
        assert require_ours(tx)
        require_current(tx)
        records = tx.execute("SELECT version, name, applied_at IS NOT NULL FROM migrations").fetchall()
        assert records == [(number, name, 1) for number, name, _ in scripts()]
        assert tx.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert tx.execute("PRAGMA foreign_key_check").fetchall() == []
        assert not tx.in_transaction


def test_a_second_run_changes_nothing() -> None:
    with closing(empty()) as tx:
        migrate(tx)
        tx.execute("UPDATE heartbeat SET at = 5")
        before, changes = schema(tx), tx.total_changes
        assert migrate(tx) == migrate(tx, only_new=True) == NEWEST
        assert (schema(tx), tx.total_changes) == (before, changes)


@pytest.mark.parametrize("number", [number for number, _, _ in scripts()])
def test_every_version_grows_into_the_newest(number: int) -> None:
    with closing(empty()) as grown, closing(empty()) as fresh:
        grown.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrate(fresh)
        grown.execute(fresh.execute("SELECT sql FROM sqlite_master WHERE name = 'migrations'").fetchone()[0])
        for older, name, script in scripts()[:number]:
            grown.executescript(script)
            grown.execute("INSERT INTO migrations VALUES (?, ?, '')", (older, name))
        migrate(grown)
        assert schema(grown) == schema(fresh)


def test_what_was_begun_and_lost_is_begun_again() -> None:
    """The mark comes first, so that whoever looks at a half-made store knows it as one."""
    with closing(empty()) as tx:
        tx.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        assert migrate(tx) == NEWEST


def test_a_script_that_fails_rolls_back_whole() -> None:
    last = scripts()[0][2].rindex("CREATE TABLE ")
    name = scripts()[0][2][last:].split()[2]
    with closing(empty()) as tx:
        tx.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        tx.execute(f"CREATE TABLE {name} (mine)")
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            migrate(tx)
        assert not tx.in_transaction
        assert version(tx) == 0
        tables = {found for (found,) in tx.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables == {name, "migrations"}
        tx.execute(f"DROP TABLE {name}")
        assert migrate(tx) == NEWEST


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    with transaction(tmp_path) as tx:
        tx.execute("INSERT INTO migrations VALUES (?, 'from the future', '')", (NEWEST + 1,))
    with closing(connect_readonly(tmp_path)) as tx:
        before = schema(tx)
    with closing(connect_readonly(tmp_path)) as tx, pytest.raises(StoreUnusable, match=f"{NEWEST + 1}"):
        require_current(tx)
    with pytest.raises(StoreUnusable, match="newer"), transaction(tmp_path):
        pytest.fail("the transaction began")
    with closing(connect_readonly(tmp_path)) as tx:
        assert schema(tx) == before


def test_a_reader_refuses_an_older_schema() -> None:
    with closing(empty()) as tx:
        migrate(tx)
        tx.execute("DELETE FROM migrations WHERE version = ?", (NEWEST,))
        with pytest.raises(StoreUnusable, match="start the server"):
            require_current(tx)


def test_a_reader_refuses_what_is_no_store() -> None:
    with closing(empty()) as tx:
        tx.execute("CREATE TABLE theirs (x)")
        with pytest.raises(StoreUnusable, match="another application"):
            require_current(tx)


def test_a_store_that_was_not_made_to_its_end_is_not_called_a_foreign_one() -> None:
    with closing(empty()) as tx, pytest.raises(StoreUnusable, match="start the server once"):
        require_current(tx)


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()


def of_another_application(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
        connection.execute("INSERT INTO theirs VALUES (1)")
        connection.commit()


def of_another_application_with_a_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    of_another_application(path)


def marked_by_another_application(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id = 42")
    of_another_application(path)


def with_a_table_of_our_name(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TEXT)")


def a_long_text(path: Path) -> None:
    path.write_text("GET / HTTP/1.1\n" * 1_000)


def a_short_text(path: Path) -> None:
    path.write_text("hello")


@pytest.mark.parametrize(
    "made",
    [
        of_another_application,
        of_another_application_with_a_log,
        marked_by_another_application,
        with_a_table_of_our_name,
        a_long_text,
        a_short_text,
    ],
)
def test_a_foreign_file_is_refused_untouched(tmp_path: Path, made: Callable[[Path], None]) -> None:
    made(tmp_path / FILE)
    before = digest(tmp_path)
    for _ in range(2):
        with pytest.raises(StoreUnusable), transaction(tmp_path):
            pytest.fail("the transaction began")
        assert digest(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == {FILE}
