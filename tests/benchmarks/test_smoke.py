"""The benchmarks run, and what they say is complete; how fast anything is, no test asks."""

from pathlib import Path

import msgspec
import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.plan import Result


def test_a_quick_run_prints_the_table_and_writes_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "figures.json"

    assert main(["singles-1", "--quick", "--seconds", "0.2", "--folder", str(tmp_path), "--json", str(path)]) == 0

    written = msgspec.json.decode(path.read_bytes())
    (result,) = written["results"]
    assert set(result) == {*Result.__struct_fields__, "verdict"}
    assert result["value"] > 0
    assert result["beside"] > 0
    assert result["ratio"] == pytest.approx(result["value"] / result["beside"])
    assert result["verdict"] in {"stretch", "target", "missed"}
    assert result["wrong"] == ""
    assert written["plan"]["seconds"] == 0.2
    headings, _, line, *_ = capsys.readouterr().out.splitlines()
    assert headings.split() == ["figure", "value", "unit", "yardstick", "ratio", "rounds", "target", "stretch"]
    assert line.startswith("single events, 1 connection ")
    assert "Starlette route" in line


def test_an_unknown_figure_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])

    assert "there is no figure speed" in capsys.readouterr().err


def test_lines_are_counted_as_they_were_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["agent-lines", "--quick", "--rows", "1000", "--folder", str(tmp_path), "--json", str(tmp_path / "f.json")]

    assert main(given) == 0

    assert "lines through 10 metric rules" in capsys.readouterr().out
