import logging
from pathlib import Path

import msgspec
import pytest

from logserver.agent.folder import Folder, InUse
from tests.fakes import FakeClock


class Thing(msgspec.Struct):
    n: int


def test_what_is_saved_is_loaded(folder: Folder) -> None:
    folder.save("thing.json", Thing(1))
    folder.save("thing.json", Thing(2))
    assert folder.load("thing.json", Thing) == Thing(2)
    assert folder.load("nothing.json", Thing) is None


def test_the_folder_and_its_files_are_for_their_owner_only(folder: Folder) -> None:
    folder.save("thing.json", Thing(1))
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in folder.path.iterdir()} == {0}


@pytest.mark.parametrize("data", [b"", b"{", b'{"n": "one"}', b"\xff\xfe", b'{"m": 1}', b"[1]"])
def test_what_cannot_be_read_is_put_aside_and_told(
    data: bytes, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder.path / "thing.json"
    path.write_bytes(data)
    with caplog.at_level(logging.ERROR, "logserver.agent"):
        assert folder.load("thing.json", Thing) is None
    assert "was put aside as thing.json.broken-" in caplog.text
    [aside] = folder.path.glob("thing.json.broken-*")
    assert aside.read_bytes() == data
    assert not path.exists()


def test_two_agents_do_not_share_a_folder(tmp_path: Path, clock: FakeClock) -> None:
    first, second = Folder(tmp_path, clock), Folder(tmp_path, clock)
    first.claim()
    with pytest.raises(InUse, match="--state"):
        second.claim()
    first.close()
    second.claim()
    second.close()
