"""What is done before the schema of a store is changed."""

from pathlib import Path

import pytest

from logserver.store.errors import StoreError
from logserver.store.upgrade import outdated, upgrade
from tests.store.released.book import RELEASES, unpack


def test_nothing_is_changed_where_the_copy_has_no_folder(tmp_path: Path) -> None:
    folder, in_the_way = tmp_path / "data", tmp_path / "file"
    unpack(RELEASES[0], folder)
    in_the_way.touch()
    for parent in (in_the_way, in_the_way / "below"):
        with pytest.raises(StoreError, match=f"the folder for the copy, {parent}, cannot be made: .*not changed"):
            upgrade(folder, copy=parent / "copy.db")
        assert outdated(folder) == RELEASES[0]
