"""Files that are renamed, cut off, deleted and replaced, while the agent runs and while it does not."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from logserver.agent import places
from logserver.agent.following import Follower, Place, Places
from tests.agent.reading import Reader, append, reading

Break = Callable[[Reader], Reader]

both_ways = pytest.mark.parametrize("between", [lambda reader: reader, Reader.restart], ids=["running", "down"])
"""What happens to files happens while the agent runs, or while it is down."""


def stamp(path: Path, second: int) -> None:
    """Say when a file was changed: the system's clock is too coarse for a test."""
    os.utime(path, (second, second))


@both_ways
def test_a_renamed_file_is_read_to_its_end_before_the_new_one(tmp_path: Path, between: Break) -> None:
    path, old = tmp_path / "a.log", tmp_path / "a.log.1"
    with reading(path) as reader:
        append(path, b"one\ntw")
        assert reader.lines() == [b"one"]
        path.rename(old)
        append(old, b"o\nthree\n")
        append(path, b"four\n")
        assert between(reader).lines() == [b"two", b"three", b"four"]
        assert [block.source for block in reader.blocks] == [str(path)] * 3
        append(old, b"late\n")
        assert between(reader).lines() == [b"late"]


@both_ways
def test_the_last_line_of_a_renamed_file_needs_no_end(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\ntwo")
        assert reader.lines() == [b"one"]
        path.rename(tmp_path / "a.log.1")
        append(path, b"three\n")
        assert between(reader).lines() == []
        assert reader.later() == [b"two", b"three"]
        assert reader.blocks[-2].offsets == [4]
        assert between(reader).later(100) == []


@both_ways
def test_renamed_within_the_pattern(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(tmp_path / "a.log*") as reader:
        append(path, b"one\ntwo")
        reader.lines()
        path.rename(tmp_path / "a.log.1")
        append(path, b"three\n")
        between(reader).lines()
        assert reader.later() == [b"two", b"three"]
        (tmp_path / "a.log.1").rename(tmp_path / "a.log.2")
        path.rename(tmp_path / "a.log.1")
        append(path, b"four\n")
        assert between(reader).later(100) == [b"four"] or reader.blocks[-1].lines == [b"four"]
        assert reader.later(100) == []


@both_ways
def test_rotated_more_than_once_unseen(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\n")
        stamp(path, 1_000)
        assert reader.lines() == [b"one"]
        append(path, b"two\n")
        path.rename(tmp_path / "a.log.3")
        append(path, b"three\n")
        path.rename(tmp_path / "a.log.2")
        append(path, b"four\n")
        path.rename(tmp_path / "a.log-20260102")
        append(path, b"five\n")
        append(tmp_path / "a.log.other", b"not a rotated one\n")
        append(tmp_path / "a.log.9", b"an old one\n")
        for second, name in enumerate(["a.log.9", "a.log.3", "a.log.2", "a.log-20260102", "a.log"], 999):
            stamp(tmp_path / name, second)
        assert between(reader).lines() == [b"two", b"three", b"four", b"five"]
        assert reader.later(100) == reader.later(100) == []


@both_ways
def test_renamed_and_compressed(tmp_path: Path, between: Break) -> None:
    path, old = tmp_path / "a.log", tmp_path / "a.log.1"
    with reading(path) as reader:
        append(path, b"one\n")
        reader.lines()
        path.rename(old)
        append(tmp_path / "a.log.1.gz", b"\x1f\x8b\x08\x00 packed\n")
        old.unlink()
        append(path, b"two\n")
        assert between(reader).lines() == [b"two"]
        assert reader.later(100) == []


def test_a_renamed_file_is_let_go_when_it_has_long_been_quiet(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\n")
        reader.lines()
        path.rename(tmp_path / "elsewhere")
        reader.later(30)
        append(tmp_path / "elsewhere", b"late\n")
        assert reader.later(59) == []
        assert [place.path for place in reader.follower.places().files] == [bytes(path)]
        reader.later(100)
        assert reader.follower.places().files == []
        (tmp_path / "elsewhere").rename(path)
        append(path, b"back\n")
        assert reader.restart().lines() == [b"back"]


@both_ways
def test_cut_to_nothing_begins_again(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\ntwo\n")
        reader.lines()
        os.truncate(path, 0)
        assert between(reader).lines() == []
        append(path, b"one\n")
        assert between(reader).lines() == [b"one"]
        assert len({block.file for block in reader.blocks}) == 2


@both_ways
@pytest.mark.parametrize("then", [b"other\nlines\nof more bytes than before\n", b"1ne\ntwo\n", b"1ne\ntw"])
def test_cut_and_grown_to_where_it_was_begins_again(tmp_path: Path, between: Break, then: bytes) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\ntwo\n")
        stamp(path, 1_000)
        reader.lines()
        path.write_bytes(then)
        assert between(reader).lines() == then.split(b"\n")[:-1]


def test_a_line_that_was_begun_and_then_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"begun and not ended")
        assert reader.lines() == []
        path.write_bytes(b"other\nlines\nthan before")
        assert reader.lines() == [b"other", b"lines"]


def test_a_file_that_took_the_inode_of_a_lost_one_is_read_as_itself(tmp_path: Path) -> None:
    path, other = tmp_path / "a.log", tmp_path / "b.log"
    with reading(tmp_path / "*.log") as reader:
        append(path, b"one\n")
        reader.lines()
        kept = reader.follower.places()
        path.unlink()
        append(other, b"something else\n")
        kept.files[0].inode = other.stat().st_ino
        again = Follower(reader.patterns, places=kept, clock=reader.clock)
        (block,) = again.read(1_000)
        assert (block.source, block.lines) == (str(other), [b"something else"])
        again.close()


@both_ways
def test_what_a_copy_saved_is_read_first(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\n")
        stamp(path, 1_000)
        reader.lines()
        append(path, b"two\nthree\n")
        shutil.copyfile(path, tmp_path / "a.log.1")
        os.truncate(path, 0)
        append(path, b"four\n")
        assert between(reader).lines() == [b"two", b"three", b"four"]
        (tmp_path / "a.log.1").rename(tmp_path / "a.log.2")
        append(path, b"five\n")
        shutil.copyfile(path, tmp_path / "a.log.1")
        os.truncate(path, 0)
        assert between(reader).lines() == [b"five"]
        assert reader.later(100) == reader.later(100) == []


def test_what_a_copy_saved_of_a_file_that_had_been_empty_is_read_as_well(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.log", tmp_path / "a.log.1"
    path.touch()
    stamp(path, 1_000)
    with reading(path) as reader:
        assert reader.lines() == []
        append(path, b"one\ntwo\n")
        shutil.copyfile(path, copy)
        stamp(copy, 2_000)
        path.write_bytes(b"three\n")
        assert reader.restart().lines() == [b"one", b"two", b"three"]
        assert reader.restart().later(100) == []


def test_an_older_file_beside_an_empty_one_is_no_copy_of_it(tmp_path: Path) -> None:
    path, old = tmp_path / "a.log", tmp_path / "a.log.1"
    path.touch()
    append(old, b"from before\n")
    stamp(path, 1_000)
    with reading(path) as reader:
        stamp(old, 2_000)  # its writer still holds it
        assert reader.restart().lines() == []
        append(path, b"one\n")
        stamp(old, 500)
        assert reader.restart().lines() == [b"one"]


def test_cut_under_a_writer_that_does_not_append(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader, path.open("wb") as file:
        file.write(b"x" * 99_999 + b"\n")
        file.flush()
        assert reader.lines() == [b"x" * 99_999]
        os.truncate(path, 0)
        file.write(b"behind a hole\n")
        file.flush()
        assert reader.lines() == [b"behind a hole"]


@both_ways
def test_deleted_and_there_again(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\ntwo\n")
        reader.lines()
        path.unlink()
        assert between(reader).later() == []
        append(path, b"one\ntwo\nthree\n")
        assert between(reader).lines() == [b"one", b"two", b"three"]
        assert len({block.file for block in reader.blocks}) == 2


def test_what_is_left_of_a_deleted_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\n")
        reader.lines()
        with path.open("ab") as file:
            path.unlink()
            file.write(b"two\nthree")
            file.flush()
            assert reader.lines() == [b"two"]
            assert reader.later() == [b"three"]
        reader.later()
        assert reader.follower.places().files == []


@both_ways
def test_replaced_as_editors_do(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\ntwo\n")
        reader.lines()
        append(tmp_path / ".a.log.tmp", b"one\n2\n")
        (tmp_path / ".a.log.tmp").replace(path)
        assert between(reader).lines() == [b"one", b"2"]


@both_ways
def test_a_symbolic_link_that_leads_elsewhere(tmp_path: Path, between: Break) -> None:
    link = tmp_path / "current"
    with reading(link) as reader:
        append(tmp_path / "day1", b"one\n")
        link.symlink_to("day1")
        assert reader.lines() == [b"one"]
        append(tmp_path / "day1", b"two\n")
        append(tmp_path / "day2", b"three\n")
        link.unlink()
        link.symlink_to("day2")
        assert between(reader).lines() == [b"two", b"three"]
        assert {block.source for block in reader.blocks} == {str(link)}


@both_ways
def test_a_folder_that_goes_and_comes_back(tmp_path: Path, between: Break) -> None:
    folder, path = tmp_path / "logs", tmp_path / "logs/a.log"
    folder.mkdir()
    with reading(path) as reader:
        append(path, b"one\n")
        reader.lines()
        folder.rename(tmp_path / "unmounted")
        assert between(reader).later(100) == reader.later(100) == []
        append(tmp_path / "unmounted/a.log", b"two\n")
        (tmp_path / "unmounted").rename(folder)
        assert between(reader).later(5) == [b"two"] or reader.blocks[-1].lines == [b"two"]


def test_an_inode_that_comes_back_is_another_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\ntwo\n")
        reader.lines()
        saved = reader.follower.places()
        (place,) = saved.files
        path.unlink()
        append(path, b"two\nthree and more\n")
        place.inode = path.stat().st_ino  # as some file systems do at once, and some never
        again = Follower([str(path)], places=saved, clock=reader.clock)
        (block,) = again.read(1_000)
        assert block.lines == [b"two", b"three and more"]
        assert block.file != place.file
        again.close()


def test_a_device_may_have_another_number_after_a_start(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\n")
        (first,) = reader.all()
        saved = reader.follower.places()
        saved.files[0].device += 1
        append(path, b"two\n")
        again = Follower([str(path)], places=saved, clock=reader.clock)
        (second,) = again.read(1_000)
        assert (second.lines, second.file) == ([b"two"], first.file)
        again.close()


def test_only_so_many_that_are_gone_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logserver.agent.gone.MAX_GONE", 3)
    with reading(tmp_path / "*.log") as reader:
        for number in range(6):
            path = tmp_path / f"{number}.log"
            append(path, b"x\n")
            reader.lines()
            path.rename(tmp_path / f"{number}.away")
        reader.later(100)
        reader.later(100)
        kept = reader.follower.places()
        assert kept.files == []
        assert len(kept.gone) == 3


@pytest.mark.parametrize("error", [errno.EIO, errno.ESTALE])
def test_a_disk_that_fails_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: int
) -> None:
    path = tmp_path / "a.log"

    def fails(_descriptor: int, _size: int, _offset: int) -> bytes:
        raise OSError(error, os.strerror(error))

    with reading(path) as reader:
        append(path, b"one\n")
        reader.lines()
        append(path, b"two\n")
        with monkeypatch.context() as broken:
            broken.setattr(os, "pread", fails)
            for _ in range(3):
                assert reader.later() == []
        assert reader.lines() == [b"two"]
        assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


def test_a_new_places_is_its_own_copy(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\n")
        reader.lines()
        before = reader.follower.places()
        append(path, b"two\n")
        reader.lines()
        assert [place.offset for place in before.files] == [4]
        assert [place.offset for place in reader.follower.places().files] == [8]


def test_a_head_is_known_when_its_line_is_whole_or_long() -> None:
    assert places.head_of(b"") == places.head_of(b"short") == places.head_of(b"x" * 255) == ""
    assert places.head_of(b"one\ntwo") == places.head_of(b"one\n") == places.head_of(b"one\n", whole=True)
    assert places.head_of(b"x" * 256) == places.head_of(b"x" * 256, whole=True) != ""
    assert Places() == Places([], [], [])
    assert Place(b"/a", 1, 2, generation=3).successor() == Place(b"/a", 1, 2, generation=4)
