"""Bytes into lines."""

from hypothesis import given
from hypothesis import strategies as st

from logserver.agent.splitting import HOLE, split

_hole = b"\x00" * HOLE


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), max_size=10), st.integers(0, 2**40))
def test_lines_are_what_lies_between_ends(lines: list[bytes], start: int) -> None:
    data = b"".join(line + b"\n" for line in lines)

    found, offsets = split(data, start)

    assert found == [line.removesuffix(b"\r") for line in lines]
    assert all(data[at - start :].startswith(line) for line, at in zip(found, offsets, strict=True))
    assert offsets == sorted(set(offsets))


def test_holes_separate() -> None:
    data = b"a" + _hole + b"b\n" + _hole + b"c\r\n" + _hole * 9 + b"\n\nd" + _hole[1:] + b"e\n" + b"f" + _hole + b"\n"

    lines, offsets = split(data, 100)

    assert lines == [b"a", b"b", b"c", b"", b"d" + _hole[1:] + b"e", b"f"]
    assert [data[at - 100 : at - 99] for at in offsets] == [b"a", b"b", b"c", b"\n", b"d", b"f"]
