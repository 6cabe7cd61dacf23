import gc
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from logserver.app import Application
from logserver.core.people.passwords import Argon2, Passwords
from tests.fakes import FakeClock
from tests.serving import CHEAP, Sender, Serve, Server, empty_store, settings


def pytest_collection_finish() -> None:
    """Thousands of tests live as long as the process; no collection has to look at them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def serve(tmp_path: Path, clock: FakeClock) -> Iterator[Serve]:
    """Starts a server with the settings a test wants; all of them stop with the test."""
    with ExitStack() as running:

        def start(
            *, peer: str = "testclient", host: str = "testserver", passwords: Passwords | None = None, **values: object
        ) -> Server:
            """``peer`` is where its client's requests come from, ``host`` what they call the server."""
            passwords = passwords or Passwords(Argon2(CHEAP))
            folder = tmp_path / "data"
            if not folder.exists():
                shutil.copytree(empty_store(), folder)
            app = Application(settings(folder, **values), clock, passwords)
            client = TestClient(app, f"http://{host}", client=(peer, 50_000))
            return Server(app, running.enter_context(client), clock)

        yield start


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve()


@pytest.fixture
def sender(server: Server) -> Sender:
    """A project of the server and its token."""
    return server.sender()
