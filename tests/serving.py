"""A real server in this process, on a folder of its own, with a clock that tests turn."""

import atexit
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from httpx2 import Response
from starlette.testclient import TestClient

from logserver.app import Application
from logserver.core import projects, tokens
from logserver.core.monitors import Monitor
from logserver.core.monitors import every as every_monitor
from logserver.core.people import accounts, password_rule, sessions
from logserver.core.people.passwords import Argon2, Cost
from logserver.core.projects import Project
from logserver.settings import Settings
from logserver.store import events
from logserver.store.database import snapshot, transaction
from logserver.store.events import Event, from_row
from logserver.store.ids import project_range
from logserver.store.tx import Tx
from tests.fakes import FakeClock

T = TypeVar("T")

CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
"""What the passwords of tests cost."""


@cache
def empty_store() -> Path:
    """The folder of a store with nothing but its tables, to be copied: making one anew takes longer than most tests."""
    folder = Path(tempfile.mkdtemp()) / "data"
    atexit.register(shutil.rmtree, folder.parent)
    with transaction(folder):
        pass
    return folder


class Sender(NamedTuple):
    """A project and a token of it."""

    project: Project
    token: str


class Server:
    """What a test does with a running server: send to it, administer it, and look at what it stored."""

    def __init__(self, app: Application, client: TestClient, clock: FakeClock) -> None:
        self.app = app
        self.client = client
        self.clock = clock
        self.folder: Path = app.settings.data
        self._made = 0

    def sender(self, slug: str | None = None, **values: Any) -> Sender:
        """A new project with a token."""
        self._made += 1
        with transaction(self.folder) as tx:
            project = projects.create(tx, slug=slug or f"project-{self._made}", now_ms=self.clock.now_ms(), **values)
        return Sender(project, self.token(project))

    def token(self, project: Project, kind: str = "project") -> str:
        """Another token of a project, or a key of another kind."""
        with transaction(self.folder) as tx:
            issued = tokens.issue(tx, kind=kind, name="test", project=project, now_ms=self.clock.now_ms())
        return issued.secret

    def person(self, email: str = "ada@example.com", role: accounts.Role = "admin") -> str:
        """The session token of a new person of the organization."""
        with transaction(self.folder) as tx:
            return signed_in(tx, email, role, self.clock.now_ms())

    def give_password(self, email: str, password: str, encoded: str | None = None) -> None:
        """Let a person sign in with a password, encoded like this; sessions there are go on."""
        encoded = encoded or Argon2(CHEAP).hash(password_rule.normal(password))
        with transaction(self.folder) as tx:
            tx.execute("UPDATE users SET password = ? WHERE email = ?", (encoded, email))

    def administer(self, function: Callable[..., T], *arguments: Any, **values: Any) -> T:
        """Run a function of a transaction as the shell does, and let the server take notice."""
        with transaction(self.folder) as tx:
            result = function(tx, *arguments, **values)
        self.run(self.app.credentials.watch)
        return result

    def run(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Await something on the server's own event loop."""
        portal = self.client.portal
        assert portal is not None
        return portal.call(function, *arguments)

    def write(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function of the server's own transaction, as its jobs do."""

        async def written() -> T:
            return await self.app.database.write(function, *arguments)

        return self.run(written)

    def wait(self, seconds: float) -> None:
        """Let time pass, with the job that looks for silent agents coming by every few seconds of it."""
        while seconds > 0:
            self.clock.turn(min(seconds, 5))
            self.write(self.app.presence.miss_overdue, self.clock.now_ms())
            seconds -= 5

    def post(
        self, path: str, body: Any, token: str | None, headers: Mapping[str, str | bytes] | None = None
    ) -> Response:
        """POST a JSON value, or bytes as they are."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        sent: dict[str, Any] = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return self.client.post(path, content=raw, headers=sent)

    def events(self, project: Project) -> list[Event]:
        """Everything stored of a project, in the order of ids."""
        low, high = project_range(project.number)
        with snapshot(self.folder) as tx:
            rows = tx.execute(
                f"SELECT {events.COLUMNS} FROM events WHERE id BETWEEN ? AND ? ORDER BY id", (low, high)
            ).fetchall()
        return [from_row(row) for row in rows]

    def event(self, project: Project) -> Event:
        """The only event of a project."""
        (event,) = self.events(project)
        return event

    def monitors(self, project: Project) -> list[Monitor]:
        """A project's monitors."""
        with snapshot(self.folder) as tx:
            return every_monitor(tx, project.number)

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Whatever else is stored."""
        with snapshot(self.folder) as tx:
            return tx.execute(sql, parameters).fetchall()

    def count(self, table: str) -> int:
        """How many rows a table has."""
        (n,) = self.rows(f"SELECT count(*) FROM {table}")[0]
        return int(n)

    def refusals(self) -> list[Event]:
        """What the server noted of refused submissions, after its job has come by."""
        self.run(self.app.observer.flush, self.clock.now_ms())
        # What the job itself was about to write is committed before this.
        self.write(lambda _tx: None)
        with snapshot(self.folder) as tx:
            own = [project for project in projects.every(tx) if project.system]
        return [event for project in own for event in self.events(project)]


def signed_in(tx: Tx, email: str, role: accounts.Role, now_ms: int) -> str:
    """The session token of a new person, in an organization that is there or made."""
    accounts.ensure_organization(tx, "Wonderland", now_ms)
    return sessions.issue(tx, accounts.create(tx, email=email, name="Somebody", role=role, now_ms=now_ms), now_ms)


Serve = Callable[..., Server]


def settings(folder: Path, **values: Any) -> Settings:
    """The settings of a quiet server, on a disk that may be nearly full and whose power nobody cuts."""
    return Settings(**{"data": folder, "access_log": "off", "durability": "normal", "min_free_megabytes": 0, **values})
