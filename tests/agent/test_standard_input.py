"""Lines that come through a pipe."""

import os
import pty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logserver.agent.following import MAX_LINE, Wrap
from tests.agent.reading import Reader, append
from tests.agent.test_docker import TIME_US, wrapped


class Pipe:
    """A reader of standard input, and who writes to it."""

    def __init__(self, *patterns: Path) -> None:
        end, self._descriptor = os.pipe()
        self.input = os.fdopen(end, "rb")
        self.reader = Reader(*patterns, stdin=self.input)

    def write(self, data: bytes) -> list[bytes]:
        """Write, and return the lines that come of it."""
        came = []
        for at in range(0, len(data), 60_000):
            os.write(self._descriptor, data[at : at + 60_000])
            came += self.reader.lines()
        return came

    def over(self) -> bool:
        """Whether the end has been noticed."""
        return self.reader.follower.stdin_over

    def end(self) -> list[bytes]:
        """Write no more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        return self.reader.lines()


@contextmanager
def pipe(*patterns: Path) -> Iterator[Pipe]:
    one = Pipe(*patterns)
    try:
        yield one
    finally:
        one.end()
        one.reader.follower.close()
        one.input.close()


def test_lines_come_as_they_are_written_and_the_end_is_noticed() -> None:
    with pipe() as one:
        assert one.reader.lines() == []
        assert one.write(b"one\r\ntw") == [b"one"]
        assert one.write(b"o\n\n") == [b"two", b""]
        assert one.write(b"last") == []
        assert not one.over()
        assert one.end() == [b"last"]
        assert one.over()
        assert one.reader.lines() == []
        assert [block.offsets for block in one.reader.blocks] == [[0], [5, 9], [10]]
        assert {block.source for block in one.reader.blocks} == {"stdin"}
        assert one.reader.follower.places().files == []


def test_an_input_without_a_line() -> None:
    with pipe() as one:
        assert one.end() == []
        assert one.over()


def test_another_run_is_another_file() -> None:
    names = []
    for _ in range(2):
        with pipe() as one:
            one.write(b"one\n")
            names.append(one.reader.blocks[0].file)
    assert names[0] != names[1]


def test_long_lines_are_cut_and_what_is_skipped_is_counted() -> None:
    with pipe() as one:
        assert one.write(b"before\n" + b"x" * MAX_LINE + b"\n") == [b"before", b"x" * MAX_LINE]
        assert one.reader.follower.cut_lines == 0
        came = one.write(b"y" * (MAX_LINE + 200_000) + b"\nafter\n")
        assert came == [b"y" * MAX_LINE, b"after"]
        assert (one.reader.follower.cut_lines, one.reader.follower.skipped_bytes) == (1, 200_000)
        assert one.reader.blocks[-1].offsets == [7 + MAX_LINE + 1 + MAX_LINE + 200_001]
        assert one.write(b"z" * (MAX_LINE + 7)) == [b"z" * MAX_LINE]
        assert one.end() == []


def test_dockers_wrapping_is_taken_off() -> None:
    with pipe() as one:
        assert one.write(wrapped("one\n", "stderr") + wrapped("piece ")) == [b"one"]
        assert one.reader.blocks[0].wraps == [Wrap(TIME_US, "stderr")]
        assert one.write(wrapped("two\n") + wrapped("rest")) == [b"piece two"]
        assert one.end() == [b"rest"]


def test_beside_files(tmp_path: Path) -> None:
    with pipe(tmp_path / "a.log") as one:
        append(tmp_path / "a.log", b"file\n" * 100_000)
        came = one.write(b"pipe\n" * 10_000)
        came += one.reader.lines()
        assert (came.count(b"pipe"), came.count(b"file")) == (10_000, 100_000)
        first = [block.source for block in one.reader.blocks[:4]]
        assert set(first) == {"stdin", str(tmp_path / "a.log")}


def test_a_file_as_standard_input(tmp_path: Path) -> None:
    append(tmp_path / "a.log", b"one\ntwo\nthree")
    with (tmp_path / "a.log").open("rb") as file:
        reader = Reader(stdin=file)
        assert reader.lines() == [b"one", b"two", b"three"]
        assert reader.follower.stdin_over


def test_a_terminal_that_hangs_up() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb") as terminal:
        reader = Reader(stdin=terminal)
        os.write(theirs, b"one\n")
        assert reader.lines() == [b"one"]
        os.close(theirs)
        assert reader.lines() == []
        assert reader.follower.stdin_over
