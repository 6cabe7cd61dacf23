from collections.abc import Iterator
from pathlib import Path

import pytest

from logserver.agent.folder import Folder
from tests.agent.edge import Edge
from tests.fakes import FakeClock


@pytest.fixture
def folder(tmp_path: Path, clock: FakeClock) -> Iterator[Folder]:
    """A claimed folder for an agent's state."""
    folder = Folder(tmp_path / "state", clock)
    folder.claim()
    yield folder
    folder.close()


@pytest.fixture
def edge() -> Iterator[Edge]:
    with Edge() as edge:
        yield edge
