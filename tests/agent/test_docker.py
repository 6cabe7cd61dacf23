"""Docker's json-file format, read from files."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.agent import docker
from logserver.agent.docker import Joints
from logserver.agent.following import MAX_LINE, Wrap
from logserver.core.times import iso_text
from tests.agent.reading import append, reading
from tests.agent.test_following_rotation import Break, both_ways

TIME_US = 1_767_323_045_678_123
TIME = "2026-01-02T03:04:05.678123456Z"


def wrapped(log: str, stream: str = "stdout", time: str = TIME, **more: object) -> bytes:
    """A line as Docker writes it."""
    return json.dumps({"log": log, "stream": stream, **more, "time": time}, separators=(",", ":")).encode() + b"\n"


def test_lines_are_unwrapped_each_by_its_own_shape(tmp_path: Path) -> None:
    path = tmp_path / "a-json.log"
    with reading(path) as reader:
        append(
            path,
            wrapped("one\n")
            + wrapped('say "two" \u00fc\r\n', "stderr")
            + b"plain\n"
            + wrapped("\n", attrs={"tag": "x"}),
        )
        assert reader.lines() == [b"one", 'say "two" \u00fc'.encode(), b"plain", b""]
        (block,) = reader.blocks
        assert block.wraps == [
            Wrap(TIME_US, "stdout"),
            Wrap(TIME_US, "stderr"),
            Wrap(None, ""),
            Wrap(TIME_US, "stdout"),
        ]
        assert iso_text(TIME_US) == "2026-01-02T03:04:05.678123Z"


@pytest.mark.parametrize(
    "line",
    [
        b'{"log":"no stream","time":"2026-01-02T03:04:05Z"}',
        b'{"log":5,"stream":"stdout","time":"2026-01-02T03:04:05Z"}',
        b'{"log":"a\\n","stream":"stdin","time":"2026-01-02T03:04:05Z"}',
        b'{"log":"a\\n","stream":"stdout","time":"2026-01-02T03:04:05Z","more":1}',
        b'{"log":"cut off',
        b'{"log":"\\ud83d\\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}',
        b'{"log":"\xff\\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}',
        b'{"log":' + b"[" * 5_000,
        b' {"log":"a\\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}',
    ],
)
def test_what_only_looks_like_it_passes_as_it_is(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, line + b"\n")
        assert reader.lines() == [line]
        assert reader.blocks[0].wraps is None


def test_a_time_that_is_none_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, wrapped("one\n", time="soon"))
        assert reader.lines() == [b"one"]
        assert reader.blocks[0].wraps == [Wrap(None, "stdout")]


@both_ways
def test_pieces_are_joined_for_each_stream(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, wrapped("out 1, ") + wrapped("err 1, ", "stderr"))
        assert between(reader).lines() == []
        append(path, wrapped("out 2, ") + b"plain\n")
        assert between(reader).lines() == [b"plain"]
        append(path, wrapped("err 2\n", "stderr") + wrapped("out 3\r\n"))
        assert between(reader).lines() == [b"err 1, err 2", b"out 1, out 2, out 3"]
        assert reader.blocks[-1].offsets == [len(wrapped("out 1, ")), 0]
        append(path, wrapped("alone\n"))
        assert between(reader).lines() == [b"alone"]


@both_ways
def test_a_joined_line_that_is_too_long_is_cut(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        for _ in range(70):
            append(path, wrapped("x" * 16_384))
        assert between(reader).lines() == []
        append(path, wrapped("end\n") + wrapped("next\n"))
        long, after = reader.lines()
        assert long == b"x" * MAX_LINE
        assert after == b"next"
        assert sum(piece.length for place in reader.follower.places().files for piece in place.pieces) == 0


def test_skipped_pieces_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, wrapped("x" * 16_384) * 70 + wrapped("end\n"))
        reader.lines()
        assert reader.follower.cut_lines == 1
        assert reader.follower.skipped_bytes == 70 * 16_384 + 3 - MAX_LINE


def test_so_many_pieces_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "MAX_PIECES", 3)
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, wrapped("ab") * 10)
        reader.lines()
        assert [len(place.pieces) for place in reader.follower.places().files] == [3]
        append(path, wrapped("end\n"))
        assert reader.lines() == [b"ababab"]
        assert (reader.follower.cut_lines, reader.follower.skipped_bytes) == (1, 17)


@both_ways
def test_pieces_whose_end_does_not_come(tmp_path: Path, between: Break) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, wrapped("one, ") + wrapped("two, ") + wrapped("three, ")[:-1])
        reader.lines()
        path.rename(tmp_path / "a.log.1")
        append(path, wrapped("next\n"))
        between(reader).lines()
        assert reader.later() == [b"one, two, three, ", b"next"]
        assert reader.later(100) == []


def test_a_last_line_that_is_no_piece_beside_pieces(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, wrapped("piece") + b"plain")
        reader.lines()
        path.unlink()
        reader.lines()
        assert reader.later() == [b"plain", b"piece"]
        assert reader.blocks[-1].wraps == [Wrap(None, ""), Wrap(TIME_US, "stdout")]


def test_pieces_are_forgotten_with_what_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with reading(path) as reader:
        append(path, wrapped("begun "))
        reader.lines()
        path.write_bytes(b"")
        reader.lines()
        append(path, wrapped("new\n"))
        assert reader.lines() == [b"new"]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)


@given(st.lists(st.tuples(texts, st.sampled_from(["stdout", "stderr"])), max_size=10), st.integers(1, 7))
def test_however_docker_cuts_lines_they_come_whole(lines: list[tuple[str, str]], size: int) -> None:
    joints = Joints()
    raw, expected = [], []
    for text, stream in lines:
        whole = text + "\n"
        raw += [wrapped(whole[at : at + size], stream)[:-1] for at in range(0, len(whole), size)]
        expected.append(text.encode())

    out = joints.unwrap(raw, list(range(len(raw))), len(raw))

    assert (out.lines if out else []) == expected
    assert not joints
