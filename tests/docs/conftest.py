from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.user import User
from tests.whole.process import serving


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    """A reader of the README beside a running server."""
    home = tmp_path / "home"
    home.mkdir()
    with serving(tmp_path / "data") as server:
        yield User(server, home)
        assert " ERROR " not in server.log()
