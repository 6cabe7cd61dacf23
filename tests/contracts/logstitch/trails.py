"""Audit trails in a test: filled, looked at, tampered with, and verified."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.testclient import TestClient

from logserver.app import Application
from logserver.contracts.logstitch import heads, signing
from logserver.contracts.logstitch.events import event_of
from logserver.contracts.logstitch.links import Head
from logserver.contracts.logstitch.verification import Break, Verified, verify
from logserver.core import projects
from logserver.core.projects import Project
from logserver.core.retention import Retention
from logserver.core.times import iso_text
from logserver.store import keys
from logserver.store.database import snapshot, transaction
from logserver.store.ids import Spelling, ulid_bytes, ulid_text
from tests.contracts.logstitch.asked import EVENTS, event
from tests.fakes import FakeClock
from tests.serving import Sender, Server, settings

DAY = 86_400


@contextmanager
def running(folder: Path, clock: FakeClock, **values: Any) -> Iterator[Server]:
    """A server on a folder, for as long as the block."""
    app = Application(settings(folder, **values), clock)
    with TestClient(app) as client:
        yield Server(app, client, clock)


def send(server: Server, sender: Sender, *events: dict[str, Any]) -> list[str]:
    """The ids of events that are sent as one array."""
    answer = server.post(EVENTS, list(events), sender.token)
    assert answer.status_code == 201, answer.text
    ids: list[str] = answer.json()["ids"]
    return ids


def fill(server: Server, sender: Sender, count: int, *, first: int = 0, **fields: Any) -> list[str]:
    """The ids of so many events, each in a request of its own, a second apart."""
    ids = []
    for number in range(first, first + count):
        ids += send(server, sender, event(action=f"item.n{number}", metadata={"number": number}, **fields))
        server.clock.turn(1)
    return ids


def ago(server: Server, seconds: float) -> str:
    """A time before now, as it is sent."""
    return iso_text(server.clock.now_ms() * 1000 - round(seconds * 1_000_000))


def claim(server: Server, project: Project, count: int, *, first: int = 1, **fields: Any) -> list[str]:
    """The ids of events that a project takes over, with the ids they were given before."""
    now = server.clock.now_ms()
    claimed = []
    for number in range(first, first + count):
        made = event_of(event(action="item.claimed", metadata={"number": number}) | fields, [], None, now - 5_000)
        made.uuid = (7 << 76 | 2 << 62 | number).to_bytes(16, "big")
        claimed.append(made)
    uuids = [each.uuid for each in claimed]
    server.write(server.app.trail.claim, project, claimed)
    return [f"evt_{ulid_text(uuid)}" for uuid in uuids if uuid is not None]


def expire(server: Server) -> None:
    """Let retention delete all it can."""
    keeping = Retention(server.app.trail.retire)
    while server.write(keeping.expire, server.clock.now_ms()):
        pass


def keep(server: Server) -> dict[str, heads.Kept]:
    """Let the job note the heads, and what is noted then."""
    server.run(server.app.schedule.heads.keep, server.clock.now_ms())
    return heads.read(server.folder)


def check(folder: Path, project: Project, *kept: Head | None) -> Verified:
    """What verification finds, as another process would see it."""
    signer = signing.existing(folder)
    assert signer is not None
    with snapshot(folder) as tx:
        spelling = Spelling(keys.kept_secret(tx, "spelling") or b"")
        return verify(tx, projects.by_number(tx, project.number), spelling, signer.public, *kept)


def whole(folder: Path, project: Project, *kept: Head | None) -> Verified:
    """The verified chain; fails where it is broken."""
    found = check(folder, project, *kept)
    assert found.broken is None, found.broken
    return found


def broken(folder: Path, project: Project, *kept: Head | None) -> Break:
    """The first break of a chain; fails where it is whole."""
    found = check(folder, project, *kept)
    assert found.broken is not None
    return found.broken


def tamper(folder: Path, *statements: str, **values: Any) -> None:
    """What somebody does who can write to the database."""
    with transaction(folder) as tx:
        for sql in statements:
            tx.execute(sql, {name: value for name, value in values.items() if f":{name}" in sql})


def packed(server: Server, public_id: str) -> int:
    """The packed id of an event that came with no stream."""
    raw = ulid_bytes(public_id.removeprefix("evt_"))
    assert raw is not None
    found = server.app.database.spelling.read(str(UUID(bytes=raw)))
    assert found is not None
    return found
