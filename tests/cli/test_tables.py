"""Tables of the shell: as wide as the terminal, and harmless."""

import click
import pytest

from logserver.cli import tables
from logserver.cli.output import columns_of
from logserver.cli.tables import Cell
from logserver.cli.trace import bar as drawn

ROWS = [
    [Cell("error", "red"), Cell("a long title that goes on and on 世界世界世界 until the end"), Cell("x")],
    [Cell("ok"), Cell("\x1b[2J\u202eshort"), Cell("yyyy")],
]


def shown(capsys: pytest.CaptureFixture[str], columns: int | None) -> list[str]:
    tables.show(("STATE", "TITLE", "LAST"), ROWS, flexible=1, columns=columns)
    return [click.unstyle(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("columns", [30, 50, 60, 200])
def test_a_table_keeps_to_the_width_of_the_terminal(capsys: pytest.CaptureFixture[str], columns: int) -> None:
    lines = shown(capsys, columns)
    assert max(map(columns_of, lines)) <= columns
    assert all(line.isprintable() for line in lines)
    assert [line.split()[-1] for line in lines] == ["LAST", "x", "yyyy"]


def test_without_a_terminal_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert "until the end" in shown(capsys, None)[1]
    assert "…" not in "".join(shown(capsys, None))


def test_on_the_narrowest_terminal_a_little_of_everything_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert {len(line.split()[0]) > 1 for line in shown(capsys, 1)} == {True}
    assert "a long titl…" in shown(capsys, 1)[1]


@pytest.mark.parametrize(
    ("offset", "duration", "whole", "bar"),
    [
        (0, 24, 24, "=" * 24),
        (12, 12, 24, "." * 12 + "=" * 12),
        (0, 0, 24, "=" + "." * 23),
        (24, 0, 24, "." * 23 + "="),
        (-5, 1, 24, "=" + "." * 23),
        (99, 99, 24, "." * 23 + "="),
        (0, 0, 0, "=" * 24),
    ],
)
def test_a_bar_stands_where_its_span_was(offset: float, duration: float, whole: float, bar: str) -> None:
    assert drawn(offset, duration, whole) == bar
