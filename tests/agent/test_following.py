"""Files that only grow: where reading begins, what a line is, and what is left alone."""

import os
import socket
import stat
from pathlib import Path

import pytest

from logserver.agent import descriptors, patterns
from logserver.agent.following import MAX_LINE, Follower
from tests.agent.reading import append, reading
from tests.fakes import FakeClock

DESCRIPTORS = Path("/proc/self/fd")
ROOT = os.geteuid() == 0


def open_files() -> int:
    return sum(1 for _ in DESCRIPTORS.iterdir())


def test_a_first_start_begins_at_the_end_and_new_files_at_their_beginning(tmp_path: Path) -> None:
    append(tmp_path / "a.log", b"before\n")
    with reading(tmp_path / "*.log") as reader:
        assert reader.lines() == []
        append(tmp_path / "a.log", b"after\n")
        append(tmp_path / "b.log", b"new\n")
        assert sorted(reader.lines()) == [b"after", b"new"]
        assert {block.source for block in reader.blocks} == {str(tmp_path / "a.log"), str(tmp_path / "b.log")}


def test_from_start_reads_everything(tmp_path: Path) -> None:
    append(tmp_path / "a.log", b"one\r\n\r\n\xff\x00two\nthree")
    with reading(tmp_path / "a.log", from_start=True) as reader:
        assert reader.lines() == [b"one", b"", b"\xff\x00two"]
        (block,) = reader.blocks
        assert block.offsets == [0, 5, 7]
        assert block.wraps is None


def test_a_file_that_was_there_and_ends_within_a_line_gives_that_line_whole(tmp_path: Path) -> None:
    append(tmp_path / "a.log", b"before\nbegun")
    with reading(tmp_path / "a.log") as reader:
        append(tmp_path / "a.log", b" and ended\n")
        assert reader.lines() == [b"begun and ended"]
        assert reader.blocks[0].offsets == [7]


def test_a_pattern_that_is_new_begins_at_the_end_of_what_it_finds(tmp_path: Path) -> None:
    append(tmp_path / "a.log", b"a\n")
    append(tmp_path / "b.txt", b"b\n")
    with reading(tmp_path / "*.log") as reader:
        append(tmp_path / "c.log", b"appeared while it was down\n")
        reader.patterns.append(str(tmp_path / "*.txt"))
        reader.restart()
        append(tmp_path / "b.txt", b"more\n")
        assert sorted(reader.lines()) == [b"appeared while it was down", b"more"]


def test_a_line_comes_when_its_end_does(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        for piece in (b"a", b"b", b"c\r"):
            append(path, piece)
            assert reader.lines() == []
        assert reader.later(3_600) == []
        append(path, b"\nd")
        assert reader.lines() == [b"abc"]
        append(path, b"\n")
        assert reader.lines() == [b"d"]
        assert [block.offsets for block in reader.blocks] == [[0], [5]]


def test_places_say_where_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\ntwo\npart")
        assert reader.lines() == [b"one", b"two"]
        append(path, b"ial\nfour\n")
        assert reader.restart().lines() == [b"partial", b"four"]
        assert reader.restart(from_start=True).lines() == []
        assert len({block.file for block in reader.blocks}) == 1


def test_after_a_kill_what_is_read_again_is_known_by_file_and_offset(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        reader.restart()
        append(path, b"one\ntwo\n")
        first = Follower([str(path)], places=reader.follower.places(), clock=FakeClock())
        assert first.read(1_000_000) == reader.all()
        first.close()


@pytest.mark.parametrize("size", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, MAX_LINE + 300_000, 5 * MAX_LINE])
@pytest.mark.parametrize("limit", [1, 100_000_000])
def test_long_lines_are_cut_and_what_is_skipped_is_counted(tmp_path: Path, size: int, limit: int) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"before\n" + b"x" * size + b"\nafter\n")
        before, long, after = reader.lines(limit)
        assert (before, after) == (b"before", b"after")
        assert long == b"x" * min(size, MAX_LINE)
        assert reader.follower.cut_lines == (size > MAX_LINE)
        assert reader.follower.skipped_bytes == max(0, size - MAX_LINE)
        assert [offset for block in reader.blocks for offset in block.offsets] == [0, 7, 8 + size]


def test_a_long_line_is_skipped_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"x" * (MAX_LINE + 500_000))
        assert reader.lines() == [b"x" * MAX_LINE]
        append(path, b"y" * 1_000 + b"\nnext\n")
        assert reader.restart().lines() == [b"next"]


def test_a_file_that_ends_within_a_very_long_line_begins_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    append(path, b"x" * (2 * MAX_LINE))
    with reading(path) as reader:
        append(path, b"xx\nnext\n")
        assert reader.lines() == [b"next"]


def test_holes_separate_lines_and_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"torn" + b"\x00" * 5_000 + b"next\n" + b"\x00" * 20 + b"\nlast\n")
        assert reader.lines() == [b"torn", b"next", b"last"]
        assert [offset for block in reader.blocks for offset in block.offsets] == [0, 5_004, 5_030]


@pytest.mark.parametrize("torn", [b"", b"torn"])
def test_a_hole_of_gigabytes_is_crossed(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, torn)
        reader.lines()
        os.truncate(path, 3_000_000_000)
        assert reader.lines() == []
        append(path, b"behind\n")
        assert reader.lines() == [*[torn][: len(torn)], b"behind"]
        append(path, b"next\n")
        assert reader.restart().lines() == [b"next"]


def test_nulls_that_are_written_and_not_skipped_are_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, b"one\n" + b"\x00" * 20_000_000)  # a program that reserves room
        assert reader.lines() == [b"one"]
        with path.open("r+b") as file:
            file.seek(4)
            file.write(b"two\nthr")
            file.flush()
            os.utime(path, ns=(1, 1))
            assert reader.lines() == [b"two"]
            file.write(b"ee\n")
            file.flush()
            os.utime(path, ns=(2, 2))
            assert reader.lines() == [b"three"]


def test_what_is_no_regular_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.log")
    (tmp_path / "folder.log").mkdir()
    (tmp_path / "gone.log").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round.log").symlink_to(tmp_path / "round.log")
    (tmp_path / "null.log").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.log"))
        append(tmp_path / "empty.log", b"")
        with reading(tmp_path / "*.log", "/dev/zero", tmp_path, from_start=True) as reader:
            assert reader.later() == []
            assert [place.path for place in reader.follower.places().files] == [bytes(tmp_path / "empty.log")]


@pytest.mark.parametrize("name", ["a.log.gz", "a.log.xz", "a.log.bz2", "a.log.zst"])
def test_compressed_names_are_left_alone(tmp_path: Path, name: str) -> None:
    append(tmp_path / name, b"looks like text\n")
    with reading(tmp_path / "*", from_start=True) as reader:
        assert reader.later() == []


@pytest.mark.parametrize(
    "magic", [b"\x1f\x8b\x08\x00", b"\xfd7zXZ\x00", b"BZh91AY&SY", b"\x28\xb5\x2f\xfd"], ids=["gz", "xz", "bz2", "zst"]
)
def test_compressed_bytes_are_left_alone(tmp_path: Path, magic: bytes) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, magic + b"\n\n\n")
        assert reader.later() == []
        path.write_bytes(b"plain\n")
        assert reader.lines() == [b"plain"]


@pytest.mark.skipif(ROOT, reason="root may read everything")
def test_a_file_without_permission_is_told_once_and_read_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.log"
    append(path, b"old\n")
    path.chmod(0)
    with reading(path) as reader:
        path.chmod(stat.S_IWUSR)
        append(path, b"new\n")
        for _ in range(5):
            assert reader.later() == []
        assert [record.getMessage() for record in caplog.records] == [
            f"{path} cannot be read: Permission denied; trying again"
        ]
        path.chmod(0o600)
        assert reader.lines() == [b"new"]


def test_a_file_of_many_names_is_read_once(tmp_path: Path) -> None:
    append(tmp_path / "a.log", b"one\n")
    os.link(tmp_path / "a.log", tmp_path / "b.log")
    (tmp_path / "c.log").symlink_to(tmp_path / "a.log")
    names: list[str | Path] = [
        tmp_path / "*.log",
        tmp_path / "a*",
        f"{tmp_path}/../{tmp_path.name}/a.log",
        tmp_path / "c.log",
    ]
    with reading(*names, from_start=True) as reader:
        assert reader.lines() == [b"one"]
        assert reader.blocks[0].source == str(tmp_path / "a.log")
        append(tmp_path / "b.log", b"two\n")
        assert reader.lines() == [b"two"]


def test_names_may_hold_signs_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    strange = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.log"))
    append(strange, b"latin\n")
    append(tmp_path / "app[1]*.log", b"signs\n")
    append(tmp_path / "app1x.log", b"plain\n")
    with reading(tmp_path / "app[1]*.log", tmp_path / "caf*", from_start=True) as reader:
        assert sorted(reader.lines()) == [b"latin", b"plain", b"signs"]
        assert f"{tmp_path}/caf\ufffd.log" in {block.source for block in reader.blocks}
        append(strange, b"more\n")
        assert reader.restart().lines() == [b"more"]


def test_patterns_find_as_a_shell_does(tmp_path: Path) -> None:
    for name in ("a/x.log", "a/b/x.log", "a/b/c/x.log", "a/.hidden/x.log", "a/.y.log", "z/x.log", "a/b/x.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        append(tmp_path / name, b"\n")
    (tmp_path / "a/b/up").symlink_to(tmp_path / "a")
    (tmp_path / "a/b/too").symlink_to(tmp_path / "a")

    def found(pattern: str) -> set[str]:
        return {
            os.path.relpath(each.path, tmp_path) for each in patterns.Patterns([f"{tmp_path}/{pattern}"]).find()
        } - {"a", "a/b", "a/b/c"}

    deep = {"a/x.log", "a/b/x.log", "a/b/c/x.log"}
    assert found("a/**/*.log") == deep
    assert found("**/x.log") == deep | {"z/x.log"}
    assert found("a/**/b/**/x.log") == {"a/b/x.log", "a/b/c/x.log"}
    assert found("?/x.[kl]og") == {"a/x.log", "z/x.log"}
    assert found("a/.*") == {"a/.y.log", "a/.hidden"}
    assert found("a/*/up/x.log") == {"a/b/up/x.log"}
    assert {"a/x.log", "a/b/c/x.log", "a/b/x.txt"} <= found("a/**")
    assert found("nowhere/*") == found("a/x.log/*") == found("*.txt") == set()


def test_searching_and_following_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(20):
        append(tmp_path / f"{number:02d}.log", b"x\n")
    monkeypatch.setattr(patterns, "MAX_FILES", 12)
    with reading(tmp_path / "*.log", from_start=True) as reader:
        assert len(reader.lines()) == 12
        reader.later()
    monkeypatch.setattr(patterns, "MAX_ENTRIES", 5)
    with reading(tmp_path / "*.log", from_start=True) as reader:
        assert len(reader.lines()) == 5
    assert len(caplog.records) == 2


def test_more_files_than_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors.Descriptors.__init__, "__defaults__", (4,))
    before = open_files()
    with reading(tmp_path / "*.log") as reader:
        for turn in range(3):
            for number in range(30):
                append(tmp_path / f"{number}.log", b"%d\n" % turn)
            assert reader.lines() == [b"%d" % turn] * 30
            assert open_files() <= before + 4
            reader.restart()
        for number in range(30):
            append(tmp_path / f"{number}.log", b"rest")
            (tmp_path / f"{number}.log").rename(tmp_path / f"{number}.log.1")
            append(tmp_path / f"{number}.log", b"new\n")
        reader.lines()
        assert sorted(reader.later()) == [b"new"] * 30 + [b"rest"] * 30
        assert open_files() <= before + 4


def test_no_file_starves_another(tmp_path: Path) -> None:
    with reading(tmp_path / "*.log") as reader:
        append(tmp_path / "a.log", b"x" * 999 + b"\n" + b"y" * 9_000 + b"\n")
        append(tmp_path / "big.log", (b"z" * 99 + b"\n") * 30_000)
        append(tmp_path / "small.log", b"small\n")
        sources = []
        for _ in range(8):
            (block,) = reader.follower.read(1)
            sources.append(Path(block.source).name)
            append(tmp_path / "big.log", (b"z" * 99 + b"\n") * 10_000)
        assert sources[:3] == ["a.log", "big.log", "small.log"]


def test_a_pass_is_bounded(tmp_path: Path) -> None:
    with reading(tmp_path / "*.log") as reader:
        append(tmp_path / "a.log", b"0123456789\n" * 500_000)
        read = [sum(map(len, block.lines)) for block in reader.follower.read(1_000_000)]
        assert 900_000 < sum(read) < 1_300_000
        assert len(reader.lines()) == 500_000 - sum(read) // 10
