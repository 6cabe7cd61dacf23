import shutil
from pathlib import Path

import pytest

from logserver.store import privacy
from logserver.store.errors import StoreUnusable
from tests.serving import empty_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    shutil.copytree(empty_store(), made)
    made.chmod(0o700)
    return made


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}


def test_a_store_as_it_is_made_needs_nothing(folder: Path) -> None:
    assert privacy.keep(folder) == []
    assert modes(folder) == {"data": 0o700, "logserver.db": 0o600}


def test_no_folder_is_no_trouble(tmp_path: Path) -> None:
    assert privacy.keep(tmp_path / "data") == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["logserver.db", "logserver.db-wal", "server.lock", "audit.key", "audit.heads.new"])
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o601])
def test_a_file_that_others_could_use_is_closed_to_them(folder: Path, name: str, mode: int) -> None:
    (folder / name).touch()
    (folder / name).chmod(mode)
    assert privacy.keep(folder) == [f"others could use {folder / name}; it is now for its owner only"]
    assert modes(folder)[name] == 0o600
    assert privacy.keep(folder) == []


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o777, 0o1777])
def test_so_is_the_folder_of_a_store(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    assert privacy.keep(folder) == [f"others could use {folder}; it is now for its owner only"]
    assert modes(folder)["data"] == 0o700


def test_a_folder_with_other_things_in_it_is_left_as_it_is(folder: Path) -> None:
    folder.chmod(0o755)
    other = folder / "notes.txt"
    other.touch()
    other.chmod(0o644)
    assert privacy.keep(folder) == []
    assert modes(folder) == {"data": 0o755, "logserver.db": 0o600, "notes.txt": 0o644}


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777])
def test_a_folder_in_which_others_may_change_things_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    (folder / "somebody's").mkdir()
    with pytest.raises(StoreUnusable, match=r"others may change what is in .*, which holds more than a store"):
        privacy.keep(folder)
    assert modes(folder)["data"] == mode & 0o777
