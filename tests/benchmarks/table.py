"""Shows results: one table for people, one JSON file for programs."""

import platform
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.benchmarks.plan import Plan, Result

_HEADINGS = ("figure", "value", "unit", "yardstick", "ratio", "rounds", "target", "stretch", "")


def number(value: float | None) -> str:
    """A number with as many digits as say something."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"


def _cells(result: Result) -> tuple[str, ...]:
    beside = f"{number(result.beside)} ({result.yardstick})" if result.beside is not None else ""
    spread = f"{number(result.low)} to {number(result.high)}" if result.low is not None else ""
    sign = ">= " if result.at_least else "<= "
    return (
        result.figure,
        number(result.value),
        result.unit,
        beside,
        number(result.ratio),
        spread,
        sign + number(result.target) if result.target is not None else "",
        sign + number(result.stretch) if result.stretch is not None else "",
        result.verdict(),
    )


def text(results: Sequence[Result]) -> str:
    """The table, with the notes of each figure below its line."""
    lines = [_cells(result) for result in results]
    widths = [max(len(line[column]) for line in [_HEADINGS, *lines]) for column in range(len(_HEADINGS))]

    def laid_out(cells: Sequence[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()

    shown = [laid_out(_HEADINGS), laid_out(["-" * width for width in widths])]
    for result, line in zip(results, lines, strict=True):
        shown.append(laid_out(line))
        if result.note:
            shown.append(f"    {result.note}")
        if result.wrong:
            shown.append(f"    WRONG: {result.wrong}")
    return "\n".join(shown)


def write(path: Path, plan: Plan, results: Sequence[Result]) -> None:
    """Write the results as JSON, with what they were measured on and how."""
    payload = {
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "plan": {
            "rounds": plan.rounds,
            "seconds": plan.seconds,
            "turns": plan.turns,
            "warm_up": plan.warm_up,
            "rows": plan.rows,
            "held_seconds": plan.held_seconds,
        },
        "results": [msgspec.to_builtins(result) | {"verdict": result.verdict()} for result in results],
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(payload), indent=2) + b"\n")
