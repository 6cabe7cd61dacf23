from collections.abc import Iterator
from pathlib import Path

import pytest

from logserver.core import projects
from logserver.core.projects import Project
from logserver.store.database import transaction
from logserver.store.tx import Tx
from tests.fakes import START_MS


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Tx]:
    """An open transaction on a new store."""
    with transaction(tmp_path) as opened:
        yield opened


@pytest.fixture
def project(tx: Tx) -> Project:
    return projects.create(tx, slug="shop", now_ms=START_MS)
