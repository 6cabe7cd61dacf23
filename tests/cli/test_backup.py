import os
import shutil
import stat
from contextlib import closing
from pathlib import Path

import pytest

from logserver.store import lockfile
from logserver.store.connections import FILE, connect_blank, connect_copy
from logserver.store.database import transaction
from tests.cli.conftest import Shell
from tests.cli.test_audit import changed, filled
from tests.contracts.logstitch.trails import tamper


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with an audit trail, its key and its heads."""
    folder = tmp_path_factory.mktemp("made") / "data"
    filled(folder)
    return folder


@pytest.fixture
def kept(shell: Shell, made: Path) -> Shell:
    """A shell on such a store, which is its own."""
    shutil.copytree(made, shell.folder)
    return shell


@pytest.fixture
def copy(kept: Shell, tmp_path: Path) -> Path:
    kept("backup", str(tmp_path / "copy.db"))
    return tmp_path / "copy.db"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "server.lock"}


def spoil(copy: Path, statement: str) -> None:
    with closing(connect_copy(copy)) as connection:
        assert connection.execute(statement).rowcount


def test_a_copy_that_was_verified_becomes_the_same_store_elsewhere(kept: Shell, tmp_path: Path) -> None:
    told = kept("backup", str(tmp_path / "copy.db"), "--verify")
    assert told.stdout.startswith(f"wrote {tmp_path / 'copy.db'}, ")
    assert told.stdout.endswith(", verified\n")
    elsewhere = str(tmp_path / "elsewhere")
    told = kept("restore", str(tmp_path / "copy.db"), "--data", elsewhere)
    assert told.stdout == (
        f"restored {elsewhere}: 5 events of 1 projects, schema {schema(kept)}, with the key of the audit trail\n"
    )
    assert told.stderr == ""
    for command in (("search", "--json"), ("audit", "verify"), ("project", "list", "--json")):
        assert kept(*command, "--data", elsewhere).stdout == kept(*command).stdout
    for name in ("audit.key", "audit.heads"):
        assert (tmp_path / "elsewhere" / name).read_bytes() == (kept.folder / name).read_bytes()
        assert stat.S_IMODE((tmp_path / "elsewhere" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "elsewhere" / FILE).stat().st_mode) == 0o600
    assert (kept.folder / "audit.key").read_bytes() not in (tmp_path / "elsewhere" / FILE).read_bytes()


def schema(shell: Shell) -> int:
    found: int = shell.json("status")["schema"]
    return found


def test_a_copy_can_only_be_looked_at(kept: Shell, copy: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    told = kept("restore", str(copy), "--verify-only", "--data", str(tmp_path / "elsewhere"))
    assert told.stdout.startswith("verified 5 events of 1 projects")
    assert sorted(tmp_path.iterdir()) == before
    copy.chmod(0o400)
    kept("restore", str(copy), "--verify-only", "--quick")


def test_a_folder_with_a_store_is_refused_and_stays_as_it_is(kept: Shell, copy: Path) -> None:
    before = files(kept.folder)
    told = kept("restore", str(copy), code=1)
    assert "there is a store in" in told.stderr
    assert "not overwritten" in told.stderr
    assert files(kept.folder) == before
    (kept.folder / FILE).rename(kept.folder / f"{FILE}-wal")
    assert "there is a store in" in kept("restore", str(copy), code=1).stderr


def test_a_key_of_another_store_is_not_overwritten(kept: Shell, copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "audit.key").write_bytes(b"k" * 32)
    told = kept("restore", str(copy), "--data", str(other), code=1)
    assert "belongs to another store" in told.stderr
    assert files(other) == {"audit.key": b"k" * 32}


def test_a_restore_that_was_killed_can_be_done_again(kept: Shell, copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(kept.folder / "audit.key", other)
    (other / f"{FILE}.part").write_bytes(b"half")
    kept("restore", str(copy), "--data", str(other))
    assert kept("audit", "verify", "--data", str(other)).stdout == kept("audit", "verify").stdout
    assert not (other / f"{FILE}.part").exists()


SPOILED = {
    "a row that went": ("DELETE FROM events WHERE id = (SELECT min(id) FROM events)", "Error: index: "),
    "a count": ("UPDATE counts SET n = n + 1", "Error: counts: "),
    "a link of the chain": (
        "UPDATE audit_links SET hash = zeroblob(32) WHERE seq = 3",
        "Error: audit: the trail of shop",
    ),
    "the end of the chain": ("DELETE FROM audit_links WHERE seq > 3", "Error: audit: the trail of shop"),
    "a project that went": ("DELETE FROM projects", "Error: references: "),
    "the key": ("DELETE FROM carried_files WHERE name = 'audit.key'", "Error: audit: audit.key, the key that signs"),
    "half a key": (
        "UPDATE carried_files SET content = x'00' WHERE name = 'audit.key'",
        "Error: audit: audit.key holds no",
    ),
    "the heads": (
        "UPDATE carried_files SET content = x'00' WHERE name = 'audit.heads'",
        "Error: audit: audit.heads can",
    ),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_copy_that_is_not_whole_is_not_restored(kept: Shell, copy: Path, tmp_path: Path, spoiled: str) -> None:
    statement, said = SPOILED[spoiled]
    spoil(copy, statement)
    elsewhere = tmp_path / "elsewhere"
    for arguments in (("--verify-only",), ("--data", str(elsewhere))):
        told = kept("restore", str(copy), *arguments, code=1)
        assert said in told.stderr
        assert "the copy is not whole" in told.stderr
        assert told.stdout == ""
    assert not elsewhere.exists()


def test_damaged_pages_are_found_and_their_table_is_named(kept: Shell, copy: Path, tmp_path: Path) -> None:
    with closing(connect_copy(copy)) as connection:
        [root] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
    with copy.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(os.urandom(4096))
    for quick in ((), ("--quick",)):
        told = kept("restore", str(copy), *quick, "--data", str(tmp_path / "elsewhere"), code=1)
        assert "Error: pages: what is damaged belongs to events" in told.stderr
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"a text of some length, which is no database\n" * 100, "not a database"),
        (b"SQLite format 3\0", "not a database"),
    ],
)
def test_what_is_no_copy_is_refused(shell: Shell, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "copy.db").write_bytes(content)
    told = shell("restore", str(tmp_path / "copy.db"), code=1)
    assert said in told.stderr
    assert not shell.folder.exists()


def test_a_database_of_another_program_is_refused(shell: Shell, tmp_path: Path) -> None:
    with closing(connect_blank(tmp_path / "copy.db")) as other:
        other.execute("CREATE TABLE things (a)")
    assert "another application" in shell("restore", str(tmp_path / "copy.db"), code=1).stderr


def test_the_database_of_a_store_in_use_is_no_copy(kept: Shell, tmp_path: Path) -> None:
    """What is still in its log would be missing."""
    elsewhere = str(tmp_path / "elsewhere")
    lock = lockfile.lock(kept.folder)
    try:
        told = kept("restore", str(kept.folder / FILE), "--data", elsewhere, code=1)
    finally:
        os.close(lock)
    assert "a server is running on it" in told.stderr
    (kept.folder / f"{FILE}-wal").write_bytes(b"what was stored last")
    told = kept("restore", str(kept.folder / FILE), "--data", elsewhere, code=1)
    assert f"still in {FILE}-wal" in told.stderr
    assert f"`logserver backup FILE --data {kept.folder}`" in told.stderr
    (kept.folder / f"{FILE}-wal").unlink()
    kept("restore", str(kept.folder / FILE), "--verify-only")
    assert not (tmp_path / "elsewhere").exists()


def test_a_half_of_a_copy_is_refused(kept: Shell, copy: Path, tmp_path: Path) -> None:
    with copy.open("r+b") as file:
        file.truncate(copy.stat().st_size // 2)
    told = kept("restore", str(copy), "--data", str(tmp_path / "elsewhere"), code=1)
    assert "the copy is not whole" in told.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_a_copy_of_a_newer_version_is_refused(kept: Shell, tmp_path: Path) -> None:
    tamper(kept.folder, "INSERT INTO migrations VALUES (9999, 'later', '')")
    kept("backup", str(tmp_path / "copy.db"))
    told = kept("restore", str(tmp_path / "copy.db"), "--data", str(tmp_path / "elsewhere"), code=1)
    assert "made by a newer logserver" in told.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_a_copy_of_what_is_broken_is_not_kept_where_it_is_to_be_verified(kept: Shell, tmp_path: Path) -> None:
    changed(kept, 2)
    told = kept("backup", str(tmp_path / "copy.db"), "--verify", code=1)
    assert "Error: audit: the trail of shop is broken" in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    kept("backup", str(tmp_path / "copy.db"))
    assert (tmp_path / "copy.db").exists(), "whoever does not ask gets what there is"


def test_a_copy_that_carries_what_no_store_has_puts_it_nowhere(kept: Shell, copy: Path, tmp_path: Path) -> None:
    spoil(copy, "INSERT INTO carried_files VALUES ('../../passwd', x'00')")
    told = kept("restore", str(copy), "--data", str(tmp_path / "elsewhere"), code=1)
    assert "which no store has" in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "data"]


def test_a_plain_copy_of_the_database_is_restored_beside_its_key(kept: Shell, tmp_path: Path) -> None:
    plain = tmp_path / "plain.db"
    with transaction(kept.folder) as tx:
        tx.execute("COMMIT")
        tx.execute("VACUUM INTO ?", (str(plain),))
        tx.execute("BEGIN")
    other = tmp_path / "other"
    assert "audit.key, the key" in kept("restore", str(plain), "--data", str(other), code=1).stderr
    other.mkdir()
    for name in ("audit.key", "audit.heads"):
        shutil.copy(kept.folder / name, other)
    kept("restore", str(plain), "--data", str(other))
    assert kept("audit", "verify", "--data", str(other)).stdout == kept("audit", "verify").stdout


def test_what_cannot_be_done_is_said(shell: Shell, kept: Shell, tmp_path: Path) -> None:
    assert "--verify" in kept("backup", str(tmp_path / "copy.db"), "--quick", code=2).stderr
    assert "not overwritten" in kept("backup", str(kept.folder / FILE), code=1).stderr
    assert "No such file" in kept("backup", str(tmp_path / "nowhere" / "copy.db"), code=1).stderr
    told = shell("backup", str(tmp_path / "copy.db"), "--data", str(tmp_path / "none"), code=1)
    assert "there is no store in" in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
