import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from logserver.store.errors import StoreBusy, StoreDamaged
from logserver.store.mishaps import TOLD_EVERY_SECONDS, TROUBLE_SECONDS, Mishaps, is_damage
from tests.fakes import FakeClock


def error_of(path: Path, content: bytes) -> sqlite3.Error:
    """What SQLite really says of a file."""
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.Error) as raised:
        connection.execute("SELECT * FROM sqlite_master").fetchall()
    return raised.value


def full() -> sqlite3.Error:
    """What SQLite really says where there is no room."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.Error) as raised:
            connection.execute("CREATE TABLE t (x)")
    return raised.value


def test_damage_is_told_to_all_and_logged_now_and_then(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    mishaps = Mishaps(tmp_path, clock.monotonic)
    error = error_of(tmp_path / "x", b"no database " * 100)
    assert is_damage(error)
    with caplog.at_level(logging.CRITICAL, "logserver.store"):
        assert all(isinstance(mishaps.refusal(error), StoreDamaged) for _ in range(3))
        assert len(caplog.records) == 1
        clock.turn(TOLD_EVERY_SECONDS)
        mishaps.damaged(error)
    assert len(caplog.records) == 2
    assert all(f"logserver doctor --data {tmp_path}" in record.message for record in caplog.records)
    assert mishaps.damage == str(error)
    assert mishaps.trouble() is None


def test_trouble_passes_with_time_or_with_a_commit(tmp_path: Path, clock: FakeClock) -> None:
    mishaps, error = Mishaps(tmp_path, clock.monotonic), full()
    assert not is_damage(error)
    assert isinstance(mishaps.refusal(error), StoreBusy)
    assert mishaps.trouble() == str(error)
    clock.turn(TROUBLE_SECONDS + 1)
    assert mishaps.trouble() is None
    assert isinstance(mishaps.refusal(error), StoreBusy)
    mishaps.committed()
    assert mishaps.trouble() is None
    assert mishaps.damage is None


def test_what_is_no_mishap_stays_what_it_is(tmp_path: Path, clock: FakeClock) -> None:
    error = ValueError("theirs")
    assert Mishaps(tmp_path, clock.monotonic).refusal(error) is error
