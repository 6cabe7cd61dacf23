"""The server that is loaded: its projects, keys and agents, a person who reads, and records that are to expire."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from logserver.contracts.logister.events import Receipt, read_body
from logserver.core import projects, tokens
from logserver.core.clock import SystemClock
from logserver.core.people import accounts, browser_sessions
from logserver.core.projects import Project
from logserver.store.database import transaction
from tests.benchmarks.bodies import bodies
from tests.benchmarks.insertion import Portion, insert
from tests.whole.process import Server, serving
from tests.whole.raw import Wire, request

OPTIONS = (
    *("--access-log", "off", "--logs-rate-limit-per-minute", "10000000", "--logs-rate-limit-burst", "10000000"),
    *("--min-free-megabytes", "0"),
)
_OLD_MS = 36 * 3_600_000
_PORTION = 200


class Agent(msgspec.Struct):
    """An agent: its id, and the key it sends with."""

    id: str
    key: str


class Place(msgspec.Struct):
    """Where the load goes."""

    folder: Path
    server: Server
    app: str
    """Token of the project that Logister's clients send to."""
    audit: str
    lines: str
    old: str
    """Token of the project whose records are kept for a day."""
    agents: list[Agent]
    session: str
    """The cookie of an admin."""


@contextmanager
def loaded(folder: Path, *options: str, agents: int, old: int) -> Iterator[Place]:
    """A server on a new store with ``agents`` agents, and ``old`` records that it deletes as soon as it runs."""
    clock = SystemClock()
    now = clock.now_ms()
    made: dict[str, Project] = {}
    secrets: dict[str, str] = {}
    with transaction(folder) as tx:
        for slug in ("app", "audit", "lines", "old", "edge"):
            made[slug] = projects.create(tx, slug=slug, now_ms=now)
            secrets[slug] = tokens.issue(tx, kind="project", name=slug, project=made[slug], now_ms=now).secret
        keys = [
            tokens.issue(tx, kind="edge", name=f"edge-{n}", project=made["edge"], now_ms=now).secret
            for n in range(agents)
        ]
        accounts.ensure_organization(tx, "Endurance", now)
        user = accounts.create(tx, email="admin@example.com", name="Admin", role="admin", now_ms=now)
        session = browser_sessions.begin(tx, user, now, address="127.0.0.1", browser="endurance").secret
    asyncio.run(insert(folder, _old_records(made["old"], old, now - _OLD_MS), "normal"))
    with transaction(folder) as tx:
        projects.set_values(tx, "old", retention_days=1)
    with serving(folder, *OPTIONS, *options) as server:
        yield Place(
            folder,
            server,
            secrets["app"],
            secrets["audit"],
            secrets["lines"],
            secrets["old"],
            [Agent(_register(server, key, f"web-{n}"), key) for n, key in enumerate(keys)],
            session,
        )


def _old_records(owner: Project, count: int, start_ms: int) -> Iterator[Portion]:
    source = bodies(99, start_ms=start_ms, step_ms=1.0)
    receipt = Receipt(start_ms + count + 1_000, "production")
    for left in range(count, 0, -_PORTION):
        taken = list(itertools.islice(source, min(left, _PORTION)))
        yield owner, [read_body(body, receipt=receipt).event for body in taken], sum(map(len, taken))


def _register(server: Server, key: str, name: str) -> str:
    with Wire(server) as wire:
        answer = wire.ask(request("/api/v1/edge/register", key, {"name": name}))
    assert answer.status == 201, answer
    return str(answer.json()["id"])
