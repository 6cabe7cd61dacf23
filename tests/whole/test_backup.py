"""A copy made by the real command while the real server takes events, and one that is killed."""

import os
import random
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from logserver.cli import main
from logserver.store.connections import FILE
from logserver.store.filing import unfinished
from tests.whole.load import Load
from tests.whole.process import PATIENCE, environment, serving, source
from tests.whole.shell import create_token, found
from tests.whole.verify import verify

SEED = int(os.environ.get("LOGSERVER_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
STEPS = 800


def backing_up(folder: Path, target: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "logserver", "backup", str(target), "--data", str(folder), *options]
    return subprocess.Popen(command, cwd=source(), env=environment(), stderr=subprocess.PIPE, text=True)


def marks(folder: Path) -> set[str]:
    return {str(event.context["mark"]) for event in found(folder) if "mark" in event.context}


def test_a_copy_made_under_load_is_whole_and_holds_what_was_answered_before(tmp_path: Path) -> None:
    print(f"LOGSERVER_CRASH_SEED={SEED}")
    folder, target, saved = tmp_path / "data", tmp_path / "copy.db", tmp_path / "saved"
    load = Load(SEED, [create_token(folder)])
    with serving(folder) as server:
        load.run(server, connections=16, steps=STEPS, then=server.kill)
    before = marks(folder)
    with serving(folder) as server, backing_up(folder, target, "--verify") as copying:

        def copied() -> None:
            _, said = copying.communicate(timeout=PATIENCE)
            assert copying.returncode == 0, said
            server.kill()

        load.run(server, connections=16, steps=STEPS, then=copied)
        assert not load.strange
    told = CliRunner().invoke(main, ["restore", str(target), "--data", str(saved)])
    assert told.exit_code == 0, told.output
    assert before <= marks(saved) <= marks(folder)
    verify(folder, load.parcels)
    with serving(saved):
        pass


def test_a_copy_that_is_killed_leaves_no_file_of_that_name_and_is_made_again(tmp_path: Path) -> None:
    folder, target = tmp_path / "data", tmp_path / "copy.db"
    load = Load(SEED, [create_token(folder)])
    with serving(folder) as server:
        load.run(server, connections=16, steps=STEPS, then=server.kill)
    with serving(folder) as server, backing_up(folder, target) as copying:
        while not unfinished(target).exists() and copying.poll() is None:
            pass
        copying.kill()
        copying.wait(timeout=PATIENCE)
        assert not target.exists() or copying.returncode == 0
        target.unlink(missing_ok=True)
        with backing_up(folder, target) as again:
            assert again.wait(timeout=PATIENCE) == 0
        assert "ERROR" not in server.log()
    assert not unfinished(target).exists()
    assert CliRunner().invoke(main, ["restore", str(target), "--verify-only"]).exit_code == 0
    assert (folder / FILE).exists()
