"""Broken off anywhere, on either side and at once: the next try goes on, and the end is the same."""

import os
import random
import subprocess
import sys
from pathlib import Path
from time import monotonic

from logserver.store.database import snapshot
from logserver.transfer import progress
from tests.transfer.moving import comparable, export, import_, lines, run, told, unpacked
from tests.whole.process import PATIENCE, environment, serving, source
from tests.whole.small_disk import small_disk

SEED = int(os.environ.get("LOGSERVER_TRANSFER_SEED", "0")) or random.SystemRandom().getrandbits(32)
ROUNDS = int(os.environ.get("LOGSERVER_TRANSFER_ROUNDS", "3"))


def test_an_export_that_was_cut_off_anywhere_goes_on(company: Path, moved: Path, tmp_path: Path) -> None:
    print(f"LOGSERVER_TRANSFER_SEED={SEED}")
    dice = random.Random(SEED)  # noqa: S311 - where it is broken off need not be hard to guess
    whole = moved.read_bytes()
    for cut in (0, 1, len(whole) - 1, *(dice.randrange(len(whole)) for _ in range(ROUNDS))):
        file = tmp_path / f"{cut}.zst"
        Path(f"{file}.part").write_bytes(whole[:cut])
        said = export(company, file).output
        assert ("with what happened until 20" in said) == ("going on" in said)
        assert lines(file) == lines(moved), cut
        assert unpacked(file).count(b'"record":"end"') == 1
        assert not Path(f"{file}.part").exists()


def test_an_export_goes_on_only_as_what_it_was(company: Path, moved: Path, tmp_path: Path) -> None:
    file = tmp_path / "some.zst"
    Path(f"{file}.part").write_bytes(moved.read_bytes()[:-1])
    refused = export(company, file, "--project", "storefront", code=1)
    assert "--restart" in refused.output
    assert "--restart" in export(company, file, "--since", "1d", code=1).output
    export(company, file, "--project", "storefront", "--restart")
    assert [line["slug"] for line in lines(file) if line["record"] == "project"] == ["storefront"]
    assert "is there already" in export(company, file, code=1).output


def test_a_file_that_is_not_whole_is_taken_in_as_far_as_it_goes(moved: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.zst"
    cut.write_bytes(moved.read_bytes()[: moved.stat().st_size * 2 // 3])
    assert "is not whole" in import_(cut, tmp_path / "new", code=1).output
    said = told(moved, tmp_path / "new")
    assert said["new"] > 0
    _require_same(tmp_path, moved)


def test_an_import_that_finds_the_disk_nearly_full_goes_on_once_it_may(moved: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        said = import_(moved, disk / "data", code=1)
        assert "the server's disk is nearly full; nothing was stored; start the import again to go on" in said.output
        assert told(moved, disk / "data", "--min-free-megabytes", "8")["new"] > 1_000


def test_an_import_that_is_killed_goes_on(moved: Path, tmp_path: Path) -> None:
    print(f"LOGSERVER_TRANSFER_SEED={SEED}")
    dice = random.Random(SEED)  # noqa: S311 - where it is broken off need not be hard to guess
    total = unpacked(moved).count(b"\n")
    for _ in range(ROUNDS):
        _kill_import(moved, tmp_path / "new", at_least=dice.randrange(1, total))
    import_(moved, tmp_path / "new")
    assert told(moved, tmp_path / "new")["new"] == 0
    _require_same(tmp_path, moved)


def test_neither_a_killed_import_nor_a_killed_server_harms_an_import_beside_it(moved: Path, tmp_path: Path) -> None:
    print(f"LOGSERVER_TRANSFER_SEED={SEED}")
    dice = random.Random(SEED)  # noqa: S311 - where it is broken off need not be hard to guess
    total = unpacked(moved).count(b"\n")
    folder = tmp_path / "new"
    with serving(folder) as server:
        _kill_import(moved, folder, at_least=dice.randrange(1, total // 2))
    with serving(folder) as server:
        importing = _start(moved, folder)
        _wait_for(folder, dice.randrange(total // 2, total), importing)
        server.kill()
        said = importing.communicate(timeout=PATIENCE)[1].decode()
        assert importing.returncode == 0 or "start the import again" in said, said
    with serving(folder) as server:
        run("import", moved, "--data", folder)
        assert "Traceback" not in server.log()
    _require_same(tmp_path, moved, of=("storefront", "dock-api", "back-office", "closed"))


def _require_same(tmp_path: Path, moved: Path, of: tuple[str, ...] = ()) -> None:
    run("doctor", "--data", tmp_path / "new")
    export(tmp_path / "new", tmp_path / "again.zst", *(f"--project={slug}" for slug in of))
    wanted = [line for line in comparable(lines(moved)) if line["record"] != "project"]
    found = [line for line in comparable(lines(tmp_path / "again.zst")) if line["record"] != "project"]
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))


def _start(file: Path, folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "logserver", "import", str(file), "--data", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=source(),
        env=environment(),
    )


def _kill_import(file: Path, folder: Path, *, at_least: int) -> None:
    importing = _start(file, folder)
    try:
        _wait_for(folder, at_least, importing)
    finally:
        importing.kill()
        importing.communicate(timeout=PATIENCE)


def _wait_for(folder: Path, at_least: int, importing: "subprocess.Popen[bytes]") -> None:
    """Wait until an import has come so far, or has ended."""
    deadline = monotonic() + PATIENCE
    while importing.poll() is None and _taken(folder) < at_least:
        assert monotonic() < deadline, "it did not come so far"


def _taken(folder: Path) -> int:
    if not (folder / "logserver.db").exists():
        return 0
    with snapshot(folder) as tx:
        if not tx.execute("SELECT 1 FROM sqlite_master WHERE name = 'transfers'").fetchone():
            return 0
        row = tx.execute("SELECT id FROM transfers").fetchone()
        found = progress.read(tx, row[0]) if row else None
    return found.taken if found is not None else 0
