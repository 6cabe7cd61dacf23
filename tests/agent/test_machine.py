from pathlib import Path

import pytest

from logserver.agent.machine import Machine, own_memory


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    folder.mkdir()
    (folder / "stat").write_text("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3\n")
    (folder / "loadavg").write_text("0.50 0.40 0.30 1/100 12345\n")
    (folder / "meminfo").write_text("MemTotal:  1000 kB\nMemFree:  1 kB\nMemAvailable:  250 kB\n")
    return folder


def test_figures_are_percents_since_the_look_before(proc: Path, tmp_path: Path) -> None:
    machine = Machine(tmp_path, proc)
    found = machine.look()
    assert (found["cpu"], found["load_1m"]) == (20, 0.5)
    assert (found["memory"], found["memory_total_bytes"]) == (75, 1_024_000)
    assert 0 < found["disk"] <= 100
    (proc / "stat").write_text("cpu  150 0 140 710 100 0 0 0 0 0\n")
    assert machine.look()["cpu"] == 90
    assert machine.look()["cpu"] == 0


@pytest.mark.parametrize("text", ["", "what is this\n", "cpu a b c\n"])
def test_what_is_not_there_is_left_out(text: str, proc: Path, tmp_path: Path) -> None:
    for path in proc.iterdir():
        path.write_text(text)
    assert set(Machine(tmp_path, proc).look()) == {"disk", "disk_total_bytes"}
    assert Machine(tmp_path / "gone", tmp_path / "no proc").look() == {}


def test_this_machine_can_be_looked_at(tmp_path: Path) -> None:
    assert set(Machine(tmp_path).look()) >= {"cpu", "memory", "disk"}
    assert own_memory() > 1_000_000
