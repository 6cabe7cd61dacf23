"""What an operator does beside the server: makes tokens, takes them back, looks for events.

One place, so that the commands of the shell can stand in for it.
"""

from contextlib import closing
from pathlib import Path
from time import monotonic, time
from typing import Any

from logserver.core import projects, tokens
from logserver.core.faults import NotFound
from logserver.store import events
from logserver.store.connections import connect_readonly
from logserver.store.database import transaction
from logserver.store.events import Event
from logserver.store.ids import LOCAL_BITS
from tests.whole.process import PATIENCE


def create_token(folder: Path, project: str = "app") -> str:
    """The secret of a new token for a project, which is made if it is not there."""
    now = int(time() * 1000)
    with transaction(folder) as tx:
        try:
            owner = projects.by_slug(tx, project)
        except NotFound:
            owner = projects.create(tx, slug=project, now_ms=now)
        return tokens.issue(tx, kind="project", name="test", project=owner, now_ms=now).secret


def revoke_token(folder: Path, secret: str) -> None:
    with transaction(folder) as tx:
        tokens.revoke(tx, secret, int(time() * 1000))


def found(folder: Path, text: str | None = None, **context: Any) -> list[Event]:
    """The stored events, oldest first, whose message is ``text`` and whose context has these values.

    The server's own project, where it records what it refused, is left out.
    """
    with closing(connect_readonly(folder)) as connection:
        rows = connection.execute(
            f"SELECT {events.COLUMNS} FROM events"
            " WHERE id >> ? NOT IN (SELECT number FROM projects WHERE system) ORDER BY id",
            (LOCAL_BITS,),
        ).fetchall()
    return [
        event
        for event in map(events.from_row, rows)
        if (text is None or event.message == text)
        and all(event.context.get(name) == value for name, value in context.items())
    ]


def found_at_last(folder: Path, text: str, n: int = 1) -> list[Event]:
    """Like found, as soon as there are ``n`` of them."""
    deadline = monotonic() + PATIENCE
    while len(events_found := found(folder, text)) < n:
        assert monotonic() < deadline, f"only {len(events_found)} of {n} events {text!r} were stored"
    return events_found


def deployments(folder: Path) -> list[tuple[str, str, str]]:
    """Release, environment and commit of each recorded deployment."""
    with closing(connect_readonly(folder)) as connection:
        rows = connection.execute("SELECT release, environment, commit_sha FROM deployments ORDER BY id").fetchall()
    return [(release, environment, commit) for release, environment, commit in rows]


def names(folder: Path, kind: str) -> list[str]:
    """The names of a kind that are counted by themselves."""
    with closing(connect_readonly(folder)) as connection:
        return [value for (value,) in connection.execute("SELECT value FROM vocabulary WHERE kind = ?", (kind,))]
