from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from logserver.app import Application
from tests.fakes import FakeClock
from tests.serving import Sender, Serve, Server, settings


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def serve(tmp_path: Path, clock: FakeClock) -> Iterator[Serve]:
    """Starts a server with the settings a test wants; all of them stop with the test."""
    with ExitStack() as running:

        def start(**values: object) -> Server:
            app = Application(settings(tmp_path / "data", **values), clock)
            return Server(app, running.enter_context(TestClient(app)), clock)

        yield start


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve()


@pytest.fixture
def sender(server: Server) -> Sender:
    """A project of the server and its token."""
    return server.sender()
