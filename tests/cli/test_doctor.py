import json
import os
import re
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from logserver.core import status
from logserver.store import lockfile
from logserver.store.connections import FILE, connect
from tests.cli.conftest import Shell
from tests.cli.test_audit import changed
from tests.cli.test_backup import kept, made
from tests.cli.test_status import report
from tests.contracts.logstitch.trails import tamper
from tests.whole.damaging import damage
from tests.whole.small_disk import small_disk

__all__ = ["kept", "made"]


def wrong(shell: Shell, *arguments: str) -> dict[str, list[str]]:
    """What a doctor finds wrong, by what it is about."""
    told = shell("doctor", "--json", *arguments, code=1)
    assert '"sound": false' in told.stdout
    return listed(shell, *arguments, serious=True, code=1)


def listed(shell: Shell, *arguments: str, serious: bool, code: int) -> dict[str, list[str]]:

    found: dict[str, list[str]] = {}
    for each in json.loads(shell("doctor", "--json", *arguments, code=code).stdout)["findings"]:
        if each["serious"] is serious:
            found.setdefault(each["about"], []).append(each["message"])
    return found


def test_a_store_that_is_well_is_told_so(kept: Shell) -> None:
    told = kept("doctor")
    assert {line.split()[0] for line in told.stdout.splitlines()} == {"ok"}
    assert "no server is running on it" in told.stdout
    assert "pages are sound, and all agrees with the rows" in told.stdout
    assert told.stderr == ""
    assert "pages and references are sound" in kept("doctor", "--quick").stdout
    assert kept.json("doctor")["sound"] is True


def test_it_says_that_a_server_is_running(kept: Shell) -> None:
    lock = lockfile.lock(kept.folder)
    try:
        assert "a server is running on it" in kept("doctor", "--quick").stdout
    finally:
        os.close(lock)


@pytest.mark.parametrize(
    ("statement", "about"),
    [
        ("DELETE FROM events WHERE id = (SELECT min(id) FROM events)", {"index", "counts", "identities", "audit"}),
        ("UPDATE counts SET n = 7", {"counts"}),
        ("INSERT INTO members VALUES (9, 9, 'owner', 0)", {"references"}),
    ],
)
def test_what_does_not_agree_is_told_with_what_to_do(kept: Shell, statement: str, about: set[str]) -> None:
    with closing(connect(kept.folder)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement)
    found = wrong(kept)
    assert about - {"identities"} <= set(found) <= about
    assert "logserver doctor --salvage NEWFOLDER" in kept("doctor", code=1).stderr


def test_a_broken_trail_is_told_and_that_nothing_mends_it(kept: Shell) -> None:
    changed(kept, 3)
    found = wrong(kept)
    assert "the trail of shop is broken" in found["audit"][0]
    assert "cannot be mended" in kept("doctor", code=1).stderr
    kept("doctor", "--quick")


def test_a_missing_key_is_told(kept: Shell) -> None:
    (kept.folder / "audit.key").unlink()
    assert wrong(kept) == {"audit": ["audit.key, the key that signs the audit trail, is missing"]}
    assert "audit seal" in kept("doctor", code=1).stderr


@pytest.mark.parametrize("table", ["events", "counts", "event_words_data", "projects", "audit_links"])
def test_damage_is_told_by_the_name_of_its_table_and_can_be_salvaged(kept: Shell, table: str) -> None:
    damage(kept.folder, table)
    assert table in wrong(kept, "--quick")["pages"][0]
    assert table in wrong(kept)["pages"][0]
    saved = kept.folder.parent / "saved"
    told = kept("doctor", "--salvage", str(saved))
    assert f"into {saved}" in told.stdout
    assert "audit" not in str(saved)
    after = kept("doctor", "--data", str(saved), code=1 if table in {"events", "projects", "audit_links"} else 0)
    assert {line.split()[1] for line in after.stdout.splitlines() if line.startswith("wrong")} <= {"audit"}
    again = kept("doctor", "--salvage", str(saved), code=1)
    assert "name a new folder" in again.stderr


def test_a_first_page_that_is_damaged_leaves_only_a_copy(kept: Shell) -> None:
    with (kept.folder / FILE).open("r+b") as file:
        file.write(b"\xff" * 4096)
    assert "not a database" in str(wrong(kept)["pages"])
    told = kept("doctor", "--salvage", str(kept.folder.parent / "saved"), code=1)
    assert "restore a copy" in told.stderr


def test_a_disk_below_the_floor_of_its_server_is_told_with_the_command_that_keeps_less(kept: Shell) -> None:
    status.write(kept.folder, report(floor_bytes=10**18))
    [told] = wrong(kept, "--quick")["disk"]
    assert "below 1,000,000,000,000 MB a server refuses events (--min-free-megabytes)" in told
    said = kept("doctor", "--quick", code=1).stdout
    arguments = re.findall("logserver (project set .*?)[)]", said)[0].replace("SLUG", "shop").replace("DAYS", "7")
    kept(*arguments.split())


def test_a_store_on_a_disk_that_became_read_only_is_looked_at_and_copied(kept: Shell, tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        there = str(shutil.copytree(kept.folder, disk / "data"))
        (disk / "data" / lockfile.LOCK).touch(mode=0o600)
        status.write(disk / "data", report(floor_bytes=0))
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert "all agrees with the rows" in kept("doctor", "--data", there).stdout
        kept("backup", str(tmp_path / "copy.db"), "--verify", "--data", there)
        assert "salvaged 5 events" in kept("doctor", "--salvage", str(tmp_path / "saved"), "--data", there).stdout


def test_loose_rights_are_told_with_the_command_that_mends_them(kept: Shell) -> None:
    kept.folder.chmod(0o755)
    (kept.folder / FILE).chmod(0o644)
    found = wrong(kept, "--quick")["rights"]
    assert [line.rpartition(": ")[2] for line in found][:2] == [
        f"chmod 700 {kept.folder}",
        f"chmod 600 {kept.folder / FILE}",
    ]


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_files_of_another_user_are_told(kept: Shell) -> None:
    os.chown(kept.folder / "audit.key", 12_345, -1)
    assert "belongs to user 12345" in wrong(kept, "--quick")["rights"][0]


def test_files_that_were_left_are_told(kept: Shell) -> None:
    for name in ("audit.heads.new", f"{FILE}.part", "notes.txt"):
        (kept.folder / name).touch(mode=0o600)
    with closing(connect(kept.folder)) as connection:
        connection.execute("UPDATE heartbeat SET at = 1")
        shutil.copy(kept.folder / f"{FILE}-wal", kept.folder / "wal")
    shutil.move(kept.folder / "wal", kept.folder / f"{FILE}-wal")
    (kept.folder / f"{FILE}-wal").chmod(0o600)
    told = "\n".join(listed(kept, "--quick", serious=False, code=0)["files"])
    assert "audit.heads.new was left" in told
    assert f"{FILE}.part was left" in told
    assert "notes.txt is none of the store's files" in told
    assert f"{FILE}-wal holds what the next start takes in" in told


def test_a_newer_schema_is_told(kept: Shell) -> None:
    tamper(kept.folder, "INSERT INTO migrations VALUES (9999, 'later', '')")
    assert "made by a newer logserver" in wrong(kept)["schema"][0]


def test_where_there_is_no_store_it_says_how_to_get_one(shell: Shell) -> None:
    assert "there is no store in" in shell("doctor", code=1).stderr


def test_a_store_that_was_not_made_to_its_end_is_told(shell: Shell) -> None:
    shell.folder.mkdir(mode=0o700)
    (shell.folder / FILE).touch(mode=0o600)
    assert "not made to its end" in wrong(shell)["schema"][0]


def test_the_folder_is_as_it_was(kept: Shell) -> None:
    def seen(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm"))}

    before = seen(kept.folder)
    kept("doctor")
    assert seen(kept.folder) == before
