import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from logserver.contracts.logstitch import heads, signing
from logserver.store import backup, filing
from logserver.store.backup import back_up
from logserver.store.connections import FILE, connect, connect_file
from logserver.store.database import transaction
from logserver.store.errors import StoreError, StoreUnusable
from logserver.store.restore import restore
from tests.store.running import note, running, store
from tests.whole.small_disk import fill, small_disk


def names(file: Path) -> set[str]:
    with closing(connect_file(file)) as copy:
        return {name for (name,) in copy.execute("SELECT name FROM secrets")}


@pytest.mark.anyio
async def test_a_copy_holds_the_moment_it_was_begun_in_whatever_is_committed_meanwhile(tmp_path: Path) -> None:
    folder, target = tmp_path / "data", tmp_path / "copy.db"
    async with running(folder) as database:
        await database.write(store, *(f"message {number} {'x' * 800}" for number in range(1_500)))
        await database.write(note, "before")
        told: list[tuple[int, int]] = []

        def progress(done: int, total: int) -> None:
            told.append((done, total))
            with transaction(folder) as tx:
                note(tx, f"during {len(told)}")

        back_up(folder, target, progress)
        await database.write(note, "after")
    assert len(told) > 3, "nothing was committed meanwhile"
    assert {total for _, total in told} == {told[-1][0]}, "the copy began again"
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert "before" in names(target)
    assert not {name for name in names(target) if name.startswith(("during", "after"))}
    with closing(connect_file(target)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT count(*) FROM events").fetchone() == (1_500,)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with transaction(tmp_path / "data") as tx:
        note(tx, "kept")
    return tmp_path / "data"


def test_a_copy_is_one_file_that_only_its_owner_reads(folder: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        back_up(folder, tmp_path / "copy.db")
    finally:
        os.umask(before)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["copy.db"]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    with closing(connect_file(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",), "a log would be looked for beside it"


def test_what_was_committed_is_in_the_copy_before_any_checkpoint(folder: Path, tmp_path: Path) -> None:
    with closing(connect(folder)) as other:
        note(other, "in the log only")
        assert (folder / f"{FILE}-wal").stat().st_size > 0
        back_up(folder, tmp_path / "copy.db")
    assert names(tmp_path / "copy.db") >= {"kept", "in the log only"}


def test_the_files_beside_the_database_go_along_and_come_out_without_a_trace(folder: Path, tmp_path: Path) -> None:
    assert set(backup.CARRIED) == {signing.FILE, heads.FILE}
    key, kept = b"the key that signs the trail ...", b'{"format": "..."}'
    (folder / signing.FILE).write_bytes(key)
    (folder / heads.FILE).write_bytes(kept)
    target = tmp_path / "copy.db"
    back_up(folder, target)
    with closing(connect_file(target)) as copy:
        assert backup.carried(copy) == {signing.FILE: key, heads.FILE: kept}
    assert backup.take_out(target) == {signing.FILE: key, heads.FILE: kept}
    assert key not in target.read_bytes()
    assert kept not in target.read_bytes()
    assert backup.take_out(target) == {}


def test_another_file_is_never_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(FileExistsError, match="not overwritten"):
        back_up(folder, tmp_path / "copy.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        back_up(folder, tmp_path / "link.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_a_file_that_comes_meanwhile_is_not_overwritten_either(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"

    def interfere(_done: int, _total: int) -> None:
        target.write_text("precious")

    with pytest.raises(FileExistsError):
        back_up(folder, target, interfere)
    assert target.read_text() == "precious"
    assert not filing.unfinished(target).exists()


@pytest.mark.parametrize("where", ["copying", "verifying"])
def test_a_copy_that_is_given_up_leaves_nothing(folder: Path, tmp_path: Path, where: str) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(folder, tmp_path / "copy.db", *((stop,) if where == "copying" else (None, stop)))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_one_left_who_was_killed_is_begun_anew(folder: Path, tmp_path: Path) -> None:
    filing.unfinished(tmp_path / "copy.db").write_bytes(b"half a copy" * 10_000)
    back_up(folder, tmp_path / "copy.db")
    assert "kept" in names(tmp_path / "copy.db")
    assert not filing.unfinished(tmp_path / "copy.db").exists()


def test_two_copies_do_not_write_one_file(folder: Path, tmp_path: Path) -> None:
    with filing.unfinished(tmp_path / "copy.db").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="being written by another process"):
            back_up(folder, tmp_path / "copy.db")
    assert filing.unfinished(tmp_path / "copy.db").exists(), "it is the other one's"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _folder: None, "there is no store"),
        (lambda folder: (folder / FILE).write_bytes(b"something else" * 500), "not a database"),
        (lambda folder: (folder / FILE).write_bytes(b""), "not made to its end"),
    ],
)
def test_what_is_no_store_is_not_copied(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    (tmp_path / "data").mkdir()
    make(tmp_path / "data")
    with pytest.raises((StoreUnusable, sqlite3.DatabaseError), match=said):
        back_up(tmp_path / "data", tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_store_of_an_older_or_newer_schema_is_copied_as_it_is(folder: Path, tmp_path: Path) -> None:
    with transaction(folder) as tx:
        tx.execute("INSERT INTO migrations VALUES (9999, 'later', '')")
    back_up(folder, tmp_path / "newer.db")
    with closing(connect_file(tmp_path / "newer.db")) as copy:
        assert copy.execute("SELECT max(version) FROM migrations").fetchone() == (9999,)


def test_where_there_is_no_room_it_says_so_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "copy.db")
    with small_disk(tmp_path) as disk:
        fill(disk / "ballast", leave=100_000)
        with pytest.raises(StoreError, match=r"the copy needs [0-9,]+ bytes, and .*/disk has [0-9,]+ free"):
            back_up(folder, disk / "copy.db")
        with pytest.raises(StoreError, match=r"/disk/data has no room for [0-9,]+ bytes"):
            restore(tmp_path / "copy.db", disk / "data", lambda _: None, lambda *_: None)
        assert [path.name for path in disk.iterdir()] == ["ballast"]


def test_where_others_take_the_room_meanwhile_it_says_so_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        with pytest.raises(StoreError, match=r"the disk of .*/disk is full; the copy was removed"):
            back_up(folder, disk / "copy.db", lambda *_: fill(disk / "ballast"))
        assert [path.name for path in disk.iterdir()] == ["ballast"]
