import sqlite3
from collections.abc import Iterator

import pytest

from tests.store.stored import opened


@pytest.fixture
def tx() -> Iterator[sqlite3.Connection]:
    """An empty store in memory."""
    connection = opened()
    yield connection
    connection.close()
